/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libivl/ivl-version-macros.h>

G_BEGIN_DECLS

#define IVL_TYPE_IMAGE (ivl_image_get_type ())

/**
 * IvlImage:
 *
 * A picture as models see it: 8-bit RGB pixels in sRGB, row by row from the top left, immutable.
 * It can be used from several threads at once.
 *
 * Files are taken as untrusted. PNG, JPEG, WebP, TIFF, GIF (first frame) and BMP are read, HEIC and
 * AVIF where the library was built with libheif; their
 * size is checked before they are decoded, and a truncated file is an error. So is a file in which
 * nothing can be seen, %IVL_ERROR_UNSUPPORTED: one that is transparent all over (unless
 * %IVL_IMAGE_DROP_ALPHA uses the colours behind that) or has a single pixel.
 */
IVL_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (IvlImage, ivl_image, IVL, IMAGE, GObject)

/**
 * IvlImageFlags:
 * @IVL_IMAGE_DEFAULT: a picture as a viewer shows it: the embedded colour profile is converted
 *   to sRGB, the EXIF orientation is applied, and transparency is laid over a contrasting ground:
 *   white, or black or gray where what is drawn is light
 * @IVL_IMAGE_KEEP_ORIENTATION: leave pixels as the camera stored them. Has no effect on TIFF,
 *   where the orientation is part of the storage
 * @IVL_IMAGE_DROP_ALPHA: use the colours of transparent pixels, hidden or not
 * @IVL_IMAGE_KEEP_PROFILE: use the numbers as they are, without the colour profile
 *
 * What happens to a file's pixels. All three flags together give what the published model's own
 * code reads, `Image.open (file).convert ('RGB')` of Pillow.
 */
typedef enum /*< flags >*/
{
  IVL_IMAGE_DEFAULT = 0,
  IVL_IMAGE_KEEP_ORIENTATION = 1 << 0,
  IVL_IMAGE_DROP_ALPHA = 1 << 1,
  IVL_IMAGE_KEEP_PROFILE = 1 << 2,
} IvlImageFlags;

/**
 * IVL_IMAGE_DEFAULT_MAX_PIXELS:
 *
 * Width times height of the largest picture that is decoded unless another limit is given: 100
 * megapixels.
 */
#define IVL_IMAGE_DEFAULT_MAX_PIXELS 100000000

/**
 * ivl_image_new_from_file:
 * @path: (type filename): a picture file
 * @flags: what happens to its pixels
 * @max_pixels: limit of width times height, or 0 for %IVL_IMAGE_DEFAULT_MAX_PIXELS
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for an error
 *
 * Reads a picture. The image's name is @path in UTF-8, as for display.
 *
 * Fails with %IVL_ERROR_NOT_FOUND (no such file), %IVL_ERROR_UNSUPPORTED (another format, or
 * more than @max_pixels pixels), %IVL_ERROR_INVALID_DATA (damaged, truncated, or not a regular
 * file), %IVL_ERROR_NO_MEMORY, a #GFileError (not readable) or %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the image
 */
IVL_AVAILABLE_IN_ALL
IvlImage *ivl_image_new_from_file        (const char           *path,
                                          IvlImageFlags         flags,
                                          guint64               max_pixels,
                                          GCancellable         *cancellable,
                                          GError              **error);

/**
 * ivl_image_new_from_file_async:
 * @path: (type filename): a picture file
 * @flags: what happens to its pixels
 * @max_pixels: limit of width times height, or 0 for %IVL_IMAGE_DEFAULT_MAX_PIXELS
 * @cancellable: (nullable): a #GCancellable
 * @callback: (scope async): called when it is done, in the thread-default main context of this call
 * @user_data: given to @callback
 *
 * Reads a picture in another thread; see ivl_image_new_from_file().
 */
IVL_AVAILABLE_IN_ALL
void      ivl_image_new_from_file_async  (const char           *path,
                                          IvlImageFlags         flags,
                                          guint64               max_pixels,
                                          GCancellable         *cancellable,
                                          GAsyncReadyCallback   callback,
                                          gpointer              user_data);

/**
 * ivl_image_new_from_file_finish:
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Gets the picture that ivl_image_new_from_file_async() read, with its errors.
 *
 * Returns: (transfer full): the image
 */
IVL_AVAILABLE_IN_ALL
IvlImage *ivl_image_new_from_file_finish (GAsyncResult         *result,
                                          GError              **error);

