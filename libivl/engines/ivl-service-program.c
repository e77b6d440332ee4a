/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Looks for the program that the user's service is.
 */
#include "engines/ivl-service-program.h"

#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <string.h>

/* Where meson installs programs. */
#ifndef IVL_BINDIR
#error "IVL_BINDIR must be the folder that programs are installed into"
#endif

#define COMMAND_ENVIRONMENT "IVL_SERVE_COMMAND"
#define PROGRAM "ivl"
#define SELF "/proc/self/exe"
/* What the link ends with when the file was replaced, as an upgrade does */
#define DELETED " (deleted)"

/* The path of the running program (transfer full, nullable) */
static char *
get_self (void)
{
  char *path = g_file_read_link (SELF, NULL);

  if (path != NULL && g_str_has_suffix (path, DELETED))
    path[strlen (path) - strlen (DELETED)] = '\0';
  return path;
}

static gboolean
is_self (const char *path,
         const char *self)
{
  GStatBuf info;
  GStatBuf own;

  return g_strcmp0 (path, self) == 0 ||
         (g_stat (path, &info) == 0 && g_stat (SELF, &own) == 0 && info.st_dev == own.st_dev &&
          info.st_ino == own.st_ino);
}

/* The program in a folder, if it can be run and is another one (transfer full, nullable) */
static char *
find_in (const char *folder,
         const char *self)
{
  g_autofree char *path = g_build_filename (folder, PROGRAM, NULL);

  if (g_file_test (path, G_FILE_TEST_IS_REGULAR) && g_file_test (path, G_FILE_TEST_IS_EXECUTABLE) &&
      !is_self (path, self))
    return g_steal_pointer (&path);
  return NULL;
}

static char *
find_in_path (const char *self)
{
  const char *path = g_getenv ("PATH");
  g_auto (GStrv) folders = g_strsplit (path != NULL ? path : "", G_SEARCHPATH_SEPARATOR_S, -1);
  char *found = NULL;

  /* The service runs in another folder, so a relative one does not count. */
  for (gsize i = 0; folders[i] != NULL && found == NULL; i++)
    if (g_path_is_absolute (folders[i]))
      found = find_in (folders[i], self);
  return found;
}

static GStrv
parse_command (const char  *line,
               GError     **error)
{
  GStrv words = NULL;

  if (g_shell_parse_argv (line, NULL, &words, NULL))
    return words;
  g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
               "The service cannot be started: " COMMAND_ENVIRONMENT " is no command line");
  return NULL;
}

GStrv
ivl_service_program_find (GError **error)
{
  const char *line = g_getenv (COMMAND_ENVIRONMENT);
  g_autofree char *self = get_self ();
  g_autofree char *folder = self != NULL ? g_path_get_dirname (self) : NULL;
  g_autofree char *program = NULL;

  if (line != NULL && *line != '\0')
    return parse_command (line, error);
  if (folder != NULL)
    program = find_in (folder, self);
  if (program == NULL)
    program = find_in (IVL_BINDIR, self);
  if (program == NULL)
    program = find_in_path (self);
  if (program != NULL)
    {
      const char *const found[] = { program, NULL };

      return g_strdupv ((GStrv) found);
    }
  g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE,
               "The service cannot be started: the program ivl is not installed");
  return NULL;
}
