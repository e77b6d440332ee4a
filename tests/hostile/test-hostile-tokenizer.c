/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Tokenizer files that must be refused, each with its error code. Every case is a good folder with
 * something changed. */
#include "tokenizer/ivl-tokenizer.h"

#include <libivl/ivl-error.h>
#include <math.h>
#include <string.h>

#include "temp-files.h"
#include "temp-tokenizer.h"
#include "tokenizer/ivl-byte-bpe-load.h"
#include "tokenizer/ivl-sentencepiece-load.h"

#define INVALID IVL_ERROR_INVALID_DATA
#define UNSUPPORTED IVL_ERROR_UNSUPPORTED
#define NO_ERROR (-1)

#define GOOD_ADDED "{\"<x>\":258}"
#define GOOD_CONFIG "{\"tokenizer_class\":\"Qwen2Tokenizer\"}"

/* vocab.json (what follows the bytes), merges.txt, added_tokens.json, tokenizer_config.json;
 * NULL: that of the good folder. */
typedef struct
{
  const char *name;
  const char *vocab;
  const char *merges;
  const char *added;
  const char *config;
  int         code;
  const char *message;
} BpeCase;

static const BpeCase bpe_cases[] = {
  { "good", NULL, NULL, NULL, NULL, NO_ERROR, "" },
  /* vocab.json */
  { "id-2^20", ",\"ab\":1048576", NULL, NULL, NULL, INVALID, "id 1048576, expected less than" },
  { "id-2^31", ",\"ab\":2147483648", NULL, NULL, NULL, INVALID, "id 2147483648" },
  { "id-2^64", ",\"ab\":18446744073709551616", NULL, NULL, NULL, INVALID, "a smaller number" },
  { "id-negative", ",\"ab\":-1", NULL, NULL, NULL, INVALID, "a whole number" },
  { "id-real", ",\"ab\":256.0", NULL, NULL, NULL, INVALID, "a whole number" },
  { "id-exponent", ",\"ab\":2e2", NULL, NULL, NULL, INVALID, "a whole number" },
  { "id-leading-zero", ",\"ab\":0256", NULL, NULL, NULL, INVALID, "a whole number" },
  { "id-string", ",\"ab\":\"256\"", NULL, NULL, NULL, INVALID, "a whole number" },
  { "id-nested", ",\"ab\":[256]", NULL, NULL, NULL, INVALID, "a whole number" },
  { "token-twice", ",\"ab\":256,\"ab\":257", NULL, NULL, NULL, INVALID,
    "\"ab\" (id 257) occurs twice" },
  { "token-escaped-twice", ",\"ab\":256,\"\\u0061b\":257", NULL, NULL, NULL, INVALID,
    "occurs twice" },
  { "id-twice", ",\"ab\":256,\"ac\":256", NULL, NULL, NULL, INVALID, "two tokens have id 256" },
  { "token-empty", ",\"\":256", NULL, NULL, NULL, INVALID, "is empty" },
  { "token-space", ",\"a b\":256", NULL, NULL, NULL, INVALID, "byte-level alphabet" },
  { "token-nul", ",\"a\\u0000\":256", NULL, NULL, NULL, INVALID, "\"a\\u0000\" is not spelled" },
  { "token-escape-code", ",\"\\u001b[2J\":256", NULL, NULL, NULL, INVALID, "\\u001b" },
  { "token-chinese", ",\"\xe4\xb8\xad\":256", NULL, NULL, NULL, INVALID, "byte-level alphabet" },
  { "token-bad-utf8", ",\"\xff\":256", NULL, NULL, NULL, INVALID, "valid UTF-8" },
  { "token-control", ",\"a\tb\":256", NULL, NULL, NULL, INVALID, "the end of a string" },
  { "surrogate-lone", ",\"\\ud800\":256", NULL, NULL, NULL, INVALID, "a surrogate pair" },
  { "surrogate-low", ",\"\\udc00\":256", NULL, NULL, NULL, INVALID, "a surrogate pair" },
  { "surrogate-wrong", ",\"\\ud800\\u0041\":256", NULL, NULL, NULL, INVALID, "a surrogate pair" },
  { "escape-unknown", ",\"\\x41\":256", NULL, NULL, NULL, INVALID, "a known escape" },
  { "escape-cut", ",\"\\u00", NULL, NULL, NULL, INVALID, "hexadecimal" },
  { "comma-last", ",", NULL, NULL, NULL, INVALID, "a string" },
  { "comma-missing", " \"ab\":256", NULL, NULL, NULL, INVALID, "a comma" },
  { "colon-missing", ",\"ab\" 256", NULL, NULL, NULL, INVALID, "a colon" },
  { "trailing", "} ", NULL, NULL, NULL, INVALID, "the end of the file" },
  /* merges.txt */
  { "merge-unknown", NULL, "a z\n", NULL, NULL, INVALID, "merge 0 names a token" },
  { "merge-unknown-half", NULL, "ab abc\n", NULL, NULL, INVALID, "names a token" },
  { "merge-twice", NULL, "a b\na b\n", NULL, NULL, INVALID, "merge 1 occurs twice" },
  { "merge-one", NULL, "ab\n", NULL, NULL, INVALID, "not two tokens" },
  { "merge-three", NULL, "a b c\n", NULL, NULL, INVALID, "not two tokens" },
  { "merge-half", NULL, "a \n", NULL, NULL, INVALID, "names a token" },
  { "merge-alphabet", NULL, "a \x01\n", NULL, NULL, INVALID, "byte-level alphabet" },
  { "merge-comment", NULL, "# a comment\n", NULL, NULL, INVALID, "not two tokens" },
  /* added_tokens.json and tokenizer_config.json */
  { "added-id-2^20", NULL, NULL, "{\"<x>\":1048576}", NULL, INVALID, "has id 1048576" },
  { "added-id-2^31", NULL, NULL, "{\"<x>\":2147483648}", NULL, INVALID, "has id 2147483648" },
  { "added-id-2^64", NULL, NULL, "{\"<x>\":18446744073709551616}", NULL, INVALID, "too big" },
  { "added-id-negative", NULL, NULL, "{\"<x>\":-1}", NULL, INVALID, "no number" },
  { "added-id-string", NULL, NULL, "{\"<x>\":\"258\"}", NULL, INVALID, "no number" },
  { "added-id-of-token", NULL, NULL, "{\"<x>\":97}", NULL, INVALID, "contradicts the vocabulary" },
  { "added-text-of-token", NULL, NULL, "{\"ab\":258}", NULL, INVALID,
    "contradicts the vocabulary" },
  { "added-twice", NULL, NULL, "{\"<x>\":258,\"<x>\":259}", NULL, INVALID, "duplicate" },
  { "added-same-id", NULL, NULL, "{\"<x>\":258,\"<y>\":258}", NULL, INVALID, "id of another one" },
  { "added-empty", NULL, NULL, "{\"\":258}", NULL, INVALID, "is empty" },
  { "added-list", NULL, NULL, "[]", NULL, INVALID, "added_tokens.json" },
  { "decoder-other-id", NULL, NULL, NULL,
    "{\"added_tokens_decoder\":{\"259\":{\"content\":\"<x>\"}}}", INVALID, "two ids" },
  { "decoder-key", NULL, NULL, NULL, "{\"added_tokens_decoder\":{\"+258\":{\"content\":\"<x>\"}}}",
    INVALID, "no id" },
  { "decoder-huge-key", NULL, NULL, NULL,
    "{\"added_tokens_decoder\":{\"99999999999\":{\"content\":\"<x>\"}}}", INVALID,
    "has id 99999999999" },
  { "decoder-no-content", NULL, NULL, NULL, "{\"added_tokens_decoder\":{\"258\":{}}}", INVALID,
    "no content" },
  { "decoder-single-word", NULL, NULL, NULL,
    "{\"added_tokens_decoder\":{\"258\":{\"content\":\"<x>\",\"single_word\":true}}}", UNSUPPORTED,
    "single_word" },
  { "decoder-list", NULL, NULL, NULL, "{\"added_tokens_decoder\":[]}", INVALID, "not an object" },
  { "config-broken", NULL, NULL, NULL, "{", INVALID, "tokenizer_config.json" },
  { "class", NULL, NULL, NULL, "{\"tokenizer_class\":\"GPT2Tokenizer\"}", UNSUPPORTED,
    "found GPT2Tokenizer" },
  { "bos-unknown", NULL, NULL, NULL, "{\"add_bos_token\":true,\"bos_token\":\"<nowhere>\"}",
    INVALID, "bos_token" },
};

