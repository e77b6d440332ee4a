/* SPDX-License-Identifier: LGPL-2.1-or-later
 * TIFF directories, whole and damaged: what is read, what is refused and why. */
#include <libivl/ivl-error.h>
#include <string.h>

#include "util/ivl-tiff-directory.h"

enum
{
  TAG_WIDTH = 256,
  TAG_BITS = 258,
  TYPE_SHORT = 3,
  TYPE_LONG = 4,
};

/* A file under construction: a header, then one directory after another. */
typedef struct
{
  IvlTiff     order; /* byte order for put16 and put32 */
  GByteArray *bytes;
} File;

static void
file_add16 (File  *file,
            guint  value)
{
  guint8 p[2];

  ivl_tiff_put16 (&file->order, p, value);
  g_byte_array_append (file->bytes, p, 2);
}

static void
file_add32 (File    *file,
            guint32  value)
{
  guint8 p[4];

  ivl_tiff_put32 (&file->order, p, value);
  g_byte_array_append (file->bytes, p, 4);
}

static void
file_init (File     *file,
           gboolean  big_endian)
{
  file->order = (IvlTiff) { .big_endian = big_endian };
  file->bytes = g_byte_array_new ();
  g_byte_array_append (file->bytes, (const guint8 *) (big_endian ? "MM" : "II"), 2);
  file_add16 (file, 42);
  file_add32 (file, 8);
}

/* An entry of one value, left in its place as TIFF asks. */
static void
file_add_entry (File    *file,
                guint    tag,
                guint    type,
                guint32  count,
                guint32  value)
{
  file_add16 (file, tag);
  file_add16 (file, type);
  file_add32 (file, count);
  if (type == TYPE_SHORT && count == 1)
    {
      file_add16 (file, value);
      file_add16 (file, 0);
    }
  else
    file_add32 (file, value);
}

