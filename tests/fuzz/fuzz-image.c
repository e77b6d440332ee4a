/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The headers of picture files. Decoders are not fuzzed here: they belong to other projects. */
#include "image/ivl-probe.h"

#include <libivl/ivl-error.h>

#include "fuzz-target.h"

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr (GError) error = NULL;
  IvlProbe probe;

  if (!ivl_probe_read (data, size, &probe, &error))
    {
      g_assert_true (error->domain == IVL_ERROR);
      return 0;
    }
  g_assert_no_error (error);
  g_assert_true (probe.width > 0 && probe.height > 0);
  g_assert_true (probe.area >= (guint64) probe.width * probe.height);
  g_assert_true (probe.orientation >= 1 && probe.orientation <= 8);
  if (probe.icc != NULL)
    g_assert_true (probe.icc > data && probe.icc + probe.icc_size <= data + size);
  return 0;
}
