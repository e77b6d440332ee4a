/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Counts characters as people see them, by the rules GB3 to GB13 of UAX #29 (Unicode 15.0). The
 * classes are derived from the properties that GLib knows; what it does not know is listed here.
 * GB9c of later versions (conjuncts of Indic scripts) is left out: fonts differ in joining them. */
#include "util/ivl-graphemes.h"

typedef enum
{
  CLASS_OTHER,
  CLASS_CR,
  CLASS_LF,
  CLASS_CONTROL,
  CLASS_EXTEND,
  CLASS_JOINER,
  CLASS_SPACING,
  CLASS_PREPEND,
  CLASS_REGIONAL,
  CLASS_PICTURE,
  CLASS_L,
  CLASS_V,
  CLASS_T,
  CLASS_LV,
  CLASS_LVT,
} Class;

/* Where a class is not what the general category says (GraphemeBreakProperty.txt), ascending */
static const struct
{
  gunichar first;
  gunichar last;
  Class    class;
} exceptions[] = {
  { 0x00ad, 0x00ad, CLASS_CONTROL },
  { 0x0600, 0x0605, CLASS_PREPEND },
  { 0x06dd, 0x06dd, CLASS_PREPEND },
  { 0x070f, 0x070f, CLASS_PREPEND },
  { 0x0890, 0x0891, CLASS_PREPEND },
  { 0x08e2, 0x08e2, CLASS_PREPEND },
  { 0x09be, 0x09be, CLASS_EXTEND },
  { 0x09d7, 0x09d7, CLASS_EXTEND },
  { 0x0b3e, 0x0b3e, CLASS_EXTEND },
  { 0x0b57, 0x0b57, CLASS_EXTEND },
  { 0x0bbe, 0x0bbe, CLASS_EXTEND },
  { 0x0bd7, 0x0bd7, CLASS_EXTEND },
  { 0x0cc2, 0x0cc2, CLASS_EXTEND },
  { 0x0cd5, 0x0cd6, CLASS_EXTEND },
  { 0x0d3e, 0x0d3e, CLASS_EXTEND },
  { 0x0d4e, 0x0d4e, CLASS_PREPEND },
  { 0x0d57, 0x0d57, CLASS_EXTEND },
  { 0x0dcf, 0x0dcf, CLASS_EXTEND },
  { 0x0ddf, 0x0ddf, CLASS_EXTEND },
  { 0x0e33, 0x0e33, CLASS_SPACING },
  { 0x0eb3, 0x0eb3, CLASS_SPACING },
  { 0x102b, 0x102c, CLASS_OTHER },
  { 0x1038, 0x1038, CLASS_OTHER },
  { 0x1062, 0x1064, CLASS_OTHER },
  { 0x1067, 0x106d, CLASS_OTHER },
  { 0x1083, 0x1083, CLASS_OTHER },
  { 0x1087, 0x108c, CLASS_OTHER },
  { 0x108f, 0x108f, CLASS_OTHER },
  { 0x109a, 0x109c, CLASS_OTHER },
  { 0x1a61, 0x1a61, CLASS_OTHER },
  { 0x1a63, 0x1a64, CLASS_OTHER },
  { 0x1b35, 0x1b35, CLASS_EXTEND },
  { 0x200c, 0x200c, CLASS_EXTEND },
  { 0x200d, 0x200d, CLASS_JOINER },
  { 0x302e, 0x302f, CLASS_EXTEND },
  { 0xaa7b, 0xaa7b, CLASS_OTHER },
  { 0xaa7d, 0xaa7d, CLASS_OTHER },
  { 0xff9e, 0xff9f, CLASS_EXTEND },
  { 0x110bd, 0x110bd, CLASS_PREPEND },
  { 0x110cd, 0x110cd, CLASS_PREPEND },
  { 0x111c2, 0x111c3, CLASS_PREPEND },
  { 0x11720, 0x11721, CLASS_OTHER },
  { 0x1193f, 0x1193f, CLASS_PREPEND },
  { 0x11941, 0x11941, CLASS_PREPEND },
  { 0x11a3a, 0x11a3a, CLASS_PREPEND },
  { 0x11a84, 0x11a89, CLASS_PREPEND },
  { 0x11d46, 0x11d46, CLASS_PREPEND },
  { 0x1f1e6, 0x1f1ff, CLASS_REGIONAL },
  { 0x1f3fb, 0x1f3ff, CLASS_EXTEND },
  { 0xe0020, 0xe007f, CLASS_EXTEND },
};

