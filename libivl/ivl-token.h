/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <glib-object.h>
#include <libivl/ivl-version-macros.h>

G_BEGIN_DECLS

#define IVL_TYPE_TOKEN (ivl_token_get_type ())

/**
 * IvlToken:
 *
 * One token of an answer and how probable it was, with the likeliest tokens that could have stood
 * in its place. Immutable.
 */
typedef struct _IvlToken IvlToken;

IVL_AVAILABLE_IN_ALL
GType ivl_token_get_type (void) G_GNUC_CONST;

IVL_AVAILABLE_IN_ALL
IvlToken *ivl_token_new (gint64     id,
                         GBytes    *text,
                         float      logprob,
                         GPtrArray *alternatives);
IVL_AVAILABLE_IN_ALL
IvlToken *ivl_token_copy (IvlToken *self);
IVL_AVAILABLE_IN_ALL
void ivl_token_free (IvlToken *self);
IVL_AVAILABLE_IN_ALL
gint64 ivl_token_get_id (IvlToken *self);
IVL_AVAILABLE_IN_ALL
GBytes *ivl_token_get_bytes (IvlToken *self);
IVL_AVAILABLE_IN_ALL
float ivl_token_get_logprob (IvlToken *self);
IVL_AVAILABLE_IN_ALL
GPtrArray *ivl_token_get_alternatives (IvlToken *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlToken, ivl_token_free)

G_END_DECLS
