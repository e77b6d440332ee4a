/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How much memory there is to work with (Linux: /proc/meminfo and the limits of control groups).
 */
#include "util/ivl-system-memory.h"

#include <string.h>

/* The text of a file of the system; NULL when there is none. */
static char *
read_text (const char *root,
           const char *path)
{
  g_autofree char *full = g_build_filename (root, path, NULL);
  char *text = NULL;

  return g_file_get_contents (full, &text, NULL, NULL) ? text : NULL;
}

/* The number behind a word at the beginning of a line; `absent` when no line has it. */
static guint64
find_number (const char *text,
             const char *word,
             guint64     absent)
{
  const gsize n = strlen (word);

  for (const char *line = text; line != NULL; line = strchr (line, '\n'))
    {
      line += *line == '\n';
      if (strncmp (line, word, n) == 0 && g_ascii_isspace (line[n]))
        return g_ascii_strtoull (line + n, NULL, 10);
    }
  return absent;
}

static guint64
meminfo_available (const char *root)
{
  g_autofree char *text = read_text (root, "proc/meminfo");
  const guint64 kibibytes = find_number (text, "MemAvailable:", G_MAXUINT64 / 1024);

  return kibibytes < G_MAXUINT64 / 1024 ? kibibytes * 1024 : G_MAXUINT64;
}

/* G_MAXUINT64 where there is none, or "max". */
static guint64
read_number (const char *root,
             const char *group,
             const char *name)
{
  g_autofree char *path = g_build_filename ("sys/fs/cgroup", group, name, NULL);
  g_autofree char *text = read_text (root, path);

  if (text == NULL || !g_ascii_isdigit (text[0]))
    return G_MAXUINT64;
  return g_ascii_strtoull (text, NULL, 10);
}

/* Bytes of a group that the kernel takes back when others need them. What was read of files is
 * charged to the group that read it, the weights of the last run among them; what lies in memory
 * alone (shmem) stays. */
static guint64
count_reclaimable (const char *root,
                   const char *group)
{
  g_autofree char *path = g_build_filename ("sys/fs/cgroup", group, "memory.stat", NULL);
  g_autofree char *text = read_text (root, path);
  const guint64 file = find_number (text, "file", 0);
  const guint64 shared = find_number (text, "shmem", 0);
  const guint64 listed = find_number (text, "inactive_file", 0) +
                         find_number (text, "active_file", 0);

  return MAX (file > shared ? file - shared : 0, listed) +
         find_number (text, "slab_reclaimable", 0);
}

/* What a group's own limit leaves. */
static guint64
group_available (const char *root,
                 const char *group)
{
  const guint64 limit = MIN (read_number (root, group, "memory.max"),
                             read_number (root, group, "memory.high"));
  const guint64 current = read_number (root, group, "memory.current");
  guint64 reclaimable, used;

  if (limit == G_MAXUINT64 || current == G_MAXUINT64)
    return G_MAXUINT64;
  reclaimable = count_reclaimable (root, group);
  used = current > reclaimable ? current - reclaimable : 0;
  return limit > used ? limit - used : 0;
}

/* The least that the group (version 2) and those above it leave: a limit holds for all below. */
static guint64
cgroup_available (const char *root)
{
  g_autofree char *text = read_text (root, "proc/self/cgroup");
  const char *line = text != NULL && g_str_has_prefix (text, "0::") ? text : NULL;
  g_autofree char *group = NULL;
  guint64 available = G_MAXUINT64;

  if (text != NULL && line == NULL)
    {
      line = strstr (text, "\n0::");
      line = line != NULL ? line + 1 : NULL;
    }
  if (line == NULL)
    return G_MAXUINT64;
  line += strlen ("0::");
  group = g_strndup (line, strcspn (line, "\n"));
  for (;;)
    {
      char *slash = strrchr (group, '/');

      available = MIN (available, group_available (root, group));
      if (slash == NULL)
        return available;
      *slash = '\0';
    }
}

guint64
ivl_system_memory_read (const char *root)
{
  return MIN (meminfo_available (root), cgroup_available (root));
}

guint64
ivl_system_memory_available (void)
{
  return ivl_system_memory_read ("/");
}

char *
ivl_system_memory_format (guint64 n_bytes)
{
  const gboolean is_small = n_bytes < 100 * 1000 * 1000;
  const guint64 tenth = is_small ? 100 * 1000 : 100 * 1000 * 1000;
  const guint64 tenths = n_bytes / tenth + (n_bytes % tenth >= tenth / 2);

  /* With a point in any locale, as the sentences around it are English in any */
  return g_strdup_printf ("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT " %s", tenths / 10,
                          tenths % 10, is_small ? "MB" : "GB");
}
