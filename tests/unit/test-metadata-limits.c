/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What must not come out of writing texts into picture files: traces of the old ones, files that
 * others cannot read, a changed picture, memory that a damaged file decides over. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <libivl/ivl-metadata.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "metadata/ivl-xmp-file.h"
#include "metadata/ivl-xmp-webp.h"
#include "temp-files.h"
#include "temp-pictures.h"

#define OLD_TEXT "Four old words here"

#define PACKET                                                                                     \
  "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF "                                                  \
  "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about='' "         \
  "xmlns:i='http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/' "                                         \
  "xmlns:n='http://ns.adobe.com/xmp/note/'>%s<i:AltTextAccessibility><rdf:Alt>"                    \
  "<rdf:li xml:lang='x-default'>" OLD_TEXT "</rdf:li></rdf:Alt></i:AltTextAccessibility>"          \
  "</rdf:Description></rdf:RDF></x:xmpmeta>"

#define LONG_TEXT "A text with more bytes than the whole of what was there before had room for"

enum
{
  MEBIBYTE = 1024 * 1024,
  TIFF_START = 16,    /* before the first part */
  ENTRY_SIZE = 12,    /* of a TIFF directory */
  N_PIXELS = 4 * 4,   /* of make_tiff(), a byte each */
  TAG_XMP = 700,
  TYPE_ASCII = 2,
  TYPE_BYTE = 1,
  TYPE_LONG = 4,
};

static char *
make_packet (void)
{
  return g_strdup_printf (PACKET, "");
}

static gboolean
write_alt_text (const char  *path,
                const char  *text,
                GError     **error)
{
  g_autoptr (IvlMetadata) texts = ivl_metadata_new ();

  ivl_metadata_set_alt_text (texts, text);
  return ivl_metadata_write_file (texts, path, NULL, error);
}

static void
assert_alt_text (const char *path,
                 const char *wanted)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlMetadata) texts = ivl_metadata_read_file (path, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (ivl_metadata_get_alt_text (texts), ==, wanted);
}

