/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/ivl-json-schema.h"

G_BEGIN_DECLS

/* Objects and arrays inside each other. More than a schema can ask for by itself, so that what may
 * be any value has room. */
#define IVL_JSON_ACCEPTOR_MAX_DEPTH 24

/* Says byte by byte whether a text can still become a JSON text that a schema describes. There is
 * always a next byte until it is one. White space is taken in small amounts only and not behind the
 * end, numbers have a bounded number of digits, and no key comes twice. */
typedef struct _IvlJsonAcceptor IvlJsonAcceptor;

typedef enum
{
  IVL_JSON_AT_START,     /* at most one space, then the value */
  IVL_JSON_AT_VALUE,
  IVL_JSON_AT_ITEM,      /* the first value of an array, or its end */
  IVL_JSON_AT_FIRST_KEY, /* or the end of the object */
  IVL_JSON_AT_KEY,
  IVL_JSON_AT_COLON,
  IVL_JSON_AFTER_VALUE,  /* inside an object or array */
  IVL_JSON_IN_NAME,      /* a key that the schema names */
  IVL_JSON_IN_KEY,       /* any other */
  IVL_JSON_IN_STRING,
  IVL_JSON_IN_NUMBER,
  IVL_JSON_IN_LITERAL,
  IVL_JSON_AT_END,
} IvlJsonPlace;

/* An object or array that has not ended. */
typedef struct
{
  const IvlJsonNode *node;
  guint              count; /* items begun; or the first property that may come next */
  guint32            keys;  /* the last key of an object that may have any; 0: none */
  gboolean           is_array;
} IvlJsonFrame;

/* Where in a text an acceptor is. Plain data: copy it with ivl_json_acceptor_copy_state() to try
 * bytes, and go on from the copy's original: of states that part, only one may live on. */
typedef struct
{
  guint8             place; /* IvlJsonPlace */
  guint8             n_frames;
  guint8             space;       /* white space here; 0: none yet */
  guint8             utf8_left;   /* bytes that a character still needs */
  guint8             utf8_low;    /* range of the next of them */
  guint8             utf8_high;
  guint8             escape;      /* 0: none; 1: behind the backslash; 2..5: digits of \u */
  guint8             number_part; /* NumberPart */
  guint8             n_digits;    /* of the part */
  gboolean           is_negative;
  guint16            code;        /* digits of \u so far */
  guint              n_chars;     /* of the string, whole ones */
  guint              literal;     /* in a literal or name: one that fits so far */
  guint32            n_matched;   /* bytes of it */
  guint32            n_keys;      /* entries of the acceptor's key list that count */
  guint64            hash;        /* of the key so far */
  gint64             units;       /* number so far, without its sign, in units of the last digit */
  const IvlJsonNode *node;        /* of the value that comes or is under way */
  IvlJsonFrame       frames[IVL_JSON_ACCEPTOR_MAX_DEPTH];
} IvlJsonState;

IvlJsonAcceptor *ivl_json_acceptor_new (IvlJsonSchema *schema);
void             ivl_json_acceptor_free (IvlJsonAcceptor *self);

void             ivl_json_acceptor_start (IvlJsonAcceptor *self,
                                          IvlJsonState    *state);
/* Takes one more byte. FALSE if no text goes on so; the state is then of no use. */
gboolean         ivl_json_acceptor_step (IvlJsonAcceptor *self,
                                         IvlJsonState    *state,
                                         guint8           byte);
/* Whether the text so far is a whole document. It may go on all the same if it is a number or
 * literal. */
gboolean         ivl_json_acceptor_is_complete (const IvlJsonState *state);
/* Whether it is one to which nothing can be added. */
gboolean         ivl_json_acceptor_is_ended (IvlJsonAcceptor    *self,
                                             const IvlJsonState *state);
/* Inside a string or a key of any name, between two characters: how many more characters fit,
 * G_MAXUINT for any number; any do that need no escape. 0 elsewhere. */
guint            ivl_json_acceptor_count_free_chars (const IvlJsonState *state);
void             ivl_json_acceptor_copy_state (IvlJsonState       *to,
                                               const IvlJsonState *from);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlJsonAcceptor, ivl_json_acceptor_free)

G_END_DECLS
