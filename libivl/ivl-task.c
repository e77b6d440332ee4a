/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tasks: what to ask about a picture, how long the answer may be and how many tiles it takes, read
 * from `.ini` files. The ones built in lie in data/tasks; files of the user and the system come
 * before them.
 */
#include <libivl/ivl-task.h>

#include <string.h>

#include "ivl-resources.h"
#include "util/ivl-bounded-file.h"

#define GROUP "task"
#define PLACEHOLDER "{text}"
#define RESOURCE_FOLDER "/org/ivl/tasks/"
#define RESOURCE_LANGUAGES "/org/ivl/languages.ini"
/* The longest file and the longest value that are read; the ones built in are a sixth of that, and
 * less. */
#define MAX_FILE_BYTES 65536
#define MAX_VALUE_BYTES 4096
/* Longest name of a task or a language. */
#define MAX_NAME_BYTES 64

struct _IvlTask
{
  GObject parent_instance;

  char       *name;
  GKeyFile   *file;
  IvlOptions *limits;        /* the file's max-tokens, min-tiles, max-tiles, nothing, keep-regions;
                              * the rest is not used */
  char       *plain_variant; /* (nullable) what the wording without a variant's name is called */
  gboolean    needs_text;
  gboolean    asks_language;
};

G_DEFINE_FINAL_TYPE (IvlTask, ivl_task, G_TYPE_OBJECT)

typedef enum
{
  KEY_TEXT,   /* may come in several languages */
  KEY_SWITCH, /* true or false */
  KEY_LIMIT,  /* the option of the same name */
  KEY_NAME,   /* the name of a variant */
  KEY_LIST,   /* sentences, with ';' between */
} KeyKind;

static const struct
{
  const char *name;
  KeyKind     kind;
  gboolean    has_variants; /* NAME-VARIANT is also a key */
} known_keys[] = {
  { "title", KEY_TEXT, FALSE },       { "prompt", KEY_TEXT, TRUE },
  { "context", KEY_TEXT, FALSE },     { "rules", KEY_TEXT, FALSE },
  { "needs-text", KEY_SWITCH, FALSE }, { "asks-language", KEY_SWITCH, TRUE },
  { "max-tokens", KEY_LIMIT, FALSE }, { "min-tiles", KEY_LIMIT, FALSE },
  { "max-tiles", KEY_LIMIT, FALSE },  { "variant", KEY_NAME, FALSE },
  { "regions", KEY_SWITCH, FALSE },   { "nothing", KEY_LIST, FALSE },
};

/* Keys that a file must have */
static const char *const needed_keys[] = { "title", "prompt" };

static void
ivl_task_finalize (GObject *object)
{
  IvlTask *self = IVL_TASK (object);

  g_free (self->name);
  g_free (self->plain_variant);
  g_clear_pointer (&self->file, g_key_file_unref);
  g_clear_object (&self->limits);
  G_OBJECT_CLASS (ivl_task_parent_class)->finalize (object);
}

static void
ivl_task_class_init (IvlTaskClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ivl_task_finalize;
}

static void
ivl_task_init (IvlTask *self)
{
}

/* A name that can be a file name anywhere: lower-case letters, digits, '-'. */
static gboolean
is_task_name (const char *name)
{
  gsize length = strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-");

  return length > 0 && length <= MAX_NAME_BYTES && name[length] == '\0' && *name != '-';
}

/* GKeyFile takes the last of several equal keys; here a second one is an error. */
static gboolean
check_duplicates (const char  *text,
                  const char  *label,
                  GError     **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *line = g_strstrip (lines[i]);
      char *equals = strchr (line, '=');

      if (*line == '#' || *line == '[' || equals == NULL)
        continue;
      *equals = '\0';
      if (g_hash_table_add (seen, g_strdup (g_strchomp (line))))
        continue;
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: key %s appears twice", label,
                   line);
      return FALSE;
    }
  return TRUE;
}

static gboolean
refuse_key (const char  *label,
            const char  *key,
            const char  *reason,
            GError     **error)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: key %s: %s", label, key, reason);
  return FALSE;
}

