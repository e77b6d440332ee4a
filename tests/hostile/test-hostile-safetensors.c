/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Safetensors files that must be refused, each with its error code and a message that names the
 * culprit. */
#include "formats/ivl-safetensors.h"

#include <fcntl.h>
#include <libivl/ivl-error.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "temp-files.h"

#define U8(name, begin, end) \
  "\"" name "\":{\"dtype\":\"U8\",\"shape\":[" #end "],\"data_offsets\":[" #begin "," #end "]}"
#define ONE(dtype, shape, offsets) \
  "{\"a\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"
#define INVALID IVL_ERROR_INVALID_DATA
#define UNSUPPORTED IVL_ERROR_UNSUPPORTED

typedef struct
{
  const char *name;
  const char *header;
  gsize       n_data;
  int         code;
  const char *message; /* part of it */
} HeaderCase;

static const HeaderCase header_cases[] = {
  /* the layout of the data */
  { "shape-wraps-to-4", ONE ("\"U8\"", "[4194305,4194305,211106198978564]", "[0,4]"), 4, INVALID,
    "64 bits" },
  { "size-wraps", ONE ("\"I64\"", "[2305843009213693953]", "[0,8]"), 8, INVALID, "64 bits" },
  { "bytes-not-shape", ONE ("\"F32\"", "[2]", "[0,4]"), 4, INVALID, "needs 8 bytes" },
  { "overlap",
    "{" U8 ("a", 0, 8) ",\"b\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[4,12]}}", 12,
    INVALID, "begins at 4, expected 8" },
  { "same-bytes-twice", "{" U8 ("a", 0, 8) "," U8 ("b", 0, 8) "}", 8, INVALID,
    "begins at 0, expected 8" },
  { "hole", "{" U8 ("a", 0, 4) ",\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[8,12]}}",
    12, INVALID,
    "begins at 8, expected 4" },
  { "hole-at-start", ONE ("\"U8\"", "[4]", "[4,8]"), 8, INVALID, "begins at 4, expected 0" },
  { "trailing-bytes", "{" U8 ("a", 0, 8) "}", 9, INVALID, "1 bytes follow" },
  { "no-tensors-but-bytes", "{}", 8, INVALID, "8 bytes follow" },
  { "end-before-begin", ONE ("\"U8\"", "[8]", "[8,0]"), 8, INVALID, "outside" },
  { "end-past-file", ONE ("\"U8\"", "[9]", "[0,9]"), 8, INVALID, "outside" },
  { "exabyte", ONE ("\"U8\"", "[9223372036854775807]", "[0,9223372036854775807]"), 8, INVALID,
    "outside" },
  { "zero-behind-overflow", ONE ("\"F32\"", "[4611686018427387904,4611686018427387904,0]", "[0,0]"),
    0, INVALID, "64 bits" },
  { "zero-size-with-bytes", ONE ("\"F32\"", "[0]", "[0,4]"), 4, INVALID, "needs 0 bytes" },
  { "zero-size-inside",
    "{" U8 ("a", 0, 8) ",\"b\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[4,4]}}", 8,
    INVALID, "begins at 4, expected 8" },
  { "unknown-type-wraps", ONE ("\"F4\"", "[4294967296,4294967296]", "[0,4]"), 4, INVALID,
    "64 bits" },
  { "unknown-type-past-end", ONE ("\"F4\"", "[8]", "[0,8]"), 4, INVALID, "outside" },
  { "unaligned",
    "{" U8 ("a", 0, 1) ",\"b\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[1,3]}}", 3,
    UNSUPPORTED, "not aligned" },
  /* types */
  { "dtype-number", ONE ("1", "[4]", "[0,4]"), 4, INVALID, "a.dtype" },
  { "dtype-null", ONE ("null", "[4]", "[0,4]"), 4, INVALID, "a.dtype" },
  { "dtype-missing", "{\"a\":{\"shape\":[4],\"data_offsets\":[0,4]}}", 4, INVALID,
    "dtype, shape and data_offsets" },
  { "fourth-field", "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],\"x\":1}}", 4,
    INVALID,
    "dtype, shape and data_offsets" },
  { "renamed-field", "{\"a\":{\"dtype\":\"U8\",\"shapes\":[4],\"data_offsets\":[0,4]}}", 4, INVALID,
    "a.shape" },
  { "entry-array", "{\"a\":[]}", 0, INVALID, "found an array" },
  { "entry-null", "{\"a\":null}", 0, INVALID, "found null" },
  /* numbers */
  { "shape-negative", ONE ("\"U8\"", "[-4]", "[0,4]"), 4, INVALID, "found -4" },
  { "shape-two-negatives", ONE ("\"U8\"", "[-2,-2]", "[0,4]"), 4, INVALID, "found -2" },
  { "shape-real", ONE ("\"U8\"", "[4.0]", "[0,4]"), 4, INVALID, "found 4" },
  { "shape-exponent", ONE ("\"U8\"", "[4e0]", "[0,4]"), 4, INVALID, "found 4" },
  { "shape-huge", ONE ("\"U8\"", "[18446744073709551615]", "[0,4]"), 4, INVALID,
    "too big integer" },
  { "shape-infinite", ONE ("\"U8\"", "[1e999]", "[0,4]"), 4, INVALID, "overflow" },
  { "shape-octal", ONE ("\"U8\"", "[04]", "[0,4]"), 4, INVALID, "line 1" },
  { "shape-string", ONE ("\"U8\"", "[\"4\"]", "[0,4]"), 4, INVALID, "found \"4\"" },
  { "shape-number", ONE ("\"U8\"", "4", "[0,4]"), 4, INVALID, "a.shape" },
  { "rank-9", ONE ("\"U8\"", "[1,1,1,1,1,1,1,1,4]", "[0,4]"), 4, INVALID, "at most 8" },
  { "offsets-negative", ONE ("\"U8\"", "[4]", "[-4,0]"), 4, INVALID, "found -4" },
  { "offsets-real", ONE ("\"U8\"", "[4]", "[0,4.0]"), 4, INVALID, "a.data_offsets" },
  { "offsets-one", ONE ("\"U8\"", "[4]", "[4]"), 4, INVALID, "array of 2" },
  { "offsets-three", ONE ("\"U8\"", "[4]", "[0,4,4]"), 4, INVALID, "array of 2" },
  { "offsets-object", ONE ("\"U8\"", "[4]", "{}"), 4, INVALID, "a.data_offsets" },
  /* names and the JSON around them */
  { "duplicate-tensor", "{" U8 ("a", 0, 4) "," U8 ("a", 0, 4) "}", 4, INVALID, "duplicate" },
  { "duplicate-escaped", "{" U8 ("a", 0, 4) "," U8 ("\\u0061", 0, 4) "}", 4, INVALID, "duplicate" },
  { "duplicate-field",
    "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4, INVALID,
    "duplicate" },
  { "name-nul", "{" U8 ("a\\u0000b", 0, 4) "}", 4, INVALID, "line 1" },
  { "name-empty", "{" U8 ("", 0, 4) "}", 4, INVALID, "printable" },
  { "name-escape", "{" U8 ("\\u001b[31m", 0, 4) "}", 4, INVALID, "printable" },
  { "name-bidi", "{" U8 ("\\u202e", 0, 4) "}", 4, INVALID, "printable" },
  { "name-bad-utf8", "{" U8 ("\xff", 0, 4) "}", 4, INVALID, "unable to decode" },
  { "metadata-string", "{\"__metadata__\":\"pt\"}", 0, INVALID, "__metadata__" },
  { "metadata-number", "{\"__metadata__\":{\"format\":1}}", 0, INVALID, "__metadata__.format" },
  { "metadata-object", "{\"__metadata__\":{\"format\":{}}}", 0, INVALID, "__metadata__.format" },
  { "space-first", " {}", 0, INVALID, "begin with '{'" },
  { "array", "[]", 0, INVALID, "begin with '{'" },
  { "bom", "\xef\xbb\xbf{}", 0, INVALID, "begin with '{'" },
  { "unfinished", "{\"a\":", 0, INVALID, "line 1" },
  { "two-objects", "{}{}", 0, INVALID, "line 1" },
  { "comment", "{/**/}", 0, INVALID, "line 1" },
};

