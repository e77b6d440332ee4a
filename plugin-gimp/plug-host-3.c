/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GIMP 3.0 and 3.2: the plug-in's procedures, facts about images, and its window among GIMP's. What
 * reads, changes and exports images is in the other files whose names end in 3. */
#include "plug-host-3.h"

#include "plug-app.h"
#include "plug-batch.h"
#include "plug-help.h"
#include "plug-host-step.h"
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

/* There only while a change is made */
#define STEP_PROCEDURE "plug-in-ivl-step"

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
  GimpPDB *pdb = gimp_get_pdb ();
  const char *words = gimp_pdb_get_last_status (pdb) != GIMP_PDB_SUCCESS
                          ? gimp_pdb_get_last_error (pdb)
                          : NULL;
  gboolean has_words = words != NULL && *words != '\0';

  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s%s%s", sentence, has_words ? " " : "",
               has_words ? words : "");
}

gboolean
plug_host_is_shown (GimpItem *item)
{
  for (; item != NULL; item = gimp_item_get_parent (item))
    if (!gimp_item_get_visible (item))
      return FALSE;
  return TRUE;
}

static gboolean
has_effects (GimpDrawable *drawable)
{
  g_autofree GimpDrawableFilter **filters = gimp_drawable_get_filters (drawable);

  for (gsize i = 0; filters != NULL && filters[i] != NULL; i++)
    if (gimp_drawable_filter_get_visible (filters[i]))
      return TRUE;
  return FALSE;
}

/* Of a group that mixes its layers with what is below it, the mode is none of its own. */
static gboolean
is_plain_mode (GimpLayerMode mode)
{
  return mode == GIMP_LAYER_MODE_NORMAL || mode == GIMP_LAYER_MODE_NORMAL_LEGACY ||
         mode == GIMP_LAYER_MODE_PASS_THROUGH;
}

gboolean
plug_host_is_mixed (GimpLayer *layer)
{
  return !is_plain_mode (gimp_layer_get_mode (layer)) || gimp_layer_get_opacity (layer) < 100 ||
         has_effects (GIMP_DRAWABLE (layer)) || gimp_layer_get_mask (layer) != NULL;
}

/* A change that a temporary procedure makes when GIMP runs it */
typedef struct
{
  PlugHostChange change;
  int            image;
  gpointer       what;
  GError       **error;
  gboolean       was_run;
  gboolean       done;
} Step;

static GimpValueArray *
run_step (GimpProcedure       *procedure,
          GimpProcedureConfig *config,
          gpointer             data)
{
  Step *step = data;

  step->was_run = TRUE;
  step->done = step->change (step->image, step->what, step->error);
  return gimp_procedure_new_return_values (procedure, GIMP_PDB_SUCCESS, NULL);
}

/* nocheck:name: the procedures are in this file */
gboolean
plug_host_step_run (const char      *label,
                    PlugHostChange   change,
                    int              image,
                    gpointer         what,
                    GError         **error)
{
  GimpPlugIn *plug_in = gimp_get_plug_in ();
  Step step = { change, image, what, error };
  g_autoptr (GimpProcedure) procedure = gimp_procedure_new (
      plug_in, STEP_PROCEDURE, GIMP_PDB_PROC_TYPE_TEMPORARY, run_step, &step, NULL);
  GimpProcedure *called;

  gimp_procedure_set_menu_label (procedure, label);
  gimp_procedure_set_documentation (procedure, label, NULL, NULL);
  gimp_plug_in_add_temp_procedure (plug_in, procedure);
  /* Run as ours it would not pass through GIMP, which would not see that another one runs */
  called = gimp_pdb_lookup_procedure (gimp_get_pdb (), STEP_PROCEDURE);
  if (called != NULL)
    gimp_value_array_unref (gimp_procedure_run (called, NULL));
  gimp_plug_in_remove_temp_procedure (plug_in, STEP_PROCEDURE);
  return step.was_run ? step.done : change (image, what, error);
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

/* The text of an argument that the procedure has (nullable); *texts keeps it. */
static const char *
get_string (GimpProcedureConfig *config,
            const char          *name,
            GPtrArray           *texts)
{
  char *text = NULL;

  if (g_object_class_find_property (G_OBJECT_GET_CLASS (config), name) == NULL)
    return NULL;
  g_object_get (config, name, &text, NULL);
  if (text != NULL)
    g_ptr_array_add (texts, text);
  return text;
}

static void
read_task_arguments (GimpProcedureConfig *config,
                     GPtrArray           *texts,
                     PlugCall            *call)
{
  call->prompt = get_string (config, "prompt", texts);
  call->source = get_string (config, "source", texts);
  call->language = get_string (config, "language", texts);
  call->model = get_string (config, "model", texts);
  call->task = get_string (config, "task", texts);
  call->role = get_string (config, "role", texts);
  g_object_get (config, "max-tiles", &call->max_tiles, "max-tokens", &call->max_tokens, NULL);
}

static void
read_export_arguments (GimpProcedureConfig *config,
                       GPtrArray           *texts,
                       PlugCall            *call)
{
  call->alt_text = get_string (config, "alt-text", texts);
  call->description = get_string (config, "description", texts);
  call->caption = get_string (config, "caption", texts);
  call->metadata = get_string (config, "metadata", texts);
}

static GimpValueArray *
run_batch (GimpProcedure       *procedure,
           const PlugAction    *action,
           GimpImage           *image,
           GimpDrawable       **drawables,
           GimpProcedureConfig *config)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GFile) file = NULL;
  g_auto (PlugResult) result = { 0 };
  GimpValueArray *values;
  GError *error = NULL;
  PlugCall call = { .action = action, .image = gimp_image_get_id (image), .drawable = -1 };

  while (drawables != NULL && drawables[call.n_drawables] != NULL)
    call.n_drawables++;
  if (call.n_drawables > 0)
    call.drawable = gimp_item_get_id (GIMP_ITEM (drawables[0]));
  if (action->task != NULL)
    read_task_arguments (config, texts, &call);
  else
    {
      read_export_arguments (config, texts, &call);
      g_object_get (config, "file", &file, NULL);
      call.file = file;
    }
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

  if (mode != GIMP_RUN_INTERACTIVE)
    return run_batch (procedure, action, image, drawables, config);
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

