/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Names of unfinished files, and the end of those whose maker was killed: a whole copy of a picture
 * would stay for ever under a name that nobody sees.
 */
#include "util/ivl-draft-name.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX ".ivl-"

enum
{
  PLACE_DIGITS = 8,
  /* From another computer or an earlier start: nobody can be asked, so time decides */
  FOREIGN_AGE_S = 24 * 60 * 60,
  /* A folder of many files is not read through for each of them */
  PAUSE_S = 10,
};

/* Stands for where a process number means something: this start of the computer, this container. */
static const char *
get_place (void)
{
  static char *place;

  if (g_once_init_enter (&place))
    {
      g_autofree char *start = NULL;
      g_autofree char *space = g_file_read_link ("/proc/self/ns/pid", NULL);
      g_autofree char *both = NULL;
      g_autofree char *sum = NULL;

      g_file_get_contents ("/proc/sys/kernel/random/boot_id", &start, NULL, NULL);
      both = g_strconcat (start != NULL ? start : "", "\n", space != NULL ? space : "", NULL);
      sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, both, -1);
      g_once_init_leave (&place, g_strndup (sum, PLACE_DIGITS));
    }
  return place;
}

char *
ivl_draft_name_new (const char *folder,
                    const char *ending)
{
  g_autofree char *name = g_strdup_printf (PREFIX "%s-%d-%08x%s", get_place (), (int) getpid (),
                                           g_random_int (), ending);

  return g_build_filename (folder, name, NULL);
}

/* .ivl-PLACE-PROCESS-RANDOM and an ending; FALSE for any other name. */
static gboolean
parse (const char *name,
       gboolean   *is_here,
       pid_t      *process)
{
  const char *place = name + strlen (PREFIX);
  const char *number, *random;
  char *end;
  gint64 value;

  if (!g_str_has_prefix (name, PREFIX) || strspn (place, "0123456789abcdef") != PLACE_DIGITS
      || place[PLACE_DIGITS] != '-')
    return FALSE;
  number = place + PLACE_DIGITS + 1;
  value = g_ascii_strtoll (number, &end, 10);
  random = end + 1;
  if (!g_ascii_isdigit (*number) || value < 1 || value > G_MAXINT || *end != '-'
      || strspn (random, "0123456789abcdef") != PLACE_DIGITS
      || (random[PLACE_DIGITS] != '\0' && random[PLACE_DIGITS] != '.'))
    return FALSE;
  *is_here = strncmp (place, get_place (), PLACE_DIGITS) == 0;
  *process = (pid_t) value;
  return TRUE;
}

/* Whoever makes a file has it locked until it is done. */
static gboolean
is_locked (int         folder_fd,
           const char *name)
{
  const int fd = openat (folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  gboolean locked;

  if (fd < 0)
    return TRUE;
  locked = flock (fd, LOCK_EX | LOCK_NB) != 0;
  close (fd);
  return locked;
}

static gboolean
is_left_behind (int         folder_fd,
                const char *name)
{
  gboolean is_here;
  pid_t process;
  struct stat st;

  if (!parse (name, &is_here, &process)
      || fstatat (folder_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG (st.st_mode)
      || st.st_uid != geteuid ())
    return FALSE;
  if (is_here ? kill (process, 0) == 0 || errno != ESRCH
              : g_get_real_time () / G_USEC_PER_SEC - st.st_ctim.tv_sec < FOREIGN_AGE_S)
    return FALSE;
  return !is_locked (folder_fd, name);
}

/* Whether this folder was not looked through just now. */
static gboolean
is_due (const char *folder)
{
  static GMutex lock;
  static char *last_folder;
  static gint64 last_time;
  static pid_t last_process; /* after a fork() it is somebody else's folder */
  const gint64 now = g_get_monotonic_time ();
  gboolean due;

  g_mutex_lock (&lock);
  due = g_strcmp0 (folder, last_folder) != 0 || now - last_time > PAUSE_S * G_USEC_PER_SEC
        || last_process != getpid ();
  if (due)
    {
      g_free (last_folder);
      last_folder = g_strdup (folder);
      last_time = now;
      last_process = getpid ();
    }
  g_mutex_unlock (&lock);
  return due;
}

void
ivl_draft_name_clean (const char *folder)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;
  int fd;

  if (!is_due (folder))
    return;
  fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0)
    dir = g_dir_open (folder, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (is_left_behind (fd, name))
      unlinkat (fd, name, 0);
  if (fd >= 0)
    close (fd);
}