/* What U+200D joins (Extended_Pictographic); whole blocks where the others in them, arrows and the
 * like, never stand behind a joiner */
static gboolean
is_picture (gunichar c)
{
  return c == 0xa9 || c == 0xae || c == 0x203c || c == 0x2049 || c == 0x2122 || c == 0x2139 ||
         (c >= 0x2190 && c <= 0x21ff) || (c >= 0x2300 && c <= 0x23ff) || c == 0x24c2 ||
         (c >= 0x25a0 && c <= 0x27bf) || (c >= 0x2900 && c <= 0x297f) ||
         (c >= 0x2b00 && c <= 0x2bff) || c == 0x3030 || c == 0x303d || c == 0x3297 || c == 0x3299 ||
         (c >= 0x1f000 && c <= 0x1faff) || (c >= 0x1fc00 && c <= 0x1fffd);
}

static Class
classify_by_category (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
      return CLASS_CONTROL;
    case G_UNICODE_NON_SPACING_MARK:
    case G_UNICODE_ENCLOSING_MARK:
      return CLASS_EXTEND;
    case G_UNICODE_SPACING_MARK:
      return CLASS_SPACING;
    default:
      return is_picture (c) ? CLASS_PICTURE : CLASS_OTHER;
    }
}

static Class
classify (gunichar c)
{
  if (c == '\r')
    return CLASS_CR;
  if (c == '\n')
    return CLASS_LF;
  if (c >= ' ' && c < 0x7f)
    return CLASS_OTHER;
  for (guint i = 0; i < G_N_ELEMENTS (exceptions) && exceptions[i].first <= c; i++)
    if (c <= exceptions[i].last)
      return exceptions[i].class;
  switch (g_unichar_break_type (c))
    {
    case G_UNICODE_BREAK_HANGUL_L_JAMO:
      return CLASS_L;
    case G_UNICODE_BREAK_HANGUL_V_JAMO:
      return CLASS_V;
    case G_UNICODE_BREAK_HANGUL_T_JAMO:
      return CLASS_T;
    case G_UNICODE_BREAK_HANGUL_LV_SYLLABLE:
      return CLASS_LV;
    case G_UNICODE_BREAK_HANGUL_LVT_SYLLABLE:
      return CLASS_LVT;
    default:
      return classify_by_category (c);
    }
}

static gboolean
is_control (Class class)
{
  return class == CLASS_CR || class == CLASS_LF || class == CLASS_CONTROL;
}

static gboolean
joins_hangul (Class before,
              Class after)
{
  switch (before)
    {
    case CLASS_L:
      return after == CLASS_L || after == CLASS_V || after == CLASS_LV || after == CLASS_LVT;
    case CLASS_LV:
    case CLASS_V:
      return after == CLASS_V || after == CLASS_T;
    case CLASS_LVT:
    case CLASS_T:
      return after == CLASS_T;
    default:
      return FALSE;
    }
}

/* Is there no boundary. in_picture: what came before is a picture, extenders and a joiner;
 * n_regional: indicators directly before */
static gboolean
joins (Class    before,
       Class    after,
       gboolean in_picture,
       guint    n_regional)
{
  if (is_control (before) || is_control (after))
    return before == CLASS_CR && after == CLASS_LF;
  if (after == CLASS_EXTEND || after == CLASS_JOINER || after == CLASS_SPACING)
    return TRUE;
  if (before == CLASS_PREPEND || joins_hangul (before, after))
    return TRUE;
  if (before == CLASS_JOINER && after == CLASS_PICTURE)
    return in_picture;
  return before == CLASS_REGIONAL && after == CLASS_REGIONAL && n_regional % 2 == 1;
}

guint
ivl_graphemes_count (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  Class before = CLASS_CONTROL;
  gboolean in_picture = FALSE;
  guint n_regional = 0;
  guint n = 0;

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      Class class = classify (g_utf8_get_char (p));

      if (p == valid || !joins (before, class, in_picture, n_regional))
        n++;
      if (class != CLASS_EXTEND && class != CLASS_JOINER)
        in_picture = class == CLASS_PICTURE;
      n_regional = class == CLASS_REGIONAL ? n_regional + 1 : 0;
      before = class;
    }
  return n;
}
