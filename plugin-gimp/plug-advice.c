/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Errors as sentences: what happened, what to do, and which button does it. */
#include "plug-advice.h"

#include "plug-models.h"
#include "plug-settings.h"

#include <glib/gi18n.h>
#include <string.h>

#define FIRST_MODEL "InternVL2_5-1B"

typedef struct
{
  const char *cause;  /* (nullable): the message is a sentence for people and says it */
  const char *remedy;
  PlugRemedy  button;
} Row;

/* By IvlError */
static const Row library_rows[] = {
  [IVL_ERROR_INVALID_DATA] = {
    N_ ("A file of the model is damaged."),
    N_ ("Download the model again, or choose another one in the preferences."),
    PLUG_REMEDY_PREFERENCES },
  [IVL_ERROR_UNSUPPORTED] = {
    N_ ("The model cannot do this."),
    N_ ("Choose another model in the preferences."),
    PLUG_REMEDY_PREFERENCES },
  [IVL_ERROR_NOT_FOUND] = {
    NULL,
    N_ ("Look at the image, and try again."),
    PLUG_REMEDY_RETRY },
  [IVL_ERROR_NO_MEMORY] = {
    N_ ("There is not enough memory."),
    NULL,
    PLUG_REMEDY_PREFERENCES },
  [IVL_ERROR_CONTEXT_FULL] = {
    N_ ("The conversation is longer than the model can take."),
    N_ ("Begin a new conversation, or allow fewer tiles in the preferences."),
    PLUG_REMEDY_PREFERENCES },
  [IVL_ERROR_INVALID_OPTION] = {
    N_ ("A setting does not suit this model or server."),
    N_ ("Change it in the preferences."),
    PLUG_REMEDY_PREFERENCES },
  [IVL_ERROR_REMOTE_UNREACHABLE] = {
    N_ ("The server that should answer cannot be reached."),
    N_ ("See whether it runs and whether there is a network, and try again."),
    PLUG_REMEDY_RETRY },
  [IVL_ERROR_REMOTE_REFUSED] = {
    N_ ("The server refuses the question."),
    N_ ("See whether the key in the preferences is the right one."),
    PLUG_REMEDY_PREFERENCES },
  [IVL_ERROR_REMOTE_FAILED] = {
    N_ ("The server failed in the middle of its work."),
    N_ ("Try again."),
    PLUG_REMEDY_RETRY },
  [IVL_ERROR_REMOTE_PROTOCOL] = {
    N_ ("The server's answer makes no sense."),
    N_ ("See whether the address in the preferences is the right one."),
    PLUG_REMEDY_PREFERENCES },
  [IVL_ERROR_BUSY] = {
    N_ ("The answer before this one is still being written."),
    N_ ("Wait for it, or stop it."),
    PLUG_REMEDY_NONE },
  [IVL_ERROR_NO_ANSWER] = {
    N_ ("The model gave no answer."),
    N_ ("Ask in other words, or take another model in the preferences."),
    PLUG_REMEDY_PREFERENCES },
};
G_STATIC_ASSERT (G_N_ELEMENTS (library_rows) == IVL_ERROR_NO_ANSWER + 1);

/* The same when the user's own service is what should have answered */
static const Row unreachable_service = {
  N_ ("The service that answers on this computer does not run."),
  N_ ("Try again: it is started then."),
  PLUG_REMEDY_RETRY
};
static const Row failed_service = {
  N_ ("The service that answers on this computer has ended in the middle of its work."),
  N_ ("Try again: it is started then. If that does not help, a smaller model may."),
  PLUG_REMEDY_RETRY
};
/* A server of this computer that is not the user's own service: nobody else starts it */
static const Row not_started = {
  N_ ("The server that should answer cannot be reached."),
  N_ ("It is to run on this computer: start it, or correct the address in the preferences, and try "
      "again."),
  PLUG_REMEDY_RETRY
};
static const Row forbidden = {
  N_ ("Pictures may not leave this computer, so nothing was sent."),
  N_ ("Choose a model on this computer in the preferences, or allow others there."),
  PLUG_REMEDY_PREFERENCES
};

