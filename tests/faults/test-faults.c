/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the system may do to a program, row by row: calls that fail, give less, hang or end the
 * process at the n-th time (fault-preload.c). Whatever happens, a file of the user's is the old or
 * the new one, whole, nothing is left beside it, and a failure has its reason. Further rows: in
 * test-faults.py (the command), unit/test-replace-file.c, hostile/test-hostile-mapped-file.c (F8,
 * F9), remote/ (F14 to F20, F31), cli/test-terminal.py (F30), the suite locale (F29).
 */
#include <libivl/ivl.h>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault-preload.h"
#include "starve.h"
#include "temp-files.h"

static char *folder;
static char *path;

enum
{
  CHILD_FAILED = 3, /* the exit status of a child whose call gave an error */
};

static const char *const pictures[] = { "rgb16.png", "progressive.jpg", "rgba.tiff", "lossy.webp" };

static GBytes *
read_file (const char *name)
{
  g_autoptr (GError) error = NULL;
  char *data;
  gsize size;

  g_file_get_contents (name, &data, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (data, size);
}

static char *
copy_picture (const char *name)
{
  g_autofree char *from = g_test_build_filename (G_TEST_DIST, "golden", "images", name, NULL);
  g_autoptr (GBytes) bytes = read_file (from);
  gsize size;
  const void *data = g_bytes_get_data (bytes, &size);

  return temp_files_write (folder, name, data, size);
}

static guint
count_files (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static gboolean
write_text (const char   *text,
            GCancellable *cancellable,
            GError      **error)
{
  g_autoptr (IvlMetadata) metadata = ivl_metadata_new ();

  ivl_metadata_set_alt_text (metadata, text);
  return ivl_metadata_write_file (metadata, path, cancellable, error);
}

static void
assert_text (const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlMetadata) metadata = ivl_metadata_read_file (path, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (ivl_metadata_get_alt_text (metadata), ==, expected);
}

/* Rules with the folder's name for %s */
static void
set_faults (const char *rules)
{
  g_auto (GStrv) parts = rules != NULL ? g_strsplit (rules, "%s", -1) : NULL;
  g_autofree char *filled = rules != NULL ? g_strjoinv (folder, parts) : NULL;

  fault_set (filled);
}

typedef struct
{
  const char    *row;
  const char    *faults;
  GFileError     code; /* that the write ends in */
} WriteRow;

#define NAMELESS_FAILS "tmpfile:%s:*:95;" /* EOPNOTSUPP */
#define NO_EXCHANGE    "renameat2:%s:*:22;"

/* A write of texts that ends in an error; numbers are errno.h's of Linux. */
static const WriteRow failing_rows[] = {
  { "F3/write-no-space", "write:%s:1:28", G_FILE_ERROR_NOSPC },
  { "F3/second-write-no-space", "write:%s:2:28", G_FILE_ERROR_NOSPC },
  { "F3/fsync-no-space", "fsync:%s:1:28", G_FILE_ERROR_NOSPC },
  { "F3/name-no-space", "linkat:%s:1:28", G_FILE_ERROR_NOSPC },
  { "F3/exchange-no-space", "renameat2:%s:1:28", G_FILE_ERROR_NOSPC },
  { "F3/rename-no-space", NO_EXCHANGE "rename:%s:1:28", G_FILE_ERROR_NOSPC },
  { "F3/named-no-space", NAMELESS_FAILS "write:%s:1:28", G_FILE_ERROR_NOSPC },
  { "F4/write-io", "write:%s:1:5", G_FILE_ERROR_IO },
  { "F5/close-io", "close:%s/#:*:5", G_FILE_ERROR_IO },
  { "F5/fsync-io", "fsync:%s:1:5", G_FILE_ERROR_IO },
  { "F5/folder-fsync-io", "fsync:%s:2:5", G_FILE_ERROR_IO },
  { "F5/named-close-io", NAMELESS_FAILS "close:%s/.ivl-:*:5", G_FILE_ERROR_IO },
  { "F6/quota", "write:%s:1:122", G_FILE_ERROR_FAILED },
  { "F6/read-only", "tmpfile:%s:*:30;open:%s/.ivl-:*:30", G_FILE_ERROR_ROFS },
  { "F6/no-access", "tmpfile:%s:*:13;open:%s/.ivl-:*:13", G_FILE_ERROR_ACCES },
  { "F6/name-too-long", "tmpfile:%s:*:36;open:%s/.ivl-:*:36", G_FILE_ERROR_NAMETOOLONG },
  { "F6/too-many-files", "tmpfile:%s:*:24;open:%s/.ivl-:*:24", G_FILE_ERROR_MFILE },
  { "F6/too-many-files-at-all", "open:%s:1:24", G_FILE_ERROR_MFILE },
  { "F6/too-many-files-everywhere", "open:%s:1:23", G_FILE_ERROR_NFILE },
  { "F6/too-many-links", "linkat:%s:1:31", G_FILE_ERROR_FAILED },
  { "F22/exchange-fails", "renameat2:%s:1:5", G_FILE_ERROR_IO },
  { "F22/rename-fails", NO_EXCHANGE "rename:%s:1:5", G_FILE_ERROR_IO },
  { "F23/permissions-refused", "fchmod:%s:1:1", G_FILE_ERROR_PERM },
};

/* The same where the write succeeds: the system gives less, or knows less. */
static const WriteRow passing_rows[] = {
  { "F7/short-writes", "write:%s:*:short", 0 },
  { "F7/interrupted-writes", "write:%s:1:4;write:%s:2:4", 0 },
  { "F7/again-writes", "write:%s:1:11;write:%s:2:11", 0 },
  { "F7/interrupted-opens", "open:%s:1:4;tmpfile:%s:1:4", 0 },
  { "F7/interrupted-fsync", "fsync:%s:1:4", 0 },
  { "F10/slow-writes", "write:%s:*:wait=50", 0 },
  { "F22/no-exchange", NO_EXCHANGE, 0 },
  { "F22/no-nameless-files", NAMELESS_FAILS, 0 },
  { "F25/no-locks", "flock:%s:*:37", 0 },
  { "F34/fsync-unknown", "fsync:%s:*:22", 0 },
};

static GBytes *
undisturbed (const char *picture)
{
  g_autofree char *other = NULL;
  GBytes *bytes;

  path = copy_picture (picture);
  g_assert_true (write_text ("fine", NULL, NULL));
  bytes = read_file (path);
  other = path;
  path = NULL;
  g_assert_cmpint (g_unlink (other), ==, 0);
  return bytes;
}

static void
test_failing (gconstpointer data)
{
  const WriteRow *row = data;

  for (guint i = 0; i < G_N_ELEMENTS (pictures); i++)
    {
      g_autoptr (GBytes) before = NULL;
      g_autoptr (GBytes) after = NULL;
      g_autoptr (GError) error = NULL;
      gboolean done;

      path = copy_picture (pictures[i]);
      g_assert_cmpint (g_chmod (path, 0644), ==, 0);
      before = read_file (path);
      set_faults (row->faults);
      done = write_text ("fine", NULL, &error);
      g_assert_cmpint (fault_count (), >, 0);
      set_faults (NULL);
      g_test_message ("%s", error != NULL ? error->message : "no error");
      g_assert_false (done);
      g_assert_error (error, G_FILE_ERROR, (int) row->code);
      after = read_file (path);
      g_assert_true (g_bytes_equal (before, after));
      g_assert_cmpuint (count_files (), ==, 1);
      g_unlink (path);
      g_clear_pointer (&path, g_free);
    }
}

static void
test_passing (gconstpointer data)
{
  const WriteRow *row = data;

  for (guint i = 0; i < G_N_ELEMENTS (pictures); i++)
    {
      g_autoptr (GBytes) wanted = undisturbed (pictures[i]);
      g_autoptr (GBytes) found = NULL;
      g_autoptr (GError) error = NULL;

      path = copy_picture (pictures[i]);
      set_faults (row->faults);
      write_text ("fine", NULL, &error);
      g_assert_cmpint (fault_count (), >, 0);
      set_faults (NULL);
      g_assert_no_error (error);
      found = read_file (path);
      g_assert_true (g_bytes_equal (wanted, found));
      g_assert_cmpuint (count_files (), ==, 1);
      g_unlink (path);
      g_clear_pointer (&path, g_free);
    }
}

/* F22: killed at each call of a write. The next write removes what is left. */
static void
test_killed (void)
{
  static const char *const calls[] = {
    "write:%s:1:kill", "fsync:%s:1:kill", "linkat:%s:1:kill", "close:%s/#:1:kill",
    "renameat2:%s:1:kill", "fsync:%s:2:kill", NAMELESS_FAILS "write:%s:1:kill",
    NAMELESS_FAILS "fsync:%s:1:kill", NO_EXCHANGE "rename:%s:1:kill",
  };
  g_autoptr (GBytes) new = undisturbed ("rgb16.png");

  path = copy_picture ("rgb16.png");
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autofree char *copy = copy_picture ("rgb16.png");
      g_autoptr (GBytes) old = read_file (path);
      g_autoptr (GBytes) found = NULL;
      const pid_t child = fork ();
      int status;

      if (child == 0)
        {
          set_faults (calls[i]);
          write_text ("fine", NULL, NULL);
          _exit (0);
        }
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      g_test_message ("%s", calls[i]);
      g_assert_true (WIFSIGNALED (status));
      found = read_file (path);
      g_assert_true (g_bytes_equal (found, old) || g_bytes_equal (found, new));
    }
  {
    const pid_t child = fork ();

    if (child == 0)
      _exit (write_text ("last", NULL, NULL) ? 0 : CHILD_FAILED);
    g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  }
  assert_text ("last");
  g_assert_cmpuint (count_files (), ==, 1);
}

/* What is on the disk is not what was written: each write in turn. The last one ends behind the
 * picture's end mark, where no decoder looks. */
static void
test_spoiled (void)
{
  guint n = 1;
  int met;

  do
    {
      g_autofree char *rules = g_strdup_printf ("write:%%s:%u:spoil", n++);
      g_autoptr (GBytes) before = NULL;
      g_autoptr (GBytes) after = NULL;
      gboolean done;
      FILE *file;

      path = copy_picture ("progressive.jpg");
      file = fopen (path, "ab");
      g_assert_true (file != NULL && fputs ("tail", file) >= 0 && fclose (file) == 0);
      before = read_file (path);
      set_faults (rules);
      done = write_text ("fine", NULL, NULL);
      met = fault_count ();
      set_faults (NULL);
      after = read_file (path);
      g_test_message ("write %u: %s", n - 1, done ? "done" : "refused");
      g_assert_cmpint (done, ==, met == 0);
      g_assert_cmpint (g_bytes_equal (before, after), ==, met > 0);
      g_unlink (path);
      g_clear_pointer (&path, g_free);
    }
  while (met > 0);
  g_assert_cmpuint (n, >, 3);
}

/* F34: on the disk before it gets the old one's name, and then the folder. */
static void
test_power_loss (void)
{
  path = copy_picture ("rgb16.png");
  set_faults ("fsync:%s:*:see;renameat2:%s:*:see");
  g_assert_true (write_text ("fine", NULL, NULL));
  g_test_message ("%s", fault_calls ());
  g_assert_cmpstr (fault_calls (), ==, "fsync renameat2 fsync");
  set_faults (NULL);
}

/* F35: the system's folder for temporary files is full. */
static void
test_full_tmp (void)
{
  char *other = temp_files_make_folder ();
  g_autofree char *rules = g_strdup_printf ("open:%s:*:28;tmpfile:%s:*:28", other, other);

  g_setenv ("TMPDIR", other, TRUE);
  path = copy_picture ("rgb16.png");
  fault_set (rules);
  g_assert_true (write_text ("fine", NULL, NULL));
  fault_set (NULL);
  assert_text ("fine");
  temp_files_remove_folder (other);
}

/* F21: the clock jumps a day while a text is written, forwards and back. */
static void
test_clock_jump (void)
{
  path = copy_picture ("rgb16.png");
  fault_set ("clock_gettime:-:2+:jump=86400");
  g_assert_true (write_text ("forwards", NULL, NULL));
  fault_set ("clock_gettime:-:2+:jump=-86400");
  g_assert_true (write_text ("back", NULL, NULL));
  fault_set (NULL);
  assert_text ("back");
}

/* F10: the file system takes its time for each write; who cancels waits for one of them. */
static gpointer
cancel_soon (gpointer cancellable)
{
  g_usleep (100000);
  g_cancellable_cancel (cancellable);
  return NULL;
}

static void
test_cancel_slow (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) before = NULL;
  g_autoptr (GBytes) after = NULL;
  GThread *thread;
  gint64 begin;

  path = copy_picture ("rgb16.png");
  before = read_file (path);
  set_faults ("write:%s:*:wait=300;fsync:%s:*:wait=300");
  thread = g_thread_new ("cancel", cancel_soon, cancellable);
  begin = g_get_monotonic_time ();
  g_assert_false (write_text ("fine", cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 5 * G_USEC_PER_SEC);
  set_faults (NULL);
  g_thread_join (thread);
  after = read_file (path);
  g_assert_true (g_bytes_equal (before, after));
  g_assert_cmpuint (count_files (), ==, 1);
}

/* F4, F26: a picture that cannot be read to its end is none, whatever its first part holds. */
static void
assert_unread (const char *faults)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlImage) image = NULL;

  set_faults (faults);
  image = ivl_image_new_from_file (path, IVL_IMAGE_DEFAULT, 0, NULL, &error);
  g_assert_cmpint (fault_count (), >, 0);
  set_faults (NULL);
  g_test_message ("%s: %s", faults, error != NULL ? error->message : "read");
  g_assert_null (image);
  g_assert_nonnull (strstr (error->message, g_path_get_basename (path)));
}

