/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The window of preferences. What is changed in it applies at once; what cannot be written is said
 * at its top, and the controls show what holds then. */
#include "plug-preferences.h"

#include "plug-advice.h"
#include "plug-form.h"
#include "plug-language.h"
#include "plug-models.h"
#include "plug-remote-check.h"
#include "plug-remote-dialog.h"

#include <gdk/gdkkeysyms.h>
#include <glib/gi18n.h>
#include <libivl/ivl.h>
#include <string.h>

#define SERVICE "service:"
#define REMOTE "remote:"
/* The row that opens a dialog; no model has such a location */
#define CHOOSE "choose"
#define SEPARATOR "separator"
#define MAX_MINUTES 1440

typedef struct
{
  GtkWidget    *window;
  GtkWidget    *trouble; /* GtkInfoBar */
  GtkWidget    *trouble_text;
  GtkWidget    *local_radio;
  GtkWidget    *local_combo;
  GtkWidget    *no_model; /* how to get one */
  GtkWidget    *remote_radio;
  GtkWidget    *remote_combo;
  GtkWidget    *edit;
  GtkWidget    *remove;
  GtkWidget    *check;
  GtkWidget    *check_line; /* what came of the test */
  GtkWidget    *check_sign;
  GtkWidget    *check_text;
  GtkWidget    *check_spinner;
  GtkWidget    *tiles;
  GtkWidget    *minutes;
  GtkWidget    *local_only;
  GtkWidget    *places; /* GtkListBox */
  GtkWidget    *no_place;
  IvlConfig    *config;     /* (owned) (nullable): the file cannot be read */
  GCancellable *checking;   /* (owned) (nullable): no check is under way */
  char         *local;      /* (owned) location that the local choice stands for */
  guint         later;      /* source that calls show_all(); 0 without */
  gboolean      is_choosing; /* a folder is to be chosen when the menu is closed */
  gboolean      is_showing; /* controls follow what holds, and change nothing */
} Preferences;

static GtkWidget *shown; /* the one window; NULL without */

static void show_all (Preferences *self);
static void choose_folder (Preferences *self);

static void
preferences_free (gpointer data)
{
  Preferences *self = data;

  if (self->checking != NULL)
    g_cancellable_cancel (self->checking);
  g_clear_object (&self->checking);
  g_clear_object (&self->config);
  g_clear_handle_id (&self->later, g_source_remove);
  g_free (self->local);
  g_free (self);
}

/* A test that is under way holds the window, and this with it, longer than its controls live. */
static void
on_destroyed (Preferences *self)
{
  if (self->checking != NULL)
    g_cancellable_cancel (self->checking);
  g_clear_object (&self->checking);
  g_clear_handle_id (&self->later, g_source_remove);
  self->is_showing = TRUE;
}

static gboolean
show_now (gpointer data)
{
  Preferences *self = data;

  self->later = 0;
  show_all (self);
  if (self->is_choosing)
    choose_folder (self);
  self->is_choosing = FALSE;
  return G_SOURCE_REMOVE;
}

/* For what a combo box calls: its rows may not go while its menu is still at work. */
static void
show_later (Preferences *self)
{
  if (self->later == 0)
    self->later = g_idle_add (show_now, self);
}

/* NULL: all is well */
static void
show_trouble (Preferences *self,
              const char  *sentence)
{
  gtk_label_set_text (GTK_LABEL (self->trouble_text), sentence != NULL ? sentence : "");
  gtk_widget_set_visible (self->trouble, sentence != NULL);
}

static void
load_config (Preferences *self)
{
  g_autoptr (GError) error = NULL;

  g_clear_object (&self->config);
  self->config = ivl_config_load (&error);
  if (self->config == NULL)
    {
      g_autofree char *sentence = g_strdup_printf (
          _ ("The configuration file cannot be read. Correct or remove it; until then no picture "
             "leaves this computer. %s"),
          error->message);

      show_trouble (self, sentence);
    }
}

/* After a change in the configuration. FALSE: it was not written, and nothing was changed. */
static gboolean
save_config (Preferences *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PlugAdvice) advice = NULL;
  g_autofree char *sentence = NULL;

  if (ivl_config_save (self->config, &error))
    {
      show_trouble (self, NULL);
      plug_models_forget (NULL);
      return TRUE;
    }
  advice = plug_advice_new_for_config (error);
  sentence = plug_advice_to_text (advice);
  load_config (self);
  show_trouble (self, sentence);
  show_all (self);
  return FALSE;
}

static void
set_location (Preferences *self,
              const char  *location)
{
  PlugSettings *settings = plug_settings_get ();

  if (strcmp (location, plug_settings_get_location (settings)) != 0)
    plug_settings_set_location (settings, location);
}

static gboolean
is_local_location (const char *location)
{
  return g_str_has_prefix (location, SERVICE);
}

/* --- on this computer --- */

static void
append (GtkWidget  *combo,
        const char *id,
        const char *title)
{
  gtk_combo_box_text_append (GTK_COMBO_BOX_TEXT (combo), id, title);
}