/* By PlugAdviceError */
static const Row own_rows[] = {
  [PLUG_ADVICE_ERROR_IMAGE_CLOSED] = {
    N_ ("The image has been closed."),
    N_ ("Open it again, and choose the assistant in its menu."),
    PLUG_REMEDY_NONE },
  [PLUG_ADVICE_ERROR_NO_SELECTION] = {
    N_ ("Nothing is selected in the image."),
    N_ ("Select something, or have the layer or the visible image looked at."),
    PLUG_REMEDY_RETRY },
  [PLUG_ADVICE_ERROR_NO_MODEL] = {
    N_ ("No model is installed yet."),
    NULL,
    PLUG_REMEDY_HELP },
  [PLUG_ADVICE_ERROR_MODEL_MISSING] = {
    N_ ("The model that the preferences name is not there."),
    N_ ("Choose another one in the preferences."),
    PLUG_REMEDY_PREFERENCES },
  [PLUG_ADVICE_ERROR_NOT_ALLOWED] = {
    NULL,
    N_ ("Choose a model on this computer in the preferences, or ask again and allow it."),
    PLUG_REMEDY_PREFERENCES },
  [PLUG_ADVICE_ERROR_OTHER_STATE] = {
    NULL,
    N_ ("Try again: the picture is looked at as it is now."),
    PLUG_REMEDY_RETRY },
};
G_STATIC_ASSERT (G_N_ELEMENTS (own_rows) == PLUG_ADVICE_ERROR_OTHER_STATE + 1);

typedef struct
{
  int code;
  Row row;
} FileRow;

static const FileRow io_rows[] = {
  { G_IO_ERROR_CANCELLED, { N_ ("It was stopped."), N_ ("Try again."), PLUG_REMEDY_RETRY } },
  { G_IO_ERROR_NO_SPACE,
    { N_ ("The disk is full."), N_ ("Make room on it, and try again."), PLUG_REMEDY_RETRY } },
  { G_IO_ERROR_PERMISSION_DENIED,
    { N_ ("The file or its folder may not be changed or read by you."),
      N_ ("Choose another place, or have its permissions changed."), PLUG_REMEDY_NONE } },
  { G_IO_ERROR_READ_ONLY,
    { N_ ("The file lies where nothing can be written."), N_ ("Choose another place."),
      PLUG_REMEDY_NONE } },
  { G_IO_ERROR_NOT_FOUND,
    { N_ ("A file or folder is not there."), N_ ("Choose another place."), PLUG_REMEDY_NONE } },
  { G_IO_ERROR_TIMED_OUT,
    { N_ ("It took too long."), N_ ("Try again."), PLUG_REMEDY_RETRY } },
};

/* Of this plug-in's own settings */
static const Row damaged_settings = {
  NULL,
  N_ ("Correct the file and choose the assistant again. Until then nothing that was set holds; if "
      "you change a setting here, the old file is kept beside it as gimp.conf.damaged."),
  PLUG_REMEDY_NONE
};
/* Of the configuration file */
static const Row damaged_config = {
  N_ ("The configuration file cannot be read."),
  N_ ("Correct or remove it, and try again."),
  PLUG_REMEDY_NONE
};
static const Row unsaved_config = {
  N_ ("The configuration file could not be written."),
  N_ ("See whether its folder may be changed by you and the disk has room, and try again."),
  PLUG_REMEDY_NONE
};

/* What is none of the above */
static const Row other = { NULL, N_ ("Try again."), PLUG_REMEDY_RETRY };

