/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Preloaded into tests: calls of the C library fail, are cut short or delayed at the n-th time on
 * chosen files. Nothing here allocates or calls GLib, since malloc() is among them.
 */
#include "fault-preload.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum
{
  MAX_RULES = 8,
  MAX_TEXT = 200,
};

typedef enum
{
  FAIL,
  SHORT,
  KILL,
  WAIT,
  OK,
  SEE,
  SPOIL,
  JUMP,
} Action;

typedef struct
{
  char       call[24];
  char       path[MAX_TEXT];
  long       when; /* 0: always */
  int        and_later;
  Action     action;
  long       value;
  atomic_int n_seen;
} Rule;

static Rule rules[MAX_RULES];
static atomic_int n_rules;
static atomic_int n_met;
/* The names of the calls that have met a rule, in order */
static char calls[4096];

extern void *__libc_malloc (size_t size);
extern void *__libc_calloc (size_t n,
                            size_t size);
extern void *__libc_realloc (void  *old,
                             size_t size);
extern void *__libc_memalign (size_t alignment,
                              size_t size);

static void
read_action (Rule       *rule,
             const char *text)
{
  static const struct
  {
    const char *name;
    Action      action;
  } actions[] = { { "short", SHORT }, { "kill", KILL }, { "wait=", WAIT }, { "ok", OK },
                  { "see", SEE }, { "spoil", SPOIL }, { "jump=", JUMP } };

  rule->action = FAIL;
  rule->value = strtol (text, NULL, 10);
  for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
    if (strncmp (text, actions[i].name, strlen (actions[i].name)) == 0)
      {
        rule->action = actions[i].action;
        rule->value = strtol (text + strlen (actions[i].name), NULL, 10);
      }
}

static void
read_rule (Rule       *rule,
           const char *text)
{
  char when[16] = "";
  char action[32] = "";

  memset (rule, 0, sizeof *rule);
  if (sscanf (text, "%23[^:]:%199[^:]:%15[^:]:%31[^;]", rule->call, rule->path, when, action) != 4)
    {
      fprintf (stderr, "fault-preload: no rule: %s\n", text);
      _exit (99);
    }
  if (strcmp (rule->path, "-") == 0)
    rule->path[0] = '\0';
  rule->when = strcmp (when, "*") == 0 ? 0 : strtol (when, NULL, 10);
  rule->and_later = strchr (when, '+') != NULL;
  read_action (rule, action);
}

void
fault_set (const char *text)
{
  int n = 0;

  atomic_store (&n_rules, 0);
  atomic_store (&n_met, 0);
  calls[0] = '\0';
  while (text != NULL && *text != '\0' && n < MAX_RULES)
    {
      const char *end = strchr (text, ';');

      read_rule (&rules[n++], text);
      text = end != NULL ? end + 1 : NULL;
    }
  atomic_store (&n_rules, n);
}

int
fault_count (void)
{
  return atomic_load (&n_met);
}

const char *
fault_calls (void)
{
  return calls;
}

static void __attribute__ ((constructor))
set_from_environment (void)
{
  fault_set (getenv ("IVL_FAULTS"));
}

/* Sleeps, ends the process, or gives the action back. */
static const Rule *
act (const Rule *rule)
{
  const size_t n = strlen (calls);

  atomic_fetch_add (&n_met, 1);
  snprintf (calls + n, sizeof calls - n, "%s%s", n > 0 ? " " : "", rule->call);
  if (rule->action == SEE)
    return NULL;
  if (rule->action == KILL)
    kill (getpid (), SIGKILL);
  if (rule->action != WAIT)
    return rule;
  for (long i = 0; i < rule->value; i++)
    nanosleep (&(struct timespec) { 0, 1000000 }, NULL);
  return NULL;
}

/* The rule that this call meets. path NULL: `size` counts instead. */
static const Rule *
meet (const char *call,
      const char *path,
      size_t      size)
{
  const int n = atomic_load (&n_rules);

  for (int i = 0; i < n; i++)
    {
      Rule *rule = &rules[i];
      long seen;

      if (strcmp (rule->call, call) != 0
          || (path != NULL ? strstr (path, rule->path) == NULL
                           : size < (size_t) strtoul (rule->path, NULL, 10)))
        continue;
      seen = atomic_fetch_add (&rule->n_seen, 1) + 1;
      if (rule->when == 0 || seen == rule->when || (rule->and_later && seen > rule->when))
        return act (rule);
    }
  return NULL;
}

static const Rule *
meet_fd (const char *call,
         int         fd)
{
  char link[40];
  char path[4096];
  ssize_t n;

  if (atomic_load (&n_rules) == 0)
    return NULL;
  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  n = readlink (link, path, sizeof path - 1);
  path[n > 0 ? n : 0] = '\0';
  return meet (call, path, 0);
}

#define NEXT(name) ((__typeof__ (&name)) dlsym (RTLD_NEXT, #name))

/* For a call that gives 0 or -1 */
#define PASS(rule, call)                               \
  do                                                   \
    {                                                  \
      const Rule *met = rule;                          \
      if (met != NULL && met->action == OK)            \
        return 0;                                      \
      if (met != NULL)                                 \
        {                                              \
          errno = (int) met->value;                    \
          return -1;                                   \
        }                                              \
      return call;                                     \
    }                                                  \
  while (0)