static void
assert_opens (const char *folder,
              int         code,
              const char *message)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlTokenizer) tokenizer = ivl_tokenizer_open (folder, &error);

  if (code == NO_ERROR)
    {
      g_assert_no_error (error);
      g_assert_nonnull (tokenizer);
      return;
    }
  g_assert_null (tokenizer);
  g_assert_error (error, IVL_ERROR, code);
  if (strstr (error->message, message) == NULL)
    g_error ("\"%s\" is not in \"%s\"", message, error->message);
  g_assert_nonnull (strstr (error->message, folder));
  for (const char *p = error->message; *p != '\0'; p++)
    g_assert_false (g_ascii_iscntrl (*p));
}

static void
test_bpe (gconstpointer data)
{
  const BpeCase *bpe = data;
  char *folder = temp_files_make_folder ();
  g_autofree char *vocab = NULL;

  vocab = temp_tokenizer_make_vocab (bpe->vocab != NULL ? bpe->vocab : ",\"ab\":256,\"abc\":257");
  g_free (temp_files_write_text (folder, "vocab.json", vocab));
  g_free (temp_files_write_text (folder, "merges.txt",
                                 bpe->merges != NULL ? bpe->merges : "#version: 0.2\na b\nab c\n"));
  g_free (temp_files_write_text (folder, "added_tokens.json",
                                 bpe->added != NULL ? bpe->added : GOOD_ADDED));
  g_free (temp_files_write_text (folder, "tokenizer_config.json",
                                 bpe->config != NULL ? bpe->config : GOOD_CONFIG));
  assert_opens (folder, bpe->code, bpe->message);
  temp_files_remove_folder (folder);
}

