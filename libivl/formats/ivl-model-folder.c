/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From what people write for a model on this computer to its folder, or to a sentence that says
 * what was meant.
 */
#include "formats/ivl-model-folder.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "formats/ivl-json.h"
#include "formats/ivl-model-file.h"

#define CONFIG_NAME "config.json"
#define ADAPTER_NAME "adapter_config.json"
#define SNAPSHOTS "snapshots"
#define CACHE_PREFIX "models--"
#define MAX_REVISION_BYTES 256
/* Names of models in a message. */
#define MAX_SHOWN 12

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Sub-folders of a folder for which accepts says so, in order. */
static GPtrArray *
list_folders (const char *folder,
              gboolean (*accepts) (const char *path))
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR) && accepts (path))
        g_ptr_array_add (names, g_strdup (name));
    }
  g_ptr_array_sort (names, compare_names);
  return names;
}

static gboolean
has_config (const char *folder)
{
  return ivl_model_file_is_there (folder, CONFIG_NAME);
}

static char *
join_shown (GPtrArray  *names,
            const char *prefix)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < names->len && i < MAX_SHOWN; i++)
    {
      g_autofree char *shown = g_filename_display_name (g_ptr_array_index (names, i));

      g_string_append_printf (text, "%s%s%s", i > 0 ? ", " : "", prefix, shown);
    }
  if (names->len > MAX_SHOWN)
    g_string_append (text, ", ...");
  return g_string_free (text, FALSE);
}

/* The last part of a path, whatever slashes end it. */
static char *
get_last_part (const char *path)
{
  g_autofree char *canonical = g_canonicalize_filename (path, NULL);

  return g_path_get_basename (canonical);
}

static gboolean
is_hub_cache (const char *folder)
{
  g_autofree char *name = get_last_part (folder);
  g_autofree char *snapshots = g_build_filename (folder, SNAPSHOTS, NULL);

  return g_str_has_prefix (name, CACHE_PREFIX) && g_file_test (snapshots, G_FILE_TEST_IS_DIR);
}

static gboolean
is_model (const char *folder)
{
  return has_config (folder) || is_hub_cache (folder);
}

/* The snapshot that refs/main of a hub's cache names; NULL without one. */
static char *
find_main_snapshot (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "refs", "main", NULL);
  g_autofree char *snapshot = NULL;
  g_autofree char *revision = NULL;
  gsize size;

  revision = ivl_model_file_read (path, MAX_REVISION_BYTES, &size, NULL);
  if (revision == NULL || strlen (revision) != size)
    return NULL;
  g_strstrip (revision);
  if (*revision == '\0' || *revision == '.' || strchr (revision, '/') != NULL)
    return NULL;
  snapshot = g_build_filename (folder, SNAPSHOTS, revision, NULL);
  return has_config (snapshot) ? g_steal_pointer (&snapshot) : NULL;
}

static char *
resolve_hub_cache (const char  *folder,
                   GError     **error)
{
  g_autofree char *snapshots = g_build_filename (folder, SNAPSHOTS, NULL);
  g_autoptr (GPtrArray) names = list_folders (snapshots, has_config);
  g_autofree char *shown = g_filename_display_name (folder);
  g_autofree char *listed = join_shown (names, SNAPSHOTS G_DIR_SEPARATOR_S);
  char *found = find_main_snapshot (folder);

  if (found != NULL)
    return found;
  if (names->len == 1)
    return g_build_filename (snapshots, g_ptr_array_index (names, 0), NULL);
  g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
               "%s is a model hub's cache, and refs/main there names none of its snapshots: %s%s",
               shown, names->len > 0 ? "name one of these folders in it: " : "download the model ",
               names->len > 0 ? listed : "again");
  return NULL;
}

