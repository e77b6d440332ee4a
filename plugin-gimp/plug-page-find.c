/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The page that finds things in the picture and makes a selection, guides or channels of them. */
#include "plug-page.h"

#include "plug-box-view.h"
#include "plug-form.h"

#include <glib/gi18n.h>

#define PLUG_TYPE_FIND_PAGE (plug_find_page_get_type ())
G_DECLARE_FINAL_TYPE (PlugFindPage, plug_find_page, PLUG, FIND_PAGE, GtkBox)

struct _PlugFindPage
{
  GtkBox parent_instance;

  PlugWindow *window; /* has this page in it */
  PlugStatus *status; /* has this page in it */
  PlugTalk   *talk;   /* the window's */
  char       *thing;  /* (nullable) what was looked for last */
  GPtrArray  *boxes;  /* of PlugBox: what was found, in the image */
  PlugState   state;  /* of the image in which it was found */
  GPtrArray  *checks; /* of GtkToggleButton, one for each box, of the list */

  GtkWidget *entry;
  GtkWidget *find;
  GtkWidget *sentence;
  GtkWidget *results; /* shown when something was found */
  GtkWidget *view;
  GtkWidget *all;
  GtkWidget *list;
  GtkWidget *actions;

  GCancellable *comparing; /* (owned) (nullable): the image is not being compared */
};

G_DEFINE_FINAL_TYPE (PlugFindPage, plug_find_page, GTK_TYPE_BOX)

/* What can be done with the places that are chosen */
typedef struct
{
  gboolean (*change) (int image, GPtrArray *boxes, GError **error);
  void (*start) (PlugFindPage *self);
  char *(*describe) (guint n); /* what was done (transfer full) */
} Action;

static gboolean
is_chosen (PlugFindPage *self,
           guint         index)
{
  return gtk_toggle_button_get_active (g_ptr_array_index (self->checks, index));
}

static guint
count_chosen (PlugFindPage *self)
{
  guint n = 0;

  for (guint i = 0; i < self->checks->len; i++)
    n += is_chosen (self, i);
  return n;
}

static void
show_state (PlugFindPage *self)
{
  g_autofree char *thing = g_strstrip (g_strdup (gtk_entry_get_text (GTK_ENTRY (self->entry))));

  gtk_widget_set_sensitive (self->find, *thing != '\0' &&
                                        plug_talk_get_state (self->talk) == PLUG_TALK_IDLE);
  gtk_widget_set_sensitive (self->actions, count_chosen (self) > 0 && self->comparing == NULL);
}

/* ----------------------------------------------------------------------------------- the list */

static void on_all_toggled (PlugFindPage *self);

static void
on_toggled (GtkToggleButton *check,
            PlugFindPage    *self)
{
  guint n = count_chosen (self);
  guint index;

  if (g_ptr_array_find (self->checks, check, &index))
    plug_box_view_set_chosen (PLUG_BOX_VIEW (self->view), index, is_chosen (self, index));
  g_signal_handlers_block_by_func (self->all, on_all_toggled, self);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->all), n == self->checks->len);
  gtk_toggle_button_set_inconsistent (GTK_TOGGLE_BUTTON (self->all),
                                      n > 0 && n < self->checks->len);
  g_signal_handlers_unblock_by_func (self->all, on_all_toggled, self);
  show_state (self);
}

static void
on_all_toggled (PlugFindPage *self)
{
  gboolean chosen = gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (self->all));

  gtk_toggle_button_set_inconsistent (GTK_TOGGLE_BUTTON (self->all), FALSE);
  for (guint i = 0; i < self->checks->len; i++)
    {
      GtkToggleButton *check = g_ptr_array_index (self->checks, i);

      g_signal_handlers_block_by_func (check, on_toggled, self);
      gtk_toggle_button_set_active (check, chosen);
      g_signal_handlers_unblock_by_func (check, on_toggled, self);
      plug_box_view_set_chosen (PLUG_BOX_VIEW (self->view), i, chosen);
    }
  show_state (self);
}

static gboolean
on_focus (GtkWidget    *check,
          GdkEvent     *event,
          PlugFindPage *self)
{
  guint index;

  if (g_ptr_array_find (self->checks, check, &index))
    plug_box_view_set_current (PLUG_BOX_VIEW (self->view),
                               event->focus_change.in ? (int) index : -1);
  return GDK_EVENT_PROPAGATE;
}

