/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Models, sessions and replies through the public API, on the tiny checkpoints of tests/golden.
 * What they say is checked against the reference by check-reference; here it is how a conversation
 * behaves.
 */
#include <libivl/ivl.h>

static IvlModel *
open_model (const char *variant)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "fixtures", "models", variant, NULL);
  g_autoptr (GError) error = NULL;
  IvlModel *model = ivl_model_open (path, NULL, &error);

  g_assert_no_error (error);
  return model;
}

static IvlImage *
open_image (const char *name)
{
  g_autofree char *path =
      g_test_build_filename (G_TEST_DIST, "golden", "fixtures", "images", name, NULL);
  g_autoptr (GError) error = NULL;
  IvlImage *image = ivl_image_new_from_file (path, IVL_IMAGE_DEFAULT, 0, NULL, &error);

  g_assert_no_error (error);
  return image;
}

static IvlMessage *
make_question (const char *image_name,
               const char *text)
{
  IvlMessage *message = ivl_message_new (IVL_ROLE_USER);

  if (image_name != NULL)
    {
      g_autoptr (IvlImage) image = open_image (image_name);

      ivl_message_add_image (message, image);
    }
  ivl_message_add_text (message, text);
  return message;
}

/* Options for short answers: one tile, few tokens, loops and answers without text let through
 * (random weights are full of them). */
static IvlOptions *
make_options (guint max_tokens)
{
  IvlOptions *options = ivl_options_new ();

  g_object_set (options, "max-tokens", max_tokens, "max-tiles", 1, "detect-repetition", FALSE,
                "raw", TRUE, NULL);
  return options;
}

static IvlReply *
ask (IvlSession *session,
     const char *image_name,
     const char *text,
     IvlOptions *options)
{
  g_autoptr (IvlMessage) question = make_question (image_name, text);
  g_autoptr (GError) error = NULL;
  IvlReply *reply = ivl_session_send_and_read (session, question, options, NULL, &error);

  g_assert_no_error (error);
  return reply;
}

static void
test_pieces (void)
{
  g_autoptr (IvlModel) model = open_model ("internlm-300m");
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlOptions) options = make_options (20);
  g_autoptr (IvlMessage) question = make_question ("square_small.png", "Describe it.");
  g_autoptr (GString) all = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlReply) reply = ivl_session_send (session, question, options, NULL, &error);
  const IvlUsage *usage;
  gsize n_ids;
  char *piece;

  g_assert_no_error (error);
  while ((piece = ivl_reply_read (reply, NULL, &error)) != NULL)
    {
      g_assert_true (g_utf8_validate (piece, -1, NULL));
      g_assert_cmpstr (piece, !=, "");
      g_string_append (all, piece);
      g_free (piece);
    }
  g_assert_no_error (error);
  g_assert_cmpstr (all->str, ==, ivl_reply_get_text (reply));
  g_assert_cmpuint (all->len, >, 0);
  usage = ivl_reply_get_usage (reply);
  g_assert_cmpint (usage->finish_reason, ==, IVL_FINISH_LENGTH);
  g_assert_cmpuint (usage->n_answer_tokens, ==, 20);
  g_assert_cmpuint (usage->n_tiles, ==, 1);
  g_assert_cmpuint (usage->n_tiles_encoded, ==, 1);
  ivl_reply_get_token_ids (reply, &n_ids);
  g_assert_cmpuint (n_ids, ==, 20);
  g_assert_cmpuint (ivl_session_get_n_messages (session), ==, 2);
  /* At the end, reading again says so again. */
  g_assert_null (ivl_reply_read (reply, NULL, &error));
  g_assert_no_error (error);
}

