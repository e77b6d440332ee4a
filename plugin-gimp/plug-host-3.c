/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GIMP 3.0 and 3.2: the plug-in's procedures, facts about images, and its window among GIMP's. What
 * reads, changes and exports images is in the other files whose names end in 3. */
#include "plug-host-3.h"

#include "plug-app.h"
#include "plug-batch.h"
#include "plug-help.h"
#include "plug-pixels.h"

#include <glib/gi18n.h>
#include <libgimp/gimpui.h>

/* Of what a procedure returns; the status is 0 */
enum
{
  RESULT_TEXT = 1,
  RESULT_BOXES,
  RESULT_NAMES,
};

GimpImage *
plug_host_find_image (int      image,
                      GError **error)
{
  if (gimp_image_id_is_valid (image))
    return gimp_image_get_by_id (image);
  g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
               _("The image was closed. Open it again and start from its window."));
  return NULL;
}

void
plug_host_set_gimp_error (GError    **error,
                          const char *sentence)
{
  const char *words = gimp_pdb_get_last_error (gimp_get_pdb ());

  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s %s", sentence,
               words != NULL ? words : "");
}

gboolean
plug_host_image_is_open (int image)
{
  return gimp_image_id_is_valid (image);
}

GFile *
plug_host_get_image_file (int image_id)
{
  GimpImage *image = plug_host_find_image (image_id, NULL);
  GFile *file;

  if (image == NULL)
    return NULL;
  file = gimp_image_get_exported_file (image);
  if (file == NULL)
    file = gimp_image_get_imported_file (image);
  return file != NULL ? file : gimp_image_get_file (image);
}

/* GIMP's own name for an image that is no XCF file is “[taxi] (imported)” */
char *
plug_host_get_image_name (int image_id)
{
  GimpImage *image = plug_host_find_image (image_id, NULL);
  g_autofree char *name = NULL;
  g_autoptr (GFile) file = NULL;

  if (image == NULL)
    return NULL;
  file = gimp_image_get_file (image);
  if (file == NULL)
    file = gimp_image_get_imported_file (image);
  if (file == NULL)
    return gimp_image_get_name (image);
  name = g_file_get_basename (file);
  return g_filename_display_name (name);
}

gboolean
plug_host_has_selection (int image_id)
{
  GimpImage *image = plug_host_find_image (image_id, NULL);

  return image != NULL && !gimp_selection_is_empty (image);
}

/* GTK ends the process itself when it finds no display, so it is asked first, with the class that
 * gimp_ui_init() would set */
gboolean
plug_host_init_ui (GError **error)
{
  const char *display = gimp_display_name ();

#ifdef GDK_WINDOWING_X11
  if (display != NULL && *display != '\0' && g_getenv ("WAYLAND_DISPLAY") == NULL)
    g_setenv ("DISPLAY", display, TRUE);
#endif
  if (gimp_wm_class () != NULL)
    gdk_set_program_class (gimp_wm_class ());
  if (!gtk_init_check (NULL, NULL))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   _("There is no display to open a window on. Run the procedure "
                      "non-interactively."));
      return FALSE;
    }
  gimp_ui_init ("ivl");
  return TRUE;
}

/* The window of the image that the process was started for stands for those of all images: which
 * display shows an image is not told. */