static void
destroy_result (GtkWidget *check,
                gpointer   user_data)
{
  gtk_widget_destroy (check);
}

static void
clear_results (PlugFindPage *self)
{
  if (self->comparing != NULL)
    g_cancellable_cancel (self->comparing);
  g_ptr_array_set_size (self->checks, 0);
  g_ptr_array_set_size (self->boxes, 0);
  gtk_container_foreach (GTK_CONTAINER (self->list), destroy_result, NULL);
  gtk_widget_hide (self->results);
  gtk_widget_hide (self->sentence);
  show_state (self);
}

static void
add_result (PlugFindPage  *self,
            const PlugBox *box)
{
  /* Translators: number, name, width, height, and place from the left and the top of the image */
  g_autofree char *label = g_strdup_printf (_("%u. %s: %d × %d pixels at %d, %d"),
                                            self->checks->len + 1,
                                            box->name != NULL ? box->name : self->thing,
                                            box->width, box->height, box->x, box->y);
  GtkWidget *check = gtk_check_button_new_with_label (label);
  GtkWidget *words = gtk_bin_get_child (GTK_BIN (check));

  gtk_label_set_line_wrap (GTK_LABEL (words), TRUE);
  gtk_label_set_line_wrap_mode (GTK_LABEL (words), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (words), 0);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (check), TRUE);
  g_signal_connect_object (check, "toggled", G_CALLBACK (on_toggled), self, 0);
  g_signal_connect_object (check, "focus-in-event", G_CALLBACK (on_focus), self, 0);
  g_signal_connect_object (check, "focus-out-event", G_CALLBACK (on_focus), self, 0);
  g_ptr_array_add (self->checks, check);
  gtk_box_pack_start (GTK_BOX (self->list), check, FALSE, FALSE, 0);
}

/* ------------------------------------------------------------------------------------ answers */

static void
find (PlugFindPage *self)
{
  g_autofree char *thing = g_strstrip (g_strdup (gtk_entry_get_text (GTK_ENTRY (self->entry))));

  if (*thing == '\0' || plug_talk_get_state (self->talk) != PLUG_TALK_IDLE ||
      !plug_window_is_image_open (self->window))
    return;
  g_free (self->thing);
  self->thing = g_steal_pointer (&thing);
  clear_results (self);
  plug_talk_ask (self->talk, "locate", self->thing, FALSE);
}

static void
say_nothing_found (PlugFindPage *self)
{
  g_autofree char *sentence = g_strdup_printf (
    _("Nothing was found for “%s”. Try other words, or choose at the top to look at the visible "
      "image instead of one layer."), self->thing);

  gtk_label_set_text (GTK_LABEL (self->sentence), sentence);
  gtk_widget_show (self->sentence);
  plug_status_say (self->status, sentence);
}

static void
on_answered (PlugTalk     *talk,
             IvlReply     *reply,
             gboolean      stopped,
             PlugFindPage *self)
{
  PlugSource *source = plug_window_get_source (self->window);
  g_autoptr (GPtrArray) regions = NULL;
  g_autoptr (GPtrArray) boxes = NULL;
  g_autofree char *sentence = NULL;

  if (reply == NULL)
    {
      if (!stopped)
        say_nothing_found (self);
      return;
    }
  regions = ivl_reply_get_regions (reply);
  boxes = plug_source_place_regions (plug_talk_get_picture (talk), regions);
  if (boxes->len == 0)
    {
      if (!stopped)
        say_nothing_found (self);
      return;
    }
  plug_source_get_state (plug_talk_get_picture (talk), &self->state);
  g_ptr_array_unref (self->boxes);
  self->boxes = g_ptr_array_ref (boxes);
  plug_box_view_show (PLUG_BOX_VIEW (self->view), source, boxes);
  for (guint i = 0; i < boxes->len; i++)
    add_result (self, g_ptr_array_index (boxes, i));
  gtk_widget_show_all (self->list);
  gtk_widget_show (self->results);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->all), TRUE);
  gtk_widget_set_visible (self->all, boxes->len > 1);
  show_state (self);
  sentence = g_strdup_printf (ngettext ("%u place was found.", "%u places were found.",
                                        boxes->len), boxes->len);
  plug_status_say (self->status, sentence);
}

