/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ivl info: what a model folder holds and what is wrong with it, from its headers alone. */
#include "cli-interrupt.h"
#include "cli-model.h"
#include "cli-output.h"

#include <glib/gi18n.h>

static json_t *
strings_to_json (char **strings)
{
  json_t *array = json_array ();

  for (gsize i = 0; strings[i] != NULL; i++)
    json_array_append_new (array, cli_output_json_string (strings[i]));
  return array;
}

static void
show_folder_json (const char   *folder,
                  IvlModelInfo *info,
                  char        **details,
                  char        **problems)
{
  guint64 parameters = ivl_model_info_get_n_parameters (info);
  guint64 bytes = ivl_model_info_get_n_bytes (info);
  guint64 memory = ivl_model_info_get_memory_needed (info);
  const char *architecture = ivl_model_info_get_architecture (info);
  json_t *object = json_pack ("{s:o, s:s, s:o, s:o, s:I, s:I, s:I, s:i, s:o, s:o}",
                              "folder", cli_output_json_string (folder),
                              "origin", "this computer",
                              "family", cli_output_json_string (ivl_model_info_get_family (info)),
                              "architecture", cli_output_json_string (architecture),
                              "parameters", (json_int_t) parameters,
                              "bytes", (json_int_t) bytes,
                              "memory_needed", (json_int_t) memory,
                              "context_length", (int) ivl_model_info_get_context_length (info),
                              "details", strings_to_json (details),
                              "problems", strings_to_json (problems));

  cli_output_json (object);
}

static void
show_row (const char *title,
          const char *value)
{
  /* padded by characters, since translated titles are not ASCII */
  int padding = MAX (1, 18 - (int) g_utf8_strlen (title, -1));

  cli_output_print ("%s%*s", title, padding, "");
  cli_output_name (value);
  cli_output_print ("\n");
}

static char *
format_count (guint64 n)
{
  if (n >= 1000000000)
    return g_strdup_printf (_ ("%.3f billion"), (double) n / 1e9);
  if (n >= 1000000)
    return g_strdup_printf (_ ("%.3f million"), (double) n / 1e6);
  return g_strdup_printf ("%u", (guint) n);
}

static void
show_folder_text (const char   *folder,
                  IvlModelInfo *info,
                  char        **details,
                  char        **problems)
{
  g_autofree char *parameters = format_count (ivl_model_info_get_n_parameters (info));
  g_autofree char *bytes = g_format_size (ivl_model_info_get_n_bytes (info));
  g_autofree char *memory = g_format_size (ivl_model_info_get_memory_needed (info));
  g_autofree char *context =
      g_strdup_printf (_ ("%u tokens"), ivl_model_info_get_context_length (info));

  show_row (_ ("Folder"), folder);
  show_row (_ ("Family"), ivl_model_info_get_family (info));
  show_row (_ ("Architecture"), ivl_model_info_get_architecture (info));
  show_row (_ ("Parameters"), parameters);
  show_row (_ ("Weight files"), bytes);
  show_row (_ ("Memory needed"), memory);
  show_row (_ ("Context"), context);
  for (gsize i = 0; details[i] != NULL; i++)
    {
      cli_output_print ("  ");
      cli_output_name (details[i]);
      cli_output_print ("\n");
    }
  for (gsize i = 0; problems[i] != NULL; i++)
    cli_output_error ("%s", problems[i]);
  cli_output_print ("%s\n", problems[0] == NULL ? _ ("Nothing is missing: this model can be used.")
                                                : _ ("This model cannot be used."));
}

/* From a folder's headers, without opening it as a model */
static CliExit
show_folder (const CliOptions *options,
             const char       *folder,
             gboolean          verify)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlModelInfo) info = ivl_model_info_new_for_folder (folder, &error);
  g_auto (GStrv) details = NULL;
  g_auto (GStrv) problems = NULL;

  if (info == NULL ||
      (verify && !ivl_model_info_verify (info, cli_interrupt_get_cancellable (), &error)))
    {
      if (cli_interrupt_get_exit_code () == 0)
        cli_output_error ("%s", error->message);
      return CLI_EXIT_MODEL;
    }

  details = ivl_model_info_get_details (info);
  problems = ivl_model_info_get_problems (info);
  if (options->json)
    show_folder_json (folder, info, details, problems);
  else
    show_folder_text (folder, info, details, problems);
  return problems[0] == NULL ? CLI_EXIT_DONE : CLI_EXIT_MODEL;
}

