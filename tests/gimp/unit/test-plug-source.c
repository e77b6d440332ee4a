/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The picture that a window asks about: what is kept, what is read anew, and that a window lives
 * while it is read. */
#include "plug-source.h"

#include "host-memory.h"
#include "plug-advice.h"

#include <string.h>

typedef struct
{
  gboolean is_done;
  gboolean is_read;
  GError  *error;
} Outcome;

static void
on_read (GObject      *object,
         GAsyncResult *result,
         gpointer      data)
{
  Outcome *outcome = data;

  outcome->is_read = plug_source_read_finish (PLUG_SOURCE (object), result, &outcome->error);
  outcome->is_done = TRUE;
}

static void
wait_for (Outcome *outcome)
{
  while (!outcome->is_done)
    g_main_context_iteration (NULL, TRUE);
}

static void
read_picture (PlugSource *source)
{
  Outcome outcome = { 0 };

  plug_source_read_async (source, NULL, on_read, &outcome);
  wait_for (&outcome);
  g_assert_no_error (outcome.error);
  g_assert_true (outcome.is_read);
}

static void
assert_fails (PlugSource *source,
              GQuark      domain,
              int         code)
{
  Outcome outcome = { 0 };

  plug_source_read_async (source, NULL, on_read, &outcome);
  wait_for (&outcome);
  g_assert_error (outcome.error, domain, code);
  g_clear_error (&outcome.error);
  g_assert_null (plug_source_get_picture (source));
  g_assert_null (plug_source_describe (source));
}

static void
count (gpointer object,
       guint   *n)
{
  (*n)++;
}

static void
test_same_pixels (void)
{
  int image = host_memory_add (700, 900);
  g_autoptr (PlugSource) source = plug_source_new (image);
  g_autoptr (IvlImage) first = NULL;
  g_autofree char *text = NULL;
  guint n_changes = 0;
  int x, y;

  g_assert_null (plug_source_get_picture (source));
  g_assert_null (plug_source_describe (source));
  g_signal_connect (source, "changed", G_CALLBACK (count), &n_changes);
  host_memory_get (image)->offset_x = -30;
  host_memory_get (image)->offset_y = 41;
  read_picture (source);
  first = g_object_ref (plug_source_get_picture (source));
  g_assert_cmpuint (ivl_image_get_width (first), ==, 700);
  g_assert_cmpuint (ivl_image_get_height (first), ==, 900);
  g_assert_cmpmem (g_bytes_get_data (ivl_image_get_pixels (first), NULL), 700 * 900 * 3,
                   host_memory_get (image)->rgb, 700 * 900 * 3);
  g_assert_cmpuint (n_changes, ==, 1);
  read_picture (source);
  g_assert_true (plug_source_get_picture (source) == first);
  g_assert_cmpuint (n_changes, ==, 1);
  plug_source_get_offset (source, &x, &y);
  g_assert_cmpint (x, ==, -30);
  g_assert_cmpint (y, ==, 41);
  text = plug_source_describe (source);
  g_assert_cmpstr (text, ==, "Layer “Fond “é””, 700 × 900");
  /* The pixels are the same, and lie elsewhere */
  host_memory_get (image)->offset_x = 5;
  read_picture (source);
  g_assert_true (plug_source_get_picture (source) == first);
  g_assert_cmpuint (n_changes, ==, 2);
}

/* A difference in any strip, the first and the last pixel among them, makes a new picture that is
 * right from top to bottom: in the memory of the old one, unless somebody uses that. */
static void
test_differences (void)
{
  static const int rows[] = { 0, 1, 63, 64, 831, 832, 833, 1663, 1664, 1999 };
  int image = host_memory_add (800, 2000);
  g_autoptr (PlugSource) source = plug_source_new (image);
  guint n_changes = 0;
  guint n_outdated = 0;

  for (int i = 0; i < 2000; i++)
    host_memory_set_pixel (image, i % 800, i, (guint32) i * 7919);
  g_signal_connect (source, "changed", G_CALLBACK (count), &n_changes);
  g_signal_connect (source, "outdated", G_CALLBACK (count), &n_outdated);
  read_picture (source);
  for (guint i = 0; i < 2 * G_N_ELEMENTS (rows); i++)
    {
      IvlImage *old = plug_source_get_picture (source);
      const void *pixels = g_bytes_get_data (ivl_image_get_pixels (old), NULL);
      g_autoptr (IvlImage) used = i % 2 == 0 ? g_object_ref (old) : NULL;
      g_autofree guint8 *copy = g_memdup2 (pixels, 800 * 2000 * 3);
      const void *now;

      host_memory_set_pixel (image, i % 3 == 0 ? 0 : 799, rows[i / 2], 0x123456 + i);
      read_picture (source);
      now = g_bytes_get_data (ivl_image_get_pixels (plug_source_get_picture (source)), NULL);
      g_assert_cmpmem (now, 800 * 2000 * 3, host_memory_get (image)->rgb, 800 * 2000 * 3);
      g_assert_true ((now == pixels) == (used == NULL));
      if (used != NULL)
        g_assert_cmpmem (g_bytes_get_data (ivl_image_get_pixels (used), NULL), 800 * 2000 * 3,
                         copy, 800 * 2000 * 3);
      g_assert_cmpuint (n_changes, ==, i + 2);
      g_assert_cmpuint (n_outdated, ==, i + 1);
    }
}

