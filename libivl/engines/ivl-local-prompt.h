/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-message.h>
#include <libivl/ivl-options.h>

#include "models/ivl-prompt.h"

G_BEGIN_DECLS

/* The prompt of a conversation whose last message is the question, in the network's template:
 * the system line, the messages, the opening of the answer. Pictures are cut into tiles by the
 * options' budget. Errors: IVL_ERROR_UNSUPPORTED (a picture for a model without vision), and
 * what tiling and tokenising report. */
IvlPrompt *ivl_local_prompt_new (IvlNetwork  *network,
                                 GPtrArray   *messages,
                                 IvlOptions  *options,
                                 GError     **error);

/* Tiles of a picture as the network wants them: u8 [n_tiles, S, S, 3]. */
GBytes    *ivl_local_prompt_cut (IvlNetwork  *network,
                                 IvlImage    *image,
                                 guint        min_tiles,
                                 guint        max_tiles,
                                 guint       *n_tiles,
                                 GError     **error);

G_END_DECLS
