/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <libivl/ivl-error.h>
#include <string.h>

#include "fuzz-target.h"
#include "wire/ivl-wire-error.h"
#include "wire/ivl-wire-json.h"
#include "wire/ivl-wire-models.h"
#include "wire/ivl-wire-token.h"

static void
check_error (guint       status,
             const char *body,
             gsize       n)
{
  static const char *const fields[] = { "seed", "top_p", "n", NULL };
  g_autoptr (GError) reply = ivl_wire_error_from_body (status, body, n);
  g_autoptr (GError) event = ivl_wire_error_from_event (body, n);
  g_autofree char *json = ivl_wire_error_to_json (reply->message, "t", NULL, NULL);
  json_auto_t *root = json_loads (json, JSON_REJECT_DUPLICATES, NULL);

  g_assert_true (reply->domain == IVL_ERROR && event->domain == IVL_ERROR);
  g_assert_true (g_utf8_validate (reply->message, -1, NULL));
  g_assert_null (strpbrk (reply->message, "\x1b\n\r\x07\x7f"));
  g_assert_cmpint (g_utf8_strlen (event->message, -1), <, 600);
  g_assert_nonnull (root);
  ivl_wire_error_get_refused_field (body, n, fields);
}

static void
check_models (const char *body,
              gsize       n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) models = ivl_wire_models_parse (body, n, &error);

  g_assert_true (models != NULL || error->domain == IVL_ERROR);
  for (guint i = 0; models != NULL && i < models->len; i++)
    {
      const IvlWireModel *model = models->pdata[i];
      g_autofree char *json = ivl_wire_models_to_json (model, 1, 0);
      g_autoptr (GPtrArray) again = ivl_wire_models_parse (json, strlen (json), NULL);

      g_assert_nonnull (again);
      g_assert_cmpstr (((IvlWireModel *) again->pdata[0])->id, ==, model->id);
    }
}

static void
check_tokens (const char *body,
              gsize       n)
{
  gboolean repaired;
  json_auto_t *root = ivl_wire_json_parse_reply (body, n, &repaired, NULL);
  IvlWireToken *token = ivl_wire_token_read (root);

  if (token != NULL)
    {
      g_autoptr (GPtrArray) tokens = g_ptr_array_new ();
      g_autoptr (GString) out = g_string_new (NULL);
      json_auto_t *written = NULL;

      g_ptr_array_add (tokens, token);
      ivl_wire_token_append_all (out, tokens);
      written = json_loads (out->str, JSON_REJECT_DUPLICATES, NULL);
      g_assert_nonnull (written);
      ivl_wire_token_free (token);
    }
}

/* The first byte chooses the status. */
int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  static const guint statuses[] = { 200, 307, 400, 401, 404, 413, 422, 429, 500, 503 };
  const char *body = (const char *) data + 1;

  if (size < 1)
    return 0;
  check_error (statuses[data[0] % G_N_ELEMENTS (statuses)], body, size - 1);
  check_models (body, size - 1);
  check_tokens (body, size - 1);
  return 0;
}