static gboolean
is_separator (GtkTreeModel *model,
              GtkTreeIter  *iter,
              gpointer      data)
{
  g_autofree char *id = NULL;

  gtk_tree_model_get (model, iter, 1, &id, -1);
  return g_strcmp0 (id, SEPARATOR) == 0;
}

/* What is taken when none is chosen, by name */
static char *
describe_default (void)
{
  g_autofree char *found = ivl_model_find_local (NULL);
  g_autofree char *name = NULL;

  if (found == NULL)
    return g_strdup (_ ("The usual one"));
  name = g_path_get_basename (found);
  /* Translators: %s is the name of a model */
  return g_strdup_printf (_ ("The usual one (%s)"), name);
}

/* Says how to get a model when there is none. */
static void
show_no_model (Preferences *self,
               gboolean     is_missing)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PlugAdvice) advice = NULL;
  g_autofree char *text = NULL;

  gtk_widget_set_visible (self->no_model, is_missing);
  if (!is_missing)
    return;
  error = g_error_new_literal (PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_NO_MODEL, "");
  advice = plug_advice_new (error);
  text = g_strconcat (advice->cause, " ", advice->remedy, NULL);
  gtk_label_set_text (GTK_LABEL (self->no_model), text);
}

static void
show_local (Preferences *self)
{
  g_auto (GStrv) models = ivl_model_list_installed ();
  g_autofree char *usual = describe_default ();
  g_autofree char *found = ivl_model_find_local (NULL);
  GtkWidget *combo = self->local_combo;

  gtk_combo_box_text_remove_all (GTK_COMBO_BOX_TEXT (combo));
  append (combo, SERVICE, usual);
  for (guint i = 0; models[i] != NULL; i++)
    {
      g_autofree char *location = g_strconcat (SERVICE, models[i], NULL);

      append (combo, location, models[i]);
    }
  if (!gtk_combo_box_set_active_id (GTK_COMBO_BOX (combo), self->local))
    {
      append (combo, self->local, self->local + strlen (SERVICE));
      gtk_combo_box_set_active_id (GTK_COMBO_BOX (combo), self->local);
    }
  append (combo, SEPARATOR, "");
  append (combo, CHOOSE, _ ("Choose a Folder…"));
  show_no_model (self, models[0] == NULL && found == NULL && strcmp (self->local, SERVICE) == 0);
}

static void
take_local (Preferences *self,
            const char  *location)
{
  g_free (self->local);
  self->local = g_strdup (location);
  set_location (self, location);
  show_later (self);
}

/* What a folder lacks to be a model; NULL: nothing (transfer full) */
static char *
find_problem (const char *folder)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlModelInfo) info = ivl_model_info_new_for_folder (folder, &error);
  g_auto (GStrv) problems = info != NULL ? ivl_model_info_get_problems (info) : NULL;

  if (info == NULL)
    return g_strdup_printf (_ ("This folder holds no model that can be used: %s"), error->message);
  return problems[0] != NULL
             ? g_strdup_printf (_ ("The model in this folder cannot be used: %s"), problems[0])
             : NULL;
}

static void
on_folder_response (GtkNativeDialog *dialog,
                    int              response,
                    Preferences     *self)
{
  g_autofree char *folder = response == GTK_RESPONSE_ACCEPT
                                ? gtk_file_chooser_get_filename (GTK_FILE_CHOOSER (dialog))
                                : NULL;
  g_autofree char *problem = folder != NULL ? find_problem (folder) : NULL;
  g_autofree char *location = folder != NULL ? g_strconcat (SERVICE, folder, NULL) : NULL;

  if (folder != NULL && !g_utf8_validate (folder, -1, NULL))
    {
      g_free (problem);
      problem = g_strdup (_ ("The name of this folder is not in UTF-8; rename it."));
    }
  if (folder != NULL)
    show_trouble (self, problem);
  if (folder != NULL && problem == NULL)
    take_local (self, location);
  g_object_set_data (G_OBJECT (self->window), "folder-chooser", NULL);
}

/* Where models are likely to lie: beside the chosen one, else where they are installed
 * (transfer full) */
static char *
find_start (Preferences *self)
{
  const char *chosen = self->local + strlen (SERVICE);
  g_autofree char *installed = NULL;

  if (g_path_is_absolute (chosen))
    return g_path_get_dirname (chosen);
  installed = g_build_filename (g_get_user_data_dir (), "ivl", "models", NULL);
  return g_file_test (installed, G_FILE_TEST_IS_DIR) ? g_steal_pointer (&installed)
                                                     : g_strdup (g_get_home_dir ());
}

