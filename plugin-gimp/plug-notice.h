/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What stands between a person and an answer: trouble, with what to do about it, and the
 * question whether a picture may leave this computer. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define PLUG_TYPE_NOTICE (plug_notice_get_type ())
G_DECLARE_FINAL_TYPE (PlugNotice, plug_notice, PLUG, NOTICE, GtkBox)

typedef void (*PlugNoticeAnswer) (gboolean allow, gpointer user_data);

GtkWidget *plug_notice_new (void);
/* retry (nullable): void (*) (gpointer retry_data), called when Try again is pressed */
void plug_notice_show_error (PlugNotice *self,
                             const GError *error,
                             GCallback retry,
                             gpointer retry_data);
void       plug_notice_hide_error (PlugNotice *self);
/* Of plug_settings_get_damage(): stays until it is closed, whatever else happens */
void       plug_notice_warn (PlugNotice *self, const GError *error);
/* One question at a time; answer is called once unless it is withdrawn */
void plug_notice_ask_consent (PlugNotice *self,
                              const char *place,
                              PlugNoticeAnswer answer,
                              gpointer user_data);
void       plug_notice_withdraw_consent (PlugNotice *self);

G_END_DECLS
