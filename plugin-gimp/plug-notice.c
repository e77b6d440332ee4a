/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bars above the pages. Screen readers speak a GtkInfoBar when it appears. */
#include "plug-notice.h"

#include "plug-advice.h"
#include "plug-host.h"
#include "plug-preferences.h"

#include <glib/gi18n.h>

enum
{
  RESPONSE_RETRY = 1,
  RESPONSE_PREFERENCES,
  RESPONSE_HELP,
  RESPONSE_ALLOW,
  RESPONSE_REFUSE,
};

struct _PlugNotice
{
  GtkBox parent_instance;

  GtkWidget *trouble;
  GtkWidget *cause;
  GtkWidget *remedy;
  GtkWidget *details;
  GtkWidget *detail;
  GCallback  retry;
  gpointer   retry_data;

  GtkWidget *warning;
  GtkWidget *warning_label;

  GtkWidget       *consent;
  GtkWidget       *consent_label;
  PlugNoticeAnswer answer;
  gpointer         answer_data;
};

G_DEFINE_FINAL_TYPE (PlugNotice, plug_notice, GTK_TYPE_BOX)

static void build_trouble (PlugNotice *self);
static void build_warning (PlugNotice *self);
static void build_consent (PlugNotice *self);

/* Made when it is first needed: most windows are closed without any */
static void
need_bar (PlugNotice *self, GtkWidget **bar, void (*build) (PlugNotice *))
{
  if (*bar)
    return;
  build (self);
  gtk_box_pack_start (GTK_BOX (self), *bar, FALSE, FALSE, 0);
  gtk_widget_show_all (*bar);
  gtk_widget_hide (*bar);
  gtk_widget_set_no_show_all (*bar, TRUE);
}

static void
set_button_visible (GtkWidget *bar, int response, gboolean visible)
{
  g_autoptr (GList) buttons = gtk_container_get_children (
      GTK_CONTAINER (gtk_info_bar_get_action_area (GTK_INFO_BAR (bar))));
  for (GList *item = buttons; item; item = item->next)
    if (GPOINTER_TO_INT (g_object_get_data (item->data, "plug-response")) == response)
      gtk_widget_set_visible (item->data, visible);
}

void
plug_notice_show_error (PlugNotice *self, const GError *error, GCallback retry, gpointer retry_data)
{
  g_autoptr (PlugAdvice) advice = plug_advice_new (error);
  need_bar (self, &self->trouble, build_trouble);
  self->retry = retry;
  self->retry_data = retry_data;
  gtk_label_set_text (GTK_LABEL (self->cause), advice->cause);
  gtk_label_set_text (GTK_LABEL (self->remedy), advice->remedy ? advice->remedy : "");
  gtk_widget_set_visible (self->remedy, advice->remedy && *advice->remedy);
  gtk_label_set_text (GTK_LABEL (self->detail), advice->detail ? advice->detail : "");
  gtk_expander_set_expanded (GTK_EXPANDER (self->details), FALSE);
  gtk_widget_set_visible (self->details, advice->detail != NULL);
  set_button_visible (self->trouble, RESPONSE_RETRY, retry != NULL);
  set_button_visible (self->trouble, RESPONSE_PREFERENCES,
                      advice->button == PLUG_REMEDY_PREFERENCES);
  set_button_visible (self->trouble, RESPONSE_HELP, advice->button == PLUG_REMEDY_HELP);
  gtk_widget_show (self->trouble);
}

void
plug_notice_hide_error (PlugNotice *self)
{
  if (self->trouble)
    gtk_widget_hide (self->trouble);
}

void
plug_notice_warn (PlugNotice *self, const GError *error)
{
  g_autoptr (PlugAdvice) advice = plug_advice_new_for_settings (error);
  g_autofree char *text = plug_advice_to_text (advice);
  need_bar (self, &self->warning, build_warning);
  gtk_label_set_text (GTK_LABEL (self->warning_label), text);
  gtk_widget_show (self->warning);
}

static void
on_trouble_response (GtkInfoBar *bar, int response, PlugNotice *self)
{
  if (response == RESPONSE_PREFERENCES)
    plug_preferences_show (GTK_WINDOW (gtk_widget_get_toplevel (GTK_WIDGET (self))));
  else if (response == RESPONSE_HELP)
    plug_host_show_help ();
  else
    gtk_widget_hide (self->trouble);
  if (response == RESPONSE_RETRY && self->retry)
    ((void (*) (gpointer))self->retry) (self->retry_data);
}

void
plug_notice_ask_consent (PlugNotice *self,
                         const char *place,
                         PlugNoticeAnswer answer,
                         gpointer user_data)
{
  need_bar (self, &self->consent, build_consent);
  self->answer = answer;
  self->answer_data = user_data;
  /* Translators: %s is the name of a computer */
  g_autofree char *question = g_strdup_printf (_ ("The picture will be sent to %s."), place);
  gtk_label_set_text (GTK_LABEL (self->consent_label), question);
  gtk_widget_show (self->consent);
}

void
plug_notice_withdraw_consent (PlugNotice *self)
{
  self->answer = NULL;
  if (self->consent)
    gtk_widget_hide (self->consent);
}

static void
on_consent_response (GtkInfoBar *bar, int response, PlugNotice *self)
{
  PlugNoticeAnswer answer = self->answer;
  plug_notice_withdraw_consent (self);
  if (answer)
    answer (response == RESPONSE_ALLOW, self->answer_data);
}

