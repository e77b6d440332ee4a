/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The safetensors format: an 8-byte little-endian header length, a JSON header, the bytes of the
 * tensors.
 *
 * Stricter than the format's reference (tensor.rs): besides its rules (no overlap, no hole, nothing
 * behind the last tensor, sizes that multiply without overflow) duplicate names, more than 65,536
 * tensors and names that are over 512 bytes or not printable are refused. Types are looked at when
 * a tensor is used: one that no model reads may have any.
 *
 * Names are found by binary search: the names come from the file, and a hash table that is
 * filled with names made to collide takes quadratic time.
 */
#include "formats/ivl-safetensors.h"

#include <libivl/ivl-error.h>
#include <stdlib.h>
#include <string.h>

#include "formats/ivl-json.h"
#include "formats/ivl-model-file.h"
#include "util/ivl-bytes-reader.h"
#include "util/ivl-checked-math.h"
#include "util/ivl-mapped-file.h"

#define MAX_HEADER_BYTES 100000000 /* tensor.rs, MAX_HEADER_SIZE */
#define MAX_TENSORS 65536
#define MAX_NAME_BYTES 512
/* Names, types, offsets and shapes of MAX_TENSORS tensors, and some metadata. */
#define MAX_HEADER_VALUES (MAX_TENSORS * (6 + IVL_TENSOR_MAX_DIMS))

typedef struct
{
  const char *name; /* borrowed from the header */
  IvlTensor   tensor;
  guint64     begin; /* bytes from the end of the header */
  guint64     end;
} Entry;

struct _IvlSafetensors
{
  IvlMappedFile *file; /* NULL if the bytes are borrowed */
  char          *source;
  const guint8  *data;
  gsize          size;
  json_t        *header;
  Entry         *entries; /* in file order */
  guint          n_entries;
  guint         *by_name; /* indices into entries */
};

static gboolean
read_header (IvlSafetensors  *self,
             const guint8   **data_section,
             guint64         *data_size,
             GError         **error)
{
  IvlBytesReader reader;
  const guint8 *text;
  guint64 n;

  if (!ivl_model_file_check ((const char *) self->data, self->size, self->source, error))
    return FALSE;
  ivl_bytes_reader_init (&reader, self->data, self->size);
  if (!ivl_bytes_reader_read_u64 (&reader, &n))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: %" G_GSIZE_FORMAT " bytes, a safetensors file has at least 8", self->source,
                   self->size);
      return FALSE;
    }
  if (n > MAX_HEADER_BYTES || !ivl_bytes_reader_read_bytes (&reader, n, &text))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: header of %" G_GUINT64_FORMAT " bytes announced, expected at most %d and "
                   "no more than the file's %" G_GSIZE_FORMAT " bytes",
                   self->source, n, MAX_HEADER_BYTES, self->size);
      return FALSE;
    }
  if (n == 0 || text[0] != '{')
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: the header does not begin with '{'", self->source);
      return FALSE;
    }
  self->header = ivl_json_parse ((const char *) text, n, MAX_HEADER_VALUES, self->source, error);
  if (self->header == NULL)
    return FALSE;
  *data_size = ivl_bytes_reader_get_remaining (&reader);
  *data_section = text + n;
  return TRUE;
}

static gboolean
check_metadata (IvlSafetensors  *self,
                json_t          *metadata,
                GError         **error)
{
  IvlJsonScope scope = { self->source, "__metadata__", metadata };
  const char *key;
  json_t *value;

  if (!json_is_object (metadata))
    {
      IvlJsonScope top = { self->source, NULL, self->header };

      ivl_json_set_field_error (&top, "__metadata__", "an object", metadata, error);
      return FALSE;
    }
  json_object_foreach (metadata, key, value)
    if (!json_is_string (value))
      {
        ivl_json_set_field_error (&scope, key, "a string", value, error);
        return FALSE;
      }
  return TRUE;
}

static gboolean
read_sizes (const IvlJsonScope  *scope,
            const char          *field,
            guint                min_n,
            guint                max_n,
            guint64             *values,
            guint               *n_values,
            GError             **error)
{
  json_t *array = json_object_get (scope->object, field);
  g_autofree char *expected = NULL;
  json_t *value;
  gsize i;

  if (!json_is_array (array) || json_array_size (array) < min_n || json_array_size (array) > max_n)
    {
      expected = min_n == max_n ? g_strdup_printf ("an array of %u sizes", min_n)
                                : g_strdup_printf ("an array of at most %u sizes", max_n);
      ivl_json_set_field_error (scope, field, expected, array, error);
      return FALSE;
    }
  json_array_foreach (array, i, value)
    {
      if (!json_is_integer (value) || json_integer_value (value) < 0)
        {
          ivl_json_set_field_error (scope, field, "sizes of 0 or more", value, error);
          return FALSE;
        }
      values[i] = json_integer_value (value);
    }
  if (n_values != NULL)
    *n_values = json_array_size (array);
  return TRUE;
}

