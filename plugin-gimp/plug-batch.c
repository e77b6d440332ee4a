/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One question from a script, or one export, from its arguments to the result. */
#include "plug-batch.h"

#include "plug-advice.h"
#include "plug-export.h"
#include "plug-settings.h"
#include "plug-source.h"

#include <glib/gi18n.h>
#include <string.h>

/* A model is silent for minutes; what shows that it works is drawn this often */
#define PULSE_MS 250

const char *const plug_batch_sources[] = { "layer", "visible", "selection", NULL };
const char *const plug_batch_roles[] = { "informative", "text", "functional", "complex",
                                         "decorative", NULL };
const char *const plug_batch_metadata[] = { "drop", "keep", NULL };

/* What the arguments say. Strings belong to the settings or to the call. */
typedef struct
{
  char          *location; /* (owned) of a server: a folder is opened by the service */
  const char    *language;
  const char    *task;
  IvlOptions    *answer; /* (owned) */
  PlugSourceKind source;
  gboolean       keep_metadata;
  IvlAltRole     role;
} Options;

static void
options_clear (Options *self)
{
  g_free (self->location);
  g_clear_object (&self->answer);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

void
plug_result_clear (PlugResult *self)
{
  g_clear_pointer (&self->text, g_free);
  g_clear_pointer (&self->boxes, g_ptr_array_unref);
}

static gboolean
is_given (const char *text)
{
  return text != NULL && *text != '\0';
}

/* *index: which of the values it is, 0 where none is given */
static gboolean
choose_value (const char         *name,
              const char         *value,
              const char *const  *values,
              int                *index,
              GError            **error)
{
  g_autofree char *possible = NULL;

  *index = 0;
  if (!is_given (value))
    return TRUE;
  for (; values[*index] != NULL; ++*index)
    if (g_str_equal (values[*index], value))
      return TRUE;
  possible = g_strjoinv (", ", (char **) values);
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               _ ("%s “%s” is not possible: it may be %s."), name, value, possible);
  return FALSE;
}

/* No model is opened in this process: a folder or a model's name is given to the service. */
static void
set_location (Options    *self,
              const char *location)
{
  g_free (self->location);
  self->location = ivl_model_is_server (location) ? g_strdup (location)
                                                  : g_strconcat ("service:", location, NULL);
}

static gboolean
set_number (Options     *self,
            const char  *name,
            int          number,
            GError     **error)
{
  g_autofree char *value = g_strdup_printf ("%d", number);

  return number == 0 || ivl_options_set_string (self->answer, name, value, error);
}

static gboolean
set_language (Options     *self,
              const char  *language,
              GError     **error)
{
  g_autofree char *tag = ivl_task_find_language (language);

  self->language = language;
  if (tag != NULL)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               _ ("language “%s” is not known: write a tag such as “de” or “pt-br”, or the English "
                  "name."),
               language);
  return FALSE;
}

/* What is not given is as in the window */
static gboolean
read_options (Options         *self,
              const PlugCall  *call,
              GError         **error)
{
  PlugSettings *settings = plug_settings_get ();
  int source, metadata, role;

  self->answer = ivl_options_new ();
  set_location (self, is_given (call->model) ? call->model : plug_settings_get_location (settings));
  self->language = plug_settings_get_asked_language (settings);
  self->task = is_given (call->task) ? call->task : call->action->task;
  g_object_set (self->answer, "max-tiles", plug_settings_get_max_tiles (settings), NULL);
  if (!choose_value ("source", call->source, plug_batch_sources, &source, error) ||
      !choose_value ("metadata", call->metadata, plug_batch_metadata, &metadata, error) ||
      !choose_value ("role", call->role, plug_batch_roles, &role, error) ||
      !set_number (self, "max-tiles", call->max_tiles, error) ||
      !set_number (self, "max-tokens", call->max_tokens, error) ||
      (is_given (call->language) && !set_language (self, call->language, error)))
    return FALSE;
  self->source = (PlugSourceKind) source;
  self->keep_metadata = metadata == 1;
  return ivl_alt_text_find_role (plug_batch_roles[role], &self->role);
}

/* A script has no window that shows what can be done: failure (transfer full) with that in
 * words. What is not found here is a model, and its own sentence says which. */
static void
explain (const char  *location,
         GError      *failure,
         GError     **error)
{
  g_autoptr (PlugAdvice) advice = NULL;
  g_autoptr (GString) words = NULL;

  if (g_error_matches (failure, IVL_ERROR, IVL_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, failure);
      return;
    }
  advice = plug_advice_new_at (failure, location);
  words = g_string_new (advice->cause);
  if (advice->remedy != NULL)
    g_string_append_printf (words, " %s", advice->remedy);
  if (advice->detail != NULL)
    g_string_append_printf (words, " (%s)", advice->detail);
  g_free (failure->message);
  failure->message = g_string_free (g_steal_pointer (&words), FALSE);
  g_propagate_error (error, failure);
}