static void
test_kinds (void)
{
  int image = host_memory_add (300, 200);
  g_autoptr (PlugSource) source = plug_source_new (image);
  g_autofree char *selection = NULL;
  g_autofree char *visible = NULL;
  guint n_changes = 0;
  int kind, x, y;

  g_signal_connect (source, "changed", G_CALLBACK (count), &n_changes);
  plug_source_set_kind (source, PLUG_SOURCE_SELECTION);
  g_assert_cmpuint (n_changes, ==, 1);
  assert_fails (source, PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_NO_SELECTION);
  g_assert_cmpuint (n_changes, ==, 2);
  host_memory_get (image)->has_selection = TRUE;
  host_memory_get (image)->selection = (GdkRectangle) { 250, 20, 100, 70 };
  host_memory_set_pixel (image, 250, 20, 0x010203);
  read_picture (source);
  g_assert_cmpuint (ivl_image_get_width (plug_source_get_picture (source)), ==, 50);
  g_assert_cmpuint (ivl_image_get_height (plug_source_get_picture (source)), ==, 70);
  g_assert_cmpint (
      *(const guint8 *) g_bytes_get_data (ivl_image_get_pixels (plug_source_get_picture (source)),
                                          NULL), ==, 1);
  plug_source_get_offset (source, &x, &y);
  g_assert_cmpint (x, ==, 250);
  g_assert_cmpint (y, ==, 20);
  selection = plug_source_describe (source);
  g_assert_cmpstr (selection, ==, "Selection, 50 × 70");
  g_object_set (source, "kind", PLUG_SOURCE_VISIBLE, NULL);
  g_object_get (source, "kind", &kind, NULL);
  g_assert_cmpint (kind, ==, PLUG_SOURCE_VISIBLE);
  read_picture (source);
  visible = plug_source_describe (source);
  g_assert_cmpstr (visible, ==, "Visible image, 300 × 200");
}

/* Who waits while the kind is set gets the other kind. */
static void
test_kind_meanwhile (void)
{
  int image = host_memory_add (1000, 3000);
  g_autoptr (PlugSource) source = plug_source_new (image);
  Outcome outcome = { 0 };

  host_memory_get (image)->has_selection = TRUE;
  host_memory_get (image)->selection = (GdkRectangle) { 0, 0, 10, 10 };
  plug_source_read_async (source, NULL, on_read, &outcome);
  for (int i = 0; i < 3; i++)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (outcome.is_done);
  plug_source_set_kind (source, PLUG_SOURCE_SELECTION);
  wait_for (&outcome);
  g_assert_true (outcome.is_read);
  g_assert_cmpuint (ivl_image_get_width (plug_source_get_picture (source)), ==, 10);
}

static void
test_closed (void)
{
  int image = host_memory_add (1000, 3000);
  g_autoptr (PlugSource) source = plug_source_new (image);

  read_picture (source);
  host_memory_get (image)->closes_at = 1500;
  assert_fails (source, PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_IMAGE_CLOSED);
  assert_fails (source, PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_IMAGE_CLOSED);
}

static void
test_sync (void)
{
  int image = host_memory_add (1000, 3000);
  g_autoptr (PlugSource) source = plug_source_new (image);
  g_autoptr (GError) error = NULL;
  Outcome outcome = { 0 };

  /* It takes over what another has begun, who is told as well */
  plug_source_read_async (source, NULL, on_read, &outcome);
  for (int i = 0; i < 2; i++)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (plug_source_read (source, &error));
  g_assert_no_error (error);
  g_assert_nonnull (plug_source_get_picture (source));
  wait_for (&outcome);
  g_assert_true (outcome.is_read);
  host_memory_get (image)->is_open = FALSE;
  g_assert_false (plug_source_read (source, &error));
  g_assert_error (error, PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_IMAGE_CLOSED);
}

