/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Adds and changes servers in the configuration file; their keys go into the keyring. */
#include "plug-remote-dialog.h"

#include "plug-advice.h"
#include "plug-form.h"
#include "plug-models.h"

#include <glib/gi18n.h>
#include <libivl/ivl.h>
#include <string.h>

typedef struct
{
  GtkWidget            *dialog;
  GtkWidget            *name;
  GtkWidget            *address;
  GtkWidget            *model;
  GtkWidget            *engine;
  GtkWidget            *key;
  GtkWidget            *key_state;
  GtkWidget            *forget;
  GtkWidget            *trouble_line;
  GtkWidget            *trouble;
  gboolean              has_stored;  /* a key, in the keyring */
  char                 *edited;      /* (owned) name of the server that is changed; (nullable) */
  IvlConfig            *config;      /* (owned) (nullable) what is being saved */
  GCancellable         *cancellable; /* (owned) for what is under way when it is closed */
  PlugRemoteDialogFunc  function;
  gpointer              data;
} Dialog;

static void
dialog_free (gpointer data)
{
  Dialog *self = data;

  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  g_clear_object (&self->config);
  g_free (self->edited);
  g_free (self);
}

static void
show_trouble (Dialog     *self,
              const char *sentence)
{
  gtk_label_set_text (GTK_LABEL (self->trouble), sentence != NULL ? sentence : "");
  gtk_widget_set_visible (self->trouble_line, sentence != NULL);
}

/* In the person's language what happened and what to do; the library's words for who knows more
 * (transfer full) */
static char *
explain (const char   *cause,
         const char   *remedy,
         const GError *error)
{
  return g_strconcat (cause, " ", remedy, "\n", error->message, NULL);
}

static char *
explain_config (const GError *error)
{
  g_autoptr (PlugAdvice) advice = plug_advice_new_for_config (error);

  return plug_advice_to_text (advice);
}

static char *
explain_key (const GError *error)
{
  if (g_error_matches (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED))
    return explain (_ ("The key cannot be kept: the keyring does not take it."),
                    _ ("Unlock or start your desktop's keyring, or put the key into a file and "
                       "name that in the configuration file."),
                    error);
  return explain (_ ("This key cannot be used with this address."),
                  _ ("See whether it was copied whole, and whether the address begins with "
                     "https."),
                  error);
}

static void
set_busy (Dialog   *self,
          gboolean  busy)
{
  gtk_dialog_set_response_sensitive (GTK_DIALOG (self->dialog), GTK_RESPONSE_ACCEPT, !busy);
  gtk_widget_set_sensitive (self->forget, !busy);
}

static void
on_key_found (GObject      *source,
              GAsyncResult *result,
              gpointer      data)
{
  Dialog *self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *place = ivl_config_find_key_finish (IVL_CONFIG (source), result, &error);
  g_autofree char *sentence = NULL;
  gboolean is_kept = g_strcmp0 (place, "the keyring") == 0;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (is_kept)
    sentence = g_strdup (_ ("A key is stored in the keyring. What you type takes its place."));
  else if (place != NULL)
    /* Translators: %s is the path of a file, or the name of an environment variable */
    sentence = g_strdup_printf (_ ("The key comes from %s."), place);
  else
    sentence = error != NULL ? explain_key (error)
                             : g_strdup (_ ("No key is stored. Many servers need none."));
  gtk_label_set_text (GTK_LABEL (self->key_state), sentence);
  gtk_widget_set_visible (self->forget, is_kept);
}

static void
look_for_key (Dialog *self)
{
  g_autoptr (IvlConfig) config = ivl_config_load (NULL);

  if (self->edited != NULL && config != NULL)
    ivl_config_find_key_async (config, self->edited, self->cancellable, on_key_found, self);
}

static void
on_key_forgotten (GObject      *source,
                  GAsyncResult *result,
                  gpointer      data)
{
  Dialog *self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *trouble = NULL;

  ivl_config_store_key_finish (IVL_CONFIG (source), result, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  trouble = error != NULL ? explain_key (error) : NULL;
  plug_models_forget (NULL);
  set_busy (self, FALSE);
  show_trouble (self, trouble);
  look_for_key (self);
}

static void
forget_key (Dialog *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlConfig) config = ivl_config_load (&error);
  g_autofree char *trouble = error != NULL ? explain_config (error) : NULL;

  show_trouble (self, trouble);
  if (config == NULL)
    return;
  set_busy (self, TRUE);
  ivl_config_store_key_async (config, self->edited, NULL, self->cancellable, on_key_forgotten,
                              self);
}

