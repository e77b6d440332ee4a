/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the tokenizers ask about a character, one bit each. */
typedef enum
{
  IVL_CHAR_LETTER = 1 << 0,   /* \p{L} */
  IVL_CHAR_NUMBER = 1 << 1,   /* \p{N} */
  IVL_CHAR_SPACE = 1 << 2,    /* Unicode White_Space, exactly */
  IVL_CHAR_NEWLINE = 1 << 3,  /* U+000A or U+000D */
  IVL_CHAR_UNSTABLE = 1 << 4, /* NFC may change it, or join it to what comes before */
} IvlCharClass;

/* 256 characters each; filled when first asked for. */
extern const guint8 *ivl_char_class_blocks[0x1100];

const guint8 *ivl_char_class_fill (guint block);

static inline guint8
ivl_char_class_get (gunichar c)
{
  const guint8 *block = __atomic_load_n (&ivl_char_class_blocks[c >> 8], __ATOMIC_ACQUIRE);

  if (G_UNLIKELY (block == NULL))
    block = ivl_char_class_fill (c >> 8);
  return block[c & 0xff];
}

G_END_DECLS
