/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A conversation, question by question. Each question is a Turn that the callbacks share; a turn
 * that is over, or whose conversation is gone, has no talk any more, and what still arrives for
 * it is dropped. */
#include "plug-talk.h"

#include "plug-advice.h"
#include "plug-models.h"
#include "plug-settings.h"

#include <glib/gi18n.h>
#include <string.h>

/* A question on its way; reference counted (g_atomic_rc_box) */
typedef struct
{
  PlugTalk     *talk; /* not owned; NULL when it is over */
  GCancellable *cancellable;
  char         *task_name; /* (nullable): task is there already */
  IvlTask      *task;      /* (nullable) until it is loaded */
  char         *text;      /* (nullable) */
  gboolean      is_prompt; /* text is the whole wording */
  IvlOptions   *options;   /* (nullable) */
  gboolean      continues;
  gboolean      shows_picture; /* the conversation begins with this question */
  IvlModel     *model;         /* (nullable) */
  IvlMessage   *message;       /* (nullable) */
  IvlReply     *reply;         /* (nullable) */
  char         *place;         /* origin that there is leave for, or is asked for; (nullable) */
  gboolean      is_sending;    /* the last phase that was told is one before the server's */
  gboolean      has_pieces;
  gboolean      has_reopened;
  gboolean      is_stopped;
  gboolean      is_forgotten; /* no part of the conversation */
} Turn;

struct _PlugTalk
{
  GObject       parent_instance;
  PlugSource   *source;  /* (owned) */
  PlugTalkState state;
  Turn         *turn;    /* (owned) (nullable) */
  GPtrArray    *history; /* IvlMessage: questions and answers */
  IvlImage     *picture; /* (owned) (nullable): that history is about */
  IvlSession   *session; /* (owned) (nullable): has history */
  gboolean      was_cut; /* the picture that there was a conversation about is gone */
};

enum
{
  STATE_CHANGED,
  PROGRESS,
  CONSENT_NEEDED,
  STARTED_ANEW,
  PIECE,
  ANSWERED,
  FAILED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (PlugTalk, plug_talk, G_TYPE_OBJECT)

static void open_model (PlugTalk *self, const char *sentence);
static void send_question (PlugTalk *self);
static void read_piece (PlugTalk *self);

static void
turn_clear (gpointer data)
{
  Turn *turn = data;

  g_object_unref (turn->cancellable);
  g_free (turn->task_name);
  g_clear_object (&turn->task);
  g_free (turn->text);
  g_clear_object (&turn->options);
  g_clear_object (&turn->model);
  g_clear_object (&turn->message);
  g_clear_object (&turn->reply);
  g_free (turn->place);
}

static void
turn_unref (gpointer turn)
{
  g_atomic_rc_box_release_full (turn, turn_clear);
}

typedef Turn TurnRef;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TurnRef, turn_unref)

/* The conversation of a turn that is not over, held while a callback works (transfer full) */
static PlugTalk *
get_talk (const Turn *turn)
{
  return turn->talk != NULL ? g_object_ref (turn->talk) : NULL;
}

/* Forgets what was said; the session is not used by anybody else, or only by a turn that is
 * over. */
static void
drop_conversation (PlugTalk *self)
{
  g_ptr_array_set_size (self->history, 0);
  g_clear_object (&self->picture);
  g_clear_object (&self->session);
}

static void
detach_turn (PlugTalk *self)
{
  if (self->turn == NULL)
    return;
  self->turn->talk = NULL;
  g_cancellable_cancel (self->turn->cancellable);
  g_clear_pointer (&self->turn, turn_unref);
}

/* A large picture is not kept for a conversation that cannot go on. */
static void
cut_conversation (PlugTalk *self)
{
  if (self->picture == NULL ||
      (self->state != PLUG_TALK_IDLE && self->state != PLUG_TALK_READING))
    return;
  self->was_cut = self->was_cut || self->history->len > 0;
  drop_conversation (self);
}

static void
note_change (PlugTalk *self)
{
  if (self->picture != plug_source_get_picture (self->source))
    cut_conversation (self);
}