static gboolean
read_text (IvlTask     *self,
           const char  *label,
           const char  *key,
           GError     **error)
{
  g_autoptr (GError) reason = NULL;
  g_autofree char *value = g_key_file_get_string (self->file, GROUP, key, &reason);
  const char *place;
  gboolean is_context = g_str_has_prefix (key, "context");
  gboolean is_prompt = g_str_has_prefix (key, "prompt");

  /* GKeyFile gives a value and an error for a bad escape. */
  if (reason != NULL)
    return refuse_key (label, key, reason->message, error);
  if (*value == '\0' || strlen (value) > MAX_VALUE_BYTES)
    return refuse_key (label, key, "expected 1 to " G_STRINGIFY (MAX_VALUE_BYTES) " bytes", error);
  if (self->needs_text && (is_context || g_str_has_prefix (key, "prompt-")))
    return refuse_key (label, key, "a task with needs-text has neither variants nor context",
                       error);
  if (!is_context && !is_prompt)
    return TRUE;

  place = strstr (value, PLACEHOLDER);
  if (is_context && place == NULL)
    return refuse_key (label, key, "expected " PLACEHOLDER, error);
  if (is_prompt && (place != NULL) != self->needs_text)
    return refuse_key (label, key,
                       self->needs_text ? "expected " PLACEHOLDER ", since needs-text is true"
                                        : PLACEHOLDER " is there, but needs-text is not true",
                       error);
  if (place != NULL && strstr (place + 1, PLACEHOLDER) != NULL)
    return refuse_key (label, key, PLACEHOLDER " is there twice", error);
  return TRUE;
}

static gboolean
read_switch (IvlTask     *self,
             const char  *label,
             const char  *key,
             GError     **error)
{
  g_autofree char *value = g_key_file_get_value (self->file, GROUP, key, NULL);
  gboolean is_true = g_strcmp0 (value, "true") == 0;

  if (!is_true && g_strcmp0 (value, "false") != 0)
    return refuse_key (label, key, "expected true or false", error);
  if (g_str_equal (key, "needs-text"))
    self->needs_text = is_true;
  else if (g_str_equal (key, "asks-language"))
    self->asks_language = is_true;
  else if (g_str_equal (key, "regions"))
    g_object_set (self->limits, "keep-regions", is_true, NULL);
  return TRUE;
}

static gboolean
read_limit (IvlTask     *self,
            const char  *label,
            const char  *key,
            GError     **error)
{
  g_autofree char *value = g_key_file_get_value (self->file, GROUP, key, NULL);
  g_autoptr (GError) reason = NULL;

  if (!ivl_options_set_string (self->limits, key, value, &reason))
    return refuse_key (label, key, reason->message, error);
  return TRUE;
}

static gboolean
read_name (IvlTask     *self,
           const char  *label,
           const char  *key,
           GError     **error)
{
  g_free (self->plain_variant);
  self->plain_variant = g_key_file_get_value (self->file, GROUP, key, NULL);
  return is_task_name (self->plain_variant) ||
         refuse_key (label, key, "expected lower-case letters, digits and '-'", error);
}

static gboolean
read_list (IvlTask     *self,
           const char  *label,
           const char  *key,
           GError     **error)
{
  g_autoptr (GError) reason = NULL;
  g_auto (GStrv) sentences = g_key_file_get_string_list (self->file, GROUP, key, NULL, &reason);

  if (reason != NULL)
    return refuse_key (label, key, reason->message, error);
  g_object_set (self->limits, "nothing", sentences, NULL);
  return TRUE;
}

/* Is key, without a language, this known key or a variant of it */
static gboolean
is_key (const char *key,
        guint       index)
{
  gsize length = strlen (known_keys[index].name);

  if (strncmp (key, known_keys[index].name, length) != 0)
    return FALSE;
  return key[length] == '\0' || (known_keys[index].has_variants && key[length] == '-' &&
                                is_task_name (key + length + 1));
}

/* Index of a key, which may carry a variant and a language in brackets, in known_keys; -1 for an
 * unknown one. */
static int
find_key (const char *key)
{
  gsize length = strcspn (key, "[");
  g_autofree char *plain = g_strndup (key, length);

  for (guint i = 0; i < G_N_ELEMENTS (known_keys); i++)
    if (is_key (plain, i) && (key[length] == '\0' || known_keys[i].kind == KEY_TEXT))
      return (int) i;
  return -1;
}

