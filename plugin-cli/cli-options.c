/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Turns the shared options into an IvlOptions and a few switches. Ranges are checked by the library
 * alone: options of answers go to ivl_options_set_string() under their own name. */
#include "cli-options.h"

#include "cli-output.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>

static gboolean
set_answer_option (const char  *option_name,
                   const char  *value,
                   gpointer     data,
                   GError     **error)
{
  CliOptions *self = data;

  /* An empty text takes stop strings back, which nobody means here. */
  if (*value == '\0')
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("%s has an empty value"),
                   option_name);
      return FALSE;
    }
  return ivl_options_set_string (self->answer, option_name + strlen ("--"), value, error);
}

#define ANSWER_OPTION(name, description, arg) \
  { name, 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, (gpointer) set_answer_option,        \
    description, arg }

static gboolean
set_json_schema (const char  *option_name,
                 const char  *value,
                 gpointer     data,
                 GError     **error)
{
  CliOptions *self = data;
  g_autofree char *schema = NULL;
  gsize length;

  if (!g_file_get_contents (value, &schema, &length, error))
    return FALSE;
  if (strlen (schema) != length || !g_utf8_validate (schema, -1, NULL) || length == 0)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("%s holds no JSON schema"),
                   value);
      return FALSE;
    }
  return ivl_options_set_string (self->answer, "json-schema", schema, error);
}