static void
test_unread (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (pictures); i++)
    {
      path = copy_picture (pictures[i]);
      assert_unread ("read:%s:1:5");
      assert_unread ("read:%s:1:ok");
      assert_unread ("open:%s:1:5");
      assert_unread ("open:%s:1:24");
      g_unlink (path);
      g_clear_pointer (&path, g_free);
    }
}

/* Another program saves in the instant between the last look at the name and the change of names:
 * its file stays. */
static gpointer
save_soon (gpointer data)
{
  g_autofree char *draft = g_strconcat (path, ".new", NULL);

  g_usleep (150000);
  g_assert_true (g_file_set_contents (draft, "another program's", -1, NULL));
  g_assert_cmpint (g_rename (draft, path), ==, 0);
  return NULL;
}

static void
assert_other_stays (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("ours", 4);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  GThread *thread;

  set_faults ("renameat2:%s:1:wait=400");
  thread = g_thread_new ("save", save_soon, NULL);
  g_assert_false (ivl_file_save (path, bytes, 0, NULL, &error));
  set_faults (NULL);
  g_thread_join (thread);
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "another program's");
  g_assert_cmpuint (count_files (), ==, 1);
}

static void
test_last_instant (void)
{
  path = g_build_filename (folder, "notes", NULL);
  assert_other_stays (); /* where there was no file */
  assert_other_stays ();
}

