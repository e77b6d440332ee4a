/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Export with the texts in the file. All work is done on a temporary file beside the target, which
 * takes the target's name when everything in it has been read back. */
#include "plug-export.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The window draws what it says about the export before GIMP keeps the main thread: a few frames */
#define DRAW_MS 100

static const struct
{
  const char *ending;
  const char *format;
} endings[] = {
  { ".jpg", "JPEG" }, { ".jpeg", "JPEG" }, { ".png", "PNG" },
  { ".webp", "WebP" }, { ".tif", "TIFF" }, { ".tiff", "TIFF" },
};

/* A file that is being written */
typedef struct
{
  char        *target;    /* where the file is to stand, links followed */
  char        *temporary; /* beside it; removed unless it was given the target's name */
  IvlMetadata *texts;     /* what is to be in it: no field is NULL */
} Draft;

/* Drafts that are on the disk: what ends this process in the middle, such as the end of GIMP or of
 * the desktop, takes them away as well. A file that is in place is none any more. */
static GPtrArray *drafts;
static GMutex     drafts_lock;

/* The lock may be held by the very code that a signal has interrupted */
static void
remove_drafts (void)
{
  if (!g_mutex_trylock (&drafts_lock))
    return;
  for (guint i = 0; i < drafts->len; i++)
    g_unlink (((const Draft *) g_ptr_array_index (drafts, i))->temporary);
  g_mutex_unlock (&drafts_lock);
}

static void
remember_draft (Draft *self)
{
  g_mutex_lock (&drafts_lock);
  if (drafts == NULL)
    {
      drafts = g_ptr_array_new ();
      atexit (remove_drafts);
    }
  g_ptr_array_add (drafts, self);
  g_mutex_unlock (&drafts_lock);
}

static void
forget_draft (Draft *self)
{
  g_mutex_lock (&drafts_lock);
  if (drafts != NULL)
    g_ptr_array_remove_fast (drafts, self);
  g_mutex_unlock (&drafts_lock);
}

static void
draft_free (Draft *self)
{
  if (self->temporary != NULL)
    {
      forget_draft (self);
      g_unlink (self->temporary);
    }
  g_free (self->temporary);
  g_free (self->target);
  g_clear_object (&self->texts);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Draft, draft_free)

typedef struct
{
  int          image;
  GFile       *file;
  IvlMetadata *texts; /* (nullable) */
  gboolean     keep_metadata;
  gboolean     keep_texts; /* no text of the file there may get lost unasked */
} Order;

static void
order_free (Order *self)
{
  g_object_unref (self->file);
  g_clear_object (&self->texts);
  g_free (self);
}

/* The ending as the file has it, dot included, and the row of the table; NULL: not a known one */
static const char *
find_ending (const char *name,
             guint      *index)
{
  const char *dot = strrchr (name, '.');

  for (guint i = 0; dot != NULL && dot > name && i < G_N_ELEMENTS (endings); i++)
    if (g_ascii_strcasecmp (dot, endings[i].ending) == 0)
      {
        *index = i;
        return dot;
      }
  return NULL;
}

const char *
plug_export_get_format (GFile *file)
{
  g_autofree char *name = g_file_get_basename (file);
  guint index;

  if (name == NULL || find_ending (name, &index) == NULL)
    return NULL;
  return endings[index].format;
}

GFile *
plug_export_suggest_file (int image)
{
  g_autoptr (GFile) file = plug_host_get_image_file (image);
  g_autoptr (GFile) folder = file != NULL ? g_file_get_parent (file) : NULL;
  g_autofree char *name = file != NULL ? g_file_get_basename (file)
                                       : plug_host_get_image_name (image);
  g_autofree char *new_name = NULL;
  char *dot;
  guint index;

  if (folder == NULL || !g_file_is_native (folder))
    {
      const char *pictures = g_get_user_special_dir (G_USER_DIRECTORY_PICTURES);

      g_set_object (&folder, NULL);
      folder = g_file_new_for_path (pictures != NULL ? pictures : g_get_home_dir ());
    }
  if (name == NULL || *name == '\0' || strchr (name, G_DIR_SEPARATOR) != NULL)
    {
      g_free (name);
      /* Translators: name of a file that has none, without its ending */
      name = g_strdup (_("Untitled"));
    }
  if (find_ending (name, &index) != NULL)
    return g_file_get_child (folder, name);
  dot = strrchr (name, '.');
  if (dot != NULL && dot > name)
    *dot = '\0';
  new_name = g_strconcat (name, ".png", NULL);
  return g_file_get_child (folder, new_name);
}

/* The text that is to be in the file: the given one, else the one that the image carries */
static const char *
choose (const char *given,
        const char *carried)
{
  if (given != NULL)
    return given;
  return carried != NULL ? carried : "";
}

/* The languages besides the one for everyone that the image carries */
static void
copy_translations (IvlMetadata    *texts,
                   IvlMetadataText which,
                   IvlMetadata    *carried)
{
  g_auto (GStrv) languages = ivl_metadata_list_languages (carried, which);

  for (guint i = 0; languages[i] != NULL; i++)
    ivl_metadata_set_translation (texts, which, languages[i],
                                  ivl_metadata_get_translation (carried, which, languages[i]));
}