/* Writing fails with these words, and not a byte of the file changes. */
static void
assert_refused (const char *path,
                int         code,
                const char *words)
{
  g_autoptr (GBytes) before = temp_pictures_read (path);
  g_autoptr (GBytes) after = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_false (write_alt_text (path, "new", &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, IVL_ERROR, code);
  g_assert_nonnull (strstr (error->message, words));
  after = temp_pictures_read (path);
  g_assert_true (g_bytes_equal (before, after));
}

/* -------------------------------------------------------------------------------- TIFF files */

/* A gray picture of 4 x 4, little-endian: start, parts in front, directory, parts behind, tail. */
typedef struct
{
  const char *packet;     /* (nullable) */
  gboolean    is_behind;  /* the packet, behind the directory */
  gsize       n_gap;      /* bytes before the packet */
  gsize       n_tail;     /* bytes after everything */
  const char *pixels_in;  /* (nullable): the pixels are these bytes of the packet, and no size is
                             told */
  const char *make;       /* (nullable): the camera's */
  guint32     raw;        /* what the pixels of a sub-directory mean; 0: there is none */
  gboolean    is_dng;
  gboolean    is_cr2;
} Tiff;

static void
append16 (GByteArray *file,
          guint       value)
{
  const guint8 bytes[2] = { value, value >> 8 };

  g_byte_array_append (file, bytes, sizeof bytes);
}

static void
append32 (GByteArray *file,
          guint32     value)
{
  append16 (file, value & 0xffff);
  append16 (file, value >> 16);
}

static guint32
get32 (GBytes *file,
       gsize   at)
{
  const guint8 *p = (const guint8 *) g_bytes_get_data (file, NULL) + at;

  g_assert_cmpuint (at + 4, <=, g_bytes_get_size (file));
  return (guint32) p[3] << 24 | (guint32) p[2] << 16 | (guint32) p[1] << 8 | p[0];
}

/* In the order of the calls; a missing one has the count 0. */
static void
append_entry (GByteArray *entries,
              guint       tag,
              guint       type,
              guint32     count,
              guint32     value)
{
  if (count == 0)
    return;
  append16 (entries, tag);
  append16 (entries, type);
  append32 (entries, count);
  append32 (entries, value);
}

static void
append_zeros (GByteArray *file,
              gsize       n)
{
  const guint8 zero = 0;

  while (n-- > 0)
    g_byte_array_append (file, &zero, 1);
}

static gsize
append_part (GByteArray *file,
             const char *part)
{
  const gsize at = file->len;

  if (part != NULL)
    g_byte_array_append (file, (const guint8 *) part, strlen (part));
  return at;
}

static guint
count_entries (const Tiff *tiff)
{
  return 8 + (tiff->pixels_in == NULL) + (tiff->packet != NULL) + (tiff->make != NULL)
         + (tiff->raw != 0) + tiff->is_dng;
}

static GByteArray *
make_tiff (const Tiff *tiff)
{
  static const char pixels[N_PIXELS + 1] = "0123456789abcdef";
  const gsize directory_size = 2 + count_entries (tiff) * ENTRY_SIZE + 4;
  const gsize packet_size = tiff->packet != NULL ? strlen (tiff->packet) : 0;
  GByteArray *file = g_byte_array_new ();
  gsize at_pixels;
  gsize at_make;
  gsize at_raw;
  gsize at_packet = 0;

  append_zeros (file, TIFF_START);
  memcpy (file->data, "II*", 3);
  memcpy (file->data + 8, "CR\2", tiff->is_cr2 ? 3 : 0);
  at_pixels = append_part (file, pixels);
  at_make = append_part (file, tiff->make);
  append_zeros (file, 1);
  append_zeros (file, file->len % 2);
  at_raw = file->len;
  append16 (file, 1);
  append_entry (file, 262, TYPE_LONG, 1, tiff->raw);
  append32 (file, 0);
  if (!tiff->is_behind)
    {
      append_zeros (file, tiff->n_gap);
      at_packet = append_part (file, tiff->packet);
      append_zeros (file, file->len % 2);
    }
  else
    at_packet = file->len + directory_size + tiff->n_gap;
  if (tiff->pixels_in != NULL)
    at_pixels = at_packet + (strstr (tiff->packet, tiff->pixels_in) - tiff->packet);

  file->data[4] = file->len;
  file->data[5] = file->len >> 8;
  append16 (file, count_entries (tiff));
  append_entry (file, 256, TYPE_LONG, 1, 4); /* width */
  append_entry (file, 257, TYPE_LONG, 1, 4); /* height */
  append_entry (file, 258, TYPE_LONG, 1, 8); /* bits */
  append_entry (file, 259, TYPE_LONG, 1, 1); /* not compressed */
  append_entry (file, 262, TYPE_LONG, 1, 1); /* black is 0 */
  append_entry (file, 271, TYPE_ASCII, tiff->make != NULL ? strlen (tiff->make) + 1 : 0, at_make);
  append_entry (file, 273, TYPE_LONG, 1, at_pixels);
  append_entry (file, 277, TYPE_LONG, 1, 1); /* samples */
  append_entry (file, 278, TYPE_LONG, 1, 4); /* rows in the strip */
  append_entry (file, 279, TYPE_LONG, tiff->pixels_in == NULL, N_PIXELS);
  append_entry (file, 330, TYPE_LONG, tiff->raw != 0, at_raw);
  append_entry (file, TAG_XMP, TYPE_BYTE, packet_size, at_packet);
  append_entry (file, 50706, TYPE_BYTE, tiff->is_dng ? 4 : 0, 0x401);
  append32 (file, 0);
  if (tiff->is_behind)
    {
      append_zeros (file, tiff->n_gap);
      append_part (file, tiff->packet);
    }
  append_zeros (file, tiff->n_tail);
  return file;
}

static char *
write_tiff (const char *folder,
            const Tiff *tiff)
{
  g_autoptr (GByteArray) file = make_tiff (tiff);

  return temp_files_write (folder, "a.tiff", file->data, file->len);
}

/* The place of the XMP packet's entry in the first directory */
static gsize
find_entry (GBytes *file)
{
  const guint32 directory = get32 (file, 4);
  const guint n = get32 (file, directory) & 0xffff;

  for (guint i = 0; i < n; i++)
    {
      const gsize at = directory + 2 + i * ENTRY_SIZE;

      if ((get32 (file, at) & 0xffff) == TAG_XMP)
        return at;
    }
  g_assert_not_reached ();
}

/* A packet that has no room for the new text leaves spaces where it stood, wherever the directory
 * is. Every other byte stays, but the entry. */
static void
test_tiff_old_packet (void)
{
  g_autofree char *packet = make_packet ();
  const gsize n = strlen (packet);
  char *folder = temp_files_make_folder ();

  for (int is_behind = 0; is_behind <= 1; is_behind++)
    {
      const Tiff tiff = { .packet = packet, .is_behind = is_behind, .n_tail = 10 };
      g_autofree char *path = write_tiff (folder, &tiff);
      g_autoptr (GBytes) before = temp_pictures_read (path);
      g_autoptr (GByteArray) wanted = make_tiff (&tiff);
      const gsize entry = find_entry (before);
      const gsize old = get32 (before, entry + 8);
      g_autoptr (GBytes) after = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_true (write_alt_text (path, LONG_TEXT, &error));
      assert_alt_text (path, LONG_TEXT);
      after = temp_pictures_read (path);
      memset (wanted->data + old, ' ', n);
      memcpy (wanted->data + entry, (const guint8 *) g_bytes_get_data (after, NULL) + entry,
              ENTRY_SIZE);
      g_assert_cmpuint (g_bytes_get_size (after), >, wanted->len);
      g_assert_cmpmem (g_bytes_get_data (after, NULL), wanted->len, wanted->data, wanted->len);
      g_assert_null (memmem (g_bytes_get_data (after, NULL), g_bytes_get_size (after), OLD_TEXT,
                             strlen (OLD_TEXT)));
    }
  temp_files_remove_folder (folder);
}

/* Directories and values begin at even offsets (TIFF 6.0, section 2), however long the file was. */
static void
test_tiff_even_offsets (void)
{
  g_autofree char *packet = make_packet ();
  const Tiff rows[] = {
    { .n_tail = 1 },
    { .n_tail = 2 },
    { .packet = packet, .n_tail = 1 },
    { .packet = packet, .n_tail = 2 },
    { .packet = packet, .is_behind = TRUE },
    { .packet = packet, .is_behind = TRUE, .n_gap = 1 },
    { .packet = packet, .is_behind = TRUE, .n_tail = 3 },
    { .packet = packet, .is_behind = TRUE, .n_tail = 4 },
  };
  char *folder = temp_files_make_folder ();
  guint n_odd = 0;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = write_tiff (folder, &rows[i]);
      g_autoptr (GBytes) before = temp_pictures_read (path);
      g_autoptr (GBytes) after = NULL;
      g_autoptr (GError) error = NULL;
      gsize entry;

      n_odd += g_bytes_get_size (before) % 2;
      write_alt_text (path, LONG_TEXT, &error);
      g_assert_no_error (error);
      assert_alt_text (path, LONG_TEXT);
      after = temp_pictures_read (path);
      entry = find_entry (after);
      g_assert_cmpuint (get32 (after, 4) % 2, ==, 0);
      g_assert_cmpuint (get32 (after, entry + 8) % 2, ==, 0);
      g_assert_cmpuint (get32 (after, entry + 4) + get32 (after, entry + 8), ==,
                        g_bytes_get_size (after));
    }
  g_assert_cmpuint (n_odd, >, 2);
  g_assert_cmpuint (n_odd, <, G_N_ELEMENTS (rows) - 2);
  temp_files_remove_folder (folder);
}

