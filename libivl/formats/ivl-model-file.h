/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes that are enough for ivl_model_file_check(). */
#define IVL_MODEL_FILE_HEAD_BYTES 512

/* FALSE with IVL_ERROR_INVALID_DATA and a remedy when what stands in the place of a model's file is
 * what downloads leave there instead: Git LFS's pointer, a web page, an error's text, nothing at
 * all. source names the file in messages; the first IVL_MODEL_FILE_HEAD_BYTES of data count. */
gboolean ivl_model_file_check (const char  *data,
                               gsize        size,
                               const char  *source,
                               GError     **error);

/* ivl_bounded_file_read(), then that check. */
char    *ivl_model_file_read (const char  *path,
                              gsize        max_bytes,
                              gsize       *size,
                              GError     **error);

/* Whether a file is there (or a link to nowhere, of which opening says what is wrong). */
gboolean ivl_model_file_is_there (const char *folder,
                                  const char *name);

G_END_DECLS
