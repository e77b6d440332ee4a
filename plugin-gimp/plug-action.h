/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of actions: each is an entry in GIMP's menu and a procedure for scripts. Registration
 * in plug-host-*.c, the window (plug-window.c) and scripts (plug-batch.c) all read it. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  PLUG_PAGE_ASK,
  PLUG_PAGE_ALT,
  PLUG_PAGE_READ,
  PLUG_PAGE_FIND,
  PLUG_PAGE_EXPORT,
  PLUG_N_PAGES,
} PlugPage;

typedef struct
{
  const char *procedure; /* "plug-in-ivl-ask" */
  const char *menu_label; /* with mnemonic, untranslated, marked N_() */
  const char *icon;       /* its name in GIMP's icon themes */
  const char *icon_2;     /* in those of 2.10 where it is another one, or NULL */
  const char *blurb;      /* one sentence, N_() */
  const char *help;       /* a paragraph: arguments and results, for the procedure browser, N_() */
  const char *task;       /* name of the task in data/tasks; NULL for export */
  PlugPage    page;
  gboolean    starts;     /* the menu entry begins at once (no "…" in its label) */
  gboolean    takes_text; /* scripts give a prompt: the question or the thing */
  gboolean    gives_boxes;
} PlugAction;

/* In the menu's order; *n (nullable) of them */
const PlugAction *plug_action_list (guint *n);
/* NULL: no such procedure */
const PlugAction *plug_action_find (const char *procedure);

#define PLUG_MENU_PATH "<Image>/Tools/"
/* The submenu's label with mnemonic, N_(): "Image _Assistant" */
extern const char plug_action_menu[];

G_END_DECLS
