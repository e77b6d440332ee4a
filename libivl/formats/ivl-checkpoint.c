/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The weight files of a checkpoint folder, seen as one list of tensors.
 *
 * An index may only name plain files of its own folder. Such a name may be a symbolic link: the
 * Hugging Face cache keeps each model file under blobs/ and its snapshot folders hold nothing but
 * links there. What is behind the name must be a regular file that passes every check of a
 * safetensors file.
 */
#include "formats/ivl-checkpoint.h"

#include <libivl/ivl-error.h>
#include <string.h>
#include <unistd.h>

#include "formats/ivl-json.h"
#include "formats/ivl-model-file.h"
#include "formats/ivl-safetensors.h"
#include "util/ivl-bounded-file.h"

#define SINGLE_NAME "model.safetensors"
#define INDEX_NAME "model.safetensors.index.json"
/* The 78B is published in some forty shards; each keeps one descriptor open. */
#define MAX_SHARDS 512
#define MAX_INDEX_BYTES (32 * 1024 * 1024)
#define MAX_INDEX_VALUES (1024 * 1024)

typedef struct
{
  const char *name; /* borrowed from the shard */
  guint       shard;
  guint       index; /* inside the shard */
} Entry;

struct _IvlCheckpoint
{
  char      *folder; /* for messages */
  GPtrArray *shards; /* IvlSafetensors */
  GArray    *entries; /* Entry, by shard, in file order */
  GArray    *by_name; /* guint indices into entries */
};

static gboolean
is_plain_file_name (const char *name)
{
  gsize length = strlen (name);

  if (length == 0 || length > 255 || !g_str_has_suffix (name, ".safetensors") || name[0] == '.')
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (name[i] == '/' || name[i] == '\\' || name[i] == ':' || g_ascii_iscntrl (name[i]))
      return FALSE;
  return TRUE;
}

static gboolean
add_shard (IvlCheckpoint  *self,
           const char     *folder,
           const char     *name,
           GError        **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  IvlSafetensors *shard = ivl_safetensors_open (path, error);
  guint n;

  if (shard == NULL)
    return FALSE;
  g_ptr_array_add (self->shards, shard);
  n = ivl_safetensors_get_n_tensors (shard);
  for (guint i = 0; i < n; i++)
    {
      Entry entry = { ivl_safetensors_get_tensor (shard, i, NULL), self->shards->len - 1, i };

      g_array_append_val (self->entries, entry);
    }
  return TRUE;
}

static int
compare_strings (gconstpointer a,
                 gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* The different values of weight_map, sorted; borrowed from it. */
static GPtrArray *
list_shard_names (const IvlJsonScope  *scope,
                  GError             **error)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr(GPtrArray) names = g_ptr_array_new ();
  const char *tensor;
  json_t *value;

  json_object_foreach (scope->object, tensor, value)
    {
      if (!json_is_string (value) || !is_plain_file_name (json_string_value (value)))
        {
          ivl_json_set_field_error (scope, tensor,
                                    "the plain name of a .safetensors file in the same folder",
                                    value, error);
          return NULL;
        }
      if (!g_hash_table_add (seen, (gpointer) json_string_value (value)))
        continue;
      g_ptr_array_add (names, (gpointer) json_string_value (value));
      if (names->len > MAX_SHARDS)
        {
          g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                       "%s: more than %d weight files", scope->source, MAX_SHARDS);
          return NULL;
        }
    }
  if (names->len == 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: weight_map is empty",
                   scope->source);
      return NULL;
    }
  g_ptr_array_sort (names, compare_strings);
  return g_steal_pointer (&names);
}

/* Every tensor of every shard is listed for that shard, and as many are listed as there are: so
 * each entry of the map is there exactly once. */
