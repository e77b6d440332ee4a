/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A table of questions that suit any picture, as buttons. */
#include "plug-examples.h"

#include "plug-form.h"

#include <glib/gi18n.h>

struct _PlugExamples
{
  GtkBox parent_instance;
};

G_DEFINE_FINAL_TYPE (PlugExamples, plug_examples, GTK_TYPE_BOX)

enum
{
  SIGNAL_CHOSEN,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static const char *const questions[] = {
  N_ ("What can be seen here?"),
  N_ ("What color is the background?"),
  N_ ("What is written there?"),
};

static void
on_clicked (GtkButton *button, PlugExamples *self)
{
  g_signal_emit (self, signals[SIGNAL_CHOSEN], 0, gtk_button_get_label (button));
}

GtkWidget *
plug_examples_new (void)
{
  return g_object_new (PLUG_TYPE_EXAMPLES, "orientation", GTK_ORIENTATION_VERTICAL, "spacing", 6,
                       "valign", GTK_ALIGN_CENTER, NULL);
}

static void
plug_examples_class_init (PlugExamplesClass *klass)
{
  signals[SIGNAL_CHOSEN] = g_signal_new ("chosen", PLUG_TYPE_EXAMPLES, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
plug_examples_init (PlugExamples *self)
{
  GtkWidget *sentence = plug_form_new_sentence (
      _ ("Ask about the picture in your own words, or begin with one of these questions:"), FALSE);

  gtk_label_set_xalign (GTK_LABEL (sentence), 0.5);
  gtk_label_set_justify (GTK_LABEL (sentence), GTK_JUSTIFY_CENTER);
  gtk_box_pack_start (GTK_BOX (self), sentence, FALSE, FALSE, 0);
  for (guint i = 0; i < G_N_ELEMENTS (questions); i++)
    {
      GtkWidget *button = gtk_button_new_with_label (_ (questions[i]));

      gtk_widget_set_halign (button, GTK_ALIGN_CENTER);
      g_signal_connect_object (button, "clicked", G_CALLBACK (on_clicked), self, 0);
      gtk_box_pack_start (GTK_BOX (self), button, FALSE, FALSE, 0);
    }
}
