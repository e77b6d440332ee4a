/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Export with the texts in the file: GIMP writes the pixels into a temporary file beside the
 * target, libivl puts the texts in, they are read back and compared, and only then does the file
 * take the target's name. Whatever fails, the target is as it was and nothing else is left. Who
 * calls has asked before a file is replaced. */
#pragma once

#include "plug-host.h"

G_BEGIN_DECLS

/* Names the format by the file's ending: "JPEG", "PNG", "WebP", "TIFF"; NULL for any other
 * ending */
const char  *plug_export_get_format (GFile *file);
/* What a person would call it: the image's file with an ending that can be written (the same
 * one, else png), in the same folder, else in the pictures' folder (transfer full) */
GFile       *plug_export_suggest_file (int image);

/* Which texts the file there has that one with these would not have, as people read it: "caption,
 * long description"; NULL: none (transfer full). chosen (nullable): its empty fields are meant to
 * be left out. */
char        *plug_export_find_lost (GFile *file, IvlMetadata *texts, IvlMetadata *chosen);

/* For scripts, which nobody asks whether a file shall be replaced. Main thread, blocks. texts: a
 * NULL field is written as the image carries it, an empty one is not written; NULL for all as the
 * image carries them. keep_metadata: also everything else that the image carries. Result: what was
 * read back from the file (transfer full). Errors: IVL_ERROR_UNSUPPORTED (ending, or not a file on
 * this computer), IVL_ERROR_INVALID_OPTION (the file there has a text that the new one would not
 * have), those of plug_host_export() and ivl_metadata_write_file(), G_FILE_ERROR. */
IvlMetadata *plug_export_write (int           image,
                                GFile        *file,
                                IvlMetadata  *texts,
                                gboolean      keep_metadata,
                                GError      **error);
/* The same, when a person has been asked: the calls to GIMP block the main thread, once it has
 * drawn what it had to draw; the work on the file is done elsewhere, and can be cancelled. */
void         plug_export_write_async (int                  image,
                                      GFile               *file,
                                      IvlMetadata         *texts,
                                      gboolean             keep_metadata,
                                      GCancellable        *cancellable,
                                      GAsyncReadyCallback  callback,
                                      gpointer             user_data);
IvlMetadata *plug_export_write_finish (GAsyncResult *result, GError **error);

G_END_DECLS