static void
add_answer_entries (CliOptions   *self,
                    GOptionGroup *group)
{
  const GOptionEntry entries[] = {
    { "lang", 'l', 0, G_OPTION_ARG_FILENAME, &self->language,
      N_ ("Language of the answer, such as de or fr"), N_ ("CODE") },
    ANSWER_OPTION ("max-tokens", N_ ("Longest answer in tokens"), "N"),
    ANSWER_OPTION ("temperature", N_ ("0: always the likeliest token (the default)"), "T"),
    ANSWER_OPTION ("top-k", N_ ("Choose among the K likeliest tokens"), "K"),
    ANSWER_OPTION ("top-p", N_ ("Choose among the likeliest tokens that add up to P"), "P"),
    ANSWER_OPTION ("repetition-penalty", N_ ("Above 1: tokens already seen become less likely"),
                   "R"),
    ANSWER_OPTION ("seed", N_ ("The same seed gives the same text"), "N"),
    ANSWER_OPTION ("stop", N_ ("End the answer before this text (may be repeated)"), N_ ("TEXT")),
    ANSWER_OPTION ("patience",
                   N_ ("How long a server that is down, loading or busy is waited for in seconds"),
                   "N"),
    { "raw", 0, 0, G_OPTION_ARG_NONE, &self->raw,
      N_ ("Keep control characters when writing to a file or pipe"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_option_group_add_entries (group, entries);
}

static void
add_schema_entry (GOptionGroup *group)
{
  const GOptionEntry entries[] = {
    { "json-schema", 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, (gpointer) set_json_schema,
      N_ ("The answer is JSON that the schema in this file describes"), N_ ("FILE") },
    G_OPTION_ENTRY_NULL,
  };

  g_option_group_add_entries (group, entries);
}

static void
add_tile_entries (GOptionGroup *group)
{
  const GOptionEntry entries[] = {
    ANSWER_OPTION ("min-tiles", N_ ("Fewest tiles that a picture is cut into"), "N"),
    ANSWER_OPTION ("max-tiles",
                   N_ ("Most tiles that a picture is cut into: more see finer detail, take longer"),
                   "N"),
    G_OPTION_ENTRY_NULL,
  };

  g_option_group_add_entries (group, entries);
}

static void
add_picture_entries (CliOptions   *self,
                     GOptionGroup *group)
{
  const GOptionEntry entries[] = {
    { "keep-orientation", 0, 0, G_OPTION_ARG_NONE, &self->keep_orientation,
      N_ ("Do not turn pictures as their EXIF orientation says"), NULL },
    { "drop-alpha", 0, 0, G_OPTION_ARG_NONE, &self->drop_alpha,
      N_ ("Ignore transparency instead of putting it on a contrasting ground"), NULL },
    { "keep-profile", 0, 0, G_OPTION_ARG_NONE, &self->keep_profile,
      N_ ("Ignore color profiles instead of converting to sRGB"), NULL },
    { "max-pixels", 0, 0, G_OPTION_ARG_DOUBLE, &self->max_megapixels,
      N_ ("Largest picture in millions of pixels (100 by default)"), N_ ("MILLIONS") },
    G_OPTION_ENTRY_NULL,
  };

  g_option_group_add_entries (group, entries);
}

static void
add_small_entries (CliOptions       *self,
                   GOptionGroup     *group,
                   CliOptionsGroups  groups)
{
  const GOptionEntry model[] = {
    { "model", 'm', 0, G_OPTION_ARG_FILENAME, &self->model,
      N_ ("Model folder, name or server (https://HOST/v1#MODEL)"), N_ ("MODEL") },
    G_OPTION_ENTRY_NULL,
  };
  const GOptionEntry local[] = {
    { "local-only", 0, 0, G_OPTION_ARG_NONE, &self->local_only,
      N_ ("Refuse models on other computers"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  const GOptionEntry help[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, &self->help, N_ ("Show these lines"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  const GOptionEntry json[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &self->json, N_ ("One JSON object per line"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  g_option_group_add_entries (group, help);
  if (groups & CLI_OPTIONS_MODEL)
    g_option_group_add_entries (group, model);
  if (groups & (CLI_OPTIONS_MODEL | CLI_OPTIONS_LOCAL))
    g_option_group_add_entries (group, local);
  if (groups & CLI_OPTIONS_JSON)
    g_option_group_add_entries (group, json);
}

static char *
describe_examples (const CliCommand *command)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (command->examples[0] != NULL)
    g_string_append (text, _ ("Examples:"));
  for (gsize i = 0; i < G_N_ELEMENTS (command->examples) && command->examples[i] != NULL; i++)
    g_string_append_printf (text, "\n  ivl %s", command->examples[i]);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static GOptionContext *
create_context (CliOptions         *self,
                const CliCommand   *command,
                CliOptionsGroups    groups,
                const GOptionEntry *extra)
{
  const char *arguments = command->arguments != NULL ? _ (command->arguments) : NULL;
  GOptionContext *context = g_option_context_new (arguments);
  GOptionGroup *group = g_option_group_new (NULL, NULL, NULL, self, NULL);
  g_autofree char *examples = describe_examples (command);
  g_autofree char *program = g_strdup_printf ("ivl %s", command->name);

  g_set_prgname (program);
  g_option_context_set_summary (context, _ (command->summary));
  /* GOption's own help goes another way than everything else that is written. */
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_description (context, *examples != '\0' ? examples : NULL);
  g_option_context_set_main_group (context, group);
  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);

  add_small_entries (self, group, groups);
  if (extra != NULL)
    g_option_group_add_entries (group, extra);
  if (groups & CLI_OPTIONS_ANSWER)
    add_answer_entries (self, group);
  if ((groups & CLI_OPTIONS_ANSWER) && !command->shows_regions)
    add_schema_entry (group);
  if (groups & CLI_OPTIONS_TILES)
    add_tile_entries (group);
  if (groups & CLI_OPTIONS_PICTURE)
    add_picture_entries (self, group);

  return context;
}

/* GOption leaves the "--" that ends the options where it stands when a file name begins with '-' */
static void
drop_separator (int   *argc,
                char **argv)
{
  for (int i = 1; i < *argc; i++)
    if (g_strcmp0 (argv[i], "--") == 0)
      {
        for (int j = i; j < *argc; j++)
          argv[j] = argv[j + 1];
        *argc -= 1;
        return;
      }
}

gboolean
cli_options_parse (CliOptions         *self,
                   const CliCommand   *command,
                   CliOptionsGroups    groups,
                   const GOptionEntry *extra,
                   int                *argc,
                   char             ***argv)
{
  g_autoptr (GOptionContext) context = NULL;
  g_autoptr (GError) error = NULL;

  self->answer = ivl_options_new ();
  context = create_context (self, command, groups, extra);
  if (!g_option_context_parse (context, argc, argv, &error))
    {
      cli_options_refuse (command, "%s", error->message);
      return FALSE;
    }
  if (self->help)
    {
      char *help = g_option_context_get_help (context, TRUE, NULL);

      cli_output_print ("%s", help);
      g_free (help); /* before the end, or the leak check counts it */
      exit (CLI_EXIT_DONE);
    }
  if (self->language != NULL && !g_utf8_validate (self->language, -1, NULL))
    {
      cli_options_refuse (command, _ ("--lang is not valid UTF-8"));
      return FALSE;
    }
  if (!(self->max_megapixels >= 0.0 && self->max_megapixels <= G_MAXUINT32 / 1e6))
    {
      cli_options_refuse (command, _ ("--max-pixels must be between 0 and %u"),
                          (guint) (G_MAXUINT32 / 1e6));
      return FALSE;
    }
  if (self->local_only)
    ivl_model_forbid_remote ();

  drop_separator (argc, *argv);
  return TRUE;
}

void
cli_options_clear (CliOptions *self)
{
  g_clear_object (&self->answer);
  g_clear_pointer (&self->model, g_free);
  g_clear_pointer (&self->language, g_free);
}

CliExit
cli_options_refuse (const CliCommand *command,
                    const char       *format,
                    ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  cli_output_error ("%s", message);
  cli_output_error (_ ("“ivl %s --help” shows how it is used"), command->name);
  return CLI_EXIT_USAGE;
}