/* A follow-up costs its own tokens; the same picture in another session costs no tile. */
static void
test_reuse (void)
{
  g_autoptr (IvlModel) model = open_model ("qwen-300m");
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlSession) other = ivl_session_new (model);
  g_autoptr (IvlOptions) options = make_options (4);
  g_autoptr (IvlReply) first = ask (session, "square_small.png", "What is it?", options);
  g_autoptr (IvlReply) second = ask (session, NULL, "And now?", options);
  g_autoptr (IvlReply) third = ask (other, "square_small.png", "What is it?", options);
  g_autoptr (IvlReply) fourth = ask (other, "gray.png", "And this?", options);
  const IvlUsage *a = ivl_reply_get_usage (first);
  const IvlUsage *b = ivl_reply_get_usage (second);

  g_assert_cmpuint (a->n_cached_tokens, ==, 0);
  g_assert_cmpuint (b->n_tiles_encoded, ==, 0);
  /* All of the first prompt but for its last token, which is kept as well unless the answer's
   * text begins with other tokens than were generated. */
  g_assert_cmpuint (b->n_cached_tokens, >=, a->n_prompt_tokens);
  g_assert_cmpuint (b->n_prompt_tokens, >, b->n_cached_tokens);
  g_assert_cmpuint (ivl_reply_get_usage (third)->n_tiles_encoded, ==, 0);
  g_assert_cmpstr (ivl_reply_get_text (third), ==, ivl_reply_get_text (first));
  g_assert_cmpuint (ivl_reply_get_usage (fourth)->n_tiles, ==, 2);
  g_assert_cmpuint (ivl_reply_get_usage (fourth)->n_tiles_encoded, ==, 1);
}

/* What the cache keeps changes no answer: a conversation at once and turn by turn say the same. */
static void
assert_turns_are_exact (const char *variant,
                        const char *follow_up,
                        guint       min_cached)
{
  g_autoptr (IvlModel) model = open_model (variant);
  g_autoptr (IvlSession) by_turns = ivl_session_new (model);
  g_autoptr (IvlSession) at_once = ivl_session_new (model);
  g_autoptr (IvlOptions) options = make_options (12);
  g_autoptr (IvlReply) first = ask (by_turns, "square_small.png", "What is it?", options);
  g_autoptr (IvlReply) second = ask (by_turns, NULL, follow_up, options);
  g_autoptr (IvlMessage) question = make_question ("square_small.png", "What is it?");
  g_autoptr (IvlMessage) answer = ivl_message_new (IVL_ROLE_ASSISTANT);
  g_autoptr (IvlReply) again = NULL;
  g_autoptr (GError) error = NULL;

  ivl_message_add_text (answer, ivl_reply_get_text (first));
  g_assert_true (ivl_session_add_message (at_once, question, &error));
  g_assert_true (ivl_session_add_message (at_once, answer, &error));
  again = ask (at_once, NULL, follow_up, options);
  g_assert_cmpuint (ivl_reply_get_usage (again)->n_cached_tokens, ==, 0);
  g_assert_cmpuint (ivl_reply_get_usage (second)->n_cached_tokens, >=, min_cached);
  g_assert_cmpstr (ivl_reply_get_text (again), ==, ivl_reply_get_text (second));
}

static guint
count_prompt_tokens (IvlModel   *model,
                     const char *earlier_answer)
{
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlOptions) options = make_options (1);
  g_autoptr (IvlMessage) question = make_question (NULL, "Where is it?");
  g_autoptr (IvlMessage) answer = ivl_message_new (IVL_ROLE_ASSISTANT);
  g_autoptr (IvlReply) reply = NULL;

  ivl_message_add_text (answer, earlier_answer);
  g_assert_true (ivl_session_add_message (session, question, NULL));
  g_assert_true (ivl_session_add_message (session, answer, NULL));
  reply = ask (session, NULL, "And now?", options);
  return ivl_reply_get_usage (reply)->n_prompt_tokens;
}

/* Region markup is no part of what the reference puts back, and white space at the ends neither. */
static void
test_earlier_answers (void)
{
  g_autoptr (IvlModel) model = open_model ("qwen-300m");
  guint plain = count_prompt_tokens (model, "dog[[1, 2, 3, 4]]");

  g_assert_cmpuint (count_prompt_tokens (model, " <ref>dog</ref><box>[[1, 2, 3, 4]]</box>\n"), ==,
                    plain);
  g_assert_cmpuint (count_prompt_tokens (model, "dogs[[1, 2, 3, 4]]!"), >, plain);
}

static void
test_reuse_is_exact (void)
{
  assert_turns_are_exact ("internlm-6b", "And now?", 256);
}

/* The second turn passes max_position (640): the reference computes such a prompt with another
 * rotary base from its first token on, so nothing may be kept. */
static void
test_reuse_beyond_max_position (void)
{
  g_autoptr (GString) follow_up = g_string_new (NULL);

  for (guint i = 0; i < 60; i++)
    g_string_append_printf (follow_up, "And the %u. thing? ", i);
  assert_turns_are_exact ("internlm-300m", follow_up->str, 0);
}

