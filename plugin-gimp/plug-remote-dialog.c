/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Adds and changes servers in the configuration file; their keys go into the keyring. */
#include "plug-remote-dialog.h"

#include "plug-advice.h"
#include "plug-form.h"
#include "plug-models.h"
#include "plug-remote-check.h"

#include <glib/gi18n.h>
#include <libivl/ivl.h>
#include <string.h>

/* Of the button that tries out what was entered */
#define RESPONSE_TEST 1

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
  GtkWidget            *test;
  GtkWidget            *spinner;
  GtkWidget            *trouble_line;
  GtkWidget            *trouble_sign;
  GtkWidget            *trouble;
  gboolean              has_stored;  /* a key, in the keyring */
  char                 *edited;      /* (owned) name of the server that is changed; (nullable) */
  IvlConfig            *config;      /* (owned) (nullable) what is being saved */
  GCancellable         *cancellable; /* (owned) for what is under way when it is closed */
  GCancellable         *testing;     /* (owned) (nullable): no test is under way */
  PlugRemoteDialogFunc  function;
  gpointer              data;
} Dialog;

static void
dialog_free (gpointer data)
{
  Dialog *self = data;

  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  if (self->testing != NULL)
    g_cancellable_cancel (self->testing);
  g_clear_object (&self->testing);
  g_clear_object (&self->config);
  g_free (self->edited);
  g_free (self);
}

static void
show_words (Dialog     *self,
            const char *sentence,
            gboolean    is_trouble)
{
  gtk_label_set_text (GTK_LABEL (self->trouble), sentence != NULL ? sentence : "");
  gtk_widget_set_visible (self->trouble_sign, is_trouble);
  gtk_widget_set_visible (self->trouble_line, sentence != NULL);
}

static void
show_trouble (Dialog     *self,
              const char *sentence)
{
  show_words (self, sentence, TRUE);
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
  gtk_widget_set_sensitive (self->test, !busy);
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

/* What is wrong with the key; NULL: nothing (transfer full) */
static char *
take_key (Dialog     *self,
          const char *name,
          const char *key)
{
  g_autoptr (GError) error = NULL;

  if (*key == '\0' || ivl_config_check_key (self->config, name, key, &error))
    return NULL;
  return explain_key (error);
}

/* A name that no server has, for fields whose own name is not right yet (transfer full) */
static char *
find_stand_in (Dialog *self)
{
  g_auto (GStrv) remotes = ivl_config_list_remotes (self->config);
  guint number = 0;
  char *name = g_strdup ("server");

  while (g_strv_contains ((const char *const *) remotes, name))
    {
      g_free (name);
      name = g_strdup_printf ("server-%u", ++number);
    }
  return name;
}

/* trouble (transfer full) (nullable): of that widget. The first one gets the focus. */
static void
add_trouble (GString   *all,
             char      *trouble,
             GtkWidget *widget)
{
  if (trouble == NULL)
    return;
  if (all->len == 0)
    gtk_widget_grab_focus (widget);
  g_string_append_printf (all, "%s%s", all->len > 0 ? "\n" : "", trouble);
  g_free (trouble);
}

/* The fields go into a configuration that is not saved yet, under *name (transfer full), which is
 * another one than was entered where that is wrong. All that is wrong, a line each; NULL: nothing
 * (transfer full) */
static char *
take_fields (Dialog    *self,
             gboolean   needs_name,
             char     **name)
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
  g_autoptr (GString) all = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  gboolean is_placed = TRUE;
  char *trouble;

  *name = g_strstrip (g_strdup (gtk_entry_get_text (GTK_ENTRY (self->name))));
  g_clear_object (&self->config);
  self->config = ivl_config_load (&error);
  if (self->config == NULL)
    return explain_config (error);
  trouble = take_name (self, *name);
  if (trouble != NULL)
    {
      g_free (*name);
      *name = find_stand_in (self);
    }
  if (needs_name)
    add_trouble (all, trouble, self->name);
  else
    g_free (trouble);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      trouble = take_field (self, *name, rows[i].field, rows[i].text);
      is_placed &= i > 0 || trouble == NULL;
      add_trouble (all, trouble, rows[i].widget);
    }
  /* Whether a key may be sent depends on where it goes */
  if (is_placed)
    add_trouble (all, take_key (self, *name, gtk_entry_get_text (GTK_ENTRY (self->key))),
                 self->key);
  return all->len > 0 ? g_string_free (g_steal_pointer (&all), FALSE) : NULL;
}

