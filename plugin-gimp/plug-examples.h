/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an empty conversation shows: a sentence on what can be done, and questions to begin with. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define PLUG_TYPE_EXAMPLES (plug_examples_get_type ())
G_DECLARE_FINAL_TYPE (PlugExamples, plug_examples, PLUG, EXAMPLES, GtkBox)

/* Signal "chosen" (const char *question): a person wants to ask that */
GtkWidget *plug_examples_new (void);

G_END_DECLS
