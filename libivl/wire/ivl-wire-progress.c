/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How far an answer is, as the server tells it and the client reads it.
 */
#include "wire/ivl-wire-progress.h"

#include "wire/ivl-wire-json.h"

#define MAX_COUNT ((gint64) 1 << 40)

static const struct
{
  IvlPhase    phase;
  const char *name;
} phases[] = {
  { IVL_PHASE_QUEUE, "queue" },
  { IVL_PHASE_TILES, "tiles" },
  { IVL_PHASE_PREFILL, "prompt" },
  { IVL_PHASE_DECODE, "answer" },
};

char *
ivl_wire_progress_to_json (const IvlWireProgress *self)
{
  const char *name = "";

  for (guint i = 0; i < G_N_ELEMENTS (phases); i++)
    if (phases[i].phase == self->phase)
      name = phases[i].name;
  return g_strdup_printf ("{\"phase\":\"%s\",\"done\":%" G_GUINT64_FORMAT
                          ",\"total\":%" G_GUINT64_FORMAT "}",
                          name, self->done, self->total);
}

gboolean
ivl_wire_progress_read (IvlWireProgress *self,
                        const json_t    *root)
{
  const char *name = ivl_wire_json_get_string (root, "phase");
  gint64 done = ivl_wire_json_get_int (root, "done", 0, MAX_COUNT, -1);
  gint64 total = ivl_wire_json_get_int (root, "total", 0, MAX_COUNT, -1);

  for (guint i = 0; name != NULL && done >= 0 && total >= 0 && i < G_N_ELEMENTS (phases); i++)
    if (g_str_equal (phases[i].name, name))
      {
        *self = (IvlWireProgress) { phases[i].phase, (guint64) done, (guint64) total };
        return TRUE;
      }
  return FALSE;
}
