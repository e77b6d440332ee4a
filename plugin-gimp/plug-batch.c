/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One question from a script, or one export, from the words of its options to the result. */
#include "plug-batch.h"

#include "plug-advice.h"
#include "plug-export.h"
#include "plug-settings.h"
#include "plug-source.h"

#include <glib/gi18n.h>
#include <string.h>

/* What the words of the options say. Strings belong to the settings or to words. */
typedef struct
{
  char         **words; /* (owned) */
  char          *location; /* (owned) of a server: a folder is opened by the service */
  const char    *language;
  IvlOptions    *answer; /* (owned) */
  PlugSourceKind source;
  gboolean       keep_metadata;
  IvlAltRole     role;
} Options;

static void
options_clear (Options *self)
{
  g_free (self->location);
  g_strfreev (self->words);
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
refuse_value (const char  *name,
              const char  *value,
              const char  *possible,
              GError     **error)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               _ ("The option “%s=%s” is not possible: it may be %s."), name, value, possible);
  return FALSE;
}

/* *index: which of the names the value is; possible: all of them, for people */
static gboolean
choose_value (const char         *name,
              const char         *value,
              const char *const  *names,
              int                *index,
              GError            **error)
{
  g_autofree char *possible = NULL;

  for (*index = 0; names[*index] != NULL; ++*index)
    if (g_str_equal (names[*index], value))
      return TRUE;
  possible = g_strjoinv (", ", (char **) names);
  return refuse_value (name, value, possible, error);
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
take_option (Options     *self,
             gboolean     exports,
             const char  *name,
             const char  *value,
             GError     **error)
{
  static const char *const sources[] = { "layer", "visible", "selection", NULL };
  static const char *const metadata[] = { "drop", "keep", NULL };
  int index;

  if (exports && g_str_equal (name, "metadata"))
    {
      if (!choose_value (name, value, metadata, &index, error))
        return FALSE;
      self->keep_metadata = index == 1;
      return TRUE;
    }
  if (!exports && g_str_equal (name, "source"))
    {
      if (!choose_value (name, value, sources, &index, error))
        return FALSE;
      self->source = (PlugSourceKind) index;
      return TRUE;
    }
  if (!exports && g_str_equal (name, "role"))
    {
      if (!ivl_alt_text_find_role (value, &self->role))
        return refuse_value (name, value,
                             "informative, text, functional, complex, decorative", error);
      return TRUE;
    }
  if (!exports && g_str_equal (name, "language"))
    self->language = value;
  else if (!exports && g_str_equal (name, "model"))
    set_location (self, value);
  else if (!exports && (g_str_equal (name, "max-tiles") || g_str_equal (name, "max-tokens")))
    return ivl_options_set_string (self->answer, name, value, error);
  else
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   _ ("There is no option “%s”. Possible are: %s."), name,
                   exports ? "metadata" : "source, language, max-tiles, max-tokens, model, role");
      return FALSE;
    }
  return TRUE;
}

/* What no word says is as in the window */
static gboolean
read_options (Options         *self,
              const PlugCall  *call,
              GError         **error)
{
  PlugSettings *settings = plug_settings_get ();
  g_autoptr (GError) failure = NULL;
  int n = 0;

  self->answer = ivl_options_new ();
  set_location (self, plug_settings_get_location (settings));
  self->language = plug_settings_get_asked_language (settings);
  g_object_set (self->answer, "max-tiles", plug_settings_get_max_tiles (settings), NULL);
  if (call->options == NULL || *call->options == '\0')
    return TRUE;
  if (!g_shell_parse_argv (call->options, &n, &self->words, &failure) &&
      !g_error_matches (failure, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   _ ("The options cannot be read: %s"), failure->message);
      return FALSE;
    }
  for (int i = 0; i < n; i++)
    {
      char *sign = strchr (self->words[i], '=');

      if (sign == NULL)
        {
          g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                       _ ("“%s” is not an option: options are written name=value."),
                       self->words[i]);
          return FALSE;
        }
      *sign = '\0';
      if (!take_option (self, call->action->task == NULL, self->words[i], sign + 1, error))
        return FALSE;
    }
  return TRUE;
}

/* A script has no window that shows what can be done: failure (transfer full) with that in
 * words. What is not found here is a model, and its own sentence says which. */
static void
explain (GError  *failure,
         GError **error)
{
  g_autoptr (PlugAdvice) advice = NULL;
  g_autoptr (GString) words = NULL;

  if (g_error_matches (failure, IVL_ERROR, IVL_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, failure);
      return;
    }
  advice = plug_advice_new (failure);
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

static IvlReply *
answer (const Options  *options,
        IvlTask        *task,
        IvlMessage     *message,
        GError        **error)
{
  g_autoptr (IvlOptions) complete = ivl_task_complete_options (task, options->answer);
  g_autoptr (IvlModel) model = NULL;
  g_autoptr (IvlSession) session = NULL;
  IvlReply *reply = NULL;
  GError *failure = NULL;

  model = ivl_model_open (options->location, NULL, &failure);
  if (model != NULL)
    {
      session = ivl_session_new (model);
      reply = ivl_session_send_and_read (session, message, complete, NULL, &failure);
    }
  if (reply == NULL)
    explain (failure, error);
  return reply;
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

  if (call->action->takes_text && (call->prompt == NULL || *call->prompt == '\0'))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   _ ("The prompt is missing: it says what is asked or looked for."));
      return FALSE;
    }
  task = ivl_task_load (call->action->task, error);
  if (task == NULL || !check_leave (options->location, error))
    return FALSE;
  source = plug_source_new (call->image);
  plug_source_set_kind (source, options->source);
  if (!plug_source_read (source, error))
    return FALSE;
  message = create_message (call, options, task, plug_source_get_picture (source), error);
  if (message == NULL)
    return FALSE;
  reply = answer (options, task, message, error);
  if (reply == NULL)
    return FALSE;
  regions = ivl_reply_get_regions (reply);
  result->text = g_strdup (ivl_reply_get_text (reply));
  result->boxes = plug_source_place_regions (plug_source_get_picture (source), regions);
  return TRUE;
}

/* Empty stands for what the image carries, NULL in the language of plug_export_write() */
static const char *
get_given (const char *text)
{
  return text != NULL && *text != '\0' ? text : NULL;
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
  g_autoptr (GFile) file = NULL;
  g_autoptr (GString) lines = g_string_new (NULL);

  if (get_given (call->file) == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   _ ("No file to write is given. Name one that ends in .jpg, .png, .webp or "
                      ".tif."));
      return FALSE;
    }
  file = g_file_new_for_path (call->file);
  ivl_metadata_set_alt_text (texts, get_given (call->alt_text));
  ivl_metadata_set_long_description (texts, get_given (call->description));
  ivl_metadata_set_caption (texts, get_given (call->caption));
  written = plug_export_write (call->image, file, texts, options->keep_metadata, error);
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
  const char *texts[] = { call->prompt, call->options, call->alt_text, call->description,
                          call->caption };

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
