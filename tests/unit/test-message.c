/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Messages keep their parts in order and own them.
 */
#include <libivl/ivl-message.h>

static IvlImage *
new_image (void)
{
  static const guint8 pixel[3] = { 1, 2, 3 };
  g_autoptr (GBytes) bytes = g_bytes_new_static (pixel, sizeof pixel);
  g_autoptr (GError) error = NULL;
  IvlImage *image = ivl_image_new_from_pixels (1, 1, 3, bytes, &error);

  g_assert_no_error (error);
  return image;
}

static void
test_parts (void)
{
  g_autoptr (IvlMessage) message = ivl_message_new (IVL_ROLE_ASSISTANT);
  IvlImage *image = new_image ();
  gpointer watched = image;

  g_assert_cmpint (ivl_message_get_role (message), ==, IVL_ROLE_ASSISTANT);
  g_assert_cmpuint (ivl_message_get_n_parts (message), ==, 0);

  g_object_add_weak_pointer (G_OBJECT (image), &watched);
  ivl_message_add_image (message, image);
  g_object_unref (image);
  ivl_message_add_prompt (message, "<ref>");
  ivl_message_add_text (message, "<|im_end|>");
  ivl_message_add_text (message, "");

  g_assert_cmpuint (ivl_message_get_n_parts (message), ==, 4);
  g_assert_cmpint (ivl_message_get_part_kind (message, 0), ==, IVL_PART_IMAGE);
  g_assert_true (ivl_message_get_part_image (message, 0) == watched && watched != NULL);
  g_assert_null (ivl_message_get_part_text (message, 0));
  g_assert_cmpint (ivl_message_get_part_kind (message, 1), ==, IVL_PART_PROMPT);
  g_assert_cmpstr (ivl_message_get_part_text (message, 1), ==, "<ref>");
  g_assert_null (ivl_message_get_part_image (message, 1));
  g_assert_cmpint (ivl_message_get_part_kind (message, 2), ==, IVL_PART_TEXT);
  g_assert_cmpstr (ivl_message_get_part_text (message, 2), ==, "<|im_end|>");
  g_assert_cmpstr (ivl_message_get_part_text (message, 3), ==, "");

  g_clear_object (&message);
  g_assert_null (watched);
}

static void
test_invalid_utf8 (void)
{
  g_autoptr (IvlMessage) message = ivl_message_new (IVL_ROLE_USER);

  ivl_message_add_text (message, "a\xff" "b");
  ivl_message_add_prompt (message, "\xc3");
  g_assert_cmpstr (ivl_message_get_part_text (message, 0), ==, "a\xef\xbf\xbd" "b");
  g_assert_cmpstr (ivl_message_get_part_text (message, 1), ==, "\xef\xbf\xbd");
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/message/parts", test_parts);
  g_test_add_func ("/message/invalid-utf8", test_invalid_utf8);
  return g_test_run ();
}