static void
show_server_json (IvlModel *model)
{
  gboolean sees = (ivl_model_get_capabilities (model) & IVL_ENGINE_VISION) != 0;
  json_t *object = json_pack ("{s:o, s:o, s:o, s:I, s:I, s:i, s:b}",
                              "model", cli_output_json_string (ivl_model_get_name (model)),
                              "origin", cli_output_json_string (ivl_model_get_origin (model)),
                              "family", cli_output_json_string (ivl_model_get_family (model)),
                              "parameters", (json_int_t) ivl_model_get_n_parameters (model),
                              "bytes", (json_int_t) ivl_model_get_n_bytes (model),
                              "context_length", (int) ivl_model_get_context_length (model),
                              "sees_pictures", sees);

  if (sees)
    json_object_set_new (object, "tiles",
                         json_pack ("{s:i, s:i, s:i, s:b}",
                                    "size", (int) ivl_model_get_tile_size (model),
                                    "min", (int) ivl_model_get_min_tiles (model),
                                    "max", (int) ivl_model_get_max_tiles (model),
                                    "thumbnail", ivl_model_get_use_thumbnail (model)));
  cli_output_json (object);
}

static void
show_server_text (IvlModel *model)
{
  guint length = ivl_model_get_context_length (model);
  g_autofree char *context =
      length > 0 ? g_strdup_printf (_ ("%u tokens"), length) : g_strdup (_ ("not told"));
  g_autofree char *tiles =
      g_strdup_printf (_ ("%u to %u of %u pixels"), ivl_model_get_min_tiles (model),
                       ivl_model_get_max_tiles (model), ivl_model_get_tile_size (model));
  gboolean sees = (ivl_model_get_capabilities (model) & IVL_ENGINE_VISION) != 0;

  show_row (_ ("Model"), ivl_model_get_name (model));
  show_row (_ ("Pictures go to"), ivl_model_get_origin (model));
  if (*ivl_model_get_family (model) != '\0')
    show_row (_ ("Family"), ivl_model_get_family (model));
  if (ivl_model_get_n_parameters (model) > 0)
    {
      g_autofree char *parameters = format_count (ivl_model_get_n_parameters (model));

      show_row (_ ("Parameters"), parameters);
    }
  show_row (_ ("Context"), context);
  show_row (_ ("Tiles"), sees ? tiles : _ ("it cannot see pictures"));
}

/* What the server says of its model */
static CliExit
show_server (const CliOptions *options,
             const char       *location)
{
  g_autoptr (IvlModel) model = cli_model_open (options, location, 0);

  if (model == NULL)
    return CLI_EXIT_MODEL;
  if (options->json)
    show_server_json (model);
  else
    show_server_text (model);
  return CLI_EXIT_DONE;
}

CliExit
cmd_info_run (const CliCommand *command,
              int               argc,
              char            **argv)
{
  gboolean verify = FALSE;
  const GOptionEntry entries[] = {
    { "verify", 0, 0, G_OPTION_ARG_NONE, &verify,
      N_ ("Compare every file with the checksums in SHA256SUMS"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_auto (CliOptions) options = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *location = NULL;

  if (!cli_options_parse (&options, command, CLI_OPTIONS_MODEL | CLI_OPTIONS_JSON, entries,
                          &argc, &argv))
    return CLI_EXIT_USAGE;
  if (argc > 2)
    return cli_options_refuse (command, _ ("one model at a time"));
  if (argc == 2 && options.model != NULL)
    return cli_options_refuse (command, _ ("the model is named twice: by --model and by itself"));

  location = ivl_model_find (argc == 2 ? argv[1] : options.model, &error);
  if (location == NULL)
    {
      cli_output_error ("%s", error->message);
      return CLI_EXIT_MODEL;
    }
  if (!ivl_model_is_server (location))
    return show_folder (&options, location, verify);
  if (verify)
    return cli_options_refuse (command, _ ("only the files of a model here can be verified"));
  return show_server (&options, location);
}
