/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Checkpoint folders that must be refused: shard names that lead elsewhere, an index that does
 * not tell the truth, pickled weights, and a folder whose other files want to be run. */
#include "formats/ivl-checkpoint.h"

#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/ivl-hf-config.h"
#include "temp-files.h"

#define HEADER_A "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"
#define HEADER_B "{\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"
#define MAP(entries) "{\"metadata\":{},\"weight_map\":{" entries "}}"

typedef struct
{
  const char *name;
  const char *index;
  int         code;
  const char *message; /* part of it */
} IndexCase;

/* 1.safetensors holds a, 2.safetensors b; 3, 4, 5 are a dangling link, a FIFO, a folder; 6 is a
 * link to a file that is no safetensors file. */
static const IndexCase index_cases[] = {
  { "parent", MAP ("\"a\":\"../1.safetensors\""), IVL_ERROR_INVALID_DATA, "plain name" },
  { "etc-passwd", MAP ("\"a\":\"../../../../../../etc/passwd\""), IVL_ERROR_INVALID_DATA,
    "plain name" },
  { "absolute", MAP ("\"a\":\"/etc/passwd\""), IVL_ERROR_INVALID_DATA, "plain name" },
  { "absolute-suffix", MAP ("\"a\":\"/tmp/1.safetensors\""), IVL_ERROR_INVALID_DATA, "plain name" },
  { "sub-folder", MAP ("\"a\":\"sub/1.safetensors\""), IVL_ERROR_INVALID_DATA, "plain name" },
  { "backslash", MAP ("\"a\":\"..\\\\1.safetensors\""), IVL_ERROR_INVALID_DATA, "plain name" },
  { "drive", MAP ("\"a\":\"c:1.safetensors\""), IVL_ERROR_INVALID_DATA, "plain name" },
  { "hidden", MAP ("\"a\":\".safetensors\""), IVL_ERROR_INVALID_DATA, "plain name" },
  { "dots", MAP ("\"a\":\"..\""), IVL_ERROR_INVALID_DATA, "plain name" },
  { "empty-name", MAP ("\"a\":\"\""), IVL_ERROR_INVALID_DATA, "plain name" },
  { "pickle", MAP ("\"a\":\"pytorch_model.bin\""), IVL_ERROR_INVALID_DATA, "plain name" },
  { "control", MAP ("\"a\":\"\\u001b.safetensors\""), IVL_ERROR_INVALID_DATA, "plain name" },
  { "nul", MAP ("\"a\":\"1.safetensors\\u0000\""), IVL_ERROR_INVALID_DATA, "line 1" },
  { "number", MAP ("\"a\":1"), IVL_ERROR_INVALID_DATA, "weight_map.a" },
  { "list", MAP ("\"a\":[\"1.safetensors\"]"), IVL_ERROR_INVALID_DATA, "weight_map.a" },
  { "shard-missing", MAP ("\"a\":\"1.safetensors\",\"b\":\"9.safetensors\""), IVL_ERROR_NOT_FOUND,
    "9.safetensors" },
  { "link-dangling", MAP ("\"a\":\"1.safetensors\",\"b\":\"3.safetensors\""), IVL_ERROR_NOT_FOUND,
    "3.safetensors" },
  { "fifo", MAP ("\"a\":\"1.safetensors\",\"b\":\"4.safetensors\""), IVL_ERROR_INVALID_DATA,
    "not a regular file" },
  { "folder", MAP ("\"a\":\"1.safetensors\",\"b\":\"5.safetensors\""), IVL_ERROR_INVALID_DATA,
    "not a regular file" },
  { "link-to-other", MAP ("\"a\":\"1.safetensors\",\"b\":\"6.safetensors\""),
    IVL_ERROR_INVALID_DATA, "6.safetensors" },
  { "unlisted-tensor", MAP ("\"x\":\"1.safetensors\""), IVL_ERROR_INVALID_DATA,
    "does not list it" },
  { "wrong-shard", MAP ("\"a\":\"2.safetensors\",\"b\":\"1.safetensors\""), IVL_ERROR_INVALID_DATA,
    "places it in" },
  { "tensor-missing", MAP ("\"a\":\"1.safetensors\",\"x\\u001b\":\"1.safetensors\""),
    IVL_ERROR_INVALID_DATA,
    "tensor x\\033 is listed for 1.safetensors" },
  { "twice-listed", MAP ("\"a\":\"1.safetensors\",\"a\":\"1.safetensors\""), IVL_ERROR_INVALID_DATA,
    "duplicate" },
  { "twice-there", MAP ("\"a\":\"1.safetensors\",\"b\":\"1-again.safetensors\""),
    IVL_ERROR_INVALID_DATA,
    "tensor a is in 1-again.safetensors, weight_map places it in 1.safetensors" },
  { "empty-map", MAP (""), IVL_ERROR_INVALID_DATA, "weight_map is empty" },
  { "no-map", "{\"metadata\":{}}", IVL_ERROR_INVALID_DATA, "weight_map: expected an object" },
  { "map-list", "{\"weight_map\":[]}", IVL_ERROR_INVALID_DATA, "weight_map" },
  { "map-twice", "{\"weight_map\":{\"a\":\"1.safetensors\"},\"weight_map\":{}}",
    IVL_ERROR_INVALID_DATA, "duplicate" },
  { "broken", "{\"weight_map\":{", IVL_ERROR_INVALID_DATA, "line 1" },
  { "empty-file", "", IVL_ERROR_INVALID_DATA, "empty" },
};

