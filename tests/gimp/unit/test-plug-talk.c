/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Conversations with the user's own service, which this program is as well ("serve"), with a model
 * that does what the question says, and with a server that counts as another computer. */
#include "plug-talk.h"

#include "host-memory.h"
#include "plug-advice.h"
#include "plug-models.h"
#include "plug-settings.h"
#include "replay-server.h"
#include "temp-files.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ------------------------------------------------------------------ a model for the service */

#define DOUBLE_TYPE_ENGINE (double_engine_get_type ())
G_DECLARE_FINAL_TYPE (DoubleEngine, double_engine, DOUBLE, ENGINE, IvlEngine)

struct _DoubleEngine
{
  IvlEngine parent_instance;
};

G_DEFINE_FINAL_TYPE (DoubleEngine, double_engine, IVL_TYPE_ENGINE)

/* "think=MS" before the first word, "words=N" of them, "each=MS" for one; then what it has seen. */
typedef struct
{
  guint    n_words;
  guint    n_told;
  guint    each;
  GString *last;
} Work;

static const char *
get_name (void)
{
  const char *name = g_getenv ("IVL_DOUBLE_NAME");

  return name != NULL ? name : "double";
}

static void
double_engine_get_info (IvlEngine     *engine,
                        IvlEngineInfo *info)
{
  *info = (IvlEngineInfo) { .name = get_name (),
                            .family = "none",
                            .origin = "this computer",
                            .capabilities = IVL_ENGINE_CHAT | IVL_ENGINE_VISION,
                            .context_length = 1000000,
                            .tile_size = 32,
                            .min_tiles = 1,
                            .max_tiles = 6,
                            .use_thumbnail = TRUE };
}

static gpointer
double_engine_open_timeline (IvlEngine *engine)
{
  Work *work = g_new0 (Work, 1);

  work->last = g_string_new (NULL);
  return work;
}

static void
double_engine_close_timeline (IvlEngine *engine,
                              gpointer   timeline)
{
  Work *work = timeline;

  g_string_free (work->last, TRUE);
  g_free (work);
}

static guint
get_number (const char *text,
            const char *name,
            guint       otherwise)
{
  const char *found = strstr (text, name);

  return found != NULL ? (guint) g_ascii_strtoull (found + strlen (name), NULL, 10) : otherwise;
}

static gboolean
pass_time (guint          ms,
           GCancellable  *cancellable,
           GError       **error)
{
  gint64 end = g_get_monotonic_time () + ms * G_TIME_SPAN_MILLISECOND;

  while (g_get_monotonic_time () < end && !g_cancellable_is_cancelled (cancellable))
    g_usleep (MIN (2000, ms * 1000));
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

/* "pid=7 messages=3 pictures=1 tiles=6 text=words of the question"; nothing else is said of them */
static void
tell_all (GString    *told,
          GPtrArray  *messages,
          IvlOptions *options)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint n_pictures = 0;
  guint n_tiles = 0;

  for (guint i = 0; i < messages->len; i++)
    {
      IvlMessage *message = g_ptr_array_index (messages, i);

      g_string_truncate (text, 0);
      for (guint p = 0; p < ivl_message_get_n_parts (message); p++)
        if (ivl_message_get_part_kind (message, p) == IVL_PART_IMAGE)
          {
            IvlImage *image = ivl_message_get_part_image (message, p);

            n_pictures++;
            n_tiles = ivl_image_get_height (image) / MAX (ivl_image_get_tile_size (image), 1);
          }
        else
          g_string_append (text, ivl_message_get_part_text (message, p));
    }
  g_string_printf (told, "pid=%d messages=%u pictures=%u tiles=%u tokens=%u text=%s", getpid (),
                   messages->len, n_pictures, n_tiles,
                   ivl_options_get_max_tokens (options), text->str);
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
  const char *text;

  tell_all (work->last, messages, options);
  text = strstr (work->last->str, " text=");
  work->n_words = get_number (text, "words=", 0);
  work->n_told = 0;
  work->each = get_number (text, "each=", 0);
  usage->n_prompt_tokens = 7;
  if (strstr (text, "too long") != NULL)
    {
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_CONTEXT_FULL, "context length exceeded");
      return FALSE;
    }
  return pass_time (get_number (text, "think=", 0), cancellable, error);
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

  if (!pass_time (work->each, cancellable, error))
    return FALSE;
  usage->n_answer_tokens = ++work->n_told;
  if (work->n_told <= work->n_words)
    {
      g_string_append_printf (text, "w%u ", work->n_told);
      return TRUE;
    }
  g_string_append (text, work->last->str);
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