static gboolean
check_weight_map (IvlCheckpoint       *self,
                  const IvlJsonScope  *scope,
                  GPtrArray           *shard_names,
                  GError             **error)
{
  const char *name;
  json_t *value;

  for (guint i = 0; i < self->entries->len; i++)
    {
      const Entry *entry = &g_array_index (self->entries, Entry, i);
      const char *shard_name = g_ptr_array_index (shard_names, entry->shard);
      const char *listed = json_string_value (json_object_get (scope->object, entry->name));

      if (listed == NULL || !g_str_equal (listed, shard_name))
        {
          g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                       "%s: tensor %s is in %s, weight_map %s%s", scope->source, entry->name,
                       shard_name,
                       listed != NULL ? "places it in " : "does not list it",
                       listed != NULL ? listed : "");
          return FALSE;
        }
    }
  if (json_object_size (scope->object) == self->entries->len)
    return TRUE;
  json_object_foreach (scope->object, name, value)
    if (!ivl_checkpoint_lookup (self, name, NULL))
      {
        g_autofree char *shown = g_strescape (name, NULL);

        g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                     "%s: tensor %.600s is listed for %s and is not there", scope->source, shown,
                     json_string_value (value));
        return FALSE;
      }
  g_return_val_if_reached (FALSE);
}

static int
compare_names (gconstpointer a,
               gconstpointer b,
               gpointer      user_data)
{
  GArray *entries = user_data;

  return strcmp (g_array_index (entries, Entry, *(const guint *) a).name,
                 g_array_index (entries, Entry, *(const guint *) b).name);
}

static void
sort_by_name (IvlCheckpoint *self)
{
  for (guint i = 0; i < self->entries->len; i++)
    g_array_append_val (self->by_name, i);
  g_array_sort_with_data (self->by_name, compare_names, self->entries);
}

/* Reads the index and lists the shards that it names, borrowed from it; *index is freed with
 * json_decref() whatever comes out. */
static GPtrArray *
read_index (const char    *folder,
            json_t       **index,
            IvlJsonScope  *scope,
            char         **source,
            GError       **error)
{
  g_autofree char *path = g_build_filename (folder, INDEX_NAME, NULL);
  json_t *weight_map = NULL;

  *source = g_filename_display_name (path);
  *index = ivl_json_load (path, MAX_INDEX_BYTES, MAX_INDEX_VALUES, error);
  *scope = (IvlJsonScope) { *source, NULL, *index };
  if (*index == NULL || !ivl_json_get_object (scope, "weight_map", &weight_map, error))
    return NULL;
  if (weight_map == NULL)
    {
      ivl_json_set_field_error (scope, "weight_map", "an object", NULL, error);
      return NULL;
    }
  scope->section = "weight_map";
  scope->object = weight_map;
  return list_shard_names (scope, error);
}

/* Where problems are collected, TRUE after adding this one: go on. */
static gboolean
note (GPtrArray  *problems,
      GError     *problem,
      GError    **error)
{
  if (problems == NULL)
    {
      g_propagate_error (error, problem);
      return FALSE;
    }
  g_ptr_array_add (problems, g_strdup (problem->message));
  g_error_free (problem);
  return TRUE;
}

/* All that are missing at once: what is left to download. */
static gboolean
check_shards_are_there (IvlCheckpoint  *self,
                        const char     *folder,
                        GPtrArray      *names,
                        GPtrArray      *problems,
                        GError        **error)
{
  g_autoptr(GString) missing = g_string_new (NULL);
  guint n_missing = 0;

  for (guint i = 0; i < names->len; i++)
    if (!ivl_model_file_is_there (folder, g_ptr_array_index (names, i)))
      g_string_append_printf (missing, "%s%s", n_missing++ > 0 ? ", " : "",
                              (const char *) g_ptr_array_index (names, i));
  return n_missing == 0
         || note (problems,
                  g_error_new (IVL_ERROR, IVL_ERROR_NOT_FOUND,
                               "%s: %u of the %u weight files that " INDEX_NAME " names %s not "
                               "there: %s", self->folder, n_missing, names->len,
                               n_missing == 1 ? "is" : "are", missing->str),
                  error);
}

