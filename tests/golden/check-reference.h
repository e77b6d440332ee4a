/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "image/ivl-decode.h"
#include "json-ids.h"
#include "report.h"

G_BEGIN_DECLS

/* Each checks one part of a reference folder and returns whether all of it holds. */
gboolean check_images (const char *folder);
gboolean check_tokenizers (const char *folder);
gboolean check_model (const char *folder,
                      const char *variant);

/* Shared by them. A damaged reference folder ends the program with a message and exit code 2. */
json_t  *load_json (const char *folder,
                    const char *name);
const char *text_of (json_t     *object,
                     const char *key);
guint    number_of (json_t     *object,
                    const char *key);
/* Decodes a picture of the folder as Pillow's convert ('RGB') does. */
void     load_picture (const char *folder,
                       const char *name,
                       IvlDecode  *picture);
G_NORETURN G_GNUC_PRINTF (1, 2)
void     give_up (const char *format,
                  ...);

G_END_DECLS
