/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The help page, in the first of the desktop's languages that there is one in. */
#include "plug-help.h"

#include <gio/gio.h>
#include <glib/gi18n.h>

#define FOLDER IVL_DATADIR "/ivl/gimp/help"
#define PAGE "index.html"

/* The last of the languages is C, which is always there. */
static char *
find_page (void)
{
  const char *const *languages = g_get_language_names ();

  for (guint i = 0; languages[i] != NULL; i++)
    {
      g_autofree char *path = g_build_filename (FOLDER, languages[i], PAGE, NULL);

      if (g_file_test (path, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&path);
    }
  return g_build_filename (FOLDER, "C", PAGE, NULL);
}

gboolean
plug_help_open (GError **error)
{
  g_autofree char *path = find_page ();
  g_autofree char *uri = g_filename_to_uri (path, NULL, NULL);
  g_autoptr (GError) failure = NULL;

  if (g_app_info_launch_default_for_uri (uri, NULL, &failure))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
               _ ("The help page %s could not be opened: %s"), path, failure->message);
  return FALSE;
}