static void
choose_folder (Preferences *self)
{
  GtkFileChooserNative *dialog = gtk_file_chooser_native_new (
      _ ("Choose the Folder of a Model"), GTK_WINDOW (self->window),
      GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER, _ ("_Choose"), _ ("_Cancel"));
  g_autofree char *start = find_start (self);

  /* Without one GTK begins with recent files, and complains when a path is typed quickly there */
  gtk_file_chooser_set_current_folder (GTK_FILE_CHOOSER (dialog), start);
  g_signal_connect (dialog, "response", G_CALLBACK (on_folder_response), self);
  g_object_set_data_full (G_OBJECT (self->window), "folder-chooser", dialog, g_object_unref);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static void
on_local_changed (Preferences *self)
{
  const char *id = gtk_combo_box_get_active_id (GTK_COMBO_BOX (self->local_combo));
  g_autofree char *location = g_strdup (id);

  if (self->is_showing || id == NULL || strcmp (id, self->local) == 0)
    return;
  if (strcmp (id, CHOOSE) != 0)
    {
      take_local (self, location);
      return;
    }
  /* until a folder is chosen, what was before holds */
  self->is_choosing = TRUE;
  show_later (self);
}

/* --- on a server --- */

/* Name of the server that is chosen; NULL: none of the list (transfer full) */
static char *
get_remote (Preferences *self)
{
  const char *id = gtk_combo_box_get_active_id (GTK_COMBO_BOX (self->remote_combo));

  return id != NULL && g_str_has_prefix (id, REMOTE) ? g_strdup (id + strlen (REMOTE)) : NULL;
}

static void
show_remotes (Preferences *self)
{
  const char *location = plug_settings_get_location (plug_settings_get ());
  const char *chosen = gtk_combo_box_get_active_id (GTK_COMBO_BOX (self->remote_combo));
  g_autofree char *wanted = g_strdup (is_local_location (location) ? chosen : location);
  g_auto (GStrv) remotes = self->config != NULL ? ivl_config_list_remotes (self->config) : NULL;
  GtkWidget *combo = self->remote_combo;

  gtk_combo_box_text_remove_all (GTK_COMBO_BOX_TEXT (combo));
  for (guint i = 0; remotes != NULL && remotes[i] != NULL; i++)
    {
      g_autofree char *id = g_strconcat (REMOTE, remotes[i], NULL);

      append (combo, id, remotes[i]);
      /* a setting by hand may name it without the prefix */
      if (g_strcmp0 (wanted, remotes[i]) == 0)
        {
          g_free (wanted);
          wanted = g_strdup (id);
        }
    }
  if (wanted != NULL && !gtk_combo_box_set_active_id (GTK_COMBO_BOX (combo), wanted) &&
      !is_local_location (location) && !g_str_has_prefix (wanted, REMOTE))
    {
      append (combo, wanted, wanted);
      gtk_combo_box_set_active_id (GTK_COMBO_BOX (combo), wanted);
    }
  if (gtk_combo_box_get_active (GTK_COMBO_BOX (combo)) < 0 && is_local_location (location))
    gtk_combo_box_set_active (GTK_COMBO_BOX (combo), 0);
}

static void
show_check (Preferences *self,
            const char  *sentence,
            gboolean     is_trouble)
{
  gtk_label_set_text (GTK_LABEL (self->check_text), sentence);
  gtk_widget_set_visible (self->check_sign, is_trouble);
  gtk_widget_set_visible (self->check_line, *sentence != '\0');
}

static void
set_checking (Preferences *self,
              gboolean     is_checking)
{
  gtk_button_set_label (GTK_BUTTON (self->check), is_checking ? _ ("S_top") : _ ("_Test"));
  gtk_widget_set_visible (self->check_spinner, is_checking);
  g_object_set (self->check_spinner, "active", is_checking, NULL);
}

static void
on_checked (GObject      *source,
            GAsyncResult *result,
            gpointer      data)
{
  g_autoptr (GtkWidget) window = data;
  Preferences *self = g_object_get_data (G_OBJECT (window), "plug-preferences");
  g_autoptr (GError) error = NULL;
  g_autofree char *sentence = plug_remote_check_finish (result, &error);
  g_autoptr (PlugAdvice) advice = NULL;

  if (self == NULL || g_task_get_cancellable (G_TASK (result)) != self->checking)
    return;
  g_clear_object (&self->checking);
  set_checking (self, FALSE);
  if (error != NULL)
    {
      /* Whoever chooses another server ends the check */
      const char *id = gtk_combo_box_get_active_id (GTK_COMBO_BOX (self->remote_combo));

      advice = plug_advice_new_for_server (error, id != NULL ? id : REMOTE);
      sentence = plug_advice_to_text (advice);
    }
  show_check (self, sentence, advice != NULL);
}

static void
stop_checking (Preferences *self)
{
  if (self->checking == NULL)
    return;
  g_cancellable_cancel (self->checking);
  g_clear_object (&self->checking);
  set_checking (self, FALSE);
}

static void
check (Preferences *self)
{
  const char *id = gtk_combo_box_get_active_id (GTK_COMBO_BOX (self->remote_combo));

  if (self->checking != NULL)
    {
      stop_checking (self);
      show_check (self, "", FALSE);
      return;
    }
  if (id == NULL)
    return;
  self->checking = g_cancellable_new ();
  show_check (self, _ ("Asking about a small picture that is made for it…"), FALSE);
  set_checking (self, TRUE);
  plug_remote_check_async (id, self->checking, on_checked, g_object_ref (self->window));
}

static void
on_remote_changed (Preferences *self)
{
  const char *id = gtk_combo_box_get_active_id (GTK_COMBO_BOX (self->remote_combo));
  g_autofree char *location = g_strdup (id);

  if (self->is_showing || id == NULL)
    return;
  stop_checking (self);
  show_check (self, "", FALSE);
  if (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->remote_radio)))
    set_location (self, location);
  show_later (self);
}