static void
set_testing (Dialog   *self,
             gboolean  is_testing)
{
  gtk_button_set_label (GTK_BUTTON (self->test), is_testing ? _ ("S_top") : _ ("_Test"));
  gtk_widget_set_visible (self->spinner, is_testing);
  g_object_set (self->spinner, "active", is_testing, NULL);
}

/* FALSE: none was under way */
static gboolean
stop_test (Dialog *self)
{
  if (self->testing == NULL)
    return FALSE;
  g_cancellable_cancel (self->testing);
  g_clear_object (&self->testing);
  set_testing (self, FALSE);
  show_trouble (self, NULL);
  return TRUE;
}

static void
on_tested (GObject      *source,
           GAsyncResult *result,
           gpointer      data)
{
  g_autoptr (GtkWidget) dialog = data;
  Dialog *self = g_object_get_data (G_OBJECT (dialog), "plug-remote-dialog");
  g_autoptr (GError) error = NULL;
  g_autofree char *sentence = plug_remote_check_finish (result, &error);

  if (self == NULL || g_task_get_cancellable (G_TASK (result)) != self->testing)
    return;
  g_clear_object (&self->testing);
  set_testing (self, FALSE);
  if (error != NULL)
    {
      g_autoptr (PlugAdvice) advice = plug_advice_new_for_server (
          error, gtk_entry_get_text (GTK_ENTRY (self->address)));

      sentence = plug_advice_to_text (advice);
    }
  show_words (self, sentence, error != NULL);
}

/* The entered server is asked about a small picture; nothing is saved. */
static void
test (Dialog *self)
{
  const char *key = gtk_entry_get_text (GTK_ENTRY (self->key));
  g_autofree char *name = NULL;
  g_autofree char *trouble = NULL;

  if (stop_test (self))
    return;
  trouble = take_fields (self, FALSE, &name);
  show_trouble (self, trouble);
  if (trouble != NULL)
    return;
  self->testing = g_cancellable_new ();
  show_words (self, _ ("Asking about a small picture that is made for it…"), FALSE);
  set_testing (self, TRUE);
  plug_remote_check_entered_async (self->config, name, *key != '\0' ? key : NULL, self->testing,
                                   on_tested, g_object_ref (self->dialog));
}

static void
accept (Dialog *self)
{
  const char *key = gtk_entry_get_text (GTK_ENTRY (self->key));
  g_autofree char *name = NULL;
  g_autofree char *trouble = NULL;

  stop_test (self);
  trouble = take_fields (self, TRUE, &name);
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
  else if (response == RESPONSE_TEST)
    test (self);
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

  self->trouble_sign = sign;
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
  plug_form_order_grid (grid);
  return grid;
}

static void
add_test_button (Dialog *self)
{
  GtkWidget *buttons;

  self->test = gtk_dialog_add_button (GTK_DIALOG (self->dialog), _ ("_Test"), RESPONSE_TEST);
  gtk_widget_set_tooltip_text (self->test, _ ("See whether the server answers as it is entered"));
  buttons = gtk_widget_get_parent (self->test);
  self->spinner = gtk_spinner_new ();
  gtk_widget_set_no_show_all (self->spinner, TRUE);
  gtk_container_add (GTK_CONTAINER (buttons), self->spinner);
  gtk_button_box_set_child_secondary (GTK_BUTTON_BOX (buttons), self->test, TRUE);
  gtk_button_box_set_child_secondary (GTK_BUTTON_BOX (buttons), self->spinner, TRUE);
  gtk_button_box_set_child_non_homogeneous (GTK_BUTTON_BOX (buttons), self->spinner, TRUE);
  /* What stands first is also read out first */
  gtk_box_reorder_child (GTK_BOX (buttons), self->test, 0);
  gtk_box_reorder_child (GTK_BOX (buttons), self->spinner, 1);
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
  add_test_button (self);
  content = gtk_dialog_get_content_area (GTK_DIALOG (self->dialog));
  gtk_container_add (GTK_CONTAINER (content), new_grid (self));
  g_object_set_data_full (G_OBJECT (self->dialog), "plug-remote-dialog", self, dialog_free);
  g_signal_connect (self->dialog, "response", G_CALLBACK (on_response), self);
  if (name != NULL)
    show_fields (self);
  gtk_widget_show_all (self->dialog);
}