/* The first of the values is the default. GIMP's own choice arguments take their default for a
 * wrong value, in silence; a word is looked at by plug_batch_*(), which refuses it. */
static void
add_choice (GimpProcedure     *procedure,
            const char        *name,
            const char        *label,
            const char        *blurb,
            const char *const *values)
{
  g_autofree char *possible = g_strjoinv (", ", (char **) values);
  g_autofree char *text = g_strdup_printf ("%s (%s)", blurb, possible);

  gimp_procedure_add_string_argument (procedure, name, label, text, values[0], G_PARAM_READWRITE);
}

/* 0 stands for what the window would take; the highest is that of the option of this name */
static void
add_number (GimpProcedure *procedure,
            const char    *name,
            const char    *label,
            const char    *blurb)
{
  g_autoptr (IvlOptions) options = ivl_options_new ();
  GParamSpec *spec = g_object_class_find_property (G_OBJECT_GET_CLASS (options), name);

  gimp_procedure_add_int_argument (procedure, name, label, blurb, 0,
                                   (int) G_PARAM_SPEC_UINT (spec)->maximum, 0, G_PARAM_READWRITE);
}

static void
add_task_arguments (GimpProcedure    *procedure,
                    const PlugAction *action)
{
  add_string (procedure, "prompt", _("_Prompt"),
              action->takes_text ? _("The question, or what is looked for")
                                 : _("What is known about the picture, or empty"));
  add_choice (procedure, "source", _("_Source"),
              _("What is looked at: the drawable, all that is visible, or the selection of it"),
              plug_batch_sources);
  add_string (procedure, "language", _("_Language"),
              _("Of the answer: a tag such as de, or an English name. Empty: as in the window"));
  add_number (procedure, "max-tiles", _("Most _tiles"),
              _("Parts that the picture is cut into, at most. 0: as in the window"));
  add_number (procedure, "max-tokens", _("Most t_okens"),
              _("Length of the answer, at most. 0: as the task has it"));
  add_string (procedure, "model", _("_Model"),
              _("A model’s name or folder, or a server that a person has allowed. Empty: as in the "
                "window"));
  add_string (procedure, "task", _("_Task"),
              _("Another task than the procedure’s, as “ivl --help” lists them"));
  if (action->page == PLUG_PAGE_ALT)
    add_choice (procedure, "role", _("_Role"), _("What the picture is for"), plug_batch_roles);
}

static void
add_export_arguments (GimpProcedure *procedure)
{
  gimp_procedure_add_file_argument (procedure, "file", _("_File"),
                                    _("File to write: its ending names the format"),
                                    GIMP_FILE_CHOOSER_ACTION_SAVE, FALSE, NULL,
                                    G_PARAM_READWRITE);
  add_string (procedure, "alt-text", _("_Alternative text"),
              _("Empty: the one that the image carries"));
  add_string (procedure, "description", _("_Long description"),
              _("Empty: the one that the image carries"));
  add_string (procedure, "caption", _("_Caption"), _("Empty: the one that the image carries"));
  add_choice (procedure, "metadata", _("_Metadata"), _("What the image carries besides the texts"),
              plug_batch_metadata);
}

static void
add_arguments (GimpProcedure    *procedure,
               const PlugAction *action)
{
  if (action->task != NULL)
    add_task_arguments (procedure, action);
  else
    add_export_arguments (procedure);
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
  g_autofree char *path = NULL;
  GimpProcedure *procedure;

  if (action == NULL)
    return NULL;
  /* Entries are sorted by their sections first, then by their labels. GIMP 2.10 has no sections */
  path = g_strdup_printf ("%s%s/[%d]", PLUG_MENU_PATH, _ (plug_action_menu),
                          (int) (action - plug_action_list (NULL)));
  procedure = gimp_image_procedure_new (plug_in, name, GIMP_PDB_PROC_TYPE_PLUGIN, run,
                                        (gpointer) action, NULL);
  gimp_procedure_set_image_types (procedure, "*");
  gimp_procedure_set_sensitivity_mask (procedure, GIMP_PROCEDURE_SENSITIVE_DRAWABLE |
                                                      GIMP_PROCEDURE_SENSITIVE_DRAWABLES |
                                                      GIMP_PROCEDURE_SENSITIVE_NO_DRAWABLES);
  gimp_procedure_set_documentation (procedure, _ (action->blurb), _ (action->help), name);
  gimp_procedure_set_attribution (procedure, "The ivl authors", "The ivl authors", "2026");
  gimp_procedure_set_menu_label (procedure, _ (action->menu_label));
  gimp_procedure_set_icon_name (procedure, action->icon);
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