void
plug_host_adopt_window (GtkWindow *window,
                        int        image)
{
  gimp_window_set_transient (window);
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

#define PLUG_TYPE_GIMP (plug_gimp_get_type ())
G_DECLARE_FINAL_TYPE (PlugGimp, plug_gimp, PLUG, GIMP, GimpPlugIn)

struct _PlugGimp
{
  GimpPlugIn parent_instance;
};

G_DEFINE_TYPE (PlugGimp, plug_gimp, GIMP_TYPE_PLUG_IN)

static void
return_boxes (GimpValueArray *values,
              GPtrArray      *boxes)
{
  g_autofree gint32 *numbers = g_new0 (gint32, 4 * MAX (boxes->len, 1));
  g_auto (GStrv) names = g_new0 (char *, boxes->len + 1);

  for (guint i = 0; i < boxes->len; i++)
    {
      const PlugBox *box = g_ptr_array_index (boxes, i);

      numbers[4 * i] = box->x;
      numbers[4 * i + 1] = box->y;
      numbers[4 * i + 2] = box->width;
      numbers[4 * i + 3] = box->height;
      names[i] = g_strdup (box->name != NULL ? box->name : "");
    }
  GIMP_VALUES_SET_INT32_ARRAY (values, RESULT_BOXES, numbers, 4 * boxes->len);
  GIMP_VALUES_SET_STRV (values, RESULT_NAMES, names);
}

static GimpValueArray *
run_batch (GimpProcedure       *procedure,
           const PlugAction    *action,
           GimpImage           *image,
           GimpProcedureConfig *config)
{
  g_autofree char *prompt = NULL;
  g_autofree char *options = NULL;
  g_autofree char *alt_text = NULL;
  g_autofree char *description = NULL;
  g_autofree char *caption = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GFile) file = NULL;
  g_auto (PlugResult) result = { 0 };
  GimpValueArray *values;
  GError *error = NULL;
  PlugCall call = { .action = action, .image = gimp_image_get_id (image) };

  g_object_get (config, "options", &options, NULL);
  if (action->task != NULL)
    g_object_get (config, "prompt", &prompt, NULL);
  else
    g_object_get (config, "file", &file, "alt-text", &alt_text, "description", &description,
                  "caption", &caption, NULL);
  path = file != NULL ? g_file_get_path (file) : NULL;
  call.prompt = prompt;
  call.options = options;
  call.file = path;
  call.alt_text = alt_text;
  call.description = description;
  call.caption = caption;
  if (!plug_batch_run (&call, &result, &error))
    return gimp_procedure_new_return_values (procedure, GIMP_PDB_EXECUTION_ERROR, error);

  values = gimp_procedure_new_return_values (procedure, GIMP_PDB_SUCCESS, NULL);
  GIMP_VALUES_SET_STRING (values, RESULT_TEXT, result.text);
  if (action->gives_boxes)
    return_boxes (values, result.boxes);
  return values;
}

/* GIMP writes the arguments of a run that succeeded with a window into its plug-in-settings
 * folder and into the image. Questions are nobody's business, and closing a window is no success
 * or failure: it is told as cancelled, after which GIMP keeps nothing and shows nothing. */
static GimpValueArray *
run (GimpProcedure       *procedure,
     GimpRunMode          mode,
     GimpImage           *image,
     GimpDrawable       **drawables,
     GimpProcedureConfig *config,
     gpointer             data)
{
  const PlugAction *action = data;
  GError *error = NULL;

  if (mode == GIMP_RUN_NONINTERACTIVE)
    return run_batch (procedure, action, image, config);
  if (!plug_app_run (action, gimp_image_get_id (image), &error))
    return gimp_procedure_new_return_values (procedure, GIMP_PDB_EXECUTION_ERROR, error);
  return gimp_procedure_new_return_values (procedure, GIMP_PDB_CANCEL, NULL);
}

static void
add_string (GimpProcedure *procedure,
            const char    *name,
            const char    *label,
            const char    *blurb)
{
  gimp_procedure_add_string_argument (procedure, name, label, blurb, "", G_PARAM_READWRITE);
}

