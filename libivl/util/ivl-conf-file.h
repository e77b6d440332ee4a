/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The group of the configuration file that is about no single remote. */
#define IVL_CONF_FILE_GROUP "ivl"
/* About the user's own service. */
#define IVL_CONF_FILE_SERVICE_GROUP "service"
/* Minutes without a request after which a service that was started on demand leaves. */
#define IVL_CONF_FILE_IDLE_EXIT 15
/* A year, which is what `ivl serve` takes at most. */
#define IVL_CONF_FILE_MAX_IDLE_EXIT 525600

/* ivl/ivl.conf in the user's configuration folder, whether it is there or not (transfer full). */
char     *ivl_conf_file_get_path (void);
/* What there is to know of the configuration file. */
typedef enum
{
  IVL_CONF_FILE_NONE,       /* certainly none: nothing is said, nothing forbidden */
  IVL_CONF_FILE_READ,
  IVL_CONF_FILE_UNREADABLE, /* or it cannot be told whether there is one: all is forbidden */
} IvlConfFileState;

/* The configuration with its comments; *config is NULL unless it was read. Unreadable comes with
 * IVL_ERROR_INVALID_DATA, naming the file. */
IvlConfFileState ivl_conf_file_read (GKeyFile **config,
                                     GError   **error);
/* The same, empty when there is no file; NULL with an error when it is unreadable. */
GKeyFile *ivl_conf_file_load (GError **error);

typedef void (*IvlConfFileChange) (GKeyFile *config,
                                   gpointer  data);

/* Has `change` make its changes in the configuration as it is then, and writes it in one step,
 * while nobody else does; a file that is a link stays one. *result is what was written. Errors:
 * IVL_ERROR_INVALID_DATA (unreadable; not overwritten), IVL_ERROR_BUSY, plain file errors, naming
 * the file. */
gboolean  ivl_conf_file_change (IvlConfFileChange   change,
                                gpointer            data,
                                GKeyFile          **result,
                                GError            **error);

/* A key's text; NULL without an error when the key is not there. An empty one is an error. */
char     *ivl_conf_file_get_string (GKeyFile    *config,
                                    const char  *group,
                                    const char  *key,
                                    GError     **error);
/* The same for a path: "~/" is the home folder, a relative one begins at the file's own folder. */
char     *ivl_conf_file_get_file (GKeyFile    *config,
                                  const char  *group,
                                  const char  *key,
                                  GError     **error);
/* FALSE with an error when the key is there and says neither true nor false; *value is FALSE when
 * it is not there. */
gboolean  ivl_conf_file_get_boolean (GKeyFile    *config,
                                     const char  *group,
                                     const char  *key,
                                     gboolean    *value,
                                     GError     **error);
/* The same for a number up to `most`; 0 when it is not there. */
gboolean  ivl_conf_file_get_number (GKeyFile    *config,
                                    const char  *group,
                                    const char  *key,
                                    guint        most,
                                    guint       *value,
                                    GError     **error);
/* Key idle-exit of [service]; 0: never. IVL_CONF_FILE_IDLE_EXIT when it is not there or malformed,
 * which is an error. */
gboolean  ivl_conf_file_get_idle_exit (GKeyFile  *config,
                                       guint     *minutes,
                                       GError   **error);

G_END_DECLS
