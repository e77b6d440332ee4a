/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pictures for tests, with XMP packets of the test's choice in them.
 */
#include "temp-pictures.h"

#include "metadata/ivl-xmp-file.h"
#include "metadata/ivl-xmp-jpeg.h"
#include "metadata/ivl-xmp-png.h"
#include "metadata/ivl-xmp-tiff.h"
#include "metadata/ivl-xmp-webp.h"
#include "temp-files.h"

#include <string.h>

GBytes *
temp_pictures_read_golden (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "images", name, NULL);
  g_autoptr (GError) error = NULL;
  char *contents;
  gsize size;

  g_file_get_contents (path, &contents, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (contents, size);
}

char *
temp_pictures_copy (const char *folder,
                    const char *name)
{
  g_autoptr (GBytes) bytes = temp_pictures_read_golden (name);

  return temp_files_write (folder, name, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

char *
temp_pictures_copy_with_packet (const char *folder,
                                const char *name,
                                const char *xml,
                                gssize      size)
{
  g_autoptr (GBytes) bytes = temp_pictures_read_golden (name);
  g_autoptr (GBytes) packet = g_bytes_new (xml, size < 0 ? strlen (xml) : (gsize) size);
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  g_autoptr (GPtrArray) pieces = NULL;
  g_autoptr (GByteArray) joined = g_byte_array_new ();
  g_autoptr (GError) error = NULL;

  if (g_str_has_suffix (name, ".jpg"))
    pieces = ivl_xmp_jpeg_put (bytes, packet, NULL, NULL, &error);
  else if (g_str_has_suffix (name, ".png"))
    pieces = ivl_xmp_png_put (bytes, packet, none, &error);
  else if (g_str_has_suffix (name, ".tiff"))
    pieces = ivl_xmp_tiff_put (bytes, packet, &error);
  else
    pieces = ivl_xmp_webp_put (bytes, packet, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < pieces->len; i++)
    g_byte_array_append (joined, g_bytes_get_data (pieces->pdata[i], NULL),
                         g_bytes_get_size (pieces->pdata[i]));
  return temp_files_write (folder, name, joined->data, joined->len);
}

GBytes *
temp_pictures_read (const char *path)
{
  g_autoptr (GError) error = NULL;
  char *contents;
  gsize size;

  g_file_get_contents (path, &contents, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (contents, size);
}

/* A file's only packet */
static GBytes *
read_packet (const char *path)
{
  g_autoptr (GBytes) bytes = temp_pictures_read (path);
  g_auto (IvlXmpFile) file = { 0 };
  g_autoptr (GError) error = NULL;

  ivl_xmp_file_read (&file, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (file.place.n_packets, ==, 1);
  return g_bytes_ref (file.place.packet);
}

void
temp_pictures_assert_packet (const char *path,
                             const char *wanted)
{
  g_autoptr (GBytes) packet = read_packet (path);
  g_autofree char *found = g_strndup (g_bytes_get_data (packet, NULL), g_bytes_get_size (packet));

  g_assert_cmpstr (g_strchomp (found), ==, wanted);
}
