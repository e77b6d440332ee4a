/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a page of the window is: a widget that is made once, and what the window tells it. */
#pragma once

#include "plug-status.h"

G_BEGIN_DECLS

/* One row of the table in plug-window.c */
typedef struct
{
  const char *title; /* of the tab, with mnemonic, N_() */
  GtkWidget *(*create) (PlugWindow *window, PlugStatus *status);
  /* The menu entry (action->task may differ on one page: ask and caption); begins if
   * action->starts */
  void (*start) (GtkWidget *page, const PlugAction *action);
} PlugPageClass;

GtkWidget   *plug_page_ask_new (PlugWindow *window, PlugStatus *status);
void         plug_page_ask_start (GtkWidget *page, const PlugAction *action);
GtkWidget   *plug_page_alt_new (PlugWindow *window, PlugStatus *status);
void         plug_page_alt_start (GtkWidget *page, const PlugAction *action);
/* The texts as they stand in the page's fields (transfer full) */
IvlMetadata *plug_page_alt_get_texts (GtkWidget *page);
GtkWidget   *plug_page_read_new (PlugWindow *window, PlugStatus *status);
void         plug_page_read_start (GtkWidget *page, const PlugAction *action);
GtkWidget   *plug_page_find_new (PlugWindow *window, PlugStatus *status);
void         plug_page_find_start (GtkWidget *page, const PlugAction *action);
GtkWidget   *plug_page_export_new (PlugWindow *window, PlugStatus *status);
void         plug_page_export_start (GtkWidget *page, const PlugAction *action);

G_END_DECLS