/* Reads all keys of one kind. Texts come last: what they may hold depends on a switch. */
static gboolean
read_keys (IvlTask     *self,
           const char  *label,
           KeyKind      kind,
           GError     **error)
{
  g_auto (GStrv) keys = g_key_file_get_keys (self->file, GROUP, NULL, NULL);

  for (guint i = 0; keys[i] != NULL; i++)
    {
      int index = find_key (keys[i]);
      gboolean ok;

      if (index < 0)
        return refuse_key (label, keys[i],
                           "unknown; there are title, prompt, prompt-VARIANT, context, rules (all "
                           "also with a language in brackets), variant, needs-text, asks-language, "
                           "asks-language-VARIANT, max-tokens, min-tiles, max-tiles, regions, "
                           "nothing", error);
      if (known_keys[index].kind != kind)
        continue;
      if (kind == KEY_SWITCH)
        ok = read_switch (self, label, keys[i], error);
      else if (kind == KEY_LIMIT)
        ok = read_limit (self, label, keys[i], error);
      else if (kind == KEY_NAME)
        ok = read_name (self, label, keys[i], error);
      else if (kind == KEY_LIST)
        ok = read_list (self, label, keys[i], error);
      else
        ok = read_text (self, label, keys[i], error);
      if (!ok)
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_complete (IvlTask     *self,
                const char  *label,
                GError     **error)
{
  guint min_tiles = ivl_options_get_min_tiles (self->limits);
  guint max_tiles = ivl_options_get_max_tiles (self->limits);

  for (guint i = 0; i < G_N_ELEMENTS (needed_keys); i++)
    if (!g_key_file_has_key (self->file, GROUP, needed_keys[i], NULL))
      return refuse_key (label, needed_keys[i], "missing", error);
  if (max_tiles != 0 && min_tiles > max_tiles)
    return refuse_key (label, "min-tiles", "more than max-tiles", error);
  return TRUE;
}

static gboolean
read_file (IvlTask     *self,
           const char  *label,
           const char  *text,
           GError     **error)
{
  g_autoptr (GError) reason = NULL;
  g_auto (GStrv) groups = NULL;

  if (!check_duplicates (text, label, error))
    return FALSE;
  if (!g_key_file_load_from_data (self->file, text, strlen (text), G_KEY_FILE_KEEP_TRANSLATIONS,
                                  &reason))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: %s", label, reason->message);
      return FALSE;
    }
  groups = g_key_file_get_groups (self->file, NULL);
  if (groups[0] == NULL || groups[1] != NULL || !g_str_equal (groups[0], GROUP))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: expected one group, [" GROUP "]",
                   label);
      return FALSE;
    }
  return read_keys (self, label, KEY_SWITCH, error) && read_keys (self, label, KEY_LIMIT, error) &&
         read_keys (self, label, KEY_NAME, error) && read_keys (self, label, KEY_LIST, error) &&
         read_keys (self, label, KEY_TEXT, error) && check_complete (self, label, error);
}

static IvlTask *
task_new (const char  *name,
          const char  *label,
          GBytes      *data,
          GError     **error)
{
  g_autoptr (IvlTask) self = NULL;
  g_autofree char *text = NULL;
  gsize size;
  const char *bytes = g_bytes_get_data (data, &size);

  if (size > MAX_FILE_BYTES)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "%s: %" G_GSIZE_FORMAT " bytes, expected at most %d", label, size,
                   MAX_FILE_BYTES);
      return NULL;
    }
  if (size == 0 || !g_utf8_validate (bytes, size, NULL))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "%s: %s", label,
                   size == 0 ? "empty" : "not UTF-8 text");
      return NULL;
    }

  self = g_object_new (IVL_TYPE_TASK, NULL);
  self->name = g_strdup (name);
  self->file = g_key_file_new ();
  self->limits = ivl_options_new ();
  self->asks_language = TRUE;
  text = g_strndup (bytes, size);
  return read_file (self, label, text, error) ? g_steal_pointer (&self) : NULL;
}

/**
 * ivl_task_new_from_data:
 * @name: name of the task: lower-case letters, digits and `-`
 * @data: what would be in its `.ini` file, at most 64 KiB of UTF-8
 * @error: return location for an error
 *
 * Makes a task from a file's contents. There is one group, `[task]`, with `title` and `prompt`
 * (both again as `title[de]` and so on for each language), and optionally `needs-text` (default
 * false; then `{text}` stands in each prompt exactly once, where the person's text goes),
 * `asks-language` (default true; false for tasks whose answer does not depend on a language),
 * `max-tokens`, `min-tiles` and `max-tiles` (default 0: the general defaults and the model's own).
 *
 * A task without `needs-text` may have other wordings, `prompt-VARIANT`, the sentence that goes
 * before a person's note, `context` with `{text}` in it, and `rules` that are said with a variant
 * or a note; `variant` is the name by which `prompt` itself is also found, and
 * `asks-language-VARIANT` holds for one variant: see ivl_task_create_variant().
 *
 * Returns: (transfer full): the task, or %NULL with %IVL_ERROR_INVALID_DATA naming the key, or
 *   %IVL_ERROR_INVALID_OPTION for a bad @name
 */