/* ------------------------------------------------------------------------------ what is done */

static GPtrArray *
get_chosen (PlugFindPage *self)
{
  GPtrArray *chosen = plug_box_new_array ();

  for (guint i = 0; i < self->boxes->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (self->boxes, i);

      if (is_chosen (self, i))
        g_ptr_array_add (chosen, plug_box_new (box->x, box->y, box->width, box->height,
                                               box->name != NULL ? box->name : self->thing));
    }
  return chosen;
}

/* The same thing in the picture as it is now */
static void
find_again (PlugFindPage *self)
{
  gtk_entry_set_text (GTK_ENTRY (self->entry), self->thing);
  find (self);
}

typedef struct
{
  PlugFindPage *page; /* (owned) */
  const Action *action;
} Doing;

static void
on_compared (GObject      *source,
             GAsyncResult *result,
             gpointer      data)
{
  g_autofree Doing *doing = data;
  g_autoptr (PlugFindPage) self = doing->page;
  g_autoptr (GPtrArray) chosen = get_chosen (self);
  g_autoptr (GError) error = NULL;
  g_autofree char *sentence = NULL;
  gboolean is_same = plug_state_check_finish (result, &error);

  g_clear_object (&self->comparing);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || self->window == NULL)
    return;
  show_state (self);
  if (is_same && chosen->len > 0 &&
      doing->action->change (plug_window_get_image (self->window), chosen, &error))
    {
      sentence = doing->action->describe (chosen->len);
      plug_status_say (self->status, sentence);
    }
  else if (g_error_matches (error, PLUG_ADVICE_ERROR, PLUG_ADVICE_ERROR_OTHER_STATE))
    plug_status_show_error (self->status, error, G_CALLBACK (find_again), self);
  else if (error != NULL)
    plug_status_show_error (self->status, error, G_CALLBACK (doing->action->start), self);
}

/* The places are those of the picture in which they were found, and of no other: it is compared
 * first. */
static void
act (PlugFindPage *self,
     const Action *action)
{
  Doing *doing;

  if (count_chosen (self) == 0 || self->comparing != NULL)
    return;
  doing = g_new (Doing, 1);
  *doing = (Doing) { g_object_ref (self), action };
  self->comparing = g_cancellable_new ();
  plug_state_check_async (&self->state, self->comparing, on_compared, doing);
  show_state (self);
}

static char *
describe_selection (guint n)
{
  return g_strdup_printf (ngettext ("%u place was selected. Ctrl+Z in the image takes it back.",
                                    "%u places were selected. Ctrl+Z in the image takes it back.",
                                    n), n);
}

static char *
describe_guides (guint n)
{
  return g_strdup_printf (
    ngettext ("Guides were added around %u place. Ctrl+Z in the image takes them away.",
              "Guides were added around %u places. Ctrl+Z in the image takes them away.", n), n);
}

static char *
describe_channels (guint n)
{
  return g_strdup_printf (
    ngettext ("%u channel was added. Ctrl+Z in the image takes it away.",
              "%u channels were added. Ctrl+Z in the image takes them away.", n), n);
}

static void
select_boxes (PlugFindPage *self)
{
  static const Action action = { plug_host_select_boxes, select_boxes, describe_selection };

  act (self, &action);
}

static void
add_guides (PlugFindPage *self)
{
  static const Action action = { plug_host_add_guides, add_guides, describe_guides };

  act (self, &action);
}

static void
add_channels (PlugFindPage *self)
{
  static const Action action = { plug_host_add_channels, add_channels, describe_channels };

  act (self, &action);
}

/* ---------------------------------------------------------------------------------- the page */

static void
plug_find_page_destroy (GtkWidget *widget)
{
  PlugFindPage *self = PLUG_FIND_PAGE (widget);

  if (self->comparing != NULL)
    g_cancellable_cancel (self->comparing);
  g_signal_handlers_disconnect_by_data (self->talk, self);
  self->window = NULL;
  GTK_WIDGET_CLASS (plug_find_page_parent_class)->destroy (widget);
}

