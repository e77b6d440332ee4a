/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files of a model folder as downloads really leave them: told apart by their first bytes before
 * anything is read out of them.
 */
#include "formats/ivl-model-file.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "util/ivl-bounded-file.h"

/* How a file begins, white space and letter case aside, what it then is, and what helps. */
static const struct
{
  const char *start;
  const char *what;
  const char *remedy;
} impostors[] = {
  { "version https://git-lfs", "a pointer of Git LFS in the place of the file",
    "fetch the files themselves with “git lfs pull”, or download them with the hub's own client" },
  { "version https://hawser", "a pointer of Git LFS in the place of the file",
    "fetch the files themselves with “git lfs pull”, or download them with the hub's own client" },
  { "<!doctype", "a web page in the place of the file",
    "download the file itself, with the hub's own client" },
  { "<html", "a web page in the place of the file",
    "download the file itself, with the hub's own client" },
  { "<?xml", "an XML text, most likely a server's error, in the place of the file",
    "download it again, with the hub's own client" },
  { "entry not found", "a hub's error text in the place of the file",
    "download it again, with the hub's own client" },
  { "invalid username or password", "a hub's error text in the place of the file",
    "log in at the hub and download it again" },
  { "access to model", "a hub's error text in the place of the file",
    "ask for access at the hub and download it again" },
  { "{\"error\"", "a server's error text in the place of the file",
    "download it again, with the hub's own client" },
};

static const char *
skip_space (const char  *p,
            const char  *end)
{
  if (end - p >= 3 && memcmp (p, "\xef\xbb\xbf", 3) == 0)
    p += 3;
  while (p < end && g_ascii_isspace (*p))
    p++;
  return p;
}

gboolean
ivl_model_file_check (const char  *data,
                      gsize        size,
                      const char  *source,
                      GError     **error)
{
  const char *end = data + MIN (size, IVL_MODEL_FILE_HEAD_BYTES);
  const char *start = skip_space (data, end);

  if (size == 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: 0 bytes, the file is empty: download it again", source);
      return FALSE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (impostors); i++)
    {
      gsize length = strlen (impostors[i].start);

      if ((gsize) (end - start) < length
          || g_ascii_strncasecmp (start, impostors[i].start, length) != 0)
        continue;
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: %s: %s", source,
                   impostors[i].what, impostors[i].remedy);
      return FALSE;
    }
  return TRUE;
}

char *
ivl_model_file_read (const char  *path,
                     gsize        max_bytes,
                     gsize       *size,
                     GError     **error)
{
  g_autofree char *source = g_filename_display_name (path);
  g_autofree char *data = ivl_bounded_file_read (path, max_bytes, size, error);

  if (data == NULL || !ivl_model_file_check (data, *size, source, error))
    return NULL;
  return g_steal_pointer (&data);
}

gboolean
ivl_model_file_is_there (const char *folder,
                         const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS) || g_file_test (path, G_FILE_TEST_IS_SYMLINK);
}
