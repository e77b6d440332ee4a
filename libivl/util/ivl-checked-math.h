/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Arithmetic on sizes that came from a file: FALSE instead of a wrapped result.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

G_GNUC_WARN_UNUSED_RESULT static inline gboolean
ivl_checked_math_add (guint64  a,
                      guint64  b,
                      guint64 *sum)
{
  return !__builtin_add_overflow (a, b, sum);
}

G_GNUC_WARN_UNUSED_RESULT static inline gboolean
ivl_checked_math_mul (guint64  a,
                      guint64  b,
                      guint64 *product)
{
  return !__builtin_mul_overflow (a, b, product);
}

G_END_DECLS
