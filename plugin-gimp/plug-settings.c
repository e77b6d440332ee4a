/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The window's settings: read once, tolerantly, and written a second after a change.
 */
#include "plug-settings.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <libivl/ivl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUP "gimp"
#define DEFAULT_LOCATION "service:"
/* More than any server is given, whatever a task says. */
#define MOST_TILES 40
/* More than any path, name or address needs; a file with more was not written here. */
#define MOST_TEXT_BYTES 4096
#define MOST_ALLOWED 256
#define MOST_FILE_BYTES (1024 * 1024)
#define SAVE_SECONDS 1
/* Damaged files that are kept beside the new one */
#define MOST_ASIDE 100
/* Of a window, in either direction: what GTK takes for a size at all */
#define MOST_WINDOW_PIXELS 16384

enum
{
  PROP_0,
  PROP_LOCATION,
  PROP_LANGUAGE,
  PROP_MAX_TILES,
  PROP_ALLOWED,
  PROP_WINDOW_SIZE,
  N_PROPS,
};

struct _PlugSettings
{
  GObject     parent_instance;
  char       *location; /* (owned) never NULL or empty */
  char       *language; /* (owned) never NULL */
  char       *answer;   /* (owned) tag by `language` and the desktop; NULL until asked for */
  guint       max_tiles;
  GPtrArray  *allowed;  /* (owned) of origins */
  int         window_size[2]; /* width, height; 0: not known */
  GError     *damage;         /* (owned) (nullable): why the file was not read */
  gboolean    changed[N_PROPS];
  GHashTable *changed_origins; /* (owned) origin -> allowed, since the file was last written */
  guint       timer;           /* source that writes the file; 0 without */
};

G_DEFINE_FINAL_TYPE (PlugSettings, plug_settings, G_TYPE_OBJECT)

static GParamSpec *properties[N_PROPS];
static guint failed; /* signal */

/* The file itself, if its name is a link: people keep their settings elsewhere. */
static char *
get_path (void)
{
  g_autofree char *path = g_build_filename (g_get_user_config_dir (), "ivl", "gimp.conf", NULL);
  char *real = realpath (path, NULL);
  char *copy;

  if (real == NULL)
    return g_steal_pointer (&path);
  copy = g_strdup (real);
  free (real);
  return copy;
}

static gboolean
is_text (const char *text)
{
  return text != NULL && strlen (text) <= MOST_TEXT_BYTES && g_utf8_validate (text, -1, NULL);
}

/* What is in the file; empty when it is not there or no regular file, and when it is damaged or
 * cannot be read, which error tells. */
static GKeyFile *
load_file (const char *path,
           GError    **error)
{
  GKeyFile *file = g_key_file_new ();
  g_autofree char *text = NULL;
  g_autoptr (GError) reason = NULL;
  gsize length;

  if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
    return file;
  if (g_file_get_contents (path, &text, &length, &reason) && length > MOST_FILE_BYTES)
    g_set_error (&reason, G_FILE_ERROR, G_FILE_ERROR_FAILED, "%" G_GSIZE_FORMAT " bytes", length);
  if (reason == NULL &&
      g_key_file_load_from_data (file, text, length,
                                 G_KEY_FILE_KEEP_COMMENTS | G_KEY_FILE_KEEP_TRANSLATIONS, &reason))
    return file;
  g_key_file_unref (file);
  /* Translators: the first %s is a file, the second the reason */
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
               _ ("The settings in %s cannot be read: %s."), path, reason->message);
  return g_key_file_new ();
}

/* NULL when it is not there or unusable (transfer full) */
static char *
read_text (GKeyFile   *file,
           const char *key)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_key_file_get_string (file, GROUP, key, &error);

  /* GKeyFile gives a value and an error for a bad escape. */
  return error == NULL && is_text (text) ? g_steal_pointer (&text) : NULL;
}

static void
add_allowed (GPtrArray  *allowed,
             const char *origin)
{
  if (is_text (origin) && *origin != '\0' && allowed->len < MOST_ALLOWED &&
      !g_ptr_array_find_with_equal_func (allowed, origin, g_str_equal, NULL))
    g_ptr_array_add (allowed, g_strdup (origin));
}

static GPtrArray *
read_allowed (GKeyFile *file)
{
  GPtrArray *allowed = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) origins = g_key_file_get_string_list (file, GROUP, "allowed", NULL, NULL);

  for (gsize i = 0; origins != NULL && origins[i] != NULL; i++)
    add_allowed (allowed, origins[i]);
  return allowed;
}