/**
 * ivl_image_new_from_bytes:
 * @bytes: the contents of a picture file
 * @name: (nullable): stands in front of error messages and becomes the image's name
 * @flags: what happens to its pixels
 * @max_pixels: limit of width times height, or 0 for %IVL_IMAGE_DEFAULT_MAX_PIXELS
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for an error
 *
 * Decodes a picture that is in memory, with the errors of ivl_image_new_from_file().
 *
 * Returns: (transfer full): the image
 */
IVL_AVAILABLE_IN_ALL
IvlImage *ivl_image_new_from_bytes       (GBytes               *bytes,
                                          const char           *name,
                                          IvlImageFlags         flags,
                                          guint64               max_pixels,
                                          GCancellable         *cancellable,
                                          GError              **error);

/**
 * ivl_image_new_from_page:
 * @bytes: the contents of a picture file
 * @page: a page of it, from 0 on
 * @name: (nullable): stands in front of error messages and becomes the image's name
 * @flags: what happens to its pixels
 * @max_pixels: limit of width times height, or 0 for %IVL_IMAGE_DEFAULT_MAX_PIXELS
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for an error
 *
 * Decodes one page of a TIFF file that is in memory. Reduced pictures and masks, which belong to a
 * page, do not count; files of other formats have one page. ivl_image_get_n_pages() of any of its
 * pages tells how many there are.
 *
 * Fails as ivl_image_new_from_file() does, and with %IVL_ERROR_INVALID_OPTION if there is no such
 * page, or %IVL_ERROR_INVALID_DATA if the file is damaged before it.
 *
 * Returns: (transfer full): the image
 */
IVL_AVAILABLE_IN_ALL
IvlImage *ivl_image_new_from_page        (GBytes               *bytes,
                                          guint                 page,
                                          const char           *name,
                                          IvlImageFlags         flags,
                                          guint64               max_pixels,
                                          GCancellable         *cancellable,
                                          GError              **error);

/**
 * ivl_image_new_from_file_page:
 * @path: (type filename): a picture file
 * @page: a page of it, from 0 on
 * @flags: what happens to its pixels
 * @max_pixels: limit of width times height, or 0 for %IVL_IMAGE_DEFAULT_MAX_PIXELS
 * @cancellable: (nullable): a #GCancellable
 * @error: return location for an error
 *
 * Reads one page of a picture file; see ivl_image_new_from_page().
 *
 * Returns: (transfer full): the image
 */
IVL_AVAILABLE_IN_ALL
IvlImage *ivl_image_new_from_file_page   (const char           *path,
                                          guint                 page,
                                          IvlImageFlags         flags,
                                          guint64               max_pixels,
                                          GCancellable         *cancellable,
                                          GError              **error);

/**
 * ivl_image_new_from_pixels:
 * @width: pixels, 1 to 1,000,000
 * @height: pixels, 1 to 1,000,000
 * @rowstride: bytes from one row to the next, 3 * @width or more
 * @rgb: 8-bit sRGB pixels, @rowstride * (@height - 1) + 3 * @width bytes or more
 * @error: return location for an error
 *
 * Takes pixels that a program already has. They are not copied if they are packed without gaps.
 *
 * Fails with %IVL_ERROR_INVALID_OPTION if the numbers do not fit together, or %IVL_ERROR_NO_MEMORY.
 *
 * Returns: (transfer full): the image
 */
IVL_AVAILABLE_IN_ALL
IvlImage *ivl_image_new_from_pixels      (guint                 width,
                                          guint                 height,
                                          gsize                 rowstride,
                                          GBytes               *rgb,
                                          GError              **error);

/**
 * ivl_image_new_from_rgba:
 * @width: pixels, 1 to 1,000,000
 * @height: pixels, 1 to 1,000,000
 * @rowstride: bytes from one row to the next, 4 * @width or more
 * @rgba: 8-bit sRGB pixels and their opacity, 0 for transparent; the colours are not multiplied by
 *   it. @rowstride * (@height - 1) + 4 * @width bytes or more
 * @error: return location for an error
 *
 * Takes pixels with transparency that a program already has, and lays them over a contrasting
 * ground, as is done with files.
 *
 * Fails with %IVL_ERROR_INVALID_OPTION if the numbers do not fit together, %IVL_ERROR_UNSUPPORTED
 * if nothing is visible (all of it is transparent, or it is a single pixel), or
 * %IVL_ERROR_NO_MEMORY.
 *
 * Returns: (transfer full): the image
 */
