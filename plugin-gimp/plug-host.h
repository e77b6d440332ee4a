/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the plug-in asks of GIMP. The files whose names end in 3 implement it with GIMP 3's library,
 * those that end in 2 with that of 2.10, and the tests with a picture file. Nothing else in this
 * folder includes a header of GIMP's.
 *
 * Main thread only: libgimp has one wire. Images are named by their ids, which stay valid names
 * after the image is gone: each function fails with IVL_ERROR_NOT_FOUND and a sentence when it is.
 * Whatever changes an image is one undo step and shows at once. */
#pragma once

#include "plug-box.h"

#include <gtk/gtk.h>
#include <libivl/ivl.h>

G_BEGIN_DECLS

/* Which pixels are looked at */
typedef enum
{
  PLUG_SOURCE_LAYER,     /* one layer as it is seen without the others: with its effects, masks and
                          * opacity and those of its groups, also where it leaves the canvas */
  PLUG_SOURCE_VISIBLE,   /* what the image window shows: all visible layers, cut to the canvas */
  PLUG_SOURCE_SELECTION, /* as visible, cut to the bounds of the selection */
} PlugSourceKind;

/* Pixels that are being read, a few rows at a time. GIMP holds nothing locked meanwhile. */
typedef struct _PlugRaster PlugRaster;

/* drawable: of PLUG_SOURCE_LAYER, a layer, a channel or a mask of that image; -1: the active layer.
 * Errors: IVL_ERROR_NOT_FOUND (image closed, no layer, nothing of it is seen, nothing selected),
 * IVL_ERROR_INVALID_OPTION (no drawable of this image). */
PlugRaster *plug_host_open_raster (int              image,
                                   PlugSourceKind   kind,
                                   int              drawable,
                                   GError         **error);
void        plug_raster_close (PlugRaster *self);
int         plug_raster_get_width (PlugRaster *self);
int         plug_raster_get_height (PlugRaster *self);
/* Where the top left pixel lies in the image; negative for a layer that sticks out */
void        plug_raster_get_offset (PlugRaster *self,
                                    int        *x,
                                    int        *y);
/* The layer's name, or NULL for visible pixels */
const char *plug_raster_get_name (PlugRaster *self);
/* Rows first_row .. first_row + n_rows - 1 as 8-bit sRGB, [n_rows, width, 4], the colours
 * not multiplied by the alpha. FALSE when the image went away or memory is short. */
gboolean    plug_raster_read (PlugRaster  *self,
                              int          first_row,
                              int          n_rows,
                              guint8      *rgb,
                              GError     **error);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PlugRaster, plug_raster_close)

gboolean plug_host_image_is_open (int image);
/* As in the title of its window ("taxi.png"), for people; NULL when it is closed (transfer full) */
char    *plug_host_get_image_name (int image);
/* The file that it was read from or exported to last; NULL when there is none (transfer full) */
GFile   *plug_host_get_image_file (int image);
/* What PLUG_SOURCE_LAYER reads now, by GIMP's id; -1 when no layer is active */
int      plug_host_get_layer (int image);
/* FALSE when nothing is selected */
gboolean plug_host_has_selection (int image);

/* Boxes: GPtrArray of PlugBox, not empty. What lies outside the canvas is cut off. */
gboolean plug_host_select_boxes (int image, GPtrArray *boxes, GError **error);
/* Guides along the edges, one where two would be the same */
gboolean plug_host_add_guides (int image, GPtrArray *boxes, GError **error);
/* A channel for each box, white inside, with the box's name */
gboolean plug_host_add_channels (int image, GPtrArray *boxes, GError **error);
/* A text layer for each box, its name is the text, as large as fits into it */
gboolean plug_host_add_text_boxes (int image, GPtrArray *boxes, GError **error);
/* One text layer with a text of any number of lines, at the top left of the canvas, within its
 * width */
gboolean plug_host_add_text (int image, const char *text, GError **error);

/* The texts that the image carries in GIMP's own metadata; never NULL without an error */
IvlMetadata *plug_host_get_texts (int image, GError **error);
/* Puts them there (a NULL field is left as it is, an empty one removed), so that GIMP saves them in
 * XCF and exports them where it is told to export XMP. One undo step. */
gboolean     plug_host_set_texts (int image, IvlMetadata *texts, GError **error);
/* Writes the image to a file of the format that the file's ending names (jpg jpeg png webp tif
 * tiff), as GIMP's own export does without a dialog; the open image stays as it is. keep_metadata:
 * with all metadata that the image carries, else with none (a colour profile is always kept).
 * Overwrites. Errors: IVL_ERROR_UNSUPPORTED (another ending), IVL_ERROR_INVALID_DATA with GIMP's
 * own words. */
gboolean     plug_host_export (int image, GFile *file, gboolean keep_metadata, GError **error);
/* Called within plug_host_export(), which keeps the main thread: how far GIMP is, 0 to 1, or less
 * than 0 when that is not known. It may let the window draw. GIMP 2.10 shows no progress of its own
 * then, whose Cancel would end this process; 3.0 refuses it to plug-ins and goes on showing its
 * own. function (nullable): nobody wants to know. */
typedef void (*PlugHostProgress) (double fraction, gpointer user_data);
void         plug_host_watch_export (PlugHostProgress function, gpointer user_data);

/* What GIMP shows while a script waits for an answer: a sentence and a bar that moves, with GIMP's
 * own button that ends this process */
void plug_host_begin_wait (const char *sentence);
void plug_host_pulse_wait (void);
void plug_host_end_wait (void);

/* GTK as GIMP wants it: display, theme, window class, help. FALSE without a display. */
gboolean plug_host_init_ui (GError **error);
/* Before the window is shown: belongs to GIMP's window of that image */
void     plug_host_adopt_window (GtkWindow *window, int image);
void     plug_host_show_help (void);
/* Process id of this GIMP */
int      plug_host_get_pid (void);

G_END_DECLS