static void
ask_forget (Dialog *self)
{
  plug_form_ask (GTK_WINDOW (self->dialog), _ ("Take the key out of the keyring?"),
                 _ ("You need it again to ask a server that wants one."), _ ("_Forget"),
                 G_CALLBACK (forget_key), G_OBJECT (self->dialog), self);
}

static void
save (Dialog *self)
{
  g_autofree char *name = g_strdup (gtk_entry_get_text (GTK_ENTRY (self->name)));
  g_autoptr (GError) error = NULL;
  g_autofree char *trouble = NULL;

  g_strstrip (name);
  set_busy (self, FALSE);
  if (!ivl_config_save (self->config, &error))
    {
      trouble = explain_config (error);
      show_trouble (self, trouble);
      /* A key for a server that does not exist is nobody's */
      if (self->edited == NULL && self->has_stored)
        ivl_config_store_key_async (self->config, name, NULL, NULL, NULL, NULL);
      return;
    }
  self->function (name, self->data);
  gtk_widget_destroy (self->dialog);
}

static void
on_key_stored (GObject      *source,
               GAsyncResult *result,
               gpointer      data)
{
  Dialog *self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *trouble = NULL;

  if (ivl_config_store_key_finish (IVL_CONFIG (source), result, &error))
    {
      plug_models_forget (NULL);
      self->has_stored = TRUE;
      save (self);
      return;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  set_busy (self, FALSE);
  trouble = explain_key (error);
  show_trouble (self, trouble);
}

static gboolean
is_taken (Dialog     *self,
          const char *name)
{
  g_auto (GStrv) remotes = ivl_config_list_remotes (self->config);

  return self->edited == NULL && g_strv_contains ((const char *const *) remotes, name);
}

/* What is wrong with the name; NULL: nothing (transfer full) */
static char *
take_name (Dialog     *self,
           const char *name)
{
  g_autoptr (GError) error = NULL;

  if (*name == '\0')
    return g_strdup (_ ("Give the server a name."));
  if (is_taken (self, name))
    return g_strdup_printf (_ ("There is a server called %s already."), name);
  /* Where no field is set, the name alone is looked at */
  if (self->edited != NULL || ivl_config_set_remote (self->config, name, "model", NULL, &error))
    return NULL;
  return explain (_ ("This name cannot be used."), _ ("Write a short one of letters and digits."),
                  error);
}

/* What is wrong with the field; NULL: nothing (transfer full) */
static char *
take_field (Dialog     *self,
            const char *name,
            const char *field,
            const char *text)
{
  g_autofree char *value = g_strdup (text);
  g_autofree char *old = ivl_config_get_remote (self->config, name, field);
  gboolean is_address = strcmp (field, "url") == 0;
  g_autoptr (GError) error = NULL;

  g_strstrip (value);
  if ((g_strcmp0 (old != NULL ? old : "", value) == 0 && !is_address) ||
      ivl_config_set_remote (self->config, name, field, value, &error))
    return NULL;
  if (is_address)
    return explain (_ ("This address cannot be used."),
                    _ ("Write it as the one who runs the server gives it, such as "
                       "https://gpu.example:8000/v1."),
                    error);
  return explain (_ ("This name of a model cannot be used."),
                  _ ("Write it as the server does, or leave it empty."), error);
}

/* The fields go into a configuration that is not saved yet. What is wrong with the first bad one,
 * which gets the focus; NULL: nothing (transfer full) */
static char *
take_fields (Dialog *self)
{
  const struct
  {
    GtkWidget  *widget;
    const char *field;
    const char *text;
  } rows[] = {
    { self->address, "url", gtk_entry_get_text (GTK_ENTRY (self->address)) },
    { self->model, "model", gtk_entry_get_text (GTK_ENTRY (self->model)) },
    { self->engine, "engine", gtk_combo_box_get_active_id (GTK_COMBO_BOX (self->engine)) },
  };
  g_autofree char *name = g_strdup (gtk_entry_get_text (GTK_ENTRY (self->name)));
  g_autoptr (GError) error = NULL;
  GtkWidget *unhappy = self->name;
  char *trouble;

  g_strstrip (name);
  g_clear_object (&self->config);
  self->config = ivl_config_load (&error);
  if (self->config == NULL)
    return explain_config (error);
  trouble = take_name (self, name);
  for (guint i = 0; i < G_N_ELEMENTS (rows) && trouble == NULL; i++)
    {
      trouble = take_field (self, name, rows[i].field, rows[i].text);
      unhappy = rows[i].widget;
    }
  if (trouble != NULL)
    gtk_widget_grab_focus (unhappy);
  return trouble;
}

static void
accept (Dialog *self)
{
  const char *key = gtk_entry_get_text (GTK_ENTRY (self->key));
  g_autofree char *name = g_strdup (gtk_entry_get_text (GTK_ENTRY (self->name)));
  g_autofree char *trouble = take_fields (self);

  g_strstrip (name);
  show_trouble (self, trouble);
  if (trouble != NULL)
    return;
  if (*key == '\0')
    {
      save (self);
      return;
    }
  set_busy (self, TRUE);
  ivl_config_store_key_async (self->config, name, key, self->cancellable, on_key_stored, self);
}

static void
on_response (GtkWidget *dialog,
             int        response,
             Dialog    *self)
{
  if (response == GTK_RESPONSE_ACCEPT)
    accept (self);
  else
    gtk_widget_destroy (dialog);
}

static GtkWidget *
add_row (GtkWidget  *grid,
         int         row,
         const char *title,
         GtkWidget  *control)
{
  GtkWidget *label = plug_form_new_label (title, control);

  gtk_widget_set_hexpand (control, TRUE);
  gtk_grid_attach (GTK_GRID (grid), label, 0, row, 1, 1);
  gtk_grid_attach (GTK_GRID (grid), control, 1, row, 1, 1);
  return control;
}

static GtkWidget *
new_entry (const char *placeholder)
{
  GtkWidget *entry = gtk_entry_new ();

  gtk_entry_set_placeholder_text (GTK_ENTRY (entry), placeholder);
  gtk_entry_set_activates_default (GTK_ENTRY (entry), TRUE);
  gtk_entry_set_width_chars (GTK_ENTRY (entry), 36);
  return entry;
}

static GtkWidget *
new_engine_combo (void)
{
  GtkWidget *combo = gtk_combo_box_text_new ();
  g_auto (GStrv) engines = ivl_config_list_engines ();

  gtk_combo_box_text_append (GTK_COMBO_BOX_TEXT (combo), "", _ ("Detect it"));
  for (guint i = 0; engines[i] != NULL; i++)
    gtk_combo_box_text_append (GTK_COMBO_BOX_TEXT (combo), engines[i], engines[i]);
  gtk_combo_box_set_active_id (GTK_COMBO_BOX (combo), "");
  return combo;
}

static void
add_key_rows (Dialog    *self,
              GtkWidget *grid,
              int        row)
{
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  self->key = add_row (grid, row, _ ("API _key:"), new_entry (NULL));
  gtk_entry_set_visibility (GTK_ENTRY (self->key), FALSE);
  gtk_entry_set_input_purpose (GTK_ENTRY (self->key), GTK_INPUT_PURPOSE_PASSWORD);
  self->key_state = plug_form_new_sentence (
      _ ("It is kept in the keyring. Leave it empty if the server needs none."), TRUE);
  self->forget = plug_form_new_button (_ ("_Forget"), _ ("Take the stored key away"),
                                       G_CALLBACK (ask_forget), self);
  gtk_widget_set_valign (self->forget, GTK_ALIGN_START);
  gtk_widget_set_no_show_all (self->forget, TRUE);
  gtk_widget_set_hexpand (self->key_state, TRUE);
  gtk_container_add (GTK_CONTAINER (line), self->key_state);
  gtk_container_add (GTK_CONTAINER (line), self->forget);
  gtk_grid_attach (GTK_GRID (grid), line, 1, row + 1, 1, 1);
}

static GtkWidget *
new_trouble_line (Dialog *self)
{
  GtkWidget *sign =
      gtk_image_new_from_icon_name ("dialog-warning-symbolic", GTK_ICON_SIZE_BUTTON);

  self->trouble_line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  self->trouble = plug_form_new_sentence ("", FALSE);
  gtk_widget_set_valign (sign, GTK_ALIGN_START);
  gtk_label_set_selectable (GTK_LABEL (self->trouble), TRUE);
  atk_object_set_role (gtk_widget_get_accessible (self->trouble), ATK_ROLE_NOTIFICATION);
  gtk_container_add (GTK_CONTAINER (self->trouble_line), sign);
  gtk_container_add (GTK_CONTAINER (self->trouble_line), self->trouble);
  gtk_widget_show_all (self->trouble_line);
  gtk_widget_hide (self->trouble_line);
  gtk_widget_set_no_show_all (self->trouble_line, TRUE);
  return self->trouble_line;
}

static GtkWidget *
new_grid (Dialog *self)
{
  GtkWidget *grid = gtk_grid_new ();

  gtk_grid_set_row_spacing (GTK_GRID (grid), 6);
  gtk_grid_set_column_spacing (GTK_GRID (grid), 12);
  gtk_container_set_border_width (GTK_CONTAINER (grid), 12);
  self->name = add_row (grid, 0, _ ("_Name:"), new_entry (_ ("Workstation")));
  self->address =
      add_row (grid, 1, _ ("_Address:"), new_entry ("https://gpu.example:8000/v1"));
  gtk_entry_set_input_purpose (GTK_ENTRY (self->address), GTK_INPUT_PURPOSE_URL);
  self->model = add_row (grid, 2, _ ("_Model:"), new_entry (_ ("The only one that it has")));
  self->engine = add_row (grid, 3, _ ("_Engine:"), new_engine_combo ());
  add_key_rows (self, grid, 4);
  gtk_grid_attach (GTK_GRID (grid), new_trouble_line (self), 0, 6, 2, 1);
  return grid;
}

static void
set_text (GtkWidget  *entry,
          IvlConfig  *config,
          const char *name,
          const char *field)
{
  g_autofree char *text = ivl_config_get_remote (config, name, field);

  gtk_entry_set_text (GTK_ENTRY (entry), text != NULL ? text : "");
}

static void
show_fields (Dialog *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlConfig) config = ivl_config_load (&error);
  g_autofree char *engine = NULL;
  g_autofree char *trouble = NULL;

  if (config == NULL)
    {
      trouble = explain_config (error);
      show_trouble (self, trouble);
      return;
    }
  gtk_entry_set_text (GTK_ENTRY (self->name), self->edited);
  gtk_widget_set_sensitive (self->name, FALSE);
  set_text (self->address, config, self->edited, "url");
  set_text (self->model, config, self->edited, "model");
  engine = ivl_config_get_remote (config, self->edited, "engine");
  if (engine != NULL && !gtk_combo_box_set_active_id (GTK_COMBO_BOX (self->engine), engine))
    gtk_combo_box_set_active_id (GTK_COMBO_BOX (self->engine), "");
  gtk_widget_grab_focus (self->address);
  look_for_key (self);
}

