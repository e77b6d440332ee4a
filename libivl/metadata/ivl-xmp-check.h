/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Checks an untrusted packet before the XMP library sees it, whose reader calls itself for every
 * nested element, expands entities and compares every property with all before it. Well-formed
 * UTF-8 without a document type, nested and numbered within bounds. IVL_ERROR_INVALID_DATA,
 * IVL_ERROR_UNSUPPORTED. */
gboolean ivl_xmp_check_xml (const char  *xml,
                            gsize        size,
                            GError     **error);

G_END_DECLS
