/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Length and objections below the field for an alternative text. */
#include "plug-alt-checks.h"

#include "plug-form.h"

#include <glib/gi18n.h>

static const struct
{
  guint       issue;
  const char *icon;
  const char *sentence;
} issue_table[] = {
  { IVL_ALT_ISSUE_EMPTY, "dialog-warning-symbolic",
    N_("There is no alternative text. Write one, or choose the role “Decorative”.") },
  { IVL_ALT_ISSUE_NOT_EMPTY, "dialog-warning-symbolic",
    N_("A decorative picture needs no text: screen readers would read this one out.") },
  { IVL_ALT_ISSUE_TOO_LONG, "dialog-error-symbolic",
    N_("It has more than 250 characters, which is too much to listen to in one go. Move details "
       "into the long description.") },
  { IVL_ALT_ISSUE_LONG, "dialog-warning-symbolic",
    N_("It has more than 125 characters. Text in a picture may need them; details are better in "
       "the long description.") },
  { IVL_ALT_ISSUE_PREFIX, "dialog-warning-symbolic",
    N_("It says that it is a picture. Screen readers have said so: begin with what can be seen.") },
  { IVL_ALT_ISSUE_FILE_NAME, "dialog-warning-symbolic",
    N_("It is the name of a file. Say what the picture shows.") },
  { IVL_ALT_ISSUE_SAME, "dialog-warning-symbolic",
    N_("It is the same as the long description or the caption, and would be heard twice.") },
  { IVL_ALT_ISSUE_MARKUP, "dialog-warning-symbolic",
    N_("It has markup or several lines. Use plain text in one line.") },
  { IVL_ALT_ISSUE_NO_DESCRIPTION, "dialog-warning-symbolic",
    N_("A complex picture needs a long description as well.") },
};

struct _PlugAltChecks
{
  GtkBox parent_instance;

  GtkWidget *counter; /* (owned) */
  GtkWidget *count_icon;
  GtkWidget *count;
  GtkWidget *lines[G_N_ELEMENTS (issue_table)];
};

G_DEFINE_FINAL_TYPE (PlugAltChecks, plug_alt_checks, GTK_TYPE_BOX)

static void
show_count (PlugAltChecks *self,
            guint          n_characters)
{
  gboolean is_long = n_characters > IVL_ALT_TEXT_TARGET;
  gboolean is_too_long = n_characters > IVL_ALT_TEXT_LIMIT;
  /* Translators: characters that there are, and that there should be at most */
  g_autofree char *text = g_strdup_printf (_("%u of %u"), n_characters, IVL_ALT_TEXT_TARGET);
  g_autofree char *name = g_strdup_printf (_("Length: %u of %u characters"), n_characters,
                                           IVL_ALT_TEXT_TARGET);
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

  /* An icon and heavier letters, not colours: what themes have for warnings can be too dark on dark
   * ground */
  pango_attr_list_insert (attributes, pango_attr_font_features_new ("tnum=1"));
  if (is_long)
    pango_attr_list_insert (attributes, pango_attr_weight_new (PANGO_WEIGHT_BOLD));
  gtk_label_set_text (GTK_LABEL (self->count), text);
  gtk_label_set_attributes (GTK_LABEL (self->count), attributes);
  plug_form_set_name (self->count, name);
  gtk_image_set_from_icon_name (GTK_IMAGE (self->count_icon),
                                is_too_long ? "dialog-error-symbolic" : "dialog-warning-symbolic",
                                GTK_ICON_SIZE_MENU);
  gtk_widget_set_visible (self->count_icon, is_long);
}

GtkWidget *
plug_alt_checks_get_counter (PlugAltChecks *self)
{
  return self->counter;
}

void
plug_alt_checks_show (PlugAltChecks *self,
                      guint          n_characters,
                      IvlAltIssues   issues)
{
  show_count (self, n_characters);
  for (guint i = 0; i < G_N_ELEMENTS (issue_table); i++)
    gtk_widget_set_visible (self->lines[i], (issues & issue_table[i].issue) != 0);
}

static GtkWidget *
create_line (const char *icon_name,
             const char *sentence)
{
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *icon = gtk_image_new_from_icon_name (icon_name, GTK_ICON_SIZE_MENU);
  GtkWidget *label = plug_form_new_sentence (sentence, FALSE);

  gtk_widget_set_valign (icon, GTK_ALIGN_START);
  gtk_box_pack_start (GTK_BOX (line), icon, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (line), label, TRUE, TRUE, 0);
  gtk_widget_show_all (line);
  gtk_widget_set_no_show_all (line, TRUE);
  gtk_widget_hide (line);
  return line;
}

static void
plug_alt_checks_finalize (GObject *object)
{
  g_object_unref (PLUG_ALT_CHECKS (object)->counter);
  G_OBJECT_CLASS (plug_alt_checks_parent_class)->finalize (object);
}

static void
plug_alt_checks_class_init (PlugAltChecksClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = plug_alt_checks_finalize;
}

static void
plug_alt_checks_init (PlugAltChecks *self)
{
  gtk_orientable_set_orientation (GTK_ORIENTABLE (self), GTK_ORIENTATION_VERTICAL);
  gtk_box_set_spacing (GTK_BOX (self), 6);
  self->counter = g_object_ref_sink (gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6));
  self->count = gtk_label_new (NULL);
  self->count_icon = gtk_image_new ();
  gtk_widget_set_no_show_all (self->count_icon, TRUE);
  gtk_box_pack_start (GTK_BOX (self->counter), self->count_icon, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (self->counter), self->count, FALSE, FALSE, 0);
  for (guint i = 0; i < G_N_ELEMENTS (issue_table); i++)
    {
      self->lines[i] = create_line (issue_table[i].icon, _(issue_table[i].sentence));
      gtk_box_pack_start (GTK_BOX (self), self->lines[i], FALSE, FALSE, 0);
    }
}

GtkWidget *
plug_alt_checks_new (void)
{
  return g_object_new (PLUG_TYPE_ALT_CHECKS, NULL);
}
