/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The window of one image: what is sent and where to at the top, one page for each kind of work
 * below it, each with its own trouble and progress (plug-status.h). Pages are GtkWidgets made by
 * plug-page-*.c; they reach everything through the window. */
#pragma once

#include "plug-action.h"
#include "plug-advice.h"
#include "plug-settings.h"
#include "plug-talk.h"

G_BEGIN_DECLS

#define PLUG_TYPE_WINDOW (plug_window_get_type ())
G_DECLARE_FINAL_TYPE (PlugWindow, plug_window, PLUG, WINDOW, GtkWindow)

GtkWidget  *plug_window_new (int image);
int         plug_window_get_image (PlugWindow *self);
/* Shows the action's page, to the front, and begins if the action begins at once */
void        plug_window_start (PlugWindow *self, const PlugAction *action);

/* For pages. Property "image-open" (boolean, read-only, with notify): turns FALSE for good when
 * the image was closed; bind what needs the image to it with plug_window_need_image(). */
gboolean    plug_window_is_image_open (PlugWindow *self);
/* The widget is insensitive from then on; so put what has a sensitivity of its own into a box
 * that is given here */
void        plug_window_need_image (PlugWindow *self, GtkWidget *widget);
PlugSource *plug_window_get_source (PlugWindow *self);
/* FALSE: the image is closed, and the window says so by now */
gboolean    plug_window_check_image (PlugWindow *self);
/* A conversation about the image; plug_status_add_talk() shows how it goes. Owned by the window. */
PlugTalk   *plug_window_add_talk (PlugWindow *self);
/* Shows another page; the export page asks for the texts that are there */
void        plug_window_show_page (PlugWindow *self, PlugPage page);
/* While GIMP's library is in the middle of a call: keys and clicks reach no window of an image. To
 * be taken back before the main loop goes on. */
void        plug_window_catch_input (gboolean catches);
/* The texts that the alternative text page has at present, for the export page (transfer full) */
IvlMetadata *plug_window_get_texts (PlugWindow *self);

G_END_DECLS
