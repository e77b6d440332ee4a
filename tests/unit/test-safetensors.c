/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Good safetensors files: order, look-up, bytes used in place; and the reference's own files.
 * What is refused is in hostile/test-hostile-safetensors.c. */
#include "formats/ivl-safetensors.h"

#include <string.h>

#include "temp-files.h"

/* Names out of order, offsets out of order, metadata, 32 bytes of data. */
#define GOOD_HEADER \
  "{\"z\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}," \
  "\"__metadata__\":{\"format\":\"pt\"}," \
  "\"s\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[28,30]}," \
  "\"a\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[24,28]}," \
  "\"b\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,2],\"data_offsets\":[30,32]}}"

static void
test_good (void)
{
  static const char *const names[] = { "z", "a", "s", "b" };
  static const char *const shapes[] = { "[2,3]", "[2]", "[]", "[1,1,1,1,1,1,1,2]" };
  static const IvlDtype dtypes[] = { IVL_DTYPE_F32, IVL_DTYPE_BF16, IVL_DTYPE_F16, IVL_DTYPE_U8 };
  static const guint begins[] = { 0, 24, 28, 30, 32 };
  g_autoptr(GByteArray) bytes = temp_files_build_safetensors (GOOD_HEADER, 32);
  g_autoptr(GError) error = NULL;
  g_autoptr(IvlSafetensors) file = ivl_safetensors_open_data (bytes->data, bytes->len, "good",
                                                              &error);

  g_assert_no_error (error);
  g_assert_cmpuint (ivl_safetensors_get_n_tensors (file), ==, G_N_ELEMENTS (names));
  g_assert_cmpuint (ivl_safetensors_get_n_bytes (file), ==, bytes->len);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *shape = NULL;
      IvlTensor tensor, found;

      g_assert_cmpstr (ivl_safetensors_get_tensor (file, i, &tensor), ==, names[i]);
      g_assert_true (ivl_safetensors_lookup (file, names[i], &found));
      g_assert_true (found.data == tensor.data);
      g_assert_true (tensor.data == bytes->data + bytes->len - 32 + begins[i]);
      g_assert_cmpuint (tensor.n_bytes, ==, begins[i + 1] - begins[i]);
      g_assert_cmpuint (ivl_tensor_n_elements (&tensor) * ivl_dtype_get_info (tensor.dtype)->size,
                        ==,
                        tensor.n_bytes);
      g_assert_cmpint (tensor.dtype, ==, dtypes[i]);
      shape = ivl_tensor_shape_to_string (&tensor);
      g_assert_cmpstr (shape, ==, shapes[i]);
    }
  g_assert_false (ivl_safetensors_lookup (file, "missing", NULL));
  g_assert_false (ivl_safetensors_lookup (file, "", NULL));
  g_assert_false (ivl_safetensors_lookup (file, "__metadata__", NULL));
  g_assert_true (ivl_safetensors_check (file, &error));
}

static void
test_no_tensors (void)
{
  g_autoptr(GByteArray) bytes = temp_files_build_safetensors ("{}", 0);
  g_autoptr(GError) error = NULL;
  g_autoptr(IvlSafetensors) file = ivl_safetensors_open_data (bytes->data, bytes->len, "none",
                                                              &error);

  g_assert_no_error (error);
  g_assert_cmpuint (ivl_safetensors_get_n_tensors (file), ==, 0);
  g_assert_false (ivl_safetensors_lookup (file, "a", NULL));
}

