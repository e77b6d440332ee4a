/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where a name leads, also when there is nothing yet, and whether there is nothing indeed.
 */
#include "util/ivl-file-target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum
{
  MAX_LINKS = 40, /* as the kernel follows */
};

/* realpath() for g_free(). */
static char *
get_real_path (const char *path)
{
  char *real = realpath (path, NULL);
  const int saved_errno = errno;
  char *copy = g_strdup (real);

  free (real);
  errno = saved_errno;
  return copy;
}

static char *
resolve_in_folder (const char *folder,
                   const char *path)
{
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *real = get_real_path (folder);

  return real != NULL ? g_build_filename (real, base, NULL) : NULL;
}

char *
ivl_file_target_resolve (const char *path)
{
  g_autofree char *current = g_strdup (path);

  for (guint i = 0; i < MAX_LINKS; i++)
    {
      g_autofree char *folder = g_path_get_dirname (current);
      g_autofree char *link = NULL;
      char *real = get_real_path (current);

      if (real != NULL || errno != ENOENT)
        return real;
      link = g_file_read_link (current, NULL);
      if (link == NULL)
        return resolve_in_folder (folder, current);
      g_free (current);
      current = g_path_is_absolute (link) ? g_strdup (link) : g_build_filename (folder, link, NULL);
    }
  errno = ELOOP;
  return NULL;
}

/* Whether the first folder above that is there can be looked into: a link that leads nowhere is one
 * to something that is not mounted. */
static gboolean
can_look_into (const char *folder)
{
  g_autofree char *above = g_path_get_dirname (folder);
  struct stat st;

  if (lstat (folder, &st) == 0)
    return stat (folder, &st) == 0 && S_ISDIR (st.st_mode);
  return errno == ENOENT && strcmp (above, folder) != 0 && can_look_into (above);
}

gboolean
ivl_file_target_is_absent (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *target = NULL;
  struct stat st;

  if (lstat (path, &st) != 0)
    return errno == ENOENT && can_look_into (folder);
  if (!S_ISLNK (st.st_mode))
    return FALSE;
  target = ivl_file_target_resolve (path);
  return target != NULL && lstat (target, &st) != 0 && errno == ENOENT;
}
