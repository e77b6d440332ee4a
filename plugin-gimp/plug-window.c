/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One window for an image: header, notices, pages, work. The conversations of all pages report
 * here. */
#include "plug-window.h"

#include "plug-header.h"
#include "plug-notice.h"
#include "plug-page.h"
#include "plug-work.h"

#include <glib/gi18n.h>
#ifdef GDK_WINDOWING_X11
#include <gdk/gdkx.h>
#endif

/* Before it was ever resized: a few lines of an answer fit, and it leaves room for the image */
#define DEFAULT_WIDTH 520
#define DEFAULT_HEIGHT 680
#define LOOK_SECONDS 2

static const PlugPageClass page_classes[PLUG_N_PAGES] = {
  [PLUG_PAGE_ASK] = { N_ ("_Ask"), plug_page_ask_new, plug_page_ask_start },
  [PLUG_PAGE_ALT] = { N_ ("Alternative _Text"), plug_page_alt_new, plug_page_alt_start },
  [PLUG_PAGE_READ] = { N_ ("_Read Text"), plug_page_read_new, plug_page_read_start },
  [PLUG_PAGE_FIND] = { N_ ("_Find"), plug_page_find_new, plug_page_find_start },
  [PLUG_PAGE_EXPORT] = { N_ ("E_xport"), plug_page_export_new, plug_page_export_start },
};

struct _PlugWindow
{
  GtkWindow parent_instance;

  int         image;
  gboolean    image_open;
  PlugSource *source;
  GPtrArray  *talks;   /* of PlugTalk */
  PlugTalk   *working; /* (nullable) the one whose progress is shown */
  guint       look;    /* source that looks whether the image is open; 0 when it is not */
  PlugTalk   *asking;  /* (nullable) the one that waits for consent */

  GtkWidget *header;
  GtkWidget *notice;
  GtkWidget *notebook;
  GtkWidget *pages[PLUG_N_PAGES];
  GtkWidget *work;
  GtkWidget *catcher; /* empty: takes keys and clicks that nobody is to get */
};

G_DEFINE_FINAL_TYPE (PlugWindow, plug_window, GTK_TYPE_WINDOW)

enum
{
  PROPERTY_IMAGE_OPEN = 1,
  N_PROPERTIES,
};

static GParamSpec *properties[N_PROPERTIES];

int
plug_window_get_image (PlugWindow *self)
{
  return self->image;
}

PlugSource *
plug_window_get_source (PlugWindow *self)
{
  return self->source;
}

gboolean
plug_window_is_image_open (PlugWindow *self)
{
  return self->image_open;
}

void
plug_window_need_image (PlugWindow *self, GtkWidget *widget)
{
  g_object_bind_property (self, "image-open", widget, "sensitive", G_BINDING_SYNC_CREATE);
}

void
plug_window_say (PlugWindow *self, const char *sentence)
{
  plug_work_say (PLUG_WORK (self->work), sentence);
}

void
plug_window_show_page (PlugWindow *self, PlugPage page)
{
  gtk_notebook_set_current_page (GTK_NOTEBOOK (self->notebook), (int)page);
}

void
plug_window_catch_input (gboolean catches)
{
  g_autoptr (GList) windows = gtk_window_list_toplevels ();
  for (GList *item = windows; item; item = item->next)
    if (PLUG_IS_WINDOW (item->data))
      (catches ? gtk_grab_add : gtk_grab_remove) (PLUG_WINDOW (item->data)->catcher);
}

IvlMetadata *
plug_window_get_texts (PlugWindow *self)
{
  return plug_page_alt_get_texts (self->pages[PLUG_PAGE_ALT]);
}

/* ----------------------------------------------------------------------------------------------
 * the image */

static void
note_closed (PlugWindow *self)
{
  self->image_open = FALSE;
  g_clear_handle_id (&self->look, g_source_remove);
  plug_header_set_closed (PLUG_HEADER (self->header));
  plug_notice_hide_error (PLUG_NOTICE (self->notice));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROPERTY_IMAGE_OPEN]);
  plug_window_say (self, _ ("The image was closed."));
}

static void
check_image (PlugWindow *self)
{
  if (!self->image_open)
    return;
  if (plug_host_image_is_open (self->image))
    {
      g_autofree char *name = plug_host_get_image_name (self->image);
      /* Translators: %s is the name of an image */
      g_autofree char *title = g_strdup_printf (_ ("Image Assistant – %s"), name ? name : "");
      if (g_strcmp0 (title, gtk_window_get_title (GTK_WINDOW (self))))
        gtk_window_set_title (GTK_WINDOW (self), title);
      plug_header_check_selection (PLUG_HEADER (self->header));
      return;
    }
  note_closed (self);
}

