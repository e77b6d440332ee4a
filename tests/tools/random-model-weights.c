/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tensor names and shapes of the published checkpoints, filled with noise at disk speed: values are
 * drawn from tables of 65,536 by a xorshift generator, four to a step.
 */
#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "random-model.h"

#define MAX_SHARD_BYTES G_GUINT64_CONSTANT (5000000000) /* as transformers' save_pretrained() */
#define N_TABLE 65536
#define BUFFER_BYTES (4 * 1024 * 1024)

typedef enum
{
  FILL_MATRIX,
  FILL_BIAS,
  FILL_NORM,
  FILL_LAYER_SCALE,
  N_FILLS,
} Fill;

/* Chosen so that activations stay of order one through 80 layers. */
static const struct
{
  float mean;
  float deviation;
} fills[N_FILLS] = {
  [FILL_MATRIX] = { 0.0f, 0.02f },
  [FILL_BIAS] = { 0.0f, 0.002f },
  [FILL_NORM] = { 1.0f, 0.0f },
  [FILL_LAYER_SCALE] = { 0.1f, 0.0f },
};

typedef struct
{
  char   *name;
  guint64 shape[4];
  guint   n_dims;
  Fill    fill;
  guint   shard;
} Tensor;

typedef struct
{
  GPtrArray *tensors;
  gsize      element_size;
  guint8    *tables[N_FILLS]; /* N_TABLE elements each */
  guint64    state;
  guint8    *buffer;
} Writer;

static void
tensor_free (gpointer data)
{
  Tensor *tensor = data;

  g_free (tensor->name);
  g_free (tensor);
}

static guint64
tensor_n_elements (const Tensor *tensor)
{
  guint64 n = 1;

  for (guint i = 0; i < tensor->n_dims; i++)
    n *= tensor->shape[i];
  return n;
}

static void G_GNUC_PRINTF (7, 8)
add (Writer     *writer,
     Fill        fill,
     guint64     d0,
     guint64     d1,
     guint64     d2,
     guint64     d3,
     const char *format,
     ...)
{
  Tensor *tensor = g_new0 (Tensor, 1);
  const guint64 shape[4] = { d0, d1, d2, d3 };
  va_list args;

  va_start (args, format);
  tensor->name = g_strdup_vprintf (format, args);
  va_end (args);
  tensor->fill = fill;
  while (tensor->n_dims < 4 && shape[tensor->n_dims] != 0)
    {
      tensor->shape[tensor->n_dims] = shape[tensor->n_dims];
      tensor->n_dims++;
    }
  g_ptr_array_add (writer->tensors, tensor);
}

static void
add_vision (Writer                  *writer,
            const RandomModelVision *vision)
{
  guint64 c = vision->hidden_size;
  guint64 m = vision->intermediate_size;

  add (writer, FILL_MATRIX, 1, 1, c, 0, "vision_model.embeddings.class_embedding");
  add (writer, FILL_BIAS, c, 0, 0, 0, "vision_model.embeddings.patch_embedding.bias");
  add (writer, FILL_MATRIX, c, 3, 14, 14, "vision_model.embeddings.patch_embedding.weight");
  add (writer, FILL_MATRIX, 1, 32 * 32 + 1, c, 0, "vision_model.embeddings.position_embedding");
  for (guint i = 0; i < vision->n_layers; i++)
    {
      g_autofree char *layer = g_strdup_printf ("vision_model.encoder.layers.%u", i);

      add (writer, FILL_BIAS, c, 0, 0, 0, "%s.attn.proj.bias", layer);
      add (writer, FILL_MATRIX, c, c, 0, 0, "%s.attn.proj.weight", layer);
      add (writer, FILL_MATRIX, 3 * c, c, 0, 0, "%s.attn.qkv.weight", layer);
      add (writer, FILL_LAYER_SCALE, c, 0, 0, 0, "%s.ls1", layer);
      add (writer, FILL_LAYER_SCALE, c, 0, 0, 0, "%s.ls2", layer);
      add (writer, FILL_BIAS, m, 0, 0, 0, "%s.mlp.fc1.bias", layer);
      add (writer, FILL_MATRIX, m, c, 0, 0, "%s.mlp.fc1.weight", layer);
      add (writer, FILL_BIAS, c, 0, 0, 0, "%s.mlp.fc2.bias", layer);
      add (writer, FILL_MATRIX, c, m, 0, 0, "%s.mlp.fc2.weight", layer);
      add (writer, FILL_NORM, c, 0, 0, 0, "%s.norm1.weight", layer);
      add (writer, FILL_NORM, c, 0, 0, 0, "%s.norm2.weight", layer);
      if (vision->is_6b)
        {
          add (writer, FILL_NORM, c, 0, 0, 0, "%s.attn.k_norm.weight", layer);
          add (writer, FILL_NORM, c, 0, 0, 0, "%s.attn.q_norm.weight", layer);
        }
      else
        {
          add (writer, FILL_BIAS, 3 * c, 0, 0, 0, "%s.attn.qkv.bias", layer);
          add (writer, FILL_BIAS, c, 0, 0, 0, "%s.norm1.bias", layer);
          add (writer, FILL_BIAS, c, 0, 0, 0, "%s.norm2.bias", layer);
        }
    }
}

