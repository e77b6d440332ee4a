/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <libivl/ivl-finding.h>
#include <libivl/ivl-model.h>

G_BEGIN_DECLS

IVL_AVAILABLE_IN_ALL
GPtrArray *ivl_doctor_run (GCancellable  *cancellable,
                           GError       **error);
IVL_AVAILABLE_IN_ALL
GPtrArray *ivl_doctor_check_names (void);
IVL_AVAILABLE_IN_ALL
gboolean ivl_doctor_try_picture (IvlModel      *model,
                                 guint          patience,
                                 GCancellable  *cancellable,
                                 GError       **error);

G_END_DECLS