static void
test_context_full (void)
{
  g_autoptr (IvlModel) model = open_model ("internlm-6b");
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (IvlMessage) question = make_question ("tiny.png", "Describe it.");
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  /* 12 tiles and a thumbnail of 256 tokens each; the model holds 768 * 2. */
  g_assert_cmpuint (ivl_model_get_context_length (model), ==, 1536);
  g_assert_null (ivl_session_send (session, question, options, NULL, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_CONTEXT_FULL);
  g_assert_nonnull (strstr (error->message, "1536"));
  g_assert_nonnull (strstr (error->message, " 34"));
  g_assert_cmpuint (ivl_session_get_n_messages (session), ==, 0);
  g_test_message ("refused after %.3f s", (g_get_monotonic_time () - start) / 1e6);
}

static void
test_impossible_budget (void)
{
  g_autoptr (IvlModel) model = open_model ("qwen-300m");
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (IvlMessage) question = make_question ("tiny.png", "Describe it.");
  g_autoptr (GError) error = NULL;

  g_object_set (options, "min-tiles", 4, "max-tiles", 2, NULL);
  g_assert_null (ivl_session_send (session, question, options, NULL, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
}

static void
test_grid (void)
{
  g_autoptr (IvlModel) model = open_model ("qwen-300m");
  g_autoptr (IvlImage) image = open_image ("wide_3x1.png");
  g_autoptr (IvlOptions) options = ivl_options_new ();
  g_autoptr (GError) error = NULL;
  guint cols, rows, tiles;

  /* expected/qwen-300m.json: caption_dynamic has four tiles of this picture within six */
  g_object_set (options, "max-tiles", 6, NULL);
  g_assert_true (ivl_model_get_grid (model, image, options, &cols, &rows, &tiles, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (cols, ==, 3);
  g_assert_cmpuint (rows, ==, 1);
  g_assert_cmpuint (tiles, ==, 4);
}

/* A model that was trained on one tile keeps to one, whatever a task's budget says. */
static void
test_fixed_budget (void)
{
  g_autoptr (IvlOptions) options = ivl_options_new ();
  guint min, max;

  g_object_set (options, "min-tiles", 2, "max-tiles", 6, NULL);
  g_assert_true (ivl_options_get_tile_budget (options, 1, 1, &min, &max, NULL));
  g_assert_cmpuint (min, ==, 1);
  g_assert_cmpuint (max, ==, 1);
  g_assert_true (ivl_options_get_tile_budget (options, 1, 12, &min, &max, NULL));
  g_assert_cmpuint (min, ==, 2);
  g_assert_cmpuint (max, ==, 6);
}

static void
test_busy_and_close (void)
{
  g_autoptr (IvlModel) model = open_model ("qwen-300m");
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlOptions) options = make_options (8);
  g_autoptr (IvlMessage) question = make_question (NULL, "Hello");
  g_autoptr (GError) error = NULL;
  IvlReply *reply = ivl_session_send (session, question, options, NULL, &error);

  g_assert_no_error (error);
  g_assert_null (ivl_session_send (session, question, options, NULL, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_false (ivl_session_reset (session, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_BUSY);
  g_clear_error (&error);
  g_free (ivl_reply_read (reply, NULL, &error));
  g_assert_no_error (error);
  /* Dropping an unfinished reply takes the question back. */
  g_object_unref (reply);
  g_assert_cmpuint (ivl_session_get_n_messages (session), ==, 0);
  reply = ask (session, NULL, "Hello", options);
  g_assert_cmpuint (ivl_session_get_n_messages (session), ==, 2);
  g_object_unref (reply);
}

static void
cancel_at_tiles (IvlPhase phase,
                 guint64  done,
                 guint64  total,
                 gpointer data)
{
  if (phase == IVL_PHASE_TILES && done == 1)
    g_cancellable_cancel (data);
}

static void
test_cancel (void)
{
  g_autoptr (IvlModel) model = open_model ("qwen-6b");
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlMessage) question = make_question ("wide_3x1.png", "What is it?");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (IvlOptions) options = make_options (4);
  g_autoptr (IvlReply) reply = NULL;
  g_autoptr (GError) error = NULL;

  g_object_set (options, "max-tiles", 6, NULL);
  ivl_session_set_progress (session, cancel_at_tiles, cancellable, NULL);
  g_assert_null (ivl_session_send (session, question, options, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_cmpuint (ivl_session_get_n_messages (session), ==, 0);
  ivl_session_set_progress (session, NULL, NULL, NULL);
  reply = ivl_session_send_and_read (session, question, options, NULL, &error);
  g_assert_no_error (error);
  /* The tile encoded before was kept. */
  g_assert_cmpuint (ivl_reply_get_usage (reply)->n_tiles, ==, 4);
  g_assert_cmpuint (ivl_reply_get_usage (reply)->n_tiles_encoded, ==, 3);
}

static void
test_seed (void)
{
  g_autoptr (IvlModel) model = open_model ("qwen-300m");
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlOptions) options = make_options (16);
  char *texts[3];

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (IvlReply) reply = NULL;

      g_object_set (options, "temperature", 1.0, "seed", (guint64) (i == 2 ? 8 : 7), NULL);
      g_assert_true (ivl_session_reset (session, NULL));
      reply = ask (session, NULL, "Tell me something.", options);
      texts[i] = g_strdup (ivl_reply_get_text (reply));
    }
  g_assert_cmpstr (texts[0], ==, texts[1]);
  g_assert_cmpstr (texts[0], !=, texts[2]);
  for (guint i = 0; i < 3; i++)
    g_free (texts[i]);
}

/* Random weights soon run in circles, if an end token does not come first: looks for a question
 * that does. */
static void
test_repetition (void)
{
  g_autoptr (IvlModel) model = open_model ("qwen-300m");
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlOptions) options = make_options (900);

  for (guint i = 0; i < 12; i++)
    {
      g_autofree char *question = g_strdup_printf ("Go on and on, %u.", i);
      g_autoptr (IvlReply) whole = NULL;
      g_autoptr (IvlReply) cut = NULL;

      g_object_set (options, "detect-repetition", FALSE, NULL);
      g_assert_true (ivl_session_reset (session, NULL));
      whole = ask (session, NULL, question, options);
      g_object_set (options, "detect-repetition", TRUE, NULL);
      g_assert_true (ivl_session_reset (session, NULL));
      cut = ask (session, NULL, question, options);
      g_assert_true (g_str_has_prefix (ivl_reply_get_text (whole), ivl_reply_get_text (cut)));
      if (ivl_reply_get_finish_reason (cut) != IVL_FINISH_REPETITION)
        continue;
      g_assert_cmpuint (ivl_reply_get_usage (cut)->n_answer_tokens, <, 900);
      g_assert_cmpint (ivl_reply_get_finish_reason (whole), ==, IVL_FINISH_LENGTH);
      return;
    }
  g_test_fail_printf ("None of the answers was found to repeat itself");
}

static void
test_stop_string (void)
{
  g_autoptr (IvlModel) model = open_model ("internlm-300m");
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlOptions) options = make_options (20);
  g_autoptr (IvlReply) whole = ask (session, NULL, "Hello", options);
  const char *text = ivl_reply_get_text (whole);
  const char *middle = g_utf8_offset_to_pointer (text, g_utf8_strlen (text, -1) / 2);
  g_autofree char *stop = g_strndup (middle, g_utf8_next_char (g_utf8_next_char (middle)) - middle);
  const char *stops[] = { stop, NULL };
  g_autofree char *before = g_strndup (text, strstr (text, stop) - text);
  g_autoptr (IvlReply) stopped = NULL;

  g_object_set (options, "stop", stops, NULL);
  g_assert_true (ivl_session_reset (session, NULL));
  stopped = ask (session, NULL, "Hello", options);
  g_assert_cmpint (ivl_reply_get_finish_reason (stopped), ==, IVL_FINISH_STOP);
  g_strchomp (before);
  g_assert_cmpstr (ivl_reply_get_text (stopped), ==, before);
}

typedef struct
{
  GMainLoop *loop;
  IvlReply  *reply;
  GError    *error;
  GThread   *thread;
  guint      n_reports;
} Async;

static void
on_report (IvlPhase phase,
           guint64  done,
           guint64  total,
           gpointer data)
{
  Async *async = data;

  g_assert_true (g_thread_self () == async->thread);
  async->n_reports++;
}

static void
on_reply (GObject      *source,
          GAsyncResult *result,
          gpointer      data)
{
  Async *async = data;

  async->reply = ivl_session_send_and_read_finish (IVL_SESSION (source), result, &async->error);
  g_main_loop_quit (async->loop);
}

static void
test_async (void)
{
  g_autoptr (IvlModel) model = open_model ("qwen-300m");
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlMessage) question = make_question ("square_small.png", "What is it?");
  g_autoptr (IvlOptions) options = make_options (4);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (IvlReply) sync = NULL;
  Async async = { .loop = loop, .thread = g_thread_self () };

  ivl_session_set_progress (session, on_report, &async, NULL);
  ivl_session_send_and_read_async (session, question, options, NULL, on_reply, &async);
  g_main_loop_run (loop);
  g_assert_no_error (async.error);
  g_assert_cmpuint (async.n_reports, >, 3);
  ivl_session_set_progress (session, NULL, NULL, NULL);
  g_assert_true (ivl_session_reset (session, NULL));
  sync = ask (session, "square_small.png", "What is it?", options);
  g_assert_cmpstr (ivl_reply_get_text (async.reply), ==, ivl_reply_get_text (sync));
  g_object_unref (async.reply);
}

static void
test_not_a_model (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (ivl_model_open ("/nonexistent", NULL, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND);
}

static void
test_system_first (void)
{
  g_autoptr (IvlModel) model = open_model ("qwen-300m");
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlMessage) question = make_question (NULL, "Hello");
  g_autoptr (IvlMessage) line = ivl_message_new (IVL_ROLE_SYSTEM);
  g_autoptr (GError) error = NULL;

  ivl_message_add_text (line, "Be brief.");
  g_assert_true (ivl_session_add_message (session, question, &error));
  g_assert_false (ivl_session_add_message (session, line, &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
  g_assert_cmpuint (ivl_session_get_n_messages (session), ==, 1);
}

/* With a cache limit a second conversation begins where the first one was. */
static void
test_cache_limit (void)
{
  g_autoptr (IvlModel) model = open_model ("qwen-300m");
  g_autoptr (IvlOptions) options = make_options (8);
  char *texts[3];

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (IvlSession) session = ivl_session_new (model);
      g_autoptr (IvlReply) reply = NULL;
      const IvlUsage *usage;

      ivl_model_set_cache_limit (model, i == 0 ? 0 : 1 << 28);
      reply = ask (session, "square_small.png", "What is it?", options);
      usage = ivl_reply_get_usage (reply);
      g_assert_cmpuint (usage->n_cached_tokens, ==, i == 2 ? usage->n_prompt_tokens : 0);
      texts[i] = g_strdup (ivl_reply_get_text (reply));
    }
  g_assert_cmpstr (texts[0], ==, texts[1]);
  g_assert_cmpstr (texts[0], ==, texts[2]);
  for (guint i = 0; i < 3; i++)
    g_free (texts[i]);
}

/* Where pictures would go, before anything is opened; last, since it forbids what leaves this
 * computer. */
static void
test_origin (void)
{
  static const struct
  {
    const char *location;
    const char *origin;
    gboolean    is_remote;
  } cases[] = {
    { "/no/such/folder", "this computer", FALSE },
    { "service:", "this computer", FALSE },
    { "unix:/run/x.sock#m", "this computer", FALSE },
    { "http://localhost:8000#m", "localhost:8000", FALSE },
    { "https://gpu.example/v1#m", "gpu.example", TRUE },
    { "http://gpu.example:8000", "gpu.example:8000", TRUE },
  };
  g_autoptr (GError) error = NULL;

  for (guint forbidden = 0; forbidden < 2; forbidden++)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
        {
          g_autofree char *origin = ivl_model_find_origin (cases[i].location, &error);

          g_assert_cmpint (ivl_model_is_remote (cases[i].location), ==, cases[i].is_remote);
          if (forbidden && cases[i].is_remote)
            {
              g_assert_null (origin);
              g_assert_error (error, IVL_ERROR, IVL_ERROR_REMOTE_REFUSED);
              g_clear_error (&error);
              continue;
            }
          g_assert_no_error (error);
          g_assert_cmpstr (origin, ==, cases[i].origin);
        }
      ivl_model_forbid_remote ();
    }
  g_assert_null (ivl_model_find_origin ("https://", &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION);
}

/* An engine that is cancelled when it has begun, and cuts its picture then */
#define CUTTING_TYPE_ENGINE (cutting_engine_get_type ())
G_DECLARE_FINAL_TYPE (CuttingEngine, cutting_engine, CUTTING, ENGINE, IvlEngine)

struct _CuttingEngine
{
  IvlEngine parent_instance;
};

G_DEFINE_TYPE (CuttingEngine, cutting_engine, IVL_TYPE_ENGINE)

static gboolean
cut (GCancellable  *cancellable,
     GError       **error)
{
  g_autoptr (IvlImage) image = open_image ("wide_3x1.png");
  g_autoptr (GBytes) tiles = NULL;

  g_cancellable_cancel (cancellable);
  tiles = ivl_image_cut_tiles (image, 448, 1, 1, FALSE, error);
  return tiles != NULL;
}

static void
cutting_engine_get_info (IvlEngine     *engine,
                         IvlEngineInfo *info)
{
  info->capabilities = IVL_ENGINE_CHAT | IVL_ENGINE_VISION | IVL_ENGINE_EMBED;
}

static gpointer
cutting_engine_open_timeline (IvlEngine *engine)
{
  return engine;
}

static void
cutting_engine_close_timeline (IvlEngine *engine,
                               gpointer   timeline)
{
}

static gboolean
cutting_engine_begin (IvlEngine        *engine,
                      gpointer          timeline,
                      GPtrArray        *messages,
                      IvlOptions       *options,
                      IvlUsage         *usage,
                      IvlProgressFunc   progress,
                      gpointer          progress_data,
                      GCancellable     *cancellable,
                      GError          **error)
{
  return cut (cancellable, error);
}

static float *
cutting_engine_embed (IvlEngine     *engine,
                      IvlImage      *image,
                      gsize         *n_values,
                      GCancellable  *cancellable,
                      GError       **error)
{
  *n_values = 1;
  return cut (cancellable, error) ? g_new0 (float, 1) : NULL;
}

static void
cutting_engine_end (IvlEngine *engine,
                    gpointer   timeline)
{
}

static void
cutting_engine_class_init (CuttingEngineClass *klass)
{
  IvlEngineClass *engine_class = IVL_ENGINE_CLASS (klass);

  engine_class->get_info = cutting_engine_get_info;
  engine_class->open_timeline = cutting_engine_open_timeline;
  engine_class->close_timeline = cutting_engine_close_timeline;
  engine_class->begin = cutting_engine_begin;
  engine_class->end = cutting_engine_end;
  engine_class->embed = cutting_engine_embed;
}

static void
cutting_engine_init (CuttingEngine *self)
{
}

/* A picture that is being cut is given up, though the engine says nothing of a cancellable. */
static void
test_cancel_cutting (void)
{
  g_autoptr (IvlEngine) engine = g_object_new (CUTTING_TYPE_ENGINE, NULL);
  g_autoptr (IvlModel) model = ivl_model_new_for_engine (engine);
  g_autoptr (IvlSession) session = ivl_session_new (model);
  g_autoptr (IvlMessage) question = make_question (NULL, "What is it?");
  g_autoptr (IvlImage) image = open_image ("wide_3x1.png");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GCancellable) other = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  gsize n;

  g_assert_null (ivl_session_send (session, question, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (ivl_model_embed (model, image, &n, other, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (g_cancellable_get_current ());
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/pieces", test_pieces);
  g_test_add_func ("/session/reuse", test_reuse);
  g_test_add_func ("/session/earlier-answers", test_earlier_answers);
  g_test_add_func ("/session/reuse-is-exact", test_reuse_is_exact);
  g_test_add_func ("/session/reuse-beyond-max-position", test_reuse_beyond_max_position);
  g_test_add_func ("/session/context-full", test_context_full);
  g_test_add_func ("/session/impossible-budget", test_impossible_budget);
  g_test_add_func ("/session/grid", test_grid);
  g_test_add_func ("/session/fixed-budget", test_fixed_budget);
  g_test_add_func ("/session/busy-and-close", test_busy_and_close);
  g_test_add_func ("/session/cancel", test_cancel);
  g_test_add_func ("/session/cancel-cutting", test_cancel_cutting);
  g_test_add_func ("/session/seed", test_seed);
  g_test_add_func ("/session/repetition", test_repetition);
  g_test_add_func ("/session/stop-string", test_stop_string);
  g_test_add_func ("/session/async", test_async);
  g_test_add_func ("/session/cache-limit", test_cache_limit);
  g_test_add_func ("/session/not-a-model", test_not_a_model);
  g_test_add_func ("/session/system-first", test_system_first);
  g_test_add_func ("/session/origin", test_origin);
  return g_test_run ();
}
