/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How much memory there is to work with (Linux: /proc/meminfo and the control group's limit).
 */
#include "util/ivl-system-memory.h"

#include <string.h>

static guint64
meminfo_available (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL))
    return G_MAXUINT64;
  line = strstr (text, "MemAvailable:");
  if (line == NULL)
    return G_MAXUINT64;
  return g_ascii_strtoull (line + strlen ("MemAvailable:"), NULL, 10) * 1024;
}

static guint64
read_number (const char *path)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL) || !g_ascii_isdigit (text[0]))
    return G_MAXUINT64;
  return g_ascii_strtoull (text, NULL, 10);
}

/* Limit minus use, where version 2 of control groups sets a limit ("max" means none). */
static guint64
cgroup_available (void)
{
  g_autofree char *text = NULL;
  g_autofree char *max_path = NULL;
  g_autofree char *current_path = NULL;
  const char *line;
  guint64 max, current;

  if (!g_file_get_contents ("/proc/self/cgroup", &text, NULL, NULL))
    return G_MAXUINT64;
  line = strstr (text, "0::");
  if (line == NULL)
    return G_MAXUINT64;
  line += strlen ("0::");
  *strchrnul ((char *) line, '\n') = '\0';
  max_path = g_build_filename ("/sys/fs/cgroup", line, "memory.max", NULL);
  current_path = g_build_filename ("/sys/fs/cgroup", line, "memory.current", NULL);
  max = read_number (max_path);
  current = read_number (current_path);
  if (max == G_MAXUINT64 || current == G_MAXUINT64)
    return G_MAXUINT64;
  return max > current ? max - current : 0;
}

guint64
ivl_system_memory_available (void)
{
  return MIN (meminfo_available (), cgroup_available ());
}
