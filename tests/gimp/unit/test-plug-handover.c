/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The socket between the processes of one GIMP: who listens, what is taken, and that nothing that
 * others leave or send there keeps a window from opening. */
#include "plug-handover.h"

#include "temp-files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#define GIMP 4711

typedef struct
{
  char          *folder; /* XDG_RUNTIME_DIR */
  char          *own;    /* the folder in it that is used */
  char          *socket;
  PlugHandover  *handover;
  const PlugAction *action; /* what came last */
  int            image;
  guint          n_taken;
} Fixture;

typedef struct
{
  const PlugAction *action;
  int               image;
  gboolean          taken;
} Sending;

/* GLib reads the variable once in a process, so all tests share the folder and tidy up */
static char *runtime_dir;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = g_strdup (runtime_dir);
  self->own = g_build_filename (self->folder, "ivl", NULL);
  self->socket = g_strdup_printf ("%s/gimp-%d.sock", self->own, GIMP);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_clear_pointer (&self->handover, plug_handover_close);
  g_unlink (self->socket);
  g_chmod (self->own, 0700);
  g_free (self->folder);
  g_free (self->own);
  g_free (self->socket);
}

static void
take (const PlugAction *action, int image, gpointer user_data)
{
  Fixture *self = user_data;
  self->action = action;
  self->image = image;
  self->n_taken++;
}

static void
listen_here (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  self->handover = plug_handover_listen (GIMP, take, self, &error);
  g_assert_no_error (error);
  g_assert_nonnull (self->handover);
}

static gpointer
send_in_thread (gpointer data)
{
  Sending *sending = data;
  sending->taken = plug_handover_send (GIMP, sending->action, sending->image, NULL);
  g_main_context_wakeup (NULL);
  return NULL;
}

/* As another process does it, while this one's main loop runs */
static gboolean
send_from_outside (Fixture *self, const char *procedure, int image)
{
  Sending sending = { plug_action_find (procedure), image, FALSE };
  guint n_before = self->n_taken;
  GThread *thread = g_thread_new ("menu", send_in_thread, &sending);
  while (self->n_taken == n_before)
    g_main_context_iteration (NULL, TRUE);
  g_thread_join (thread);
  return sending.taken;
}

static GSocket *
connect_raw (Fixture *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (self->socket);
  GSocket *socket =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);
  g_assert_no_error (error);
  g_socket_connect (socket, address, NULL, &error);
  g_assert_no_error (error);
  return socket;
}

/* Whether the listener ends the connection without a word, as it shall with what it cannot read */
static void
assert_is_refused (Fixture *self, const char *line)
{
  g_autoptr (GSocket) socket = connect_raw (self);
  gssize n_sent = g_socket_send (socket, line, strlen (line), NULL, NULL);
  g_assert_cmpint (n_sent, ==, (gssize)strlen (line));
  while (!(g_socket_condition_check (socket, G_IO_IN) & G_IO_IN))
    g_main_context_iteration (NULL, TRUE);
  char answer[16];
  g_assert_cmpint (g_socket_receive (socket, answer, sizeof answer, NULL, NULL), <=, 0);
  g_assert_cmpuint (self->n_taken, ==, 0);
}

static void
test_takes (Fixture *self, gconstpointer data)
{
  g_assert_false (plug_handover_send (GIMP, plug_action_find ("plug-in-ivl-ask"), 1, NULL));
  listen_here (self);
  g_assert_true (send_from_outside (self, "plug-in-ivl-ask", 1));
  g_assert_cmpstr (self->action->procedure, ==, "plug-in-ivl-ask");
  g_assert_cmpint (self->image, ==, 1);
  g_assert_true (send_from_outside (self, "plug-in-ivl-ocr", G_MAXINT));
  g_assert_cmpstr (self->action->procedure, ==, "plug-in-ivl-ocr");
  g_assert_cmpint (self->image, ==, G_MAXINT);
}