IVL_AVAILABLE_IN_ALL
IvlImage *ivl_image_new_from_rgba        (guint                 width,
                                          guint                 height,
                                          gsize                 rowstride,
                                          GBytes               *rgba,
                                          GError              **error);

#define IVL_TYPE_IMAGE_GROUND (ivl_image_ground_get_type ())

/**
 * IvlImageGround:
 *
 * The ground that a picture with transparency is laid over, for programs that have its pixels a few
 * rows at a time: the same that ivl_image_new_from_rgba() and the loaders of files take.
 *
 * |[
 * g_autoptr (IvlImageGround) ground = ivl_image_ground_new (width);
 * while (read_rows (rgba, n_rows))
 *   ivl_image_ground_add_rows (ground, n_rows, rgba);
 * level = ivl_image_ground_get_level (ground);
 * ]|
 */
typedef struct _IvlImageGround IvlImageGround;

IVL_AVAILABLE_IN_ALL
GType           ivl_image_ground_get_type (void) G_GNUC_CONST;

/**
 * ivl_image_ground_new: (skip)
 * @width: pixels of a row, 1 to 1,000,000
 *
 * Begins to look at a picture.
 *
 * Returns: (transfer full): no row of it yet
 */
IVL_AVAILABLE_IN_ALL
IvlImageGround *ivl_image_ground_new      (guint width);

/**
 * ivl_image_ground_ref: (skip)
 * @self: a ground
 *
 * Holds it once more.
 *
 * Returns: (transfer full): @self
 */
IVL_AVAILABLE_IN_ALL
IvlImageGround *ivl_image_ground_ref      (IvlImageGround *self);

/**
 * ivl_image_ground_unref: (skip)
 * @self: (transfer full): a ground
 *
 * Lets it go.
 */
IVL_AVAILABLE_IN_ALL
void            ivl_image_ground_unref    (IvlImageGround *self);

/**
 * ivl_image_ground_add_rows: (skip)
 * @self: a ground
 * @n_rows: how many rows
 * @rgba: [@n_rows, width, 4], 8-bit sRGB pixels and their opacity, not multiplied
 *
 * Looks at the rows that follow those before.
 */
IVL_AVAILABLE_IN_ALL
void            ivl_image_ground_add_rows (IvlImageGround *self,
                                           guint           n_rows,
                                           const guint8   *rgba);

/**
 * ivl_image_ground_get_level: (skip)
 * @self: a ground
 *
 * Chooses the ground for what was added so far: white, unless much of the drawing is light.
 *
 * Returns: a gray level: 255 is white, 0 black
 */
IVL_AVAILABLE_IN_ALL
guint8          ivl_image_ground_get_level (IvlImageGround *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlImageGround, ivl_image_ground_unref)

/**
 * ivl_image_new_from_tiles:
 * @tile_size: pixels a side of a tile, 1 to 8192
 * @n_tiles: how many tiles, the thumbnail among them; 1 to 1024
 * @rgb: their pixels, RGB8 [n_tiles, tile_size, tile_size, 3]; kept, not copied
 * @error: return location for an error
 *
 * Makes a picture that is cut already, as ivl_image_cut_tiles() gives it. Its pixels are the tiles
 * one below the other. Cutting it gives exactly these tiles, whatever the budget; a model whose
 * tiles have another size refuses it.
 *
 * Fails with %IVL_ERROR_INVALID_OPTION if a number is out of its range or @rgb has another size.
 *
 * Returns: (transfer full): the image
 */
IVL_AVAILABLE_IN_ALL
IvlImage *ivl_image_new_from_tiles       (guint                 tile_size,
                                          guint                 n_tiles,
                                          GBytes               *rgb,
                                          GError              **error);

/**
 * ivl_image_get_width:
 * @self: an image
 *
 * Returns: the width in pixels, after the orientation was applied
 */
IVL_AVAILABLE_IN_ALL
guint     ivl_image_get_width            (IvlImage             *self);

/**
 * ivl_image_get_height:
 * @self: an image
 *
 * Returns: the height in pixels, after the orientation was applied
 */
IVL_AVAILABLE_IN_ALL
guint     ivl_image_get_height           (IvlImage             *self);

/**
 * ivl_image_get_name:
 * @self: an image
 *
 * Returns: (nullable): the name it was opened with
 */