/* A file is replaced between its opening and its locking: the lock of the new one counts. */
static void
test_late_lock (void)
{
  g_autoptr (GBytes) bytes = g_bytes_new ("ours", 4);
  g_autoptr (GError) error = NULL;
  GThread *thread;

  path = temp_files_write_text (folder, "notes", "old");
  set_faults ("flock:%s/notes:1:wait=400");
  thread = g_thread_new ("save", save_soon, NULL);
  ivl_file_save (path, bytes, 0, NULL, &error);
  set_faults (NULL);
  g_thread_join (thread);
  g_assert_no_error (error);
}

static guint
get_mode (const char *name)
{
  struct stat st;

  g_assert_cmpint (stat (name, &st), ==, 0);
  return st.st_mode & 0777;
}

/* A draft that another program fills takes the place of a file, which hands its permissions on;
 * until then nobody reads the draft who may not read the file. */
static void
test_draft (void)
{
  static const guint modes[] = { 0, 0600, 0644 }; /* 0: there is no file */
  const mode_t mask = umask (022);

  path = g_build_filename (folder, "picture.png", NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *draft = NULL;
      g_autofree char *text = NULL;

      if (modes[i] != 0)
        g_assert_cmpint (chmod (path, modes[i]), ==, 0);
      draft = ivl_file_make_draft (path, ".png", &error);
      g_assert_no_error (error);
      g_assert_true (g_str_has_suffix (draft, ".png"));
      g_assert_cmpuint (get_mode (draft), ==, modes[i] == 0 ? 0644 : 0600);
      text = g_strdup_printf ("draft %u", (guint) i);
      g_assert_true (g_file_set_contents_full (draft, text, -1, G_FILE_SET_CONTENTS_NONE, 0600,
                                               &error));
      ivl_file_put_draft (draft, path, NULL, &error);
      g_assert_no_error (error);
      g_clear_pointer (&text, g_free);
      g_assert_true (g_file_get_contents (path, &text, NULL, &error));
      g_assert_true (g_str_has_prefix (text, "draft") && text[6] == '0' + (char) i);
      g_assert_cmpuint (get_mode (path), ==, modes[i] == 0 ? 0644 : modes[i]);
      g_assert_cmpuint (count_files (), ==, 1);
    }
  umask (mask);
}