/* Pixels that lie in the old packet and whose size nothing tells: every part of the file that is
 * known stays, and only decoding both files shows that the picture would be another. */
static void
test_tiff_pixels (void)
{
  g_autofree char *packet = make_packet ();
  const Tiff tiff = { .packet = packet, .pixels_in = OLD_TEXT };
  char *folder = temp_files_make_folder ();
  g_autofree char *path = write_tiff (folder, &tiff);

  assert_alt_text (path, OLD_TEXT);
  assert_refused (path, IVL_ERROR_INVALID_DATA, "its pixels do not stay as they are");
  temp_files_remove_folder (folder);
}

/* Cameras' raw files are read, and never written; a camera's name alone makes none. */
static void
test_tiff_raw (void)
{
  g_autofree char *packet = make_packet ();
  const struct
  {
    Tiff        tiff;
    const char *words; /* (nullable): it is written */
  } rows[] = {
    { { .packet = packet, .is_dng = TRUE }, "raw file (DNG)" },
    { { .is_dng = TRUE }, "raw file (DNG)" },
    { { .packet = packet, .make = "NIKON CORPORATION", .raw = 32803 }, "raw file (NEF)" },
    { { .packet = packet, .make = "SONY", .raw = 32803 }, "raw file (ARW)" },
    { { .packet = packet, .make = "Canon", .is_cr2 = TRUE }, "raw file (CR2)" },
    { { .make = "Nobody", .raw = 32803 }, "raw file (of an unknown kind)" },
    { { .make = "Nobody", .raw = 34892 }, "raw file (of an unknown kind)" },
    { { .packet = packet, .make = "NIKON CORPORATION" }, NULL },
    { { .packet = packet, .make = "Canon", .raw = 1 }, NULL },
  };
  char *folder = temp_files_make_folder ();

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = write_tiff (folder, &rows[i].tiff);
      g_autoptr (GError) error = NULL;

      assert_alt_text (path, rows[i].tiff.packet != NULL ? OLD_TEXT : NULL);
      if (rows[i].words != NULL)
        assert_refused (path, IVL_ERROR_UNSUPPORTED, rows[i].words);
      else
        {
          write_alt_text (path, "new", &error);
          g_assert_no_error (error);
          assert_alt_text (path, "new");
        }
    }
  temp_files_remove_folder (folder);
}