IVL_AVAILABLE_IN_ALL
const char *ivl_image_get_name           (IvlImage             *self);

/**
 * ivl_image_get_pixels:
 * @self: an image
 *
 * Returns: (transfer none): RGB8, tightly packed [height, width, 3]
 */
IVL_AVAILABLE_IN_ALL
GBytes   *ivl_image_get_pixels           (IvlImage             *self);

/**
 * ivl_image_get_orientation:
 * @self: an image
 *
 * Gets the EXIF orientation of the stored pixels that was undone when the file was read. A
 * rectangle in this image is turned back with it where the stored pixels are meant.
 *
 * Returns: 1 (nothing was done) to 8
 */
IVL_AVAILABLE_IN_ALL
guint     ivl_image_get_orientation      (IvlImage             *self);

/**
 * ivl_image_get_page:
 * @self: an image
 *
 * Returns: the page of its file that it is, from 0 on
 */
IVL_AVAILABLE_IN_ALL
guint     ivl_image_get_page             (IvlImage             *self);

/**
 * ivl_image_get_n_pages:
 * @self: an image
 *
 * Gets how many pages its file has. Where the list of pages is damaged, those before the damage
 * count; reading the one behind them tells what it is.
 *
 * Returns: 1 or more
 */
IVL_AVAILABLE_IN_ALL
guint     ivl_image_get_n_pages          (IvlImage             *self);

/**
 * ivl_image_get_tile_size:
 * @self: an image
 *
 * Returns: pixels a side of its tiles if it was made by ivl_image_new_from_tiles(), else 0
 */
IVL_AVAILABLE_IN_ALL
guint     ivl_image_get_tile_size        (IvlImage             *self);

/**
 * ivl_image_get_grid:
 * @self: an image
 * @tile_size: pixels a side of a tile, 1 to 8192 (448 for every InternVL2.5)
 * @min_tiles: fewest tiles, 1 to @max_tiles
 * @max_tiles: most tiles, without the thumbnail, up to 1024
 * @use_thumbnail: whether a thumbnail follows when there is more than one tile
 * @n_cols: (out) (optional): tiles side by side
 * @n_rows: (out) (optional): tiles one above the other
 * @n_tiles: (out) (optional): all tiles, with the thumbnail
 * @error: return location for an error
 *
 * Finds the grid of tiles into which the model would cut this picture. One that is cut already is
 * a single column.
 *
 * Fails with %IVL_ERROR_INVALID_OPTION if a number is out of its range, or %IVL_ERROR_UNSUPPORTED
 * if the picture is cut already into tiles of another size.
 *
 * Returns: %TRUE, or %FALSE with @error set
 */
IVL_AVAILABLE_IN_ALL
gboolean  ivl_image_get_grid             (IvlImage             *self,
                                          guint                 tile_size,
                                          guint                 min_tiles,
                                          guint                 max_tiles,
                                          gboolean              use_thumbnail,
                                          guint                *n_cols,
                                          guint                *n_rows,
                                          guint                *n_tiles,
                                          GError              **error);

/**
 * ivl_image_cut_tiles:
 * @self: an image
 * @tile_size: pixels a side of a tile, 1 to 8192
 * @min_tiles: fewest tiles, 1 to @max_tiles
 * @max_tiles: most tiles, without the thumbnail, up to 1024
 * @use_thumbnail: whether a thumbnail follows when there is more than one tile
 * @error: return location for an error
 *
 * Cuts the picture as the model's own preprocessing does: one bicubic resize to the whole grid,
 * tiles row by row, the thumbnail last.
 *
 * It can be cancelled by the thread's current cancellable, see g_cancellable_push_current().
 *
 * Fails with %IVL_ERROR_INVALID_OPTION if a number is out of its range, %IVL_ERROR_UNSUPPORTED if
 * the picture is cut already into tiles of another size, or is so thin that resizing it would cost
 * more than a picture of 100 megapixels does, %IVL_ERROR_NO_MEMORY or %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): RGB8 [n_tiles, tile_size, tile_size, 3]
 */
IVL_AVAILABLE_IN_ALL
GBytes   *ivl_image_cut_tiles            (IvlImage             *self,
                                          guint                 tile_size,
                                          guint                 min_tiles,
                                          guint                 max_tiles,
                                          gboolean              use_thumbnail,
                                          GError              **error);

G_END_DECLS
