/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the pages of the window are put together from. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A column that scrolls, and below it a line that stays: the page's buttons */
void       plug_form_fill_page (GtkBox *page, GtkWidget **column, GtkWidget **buttons);
/* A label with mnemonic before a control, which gets the label's words as its accessible name */
GtkWidget *plug_form_new_label (const char *label, GtkWidget *control);
/* A label and its control in one line */
GtkWidget *plug_form_new_line (const char *label, GtkWidget *control);
/* Once all is in it: assistive programs are told what is in a grid from what was put there last to
 * the first, and shall be told it row by row */
void       plug_form_order_grid (GtkWidget *grid);
/* A sentence that may take several lines; small_print: in smaller letters */
GtkWidget *plug_form_new_sentence (const char *text, gboolean small_print);
/* callback: void (*) (gpointer data) */
GtkWidget *plug_form_new_button (const char *label, const char *hint, GCallback callback,
                                 gpointer data);
/* Puts a text on the clipboard, where it stays when the window is closed */
void       plug_form_copy (GtkWidget *widget, const char *text);
/* Asks before something is done that cannot be taken back, in front of a window and of no other.
 * action: the button's title, with mnemonic. function: called when that is pressed, if owner still
 * is there then. */
void       plug_form_ask (GtkWindow *parent, const char *question, const char *detail,
                          const char *action, GCallback function, GObject *owner, gpointer data);
/* What a screen reader says at once, besides what is seen */
void       plug_form_set_name (GtkWidget *widget, const char *name);

G_END_DECLS
