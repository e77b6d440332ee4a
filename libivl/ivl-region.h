/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <libivl/ivl-types.h>

G_BEGIN_DECLS

#define IVL_TYPE_REGION (ivl_region_get_type ())

/**
 * IvlRegion:
 *
 * A named rectangle that a model found in a picture. Immutable.
 */
typedef struct _IvlRegion IvlRegion;

IVL_AVAILABLE_IN_ALL
GType ivl_region_get_type (void) G_GNUC_CONST;

IVL_AVAILABLE_IN_ALL
IvlRegion *ivl_region_new (const char *name,
                           int         x1,
                           int         y1,
                           int         x2,
                           int         y2,
                           guint       width,
                           guint       height);
IVL_AVAILABLE_IN_ALL
IvlRegion *ivl_region_ref (IvlRegion *self);
IVL_AVAILABLE_IN_ALL
void ivl_region_unref (IvlRegion *self);
IVL_AVAILABLE_IN_ALL
const char *ivl_region_get_name (IvlRegion *self);
IVL_AVAILABLE_IN_ALL
void ivl_region_get_box (IvlRegion *self,
                         int       *x1,
                         int       *y1,
                         int       *x2,
                         int       *y2);
IVL_AVAILABLE_IN_ALL
void ivl_region_get_rectangle (IvlRegion *self,
                               int       *x,
                               int       *y,
                               int       *width,
                               int       *height);
IVL_AVAILABLE_IN_ALL
GPtrArray *ivl_region_parse (const char *text,
                             guint       width,
                             guint       height);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlRegion, ivl_region_unref)

G_END_DECLS
