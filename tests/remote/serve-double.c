/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A server whose model does what the question says: how long it thinks, how much it writes, how
 * fast, and how it fails. "begin=500 tokens=10 each=20 fail=3" thinks for 500 ms and then fails
 * after three of ten tokens of 20 ms; "tiles=4 tile=300 prompt=9" takes 300 ms for each of four
 * tiles and then reads nine tokens, telling how far it is; "crash" ends the process by SIGSEGV.
 * Reads lines from standard input: "model" gives it its model, the end of the input ends it.
 * Usage: serve-double SOCKET MAX-RUNNING MAX-WAITING */
#include <libivl/ivl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOUBLE_TYPE_ENGINE (double_engine_get_type ())
G_DECLARE_FINAL_TYPE (DoubleEngine, double_engine, DOUBLE, ENGINE, IvlEngine)

struct _DoubleEngine
{
  IvlEngine parent_instance;
};

G_DEFINE_FINAL_TYPE (DoubleEngine, double_engine, IVL_TYPE_ENGINE)

typedef struct
{
  guint n_tokens;
  guint n_made;
  guint each;
  guint width;
  guint fails_after;
} Work;

static void
double_engine_get_info (IvlEngine     *engine,
                        IvlEngineInfo *info)
{
  *info = (IvlEngineInfo) { .name = "double",
                            .family = "none",
                            .origin = "this computer",
                            .capabilities = IVL_ENGINE_CHAT,
                            .context_length = 1000000 };
}

static gpointer
double_engine_open_timeline (IvlEngine *engine)
{
  return g_new0 (Work, 1);
}

static void
double_engine_close_timeline (IvlEngine *engine,
                              gpointer   timeline)
{
  g_free (timeline);
}

static guint
get_number (const char *text,
            const char *name,
            guint       otherwise)
{
  const char *found = strstr (text, name);

  return found != NULL ? (guint) g_ascii_strtoull (found + strlen (name), NULL, 10) : otherwise;
}

/* FALSE when cancelled. */
static gboolean
pass_time (guint          ms,
           GCancellable  *cancellable,
           GError       **error)
{
  gint64 end = g_get_monotonic_time () + ms * G_TIME_SPAN_MILLISECOND;

  while (g_get_monotonic_time () < end && !g_cancellable_is_cancelled (cancellable))
    g_usleep (MIN (5000, ms * 1000));
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

static gboolean
read_prompt (const char       *text,
             IvlProgressFunc   progress,
             gpointer          data,
             GCancellable     *cancellable,
             GError          **error)
{
  guint n_tiles = get_number (text, "tiles=", 0);
  guint n_tokens = get_number (text, "prompt=", 0);

  for (guint i = 0; i < n_tiles; i++)
    {
      progress (IVL_PHASE_TILES, i, n_tiles, data);
      if (!pass_time (get_number (text, "tile=", 0), cancellable, error))
        return FALSE;
    }
  if (n_tokens > 0)
    progress (IVL_PHASE_PREFILL, 0, n_tokens, data);
  if (n_tokens > 0 && !pass_time (300, cancellable, error))
    return FALSE;
  if (n_tokens > 0)
    progress (IVL_PHASE_PREFILL, n_tokens, n_tokens, data);
  return TRUE;
}

static gboolean
double_engine_begin (IvlEngine        *engine,
                     gpointer          timeline,
                     GPtrArray        *messages,
                     IvlOptions       *options,
                     IvlUsage         *usage,
                     IvlProgressFunc   progress,
                     gpointer          progress_data,
                     GCancellable     *cancellable,
                     GError          **error)
{
  Work *work = timeline;
  IvlMessage *question = g_ptr_array_index (messages, messages->len - 1);
  const char *text = ivl_message_get_part_text (question, 0);

  *work = (Work) { get_number (text, "tokens=", 3), 0, get_number (text, "each=", 0),
                   get_number (text, "width=", 4), get_number (text, "fail=", G_MAXUINT) };
  usage->n_prompt_tokens = 7;
  if (strstr (text, "crash") != NULL)
    raise (SIGSEGV);
  return pass_time (get_number (text, "begin=", 0), cancellable, error) &&
         read_prompt (text, progress, progress_data, cancellable, error);
}

static gboolean
double_engine_advance (IvlEngine     *engine,
                       gpointer       timeline,
                       GString       *text,
                       GArray        *ids,
                       IvlUsage      *usage,
                       GCancellable  *cancellable,
                       GError       **error)
{
  Work *work = timeline;

  if (work->n_made >= work->fails_after)
    {
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "the double fails as told");
      return FALSE;
    }
  if (!pass_time (work->each, cancellable, error))
    return FALSE;
  g_string_append_printf (text, "%0*u ", (int) work->width, work->n_made);
  work->n_made++;
  usage->n_answer_tokens = work->n_made;
  if (work->n_made >= work->n_tokens)
    usage->finish_reason = IVL_FINISH_STOP;
  return TRUE;
}

static void
double_engine_end (IvlEngine *engine,
                   gpointer   timeline)
{
}

static void
double_engine_class_init (DoubleEngineClass *klass)
{
  IvlEngineClass *engine_class = IVL_ENGINE_CLASS (klass);

  engine_class->get_info = double_engine_get_info;
  engine_class->open_timeline = double_engine_open_timeline;
  engine_class->close_timeline = double_engine_close_timeline;
  engine_class->begin = double_engine_begin;
  engine_class->advance = double_engine_advance;
  engine_class->end = double_engine_end;
}

static void
double_engine_init (DoubleEngine *self)
{
}

typedef struct
{
  IvlServer    *server;
  GCancellable *cancellable;
} Control;

static gpointer
read_control (gpointer data)
{
  Control *control = data;
  char line[64];

  while (fgets (line, sizeof line, stdin) != NULL)
    if (g_str_has_prefix (line, "model"))
      {
        g_autoptr (IvlEngine) engine = g_object_new (DOUBLE_TYPE_ENGINE, NULL);
        g_autoptr (IvlModel) model = ivl_model_new_for_engine (engine);

        ivl_server_set_model (control->server, model);
      }
  g_cancellable_cancel (control->cancellable);
  return NULL;
}

static void
on_ready (IvlServer *server,
          gpointer   data)
{
  printf ("ready\n");
  fflush (stdout);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (IvlServer) server = ivl_server_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Control control = { server, cancellable };
  GThread *reader;

  g_object_set (server, "socket", argv[1], "max-running", (guint) atoi (argv[2]), "max-waiting",
                (guint) atoi (argv[3]), "crash-notice", TRUE, NULL);
  if (argc != 4 || !ivl_server_listen (server, NULL, &error))
    return 2;
  g_signal_connect (server, "ready", G_CALLBACK (on_ready), NULL);
  printf ("listening\n");
  fflush (stdout);
  reader = g_thread_new ("control", read_control, &control);
  ivl_server_run (server, cancellable, &error);
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      fprintf (stderr, "%s\n", error != NULL ? error->message : "ended by itself");
      return 1;
    }
  g_thread_join (reader);
  return 0;
}