static void
add_qwen2 (Writer                *writer,
           const RandomModelSize *size)
{
  guint64 h = size->hidden_size;
  guint64 m = size->intermediate_size;
  guint64 kv = h / size->n_heads * size->n_kv_heads;

  add (writer, FILL_MATRIX, size->vocab_size, h, 0, 0, "language_model.model.embed_tokens.weight");
  for (guint i = 0; i < size->n_layers; i++)
    {
      g_autofree char *layer = g_strdup_printf ("language_model.model.layers.%u", i);

      add (writer, FILL_NORM, h, 0, 0, 0, "%s.input_layernorm.weight", layer);
      add (writer, FILL_MATRIX, h, m, 0, 0, "%s.mlp.down_proj.weight", layer);
      add (writer, FILL_MATRIX, m, h, 0, 0, "%s.mlp.gate_proj.weight", layer);
      add (writer, FILL_MATRIX, m, h, 0, 0, "%s.mlp.up_proj.weight", layer);
      add (writer, FILL_NORM, h, 0, 0, 0, "%s.post_attention_layernorm.weight", layer);
      add (writer, FILL_BIAS, kv, 0, 0, 0, "%s.self_attn.k_proj.bias", layer);
      add (writer, FILL_MATRIX, kv, h, 0, 0, "%s.self_attn.k_proj.weight", layer);
      add (writer, FILL_MATRIX, h, h, 0, 0, "%s.self_attn.o_proj.weight", layer);
      add (writer, FILL_BIAS, h, 0, 0, 0, "%s.self_attn.q_proj.bias", layer);
      add (writer, FILL_MATRIX, h, h, 0, 0, "%s.self_attn.q_proj.weight", layer);
      add (writer, FILL_BIAS, kv, 0, 0, 0, "%s.self_attn.v_proj.bias", layer);
      add (writer, FILL_MATRIX, kv, h, 0, 0, "%s.self_attn.v_proj.weight", layer);
    }
  add (writer, FILL_NORM, h, 0, 0, 0, "language_model.model.norm.weight");
  add (writer, FILL_MATRIX, size->vocab_size, h, 0, 0, "language_model.lm_head.weight");
}

static void
add_internlm2 (Writer                *writer,
               const RandomModelSize *size)
{
  guint64 h = size->hidden_size;
  guint64 m = size->intermediate_size;
  guint64 qkv = h + 2 * (h / size->n_heads) * size->n_kv_heads;

  add (writer, FILL_MATRIX, size->vocab_size, h, 0, 0,
       "language_model.model.tok_embeddings.weight");
  for (guint i = 0; i < size->n_layers; i++)
    {
      g_autofree char *layer = g_strdup_printf ("language_model.model.layers.%u", i);

      add (writer, FILL_MATRIX, h, h, 0, 0, "%s.attention.wo.weight", layer);
      add (writer, FILL_MATRIX, qkv, h, 0, 0, "%s.attention.wqkv.weight", layer);
      add (writer, FILL_NORM, h, 0, 0, 0, "%s.attention_norm.weight", layer);
      add (writer, FILL_MATRIX, m, h, 0, 0, "%s.feed_forward.w1.weight", layer);
      add (writer, FILL_MATRIX, h, m, 0, 0, "%s.feed_forward.w2.weight", layer);
      add (writer, FILL_MATRIX, m, h, 0, 0, "%s.feed_forward.w3.weight", layer);
      add (writer, FILL_NORM, h, 0, 0, 0, "%s.ffn_norm.weight", layer);
    }
  add (writer, FILL_NORM, h, 0, 0, 0, "language_model.model.norm.weight");
  add (writer, FILL_MATRIX, size->vocab_size, h, 0, 0, "language_model.output.weight");
}

