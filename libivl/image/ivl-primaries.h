/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "image/ivl-profile.h"
#include <lcms2.h>

G_BEGIN_DECLS

/* Profiles for lcms2 from what a file says without an ICC profile: of RGB pixels, or of gray ones,
 * to which only the curve applies. NULL if the numbers make no sense or are not known here. To be
 * closed with cmsCloseProfile(). */

/* space->cicp_primaries and space->cicp_transfer */
cmsHPROFILE ivl_primaries_open_cicp (cmsContext            context,
                                     const IvlColourSpace *space,
                                     gboolean              is_gray);
/* space->gamma and space->xy; of the two that is sRGB's which is not given. */
cmsHPROFILE ivl_primaries_open      (cmsContext            context,
                                     const IvlColourSpace *space,
                                     gboolean              is_gray);

G_END_DECLS