static void
plug_talk_dispose (GObject *object)
{
  PlugTalk *self = PLUG_TALK (object);

  detach_turn (self);
  drop_conversation (self);
  if (self->source != NULL)
    g_signal_handlers_disconnect_by_data (self->source, self);
  g_clear_object (&self->source);
  G_OBJECT_CLASS (plug_talk_parent_class)->dispose (object);
}

static void
plug_talk_finalize (GObject *object)
{
  g_ptr_array_unref (PLUG_TALK (object)->history);
  G_OBJECT_CLASS (plug_talk_parent_class)->finalize (object);
}

static guint
create_signal (const char *name,
               guint       n_params,
               GType       first,
               GType       second)
{
  return g_signal_new (name, PLUG_TYPE_TALK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                       n_params, first, second);
}

static void
plug_talk_class_init (PlugTalkClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = plug_talk_dispose;
  G_OBJECT_CLASS (klass)->finalize = plug_talk_finalize;
  signals[STATE_CHANGED] = create_signal ("state-changed", 0, G_TYPE_NONE, G_TYPE_NONE);
  signals[PROGRESS] = create_signal ("progress", 2, G_TYPE_DOUBLE, G_TYPE_STRING);
  signals[CONSENT_NEEDED] = create_signal ("consent-needed", 1, G_TYPE_STRING, G_TYPE_NONE);
  signals[STARTED_ANEW] = create_signal ("started-anew", 0, G_TYPE_NONE, G_TYPE_NONE);
  signals[PIECE] = create_signal ("piece", 1, G_TYPE_STRING, G_TYPE_NONE);
  signals[ANSWERED] = create_signal ("answered", 2, IVL_TYPE_REPLY, G_TYPE_BOOLEAN);
  signals[FAILED] = create_signal ("failed", 2, G_TYPE_ERROR, G_TYPE_STRING);
}

static void
plug_talk_init (PlugTalk *self)
{
  self->history = g_ptr_array_new_with_free_func (g_object_unref);
}

PlugTalk *
plug_talk_new (PlugSource *source)
{
  PlugTalk *self;

  g_return_val_if_fail (PLUG_IS_SOURCE (source), NULL);

  self = g_object_new (PLUG_TYPE_TALK, NULL);
  self->source = g_object_ref (source);
  g_signal_connect_swapped (source, "changed", G_CALLBACK (note_change), self);
  g_signal_connect_swapped (source, "outdated", G_CALLBACK (cut_conversation), self);
  return self;
}

IvlImage *
plug_talk_get_picture (PlugTalk *self)
{
  g_return_val_if_fail (PLUG_IS_TALK (self), NULL);

  return self->picture;
}

PlugTalkState
plug_talk_get_state (PlugTalk *self)
{
  g_return_val_if_fail (PLUG_IS_TALK (self), PLUG_TALK_IDLE);

  return self->state;
}

static void
set_state (PlugTalk      *self,
           PlugTalkState  state)
{
  if (state == self->state)
    return;
  self->state = state;
  g_signal_emit (self, signals[STATE_CHANGED], 0);
}

static void
tell_progress (PlugTalk   *self,
               double      fraction,
               const char *sentence)
{
  g_signal_emit (self, signals[PROGRESS], 0, fraction, sentence);
}

static void
report (IvlPhase phase,
        guint64  done,
        guint64  total,
        gpointer data)
{
  Turn *turn = data;
  g_autoptr (PlugTalk) self = get_talk (turn);
  g_autofree char *sentence = NULL;
  double fraction = total > 0 ? (double) MIN (done, total) / (double) total : -1;
  const char *place = turn->place != NULL ? turn->place : _ ("the service");

  /* What was under way when the answer came is old */
  if (self == NULL || (self->state == PLUG_TALK_ANSWERING && phase != IVL_PHASE_DECODE))
    return;
  turn->is_sending = phase == IVL_PHASE_WAIT || phase == IVL_PHASE_UPLOAD;
  switch (phase)
    {
    case IVL_PHASE_LOAD:
      sentence = g_strdup (_ ("The model is being loaded…"));
      break;
    case IVL_PHASE_WAIT:
      sentence = g_strdup_printf (_ ("Waiting for %s: %u of at most %u seconds"), place,
                                  (guint) done, (guint) total);
      break;
    case IVL_PHASE_UPLOAD:
      sentence = g_strdup_printf (_ ("The picture is being sent to %s…"), place);
      break;
    case IVL_PHASE_TILES:
      sentence = g_strdup_printf (_ ("Looking at the picture: %u of %u parts"), (guint) done,
                                  (guint) total);
      break;
    case IVL_PHASE_PREFILL:
      sentence = g_strdup_printf (_ ("Reading picture and question: %u of %u tokens"),
                                  (guint) done, (guint) total);
      break;
    case IVL_PHASE_QUEUE:
      /* Translators: the first number is 1 when this question is the next one */
      sentence = g_strdup_printf (_ ("Waiting for other questions: place %u of %u in the queue"),
                                  (guint) done, (guint) total);
      fraction = -1;
      break;
    case IVL_PHASE_DECODE:
    default:
      sentence = g_strdup_printf (ngettext ("The answer is being written: %u token",
                                            "The answer is being written: %u tokens",
                                            (guint) done),
                                  (guint) done);
      fraction = -1;
      break;
    }
  tell_progress (self, fraction, sentence);
}

