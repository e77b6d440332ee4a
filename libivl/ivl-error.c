/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The library's error domain.
 */
#include <libivl/ivl-error.h>

/**
 * ivl_error_quark:
 *
 * Returns: the quark of %IVL_ERROR
 */
G_DEFINE_QUARK (ivl-error-quark, ivl_error)