static IvlMetadata *
choose_texts (int          image,
              IvlMetadata *given,
              GError     **error)
{
  g_autoptr (IvlMetadata) carried = plug_host_get_texts (image, error);
  g_autoptr (IvlMetadata) none = ivl_metadata_new ();
  IvlMetadata *texts;
  const char *language;

  if (carried == NULL)
    return NULL;
  if (given == NULL)
    given = none;
  texts = ivl_metadata_new ();
  ivl_metadata_set_alt_text (texts, choose (ivl_metadata_get_alt_text (given),
                                            ivl_metadata_get_alt_text (carried)));
  ivl_metadata_set_long_description (texts,
                                     choose (ivl_metadata_get_long_description (given),
                                             ivl_metadata_get_long_description (carried)));
  ivl_metadata_set_caption (texts, choose (ivl_metadata_get_caption (given),
                                           ivl_metadata_get_caption (carried)));
  language = ivl_metadata_get_language (given);
  ivl_metadata_set_language (texts,
                             language != NULL ? language : ivl_metadata_get_language (carried));
  copy_translations (texts, IVL_METADATA_ALT_TEXT, carried);
  copy_translations (texts, IVL_METADATA_LONG_DESCRIPTION, carried);
  copy_translations (texts, IVL_METADATA_CAPTION, carried);
  return texts;
}

/* A text of the file there, for which nothing comes and nothing was chosen */
static void
add_lost (GString    *names,
          const char *name,
          const char *before,
          const char *after,
          const char *chosen)
{
  if (before == NULL || *before == '\0' || (after != NULL && *after != '\0') || chosen != NULL)
    return;
  g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", name);
}

char *
plug_export_find_lost (GFile       *file,
                       IvlMetadata *texts,
                       IvlMetadata *chosen)
{
  g_autofree char *path = g_file_get_path (file);
  g_autoptr (IvlMetadata) none = ivl_metadata_new ();
  g_autoptr (IvlMetadata) before = path != NULL ? ivl_metadata_read_file (path, NULL) : NULL;
  g_autoptr (GString) names = g_string_new (NULL);

  if (before == NULL)
    return NULL;
  if (chosen == NULL)
    chosen = none;
  add_lost (names, _("alternative text"), ivl_metadata_get_alt_text (before),
            ivl_metadata_get_alt_text (texts), ivl_metadata_get_alt_text (chosen));
  add_lost (names, _("long description"), ivl_metadata_get_long_description (before),
            ivl_metadata_get_long_description (texts), ivl_metadata_get_long_description (chosen));
  add_lost (names, _("caption"), ivl_metadata_get_caption (before),
            ivl_metadata_get_caption (texts), ivl_metadata_get_caption (chosen));
  return names->len > 0 ? g_string_free (g_steal_pointer (&names), FALSE) : NULL;
}

static gboolean
check_lost (const Order *order,
            IvlMetadata *texts,
            GError     **error)
{
  g_autofree char *lost =
      order->keep_texts ? plug_export_find_lost (order->file, texts, order->texts) : NULL;
  g_autofree char *name = NULL;

  if (lost == NULL)
    return TRUE;
  name = g_file_get_parse_name (order->file);
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               _("%s has texts that the new file would not have: %s. Give the new file its own, or "
                 "a single space for a text that shall be left out."),
               name, lost);
  return FALSE;
}

static gboolean
set_file_error (GError    **error,
                const char *path,
                int         code)
{
  g_autofree char *shown = g_filename_display_name (path);

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (code), "%s: %s", shown,
               g_strerror (code));
  return FALSE;
}

/* Makes an empty file beside the target, with its ending. */
static gboolean
make_temporary (Draft   *self,
                GError **error)
{
  g_autofree char *folder = g_path_get_dirname (self->target);
  g_autoptr (GError) reason = NULL;
  guint index = 0;

  if (find_ending (self->target, &index) == NULL)
    return FALSE;
  self->temporary = ivl_file_make_draft (self->target, endings[index].ending, &reason);
  if (g_error_matches (reason, IVL_ERROR, IVL_ERROR_NOT_FOUND))
    return set_file_error (error, folder, ENOENT);
  if (reason != NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
  else
    remember_draft (self);
  return self->temporary != NULL;
}

static Draft *
draft_new (GFile   *file,
           GError **error)
{
  g_autoptr (Draft) self = g_new0 (Draft, 1);
  g_autofree char *path = g_file_get_path (file);
  char *real;

  if (path == NULL)
    {
      g_autofree char *uri = g_file_get_parse_name (file);

      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   _("%s is not a file on this computer. Choose a folder on this computer."), uri);
      return NULL;
    }
  if (plug_export_get_format (file) == NULL)
    {
      g_autofree char *shown = g_filename_display_basename (path);

      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                   _("%s: no format has this ending that could carry the texts. End the name with "
                     ".jpg, .png, .webp or .tif."), shown);
      return NULL;
    }
  real = realpath (path, NULL);
  self->target = g_strdup (real != NULL ? real : path);
  free (real);
  if (g_file_test (self->target, G_FILE_TEST_IS_DIR))
    {
      set_file_error (error, self->target, EISDIR);
      return NULL;
    }
  if (g_file_test (self->target, G_FILE_TEST_EXISTS) && g_access (self->target, W_OK) != 0)
    {
      set_file_error (error, self->target, errno);
      return NULL;
    }
  return make_temporary (self, error) ? g_steal_pointer (&self) : NULL;
}