static void
assert_refused (const char *path,
                int         code,
                const char *message)
{
  g_autoptr(GError) error = NULL;
  IvlSafetensors *file = ivl_safetensors_open (path, &error);

  g_assert_null (file);
  g_assert_error (error, IVL_ERROR, code);
  g_assert_true (g_str_has_prefix (error->message, path));
  if (strstr (error->message, message) == NULL)
    g_error ("\"%s\" is not in \"%s\"", message, error->message);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
  g_assert_null (strchr (error->message, '\x1b'));
}

static void
test_header (gconstpointer data)
{
  const HeaderCase *header_case = data;
  char *folder = temp_files_make_folder ();
  g_autofree char *path = temp_files_write_safetensors (folder, "a.safetensors",
                                                        header_case->header,
                                                        header_case->n_data);

  assert_refused (path, header_case->code, header_case->message);
  temp_files_remove_folder (folder);
}

static gsize
get_resident_bytes (void)
{
  g_autofree char *statm = NULL;
  gulong size = 0;
  gulong resident = 0;

  if (!g_file_get_contents ("/proc/self/statm", &statm, NULL, NULL))
    return 0;
  sscanf (statm, "%lu %lu", &size, &resident);
  return resident * (gsize) sysconf (_SC_PAGESIZE);
}

