/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * bench-tokenizer FOLDER FILE: CPU time of loading the tokenizer in FOLDER, and of encoding and
 * decoding the text in FILE. The best of some rounds; the first one is also the one that warms the
 * caches.
 */
#include <stdlib.h>
#include <time.h>

#include "tokenizer/ivl-tokenizer.h"

#define N_ROUNDS 7

static double
get_cpu_seconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

static IvlTokenizer *
bench_load (const char *folder)
{
  g_autoptr (IvlTokenizer) tokenizer = NULL;
  double best = G_MAXDOUBLE;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_autoptr (GError) error = NULL;
      double start = get_cpu_seconds ();

      g_clear_pointer (&tokenizer, ivl_tokenizer_free);
      tokenizer = ivl_tokenizer_open (folder, &error);
      if (tokenizer == NULL)
        {
          g_printerr ("%s\n", error->message);
          exit (2);
        }
      best = MIN (best, get_cpu_seconds () - start);
    }
  g_print ("load    %8.1f ms\n", best * 1e3);
  return g_steal_pointer (&tokenizer);
}

static void
bench_text (IvlTokenizer *tokenizer,
            const char   *text,
            gsize         len)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autoptr (GString) decoded = g_string_sized_new (len);
  IvlTextSpan span = { text, len, IVL_TEXT_TRUSTED };
  double encode = G_MAXDOUBLE;
  double decode = G_MAXDOUBLE;
  double first = 0;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      double start = get_cpu_seconds ();
      double middle;

      g_array_set_size (ids, 0);
      ivl_tokenizer_encode (tokenizer, &span, 1, ids);
      middle = get_cpu_seconds ();
      g_string_truncate (decoded, 0);
      ivl_tokenizer_decode (tokenizer, (const guint32 *) (void *) ids->data, ids->len, FALSE,
                            decoded);
      encode = MIN (encode, middle - start);
      decode = MIN (decode, get_cpu_seconds () - middle);
      if (i == 0)
        first = middle - start;
    }
  g_print ("encode  %8.1f MB/s (first round %.1f), %" G_GSIZE_FORMAT " bytes, %u tokens\n",
           len / encode * 1e-6, len / first * 1e-6, len, ids->len);
  g_print ("decode  %8.1f MB/s\n", len / decode * 1e-6);
}

int
main (int    argc,
      char **argv)
{
  g_autoptr (IvlTokenizer) tokenizer = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  gsize len;

  if (argc != 3)
    {
      g_printerr ("Usage: %s FOLDER FILE\n", argv[0]);
      return 2;
    }
  if (!g_file_get_contents (argv[2], &text, &len, &error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }
  tokenizer = bench_load (argv[1]);
  bench_text (tokenizer, text, len);
  return 0;
}
