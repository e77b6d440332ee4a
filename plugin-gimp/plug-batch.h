/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The procedures for scripts: no window, no display, no session bus. Blocks until it is done. */
#pragma once

#include "plug-action.h"
#include "plug-box.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* What a script gives. Strings may be NULL, which is the same as empty: as in the window. */
typedef struct
{
  const PlugAction *action;
  int               image;
  int               drawable;    /* the first that was passed; -1: none, the active layer */
  int               n_drawables; /* that were passed */
  const char       *prompt;      /* question or thing; for the others: context that is added */
  const char       *source;      /* layer (default: the drawable), visible or selection */
  const char       *language;    /* of the answer: a tag such as de, or an English name */
  int               max_tiles;   /* 0: as in the window */
  int               max_tokens;  /* 0: as the task has it */
  const char       *model;       /* as the command's --model */
  const char       *task;        /* another one than the action's */
  const char       *role;        /* of alternative texts: informative (default), text, functional,
                                  * complex or decorative */
  /* Of plug-in-ivl-export. A text that is empty is the one that the image carries, one of white
   * space alone is left out. */
  GFile            *file;
  const char       *alt_text;
  const char       *description; /* long description */
  const char       *caption;
  const char       *metadata;    /* besides the texts: drop (default) or keep */
} PlugCall;

typedef struct
{
  /* (owned): the answer; of locate a line "WIDTHxHEIGHT+X+Y name" for each box; of export what was
   * read back */
  char      *text;
  GPtrArray *boxes; /* (owned) of PlugBox, in pixels of the image; empty for most */
} PlugResult;

void     plug_result_clear (PlugResult *self);
gboolean plug_batch_run (const PlugCall *call, PlugResult *result, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PlugResult, plug_result_clear)

/* The values of the arguments that have few, the first is what an empty one means; they end with
 * NULL */
extern const char *const plug_batch_sources[];
extern const char *const plug_batch_roles[];
extern const char *const plug_batch_metadata[];

G_END_DECLS
