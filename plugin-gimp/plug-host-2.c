/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GIMP 2.10: procedures, images and windows. Links libgimp-2.0 without libgimpui-2.0, which would
 * bring GTK 2 into a process that has GTK 3; what that library does for a window is done here by
 * hand. */
#include "plug-host-2.h"

#include "plug-action.h"
#include "plug-app.h"
#include "plug-batch.h"
#include "plug-help.h"
#include "plug-host-step.h"
#include "plug-pixels.h"

#include <gdk/gdkx.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <string.h>

/* GIMP finds the submenu by its label without the mnemonic. */
#define MENU_PARENT "<Image>/Tools"
/* There only while a change is made */
#define STEP_PROCEDURE "plug-in-ivl-step"

gboolean
plug_host_check_image (int      image,
                       GError **error)
{
  if (gimp_image_is_valid (image))
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
               _ ("The image was closed. Open it again and start from its window."));
  return FALSE;
}

/* GIMP has words for a call that succeeded, too */
void
plug_host_set_error (GError     **error,
                     const char  *what)
{
  const char *why = gimp_get_pdb_status () != GIMP_PDB_SUCCESS ? gimp_get_pdb_error () : NULL;
  const gboolean has_words = why != NULL && why[0] != '\0';

  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s%s%s", what, has_words ? " " : "",
               has_words ? why : "");
}

gboolean
plug_host_is_shown (int item)
{
  for (; item >= 0; item = gimp_item_get_parent (item))
    if (!gimp_item_get_visible (item))
      return FALSE;
  return TRUE;
}

/* Of a group that mixes its layers with what is below it, the mode is none of its own. */
static gboolean
is_plain_mode (GimpLayerMode mode)
{
  return mode == GIMP_LAYER_MODE_NORMAL || mode == GIMP_LAYER_MODE_NORMAL_LEGACY
         || mode == GIMP_LAYER_MODE_PASS_THROUGH;
}

gboolean
plug_host_is_mixed (int layer)
{
  return !is_plain_mode (gimp_layer_get_mode (layer)) || gimp_layer_get_opacity (layer) < 100.0
         || gimp_layer_get_mask (layer) >= 0;
}

PlugStep
plug_host_begin_step (int image)
{
  const PlugStep step = { image, gimp_image_get_active_layer (image) };

  gimp_image_undo_group_start (image);
  gimp_context_push ();
  return step;
}

void
plug_host_end_step (const PlugStep *step)
{
  gimp_context_pop ();
  if (step->layer >= 0)
    gimp_image_set_active_layer (step->image, step->layer);
  gimp_image_undo_group_end (step->image);
  gimp_displays_flush ();
}

/* The change that the temporary procedure makes when GIMP runs it */
static struct
{
  PlugHostChange change; /* NULL: none, somebody else called */
  int image;
  gpointer what;
  GError **error;
  gboolean done;
} step_now;

static void
run_step (const char       *name,
          int               n_params,
          const GimpParam  *param,
          int              *n_values,
          GimpParam       **values)
{
  static GimpParam status = { .type = GIMP_PDB_STATUS };
  const PlugHostChange change = step_now.change;

  step_now.change = NULL;
  if (change != NULL)
    step_now.done = change (step_now.image, step_now.what, step_now.error);
  status.data.d_status = change != NULL ? GIMP_PDB_SUCCESS : GIMP_PDB_CALLING_ERROR;
  *n_values = 1;
  *values = &status;
}

/* nocheck:name: the procedures are in this file */
gboolean
plug_host_step_run (const char      *label,
                    PlugHostChange   change,
                    int              image,
                    gpointer         what,
                    GError         **error)
{
  GimpParam *values;
  int n;

  step_now.change = change;
  step_now.image = image;
  step_now.what = what;
  step_now.error = error;
  gimp_install_temp_proc (STEP_PROCEDURE, label, "", "The ivl authors", "The ivl authors", "2026",
                          label, "", GIMP_TEMPORARY, 0, 0, NULL, NULL, run_step);
  values = gimp_run_procedure (STEP_PROCEDURE, &n, GIMP_PDB_END);
  gimp_destroy_params (values, n);
  gimp_uninstall_temp_proc (STEP_PROCEDURE);
  if (step_now.change != NULL)
    {
      step_now.change = NULL;
      return change (image, what, error);
    }
  return step_now.done;
}

gboolean
plug_host_image_is_open (int image)
{
  return gimp_image_is_valid (image);
}

