/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a person has chosen in the window, kept in ivl/gimp.conf in the user's configuration
 * folder. What concerns every program of ivl (model, remotes, idle time) is in ivl.conf:
 * IvlConfig. */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define PLUG_TYPE_SETTINGS (plug_settings_get_type ())
G_DECLARE_FINAL_TYPE (PlugSettings, plug_settings, PLUG, SETTINGS, GObject)

/* One for the process; reads the file. Properties, each
 * with notify; writing the file is put off by a second and done at exit by plug_settings_save().
 * Only what was changed here is written, so that several GIMPs do not undo each other's choices.
 * Signal "failed" (const GError *): writing after a change did not succeed. */
PlugSettings *plug_settings_get (void);
/* Why the file was not read, so that the defaults hold: IVL_ERROR_INVALID_DATA with a sentence for
 * people. NULL: it was, or there is none. When something is changed, the damaged file is kept
 * beside the new one. */
const GError *plug_settings_get_damage (PlugSettings *self);
/* FALSE: could not be written */
gboolean      plug_settings_save (PlugSettings *self, GError **error);

/* "location": what is given to ivl_model_open(): "service:" (default), "service:MODEL", or a
 * remote's name or URL */
const char   *plug_settings_get_location (PlugSettings *self);
void          plug_settings_set_location (PlugSettings *self, const char *location);
/* "language": tag of the language to answer in ("de"); "" for that of the desktop, which is the
 * default */
const char   *plug_settings_get_language (PlugSettings *self);
void          plug_settings_set_language (PlugSettings *self, const char *language);
/* "max-tiles": 0 for what the task says (default) */
guint         plug_settings_get_max_tiles (PlugSettings *self);
void          plug_settings_set_max_tiles (PlugSettings *self, guint max_tiles);
/* "window-size" (read-only): of a window that is opened now. FALSE: none was ever set. */
gboolean      plug_settings_get_window_size (PlugSettings *self, int *width, int *height);
void          plug_settings_set_window_size (PlugSettings *self, int width, int height);
/* The tag that is asked for: the setting, else the first language of the desktop that has a row in
 * data/tasks/languages.ini, else "en" */
const char   *plug_settings_get_answer_language (PlugSettings *self);
/* The same to be named in a question; NULL for the published wording, which is English, where
 * nobody has chosen a language and the desktop's is English as well. */
const char   *plug_settings_get_asked_language (PlugSettings *self);

/* Has the person allowed pictures to go to origin (ivl_model_get_origin())? Kept for good.
 * "allowed" (read-only, G_TYPE_STRV): all of them, in the order in which they were allowed. */
gboolean      plug_settings_is_allowed (PlugSettings *self, const char *origin);
void          plug_settings_set_allowed (PlugSettings *self, const char *origin, gboolean allowed);
/* (transfer full) */
char        **plug_settings_list_allowed (PlugSettings *self);

G_END_DECLS