/* The bytes that shape and type need, which must be those of data_offsets and lie inside the
 * file. */
static gboolean
check_extent (IvlSafetensors  *self,
              const Entry     *entry,
              guint64          data_size,
              GError         **error)
{
  g_autofree char *shape = ivl_tensor_shape_to_string (&entry->tensor);
  const IvlDtypeInfo *info = ivl_dtype_get_info (entry->tensor.dtype);
  const gboolean knows_size = info->size > 0;
  guint64 n_bytes = knows_size ? info->size : 1;

  for (guint i = 0; i < entry->tensor.n_dims; i++)
    if (!ivl_checked_math_mul (n_bytes, entry->tensor.shape[i], &n_bytes))
      {
        g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                     "%s: tensor %s: shape %s does not fit 64 bits", self->source, entry->name,
                     shape);
        return FALSE;
      }
  if (entry->end < entry->begin || entry->end > data_size)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: tensor %s: data_offsets [%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT
                   "] outside of the file's %" G_GUINT64_FORMAT " bytes of data (an "
                   "incomplete download?)",
                   self->source, entry->name, entry->begin, entry->end, data_size);
      return FALSE;
    }
  if (knows_size && entry->end - entry->begin != n_bytes)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: tensor %s: %s %s needs %" G_GUINT64_FORMAT " bytes, data_offsets give %"
                   G_GUINT64_FORMAT, self->source, entry->name, info->safetensors, shape, n_bytes,
                   entry->end - entry->begin);
      return FALSE;
    }
  return TRUE;
}

/* Names end up in messages and in terminals, and those of every model so far are ASCII. */
static gboolean
check_name (IvlSafetensors  *self,
            const char      *name,
            GError         **error)
{
  gsize length = strlen (name);
  gsize n_printable = 0;

  while (g_ascii_isprint (name[n_printable]))
    n_printable++;
  if (length > 0 && length <= MAX_NAME_BYTES && n_printable == length)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
               "%s: a tensor's name of %" G_GSIZE_FORMAT " bytes, expected 1 to %d printable "
               "ASCII characters",
               self->source, length, MAX_NAME_BYTES);
  return FALSE;
}

static gboolean
read_entry (IvlSafetensors  *self,
            const char      *name,
            json_t          *object,
            const guint8    *data_section,
            guint64          data_size,
            Entry           *entry,
            GError         **error)
{
  IvlJsonScope scope = { self->source, name, object };
  const char *dtype = NULL;
  guint64 offsets[2];

  if (!check_name (self, name, error))
    return FALSE;
  if (!json_is_object (object) || json_object_size (object) != 3)
    {
      IvlJsonScope top = { self->source, NULL, self->header };

      ivl_json_set_field_error (&top, name, "an object of dtype, shape and data_offsets", object,
                                error);
      return FALSE;
    }
  entry->name = name;
  if (!read_sizes (&scope, "shape", 0, IVL_TENSOR_MAX_DIMS, entry->tensor.shape,
                   &entry->tensor.n_dims, error)
      || !read_sizes (&scope, "data_offsets", 2, 2, offsets, NULL, error)
      || !ivl_json_get_string (&scope, "dtype", 32, &dtype, error))
    return FALSE;
  if (dtype == NULL)
    {
      ivl_json_set_field_error (&scope, "dtype", "a type", NULL, error);
      return FALSE;
    }
  entry->tensor.dtype = ivl_dtype_from_safetensors (dtype);
  entry->begin = offsets[0];
  entry->end = offsets[1];
  if (!check_extent (self, entry, data_size, error))
    return FALSE;
  entry->tensor.data = data_section + entry->begin;
  entry->tensor.n_bytes = entry->end - entry->begin;
  return TRUE;
}

static int
compare_begin (gconstpointer a,
               gconstpointer b,
               gpointer      user_data)
{
  const Entry *left = a;
  const Entry *right = b;

  /* What is empty comes before what begins at the same byte. */
  if (left->begin == right->begin)
    return (left->end > right->end) - (left->end < right->end);
  return left->begin < right->begin ? -1 : 1;
}

static int
compare_name (gconstpointer a,
              gconstpointer b,
              gpointer      user_data)
{
  IvlSafetensors *self = user_data;

  return strcmp (self->entries[*(const guint *) a].name, self->entries[*(const guint *) b].name);
}