/* GIMP tells nobody that an image was closed; while the person works there, this looks now and
 * then */
static gboolean
look_at_image (gpointer user_data)
{
  PlugWindow *self = user_data;
  if (gtk_window_is_active (GTK_WINDOW (self)) || plug_host_image_is_open (self->image))
    return G_SOURCE_CONTINUE;
  self->look = 0;
  note_closed (self);
  return G_SOURCE_REMOVE;
}

void
plug_window_show_error (PlugWindow *self, const GError *error, GCallback retry, gpointer retry_data)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  check_image (self);
  /* The sentence at the top says it, and nothing can be tried again */
  if (self->image_open)
    plug_notice_show_error (PLUG_NOTICE (self->notice), error, retry, retry_data);
}

/* ----------------------------------------------------------------------------------------
 * conversations */

static void
show_place (PlugWindow *self)
{
  PlugTalk *talk = self->working ? self->working : self->talks->pdata[0];
  g_autofree char *place = plug_talk_describe_place (talk);
  plug_header_set_place (PLUG_HEADER (self->header), place, plug_talk_is_remote (talk));
}

static void
on_state_changed (PlugTalk *talk, PlugWindow *self)
{
  PlugTalkState state = plug_talk_get_state (talk);
  if (self->asking == talk && state != PLUG_TALK_CONSENT)
    {
      self->asking = NULL;
      plug_notice_withdraw_consent (PLUG_NOTICE (self->notice));
    }
  if (state != PLUG_TALK_IDLE && self->working != talk)
    {
      self->working = talk;
      plug_notice_hide_error (PLUG_NOTICE (self->notice));
    }
  else if (state == PLUG_TALK_IDLE && self->working == talk)
    {
      self->working = NULL;
      for (guint i = 0; i < self->talks->len; i++)
        if (plug_talk_get_state (self->talks->pdata[i]) != PLUG_TALK_IDLE)
          self->working = self->talks->pdata[i];
    }
  plug_work_set_busy (PLUG_WORK (self->work), self->working != NULL);
  /* A server does not tell how far it is */
  if (self->working == talk && state == PLUG_TALK_ANSWERING)
    plug_work_set_progress (PLUG_WORK (self->work), -1, _ ("The answer is being written…"));
  show_place (self);
}

static void
on_progress (PlugTalk *talk, double fraction, const char *sentence, PlugWindow *self)
{
  if (self->working == talk)
    plug_work_set_progress (PLUG_WORK (self->work), fraction, sentence);
}

static void
answer_consent (gboolean allow, gpointer user_data)
{
  PlugWindow *self = user_data;
  PlugTalk *talk = g_steal_pointer (&self->asking);
  if (talk)
    plug_talk_answer_consent (talk, allow);
}

static void
on_consent_needed (PlugTalk *talk, const char *place, PlugWindow *self)
{
  /* One question at a time: a second page that wants to send meanwhile is told no, and can try
   * again */
  if (self->asking && self->asking != talk)
    {
      plug_talk_answer_consent (talk, FALSE);
      return;
    }
  self->asking = talk;
  on_progress (talk, 0, _ ("Waiting for your decision above…"), self);
  plug_notice_ask_consent (PLUG_NOTICE (self->notice), place, answer_consent, self);
}

static void
on_failed (PlugTalk *talk, const GError *error, const char *partial, PlugWindow *self)
{
  plug_window_show_error (self, error, NULL, NULL);
}

static void
on_answered (PlugTalk *talk, IvlReply *reply, gboolean stopped, PlugWindow *self)
{
  const char *sentence = stopped ? _ ("The answer was stopped.")
                         : reply ? _ ("The answer is complete.")
                                 : _ ("The model gave no answer.");
  plug_window_say (self, sentence);
}

PlugTalk *
plug_window_add_talk (PlugWindow *self)
{
  PlugTalk *talk = plug_talk_new (self->source);
  g_ptr_array_add (self->talks, talk);
  g_signal_connect_object (talk, "state-changed", G_CALLBACK (on_state_changed), self, 0);
  g_signal_connect_object (talk, "progress", G_CALLBACK (on_progress), self, 0);
  g_signal_connect_object (talk, "consent-needed", G_CALLBACK (on_consent_needed), self, 0);
  g_signal_connect_object (talk, "answered", G_CALLBACK (on_answered), self, 0);
  g_signal_connect_object (talk, "failed", G_CALLBACK (on_failed), self, 0);
  return talk;
}

static gboolean
stop (PlugWindow *self)
{
  if (!self->working)
    return FALSE;
  plug_talk_stop (self->working);
  return TRUE;
}

/* -----------------------------------------------------------------------------------------------
 * keyboard */