int
open (const char *path, int flags, ...)
{
  mode_t mode = 0;
  va_list list;

  va_start (list, flags);
  if (flags & (O_CREAT | O_TMPFILE))
    mode = va_arg (list, mode_t);
  va_end (list);
  if ((flags & O_TMPFILE) == O_TMPFILE)
    PASS (meet ("tmpfile", path, 0), NEXT (open) (path, flags, mode));
  PASS (meet ("open", path, 0), NEXT (open) (path, flags, mode));
}

int
open64 (const char *path, int flags, ...)
{
  mode_t mode = 0;
  va_list list;

  va_start (list, flags);
  if (flags & (O_CREAT | O_TMPFILE))
    mode = va_arg (list, mode_t);
  va_end (list);
  return open (path, flags, mode);
}

ssize_t
read (int fd, void *data, size_t size)
{
  const Rule *rule = meet_fd ("read", fd);

  if (rule != NULL && rule->action == SHORT)
    return NEXT (read) (fd, data, size > 1 ? size / 2 : size);
  PASS (rule, NEXT (read) (fd, data, size));
}

/* Writes something else than was given: "fina" for "fine" in it, or another last byte. */
static ssize_t
write_spoiled (int fd, const void *data, size_t size)
{
  char *copy = __libc_malloc (size);
  char *word;
  ssize_t n;

  memcpy (copy, data, size);
  word = memmem (copy, size, "fine", 4);
  if (word != NULL)
    word[3] = 'a';
  else
    copy[size - 1] ^= 1;
  n = NEXT (write) (fd, copy, size);
  free (copy);
  return n;
}

ssize_t
write (int fd, const void *data, size_t size)
{
  const Rule *rule = meet_fd ("write", fd);

  if (rule != NULL && rule->action == SPOIL)
    return write_spoiled (fd, data, size);
  if (rule != NULL && rule->action == SHORT)
    return NEXT (write) (fd, data, size > 1 ? size / 2 : size);
  PASS (rule, NEXT (write) (fd, data, size));
}

int
fsync (int fd)
{
  PASS (meet_fd ("fsync", fd), NEXT (fsync) (fd));
}

int
close (int fd)
{
  const Rule *rule = meet_fd ("close", fd);

  NEXT (close) (fd);
  PASS (rule, 0);
}

int
flock (int fd, int operation)
{
  PASS (meet_fd ("flock", fd), NEXT (flock) (fd, operation));
}

int
fchmod (int fd, mode_t mode)
{
  PASS (meet_fd ("fchmod", fd), NEXT (fchmod) (fd, mode));
}

int
fchown (int fd, uid_t owner, gid_t group)
{
  PASS (meet_fd ("fchown", fd), NEXT (fchown) (fd, owner, group));
}

int
fsetxattr (int fd, const char *name, const void *value, size_t size, int flags)
{
  PASS (meet_fd ("fsetxattr", fd), NEXT (fsetxattr) (fd, name, value, size, flags));
}

int
rename (const char *from, const char *to)
{
  PASS (meet ("rename", to, 0), NEXT (rename) (from, to));
}

int
renameat2 (int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
  PASS (meet ("renameat2", to, 0), NEXT (renameat2) (from_fd, from, to_fd, to, flags));
}

int
linkat (int from_fd, const char *from, int to_fd, const char *to, int flags)
{
  PASS (meet ("linkat", to, 0), NEXT (linkat) (from_fd, from, to_fd, to, flags));
}

int
mkdir (const char *path, mode_t mode)
{
  PASS (meet ("mkdir", path, 0), NEXT (mkdir) (path, mode));
}

void *
mmap (void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
  const Rule *rule = fd >= 0 ? meet_fd ("mmap", fd) : NULL;

  if (rule == NULL)
    return NEXT (mmap) (address, size, protection, flags, fd, offset);
  errno = (int) rule->value;
  return MAP_FAILED;
}

void *
mmap64 (void *address, size_t size, int protection, int flags, int fd, off64_t offset)
{
  return mmap (address, size, protection, flags, fd, offset);
}

int
clock_gettime (clockid_t clock, struct timespec *time)
{
  const int result = NEXT (clock_gettime) (clock, time);
  const Rule *rule = clock == CLOCK_REALTIME ? meet ("clock_gettime", "", 0) : NULL;

  if (rule != NULL && result == 0)
    time->tv_sec += rule->value;
  return result;
}

void *
malloc (size_t size)
{
  if (atomic_load (&n_rules) == 0 || meet ("malloc", NULL, size) == NULL)
    return __libc_malloc (size);
  errno = ENOMEM;
  return NULL;
}

void *
calloc (size_t n, size_t size)
{
  if (atomic_load (&n_rules) == 0 || meet ("malloc", NULL, n * size) == NULL)
    return __libc_calloc (n, size);
  errno = ENOMEM;
  return NULL;
}

void *
realloc (void *old, size_t size)
{
  if (atomic_load (&n_rules) == 0 || meet ("malloc", NULL, size) == NULL)
    return __libc_realloc (old, size);
  errno = ENOMEM;
  return NULL;
}

void *
aligned_alloc (size_t alignment, size_t size)
{
  if (atomic_load (&n_rules) == 0 || meet ("memalign", NULL, size) == NULL)
    return __libc_memalign (alignment, size);
  errno = ENOMEM;
  return NULL;
}

int
posix_memalign (void **data, size_t alignment, size_t size)
{
  *data = aligned_alloc (alignment, size);
  return *data != NULL ? 0 : ENOMEM;
}