static void
file_clear (File *file)
{
  g_byte_array_unref (file->bytes);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (File, file_clear)

/* A copy of exactly that size, so that a read outside is found. */
static guint8 *
file_copy (const File *file,
           gsize       size)
{
  return g_memdup2 (file->bytes->data, size);
}

static void
assert_damaged (GError     *error,
                const char *why)
{
  g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
  if (strstr (error->message, why) == NULL)
    g_error ("\"%s\" does not say \"%s\"", error->message, why);
}

static void
check_values (gboolean big_endian)
{
  g_auto (File) file = { 0 };
  g_autofree guint8 *data = NULL;
  g_autoptr (GError) error = NULL;
  IvlTiffDirectory directory;
  IvlTiffEntry entry;
  guint32 value = 7;
  IvlTiff tiff;

  file_init (&file, big_endian);
  file_add16 (&file, 3);
  /* Unsorted, which libtiff reads all the same. */
  file_add_entry (&file, TAG_BITS, TYPE_SHORT, 3, 8 + 2 + 3 * 12 + 4);
  file_add_entry (&file, TAG_WIDTH, TYPE_SHORT, 1, 0x1234);
  file_add_entry (&file, 278, TYPE_LONG, 1, 0xfedcba98);
  file_add32 (&file, 0);
  for (guint i = 0; i < 3; i++)
    file_add16 (&file, 0x100 + i);
  data = file_copy (&file, file.bytes->len);

  g_assert_true (ivl_tiff_init (&tiff, data, file.bytes->len, &error));
  g_assert_true (ivl_tiff_read_directory (&tiff, tiff.first, &directory, &error));
  g_assert_cmpuint (directory.n_entries, ==, 3);
  g_assert_cmpuint (directory.next, ==, 0);
  g_assert_true (ivl_tiff_directory_check_tags (&directory, &error));
  g_assert_true (ivl_tiff_directory_get_number (&directory, 277, &value, &error));
  g_assert_cmpuint (value, ==, 7);
  g_assert_true (ivl_tiff_directory_get_number (&directory, TAG_WIDTH, &value, &error));
  g_assert_cmpuint (value, ==, 0x1234);
  g_assert_true (ivl_tiff_directory_get_number (&directory, 278, &value, &error));
  g_assert_cmpuint (value, ==, 0xfedcba98);
  g_assert_false (ivl_tiff_directory_get_number (&directory, TAG_BITS, &value, &error));
  assert_damaged (error, "tag 258 does not have one value");
  g_clear_error (&error);
  g_assert_true (ivl_tiff_directory_find (&directory, TAG_BITS, &entry, &error));
  g_assert_cmpuint (entry.size, ==, 6);
  g_assert_cmpuint (entry.at, ==, 10);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (ivl_tiff_entry_get (&entry, &tiff, i), ==, 0x100 + i);
  g_assert_false (ivl_tiff_directory_find (&directory, 999, &entry, &error));
  g_assert_no_error (error);
}

static void
test_values (void)
{
  check_values (FALSE);
  check_values (TRUE);
}

/* Every integer type that libtiff takes for a size: only two of them are TIFF's. */
static void
test_types (void)
{
  for (guint type = 0; type <= 20; type++)
    {
      g_auto (File) file = { 0 };
      g_autoptr (GError) error = NULL;
      g_autofree guint8 *data = NULL;
      IvlTiffDirectory directory;
      guint32 value = 0;
      IvlTiff tiff;

      file_init (&file, FALSE);
      file_add16 (&file, 1);
      file_add_entry (&file, TAG_WIDTH, type, 1, 10);
      file_add32 (&file, 0);
      file_add32 (&file, 0);
      data = file_copy (&file, file.bytes->len);
      g_assert_true (ivl_tiff_init (&tiff, data, file.bytes->len, &error));
      g_assert_true (ivl_tiff_read_directory (&tiff, tiff.first, &directory, &error));
      if (ivl_tiff_directory_get_number (&directory, TAG_WIDTH, &value, &error))
        g_assert_true (type == TYPE_SHORT || type == TYPE_LONG);
      else
        assert_damaged (error, "tag 256 has a type other than SHORT and LONG");
      g_assert_true ((value == 10) == (type == TYPE_SHORT || type == TYPE_LONG));
    }
}

static void
test_equal_tags (void)
{
  static const guint rows[][4] = { { 256, 256, 257, 258 }, { 256, 257, 258, 256 },
                                   { 0, 1, 65535, 0 },     { 65535, 1, 2, 65535 },
                                   { 322, 323, 322, 323 }, { 700, 700, 700, 700 } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (File) file = { 0 };
      g_autoptr (GError) error = NULL;
      IvlTiffDirectory directory;
      IvlTiffEntry entry;
      IvlTiff tiff;

      file_init (&file, i % 2);
      file_add16 (&file, 4);
      for (guint j = 0; j < 4; j++)
        file_add_entry (&file, rows[i][j], TYPE_SHORT, 1, j);
      file_add32 (&file, 0);
      g_assert_true (ivl_tiff_init (&tiff, file.bytes->data, file.bytes->len, &error));
      g_assert_true (ivl_tiff_read_directory (&tiff, tiff.first, &directory, &error));
      g_assert_false (ivl_tiff_directory_check_tags (&directory, &error));
      assert_damaged (error, "is there twice");
      g_clear_error (&error);
      g_assert_false (ivl_tiff_directory_find (&directory, rows[i][0], &entry, &error));
      assert_damaged (error, "is there twice");
    }
}

/* A value outside is told when it is asked for, and only then. */
static void
test_values_outside (void)
{
  static const struct
  {
    guint   type;
    guint32 count;
    guint32 offset;
  } rows[] = { { 3, 3, 0xfffffff0 }, { 3, 0xffffffff, 8 },  { 4, 0x40000001, 8 },
               { 12, 1, 0xffffffff }, { 5, 0x20000000, 0 }, { 2, 19, 8 } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (File) file = { 0 };
      g_autoptr (GError) error = NULL;
      g_autofree guint8 *data = NULL;
      IvlTiffDirectory directory;
      IvlTiffEntry entry;
      IvlTiff tiff;

      file_init (&file, FALSE);
      file_add16 (&file, 1);
      file_add_entry (&file, 305, rows[i].type, rows[i].count, rows[i].offset);
      file_add32 (&file, 0);
      g_assert_cmpuint (file.bytes->len, ==, 26);
      data = file_copy (&file, 26);
      g_assert_true (ivl_tiff_init (&tiff, data, 26, &error));
      g_assert_true (ivl_tiff_read_directory (&tiff, tiff.first, &directory, &error));
      g_assert_false (ivl_tiff_directory_find (&directory, 305, &entry, &error));
      assert_damaged (error, "reaches over its end");
    }
}

/* Cut anywhere, a file of one directory is refused, or is as it was. */
static void
test_cut (void)
{
  g_auto (File) file = { 0 };

  file_init (&file, FALSE);
  file_add16 (&file, 2);
  file_add_entry (&file, 256, TYPE_SHORT, 1, 1);
  file_add_entry (&file, 257, TYPE_SHORT, 1, 1);
  file_add32 (&file, 0);
  for (gsize n = 0; n <= file.bytes->len; n++)
    {
      g_autofree guint8 *data = file_copy (&file, n);
      g_autoptr (GError) error = NULL;
      IvlTiffDirectory directory;
      IvlTiff tiff;

      if (ivl_tiff_init (&tiff, data, n, &error)
          && ivl_tiff_read_directory (&tiff, tiff.first, &directory, &error))
        g_assert_cmpuint (n, >=, 8 + 2 + 24); /* the next one's offset may be missing */
      else
        {
          g_assert_cmpuint (n, <, 8 + 2 + 24);
          g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
        }
    }
}

static void
test_headers (void)
{
  static const struct
  {
    const char *data;
    const char *why;
  } rows[] = {
    { "II+\0\010\0\0\0", "BigTIFF" },         { "MM\0+\0\010\0\0", "BigTIFF" },
    { "II\0*\010\0\0\0", "does not begin" },  { "MM*\0\0\0\0\010", "does not begin" },
    { "IM*\0\010\0\0\0", "does not begin" },  { "IIII\010\0\0\0", "does not begin" },
    { "II*\0\0\0\0\0", "outside" },           { "II*\0\007\0\0\0", "outside" },
    { "II*\0\010\0\0\0", "outside" },         { "II*\0\377\377\377\377", "outside" },
    { "MM\0*\377\377\377\376", "outside" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const IvlError want = i < 2 ? IVL_ERROR_UNSUPPORTED : IVL_ERROR_INVALID_DATA;
      g_autofree guint8 *data = g_memdup2 (rows[i].data, 8);
      g_autoptr (GError) error = NULL;
      IvlTiffDirectory directory;
      IvlTiff tiff;

      g_assert_false (ivl_tiff_init (&tiff, data, 8, &error)
                      && ivl_tiff_read_directory (&tiff, tiff.first, &directory, &error));
      g_assert_error (error, IVL_ERROR, want);
      g_assert_nonnull (strstr (error->message, rows[i].why));
    }
}

/* n directories without entries, each 6 bytes, the last one followed by the one at `back`. */
static guint
walk_chain (guint    n,
            guint32  back,
            guint32  extra,
            GError **error)
{
  g_auto (File) file = { 0 };
  g_auto (IvlTiffWalk) walk = { 0 };
  IvlTiffDirectory directory;
  guint n_met = 0;
  IvlTiff tiff;

  file_init (&file, FALSE);
  for (guint i = 0; i < n; i++)
    {
      file_add16 (&file, 0);
      file_add32 (&file, i + 1 < n ? 8 + (i + 1) * 6 : back);
    }
  g_assert_true (ivl_tiff_init (&tiff, file.bytes->data, file.bytes->len, NULL));
  if (!ivl_tiff_walk_init (&walk, &tiff, error)
      || (extra != 0 && !ivl_tiff_walk_add (&walk, extra, error)))
    return 0;
  while (ivl_tiff_walk_next (&walk, &directory, error))
    n_met++;
  return n_met;
}

static void
test_walk (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (walk_chain (3, 0, 0, &error), ==, 3);
  g_assert_no_error (error);
  g_assert_cmpuint (walk_chain (IVL_TIFF_MAX_DIRECTORIES, 0, 0, &error), ==,
                    IVL_TIFF_MAX_DIRECTORIES);
  g_assert_no_error (error);
  walk_chain (1, 8, 0, &error); /* its own next */
  assert_damaged (error, "circle");
  g_clear_error (&error);
  walk_chain (5, 14, 0, &error);
  assert_damaged (error, "circle");
  g_clear_error (&error);
  walk_chain (3, 0, 14, &error); /* a SubIFD that stands in the chain too */
  assert_damaged (error, "circle");
  g_clear_error (&error);
  walk_chain (IVL_TIFF_MAX_DIRECTORIES + 1, 0, 0, &error);
  assert_damaged (error, "too many directories");
  g_clear_error (&error);
  walk_chain (3, 0x7fffffff, 0, &error);
  assert_damaged (error, "outside");
}

/* Directories of many entries that lie over each other: 65,535 entries each from few bytes. */
static void
test_walk_entries (void)
{
  const gsize size = 8 + 64 + 65535 * 12;
  g_autofree guint8 *data = g_malloc0 (size);
  g_auto (IvlTiffWalk) walk = { 0 };
  g_autoptr (GError) error = NULL;
  IvlTiffDirectory directory;
  IvlTiff tiff;

  memset (data + 8, 0xff, 64);
  memcpy (data, "II*\0\010\0\0\0", 8);
  g_assert_true (ivl_tiff_init (&tiff, data, size, &error));
  g_assert_true (ivl_tiff_walk_init (&walk, &tiff, &error));
  for (guint i = 1; i < 60; i++)
    g_assert_true (ivl_tiff_walk_add (&walk, 8 + i, &error));
  while (ivl_tiff_walk_next (&walk, &directory, &error))
    continue;
  assert_damaged (error, "too many entries");
  g_assert_cmpuint (walk.n_done, ==, IVL_TIFF_MAX_ENTRIES / 65535 + 1);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tiff-directory/values", test_values);
  g_test_add_func ("/tiff-directory/types", test_types);
  g_test_add_func ("/tiff-directory/equal-tags", test_equal_tags);
  g_test_add_func ("/tiff-directory/values-outside", test_values_outside);
  g_test_add_func ("/tiff-directory/cut", test_cut);
  g_test_add_func ("/tiff-directory/headers", test_headers);
  g_test_add_func ("/tiff-directory/walk", test_walk);
  g_test_add_func ("/tiff-directory/walk-entries", test_walk_entries);
  return g_test_run ();
}