/* Memory to plan for: the weight files and 400 MB, as the README's table says */
static const struct
{
  const char *name;
  guint64     n_bytes;
} published[] = {
  { "InternVL2_5-1B", G_GUINT64_CONSTANT (2300000000) },
  { "InternVL2_5-2B", G_GUINT64_CONSTANT (4800000000) },
  { "InternVL2_5-4B", G_GUINT64_CONSTANT (7800000000) },
  { "InternVL2_5-8B", G_GUINT64_CONSTANT (16600000000) },
  { "InternVL2_5-26B", G_GUINT64_CONSTANT (51400000000) },
  { "InternVL2_5-38B", G_GUINT64_CONSTANT (77200000000) },
  { "InternVL2_5-78B", G_GUINT64_CONSTANT (157200000000) },
};

G_DEFINE_QUARK (plug-advice-error-quark, plug_advice_error)

const char *
plug_advice_find_fitting (guint64 n_bytes)
{
  const char *name = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (published); i++)
    if (published[i].n_bytes <= n_bytes)
      name = published[i].name;
  return name;
}

/* Bytes that programs can have now without others being swapped out; 0 when that cannot be told */
static guint64
get_available_memory (void)
{
  g_autofree char *text = NULL;
  const char *line;

  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL))
    return 0;
  line = strstr (text, "MemAvailable:");
  return line != NULL ? g_ascii_strtoull (line + strlen ("MemAvailable:"), NULL, 10) * 1024 : 0;
}

gboolean
plug_advice_check_memory (guint64   n_bytes,
                          GError  **error)
{
  guint64 available = get_available_memory ();
  g_autofree char *needed_text = g_format_size (n_bytes);
  g_autofree char *available_text = g_format_size (available);

  if (available == 0 || n_bytes <= available)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
               _ ("The model needs %s of memory, and %s are free."), needed_text, available_text);
  return FALSE;
}

static char *
advise_on_memory (void)
{
  guint64 available = get_available_memory ();
  const char *name = plug_advice_find_fitting (available);
  g_autofree char *size = g_format_size (available);

  if (available == 0)
    return g_strdup (_ ("Close other programs or images, or choose a smaller model in the "
                        "preferences."));
  if (name == NULL)
    return g_strdup_printf (_ ("%s are free, too little for every published model: close other "
                               "programs or images, or name a remote in the preferences."),
                            size);
  return g_strdup_printf (_ ("%s are free, enough for %s: choose that in the preferences, or close "
                             "other programs or images."),
                          size, name);
}

/* The command is the README's: data, and no matter of language */
static char *
advise_on_installing (void)
{
  g_autofree char *folder =
      g_build_filename (g_get_user_data_dir (), "ivl", "models", FIRST_MODEL, NULL);
  g_autofree char *quoted = g_shell_quote (folder);
  gboolean is_plain = strpbrk (folder, " '\"\\$&;()*?") == NULL;
  g_autofree char *command =
      g_strconcat ("hf download OpenGVLab/" FIRST_MODEL " --local-dir ",
                   is_plain ? folder : quoted, NULL);
  g_autofree char *shown = g_filename_display_name (command);

  /* Translators: %s is a command to type into a terminal */
  return g_strdup_printf (_ ("Download one (1.9 GB) with this command, and try again: %s"),
                          shown);
}

/* Some errors mean something else when they come from this computer, or when nothing may leave
 * it. */
static const Row *
find_library_row (const GError *error,
                  const char   *location)
{
  gboolean is_service = g_str_has_prefix (location, "service:");

  if (is_service && error->code == IVL_ERROR_REMOTE_UNREACHABLE)
    return &unreachable_service;
  if (is_service && error->code == IVL_ERROR_REMOTE_FAILED)
    return &failed_service;
  if (error->code == IVL_ERROR_REMOTE_UNREACHABLE && ivl_model_is_server (location) &&
      !ivl_model_is_remote (location))
    return &not_started;
  if (error->code == IVL_ERROR_REMOTE_REFUSED)
    {
      g_autoptr (GError) failure = NULL;
      g_autofree char *origin = plug_models_find_origin (&failure);

      if (g_error_matches (failure, IVL_ERROR, IVL_ERROR_REMOTE_REFUSED))
        return &forbidden;
    }
  return error->code >= 0 && error->code < (int) G_N_ELEMENTS (library_rows)
             ? &library_rows[error->code]
             : &other;
}