/* Lengths that lie: none may cost memory. The file is sparse. */
static void
test_header_length (void)
{
  static const struct
  {
    guint64     length;
    guint64     file_size;
    const char *message;
  } cases[] = {
    { 0, 8, "begin with '{'" },
    { 0, 100, "begin with '{'" },
    { 1, 8, "header of 1 bytes" },
    { 93, 100, "header of 93 bytes" },
    { G_MAXUINT64, 100, "header of 18446744073709551615 bytes" },
    { G_MAXUINT64 - 7, 100, "header of 18446744073709551608 bytes" },
    { G_GUINT64_CONSTANT (1) << 63, 100, "header of 9223372036854775808 bytes" },
    { 100000001, 200000000, "header of 100000001 bytes" },
    { 100000000, 200000000, "begin with '{'" },
  };
  char *folder = temp_files_make_folder ();
  g_autofree char *path = g_build_filename (folder, "length.safetensors", NULL);
  gsize before;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      guint64 length = GUINT64_TO_LE (cases[i].length);
      int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

      g_assert_cmpint (write (fd, &length, sizeof length), ==, sizeof length);
      g_assert_cmpint (ftruncate (fd, cases[i].file_size), ==, 0);
      close (fd);
      before = get_resident_bytes ();
      assert_refused (path, IVL_ERROR_INVALID_DATA, cases[i].message);
      g_assert_cmpuint (get_resident_bytes (), <, before + 1024 * 1024);
    }
  temp_files_remove_folder (folder);
}

static void
test_short_file (void)
{
  char *folder = temp_files_make_folder ();

  for (guint size = 0; size < 8; size++)
    {
      g_autofree char *path = temp_files_write (folder, "short.safetensors", "\0\0\0\0\0\0\0\0",
                                                size);

      assert_refused (path, IVL_ERROR_INVALID_DATA, size > 0 ? "at least 8" : "empty");
    }
  temp_files_remove_folder (folder);
}

/* Every shorter version of a good file is refused. */
static void
test_cut_everywhere (void)
{
  g_autoptr(GByteArray) good = temp_files_build_safetensors (
    "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
    "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[4,8]}}", 8);

  for (gsize size = 0; size <= good->len; size++)
    {
      /* exactly this many bytes, so that ASan sees a read behind them */
      g_autofree guint8 *bytes = g_memdup2 (good->data, size);
      g_autoptr(GError) error = NULL;
      g_autoptr(IvlSafetensors) file = ivl_safetensors_open_data (bytes, size, "cut", &error);

      if (size == good->len)
        g_assert_no_error (error);
      else
        g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
    }
}

static void
test_deep_header (void)
{
  g_autoptr(GString) header = g_string_new ("{\"a\":");
  char *folder = temp_files_make_folder ();
  g_autofree char *path = NULL;

  for (guint i = 0; i < 1000000; i++)
    g_string_append_c (header, '[');
  path = temp_files_write_safetensors (folder, "deep.safetensors", header->str, 0);
  assert_refused (path, IVL_ERROR_INVALID_DATA, "nested deeper than 64");
  temp_files_remove_folder (folder);
}

static void
test_too_many_tensors (void)
{
  g_autoptr(GString) header = g_string_new ("{");
  char *folder = temp_files_make_folder ();
  g_autofree char *path = NULL;

  for (guint i = 0; i <= 65536; i++)
    g_string_append_printf (header, "%s\"%u\":{}", i > 0 ? "," : "", i);
  g_string_append_c (header, '}');
  path = temp_files_write_safetensors (folder, "many.safetensors", header->str, 0);
  assert_refused (path, IVL_ERROR_INVALID_DATA, "65537 tensors");
  temp_files_remove_folder (folder);
}

static void
test_too_many_values (void)
{
  g_autoptr(GString) header = g_string_new ("{\"a\":[");
  char *folder = temp_files_make_folder ();
  g_autofree char *path = NULL;

  for (guint i = 0; i < 1000000; i++)
    g_string_append (header, "[],");
  g_string_append (header, "[]]}");
  path = temp_files_write_safetensors (folder, "values.safetensors", header->str, 0);
  assert_refused (path, IVL_ERROR_INVALID_DATA, "more than 917504 values");
  temp_files_remove_folder (folder);
}

static void
test_name_length (void)
{
  for (guint length = 512; length <= 513; length++)
    {
      g_autofree char *name = g_strnfill (length, 'n');
      g_autofree char *header = g_strdup_printf (
        "{\"%s\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", name);
      g_autoptr(GByteArray) bytes = temp_files_build_safetensors (header, 4);
      g_autoptr(GError) error = NULL;
      g_autoptr(IvlSafetensors) file = ivl_safetensors_open_data (bytes->data, bytes->len, "name",
                                                                  &error);

      if (length == 512)
        g_assert_no_error (error);
      else
        g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (header_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/hostile/safetensors/header/", header_cases[i].name,
                                           NULL);

      g_test_add_data_func (path, &header_cases[i], test_header);
    }
  g_test_add_func ("/hostile/safetensors/header-length", test_header_length);
  g_test_add_func ("/hostile/safetensors/short-file", test_short_file);
  g_test_add_func ("/hostile/safetensors/cut-everywhere", test_cut_everywhere);
  g_test_add_func ("/hostile/safetensors/deep-header", test_deep_header);
  g_test_add_func ("/hostile/safetensors/too-many-tensors", test_too_many_tensors);
  g_test_add_func ("/hostile/safetensors/too-many-values", test_too_many_values);
  g_test_add_func ("/hostile/safetensors/name-length", test_name_length);
  return g_test_run ();
}
