/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The procedures for scripts: no window, no display, no session bus. Blocks until it is done. */
#pragma once

#include "plug-action.h"
#include "plug-box.h"

G_BEGIN_DECLS

/* What a script gives. Strings may be NULL, which is the same as empty. */
typedef struct
{
  const PlugAction *action;
  int               image;
  const char       *prompt;  /* question or thing; for the others: context that is added */
  /* Words "name=value", quoted as in a shell: source=layer|visible|selection, language=de,
   * max-tiles=6, max-tokens=200, model=LOCATION (as the command's --model; default: the settings'),
   * role=informative|text|functional|complex|decorative (alt text) */
  const char       *options;
  /* Of plug-in-ivl-export; the options are: metadata=drop (default) or keep, besides the texts */
  const char       *file;
  const char       *alt_text;
  const char       *description; /* long description */
  const char       *caption;
} PlugCall;

typedef struct
{
  char      *text;  /* (owned): the answer; for export what was read back */
  GPtrArray *boxes; /* (owned) of PlugBox, in pixels of the image; empty for most */
} PlugResult;

void     plug_result_clear (PlugResult *self);
gboolean plug_batch_run (const PlugCall *call, PlugResult *result, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PlugResult, plug_result_clear)

G_END_DECLS
