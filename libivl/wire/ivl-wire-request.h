/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#include "wire/ivl-wire-dialect.h"

G_BEGIN_DECLS

/* A chat completion request of the OpenAI protocol, as data: what the client writes and the server
 * reads. */

typedef enum
{
  IVL_WIRE_SYSTEM,
  IVL_WIRE_USER,
  IVL_WIRE_ASSISTANT,
} IvlWireRole;

/* A piece of a message: text, or a picture when url is set. */
typedef struct
{
  char    *text;      /* valid UTF-8 without NUL; NULL for a picture */
  char    *url;       /* what image_url.url holds: for us always data:MIME;base64,... */
  gboolean is_encoded; /* url was made by ivl_wire_message_add_picture(): plain ASCII */
  guint    min_tiles; /* the picture's own tile budget; 0: not given */
  guint    max_tiles;
  gboolean is_tiles;  /* ivl's own field ivl_tiles: the picture is a column of tiles, already
                       * cut; min_tiles and max_tiles are then both their number, or 0 */
  gboolean is_trusted; /* ivl's own field ivl_trusted of a text: written by the program, so that
                        * control tokens in it count */
} IvlWirePart;

typedef struct
{
  IvlWireRole role;
  GPtrArray  *parts; /* IvlWirePart */
} IvlWireMessage;

typedef struct
{
  char      *model;              /* (nullable) */
  GPtrArray *messages;           /* IvlWireMessage */
  guint      max_tokens;         /* 0: not given (an explicit 0 is refused) */
  double     temperature;        /* < 0: not given, and so below */
  double     top_p;
  gint       top_k;
  double     repetition_penalty;
  gboolean   has_seed;
  guint64    seed;
  GStrv      stop;               /* (nullable) */
  guint      n;                  /* answers; 1 when not given */
  gboolean   stream;
  gboolean   include_usage;
  gboolean   include_progress;   /* ivl's own field ivl_progress of stream_options */
  gint       top_logprobs;       /* -1: none wanted; 0: of the chosen tokens; up to 20 */
  char      *json_schema;        /* (nullable): response_format's schema as JSON text; "{}" for
                                  * json_object */
} IvlWireRequest;

IvlWireRequest *ivl_wire_request_new (void);
void            ivl_wire_request_free (IvlWireRequest *self);
IvlWireMessage *ivl_wire_request_add_message (IvlWireRequest *self,
                                              IvlWireRole     role);
IvlWirePart    *ivl_wire_message_add_text (IvlWireMessage *self,
                                           const char     *text);
IvlWirePart    *ivl_wire_message_add_url (IvlWireMessage *self,
                                          const char     *url);
/* Makes the data: URL; NULL without memory for it. */
IvlWirePart    *ivl_wire_message_add_picture (IvlWireMessage  *self,
                                              const char      *mime,
                                              const guint8    *bytes,
                                              gsize            n,
                                              GError         **error);

/* JSON text in an engine's dialect: fields that it refuses left out, its own added, pictures
 * placed as it wants them (transfer full). The seed has 63 bits there, except in ivl's own. NULL
 * without memory for it. */
char           *ivl_wire_request_to_json (const IvlWireRequest  *self,
                                          const IvlWireDialect  *dialect,
                                          GError               **error);

/* Limits of what is read. */
#define IVL_WIRE_MAX_MESSAGES 1024
#define IVL_WIRE_MAX_PICTURES 8
#define IVL_WIRE_MAX_STOP     16
#define IVL_WIRE_MAX_N        16

/* Reads a request body. Accepts string content and parts, max_completion_tokens, and unknown
 * fields; refuses what cannot be honoured (tools, other modalities), numbers that are not finite or
 * out of range, duplicate keys, deep nesting. Errors: IVL_ERROR_INVALID_OPTION; *param (nullable,
 * transfer full) names the field as OpenAI's errors do ("messages[0].content"). */
IvlWireRequest *ivl_wire_request_from_json (const char  *json,
                                            gsize        n,
                                            char       **param,
                                            GError     **error);

/* The bytes of a data: URL with base64 (transfer full). Errors: IVL_ERROR_INVALID_OPTION for every
 * other scheme and for what is no base64; IVL_ERROR_NO_MEMORY beyond max_bytes. */
GBytes         *ivl_wire_decode_data_url (const char  *url,
                                          gsize        max_bytes,
                                          GError     **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlWireRequest, ivl_wire_request_free)

G_END_DECLS