/* Tensors that no model reads may have any type, and none or no elements. */
static void
test_other_types (void)
{
  static const struct
  {
    const char *type;
    gsize       size; /* of four elements */
  } types[] = {
    { "BOOL", 4 },    { "I8", 4 },       { "U16", 8 },     { "I16", 8 },  { "U32", 16 },
    { "U64", 32 },    { "F64", 32 },     { "C64", 32 },    { "F8_E4M3", 4 }, { "F8_E5M2", 4 },
    { "F8_E8M0", 4 }, { "F6_E2M3", 3 },  { "F4", 2 },      { "NEW_32", 16 }, { "\\u001b[2J", 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autofree char *header = g_strdup_printf (
          "{\"empty\":{\"dtype\":\"%s\",\"shape\":[5,0],\"data_offsets\":[8,8]},"
          "\"odd\":{\"dtype\":\"%s\",\"shape\":[2,2],\"data_offsets\":[8,%" G_GSIZE_FORMAT "]},"
          "\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
          types[i].type, types[i].type, 8 + types[i].size);
      g_autoptr (GByteArray) bytes = temp_files_build_safetensors (header, 8 + types[i].size);
      g_autoptr (GError) error = NULL;
      g_autoptr (IvlSafetensors) file =
          ivl_safetensors_open_data (bytes->data, bytes->len, "types", &error);
      IvlTensor tensor;

      g_assert_no_error (error);
      g_assert_true (ivl_safetensors_lookup (file, "odd", &tensor));
      g_assert_cmpuint (tensor.n_bytes, ==, types[i].size);
      g_assert_false (ivl_dtype_get_info (tensor.dtype)->is_weight);
      g_assert_true (ivl_safetensors_lookup (file, "empty", &tensor));
      g_assert_cmpuint (tensor.n_bytes, ==, 0);
      g_assert_true (ivl_safetensors_lookup (file, "w", &tensor));
      g_assert_cmpuint (tensor.data[7], ==, 7);
    }
}

static void
test_many (void)
{
  g_autoptr(GString) header = g_string_new ("{");
  g_autoptr(GByteArray) bytes = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(IvlSafetensors) file = NULL;

  for (guint i = 0; i < 3000; i++)
    g_string_append_printf (header,
                            "%s\"t%u\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%u,%u]}",
                            i > 0 ? "," : "", i, 2999 - i, 3000 - i);
  g_string_append_c (header, '}');
  bytes = temp_files_build_safetensors (header->str, 3000);
  file = ivl_safetensors_open_data (bytes->data, bytes->len, "many", &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 3000; i++)
    {
      g_autofree char *name = g_strdup_printf ("t%u", i);
      IvlTensor tensor;

      g_assert_true (ivl_safetensors_lookup (file, name, &tensor));
      g_assert_cmpuint (*tensor.data, ==, (2999 - i) & 0xff);
    }
}

/* A file that the official library wrote: every normalised slice must follow from its u8 slice,
 * so types, names and offsets cannot be confused unnoticed. */
static void
test_reference_file (void)
{
  const char *path = g_test_get_filename (G_TEST_DIST, "golden", "fixtures", "preprocess",
                                          "slices.safetensors",
                                          NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(IvlSafetensors) file = ivl_safetensors_open (path, &error);
  guint n_u8 = 0;
  guint n_norm = 0;

  g_assert_no_error (error);
  for (guint i = 0; i < ivl_safetensors_get_n_tensors (file); i++)
    {
      IvlTensor slice, norm;
      const char *name = ivl_safetensors_get_tensor (file, i, &slice);
      g_autofree char *stem = NULL;
      g_autofree char *norm_name = NULL;
      /* fixtures/README.md: ((u8/255) - mean) / std, channel-first. */
      static const float mean[] = { 0.485f, 0.456f, 0.406f };
      static const float std[] = { 0.229f, 0.224f, 0.225f };

      n_norm += g_str_has_suffix (name, ".norm_slice");
      if (!g_str_has_suffix (name, ".u8_slice"))
        continue;
      n_u8++;
      stem = g_strndup (name, strlen (name) - strlen (".u8_slice"));
      norm_name = g_strconcat (stem, ".norm_slice", NULL);
      g_assert_true (ivl_safetensors_lookup (file, norm_name, &norm));
      g_assert_cmpint (slice.dtype, ==, IVL_DTYPE_U8);
      g_assert_cmpint (norm.dtype, ==, IVL_DTYPE_F32);
      for (guint j = 0; j < 6 * 6 * 3; j++)
        g_assert_cmpfloat_with_epsilon (((const float *) norm.data)[(j % 3) * 36 + j / 3],
                                        (slice.data[j] / 255.0f - mean[j % 3]) / std[j % 3], 1e-6);
    }
  g_assert_cmpuint (n_u8, >, 0);
  g_assert_cmpuint (n_u8, ==, n_norm);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/safetensors/good", test_good);
  g_test_add_func ("/safetensors/no-tensors", test_no_tensors);
  g_test_add_func ("/safetensors/other-types", test_other_types);
  g_test_add_func ("/safetensors/many", test_many);
  g_test_add_func ("/safetensors/reference-file", test_reference_file);
  return g_test_run ();
}