void
plug_remote_dialog_show (GtkWindow            *parent,
                         const char           *name,
                         PlugRemoteDialogFunc  function,
                         gpointer              user_data)
{
  Dialog *self = g_new0 (Dialog, 1);
  GtkWidget *content;

  self->edited = g_strdup (name);
  self->function = function;
  self->data = user_data;
  self->cancellable = g_cancellable_new ();
  self->dialog = gtk_dialog_new_with_buttons (
      name != NULL ? _ ("Edit Server") : _ ("Add Server"), parent,
      GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT, _ ("_Cancel"), GTK_RESPONSE_CANCEL,
      _ ("_Save"), GTK_RESPONSE_ACCEPT, NULL);
  /* Modal for its parent, not for the windows of images */
  gtk_window_group_add_window (gtk_window_get_group (parent), GTK_WINDOW (self->dialog));
  gtk_dialog_set_default_response (GTK_DIALOG (self->dialog), GTK_RESPONSE_ACCEPT);
  content = gtk_dialog_get_content_area (GTK_DIALOG (self->dialog));
  gtk_container_add (GTK_CONTAINER (content), new_grid (self));
  g_object_set_data_full (G_OBJECT (self->dialog), "plug-remote-dialog", self, dialog_free);
  g_signal_connect (self->dialog, "response", G_CALLBACK (on_response), self);
  if (name != NULL)
    show_fields (self);
  gtk_widget_show_all (self->dialog);
}