static void
read_window_size (PlugSettings *self,
                  GKeyFile     *file)
{
  gsize n_values = 0;
  g_autofree int *values =
      g_key_file_get_integer_list (file, GROUP, "window-size", &n_values, NULL);

  if (n_values != 2 || values[0] < 1 || values[0] > MOST_WINDOW_PIXELS || values[1] < 1 ||
      values[1] > MOST_WINDOW_PIXELS)
    return;
  self->window_size[0] = values[0];
  self->window_size[1] = values[1];
}

static void
read_file (PlugSettings *self)
{
  g_autofree char *path = get_path ();
  g_autoptr (GKeyFile) file = load_file (path, &self->damage);
  g_autofree char *location = read_text (file, "location");
  g_autofree char *language = read_text (file, "language");
  int max_tiles = g_key_file_get_integer (file, GROUP, "max-tiles", NULL);

  self->location = location != NULL && *location != '\0' ? g_steal_pointer (&location)
                                                         : g_strdup (DEFAULT_LOCATION);
  self->language = language != NULL ? g_steal_pointer (&language) : g_strdup ("");
  self->max_tiles = max_tiles > 0 && max_tiles <= MOST_TILES ? (guint) max_tiles : 0;
  self->allowed = read_allowed (file);
  read_window_size (self, file);
}

static void
put_allowed (PlugSettings *self,
             GKeyFile     *file)
{
  g_autoptr (GPtrArray) allowed = read_allowed (file);
  GHashTableIter iter;
  gpointer origin;
  gpointer may;
  guint index;

  g_hash_table_iter_init (&iter, self->changed_origins);
  while (g_hash_table_iter_next (&iter, &origin, &may))
    if (GPOINTER_TO_INT (may))
      add_allowed (allowed, origin);
    else if (g_ptr_array_find_with_equal_func (allowed, origin, g_str_equal, &index))
      g_ptr_array_remove_index (allowed, index);
  g_key_file_set_string_list (file, GROUP, "allowed", (const char *const *) allowed->pdata,
                              allowed->len);
}

/* The file as it is now with what was changed here put in. damage: see load_file() */
static char *
build_contents (PlugSettings *self,
                const char   *path,
                gsize        *length,
                GError      **damage)
{
  g_autoptr (GKeyFile) file = load_file (path, damage);

  if (self->changed[PROP_LOCATION])
    g_key_file_set_string (file, GROUP, "location", self->location);
  if (self->changed[PROP_LANGUAGE])
    g_key_file_set_string (file, GROUP, "language", self->language);
  if (self->changed[PROP_MAX_TILES])
    g_key_file_set_integer (file, GROUP, "max-tiles", (int) self->max_tiles);
  if (self->changed[PROP_ALLOWED])
    put_allowed (self, file);
  if (self->changed[PROP_WINDOW_SIZE])
    g_key_file_set_integer_list (file, GROUP, "window-size", self->window_size, 2);
  return g_key_file_to_data (file, length, NULL);
}

/* Puts a damaged file out of the way under a name that nothing has, since a person wrote it. */
static gboolean
set_aside (const char *path,
           GError    **error)
{
  for (guint i = 1; i <= MOST_ASIDE; i++)
    {
      g_autofree char *aside = i == 1 ? g_strconcat (path, ".damaged", NULL)
                                      : g_strdup_printf ("%s.damaged-%u", path, i);

      /* Unlike a new name, a second one for the file takes the place of no other */
      if (link (path, aside) == 0)
        return TRUE;
      if (errno == EEXIST)
        continue;
      /* Where a file has one name only */
      if (!g_file_test (aside, G_FILE_TEST_EXISTS) && rename (path, aside) == 0)
        return TRUE;
      break;
    }
  g_set_error_literal (error, G_FILE_ERROR, g_file_error_from_errno (errno), g_strerror (errno));
  return FALSE;
}

static gboolean
write_contents (const char   *path,
                const char   *contents,
                gsize         length,
                const GError *damage,
                GError      **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GBytes) bytes = NULL;

  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      g_set_error_literal (error, G_FILE_ERROR, g_file_error_from_errno (errno),
                           g_strerror (errno));
      return FALSE;
    }
  bytes = g_bytes_new (contents, length);
  return (damage == NULL || set_aside (path, error)) &&
         ivl_file_save (path, bytes, 0600, NULL, error);
}