static void
add_projector (Writer                *writer,
               const RandomModelSize *size)
{
  guint64 h = size->hidden_size;
  guint64 c = 4 * size->vision->hidden_size;

  add (writer, FILL_BIAS, c, 0, 0, 0, "mlp1.0.bias");
  add (writer, FILL_NORM, c, 0, 0, 0, "mlp1.0.weight");
  add (writer, FILL_BIAS, h, 0, 0, 0, "mlp1.1.bias");
  add (writer, FILL_MATRIX, h, c, 0, 0, "mlp1.1.weight");
  add (writer, FILL_BIAS, h, 0, 0, 0, "mlp1.3.bias");
  add (writer, FILL_MATRIX, h, h, 0, 0, "mlp1.3.weight");
}

static guint16
to_bf16 (float value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof bits);
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

static void
make_tables (Writer *writer)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (20250101);

  for (guint fill = 0; fill < N_FILLS; fill++)
    {
      writer->tables[fill] = g_malloc (N_TABLE * writer->element_size);
      for (guint i = 0; i < N_TABLE; i++)
        {
          /* Box-Muller */
          double radius = sqrt (-2.0 * log (1.0 - g_rand_double (rand)));
          float value = fills[fill].mean
                        + fills[fill].deviation * radius * cos (2.0 * G_PI * g_rand_double (rand));

          if (writer->element_size == 4)
            ((float *) writer->tables[fill])[i] = value;
          else
            ((guint16 *) writer->tables[fill])[i] = to_bf16 (value);
        }
    }
}

/* n elements into the buffer; n is a multiple of 4 or the buffer has room for the rest. */
static void
fill_buffer (Writer *writer,
             Fill    fill,
             gsize   n)
{
  const guint16 *table_2 = (const guint16 *) writer->tables[fill];
  const guint32 *table_4 = (const guint32 *) writer->tables[fill];
  guint64 x = writer->state;

  for (gsize i = 0; i < n; i += 4)
    {
      x ^= x << 13;
      x ^= x >> 7;
      x ^= x << 17;
      for (guint j = 0; j < 4; j++)
        if (writer->element_size == 4)
          ((guint32 *) writer->buffer)[i + j] = table_4[(x >> (16 * j)) & 0xffff];
        else
          ((guint16 *) writer->buffer)[i + j] = table_2[(x >> (16 * j)) & 0xffff];
    }
  writer->state = x;
}

static gboolean
write_tensor (Writer       *writer,
              const Tensor *tensor,
              FILE         *file)
{
  guint64 n_left = tensor_n_elements (tensor);

  while (n_left > 0)
    {
      gsize n = MIN (n_left, BUFFER_BYTES / writer->element_size);

      fill_buffer (writer, tensor->fill, n);
      if (fwrite (writer->buffer, writer->element_size, n, file) != n)
        return FALSE;
      n_left -= n;
    }
  return TRUE;
}

/* The header of the tensors of one shard, padded so that the data is aligned to 8 bytes. */
static GString *
make_header (Writer    *writer,
             GPtrArray *tensors)
{
  GString *header = g_string_new ("{\"__metadata__\":{\"format\":\"pt\"}");
  guint64 offset = 0;

  for (guint i = 0; i < tensors->len; i++)
    {
      const Tensor *tensor = g_ptr_array_index (tensors, i);
      guint64 end = offset + tensor_n_elements (tensor) * writer->element_size;

      g_string_append_printf (header, ",\"%s\":{\"dtype\":\"%s\",\"shape\":[", tensor->name,
                              writer->element_size == 4 ? "F32" : "BF16");
      for (guint j = 0; j < tensor->n_dims; j++)
        g_string_append_printf (header, "%s%" G_GUINT64_FORMAT, j > 0 ? "," : "", tensor->shape[j]);
      g_string_append_printf (header,
                              "],\"data_offsets\":[%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "]}",
                              offset, end);
      offset = end;
    }
  g_string_append_c (header, '}');
  while (header->len % 8 != 0)
    g_string_append_c (header, ' ');
  return header;
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp ((*(const Tensor *const *) a)->name, (*(const Tensor *const *) b)->name);
}

