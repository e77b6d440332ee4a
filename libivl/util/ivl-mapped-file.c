/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files mapped read-only that survive being cut short while in use.
 *
 * A page of a mapping that lies past the end of its file raises SIGBUS. One process-wide handler,
 * set up at the first mapping, looks the address up in a table of our ranges, puts zero pages
 * there, marks the file as changed and returns; whoever computes with the zeros asks
 * ivl_mapped_file_check() before a result counts. Reading the file with read() instead would need a
 * private copy of the weights.
 */
#include "util/ivl-mapped-file.h"

#include <errno.h>
#include <libivl/ivl-error.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/ivl-bounded-file.h"

/* A row of the handler's table. Rows are chained once and used again, never freed, so the
 * handler walks them without a lock. start == 0 means that the row is free. */
typedef struct _Range
{
  struct _Range   *next;
  _Atomic guintptr start;
  _Atomic gsize    size;
  _Atomic int      changed;
} Range;

struct _IvlMappedFile
{
  gatomicrefcount ref_count;
  char           *path;
  int             fd;
  guint8         *data;
  gsize           size;
  gint64          mtime_ns;
  Range          *range; /* NULL for an empty file */
};

static _Atomic (Range *) ranges;
static GMutex ranges_lock; /* writers only */
static struct sigaction previous_action;
static gsize page_size;

/* Called in the signal handler: atomics only. start is read again after size, so that a row
 * which is being given to another file is not taken for a range that never was. */
static Range *
find_range (guintptr address)
{
  for (Range *range = atomic_load (&ranges); range != NULL; range = range->next)
    {
      guintptr start = atomic_load (&range->start);
      gsize size = atomic_load (&range->size);

      if (start != 0 && address >= start && address - start < size
          && atomic_load (&range->start) == start)
        return range;
    }
  return NULL;
}

static void
call_previous_handler (int        signal_number,
                       siginfo_t *info,
                       void      *context)
{
  if (previous_action.sa_flags & SA_SIGINFO)
    previous_action.sa_sigaction (signal_number, info, context);
  else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN)
    previous_action.sa_handler (signal_number);
  else if (previous_action.sa_handler == SIG_DFL || info->si_code > 0)
    {
      struct sigaction action = { .sa_handler = SIG_DFL };

      /* The signal is blocked until the handler returns, and then ends the process as without
       * us. */
      sigaction (SIGBUS, &action, NULL);
      raise (SIGBUS);
    }
}

static void
handle_sigbus (int        signal_number,
               siginfo_t *info,
               void      *context)
{
  int saved_errno = errno;
  guintptr page = (guintptr) info->si_addr & ~(guintptr) (page_size - 1);
  Range *range = info->si_code > 0 ? find_range ((guintptr) info->si_addr) : NULL;

  if (range != NULL)
    {
      /* All that follows in a file that was cut short is lost too, and an unreadable page spoils
       * the result anyway: one mapping to the end keeps their number down. */
      gsize length = atomic_load (&range->start) + atomic_load (&range->size) - page;
      void *zeros = mmap ((void *) page, length, PROT_READ,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);

      atomic_store (&range->changed, 1);
      errno = saved_errno;
      if (zeros != MAP_FAILED)
        return;
    }
  call_previous_handler (signal_number, info, context);
  errno = saved_errno;
}

static void
install_handler (void)
{
  static gsize done;

  if (g_once_init_enter (&done))
    {
      struct sigaction action = { .sa_sigaction = handle_sigbus,
                                  .sa_flags = SA_SIGINFO | SA_ONSTACK };

      page_size = sysconf (_SC_PAGESIZE);
      sigemptyset (&action.sa_mask);
      sigaction (SIGBUS, &action, &previous_action);
      g_once_init_leave (&done, 1);
    }
}

static Range *
range_register (guintptr start,
                gsize    size)
{
  Range *range;

  g_mutex_lock (&ranges_lock);
  for (range = atomic_load (&ranges); range != NULL; range = range->next)
    if (atomic_load (&range->start) == 0)
      break;
  if (range == NULL)
    {
      range = g_new0 (Range, 1);
      range->next = atomic_load (&ranges);
      atomic_store (&ranges, range);
    }
  atomic_store (&range->changed, 0);
  atomic_store (&range->size, size);
  atomic_store (&range->start, start);
  g_mutex_unlock (&ranges_lock);
  return range;
}

static void
range_unregister (Range *range)
{
  g_mutex_lock (&ranges_lock);
  atomic_store (&range->start, 0);
  g_mutex_unlock (&ranges_lock);
}

IvlMappedFile *
ivl_mapped_file_open (const char  *path,
                      GError     **error)
{
  g_autoptr(IvlMappedFile) self = g_new0 (IvlMappedFile, 1);
  guint64 size;
  void *data;

  g_atomic_ref_count_init (&self->ref_count);
  self->path = g_strdup (path);
  self->fd = ivl_bounded_file_open (path, &size, &self->mtime_ns, error);
  if (self->fd < 0)
    return NULL;
  self->size = size;
  if (size == 0)
    return g_steal_pointer (&self);

  install_handler ();
  data = size > G_MAXSIZE ? MAP_FAILED : mmap (NULL, size, PROT_READ, MAP_PRIVATE, self->fd, 0);
  if (data == MAP_FAILED)
    {
      g_autofree char *name = g_filename_display_name (path);

      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "%s: cannot map its %" G_GUINT64_FORMAT " bytes into memory", name, size);
      return NULL;
    }
  self->data = data;
  self->range = range_register ((guintptr) data, size);
  return g_steal_pointer (&self);
}

IvlMappedFile *
ivl_mapped_file_ref (IvlMappedFile *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ivl_mapped_file_unref (IvlMappedFile *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->range != NULL)
    {
      /* The row is freed first: afterwards the addresses may belong to someone else. */
      range_unregister (self->range);
      munmap (self->data, self->size);
    }
  if (self->fd >= 0)
    close (self->fd);
  g_free (self->path);
  g_free (self);
}

const guint8 *
ivl_mapped_file_get_data (IvlMappedFile *self)
{
  return self->data != NULL ? self->data : (const guint8 *) "";
}

gsize
ivl_mapped_file_get_size (IvlMappedFile *self)
{
  return self->size;
}

const char *
ivl_mapped_file_get_path (IvlMappedFile *self)
{
  return self->path;
}

gboolean
ivl_mapped_file_check (IvlMappedFile  *self,
                       GError        **error)
{
  g_autofree char *name = NULL;
  struct stat st;

  if (fstat (self->fd, &st) == 0 && (guint64) st.st_size == self->size
      && (gint64) st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec == self->mtime_ns
      && (self->range == NULL || !atomic_load (&self->range->changed)))
    return TRUE;
  name = g_filename_display_name (self->path);
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: changed on disk while in use", name);
  return FALSE;
}
