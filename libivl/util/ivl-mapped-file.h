/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A file mapped read-only. If the file is cut short while it is mapped, reading the lost pages
 * gives zeros instead of SIGBUS, and ivl_mapped_file_check() fails from then on. */
typedef struct _IvlMappedFile IvlMappedFile;

IvlMappedFile *ivl_mapped_file_open (const char  *path,
                                     GError     **error);
IvlMappedFile *ivl_mapped_file_ref (IvlMappedFile *file);
void           ivl_mapped_file_unref (IvlMappedFile *file);
const guint8  *ivl_mapped_file_get_data (IvlMappedFile *file);
gsize          ivl_mapped_file_get_size (IvlMappedFile *file);
const char    *ivl_mapped_file_get_path (IvlMappedFile *file);
/* FALSE with IVL_ERROR_INVALID_DATA ("... changed on disk while in use") once the file was
 * truncated or its size or modification time differ from those at opening. */
gboolean       ivl_mapped_file_check (IvlMappedFile  *file,
                                      GError        **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlMappedFile, ivl_mapped_file_unref)

G_END_DECLS
