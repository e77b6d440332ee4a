/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Compares an image with what it was when a result came about: place and size at once, pixels in
 * strips from an idle source, by their sum, since the pixels themselves are gone. */
#include "plug-state.h"

#include "plug-advice.h"

#include <glib/gi18n.h>
#include <string.h>

/* As much as is read without keeping the window from drawing, in multiples of GIMP's tiles */
#define STRIP_BYTES (2 * 1024 * 1024)
#define STRIP_ROWS 64

/* A comparison that is under way */
typedef struct
{
  PlugState   state;
  PlugRaster *raster; /* (owned) (nullable): not opened yet */
  gsize       stride; /* bytes of the raster's rows */
  gsize       start;  /* of the state's first pixel in a row */
  int         top;    /* the state's first row in the raster */
  int         row;    /* the next one, of the state */
  int         n_rows; /* of a strip */
  guint8     *rgba;   /* (owned) (nullable): [n_rows, width, 4] */
  guint8     *strip;  /* (owned) (nullable): [n_rows, width, 3] */
  guint64     sum;
} Check;

static void
check_free (gpointer data)
{
  Check *self = data;

  g_clear_pointer (&self->raster, plug_raster_close);
  g_free (self->rgba);
  g_free (self->strip);
  g_free (self);
}

gboolean
plug_state_lay_over_ground (guint8        ground,
                            const guint8 *rgba,
                            guint8       *rgb,
                            gsize         n)
{
  guint8 most = 0;

  for (; n > 0; n--, rgb += 3, rgba += 4)
    {
      guint alpha = rgba[3];

      most |= rgba[3];
      for (guint c = 0; c < 3; c++)
        rgb[c] = (guint8) ((rgba[c] * alpha + ground * (255 - alpha) + 127) / 255);
    }
  return most > 0;
}

/* Every step can be undone, so that sums which differ once stay different while the rest is the
 * same; the factor is 2^64 divided by the golden ratio. */
static guint64
add_word (guint64 sum,
          guint64 word)
{
  sum = (sum ^ word) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);
  return sum ^ sum >> 29;
}

guint64
plug_state_add_rows (guint64       sum,
                     const guint8 *rows,
                     int           n_rows,
                     gsize         stride,
                     gsize         n_bytes)
{
  for (int row = 0; row < n_rows; row++)
    {
      const guint8 *bytes = rows + (gsize) row * stride;
      guint64 word;
      gsize i = 0;

      for (; i + sizeof word <= n_bytes; i += sizeof word)
        {
          memcpy (&word, bytes + i, sizeof word);
          sum = add_word (sum, word);
        }
      word = 0;
      memcpy (&word, bytes + i, n_bytes - i);
      sum = add_word (sum, word);
    }
  return sum;
}

static gboolean
fail (GError **error)
{
  g_set_error_literal (error, PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_OTHER_STATE,
                       _("The picture has changed since this was found, so nothing was done."));
  return FALSE;
}

/* A selection may be another by now, and is looked at as a part of what is visible. */
static gboolean
open_raster (Check   *self,
             GError **error)
{
  const PlugState *state = &self->state;
  gboolean is_part = state->kind == PLUG_SOURCE_SELECTION;
  int x, y, width, height;

  self->raster = plug_host_open_raster (state->image,
                                        is_part ? PLUG_SOURCE_VISIBLE : state->kind,
                                        state->drawable, error);
  if (self->raster == NULL)
    return FALSE;
  width = plug_raster_get_width (self->raster);
  height = plug_raster_get_height (self->raster);
  plug_raster_get_offset (self->raster, &x, &y);
  if (is_part ? state->x < x || state->y < y || state->x + state->width > x + width ||
                    state->y + state->height > y + height
              : state->x != x || state->y != y || state->width != width || state->height != height)
    return fail (error);
  self->stride = (gsize) width * 3;
  self->start = (gsize) (state->x - x) * 3;
  self->top = state->y - y;
  self->n_rows = (int) MAX (STRIP_BYTES / self->stride / STRIP_ROWS, 1) * STRIP_ROWS;
  self->n_rows = MIN (self->n_rows, state->height);
  self->strip = g_try_malloc_n ((gsize) self->n_rows, self->stride);
  self->rgba = g_try_malloc_n ((gsize) self->n_rows, (gsize) width * 4);
  if (self->strip != NULL && self->rgba != NULL)
    return TRUE;
  g_set_error_literal (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                       _("There is not enough memory to compare the picture."));
  return FALSE;
}

static gboolean
read_strip (Check   *self,
            GError **error)
{
  int n_rows = MIN (self->n_rows, self->state.height - self->row);

  if (!plug_raster_read (self->raster, self->top + self->row, n_rows, self->rgba, error))
    return FALSE;
  plug_state_lay_over_ground (self->state.ground, self->rgba, self->strip,
                              self->stride / 3 * (gsize) n_rows);
  self->sum = plug_state_add_rows (self->sum, self->strip + self->start, n_rows, self->stride,
                                   (gsize) self->state.width * 3);
  self->row += n_rows;
  return self->row < self->state.height || self->sum == self->state.sum || fail (error);
}

static gboolean
advance (gpointer data)
{
  GTask *task = data;
  Check *self = g_task_get_task_data (task);
  GError *error = NULL;
  gboolean done;

  if (g_task_return_error_if_cancelled (task))
    return G_SOURCE_REMOVE;
  done = self->raster == NULL ? open_raster (self, &error) : read_strip (self, &error);
  if (done && self->row < self->state.height)
    return G_SOURCE_CONTINUE;
  if (done)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  return G_SOURCE_REMOVE;
}

void
plug_state_check_async (const PlugState     *self,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  Check *check = g_new0 (Check, 1);

  check->state = *self;
  g_task_set_source_tag (task, plug_state_check_async);
  g_task_set_task_data (task, check, check_free);
  g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, advance, task, g_object_unref);
}

gboolean
plug_state_check_finish (GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
