/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The folder with the model's files that a location on this computer means: the folder itself, or
 * the snapshot inside a folder of a hub's cache (models--ORG--NAME). A location that is something
 * else gives IVL_ERROR_NOT_FOUND or IVL_ERROR_UNSUPPORTED, and the message says what it is and what
 * to write instead; a folder of which nothing can be told comes back as it is. */
char    *ivl_model_folder_resolve (const char  *location,
                                   GError     **error);

/* Whether resolving gives a folder with a config.json. */
gboolean ivl_model_folder_has_model (const char *location);

/* What a model there is called, in UTF-8: the folder's name, or NAME of a hub's cache. */
char    *ivl_model_folder_get_name (const char *location);

/* What was most likely meant by a location where nothing is: an address without its scheme, a
 * model's name on a hub. NULL if it looks like neither. */
char    *ivl_model_folder_guess (const char *location);

G_END_DECLS
