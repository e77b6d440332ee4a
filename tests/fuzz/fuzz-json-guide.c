/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libivl/ivl-error.h>
#include <string.h>

#include "fuzz-target.h"
#include "json-validity.h"
#include "lm/ivl-json-acceptor.h"

/* An answer is seldom longer, and all of it is parsed again at each possible end. */
#define MAX_DOCUMENT 2000

typedef struct
{
  IvlJsonAcceptor *acceptor;
  IvlJsonState     state;
  json_t          *schema;
  GString         *document;
} Answer;

/* Lists the bytes that may come next. */
static guint
list_next (Answer *answer,
           guint8  bytes[256])
{
  guint n = 0;

  for (guint byte = 0; byte < 256; byte++)
    {
      IvlJsonState next;

      ivl_json_acceptor_copy_state (&next, &answer->state);
      if (ivl_json_acceptor_step (answer->acceptor, &next, (guint8) byte))
        bytes[n++] = (guint8) byte;
    }
  return n;
}

/* What the acceptor calls whole must be JSON that the schema describes. */
static void
check_document (Answer *answer)
{
  json_auto_t *value = json_loadb (answer->document->str, answer->document->len,
                                   JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);

  g_assert_nonnull (value);
  g_assert_true (json_is_valid (answer->schema, value));
}

/* Takes the byte if it fits, else one of those that do. FALSE at the end. */
static gboolean
take (Answer *answer,
      guint8  byte)
{
  guint8 bytes[256];
  guint n = list_next (answer, bytes);

  g_assert_cmpint (n == 0, ==,
                   ivl_json_acceptor_is_ended (answer->acceptor, &answer->state));
  if (n == 0)
    return FALSE;
  if (memchr (bytes, byte, n) == NULL)
    byte = bytes[byte % n];
  g_assert_true (ivl_json_acceptor_step (answer->acceptor, &answer->state, byte));
  g_string_append_c (answer->document, (char) byte);
  if (ivl_json_acceptor_is_complete (&answer->state))
    check_document (answer);
  return answer->document->len < MAX_DOCUMENT;
}

/* A schema, NUL, and bytes that say how the answer goes on. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const guint8 *end = size > 0 ? memchr (data, '\0', size) : NULL;
  gsize n_schema = end != NULL ? (gsize) (end - data) : size;
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlJsonSchema) schema =
      ivl_json_schema_parse ((const char *) data, n_schema, &error);
  g_autoptr (IvlJsonAcceptor) acceptor = NULL;
  g_autoptr (GString) document = g_string_new (NULL);
  json_auto_t *root = NULL;
  Answer answer;

  if (schema == NULL)
    {
      g_assert_true (error->domain == IVL_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  root = json_loadb ((const char *) data, n_schema, 0, NULL);
  acceptor = ivl_json_acceptor_new (schema);
  answer = (Answer) { .acceptor = acceptor, .schema = root, .document = document };
  ivl_json_acceptor_start (acceptor, &answer.state);
  for (gsize i = n_schema + 1; i < size && take (&answer, data[i]); i++)
    ;
  return 0;
}
