/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Colour spaces that are told by chromaticities and a curve, or by the code points of ITU-T H.273,
 * as profiles. */
#include "image/ivl-primaries.h"

#include <math.h>
#include <string.h>

enum
{
  CURVE_POINTS = 4096,
};

/* Candela a square metre of the white that RGB8 can show (ITU-R BT.2408), of what PQ's largest
 * number means, and of a usual screen for HLG. */
#define WHITE_NITS 203.0
#define PQ_NITS 10000.0
#define HLG_NITS 1000.0

#define D65 0.3127, 0.3290

static const double srgb_primaries[8] = { D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06 };

/* H.273, table 2: x, y of white, red, green, blue. */
static const struct
{
  guint8 code;
  double xy[8];
} primaries[] = {
  { 1, { D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06 } },            /* BT.709, sRGB */
  { 4, { 0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08 } },   /* BT.470 M */
  { 5, { D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06 } },            /* BT.601, 625 lines */
  { 6, { D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070 } },      /* BT.601, 525 lines */
  { 7, { D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070 } },      /* SMPTE 240M */
  { 8, { 0.310, 0.316, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049 } }, /* film */
  { 9, { D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046 } },      /* BT.2020 */
  { 11, { 0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060 } }, /* DCI-P3 */
  { 12, { D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060 } },     /* Display P3 */
  { 22, { D65, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077 } },     /* EBU 3213 */
};

/* y = (a x + b) ^ g for x >= d, else c x: lcms2's type 4. */
static cmsToneCurve *
make_srgb_curve (cmsContext context)
{
  const cmsFloat64Number values[5] = { 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045 };

  return cmsBuildParametricToneCurve (context, 4, values);
}

static cmsToneCurve *
make_bt709_curve (cmsContext context)
{
  const cmsFloat64Number values[5] = { 1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081 };

  return cmsBuildParametricToneCurve (context, 4, values);
}

/* SMPTE ST 2084 */
static double
pq_to_light (double v)
{
  const double p = pow (v, 32.0 / 2523.0);
  const double light = MAX (p - 107.0 / 128.0, 0) / (2413.0 / 128.0 - 2392.0 / 128.0 * p);

  return pow (light, 8192.0 / 1305.0) * PQ_NITS / WHITE_NITS;
}

/* ITU-R BT.2100, hybrid log-gamma, each colour by itself */
static double
hlg_to_light (double v)
{
  const double a = 0.17883277;
  const double b = 1 - 4 * a;
  const double c = 0.5 - a * log (4 * a);
  const double scene = v <= 0.5 ? v * v / 3 : (exp ((v - c) / a) + b) / 12;

  return pow (scene, 1.2) * HLG_NITS / WHITE_NITS;
}

/* What is lighter than white becomes white. */
static cmsToneCurve *
make_table (cmsContext context,
            double     (*to_light) (double))
{
  cmsFloat32Number table[CURVE_POINTS];

  for (guint i = 0; i < CURVE_POINTS; i++)
    table[i] = CLAMP (to_light (i / (CURVE_POINTS - 1.0)), 0, 1);
  return cmsBuildTabulatedToneCurveFloat (context, CURVE_POINTS, table);
}

/* H.273, table 3. NULL: not known here. */
static cmsToneCurve *
make_cicp_curve (cmsContext context,
                 guint      transfer)
{
  switch (transfer)
    {
    case 1:  /* BT.709 */
    case 6:  /* BT.601 */
    case 14: /* BT.2020, 10 bits */
    case 15: /* BT.2020, 12 bits */
      return make_bt709_curve (context);
    case 4:
      return cmsBuildGamma (context, 2.2);
    case 5:
      return cmsBuildGamma (context, 2.8);
    case 8:
      return cmsBuildGamma (context, 1.0);
    case 13:
      return make_srgb_curve (context);
    case 16:
      return make_table (context, pq_to_light);
    case 18:
      return make_table (context, hlg_to_light);
    default:
      return NULL;
    }
}

/* curve: (transfer full) (nullable) */
static cmsHPROFILE
make_profile (cmsContext    context,
              const double *xy,
              cmsToneCurve *curve,
              gboolean      is_gray)
{
  const cmsCIExyY white = { xy[0], xy[1], 1 };
  const cmsCIExyYTRIPLE triple = { { xy[2], xy[3], 1 }, { xy[4], xy[5], 1 }, { xy[6], xy[7], 1 } };
  cmsToneCurve *curves[3] = { curve, curve, curve };
  cmsHPROFILE profile;

  if (curve == NULL)
    return NULL;
  if (is_gray)
    profile = cmsCreateGrayProfileTHR (context, cmsD50_xyY (), curve);
  else
    profile = cmsCreateRGBProfileTHR (context, &white, &triple, curves);
  cmsFreeToneCurve (curve);
  return profile;
}

cmsHPROFILE
ivl_primaries_open_cicp (cmsContext            context,
                         const IvlColourSpace *space,
                         gboolean              is_gray)
{
  for (guint i = 0; i < G_N_ELEMENTS (primaries); i++)
    if (primaries[i].code == space->cicp_primaries)
      return make_profile (context, primaries[i].xy,
                           make_cicp_curve (context, space->cicp_transfer), is_gray);
  return NULL;
}

/* Chromaticities of real lights: inside the unit triangle, and not all on one line. */
static gboolean
are_sound (const double *xy)
{
  const double area = (xy[4] - xy[2]) * (xy[7] - xy[3]) - (xy[6] - xy[2]) * (xy[5] - xy[3]);

  for (guint i = 0; i < 8; i += 2)
    if (!(xy[i] >= 0 && xy[i + 1] > 0 && xy[i] + xy[i + 1] <= 1.0001))
      return FALSE;
  return fabs (area) > 0.001;
}

cmsHPROFILE
ivl_primaries_open (cmsContext            context,
                    const IvlColourSpace *space,
                    gboolean              is_gray)
{
  const double *xy = space->has_primaries ? space->xy : srgb_primaries;
  const double gamma = space->gamma > 0 ? space->gamma : 1 / 2.2;
  cmsToneCurve *curve;

  if (!are_sound (xy) || gamma < 0.01 || gamma > 10)
    return NULL;
  /* A gamma of 1 / 2.2, within the 5 % that libpng takes as no difference, is how files say sRGB
   * (PNG specification, 11.3.2.5). */
  curve = fabs (gamma * 2.2 - 1) <= 0.05 ? make_srgb_curve (context)
                                         : cmsBuildGamma (context, 1 / gamma);
  return make_profile (context, xy, curve, is_gray);
}