static gboolean
write_shard (Writer      *writer,
             guint        shard,
             const char  *path,
             GError     **error)
{
  g_autoptr(GPtrArray) tensors = g_ptr_array_new ();
  g_autoptr(GString) header = NULL;
  FILE *file = g_fopen (path, "wbe");
  gboolean done = file != NULL;
  guint64 length;

  for (guint i = 0; i < writer->tensors->len; i++)
    if (((Tensor *) g_ptr_array_index (writer->tensors, i))->shard == shard)
      g_ptr_array_add (tensors, g_ptr_array_index (writer->tensors, i));
  g_ptr_array_sort (tensors, compare_names);
  header = make_header (writer, tensors);
  length = GUINT64_TO_LE (header->len);
  done = done && fwrite (&length, sizeof length, 1, file) == 1
         && fwrite (header->str, header->len, 1, file) == 1;
  for (guint i = 0; done && i < tensors->len; i++)
    done = write_tensor (writer, g_ptr_array_index (tensors, i), file);
  if (file != NULL && fclose (file) != 0)
    done = FALSE;
  if (!done)
    g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (errno), "%s: %s", path,
                 g_strerror (errno));
  return done;
}

/* Fills shards in the order of the model, as save_pretrained() does; returns their number. */
static guint
assign_shards (Writer  *writer,
               guint64 *n_parameters)
{
  guint64 n_bytes = 0;
  guint shard = 0;

  *n_parameters = 0;
  for (guint i = 0; i < writer->tensors->len; i++)
    {
      Tensor *tensor = g_ptr_array_index (writer->tensors, i);
      guint64 n = tensor_n_elements (tensor);

      if (n_bytes > 0 && n_bytes + n * writer->element_size > MAX_SHARD_BYTES)
        {
          shard++;
          n_bytes = 0;
        }
      tensor->shard = shard;
      n_bytes += n * writer->element_size;
      *n_parameters += n;
    }
  return shard + 1;
}

static char *
get_shard_name (guint shard,
                guint n_shards)
{
  if (n_shards == 1)
    return g_strdup ("model.safetensors");
  return g_strdup_printf ("model-%05u-of-%05u.safetensors", shard + 1, n_shards);
}

static gboolean
write_index (Writer      *writer,
             guint        n_shards,
             guint64      n_parameters,
             const char  *folder,
             GError     **error)
{
  g_autoptr(GString) index = g_string_new (NULL);

  g_string_append_printf (index, "{\n  \"metadata\": {\n    \"total_size\": %" G_GUINT64_FORMAT
                          "\n  },\n  \"weight_map\": {\n", n_parameters * writer->element_size);
  g_ptr_array_sort (writer->tensors, compare_names);
  for (guint i = 0; i < writer->tensors->len; i++)
    {
      const Tensor *tensor = g_ptr_array_index (writer->tensors, i);
      g_autofree char *name = get_shard_name (tensor->shard, n_shards);

      g_string_append_printf (index, "    \"%s\": \"%s\"%s\n", tensor->name, name,
                              i + 1 < writer->tensors->len ? "," : "");
    }
  g_string_append (index, "  }\n}\n");
  return random_model_write_text (folder, "model.safetensors.index.json", index->str, index->len,
                                  error);
}

gboolean
random_model_write_weights (const RandomModelSize  *size,
                            gboolean                is_f32,
                            const char             *folder,
                            gboolean                dry_run,
                            guint64                *n_parameters,
                            GError                **error)
{
  g_autoptr(GPtrArray) tensors = g_ptr_array_new_with_free_func (tensor_free);
  Writer writer = { .tensors = tensors, .element_size = is_f32 ? 4 : 2,
                    .state = 88172645463325252 };
  gboolean done = TRUE;
  guint n_shards;

  add_vision (&writer, size->vision);
  if (size->family == RANDOM_MODEL_QWEN2)
    add_qwen2 (&writer, size);
  else
    add_internlm2 (&writer, size);
  add_projector (&writer, size);
  n_shards = assign_shards (&writer, n_parameters);
  if (dry_run)
    return TRUE;

  make_tables (&writer);
  writer.buffer = g_malloc (BUFFER_BYTES);
  for (guint i = 0; done && i < n_shards; i++)
    {
      g_autofree char *name = get_shard_name (i, n_shards);
      g_autofree char *path = g_build_filename (folder, name, NULL);

      done = write_shard (&writer, i, path, error);
    }
  if (done && n_shards > 1)
    done = write_index (&writer, n_shards, *n_parameters, folder, error);
  for (guint i = 0; i < N_FILLS; i++)
    g_free (writer.tables[i]);
  g_free (writer.buffer);
  return done;
}
