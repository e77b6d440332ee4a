/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A field for several lines of plain text with its label above it, which a person and an answer
 * that is being streamed both write into. Whatever was in it comes back with Undo (Ctrl+Z). */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define PLUG_TYPE_TEXT_FIELD (plug_text_field_get_type ())
G_DECLARE_FINAL_TYPE (PlugTextField, plug_text_field, PLUG, TEXT_FIELD, GtkBox)

/* Signal "changed" (): the text is another, whoever wrote it. label: with mnemonic; its words are
 * the accessible name. n_lines: height before the window is made larger */
GtkWidget *plug_text_field_new (const char *label, guint n_lines);
/* A button or the like, at the end of the label's line */
void       plug_text_field_add_tool (PlugTextField *self, GtkWidget *tool);
GtkWidget *plug_text_field_get_view (PlugTextField *self);

/* (transfer full), never NULL */
char      *plug_text_field_get_text (PlugTextField *self);
/* As if the person had pasted it: can be undone */
void       plug_text_field_set_text (PlugTextField *self, const char *text);
/* The same, but while an answer is being written: what that will take the place of */
char      *plug_text_field_get_settled_text (PlugTextField *self);
/* What the image has, not the person. Can be undone if it takes the place of something */
void       plug_text_field_fill (PlugTextField *self, const char *text);
/* What is there now counts as filled in; can still be undone */
void       plug_text_field_keep (PlugTextField *self);
/* Was it changed since plug_text_field_fill() or plug_text_field_keep() */
gboolean   plug_text_field_is_edited (PlugTextField *self);

/* An answer takes the place of the text, piece by piece; nobody else writes meanwhile. What was
 * there stays until the first piece. */
void       plug_text_field_begin (PlugTextField *self);
void       plug_text_field_append (PlugTextField *self, const char *piece);
/* Does the answer take the place of something */
gboolean   plug_text_field_has_kept (PlugTextField *self);
/* text: the whole answer; NULL: there is none, and what was there comes back */
void       plug_text_field_end (PlugTextField *self, const char *text);

G_END_DECLS