/* GIMP's own name for an image that is no XCF file is “[taxi] (imported)” */
char *
plug_host_get_image_name (int image)
{
  g_autofree char *uri = NULL;
  g_autofree char *path = NULL;

  if (!gimp_image_is_valid (image))
    return NULL;
  uri = gimp_image_get_uri (image);
  if (uri == NULL)
    uri = gimp_image_get_imported_uri (image);
  path = uri != NULL ? g_filename_from_uri (uri, NULL, NULL) : NULL;
  return path != NULL ? g_filename_display_basename (path) : gimp_image_get_name (image);
}

GFile *
plug_host_get_image_file (int image)
{
  g_autofree char *uri = NULL;

  if (!gimp_image_is_valid (image))
    return NULL;
  uri = gimp_image_get_exported_uri (image);
  if (uri == NULL)
    uri = gimp_image_get_imported_uri (image);
  if (uri == NULL)
    uri = gimp_image_get_uri (image);
  return uri != NULL ? g_file_new_for_uri (uri) : NULL;
}

gboolean
plug_host_has_selection (int image)
{
  return gimp_image_is_valid (image) && !gimp_selection_is_empty (image);
}

/* --- The window --- */

/* GIMP 2.10's themes are its own, of GTK 2. Of these only whether they are dark can be followed. */
static gboolean
is_theme_dark (void)
{
  g_autofree char *theme = gimp_gimprc_query ("theme");
  g_autofree char *lower = theme != NULL ? g_ascii_strdown (theme, -1) : NULL;

  /* "Dark", "Gray" and "Darker" have light letters on dark; "Light" and "System" the desktop's. */
  return lower != NULL && (strstr (lower, "dark") != NULL || strstr (lower, "gray") != NULL);
}

/* Where no other GTK 3 program has run on the display, GTK starts OpenGL only to choose a visual:
 * with Mesa's software renderer 50 MB that are never used. Programs that are started from here,
 * the help's browser, are not to do without it. */
static gboolean
start_gtk (void)
{
  const gboolean is_chosen = g_getenv ("GDK_GL") != NULL;
  gboolean done;

  g_setenv ("GDK_GL", "disable", FALSE);
  done = gtk_init_check (NULL, NULL);
  if (!is_chosen)
    g_unsetenv ("GDK_GL");
  return done;
}

gboolean
plug_host_init_ui (GError **error)
{
  const char *display = gimp_display_name ();

  /* GTK 2 knows X only: on Wayland, too, this GIMP's windows are X windows, and ours belongs to
   * one. */
  if (display != NULL && display[0] != '\0')
    {
      g_setenv ("DISPLAY", display, TRUE);
      gdk_set_allowed_backends ("x11,*");
    }
  if (!start_gtk ())
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   _ ("There is no display to open a window on. Run the procedure "
                      "non-interactively."));
      return FALSE;
    }
  /* After gtk_init_check(), which takes the program's own name for it */
  if (gimp_wm_class () != NULL)
    gdk_set_program_class (gimp_wm_class ());
  if (is_theme_dark ())
    g_object_set (gtk_settings_get_default (), "gtk-application-prefer-dark-theme", TRUE, NULL);
  return TRUE;
}

static guint32
find_gimp_window (void)
{
  const int display = gimp_default_display ();
  const int handle = display > 0 ? gimp_display_get_window_handle (display) : 0;

  return handle != 0 ? handle : gimp_progress_get_window_handle ();
}

/* The window that the process was started from stands for those of all images: which display
 * shows an image is not told. */
static void
on_realize (GtkWidget *widget,
            gpointer   data)
{
  GdkDisplay *display = gtk_widget_get_display (widget);
  GdkWindow *parent = NULL;
  guint32 handle;

  if (!GDK_IS_X11_DISPLAY (display))
    return;
  handle = find_gimp_window ();
  if (handle != 0)
    parent = gdk_x11_window_foreign_new_for_display (display, handle);
  if (parent == NULL)
    return;
  gdk_window_set_transient_for (gtk_widget_get_window (widget), parent);
  g_object_set_data_full (G_OBJECT (widget), "gimp-window", parent, g_object_unref);
}

void
plug_host_adopt_window (GtkWindow *window,
                        int        image)
{
  if (gtk_widget_get_realized (GTK_WIDGET (window)))
    on_realize (GTK_WIDGET (window), NULL);
  else
    g_signal_connect (window, "realize", G_CALLBACK (on_realize), NULL);
}

void
plug_host_show_help (void)
{
  g_autoptr (GError) error = NULL;

  if (!plug_help_open (&error))
    gimp_message (error->message);
}

int
plug_host_get_pid (void)
{
  return gimp_getpid ();
}

