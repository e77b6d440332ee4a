/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <libivl/ivl-types.h>

G_BEGIN_DECLS

/* Where a server is and how it is to be spoken to: made from a model's location and the
 * configuration file. Every string that becomes part of a header is free of CR, LF and NUL. */
typedef struct
{
  char    *name;          /* of [remote "NAME"] in the configuration; NULL for a plain location */
  char    *base;          /* "https://host:port/v1", without a slash at the end; for a socket
                           * "http://localhost/v1" */
  char    *socket;        /* path of a Unix socket; (nullable) */
  char    *authority;     /* "gpu.example", "127.0.0.1:8080", "unix:PATH": what a key is kept under;
                           * a port only when it is not the scheme's own */
  char    *origin;        /* the authority; "this computer" for a socket */
  char    *model;         /* what the server calls it; NULL: whatever it has */
  char    *served;        /* is_service: what the service is to be started with; (nullable) */
  char    *engine;        /* name of its dialect; NULL: to be detected */
  char    *ca_file;       /* certificates to trust instead of the system's; (nullable) */
  char    *key_file;      /* file with the API key; (nullable) */
  char    *key;           /* the API key itself, before it is kept anywhere; (nullable) */
  guint    parallel;      /* most requests at a time; 0: the default */
  gboolean is_loopback;   /* the address, or a socket: no proxy may be asked */
  gboolean insecure_http; /* the user allows a key over plain HTTP to another host */
  gboolean is_service;    /* the user's own service, started on demand */
} IvlRemote;

/* Whether a location names a server: "https://", "http://" (and any other scheme, which
 * ivl_remote_parse() then refuses), "unix:PATH[#MODEL]", "remote:NAME[#MODEL]",
 * "service:[MODEL]". */
gboolean   ivl_remote_is_location (const char *location);
/* Errors: IVL_ERROR_INVALID_OPTION (a malformed location), IVL_ERROR_INVALID_DATA (a configuration
 * that cannot be read), IVL_ERROR_NOT_FOUND (no such name). None shows the user info, query or
 * fragment of an address. */
IvlRemote *ivl_remote_parse (const char  *location,
                             GError     **error);
void       ivl_remote_free (IvlRemote *self);
/* Names of the configured remotes in the file's order (transfer full). */
GStrv      ivl_remote_list (GError **error);

/* The same from a configuration that is being edited. */
GStrv      ivl_remote_list_configured (GKeyFile *config);
IvlRemote *ivl_remote_parse_configured (const char  *name,
                                        GKeyFile    *config,
                                        GError     **error);
/* The group of a remote (transfer full), and the keys that are read from it. */
char              *ivl_remote_get_group (const char *name);
const char *const *ivl_remote_get_fields (void);
/* The certificates of a ca-file (transfer full). Errors: IVL_ERROR_INVALID_OPTION. */
GTlsDatabase *ivl_remote_load_certificates (const char  *path,
                                            GError     **error);
/* What ivl_remote_parse() checks of a name and of one field's text. Errors:
 * IVL_ERROR_INVALID_OPTION, IVL_ERROR_INVALID_DATA. */
gboolean   ivl_remote_check_name (const char  *name,
                                  GError     **error);
gboolean   ivl_remote_check_field (const char  *field,
                                   const char  *value,
                                   GError     **error);

/* Where the user's own service listens (transfer full). */
char      *ivl_remote_get_service_socket (void);

/* Whether pictures would leave this computer. */
gboolean   ivl_remote_leaves_computer (const IvlRemote *self);
/* Forbids, for the rest of the process, what leaves this computer. The configuration's key
 * local-only in [ivl] does the same. */
void       ivl_remote_forbid (void);
/* A configuration that cannot be read forbids too. */
gboolean   ivl_remote_is_forbidden (void);
/* IVL_ERROR_REMOTE_REFUSED when pictures would leave this computer and that is forbidden. */
gboolean   ivl_remote_check_allowed (const IvlRemote  *self,
                                     GError          **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlRemote, ivl_remote_free)

G_END_DECLS