static gboolean
open_sharded (IvlCheckpoint  *self,
              const char     *folder,
              GPtrArray      *problems,
              GError        **error)
{
  const guint n_before = problems != NULL ? problems->len : 0;
  g_autofree char *source = NULL;
  json_auto_t *index = NULL;
  IvlJsonScope scope;
  g_autoptr(GPtrArray) names = read_index (folder, &index, &scope, &source, error);

  if (names == NULL || !check_shards_are_there (self, folder, names, problems, error))
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    {
      GError *problem = NULL;

      if (problems != NULL && !ivl_model_file_is_there (folder, g_ptr_array_index (names, i)))
        continue;
      if (!add_shard (self, folder, g_ptr_array_index (names, i), &problem)
          && !note (problems, problem, error))
        return FALSE;
    }
  if (problems != NULL && problems->len > n_before)
    return TRUE;
  sort_by_name (self);
  return check_weight_map (self, &scope, names, error);
}

static void
set_no_weights_error (IvlCheckpoint  *self,
                      const char     *folder,
                      GError        **error)
{
  static const char *const pickled[] = { "pytorch_model.bin", "pytorch_model.bin.index.json" };

  for (guint i = 0; i < G_N_ELEMENTS (pickled); i++)
    if (ivl_model_file_is_there (folder, pickled[i]))
      {
        g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                     "%s: only %s is there, a format that can run programs and is never opened: "
                     "get the "
                     "model's *.safetensors files", self->folder, pickled[i]);
        return;
      }
  g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
               "%s: neither %s nor %s is there: download the weights as well", self->folder,
               SINGLE_NAME, INDEX_NAME);
}

/* FALSE with error set, or with problems added where they are collected. */
static IvlCheckpoint *
open_folder (const char  *folder,
             GPtrArray   *problems,
             GError     **error)
{
  g_autoptr(IvlCheckpoint) self = g_new0 (IvlCheckpoint, 1);

  self->folder = g_filename_display_name (folder);
  self->shards = g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_safetensors_free);
  self->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  self->by_name = g_array_new (FALSE, FALSE, sizeof (guint));

  /* With both there, the single file counts, as in transformers. */
  if (ivl_model_file_is_there (folder, SINGLE_NAME))
    {
      if (!add_shard (self, folder, SINGLE_NAME, error))
        return NULL;
      sort_by_name (self);
    }
  else if (ivl_model_file_is_there (folder, INDEX_NAME))
    {
      if (!open_sharded (self, folder, problems, error))
        return NULL;
    }
  else
    {
      set_no_weights_error (self, folder, error);
      return NULL;
    }
  return g_steal_pointer (&self);
}

IvlCheckpoint *
ivl_checkpoint_open (const char  *folder,
                     GError     **error)
{
  return open_folder (folder, NULL, error);
}

IvlCheckpoint *
ivl_checkpoint_survey (const char *folder,
                       GPtrArray  *problems)
{
  const guint n_before = problems->len;
  g_autoptr(GError) error = NULL;
  g_autoptr(IvlCheckpoint) self = open_folder (folder, problems, &error);

  if (error != NULL)
    g_ptr_array_add (problems, g_strdup (error->message));
  return problems->len == n_before ? g_steal_pointer (&self) : NULL;
}

/* There, and neither a pointer nor a page in its place. */
static gboolean
is_weight_file (const char *folder,
                const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  char head[IVL_MODEL_FILE_HEAD_BYTES];
  guint64 size;
  gint64 mtime_ns;
  gssize n;
  int fd = ivl_bounded_file_open (path, &size, &mtime_ns, NULL);

  if (fd < 0)
    return FALSE;
  n = TEMP_FAILURE_RETRY (read (fd, head, sizeof head));
  close (fd);
  return n > 0 && ivl_model_file_check (head, n, path, NULL);
}