/* --- Procedures --- */

enum
{
  MAX_VALUES = 6, /* status, text, and the boxes and names with their numbers */
};

/* What all procedures take first */
#define FIRST_ARGS(drawable)                                                                       \
  { GIMP_PDB_INT32, "run-mode",                                                                    \
    "The run mode { RUN-INTERACTIVE (0), RUN-NONINTERACTIVE (1), RUN-WITH-LAST-VALS (2) }" },      \
    { GIMP_PDB_IMAGE, "image", "The image" }, { GIMP_PDB_DRAWABLE, "drawable", drawable }

/* In GIMP 2.10 a call gives all of them; 0 and the empty string are what the window would take. */
static const GimpParamDef task_args[] = {
  FIRST_ARGS ("What is looked at, where the source is “layer”"),
  { GIMP_PDB_STRING, "prompt", "The question, what is looked for, or what is known; may be empty" },
  { GIMP_PDB_STRING, "source", "layer (or empty: the drawable), visible, selection" },
  { GIMP_PDB_STRING, "language", "Of the answer: a tag such as de, or an English name" },
  { GIMP_PDB_INT32, "max-tiles", "Parts that the picture is cut into, at most" },
  { GIMP_PDB_INT32, "max-tokens", "Length of the answer, at most" },
  { GIMP_PDB_STRING, "model", "A model's name or folder, or a server that a person has allowed" },
  { GIMP_PDB_STRING, "task", "Another task than the procedure's, as “ivl --help” lists them" },
  /* Of alternative texts only */
  { GIMP_PDB_STRING, "role", "informative (or empty), text, functional, complex, decorative" },
};
static const GimpParamDef export_args[] = {
  FIRST_ARGS ("Not used: what is visible is written"),
  { GIMP_PDB_STRING, "file", "The path or URI of the file to write; its ending names the format" },
  { GIMP_PDB_STRING, "alt-text", "Alternative text; empty: the one that the image carries" },
  { GIMP_PDB_STRING, "description", "Long description; empty: the one that the image carries" },
  { GIMP_PDB_STRING, "caption", "Caption; empty: the one that the image carries" },
  { GIMP_PDB_STRING, "metadata", "drop (or empty) or keep what the image carries besides" },
};
/* Arrays of the procedure database have their length before them. */
static const GimpParamDef results[] = {
  { GIMP_PDB_STRING, "text", "The answer" },
  { GIMP_PDB_INT32, "num-boxes", "Four times the number of places" },
  { GIMP_PDB_INT32ARRAY, "boxes", "x, y, width and height of each, in pixels of the image" },
  { GIMP_PDB_INT32, "num-names", "The number of places" },
  { GIMP_PDB_STRINGARRAY, "names", "What was found at each place" },
};

static int
count_args (const PlugAction *action)
{
  if (action->task == NULL)
    return G_N_ELEMENTS (export_args);
  return G_N_ELEMENTS (task_args) - (action->page == PLUG_PAGE_ALT ? 0 : 1);
}

static void
query (void)
{
  guint n_actions;
  const PlugAction *actions = plug_action_list (&n_actions);

  /* GIMP translates labels itself. */
  gimp_plugin_domain_register (GETTEXT_PACKAGE, IVL_LOCALE_DIR);
  gimp_plugin_menu_branch_register (MENU_PARENT, plug_action_menu);
  for (guint i = 0; i < n_actions; i++)
    {
      const PlugAction *action = &actions[i];

      gimp_install_procedure (action->procedure, action->blurb, action->help, "The ivl authors",
                              "The ivl authors", "2026", action->menu_label,
                              "RGB*, GRAY*, INDEXED*", GIMP_PLUGIN,
                              count_args (action),
                              action->gives_boxes ? G_N_ELEMENTS (results) : 1,
                              action->task == NULL ? export_args : task_args, results);
      gimp_plugin_menu_register (action->procedure, MENU_PARENT "/Image Assistant");
      gimp_plugin_icon_register (action->procedure, GIMP_ICON_TYPE_ICON_NAME,
                                 (const guint8 *) (action->icon_2 != NULL ? action->icon_2
                                                                          : action->icon));
    }
}

static const char *
get_string (const GimpParam *param,
            int              n_params,
            int              index)
{
  return index < n_params ? param[index].data.d_string : NULL;
}

static int
get_number (const GimpParam *param,
            int              n_params,
            int              index)
{
  return index < n_params ? param[index].data.d_int32 : 0;
}

/* As GIMP's own save procedures take a name: a URI, or the path of a file (transfer full)
 * (nullable) */
