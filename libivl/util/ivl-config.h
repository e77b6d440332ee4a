/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The group of the configuration file that is about no single remote. */
#define IVL_CONFIG_GROUP "ivl"

/* ivl/ivl.conf in the user's configuration folder, whether it is there or not (transfer full). */
char     *ivl_config_get_path (void);
/* The configuration; empty when there is no file. Errors: IVL_ERROR_INVALID_DATA, naming the file,
 * and plain file errors. */
GKeyFile *ivl_config_load (GError **error);

/* A key's text; NULL without an error when the key is not there. An empty one is an error. */
char     *ivl_config_get_string (GKeyFile    *config,
                                 const char  *group,
                                 const char  *key,
                                 GError     **error);
/* The same for a path: "~/" is the home folder, a relative one begins at the file's own folder. */
char     *ivl_config_get_file (GKeyFile    *config,
                               const char  *group,
                               const char  *key,
                               GError     **error);
/* FALSE with an error when the key is there and says neither true nor false; *value is FALSE when
 * it is not there. */
gboolean  ivl_config_get_boolean (GKeyFile    *config,
                                  const char  *group,
                                  const char  *key,
                                  gboolean    *value,
                                  GError     **error);
/* The same for a number up to `most`; 0 when it is not there. */
gboolean  ivl_config_get_number (GKeyFile    *config,
                                 const char  *group,
                                 const char  *key,
                                 guint        most,
                                 guint       *value,
                                 GError     **error);

G_END_DECLS
