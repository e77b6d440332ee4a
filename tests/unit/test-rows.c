/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one place for decoders' pixels: it stops at the row at which it is cancelled.
 */
#include "image/ivl-rows.h"

static void
test_cancel (void)
{
  static const IvlLayout layout = { IVL_COLOURS_RGB, 8, FALSE, FALSE };
  static const guint8 row[4 * 3] = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  const IvlRowsOptions options = { .orientation = 1, .cancellable = cancellable };
  g_autoptr (IvlRows) rows = ivl_rows_new (4, 3, &options);
  g_autoptr (GError) error = NULL;

  g_assert_true (ivl_rows_begin (rows, &layout, &error));
  g_assert_true (ivl_rows_check_cancelled (rows, &error));
  g_assert_true (ivl_rows_put (rows, 0, 0, 1, 4, row, &error));
  g_cancellable_cancel (cancellable);
  g_assert_false (ivl_rows_put (rows, 0, 1, 1, 4, row, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (ivl_rows_check_cancelled (rows, NULL));
  g_assert_false (ivl_rows_are_whole (rows));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rows/cancel", test_cancel);
  return g_test_run ();
}
