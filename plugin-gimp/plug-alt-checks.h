/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is to be said about an alternative text while it is written: how long it is, and in
 * sentences what a careful reader would object to. */
#pragma once

#include <gtk/gtk.h>
#include <libivl/ivl.h>

G_BEGIN_DECLS

#define PLUG_TYPE_ALT_CHECKS (plug_alt_checks_get_type ())
G_DECLARE_FINAL_TYPE (PlugAltChecks, plug_alt_checks, PLUG, ALT_CHECKS, GtkBox)

GtkWidget *plug_alt_checks_new (void);
/* How long the text is, to be put beside its field (transfer none) */
GtkWidget *plug_alt_checks_get_counter (PlugAltChecks *self);
/* issues: of ivl_alt_text_check() */
void       plug_alt_checks_show (PlugAltChecks *self, guint n_characters, IvlAltIssues issues);

G_END_DECLS
