/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ivl tokenize: the ids of a text, or the text of ids. */
#include "cli-model.h"
#include "cli-output.h"

#include "cli-interrupt.h"
#include "cli-picture.h"

#include <glib/gi18n.h>
#include <string.h>

static void
show_ids (const CliOptions *options,
          IvlModel         *model,
          const char       *text,
          const guint32    *ids,
          gsize             n_ids)
{
  json_t *array = json_array ();
  json_t *object;
  g_autoptr (GString) line = g_string_new (NULL);

  for (gsize i = 0; i < n_ids; i++)
    {
      json_array_append_new (array, json_integer (ids[i]));
      g_string_append_printf (line, "%s%u", i > 0 ? " " : "", ids[i]);
    }

  if (!options->json)
    {
      json_decref (array);
      cli_output_print ("%s\n", line->str);
      return;
    }
  object = json_pack ("{s:o, s:s, s:s, s:o}", "text", cli_output_json_string (text),
                      "model", ivl_model_get_name (model),
                      "origin", ivl_model_get_origin (model), "token_ids", array);
  cli_output_json (object);
}

static gboolean
tokenize_text (const CliOptions *options,
               IvlModel         *model,
               const char       *text,
               gboolean          special)
{
  g_autoptr (GError) error = NULL;
  g_autofree guint32 *ids = NULL;
  gsize n_ids;

  if (!g_utf8_validate (text, -1, NULL))
    {
      cli_output_error (_ ("the text is not valid UTF-8"));
      return FALSE;
    }
  ids = ivl_model_tokenize (model, text, special, &n_ids, &error);
  if (ids == NULL && error != NULL)
    {
      cli_output_error ("%s", error->message);
      return FALSE;
    }
  show_ids (options, model, text, ids, n_ids);
  return TRUE;
}

/* Numbers with space, commas and brackets around them, so that ids copied from JSON work too. NULL
 * when something else is there, which is said. */
static GArray *
parse_ids (const char *text)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_auto (GStrv) words = g_strsplit_set (text, " \t\r\n,[]", -1);

  for (gsize i = 0; words[i] != NULL; i++)
    {
      guint64 value;
      guint32 id;

      if (*words[i] == '\0')
        continue;
      if (!g_ascii_string_to_unsigned (words[i], 10, 0, G_MAXUINT32, &value, NULL))
        {
          cli_output_error (_ ("%s is no token id"), words[i]);
          return NULL;
        }
      id = (guint32) value;
      g_array_append_val (ids, id);
    }
  if (ids->len > 0)
    return g_steal_pointer (&ids);
  cli_output_error (_ ("no token id is given"));
  return NULL;
}

static gboolean
detokenize_text (const CliOptions *options,
                 IvlModel         *model,
                 const char       *text)
{
  g_autoptr (GArray) ids = parse_ids (text);
  g_autoptr (GError) error = NULL;
  g_autofree char *decoded = NULL;

  if (ids == NULL)
    return FALSE;
  decoded = ivl_model_detokenize (model, (const guint32 *) ids->data, ids->len, &error);
  if (decoded == NULL)
    {
      cli_output_error ("%s", error->message);
      return FALSE;
    }
  if (options->json)
    cli_output_json (json_pack ("{s:o, s:s}", "text", cli_output_json_string (decoded),
                                "origin", ivl_model_get_origin (model)));
  else
    {
      cli_output_text (decoded, options->raw);
      cli_output_print ("\n");
    }
  return TRUE;
}

static char *
read_standard_input (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = cli_picture_read_stdin (&error);

  if (bytes == NULL)
    {
      if (cli_interrupt_get_exit_code () == 0)
        cli_output_error ("%s", error->message);
      return NULL;
    }
  if (g_bytes_get_size (bytes) > 0 &&
      memchr (g_bytes_get_data (bytes, NULL), '\0', g_bytes_get_size (bytes)) != NULL)
    {
      cli_output_error (_ ("a NUL character is no text"));
      return NULL;
    }
  /* Nothing has no address either */
  return g_bytes_get_size (bytes) > 0
             ? g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes))
             : g_strdup ("");
}

CliExit
cmd_tokenize_run (const CliCommand *command,
                  int               argc,
                  char            **argv)
{
  g_auto (CliOptions) options = { 0 };
  g_autoptr (IvlModel) model = NULL;
  g_autofree char *text = NULL;
  gboolean special = FALSE;
  gboolean decode = FALSE;
  gboolean done;
  const GOptionEntry extra[] = {
    { "special", 's', 0, G_OPTION_ARG_NONE, &special,
      N_ ("Recognise special tokens such as <img> in the text"), NULL },
    { "decode", 'd', 0, G_OPTION_ARG_NONE, &decode, N_ ("From ids to text"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!cli_options_parse (&options, command, CLI_OPTIONS_MODEL | CLI_OPTIONS_JSON, extra, &argc,
                          &argv))
    return CLI_EXIT_USAGE;
  if (decode && special)
    return cli_options_refuse (command, _ ("--special is for text, not with --decode"));

  model = cli_model_open (&options, NULL, IVL_ENGINE_TOKENS);
  if (model == NULL)
    return CLI_EXIT_MODEL;

  text = argc > 1 ? g_strjoinv (" ", argv + 1) : read_standard_input ();
  if (text == NULL)
    return CLI_EXIT_SOME_FAILED;
  done = decode ? detokenize_text (&options, model, text)
                : tokenize_text (&options, model, text, special);
  return done ? CLI_EXIT_DONE : CLI_EXIT_SOME_FAILED;
}