static void
test_joined_and_cancelled (void)
{
  int image = host_memory_add (1000, 3000);
  g_autoptr (PlugSource) source = plug_source_new (image);
  g_autoptr (GCancellable) first_cancel = g_cancellable_new ();
  g_autoptr (GCancellable) last_cancel = g_cancellable_new ();
  Outcome first = { 0 }, second = { 0 }, last = { 0 };

  plug_source_read_async (source, first_cancel, on_read, &first);
  g_main_context_iteration (NULL, TRUE);
  plug_source_read_async (source, NULL, on_read, &second);
  g_cancellable_cancel (first_cancel);
  wait_for (&first);
  g_assert_error (first.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&first.error);
  g_assert_false (second.is_done);
  wait_for (&second);
  g_assert_true (second.is_read);
  g_assert_cmpuint (host_memory_get (image)->n_opened, ==, 1);
  /* Nobody waits any more: nothing more is read, and the picture stays */
  plug_source_read_async (source, last_cancel, on_read, &last);
  g_main_context_iteration (NULL, TRUE);
  g_cancellable_cancel (last_cancel);
  wait_for (&last);
  g_assert_error (last.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&last.error);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_nonnull (plug_source_get_picture (source));
  /* Unless the old picture is gone already: then there is a new one all the same */
  host_memory_set_pixel (image, 0, 0, 0);
  g_clear_object (&last_cancel);
  last_cancel = g_cancellable_new ();
  last = (Outcome) { 0 };
  plug_source_read_async (source, last_cancel, on_read, &last);
  while (plug_source_get_picture (source) != NULL)
    g_main_context_iteration (NULL, TRUE);
  g_cancellable_cancel (last_cancel);
  wait_for (&last);
  g_assert_error (last.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&last.error);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_nonnull (plug_source_get_picture (source));
}

/* The last reference goes while a read waits. */
static void
test_dropped (void)
{
  int image = host_memory_add (1000, 3000);
  PlugSource *source = plug_source_new (image);
  Outcome outcome = { 0 };
  gpointer seen = source;

  g_object_add_weak_pointer (G_OBJECT (source), &seen);
  plug_source_read_async (source, NULL, on_read, &outcome);
  g_object_unref (source);
  wait_for (&outcome);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_assert_null (seen);
}

static gboolean
tick (gpointer data)
{
  (*(guint *) data)++;
  return G_SOURCE_CONTINUE;
}

/* 24 megapixels come in strips, and what else is to be done is done in between. The time is told,
 * not judged. */
static void
test_large (void)
{
  int image = host_memory_add (6000, 4000);
  g_autoptr (PlugSource) source = plug_source_new (image);
  g_autoptr (GdkPixbuf) thumbnail = NULL;
  g_autoptr (GdkPixbuf) again = NULL;
  g_autoptr (GBytes) tiles = NULL;
  g_autoptr (GError) error = NULL;
  guint n_ticks = 0;
  guint timer = g_idle_add (tick, &n_ticks);
  gint64 start = g_get_monotonic_time ();

  read_picture (source);
  g_source_remove (timer);
  g_test_message ("24 megapixels from memory: %.3f s",
                  (g_get_monotonic_time () - start) / (double) G_TIME_SPAN_SECOND);
  g_assert_cmpuint (n_ticks, >, 20);
  g_assert_cmpint (host_memory_get (image)->most_rows * 6000 * 3, <=, 4 * 1024 * 1024);
  start = g_get_monotonic_time ();
  read_picture (source);
  g_test_message ("the same again: %.3f s",
                  (g_get_monotonic_time () - start) / (double) G_TIME_SPAN_SECOND);
  start = g_get_monotonic_time ();
  thumbnail = plug_source_get_thumbnail (source, 200, 200);
  g_test_message ("thumbnail: %.3f s",
                  (g_get_monotonic_time () - start) / (double) G_TIME_SPAN_SECOND);
  g_assert_cmpint (gdk_pixbuf_get_width (thumbnail), ==, 200);
  g_assert_cmpint (gdk_pixbuf_get_height (thumbnail), ==, 133);
  again = plug_source_get_thumbnail (source, 200, 200);
  g_assert_true (again == thumbnail);
  start = g_get_monotonic_time ();
  tiles = ivl_image_cut_tiles (plug_source_get_picture (source), 448, 1, 12, TRUE, &error);
  g_assert_no_error (error);
  g_test_message ("%u tiles: %.3f s", (guint) (g_bytes_get_size (tiles) / (448 * 448 * 3)),
                  (g_get_monotonic_time () - start) / (double) G_TIME_SPAN_SECOND);
}