gboolean
ivl_checkpoint_is_complete (const char *folder)
{
  g_autofree char *source = NULL;
  json_auto_t *index = NULL;
  g_autoptr(GPtrArray) names = NULL;
  IvlJsonScope scope;

  if (ivl_model_file_is_there (folder, SINGLE_NAME))
    return is_weight_file (folder, SINGLE_NAME);
  names = read_index (folder, &index, &scope, &source, NULL);
  for (guint i = 0; names != NULL && i < names->len; i++)
    if (!is_weight_file (folder, g_ptr_array_index (names, i)))
      return FALSE;
  return names != NULL;
}

void
ivl_checkpoint_free (IvlCheckpoint *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->shards);
  g_array_unref (self->entries);
  g_array_unref (self->by_name);
  g_free (self->folder);
  g_free (self);
}

guint
ivl_checkpoint_get_n_tensors (IvlCheckpoint *self)
{
  return self->entries->len;
}

const char *
ivl_checkpoint_get_tensor (IvlCheckpoint *self,
                           guint          index,
                           IvlTensor     *tensor)
{
  const Entry *entry;

  g_return_val_if_fail (index < self->entries->len, NULL);

  entry = &g_array_index (self->entries, Entry, index);
  return ivl_safetensors_get_tensor (g_ptr_array_index (self->shards, entry->shard), entry->index,
                                     tensor);
}

gboolean
ivl_checkpoint_lookup (IvlCheckpoint *self,
                       const char    *name,
                       IvlTensor     *tensor)
{
  guint low = 0;
  guint high = self->by_name->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      guint index = g_array_index (self->by_name, guint, middle);
      int order = strcmp (name, g_array_index (self->entries, Entry, index).name);

      if (order == 0)
        {
          ivl_checkpoint_get_tensor (self, index, tensor);
          return TRUE;
        }
      if (order < 0)
        high = middle;
      else
        low = middle + 1;
    }
  return FALSE;
}

gboolean
ivl_checkpoint_require (IvlCheckpoint  *self,
                        const char     *name,
                        guint           n_dims,
                        const guint64  *shape,
                        IvlTensor      *tensor,
                        GError        **error)
{
  IvlTensor expected = { .n_dims = n_dims };
  IvlTensor found;

  g_return_val_if_fail (n_dims <= IVL_TENSOR_MAX_DIMS, FALSE);

  if (!ivl_checkpoint_lookup (self, name, &found))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND, "%s: tensor %s is missing", self->folder,
                   name);
      return FALSE;
    }
  memcpy (expected.shape, shape, n_dims * sizeof *shape);
  if (found.n_dims != n_dims || memcmp (found.shape, shape, n_dims * sizeof *shape) != 0)
    {
      g_autofree char *expected_shape = ivl_tensor_shape_to_string (&expected);
      g_autofree char *found_shape = ivl_tensor_shape_to_string (&found);

      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: tensor %s: expected shape %s, found %s", self->folder, name, expected_shape,
                   found_shape);
      return FALSE;
    }
  if (!ivl_dtype_get_info (found.dtype)->is_weight)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   "%s: tensor %s: type %s cannot be used as a weight", self->folder, name,
                   ivl_dtype_get_info (found.dtype)->safetensors);
      return FALSE;
    }
  *tensor = found;
  return TRUE;
}

guint64
ivl_checkpoint_get_n_bytes (IvlCheckpoint *self)
{
  guint64 n_bytes = 0;

  for (guint i = 0; i < self->shards->len; i++)
    n_bytes += ivl_safetensors_get_n_bytes (g_ptr_array_index (self->shards, i));
  return n_bytes;
}

gboolean
ivl_checkpoint_check (IvlCheckpoint  *self,
                      GError        **error)
{
  for (guint i = 0; i < self->shards->len; i++)
    if (!ivl_safetensors_check (g_ptr_array_index (self->shards, i), error))
      return FALSE;
  return TRUE;
}
