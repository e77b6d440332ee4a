/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The checked reader: values, bounds, and that a refused read changes nothing. */
#include "util/ivl-bytes-reader.h"

#include "util/ivl-checked-math.h"

static void
test_numbers (void)
{
  static const guint8 data[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x8f };
  IvlBytesReader reader;
  guint8 u8;
  guint16 u16;
  guint32 u32;
  guint64 u64;

  ivl_bytes_reader_init (&reader, data, sizeof data);
  g_assert_true (ivl_bytes_reader_read_u8 (&reader, &u8));
  g_assert_cmphex (u8, ==, 0x01);
  g_assert_true (ivl_bytes_reader_read_u16 (&reader, &u16));
  g_assert_cmphex (u16, ==, 0x0302);
  g_assert_true (ivl_bytes_reader_read_u32 (&reader, &u32));
  g_assert_cmphex (u32, ==, 0x07060504);
  g_assert_true (ivl_bytes_reader_read_u64 (&reader, &u64));
  g_assert_cmphex (u64, ==, G_GUINT64_CONSTANT (0x8f0e0d0c0b0a0908));
  g_assert_cmpuint (ivl_bytes_reader_get_remaining (&reader), ==, 0);
  u8 = 77;
  g_assert_false (ivl_bytes_reader_read_u8 (&reader, &u8));
  g_assert_cmpuint (u8, ==, 77);
}

static void
test_bounds (void)
{
  static const guint8 data[7] = { 0 };
  static const guint64 too_many[] = { 8, G_MAXUINT32, G_MAXINT64, G_MAXUINT64 - 1, G_MAXUINT64 };
  const guint8 *bytes = NULL;
  IvlBytesReader reader;
  guint64 u64 = 5;

  ivl_bytes_reader_init (&reader, data, sizeof data);
  g_assert_false (ivl_bytes_reader_read_u64 (&reader, &u64));
  g_assert_true (ivl_bytes_reader_skip (&reader, 3));
  for (guint i = 0; i < G_N_ELEMENTS (too_many); i++)
    {
      g_assert_false (ivl_bytes_reader_skip (&reader, too_many[i]));
      g_assert_false (ivl_bytes_reader_read_bytes (&reader, too_many[i], &bytes));
    }
  g_assert_null (bytes);
  g_assert_cmpuint (ivl_bytes_reader_get_remaining (&reader), ==, 4);
  g_assert_true (ivl_bytes_reader_read_bytes (&reader, 4, &bytes));
  g_assert_true (bytes == data + 3);
}

static void
test_varint (void)
{
  static const struct
  {
    guint8   bytes[11];
    guint    size;
    gboolean good;
    guint64  value;
  } cases[] = {
    { { 0x00 }, 1, TRUE, 0 },
    { { 0x7f }, 1, TRUE, 127 },
    { { 0xac, 0x02 }, 2, TRUE, 300 },
    { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 }, 10, TRUE, G_MAXUINT64 },
    { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02 }, 10, FALSE, 0 },
    { { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00 }, 11, FALSE, 0 },
    { { 0x80 }, 1, FALSE, 0 },
    { { 0 }, 0, FALSE, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      IvlBytesReader reader;
      guint64 value = 1;

      ivl_bytes_reader_init (&reader, cases[i].bytes, cases[i].size);
      g_assert_cmpint (ivl_bytes_reader_read_varint (&reader, &value), ==, cases[i].good);
      if (cases[i].good)
        g_assert_cmpuint (value, ==, cases[i].value);
      g_assert_cmpuint (ivl_bytes_reader_get_remaining (&reader), ==,
                        cases[i].good ? 0 : cases[i].size);
    }
}

static void
test_checked_math (void)
{
  guint64 result;

  g_assert_true (ivl_checked_math_add (G_MAXUINT64 - 1, 1, &result));
  g_assert_cmpuint (result, ==, G_MAXUINT64);
  g_assert_false (ivl_checked_math_add (G_MAXUINT64, 1, &result));
  g_assert_true (ivl_checked_math_mul (G_MAXUINT32, G_MAXUINT32, &result));
  g_assert_false (ivl_checked_math_mul (G_GUINT64_CONSTANT (1) << 32, G_GUINT64_CONSTANT (1) << 32,
                                        &result));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bytes-reader/numbers", test_numbers);
  g_test_add_func ("/bytes-reader/bounds", test_bounds);
  g_test_add_func ("/bytes-reader/varint", test_varint);
  g_test_add_func ("/checked-math", test_checked_math);
  return g_test_run ();
}