static gboolean
on_escape (GtkAccelGroup *group,
           GObject *window,
           guint key,
           GdkModifierType modifiers,
           gpointer user_data)
{
  return stop (PLUG_WINDOW (window));
}

static gboolean
on_close_key (GtkAccelGroup *group,
              GObject *window,
              guint key,
              GdkModifierType modifiers,
              gpointer user_data)
{
  gtk_window_close (GTK_WINDOW (window));
  return TRUE;
}

static gboolean
on_help_key (GtkAccelGroup *group,
             GObject *window,
             guint key,
             GdkModifierType modifiers,
             gpointer user_data)
{
  plug_host_show_help ();
  return TRUE;
}

static gboolean
on_page_key (GtkAccelGroup *group,
             GObject *window,
             guint key,
             GdkModifierType modifiers,
             gpointer user_data)
{
  plug_window_show_page (PLUG_WINDOW (window), key - GDK_KEY_1);
  return TRUE;
}

static gboolean
on_turn_key (GtkAccelGroup *group,
             GObject *window,
             guint key,
             GdkModifierType modifiers,
             gpointer user_data)
{
  PlugWindow *self = PLUG_WINDOW (window);
  int page = gtk_notebook_get_current_page (GTK_NOTEBOOK (self->notebook));
  int step = key == GDK_KEY_Page_Up || key == GDK_KEY_KP_Page_Up ? PLUG_N_PAGES - 1 : 1;
  plug_window_show_page (self, (page + step) % PLUG_N_PAGES);
  return TRUE;
}

static void
add_keys (PlugWindow *self)
{
  const struct
  {
    guint           key;
    GdkModifierType modifiers;
    GCallback       callback;
  } keys[] = {
    { GDK_KEY_Escape, 0, G_CALLBACK (on_escape) },
    { GDK_KEY_w, GDK_CONTROL_MASK, G_CALLBACK (on_close_key) },
    { GDK_KEY_F1, 0, G_CALLBACK (on_help_key) },
    { GDK_KEY_Page_Up, GDK_CONTROL_MASK, G_CALLBACK (on_turn_key) },
    { GDK_KEY_Page_Down, GDK_CONTROL_MASK, G_CALLBACK (on_turn_key) },
    { GDK_KEY_KP_Page_Up, GDK_CONTROL_MASK, G_CALLBACK (on_turn_key) },
    { GDK_KEY_KP_Page_Down, GDK_CONTROL_MASK, G_CALLBACK (on_turn_key) },
  };
  g_autoptr (GtkAccelGroup) group = gtk_accel_group_new ();
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    gtk_accel_group_connect (group, keys[i].key, keys[i].modifiers, 0,
                             g_cclosure_new (keys[i].callback, NULL, NULL));
  for (guint i = 0; i < PLUG_N_PAGES; i++)
    gtk_accel_group_connect (group, GDK_KEY_1 + i, GDK_MOD1_MASK, 0,
                             g_cclosure_new (G_CALLBACK (on_page_key), NULL, NULL));
  gtk_window_add_accel_group (GTK_WINDOW (self), group);
}

/* -----------------------------------------------------------------------------------------------
 * the whole */

static void
bring_to_front (PlugWindow *self)
{
#ifdef GDK_WINDOWING_X11
  /* The menu entry was chosen in another process: without a time of the server's, window
   * managers take this for a window that wants to push itself to the front */
  GdkWindow *window = gtk_widget_get_window (GTK_WIDGET (self));
  if (window && GDK_IS_X11_WINDOW (window))
    {
      gtk_window_present_with_time (GTK_WINDOW (self), gdk_x11_get_server_time (window));
      return;
    }
#endif
  gtk_window_present (GTK_WINDOW (self));
}

void
plug_window_start (PlugWindow *self, const PlugAction *action)
{
  check_image (self);
  plug_window_show_page (self, action->page);
  bring_to_front (self);
  page_classes[action->page].start (self->pages[action->page], action);
}

static gboolean
on_focus_in (GtkWidget *widget, GdkEvent *event)
{
  check_image (PLUG_WINDOW (widget));
  return GDK_EVENT_PROPAGATE;
}

/* The size is remembered when the window goes, not while it is being dragged */
static void
on_unmap (GtkWidget *widget)
{
  int width, height;
  if (!gtk_window_is_maximized (GTK_WINDOW (widget)))
    {
      gtk_window_get_size (GTK_WINDOW (widget), &width, &height);
      plug_settings_set_window_size (plug_settings_get (), width, height);
    }
}

static gboolean
read_first (gpointer user_data)
{
  PlugWindow *self = user_data;
  if (self->image_open)
    plug_header_read (PLUG_HEADER (self->header));
  return G_SOURCE_REMOVE;
}