static gpointer
lead_elsewhere (gpointer name)
{
  g_autofree char *link = g_build_filename (folder, "link.png", NULL);
  g_autofree char *other = g_build_filename (folder, "other", NULL);

  g_usleep (100000);
  g_assert_cmpint (symlink (name, other), ==, 0);
  g_assert_cmpint (g_rename (other, link), ==, 0);
  return NULL;
}

/* A symbolic link leads to another picture before the one that it led to is read: no picture gets
 * into the place of the other one, which may have been closed to others. */
static void
test_moved_link (void)
{
  g_autofree char *link = g_build_filename (folder, "link.png", NULL);
  g_autofree char *other = copy_picture ("gray-trns.png");
  g_autoptr (GBytes) wanted = NULL;
  g_autoptr (GBytes) found = NULL;
  g_autoptr (GError) error = NULL;
  GThread *thread;

  path = copy_picture ("rgb16.png");
  write_text ("fine", NULL, &error);
  g_assert_no_error (error);
  wanted = read_file (path);
  g_unlink (path);
  g_free (path);
  g_free (copy_picture ("rgb16.png"));
  g_assert_cmpint (symlink ("rgb16.png", link), ==, 0);
  path = g_strdup (link);
  set_faults ("flock:%s/rgb16.png:1:wait=400");
  thread = g_thread_new ("link", lead_elsewhere, (gpointer) "gray-trns.png");
  write_text ("fine", NULL, &error);
  g_assert_cmpint (fault_count (), ==, 1);
  set_faults (NULL);
  g_thread_join (thread);
  g_assert_no_error (error);
  g_free (path);
  path = g_build_filename (folder, "rgb16.png", NULL);
  found = read_file (path);
  g_assert_true (g_bytes_equal (found, wanted));
}

