/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * F11 and F12 for the library's parts: memory runs out while requests are read and written, and
 * while files of a model are read. What others decide the size of never ends the process.
 */
#include <libivl/ivl-error.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault-preload.h"
#include "formats/ivl-safetensors.h"
#include "lm/ivl-json-vocabulary.h"
#include "starve.h"
#include "util/ivl-json-text.h"
#include "wire/ivl-wire-request.h"

enum
{
  PICTURE_BYTES = 300000,
  SPACE_BYTES = 100000,
  N_TENSORS = 10000,
  STRING_BYTES = 8 << 20,
};

static const char *folder;
static IvlTokenizer *tokenizer;
static char *request_text;
static GByteArray *checkpoint;

/* Only lacking memory is a reason here. */
static gboolean
end (gboolean   done,
     GError   **error)
{
  if (!done && !g_error_matches (*error, IVL_ERROR, IVL_ERROR_NO_MEMORY))
    g_error ("%s", (*error)->message);
  return done;
}

static gboolean
open_tokenizer (GError **error)
{
  g_autoptr (IvlTokenizer) opened = ivl_tokenizer_open (folder, error);

  return end (opened != NULL, error);
}

static gboolean
sort_vocabulary (GError **error)
{
  g_autoptr (IvlJsonVocabulary) vocabulary = ivl_json_vocabulary_new (tokenizer, error);

  return end (vocabulary != NULL, error);
}

static void
test_vocabulary (gconstpointer name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "tokenizers", name, NULL);
  g_autoptr (GError) error = NULL;

  folder = path;
  starve (open_tokenizer, "opening the tokenizer", STARVE_LEAST_BYTES);
  tokenizer = ivl_tokenizer_open (folder, &error);
  g_assert_no_error (error);
  starve (sort_vocabulary, "the vocabulary of a schema", STARVE_LEAST_BYTES);
  g_clear_pointer (&tokenizer, ivl_tokenizer_free);
}

static gboolean
open_checkpoint (GError **error)
{
  g_autoptr (IvlSafetensors) opened =
      ivl_safetensors_open_data (checkpoint->data, checkpoint->len, "test", error);

  return end (opened != NULL, error);
}

/* A file of nothing but a list of empty tensors */
static void
test_checkpoint (void)
{
  g_autoptr (GString) header = g_string_new ("{");
  guint64 size;

  for (guint i = 0; i < N_TENSORS; i++)
    g_string_append_printf (header, "%s\"t%u\":{\"dtype\":\"F32\",\"shape\":[0],"
                            "\"data_offsets\":[0,0]}", i > 0 ? "," : "", i);
  g_string_append_c (header, '}');
  while (header->len % 8 != 0)
    g_string_append_c (header, ' ');
  size = GUINT64_TO_LE (header->len);
  checkpoint = g_byte_array_new ();
  g_byte_array_append (checkpoint, (const guint8 *) &size, sizeof size);
  g_byte_array_append (checkpoint, (const guint8 *) header->str, header->len);
  starve (open_checkpoint, "opening a list of tensors", STARVE_LEAST_BYTES);
  g_clear_pointer (&checkpoint, g_byte_array_unref);
}

static char *
make_request (GError **error)
{
  static const char dialect_text[] = "[dialect]\nname=x\ntitle=X\ntiles=ivl\nplace=parts\n";
  g_autoptr (IvlWireDialect) dialect =
      ivl_wire_dialect_parse (dialect_text, strlen (dialect_text), error);
  g_autoptr (IvlWireRequest) request = ivl_wire_request_new ();
  g_autofree guint8 *picture = g_try_malloc0 (PICTURE_BYTES);

  if (picture == NULL)
    {
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_NO_MEMORY, "No memory for the test");
      return NULL;
    }
  if (ivl_wire_message_add_picture (ivl_wire_request_add_message (request, IVL_WIRE_USER),
                                    "image/png", picture, PICTURE_BYTES, error) == NULL)
    return NULL;
  return ivl_wire_request_to_json (request, dialect, error);
}

static gboolean
write_request (GError **error)
{
  g_autofree char *text = make_request (error);

  return end (text != NULL, error);
}

static gboolean
read_request (GError **error)
{
  g_autoptr (IvlWireRequest) request =
      ivl_wire_request_from_json (request_text, strlen (request_text), NULL, error);

  return end (request != NULL, error);
}

/* A large picture, and behind it more space than a parser has lying about */
static void
test_request (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = make_request (&error);
  g_autofree char *space = g_strnfill (SPACE_BYTES, ' ');

  g_assert_no_error (error);
  request_text = g_strconcat (text, space, NULL);
  starve (write_request, "a request that is written", STARVE_LEAST_BYTES);
  starve (read_request, "a request that is read", STARVE_LEAST_BYTES);
  g_clear_pointer (&request_text, g_free);
}

/* Whether the string that a text consists of came out whole. */
static void
read_string (const GString *text)
{
  json_error_t reason;
  json_t *value = ivl_json_text_parse (text->str, text->len, JSON_DECODE_ANY, &reason);

  if (value == NULL)
    _exit (ivl_json_text_lacked_memory (&reason) ? 0 : 2);
  _exit (json_string_length (value) == STRING_BYTES ? 0 : 3);
}

/* Jansson's own buffers may grow behind a limit of the process. */
static void
test_string (void)
{
  g_autoptr (GString) text = g_string_new ("\"");

  g_string_set_size (text, STRING_BYTES + 1);
  memset (text->str + 1, 'a', STRING_BYTES);
  g_string_append_c (text, '"');
  for (guint mebibytes = 0; mebibytes <= 10 * STRING_BYTES / 1048576; mebibytes += 2)
    {
      const pid_t child = fork ();
      int status;

      if (child == 0)
        {
          g_autofree char *statm = NULL;
          rlim_t used;

          g_file_get_contents ("/proc/self/statm", &statm, NULL, NULL);
          used = g_ascii_strtoull (statm, NULL, 10) * (rlim_t) sysconf (_SC_PAGESIZE);
          setrlimit (RLIMIT_AS, &(struct rlimit) { used + mebibytes * 1048576, RLIM_INFINITY });
          read_string (text);
        }
      g_assert_cmpint (waitpid (child, &status, 0), ==, child);
      g_test_message ("%u MiB: status %d", mebibytes, status);
      g_assert_cmpint (status, ==, 0);
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (fault_set == NULL)
    g_error ("Start this with LD_PRELOAD=libfault-preload.so");
  g_test_add_data_func ("/faults/F12/vocabulary/qwen2", "qwen2", test_vocabulary);
  g_test_add_data_func ("/faults/F12/vocabulary/internlm2", "internlm2", test_vocabulary);
  g_test_add_func ("/faults/F12/checkpoint", test_checkpoint);
  g_test_add_func ("/faults/F12/request", test_request);
  g_test_add_func ("/faults/F11/string", test_string);
  return g_test_run ();
}
