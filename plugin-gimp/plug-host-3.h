/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of the host for GIMP 3 share. */
#pragma once

#include "plug-host.h"

#include <libgimp/gimp.h>

G_BEGIN_DECLS

/* The pointer is good until the main loop runs again. NULL: the image was closed */
GimpImage *plug_host_find_image (int image, GError **error);
/* IVL_ERROR_INVALID_DATA: a sentence, and GIMP's own words about the call that has just failed, if
 * one has */
void       plug_host_set_gimp_error (GError **error, const char *sentence);

/* Whether it is seen at all: visible, as all groups are that it is in */
gboolean plug_host_is_shown (GimpItem *item);
/* Whether it may be seen otherwise than its pixels are: a mask (applied or not), mode,
 * opacity, effects */
gboolean plug_host_is_mixed (GimpLayer *layer);

G_END_DECLS