static void
on_remote_saved (const char *name,
                 gpointer    data)
{
  Preferences *self = data;
  g_autofree char *location = g_strconcat (REMOTE, name, NULL);

  load_config (self);
  plug_models_forget (NULL);
  show_trouble (self, NULL);
  show_all (self);
  gtk_combo_box_set_active_id (GTK_COMBO_BOX (self->remote_combo), location);
  stop_checking (self);
  show_check (self, "", FALSE);
}

static void
add_remote (Preferences *self)
{
  plug_remote_dialog_show (GTK_WINDOW (self->window), NULL, on_remote_saved, self);
}

static void
edit_remote (Preferences *self)
{
  g_autofree char *name = get_remote (self);

  if (name != NULL)
    plug_remote_dialog_show (GTK_WINDOW (self->window), name, on_remote_saved, self);
}

static void
on_key_removed (GObject      *source,
                GAsyncResult *result,
                gpointer      data)
{
  g_autoptr (GtkWidget) window = data;
  Preferences *self = g_object_get_data (G_OBJECT (window), "plug-preferences");
  g_autoptr (GError) error = NULL;
  g_autofree char *sentence = NULL;

  /* Where there is no keyring there is no key in it */
  if (ivl_config_store_key_finish (IVL_CONFIG (source), result, &error) || self == NULL ||
      g_error_matches (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED))
    return;
  sentence = g_strdup_printf (_ ("The server was removed. Its key is still in the keyring: %s"),
                              error->message);
  show_trouble (self, sentence);
}

/* Host and port of a server, which is what keys are kept for (transfer full, nullable) */
static char *
find_authority (IvlConfig  *config,
                const char *name)
{
  g_autofree char *address = ivl_config_get_remote (config, name, "url");
  g_autoptr (GUri) uri =
      address != NULL ? g_uri_parse (address, G_URI_FLAGS_SCHEME_NORMALIZE, NULL) : NULL;

  return uri != NULL && g_uri_get_host (uri) != NULL
             ? g_strdup_printf ("%s:%d", g_uri_get_host (uri), g_uri_get_port (uri))
             : NULL;
}

/* Whether another server of the configuration is reached with the same key */
static gboolean
is_key_shared (IvlConfig  *config,
               const char *name)
{
  g_auto (GStrv) remotes = ivl_config_list_remotes (config);
  g_autofree char *authority = find_authority (config, name);

  for (guint i = 0; remotes[i] != NULL; i++)
    {
      g_autofree char *other = find_authority (config, remotes[i]);

      if (strcmp (remotes[i], name) != 0 && g_strcmp0 (authority, other) == 0)
        return TRUE;
    }
  return FALSE;
}

/* The file first: as long as the server stands in it, its key is needed. A key that nobody can find
 * any more would then stay in the keyring for ever. */
static void
remove_remote (Preferences *self)
{
  g_autofree char *name = get_remote (self);
  g_autofree char *location = name != NULL ? g_strconcat (REMOTE, name, NULL) : NULL;
  g_autofree char *current = g_strdup (plug_settings_get_location (plug_settings_get ()));
  g_autoptr (IvlConfig) before = ivl_config_load (NULL);

  if (name == NULL || self->config == NULL || before == NULL)
    return;
  stop_checking (self);
  show_check (self, "", FALSE);
  ivl_config_remove_remote (self->config, name);
  if (!save_config (self))
    return;
  if (!is_key_shared (before, name))
    ivl_config_store_key_async (before, name, NULL, NULL, on_key_removed,
                                g_object_ref (self->window));
  if (strcmp (current, location) == 0 || strcmp (current, name) == 0)
    set_location (self, self->local);
  show_all (self);
}

static void
ask_remove (Preferences *self)
{
  g_autofree char *name = get_remote (self);
  g_autofree char *question = name != NULL ? g_strdup_printf (_ ("Remove the server “%s”?"), name)
                                           : NULL;

  if (name != NULL)
    plug_form_ask (GTK_WINDOW (self->window), question,
                   _ ("What the configuration file says of it goes, and its key goes from the "
                      "keyring."),
                   _ ("_Remove"), G_CALLBACK (remove_remote), G_OBJECT (self->window), self);
}

static void
on_place_toggled (Preferences *self)
{
  const char *id = gtk_combo_box_get_active_id (GTK_COMBO_BOX (self->remote_combo));
  g_autofree char *location = g_strdup (id);
  gboolean is_remote = gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->remote_radio));

  if (self->is_showing)
    return;
  if (!is_remote)
    set_location (self, self->local);
  else if (location != NULL)
    set_location (self, location);
  show_later (self);
}

/* --- the rest --- */

