/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A page of the window with what goes on in it: trouble and questions above it, how far the work is
 * and what was done below it. Nothing of it is seen on another page. */
#pragma once

#include "plug-talk.h"
#include "plug-window.h"

G_BEGIN_DECLS

#define PLUG_TYPE_STATUS (plug_status_get_type ())
G_DECLARE_FINAL_TYPE (PlugStatus, plug_status, PLUG, STATUS, GtkBox)

GtkWidget *plug_status_new (PlugWindow *window);
/* Once */
void       plug_status_set_page (PlugStatus *self, GtkWidget *page);

/* For the page. Its own conversation, whose progress, trouble and consent are shown here from now
 * on; once. Owned by the window. */
PlugTalk *plug_status_add_talk (PlugStatus *self);
/* Trouble above the page until something else happens. retry (nullable) is called by the Try
 * again button. */
void plug_status_show_error (PlugStatus *self,
                             const GError *error,
                             GCallback retry,
                             gpointer retry_data);
/* One line at the bottom: what was done ("3 guides were added. Ctrl+Z takes them away."), read
 * out by screen readers */
void plug_status_say (PlugStatus *self, const char *sentence);
/* The same, with an answer that screen readers read out as well */
void plug_status_say_answer (PlugStatus *self, const char *sentence, const char *answer);

/* For the window. The image is gone: nothing can be tried again. */
void     plug_status_hide_error (PlugStatus *self);
/* FALSE: nothing is under way */
gboolean plug_status_stop (PlugStatus *self);

G_END_DECLS
