/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The picture that a window asks about: its rows are read in strips from an idle source, compared
 * with those that are there, and become a new IvlImage only from the first difference on. */
#include "plug-source.h"

#include "plug-advice.h"

#include <glib/gi18n.h>
#include <string.h>

/* Bytes of a strip: some 20 ms of GIMP's time, so that the window draws in between. Rows come in
 * multiples of the height of GIMP's tiles, none of which is then asked for twice. */
#define STRIP_BYTES (2 * 1024 * 1024)
#define STRIP_ROWS 64
/* Pixels a side that one pixel of the thumbnail is the mean of, at most */
#define MAX_SAMPLES 8
#define WHITE 255
/* Key of a picture's PlugState, which goes with it: others hold the picture when the source has
 * another one */
#define STATE "plug-state"

/* The memory of a picture: whoever holds the picture last gives it back, from any thread, so
 * that the next one, which is as large, can be read into it. */
typedef struct
{
  gatomicrefcount ref_count; /* the source's and the picture's */
  int             is_returned; /* atomic: no picture has it */
  guint8         *pixels;
} Buffer;

/* A read that is under way */
typedef struct
{
  gint64      since;  /* g_get_monotonic_time() */
  PlugRaster *raster; /* (owned) (nullable): not opened yet */
  int         width;
  int         height;
  int         row;    /* the next one */
  int         n_rows; /* of a strip */
  guint8     *rgba;   /* (owned) (nullable): [n_rows, width, 4] as the host hands them out */
  guint8      ground; /* under transparent places: a gray, of which white is 255 */
  gboolean    is_chosen;  /* that gray, for the pixels that are read */
  IvlImageGround *chooser; /* (owned) (nullable): of the rows so far, while it is not */
  gboolean    is_seen; /* a row had a pixel that is not wholly transparent */
  guint8     *strip;  /* (owned) (nullable): while all is as before */
  Buffer     *buffer; /* (owned) (nullable): [height, width, 3], once something is different */
} Reading;

struct _PlugSource
{
  GObject        parent_instance;
  int            image;
  PlugSourceKind kind;
  int            drawable;  /* -1: the active one */
  guint8         ground;    /* that picture was laid over */
  IvlImage      *picture;   /* (owned) (nullable) */
  Buffer        *buffer;    /* (owned) (nullable): that picture lies in */
  int            width;     /* of what was read last */
  int            height;
  char          *name;      /* (owned) (nullable): the layer's */
  int            x;
  int            y;
  guint64        sum;       /* of picture's pixels, as PlugState has it */
  PlugSourceKind read_kind; /* what picture was read as */
  GdkPixbuf     *thumbnail; /* (owned) (nullable): of picture */
  int            max_width; /* that the thumbnail was made for */
  int            max_height;
  Reading       *reading;   /* (owned) (nullable) */
  GQueue         waiting;   /* GTask, each owned, that the read is for */
  guint          idle;
};

enum
{
  PROP_KIND = 1,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];
static guint       changed_signal;
static guint       outdated_signal;

G_DEFINE_FINAL_TYPE (PlugSource, plug_source, G_TYPE_OBJECT)

static void
buffer_unref (Buffer *buffer)
{
  if (!g_atomic_ref_count_dec (&buffer->ref_count))
    return;
  g_free (buffer->pixels);
  g_free (buffer);
}

/* The bytes of a picture are used no more. */
static void
return_buffer (gpointer data)
{
  Buffer *buffer = data;

  g_atomic_int_set (&buffer->is_returned, TRUE);
  buffer_unref (buffer);
}

/* The ground of the picture before is tried first: it is right while little changes. */
static Reading *
reading_new (guint8 ground)
{
  Reading *reading = g_new0 (Reading, 1);

  reading->since = g_get_monotonic_time ();
  reading->ground = ground;
  return reading;
}

static void
reading_free (Reading *reading)
{
  g_clear_pointer (&reading->raster, plug_raster_close);
  g_clear_pointer (&reading->chooser, ivl_image_ground_unref);
  g_free (reading->rgba);
  g_free (reading->strip);
  g_clear_pointer (&reading->buffer, buffer_unref);
  g_free (reading);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reading, reading_free)

