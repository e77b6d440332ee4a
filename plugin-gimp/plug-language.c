/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A combo box of languages, by the names that they have in the desktop's own language. */
#include "plug-language.h"

#include "plug-settings.h"

#include <libintl.h>
#include <libivl/ivl.h>
#include <string.h>

#include <glib/gi18n.h>

/* Translations of the names of languages, from the package iso-codes; where it is missing they
 * stay English */
#define NAMES_DOMAIN "iso_639-3"

typedef struct
{
  const char *tag;
  char       *name; /* (owned) */
} Language;

char *
plug_language_get_name (const char *tag)
{
  g_autofree char *english = ivl_task_get_language_name (tag);
  if (!english)
    return g_strdup (tag);
  bind_textdomain_codeset (NAMES_DOMAIN, "UTF-8");
  return g_strdup (dgettext (NAMES_DOMAIN, english));
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate (((const Language *)a)->name, ((const Language *)b)->name);
}

static void
language_clear (gpointer language)
{
  g_free (((Language *)language)->name);
}

static void
on_chosen (GtkComboBox *combo)
{
  const char *tag = gtk_combo_box_get_active_id (combo);
  PlugSettings *settings = plug_settings_get ();
  if (tag && strcmp (tag, plug_settings_get_language (settings)))
    plug_settings_set_language (settings, tag);
}

static void
show_setting (GtkComboBox *combo)
{
  const char *tag = plug_settings_get_language (plug_settings_get ());
  g_autofree char *row = tag[0] != '\0' ? ivl_task_find_language (tag) : NULL;
  /* One that was written into the settings by hand */
  if (!gtk_combo_box_set_active_id (combo, row ? row : tag))
    {
      gtk_combo_box_text_append (GTK_COMBO_BOX_TEXT (combo), tag, tag);
      gtk_combo_box_set_active_id (combo, tag);
    }
}

static void
add_desktop_row (GtkWidget *combo)
{
  g_autofree char *tag = NULL;
  const char *const *locales = g_get_language_names ();
  for (guint i = 0; locales[i] && !tag; i++)
    tag = ivl_task_find_language (locales[i]);
  g_autofree char *name = plug_language_get_name (tag ? tag : "en");
  /* Translators: %s is the name of a language */
  g_autofree char *title = g_strdup_printf (_ ("Desktop language (%s)"), name);
  gtk_combo_box_text_append (GTK_COMBO_BOX_TEXT (combo), "", title);
}

GtkWidget *
plug_language_combo_new (void)
{
  GtkWidget *combo = gtk_combo_box_text_new ();
  g_auto (GStrv) tags = ivl_task_list_languages ();
  g_autoptr (GArray) languages = g_array_new (FALSE, FALSE, sizeof (Language));
  g_array_set_clear_func (languages, language_clear);
  for (guint i = 0; tags[i]; i++)
    {
      Language language = { tags[i], plug_language_get_name (tags[i]) };
      g_array_append_val (languages, language);
    }
  g_array_sort (languages, compare);
  add_desktop_row (combo);
  for (guint i = 0; i < languages->len; i++)
    {
      const Language *language = &g_array_index (languages, Language, i);
      gtk_combo_box_text_append (GTK_COMBO_BOX_TEXT (combo), language->tag, language->name);
    }
  show_setting (GTK_COMBO_BOX (combo));
  atk_object_set_name (gtk_widget_get_accessible (combo), _ ("Language of the answers"));
  gtk_widget_set_tooltip_text (combo, _ ("Language of the answers"));
  g_signal_connect (combo, "changed", G_CALLBACK (on_chosen), NULL);
  g_signal_connect_object (plug_settings_get (), "notify::language", G_CALLBACK (show_setting),
                           combo, G_CONNECT_SWAPPED);
  return combo;
}