static void
on_tiles_changed (Preferences *self)
{
  const char *id = gtk_combo_box_get_active_id (GTK_COMBO_BOX (self->tiles));

  if (!self->is_showing && id != NULL)
    plug_settings_set_max_tiles (plug_settings_get (), (guint) g_ascii_strtoull (id, NULL, 10));
}

static void
on_minutes_changed (Preferences *self)
{
  if (self->is_showing || self->config == NULL)
    return;
  ivl_config_set_idle_exit (
      self->config, (guint) gtk_spin_button_get_value_as_int (GTK_SPIN_BUTTON (self->minutes)));
  save_config (self);
}

static void
on_local_only_toggled (Preferences *self)
{
  if (self->is_showing || self->config == NULL)
    return;
  ivl_config_set_local_only (
      self->config, gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->local_only)));
  save_config (self);
  show_all (self);
}

static void
forget_place (GtkButton *button)
{
  const char *place = g_object_get_data (G_OBJECT (button), "place");

  plug_settings_set_allowed (plug_settings_get (), place, FALSE);
}

static GtkWidget *
new_place_row (const char *place)
{
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *label = gtk_label_new (place);
  GtkWidget *button = gtk_button_new_with_label (_ ("Forget"));
  /* Translators: %s is a host such as gpu.example, which may get pictures without asking */
  g_autofree char *name = g_strdup_printf (_ ("Ask again before sending pictures to %s"), place);

  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_MIDDLE);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_set_margin_start (line, 12);
  gtk_widget_set_margin_end (line, 6);
  gtk_widget_set_margin_top (line, 3);
  gtk_widget_set_margin_bottom (line, 3);
  gtk_box_pack_start (GTK_BOX (line), label, TRUE, TRUE, 0);
  gtk_box_pack_start (GTK_BOX (line), button, FALSE, FALSE, 0);
  gtk_widget_set_tooltip_text (button, name);
  plug_form_set_name (button, name);
  g_object_set_data_full (G_OBJECT (button), "place", g_strdup (place), g_free);
  g_signal_connect (button, "clicked", G_CALLBACK (forget_place), NULL);
  gtk_container_add (GTK_CONTAINER (row), line);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_list_box_row_set_selectable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_widget_show_all (row);
  return row;
}

static void
show_places (Preferences *self)
{
  g_auto (GStrv) places = plug_settings_list_allowed (plug_settings_get ());
  GtkListBoxRow *row;

  while ((row = gtk_list_box_get_row_at_index (GTK_LIST_BOX (self->places), 0)) != NULL)
    gtk_widget_destroy (GTK_WIDGET (row));
  for (guint i = 0; places[i] != NULL; i++)
    gtk_container_add (GTK_CONTAINER (self->places), new_place_row (places[i]));
  gtk_widget_set_visible (gtk_widget_get_parent (self->places), places[0] != NULL);
  gtk_widget_set_visible (self->no_place, places[0] == NULL);
}

static void
append_tiles (GtkWidget *combo,
              guint      n)
{
  g_autofree char *id = g_strdup_printf ("%u", n);
  g_autofree char *title = g_strdup_printf (
      g_dngettext (GETTEXT_PACKAGE, "At most %u tile", "At most %u tiles", n), n);

  append (combo, id, title);
}

static void
show_tiles (Preferences *self)
{
  guint n = plug_settings_get_max_tiles (plug_settings_get ());
  g_autofree char *id = g_strdup_printf ("%u", n);

  if (gtk_combo_box_set_active_id (GTK_COMBO_BOX (self->tiles), id))
    return;
  append_tiles (self->tiles, n);
  gtk_combo_box_set_active_id (GTK_COMBO_BOX (self->tiles), id);
}

/* The controls that make sense now */
static void
show_sensitivity (Preferences *self,
                  gboolean     is_local)
{
  g_autofree char *remote = get_remote (self);
  gboolean has_choice = gtk_combo_box_get_active (GTK_COMBO_BOX (self->remote_combo)) >= 0;

  gtk_widget_set_sensitive (self->local_combo, is_local);
  gtk_widget_set_sensitive (self->remote_radio, has_choice || !is_local);
  gtk_widget_set_sensitive (self->remote_combo, has_choice);
  gtk_widget_set_sensitive (self->edit, remote != NULL);
  gtk_widget_set_sensitive (self->remove, remote != NULL);
  gtk_widget_set_sensitive (self->check, has_choice);
  gtk_widget_set_sensitive (self->minutes, self->config != NULL);
  gtk_widget_set_sensitive (self->local_only, self->config != NULL);
}

static void
show_all (Preferences *self)
{
  const char *location = plug_settings_get_location (plug_settings_get ());
  gboolean is_local = is_local_location (location);

  self->is_showing = TRUE;
  if (is_local && strcmp (location, self->local) != 0)
    {
      g_free (self->local);
      self->local = g_strdup (location);
    }
  show_local (self);
  show_remotes (self);
  gtk_toggle_button_set_active (
      GTK_TOGGLE_BUTTON (is_local ? self->local_radio : self->remote_radio), TRUE);
  show_tiles (self);
  if (self->config != NULL)
    gtk_spin_button_set_value (GTK_SPIN_BUTTON (self->minutes),
                               ivl_config_get_idle_exit (self->config));
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->local_only),
                                self->config == NULL || ivl_config_get_local_only (self->config));
  show_sensitivity (self, is_local);
  show_places (self);
  self->is_showing = FALSE;
}

