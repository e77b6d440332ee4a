/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <libivl/ivl-error.h>

G_BEGIN_DECLS

IVL_AVAILABLE_IN_ALL
char *ivl_model_find (const char  *name,
                      GError     **error);
IVL_AVAILABLE_IN_ALL
char *ivl_model_find_local (GError **error);
IVL_AVAILABLE_IN_ALL
char **ivl_model_list_installed (void);

G_END_DECLS