/* What "IVL_SERVE_COMMAND serve ..." runs; ends with the test program, or when it is told to. */
static int
serve (void)
{
  g_autoptr (IvlServer) server = ivl_server_new ();
  g_autoptr (IvlEngine) engine = g_object_new (DOUBLE_TYPE_ENGINE, NULL);
  g_autoptr (IvlModel) model = ivl_model_new_for_engine (engine);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (g_get_user_runtime_dir (), "serve.pid", NULL);
  g_autofree char *pid = g_strdup_printf ("%d", getpid ());

  alarm (200);
  g_file_set_contents (path, pid, -1, NULL);
  ivl_server_set_model (server, model);
  if (!ivl_server_listen (server, NULL, &error) || !ivl_server_run (server, NULL, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  return 0;
}

/* --------------------------------------------------------------------------------- one talk */

static char *root;

typedef struct
{
  PlugSource *source;
  PlugTalk   *talk;
  int         image;
  GString    *pieces;
  GString    *states;   /* a letter for each */
  GString    *progress; /* sentences */
  char       *answer;   /* (nullable) */
  char       *partial;  /* (nullable) */
  char       *place;    /* consent is asked for */
  GError     *error;
  gboolean    is_done;
  gboolean    is_stopped;
  gboolean    stops_at_piece;
  guint       n_anew;
  guint       n_ends;
  GPtrArray  *regions;
} Fixture;

static void
on_state (PlugTalk *talk,
          Fixture  *self)
{
  g_string_append_c (self->states, "iRCOLA"[plug_talk_get_state (talk)]);
}

static void
on_progress (PlugTalk   *talk,
             double      fraction,
             const char *sentence,
             Fixture    *self)
{
  g_assert_cmpfloat (fraction, <=, 1);
  g_assert_nonnull (sentence);
  g_string_append_printf (self->progress, "%s\n", sentence);
}

static void
on_consent (PlugTalk   *talk,
            const char *place,
            Fixture    *self)
{
  g_free (self->place);
  self->place = g_strdup (place);
}

static void
on_anew (PlugTalk *talk,
         Fixture  *self)
{
  self->n_anew++;
}

static void
on_piece (PlugTalk   *talk,
          const char *text,
          Fixture    *self)
{
  g_string_append (self->pieces, text);
  if (self->stops_at_piece)
    plug_talk_stop (talk);
}

static void
on_answered (PlugTalk *talk,
             IvlReply *reply,
             gboolean  is_stopped,
             Fixture  *self)
{
  g_assert_cmpint (plug_talk_get_state (talk), ==, PLUG_TALK_IDLE);
  self->answer = g_strdup (reply != NULL ? ivl_reply_get_text (reply) : "none");
  if (reply != NULL)
    self->regions = ivl_reply_get_regions (reply);
  self->is_stopped = is_stopped;
  self->is_done = TRUE;
  self->n_ends++;
}

static void
on_failed (PlugTalk   *talk,
           GError     *error,
           const char *partial,
           Fixture    *self)
{
  g_assert_cmpint (plug_talk_get_state (talk), ==, PLUG_TALK_IDLE);
  self->error = g_error_copy (error);
  self->partial = g_strdup (partial);
  self->is_done = TRUE;
  self->n_ends++;
}

static void
fixture_add_talk (Fixture *self)
{
  self->talk = plug_talk_new (self->source);
  g_signal_connect (self->talk, "state-changed", G_CALLBACK (on_state), self);
  g_signal_connect (self->talk, "progress", G_CALLBACK (on_progress), self);
  g_signal_connect (self->talk, "consent-needed", G_CALLBACK (on_consent), self);
  g_signal_connect (self->talk, "started-anew", G_CALLBACK (on_anew), self);
  g_signal_connect (self->talk, "piece", G_CALLBACK (on_piece), self);
  g_signal_connect (self->talk, "answered", G_CALLBACK (on_answered), self);
  g_signal_connect (self->talk, "failed", G_CALLBACK (on_failed), self);
}

static void
fixture_set_up (Fixture       *self,
                gconstpointer  data)
{
  plug_settings_set_location (plug_settings_get (), "service:");
  plug_settings_set_language (plug_settings_get (), "");
  plug_settings_set_max_tiles (plug_settings_get (), 0);
  self->image = host_memory_add (300, 50);
  self->source = plug_source_new (self->image);
  self->pieces = g_string_new (NULL);
  self->states = g_string_new (NULL);
  self->progress = g_string_new (NULL);
  fixture_add_talk (self);
}

static void
forget (Fixture *self)
{
  g_string_truncate (self->pieces, 0);
  g_string_truncate (self->states, 0);
  g_string_truncate (self->progress, 0);
  g_clear_pointer (&self->answer, g_free);
  g_clear_pointer (&self->partial, g_free);
  g_clear_pointer (&self->place, g_free);
  g_clear_pointer (&self->regions, g_ptr_array_unref);
  g_clear_error (&self->error);
  self->is_done = FALSE;
  self->is_stopped = FALSE;
  self->n_anew = 0;
  self->n_ends = 0;
}

/* Nothing that is late is told any more, and nothing is left. */
static void
fixture_tear_down (Fixture       *self,
                   gconstpointer  data)
{
  gpointer talk = self->talk;

  if (talk != NULL)
    {
      g_object_add_weak_pointer (talk, &talk);
      g_object_unref (talk);
      g_assert_null (talk);
    }
  g_object_unref (self->source);
  forget (self);
  g_string_free (self->pieces, TRUE);
  g_string_free (self->states, TRUE);
  g_string_free (self->progress, TRUE);
  plug_models_forget (NULL);
}

static void
wait_until (gboolean *flag)
{
  while (!*flag)
    g_main_context_iteration (NULL, TRUE);
}

static void
wait_for_state (Fixture       *self,
                PlugTalkState  state)
{
  while (plug_talk_get_state (self->talk) != state && !self->is_done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (plug_talk_get_state (self->talk), ==, state);
}

/* Asks and waits for the answer. */
static const char *
ask (Fixture    *self,
     const char *text,
     gboolean    continues)
{
  forget (self);
  plug_talk_ask (self->talk, "ask", text, continues);
  wait_until (&self->is_done);
  g_assert_cmpuint (self->n_ends, ==, 1);
  g_assert_no_error (self->error);
  g_assert_cmpstr (self->pieces->str, ==, self->answer);
  return self->answer;
}

static void
assert_says (const char *answer,
             const char *part)
{
  if (strstr (answer, part) == NULL)
    g_error ("“%s” is not in “%s”", part, answer);
}

static GPid
get_service (void)
{
  g_autofree char *path = g_build_filename (g_get_user_runtime_dir (), "serve.pid", NULL);
  g_autofree char *pid = NULL;

  return g_file_get_contents (path, &pid, NULL, NULL) ? atoi (pid) : 0;
}

static void
kill_service (void)
{
  GPid pid = get_service ();

  if (pid > 1)
    kill (pid, SIGKILL);
}

/* -------------------------------------------------------------------------------- own service */

static void
test_conversation (Fixture       *self,
                   gconstpointer  data)
{
  g_autofree char *place = plug_talk_describe_place (self->talk);
  g_autofree char *place_then = NULL;

  g_assert_cmpstr (place, ==, "On this computer");
  g_assert_false (plug_talk_is_remote (self->talk));
  assert_says (ask (self, "words=3 one", TRUE), "messages=1 pictures=1");
  assert_says (self->answer, "w1 w2 w3 pid=");
  g_assert_cmpstr (self->states->str, ==, "ROLAi");
  g_assert_cmpuint (self->n_anew, ==, 0);
  place_then = plug_talk_describe_place (self->talk);
  g_assert_cmpstr (place_then, ==, "On this computer: double");
  /* A question that continues brings no picture along */
  assert_says (ask (self, "two", TRUE), "messages=3 pictures=1");
  assert_says (self->answer, "text=two");
  g_assert_cmpuint (self->n_anew, ==, 0);
  assert_says (ask (self, "three", FALSE), "messages=1 pictures=1");
  g_assert_cmpuint (self->n_anew, ==, 0);
  assert_says (ask (self, "four", TRUE), "messages=3 pictures=1");
  /* Another picture begins the conversation again */
  host_memory_set_pixel (self->image, 1, 1, 0);
  assert_says (ask (self, "five", TRUE), "messages=1 pictures=1");
  g_assert_cmpuint (self->n_anew, ==, 1);
  plug_talk_reset (self->talk);
  assert_says (ask (self, "six", TRUE), "messages=1 pictures=1");
  g_assert_cmpuint (self->n_anew, ==, 0);
}

/* The picture has been read by somebody else before the next question */
static void
test_changed_between (Fixture       *self,
                      gconstpointer  data)
{
  g_autoptr (GError) error = NULL;

  ask (self, "one", TRUE);
  host_memory_set_pixel (self->image, 1, 1, 0);
  g_assert_true (plug_source_read (self->source, &error));
  assert_says (ask (self, "two", TRUE), "messages=1 pictures=1");
  g_assert_cmpuint (self->n_anew, ==, 1);
  assert_says (ask (self, "three", TRUE), "messages=3 pictures=1");
  g_assert_cmpuint (self->n_anew, ==, 0);
}

static void
test_settings (Fixture       *self,
               gconstpointer  data)
{
  g_autoptr (IvlTask) task = ivl_task_load ("caption", NULL);
  g_autoptr (IvlOptions) options = ivl_options_new ();

  assert_says (ask (self, "hello", FALSE), "tiles=7 tokens=1024 text=hello");
  plug_settings_set_language (plug_settings_get (), "de");
  plug_settings_set_max_tiles (plug_settings_get (), 4);
  assert_says (ask (self, "hello", FALSE), "tiles=5 ");
  assert_says (self->answer, "Antworte auf Deutsch.");
  plug_settings_set_max_tiles (plug_settings_get (), 40);
  assert_says (ask (self, "hello", FALSE), "tiles=7 ");
  forget (self);
  g_object_set (options, "max-tiles", 2, "max-tokens", 77, NULL);
  plug_talk_send (self->talk, task, "as it is", options);
  wait_until (&self->is_done);
  assert_says (self->answer, "messages=1 pictures=1 tiles=3 tokens=77 text=as it is");
  forget (self);
  plug_talk_ask (self->talk, "caption", "context", FALSE);
  wait_until (&self->is_done);
  assert_says (self->answer, "tokens=128");
  assert_says (self->answer, "context");
  forget (self);
  plug_talk_ask (self->talk, "no-such-task", NULL, FALSE);
  wait_until (&self->is_done);
  g_assert_error (self->error, IVL_ERROR, IVL_ERROR_NOT_FOUND);
}

static void
test_regions (Fixture       *self,
              gconstpointer  data)
{
  IvlRegion *region;
  int x, y, width, height;

  ask (self, "<ref>a</ref><box>[[100, 500, 300, 750]]</box>", FALSE);
  g_assert_cmpuint (self->regions->len, ==, 1);
  region = g_ptr_array_index (self->regions, 0);
  ivl_region_get_rectangle (region, &x, &y, &width, &height);
  g_assert_cmpint (x, ==, 30);
  g_assert_cmpint (y, ==, 25);
  g_assert_cmpint (width, ==, 60);
  g_assert_cmpint (height, ==, 13);
}

static void
test_failed_question (Fixture       *self,
                      gconstpointer  data)
{
  ask (self, "one", TRUE);
  forget (self);
  plug_talk_ask (self->talk, "ask", "too long", TRUE);
  wait_until (&self->is_done);
  g_assert_error (self->error, IVL_ERROR, IVL_ERROR_CONTEXT_FULL);
  g_assert_null (self->partial);
  /* What failed is no part of the conversation */
  assert_says (ask (self, "two", TRUE), "messages=3 pictures=1");
}

static void
test_stop (Fixture       *self,
           gconstpointer  data)
{
  gint64 start;

  /* While it thinks: nothing had come */
  plug_talk_ask (self->talk, "ask", "think=60000", TRUE);
  wait_for_state (self, PLUG_TALK_LOOKING);
  start = g_get_monotonic_time ();
  plug_talk_stop (self->talk);
  wait_until (&self->is_done);
  g_test_message ("stopped after %.3f s", (g_get_monotonic_time () - start) / 1e6);
  g_assert_true (self->is_stopped);
  g_assert_cmpstr (self->answer, ==, "none");
  /* While it answers: what has come stays, also for what is asked then */
  forget (self);
  self->stops_at_piece = TRUE;
  plug_talk_ask (self->talk, "ask", "words=1000 each=20", TRUE);
  wait_until (&self->is_done);
  self->stops_at_piece = FALSE;
  g_assert_true (self->is_stopped);
  assert_says (self->answer, "w1");
  g_assert_null (strstr (self->answer, "w99"));
  assert_says (ask (self, "two", TRUE), "messages=3 pictures=1");
  /* While the picture is read, and while nothing is done */
  forget (self);
  plug_talk_ask (self->talk, "ask", "x", TRUE);
  g_assert_cmpint (plug_talk_get_state (self->talk), ==, PLUG_TALK_READING);
  plug_talk_stop (self->talk);
  plug_talk_stop (self->talk);
  wait_until (&self->is_done);
  g_assert_true (self->is_stopped);
  plug_talk_stop (self->talk);
  g_assert_cmpuint (self->n_ends, ==, 1);
  /* A reset in the middle forgets */
  forget (self);
  plug_talk_ask (self->talk, "ask", "words=1000 each=20", TRUE);
  wait_for_state (self, PLUG_TALK_ANSWERING);
  plug_talk_reset (self->talk);
  wait_until (&self->is_done);
  assert_says (ask (self, "three", TRUE), "messages=1 pictures=1");
}

/* One question at a time */
static void
test_busy (Fixture       *self,
           gconstpointer  data)
{
  plug_talk_ask (self->talk, "ask", "first think=100", TRUE);
  plug_talk_ask (self->talk, "ask", "second", TRUE);
  wait_until (&self->is_done);
  assert_says (self->answer, "text=first");
  for (int i = 0; i < 20; i++)
    {
      g_usleep (5000);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpuint (self->n_ends, ==, 1);
}

/* The service is killed while nothing is asked: nobody notices, but for the progress. */
static void
test_killed_between (Fixture       *self,
                     gconstpointer  data)
{
  GPid first;

  ask (self, "one", TRUE);
  first = get_service ();
  kill_service ();
  assert_says (ask (self, "two", TRUE), "messages=3 pictures=1");
  g_assert_cmpint (get_service (), !=, first);
  assert_says (self->progress->str, "loaded");
}

/* In the middle of an answer: what had come is told, and the next question is answered. */
static void
test_killed_meanwhile (Fixture       *self,
                       gconstpointer  data)
{
  ask (self, "one", TRUE);
  forget (self);
  plug_talk_ask (self->talk, "ask", "words=1000 each=10", TRUE);
  while (self->pieces->len < 40)
    g_main_context_iteration (NULL, TRUE);
  kill_service ();
  wait_until (&self->is_done);
  g_assert_error (self->error, IVL_ERROR, IVL_ERROR_REMOTE_FAILED);
  assert_says (self->partial, "w1 w2 w3");
  assert_says (ask (self, "again", TRUE), "messages=3 pictures=1");
}

/* Before the first word: the same question goes to the next service. */
static void
test_killed_before (Fixture       *self,
                    gconstpointer  data)
{
  GPid first;

  ask (self, "one", TRUE);
  first = get_service ();
  forget (self);
  plug_talk_ask (self->talk, "ask", "think=1000", TRUE);
  wait_for_state (self, PLUG_TALK_LOOKING);
  for (int i = 0; i < 40; i++)
    {
      g_usleep (5000);
      g_main_context_iteration (NULL, FALSE);
    }
  kill_service ();
  wait_until (&self->is_done);
  g_assert_no_error (self->error);
  assert_says (self->answer, "messages=3 pictures=1");
  g_assert_cmpint (get_service (), !=, first);
}

/* The next service has another model, and the conversation goes on with that. */
static void
test_other_model (Fixture       *self,
                  gconstpointer  data)
{
  g_autofree char *place = NULL;

  ask (self, "one", TRUE);
  kill_service ();
  g_setenv ("IVL_DOUBLE_NAME", "another", TRUE);
  assert_says (ask (self, "two", TRUE), "messages=3 pictures=1");
  assert_says (self->progress->str, "started again");
  place = plug_talk_describe_place (self->talk);
  g_assert_cmpstr (place, ==, "On this computer: another");
  g_unsetenv ("IVL_DOUBLE_NAME");
  kill_service ();
}

/* The window is closed in each state. */
static void
test_dropped (Fixture       *self,
              gconstpointer  data)
{
  static const PlugTalkState states[] = { PLUG_TALK_READING, PLUG_TALK_OPENING, PLUG_TALK_LOOKING,
                                          PLUG_TALK_ANSWERING };

  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    {
      gpointer talk;

      forget (self);
      plug_models_forget (NULL);
      plug_talk_ask (self->talk, "ask", "think=100 words=1000 each=20", TRUE);
      wait_for_state (self, states[i]);
      talk = self->talk;
      g_object_add_weak_pointer (talk, &talk);
      g_object_unref (talk);
      g_assert_null (talk);
      for (int k = 0; k < 30; k++)
        {
          g_usleep (10000);
          while (g_main_context_iteration (NULL, FALSE))
            continue;
        }
      g_assert_cmpuint (self->n_ends, ==, 0);
      fixture_add_talk (self);
    }
}

static void
test_closed (Fixture       *self,
             gconstpointer  data)
{
  ask (self, "one", TRUE);
  host_memory_get (self->image)->is_open = FALSE;
  forget (self);
  plug_talk_ask (self->talk, "ask", "two", TRUE);
  wait_until (&self->is_done);
  g_assert_error (self->error, PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_IMAGE_CLOSED);
}

/* Two conversations of a window share the model. */
static void
test_shared (Fixture       *self,
             gconstpointer  data)
{
  Fixture other = { 0 };
  IvlModel *model;

  fixture_set_up (&other, NULL);
  plug_talk_ask (self->talk, "ask", "think=50", TRUE);
  plug_talk_ask (other.talk, "ask", "think=50", TRUE);
  wait_until (&self->is_done);
  wait_until (&other.is_done);
  model = plug_models_get ();
  g_assert_nonnull (model);
  ask (&other, "again", TRUE);
  g_assert_true (plug_models_get () == model);
  plug_settings_set_location (plug_settings_get (), "service:other");
  g_assert_null (plug_models_get ());
  fixture_tear_down (&other, NULL);
}

/* The service cannot start: that there is no model is what to say. */
static void
test_no_model (Fixture       *self,
               gconstpointer  data)
{
  g_autofree char *command = g_strdup (g_getenv ("IVL_SERVE_COMMAND"));
  g_autofree char *folder = g_build_filename (g_get_user_data_dir (), "ivl", "models", "x", NULL);
  g_autofree char *config = g_build_filename (folder, "config.json", NULL);

  kill_service ();
  g_setenv ("IVL_SERVE_COMMAND", "/bin/false", TRUE);
  plug_talk_ask (self->talk, "ask", "one", TRUE);
  wait_until (&self->is_done);
  g_assert_error (self->error, PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_NO_MODEL);
  /* One that is named and not there, and one that is damaged */
  forget (self);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (config, "{}", -1, NULL));
  plug_settings_set_location (plug_settings_get (), "service:y");
  plug_talk_ask (self->talk, "ask", "one", TRUE);
  wait_until (&self->is_done);
  g_assert_error (self->error, PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_MODEL_MISSING);
  forget (self);
  plug_settings_set_location (plug_settings_get (), "service:");
  plug_talk_ask (self->talk, "ask", "one", TRUE);
  wait_until (&self->is_done);
  g_assert_true (self->error->domain == IVL_ERROR);
  g_assert_cmpint (self->error->code, !=, IVL_ERROR_REMOTE_UNREACHABLE);
  g_assert_nonnull (strstr (self->error->message, "config.json"));
  g_assert_cmpint (g_remove (config), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  g_setenv ("IVL_SERVE_COMMAND", command, TRUE);
  ask (self, "now it is there", TRUE);
}

/* --------------------------------------------------------------------- another computer */

typedef struct
{
  ReplayServer *server;
  char         *location; /* 0.0.0.0 is this computer, and counts as another */
  char         *place;
  int           n_questions;
  int           n_pictures;
  gboolean      refuses_key;
  gboolean      breaks_off;
} Elsewhere;

static void
send_json (ReplayConnection *connection,
           guint             status,
           const char       *body)
{
  g_autofree char *reply = g_strdup_printf ("HTTP/1.1 %u So\r\nContent-Type: application/json\r\n"
                                            "Content-Length: %" G_GSIZE_FORMAT "\r\n\r\n%s",
                                            status, strlen (body), body);

  replay_send (connection, reply, -1);
}

static ReplayEnd
answer (ReplayConnection    *connection,
        const ReplayRequest *request,
        gpointer             data)
{
  Elsewhere *self = data;

  if (g_str_has_prefix (request->head, "GET"))
    {
      send_json (connection, 200, "{\"object\":\"list\",\"data\":[{\"id\":\"big\",\"object\":"
                                  "\"model\",\"owned_by\":\"vllm\"}]}");
      return REPLAY_KEEP;
    }
  g_atomic_int_inc (&self->n_questions);
  if (strstr (request->body, "image_url") != NULL)
    g_atomic_int_inc (&self->n_pictures);
  if (self->refuses_key)
    {
      send_json (connection, 401, "{\"error\":{\"message\":\"no such key\"}}");
      return REPLAY_KEEP;
    }
  replay_send (connection,
               "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
               "Connection: close\r\n\r\n"
               "data: {\"object\":\"chat.completion.chunk\",\"model\":\"big\",\"choices\":"
               "[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"A cat\"},"
               "\"finish_reason\":null}]}\n\n",
               -1);
  if (!self->breaks_off)
    replay_send (connection, "data: {\"object\":\"chat.completion.chunk\",\"model\":\"big\","
                             "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}"
                             "\n\ndata: [DONE]\n\n", -1);
  return REPLAY_CLOSE;
}

static void
elsewhere_init (Elsewhere *self)
{
  self->server = replay_server_new (NULL, answer, self);
  self->place = g_strdup_printf ("0.0.0.0:%u", replay_server_get_port (self->server));
  self->location = g_strdup_printf ("http://%s#big", self->place);
  plug_settings_set_location (plug_settings_get (), self->location);
}

static void
elsewhere_clear (Elsewhere *self)
{
  replay_server_free (self->server);
  g_free (self->location);
  g_free (self->place);
}

static void
test_consent (Fixture       *self,
              gconstpointer  data)
{
  Elsewhere there = { 0 };
  g_autofree char *described = NULL;
  g_autofree char *expected = NULL;

  elsewhere_init (&there);
  g_assert_true (plug_talk_is_remote (self->talk));
  described = plug_talk_describe_place (self->talk);
  expected = g_strdup_printf ("On %s: big", there.place);
  g_assert_cmpstr (described, ==, expected);
  /* Until it is allowed nothing at all goes there */
  plug_talk_ask (self->talk, "ask", "one", TRUE);
  wait_for_state (self, PLUG_TALK_CONSENT);
  g_assert_cmpstr (self->place, ==, there.place);
  g_assert_cmpuint (replay_server_count_connections (there.server), ==, 0);
  plug_talk_answer_consent (self->talk, FALSE);
  g_assert_error (self->error, PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_NOT_ALLOWED);
  g_assert_nonnull (strstr (self->error->message, there.place));
  g_assert_cmpuint (replay_server_count_connections (there.server), ==, 0);
  /* Stopped while it is asked */
  forget (self);
  plug_talk_ask (self->talk, "ask", "one", TRUE);
  wait_for_state (self, PLUG_TALK_CONSENT);
  plug_talk_stop (self->talk);
  g_assert_true (self->is_stopped);
  plug_talk_answer_consent (self->talk, TRUE);
  g_assert_cmpuint (self->n_ends, ==, 1);
  g_assert_false (plug_settings_is_allowed (plug_settings_get (), there.place));
  /* Allowed, and then for good */
  forget (self);
  plug_talk_ask (self->talk, "ask", "one", TRUE);
  wait_for_state (self, PLUG_TALK_CONSENT);
  plug_talk_answer_consent (self->talk, TRUE);
  wait_until (&self->is_done);
  g_assert_no_error (self->error);
  g_assert_cmpstr (self->answer, ==, "A cat");
  g_assert_cmpint (there.n_pictures, ==, 1);
  g_assert_true (plug_settings_is_allowed (plug_settings_get (), there.place));
  ask (self, "two", TRUE);
  g_assert_null (self->place);
  elsewhere_clear (&there);
}

static void
write_config (const char *text)
{
  g_autofree char *folder = g_build_filename (g_get_user_config_dir (), "ivl", NULL);
  g_autofree char *path = g_build_filename (folder, "ivl.conf", NULL);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  if (text != NULL)
    g_assert_true (g_file_set_contents (path, text, -1, NULL));
  else
    g_assert_cmpint (g_remove (path), ==, 0);
}

/* Where nothing may leave the computer nobody is asked whether it may. */
static void
test_local_only (Fixture       *self,
                 gconstpointer  data)
{
  Elsewhere there = { 0 };

  elsewhere_init (&there);
  write_config ("[ivl]\nlocal-only=true\n");
  plug_settings_set_allowed (plug_settings_get (), there.place, TRUE);
  plug_talk_ask (self->talk, "ask", "one", TRUE);
  wait_until (&self->is_done);
  g_assert_error (self->error, IVL_ERROR, IVL_ERROR_REMOTE_REFUSED);
  g_assert_cmpuint (replay_server_count_connections (there.server), ==, 0);
  /* Opened before it was forbidden: the next question does not go there either */
  write_config (NULL);
  ask (self, "two", TRUE);
  write_config ("[ivl]\nlocal-only=true\n");
  forget (self);
  plug_talk_ask (self->talk, "ask", "three", TRUE);
  wait_until (&self->is_done);
  g_assert_error (self->error, IVL_ERROR, IVL_ERROR_REMOTE_REFUSED);
  g_assert_cmpint (there.n_questions, ==, 1);
  write_config (NULL);
  elsewhere_clear (&there);
}

/* A remote by name; the name comes to mean another computer while it is opened: both are asked
 * for. */
static void
test_named (Fixture       *self,
            gconstpointer  data)
{
  Elsewhere there = { 0 };
  g_autofree char *text = NULL;
  g_autofree char *place = NULL;

  elsewhere_init (&there);
  text = g_strdup_printf ("[remote \"gpu\"]\nurl=http://%s\nmodel=big\n", there.place);
  write_config ("[remote \"gpu\"]\nurl=http://other.example\nmodel=big\n");
  plug_settings_set_location (plug_settings_get (), "remote:gpu");
  place = plug_talk_describe_place (self->talk);
  g_assert_cmpstr (place, ==, "On other.example: gpu");
  plug_talk_ask (self->talk, "ask", "one", TRUE);
  wait_for_state (self, PLUG_TALK_CONSENT);
  g_assert_cmpstr (self->place, ==, "other.example");
  write_config (text);
  plug_talk_answer_consent (self->talk, TRUE);
  wait_for_state (self, PLUG_TALK_OPENING);
  wait_for_state (self, PLUG_TALK_CONSENT);
  g_assert_cmpstr (self->place, ==, there.place);
  g_assert_cmpint (there.n_questions, ==, 0);
  plug_talk_answer_consent (self->talk, TRUE);
  wait_until (&self->is_done);
  g_assert_no_error (self->error);
  g_assert_cmpstr (self->answer, ==, "A cat");
  write_config (NULL);
  elsewhere_clear (&there);
}

static void
test_refused (Fixture       *self,
              gconstpointer  data)
{
  Elsewhere there = { .refuses_key = TRUE };

  elsewhere_init (&there);
  plug_settings_set_allowed (plug_settings_get (), there.place, TRUE);
  plug_talk_ask (self->talk, "ask", "one", TRUE);
  wait_until (&self->is_done);
  g_assert_error (self->error, IVL_ERROR, IVL_ERROR_REMOTE_REFUSED);
  /* The next question opens it anew, with the key that there is then */
  g_assert_null (plug_models_get ());
  there.refuses_key = FALSE;
  ask (self, "two", TRUE);
  there.breaks_off = TRUE;
  forget (self);
  plug_talk_ask (self->talk, "ask", "three", TRUE);
  wait_until (&self->is_done);
  g_assert_error (self->error, IVL_ERROR, IVL_ERROR_REMOTE_FAILED);
  g_assert_cmpstr (self->partial, ==, "A cat");
  elsewhere_clear (&there);
}

static void
set_folder (const char *variable,
            const char *name)
{
  g_autofree char *path = g_build_filename (root, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
  g_setenv (variable, path, TRUE);
}

static void
add (const char *name,
     void      (*func) (Fixture *, gconstpointer))
{
  g_autofree char *path = g_strconcat ("/plug-talk/", name, NULL);

  g_test_add (path, Fixture, NULL, fixture_set_up, func, fixture_tear_down);
}

int
main (int    argc,
      char **argv)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  int status;

  if (argc > 1 && strcmp (argv[1], "serve") == 0)
    return serve ();
  root = temp_files_make_folder ();
  set_folder ("XDG_RUNTIME_DIR", "run");
  set_folder ("XDG_CONFIG_HOME", "config");
  set_folder ("XDG_DATA_HOME", "data");
  set_folder ("XDG_DATA_DIRS", "none");
  g_setenv ("IVL_SERVE_COMMAND", self, TRUE);
  g_unsetenv ("IVL_MODEL");
  g_unsetenv ("IVL_API_KEY");
  g_unsetenv ("DBUS_SESSION_BUS_ADDRESS");
  g_test_init (&argc, &argv, NULL);
  add ("conversation", test_conversation);
  add ("changed-between", test_changed_between);
  add ("settings", test_settings);
  add ("regions", test_regions);
  add ("failed-question", test_failed_question);
  add ("stop", test_stop);
  add ("busy", test_busy);
  add ("killed-between", test_killed_between);
  add ("killed-meanwhile", test_killed_meanwhile);
  add ("killed-before", test_killed_before);
  add ("other-model", test_other_model);
  add ("dropped", test_dropped);
  add ("closed", test_closed);
  add ("shared", test_shared);
  add ("no-model", test_no_model);
  add ("consent", test_consent);
  add ("local-only", test_local_only);
  add ("named", test_named);
  add ("refused", test_refused);
  status = g_test_run ();
  kill_service ();
  host_memory_clear ();
  temp_files_remove_folder (root);
  return status;
}