/* A script may name a server, and a person allows it: in the window, once. */
static gboolean
check_leave (const char  *location,
             GError     **error)
{
  g_autofree char *origin = ivl_model_find_origin (location, error);

  if (origin == NULL)
    return FALSE;
  if (!ivl_model_is_remote (location) ||
      plug_settings_is_allowed (plug_settings_get (), origin))
    return TRUE;
  g_set_error (error, PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_NOT_ALLOWED,
               _ ("Nothing was sent to %s: a script may send pictures there only after a person "
                  "has allowed it. Choose it in the Image Assistant’s preferences and allow it at "
                  "the first question."),
               origin);
  return FALSE;
}

/* The prompt of a task that asks for none is what a person knows about the picture. */
static IvlMessage *
create_message (const PlugCall  *call,
                const Options   *options,
                IvlTask         *task,
                IvlImage        *picture,
                GError         **error)
{
  const char *prompt = call->prompt != NULL && *call->prompt != '\0' ? call->prompt : NULL;
  IvlMessage *message;

  if (call->action->page == PLUG_PAGE_ALT)
    return ivl_task_create_variant (task, picture, ivl_alt_text_get_role_name (options->role),
                                    prompt, options->language, error);
  message = ivl_task_create_message (task, picture,
                                     ivl_task_get_needs_text (task) ? prompt : NULL,
                                     options->language, error);
  if (message != NULL && prompt != NULL && !ivl_task_get_needs_text (task))
    {
      ivl_message_add_prompt (message, "\n");
      ivl_message_add_text (message, prompt);
    }
  return message;
}

/* A call that ends in the main loop */
typedef struct
{
  GMainLoop    *loop;
  GAsyncResult *result; /* (owned) */
} Wait;

static void
on_done (GObject      *source,
         GAsyncResult *result,
         gpointer      user_data)
{
  Wait *wait = user_data;

  wait->result = g_object_ref (result);
  g_main_loop_quit (wait->loop);
}

static gboolean
pulse (gpointer user_data)
{
  plug_host_pulse_wait ();
  return G_SOURCE_CONTINUE;
}

/* GIMP shows that something goes on meanwhile, and can end it (transfer full) */
static GAsyncResult *
wait_for (Wait *wait)
{
  guint timer = g_timeout_add (PULSE_MS, pulse, NULL);

  g_main_loop_run (wait->loop);
  g_source_remove (timer);
  return g_steal_pointer (&wait->result);
}

static IvlReply *
ask (const Options  *options,
     IvlTask        *task,
     IvlMessage     *message,
     GError        **error)
{
  g_autoptr (IvlOptions) complete = ivl_task_complete_options (task, options->answer);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (IvlModel) model = NULL;
  g_autoptr (IvlSession) session = NULL;
  g_autoptr (GAsyncResult) opened = NULL;
  g_autoptr (GAsyncResult) answered = NULL;
  Wait wait = { loop, NULL };

  ivl_model_open_async (options->location, NULL, on_done, &wait);
  opened = wait_for (&wait);
  model = ivl_model_open_finish (opened, error);
  if (model == NULL)
    return NULL;
  session = ivl_session_new (model);
  ivl_session_send_and_read_async (session, message, complete, NULL, on_done, &wait);
  answered = wait_for (&wait);
  return ivl_session_send_and_read_finish (session, answered, error);
}

static IvlReply *
answer (const Options  *options,
        IvlTask        *task,
        IvlMessage     *message,
        GError        **error)
{
  GError *failure = NULL;
  IvlReply *reply;

  plug_host_begin_wait (_ ("Image Assistant: looking at the picture"));
  reply = ask (options, task, message, &failure);
  plug_host_end_wait ();
  if (reply == NULL)
    explain (options->location, failure, error);
  return reply;
}

/* One answer is about one drawable, and which is said by the call. */
static gboolean
check_drawables (const PlugCall  *call,
                 const Options   *options,
                 GError         **error)
{
  if (options->source != PLUG_SOURCE_LAYER || call->n_drawables < 2)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               _ ("%d drawables were passed, and an answer is about one. Call the procedure once "
                  "for each, or with the source “visible”."),
               call->n_drawables);
  return FALSE;
}

/* As the command writes them, the name last since it may hold anything (transfer full) */
static char *
list_boxes (GPtrArray *boxes)
{
  g_autoptr (GString) lines = g_string_new (NULL);

  for (guint i = 0; i < boxes->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (boxes, i);
      const char *name = box->name != NULL ? box->name : "";

      g_string_append_printf (lines, "%s%dx%d%+d%+d%s%s", i > 0 ? "\n" : "", box->width,
                              box->height, box->x, box->y, *name != '\0' ? " " : "", name);
    }
  return g_string_free (g_steal_pointer (&lines), FALSE);
}