/* tokenizer.json with the first occurrence of a text replaced. */
typedef struct
{
  const char *name;
  const char *from;
  const char *to;
  int         code;
  const char *message;
} JsonCase;

static const JsonCase json_cases[] = {
  { "good", "\"truncation\":null", "\"truncation\":null", NO_ERROR, "" },
  { "merges-as-strings", "[[\"a\",\"b\"],[\"ab\",\"c\"]]", "[\"a b\",\"ab c\"]", NO_ERROR, "" },
  { "no-normalizer", "{\"type\":\"NFC\"}", "null", NO_ERROR, "" },
  { "normalizer", "\"NFC\"", "\"NFKC\"", UNSUPPORTED, "normalizer" },
  { "regex", "\\\\p{N}| ?", "\\\\p{N}{1,3}| ?", UNSUPPORTED, "pre_tokenizer" },
  { "regex-backtracking", "\\\\p{N}| ?", "(x+x+)+y| ?", UNSUPPORTED, "pre_tokenizer" },
  { "behavior", "Isolated", "Removed", UNSUPPORTED, "pre_tokenizer" },
  { "prefix-space", "\"ByteLevel\",\"add_prefix_space\":false",
    "\"ByteLevel\",\"add_prefix_space\":true", UNSUPPORTED, "pre_tokenizer" },
  { "pre-tokenizer-missing", "\"pre_tokenizer\"", "\"other\"", INVALID, "pre_tokenizer" },
  { "post-processor", "\"post_processor\":{\"type\":\"ByteLevel\"",
    "\"post_processor\":{\"type\":\"X\"", UNSUPPORTED, "post_processor" },
  { "decoder", "\"decoder\":{\"type\":\"ByteLevel\"", "\"decoder\":{\"type\":\"WordPiece\"",
    UNSUPPORTED, "decoder" },
  { "model-type", "\"BPE\"", "\"Unigram\"", UNSUPPORTED, "type" },
  { "dropout", "\"dropout\":null", "\"dropout\":0.5", UNSUPPORTED, "dropout" },
  { "byte-fallback", "\"byte_fallback\":false", "\"byte_fallback\":true", UNSUPPORTED,
    "byte_fallback" },
  { "ignore-merges", "\"ignore_merges\":false", "\"ignore_merges\":true", UNSUPPORTED,
    "ignore_merges" },
  { "suffix", "\"end_of_word_suffix\":\"\"", "\"end_of_word_suffix\":\"</w>\"", UNSUPPORTED,
    "end_of_word_suffix" },
  { "vocab-missing", "\"vocab\"", "\"other\"", INVALID, "model.vocab" },
  { "vocab-list", "\"vocab\":{", "\"vocab\":[{", INVALID, "an object" },
  { "merges-missing", "\"merges\"", "\"other\"", INVALID, "model.merges" },
  { "merges-object", "[[\"a\",\"b\"],[\"ab\",\"c\"]]", "{}", INVALID, "an array" },
  { "merge-of-one", "[\"a\",\"b\"]", "[\"a\"]", INVALID, "a string" },
  { "merge-of-three", "[\"a\",\"b\"]", "[\"a\",\"b\",\"c\"]", INVALID, "more than two parts" },
  { "merge-empty", "[\"a\",\"b\"]", "[\"\",\"\"]", INVALID, "names a token" },
  { "merge-number", "[\"a\",\"b\"]", "[\"a\",1]", INVALID, "a string" },
  { "model-missing", "\"model\"", "\"other\"", INVALID, "\"model\" is missing" },
  { "key-twice", "\"truncation\":null", "\"truncation\":null,\"truncation\":null", INVALID,
    "twice" },
  { "model-key-twice", "\"dropout\":null", "\"dropout\":null,\"dropout\":null", INVALID, "twice" },
  { "inner-key-twice", "{\"type\":\"NFC\"}", "{\"type\":\"NFC\",\"type\":\"NFC\"}", INVALID,
    "duplicate" },
  { "added-id-2^31", "\"id\":258", "\"id\":2147483648", INVALID, "has id 2147483648" },
  { "added-id-missing", "\"id\":258,", "", INVALID, "no id" },
  { "added-single-word", "\"id\":258,", "\"id\":258,\"single_word\":true,", UNSUPPORTED,
    "single_word" },
  { "added-object", "[{\"id\":258,\"content\":\"<x>\"}]", "{}", INVALID, "not an array" },
  { "array", "{\"version\"", "[\"version\"", INVALID, "an object" },
  { "word", "\"truncation\":null", "\"truncation\":nul", INVALID, "tokenizer.json" },
};

