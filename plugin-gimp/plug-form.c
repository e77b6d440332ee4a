/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the pages of the window are put together from. */
#include "plug-form.h"

#include <glib/gi18n.h>

void
plug_form_fill_page (GtkBox     *page,
                     GtkWidget **column,
                     GtkWidget **buttons)
{
  GtkWidget *scrolled = gtk_scrolled_window_new (NULL, NULL);

  gtk_orientable_set_orientation (GTK_ORIENTABLE (page), GTK_ORIENTATION_VERTICAL);
  *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12);
  gtk_container_set_border_width (GTK_CONTAINER (*column), 12);
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER,
                                  GTK_POLICY_AUTOMATIC);
  /* What does not fit can be seen to go on below */
  gtk_scrolled_window_set_overlay_scrolling (GTK_SCROLLED_WINDOW (scrolled), FALSE);
  gtk_container_add (GTK_CONTAINER (scrolled), *column);
  *buttons = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_container_set_border_width (GTK_CONTAINER (*buttons), 12);
  gtk_box_pack_start (page, scrolled, TRUE, TRUE, 0);
  gtk_box_pack_start (page, *buttons, FALSE, FALSE, 0);
}

void
plug_form_set_name (GtkWidget  *widget,
                    const char *name)
{
  atk_object_set_name (gtk_widget_get_accessible (widget), name);
}

GtkWidget *
plug_form_new_label (const char *label,
                     GtkWidget  *control)
{
  GtkWidget *widget = gtk_label_new_with_mnemonic (label);

  gtk_label_set_xalign (GTK_LABEL (widget), 0);
  gtk_label_set_mnemonic_widget (GTK_LABEL (widget), control);
  plug_form_set_name (control, gtk_label_get_text (GTK_LABEL (widget)));
  return widget;
}

GtkWidget *
plug_form_new_line (const char *label,
                    GtkWidget  *control)
{
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);

  gtk_box_pack_start (GTK_BOX (line), plug_form_new_label (label, control), FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (line), control, TRUE, TRUE, 0);
  return line;
}

static int
compare_cells (gconstpointer left,
               gconstpointer right,
               gpointer      grid)
{
  const gconstpointer widgets[] = { left, right };
  int row[2], column[2];

  for (int i = 0; i < 2; i++)
    gtk_container_child_get (grid, (GtkWidget *) widgets[i], "top-attach", &row[i], "left-attach",
                             &column[i], NULL);
  return row[0] != row[1] ? row[1] - row[0] : column[1] - column[0];
}

void
plug_form_order_grid (GtkWidget *grid)
{
  GList *cells = g_list_sort_with_data (gtk_container_get_children (GTK_CONTAINER (grid)),
                                        compare_cells, grid);

  for (GList *item = cells; item != NULL; item = item->next)
    {
      int row, column, width, height;

      gtk_container_child_get (GTK_CONTAINER (grid), item->data, "top-attach", &row, "left-attach",
                               &column, "width", &width, "height", &height, NULL);
      g_object_ref (item->data);
      gtk_container_remove (GTK_CONTAINER (grid), item->data);
      gtk_grid_attach (GTK_GRID (grid), item->data, column, row, width, height);
      g_object_unref (item->data);
    }
  g_list_free (cells);
}

GtkWidget *
plug_form_new_sentence (const char *text,
                        gboolean    small_print)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_line_wrap (GTK_LABEL (label), TRUE);
  /* A narrow window wraps it; a wide one does not have to be */
  gtk_label_set_width_chars (GTK_LABEL (label), 20);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 60);
  /* Smaller letters, not paler ones: themes' pale ones can be too faint to read */
  if (small_print)
    {
      g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

      pango_attr_list_insert (attributes, pango_attr_scale_new (PANGO_SCALE_SMALL));
      gtk_label_set_attributes (GTK_LABEL (label), attributes);
    }
  return label;
}

GtkWidget *
plug_form_new_button (const char *label,
                      const char *hint,
                      GCallback   callback,
                      gpointer    data)
{
  GtkWidget *button = gtk_button_new_with_mnemonic (label);

  gtk_widget_set_tooltip_text (button, hint);
  g_signal_connect_swapped (button, "clicked", callback, data);
  return button;
}

void
plug_form_copy (GtkWidget  *widget,
                const char *text)
{
  GtkClipboard *clipboard = gtk_widget_get_clipboard (widget, GDK_SELECTION_CLIPBOARD);

  gtk_clipboard_set_text (clipboard, text, -1);
  /* plug_app_run() hands it over when the process ends */
  gtk_clipboard_set_can_store (clipboard, NULL, 0);
}

typedef struct
{
  void (*function) (gpointer data);
  gpointer data;
} Question;

static void
on_answer (GtkDialog *dialog,
           int        response,
           GObject   *owner)
{
  const Question question = *(Question *) g_object_get_data (G_OBJECT (dialog), "plug-question");

  gtk_widget_destroy (GTK_WIDGET (dialog));
  if (response == GTK_RESPONSE_ACCEPT)
    question.function (question.data);
}

void
plug_form_ask (GtkWindow  *parent,
               const char *question,
               const char *detail,
               const char *action,
               GCallback   function,
               GObject    *owner,
               gpointer    data)
{
  GtkWidget *dialog = gtk_message_dialog_new (
    parent, GTK_DIALOG_MODAL | GTK_DIALOG_DESTROY_WITH_PARENT, GTK_MESSAGE_QUESTION,
    GTK_BUTTONS_NONE, "%s", question);
  Question asked = { (void (*) (gpointer)) function, data };

  gtk_message_dialog_format_secondary_text (GTK_MESSAGE_DIALOG (dialog), "%s", detail);
  gtk_dialog_add_button (GTK_DIALOG (dialog), _("_Cancel"), GTK_RESPONSE_CANCEL);
  gtk_dialog_add_button (GTK_DIALOG (dialog), action, GTK_RESPONSE_ACCEPT);
  gtk_dialog_set_default_response (GTK_DIALOG (dialog), GTK_RESPONSE_CANCEL);
  /* Modal for its parent, not for the windows of other images */
  gtk_window_group_add_window (gtk_window_get_group (parent), GTK_WINDOW (dialog));
  g_object_set_data_full (G_OBJECT (dialog), "plug-question", g_memdup2 (&asked, sizeof asked),
                          g_free);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_answer), owner, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}
