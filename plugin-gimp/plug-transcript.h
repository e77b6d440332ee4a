/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What was asked and answered, as one text that can be read, selected and copied. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define PLUG_TYPE_TRANSCRIPT (plug_transcript_get_type ())
G_DECLARE_FINAL_TYPE (PlugTranscript, plug_transcript, PLUG, TRANSCRIPT, GtkBox)

/* Signal "changed" (): there is another question, or an answer has ended */
GtkWidget  *plug_transcript_new (const char *accessible_name);
/* Shows what is new even if the person had scrolled up, since asking is theirs */
void        plug_transcript_add_question (PlugTranscript *self, const char *question);
/* A line that nobody said: "The picture has changed; the conversation begins anew." */
void        plug_transcript_add_mark (PlugTranscript *self, const char *mark);
/* Goes on with the answer to the last question. Scrolls along unless the person has scrolled up. */
void        plug_transcript_add_piece (PlugTranscript *self, const char *text);
/* whole (nullable): the answer as it is in the end, where it differs from the pieces. note
 * (nullable): how it ended */
void        plug_transcript_end_answer (PlugTranscript *self, const char *whole, const char *note);
/* The last answer; "" when there is none */
const char *plug_transcript_get_answer (PlugTranscript *self);
/* All of it, as it is shown (transfer full) */
char       *plug_transcript_get_text (PlugTranscript *self);

G_END_DECLS
