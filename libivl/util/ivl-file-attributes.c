/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who may do what with a file, and what others have noted about it, for one that takes its place.
 */
#include "util/ivl-file-attributes.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define ACCESS_LIST "system.posix_acl_access"

enum
{
  MAX_ATTRIBUTE_BYTES = 1024 * 1024, /* the kernel's own limit is 64 KiB */
  PERMISSIONS = 0777,
};

/* Always FALSE. */
static gboolean
fail (GError     **error,
      int          saved_errno,
      const char  *name,
      const char  *what)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved_errno), "%s: %s: %s", name, what,
               g_strerror (saved_errno));
  return FALSE;
}

/* The value of an attribute, or the list of names without `attribute`; NULL with errno set. */
static GByteArray *
read_attribute (int         fd,
                const char *attribute)
{
  g_autoptr (GByteArray) value = g_byte_array_new ();

  for (gssize n = 0;;)
    {
      n = attribute != NULL ? fgetxattr (fd, attribute, NULL, 0) : flistxattr (fd, NULL, 0);
      if (n < 0)
        return NULL;
      if (n > MAX_ATTRIBUTE_BYTES)
        {
          errno = E2BIG;
          return NULL;
        }
      g_byte_array_set_size (value, (guint) n + 1);
      n = attribute != NULL ? fgetxattr (fd, attribute, value->data, (gsize) n)
                            : flistxattr (fd, (char *) value->data, (gsize) n);
      if (n < 0 && errno == ERANGE)
        continue; /* it has grown */
      if (n < 0)
        return NULL;
      value->data[n] = '\0';
      g_byte_array_set_size (value, (guint) n);
      return g_steal_pointer (&value);
    }
}

static gboolean
is_absent (int saved_errno)
{
  return saved_errno == ENODATA || saved_errno == EOPNOTSUPP || saved_errno == ENOSYS;
}

/* The system's own notes about the bytes of the old file, wrong about the new one. */
static gboolean
is_left_out (const char *attribute)
{
  return strcmp (attribute, "security.capability") == 0 || strcmp (attribute, "security.ima") == 0
         || strcmp (attribute, "security.evm") == 0
         || g_str_has_prefix (attribute, "trusted.overlay.")
         || strcmp (attribute, ACCESS_LIST) == 0
         /* Views of what a file system keeps elsewhere: size, times, names of 8.3 characters */
         || (g_str_has_prefix (attribute, "system.") && strstr (attribute, "acl") == NULL);
}

static gboolean
copy_attribute (int          from,
                int          to,
                const char  *attribute,
                const char  *name,
                GError     **error)
{
  g_autoptr (GByteArray) wanted = read_attribute (from, attribute);
  g_autoptr (GByteArray) found = NULL;
  g_autofree char *what = NULL;

  if (wanted == NULL && is_absent (errno))
    return TRUE;
  if (wanted != NULL)
    {
      found = read_attribute (to, attribute);
      if (found != NULL && found->len == wanted->len
          && memcmp (found->data, wanted->data, wanted->len) == 0)
        return TRUE;
      if (fsetxattr (to, attribute, wanted->data, wanted->len, 0) == 0)
        return TRUE;
    }
  what = g_strdup_printf ("its attribute %s cannot be kept", attribute);
  return fail (error, errno, name, what);
}

static gboolean
copy_attributes (int          from,
                 int          to,
                 const char  *name,
                 GError     **error)
{
  g_autoptr (GByteArray) names = read_attribute (from, NULL);

  if (names == NULL)
    return is_absent (errno) || fail (error, errno, name, "its attributes cannot be listed");
  for (guint at = 0; at < names->len; at += (guint) strlen ((const char *) names->data + at) + 1)
    {
      const char *attribute = (const char *) names->data + at;

      if (!is_left_out (attribute) && !copy_attribute (from, to, attribute, name, error))
        return FALSE;
    }
  return TRUE;
}

/* A folder may give new files a list of its own, which must go where the old file has none. */
static gboolean
copy_access_list (int          from,
                  int          to,
                  const char  *name,
                  GError     **error)
{
  g_autoptr (GByteArray) list = read_attribute (from, ACCESS_LIST);

  if (list == NULL && !is_absent (errno))
    return fail (error, errno, name, "its access control list cannot be read");
  if (list != NULL ? fsetxattr (to, ACCESS_LIST, list->data, list->len, 0) == 0
                   : fremovexattr (to, ACCESS_LIST) == 0 || is_absent (errno))
    return TRUE;
  return fail (error, errno, name, "its access control list cannot be kept");
}

static gboolean
has_access_list (int fd)
{
  return fgetxattr (fd, ACCESS_LIST, NULL, 0) > 0;
}

/* Whether it makes no difference to anybody who the file's group is. */
static gboolean
is_group_idle (int                from,
               const struct stat *old)
{
  return (old->st_mode >> 3 & 7) == (old->st_mode & 7) && !has_access_list (from);
}

static gboolean
copy_owner (int                from,
            int                to,
            const struct stat *old,
            const char        *name,
            GError           **error)
{
  struct stat new;

  if (fstat (to, &new) != 0)
    return fail (error, errno, name, "the new file cannot be looked at");
  if (new.st_uid != old->st_uid && fchown (to, old->st_uid, -1) != 0)
    return fail (error, errno, name,
                 "it belongs to another user, and a new file in its place would not");
  if (new.st_gid != old->st_gid && fchown (to, -1, old->st_gid) != 0 && !is_group_idle (from, old))
    return fail (error, errno, name,
                 "its group cannot be kept, and others than now would have access");
  return TRUE;
}

gboolean
ivl_file_attributes_copy (int          from,
                          int          to,
                          const char  *name,
                          GError     **error)
{
  struct stat old, new;

  if (fstat (from, &old) != 0)
    return fail (error, errno, name, "cannot be looked at");
  /* The owner first: giving a file away takes rights from it. */
  if (!copy_owner (from, to, &old, name, error) || !copy_attributes (from, to, name, error)
      || !copy_access_list (from, to, name, error))
    return FALSE;
  /* Not where they are right already: file systems behind FUSE and networks may refuse. */
  if (fstat (to, &new) != 0
      || ((new.st_mode & PERMISSIONS) != (old.st_mode & PERMISSIONS)
          && fchmod (to, old.st_mode & PERMISSIONS) != 0))
    return fail (error, errno, name, "its permissions cannot be kept");
  return TRUE;
}
