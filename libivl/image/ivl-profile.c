/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Embedded colour profiles to sRGB through lcms2, relative colorimetric with black point
 * compensation, as GIMP does by default. Profiles come from files: lcms2 errors are silent and
 * mean "no profile". */
#include "image/ivl-profile.h"

#include <lcms2.h>

enum
{
  MAX_ICC_BYTES = 16 * 1024 * 1024,
  NEAR_SRGB_LEVELS = 2,
  GRID = 9, /* colours a side that are compared with sRGB */
};

struct _IvlProfile
{
  cmsContext    context;
  cmsHTRANSFORM transform;
  guint         n_channels;
  gboolean      is_gray;
};

void
ivl_profile_free (IvlProfile *profile)
{
  if (profile->transform != NULL)
    cmsDeleteTransform (profile->transform);
  cmsDeleteContext (profile->context);
  g_free (profile);
}

static void
profile_open (IvlProfile  *profile,
              cmsHPROFILE  source)
{
  const cmsUInt32Number rgb = profile->n_channels == 4 ? TYPE_RGBA_8 : TYPE_RGB_8;
  cmsColorSpaceSignature space = cmsGetColorSpace (source);
  cmsUInt32Number flags = cmsFLAGS_BLACKPOINTCOMPENSATION | cmsFLAGS_NOCACHE;
  cmsHPROFILE srgb;

  profile->is_gray = space == cmsSigGrayData;
  if (space != cmsSigRgbData && space != cmsSigGrayData)
    return;
  srgb = cmsCreate_sRGBProfileTHR (profile->context);
  if (srgb == NULL)
    return;
  /* Without cmsFLAGS_COPY_ALPHA lcms2 leaves the output's extra channel untouched, which in
   * place is the same and costs nothing. */
  profile->transform = cmsCreateTransformTHR (profile->context, source,
                                              profile->is_gray ? TYPE_GRAY_8 : rgb, srgb, rgb,
                                              INTENT_RELATIVE_COLORIMETRIC, flags);
  cmsCloseProfile (srgb);
}

static gboolean
profile_is_near_srgb (IvlProfile *profile)
{
  for (guint i = 0; i < GRID * GRID * GRID; i++)
    {
      guint8 before[4] = {
        i % GRID * 255 / (GRID - 1),
        i / GRID % GRID * 255 / (GRID - 1),
        i / (GRID * GRID) * 255 / (GRID - 1),
        255,
      };
      guint8 after[4] = { before[0], before[1], before[2], 255 };

      if (profile->is_gray)
        before[1] = before[2] = before[0];
      ivl_profile_convert (profile, after, 1);
      for (guint c = 0; c < 3; c++)
        if (ABS (after[c] - before[c]) > NEAR_SRGB_LEVELS)
          return FALSE;
    }
  return TRUE;
}

IvlProfile *
ivl_profile_new (const guint8 *icc,
                 gsize         size,
                 guint         n_channels)
{
  g_autoptr (IvlProfile) profile = NULL;
  cmsHPROFILE source;

  g_return_val_if_fail (n_channels == 3 || n_channels == 4, NULL);

  if (size > MAX_ICC_BYTES)
    return NULL;
  profile = g_new0 (IvlProfile, 1);
  profile->n_channels = n_channels;
  profile->context = cmsCreateContext (NULL, NULL);
  source = cmsOpenProfileFromMemTHR (profile->context, icc, size);
  if (source == NULL)
    return NULL;
  profile_open (profile, source);
  cmsCloseProfile (source);
  if (profile->transform == NULL || profile_is_near_srgb (profile))
    return NULL;
  return g_steal_pointer (&profile);
}

void
ivl_profile_convert (IvlProfile *profile,
                     guint8     *pixels,
                     guint       n)
{
  guint8 gray[256];

  if (!profile->is_gray)
    {
      cmsDoTransform (profile->transform, pixels, pixels, n);
      return;
    }
  while (n > 0)
    {
      guint m = MIN (n, G_N_ELEMENTS (gray));

      for (guint i = 0; i < m; i++)
        gray[i] = pixels[i * profile->n_channels];
      cmsDoTransform (profile->transform, gray, pixels, m);
      pixels += m * profile->n_channels;
      n -= m;
    }
}