static void
add_arguments (GimpProcedure    *procedure,
               const PlugAction *action)
{
  if (action->task != NULL)
    add_string (procedure, "prompt", _("_Prompt"),
                action->takes_text ? _("The question, or what is looked for")
                                   : _("What is known about the picture, or empty"));
  else
    {
      gimp_procedure_add_file_argument (procedure, "file", _("_File"),
                                        _("File to write: its ending names the format"),
                                        GIMP_FILE_CHOOSER_ACTION_SAVE, FALSE, NULL,
                                        G_PARAM_READWRITE);
      add_string (procedure, "alt-text", _("_Alternative text"),
                  _("Empty: the one that the image carries"));
      add_string (procedure, "description", _("_Long description"),
                  _("Empty: the one that the image carries"));
      add_string (procedure, "caption", _("_Caption"),
                  _("Empty: the one that the image carries"));
    }
  add_string (procedure, "options", _("_Options"),
              action->task != NULL
                  ? _("Words “name=value”: source=layer, visible or selection, language=de, "
                       "max-tiles=6, max-tokens=200, model=LOCATION, role=informative")
                  : _("Words “name=value”: metadata=drop or keep what the image carries besides"));
}

static void
add_results (GimpProcedure    *procedure,
             const PlugAction *action)
{
  gimp_procedure_add_string_return_value (procedure, "text", _("Text"), _("The answer"), "",
                                          G_PARAM_READWRITE);
  if (!action->gives_boxes)
    return;
  gimp_procedure_add_int32_array_return_value (
      procedure, "boxes", _("Boxes"),
      _("x, y, width and height of each place, in pixels of the image"), G_PARAM_READWRITE);
  gimp_procedure_add_string_array_return_value (procedure, "names", _("Names"),
                                                _("What was found at each place"),
                                                G_PARAM_READWRITE);
}

static GList *
plug_gimp_query_procedures (GimpPlugIn *plug_in)
{
  GList *names = NULL;
  guint n;
  const PlugAction *actions = plug_action_list (&n);

  for (guint i = n; i > 0; i--)
    names = g_list_prepend (names, g_strdup (actions[i - 1].procedure));
  return names;
}

static GimpProcedure *
plug_gimp_create_procedure (GimpPlugIn *plug_in,
                            const char *name)
{
  const PlugAction *action = plug_action_find (name);
  g_autofree char *path = g_strconcat (PLUG_MENU_PATH, _ (plug_action_menu), NULL);
  GimpProcedure *procedure;

  if (action == NULL)
    return NULL;
  procedure = gimp_image_procedure_new (plug_in, name, GIMP_PDB_PROC_TYPE_PLUGIN, run,
                                        (gpointer) action, NULL);
  gimp_procedure_set_image_types (procedure, "*");
  gimp_procedure_set_sensitivity_mask (procedure, GIMP_PROCEDURE_SENSITIVE_DRAWABLE |
                                                      GIMP_PROCEDURE_SENSITIVE_DRAWABLES |
                                                      GIMP_PROCEDURE_SENSITIVE_NO_DRAWABLES);
  gimp_procedure_set_documentation (procedure, _ (action->blurb), _ (action->help), name);
  gimp_procedure_set_attribution (procedure, "The ivl authors", "The ivl authors", "2026");
  gimp_procedure_set_menu_label (procedure, _ (action->menu_label));
  gimp_procedure_add_menu_path (procedure, path);
  add_arguments (procedure, action);
  add_results (procedure, action);
  return procedure;
}

/* The catalogue is the system's, bound in the class's initialisation, not one in the plug-in's
 * folder */
static gboolean
plug_gimp_set_i18n (GimpPlugIn  *plug_in,
                    const char  *procedure_name,
                    char       **domain,
                    char       **folder)
{
  return FALSE;
}

static void
plug_gimp_class_init (PlugGimpClass *class)
{
  GimpPlugInClass *plug_in_class = GIMP_PLUG_IN_CLASS (class);

  bindtextdomain (GETTEXT_PACKAGE, IVL_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  plug_in_class->query_procedures = plug_gimp_query_procedures;
  plug_in_class->create_procedure = plug_gimp_create_procedure;
  plug_in_class->set_i18n = plug_gimp_set_i18n;
}

static void
plug_gimp_init (PlugGimp *self)
{
}

/* nocheck:name: where every program begins */
int
main (int   argc,
      char *argv[])
{
  plug_pixels_prepare ();
  return gimp_main (PLUG_TYPE_GIMP, argc, argv);
}