static gboolean
is_same_text (const char *a,
              const char *b)
{
  return g_strcmp0 (a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static gboolean
compare_texts (IvlMetadata *wanted,
               IvlMetadata *found,
               const char  *target,
               GError     **error)
{
  g_autofree char *shown = NULL;

  if (is_same_text (ivl_metadata_get_alt_text (wanted), ivl_metadata_get_alt_text (found)) &&
      is_same_text (ivl_metadata_get_long_description (wanted),
                    ivl_metadata_get_long_description (found)) &&
      is_same_text (ivl_metadata_get_caption (wanted), ivl_metadata_get_caption (found)))
    return TRUE;
  shown = g_filename_display_basename (target);
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
               _("The texts that were read back from %s are not the ones that were written, so the "
                 "file was not kept. Try another format."), shown);
  return FALSE;
}

/* The draft is gone afterwards, whichever way it went. */
static gboolean
put_in_place (Draft         *self,
              GCancellable  *cancellable,
              GError       **error)
{
  gboolean done = ivl_file_put_draft (self->temporary, self->target, cancellable, error);

  forget_draft (self);
  g_clear_pointer (&self->temporary, g_free);
  return done;
}

/* The part that needs GIMP */
static Draft *
start (const Order *order,
       GError     **error)
{
  g_autoptr (Draft) draft = draft_new (order->file, error);
  g_autoptr (GFile) temporary = NULL;

  if (draft == NULL)
    return NULL;
  draft->texts = choose_texts (order->image, order->texts, error);
  if (draft->texts == NULL || !check_lost (order, draft->texts, error))
    return NULL;
  temporary = g_file_new_for_path (draft->temporary);
  if (!plug_host_export (order->image, temporary, order->keep_metadata, error))
    return NULL;
  return g_steal_pointer (&draft);
}

/* The part that works on the file, in any thread */
static IvlMetadata *
finish (Draft        *draft,
        GCancellable *cancellable,
        GError      **error)
{
  g_autoptr (IvlMetadata) found = NULL;

  if (!ivl_metadata_write_file (draft->texts, draft->temporary, cancellable, error))
    return NULL;
  found = ivl_metadata_read_file (draft->temporary, error);
  if (found == NULL || !compare_texts (draft->texts, found, draft->target, error) ||
      g_cancellable_set_error_if_cancelled (cancellable, error)
      || !put_in_place (draft, cancellable, error))
    return NULL;
  return g_steal_pointer (&found);
}

IvlMetadata *
plug_export_write (int           image,
                   GFile        *file,
                   IvlMetadata  *texts,
                   gboolean      keep_metadata,
                   GError      **error)
{
  const Order order = { image, file, texts, keep_metadata, TRUE };
  g_autoptr (Draft) draft = start (&order, error);

  return draft != NULL ? finish (draft, NULL, error) : NULL;
}

static void
finish_in_thread (GTask        *task,
                  gpointer      source,
                  gpointer      task_data,
                  GCancellable *cancellable)
{
  GError *error = NULL;
  IvlMetadata *found = finish (task_data, cancellable, &error);

  if (found != NULL)
    g_task_return_pointer (task, found, g_object_unref);
  else
    g_task_return_error (task, error);
}

static gboolean
start_later (gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);
  GError *error = NULL;
  Draft *draft;

  if (g_task_return_error_if_cancelled (task))
    return G_SOURCE_REMOVE;
  draft = start (g_task_get_task_data (task), &error);
  if (draft == NULL)
    {
      g_task_return_error (task, error);
      return G_SOURCE_REMOVE;
    }
  g_task_set_task_data (task, draft, (GDestroyNotify) draft_free);
  g_task_run_in_thread (task, finish_in_thread);
  return G_SOURCE_REMOVE;
}

void
plug_export_write_async (int                  image,
                         GFile               *file,
                         IvlMetadata         *texts,
                         gboolean             keep_metadata,
                         GCancellable        *cancellable,
                         GAsyncReadyCallback  callback,
                         gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  Order *order = g_new (Order, 1);

  *order = (Order) { image, g_object_ref (file), texts != NULL ? g_object_ref (texts) : NULL,
                     keep_metadata, FALSE };
  g_task_set_source_tag (task, plug_export_write_async);
  g_task_set_task_data (task, order, (GDestroyNotify) order_free);
  /* What was put in place stays there, cancelled or not */
  g_task_set_check_cancellable (task, FALSE);
  g_timeout_add_full (G_PRIORITY_DEFAULT, DRAW_MS, start_later, g_object_ref (task),
                      g_object_unref);
}

IvlMetadata *
plug_export_write_finish (GAsyncResult *result,
                          GError      **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
