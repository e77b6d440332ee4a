/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Weights that are not a model's plain ones, told by the names that the programs leave which made
 * them: quantised ones, and adapters beside the model that they change.
 */
#include "formats/ivl-weight-kind.h"

#include <string.h>

/* Names that methods have for people, where quant_method is another. */
static const struct
{
  const char *method;
  const char *name;
} methods[] = {
  { "awq", "AWQ" },   { "gptq", "GPTQ" },   { "fp8", "FP8" },   { "eetq", "EETQ" },
  { "hqq", "HQQ" },   { "aqlm", "AQLM" },   { "vptq", "VPTQ" }, { "higgs", "HIGGS" },
  { "spqr", "SpQR" }, { "mxfp4", "MXFP4" }, { "quark", "Quark" },
};

/* How a tensor's name ends, and what wrote it. The first row that a checkpoint has counts. */
static const struct
{
  const char *suffix;
  const char *method;
} quantised[] = {
  { ".g_idx", "gptq" },
  { ".qweight", "awq" },
  { ".absmax", "bitsandbytes" },
  { ".quant_map", "bitsandbytes" },
  { ".SCB", "bitsandbytes" },
  { ".weight_packed", "compressed-tensors" },
  { ".W_q", "hqq" },
  { ".weight_scale_inv", "fp8" },
  { ".weight_scale", "compressed-tensors" },
  { ".weight_scales", "eetq" },
  { ".scales", "MLX" },
};

/* Parts of names that peft gives to adapters, and their kind. */
static const struct
{
  const char *part;
  const char *kind;
} adapters[] = {
  { ".lora_", "LoRA" },      { ".base_layer.", "LoRA" }, { ".hada_w", "LoHa" },
  { ".lokr_w", "LoKr" },     { ".oft_r.", "OFT" },       { ".ia3_l.", "IA3" },
  { ".vera_lambda", "VeRA" },
};

char *
ivl_weight_kind_describe_method (const char *method)
{
  g_autofree char *shown = g_strescape (method, NULL);
  const char *name = shown;

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    if (g_str_equal (method, methods[i].method))
      name = methods[i].name;
  return g_strdup_printf ("the weights are quantised (%.80s), and this version reads bfloat16, "
                          "float16 and float32: take the folder of the unquantised model, or let "
                          "a server that knows this format answer", name);
}

static gboolean
has_suffix (IvlCheckpoint *checkpoint,
            const char    *suffix)
{
  for (guint i = 0; i < ivl_checkpoint_get_n_tensors (checkpoint); i++)
    if (g_str_has_suffix (ivl_checkpoint_get_tensor (checkpoint, i, NULL), suffix))
      return TRUE;
  return FALSE;
}

/* Eight bits with a sign and an exponent, under the names of plain weights. */
static gboolean
has_fp8 (IvlCheckpoint *checkpoint)
{
  for (guint i = 0; i < ivl_checkpoint_get_n_tensors (checkpoint); i++)
    {
      IvlTensor tensor;

      ivl_checkpoint_get_tensor (checkpoint, i, &tensor);
      if (g_str_has_prefix (ivl_dtype_get_info (tensor.dtype)->safetensors, "F8_"))
        return TRUE;
    }
  return FALSE;
}

char *
ivl_weight_kind_explain_quantised (IvlCheckpoint *checkpoint)
{
  for (gsize i = 0; i < G_N_ELEMENTS (quantised); i++)
    if (has_suffix (checkpoint, quantised[i].suffix))
      return ivl_weight_kind_describe_method (quantised[i].method);
  return has_fp8 (checkpoint) ? ivl_weight_kind_describe_method ("fp8") : NULL;
}

char *
ivl_weight_kind_explain_adapter (IvlCheckpoint *checkpoint)
{
  for (guint i = 0; i < ivl_checkpoint_get_n_tensors (checkpoint); i++)
    {
      const char *name = ivl_checkpoint_get_tensor (checkpoint, i, NULL);

      for (gsize k = 0; k < G_N_ELEMENTS (adapters); k++)
        if (strstr (name, adapters[k].part) != NULL)
          return g_strdup_printf ("the weights hold a %s adapter that was not merged (tensor %s): "
                                  "merge it into the model with the program that trained it (peft: "
                                  "merge_and_unload) and save that", adapters[k].kind, name);
    }
  return NULL;
}
