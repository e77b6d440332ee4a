/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libivl/ivl-error.h>
#include <string.h>

#include "fuzz-target.h"
#include "wire/ivl-sse.h"
#include "wire/ivl-wire-answer.h"

typedef struct
{
  GString *text;
  GString *events;
  gboolean ok;
  int      code;
} Verdict;

static gboolean
note_event (const char  *event,
            const char  *data,
            gsize        len,
            gpointer     user_data,
            GError     **error)
{
  GString *events = user_data;

  g_assert_cmpuint (data[len], ==, '\0');
  g_string_append_printf (events, "%s/%" G_GSIZE_FORMAT "/", event != NULL ? event : "", len);
  g_string_append_len (events, data, len);
  return TRUE;
}

/* What the body says in pieces of up to step bytes. */
static void
judge (const char *body,
       gsize       n,
       gsize       step,
       Verdict    *verdict)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlWireAnswer) answer = ivl_wire_answer_new (NULL);
  g_autoptr (IvlSseDecoder) decoder = ivl_sse_decoder_new ();
  IvlWireUsage usage;

  verdict->text = g_string_new (NULL);
  verdict->events = g_string_new (NULL);
  verdict->ok = TRUE;
  for (gsize i = 0; i < n; i += step)
    {
      gsize length = MIN (step, n - i);

      ivl_sse_decoder_push (decoder, body + i, length, note_event, verdict->events, NULL);
      if (verdict->ok)
        verdict->ok =
            ivl_wire_answer_push (answer, body + i, length, verdict->text, &error);
    }
  if (verdict->ok)
    verdict->ok = ivl_wire_answer_end (answer, verdict->text, &error);
  verdict->code = error != NULL ? error->code : 0;
  g_assert_true (verdict->ok == (error == NULL));
  g_assert_true (error == NULL || error->domain == IVL_ERROR);
  g_assert_true (g_utf8_validate_len (verdict->text->str, verdict->text->len, NULL));
  if (verdict->ok)
    {
      g_assert_true (ivl_wire_answer_is_finished (answer));
      g_assert_cmpint (ivl_wire_answer_get_finish_reason (answer), !=, IVL_FINISH_NONE);
    }
  ivl_wire_answer_get_usage (answer, &usage);
  g_ptr_array_unref (ivl_wire_answer_take_tokens (answer));
}

static void
verdict_clear (Verdict *verdict)
{
  g_string_free (verdict->text, TRUE);
  g_string_free (verdict->events, TRUE);
}

/* The first byte is the size of the pieces; the rest must say the same however it is cut. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const char *body = (const char *) data + 1;
  Verdict whole;
  Verdict cut;

  if (size < 1)
    return 0;
  judge (body, size - 1, MAX (size, 2), &whole);
  judge (body, size - 1, data[0] % 16 + 1, &cut);
  g_assert_true (whole.ok == cut.ok);
  g_assert_true (g_string_equal (whole.events, cut.events));
  if (whole.ok)
    g_assert_true (g_string_equal (whole.text, cut.text));
  else
    g_assert_cmpint (whole.code, ==, cut.code);
  verdict_clear (&whole);
  verdict_clear (&cut);
  return 0;
}
