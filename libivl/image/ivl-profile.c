/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Embedded colour profiles to sRGB through lcms2, relative colorimetric with black point
 * compensation, as GIMP does by default. Profiles come from files: lcms2 errors are silent and
 * mean "no profile". */
#include "image/ivl-profile.h"

#include "image/ivl-primaries.h"
#include "image/ivl-profile-memory.h"
#include <lcms2.h>
#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  NEAR_SRGB_LEVELS = 2,
  GRID = 9, /* colours a side that are compared with sRGB */
};

struct _IvlProfile
{
  gboolean      lacks_memory;
  cmsContext    context; /* (nullable) */
  cmsHTRANSFORM transform;
};

/* One row for each IvlColours. */
static const struct
{
  guint                  n_colours;
  cmsColorSpaceSignature space;
  guint                  pixel_type; /* lcms2's PT_ */
} kinds[] = {
  [IVL_COLOURS_GRAY] = { 1, cmsSigGrayData, PT_GRAY },
  [IVL_COLOURS_RGB] = { 3, cmsSigRgbData, PT_RGB },
  [IVL_COLOURS_CMYK] = { 4, cmsSigCmykData, PT_CMYK },
  [IVL_COLOURS_LAB] = { 3, cmsSigLabData, PT_Lab },
};

/* nocheck:name: the verb belongs to IvlLayout */
guint
ivl_layout_get_n_samples (const IvlLayout *self)
{
  return kinds[self->colours].n_colours + (self->has_alpha ? 1 : 0);
}

/* nocheck:name: the verb belongs to IvlColourSpace */
guint8 *
ivl_colour_space_make_icc (IvlColourSpace *self,
                           gsize           size)
{
  guint8 *icc;

  if (size == 0 || size > IVL_PROFILE_MAX_BYTES)
    return NULL;
  icc = g_try_malloc (size);
  if (icc == NULL)
    {
      self->lacks_memory = TRUE;
      return NULL;
    }
  g_clear_pointer (&self->icc, g_bytes_unref);
  self->icc = g_bytes_new_take (icc, size);
  return icc;
}

/* nocheck:name: the verb belongs to IvlColourSpace */
void
ivl_colour_space_set_icc (IvlColourSpace *self,
                          const guint8   *data,
                          gsize           size)
{
  guint8 *icc = ivl_colour_space_make_icc (self, size);

  if (icc != NULL)
    memcpy (icc, data, size);
}

/* nocheck:name: the verb belongs to IvlColourSpace */
void
ivl_colour_space_clear (IvlColourSpace *self)
{
  g_clear_pointer (&self->icc, g_bytes_unref);
}

void
ivl_profile_free (IvlProfile *profile)
{
  if (profile->transform != NULL)
    cmsDeleteTransform (profile->transform);
  if (profile->context != NULL)
    cmsDeleteContext (profile->context);
  g_free (profile);
}

static cmsUInt32Number
layout_get_type (const IvlLayout *layout)
{
  return COLORSPACE_SH (kinds[layout->colours].pixel_type)
         | CHANNELS_SH (kinds[layout->colours].n_colours) | BYTES_SH (layout->bits / 8)
         | EXTRA_SH (layout->has_alpha ? 1 : 0);
}

static cmsHTRANSFORM
make_transform (IvlProfile      *profile,
                cmsHPROFILE      source,
                cmsUInt32Number  type)
{
  cmsHPROFILE srgb = cmsCreate_sRGBProfileTHR (profile->context);
  cmsHTRANSFORM transform = NULL;

  if (srgb != NULL)
    {
      transform = cmsCreateTransformTHR (profile->context, source, type, srgb, TYPE_RGB_8,
                                         INTENT_RELATIVE_COLORIMETRIC,
                                         cmsFLAGS_BLACKPOINTCOMPENSATION | cmsFLAGS_NOCACHE);
      cmsCloseProfile (srgb);
    }
  return transform;
}