static GFile *
get_file (const char *name)
{
  g_autofree char *scheme = name != NULL ? g_uri_parse_scheme (name) : NULL;

  if (name == NULL || name[0] == '\0')
    return NULL;
  return scheme != NULL && strstr (name, "://") != NULL ? g_file_new_for_uri (name)
                                                        : g_file_new_for_path (name);
}

/* values[2..5] */
static void
return_boxes (GimpParam *values,
              GPtrArray *boxes)
{
  static int *numbers;
  static char **names;

  g_free (numbers);
  g_strfreev (names);
  numbers = g_new0 (int, boxes->len * 4 + 1);
  names = g_new0 (char *, boxes->len + 1);
  for (guint i = 0; i < boxes->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (boxes, i);

      numbers[i * 4] = box->x;
      numbers[i * 4 + 1] = box->y;
      numbers[i * 4 + 2] = box->width;
      numbers[i * 4 + 3] = box->height;
      names[i] = g_strdup (box->name != NULL ? box->name : "");
    }
  values[2].type = values[4].type = GIMP_PDB_INT32;
  values[2].data.d_int32 = boxes->len * 4;
  values[3].type = GIMP_PDB_INT32ARRAY;
  values[3].data.d_int32array = numbers;
  values[4].data.d_int32 = boxes->len;
  values[5].type = GIMP_PDB_STRINGARRAY;
  values[5].data.d_stringarray = names;
}

/* Fills values, of which *n are used then. GIMP keeps none of them. */
static gboolean
run_batch (const PlugAction  *action,
           const GimpParam   *param,
           int                n_params,
           GimpParam         *values,
           int               *n,
           GError           **error)
{
  static char *text;
  g_autoptr (GFile) file = NULL;
  PlugCall call = { .action = action,
                    .image = param[1].data.d_image,
                    .drawable = param[2].data.d_drawable,
                    .n_drawables = param[2].data.d_drawable >= 0 ? 1 : 0 };
  g_auto (PlugResult) result = { NULL };

  if (action->task == NULL)
    {
      call.file = file = get_file (get_string (param, n_params, 3));
      call.alt_text = get_string (param, n_params, 4);
      call.description = get_string (param, n_params, 5);
      call.caption = get_string (param, n_params, 6);
      call.metadata = get_string (param, n_params, 7);
    }
  else
    {
      call.prompt = get_string (param, n_params, 3);
      call.source = get_string (param, n_params, 4);
      call.language = get_string (param, n_params, 5);
      call.max_tiles = get_number (param, n_params, 6);
      call.max_tokens = get_number (param, n_params, 7);
      call.model = get_string (param, n_params, 8);
      call.task = get_string (param, n_params, 9);
      call.role = get_string (param, n_params, 10);
    }
  if (!plug_batch_run (&call, &result, error))
    return FALSE;
  g_free (text);
  text = g_strdup (result.text != NULL ? result.text : "");
  values[1].type = GIMP_PDB_STRING;
  values[1].data.d_string = text;
  *n = 2;
  if (action->gives_boxes)
    {
      return_boxes (values, result.boxes);
      *n = MAX_VALUES;
    }
  return TRUE;
}

static void
run (const char       *name,
     int               n_params,
     const GimpParam  *param,
     int              *n_values,
     GimpParam       **return_values)
{
  static GimpParam values[MAX_VALUES];
  static char *message;
  const PlugAction *action = plug_action_find (name);
  g_autoptr (GError) error = NULL;
  gboolean done;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, IVL_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  *n_values = 1;
  *return_values = values;
  values[0].type = GIMP_PDB_STATUS;
  values[0].data.d_status = GIMP_PDB_CALLING_ERROR;
  if (action == NULL || n_params < 3)
    return;
  if (param[0].data.d_int32 != GIMP_RUN_INTERACTIVE)
    done = run_batch (action, param, n_params, values, n_values, &error);
  else
    done = plug_app_run (action, param[1].data.d_image, &error);
  values[0].data.d_status = done ? GIMP_PDB_SUCCESS : GIMP_PDB_EXECUTION_ERROR;
  if (done || error == NULL)
    return;
  g_free (message);
  message = g_strdup (error->message);
  *n_values = 2;
  values[1].type = GIMP_PDB_STRING;
  values[1].data.d_string = message;
}

const GimpPlugInInfo PLUG_IN_INFO = { NULL, NULL, query, run };

/* nocheck:name: where every program begins */
int
main (int   argc,
      char *argv[])
{
  plug_pixels_prepare ();
  return gimp_main (&PLUG_IN_INFO, argc, argv);
}