gboolean
plug_settings_save (PlugSettings *self,
                    GError      **error)
{
  g_autofree char *path = get_path ();
  g_autofree char *contents = NULL;
  g_autoptr (GError) damage = NULL;
  g_autoptr (GError) reason = NULL;
  gboolean any = FALSE;
  gboolean is_chosen = FALSE;
  gsize length;

  g_clear_handle_id (&self->timer, g_source_remove);
  for (guint i = 0; i < N_PROPS; i++)
    {
      any = any || self->changed[i];
      is_chosen = is_chosen || (self->changed[i] && i != PROP_WINDOW_SIZE);
    }
  if (!any)
    return TRUE;

  contents = build_contents (self, path, &length, &damage);
  /* A window's size is no reason to write a file anew which somebody is about to correct */
  if (damage != NULL && !is_chosen)
    return TRUE;
  if (write_contents (path, contents, length, damage, &reason))
    {
      memset (self->changed, 0, sizeof self->changed);
      g_hash_table_remove_all (self->changed_origins);
      g_clear_error (&self->damage);
      return TRUE;
    }
  g_propagate_prefixed_error (error, g_steal_pointer (&reason),
                              _ ("The settings could not be written to %s: "), path);
  return FALSE;
}

const GError *
plug_settings_get_damage (PlugSettings *self)
{
  return self->damage;
}

static gboolean
save_later (gpointer data)
{
  PlugSettings *self = data;
  g_autoptr (GError) error = NULL;

  self->timer = 0;
  if (!plug_settings_save (self, &error))
    {
      g_warning ("%s", error->message);
      g_signal_emit (self, failed, 0, error);
    }
  return G_SOURCE_REMOVE;
}

