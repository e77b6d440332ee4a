/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The list of models, GET /v1/models: read from any engine, and written.
 */
#include "wire/ivl-wire-models.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "wire/ivl-wire-error.h"
#include "wire/ivl-wire-json.h"

#define MAX_MODELS  1000
#define MAX_NAME    256
#define MAX_OWNER   64
#define MAX_CONTEXT (1 << 30)

void
ivl_wire_model_free (IvlWireModel *self)
{
  g_free (self->id);
  g_free (self->owner);
  g_free (self->family);
  g_free (self);
}

static void
free_model (gpointer data)
{
  ivl_wire_model_free (data);
}

static char *
get_safe (const json_t *object,
          const char   *key,
          gsize         max_chars)
{
  const char *text = ivl_wire_json_get_string (object, key);
  g_autofree char *safe = text != NULL ? ivl_wire_make_safe (text, -1, max_chars) : NULL;

  return safe != NULL && *safe != '\0' ? g_steal_pointer (&safe) : NULL;
}

/* vLLM and SGLang tell max_model_len, ivl context_length, llama-server what one slot has (n_ctx)
 * and what the model was trained for. */
static guint
get_context_length (const json_t *entry)
{
  const json_t *meta = json_object_get (entry, "meta");
  const struct
  {
    const json_t *object;
    const char *key;
  } places[] = {
    { entry, "max_model_len" },
    { json_object_get (entry, "ivl"), "context_length" },
    { meta, "n_ctx" },
    { meta, "n_ctx_train" },
    { entry, "context_length" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      gint64 length = ivl_wire_json_get_int (places[i].object, places[i].key, 1, MAX_CONTEXT, 0);

      if (length > 0)
        return (guint) length;
    }
  return 0;
}

static void
read_modalities (IvlWireModel *self,
                 const json_t *entry)
{
  const json_t *list =
      json_object_get (json_object_get (entry, "architecture"), "input_modalities");
  gsize i;
  json_t *name;

  self->knows_pictures = json_is_array (list);
  json_array_foreach (list, i, name)
    if (json_is_string (name) && strcmp (json_string_value (name), "image") == 0)
      self->has_pictures = TRUE;
}

static void
read_ivl (IvlWireModel *self,
          const json_t *ivl)
{
  if (!json_is_object (ivl))
    return;
  self->knows_pictures = TRUE;
  self->has_pictures = TRUE;
  self->family = get_safe (ivl, "family", MAX_OWNER);
  self->n_parameters = ivl_wire_json_get_int (ivl, "n_parameters", 0, G_MAXINT64, 0);
  self->n_bytes = ivl_wire_json_get_int (ivl, "n_bytes", 0, G_MAXINT64, 0);
  self->tile_size = ivl_wire_json_get_int (ivl, "tile_size", 1, 1 << 16, 0);
  self->min_tiles = ivl_wire_json_get_int (ivl, "min_tiles", 1, 1 << 16, 0);
  self->max_tiles = ivl_wire_json_get_int (ivl, "max_tiles", 1, 1 << 16, 0);
  self->use_thumbnail = json_is_true (json_object_get (ivl, "use_thumbnail"));
}

/* NULL for an entry without a name. */
static IvlWireModel *
read_model (const json_t *entry)
{
  g_autofree char *id = get_safe (entry, "id", MAX_NAME);
  IvlWireModel *self;

  if (id == NULL)
    return NULL;
  self = g_new0 (IvlWireModel, 1);
  self->id = g_steal_pointer (&id);
  self->owner = get_safe (entry, "owned_by", MAX_OWNER);
  self->context_length = get_context_length (entry);
  read_modalities (self, entry);
  read_ivl (self, json_object_get (entry, "ivl"));
  return self;
}

GPtrArray *
ivl_wire_models_parse (const char  *json,
                       gsize        n,
                       GError     **error)
{
  json_auto_t *root = ivl_wire_json_parse_reply (json, n, NULL, error);
  const json_t *data = json_object_get (root, "data");
  GPtrArray *models;

  if (root == NULL)
    {
      g_prefix_error (error, "the list of models: ");
      return NULL;
    }
  if (!json_is_array (data))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_REMOTE_PROTOCOL,
                   "the list of models: expected an object with the array \"data\"");
      return NULL;
    }
  models = g_ptr_array_new_with_free_func (free_model);
  for (gsize i = 0; i < json_array_size (data) && models->len < MAX_MODELS; i++)
    {
      IvlWireModel *model = read_model (json_array_get (data, i));

      if (model != NULL)
        g_ptr_array_add (models, model);
    }
  return models;
}

static void
append_model (GString            *out,
              const IvlWireModel *self,
              gint64              created)
{
  g_string_append_c (out, '{');
  ivl_wire_json_append_member (out, "id", self->id);
  g_string_append_printf (out, ",\"object\":\"model\",\"created\":%" G_GINT64_FORMAT ",", created);
  ivl_wire_json_append_member (out, "owned_by", self->owner != NULL ? self->owner : "ivl");
  if (self->context_length > 0)
    g_string_append_printf (out, ",\"max_model_len\":%u", self->context_length);
  g_string_append (out, ",\"ivl\":{");
  ivl_wire_json_append_member (out, "family", self->family);
  g_string_append_printf (out, ",\"n_parameters\":%" G_GUINT64_FORMAT
                          ",\"n_bytes\":%" G_GUINT64_FORMAT
                          ",\"tile_size\":%u,\"min_tiles\":%u,\"max_tiles\":%u"
                          ",\"use_thumbnail\":%s,\"context_length\":%u}}",
                          self->n_parameters, self->n_bytes, self->tile_size, self->min_tiles,
                          self->max_tiles, self->use_thumbnail ? "true" : "false",
                          self->context_length);
}

char *
ivl_wire_model_to_json (const IvlWireModel *self,
                        gint64              created)
{
  GString *out = g_string_new (NULL);

  append_model (out, self, created);
  return g_string_free (out, FALSE);
}

char *
ivl_wire_models_to_json (const IvlWireModel *models,
                         guint               n,
                         gint64              created)
{
  GString *out = g_string_new ("{\"object\":\"list\",\"data\":[");

  for (guint i = 0; i < n; i++)
    {
      if (i > 0)
        g_string_append_c (out, ',');
      append_model (out, &models[i], created);
    }
  g_string_append (out, "]}");
  return g_string_free (out, FALSE);
}
