/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The picture that a window asks about: read from GIMP a few rows at a time while the window
 * stays alive, and read again before each question, since GIMP does not tell when pixels change.
 * Pixels that turn out to be the same keep the same IvlImage. */
#pragma once

#include "plug-state.h"

G_BEGIN_DECLS

#define PLUG_TYPE_SOURCE (plug_source_get_type ())
G_DECLARE_FINAL_TYPE (PlugSource, plug_source, PLUG, SOURCE, GObject)

/* Properties: "kind" (int, PlugSourceKind). Signals:
 * "changed": the picture (or what may be read) is another; emitted after a read that found other
 *     pixels, a set of kind, or an error in place of a picture
 * "outdated": a read finds other pixels: who can do without the old picture lets go of it now, so
 *     that there is no need for memory for two. plug_source_get_picture() is NULL from then until
 *     "changed" */
PlugSource    *plug_source_new (int image);
int            plug_source_get_image_id (PlugSource *self);
PlugSourceKind plug_source_get_kind (PlugSource *self);
void           plug_source_set_kind (PlugSource *self, PlugSourceKind kind);
/* Of PLUG_SOURCE_LAYER, before anything is read: this one, not the layer that is active */
void           plug_source_set_drawable (PlugSource *self, int drawable);

/* Result of the finish function: what is there now. A second call while one runs joins it. */
void           plug_source_read_async (PlugSource          *self,
                                       GCancellable        *cancellable,
                                       GAsyncReadyCallback  callback,
                                       gpointer             user_data);
/* TRUE: plug_source_get_picture() is up to date. */
gboolean       plug_source_read_finish (PlugSource *self, GAsyncResult *result, GError **error);
/* In one go, for scripts */
gboolean       plug_source_read (PlugSource *self, GError **error);

/* What was read last; NULL before the first read, and while another one replaces it
 * (transfer none) */
IvlImage      *plug_source_get_picture (PlugSource *self);
/* Where it lies in the image */
void           plug_source_get_offset (PlugSource *self, int *x, int *y);
/* "Layer “Background”, 640 × 480", translated, for the window (transfer full); NULL before the
 * first read */
char          *plug_source_describe (PlugSource *self);
/* The picture scaled to fit, for the window (transfer full, nullable); made from what was read,
 * and kept */
GdkPixbuf     *plug_source_get_thumbnail (PlugSource *self, int max_width, int max_height);
/* Regions of an answer (GPtrArray of IvlRegion) as boxes in the image. picture (nullable): what the
 * answer is about, of any source; where it lay when it was read last counts (transfer full) */
GPtrArray     *plug_source_place_regions (IvlImage *picture, GPtrArray *regions);
/* The state of the image that such boxes belong to. FALSE: picture is of no source, or NULL */
gboolean       plug_source_get_state (IvlImage *picture, PlugState *state);

G_END_DECLS
