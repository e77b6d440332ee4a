/* SPDX-License-Identifier: LGPL-2.1-or-later
 * XMP packets and the files around them: whatever can be read takes new texts, and has them then.
 * An input that begins with '<' is a packet, any other a picture file. */
#include "metadata/ivl-xmp-file.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "fuzz-target.h"

static void
check_error (const GError *error)
{
  g_assert_nonnull (error);
  g_assert_true (error->domain == IVL_ERROR);
}

static void
run_packet (const char *xml,
            gsize       size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlXmpPacket) packet = ivl_xmp_packet_parse (xml, size, &error);
  g_autoptr (IvlXmpPacket) again = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autofree char *text = NULL;
  g_autofree char *rest = NULL;

  if (packet == NULL)
    {
      check_error (error);
      return;
    }
  text = ivl_xmp_packet_get_text (packet, IVL_XMP_TEXT_CAPTION, NULL);
  g_clear_pointer (&text, g_free);
  if (!ivl_xmp_packet_set_text (packet, IVL_XMP_TEXT_ALT, "new\ntext", "de", &error))
    {
      check_error (error);
      return;
    }
  rest = ivl_xmp_packet_dump_rest (packet, NULL);
  bytes = ivl_xmp_packet_serialize (packet, FALSE, &error);
  if (bytes == NULL)
    {
      check_error (error);
      return;
    }
  again = ivl_xmp_packet_parse (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error);
  if (again == NULL)
    {
      check_error (error);
      return;
    }
  text = ivl_xmp_packet_get_text (again, IVL_XMP_TEXT_ALT, NULL);
  g_assert_cmpstr (text, ==, "new\ntext");
}

static GBytes *
join (GPtrArray *pieces)
{
  GByteArray *joined = g_byte_array_new ();

  for (guint i = 0; i < pieces->len; i++)
    g_byte_array_append (joined, g_bytes_get_data (pieces->pdata[i], NULL),
                         g_bytes_get_size (pieces->pdata[i]));
  return g_byte_array_free_to_bytes (joined);
}

static void
run_file (const guint8 *data,
          gsize         size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) file = g_bytes_new_static (data, size);
  g_autoptr (GBytes) written = NULL;
  g_autoptr (GPtrArray) pieces = NULL;
  g_auto (IvlXmpFile) before = { 0 };
  g_auto (IvlXmpFile) after = { 0 };
  g_autofree char *text = NULL;

  if (!ivl_xmp_file_read (&before, data, size, &error))
    {
      check_error (error);
      return;
    }
  /* exempi cannot write everything that it reads: names of namespaces with an ampersand, say. */
  if (!ivl_xmp_file_compare (&before, data, &before, data, &error))
    {
      check_error (error);
      return;
    }
  if (ivl_xmp_file_set_text (&before, IVL_XMP_TEXT_LONG, "new\ntext", "de", &error))
    pieces = ivl_xmp_file_put (&before, file, &error);
  if (pieces == NULL)
    {
      check_error (error);
      return;
    }
  written = join (pieces);
  if (!ivl_xmp_file_read (&after, g_bytes_get_data (written, NULL), g_bytes_get_size (written),
                          &error))
    {
      check_error (error);
      return;
    }
  if (!ivl_xmp_file_compare (&before, data, &after, g_bytes_get_data (written, NULL), &error))
    check_error (error);
  /* In a TIFF file whose parts lie over each other the text may be overwritten again. */
  text = ivl_xmp_file_get_text (&after, IVL_XMP_TEXT_LONG, NULL);
  if (before.format != IVL_XMP_FILE_TIFF)
    g_assert_cmpstr (text, ==, "new\ntext");
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  if (size > 0 && data[0] == '<')
    run_packet ((const char *) data, size);
  else
    run_file (data, size);
  return 0;
}
