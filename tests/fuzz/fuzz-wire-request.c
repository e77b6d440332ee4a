/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <jansson.h>
#include <libivl/ivl-error.h>
#include <string.h>

#include "fuzz-target.h"
#include "wire/ivl-wire-request.h"

#define ALL "fields=top_p;top_k;repetition_penalty;seed;stop;n;logprobs;response_format\n"
#define HEAD "[dialect]\nname=x\ntitle=X\n"

static const char *const dialects[] = {
  HEAD "tiles=ivl\n" ALL,
  HEAD "tiles=mm-kwargs\nplace=markers\nfields=repeat_penalty;seed\n",
  HEAD "tiles=request\n" ALL,
  HEAD "tiles=image-url\n",
};

static void
check_urls (const IvlWireRequest *request)
{
  for (guint i = 0; i < request->messages->len; i++)
    {
      const IvlWireMessage *message = request->messages->pdata[i];

      g_assert_cmpuint (message->parts->len, >, 0);
      for (guint j = 0; j < message->parts->len; j++)
        {
          const IvlWirePart *part = message->parts->pdata[j];
          g_autoptr (GError) error = NULL;
          g_autoptr (GBytes) bytes = NULL;

          g_assert_true ((part->text == NULL) != (part->url == NULL));
          if (part->url == NULL)
            continue;
          bytes = ivl_wire_decode_data_url (part->url, 1000, &error);
          g_assert_true (bytes == NULL || g_bytes_get_size (bytes) <= 1000);
          g_assert_true (bytes != NULL || error->domain == IVL_ERROR);
        }
    }
}

/* What was read can be written for every engine, as valid JSON; and in ivl's own dialect it reads
 * back to the same. */
static void
check_written (const IvlWireRequest *request)
{
  for (guint i = 0; i < G_N_ELEMENTS (dialects); i++)
    {
      g_autoptr (IvlWireDialect) dialect =
          ivl_wire_dialect_parse (dialects[i], strlen (dialects[i]), NULL);
      g_autofree char *json = ivl_wire_request_to_json (request, dialect, NULL);
      json_auto_t *root = json_loads (json, JSON_REJECT_DUPLICATES, NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (IvlWireRequest) again = NULL;
      g_autofree char *json_again = NULL;

      g_assert_nonnull (root);
      if (i > 0)
        continue;
      again = ivl_wire_request_from_json (json, strlen (json), NULL, &error);
      g_assert_no_error (error);
      json_again = ivl_wire_request_to_json (again, dialect, NULL);
      g_assert_cmpstr (json, ==, json_again);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *param = NULL;
  g_autoptr (IvlWireRequest) request =
      ivl_wire_request_from_json ((const char *) data, size, &param, &error);

  g_assert_true (request != NULL || error->domain == IVL_ERROR);
  if (request == NULL)
    return 0;
  g_assert_null (param);
  check_urls (request);
  check_written (request);
  return 0;
}
