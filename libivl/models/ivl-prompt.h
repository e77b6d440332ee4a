/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "models/ivl-network.h"

G_BEGIN_DECLS

/* A prompt in tokens: text and picture tiles in order. Each picture becomes <img>, the tokens of
 * its tiles, </img>. */
typedef struct _IvlPrompt IvlPrompt;

IvlPrompt        *ivl_prompt_new (const IvlNetwork *network);
void              ivl_prompt_free (IvlPrompt *self);
void              ivl_prompt_add_text (IvlPrompt   *self,
                                       IvlTextKind  kind,
                                       const char  *text);
/* pixels u8 [n_tiles, S, S, 3]; the network must have a projector. */
void              ivl_prompt_add_picture (IvlPrompt *self,
                                          GBytes    *pixels,
                                          guint      n_tiles);
/* Tokenises what was added. IVL_ERROR_INVALID_OPTION if trusted text holds the picture token
 * itself. */
gboolean          ivl_prompt_finish (IvlPrompt  *self,
                                     GError    **error);
/* After finish: */
const guint32    *ivl_prompt_get_ids (IvlPrompt *self,
                                      gsize     *n_ids);
guint             ivl_prompt_get_n_tiles (IvlPrompt *self);
const IvlTileKey *ivl_prompt_get_tile_key (IvlPrompt *self,
                                           guint      index);
const guint8     *ivl_prompt_get_tile_pixels (IvlPrompt *self,
                                              guint      index);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlPrompt, ivl_prompt_free)

G_END_DECLS