IvlTask *
ivl_task_new_from_data (const char  *name,
                        GBytes      *data,
                        GError     **error)
{
  g_autofree char *label = NULL;

  g_return_val_if_fail (name != NULL && data != NULL, NULL);

  if (!is_task_name (name))
    {
      g_autofree char *shown = g_utf8_make_valid (name, -1);

      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "\"%s\" is not a name for a task: expected 1 to %d lower-case letters, digits "
                   "and '-'", shown, MAX_NAME_BYTES);
      return NULL;
    }
  label = g_strconcat (name, ".ini", NULL);
  return task_new (name, label, data, error);
}

/* Folders of task files, the one that counts most first; the strings are the caller's. */
static GPtrArray *
list_folders (void)
{
  GPtrArray *folders = g_ptr_array_new_with_free_func (g_free);
  const char *const *system = g_get_system_data_dirs ();

  g_ptr_array_add (folders, g_build_filename (g_get_user_data_dir (), "ivl", "tasks", NULL));
  for (guint i = 0; system[i] != NULL; i++)
    g_ptr_array_add (folders, g_build_filename (system[i], "ivl", "tasks", NULL));
  return folders;
}

static void
add_task_name (GPtrArray  *names,
               const char *file_name)
{
  g_autofree char *name = NULL;

  if (!g_str_has_suffix (file_name, ".ini"))
    return;
  name = g_strndup (file_name, strlen (file_name) - strlen (".ini"));
  if (is_task_name (name) && !g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
    g_ptr_array_add (names, g_steal_pointer (&name));
}

static int
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/**
 * ivl_task_list:
 *
 * Names of all tasks, built in or from files, in alphabetical order. A name is listed even if its
 * file turns out to be damaged.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 */
char **
ivl_task_list (void)
{
  GPtrArray *names = g_ptr_array_new ();
  g_autoptr (GPtrArray) folders = list_folders ();
  g_auto (GStrv) built_in =
    g_resource_enumerate_children (ivl_tasks_get_resource (), RESOURCE_FOLDER,
                                   G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

  for (guint i = 0; built_in != NULL && built_in[i] != NULL; i++)
    add_task_name (names, built_in[i]);
  for (guint i = 0; i < folders->len; i++)
    {
      g_autoptr (GDir) folder = g_dir_open (g_ptr_array_index (folders, i), 0, NULL);
      const char *file_name;

      while (folder != NULL && (file_name = g_dir_read_name (folder)) != NULL)
        add_task_name (names, file_name);
    }
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

static IvlTask *
load_built_in (const char  *name,
               GError     **error)
{
  g_autofree char *path = g_strconcat (RESOURCE_FOLDER, name, ".ini", NULL);
  g_autoptr (GBytes) data = g_resource_lookup_data (ivl_tasks_get_resource (), path,
                                                    G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

  if (data == NULL)
    {
      g_auto (GStrv) names = ivl_task_list ();
      g_autofree char *known = g_strjoinv (", ", names);

      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   "There is no task \"%s\"; there are %s", name, known);
      return NULL;
    }
  return task_new (name, path, data, error);
}

/**
 * ivl_task_load:
 * @name: name of a task, such as `caption`
 * @error: return location for an error
 *
 * Finds a task: `ivl/tasks/NAME.ini` under the user's data folder, then under the system's, then
 * built in. A damaged file is an error; the next one is not taken in its place.
 *
 * Returns: (transfer full): the task, or %NULL with %IVL_ERROR_NOT_FOUND listing the tasks there
 *   are, %IVL_ERROR_INVALID_DATA naming file and key, or an error of reading the file
 */
IvlTask *
ivl_task_load (const char  *name,
               GError     **error)
{
  g_autoptr (GPtrArray) folders = list_folders ();
  g_autofree char *shown = NULL;

  g_return_val_if_fail (name != NULL, NULL);

  for (guint i = 0; is_task_name (name) && i < folders->len; i++)
    {
      g_autofree char *file_name = g_strconcat (name, ".ini", NULL);
      g_autofree char *path = g_build_filename (g_ptr_array_index (folders, i), file_name, NULL);
      g_autoptr (GBytes) data = NULL;
      char *text;
      gsize size;

      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        continue;
      text = ivl_bounded_file_read (path, MAX_FILE_BYTES, &size, error);
      if (text == NULL)
        return NULL;
      data = g_bytes_new_take (text, size);
      return task_new (name, path, data, error);
    }
  shown = g_utf8_make_valid (name, -1);
  return load_built_in (shown, error);
}

/**
 * ivl_task_get_name:
 * @self: a task
 *
 * The name by which the task is loaded.
 *
 * Returns: (transfer none): the name
 */
const char *
ivl_task_get_name (IvlTask *self)
{
  g_return_val_if_fail (IVL_IS_TASK (self), NULL);

  return self->name;
}

/**
 * ivl_task_get_needs_text:
 * @self: a task
 *
 * Whether the task takes a text beside the picture: a question, or the name of what to find.
 *
 * Returns: %TRUE when a text is needed, %FALSE when there must be none
 */
gboolean
ivl_task_get_needs_text (IvlTask *self)
{
  g_return_val_if_fail (IVL_IS_TASK (self), FALSE);

  return self->needs_text;
}

/* `de_AT.UTF-8@euro` -> `de-at`. */
static char *
normalise_tag (const char *language)
{
  char *tag = g_ascii_strdown (language, strcspn (language, ".@"));

  return g_strdelimit (tag, "_", '-');
}

/* The value of a key in the first of these that is there: in the language of a tag (`pt-br`), in
 * that of its first part (`pt`), without a language. */
static char *
get_translated (IvlTask    *self,
                const char *key,
                const char *tag)
{
  g_autofree char *first = g_strndup (tag, strcspn (tag, "-"));
  const char *const tags[] = { tag, first };

  for (guint i = 0; i < G_N_ELEMENTS (tags); i++)
    {
      g_autofree char *full = g_strdup_printf ("%s[%s]", key, tags[i]);
      char *value = g_key_file_get_string (self->file, GROUP, full, NULL);

      if (value != NULL)
        return value;
    }
  return g_key_file_get_string (self->file, GROUP, key, NULL);
}

/**
 * ivl_task_get_title:
 * @self: a task
 * @language: (nullable): a language tag or locale, such as `de` or `pt_BR.UTF-8`; %NULL for English
 *
 * What to call the task in a menu.
 *
 * Returns: (transfer full): the title, in English when there is none in @language
 */
char *
ivl_task_get_title (IvlTask    *self,
                    const char *language)
{
  g_autofree char *tag = NULL;

  g_return_val_if_fail (IVL_IS_TASK (self), NULL);

  tag = normalise_tag (language != NULL ? language : "");
  return get_translated (self, "title", tag);
}

static GKeyFile *
get_languages (void)
{
  static gsize loaded = 0;

  if (g_once_init_enter (&loaded))
    {
      GKeyFile *file = g_key_file_new ();
      g_autoptr (GBytes) data =
        g_resource_lookup_data (ivl_tasks_get_resource (), RESOURCE_LANGUAGES,
                                G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

      if (data != NULL)
        g_key_file_load_from_bytes (file, data, G_KEY_FILE_NONE, NULL);
      g_once_init_leave (&loaded, (gsize) file);
    }
  return (GKeyFile *) loaded;
}

/* The tag of a language that was given by its English name; NULL for a name that is not in the
 * table. */
static char *
find_tag_by_name (const char *name)
{
  g_auto (GStrv) tags = g_key_file_get_groups (get_languages (), NULL);

  for (guint i = 0; tags[i] != NULL; i++)
    {
      g_autofree char *known = g_key_file_get_string (get_languages (), tags[i], "name", NULL);

      if (known != NULL && g_ascii_strcasecmp (known, name) == 0)
        return g_strdup (tags[i]);
    }
  return NULL;
}

/* The row of the table that a tag has, as its own or as a further one of the same language */
static char *
find_row (const char *tag)
{
  g_auto (GStrv) rows = g_key_file_get_groups (get_languages (), NULL);

  for (guint i = 0; rows[i] != NULL; i++)
    {
      g_auto (GStrv) also = g_key_file_get_string_list (get_languages (), rows[i], "also", NULL,
                                                        NULL);

      if (strcmp (rows[i], tag) == 0
          || (also != NULL && g_strv_contains ((const char *const *) also, tag)))
        return g_strdup (rows[i]);
    }
  return NULL;
}

/* The row of the table for a normal tag: its own, or that of what is left when its last parts are
 * taken off; NULL for none. */
static char *
find_known_tag (const char *normal)
{
  g_autofree char *tag = g_strdup (normal);

  while (TRUE)
    {
      char *row = find_row (tag);
      char *dash = strrchr (tag, '-');

      if (row != NULL || dash == NULL)
        return row;
      *dash = '\0';
    }
}

/**
 * ivl_task_list_languages:
 *
 * The languages that answers can be asked for by their tags. Others can be asked for by their
 * English names.
 *
 * Returns: (transfer full) (array zero-terminated=1): tags such as `de` and `zh-hant`, in no
 *   particular order. Each language has one, and a name of its own.
 */
char **
ivl_task_list_languages (void)
{
  return g_key_file_get_groups (get_languages (), NULL);
}

/**
 * ivl_task_find_language:
 * @language: a language tag, a locale or an English name: `de`, `pt_BR.UTF-8`, `German`
 *
 * Finds the row of ivl_task_list_languages() that is meant: `de-at` is looked up as `de` when it
 * has no row of its own, `zh-tw` is a further tag of `zh-hant`.
 *
 * Returns: (transfer full) (nullable): the tag, or %NULL when there is none
 */
char *
ivl_task_find_language (const char *language)
{
  g_autofree char *normal = NULL;
  char *found;

  g_return_val_if_fail (language != NULL, NULL);

  normal = normalise_tag (language);
  found = find_tag_by_name (language);
  return found != NULL ? found : find_known_tag (normal);
}

/**
 * ivl_task_get_language_name:
 * @tag: a tag of ivl_task_list_languages()
 *
 * Returns: (transfer full) (nullable): the English name of the language, or %NULL when @tag is none
 */
char *
ivl_task_get_language_name (const char *tag)
{
  g_return_val_if_fail (tag != NULL, NULL);

  return g_key_file_get_string (get_languages (), tag, "name", NULL);
}

/* Whether the text can be the English name of a language that the table lacks: letters and spaces,
 * since it is put into the prompt, and more of them than a code has. */
static gboolean
is_language_name (const char *text)
{
  gsize length = strlen (text);

  if (length < 4 || length > MAX_NAME_BYTES || !g_utf8_validate (text, length, NULL))
    return FALSE;
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (!g_unichar_isalpha (g_utf8_get_char (p)) && *p != ' ')
      return FALSE;
  return TRUE;
}

/* Finds the tag by which prompts are looked up and the sentence that asks for the language. */
static gboolean
resolve_language (const char  *language,
                  char       **tag,
                  char       **request,
                  GError     **error)
{
  g_autofree char *normal = normalise_tag (language);
  g_autofree char *found = find_tag_by_name (language);
  g_autofree char *group = found != NULL ? g_strdup (found) : find_known_tag (normal);
  g_autofree char *name = NULL;
  g_autofree char *shown = NULL;

  if (group != NULL)
    {
      name = g_key_file_get_string (get_languages (), group, "name", NULL);
      *request = g_key_file_get_string (get_languages (), group, "request", NULL);
    }
  else if (is_language_name (language))
    name = g_strdup (language);

  if (name == NULL)
    {
      shown = g_utf8_make_valid (language, -1);
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "Language \"%s\" is not known: give a code such as de, or an English name such "
                   "as German", shown);
      return FALSE;
    }
  if (*request == NULL)
    *request = g_strdup_printf ("Answer in %s.", name);
  *tag = g_strdup (found != NULL ? found : normal);
  return TRUE;
}

static gboolean
is_english (const char *tag)
{
  return tag != NULL && strcspn (tag, "-") == 2 && g_str_has_prefix (tag, "en");
}

static gboolean
check_text (IvlTask     *self,
            const char  *text,
            GError     **error)
{
  gboolean given = text != NULL && *text != '\0';

  if (given == self->needs_text)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               self->needs_text ? "Task %s needs a text" : "Task %s takes no text", self->name);
  return FALSE;
}

static void
add_prompt (IvlMessage *message,
            const char *prompt,
            const char *text,
            const char *request)
{
  const char *place = text != NULL ? strstr (prompt, PLACEHOLDER) : NULL;
  g_autoptr (GString) rest = g_string_new (place != NULL ? place + strlen (PLACEHOLDER) : prompt);

  if (place != NULL)
    {
      g_autofree char *before = g_strndup (prompt, place - prompt);

      if (*before != '\0')
        ivl_message_add_prompt (message, before);
      ivl_message_add_text (message, text);
    }
  if (request != NULL)
    g_string_append_printf (rest, "\n%s", request);
  if (rest->len > 0)
    ivl_message_add_prompt (message, rest->str);
}

/**
 * ivl_task_create_message:
 * @self: a task
 * @image: (nullable): the picture; %NULL for a question about pictures shown before
 * @text: (nullable): the person's text, UTF-8; given exactly when ivl_task_get_needs_text()
 * @language: (nullable): the language to answer in: a tag or locale (`de`, `pt_BR.UTF-8`) or an
 *   English name (`German`); %NULL for the published English wording
 * @error: return location for an error
 *
 * Makes the message that asks for the task: first the picture, then the wording. @text goes in as
 * %IVL_PART_TEXT, so that no markup in it is recognised. Where the task has a wording in @language
 * it is used, and, unless the answer does not depend on a language, a sentence in that language
 * asks for it (nothing is added to an English wording to get English).
 *
 * Returns: (transfer full): a message of the user, or %NULL with %IVL_ERROR_INVALID_OPTION when
 *   @text is missing or too much, or @language is not known
 */
IvlMessage *
ivl_task_create_message (IvlTask     *self,
                         IvlImage    *image,
                         const char  *text,
                         const char  *language,
                         GError     **error)
{
  g_autoptr (IvlMessage) message = NULL;
  g_autofree char *tag = NULL;
  g_autofree char *request = NULL;
  g_autofree char *prompt = NULL;
  gboolean asks;

  g_return_val_if_fail (IVL_IS_TASK (self), NULL);

  if (!check_text (self, text, error))
    return NULL;
  if (language != NULL && !resolve_language (language, &tag, &request, error))
    return NULL;

  message = ivl_message_new (IVL_ROLE_USER);
  prompt = get_translated (self, "prompt", tag != NULL ? tag : "");
  asks = self->asks_language && (self->needs_text || !is_english (tag));
  if (image != NULL)
    ivl_message_add_image (message, image);
  add_prompt (message, prompt, self->needs_text ? text : NULL, asks ? request : NULL);
  return g_steal_pointer (&message);
}

static void
append_sentence (GString    *text,
                 const char *sentence)
{
  if (sentence != NULL)
    g_string_append_printf (text, "\n%s", sentence);
}

/* The wording, the note in its sentence, and last what is said about all of it */
static void
add_variant (IvlMessage *message,
             const char *prompt,
             const char *sentence,
             const char *note,
             const char *rules,
             const char *request)
{
  g_autoptr (GString) text = g_string_new (prompt);
  const char *place = note != NULL && sentence != NULL ? strstr (sentence, PLACEHOLDER) : NULL;

  if (place != NULL)
    {
      g_string_append_printf (text, "\n%.*s", (int) (place - sentence), sentence);
      ivl_message_add_prompt (message, text->str);
      ivl_message_add_text (message, note);
      g_string_assign (text, place + strlen (PLACEHOLDER));
    }
  append_sentence (text, rules);
  append_sentence (text, request);
  if (text->len > 0)
    ivl_message_add_prompt (message, text->str);
}

/* Whether an answer in some language is asked for, in a variant */
static gboolean
asks_in_variant (IvlTask    *self,
                 const char *variant)
{
  g_autofree char *key = variant != NULL ? g_strconcat ("asks-language-", variant, NULL) : NULL;

  if (key != NULL && g_key_file_has_key (self->file, GROUP, key, NULL))
    return g_key_file_get_boolean (self->file, GROUP, key, NULL);
  return self->asks_language;
}

static gboolean
check_variant (IvlTask     *self,
               const char  *variant,
               const char  *note,
               GError     **error)
{
  g_autofree char *key = variant != NULL ? g_strconcat ("prompt-", variant, NULL) : NULL;

  if (self->needs_text || (key != NULL && !g_key_file_has_key (self->file, GROUP, key, NULL)))
    {
      g_auto (GStrv) names = ivl_task_list_variants (self);
      g_autofree char *known = g_strjoinv (", ", names);

      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
                   "Task %s has no variant \"%s\"; there are %s", self->name,
                   variant != NULL ? variant : "", *known != '\0' ? known : "none");
      return FALSE;
    }
  if (note != NULL && !g_key_file_has_key (self->file, GROUP, "context", NULL))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION, "Task %s takes no context",
                   self->name);
      return FALSE;
    }
  return TRUE;
}

