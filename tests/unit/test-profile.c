/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Colour profiles to sRGB. The profiles are made here; what must come out is computed from their
 * curves and the definition of sRGB (IEC 61966-2-1).
 */
#include "image/ivl-profile.h"

#include <lcms2.h>
#include <math.h>

#define N_STEPS 4096

static const IvlLayout gray = { IVL_COLOURS_GRAY, 8, FALSE, FALSE };
static const IvlLayout rgb = { IVL_COLOURS_RGB, 8, FALSE, FALSE };

/* Light 0 to 1 as a number of sRGB, 0 to 255 */
static double
encode_srgb (double light)
{
  return 255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * pow (light, 1 / 2.4) - 0.055);
}

/* The light of a number, 0 to 1, for each of the profiles */
static double
gamma_22 (double number)
{
  return pow (number, 2.2);
}

/* Within 2 levels of sRGB everywhere */
static double
almost_srgb (double number)
{
  double level = 255 * number + 1.2 * sin (G_PI * number);

  number = MIN (level / 255, 1);
  return number <= 0.04045 ? number / 12.92 : pow ((number + 0.055) / 1.055, 2.4);
}

/* Ink that reflects a twentieth of the light where it is thickest */
static double
pale_black (double number)
{
  return 0.05 + 0.95 * number;
}

static GBytes *
save_profile (cmsHPROFILE profile)
{
  cmsUInt32Number size = 0;
  guint8 *data;

  g_assert_nonnull (profile);
  g_assert_true (cmsSaveProfileToMem (profile, NULL, &size));
  data = g_malloc (size);
  g_assert_true (cmsSaveProfileToMem (profile, data, &size));
  cmsCloseProfile (profile);
  return g_bytes_new_take (data, size);
}

static cmsToneCurve *
make_curve (double (*light) (double number))
{
  g_autofree cmsUInt16Number *table = g_new (cmsUInt16Number, N_STEPS);

  for (gsize i = 0; i < N_STEPS; i++)
    table[i] = round (65535 * light (i / (N_STEPS - 1.0)));
  return cmsBuildTabulatedToneCurve16 (NULL, N_STEPS, table);
}

static GBytes *
make_gray (double (*light) (double number))
{
  cmsToneCurve *curve = make_curve (light);
  cmsHPROFILE profile = cmsCreateGrayProfile (cmsD50_xyY (), curve);

  cmsFreeToneCurve (curve);
  return save_profile (profile);
}

/* With the primaries of sRGB */
static GBytes *
make_rgb (double (*light) (double number))
{
  static const cmsCIExyY white = { 0.3127, 0.3290, 1 };
  static const cmsCIExyYTRIPLE primaries = {
    { 0.64, 0.33, 1 }, { 0.30, 0.60, 1 }, { 0.15, 0.06, 1 }
  };
  cmsToneCurve *curve = make_curve (light);
  cmsToneCurve *curves[] = { curve, curve, curve };
  cmsHPROFILE profile = cmsCreateRGBProfile (&white, &primaries, curves);

  cmsFreeToneCurve (curve);
  return save_profile (profile);
}

static void
assert_gray (IvlProfile *profile,
             guint8      number,
             double      expected)
{
  guint8 out[3];

  ivl_profile_convert (profile, &number, out, 1);
  for (guint c = 0; c < 3; c++)
    g_assert_cmpfloat (fabs (out[c] - expected), <=, 1.01);
}

/* Gamma 2.2 lies within 9 levels of sRGB: that is seen, and converted. */
static void
test_near (void)
{
  static const guint8 numbers[] = { 10, 31, 63, 128, 200 };
  g_auto (IvlColourSpace) space = { .icc = make_gray (gamma_22) };
  g_auto (IvlColourSpace) rgb_space = { .icc = make_rgb (gamma_22) };
  g_autoptr (IvlProfile) profile = ivl_profile_new (&space, &gray, NULL);
  g_autoptr (IvlProfile) rgb_profile = ivl_profile_new (&rgb_space, &rgb, NULL);

  g_assert_nonnull (profile);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      const guint8 in[3] = { numbers[i], numbers[i], numbers[i] };
      double expected = encode_srgb (gamma_22 (numbers[i] / 255.0));
      guint8 out[3];

      assert_gray (profile, numbers[i], expected);
      ivl_profile_convert (rgb_profile, in, out, 1);
      for (guint c = 0; c < 3; c++)
        g_assert_cmpfloat (fabs (out[c] - expected), <=, 1.01);
    }
}

static void
test_taken_as_srgb (void)
{
  g_auto (IvlColourSpace) space = { .icc = make_gray (almost_srgb) };
  g_auto (IvlColourSpace) rgb_space = { .icc = make_rgb (almost_srgb) };

  g_assert_null (ivl_profile_new (&space, &gray, NULL));
  g_assert_null (ivl_profile_new (&rgb_space, &rgb, NULL));
}

/* The darkest that the source can be becomes black, and white stays: light is stretched between. */
static void
test_black_point (void)
{
  static const guint8 numbers[] = { 0, 8, 64, 128, 255 };
  g_auto (IvlColourSpace) space = { .icc = make_gray (pale_black) };
  g_autoptr (IvlProfile) profile = ivl_profile_new (&space, &gray, NULL);

  g_assert_nonnull (profile);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    assert_gray (profile, numbers[i],
                 encode_srgb ((pale_black (numbers[i] / 255.0) - 0.05) / 0.95));
}

/* One byte more than is read: as if there were none. */
static void
test_size (void)
{
  g_autoptr (GBytes) small = make_gray (gamma_22);

  for (gsize more = 0; more < 2; more++)
    {
      const gsize size = IVL_PROFILE_MAX_BYTES + more;
      guint8 *data = g_malloc0 (size);
      g_auto (IvlColourSpace) space = { .icc = g_bytes_new_take (data, size) };
      g_autoptr (IvlProfile) profile = NULL;

      memcpy (data, g_bytes_get_data (small, NULL), g_bytes_get_size (small));
      profile = ivl_profile_new (&space, &gray, NULL);
      g_assert_true ((profile != NULL) == (more == 0));
    }
}

/* A profile of another colour space than the pixels' does not apply. */
static void
test_other_space (void)
{
  static const IvlLayout cmyk = { IVL_COLOURS_CMYK, 8, FALSE, FALSE };
  g_auto (IvlColourSpace) space = { .icc = make_gray (gamma_22) };
  g_auto (IvlColourSpace) rgb_space = { .icc = make_rgb (gamma_22) };

  g_assert_null (ivl_profile_new (&space, &rgb, NULL));
  g_assert_null (ivl_profile_new (&space, &cmyk, NULL));
  g_assert_null (ivl_profile_new (&rgb_space, &gray, NULL));
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/profile/near", test_near);
  g_test_add_func ("/profile/taken-as-srgb", test_taken_as_srgb);
  g_test_add_func ("/profile/black-point", test_black_point);
  g_test_add_func ("/profile/size", test_size);
  g_test_add_func ("/profile/other-space", test_other_space);
  return g_test_run ();
}
