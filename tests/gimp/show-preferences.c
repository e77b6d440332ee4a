/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The preferences alone, to look at and to drive. IVL_SHOW_RTL: from right to left.
 * Usage: show-preferences */
#include "plug-preferences.h"

#include <glib/gi18n.h>
#include <locale.h>

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  const char *locale_dir = g_getenv ("IVL_LOCALE_DIR");
  GtkWidget *parent;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, locale_dir != NULL ? locale_dir : IVL_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  gtk_init (&argc, &argv);
  if (g_getenv ("IVL_SHOW_RTL") != NULL)
    gtk_widget_set_default_direction (GTK_TEXT_DIR_RTL);
  parent = gtk_window_new (GTK_WINDOW_TOPLEVEL);
  g_signal_connect (parent, "destroy", G_CALLBACK (gtk_main_quit), NULL);
  gtk_window_set_title (GTK_WINDOW (parent), "parent");
  gtk_widget_show (parent);
  plug_preferences_show (GTK_WINDOW (parent));
  plug_preferences_show (GTK_WINDOW (parent));
  gtk_main ();
  if (!plug_settings_save (plug_settings_get (), &error))
    g_printerr ("%s\n", error->message);
  return error != NULL;
}
