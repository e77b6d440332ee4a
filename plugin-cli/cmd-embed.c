/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ivl embed: the features of pictures as numbers, or pictures ranked by how alike they are. */
#include "cli-interrupt.h"
#include "cli-model.h"
#include "cli-output.h"
#include "cli-picture.h"
#include "cli-progress.h"

#include <glib/gi18n.h>
#include <math.h>
#include <string.h>

typedef struct
{
  const char *file;   /* (unowned) */
  float      *values; /* (owned) [n_values]; NULL: the picture failed */
  gsize       n_values;
  double      similarity; /* cosine against the first */
} Embedding;

static void
embedding_free (gpointer data)
{
  Embedding *self = data;

  g_free (self->values);
  g_free (self);
}

static void
show_failure (const CliOptions *options,
              const char       *file,
              const GError     *error)
{
  cli_picture_refuse (file, error);
  if (options->json)
    cli_output_json (cli_output_json_for_file (
        file, json_pack ("{s:o}", "error", cli_output_json_string (error->message))));
}

/* One for every file, so that the rows of what is written are those of the command line.
 * *is_model_failure: no other picture can be embedded either. */
static Embedding *
embed_file (const CliOptions *options,
            IvlModel         *model,
            const char       *file,
            gboolean         *is_model_failure)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlImage) image = cli_picture_load (options, file, &error);
  Embedding *embedding = g_new0 (Embedding, 1);

  embedding->file = file;
  if (image != NULL)
    {
      cli_progress_start (cli_picture_get_label (file), IVL_PHASE_TILES);
      embedding->values = ivl_model_embed (model, image, &embedding->n_values,
                                           cli_interrupt_get_cancellable (), &error);
      cli_progress_hide ();
    }
  *is_model_failure = image != NULL && error != NULL && cli_model_is_failure (error);
  if (embedding->values == NULL && cli_interrupt_get_exit_code () == 0)
    show_failure (options, file, error);
  return embedding;
}

static double
get_cosine (const Embedding *a,
            const Embedding *b)
{
  double dot = 0, square_a = 0, square_b = 0;

  for (gsize i = 0; i < a->n_values; i++)
    {
      dot += (double) a->values[i] * b->values[i];
      square_a += (double) a->values[i] * a->values[i];
      square_b += (double) b->values[i] * b->values[i];
    }
  return square_a > 0 && square_b > 0 ? dot / sqrt (square_a * square_b) : 0;
}

static int
compare_similarity (gconstpointer a,
                    gconstpointer b)
{
  const Embedding *one = *(Embedding *const *) a;
  const Embedding *other = *(Embedding *const *) b;

  return (one->similarity < other->similarity) - (one->similarity > other->similarity);
}

static void
show_ranking (const CliOptions *options,
              IvlModel         *model,
              GPtrArray        *embeddings)
{
  const Embedding *first = g_ptr_array_index (embeddings, 0);

  for (guint i = 0; i < embeddings->len; i++)
    {
      Embedding *embedding = g_ptr_array_index (embeddings, i);

      if (embedding->values != NULL)
        embedding->similarity = get_cosine (first, embedding);
    }
  g_ptr_array_remove_index (embeddings, 0);
  for (guint i = embeddings->len; i > 0; i--)
    if (((Embedding *) g_ptr_array_index (embeddings, i - 1))->values == NULL)
      g_ptr_array_remove_index (embeddings, i - 1);
  g_ptr_array_sort (embeddings, compare_similarity);

  for (guint i = 0; i < embeddings->len; i++)
    {
      const Embedding *embedding = g_ptr_array_index (embeddings, i);
      char number[G_ASCII_DTOSTR_BUF_SIZE];

      if (options->json)
        {
          cli_output_json (cli_output_json_for_file (
              embedding->file, json_pack ("{s:s, s:f}",
                                          "origin", ivl_model_get_origin (model),
                                          "similarity", embedding->similarity)));
          continue;
        }
      cli_output_print ("%s  ",
                        g_ascii_formatd (number, sizeof number, "%.4f", embedding->similarity));
      cli_output_name (embedding->file);
      cli_output_print ("\n");
    }
}

static void
show_json (IvlModel        *model,
           const Embedding *embedding)
{
  json_t *array = json_array ();

  for (gsize i = 0; i < embedding->n_values; i++)
    json_array_append_new (array, json_real (embedding->values[i]));
  cli_output_json (cli_output_json_for_file (
      embedding->file, json_pack ("{s:s, s:s, s:o}",
                                  "model", ivl_model_get_name (model),
                                  "origin", ivl_model_get_origin (model), "embedding", array)));
}

/* NumPy's .npy format, version 1.0: magic, version, little-endian header length, a Python
 * dictionary padded so that the numbers begin at a multiple of 64 bytes, then float32 [n_files,
 * n_values]. The row of a picture that failed is made of NaN. */