/* --------------------------------------------------------------------------------- PNG files */

static void
test_png_checksum (void)
{
  g_autofree char *packet = make_packet ();
  char *folder = temp_files_make_folder ();
  g_autofree char *path = temp_pictures_copy_with_packet (folder, "rgb16.png", packet, -1);
  g_autoptr (GBytes) good = temp_pictures_read (path);
  g_autofree guint8 *data = g_memdup2 (g_bytes_get_data (good, NULL), g_bytes_get_size (good));
  guint8 *end = memmem (data, g_bytes_get_size (good), packet, strlen (packet));

  g_assert_nonnull (end);
  end += strlen (packet);
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *broken = NULL;
      g_autoptr (IvlMetadata) texts = NULL;
      g_autoptr (GError) error = NULL;

      end[i] ^= 1;
      broken = temp_files_write (folder, "broken.png", data, g_bytes_get_size (good));
      end[i] ^= 1;
      assert_refused (broken, IVL_ERROR_INVALID_DATA, "checksum");
      texts = ivl_metadata_read_file (broken, &error);
      g_assert_null (texts);
      g_assert_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA);
    }
  temp_files_remove_folder (folder);
}

/* ------------------------------------------------------------------------------------ memory */

/* From here on, no more than this beside what is there already. */
static void
limit_memory (gsize more)
{
  g_autofree char *text = NULL;
  struct rlimit limit;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_assert_cmpint (getrlimit (RLIMIT_AS, &limit), ==, 0);
  limit.rlim_cur = g_ascii_strtoull (text, NULL, 10) * sysconf (_SC_PAGESIZE) + more;
  g_assert_cmpint (setrlimit (RLIMIT_AS, &limit), ==, 0);
}

/* Runs the test again in a process of its own, which may limit its memory; FALSE: this is it. */
static gboolean
is_run_apart (void)
{
#ifdef __SANITIZE_ADDRESS__
  g_test_skip ("sanitizers take more address space than a limit leaves");
#else
  if (g_test_subprocess ())
    return FALSE;
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
  g_test_trap_assert_passed ();
#endif
  return TRUE;
}

/* Writes parts of a file that is as long as wanted and has holes between them. */
static void
put (int         fd,
     goffset     at,
     const void *data,
     gsize       size)
{
  g_assert_cmpint (pwrite (fd, data, size, at), ==, size);
}