/* Larger than any memory: the error names the bytes, and nothing is asked of the host. */
static void
test_no_memory (void)
{
  int image = host_memory_add (1, 1);
  g_autoptr (PlugSource) source = plug_source_new (image);
  Outcome outcome = { 0 };

  host_memory_get (image)->width = 900000;
  host_memory_get (image)->height = 900000000;
  plug_source_read_async (source, NULL, on_read, &outcome);
  wait_for (&outcome);
  g_assert_error (outcome.error, IVL_ERROR, IVL_ERROR_NO_MEMORY);
  g_assert_nonnull (strstr (outcome.error->message, "2430000000000000 bytes"));
  g_clear_error (&outcome.error);
  g_assert_cmpuint (host_memory_get (image)->n_strips, ==, 0);
}

/* What cannot be seen is no picture, and a sentence says why. */
static void
test_nothing_visible (void)
{
  static const int sides[][2] = { { 1, 1 }, { 50, 40 } };

  for (guint i = 0; i < G_N_ELEMENTS (sides); i++)
    {
      int image = host_memory_add (sides[i][0], sides[i][1]);
      g_autoptr (PlugSource) source = plug_source_new (image);
      g_autoptr (GError) error = NULL;

      host_memory_get (image)->alpha = i == 0 ? 255 : 0;
      g_assert_false (plug_source_read (source, &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND);
      g_assert_nonnull (strstr (error->message, i == 0 ? "1 × 1" : "Fond “é”"));
      g_assert_null (plug_source_get_picture (source));
    }
}

static void
fill (int     image,
      guint32 rgb)
{
  for (int y = 0; y < 40; y++)
    for (int x = 0; x < 50; x++)
      host_memory_set_pixel (image, x, y, rgb);
  host_memory_set_pixel (image, 4, 2, 0xff8040);
}

/* Half of black over white, and the same memory again when nothing has changed; half of white over
 * black, on which it is seen, and black over white again */
static void
test_transparency (void)
{
  int image = host_memory_add (50, 40);
  g_autoptr (PlugSource) source = plug_source_new (image);
  const guint8 *pixels;
  IvlImage *first;

  fill (image, 0x000000);
  host_memory_get (image)->alpha = 128;
  read_picture (source);
  first = plug_source_get_picture (source);
  pixels = g_bytes_get_data (ivl_image_get_pixels (first), NULL);
  /* (0 * 128 + 255 * 127) / 255 = 127; (128 * 128 + 255 * 127) / 255 = 191.25; 159.1 */
  g_assert_cmpmem (pixels + (2 * 50 + 3) * 3, 6, "\x7f\x7f\x7f\xff\xbf\x9f", 6);
  read_picture (source);
  g_assert_true (plug_source_get_picture (source) == first);

  fill (image, 0xffffff);
  read_picture (source);
  pixels = g_bytes_get_data (ivl_image_get_pixels (plug_source_get_picture (source)), NULL);
  /* 255 * 128 / 255 = 128; 128 * 128 / 255 = 64.3; 64 * 128 / 255 = 32.1 */
  g_assert_cmpmem (pixels + (2 * 50 + 3) * 3, 6, "\x80\x80\x80\x80\x40\x20", 6);
  fill (image, 0x000000);
  read_picture (source);
  pixels = g_bytes_get_data (ivl_image_get_pixels (plug_source_get_picture (source)), NULL);
  g_assert_cmpmem (pixels + (2 * 50 + 3) * 3, 6, "\x7f\x7f\x7f\xff\xbf\x9f", 6);

  host_memory_get (image)->alpha = 0;
  g_assert_false (plug_source_read (source, NULL));
  g_assert_null (plug_source_get_picture (source));
}

static void
test_thumbnail (void)
{
  int image = host_memory_add (400, 100);
  g_autoptr (PlugSource) source = plug_source_new (image);
  g_autoptr (GdkPixbuf) small = NULL;
  g_autoptr (GdkPixbuf) own = NULL;
  g_autoptr (GdkPixbuf) changed = NULL;

  g_assert_null (plug_source_get_thumbnail (source, 100, 100));
  for (int y = 0; y < 100; y++)
    for (int x = 0; x < 200; x++)
      host_memory_set_pixel (image, x, y, (x + y) % 2 == 0 ? 0xff0000 : 0x000000);
  read_picture (source);
  small = plug_source_get_thumbnail (source, 100, 100);
  g_assert_cmpint (gdk_pixbuf_get_width (small), ==, 100);
  g_assert_cmpint (gdk_pixbuf_get_height (small), ==, 25);
  /* A checkered half becomes its mean, a white one stays white */
  g_assert_cmpint (gdk_pixbuf_read_pixels (small)[0], ==, 128);
  g_assert_cmpint (gdk_pixbuf_read_pixels (small)[1], ==, 0);
  g_assert_cmpint (gdk_pixbuf_read_pixels (small)[99 * 3 + 1], ==, 255);
  /* Nothing is made larger */
  own = plug_source_get_thumbnail (source, 4000, 4000);
  g_assert_cmpint (gdk_pixbuf_get_width (own), ==, 400);
  g_assert_cmpint (gdk_pixbuf_read_pixels (own)[0], ==, 255);
  g_assert_cmpint (gdk_pixbuf_read_pixels (own)[3], ==, 0);
  host_memory_set_pixel (image, 0, 0, 0x00ff00);
  read_picture (source);
  changed = plug_source_get_thumbnail (source, 4000, 4000);
  g_assert_cmpint (gdk_pixbuf_read_pixels (changed)[0], ==, 0);
}

static void
test_regions (void)
{
  int image = host_memory_add (300, 200);
  g_autoptr (PlugSource) source = plug_source_new (image);
  g_autoptr (GPtrArray) regions =
      g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_region_unref);
  g_autoptr (GPtrArray) none = plug_source_place_regions (NULL, regions);
  g_autoptr (GPtrArray) boxes = NULL;
  g_autoptr (GPtrArray) old_boxes = NULL;
  g_autoptr (IvlImage) old = NULL;
  const PlugBox *box;

  g_assert_cmpuint (none->len, ==, 0);
  host_memory_get (image)->offset_x = -20;
  host_memory_get (image)->offset_y = 1000;
  read_picture (source);
  g_ptr_array_add (regions, ivl_region_new ("cat", 100, 500, 200, 1000, 300, 200));
  /* Of a picture that was twice as large: partly, and not at all, in this one */
  g_ptr_array_add (regions, ivl_region_new ("dog", 250, 0, 750, 500, 600, 400));
  g_ptr_array_add (regions, ivl_region_new ("bird", 900, 900, 1000, 1000, 600, 400));
  g_ptr_array_add (regions, ivl_region_new ("nowhere", 0, 0, 1000, 1000, 0, 0));
  boxes = plug_source_place_regions (plug_source_get_picture (source), regions);
  g_assert_cmpuint (boxes->len, ==, 2);
  box = g_ptr_array_index (boxes, 0);
  g_assert_cmpstr (box->name, ==, "cat");
  g_assert_cmpint (box->x, ==, 30 - 20);
  g_assert_cmpint (box->y, ==, 100 + 1000);
  g_assert_cmpint (box->width, ==, 30);
  g_assert_cmpint (box->height, ==, 100);
  box = g_ptr_array_index (boxes, 1);
  g_assert_cmpint (box->x, ==, 150 - 20);
  g_assert_cmpint (box->width, ==, 150);
  g_assert_cmpint (box->height, ==, 200);

  /* An answer is about the picture that it was asked about, wherever there is another by now */
  old = g_object_ref (plug_source_get_picture (source));
  host_memory_set_pixel (image, 0, 0, 0x123456);
  host_memory_get (image)->offset_x = 500;
  read_picture (source);
  g_assert_true (plug_source_get_picture (source) != old);
  old_boxes = plug_source_place_regions (old, regions);
  box = g_ptr_array_index (old_boxes, 0);
  g_assert_cmpint (box->x, ==, 30 - 20);
}

int
main (int    argc,
      char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plug-source/same-pixels", test_same_pixels);
  g_test_add_func ("/plug-source/differences", test_differences);
  g_test_add_func ("/plug-source/kinds", test_kinds);
  g_test_add_func ("/plug-source/kind-meanwhile", test_kind_meanwhile);
  g_test_add_func ("/plug-source/closed", test_closed);
  g_test_add_func ("/plug-source/sync", test_sync);
  g_test_add_func ("/plug-source/joined-and-cancelled", test_joined_and_cancelled);
  g_test_add_func ("/plug-source/dropped", test_dropped);
  g_test_add_func ("/plug-source/large", test_large);
  g_test_add_func ("/plug-source/no-memory", test_no_memory);
  g_test_add_func ("/plug-source/nothing-visible", test_nothing_visible);
  g_test_add_func ("/plug-source/transparency", test_transparency);
  g_test_add_func ("/plug-source/thumbnail", test_thumbnail);
  g_test_add_func ("/plug-source/regions", test_regions);
  status = g_test_run ();
  host_memory_clear ();
  return status;
}
