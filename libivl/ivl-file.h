/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libivl/ivl-version-macros.h>

G_BEGIN_DECLS

IVL_AVAILABLE_IN_ALL
gboolean ivl_file_save       (const char    *path,
                              GBytes        *contents,
                              guint          mode,
                              GCancellable  *cancellable,
                              GError       **error);
IVL_AVAILABLE_IN_ALL
char    *ivl_file_make_draft (const char    *path,
                              const char    *ending,
                              GError       **error);
IVL_AVAILABLE_IN_ALL
gboolean ivl_file_put_draft  (const char    *draft,
                              const char    *path,
                              GCancellable  *cancellable,
                              GError       **error);

G_END_DECLS