static void
plug_find_page_finalize (GObject *object)
{
  PlugFindPage *self = PLUG_FIND_PAGE (object);

  g_free (self->thing);
  g_ptr_array_unref (self->boxes);
  g_ptr_array_unref (self->checks);
  G_OBJECT_CLASS (plug_find_page_parent_class)->finalize (object);
}

static void
plug_find_page_class_init (PlugFindPageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = plug_find_page_finalize;
  GTK_WIDGET_CLASS (klass)->destroy = plug_find_page_destroy;
}

static void
plug_find_page_init (PlugFindPage *self)
{
  self->boxes = plug_box_new_array ();
  self->checks = g_ptr_array_new ();
}

static GtkWidget *
create_results (PlugFindPage *self)
{
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);

  self->view = plug_box_view_new ();
  self->list = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  self->all = gtk_check_button_new_with_mnemonic (_("A_ll of Them"));
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (self->all), TRUE);
  g_signal_connect_object (self->all, "toggled", G_CALLBACK (on_all_toggled), self,
                           G_CONNECT_SWAPPED);
  plug_form_set_name (self->list, _("Places that were found"));
  gtk_box_pack_start (GTK_BOX (column), self->view, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->all, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->list, FALSE, FALSE, 0);
  gtk_widget_show_all (column);
  gtk_widget_set_no_show_all (column, TRUE);
  gtk_widget_hide (column);
  return column;
}

static GtkWidget *
create_actions (PlugFindPage *self)
{
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);

  self->actions = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_box_pack_start (
    GTK_BOX (self->actions),
    plug_form_new_button (_("Sele_ct"), _("Select the rectangles that are chosen above"),
                          G_CALLBACK (select_boxes), self), FALSE, FALSE, 0);
  gtk_box_pack_start (
    GTK_BOX (self->actions),
    plug_form_new_button (_("G_uides"), _("Add guides along the edges of what is chosen above"),
                          G_CALLBACK (add_guides), self), FALSE, FALSE, 0);
  gtk_box_pack_start (
    GTK_BOX (self->actions),
    plug_form_new_button (_("Chann_els"), _("Add a channel for each place that is chosen above"),
                          G_CALLBACK (add_channels), self), FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (line), self->actions, FALSE, FALSE, 0);
  plug_window_need_image (self->window, line);
  return line;
}

static void
build (PlugFindPage *self)
{
  GtkWidget *column, *buttons;
  GtkWidget *search = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);

  plug_form_fill_page (GTK_BOX (self), &column, &buttons);
  self->entry = gtk_entry_new ();
  gtk_entry_set_placeholder_text (GTK_ENTRY (self->entry), _("For example: the yellow star"));
  g_signal_connect_object (self->entry, "changed", G_CALLBACK (show_state), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->entry, "activate", G_CALLBACK (find), self, G_CONNECT_SWAPPED);
  self->find = plug_form_new_button (_("Fin_d"), _("Look for it in the picture"),
                                     G_CALLBACK (find), self);
  self->sentence = plug_form_new_sentence (
    _("Name what you look for. What is found can become a selection, guides, or a channel for each "
      "place."), FALSE);
  gtk_box_pack_start (GTK_BOX (search), plug_form_new_line (_("_What to find:"), self->entry),
                      TRUE, TRUE, 0);
  gtk_box_pack_start (GTK_BOX (search), self->find, FALSE, FALSE, 0);
  plug_window_need_image (self->window, search);
  self->results = create_results (self);
  gtk_box_pack_start (GTK_BOX (column), search, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->sentence, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->results, TRUE, TRUE, 0);
  gtk_box_pack_start (GTK_BOX (buttons), create_actions (self), FALSE, FALSE, 0);
}

GtkWidget *
plug_page_find_new (PlugWindow *window,
                    PlugStatus *status)
{
  PlugFindPage *self = g_object_new (PLUG_TYPE_FIND_PAGE, NULL);

  self->window = window;
  self->status = status;
  self->talk = plug_status_add_talk (status);
  build (self);
  g_signal_connect_object (self->talk, "state-changed", G_CALLBACK (show_state), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->talk, "answered", G_CALLBACK (on_answered), self, 0);
  show_state (self);
  return GTK_WIDGET (self);
}

void
plug_page_find_start (GtkWidget        *page,
                      const PlugAction *action)
{
  gtk_widget_grab_focus (PLUG_FIND_PAGE (page)->entry);
}