/* --- how it is put together --- */

static GtkWidget *
add_heading (GtkWidget  *grid,
             int         row,
             const char *title)
{
  GtkWidget *label = gtk_label_new (NULL);
  PangoAttrList *attributes = pango_attr_list_new ();

  pango_attr_list_insert (attributes, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
  gtk_label_set_text (GTK_LABEL (label), title);
  gtk_label_set_attributes (GTK_LABEL (label), attributes);
  pango_attr_list_unref (attributes);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  if (row > 0)
    gtk_widget_set_margin_top (label, 12);
  atk_object_set_role (gtk_widget_get_accessible (label), ATK_ROLE_HEADING);
  gtk_grid_attach (GTK_GRID (grid), label, 0, row, 2, 1);
  return label;
}

/* Controls below a heading stand back a little, what belongs to one of them more. */
#define INDENT 12

static GtkWidget *
add_row (GtkWidget  *grid,
         int         row,
         int         indent,
         const char *title,
         GtkWidget  *control)
{
  GtkWidget *label = plug_form_new_label (title, control);

  gtk_widget_set_margin_start (label, indent);
  gtk_widget_set_hexpand (control, TRUE);
  gtk_grid_attach (GTK_GRID (grid), label, 0, row, 1, 1);
  gtk_grid_attach (GTK_GRID (grid), control, 1, row, 1, 1);
  return control;
}

static void
add_wide (GtkWidget *grid,
          int        row,
          int        indent,
          GtkWidget *widget)
{
  gtk_widget_set_margin_start (widget, indent);
  gtk_grid_attach (GTK_GRID (grid), widget, 0, row, 2, 1);
}

/* gtk_widget_show_all() leaves it as it is. */
static GtkWidget *
hide_at_first (GtkWidget *widget)
{
  gtk_widget_set_no_show_all (widget, TRUE);
  return widget;
}

static GtkWidget *
new_remote_buttons (Preferences *self)
{
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  self->edit = plug_form_new_button (_ ("_Edit…"), _ ("Change the chosen server"),
                                     G_CALLBACK (edit_remote), self);
  self->remove = plug_form_new_button (_ ("_Remove"), _ ("Take the chosen server and its key away"),
                                       G_CALLBACK (ask_remove), self);
  self->check = plug_form_new_button (_ ("_Test"), _ ("See whether the chosen server answers"),
                                      G_CALLBACK (check), self);
  self->check_spinner = hide_at_first (gtk_spinner_new ());
  gtk_container_add (GTK_CONTAINER (line),
                     plug_form_new_button (_ ("_Add…"), _ ("Add a server"),
                                           G_CALLBACK (add_remote), self));
  gtk_container_add (GTK_CONTAINER (line), self->edit);
  gtk_container_add (GTK_CONTAINER (line), self->remove);
  gtk_container_add (GTK_CONTAINER (line), self->check);
  gtk_container_add (GTK_CONTAINER (line), self->check_spinner);
  return line;
}

static GtkWidget *
new_check_line (Preferences *self)
{
  self->check_line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  self->check_sign =
      gtk_image_new_from_icon_name ("dialog-warning-symbolic", GTK_ICON_SIZE_BUTTON);
  gtk_widget_set_valign (self->check_sign, GTK_ALIGN_START);
  self->check_text = plug_form_new_sentence ("", FALSE);
  gtk_label_set_selectable (GTK_LABEL (self->check_text), TRUE);
  atk_object_set_role (gtk_widget_get_accessible (self->check_text), ATK_ROLE_NOTIFICATION);
  gtk_container_add (GTK_CONTAINER (self->check_line), self->check_sign);
  gtk_container_add (GTK_CONTAINER (self->check_line), self->check_text);
  gtk_widget_show (self->check_text);
  return hide_at_first (self->check_line);
}

/* A long path or address does not widen the window. */
static GtkWidget *
new_place_combo (void)
{
  GtkWidget *combo = gtk_combo_box_text_new ();
  GList *cells = gtk_cell_layout_get_cells (GTK_CELL_LAYOUT (combo));

  for (GList *l = cells; l != NULL; l = l->next)
    g_object_set (l->data, "ellipsize", PANGO_ELLIPSIZE_MIDDLE, NULL);
  g_list_free (cells);
  return combo;
}

static int
fill_place (Preferences *self,
            GtkWidget   *grid)
{
  int row = 0;

  add_heading (grid, row++, _ ("Where Questions Are Answered"));
  self->local_radio = gtk_radio_button_new_with_mnemonic (NULL, _ ("On this _computer"));
  add_wide (grid, row++, INDENT, self->local_radio);
  self->local_combo = add_row (grid, row++, 3 * INDENT, _ ("_Model:"), new_place_combo ());
  gtk_combo_box_set_row_separator_func (GTK_COMBO_BOX (self->local_combo), is_separator, NULL,
                                        NULL);
  self->no_model = hide_at_first (plug_form_new_sentence ("", FALSE));
  gtk_label_set_selectable (GTK_LABEL (self->no_model), TRUE);
  gtk_grid_attach (GTK_GRID (grid), self->no_model, 1, row++, 1, 1);
  self->remote_radio = gtk_radio_button_new_with_mnemonic_from_widget (
      GTK_RADIO_BUTTON (self->local_radio), _ ("On a _server"));
  add_wide (grid, row++, INDENT, self->remote_radio);
  self->remote_combo = add_row (grid, row++, 3 * INDENT, _ ("Ser_ver:"), new_place_combo ());
  gtk_grid_attach (GTK_GRID (grid), new_remote_buttons (self), 1, row++, 1, 1);
  gtk_grid_attach (GTK_GRID (grid), new_check_line (self), 1, row++, 1, 1);
  return row;
}

static GtkWidget *
new_tiles_combo (void)
{
  static const guint numbers[] = { 1, 2, 4, 6, 9, 12, 24, 40 };
  GtkWidget *combo = gtk_combo_box_text_new ();

  append (combo, "0", _ ("What suits the task"));
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    append_tiles (combo, numbers[i]);
  return combo;
}

static int
fill_answers (Preferences *self,
              GtkWidget   *grid,
              int          row)
{
  add_heading (grid, row++, _ ("Answers"));
  add_row (grid, row++, INDENT, _ ("_Language:"), plug_language_combo_new ());
  self->tiles = add_row (grid, row++, INDENT, _ ("_Picture detail:"), new_tiles_combo ());
  gtk_grid_attach (GTK_GRID (grid),
                   plug_form_new_sentence (_ ("A picture is looked at in tiles: more of them show "
                                              "smaller things and take longer."),
                                           TRUE),
                   1, row++, 1, 1);
  self->minutes =
      add_row (grid, row++, INDENT, _ ("_Unload model after:"),
               gtk_spin_button_new_with_range (0, MAX_MINUTES, 1));
  gtk_widget_set_halign (self->minutes, GTK_ALIGN_START);
  gtk_grid_attach (GTK_GRID (grid),
                   plug_form_new_sentence (_ ("Minutes without a question after which a model on "
                                              "this computer leaves the memory; 0: it stays. Holds "
                                              "from its next start on."),
                                           TRUE),
                   1, row++, 1, 1);
  return row;
}

static void
fill_privacy (Preferences *self,
              GtkWidget   *grid,
              int          row)
{
  GtkWidget *frame = gtk_frame_new (NULL);

  add_heading (grid, row++, _ ("Privacy"));
  self->local_only =
      gtk_check_button_new_with_mnemonic (_ ("_Never send pictures to other computers"));
  add_wide (grid, row++, INDENT, self->local_only);
  add_wide (grid, row++, INDENT,
            plug_form_new_sentence (_ ("These get pictures without asking again:"), FALSE));
  self->places = gtk_list_box_new ();
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (self->places), GTK_SELECTION_NONE);
  plug_form_set_name (self->places, _ ("Who gets pictures without asking again"));
  gtk_container_add (GTK_CONTAINER (frame), self->places);
  gtk_widget_show (self->places);
  add_wide (grid, row++, INDENT, hide_at_first (frame));
  self->no_place = hide_at_first (plug_form_new_sentence (_ ("Nobody so far"), TRUE));
  add_wide (grid, row++, INDENT, self->no_place);
}