static void
assert_refused (const char *folder,
                int         code,
                const char *message)
{
  g_autoptr(GError) error = NULL;
  IvlCheckpoint *checkpoint = ivl_checkpoint_open (folder, &error);

  g_assert_null (checkpoint);
  g_assert_error (error, IVL_ERROR, code);
  if (strstr (error->message, message) == NULL)
    g_error ("\"%s\" is not in \"%s\"", message, error->message);
  g_assert_null (strchr (error->message, '\x1b'));
}

static void
make_link (const char *folder,
           const char *target,
           const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_cmpint (symlink (target, path), ==, 0);
}

static void
test_index (gconstpointer data)
{
  const IndexCase *index_case = data;
  char *folder = temp_files_make_folder ();
  g_autofree char *a = temp_files_write_safetensors (folder, "1.safetensors", HEADER_A, 8);
  g_autofree char *again = temp_files_write_safetensors (folder, "1-again.safetensors", HEADER_A,
                                                         8);
  g_autofree char *b = temp_files_write_safetensors (folder, "2.safetensors", HEADER_B, 8);
  g_autofree char *fifo = g_build_filename (folder, "4.safetensors", NULL);
  g_autofree char *sub_folder = g_build_filename (folder, "5.safetensors", NULL);
  g_autofree char *index = temp_files_write_text (folder, "model.safetensors.index.json",
                                                  index_case->index);

  make_link (folder, "nowhere", "3.safetensors");
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_cmpint (g_mkdir (sub_folder, 0700), ==, 0);
  make_link (folder, "/etc/passwd", "6.safetensors");
  assert_refused (folder, index_case->code, index_case->message);
  temp_files_remove_folder (folder);
}

static void
test_no_weights (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *absent = g_build_filename (folder, "absent", NULL);
  g_autofree char *pickle = NULL;

  assert_refused (absent, IVL_ERROR_NOT_FOUND, "absent");
  assert_refused (folder, IVL_ERROR_NOT_FOUND, "model.safetensors.index.json");
  pickle = temp_files_write_text (folder, "pytorch_model.bin", "\x80\x02.");
  assert_refused (folder, IVL_ERROR_UNSUPPORTED, "get the model's *.safetensors files");
  temp_files_remove_folder (folder);

  folder = temp_files_make_folder ();
  g_free (pickle);
  pickle = temp_files_write_text (folder, "pytorch_model.bin.index.json", "{}");
  assert_refused (folder, IVL_ERROR_UNSUPPORTED, "get the model's *.safetensors files");
  make_link (folder, "nowhere", "model.safetensors");
  assert_refused (folder, IVL_ERROR_NOT_FOUND, "model.safetensors: a link to nowhere");
  temp_files_remove_folder (folder);
}

static void
test_too_many_shards (void)
{
  char *folder = temp_files_make_folder ();
  g_autoptr(GString) index = g_string_new ("{\"weight_map\":{\"a\":\"0.safetensors\"");
  g_autofree char *path = NULL;

  for (guint i = 1; i <= 600; i++)
    g_string_append_printf (index, ",\"a%u\":\"%u.safetensors\"", i, i);
  g_string_append (index, "}}");
  path = temp_files_write_text (folder, "model.safetensors.index.json", index->str);
  assert_refused (folder, IVL_ERROR_INVALID_DATA, "more than 512");
  temp_files_remove_folder (folder);
}

/* Python, pickles and templates beside a good model: it opens, and nothing of them ran. */
static void
test_poisoned_folder (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *marker = g_build_filename (folder, "was-run", NULL);
  g_autofree char *python = g_strdup_printf ("open('%s', 'w')\n", marker);
  g_autofree char *pickle = g_strdup_printf ("cposix\nsystem\n(S'touch %s'\ntR.", marker);
  g_autofree char *tokenizer_config = g_strdup_printf (
    "{\"auto_map\":{\"AutoTokenizer\":[\"poison.T\",null]},\"chat_template\":"
    "\"{{ cycler.__init__.__globals__.os.system('touch %s') }}\"}", marker);
  const char *config =
    "{\"model_type\":\"qwen2\",\"auto_map\":{\"AutoConfig\":\"poison.C\","
    "\"AutoModelForCausalLM\":\"poison.M\"}}";
  const struct
  {
    const char *name;
    const char *text;
  } files[] = {
    { "poison.py", python },
    { "pytorch_model.bin", pickle },
    { "tokenizer_config.json", tokenizer_config },
    { "config.json", config },
  };
  g_autofree char *weights = temp_files_write_safetensors (folder, "model.safetensors", HEADER_A,
                                                           8);
  g_autoptr(GError) error = NULL;
  g_autoptr(IvlCheckpoint) checkpoint = NULL;
  g_autoptr(IvlHfConfig) hf_config = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    g_free (temp_files_write_text (folder, files[i].name, files[i].text));
  checkpoint = ivl_checkpoint_open (folder, &error);
  g_assert_no_error (error);
  hf_config = ivl_hf_config_load (folder, &error);
  g_assert_no_error (error);
  g_assert_false (g_file_test (marker, G_FILE_TEST_EXISTS));
  temp_files_remove_folder (folder);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (index_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/hostile/checkpoint/index/", index_cases[i].name, NULL);

      g_test_add_data_func (path, &index_cases[i], test_index);
    }
  g_test_add_func ("/hostile/checkpoint/no-weights", test_no_weights);
  g_test_add_func ("/hostile/checkpoint/too-many-shards", test_too_many_shards);
  g_test_add_func ("/hostile/checkpoint/poisoned-folder", test_poisoned_folder);
  return g_test_run ();
}