/* Reading takes its time; the window is there before */
static void
on_map (PlugWindow *self)
{
  g_signal_handlers_disconnect_by_func (self, on_map, NULL);
  g_idle_add_full (G_PRIORITY_LOW, read_first, g_object_ref (self), g_object_unref);
}

static void
build (PlugWindow *self)
{
  GtkWidget *column = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  self->header = plug_header_new (self->source);
  self->notice = plug_notice_new ();
  self->work = plug_work_new ();
  self->notebook = gtk_notebook_new ();
  gtk_notebook_set_scrollable (GTK_NOTEBOOK (self->notebook), TRUE);
  gtk_notebook_set_show_border (GTK_NOTEBOOK (self->notebook), FALSE);
  g_signal_connect_object (self->work, "stop", G_CALLBACK (stop), self, G_CONNECT_SWAPPED);
  for (guint i = 0; i < PLUG_N_PAGES; i++)
    {
      GtkWidget *title = gtk_label_new_with_mnemonic (_(page_classes[i].title));
      self->pages[i] = page_classes[i].create (self);
      gtk_notebook_append_page (GTK_NOTEBOOK (self->notebook), self->pages[i], title);
    }
  gtk_box_pack_start (GTK_BOX (column), self->header, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->notice, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->notebook, TRUE, TRUE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->work, FALSE, FALSE, 0);
  self->catcher = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  gtk_box_pack_start (GTK_BOX (column), self->catcher, FALSE, FALSE, 0);
  gtk_container_add (GTK_CONTAINER (self), column);
  gtk_widget_show_all (column);
}

GtkWidget *
plug_window_new (int image)
{
  PlugWindow *self = g_object_new (PLUG_TYPE_WINDOW, NULL);
  /* What is modal for this window leaves those of other images alone */
  g_autoptr (GtkWindowGroup) group = gtk_window_group_new ();
  gtk_window_group_add_window (group, GTK_WINDOW (self));
  self->image = image;
  self->source = plug_source_new (image);
  build (self);
  if (self->talks->len == 0)
    plug_window_add_talk (self);
  add_keys (self);
  show_place (self);
  if (plug_settings_get_damage (plug_settings_get ()))
    plug_notice_warn (PLUG_NOTICE (self->notice), plug_settings_get_damage (plug_settings_get ()));
  check_image (self);
  int width, height;
  gboolean known = plug_settings_get_window_size (plug_settings_get (), &width, &height);
  gtk_window_set_default_size (GTK_WINDOW (self), known ? width : DEFAULT_WIDTH,
                               known ? height : DEFAULT_HEIGHT);
  g_signal_connect_object (plug_settings_get (), "notify", G_CALLBACK (show_place), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect (self, "map", G_CALLBACK (on_map), NULL);
  self->look = self->image_open ? g_timeout_add_seconds (LOOK_SECONDS, look_at_image, self) : 0;
  g_signal_connect (self, "unmap", G_CALLBACK (on_unmap), NULL);
  g_signal_connect_after (self, "focus-in-event", G_CALLBACK (on_focus_in), NULL);
  plug_host_adopt_window (GTK_WINDOW (self), image);
  return GTK_WIDGET (self);
}

static void
plug_window_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  if (id == PROPERTY_IMAGE_OPEN)
    g_value_set_boolean (value, PLUG_WINDOW (object)->image_open);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
}

/* Answers that are being written end here */
static void
plug_window_dispose (GObject *object)
{
  PlugWindow *self = PLUG_WINDOW (object);
  self->image_open = FALSE;
  g_clear_handle_id (&self->look, g_source_remove);
  self->working = NULL;
  self->asking = NULL;
  g_signal_handlers_disconnect_by_data (plug_settings_get (), self);
  for (guint i = 0; i < self->talks->len; i++)
    {
      g_signal_handlers_disconnect_by_data (self->talks->pdata[i], self);
      plug_talk_stop (self->talks->pdata[i]);
    }
  G_OBJECT_CLASS (plug_window_parent_class)->dispose (object);
}

static void
plug_window_finalize (GObject *object)
{
  PlugWindow *self = PLUG_WINDOW (object);
  g_ptr_array_unref (self->talks);
  g_clear_object (&self->source);
  G_OBJECT_CLASS (plug_window_parent_class)->finalize (object);
}

static void
plug_window_class_init (PlugWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  object_class->get_property = plug_window_get_property;
  object_class->dispose = plug_window_dispose;
  object_class->finalize = plug_window_finalize;
  properties[PROPERTY_IMAGE_OPEN] = g_param_spec_boolean (
      "image-open", NULL, NULL, TRUE, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
plug_window_init (PlugWindow *self)
{
  self->image_open = TRUE;
  self->talks = g_ptr_array_new_with_free_func (g_object_unref);
}