static char *
replace_first (const char *text,
               const char *from,
               const char *to)
{
  const char *at = strstr (text, from);
  GString *result;

  g_assert_nonnull (at);
  result = g_string_new_len (text, at - text);
  g_string_append (result, to);
  g_string_append (result, at + strlen (from));
  return g_string_free (result, FALSE);
}

static char *
make_good_json (void)
{
  g_autofree char *vocab = temp_tokenizer_make_vocab (",\"ab\":256,\"abc\":257");

  return temp_tokenizer_make_json (vocab, "[[\"a\",\"b\"],[\"ab\",\"c\"]]",
                                   "[{\"id\":258,\"content\":\"<x>\"}]");
}

static void
assert_json_opens (const char *json,
                   gsize       size,
                   int         code,
                   const char *message)
{
  char *folder = temp_files_make_folder ();

  g_free (temp_files_write (folder, "tokenizer.json", json, size));
  assert_opens (folder, code, message);
  temp_files_remove_folder (folder);
}

static void
test_json (gconstpointer data)
{
  const JsonCase *json_case = data;
  g_autofree char *good = make_good_json ();
  g_autofree char *json = replace_first (good, json_case->from, json_case->to);

  assert_json_opens (json, strlen (json), json_case->code, json_case->message);
}

static void
test_json_cut (void)
{
  g_autofree char *good = make_good_json ();

  for (gsize size = 0; size < strlen (good); size++)
    {
      g_autofree char *bytes = g_memdup2 (good, size);
      IvlByteBpeFile file = { bytes, size, "tokenizer.json" };
      g_autoptr (GError) error = NULL;
      const char *added;
      gsize n_added;

      g_assert_null (ivl_byte_bpe_load_json (&file, &added, &n_added, &error));
      g_assert_error (error, IVL_ERROR, INVALID);
    }
}

static void
test_json_deep (void)
{
  static const char brackets[] = { '[', '{' };

  for (guint i = 0; i < G_N_ELEMENTS (brackets); i++)
    {
      g_autofree char *deep = g_strnfill (1000000, brackets[i]);
      g_autofree char *json = g_strconcat ("{\"truncation\":", deep, NULL);

      assert_json_opens (json, strlen (json), INVALID,
                         brackets[i] == '[' ? "less nesting" : "tokenizer.json");
    }
}

