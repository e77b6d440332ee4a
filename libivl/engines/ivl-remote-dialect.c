/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The engines that are known, and how one is recognised.
 */
#include "engines/ivl-remote-dialect.h"

#include <gio/gio.h>
#include <string.h>

#include "ivl-remote-resources.h"

#define FOLDER "/org/ivl/remote"

static void
load (GPtrArray  *dialects,
      GResource  *resource,
      const char *file)
{
  g_autofree char *path = g_strconcat (FOLDER "/", file, NULL);
  g_autoptr (GBytes) text = g_resource_lookup_data (resource, path, 0, NULL);
  g_autoptr (GError) error = NULL;
  IvlWireDialect *dialect;

  if (text == NULL)
    return;
  dialect =
      ivl_wire_dialect_parse (g_bytes_get_data (text, NULL), g_bytes_get_size (text), &error);
  if (dialect != NULL)
    g_ptr_array_add (dialects, dialect);
  else
    g_critical ("%s: %s", file, error->message);
}

/* All dialects, in the order of their files' names. */
static GPtrArray *
get_all (void)
{
  static GPtrArray *all; /* IvlWireDialect */

  if (g_once_init_enter (&all))
    {
      GResource *resource = ivl_remote_get_resource ();
      g_auto (GStrv) files = g_resource_enumerate_children (resource, FOLDER, 0, NULL);
      GPtrArray *dialects = g_ptr_array_new ();

      for (guint i = 0; files != NULL && files[i] != NULL; i++)
        load (dialects, resource, files[i]);
      g_once_init_leave (&all, dialects);
    }
  return all;
}

const IvlWireDialect *
ivl_remote_dialect_find (const char  *name,
                         GError     **error)
{
  g_autoptr (GString) known = g_string_new (NULL);
  GPtrArray *all = get_all ();

  for (guint i = 0; i < all->len; i++)
    {
      const IvlWireDialect *dialect = g_ptr_array_index (all, i);

      if (strcmp (dialect->name, name) == 0)
        return dialect;
      g_string_append_printf (known, "%s%s", i > 0 ? ", " : "", dialect->name);
    }
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_OPTION,
               "There is no engine \"%s\"; there are %s", name, known->str);
  return NULL;
}

GStrv
ivl_remote_dialect_list (void)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  GPtrArray *all = get_all ();

  for (guint i = 0; i < all->len; i++)
    g_strv_builder_add (names, ((const IvlWireDialect *) g_ptr_array_index (all, i))->name);
  return g_strv_builder_end (names);
}

const IvlWireDialect *
ivl_remote_dialect_detect (const char *owner,
                           const char *server)
{
  GPtrArray *all = get_all ();

  /* llama-server names itself in every reply; all others name their HTTP library there. */
  if (owner == NULL && server != NULL && g_str_has_prefix (server, "llama.cpp"))
    owner = "llamacpp";
  for (guint i = 0; owner != NULL && i < all->len; i++)
    {
      const IvlWireDialect *dialect = g_ptr_array_index (all, i);

      for (guint k = 0; dialect->owners[k] != NULL; k++)
        if (g_ascii_strcasecmp (dialect->owners[k], owner) == 0)
          return dialect;
    }
  return NULL;
}

const IvlWireDialect *
ivl_remote_dialect_find_by_port (int port)
{
  GPtrArray *all = get_all ();

  for (guint i = 0; port > 0 && i < all->len; i++)
    {
      const IvlWireDialect *dialect = g_ptr_array_index (all, i);

      if (dialect->port == (guint) port)
        return dialect;
    }
  return NULL;
}