/* F26: another program writes into the picture all the time while it is read, as many bytes as
 * before. */
static gpointer
write_into (gpointer data)
{
  g_autoptr (GBytes) bytes = data;
  const int fd = g_open (path, O_WRONLY, 0);

  for (guint i = 0; i < 20; i++)
    {
      g_usleep (50000);
      g_assert_cmpint (pwrite (fd, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), 0), ==,
                       g_bytes_get_size (bytes));
    }
  close (fd);
  return NULL;
}

static void
test_changed_while_read (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlImage) image = NULL;
  GThread *thread;
  GBytes *bytes;

  path = copy_picture ("rgb16.png");
  bytes = read_file (path);
  set_faults ("read:%s/rgb16.png:*:wait=150");
  thread = g_thread_new ("write", write_into, bytes);
  image = ivl_image_new_from_file (path, IVL_IMAGE_DEFAULT, 0, NULL, &error);
  set_faults (NULL);
  g_thread_join (thread);
  g_assert_null (image);
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, "changed"));
}

static GBytes *
read_tiles (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlImage) image = ivl_image_new_from_file (path, IVL_IMAGE_DEFAULT, 0, NULL, &error);
  GBytes *tiles;

  g_assert_no_error (error);
  tiles = ivl_image_cut_tiles (image, 448, 1, 4, TRUE, &error);
  g_assert_no_error (error);
  return tiles;
}

/* F7: a picture that comes in pieces and with interruptions is the same picture. */
static void
test_read_in_pieces (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (pictures); i++)
    {
      g_autoptr (GBytes) wanted = NULL;
      g_autoptr (GBytes) found = NULL;

      path = copy_picture (pictures[i]);
      wanted = read_tiles ();
      set_faults ("open:%s:1:4;read:%s:1:4;read:%s:3:4;read:%s:*:short");
      found = read_tiles ();
      g_assert_cmpint (fault_count (), >, 3);
      set_faults (NULL);
      g_assert_true (g_bytes_equal (wanted, found));
      g_unlink (path);
      g_clear_pointer (&path, g_free);
    }
}