static GBytes *
create_npy (GPtrArray *embeddings,
            gsize      n_values)
{
  g_autoptr (GString) header = g_string_new (NULL);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  const gsize prefix = 10;
  guint8 length[2];

  g_string_printf (header,
                   "{'descr': '<f4', 'fortran_order': False, 'shape': (%u, %" G_GSIZE_FORMAT "), }",
                   embeddings->len, n_values);
  while ((prefix + header->len + 1) % 64 != 0)
    g_string_append_c (header, ' ');
  g_string_append_c (header, '\n');

  length[0] = (guint8) (header->len & 0xFF);
  length[1] = (guint8) (header->len >> 8);
  g_byte_array_append (bytes, (const guint8 *) "\x93NUMPY\x01\x00", 8);
  g_byte_array_append (bytes, length, sizeof length);
  g_byte_array_append (bytes, (const guint8 *) header->str, (guint) header->len);

  for (guint i = 0; i < embeddings->len; i++)
    {
      const Embedding *embedding = g_ptr_array_index (embeddings, i);

      for (gsize j = 0; j < n_values; j++)
        {
          float value = embedding->values != NULL ? embedding->values[j] : NAN;
          guint32 bits;

          memcpy (&bits, &value, sizeof bits);
          bits = GUINT32_TO_LE (bits);
          g_byte_array_append (bytes, (const guint8 *) &bits, sizeof bits);
        }
    }

  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

static gboolean
write_npy (GPtrArray  *embeddings,
           gsize       n_values,
           const char *output)
{
  g_autoptr (GBytes) bytes = create_npy (embeddings, n_values);
  g_autoptr (GError) error = NULL;

  if (output == NULL || strcmp (output, "-") == 0)
    {
      cli_output_bytes (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      return TRUE;
    }
  if (ivl_file_save (output, bytes, 0, cli_interrupt_get_cancellable (), &error))
    return TRUE;
  cli_output_error ("%s", error->message);
  return FALSE;
}

/* None of the files can be opened: a model is not opened for that */
static CliExit
refuse_all (const CliOptions *options,
            char            **files,
            int               n_files)
{
  for (int i = 0; i < n_files && cli_interrupt_get_exit_code () == 0; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (IvlImage) image = cli_picture_load (options, files[i], &error);

      if (image == NULL)
        show_failure (options, files[i], error);
    }
  return CLI_EXIT_SOME_FAILED;
}

static CliExit
embed_files (const CliOptions  *options,
             const char        *output,
             gboolean           similar,
             char             **files,
             int                n_files)
{
  g_autoptr (IvlModel) model = NULL;
  g_autoptr (GPtrArray) embeddings = g_ptr_array_new_with_free_func (embedding_free);
  CliExit result = CLI_EXIT_DONE;
  gsize n_values = 0;

  if (!cli_picture_any_is_there (files, (guint) n_files))
    return refuse_all (options, files, n_files);
  model = cli_model_open (options, NULL, IVL_ENGINE_EMBED);
  if (model == NULL)
    return CLI_EXIT_MODEL;

  for (int i = 0; i < n_files && cli_interrupt_get_exit_code () == 0; i++)
    {
      gboolean is_model_failure;
      Embedding *embedding = embed_file (options, model, files[i], &is_model_failure);

      g_ptr_array_add (embeddings, embedding);
      if (is_model_failure)
        return CLI_EXIT_MODEL;
      if (embedding->values == NULL)
        result = CLI_EXIT_SOME_FAILED;
      if (embedding->values == NULL && i == 0 && similar)
        return result; /* there is nothing to compare with */
      n_values = MAX (n_values, embedding->n_values);
      if (embedding->values != NULL && options->json && !similar)
        show_json (model, embedding);
    }

  if (n_values == 0 || cli_interrupt_get_exit_code () != 0)
    return CLI_EXIT_SOME_FAILED;
  if (similar)
    show_ranking (options, model, embeddings);
  else if (!options->json && !write_npy (embeddings, n_values, output))
    result = CLI_EXIT_SOME_FAILED;
  return result;
}

CliExit
cmd_embed_run (const CliCommand *command,
               int               argc,
               char            **argv)
{
  g_auto (CliOptions) options = { 0 };
  g_autofree char *output = NULL;
  gboolean similar = FALSE;
  const GOptionEntry extra[] = {
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &output, N_ ("Write a NumPy file of float32 rows"),
      N_ ("FILE") },
    { "similar", 's', 0, G_OPTION_ARG_NONE, &similar,
      N_ ("Rank the other pictures by how alike they are to the first (cosine)"), NULL },
    G_OPTION_ENTRY_NULL,
  };

  if (!cli_options_parse (&options, command,
                          CLI_OPTIONS_MODEL | CLI_OPTIONS_PICTURE | CLI_OPTIONS_JSON, extra, &argc,
                          &argv))
    return CLI_EXIT_USAGE;
  if (argc < 2)
    return cli_options_refuse (command, _ ("no picture is given"));
  if (similar && argc < 3)
    return cli_options_refuse (command, _ ("--similar needs two pictures or more"));
  if (output != NULL && (options.json || similar))
    return cli_options_refuse (command, _ ("-o writes a NumPy file: not with --json or --similar"));
  if (!similar && !options.json && (output == NULL || strcmp (output, "-") == 0) &&
      cli_output_is_terminal ())
    return cli_options_refuse (command,
                               _ ("a NumPy file is not for a terminal: use -o FILE or --json"));

  return embed_files (&options, output, similar, argv + 1, argc - 1);
}