static void
plug_source_dispose (GObject *object)
{
  PlugSource *self = PLUG_SOURCE (object);

  /* A task that waits holds a reference, so none does */
  g_clear_handle_id (&self->idle, g_source_remove);
  g_clear_pointer (&self->reading, reading_free);
  g_clear_object (&self->picture);
  g_clear_pointer (&self->buffer, buffer_unref);
  g_clear_object (&self->thumbnail);
  g_clear_pointer (&self->name, g_free);
  G_OBJECT_CLASS (plug_source_parent_class)->dispose (object);
}

static void
plug_source_get_property (GObject    *object,
                          guint       id,
                          GValue     *value,
                          GParamSpec *pspec)
{
  g_value_set_int (value, (int) plug_source_get_kind (PLUG_SOURCE (object)));
}

static void
plug_source_set_property (GObject      *object,
                          guint         id,
                          const GValue *value,
                          GParamSpec   *pspec)
{
  plug_source_set_kind (PLUG_SOURCE (object), (PlugSourceKind) g_value_get_int (value));
}

static void
plug_source_class_init (PlugSourceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = plug_source_dispose;
  object_class->get_property = plug_source_get_property;
  object_class->set_property = plug_source_set_property;
  properties[PROP_KIND] =
      g_param_spec_int ("kind", NULL, NULL, PLUG_SOURCE_LAYER, PLUG_SOURCE_SELECTION,
                        PLUG_SOURCE_LAYER,
                        G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  changed_signal = g_signal_new ("changed", PLUG_TYPE_SOURCE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 0);
  outdated_signal = g_signal_new ("outdated", PLUG_TYPE_SOURCE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 0);
}

static void
plug_source_init (PlugSource *self)
{
  g_queue_init (&self->waiting);
  self->drawable = -1;
  self->ground = WHITE;
}

PlugSource *
plug_source_new (int image)
{
  PlugSource *self = g_object_new (PLUG_TYPE_SOURCE, NULL);

  self->image = image;
  return self;
}

int
plug_source_get_image_id (PlugSource *self)
{
  g_return_val_if_fail (PLUG_IS_SOURCE (self), -1);

  return self->image;
}

PlugSourceKind
plug_source_get_kind (PlugSource *self)
{
  g_return_val_if_fail (PLUG_IS_SOURCE (self), PLUG_SOURCE_LAYER);

  return self->kind;
}

void
plug_source_set_kind (PlugSource     *self,
                      PlugSourceKind  kind)
{
  g_return_if_fail (PLUG_IS_SOURCE (self));

  if (kind == self->kind)
    return;
  self->kind = kind;
  /* Who waits gets what is to be read now */
  if (self->reading != NULL)
    {
      reading_free (self->reading);
      self->reading = reading_new (self->ground);
    }
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_KIND]);
  g_signal_emit (self, changed_signal, 0);
}

void
plug_source_set_drawable (PlugSource *self,
                          int         drawable)
{
  g_return_if_fail (PLUG_IS_SOURCE (self));

  self->drawable = drawable;
}

/* What the host's failure means for people: the sentence is the host's own unless the cause is one
 * that has advice. */
static void
explain_failure (PlugSource  *self,
                 GError      *failure,
                 GError     **error)
{
  if (!plug_host_image_is_open (self->image))
    g_set_error_literal (error, PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_IMAGE_CLOSED,
                         _ ("The image has been closed."));
  else if (self->kind == PLUG_SOURCE_SELECTION && !plug_host_has_selection (self->image))
    g_set_error_literal (error, PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_NO_SELECTION,
                         _ ("Nothing is selected in the image."));
  else
    {
      g_propagate_error (error, failure);
      return;
    }
  g_error_free (failure);
}

/* Memory for n_rows of the picture; the error names the bytes. */
static guint8 *
allocate_rows (const Reading  *reading,
               int             n_rows,
               guint           n_channels,
               GError        **error)
{
  gsize n_bytes = 0;
  guint8 *rows = NULL;
  g_autofree char *size = NULL;

  if (g_size_checked_mul (&n_bytes, (gsize) reading->width * n_channels,
                           (gsize) n_rows))
    rows = g_try_malloc (n_bytes);
  if (rows != NULL)
    return rows;
  size = g_format_size_full (n_bytes, G_FORMAT_SIZE_LONG_FORMAT);
  g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
               _ ("A picture of %d × %d pixels takes %s of memory, which is not there."),
               reading->width, reading->height, size);
  return NULL;
}

