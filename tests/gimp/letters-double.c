/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Looks at every label of a window, whatever is shown of it. */
#include "letters-double.h"

#include "plug-notice.h"
#include "plug-status.h"

#include <libivl/ivl.h>

typedef struct
{
  GString   *line;
  GtkWidget *page; /* the only one of the notebook that counts */
} Look;

static void
look (GtkWidget *widget, gpointer data)
{
  Look *self = data;
  GtkWidget *parent = gtk_widget_get_parent (widget);
  gboolean is_page =
      GTK_IS_NOTEBOOK (parent) && gtk_notebook_page_num (GTK_NOTEBOOK (parent), widget) >= 0;

  if (GTK_IS_LABEL (widget)
      && gtk_label_get_mnemonic_keyval (GTK_LABEL (widget)) != GDK_KEY_VoidSymbol)
    g_string_append_printf (self->line, "\t%c %s",
                            (char)gtk_label_get_mnemonic_keyval (GTK_LABEL (widget)),
                            gtk_label_get_text (GTK_LABEL (widget)));
  else if (GTK_IS_CONTAINER (widget) && (!is_page || widget == self->page))
    gtk_container_forall (GTK_CONTAINER (widget), look, self);
}

/* The first notebook in it */
static void
find_notebook (GtkWidget *widget, gpointer data)
{
  GtkWidget **found = data;

  if (GTK_IS_NOTEBOOK (widget) && !*found)
    *found = widget;
  else if (GTK_IS_CONTAINER (widget) && !*found)
    gtk_container_forall (GTK_CONTAINER (widget), find_notebook, found);
}

void
letters_double_tell (void)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();

  for (GList *item = windows; item; item = item->next)
    {
      GtkWidget *notebook = NULL;

      find_notebook (item->data, &notebook);
      for (int i = 0; notebook && i < gtk_notebook_get_n_pages (GTK_NOTEBOOK (notebook)); i++)
        {
          g_autoptr (GString) line = g_string_new (NULL);
          Look self = { line, gtk_notebook_get_nth_page (GTK_NOTEBOOK (notebook), i) };

          g_string_append_printf (line, "letters %d", i);
          look (item->data, &self);
          g_print ("%s\n", line->str);
        }
    }
}

static void
show_bars (GtkWidget *widget, gpointer data)
{
  if (PLUG_IS_NOTICE (widget) && gtk_widget_get_ancestor (widget, PLUG_TYPE_STATUS))
    {
      plug_notice_show_error (PLUG_NOTICE (widget), data, G_CALLBACK (gtk_widget_hide), widget);
      plug_notice_ask_consent (PLUG_NOTICE (widget), "gpu.example", NULL, NULL);
    }
  else if (GTK_IS_CONTAINER (widget))
    gtk_container_forall (GTK_CONTAINER (widget), show_bars, data);
}

void
letters_double_show_bars (void)
{
  g_autoptr (GError) error = g_error_new (IVL_ERROR, IVL_ERROR_REMOTE_FAILED, "It failed.");
  g_autoptr (GList) windows = gtk_window_list_toplevels ();

  for (GList *item = windows; item; item = item->next)
    show_bars (item->data, error);
}
