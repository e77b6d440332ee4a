/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A model folder's own list of checksums: whether the files are the ones that were published.
 */
#include "formats/ivl-manifest.h"

#include <libivl/ivl-error.h>
#include <string.h>
#include <unistd.h>

#include "util/ivl-bounded-file.h"

/* The largest published model has some sixty files. */
#define MAX_BYTES (1 << 20)
#define HASH_LENGTH 64
#define BLOCK_BYTES (1 << 20)

static gboolean
is_plain_name (const char *name)
{
  return name[0] != '\0' && strchr (name, G_DIR_SEPARATOR) == NULL && strchr (name, '/') == NULL &&
         strcmp (name, ".") != 0 && strcmp (name, "..") != 0;
}

/* "HASH  NAME" or "HASH *NAME" -> lower-case hash (transfer full) and name within the line. */
static gboolean
parse_line (const char  *line,
            guint        number,
            char       **hash,
            const char **name,
            GError     **error)
{
  gsize length = strspn (line, "0123456789abcdefABCDEF");

  if (length == HASH_LENGTH && line[length] == ' ' &&
      (line[length + 1] == ' ' || line[length + 1] == '*') && is_plain_name (line + length + 2))
    {
      g_autofree char *digits = g_strndup (line, HASH_LENGTH);

      *hash = g_ascii_strdown (digits, -1);
      *name = line + length + 2;
      return TRUE;
    }
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
               "%s: line %u is not a SHA-256 checksum and a plain file name", IVL_MANIFEST_NAME,
               number);
  return FALSE;
}

/* name -> hash, both owned. */
static GHashTable *
read_list (const char  *folder,
           GError     **error)
{
  g_autofree char *path = g_build_filename (folder, IVL_MANIFEST_NAME, NULL);
  g_autoptr (GHashTable) hashes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_auto (GStrv) lines = NULL;
  g_autofree char *text = NULL;
  gsize size;

  text = ivl_bounded_file_read (path, MAX_BYTES, &size, error);
  if (text == NULL)
    return NULL;
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *name;
      char *hash;

      if (lines[i][0] == '\0')
        continue;
      if (!parse_line (lines[i], i + 1, &hash, &name, error))
        return NULL;
      if (!g_hash_table_insert (hashes, g_strdup (name), hash))
        {
          g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: %s stands there twice",
                       IVL_MANIFEST_NAME, name);
          return NULL;
        }
    }
  return g_steal_pointer (&hashes);
}

/* SHA-256 of an open file; NULL when cancelled or unreadable. */
static char *
compute_hash (int            fd,
              const char    *path,
              GCancellable  *cancellable,
              GError       **error)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guchar *block = g_malloc (BLOCK_BYTES);
  gssize n;

  do
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      n = TEMP_FAILURE_RETRY (read (fd, block, BLOCK_BYTES));
      if (n > 0)
        g_checksum_update (checksum, block, n);
    }
  while (n > 0);
  if (n < 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s cannot be read", path);
      return NULL;
    }
  return g_strdup (g_checksum_get_string (checksum));
}

static gboolean
check_file (const char    *folder,
            const char    *name,
            const char    *expected,
            GPtrArray     *problems,
            GCancellable  *cancellable,
            GError       **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) problem = NULL;
  g_autofree char *hash = NULL;
  guint64 size;
  gint64 mtime_ns;
  int fd = ivl_bounded_file_open (path, &size, &mtime_ns, &problem);

  if (fd < 0)
    {
      g_ptr_array_add (problems, g_strdup (problem->message));
      return TRUE;
    }
  hash = compute_hash (fd, path, cancellable, error);
  close (fd);
  if (hash == NULL)
    return FALSE;
  if (strcmp (hash, expected) != 0)
    g_ptr_array_add (problems, g_strdup_printf ("%s: its SHA-256 is %s, the list says %s", path,
                                                hash, expected));
  return TRUE;
}

static void
find_unlisted_weights (const char *folder,
                       GHashTable *hashes,
                       GPtrArray  *problems)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".safetensors") && !g_hash_table_contains (hashes, name))
      g_ptr_array_add (problems,
                       g_strdup_printf ("%s is not listed in %s", name, IVL_MANIFEST_NAME));
}

gboolean
ivl_manifest_check (const char    *folder,
                    GPtrArray     *problems,
                    GCancellable  *cancellable,
                    GError       **error)
{
  g_autoptr (GHashTable) hashes = read_list (folder, error);
  GHashTableIter iter;
  gpointer name, hash;

  if (hashes == NULL)
    return FALSE;
  g_hash_table_iter_init (&iter, hashes);
  while (g_hash_table_iter_next (&iter, &name, &hash))
    if (!check_file (folder, name, hash, problems, cancellable, error))
      return FALSE;
  find_unlisted_weights (folder, hashes, problems);
  return TRUE;
}
