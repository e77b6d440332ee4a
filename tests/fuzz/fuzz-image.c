/* SPDX-License-Identifier: LGPL-2.1-or-later
 * The headers of picture files. Decoders are not fuzzed here: they belong to other projects. */
#include "image/ivl-format.h"

#include <libivl/ivl-error.h>

#include "fuzz-target.h"

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr (GError) error = NULL;
  g_auto (IvlProbe) probe = { NULL };

  if (!ivl_format_probe (data, size, 0, &probe, &error))
    {
      g_assert_true (error->domain == IVL_ERROR);
      return 0;
    }
  g_assert_no_error (error);
  g_assert_true (probe.width > 0 && probe.height > 0);
  g_assert_true (probe.area >= (guint64) probe.width * probe.height);
  g_assert_true (probe.orientation >= 1 && probe.orientation <= 8);
  return 0;
}
