/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which texts become text layers: the sides of a picture that cairo can hold, 16 bits with a sign,
 * and nothing that GIMP left empty. */
#include "plug-host-text.h"

#include <libivl/ivl.h>
#include <string.h>

static void
test_size (void)
{
  static const struct
  {
    double   width;
    double   height;
    gboolean fits;
  } rows[] = {
    { 384, 61103, FALSE }, /* an answer of 200 kB on a canvas of 400 columns */
    { 32767, 32767, TRUE }, { 32768, 10, FALSE }, { 10, 32768, FALSE }, { 1, 1, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (plug_host_text_check (rows[i].width, rows[i].height, &error), ==,
                       rows[i].fits);
      if (rows[i].fits)
        g_assert_no_error (error);
      else
        g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
      g_assert_true (rows[i].fits || strstr (error->message, "too long for a text layer") != NULL);
    }
}

static void
test_drawn (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (plug_host_text_check_drawn (1, &error));
  g_assert_no_error (error);
  g_assert_false (plug_host_text_check_drawn (0, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plug-host-text/size", test_size);
  g_test_add_func ("/plug-host-text/drawn", test_drawn);
  return g_test_run ();
}