static Buffer *
allocate_buffer (const Reading  *reading,
                 GError        **error)
{
  guint8 *pixels = allocate_rows (reading, reading->height, 3, error);
  Buffer *buffer;

  if (pixels == NULL)
    return NULL;
  buffer = g_new0 (Buffer, 1);
  g_atomic_ref_count_init (&buffer->ref_count);
  buffer->pixels = pixels;
  return buffer;
}

static gboolean
open_raster (PlugSource  *self,
             Reading     *reading,
             GError     **error)
{
  GError *failure = NULL;
  int n_rows;

  reading->raster = plug_host_open_raster (self->image, self->kind, self->drawable, &failure);
  if (reading->raster == NULL)
    {
      explain_failure (self, failure, error);
      return FALSE;
    }
  reading->width = plug_raster_get_width (reading->raster);
  reading->height = plug_raster_get_height (reading->raster);
  if (reading->width < 1 || reading->height < 1 || (reading->width == 1 && reading->height == 1))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   _ ("The picture is %d × %d pixels large: there is nothing to see in it."),
                   reading->width, reading->height);
      return FALSE;
    }
  reading->n_rows = STRIP_BYTES / (MIN (reading->width, STRIP_BYTES / 3) * 3);
  reading->n_rows = MAX (reading->n_rows / STRIP_ROWS, 1) * STRIP_ROWS;
  n_rows = MIN (reading->n_rows, reading->height);
  if (self->picture != NULL && self->width == reading->width && self->height == reading->height)
    reading->strip = allocate_rows (reading, n_rows, 3, error);
  else
    reading->buffer = allocate_buffer (reading, error);
  if (reading->strip == NULL && reading->buffer == NULL)
    return FALSE;
  reading->rgba = allocate_rows (reading, n_rows, 4, error);
  return reading->rgba != NULL;
}

/* A strip differs. If nobody uses the old picture any more, the new one is read into its memory,
 * where all rows above are right already; so that there are seldom two. Else it is read from the
 * top. */
static gboolean
begin_anew (PlugSource  *self,
            Reading     *reading,
            gsize        start,
            gsize        length,
            GError     **error)
{
  g_signal_emit (self, outdated_signal, 0);
  g_clear_object (&self->picture);
  if (g_atomic_int_get (&self->buffer->is_returned))
    {
      self->buffer->is_returned = FALSE;
      reading->buffer = g_steal_pointer (&self->buffer);
      memcpy (reading->buffer->pixels + start, reading->strip, length);
    }
  else
    {
      g_clear_pointer (&self->buffer, buffer_unref);
      reading->buffer = allocate_buffer (reading, error);
      reading->row = 0;
    }
  g_clear_pointer (&reading->strip, g_free);
  return reading->buffer != NULL;
}

static void
choose_ground (Reading *reading,
               int      n_rows)
{
  if (reading->row == 0)
    {
      g_clear_pointer (&reading->chooser, ivl_image_ground_unref);
      reading->chooser = ivl_image_ground_new ((guint) reading->width);
    }
  ivl_image_ground_add_rows (reading->chooser, (guint) n_rows, reading->rgba);
}

/* All rows were read. FALSE: what is drawn wants another ground, so that they are read again. */
static gboolean
is_ground_right (Reading *reading)
{
  guint8 level;

  if (reading->is_chosen)
    return TRUE;
  level = ivl_image_ground_get_level (reading->chooser);
  reading->is_chosen = TRUE;
  if (level == reading->ground)
    return TRUE;
  reading->ground = level;
  reading->row = 0;
  return FALSE;
}