static void
test_one_listens (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  listen_here (self);
  g_assert_null (plug_handover_listen (GIMP, take, self, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_EXIST);
  /* Another GIMP is another matter */
  PlugHandover *other = plug_handover_listen (GIMP + 1, take, self, NULL);
  g_assert_nonnull (other);
  plug_handover_close (other);
  g_assert_true (send_from_outside (self, "plug-in-ivl-ask", 2));
}

static void
test_close (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  listen_here (self);
  g_clear_pointer (&self->handover, plug_handover_close);
  g_assert_false (g_file_test (self->socket, G_FILE_TEST_EXISTS));
  g_assert_false (plug_handover_send (GIMP, plug_action_find ("plug-in-ivl-ask"), 1, NULL));
  g_autoptr (GDir) folder = g_dir_open (self->own, 0, &error);
  g_assert_no_error (error);
  g_assert_null (g_dir_read_name (folder));
  listen_here (self);
}

static guint n_slow;

static void
note_slow (void)
{
  n_slow++;
}

/* The process with the windows is in the middle of an export: its main loop stands still */
static void
test_busy (Fixture *self, gconstpointer data)
{
  listen_here (self);
  n_slow = 0;
  g_assert_false (plug_handover_send (GIMP, plug_action_find ("plug-in-ivl-ask"), 1, note_slow));
  g_assert_cmpuint (n_slow, ==, 1);
  /* Whoever has given up gets no window later */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpuint (self->n_taken, ==, 0);
  g_assert_true (send_from_outside (self, "plug-in-ivl-ask", 6));
}

/* A connection that says nothing, or not all, holds nobody up and is dropped with the listener */
static void
test_silence (Fixture *self, gconstpointer data)
{
  listen_here (self);
  g_autoptr (GSocket) silent = connect_raw (self);
  g_autoptr (GSocket) half = connect_raw (self);
  g_assert_cmpint (g_socket_send (half, "open plug", 9, NULL, NULL), ==, 9);
  g_assert_true (send_from_outside (self, "plug-in-ivl-ask", 3));
  g_clear_pointer (&self->handover, plug_handover_close);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  char answer[16];
  g_assert_cmpint (g_socket_receive (half, answer, sizeof answer, NULL, NULL), <=, 0);
  g_assert_cmpuint (self->n_taken, ==, 1);
}

static void
test_garbage (Fixture *self, gconstpointer data)
{
  static const char *const lines[] = {
    "\n",
    "open\n",
    "open plug-in-ivl-ask\n",
    "open plug-in-ivl-ask x\n",
    "open plug-in-ivl-ask -1\n",
    "open plug-in-ivl-ask 2147483648\n",
    "open plug-in-ivl-none 1\n",
    "close plug-in-ivl-ask 1\n",
    "open plug-in-ivl-ask 1 2\n",
    "open  plug-in-ivl-ask 1\n",
    "\xff\xfe\n",
  };
  listen_here (self);
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    assert_is_refused (self, lines[i]);
  g_autofree char *endless = g_strnfill (4000, 'a');
  assert_is_refused (self, endless);
  g_assert_true (send_from_outside (self, "plug-in-ivl-ask", 4));
}

/* What a killed process leaves */
static void
test_stale (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_mkdir_with_parents (self->own, 0700);
  g_autoptr (GSocket) dead =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (self->socket);
  g_socket_bind (dead, address, FALSE, &error);
  g_assert_no_error (error);
  g_socket_close (dead, NULL);
  g_assert_true (g_file_test (self->socket, G_FILE_TEST_EXISTS));
  g_assert_false (plug_handover_send (GIMP, plug_action_find ("plug-in-ivl-ask"), 1, NULL));
  listen_here (self);
  g_assert_true (send_from_outside (self, "plug-in-ivl-ask", 5));
}

/* A folder that others may look into is not used, in either direction */
static void
test_open_folder (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  listen_here (self);
  g_assert_cmpint (g_chmod (self->own, 0755), ==, 0);
  g_assert_false (plug_handover_send (GIMP, plug_action_find ("plug-in-ivl-ask"), 1, NULL));
  g_assert_null (plug_handover_listen (GIMP + 1, take, self, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_PERM);
  g_assert_cmpuint (self->n_taken, ==, 0);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    void (*run) (Fixture *, gconstpointer);
  } tests[] = {
    { "takes", test_takes },     { "one-listens", test_one_listens }, { "close", test_close },
    { "silence", test_silence }, { "garbage", test_garbage },         { "stale", test_stale },
    { "open-folder", test_open_folder }, { "busy", test_busy },
  };
  runtime_dir = temp_files_make_folder ();
  g_setenv ("XDG_RUNTIME_DIR", runtime_dir, TRUE);
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/handover/", tests[i].name, NULL);
      g_test_add (path, Fixture, NULL, set_up, tests[i].run, tear_down);
    }
  int status = g_test_run ();
  temp_files_remove_folder (runtime_dir);
  return status;
}