static gboolean
run_task (const PlugCall  *call,
          const Options   *options,
          PlugResult      *result,
          GError         **error)
{
  g_autoptr (IvlTask) task = NULL;
  g_autoptr (PlugSource) source = NULL;
  g_autoptr (IvlMessage) message = NULL;
  g_autoptr (IvlReply) reply = NULL;
  g_autoptr (GPtrArray) regions = NULL;

  if (call->action->takes_text && !is_given (call->prompt))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   _ ("The prompt is missing: it says what is asked or looked for."));
      return FALSE;
    }
  task = ivl_task_load (options->task, error);
  if (task == NULL || !check_drawables (call, options, error) ||
      !check_leave (options->location, error))
    return FALSE;
  source = plug_source_new (call->image);
  plug_source_set_kind (source, options->source);
  plug_source_set_drawable (source, call->drawable);
  if (!plug_source_read (source, error))
    return FALSE;
  message = create_message (call, options, task, plug_source_get_picture (source), error);
  if (message == NULL)
    return FALSE;
  reply = answer (options, task, message, error);
  if (reply == NULL)
    return FALSE;
  regions = ivl_reply_get_regions (reply);
  result->boxes = plug_source_place_regions (plug_source_get_picture (source), regions);
  result->text = call->action->gives_boxes ? list_boxes (result->boxes)
                                           : g_strdup (ivl_reply_get_text (reply));
  return TRUE;
}

/* In the language of plug_export_write(): NULL for what the image carries, an empty one is not
 * written (transfer full) */
static char *
get_text (const char *given)
{
  g_autofree char *rest = is_given (given) ? g_strstrip (g_strdup (given)) : NULL;

  return rest != NULL && *rest != '\0' ? g_strdup (given) : g_steal_pointer (&rest);
}

static void
add_line (GString    *lines,
          const char *name,
          const char *text)
{
  if (text != NULL && *text != '\0')
    g_string_append_printf (lines, "%s%s: %s", lines->len > 0 ? "\n" : "", name, text);
}

static gboolean
run_export (const PlugCall  *call,
            const Options   *options,
            PlugResult      *result,
            GError         **error)
{
  g_autoptr (IvlMetadata) texts = ivl_metadata_new ();
  g_autoptr (IvlMetadata) written = NULL;
  g_autoptr (GString) lines = g_string_new (NULL);
  g_autofree char *alt_text = get_text (call->alt_text);
  g_autofree char *description = get_text (call->description);
  g_autofree char *caption = get_text (call->caption);

  if (call->file == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   _ ("No file to write is given. Name one that ends in .jpg, .png, .webp or "
                      ".tif."));
      return FALSE;
    }
  ivl_metadata_set_alt_text (texts, alt_text);
  ivl_metadata_set_long_description (texts, description);
  ivl_metadata_set_caption (texts, caption);
  written = plug_export_write (call->image, call->file, texts, options->keep_metadata, error);
  if (written == NULL)
    return FALSE;
  add_line (lines, "alt-text", ivl_metadata_get_alt_text (written));
  add_line (lines, "description", ivl_metadata_get_long_description (written));
  add_line (lines, "caption", ivl_metadata_get_caption (written));
  result->text = g_string_free (g_steal_pointer (&lines), FALSE);
  result->boxes = plug_box_new_array ();
  return TRUE;
}

static gboolean
check_utf8 (const PlugCall  *call,
            GError         **error)
{
  const char *texts[] = { call->prompt,   call->source,   call->language,    call->model,
                          call->task,     call->role,     call->metadata,    call->alt_text,
                          call->description, call->caption };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (texts[i] != NULL && !g_utf8_validate (texts[i], -1, NULL))
      {
        g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                     _ ("A text is not valid UTF-8. Save the script in UTF-8."));
        return FALSE;
      }
  return TRUE;
}

gboolean
plug_batch_run (const PlugCall  *call,
                PlugResult      *result,
                GError         **error)
{
  g_auto (Options) options = { 0 };

  if (!check_utf8 (call, error) || !read_options (&options, call, error))
    return FALSE;
  if (call->action->task == NULL)
    return run_export (call, &options, result, error);
  /* A decorative picture has an empty text: there is nothing to ask */
  if (call->action->page == PLUG_PAGE_ALT && options.role == IVL_ALT_ROLE_DECORATIVE)
    {
      result->text = g_strdup ("");
      result->boxes = plug_box_new_array ();
      return TRUE;
    }
  return run_task (call, &options, result, error);
}
