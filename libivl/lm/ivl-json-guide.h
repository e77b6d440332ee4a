/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/ivl-json-schema.h"
#include "lm/ivl-json-vocabulary.h"

G_BEGIN_DECLS

/* Keeps an answer to JSON text that a schema describes: says which tokens may come next. */
typedef struct _IvlJsonGuide IvlJsonGuide;

/* vocabulary must outlive the guide. */
IvlJsonGuide *ivl_json_guide_new (IvlJsonSchema           *schema,
                                  const IvlJsonVocabulary *vocabulary);
void          ivl_json_guide_free (IvlJsonGuide *self);
/* Sets allowed[id], for the n ids from 0 on, to 1 for the tokens that may come next and to 0 for
 * all others. */
void          ivl_json_guide_fill (IvlJsonGuide *self,
                                   guint8       *allowed,
                                   gsize         n);
/* Takes the token that came. FALSE, and nothing changes, if it may not come here. */
gboolean      ivl_json_guide_push (IvlJsonGuide *self,
                                   guint32       id);
/* Whether the answer may end here, and whether it must. */
gboolean      ivl_json_guide_may_end (IvlJsonGuide *self);
gboolean      ivl_json_guide_must_end (IvlJsonGuide *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlJsonGuide, ivl_json_guide_free)

G_END_DECLS