static void
add_button (GtkWidget *bar, const char *title, int response)
{
  GtkWidget *button = gtk_info_bar_add_button (GTK_INFO_BAR (bar), title, response);
  g_object_set_data (G_OBJECT (button), "plug-response", GINT_TO_POINTER (response));
}

static GtkWidget *
create_label (gboolean bold)
{
  GtkWidget *label = gtk_label_new (NULL);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_line_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_line_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_width_chars (GTK_LABEL (label), 24);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 60);
  if (bold)
    {
      PangoAttrList *attributes = pango_attr_list_new ();
      pango_attr_list_insert (attributes, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
      gtk_label_set_attributes (GTK_LABEL (label), attributes);
      pango_attr_list_unref (attributes);
    }
  return label;
}

static GtkWidget *
create_bar (GtkMessageType type, const char *icon, GtkWidget **column)
{
  GtkWidget *bar = gtk_info_bar_new ();
  gtk_info_bar_set_message_type (GTK_INFO_BAR (bar), type);
  gtk_orientable_set_orientation (
      GTK_ORIENTABLE (gtk_info_bar_get_action_area (GTK_INFO_BAR (bar))), GTK_ORIENTATION_VERTICAL);
  GtkWidget *area = gtk_info_bar_get_content_area (GTK_INFO_BAR (bar));
  GtkWidget *image = gtk_image_new_from_icon_name (icon, GTK_ICON_SIZE_LARGE_TOOLBAR);
  gtk_widget_set_valign (image, GTK_ALIGN_START);
  *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  gtk_box_pack_start (GTK_BOX (area), image, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (area), *column, TRUE, TRUE, 0);
  return bar;
}

/* GTK's own button to close a bar has an icon and nothing else */
static void
name_close_button (GtkWidget *widget, gpointer user_data)
{
  if (GTK_IS_BUTTON (widget) && !gtk_button_get_label (GTK_BUTTON (widget)))
    {
      atk_object_set_name (gtk_widget_get_accessible (widget), _ ("Close"));
      gtk_widget_set_tooltip_text (widget, _ ("Close"));
    }
  else if (GTK_IS_CONTAINER (widget))
    gtk_container_forall (GTK_CONTAINER (widget), name_close_button, NULL);
}

static void
build_trouble (PlugNotice *self)
{
  GtkWidget *column;
  self->trouble = create_bar (GTK_MESSAGE_ERROR, "dialog-error-symbolic", &column);
  gtk_info_bar_set_show_close_button (GTK_INFO_BAR (self->trouble), TRUE);
  name_close_button (self->trouble, NULL);
  self->cause = create_label (TRUE);
  self->remedy = create_label (FALSE);
  self->detail = create_label (FALSE);
  gtk_label_set_selectable (GTK_LABEL (self->detail), TRUE);
  self->details = gtk_expander_new_with_mnemonic (_ ("Details"));
  gtk_container_add (GTK_CONTAINER (self->details), self->detail);
  gtk_box_pack_start (GTK_BOX (column), self->cause, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->remedy, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->details, FALSE, FALSE, 0);
  add_button (self->trouble, _ ("Try A_gain"), RESPONSE_RETRY);
  add_button (self->trouble, _ ("_Preferences"), RESPONSE_PREFERENCES);
  add_button (self->trouble, _ ("_Help"), RESPONSE_HELP);
  g_signal_connect (self->trouble, "response", G_CALLBACK (on_trouble_response), self);
}

static void
build_consent (PlugNotice *self)
{
  GtkWidget *column;
  self->consent = create_bar (GTK_MESSAGE_QUESTION, "dialog-question-symbolic", &column);
  self->consent_label = create_label (TRUE);
  GtkWidget *note = create_label (FALSE);
  gtk_label_set_text (GTK_LABEL (note),
                      _ ("If you agree, you are not asked again for this place. "
                         "The preferences list the places that may get pictures."));
  gtk_box_pack_start (GTK_BOX (column), self->consent_label, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), note, FALSE, FALSE, 0);
  add_button (self->consent, _ ("_Send"), RESPONSE_ALLOW);
  add_button (self->consent, _ ("Do _Not Send"), RESPONSE_REFUSE);
  g_signal_connect (self->consent, "response", G_CALLBACK (on_consent_response), self);
}

static void
build_warning (PlugNotice *self)
{
  GtkWidget *column;
  self->warning = create_bar (GTK_MESSAGE_WARNING, "dialog-warning-symbolic", &column);
  gtk_info_bar_set_show_close_button (GTK_INFO_BAR (self->warning), TRUE);
  name_close_button (self->warning, NULL);
  self->warning_label = create_label (FALSE);
  gtk_label_set_selectable (GTK_LABEL (self->warning_label), TRUE);
  gtk_box_pack_start (GTK_BOX (column), self->warning_label, FALSE, FALSE, 0);
  g_signal_connect (self->warning, "response", G_CALLBACK (gtk_widget_hide), NULL);
}

GtkWidget *
plug_notice_new (void)
{
  return g_object_new (PLUG_TYPE_NOTICE, "orientation", GTK_ORIENTATION_VERTICAL, NULL);
}

static void
plug_notice_class_init (PlugNoticeClass *klass)
{
}

static void
plug_notice_init (PlugNotice *self)
{
}
