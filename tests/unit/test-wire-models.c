/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Lists of models: recorded, hostile, and our own both ways. */
#include "wire/ivl-wire-models.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "recordings.h"

static GPtrArray *
read_good (const char *json)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *models = ivl_wire_models_parse (json, strlen (json), &error);

  g_assert_no_error (error);
  return models;
}

static void
test_recordings (void)
{
  guint status;
  g_autoptr (GString) text = recordings_read_body ("models.resp", &status);
  g_autoptr (GString) pictures = recordings_read_body ("img_models.resp", &status);
  g_autoptr (GPtrArray) plain = read_good (text->str);
  g_autoptr (GPtrArray) seeing = read_good (pictures->str);
  const IvlWireModel *model = plain->pdata[0];

  g_assert_cmpuint (plain->len, ==, 1);
  g_assert_cmpstr (model->id, ==, "tiny");
  g_assert_cmpstr (model->owner, ==, "llamacpp");
  g_assert_cmpuint (model->context_length, ==, 512);
  g_assert_true (model->knows_pictures);
  g_assert_false (model->has_pictures);
  g_assert_null (model->family);
  model = seeing->pdata[0];
  g_assert_cmpstr (model->id, ==, "ivl-rand");
  g_assert_cmpuint (model->context_length, ==, 4096);
  g_assert_true (model->has_pictures);
}

static void
test_others (void)
{
  g_autoptr (GPtrArray) models = read_good (
      "{\"object\":\"list\",\"data\":[{\"id\":\"a\",\"owned_by\":\"vllm\",\"max_model_len\":8192},"
      "{\"id\":\"b\"},{\"id\":\"\"},{\"id\":5},{},5,null,"
      "{\"id\":\"\\u001b[1mc\",\"max_model_len\":-5,\"meta\":{\"n_ctx_train\":77}},"
      "{\"id\":\"d\",\"architecture\":{\"input_modalities\":[5,\"image\"]}}]}");
  const IvlWireModel *model = models->pdata[0];

  g_assert_cmpuint (models->len, ==, 4);
  g_assert_cmpstr (model->owner, ==, "vllm");
  g_assert_cmpuint (model->context_length, ==, 8192);
  g_assert_false (model->knows_pictures);
  model = models->pdata[1];
  g_assert_cmpuint (model->context_length, ==, 0);
  g_assert_null (model->owner);
  model = models->pdata[2];
  g_assert_cmpstr (model->id, ==, "[1mc");
  g_assert_cmpuint (model->context_length, ==, 77);
  model = models->pdata[3];
  g_assert_true (model->knows_pictures && model->has_pictures);
}

static void
test_refused (void)
{
  const char *const bodies[] = {
    "", "{}", "[]", "{\"data\":{}}", "{\"error\":\"Unauthorized\"}", "<html>", "{\"data\":[}"
  };

  for (guint i = 0; i < G_N_ELEMENTS (bodies); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (ivl_wire_models_parse (bodies[i], strlen (bodies[i]), &error));
      g_assert_error (error, IVL_ERROR, IVL_ERROR_REMOTE_PROTOCOL);
    }
}

static void
test_bounds (void)
{
  g_autoptr (GString) many = g_string_new ("{\"data\":[");
  g_autofree char *name = g_strnfill (1 << 20, 'x');
  g_autofree char *large = g_strdup_printf ("{\"data\":[{\"id\":\"%s\"}]}", name);
  g_autoptr (GPtrArray) one = read_good (large);
  g_autoptr (GPtrArray) models = NULL;

  g_assert_cmpint (g_utf8_strlen (((IvlWireModel *) one->pdata[0])->id, -1), ==, 256);
  for (guint i = 0; i < 5000; i++)
    g_string_append_printf (many, "%s{\"id\":\"m%u\"}", i > 0 ? "," : "", i);
  g_string_append (many, "]}");
  models = read_good (many->str);
  g_assert_cmpuint (models->len, ==, 1000);
}

static void
test_round_trip (void)
{
  IvlWireModel own[2] = {
    { .id = "internvl2.5-\"1b\"", .owner = "ivl", .context_length = 32768, .family = "InternVL2.5",
      .n_parameters = 938158976, .n_bytes = G_GUINT64_CONSTANT (156000000000), .tile_size = 448,
      .min_tiles = 1, .max_tiles = 12, .use_thumbnail = TRUE },
    { .id = "b", .owner = "ivl" },
  };
  g_autofree char *json = ivl_wire_models_to_json (own, 2, 1700000000);
  g_autofree char *entry = ivl_wire_model_to_json (own, 1700000000);
  g_autofree char *none = ivl_wire_models_to_json (own, 0, 0);
  g_autoptr (GPtrArray) models = read_good (json);
  g_autoptr (GPtrArray) empty = read_good (none);
  const IvlWireModel *model = models->pdata[0];

  g_assert_cmpuint (empty->len, ==, 0);
  g_assert_nonnull (strstr (json, entry));
  g_assert_nonnull (strstr (entry, "\"object\":\"model\",\"created\":1700000000"));
  g_assert_cmpuint (models->len, ==, 2);
  g_assert_cmpstr (model->id, ==, own[0].id);
  g_assert_cmpstr (model->owner, ==, "ivl");
  g_assert_cmpstr (model->family, ==, "InternVL2.5");
  g_assert_cmpuint (model->context_length, ==, 32768);
  g_assert_cmpuint (model->n_parameters, ==, own[0].n_parameters);
  g_assert_cmpuint (model->n_bytes, ==, own[0].n_bytes);
  g_assert_cmpuint (model->tile_size, ==, 448);
  g_assert_cmpuint (model->min_tiles, ==, 1);
  g_assert_cmpuint (model->max_tiles, ==, 12);
  g_assert_true (model->use_thumbnail && model->knows_pictures && model->has_pictures);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wire-models/recordings", test_recordings);
  g_test_add_func ("/wire-models/others", test_others);
  g_test_add_func ("/wire-models/refused", test_refused);
  g_test_add_func ("/wire-models/bounds", test_bounds);
  g_test_add_func ("/wire-models/round-trip", test_round_trip);
  return g_test_run ();
}
