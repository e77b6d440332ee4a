/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One window for an image: header and pages. */
#include "plug-window.h"

#include "plug-header.h"
#include "plug-notice.h"
#include "plug-page.h"
#include "plug-status.h"

#include <glib/gi18n.h>
#ifdef GDK_WINDOWING_X11
#include <gdk/gdkx.h>
#endif

/* Before it was ever resized: the three texts of an image are seen at once, and it leaves room for
 * the image */
#define DEFAULT_WIDTH 520
#define DEFAULT_HEIGHT 720
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
  GPtrArray  *talks; /* of PlugTalk */
  guint       look;  /* source that looks whether the image is open; 0 when it is not */

  GtkWidget *header;
  GtkWidget *notice; /* of the window, about the settings */
  GtkWidget *notebook;
  GtkWidget *statuses[PLUG_N_PAGES];
  GtkWidget *pages[PLUG_N_PAGES]; /* each in its status */
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
  for (guint i = 0; i < PLUG_N_PAGES; i++)
    plug_status_hide_error (PLUG_STATUS (self->statuses[i]));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROPERTY_IMAGE_OPEN]);
  int page = gtk_notebook_get_current_page (GTK_NOTEBOOK (self->notebook));
  plug_status_say (PLUG_STATUS (self->statuses[MAX (page, 0)]), _ ("The image was closed."));
}

gboolean
plug_window_check_image (PlugWindow *self)
{
  if (!self->image_open)
    return FALSE;
  if (!plug_host_image_is_open (self->image))
    {
      note_closed (self);
      return FALSE;
    }
  g_autofree char *name = plug_host_get_image_name (self->image);
  /* Translators: %s is the name of an image */
  g_autofree char *title = g_strdup_printf (_ ("Image Assistant – %s"), name ? name : "");
  if (g_strcmp0 (title, gtk_window_get_title (GTK_WINDOW (self))))
    gtk_window_set_title (GTK_WINDOW (self), title);
  plug_header_follow (PLUG_HEADER (self->header));
  return TRUE;
}

/* GIMP tells nobody that an image was closed or another layer chosen; while the person works
 * there, this looks now and then */
static gboolean
look_at_image (gpointer user_data)
{
  PlugWindow *self = user_data;
  if (!gtk_window_is_active (GTK_WINDOW (self)))
    plug_window_check_image (self);
  return G_SOURCE_CONTINUE;
}

/* ----------------------------------------------------------------------------------------
 * conversations */

static void
show_place (PlugWindow *self)
{
  PlugTalk *talk = self->talks->pdata[0];
  g_autofree char *place = plug_talk_describe_place (talk);
  plug_header_set_place (PLUG_HEADER (self->header), place, plug_talk_is_remote (talk));
}

PlugTalk *
plug_window_add_talk (PlugWindow *self)
{
  PlugTalk *talk = plug_talk_new (self->source);
  g_ptr_array_add (self->talks, talk);
  g_signal_connect_object (talk, "state-changed", G_CALLBACK (show_place), self,
                           G_CONNECT_SWAPPED);
  return talk;
}

static gboolean
stop (PlugWindow *self)
{
  int page = gtk_notebook_get_current_page (GTK_NOTEBOOK (self->notebook));
  return page >= 0 && plug_status_stop (PLUG_STATUS (self->statuses[page]));
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
  plug_window_check_image (self);
  plug_window_show_page (self, action->page);
  bring_to_front (self);
  page_classes[action->page].start (self->pages[action->page], action);
}

static gboolean
on_focus_in (GtkWidget *widget, GdkEvent *event)
{
  plug_window_check_image (PLUG_WINDOW (widget));
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
  self->notebook = gtk_notebook_new ();
  gtk_notebook_set_scrollable (GTK_NOTEBOOK (self->notebook), TRUE);
  gtk_notebook_set_show_border (GTK_NOTEBOOK (self->notebook), FALSE);
  for (guint i = 0; i < PLUG_N_PAGES; i++)
    {
      GtkWidget *title = gtk_label_new_with_mnemonic (_(page_classes[i].title));
      self->statuses[i] = plug_status_new (self);
      self->pages[i] = page_classes[i].create (self, PLUG_STATUS (self->statuses[i]));
      plug_status_set_page (PLUG_STATUS (self->statuses[i]), self->pages[i]);
      gtk_notebook_append_page (GTK_NOTEBOOK (self->notebook), self->statuses[i], title);
    }
  gtk_box_pack_start (GTK_BOX (column), self->header, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->notice, FALSE, FALSE, 0);
  gtk_box_pack_start (GTK_BOX (column), self->notebook, TRUE, TRUE, 0);
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
  add_keys (self);
  show_place (self);
  if (plug_settings_get_damage (plug_settings_get ()))
    plug_notice_warn (PLUG_NOTICE (self->notice), plug_settings_get_damage (plug_settings_get ()));
  plug_window_check_image (self);
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