/* The turn is over, and a new one may begin (transfer full) */
static Turn *
take_turn (PlugTalk *self)
{
  Turn *turn = g_steal_pointer (&self->turn);

  turn->talk = NULL;
  if (self->session != NULL)
    ivl_session_set_progress (self->session, NULL, NULL, NULL);
  self->state = PLUG_TALK_IDLE;
  return turn;
}

/* The words that were said, for the questions that follow. An answer that was stopped is a part
 * of the conversation, which the session does not know. */
static void
remember (PlugTalk   *self,
          const Turn *turn)
{
  const char *text = turn->reply != NULL ? ivl_reply_get_text (turn->reply) : "";
  IvlMessage *answer;

  if (turn->is_stopped || turn->is_forgotten)
    g_clear_object (&self->session);
  if (turn->is_forgotten)
    drop_conversation (self);
  if (*text == '\0' || turn->is_forgotten)
    return;
  answer = ivl_message_new (IVL_ROLE_ASSISTANT);
  ivl_message_add_text (answer, text);
  g_ptr_array_add (self->history, g_object_ref (turn->message));
  g_ptr_array_add (self->history, answer);
}

static void
finish (PlugTalk *self,
        gboolean  is_stopped)
{
  g_autoptr (TurnRef) turn = take_turn (self);

  turn->is_stopped = is_stopped;
  remember (self, turn);
  g_signal_emit (self, signals[ANSWERED], 0, turn->has_pieces ? turn->reply : NULL, is_stopped);
  g_signal_emit (self, signals[STATE_CHANGED], 0);
  note_change (self);
}

static gboolean
is_servers_fault (const GError *error)
{
  return error->domain == IVL_ERROR &&
         (error->code == IVL_ERROR_NOT_FOUND || error->code == IVL_ERROR_REMOTE_UNREACHABLE ||
          error->code == IVL_ERROR_REMOTE_REFUSED || error->code == IVL_ERROR_REMOTE_FAILED ||
          error->code == IVL_ERROR_REMOTE_PROTOCOL);
}