static void
set_adapter_error (const char  *folder,
                   GError     **error)
{
  g_autofree char *shown = g_filename_display_name (folder);
  g_autofree char *path = g_build_filename (folder, ADAPTER_NAME, NULL);
  json_auto_t *config =
      ivl_json_load (path, IVL_JSON_MAX_CONFIG_BYTES, IVL_JSON_MAX_CONFIG_VALUES, NULL);
  const char *base = json_string_value (json_object_get (config, "base_model_name_or_path"));
  const char *type = json_string_value (json_object_get (config, "peft_type"));
  g_autofree char *base_shown = g_strescape (base != NULL ? base : "its model", NULL);
  g_autofree char *type_shown = g_strescape (type != NULL ? type : "LORA", NULL);
  gboolean is_lora = g_ascii_strcasecmp (type_shown, "LORA") == 0;

  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "%s: this is a %.40s adapter, not a model: merge it into %.200s with the program "
               "that trained it (peft: merge_and_unload), and name the folder that this saves",
               shown, is_lora ? "LoRA" : type_shown, base_shown);
}

/* Models that other programs read, by what their files' names end in. */
static const char *
get_foreign_format (const char *name)
{
  static const struct
  {
    const char *suffix;
    const char *format;
  } formats[] = {
    { ".gguf", "a GGUF model" }, { ".ggml", "a GGML model" },   { ".onnx", "an ONNX model" },
    { ".engine", "a TensorRT engine" }, { ".mlmodelc", "a Core ML model" },
    { ".mlpackage", "a Core ML model" }, { ".tflite", "a TensorFlow Lite model" },
  };

  if (g_str_equal (name, "openvino_model.xml") || g_str_equal (name, "openvino_language_model.xml"))
    return "an OpenVINO model";
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    if (g_str_has_suffix (name, formats[i].suffix))
      return formats[i].format;
  return NULL;
}

static void
set_foreign_error (const char  *path,
                   const char  *format,
                   GError     **error)
{
  g_autofree char *shown = g_filename_display_name (path);

  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               "%s: this is %s; this version reads folders as they are published, with config.json "
               "and *.safetensors: download that one, or let a server that knows this format "
               "answer",
               shown, format);
}

/* TRUE with error set if a file in the folder tells its kind. */
static gboolean
check_foreign (const char  *folder,
               GError     **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (get_foreign_format (name) != NULL)
      {
        set_foreign_error (folder, get_foreign_format (name), error);
        return TRUE;
      }
  return FALSE;
}

/* A folder without config.json. */
static char *
resolve_other (const char  *folder,
               GError     **error)
{
  g_autofree char *parent = g_path_get_dirname (folder);
  g_autofree char *name = get_last_part (folder);
  g_autoptr (GPtrArray) models = NULL;

  if (g_str_equal (name, SNAPSHOTS) && is_hub_cache (parent))
    return resolve_hub_cache (parent, error);
  if (ivl_model_file_is_there (folder, ADAPTER_NAME))
    {
      set_adapter_error (folder, error);
      return NULL;
    }
  models = list_folders (folder, is_model);
  if (models->len > 0)
    {
      g_autofree char *shown = g_filename_display_name (folder);
      g_autofree char *listed = join_shown (models, "");

      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   "%s holds models and is none itself: name one of the folders in it: %s", shown,
                   listed);
      return NULL;
    }
  return check_foreign (folder, error) ? NULL : g_strdup (folder);
}

static void
set_file_error (const char  *path,
                GError     **error)
{
  g_autofree char *shown = g_filename_display_name (path);
  g_autofree char *name = g_path_get_basename (path);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *folder_shown = g_filename_display_name (folder);

  if (get_foreign_format (name) != NULL)
    set_foreign_error (path, get_foreign_format (name), error);
  else if (is_model (folder))
    g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                 "%s is a file, and a model is a folder: name %s", shown, folder_shown);
  else
    g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                 "%s is a file, and a model is a folder with config.json, *.safetensors and the "
                 "tokenizer's files: name that folder", shown);
}

