/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * check-reference: encoding and decoding of every tokenizer in the folder.
 */
#include "check-reference.h"
#include "tokenizer/ivl-tokenizer.h"

/* Text from its UTF-8 in hex, since JSON strings may hold NUL. */
static GString *
text_from_hex (json_t     *item,
               const char *key)
{
  const char *hex = json_string_value (json_object_get (item, key));
  GString *text = g_string_new (NULL);

  for (; hex != NULL && hex[0] != '\0' && hex[1] != '\0'; hex += 2)
    g_string_append_c (text, g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));
  return text;
}

static gboolean
ids_equal (GArray *a,
           GArray *b)
{
  return a->len == b->len && memcmp (a->data, b->data, a->len * sizeof (guint32)) == 0;
}

static void
check_encode (Section      *encode,
              Section      *decode,
              IvlTokenizer *tokenizer,
              json_t       *item)
{
  g_autoptr (GString) text = text_from_hex (item, "utf8_hex");
  g_autoptr (GArray) expected = json_ids_read (json_object_get (item, "ids"));
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autoptr (GString) out = g_string_new (NULL);
  IvlTextSpan span = { text->str, text->len, IVL_TEXT_TRUSTED };
  gint32 bos = ivl_tokenizer_get_bos (tokenizer);
  json_t *decoded = json_object_get (item, "decoded_no_cleanup");

  if (bos >= 0)
    g_array_append_val (ids, bos);
  ivl_tokenizer_encode (tokenizer, &span, 1, ids);
  section_exact (encode, ids_equal (ids, expected), "\"%.60s\"", text->str);
  if (decoded == NULL)
    decoded = json_object_get (item, "decoded");
  ivl_tokenizer_decode (tokenizer, (const guint32 *) expected->data, expected->len, TRUE, out);
  section_exact (decode,
                 out->len == json_string_length (decoded) &&
                     memcmp (out->str, json_string_value (decoded), out->len) == 0,
                 "\"%.60s\"", text->str);
}

static void
check_decode (Section      *section,
              IvlTokenizer *tokenizer,
              json_t       *item)
{
  g_autoptr (GString) expected = text_from_hex (item, "utf8_hex");
  g_autoptr (GArray) ids = json_ids_read (json_object_get (item, "ids"));
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GString) streamed = g_string_new (NULL);
  g_autoptr (IvlTokenDecoder) decoder = ivl_token_decoder_new (tokenizer, TRUE);
  gboolean whole_characters = TRUE;

  ivl_tokenizer_decode (tokenizer, (const guint32 *) ids->data, ids->len, TRUE, out);
  section_exact (section, g_string_equal (out, expected), "\"%.60s\"", expected->str);
  for (guint i = 0; i < ids->len; i++)
    {
      gsize before = streamed->len;

      ivl_token_decoder_push (decoder, g_array_index (ids, guint32, i), streamed);
      whole_characters &=
          g_utf8_validate_len (streamed->str + before, streamed->len - before, NULL) ||
          memchr (streamed->str + before, '\0', streamed->len - before) != NULL;
    }
  ivl_token_decoder_finish (decoder, streamed);
  section_exact (section, whole_characters && g_string_equal (streamed, expected),
                 "streamed \"%.60s\"", expected->str);
}

static gboolean
check_one (const char *folder,
           const char *file)
{
  g_autofree char *name = g_build_filename ("tokenizer", file, NULL);
  json_t *root = load_json (folder, name);
  const char *kind = json_string_value (json_object_get (root, "tokenizer"));
  g_autofree char *path = g_build_filename (folder, "tokenizer", kind, NULL);
  g_autofree char *encode_title = g_strdup_printf ("Tokenizer %s: ids of texts", kind);
  g_autofree char *decode_title = g_strdup_printf ("Tokenizer %s: texts of ids", kind);
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlTokenizer) tokenizer = ivl_tokenizer_open (path, &error);
  Section encode = { encode_title };
  Section decode = { decode_title };
  json_t *item;
  gboolean ok;
  gsize i;

  if (tokenizer == NULL)
    give_up ("%s", error->message);
  json_array_foreach (json_object_get (root, "encode"), i, item)
    check_encode (&encode, &decode, tokenizer, item);
  json_array_foreach (json_object_get (root, "decode"), i, item)
    check_decode (&decode, tokenizer, item);
  json_decref (root);
  ok = section_print (&encode);
  ok &= section_print (&decode);
  return ok;
}

gboolean
check_tokenizers (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "tokenizer", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = g_dir_open (path, 0, &error);
  gboolean ok = TRUE;
  const char *name;

  if (dir == NULL)
    give_up ("%s", error->message);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, "_cases.json"))
      ok &= check_one (folder, name);
  return ok;
}
