/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

/* A token and how likely it was, for "logprobs". */
typedef struct
{
  char   *bytes;   /* the token's own bytes, maybe no whole character */
  gsize   n_bytes;
  float   logprob; /* natural logarithm */
} IvlWireTokenChance;

/* One token of an answer. */
typedef struct
{
  IvlWireTokenChance chosen;
  GArray            *top;    /* IvlWireTokenChance, likeliest first; (nullable) */
} IvlWireToken;

/* Frees one that ivl_wire_token_read() gave. */
void          ivl_wire_token_free (IvlWireToken *self);
/* An entry of logprobs.content, as engines give it: NULL when it is none. At most 20 of the
 * likeliest are kept (transfer full). */
IvlWireToken *ivl_wire_token_read (const json_t *entry);
/* Appends logprobs.content's text: an array of IvlWireToken. */
void          ivl_wire_token_append_all (GString   *out,
                                         GPtrArray *tokens);

G_END_DECLS