/* error: (transfer full). What fails after a stop has been stopped. */
static void
fail (PlugTalk *self,
      GError   *error)
{
  g_autoptr (GError) failure = error;
  g_autoptr (TurnRef) turn = NULL;

  if (self->turn->is_stopped || g_error_matches (failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      finish (self, TRUE);
      return;
    }
  turn = take_turn (self);
  g_clear_object (&self->session);
  if (turn->is_forgotten)
    drop_conversation (self);
  /* The key, the model or the server may be another the next time. */
  if (turn->model != NULL && is_servers_fault (failure))
    plug_models_forget (turn->model);
  g_signal_emit (self, signals[FAILED], 0, failure,
                 turn->has_pieces ? ivl_reply_get_text (turn->reply) : NULL);
  g_signal_emit (self, signals[STATE_CHANGED], 0);
  note_change (self);
}

/* A service that went away while nothing was asked is started again, once for each question. */
static gboolean
ask_again (PlugTalk     *self,
           const GError *error)
{
  Turn *turn = self->turn;
  gboolean is_gone = g_error_matches (error, IVL_ERROR, IVL_ERROR_REMOTE_UNREACHABLE) ||
                     g_error_matches (error, IVL_ERROR, IVL_ERROR_NOT_FOUND);

  if (!is_gone || turn->has_reopened || turn->has_pieces || turn->is_stopped ||
      !plug_models_is_service ())
    return FALSE;
  turn->has_reopened = TRUE;
  plug_models_forget (turn->model);
  g_clear_object (&turn->model);
  g_clear_object (&turn->reply);
  g_clear_object (&self->session);
  open_model (self, _ ("The service had ended and is started again…"));
  return TRUE;
}

static void
on_piece (GObject      *object,
          GAsyncResult *result,
          gpointer      data)
{
  g_autoptr (TurnRef) turn = data;
  g_autoptr (PlugTalk) self = get_talk (turn);
  GError *error = NULL;
  g_autofree char *piece = ivl_reply_read_finish (IVL_REPLY (object), result, &error);

  if (self == NULL)
    g_clear_error (&error);
  else if (error != NULL && ask_again (self, error))
    g_clear_error (&error);
  else if (error != NULL)
    fail (self, error);
  else if (piece == NULL)
    finish (self, FALSE);
  else
    {
      turn->has_pieces = TRUE;
      set_state (self, PLUG_TALK_ANSWERING);
      g_signal_emit (self, signals[PIECE], 0, piece);
      if (turn->talk != NULL)
        read_piece (self);
    }
}

static void
read_piece (PlugTalk *self)
{
  ivl_reply_read_async (self->turn->reply, self->turn->cancellable, on_piece,
                        g_atomic_rc_box_acquire (self->turn));
}

static void
on_sent (GObject      *object,
         GAsyncResult *result,
         gpointer      data)
{
  g_autoptr (TurnRef) turn = data;
  g_autoptr (PlugTalk) self = get_talk (turn);
  GError *error = NULL;
  g_autoptr (IvlReply) reply = ivl_session_send_finish (IVL_SESSION (object), result, &error);

  if (self == NULL)
    g_clear_error (&error);
  else if (reply != NULL)
    {
      g_set_object (&turn->reply, reply);
      /* The server has begun; not every one tells what it does until the first word */
      if (turn->is_sending)
        tell_progress (self, -1, _ ("Looking at the picture…"));
      if (turn->talk != NULL)
        read_piece (self);
    }
  else if (ask_again (self, error))
    g_clear_error (&error);
  else
    fail (self, error);
}

/* A session that knows what was said, with the turn's model */
static gboolean
ensure_session (PlugTalk  *self,
                GError   **error)
{
  if (self->session != NULL && ivl_session_get_model (self->session) == self->turn->model)
    return TRUE;
  g_clear_object (&self->session);
  self->session = ivl_session_new (self->turn->model);
  for (guint i = 0; i < self->history->len; i++)
    if (!ivl_session_add_message (self->session, g_ptr_array_index (self->history, i), error))
      return FALSE;
  return TRUE;
}

/* Picture and wording; without the picture when the conversation has it already */
static IvlMessage *
create_message (PlugTalk  *self,
                GError   **error)
{
  Turn *turn = self->turn;
  IvlImage *picture = turn->shows_picture ? self->picture : NULL;
  gboolean has_text = turn->text != NULL && *turn->text != '\0';
  gboolean needs_text;
  IvlMessage *message;

  if (turn->is_prompt)
    {
      message = ivl_message_new (IVL_ROLE_USER);
      if (picture != NULL)
        ivl_message_add_image (message, picture);
      ivl_message_add_text (message, turn->text);
      return message;
    }
  needs_text = ivl_task_get_needs_text (turn->task);
  message = ivl_task_create_message (turn->task, picture, needs_text ? turn->text : NULL,
                                     plug_settings_get_asked_language (plug_settings_get ()),
                                     error);
  /* Words on the side, for a task that does without */
  if (message != NULL && has_text && !needs_text)
    {
      g_autofree char *line = g_strconcat ("\n", turn->text, NULL);

      ivl_message_add_text (message, line);
    }
  return message;
}

static IvlOptions *
create_options (const Turn *turn)
{
  g_autoptr (IvlOptions) options =
      turn->options != NULL ? ivl_options_copy (turn->options) : ivl_options_new ();
  guint max_tiles = plug_settings_get_max_tiles (plug_settings_get ());
  guint most = ivl_model_get_max_tiles (turn->model);

  if (most > 0)
    max_tiles = MIN (max_tiles, most);
  if (max_tiles > 0 && ivl_options_get_max_tiles (options) == 0)
    g_object_set (options, "max-tiles", max_tiles, "min-tiles",
                  MIN (ivl_options_get_min_tiles (options), max_tiles), NULL);
  return ivl_task_complete_options (turn->task, options);
}

static void
send_question (PlugTalk *self)
{
  Turn *turn = self->turn;
  g_autoptr (IvlOptions) options = NULL;
  GError *error = NULL;

  if (turn->message == NULL)
    turn->message = create_message (self, &error);
  if (turn->message == NULL || !ensure_session (self, &error))
    {
      fail (self, error);
      return;
    }
  options = create_options (turn);
  ivl_session_set_progress (self->session, report, g_atomic_rc_box_acquire (turn), turn_unref);
  ivl_session_send_async (self->session, turn->message, options, turn->cancellable, on_sent,
                          g_atomic_rc_box_acquire (turn));
  set_state (self, PLUG_TALK_LOOKING);
  if (turn->talk != NULL)
    tell_progress (self, -1, _ ("Looking at the picture…"));
}

/* Whether the picture may go to origin. FALSE: the person is being asked. */
static gboolean
check_consent (PlugTalk   *self,
               const char *origin)
{
  Turn *turn = self->turn;
  gboolean is_known = g_strcmp0 (turn->place, origin) == 0;

  g_free (turn->place);
  turn->place = g_strdup (origin);
  if (is_known || plug_settings_is_allowed (plug_settings_get (), origin))
    return TRUE;
  set_state (self, PLUG_TALK_CONSENT);
  if (turn->talk != NULL)
    g_signal_emit (self, signals[CONSENT_NEEDED], 0, turn->place);
  return FALSE;
}

static void
on_opened (GObject      *object,
           GAsyncResult *result,
           gpointer      data)
{
  g_autoptr (TurnRef) turn = data;
  g_autoptr (PlugTalk) self = get_talk (turn);
  GError *error = NULL;
  g_autoptr (IvlModel) model = plug_models_open_finish (result, &error);

  if (self == NULL)
    g_clear_error (&error);
  else if (model == NULL)
    fail (self, error);
  else
    {
      g_set_object (&turn->model, model);
      /* The configuration may have come to mean another computer since */
      if (turn->place == NULL || check_consent (self, ivl_model_get_origin (model)))
        send_question (self);
    }
}

static void
open_model (PlugTalk   *self,
            const char *sentence)
{
  Turn *turn = self->turn;

  plug_models_open_async (report, g_atomic_rc_box_acquire (turn), turn_unref, turn->cancellable,
                          on_opened, g_atomic_rc_box_acquire (turn));
  set_state (self, PLUG_TALK_OPENING);
  if (turn->talk != NULL)
    tell_progress (self, -1, sentence);
}

/* Asks for leave if it is needed, and opens the model. */
static void
go_to_model (PlugTalk *self)
{
  g_autofree char *origin = NULL;
  GError *error = NULL;

  if (plug_models_is_remote ())
    {
      origin = plug_models_find_origin (&error);
      if (origin == NULL)
        {
          fail (self, error);
          return;
        }
      if (!check_consent (self, origin))
        return;
    }
  open_model (self, _ ("The model is being opened…"));
}

/* The conversation goes on if it may and the picture is the same; else it begins with the
 * picture. */
static void
choose_conversation (PlugTalk *self)
{
  Turn *turn = self->turn;
  IvlImage *picture = plug_source_get_picture (self->source);
  gboolean had_one = self->was_cut || self->history->len > 0;

  turn->shows_picture =
      !turn->continues || self->history->len == 0 || self->picture != picture;
  self->was_cut = FALSE;
  if (!turn->shows_picture)
    return;
  if (self->history->len > 0)
    drop_conversation (self);
  if (g_set_object (&self->picture, picture))
    g_clear_object (&self->session);
  if (turn->continues && had_one)
    g_signal_emit (self, signals[STARTED_ANEW], 0);
}

static void
on_read (GObject      *object,
         GAsyncResult *result,
         gpointer      data)
{
  g_autoptr (TurnRef) turn = data;
  g_autoptr (PlugTalk) self = get_talk (turn);
  GError *error = NULL;
  gboolean is_read = plug_source_read_finish (PLUG_SOURCE (object), result, &error);

  if (self == NULL)
    {
      g_clear_error (&error);
      return;
    }
  if (is_read && turn->task == NULL)
    turn->task = ivl_task_load (turn->task_name, &error);
  if (error != NULL)
    {
      fail (self, error);
      return;
    }
  choose_conversation (self);
  if (turn->talk != NULL)
    go_to_model (self);
}

/* turn: (transfer full) */
static void
begin (PlugTalk *self,
       Turn     *turn)
{
  turn->talk = self;
  turn->cancellable = g_cancellable_new ();
  self->turn = turn;
  plug_source_read_async (self->source, turn->cancellable, on_read,
                          g_atomic_rc_box_acquire (turn));
  set_state (self, PLUG_TALK_READING);
  if (self->turn == turn)
    tell_progress (self, -1, _ ("The picture is being read…"));
}

void
plug_talk_ask (PlugTalk   *self,
               const char *task,
               const char *text,
               gboolean    continues)
{
  Turn *turn;

  g_return_if_fail (PLUG_IS_TALK (self));
  g_return_if_fail (task != NULL);

  if (self->turn != NULL)
    return;
  turn = g_atomic_rc_box_new0 (Turn);
  turn->task_name = g_strdup (task);
  turn->text = g_strdup (text);
  turn->continues = continues;
  begin (self, turn);
}

void
plug_talk_send (PlugTalk   *self,
                IvlTask    *task,
                const char *prompt,
                IvlOptions *options)
{
  Turn *turn;

  g_return_if_fail (PLUG_IS_TALK (self));
  g_return_if_fail (IVL_IS_TASK (task));
  g_return_if_fail (prompt != NULL);

  if (self->turn != NULL)
    return;
  turn = g_atomic_rc_box_new0 (Turn);
  turn->task = g_object_ref (task);
  turn->text = g_strdup (prompt);
  turn->is_prompt = TRUE;
  g_set_object (&turn->options, options);
  begin (self, turn);
}

void
plug_talk_stop (PlugTalk *self)
{
  g_return_if_fail (PLUG_IS_TALK (self));

  if (self->turn == NULL || self->turn->is_stopped)
    return;
  self->turn->is_stopped = TRUE;
  g_cancellable_cancel (self->turn->cancellable);
  /* Everywhere else something is under way that ends now */
  if (self->state == PLUG_TALK_CONSENT)
    finish (self, TRUE);
}

void
plug_talk_answer_consent (PlugTalk *self,
                          gboolean  allow)
{
  Turn *turn;

  g_return_if_fail (PLUG_IS_TALK (self));

  turn = self->turn;
  if (self->state != PLUG_TALK_CONSENT)
    return;
  if (!allow)
    {
      fail (self, g_error_new (PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_NOT_ALLOWED,
                               _ ("Nothing was sent to %s."), turn->place));
      return;
    }
  plug_settings_set_allowed (plug_settings_get (), turn->place, TRUE);
  if (turn->model != NULL)
    send_question (self);
  else
    open_model (self, _ ("The model is being opened…"));
}

void
plug_talk_reset (PlugTalk *self)
{
  g_return_if_fail (PLUG_IS_TALK (self));

  self->was_cut = FALSE;
  if (self->turn == NULL)
    {
      drop_conversation (self);
      return;
    }
  self->turn->is_forgotten = TRUE;
  plug_talk_stop (self);
}

char *
plug_talk_describe_place (PlugTalk *self)
{
  g_autofree char *name = plug_models_find_name ();
  g_autofree char *origin = NULL;

  if (!plug_models_is_remote ())
    return *name != '\0' ? g_strdup_printf (_ ("On this computer: %s"), name)
                         : g_strdup (_ ("On this computer"));
  origin = plug_models_find_origin (NULL);
  if (origin == NULL)
    return g_strdup (_ ("On another computer"));
  return *name != '\0' ? g_strdup_printf (_ ("On %s: %s"), origin, name)
                       : g_strdup_printf (_ ("On %s"), origin);
}

gboolean
plug_talk_is_remote (PlugTalk *self)
{
  return plug_models_is_remote ();
}
