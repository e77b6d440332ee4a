/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Files that are replaced: what others have saved stays, and nobody gains or loses access.
 */
#include "util/ivl-replace-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <libivl/ivl-error.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "temp-files.h"
#include "util/ivl-draft-name.h"

static char *folder;
static char *path;

enum
{
  OWNER = 5000,
  OTHER_USER = 1234,
  GROUP = 4000,
};

static void
put (const char *text)
{
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
assert_text (const char *expected)
{
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, expected);
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

static void
begin (IvlReplaceFile *file,
       guint           new_mode)
{
  g_autoptr (GError) error = NULL;

  ivl_replace_file_begin (file, path, new_mode, NULL, &error);
  g_assert_no_error (error);
}

static gboolean
write_text (IvlReplaceFile  *file,
            const char      *text,
            GError         **error)
{
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);

  g_ptr_array_add (pieces, g_bytes_new (text, strlen (text)));
  return ivl_replace_file_write (file, pieces, NULL, error);
}

/* Begins, has another program do something, and expects to be told of it. */
static void
assert_kept (void (*meddle) (void),
             const char *expected)
{
  g_auto (IvlReplaceFile) file = IVL_REPLACE_FILE_INIT;
  g_autoptr (GError) error = NULL;

  put ("old");
  begin (&file, 0);
  write_text (&file, "ours", &error);
  g_assert_no_error (error);
  meddle ();
  g_assert_false (ivl_replace_file_commit (&file, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  g_assert_nonnull (strstr (error->message, "changed meanwhile"));
  if (expected != NULL)
    assert_text (expected);
  else
    g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  ivl_replace_file_clear (&file);
  g_assert_cmpuint (count_files (), ==, expected != NULL);
}

static void
save_another (void)
{
  g_autofree char *draft = g_strconcat (path, ".new", NULL);

  g_assert_true (g_file_set_contents (draft, "another program's", -1, NULL));
  g_assert_cmpint (g_rename (draft, path), ==, 0);
}

static void
write_into (void)
{
  const int fd = open (path, O_WRONLY | O_CLOEXEC);

  /* As long as before, and later by the clock of the file system, which has ticks */
  g_usleep (20000);
  g_assert_cmpint (pwrite (fd, "new", 3, 0), ==, 3);
  close (fd);
}

static void
touch_only (void)
{
  g_usleep (20000);
  g_assert_cmpint (g_chmod (path, 0604), ==, 0);
}

static void
remove_it (void)
{
  g_assert_cmpint (g_unlink (path), ==, 0);
}

static void
test_changed (void)
{
  assert_kept (save_another, "another program's");
  assert_kept (write_into, "new");
  assert_kept (touch_only, "old");
  assert_kept (remove_it, NULL);
}

/* A file that was not there at first and is now belongs to somebody else. */
static void
test_first (void)
{
  g_auto (IvlReplaceFile) file = IVL_REPLACE_FILE_INIT;
  g_auto (IvlReplaceFile) late = IVL_REPLACE_FILE_INIT;
  g_autoptr (GError) error = NULL;
  GStatBuf st;

  umask (022);
  begin (&file, 0666);
  write_text (&file, "first", &error);
  g_assert_no_error (error);
  g_assert_true (ivl_replace_file_commit (&file, &error));
  ivl_replace_file_clear (&file);
  assert_text ("first");
  g_assert_cmpint (g_stat (path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0644);

  remove_it ();
  begin (&late, 0600);
  write_text (&late, "ours", &error);
  g_assert_no_error (error);
  put ("another program's");
  g_assert_false (ivl_replace_file_commit (&late, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  assert_text ("another program's");
}

/* Both of two writers that begin at the same time have their part in the file. */
static void
append_many (char letter)
{
  for (guint i = 0; i < 50; i++)
    {
      g_auto (IvlReplaceFile) file = IVL_REPLACE_FILE_INIT;
      g_autoptr (GError) error = NULL;
      g_autofree char *text = NULL;
      g_autofree char *longer = NULL;

      begin (&file, 0);
      g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
      longer = g_strdup_printf ("%s%c", text, letter);
      write_text (&file, longer, &error);
      g_assert_no_error (error);
      ivl_replace_file_commit (&file, &error);
      g_assert_no_error (error);
    }
}

static void
test_turns (void)
{
  g_autofree char *text = NULL;
  pid_t child;
  int status;

  put ("");
  child = fork ();
  g_assert_cmpint (child, >=, 0);
  append_many (child == 0 ? 'c' : 'p');
  if (child == 0)
    _exit (0);
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpuint (strlen (text), ==, 100);
}

/* While it waits for its turn, it can be cancelled. */
static gpointer
cancel_soon (gpointer data)
{
  g_usleep (100000);
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_waiting (void)
{
  g_auto (IvlReplaceFile) file = IVL_REPLACE_FILE_INIT;
  g_auto (IvlReplaceFile) waiting = IVL_REPLACE_FILE_INIT;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread;

  put ("old");
  begin (&file, 0);
  thread = g_thread_new ("cancel", cancel_soon, cancellable);
  g_assert_false (ivl_replace_file_begin (&waiting, path, 0, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

/* An access control list as the kernel keeps it (linux/posix_acl_xattr.h): version 2, then entries
 * of tag, permissions and id, in little-endian. u::rw,u:1234:rw,g::---,m::rw,o::--- */
static const guint8 list[] = {
  2, 0, 0, 0,
  0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,
  0x02, 0, 6, 0, OTHER_USER & 0xff, OTHER_USER >> 8, 0, 0,
  0x04, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
  0x10, 0, 6, 0, 0xff, 0xff, 0xff, 0xff,
  0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
};

static void
replace (const char *text)
{
  g_auto (IvlReplaceFile) file = IVL_REPLACE_FILE_INIT;
  g_autoptr (GError) error = NULL;

  begin (&file, 0);
  write_text (&file, text, &error);
  g_assert_no_error (error);
  ivl_replace_file_commit (&file, &error);
  g_assert_no_error (error);
}

static gboolean
has_attribute (const char *name,
               const void *value,
               gsize       n)
{
  guint8 found[256];
  const gssize size = getxattr (path, name, found, sizeof found);

  return size == (gssize) n && memcmp (found, value, n) == 0;
}

static void
test_attributes (void)
{
  GStatBuf st;

  put ("old");
  if (setxattr (path, "user.note", "mine", 4, 0) != 0)
    {
      g_test_skip ("this file system has no extended attributes");
      return;
    }
  replace ("new");
  g_assert_true (has_attribute ("user.note", "mine", 4));

  if (setxattr (path, "system.posix_acl_access", list, sizeof list, 0) != 0)
    {
      g_test_skip ("this file system has no access control lists");
      return;
    }
  replace ("newer");
  g_assert_true (has_attribute ("system.posix_acl_access", list, sizeof list));
  g_assert_cmpint (g_stat (path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0660);
}

/* What the folder gives new files is not for a file that replaces one. */
static void
test_inherited (void)
{
  GStatBuf st;

  put ("old");
  g_assert_cmpint (g_chmod (path, 0660), ==, 0);
  if (setxattr (folder, "system.posix_acl_default", list, sizeof list, 0) != 0)
    {
      g_test_skip ("this file system has no access control lists");
      return;
    }
  replace ("new");
  g_assert_cmpint (getxattr (path, "system.posix_acl_access", NULL, 0), ==, -1);
  g_assert_cmpint (errno, ==, ENODATA);
  g_assert_cmpint (g_stat (path, &st), ==, 0);
  g_assert_cmpuint (st.st_mode & 0777, ==, 0660);
  removexattr (folder, "system.posix_acl_default");
}

/* Another user's write into a file that is open to him; `mode` and `group` are the file's. The
 * child writes as a user who owns neither. */
static gboolean
is_written_by_other (guint mode,
                     guint owner,
                     guint group)
{
  pid_t child;
  int status;

  put ("old");
  g_assert_cmpint (chown (path, owner, group), ==, 0);
  g_assert_cmpint (g_chmod (path, mode), ==, 0);
  child = fork ();
  if (child == 0)
    {
      g_auto (IvlReplaceFile) file = IVL_REPLACE_FILE_INIT;
      g_autoptr (GError) error = NULL;

      if (setgroups (0, NULL) != 0 || setregid (6000, 6000) != 0 || setreuid (OWNER, OWNER) != 0)
        _exit (2);
      _exit (ivl_replace_file_begin (&file, path, 0, NULL, &error)
             && write_text (&file, "new", &error) && ivl_replace_file_commit (&file, &error));
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) < 2);
  return WEXITSTATUS (status);
}

static void
assert_owner (guint owner,
              guint group,
              guint mode)
{
  GStatBuf st;

  g_assert_cmpint (g_stat (path, &st), ==, 0);
  g_assert_cmpuint (st.st_uid, ==, owner);
  g_assert_cmpuint (st.st_gid, ==, group);
  g_assert_cmpuint (st.st_mode & 0777, ==, mode);
}

static void
test_owner (void)
{
  if (geteuid () != 0)
    {
      g_test_skip ("only root can give files away");
      return;
    }
  g_assert_cmpint (g_chmod (folder, 0777), ==, 0);
  /* Root keeps everything */
  put ("old");
  g_assert_cmpint (chown (path, OWNER, GROUP), ==, 0);
  g_assert_cmpint (g_chmod (path, 0640), ==, 0);
  replace ("new");
  assert_owner (OWNER, GROUP, 0640);

  /* The group cannot be kept, and would mean something: refused */
  g_assert_false (is_written_by_other (0660, OWNER, GROUP));
  assert_text ("old");
  assert_owner (OWNER, GROUP, 0660);
  g_assert_false (is_written_by_other (0646, OWNER, GROUP));
  /* It means nothing: others may do the same */
  g_assert_true (is_written_by_other (0644, OWNER, GROUP));
  assert_owner (OWNER, 6000, 0644);
  g_assert_true (is_written_by_other (0600, OWNER, GROUP));
  /* Another's file stays the other's */
  g_assert_false (is_written_by_other (0666, OTHER_USER, GROUP));
  assert_text ("old");
  assert_owner (OTHER_USER, GROUP, 0666);
}

static void
test_links (void)
{
  g_autofree char *link = g_build_filename (folder, "link", NULL);
  g_autofree char *hard = g_build_filename (folder, "hard", NULL);
  g_autofree char *text = NULL;

  put ("old");
  g_assert_cmpint (symlink ("file", link), ==, 0);
  g_assert_cmpint (linkat (AT_FDCWD, path, AT_FDCWD, hard, 0), ==, 0);
  replace ("new");
  assert_text ("new");
  g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  g_assert_true (g_file_get_contents (hard, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "old");
}

/* A process that is gone has left a file; one that lives, and another's files, stay. */
static void
test_left_behind (void)
{
  g_autofree char *ours = ivl_draft_name_new (folder, ".png");
  g_autofree char *foreign = g_build_filename (folder, ".ivl-notes", NULL);
  g_auto (GStrv) parts = g_strsplit (strrchr (ours, '/'), "-", -1);
  g_autofree char *dead = NULL;
  pid_t child = fork ();

  if (child == 0)
    _exit (0);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  dead = g_strdup_printf ("%s%s-%s-%d-%s", folder, parts[0], parts[1], (int) child, parts[3]);
  put ("old");
  g_assert_true (g_file_set_contents (ours, "", -1, NULL));
  g_assert_true (g_file_set_contents (foreign, "", -1, NULL));
  g_assert_true (g_file_set_contents (dead, "", -1, NULL));
  replace ("new");
  g_assert_false (g_file_test (dead, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (ours, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (foreign, G_FILE_TEST_EXISTS));
}

/* Killed at random moments: the old file or the new one, whole, and nothing beside it after the
 * next write. */
static void
test_killed (void)
{
  g_autofree char *old = g_strnfill (300000, 'o');
  g_autofree char *new = g_strnfill (300000, 'n');
  g_autofree char *text = NULL;

  put (old);
  for (guint i = 0; i < 40; i++)
    {
      const pid_t child = fork ();
      g_autofree char *found = NULL;

      if (child == 0)
        for (;;)
          {
            replace (new);
            replace (old);
          }
      g_usleep (1000 + 500 * i);
      g_assert_cmpint (kill (child, SIGKILL), ==, 0);
      g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
      g_assert_true (g_file_get_contents (path, &found, NULL, NULL));
      g_assert_true (g_str_equal (found, old) || g_str_equal (found, new));
    }
  /* In another process, which has not just looked through the folder */
  {
    const pid_t child = fork ();

    if (child == 0)
      {
        replace ("end");
        _exit (0);
      }
    g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  }
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "end");
  g_assert_cmpuint (count_files (), ==, 1);
}

static const struct
{
  const char *name;
  GTestFunc   run;
} tests[] = {
  { "/replace-file/changed", test_changed },
  { "/replace-file/first", test_first },
  { "/replace-file/turns", test_turns },
  { "/replace-file/waiting", test_waiting },
  { "/replace-file/attributes", test_attributes },
  { "/replace-file/inherited", test_inherited },
  { "/replace-file/owner", test_owner },
  { "/replace-file/links", test_links },
  { "/replace-file/left-behind", test_left_behind },
  { "/replace-file/killed", test_killed },
};

static void
run_in_folder (gconstpointer data)
{
  const guint index = GPOINTER_TO_UINT (data);

  folder = temp_files_make_folder ();
  path = g_build_filename (folder, "file", NULL);
  tests[index].run ();
  g_free (path);
  temp_files_remove_folder (folder);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add_data_func (tests[i].name, GUINT_TO_POINTER (i), run_in_folder);
  return g_test_run ();
}