/* The same pair again and again, and more pairs than any vocabulary has. */
static void
test_many_merges (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *vocab = temp_tokenizer_make_vocab (",\"ab\":256,\"abc\":257");
  g_autofree char *merges = g_malloc (4 * 10000000 + 1);

  for (gsize i = 0; i < 10000000; i++)
    memcpy (merges + 4 * i, "a b\n", 4);
  merges[4 * 10000000] = '\0';
  g_free (temp_files_write_text (folder, "vocab.json", vocab));
  g_free (temp_files_write_text (folder, "merges.txt", merges));
  assert_opens (folder, INVALID, "merge 1 occurs twice");
  temp_files_remove_folder (folder);
}

/* Sizes are refused before anything is read. */
static void
test_huge_file (void)
{
  char *folder = temp_files_make_folder ();
  gsize size = 64 * 1024 * 1024 + 1;
  g_autofree char *zeros = g_malloc0 (size);

  g_free (temp_files_write (folder, "tokenizer.model", zeros, size));
  assert_opens (folder, INVALID, "tokenizer.model");
  temp_files_remove_folder (folder);
}

static void
test_nothing (void)
{
  char *folder = temp_files_make_folder ();
  g_autofree char *vocab = temp_tokenizer_make_vocab ("");

  assert_opens (folder, IVL_ERROR_NOT_FOUND, "no tokenizer");
  g_free (temp_files_write_text (folder, "vocab.json", vocab));
  assert_opens (folder, IVL_ERROR_NOT_FOUND, "merges.txt");
  g_free (temp_files_write_text (folder, "merges.txt", ""));
  assert_opens (folder, INVALID, "merges.txt: 0 bytes");
  g_free (temp_files_write_text (folder, "merges.txt", "#version: 0.2\n"));
  assert_opens (folder, NO_ERROR, "");
  g_free (temp_files_write_text (folder, "vocab.json", "{\"a\":0}"));
  assert_opens (folder, INVALID, "no token for byte 0x00");
  temp_files_remove_folder (folder);
}

/* One piece more in a good sentencepiece model. */
typedef struct
{
  const char *name;
  const char *text;
  gsize       n_bytes;
  float       score;
  guint       type;
  int         code;
  const char *message;
} PieceCase;

static const PieceCase piece_cases[] = {
  { "good", "ab", 2, -1, 1, NO_ERROR, "" },
  { "nul", "\0", 1, -1, 1, NO_ERROR, "" },
  { "empty", "", 0, -1, 1, INVALID, "piece 260 is empty" },
  { "bad-utf8", "\xff", 1, -1, 1, INVALID, "not UTF-8" },
  { "twice", "<s>", 3, -1, 1, INVALID, "occurs twice" },
  { "byte-minus-1", "<0x-1>", 6, -1, 6, INVALID, "of type BYTE" },
  { "byte-100", "<0x100>", 7, -1, 6, INVALID, "of type BYTE" },
  { "byte-short", "<0x1>", 5, -1, 6, INVALID, "of type BYTE" },
  { "byte-text", "ab", 2, -1, 6, INVALID, "of type BYTE" },
  { "byte-twice", "<0x0a>", 6, -1, 6, INVALID, "a byte that has a piece" },
  { "type-0", "ab", 2, -1, 0, INVALID, "unknown type" },
  { "type-7", "ab", 2, -1, 7, INVALID, "unknown type" },
  { "type-huge", "ab", 2, -1, G_MAXUINT, INVALID, "unknown type" },
  { "unused", "ab", 2, -1, 5, UNSUPPORTED, "UNUSED" },
  { "score-nan", "ab", 2, NAN, 1, INVALID, "no number" },
  { "score-infinite", "ab", 2, INFINITY, 1, INVALID, "no number" },
};

static GByteArray *
make_model (void)
{
  GByteArray *model = g_byte_array_new ();

  temp_tokenizer_append_base (model);
  temp_tokenizer_append_piece (model, (const guint8 *) "a", 1, -2, 1);
  return model;
}

static void
assert_model_opens (const guint8 *data,
                    gsize         size,
                    int           code,
                    const char   *message)
{
  char *folder = temp_files_make_folder ();

  g_free (temp_files_write (folder, "tokenizer.model", data, size));
  assert_opens (folder, code, message);
  temp_files_remove_folder (folder);
}