/* Whether gray or RGB pixels come out as they are, over a grid of colours. */
static gboolean
is_near_srgb (IvlProfile  *profile,
              cmsHPROFILE  source,
              IvlColours   colours)
{
  const IvlLayout plain = { colours, 8, FALSE, FALSE };
  cmsHTRANSFORM transform;
  gboolean near = TRUE;

  if (colours != IVL_COLOURS_GRAY && colours != IVL_COLOURS_RGB)
    return FALSE;
  transform = make_transform (profile, source, layout_get_type (&plain));
  if (transform == NULL)
    return FALSE;
  for (guint i = 0; near && i < GRID * GRID * GRID; i++)
    {
      const guint8 before[3] = {
        i % GRID * 255 / (GRID - 1),
        i / GRID % GRID * 255 / (GRID - 1),
        i / (GRID * GRID) * 255 / (GRID - 1),
      };
      guint8 after[3];

      cmsDoTransform (transform, before, after, 1);
      for (guint c = 0; c < 3; c++)
        if (ABS (after[c] - before[colours == IVL_COLOURS_GRAY ? 0 : c]) > NEAR_SRGB_LEVELS)
          near = FALSE;
    }
  cmsDeleteTransform (transform);
  return near;
}

static cmsHPROFILE
open_icc (IvlProfile      *profile,
          GBytes          *icc,
          const IvlLayout *layout)
{
  gsize size;
  const void *data = g_bytes_get_data (icc, &size);
  cmsHPROFILE source;

  if (size > IVL_PROFILE_MAX_BYTES)
    return NULL;
  source = cmsOpenProfileFromMemTHR (profile->context, data, size);
  if (source != NULL && cmsGetColorSpace (source) != kinds[layout->colours].space)
    {
      cmsCloseProfile (source);
      return NULL;
    }
  return source;
}

/* The profile that the pixels' numbers have; NULL for sRGB and what is taken as such. */
static cmsHPROFILE
open_source (IvlProfile           *profile,
             const IvlColourSpace *space,
             const IvlLayout      *layout)
{
  const gboolean is_gray = layout->colours == IVL_COLOURS_GRAY;
  cmsHPROFILE source = NULL;

  if (layout->colours == IVL_COLOURS_LAB)
    return cmsCreateLab4ProfileTHR (profile->context, NULL);
  if (space == NULL)
    return NULL;
  if (space->cicp_primaries != 0 && layout->colours != IVL_COLOURS_CMYK)
    source = ivl_primaries_open_cicp (profile->context, space, is_gray);
  if (source == NULL && space->icc != NULL)
    source = open_icc (profile, space->icc, layout);
  if (source == NULL && !space->is_srgb && (space->gamma > 0 || space->has_primaries)
      && layout->colours != IVL_COLOURS_CMYK)
    source = ivl_primaries_open (profile->context, space, is_gray);
  return source;
}

/* Sets the transform where there is something to convert. */
static void
open_transform (IvlProfile           *profile,
                const IvlColourSpace *space,
                const IvlLayout      *layout)
{
  const cmsHPROFILE source = open_source (profile, space, layout);

  if (source == NULL)
    return;
  if (!is_near_srgb (profile, source, layout->colours))
    profile->transform = make_transform (profile, source, layout_get_type (layout));
  cmsCloseProfile (source);
}

IvlProfile *
ivl_profile_new (const IvlColourSpace  *space,
                 const IvlLayout       *layout,
                 GError               **error)
{
  g_autoptr (IvlProfile) profile = g_new0 (IvlProfile, 1);

  profile->context = ivl_profile_memory_new_context (&profile->lacks_memory);
  if (profile->context != NULL)
    open_transform (profile, space, layout);
  if (profile->lacks_memory)
    {
      g_set_error_literal (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                           "not enough memory to convert its colours");
      return NULL;
    }
  return profile->transform != NULL ? g_steal_pointer (&profile) : NULL;
}

void
ivl_profile_convert (IvlProfile    *profile,
                     gconstpointer  samples,
                     guint8        *rgb,
                     guint          n)
{
  cmsDoTransform (profile->transform, samples, rgb, n);
}
