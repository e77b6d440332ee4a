/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A file that is cut short while it is mapped: the process lives, the lost pages read as zeros,
 * check() says so; and a SIGBUS that is not ours still reaches whom it reached before. */
#include <fcntl.h>
#include <libivl/ivl-error.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "formats/ivl-checkpoint.h"
#include "temp-files.h"
#include "util/ivl-mapped-file.h"

#define N_BYTES (1024 * 1024 + 777)

static char *
write_ones (const char *folder,
            const char *name)
{
  g_autofree guint8 *bytes = g_malloc (N_BYTES);

  memset (bytes, 1, N_BYTES);
  return temp_files_write (folder, name, bytes, N_BYTES);
}

/* Reads every byte, last ones first or first ones first, and returns the sum. */
static guint
sum (const guint8 *data,
     gboolean      backwards)
{
  guint total = 0;

  for (gsize i = 0; i < N_BYTES; i++)
    total += ((const volatile guint8 *) data)[backwards ? N_BYTES - 1 - i : i];
  return total;
}

static void
test_truncated (gconstpointer data)
{
  gboolean backwards = GPOINTER_TO_INT (data);
  char *folder = temp_files_make_folder ();

  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *path = write_ones (folder, "model");
      g_autoptr(GError) error = NULL;
      g_autoptr(IvlMappedFile) file = ivl_mapped_file_open (path, &error);
      gsize size = (gsize) N_BYTES * i / 20;

      g_assert_no_error (error);
      g_assert_cmpint (truncate (path, size), ==, 0);
      g_assert_cmpuint (sum (ivl_mapped_file_get_data (file), backwards), ==, size);
      g_assert_false (ivl_mapped_file_check (file, &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
      g_assert_nonnull (strstr (error->message, "changed on disk"));
    }
  temp_files_remove_folder (folder);
}

/* Someone who puts size and time back (or a fast copy over the file) cannot hide that zeros were
 * read. */
static void
test_restored_size (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *path = write_ones (folder, "model");
  g_autoptr(GError) error = NULL;
  g_autoptr(IvlMappedFile) file = ivl_mapped_file_open (path, &error);
  struct stat before;
  struct timespec times[2];

  g_assert_cmpint (stat (path, &before), ==, 0);
  g_assert_cmpint (truncate (path, 0), ==, 0);
  g_assert_cmpuint (sum (ivl_mapped_file_get_data (file), FALSE), ==, 0);
  g_assert_cmpint (truncate (path, N_BYTES), ==, 0);
  times[0] = before.st_atim;
  times[1] = before.st_mtim;
  g_assert_cmpint (utimensat (AT_FDCWD, path, times, 0), ==, 0);
  g_assert_false (ivl_mapped_file_check (file, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  temp_files_remove_folder (folder);
}

static gpointer
read_until_zero (gpointer data)
{
  while (sum (data, FALSE) != 0)
    ;
  return NULL;
}

static void
test_truncated_under_threads (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *path = write_ones (folder, "model");
  g_autofree char *other_path = write_ones (folder, "other");
  g_autoptr(GError) error = NULL;
  g_autoptr(IvlMappedFile) file = ivl_mapped_file_open (path, &error);
  g_autoptr(IvlMappedFile) other = ivl_mapped_file_open (other_path, &error);
  GThread *threads[4];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("reader", read_until_zero,
                               (gpointer) ivl_mapped_file_get_data (file));
  for (gssize size = N_BYTES; size > 0; size -= 50000)
    {
      /* The table of ranges changes while the handler walks it. */
      g_autoptr(IvlMappedFile) passing = ivl_mapped_file_open (other_path, &error);

      g_assert_no_error (error);
      g_assert_cmpint (truncate (path, size), ==, 0);
    }
  g_assert_cmpint (truncate (path, 0), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_false (ivl_mapped_file_check (file, NULL));
  g_assert_true (ivl_mapped_file_check (other, &error));
  g_assert_cmpuint (sum (ivl_mapped_file_get_data (other), FALSE), ==, N_BYTES);
  temp_files_remove_folder (folder);
}

static void
test_checkpoint (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *path = temp_files_write_safetensors (
    folder, "model.safetensors",
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[100000],\"data_offsets\":[0,100000]}}", 100000);
  g_autoptr(GError) error = NULL;
  g_autoptr(IvlCheckpoint) checkpoint = ivl_checkpoint_open (folder, &error);
  IvlTensor tensor;

  g_assert_no_error (error);
  g_assert_true (ivl_checkpoint_lookup (checkpoint, "a", &tensor));
  g_assert_cmpuint (tensor.data[99999], ==, 99999 & 0xff);
  g_assert_true (ivl_checkpoint_check (checkpoint, &error));
  g_assert_cmpint (truncate (path, 1000), ==, 0);
  g_assert_cmpuint (((const volatile guint8 *) tensor.data)[99999], ==, 0);
  g_assert_false (ivl_checkpoint_check (checkpoint, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  temp_files_remove_folder (folder);
}

static void
exit_with_42 (int signal_number)
{
  _exit (42);
}

/* Reads a page that a mapping of its own has lost. Does not return. */
static void
fault_elsewhere (const char *folder)
{
  g_autofree char *path = write_ones (folder, "foreign");
  int fd = open (path, O_RDONLY);
  const volatile guint8 *data = mmap (NULL, N_BYTES, PROT_READ, MAP_PRIVATE, fd, 0);

  if (truncate (path, 0) == 0)
    g_print ("%u", data[N_BYTES / 2]);
  _exit (0);
}

/* In a child process: a SIGBUS outside of our files, with a handler of the program's own or
 * without. */
static void
test_foreign_fault (gconstpointer data)
{
  gboolean has_handler = GPOINTER_TO_INT (data);
  char *folder = temp_files_make_folder ();
  pid_t pid = fork ();
  int status = 0;

  if (pid == 0)
    {
      g_autofree char *path = write_ones (folder, "ours");

      signal (SIGBUS, has_handler ? exit_with_42 : SIG_DFL);
      if (ivl_mapped_file_open (path, NULL) != NULL)
        fault_elsewhere (folder);
      _exit (1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  if (has_handler)
    g_assert_cmpint (WIFEXITED (status) ? WEXITSTATUS (status) : -1, ==, 42);
  else
    g_assert_cmpint (WIFSIGNALED (status) ? WTERMSIG (status) : -1, ==, SIGBUS);
  temp_files_remove_folder (folder);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* First, while no handler is set up in this process: the children are to set it up themselves. */
  g_test_add_data_func ("/hostile/mapped-file/0-foreign-fault-handled", GINT_TO_POINTER (TRUE),
                        test_foreign_fault);
  g_test_add_data_func ("/hostile/mapped-file/0-foreign-fault-kills", GINT_TO_POINTER (FALSE),
                        test_foreign_fault);
  g_test_add_data_func ("/hostile/mapped-file/truncated", GINT_TO_POINTER (FALSE), test_truncated);
  g_test_add_data_func ("/hostile/mapped-file/truncated-backwards", GINT_TO_POINTER (TRUE),
                        test_truncated);
  g_test_add_func ("/hostile/mapped-file/restored-size", test_restored_size);
  g_test_add_func ("/hostile/mapped-file/threads", test_truncated_under_threads);
  g_test_add_func ("/hostile/mapped-file/checkpoint", test_checkpoint);
  return g_test_run ();
}