static void
test_piece (gconstpointer data)
{
  const PieceCase *piece = data;
  g_autoptr (GByteArray) model = make_model ();

  temp_tokenizer_append_piece (model, (const guint8 *) piece->text, piece->n_bytes, piece->score,
                               piece->type);
  temp_tokenizer_append_specs (model, FALSE, FALSE);
  assert_model_opens (model->data, model->len, piece->code, piece->message);
}

static void
test_piece_long (void)
{
  g_autofree guint8 *text = g_malloc (1024 * 1024 + 1);

  memset (text, 'a', 1024 * 1024 + 1);
  for (guint extra = 0; extra < 2; extra++)
    for (guint type = 1; type < 5; type += 3)
      {
        g_autoptr (GByteArray) model = make_model ();

        temp_tokenizer_append_piece (model, text, 1024 * 1024 + extra, -1, type);
        temp_tokenizer_append_specs (model, FALSE, FALSE);
        assert_model_opens (model->data, model->len, extra == 0 && type == 1 ? NO_ERROR : INVALID,
                            "too long");
      }
}

/* Raw protobuf behind a good model without specs. */
typedef struct
{
  const char *name;
  const char *bytes;
  gsize       n_bytes;
  int         code;
  const char *message;
} ModelCase;

#define BYTES(text) text, sizeof (text) - 1

/* trainer_spec: model_type BPE, byte_fallback; normalizer_spec: no dummy prefix, no removal of
 * spaces. */
#define BPE "\x12\x05\x18\x02\x98\x02\x01"
#define IDENTITY "\x1a\x04\x18\x00\x20\x00"