static void
hide_trouble (Preferences *self)
{
  show_trouble (self, NULL);
}

static GtkWidget *
new_trouble (Preferences *self)
{
  GtkWidget *bar = gtk_info_bar_new ();

  gtk_info_bar_set_message_type (GTK_INFO_BAR (bar), GTK_MESSAGE_ERROR);
  gtk_info_bar_add_button (GTK_INFO_BAR (bar), _ ("Close"), GTK_RESPONSE_CLOSE);
  self->trouble_text = plug_form_new_sentence ("", FALSE);
  gtk_label_set_selectable (GTK_LABEL (self->trouble_text), TRUE);
  atk_object_set_role (gtk_widget_get_accessible (self->trouble_text), ATK_ROLE_NOTIFICATION);
  gtk_container_add (GTK_CONTAINER (gtk_info_bar_get_content_area (GTK_INFO_BAR (bar))),
                     self->trouble_text);
  gtk_widget_show (self->trouble_text);
  g_signal_connect_swapped (bar, "response", G_CALLBACK (hide_trouble), self);
  return hide_at_first (bar);
}

static GtkWidget *
new_content (Preferences *self)
{
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  GtkWidget *scrolled = gtk_scrolled_window_new (NULL, NULL);
  GtkWidget *grid = gtk_grid_new ();

  gtk_grid_set_row_spacing (GTK_GRID (grid), 6);
  gtk_grid_set_column_spacing (GTK_GRID (grid), 12);
  gtk_container_set_border_width (GTK_CONTAINER (grid), 18);
  fill_privacy (self, grid, fill_answers (self, grid, fill_place (self, grid)));
  plug_form_order_grid (grid);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_propagate_natural_height (GTK_SCROLLED_WINDOW (scrolled), TRUE);
  gtk_container_add (GTK_CONTAINER (scrolled), grid);
  self->trouble = new_trouble (self);
  gtk_box_pack_start (GTK_BOX (column), self->trouble, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), scrolled, TRUE, TRUE, 0);
  return column;
}