/**
 * ivl_task_list_variants:
 * @self: a task
 *
 * Names of the task's wordings for special cases, such as the roles that a picture can have where
 * an alternative text is written (IvlAltRole).
 *
 * Returns: (transfer full) (array zero-terminated=1): the names; none for most tasks
 */
char **
ivl_task_list_variants (IvlTask *self)
{
  g_autoptr (GPtrArray) names = NULL;
  g_auto (GStrv) keys = NULL;

  g_return_val_if_fail (IVL_IS_TASK (self), NULL);

  names = g_ptr_array_new ();
  if (self->plain_variant != NULL)
    g_ptr_array_add (names, g_strdup (self->plain_variant));
  keys = g_key_file_get_keys (self->file, GROUP, NULL, NULL);
  for (guint i = 0; keys[i] != NULL; i++)
    if (g_str_has_prefix (keys[i], "prompt-") && strchr (keys[i], '[') == NULL)
      g_ptr_array_add (names, g_strdup (keys[i] + strlen ("prompt-")));
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

/**
 * ivl_task_create_variant:
 * @self: a task without ivl_task_get_needs_text()
 * @image: (nullable): the picture
 * @variant: (nullable): one of ivl_task_list_variants(); %NULL for the task's plain wording
 * @context: (nullable): what a person says about the picture's purpose and surroundings, UTF-8
 * @language: (nullable): the language to answer in, as in ivl_task_create_message()
 * @error: return location for an error
 *
 * Makes the message that asks for a variant of the task, with @context and the task's rules. The
 * plain wording without a context is what ivl_task_create_message() makes, and no rules are added
 * to it. @context goes in as %IVL_PART_TEXT, so that no markup in it is recognised.
 *
 * Returns: (transfer full): a message of the user, or %NULL with %IVL_ERROR_INVALID_OPTION when
 *   there is no such variant, the task takes no context, or @language is not known
 */
IvlMessage *
ivl_task_create_variant (IvlTask     *self,
                         IvlImage    *image,
                         const char  *variant,
                         const char  *context,
                         const char  *language,
                         GError     **error)
{
  g_autoptr (IvlMessage) message = NULL;
  g_autofree char *tag = NULL;
  g_autofree char *request = NULL;
  g_autofree char *key = NULL;
  g_autofree char *prompt = NULL;
  g_autofree char *sentence = NULL;
  g_autofree char *rules = NULL;
  const char *known;

  g_return_val_if_fail (IVL_IS_TASK (self), NULL);

  if (context != NULL && *context == '\0')
    context = NULL;
  if (g_strcmp0 (variant, self->plain_variant) == 0)
    variant = NULL;
  if (!check_variant (self, variant, context, error))
    return NULL;
  if (variant == NULL && context == NULL)
    return ivl_task_create_message (self, image, NULL, language, error);
  if (language != NULL && !resolve_language (language, &tag, &request, error))
    return NULL;

  known = tag != NULL ? tag : "";
  key = variant != NULL ? g_strconcat ("prompt-", variant, NULL) : g_strdup ("prompt");
  prompt = get_translated (self, key, known);
  sentence = get_translated (self, "context", known);
  rules = get_translated (self, "rules", known);
  message = ivl_message_new (IVL_ROLE_USER);
  if (image != NULL)
    ivl_message_add_image (message, image);
  add_variant (message, prompt, sentence, context, rules,
               asks_in_variant (self, variant) && !is_english (tag) ? request : NULL);
  return g_steal_pointer (&message);
}

/**
 * ivl_task_complete_options:
 * @self: a task
 * @options: (nullable): what the person asked for; %NULL for nothing in particular
 *
 * Fills in the limits that @options leave open (max-tokens, min-tiles, max-tiles at 0) from the
 * task, and what its answers may be (nothing, keep-regions). Of a tile budget of which one end was
 * asked for, the task's other end gives way. @options stay as they are.
 *
 * Returns: (transfer full): new options
 */
IvlOptions *
ivl_task_complete_options (IvlTask    *self,
                           IvlOptions *options)
{
  IvlOptions *complete;
  guint min_tiles, max_tiles;

  g_return_val_if_fail (IVL_IS_TASK (self), NULL);

  complete = options != NULL ? ivl_options_copy (options) : ivl_options_new ();
  min_tiles = ivl_options_get_min_tiles (complete);
  max_tiles = ivl_options_get_max_tiles (complete);
  if (ivl_options_get_max_tokens (complete) == 0)
    g_object_set (complete, "max-tokens", ivl_options_get_max_tokens (self->limits), NULL);
  if (min_tiles == 0)
    {
      guint own = ivl_options_get_min_tiles (self->limits);

      g_object_set (complete, "min-tiles", max_tiles != 0 ? MIN (own, max_tiles) : own, NULL);
    }
  if (max_tiles == 0)
    {
      guint own = ivl_options_get_max_tiles (self->limits);

      g_object_set (complete, "max-tiles", own != 0 ? MAX (own, min_tiles) : 0, NULL);
    }
  if (ivl_options_get_nothing (complete) == NULL)
    g_object_set (complete, "nothing", ivl_options_get_nothing (self->limits), NULL);
  if (ivl_options_get_keep_regions (self->limits))
    g_object_set (complete, "keep-regions", TRUE, NULL);
  return complete;
}
