/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The rotary embedding's base and scaling, from the places where the official classes keep them.
 *
 * Qwen2 is a class of transformers. Its version 5 reads one object, rope_scaling if that is there
 * and not empty, else rope_parameters; rope_theta beside the object only fills in what the object
 * leaves out (modeling_rope_utils.py, convert_rope_params_to_dict). InternLM2 brings its own class
 * (configuration_internlm2.py), which knows rope_theta and rope_scaling's type and factor only.
 */
#include "formats/ivl-rope-config.h"

#include <libivl/ivl-error.h>

#define MAX_STRING 256
#define MIN_BASE 1.0
#define MAX_BASE 1e12

static gboolean
set_unsupported (const IvlJsonScope  *scope,
                 const char          *field,
                 const char          *found,
                 const char          *expected,
                 GError             **error)
{
  g_autofree char *shown = g_strescape (found, NULL);

  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "%s: %s.%s: found %.80s, this version reads %s", scope->source, scope->section,
               field, shown, expected);
  return FALSE;
}

static gboolean
read_object (const IvlJsonScope  *scope,
             const char          *field,
             IvlJsonScope        *object,
             GError             **error)
{
  object->source = scope->source;
  object->section = field;
  object->object = NULL;
  if (!ivl_json_get_object (scope, field, &object->object, error))
    return FALSE;
  /* Python takes an empty object for none. */
  if (object->object != NULL && json_object_size (object->object) == 0)
    object->object = NULL;
  return TRUE;
}

/* Values for each kind of layer, as some other classes have them. */
static gboolean
check_flat (const IvlJsonScope  *object,
            GError             **error)
{
  const char *key;
  json_t *value;

  json_object_foreach (object->object, key, value)
    if (json_is_object (value))
      {
        ivl_json_set_field_error (object, key, "a value for all layers", value, error);
        return FALSE;
      }
  return TRUE;
}

static gboolean
read_qwen2 (const IvlJsonScope  *scope,
            IvlLmConfig         *lm,
            GError             **error)
{
  IvlJsonScope object;
  const char *type = NULL;
  double turned = 1.0;

  if (!ivl_json_get_double (scope, "rope_theta", MIN_BASE, MAX_BASE, &lm->rope_theta, error)
      || !read_object (scope, "rope_scaling", &object, error)
      || (object.object == NULL && !read_object (scope, "rope_parameters", &object, error)))
    return FALSE;
  if (object.object == NULL)
    return TRUE;
  if (!check_flat (&object, error)
      || !ivl_json_get_double (&object, "rope_theta", MIN_BASE, MAX_BASE, &lm->rope_theta, error)
      || !ivl_json_get_double (&object, "partial_rotary_factor", 0.0, 1.0, &turned, error)
      || !ivl_json_get_string (&object, "type", MAX_STRING, &type, error)
      || !ivl_json_get_string (&object, "rope_type", MAX_STRING, &type, error))
    return FALSE;
  if (turned != 1.0)
    return set_unsupported (&object, "partial_rotary_factor", "another number", "1", error);
  if (type != NULL && !g_str_equal (type, "default"))
    return set_unsupported (&object, "type", type, "none for Qwen2", error);
  return TRUE;
}

/* Saved by other software: the official class would turn by its default base without a word. */
static gboolean
check_own_base (const IvlJsonScope  *scope,
                GError             **error)
{
  IvlJsonScope parameters;
  json_t *base = json_object_get (scope->object, "rope_theta");

  if (!read_object (scope, "rope_parameters", &parameters, error))
    return FALSE;
  if (parameters.object == NULL || (base != NULL && !json_is_null (base)))
    return TRUE;
  return set_unsupported (&parameters, "rope_theta", "it here alone",
                          "InternLM2's rope_theta beside it", error);
}

static gboolean
read_internlm2 (const IvlJsonScope  *scope,
                IvlLmConfig         *lm,
                GError             **error)
{
  IvlJsonScope scaling;
  const char *type = NULL;
  double factor = 0.0;

  if (!check_own_base (scope, error)
      || !ivl_json_get_double (scope, "rope_theta", MIN_BASE, MAX_BASE, &lm->rope_theta, error)
      || !read_object (scope, "rope_scaling", &scaling, error))
    return FALSE;
  if (scaling.object == NULL)
    return TRUE;
  if (!ivl_json_get_string (&scaling, "rope_type", MAX_STRING, &type, error)
      || !ivl_json_get_string (&scaling, "type", MAX_STRING, &type, error)
      || !ivl_json_get_double (&scaling, "factor", 1.0, 1e6, &factor, error))
    return FALSE;
  if (g_strcmp0 (type, "default") == 0)
    return TRUE;
  if (g_strcmp0 (type, "dynamic") != 0)
    return set_unsupported (&scaling, "type", type != NULL ? type : "nothing", "dynamic or none",
                            error);
  if (factor == 0.0)
    {
      ivl_json_set_field_error (&scaling, "factor", "a number", NULL, error);
      return FALSE;
    }
  lm->rope_factor = factor;
  return TRUE;
}

gboolean
ivl_rope_config_read (const IvlJsonScope  *scope,
                      IvlLmConfig         *lm,
                      GError             **error)
{
  lm->rope_factor = 0.0;
  return lm->type == IVL_LM_QWEN2 ? read_qwen2 (scope, lm, error)
                                  : read_internlm2 (scope, lm, error);
}
