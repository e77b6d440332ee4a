/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A GIMP for unit tests: images are pixels in memory that a test may change at any time. It is no
 * more than what the source of pictures asks of a host. */
#pragma once

#include "plug-host.h"

typedef struct
{
  int          width;
  int          height;
  int          offset_x; /* of the layer */
  int          offset_y;
  guint8      *rgb;      /* [height, width, 3] */
  guint8       alpha;    /* of all pixels; 255 at first */
  gboolean     is_open;
  gboolean     has_selection;
  GdkRectangle selection;
  int          closes_at; /* row at which it goes away while it is read; -1: it stays */
  guint        n_opened;  /* rasters */
  guint        n_strips;
  int          most_rows; /* of a strip */
} HostImage;

/* White; ids count from 1 */
int        host_memory_add (int width, int height);
HostImage *host_memory_get (int image);
void       host_memory_set_pixel (int image, int x, int y, guint32 rgb);
void       host_memory_clear (void);
