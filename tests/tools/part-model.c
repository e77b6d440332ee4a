/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Model folders cut out of others, and weights damaged on purpose.
 */
#include "part-model.h"

#include <jansson.h>
#include <string.h>

#include "formats/ivl-checkpoint.h"

static void
write_file (const char *folder,
            const char *name,
            const void *data,
            gsize       size)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, data, size, &error);
  g_assert_no_error (error);
}

static void
add_tensor (json_t          *header,
            GByteArray      *data,
            const char      *name,
            const IvlTensor *tensor)
{
  json_t *shape = json_array ();

  for (guint d = 0; d < tensor->n_dims; d++)
    json_array_append_new (shape, json_integer (tensor->shape[d]));
  json_object_set_new (header, name,
                       json_pack ("{s:s, s:o, s:[I, I]}", "dtype",
                                  ivl_dtype_get_info (tensor->dtype)->safetensors, "shape", shape,
                                  "data_offsets", (json_int_t) data->len,
                                  (json_int_t) (data->len + tensor->n_bytes)));
  g_byte_array_append (data, tensor->data, tensor->n_bytes);
}

static void
write_safetensors (const char       *folder,
                   json_t           *header,
                   const GByteArray *data)
{
  g_autoptr (GByteArray) file = g_byte_array_new ();
  g_autofree char *text = json_dumps (header, JSON_COMPACT);
  guint64 length = (strlen (text) + 7) / 8 * 8;

  g_byte_array_append (file, (const guint8 *) &length, sizeof length);
  g_byte_array_append (file, (const guint8 *) text, strlen (text));
  for (gsize pad = strlen (text); pad < length; pad++)
    g_byte_array_append (file, (const guint8 *) " ", 1);
  g_byte_array_append (file, data->data, data->len);
  write_file (folder, "model.safetensors", file->data, file->len);
}

static void
write_weights (const char *folder,
               const char *source,
               const char *prefix)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlCheckpoint) checkpoint = ivl_checkpoint_open (source, &error);
  g_autoptr (GByteArray) data = g_byte_array_new ();
  json_t *header = json_object ();

  g_assert_no_error (error);
  for (guint i = 0; i < ivl_checkpoint_get_n_tensors (checkpoint); i++)
    {
      IvlTensor tensor;
      const char *name = ivl_checkpoint_get_tensor (checkpoint, i, &tensor);

      if (g_str_has_prefix (name, prefix))
        add_tensor (header, data, name + strlen (prefix), &tensor);
    }
  write_safetensors (folder, header, data);
  json_decref (header);
}

static void
write_config (const char *folder,
              const char *source,
              const char *section)
{
  g_autofree char *path = g_build_filename (source, "config.json", NULL);
  json_t *config = json_load_file (path, 0, NULL);
  g_autofree char *text = NULL;

  g_assert_nonnull (config);
  text = json_dumps (section != NULL ? json_object_get (config, section) : config, 0);
  json_decref (config);
  write_file (folder, "config.json", text, strlen (text));
}

void
part_model_write (const char *folder,
                  const char *source,
                  const char *prefix,
                  const char *section)
{
  static const char *const copied[] = { "vocab.json",
                                        "merges.txt",
                                        "tokenizer.model",
                                        "added_tokens.json",
                                        "special_tokens_map.json",
                                        "tokenizer_config.json",
                                        "generation_config.json" };

  write_weights (folder, source, prefix);
  write_config (folder, source, section);
  for (gsize i = 0; i < G_N_ELEMENTS (copied); i++)
    {
      g_autofree char *path = g_build_filename (source, copied[i], NULL);
      g_autofree char *contents = NULL;
      gsize size;

      if (g_file_get_contents (path, &contents, &size, NULL))
        write_file (folder, copied[i], contents, size);
    }
}

void
part_model_set (const char *folder,
                const char *section,
                const char *field,
                const char *value)
{
  g_autofree char *path = g_build_filename (folder, "config.json", NULL);
  json_t *config = json_load_file (path, 0, NULL);
  json_t *object = section != NULL ? json_object_get (config, section) : config;
  g_autofree char *text = NULL;

  g_assert_nonnull (object);
  json_object_del (object, field);
  if (value != NULL)
    json_object_set_new (object, field, json_loads (value, JSON_DECODE_ANY, NULL));
  text = json_dumps (config, 0);
  json_decref (config);
  write_file (folder, "config.json", text, strlen (text));
}

void
part_model_add_reversed (const char *folder,
                         const char *weight,
                         const char *source)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlCheckpoint) checkpoint = ivl_checkpoint_open (folder, &error);
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autofree guint8 *rows = NULL;
  json_t *header = json_object ();
  IvlTensor tensor;
  gsize row;

  g_assert_no_error (error);
  for (guint i = 0; i < ivl_checkpoint_get_n_tensors (checkpoint); i++)
    {
      const char *name = ivl_checkpoint_get_tensor (checkpoint, i, &tensor);

      add_tensor (header, data, name, &tensor);
    }
  g_assert_true (ivl_checkpoint_lookup (checkpoint, source, &tensor));
  row = tensor.n_bytes / tensor.shape[0];
  rows = g_malloc (tensor.n_bytes);
  for (gsize i = 0; i < tensor.shape[0]; i++)
    memcpy (rows + i * row, tensor.data + (tensor.shape[0] - 1 - i) * row, row);
  tensor.data = rows;
  add_tensor (header, data, weight, &tensor);
  write_safetensors (folder, header, data);
  json_decref (header);
}

void
part_model_fill (const char   *folder,
                 const char   *weight,
                 const guint8 *element,
                 gsize         size,
                 gboolean      only_first)
{
  g_autofree char *path = g_build_filename (folder, "model.safetensors", NULL);
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  json_t *header, *offsets;
  guint64 length;
  gsize n_bytes, begin, end;

  g_file_get_contents (path, &contents, &n_bytes, &error);
  g_assert_no_error (error);
  memcpy (&length, contents, sizeof length);
  header = json_loadb (contents + sizeof length, length, 0, NULL);
  offsets = json_object_get (json_object_get (header, weight), "data_offsets");
  g_assert_nonnull (offsets);
  begin = sizeof length + length + json_integer_value (json_array_get (offsets, 0));
  end = only_first ? begin + size
                   : sizeof length + length + json_integer_value (json_array_get (offsets, 1));
  json_decref (header);
  for (gsize at = begin; at < end; at += size)
    memcpy (contents + at, element, size);
  g_file_set_contents (path, contents, n_bytes, &error);
  g_assert_no_error (error);
}