static gboolean
on_key (GtkWidget   *window,
        GdkEventKey *event)
{
  gboolean has_control = (event->state & gtk_accelerator_get_default_mod_mask ()) ==
                         GDK_CONTROL_MASK;

  if (event->keyval != GDK_KEY_Escape && !(has_control && event->keyval == GDK_KEY_w))
    return GDK_EVENT_PROPAGATE;
  gtk_window_close (GTK_WINDOW (window));
  return GDK_EVENT_STOP;
}

static void
connect_controls (Preferences *self)
{
  const struct
  {
    GtkWidget  *widget;
    const char *signal;
    void (*callback) (Preferences *);
  } rows[] = {
    { self->local_radio, "toggled", on_place_toggled },
    { self->local_combo, "changed", on_local_changed },
    { self->remote_combo, "changed", on_remote_changed },
    { self->tiles, "changed", on_tiles_changed },
    { self->minutes, "value-changed", on_minutes_changed },
    { self->local_only, "toggled", on_local_only_toggled },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_signal_connect_swapped (rows[i].widget, rows[i].signal, G_CALLBACK (rows[i].callback), self);
}

static void
on_settings_changed (GtkWidget *window)
{
  Preferences *self = g_object_get_data (G_OBJECT (window), "plug-preferences");

  if (!self->is_showing)
    show_later (self);
}

/* Of the settings that are this plug-in's alone, a second after the change */
static void
on_settings_failed (GtkWidget    *window,
                    const GError *error)
{
  Preferences *self = g_object_get_data (G_OBJECT (window), "plug-preferences");
  g_autoptr (PlugAdvice) advice = plug_advice_new_for_config (error);
  g_autofree char *sentence = plug_advice_to_text (advice);

  show_trouble (self, sentence);
}

/* What a person had set and what does not hold */
static void
show_damage (Preferences *self)
{
  const GError *damage = plug_settings_get_damage (plug_settings_get ());
  g_autoptr (PlugAdvice) advice = damage != NULL ? plug_advice_new_for_settings (damage) : NULL;
  g_autofree char *sentence = advice != NULL ? plug_advice_to_text (advice) : NULL;

  show_trouble (self, sentence);
}

static GtkWidget *
create_window (void)
{
  Preferences *self = g_new0 (Preferences, 1);
  g_autoptr (GtkWindowGroup) group = gtk_window_group_new ();

  self->window = gtk_window_new (GTK_WINDOW_TOPLEVEL);
  self->local = g_strdup (SERVICE);
  gtk_window_group_add_window (group, GTK_WINDOW (self->window));
  gtk_window_set_title (GTK_WINDOW (self->window), _ ("Image Assistant Preferences"));
  gtk_window_set_default_size (GTK_WINDOW (self->window), 560, 720);
  gtk_window_set_role (GTK_WINDOW (self->window), "ivl-preferences");
  gtk_window_set_type_hint (GTK_WINDOW (self->window), GDK_WINDOW_TYPE_HINT_DIALOG);
  gtk_container_add (GTK_CONTAINER (self->window), new_content (self));
  g_object_set_data_full (G_OBJECT (self->window), "plug-preferences", self, preferences_free);
  show_damage (self);
  load_config (self);
  show_all (self);
  connect_controls (self);
  gtk_window_set_focus (GTK_WINDOW (self->window),
                        gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->local_radio))
                            ? self->local_radio
                            : self->remote_radio);
  g_signal_connect (self->window, "key-press-event", G_CALLBACK (on_key), NULL);
  g_signal_connect (self->window, "destroy", G_CALLBACK (gtk_widget_destroyed), &shown);
  g_signal_connect_swapped (self->window, "destroy", G_CALLBACK (on_destroyed), self);
  g_signal_connect_object (plug_settings_get (), "notify::allowed",
                           G_CALLBACK (on_settings_changed), self->window, G_CONNECT_SWAPPED);
  g_signal_connect_object (plug_settings_get (), "notify::location",
                           G_CALLBACK (on_settings_changed), self->window, G_CONNECT_SWAPPED);
  g_signal_connect_object (plug_settings_get (), "failed", G_CALLBACK (on_settings_failed),
                           self->window, G_CONNECT_SWAPPED);
  gtk_widget_show_all (self->window);
  return self->window;
}

void
plug_preferences_show (GtkWindow *parent)
{
  if (shown == NULL)
    shown = create_window ();
  gtk_window_set_transient_for (GTK_WINDOW (shown), parent);
  gtk_window_present (GTK_WINDOW (shown));
}

GtkWidget *
plug_preferences_get_window (void)
{
  return shown;
}
