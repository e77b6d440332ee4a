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

static GPtrArray *
make_texts (GPtrArray *old)
{
  return ivl_xmp_text_list_replace (old, "new\n<text> & \"more\"", "de");
}

static void
assert_equal (GPtrArray *found,
              GPtrArray *wanted)
{
  g_assert_true (ivl_xmp_text_list_equal (found, wanted));
}

/* Puts a text in, takes it out again: nothing else may change, be it only a byte. */
static void
run_packet (const char *xml,
            gsize       size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlXmpPacket) packet = ivl_xmp_packet_parse (xml, size, &error);
  g_autoptr (IvlXmpPacket) again = NULL;
  g_autoptr (GPtrArray) old = NULL;
  g_autoptr (GPtrArray) texts = NULL;
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (GPtrArray) none = ivl_xmp_text_list_new ();
  g_autoptr (GString) rest = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (packet == NULL)
    {
      check_error (error);
      return;
    }
  rest = g_string_new_len (ivl_xmp_packet_get_rest (packet)->str,
                           ivl_xmp_packet_get_rest (packet)->len);
  old = ivl_xmp_packet_list_texts (packet, IVL_XMP_TEXT_ALT);
  texts = make_texts (old);
  if (!ivl_xmp_packet_set_texts (packet, IVL_XMP_TEXT_ALT, texts, &error))
    {
      check_error (error);
      return;
    }
  g_assert_true (g_string_equal (rest, ivl_xmp_packet_get_rest (packet)));
  bytes = ivl_xmp_packet_serialize (packet);
  again = ivl_xmp_packet_parse (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &error);
  g_assert_no_error (error);
  found = ivl_xmp_packet_list_texts (again, IVL_XMP_TEXT_ALT);
  assert_equal (found, texts);
  g_assert_true (g_string_equal (rest, ivl_xmp_packet_get_rest (again)));
  g_assert_true (ivl_xmp_packet_set_texts (again, IVL_XMP_TEXT_ALT, none, NULL));
  g_assert_false (ivl_xmp_packet_has_text (again, IVL_XMP_TEXT_ALT));
  g_assert_true (g_string_equal (rest, ivl_xmp_packet_get_rest (again)));
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
  g_autoptr (GPtrArray) old = NULL;
  g_autoptr (GPtrArray) texts = NULL;
  g_autoptr (GPtrArray) found = NULL;
  g_auto (IvlXmpFile) changed = { 0 };
  gboolean is_same;

  if (!ivl_xmp_file_read (&before, data, size, &error)
      || !ivl_xmp_file_read (&changed, data, size, &error))
    {
      check_error (error);
      return;
    }
  g_assert_true (ivl_xmp_file_compare (&before, data, &changed, data, NULL));
  old = ivl_xmp_file_list_texts (&before, IVL_XMP_TEXT_LONG);
  texts = make_texts (old);
  if (ivl_xmp_file_set_texts (&changed, IVL_XMP_TEXT_LONG, texts, &error))
    pieces = ivl_xmp_file_put (&changed, file, &error);
  if (pieces == NULL)
    {
      check_error (error);
      return;
    }
  written = join (pieces);
  /* In a TIFF file whose parts lie over each other, one write may undo another: the comparison is
   * there to see it. In all other files nothing but the text is changed. */
  if (!ivl_xmp_file_read (&after, g_bytes_get_data (written, NULL), g_bytes_get_size (written),
                          &error))
    {
      check_error (error);
      g_assert_true (before.format == IVL_XMP_FILE_TIFF);
      return;
    }
  is_same = ivl_xmp_file_compare (&before, data, &after, g_bytes_get_data (written, NULL), &error);
  found = ivl_xmp_file_list_texts (&after, IVL_XMP_TEXT_LONG);
  if (before.format == IVL_XMP_FILE_TIFF)
    return;
  g_assert_no_error (error);
  g_assert_true (is_same);
  assert_equal (found, texts);
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