static int
open_sparse (const char *path,
             goffset     size)
{
  const int fd = g_open (path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (ftruncate (fd, size), ==, 0);
  return fd;
}

/* A JPEG file with a first packet that names a second one, and n_parts parts of that, as large as
 * they can be. */
static void
write_jpeg (const char *path,
            guint       n_parts)
{
  static const char guid[] = "0123456789ABCDEF0123456789ABCDEF";
  static const char first_name[29] = "http://ns.adobe.com/xap/1.0/";
  static const char second_name[35] = "http://ns.adobe.com/xmp/extension/";
  const gsize part_size = 65535 - 2 - sizeof second_name - 32 - 8;
  const guint32 whole = GUINT32_TO_BE (n_parts * part_size);
  g_autofree char *named = g_strdup_printf ("<n:HasExtendedXMP>%s</n:HasExtendedXMP>", guid);
  g_autofree char *packet = g_strdup_printf (PACKET, named);
  g_autoptr (GBytes) picture = temp_pictures_read_golden ("progressive.jpg");
  const char *data = g_bytes_get_data (picture, NULL);
  const gsize n = 2 + sizeof first_name + strlen (packet);
  const guint8 first[4] = { 0xff, 0xe1, n >> 8, n };
  const int fd = open_sparse (path, 0);
  goffset at = 0;

  put (fd, at, data, 2);
  put (fd, at += 2, first, sizeof first);
  put (fd, at += sizeof first, first_name, sizeof first_name);
  put (fd, at += sizeof first_name, packet, strlen (packet));
  at += strlen (packet);
  for (guint i = 0; i < n_parts; i++)
    {
      const guint32 offset = GUINT32_TO_BE (i * part_size);

      put (fd, at, "\xff\xe1\xff\xff", 4);
      put (fd, at += 4, second_name, sizeof second_name);
      put (fd, at += sizeof second_name, guid, 32);
      put (fd, at += 32, &whole, 4);
      put (fd, at += 4, &offset, 4);
      at += 4 + part_size;
    }
  put (fd, at, data + 2, g_bytes_get_size (picture) - 2);
  g_assert_cmpint (close (fd), ==, 0);
}

/* What is more than a packet may have is not put together first. */
static void
test_jpeg_second_packet (void)
{
  char *folder;
  g_autofree char *path = NULL;

  if (is_run_apart ())
    return;
  folder = temp_files_make_folder ();
  path = g_build_filename (folder, "a.jpg", NULL);
  write_jpeg (path, 1024);
  limit_memory ((64 + 32) * MEBIBYTE); /* the file, and half as much */
  assert_alt_text (path, OLD_TEXT);
  temp_files_remove_folder (folder);
}

/* Refused for its size before anything of it is read: it would not fit the memory either. */
static void
test_largest_file (void)
{
  const goffset largest = (goffset) 2 * 1024 * MEBIBYTE;
  char *folder;
  g_autofree char *path = NULL;

  if (is_run_apart ())
    return;
  folder = temp_files_make_folder ();
  path = g_build_filename (folder, "a.jpg", NULL);
  limit_memory (64 * MEBIBYTE);
  for (gsize more = 0; more <= 1; more++)
    {
      g_autoptr (IvlMetadata) texts = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (close (open_sparse (path, largest + more)), ==, 0);
      texts = ivl_metadata_read_file (path, &error);
      g_assert_null (texts);
      g_assert_error (error, IVL_ERROR, (more > 0 ? IVL_ERROR_UNSUPPORTED : IVL_ERROR_NO_MEMORY));
    }
  temp_files_remove_folder (folder);
}

static const guint8 webp_start[] = "RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x03\0\0\x03\0\0";

/* A WebP file with one chunk beside its header, both as long as they can be; its pixels are
 * nowhere. */
static void
write_webp (const char *path,
            const char *chunk,
            guint32     riff_size)
{
  const guint32 n_start = sizeof webp_start - 1;
  const guint32 n_riff = GUINT32_TO_LE (riff_size);
  const guint32 n_chunk = GUINT32_TO_LE (riff_size + 8 - n_start - 8);
  const int fd = open_sparse (path, (goffset) riff_size + 8);

  put (fd, 0, webp_start, n_start);
  put (fd, 4, &n_riff, 4);
  put (fd, n_start, chunk, 4);
  put (fd, n_start + 4, &n_chunk, 4);
  g_assert_cmpint (close (fd), ==, 0);
}

/* A chunk that says that it is a packet of 1.5 GB, and is */
static void
test_webp_packet (void)
{
  const guint32 packet_size = 1500000000;
  char *folder;
  g_autofree char *path = NULL;
  g_autoptr (GMappedFile) mapped = NULL;
  g_auto (IvlXmpFile) file = { 0 };
  g_autoptr (IvlMetadata) texts = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) read_error = NULL;
  g_autoptr (GError) write_error = NULL;

  if (is_run_apart ())
    return;
  folder = temp_files_make_folder ();
  path = g_build_filename (folder, "a.webp", NULL);
  write_webp (path, "XMP ", sizeof webp_start - 1 + packet_size);
  mapped = g_mapped_file_new (path, FALSE, &error);
  g_assert_no_error (error);
  limit_memory (64 * MEBIBYTE);
  /* Nobody copies it to find out. */
  g_assert_false (ivl_xmp_file_read (&file, (const guint8 *) g_mapped_file_get_contents (mapped),
                                     g_mapped_file_get_length (mapped), &error));
  g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "its XMP packet has 1500000000 bytes"));
  /* A file that does not fit the memory is refused, and the process goes on. */
  texts = ivl_metadata_read_file (path, &read_error);
  g_assert_null (texts);
  g_assert_error (read_error, IVL_ERROR, IVL_ERROR_NO_MEMORY);
  g_assert_false (write_alt_text (path, "new", &write_error));
  g_assert_error (write_error, IVL_ERROR, IVL_ERROR_NO_MEMORY);
  temp_files_remove_folder (folder);
}

