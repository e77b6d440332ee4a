/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Progress bar with a sentence and seconds, Stop, and the status line. */
#include "plug-work.h"

#include <glib/gi18n.h>

#define PULSE_MS 120

struct _PlugWork
{
  GtkBox parent_instance;

  GtkWidget *row;
  GtkWidget *sentence;
  GtkWidget *seconds;
  GtkWidget *bar;
  GtkWidget *status;
  guint      pulse; /* source, 0: the end is known */
  guint      tick;  /* source, 0: not busy */
  gint64     start; /* of the work, in microseconds of the monotonic clock */
};

G_DEFINE_FINAL_TYPE (PlugWork, plug_work, GTK_TYPE_BOX)

enum
{
  SIGNAL_STOP,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static gboolean
on_pulse (gpointer user_data)
{
  PlugWork *self = user_data;
  gtk_progress_bar_pulse (GTK_PROGRESS_BAR (self->bar));
  return G_SOURCE_CONTINUE;
}

void
plug_work_set_progress (PlugWork *self, double fraction, const char *sentence)
{
  if (fraction < 0 && !self->pulse)
    self->pulse = g_timeout_add (PULSE_MS, on_pulse, self);
  else if (fraction >= 0)
    {
      g_clear_handle_id (&self->pulse, g_source_remove);
      gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (self->bar), MIN (fraction, 1));
    }
  gtk_label_set_text (GTK_LABEL (self->sentence), sentence ? sentence : "");
}

/* Whatever a server tells or does not: that it still goes on can be seen */
static gboolean
on_tick (gpointer user_data)
{
  PlugWork *self = user_data;
  guint seconds = (guint)((g_get_monotonic_time () - self->start) / G_USEC_PER_SEC);
  /* Translators: seconds since the work began; s is the unit */
  g_autofree char *text = g_strdup_printf (_ ("%u s"), seconds);
  gtk_label_set_text (GTK_LABEL (self->seconds), text);
  return G_SOURCE_CONTINUE;
}

/* Room for a line that says nothing is not taken from the progress */
static void
show_status (PlugWork *self, const char *sentence)
{
  gtk_label_set_text (GTK_LABEL (self->status), sentence);
  gtk_widget_set_tooltip_text (self->status, *sentence ? sentence : NULL);
  gtk_widget_set_visible (self->status, *sentence || !self->tick);
}

void
plug_work_set_busy (PlugWork *self, gboolean busy)
{
  if (busy == (self->tick != 0))
    return;
  if (busy)
    {
      self->start = g_get_monotonic_time ();
      self->tick = g_timeout_add_seconds (1, on_tick, self);
      on_tick (self);
      show_status (self, "");
    }
  else
    {
      g_clear_handle_id (&self->tick, g_source_remove);
      g_clear_handle_id (&self->pulse, g_source_remove);
      gtk_widget_show (self->status);
    }
  gtk_widget_set_visible (self->row, busy);
}

/* ATK has had two signals for this, neither of which the oldest supported GTK knows by name */
static void
announce (GtkWidget *widget, const char *sentence)
{
  AtkObject *accessible = gtk_widget_get_accessible (widget);
  if (g_signal_lookup ("notification", G_OBJECT_TYPE (accessible)))
    g_signal_emit_by_name (accessible, "notification", sentence, 1);
  else if (g_signal_lookup ("announcement", G_OBJECT_TYPE (accessible)))
    g_signal_emit_by_name (accessible, "announcement", sentence);
}

void
plug_work_say (PlugWork *self, const char *sentence, const char *answer)
{
  gboolean has_answer = answer && *answer;
  g_autofree char *spoken = g_strjoin (has_answer ? "\n" : "", sentence ? sentence : "",
                                       has_answer ? answer : "", NULL);
  show_status (self, sentence ? sentence : "");
  if (*spoken)
    announce (self->status, spoken);
}

static void
on_stop (PlugWork *self)
{
  g_signal_emit (self, signals[SIGNAL_STOP], 0);
}

static GtkWidget *
create_line (void)
{
  GtkWidget *label = gtk_label_new (NULL);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  return label;
}

GtkWidget *
plug_work_new (void)
{
  return g_object_new (PLUG_TYPE_WORK, "orientation", GTK_ORIENTATION_VERTICAL, "spacing", 6, NULL);
}

static void
plug_work_dispose (GObject *object)
{
  PlugWork *self = PLUG_WORK (object);
  g_clear_handle_id (&self->pulse, g_source_remove);
  g_clear_handle_id (&self->tick, g_source_remove);
  G_OBJECT_CLASS (plug_work_parent_class)->dispose (object);
}

static void
plug_work_class_init (PlugWorkClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = plug_work_dispose;
  signals[SIGNAL_STOP] =
      g_signal_new ("stop", PLUG_TYPE_WORK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
plug_work_init (PlugWork *self)
{
  /* The page above it has a margin of its own */
  gtk_widget_set_margin_start (GTK_WIDGET (self), 12);
  gtk_widget_set_margin_end (GTK_WIDGET (self), 12);
  gtk_widget_set_margin_bottom (GTK_WIDGET (self), 12);
  self->sentence = create_line ();
  self->bar = gtk_progress_bar_new ();
  atk_object_set_name (gtk_widget_get_accessible (self->bar), _ ("Progress"));
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  gtk_widget_set_valign (column, GTK_ALIGN_CENTER);
  self->seconds = gtk_label_new (NULL);
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  gtk_box_pack_start (GTK_BOX (line), self->sentence, TRUE, TRUE, 0);
  gtk_box_pack_start (GTK_BOX (line), self->seconds, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), line, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->bar, FALSE, FALSE, 0);
  GtkWidget *stop = gtk_button_new_with_mnemonic (_ ("St_op"));
  gtk_widget_set_tooltip_text (stop, _ ("Stops the answer and keeps what there is of it (Esc)"));
  gtk_widget_set_valign (stop, GTK_ALIGN_CENTER);
  g_signal_connect_swapped (stop, "clicked", G_CALLBACK (on_stop), self);
  self->row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  gtk_box_pack_start (GTK_BOX (self->row), column, TRUE, TRUE, 0);
  gtk_box_pack_start (GTK_BOX (self->row), stop, FALSE, FALSE, 0);
  gtk_widget_show_all (self->row);
  gtk_widget_hide (self->row);
  gtk_widget_set_no_show_all (self->row, TRUE);

  self->status = create_line ();
  atk_object_set_role (gtk_widget_get_accessible (self->status), ATK_ROLE_STATUSBAR);
  gtk_box_pack_start (GTK_BOX (self), self->row, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (self), self->status, FALSE, FALSE, 0);
}