/* F3, F5, F6, F22 for the configuration: the old settings stay. */
static void
test_config (void)
{
  static const char *const faults[] = {
    "write:%s:1:28", "fsync:%s:1:5", "close:%s/ivl/#:*:5", "linkat:%s:1:28", "renameat2:%s:1:5",
    NO_EXCHANGE "rename:%s:1:5", "tmpfile:%s:*:30;open:%s/ivl/.ivl-:*:30",
    "open:%s:1:24",
  };
  g_autofree char *name = g_build_filename (folder, "ivl", "ivl.conf", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autoptr (IvlConfig) config = NULL;
      g_autoptr (IvlConfig) again = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *model = NULL;

      config = ivl_config_load (&error);
      g_assert_no_error (error);
      ivl_config_set_model (config, "old");
      ivl_config_save (config, &error);
      g_assert_no_error (error);
      ivl_config_set_model (config, "new");
      set_faults (faults[i]);
      g_assert_false (ivl_config_save (config, &error));
      g_assert_cmpint (fault_count (), >, 0);
      set_faults (NULL);
      g_test_message ("%s: %s", faults[i], error->message);
      again = ivl_config_load (NULL);
      model = ivl_config_get_model (again);
      g_assert_cmpstr (model, ==, "old");
      /* The change is kept for another try */
      g_assert_true (ivl_config_save (config, NULL));
    }
  g_assert_true (g_file_test (name, G_FILE_TEST_EXISTS));
}

/* F12: each larger allocation fails in turn, until none is left to fail. What a file decides the
 * size of never ends the process. */
static gboolean
load_image (GError **error)
{
  g_autoptr (IvlImage) image = ivl_image_new_from_file (path, IVL_IMAGE_DEFAULT, 0, NULL, error);

  return image != NULL;
}

static gboolean
write_fine (GError **error)
{
  return write_text ("fine", NULL, error);
}

static gboolean
embed_picture (GError **error)
{
  g_autofree char *model = g_test_build_filename (G_TEST_DIST, "..", "data", "demo", "model", NULL);
  g_autoptr (IvlModel) opened = ivl_model_open (model, NULL, error);
  g_autoptr (IvlImage) image = NULL;
  g_autofree float *values = NULL;
  gsize n;

  if (opened == NULL)
    return FALSE;
  image = ivl_image_new_from_file (path, IVL_IMAGE_DEFAULT, 0, NULL, error);
  if (image == NULL)
    return FALSE;
  values = ivl_model_embed (opened, image, &n, NULL, error);
  return values != NULL;
}

/* icc.webp with bytes behind its profile: more than what GLib may allocate */
static void
write_large_profile (void)
{
  g_autoptr (GBytes) whole = NULL;
  g_autofree char *golden = copy_picture ("icc.webp");
  g_autofree char *room = g_malloc0 (2 * STARVE_LEAST_BYTES);
  g_autoptr (GString) file = NULL;
  gsize size;
  const char *data;
  guint32 *n_chunk, *n_riff, n_read;
  gsize at, n;

  whole = read_file (golden);
  data = g_bytes_get_data (whole, &size);
  file = g_string_new_len (data, size);
  at = (const char *) memmem (data, size, "ICCP", 4) - data + 4;
  memcpy (&n_read, data + at, sizeof n_read);
  n = GUINT32_FROM_LE (n_read);
  g_string_insert_len (file, at + 4 + n + n % 2, room, 2 * STARVE_LEAST_BYTES);
  n_riff = (guint32 *) (file->str + 4);
  n_chunk = (guint32 *) (file->str + at);
  *n_riff = GUINT32_TO_LE (GUINT32_FROM_LE (*n_riff) + 2 * STARVE_LEAST_BYTES);
  *n_chunk = GUINT32_TO_LE (n + n % 2 + 2 * STARVE_LEAST_BYTES);
  path = temp_files_write (folder, "large-profile.webp", file->str, file->len);
}

static GBytes *converted;

/* Without its profile the picture has other colours: not a success. */
static gboolean
load_with_profile (GError **error)
{
  g_autoptr (IvlImage) image = ivl_image_new_from_file (path, IVL_IMAGE_DEFAULT, 0, NULL, error);

  if (image != NULL && !g_bytes_equal (ivl_image_get_pixels (image), converted))
    g_error ("other colours");
  return image != NULL;
}

static void
test_starved_profile (void)
{
  g_autofree char *golden = copy_picture ("icc.webp");
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlImage) image = ivl_image_new_from_file (golden, IVL_IMAGE_DEFAULT, 0, NULL, &error);

  g_assert_no_error (error);
  converted = ivl_image_get_pixels (image);
  write_large_profile ();
  starve (load_with_profile, "a large profile", STARVE_LEAST_BYTES);
}