/* Entries are sorted by offset: each must begin where the one before ended. */
static gboolean
check_layout (IvlSafetensors  *self,
              const guint8    *data_section,
              guint64          data_size,
              GError         **error)
{
  guint64 end = 0;

  for (guint i = 0; i < self->n_entries; i++)
    {
      const Entry *entry = &self->entries[i];
      const IvlDtypeInfo *info = ivl_dtype_get_info (entry->tensor.dtype);

      if (entry->begin != end)
        {
          g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                       "%s: tensor %s begins at %" G_GUINT64_FORMAT ", expected %" G_GUINT64_FORMAT
                       " (where the tensor before it ends)", self->source, entry->name,
                       entry->begin, end);
          return FALSE;
        }
      end = entry->end;
      if (info->is_weight && (data_section - self->data + entry->begin) % info->size != 0)
        {
          g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                       "%s: tensor %s: its data at byte %" G_GUINT64_FORMAT " of the file is not "
                       "aligned to the %" G_GSIZE_FORMAT " bytes of an element: save the file "
                       "again with a current safetensors",
                       self->source, entry->name, data_section - self->data + entry->begin,
                       info->size);
          return FALSE;
        }
    }
  if (end != data_size)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: %" G_GUINT64_FORMAT " bytes follow the last tensor, expected none",
                   self->source,
                   data_size - end);
      return FALSE;
    }
  return TRUE;
}

static gboolean
allocate_entries (IvlSafetensors  *self,
                  gsize            n,
                  GError         **error)
{
  if (n > MAX_TENSORS)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: %" G_GSIZE_FORMAT " tensors, expected at most %d", self->source, n,
                   MAX_TENSORS);
      return FALSE;
    }
  self->entries = g_try_new0 (Entry, n);
  self->by_name = g_try_new0 (guint, n);
  if (n > 0 && (self->entries == NULL || self->by_name == NULL))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "%s: no memory for a list of %" G_GSIZE_FORMAT " tensors", self->source, n);
      return FALSE;
    }
  return TRUE;
}

/* Not with GLib, whose sorting ends the process where there is no memory for it. */
static void
sort_entries (IvlSafetensors *self)
{
  if (self->n_entries == 0)
    return;
  qsort_r (self->entries, self->n_entries, sizeof (Entry), compare_begin, NULL);
  for (guint i = 0; i < self->n_entries; i++)
    self->by_name[i] = i;
  qsort_r (self->by_name, self->n_entries, sizeof (guint), compare_name, self);
}

static gboolean
parse (IvlSafetensors  *self,
       GError         **error)
{
  const guint8 *data_section;
  guint64 data_size;
  const char *name;
  json_t *value;

  if (!read_header (self, &data_section, &data_size, error)
      || !allocate_entries (self, json_object_size (self->header), error))
    return FALSE;
  json_object_foreach (self->header, name, value)
    {
      if (g_str_equal (name, "__metadata__"))
        {
          if (!check_metadata (self, value, error))
            return FALSE;
        }
      else if (!read_entry (self, name, value, data_section, data_size,
                            &self->entries[self->n_entries],
                            error))
        return FALSE;
      else
        self->n_entries++;
    }
  sort_entries (self);
  return check_layout (self, data_section, data_size, error);
}

IvlSafetensors *
ivl_safetensors_open (const char  *path,
                      GError     **error)
{
  g_autoptr(IvlSafetensors) self = g_new0 (IvlSafetensors, 1);

  self->source = g_filename_display_name (path);
  self->file = ivl_mapped_file_open (path, error);
  if (self->file == NULL)
    return NULL;
  self->data = ivl_mapped_file_get_data (self->file);
  self->size = ivl_mapped_file_get_size (self->file);
  if (!parse (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

IvlSafetensors *
ivl_safetensors_open_data (const guint8  *data,
                           gsize          size,
                           const char    *source,
                           GError       **error)
{
  g_autoptr(IvlSafetensors) self = g_new0 (IvlSafetensors, 1);

  self->source = g_strdup (source);
  self->data = data;
  self->size = size;
  if (!parse (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
ivl_safetensors_free (IvlSafetensors *self)
{
  if (self == NULL)
    return;
  json_decref (self->header);
  g_clear_pointer (&self->file, ivl_mapped_file_unref);
  g_free (self->entries);
  g_free (self->by_name);
  g_free (self->source);
  g_free (self);
}

guint
ivl_safetensors_get_n_tensors (IvlSafetensors *self)
{
  return self->n_entries;
}

gsize
ivl_safetensors_get_n_bytes (IvlSafetensors *self)
{
  return self->size;
}

const char *
ivl_safetensors_get_tensor (IvlSafetensors *self,
                            guint           index,
                            IvlTensor      *tensor)
{
  g_return_val_if_fail (index < self->n_entries, NULL);

  if (tensor != NULL)
    *tensor = self->entries[index].tensor;
  return self->entries[index].name;
}

gboolean
ivl_safetensors_lookup (IvlSafetensors *self,
                        const char     *name,
                        IvlTensor      *tensor)
{
  guint low = 0;
  guint high = self->n_entries;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      const Entry *entry = &self->entries[self->by_name[middle]];
      int order = strcmp (name, entry->name);

      if (order == 0)
        {
          if (tensor != NULL)
            *tensor = entry->tensor;
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
ivl_safetensors_check (IvlSafetensors  *self,
                       GError         **error)
{
  return self->file == NULL || ivl_mapped_file_check (self->file, error);
}