/* Plain file errors have codes of both kinds, for the same troubles. */
static int
get_io_code (const GError *error)
{
  if (error->domain == G_IO_ERROR)
    return error->code;
  switch (error->code)
    {
    case G_FILE_ERROR_NOSPC:
      return G_IO_ERROR_NO_SPACE;
    case G_FILE_ERROR_ACCES:
    case G_FILE_ERROR_PERM:
      return G_IO_ERROR_PERMISSION_DENIED;
    case G_FILE_ERROR_ROFS:
      return G_IO_ERROR_READ_ONLY;
    case G_FILE_ERROR_NOENT:
    case G_FILE_ERROR_NOTDIR:
      return G_IO_ERROR_NOT_FOUND;
    default:
      return G_IO_ERROR_FAILED;
    }
}

static const Row *
find_row (const GError *error,
          const char   *location)
{
  if (error->domain == IVL_ERROR)
    return find_library_row (error, location);
  if (error->domain == PLUG_ADVICE_ERROR && error->code >= 0 &&
      error->code < (int) G_N_ELEMENTS (own_rows))
    return &own_rows[error->code];
  if (error->domain == G_IO_ERROR || error->domain == G_FILE_ERROR)
    for (gsize i = 0; i < G_N_ELEMENTS (io_rows); i++)
      if (io_rows[i].code == get_io_code (error))
        return &io_rows[i].row;
  return &other;
}

static char *
make_remedy (const GError *error,
             const Row    *row)
{
  if (row->remedy != NULL)
    return g_strdup (_ (row->remedy));
  return error->domain == IVL_ERROR ? advise_on_memory () : advise_on_installing ();
}

static PlugAdvice *
new_advice (const GError *error,
            const Row    *row)
{
  PlugAdvice *self = g_new0 (PlugAdvice, 1);

  self->cause = g_strdup (row->cause != NULL ? _ (row->cause) : error->message);
  self->remedy = make_remedy (error, row);
  self->button = row->button;
  if (strcmp (self->cause, error->message) != 0)
    self->detail = g_strdup (error->message);
  return self;
}

PlugAdvice *
plug_advice_new (const GError *error)
{
  return plug_advice_new_at (error, plug_settings_get_location (plug_settings_get ()));
}

PlugAdvice *
plug_advice_new_at (const GError *error,
                    const char   *location)
{
  return new_advice (error, find_row (error, location));
}

PlugAdvice *
plug_advice_new_for_server (const GError *error,
                            const char   *location)
{
  const Row *row = g_error_matches (error, IVL_ERROR, IVL_ERROR_NOT_FOUND)
                       ? &own_rows[PLUG_ADVICE_ERROR_MODEL_MISSING]
                       : find_row (error, location);

  return new_advice (error, row);
}

PlugAdvice *
plug_advice_new_for_settings (const GError *error)
{
  return new_advice (error, &damaged_settings);
}

PlugAdvice *
plug_advice_new_for_config (const GError *error)
{
  return new_advice (error, error->domain == IVL_ERROR ? &damaged_config : &unsaved_config);
}

char *
plug_advice_to_text (const PlugAdvice *self)
{
  return g_strconcat (self->cause, " ", self->remedy, self->detail != NULL ? "\n" : NULL,
                      self->detail, NULL);
}

void
plug_advice_free (PlugAdvice *self)
{
  if (self == NULL)
    return;
  g_free (self->cause);
  g_free (self->remedy);
  g_free (self->detail);
  g_free (self);
}