static void
note_change (PlugSettings *self,
             guint         property)
{
  self->changed[property] = TRUE;
  if (self->timer == 0)
    self->timer = g_timeout_add_seconds (SAVE_SECONDS, save_later, self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

const char *
plug_settings_get_location (PlugSettings *self)
{
  return self->location;
}

void
plug_settings_set_location (PlugSettings *self,
                            const char   *location)
{
  const char *given = location != NULL && *location != '\0' ? location : DEFAULT_LOCATION;

  if (strcmp (given, self->location) == 0)
    return;
  g_free (self->location);
  self->location = g_strdup (given);
  note_change (self, PROP_LOCATION);
}

const char *
plug_settings_get_language (PlugSettings *self)
{
  return self->language;
}

void
plug_settings_set_language (PlugSettings *self,
                            const char   *language)
{
  if (g_strcmp0 (language != NULL ? language : "", self->language) == 0)
    return;
  g_free (self->language);
  self->language = g_strdup (language != NULL ? language : "");
  g_clear_pointer (&self->answer, g_free);
  note_change (self, PROP_LANGUAGE);
}

guint
plug_settings_get_max_tiles (PlugSettings *self)
{
  return self->max_tiles;
}

void
plug_settings_set_max_tiles (PlugSettings *self,
                             guint         max_tiles)
{
  guint most = MIN (max_tiles, MOST_TILES);

  if (most == self->max_tiles)
    return;
  self->max_tiles = most;
  note_change (self, PROP_MAX_TILES);
}

const char *
plug_settings_get_answer_language (PlugSettings *self)
{
  const char *const *names = g_get_language_names ();

  if (self->answer == NULL && *self->language != '\0')
    self->answer = ivl_task_find_language (self->language);
  for (guint i = 0; self->answer == NULL && names[i] != NULL; i++)
    self->answer = ivl_task_find_language (names[i]);
  if (self->answer == NULL)
    self->answer = g_strdup ("en");
  return self->answer;
}

const char *
plug_settings_get_asked_language (PlugSettings *self)
{
  const char *tag = plug_settings_get_answer_language (self);
  gboolean is_english = strcmp (tag, "en") == 0 || g_str_has_prefix (tag, "en-");

  return is_english && *self->language == '\0' ? NULL : tag;
}

gboolean
plug_settings_is_allowed (PlugSettings *self,
                          const char   *origin)
{
  return g_ptr_array_find_with_equal_func (self->allowed, origin, g_str_equal, NULL);
}

void
plug_settings_set_allowed (PlugSettings *self,
                           const char   *origin,
                           gboolean      allowed)
{
  guint index;
  gboolean was =
      g_ptr_array_find_with_equal_func (self->allowed, origin, g_str_equal, &index);

  if (was == !!allowed)
    return;
  if (was)
    g_ptr_array_remove_index (self->allowed, index);
  else
    add_allowed (self->allowed, origin);
  g_hash_table_insert (self->changed_origins, g_strdup (origin), GINT_TO_POINTER (!!allowed));
  note_change (self, PROP_ALLOWED);
}

char **
plug_settings_list_allowed (PlugSettings *self)
{
  char **origins = g_new0 (char *, self->allowed->len + 1);

  for (guint i = 0; i < self->allowed->len; i++)
    origins[i] = g_strdup (g_ptr_array_index (self->allowed, i));
  return origins;
}

gboolean
plug_settings_get_window_size (PlugSettings *self,
                               int          *width,
                               int          *height)
{
  *width = self->window_size[0];
  *height = self->window_size[1];
  return self->window_size[0] > 0;
}

void
plug_settings_set_window_size (PlugSettings *self,
                               int           width,
                               int           height)
{
  if (width == self->window_size[0] && height == self->window_size[1])
    return;
  self->window_size[0] = CLAMP (width, 1, MOST_WINDOW_PIXELS);
  self->window_size[1] = CLAMP (height, 1, MOST_WINDOW_PIXELS);
  note_change (self, PROP_WINDOW_SIZE);
}

static void
plug_settings_get_property (GObject    *object,
                            guint       id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  PlugSettings *self = PLUG_SETTINGS (object);

  switch (id)
    {
    case PROP_LOCATION:
      g_value_set_string (value, self->location);
      break;
    case PROP_LANGUAGE:
      g_value_set_string (value, self->language);
      break;
    case PROP_MAX_TILES:
      g_value_set_uint (value, self->max_tiles);
      break;
    case PROP_ALLOWED:
      g_value_take_boxed (value, plug_settings_list_allowed (self));
      break;
    case PROP_WINDOW_SIZE:
      g_value_take_string (value, g_strdup_printf ("%d×%d", self->window_size[0],
                                                   self->window_size[1]));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
plug_settings_set_property (GObject      *object,
                            guint         id,
                            const GValue *value,
                            GParamSpec   *pspec)
{
  PlugSettings *self = PLUG_SETTINGS (object);

  switch (id)
    {
    case PROP_LOCATION:
      plug_settings_set_location (self, g_value_get_string (value));
      break;
    case PROP_LANGUAGE:
      plug_settings_set_language (self, g_value_get_string (value));
      break;
    case PROP_MAX_TILES:
      plug_settings_set_max_tiles (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
plug_settings_finalize (GObject *object)
{
  PlugSettings *self = PLUG_SETTINGS (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_free (self->location);
  g_free (self->language);
  g_free (self->answer);
  g_ptr_array_unref (self->allowed);
  g_hash_table_unref (self->changed_origins);
  g_clear_error (&self->damage);
  G_OBJECT_CLASS (plug_settings_parent_class)->finalize (object);
}

static void
plug_settings_class_init (PlugSettingsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = plug_settings_get_property;
  object_class->set_property = plug_settings_set_property;
  object_class->finalize = plug_settings_finalize;
  failed = g_signal_new ("failed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                         NULL, G_TYPE_NONE, 1, G_TYPE_ERROR);
  properties[PROP_LOCATION] =
      g_param_spec_string ("location", NULL, NULL, DEFAULT_LOCATION, flags);
  properties[PROP_LANGUAGE] = g_param_spec_string ("language", NULL, NULL, "", flags);
  properties[PROP_MAX_TILES] =
      g_param_spec_uint ("max-tiles", NULL, NULL, 0, MOST_TILES, 0, flags);
  properties[PROP_ALLOWED] =
      g_param_spec_boxed ("allowed", NULL, NULL, G_TYPE_STRV,
                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  properties[PROP_WINDOW_SIZE] =
      g_param_spec_string ("window-size", NULL, NULL, NULL,
                           G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
plug_settings_init (PlugSettings *self)
{
  self->changed_origins = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  read_file (self);
}

PlugSettings *
plug_settings_get (void)
{
  static PlugSettings *settings;

  if (settings == NULL)
    settings = g_object_new (PLUG_TYPE_SETTINGS, NULL);
  return settings;
}
