/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The state of an image that a result belongs to which lies on its canvas: places that were found
 * in a picture mean nothing in another one. Main thread. */
#pragma once

#include "plug-host.h"

G_BEGIN_DECLS

/* What was looked at: where it lay in the image, and a sum over its pixels */
typedef struct
{
  int            image;
  PlugSourceKind kind;
  int            drawable; /* as plug_host_open_raster() takes it */
  guint8         ground;   /* that transparent places were laid over: a gray */
  int            x;
  int            y;
  int            width;
  int            height;
  guint64        sum;
} PlugState;

/* n pixels with alpha as the host hands them out, [n, 4], over a gray, [n, 3], in the rounding of
 * libivl's loader. FALSE: all of them are wholly transparent */
gboolean plug_state_lay_over_ground (guint8 ground, const guint8 *rgba, guint8 *rgb, gsize n);

/* A sum over rows, begun with 0: [n_rows, stride], of which n_bytes count in each row. Any other
 * pixels give another sum, but for chance. */
guint64  plug_state_add_rows (guint64 sum, const guint8 *rows, int n_rows, gsize stride,
                              gsize n_bytes);

/* Looks whether the image still is in that state, a few rows at a time. */
void     plug_state_check_async (const PlugState     *self,
                                 GCancellable        *cancellable,
                                 GAsyncReadyCallback  callback,
                                 gpointer             user_data);
/* FALSE: PLUG_ADVICE_ERROR_OTHER_STATE, or what the host says */
gboolean plug_state_check_finish (GAsyncResult *result, GError **error);

G_END_DECLS