static gboolean
read_strip (PlugSource  *self,
            Reading     *reading,
            GError     **error)
{
  int n_rows = MIN (reading->n_rows, reading->height - reading->row);
  gsize start = (gsize) reading->width * 3 * (gsize) reading->row;
  gsize length = (gsize) reading->width * 3 * (gsize) n_rows;
  guint8 *rows = reading->buffer != NULL ? reading->buffer->pixels + start : reading->strip;
  GError *failure = NULL;

  if (!plug_raster_read (reading->raster, reading->row, n_rows, reading->rgba, &failure))
    {
      explain_failure (self, failure, error);
      return FALSE;
    }
  if (!reading->is_chosen)
    choose_ground (reading, n_rows);
  reading->is_seen |= plug_state_lay_over_ground (
    reading->ground, reading->rgba, rows, (gsize) reading->width * (gsize) n_rows);
  reading->row += n_rows;
  return reading->buffer != NULL || memcmp (self->buffer->pixels + start, rows, length) == 0 ||
         begin_anew (self, reading, start, length, error);
}

static gboolean
check_seen (const Reading  *reading,
            GError        **error)
{
  const char *name = plug_raster_get_name (reading->raster);

  if (reading->is_seen)
    return TRUE;
  if (name != NULL)
    g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                 _ ("Nothing is visible in “%s”: it is transparent everywhere. Choose another "
                    "layer, or the visible image."),
                 name);
  else
    g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                 _ ("Nothing is visible here: it is transparent everywhere. Show a layer in GIMP's "
                    "layers dialog."));
  return FALSE;
}

static void
attach_state (PlugSource *self)
{
  const PlugState state = { .image = self->image, .kind = self->kind,
                            .drawable = self->drawable, .ground = self->ground,
                            .x = self->x, .y = self->y,
                            .width = self->width, .height = self->height, .sum = self->sum };

  g_object_set_data_full (G_OBJECT (self->picture), STATE, g_memdup2 (&state, sizeof state),
                          g_free);
}

/* Takes over what was read; *is_other: it is not what was there. */
static gboolean
take_picture (PlugSource  *self,
              Reading     *reading,
              gboolean    *is_other,
              GError     **error)
{
  const char *name = plug_raster_get_name (reading->raster);
  int x, y;

  *is_other = reading->buffer != NULL;
  if (reading->buffer != NULL)
    {
      gsize stride = (gsize) reading->width * 3;
      g_autoptr (GBytes) pixels = NULL;

      g_clear_object (&self->picture);
      g_clear_object (&self->thumbnail);
      g_clear_pointer (&self->buffer, buffer_unref);
      self->buffer = g_steal_pointer (&reading->buffer);
      g_atomic_ref_count_inc (&self->buffer->ref_count);
      pixels = g_bytes_new_with_free_func (self->buffer->pixels,
                                           stride * (gsize) reading->height, return_buffer,
                                           self->buffer);
      self->picture = ivl_image_new_from_pixels ((guint) reading->width, (guint) reading->height,
                                                 stride, pixels, error);
      if (self->picture == NULL)
        return FALSE;
      self->width = reading->width;
      self->height = reading->height;
      self->sum = plug_state_add_rows (0, self->buffer->pixels, self->height, stride, stride);
    }
  plug_raster_get_offset (reading->raster, &x, &y);
  *is_other |= x != self->x || y != self->y || self->read_kind != self->kind ||
               g_strcmp0 (name, self->name) != 0;
  self->x = x;
  self->y = y;
  self->read_kind = self->kind;
  self->ground = reading->ground;
  attach_state (self);
  g_free (self->name);
  self->name = g_strdup (name);
  g_debug ("Read %d x %d pixels%s: %.3f s", self->width, self->height,
           reading->strip != NULL ? " again, the same ones" : "",
           (double) (g_get_monotonic_time () - reading->since) / G_USEC_PER_SEC);
  return TRUE;
}

static void
forget_picture (PlugSource *self)
{
  g_clear_object (&self->picture);
  g_clear_pointer (&self->buffer, buffer_unref);
  g_clear_object (&self->thumbnail);
  g_clear_pointer (&self->name, g_free);
  self->width = 0;
  self->height = 0;
}