/* The largest RIFF size of a WebP file is 4294967286, 2^32 - 10. */
static void
test_webp_size (void)
{
  static const struct
  {
    guint32  riff_size; /* with a packet of 2 bytes, 10 more */
    gboolean fits;
  } rows[] = {
    { 4294967276, TRUE }, { 4294967278, FALSE }, { 4294967284, FALSE }, { 4294967286, FALSE },
  };
  g_autoptr (GBytes) packet = g_bytes_new_static ("<a", 2);
  char *folder = temp_files_make_folder ();
  g_autofree char *path = g_build_filename (folder, "a.webp", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GMappedFile) mapped = NULL;
      g_autoptr (GBytes) file = NULL;
      g_autoptr (GPtrArray) pieces = NULL;
      g_autoptr (GError) error = NULL;

      write_webp (path, "JUNK", rows[i].riff_size);
      mapped = g_mapped_file_new (path, FALSE, &error);
      g_assert_no_error (error);
      file = g_mapped_file_get_bytes (mapped);
      pieces = ivl_xmp_webp_put (file, packet, &error);
      if (rows[i].fits)
        {
          g_assert_no_error (error);
          g_assert_cmpuint (get32 (pieces->pdata[0], 4), ==, rows[i].riff_size + 10);
        }
      else
        {
          g_assert_null (pieces);
          g_assert_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED);
          g_assert_nonnull (strstr (error->message, "over 4 GB"));
        }
    }
  temp_files_remove_folder (folder);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metadata-limits/tiff-old-packet", test_tiff_old_packet);
  g_test_add_func ("/metadata-limits/tiff-even-offsets", test_tiff_even_offsets);
  g_test_add_func ("/metadata-limits/tiff-pixels", test_tiff_pixels);
  g_test_add_func ("/metadata-limits/tiff-raw", test_tiff_raw);
  g_test_add_func ("/metadata-limits/png-checksum", test_png_checksum);
  g_test_add_func ("/metadata-limits/jpeg-second-packet", test_jpeg_second_packet);
  g_test_add_func ("/metadata-limits/largest-file", test_largest_file);
  g_test_add_func ("/metadata-limits/webp-packet", test_webp_packet);
  g_test_add_func ("/metadata-limits/webp-size", test_webp_size);
  return g_test_run ();
}