static void
test_starved (void)
{
  g_setenv ("G_SLICE", "always-malloc", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (pictures); i++)
    {
      path = copy_picture (pictures[i]);
      starve (load_image, pictures[i], STARVE_LEAST_BYTES);
      starve (write_fine, pictures[i], STARVE_LEAST_BYTES);
      g_unlink (path);
      g_clear_pointer (&path, g_free);
    }
  path = copy_picture ("rgba.tiff");
  starve (embed_picture, "the demo model", 4 * STARVE_LEAST_BYTES);
}

/* F11: less memory than the weights need, by a limit of the process. */
static gboolean
open_model (GError **error)
{
  g_autofree char *model = g_test_build_filename (G_TEST_DIST, "..", "data", "demo", "model", NULL);
  g_autoptr (IvlModel) opened = ivl_model_open (model, NULL, error);

  return opened != NULL;
}

static void
test_little_memory (void)
{
  for (guint mebibytes = 0; mebibytes <= 64; mebibytes += 4)
    {
      const pid_t child = fork ();
      int status;

      if (child == 0)
        {
          g_autoptr (GError) error = NULL;
          g_autofree char *statm = NULL;
          rlim_t used = 0;

          g_file_get_contents ("/proc/self/statm", &statm, NULL, NULL);
          used = g_ascii_strtoull (statm, NULL, 10) * (rlim_t) sysconf (_SC_PAGESIZE);
          setrlimit (RLIMIT_AS, &(struct rlimit) { used + mebibytes * 1048576, RLIM_INFINITY });
          _exit (open_model (&error) ? 0 : error != NULL ? 2 : CHILD_FAILED);
        }
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      g_test_message ("%u MiB: status %d", mebibytes, status);
      g_assert_true (WIFEXITED (status));
      g_assert_true (WEXITSTATUS (status) == 0 || WEXITSTATUS (status) == 2);
    }
}

static void
run_in_folder (GTestFunc     run,
               GTestDataFunc run_row,
               gconstpointer row)
{
  folder = temp_files_make_folder ();
  g_setenv ("XDG_CONFIG_HOME", folder, TRUE);
  if (run != NULL)
    run ();
  else
    run_row (row);
  g_clear_pointer (&path, g_free);
  temp_files_remove_folder (folder);
}

static const struct
{
  const char *name;
  GTestFunc   run;
} tests[] = {
  { "/faults/F4-F26/unread", test_unread },
  { "/faults/F26/last-instant", test_last_instant },
  { "/faults/F26/late-lock", test_late_lock },
  { "/faults/F26/moved-link", test_moved_link },
  { "/faults/F26/changed-while-read", test_changed_while_read },
  { "/faults/F7/read-in-pieces", test_read_in_pieces },
  { "/faults/F3-F22/config", test_config },
  { "/faults/F10/cancel", test_cancel_slow },
  { "/faults/F11/little-memory", test_little_memory },
  { "/faults/F12/starved", test_starved },
  { "/faults/F12/profile", test_starved_profile },
  { "/faults/F21/clock-jump", test_clock_jump },
  { "/faults/F7/spoiled", test_spoiled },
  { "/faults/F22/killed", test_killed },
  { "/faults/F34/power-loss", test_power_loss },
  { "/faults/F35/full-tmp", test_full_tmp },
  { "/faults/draft", test_draft },
};

static void
run_test (gconstpointer data)
{
  run_in_folder (tests[GPOINTER_TO_UINT (data)].run, NULL, NULL);
}

static void
run_failing (gconstpointer row)
{
  run_in_folder (NULL, test_failing, row);
}

static void
run_passing (gconstpointer row)
{
  run_in_folder (NULL, test_passing, row);
}

static void
add_rows (const WriteRow *rows,
          guint           n,
          GTestDataFunc   run)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *name = g_strconcat ("/faults/", rows[i].row, NULL);

      g_test_add_data_func (name, &rows[i], run);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (fault_set == NULL)
    g_error ("Start this with LD_PRELOAD=libfault-preload.so");
  add_rows (failing_rows, G_N_ELEMENTS (failing_rows), run_failing);
  add_rows (passing_rows, G_N_ELEMENTS (passing_rows), run_passing);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add_data_func (tests[i].name, GUINT_TO_POINTER (i), run_test);
  return g_test_run ();
}
