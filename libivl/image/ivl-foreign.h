/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

enum
{
  IVL_FOREIGN_HEAD_SIZE = 4096, /* bytes of a file's beginning that are looked at, at most */
};

/* What a file is that is no picture read here, and what can be done about it: "HEIC: convert it to
 * JPEG or PNG". NULL: nobody knows. */
const char *ivl_foreign_find (const guint8 *data,
                              gsize         size);

G_END_DECLS