static const ModelCase model_cases[] = {
  { "good", BYTES (BPE IDENTITY), NO_ERROR, "" },
  { "no-specs", BYTES (""), INVALID, "one is missing" },
  { "no-normalizer", BYTES (BPE), INVALID, "one is missing" },
  { "no-trainer", BYTES (IDENTITY), INVALID, "one is missing" },
  { "unigram", BYTES ("\x12\x05\x18\x01\x98\x02\x01" IDENTITY), UNSUPPORTED, "not a BPE model" },
  { "no-byte-fallback", BYTES ("\x12\x02\x18\x02" IDENTITY), UNSUPPORTED, "no byte fallback" },
  { "suffix", BYTES ("\x12\x08\x18\x02\x98\x02\x01\xc0\x01\x01" IDENTITY), UNSUPPORTED,
    "at the end of words" },
  { "charsmap", BYTES (BPE "\x1a\x03\x12\x01\x00"), UNSUPPORTED,
    "table of its own" },
  { "denormalizer", BYTES (BPE IDENTITY "\x2a\x03\x12\x01\x00"), UNSUPPORTED,
    "table of its own" },
  { "charsmap-empty", BYTES (BPE "\x1a\x02\x12\x00"), NO_ERROR, "" },
  { "specs-twice", BYTES (BPE BPE), INVALID,
    "occurs twice" },
  { "field-0", BYTES ("\x02\x00"), INVALID, "no protobuf field" },
  { "group", BYTES ("\x0b\x0c"), INVALID, "a protobuf group" },
  { "wire-7", BYTES ("\x0f"), INVALID, "a protobuf group" },
  { "tag-cut", BYTES ("\x80"), INVALID, "no protobuf field" },
  { "tag-endless", BYTES ("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), INVALID,
    "no protobuf field" },
  { "length-over", BYTES ("\x0a\x05\x0a\x01"), INVALID, "cut short" },
  { "length-2^63", BYTES ("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), INVALID, "cut short" },
  { "length-2^64", BYTES ("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), INVALID, "cut short" },
  { "inner-length-over", BYTES ("\x0a\x02\x0a\x05"), INVALID, "cut short" },
  { "piece-no-text", BYTES ("\x0a\x00"), INVALID, "is empty" },
  { "piece-text-varint", BYTES ("\x0a\x02\x08\x01"), INVALID, "wire type 0, expected 2" },
  { "piece-score-varint", BYTES ("\x0a\x05\x0a\x01z\x10\x01"), INVALID, "wire type 0, expected 5" },
  { "pieces-varint", BYTES ("\x08\x01"), INVALID, "wire type 0, expected 2" },
  { "model-type-bytes", BYTES ("\x12\x03\x1a\x01\x02"), INVALID, "wire type 2, expected 0" },
  { "fixed32-cut", BYTES ("\x35\x00\x00"), INVALID, "cut short" },
  { "fixed64-cut", BYTES ("\x31\x00\x00\x00\x00\x00\x00\x00"), INVALID, "cut short" },
};

static void
test_model (gconstpointer data)
{
  const ModelCase *model_case = data;
  g_autoptr (GByteArray) model = make_model ();

  g_byte_array_append (model, (const guint8 *) model_case->bytes, model_case->n_bytes);
  assert_model_opens (model->data, model->len, model_case->code, model_case->message);
}

/* A cut model either breaks in the middle of a field or lacks what comes last. */
static void
test_model_cut (void)
{
  g_autoptr (GByteArray) model = make_model ();

  temp_tokenizer_append_specs (model, FALSE, FALSE);
  for (gsize size = 0; size < model->len - 1; size++)
    {
      g_autofree guint8 *bytes = g_memdup2 (model->data, size);
      g_autoptr (GError) error = NULL;

      g_assert_null (ivl_sentencepiece_load (bytes, size, "tokenizer.model", &error));
      g_assert_true (g_error_matches (error, IVL_ERROR, INVALID) ||
                     g_error_matches (error, IVL_ERROR, UNSUPPORTED));
    }
}

/* Added tokens beside a sentencepiece model. */
static void
test_model_added (void)
{
  static const struct
  {
    const char *config;
    int         code;
    const char *message;
  } cases[] = {
    { "{\"added_tokens_decoder\":{\"1\":{\"content\":\"<s>\"},\"260\":{\"content\":\"<x>\"}}}",
      NO_ERROR, "" },
    { "{\"added_tokens_decoder\":{\"259\":{\"content\":\"<x>\"}}}", INVALID, "contradicts" },
    { "{\"added_tokens_decoder\":{\"3\":{\"content\":\"<x>\"}}}", INVALID, "contradicts" },
    { "{\"added_tokens_decoder\":{\"260\":{\"content\":\"a\"}}}", INVALID, "contradicts" },
    { "{\"bos_token\":\"<bos>\"}", INVALID, "bos_token" },
    { "{\"bos_token\":\"<bos>\",\"add_bos_token\":false}", NO_ERROR, "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char *folder = temp_files_make_folder ();
      g_autoptr (GByteArray) model = make_model ();

      temp_tokenizer_append_specs (model, FALSE, FALSE);
      g_free (temp_files_write (folder, "tokenizer.model", model->data, model->len));
      g_free (temp_files_write_text (folder, "tokenizer_config.json", cases[i].config));
      assert_opens (folder, cases[i].code, cases[i].message);
      temp_files_remove_folder (folder);
    }
}

#define ADD_ALL(prefix, cases, function)                                                           \
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)                                                 \
    {                                                                                              \
      g_autofree char *path = g_strconcat (prefix, (cases)[i].name, NULL);                         \
                                                                                                   \
      g_test_add_data_func (path, &(cases)[i], function);                                          \
    }

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_ALL ("/hostile/tokenizer/bpe/", bpe_cases, test_bpe);
  ADD_ALL ("/hostile/tokenizer/json/", json_cases, test_json);
  ADD_ALL ("/hostile/tokenizer/piece/", piece_cases, test_piece);
  ADD_ALL ("/hostile/tokenizer/model/", model_cases, test_model);
  g_test_add_func ("/hostile/tokenizer/json-cut", test_json_cut);
  g_test_add_func ("/hostile/tokenizer/json-deep", test_json_deep);
  g_test_add_func ("/hostile/tokenizer/many-merges", test_many_merges);
  g_test_add_func ("/hostile/tokenizer/huge-file", test_huge_file);
  g_test_add_func ("/hostile/tokenizer/nothing", test_nothing);
  g_test_add_func ("/hostile/tokenizer/piece-long", test_piece_long);
  g_test_add_func ("/hostile/tokenizer/model-cut", test_model_cut);
  g_test_add_func ("/hostile/tokenizer/model-added", test_model_added);
  return g_test_run ();
}