/* Ends the read: everybody who waits is told. failure (transfer full) (nullable) */
static void
end_reading (PlugSource *self,
             gboolean    is_other,
             GError     *failure)
{
  GQueue waiting = self->waiting;
  GTask *task;

  g_queue_init (&self->waiting);
  g_clear_pointer (&self->reading, reading_free);
  g_clear_handle_id (&self->idle, g_source_remove);
  if (failure != NULL)
    forget_picture (self);
  if (is_other || failure != NULL)
    g_signal_emit (self, changed_signal, 0);
  while ((task = g_queue_pop_head (&waiting)) != NULL)
    {
      if (failure != NULL)
        g_task_return_error (task, g_error_copy (failure));
      else
        g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
  g_clear_error (&failure);
}

/* Whoever has given up need not wait for the end. FALSE: nobody waits any more. */
static gboolean
drop_cancelled (PlugSource *self)
{
  for (GList *link = self->waiting.head; link != NULL;)
    {
      GList *next = link->next;
      GTask *task = link->data;

      if (g_task_return_error_if_cancelled (task))
        {
          g_queue_delete_link (&self->waiting, link);
          g_object_unref (task);
        }
      link = next;
    }
  return !g_queue_is_empty (&self->waiting);
}

/* One strip. TRUE while there is more to do; the read has been ended otherwise. */
static gboolean
advance (PlugSource  *self,
         GError     **error)
{
  Reading *reading = self->reading;
  GError *failure = NULL;
  gboolean is_other = FALSE;
  gboolean ok;

  ok = reading->raster == NULL ? open_raster (self, reading, &failure)
                               : read_strip (self, reading, &failure);
  if (ok && (reading->row < reading->height || !is_ground_right (reading)))
    return TRUE;
  if (ok)
    ok = check_seen (reading, &failure) && take_picture (self, reading, &is_other, &failure);
  if (!ok && error != NULL)
    *error = g_error_copy (failure);
  end_reading (self, is_other, failure);
  return FALSE;
}

static gboolean
advance_in_idle (gpointer data)
{
  /* The last task may hold the last reference */
  g_autoptr (PlugSource) self = g_object_ref (data);

  /* What nobody waits for is read all the same once the old picture is gone */
  if (!drop_cancelled (self) && self->picture != NULL)
    {
      self->idle = 0;
      g_clear_pointer (&self->reading, reading_free);
      return G_SOURCE_REMOVE;
    }
  return advance (self, NULL) ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void
plug_source_read_async (PlugSource          *self,
                        GCancellable        *cancellable,
                        GAsyncReadyCallback  callback,
                        gpointer             user_data)
{
  GTask *task;

  g_return_if_fail (PLUG_IS_SOURCE (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, plug_source_read_async);
  g_queue_push_tail (&self->waiting, task);
  if (self->reading == NULL)
    self->reading = reading_new (self->ground);
  if (self->idle == 0)
    self->idle = g_idle_add (advance_in_idle, self);
}

gboolean
plug_source_read_finish (PlugSource    *self,
                         GAsyncResult  *result,
                         GError       **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
plug_source_read (PlugSource  *self,
                  GError     **error)
{
  g_autoptr (GError) failure = NULL;

  g_return_val_if_fail (PLUG_IS_SOURCE (self), FALSE);

  if (self->reading == NULL)
    self->reading = reading_new (self->ground);
  while (advance (self, &failure))
    continue;
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

IvlImage *
plug_source_get_picture (PlugSource *self)
{
  g_return_val_if_fail (PLUG_IS_SOURCE (self), NULL);

  return self->picture;
}

void
plug_source_get_offset (PlugSource *self,
                        int        *x,
                        int        *y)
{
  g_return_if_fail (PLUG_IS_SOURCE (self));

  *x = self->x;
  *y = self->y;
}

char *
plug_source_describe (PlugSource *self)
{
  g_return_val_if_fail (PLUG_IS_SOURCE (self), NULL);

  if (self->width == 0)
    return NULL;
  if (self->read_kind == PLUG_SOURCE_SELECTION)
    return g_strdup_printf (_ ("Selection, %d × %d"), self->width, self->height);
  if (self->read_kind == PLUG_SOURCE_VISIBLE || self->name == NULL)
    return g_strdup_printf (_ ("Visible image, %d × %d"), self->width, self->height);
  return g_strdup_printf (_ ("Layer “%s”, %d × %d"), self->name, self->width, self->height);
}

/* The mean of evenly spaced pixels of a rectangle: first column and row, and those behind it. */
static void
average (const guint8 *pixels,
         gsize         stride,
         const int     box[4],
         guint8       *rgb)
{
  int step_x = (box[2] - box[0] + MAX_SAMPLES - 1) / MAX_SAMPLES;
  int step_y = (box[3] - box[1] + MAX_SAMPLES - 1) / MAX_SAMPLES;
  guint sum[3] = { 0 };
  guint n = 0;

  for (int y = box[1]; y < box[3]; y += step_y)
    for (int x = box[0]; x < box[2]; x += step_x)
      {
        const guint8 *pixel = pixels + (gsize) y * stride + (gsize) x * 3;

        for (guint i = 0; i < 3; i++)
          sum[i] += pixel[i];
        n++;
      }
  for (guint i = 0; i < 3; i++)
    rgb[i] = (guint8) ((sum[i] + n / 2) / n);
}

static void
scale_down (IvlImage  *picture,
            GdkPixbuf *thumbnail)
{
  const guint8 *pixels = g_bytes_get_data (ivl_image_get_pixels (picture), NULL);
  gint64 width = ivl_image_get_width (picture);
  gint64 height = ivl_image_get_height (picture);
  int n_cols = gdk_pixbuf_get_width (thumbnail);
  int n_rows = gdk_pixbuf_get_height (thumbnail);
  guint8 *out = gdk_pixbuf_get_pixels (thumbnail);

  for (int y = 0; y < n_rows; y++)
    for (int x = 0; x < n_cols; x++)
      {
        const int box[4] = { (int) (x * width / n_cols), (int) (y * height / n_rows),
                             (int) ((x + 1) * width / n_cols), (int) ((y + 1) * height / n_rows) };

        average (pixels, (gsize) width * 3, box,
                 out + (gsize) y * (gsize) gdk_pixbuf_get_rowstride (thumbnail) + x * 3);
      }
}

GdkPixbuf *
plug_source_get_thumbnail (PlugSource *self,
                           int         max_width,
                           int         max_height)
{
  double scale;

  g_return_val_if_fail (PLUG_IS_SOURCE (self), NULL);
  g_return_val_if_fail (max_width > 0 && max_height > 0, NULL);

  if (self->thumbnail != NULL && self->max_width == max_width && self->max_height == max_height)
    return g_object_ref (self->thumbnail);
  if (self->picture == NULL)
    return NULL;
  scale = MIN ((double) max_width / self->width, (double) max_height / self->height);
  scale = MIN (scale, 1.0);
  g_clear_object (&self->thumbnail);
  self->thumbnail =
      gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, MAX ((int) (self->width * scale + 0.5), 1),
                      MAX ((int) (self->height * scale + 0.5), 1));
  if (self->thumbnail == NULL)
    return NULL;
  scale_down (self->picture, self->thumbnail);
  self->max_width = max_width;
  self->max_height = max_height;
  return g_object_ref (self->thumbnail);
}

gboolean
plug_source_get_state (IvlImage  *picture,
                       PlugState *state)
{
  const PlugState *known = picture != NULL ? g_object_get_data (G_OBJECT (picture), STATE) : NULL;

  if (known != NULL)
    *state = *known;
  return known != NULL;
}

GPtrArray *
plug_source_place_regions (IvlImage  *picture,
                           GPtrArray *regions)
{
  GPtrArray *boxes = plug_box_new_array ();
  PlugState state;
  gboolean is_known = plug_source_get_state (picture, &state);

  for (guint i = 0; is_known && i < regions->len; i++)
    {
      IvlRegion *region = g_ptr_array_index (regions, i);
      int x, y, width, height;

      ivl_region_get_rectangle (region, &x, &y, &width, &height);
      width = MIN (width, (int) ivl_image_get_width (picture) - x);
      height = MIN (height, (int) ivl_image_get_height (picture) - y);
      if (width > 0 && height > 0)
        g_ptr_array_add (boxes, plug_box_new (state.x + x, state.y + y, width, height,
                                              ivl_region_get_name (region)));
    }
  return boxes;
}