static void
set_absent_error (const char  *location,
                  GError     **error)
{
  g_autofree char *shown = g_filename_display_name (location);
  g_autofree char *guess = ivl_model_folder_guess (location);
  g_autofree char *target = g_file_read_link (location, NULL);
  g_autofree char *target_shown = target != NULL ? g_filename_display_name (target) : NULL;

  if (target != NULL)
    g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                 "%s: a link to %s, and nothing is there: is a disk not connected?", shown,
                 target_shown);
  else if (guess != NULL)
    g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, "%s: no such folder. %s", shown, guess);
  else
    g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, "%s: no such folder", shown);
}

char *
ivl_model_folder_resolve (const char  *location,
                          GError     **error)
{
  if (!g_file_test (location, G_FILE_TEST_EXISTS))
    {
      set_absent_error (location, error);
      return NULL;
    }
  if (!g_file_test (location, G_FILE_TEST_IS_DIR))
    {
      set_file_error (location, error);
      return NULL;
    }
  if (has_config (location))
    return g_strdup (location);
  return is_hub_cache (location) ? resolve_hub_cache (location, error)
                                 : resolve_other (location, error);
}

gboolean
ivl_model_folder_has_model (const char *location)
{
  g_autofree char *folder = ivl_model_folder_resolve (location, NULL);

  return folder != NULL && has_config (folder);
}

char *
ivl_model_folder_get_name (const char *location)
{
  g_autofree char *path = g_canonicalize_filename (location, NULL);
  g_auto (GStrv) parts = g_strsplit (path, G_DIR_SEPARATOR_S, -1);
  guint n = g_strv_length (parts);
  const char *cache = NULL;

  if (g_str_has_prefix (parts[n - 1], CACHE_PREFIX))
    cache = parts[n - 1];
  else if (n > 2 && g_str_equal (parts[n - 2], SNAPSHOTS))
    cache = parts[n - 3];
  else if (n > 1 && g_str_equal (parts[n - 1], SNAPSHOTS))
    cache = parts[n - 2];
  if (cache != NULL && g_str_has_prefix (cache, CACHE_PREFIX))
    return g_filename_display_name (g_strrstr (cache, "--") + 2);
  return g_filename_display_basename (path);
}

/* HOST[:PORT] and what a server's address goes on with. A dot alone may be in a hub's names too. */
static gboolean
looks_like_address (const char *location)
{
  g_autofree char *host = g_strndup (location, strcspn (location, "/#"));
  const char *rest = location + strlen (host);
  const char *port = strrchr (host, ':');
  gboolean has_port = port != NULL && port > host && port[1] != '\0' &&
                      strspn (port + 1, "0123456789") == strlen (port + 1);

  if (has_port)
    *strrchr (host, ':') = '\0';
  if (*host == '\0' || *host == '.' || *host == '~' || strchr (host, ' ') != NULL)
    return FALSE;
  return has_port || g_ascii_strcasecmp (host, "localhost") == 0 ||
         g_hostname_is_ip_address (host) ||
         (strchr (host, '.') != NULL && (g_str_has_prefix (rest, "/v1") || *rest == '#'));
}

static gboolean
is_near (const char *location)
{
  return g_ascii_strncasecmp (location, "localhost", strlen ("localhost")) == 0 ||
         g_str_has_prefix (location, "127.") || g_str_has_prefix (location, "[::1]");
}

static gboolean
looks_like_hub_name (const char *location)
{
  const char *slash = strchr (location, '/');

  if (slash == NULL || slash == location || slash[1] == '\0' || strchr (slash + 1, '/') != NULL ||
      *location == '.' || *location == '~')
    return FALSE;
  for (const char *p = location; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr ("-_./", *p) == NULL)
      return FALSE;
  return TRUE;
}

char *
ivl_model_folder_guess (const char *location)
{
  if (looks_like_address (location))
    return g_strdup_printf ("If a server is meant, write its address with the scheme: %s%s",
                            is_near (location) ? "http://" : "https://", location);
  if (looks_like_hub_name (location))
    return g_strdup_printf ("If it is a model's name on a hub, download the folder first, for "
                            "example with “hf download %s --local-dir DIR”, and name DIR",
                            location);
  return NULL;
}
