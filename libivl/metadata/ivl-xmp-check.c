/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bounds on XMP packets from outside.
 */
#include "metadata/ivl-xmp-check.h"

#include <libivl/ivl-error.h>
#include <string.h>

enum
{
  MAX_DEPTH = 64,        /* the deepest packets that are known have about 20 */
  MAX_NAMES = 20000,     /* elements with a name of their own, and attributes */
  MAX_ELEMENTS = 200000, /* list items with them: an editor's list of sources can be long */
};

typedef struct
{
  guint depth;
  guint n_names;
  guint n_elements;
} Counts;

static void
on_start (GMarkupParseContext  *context,
          const char           *name,
          const char          **attribute_names,
          const char          **attribute_values,
          gpointer              user_data,
          GError              **error)
{
  Counts *counts = user_data;

  counts->depth++;
  counts->n_elements++;
  counts->n_names += g_strv_length ((char **) attribute_names);
  if (strcmp (name, "rdf:li") != 0)
    counts->n_names++;
  if (counts->depth > MAX_DEPTH)
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                 "damaged XMP packet: elements are nested deeper than %d", MAX_DEPTH);
  else if (counts->n_names > MAX_NAMES || counts->n_elements > MAX_ELEMENTS)
    g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
                 "its XMP packet has too many elements (more than %d)",
                 counts->n_names > MAX_NAMES ? MAX_NAMES : MAX_ELEMENTS);
}

static void
on_end (GMarkupParseContext  *context,
        const char           *name,
        gpointer              user_data,
        GError              **error)
{
  Counts *counts = user_data;

  counts->depth--;
}

gboolean
ivl_xmp_check_xml (const char  *xml,
                   gsize        size,
                   GError     **error)
{
  static const GMarkupParser parser = { on_start, on_end, NULL, NULL, NULL };
  g_autoptr (GMarkupParseContext) context = NULL;
  g_autoptr (GError) local = NULL;
  Counts counts = { 0 };

  if (!g_utf8_validate (xml, size, NULL))
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "its XMP packet is not in UTF-8");
      return FALSE;
    }
  if (memmem (xml, size, "<!DOCTYPE", 9) != NULL || memmem (xml, size, "<!ENTITY", 8) != NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
                   "damaged XMP packet: it defines a document type");
      return FALSE;
    }
  context = g_markup_parse_context_new (&parser, 0, &counts, NULL);
  if (g_markup_parse_context_parse (context, xml, size, &local)
      && g_markup_parse_context_end_parse (context, &local))
    return TRUE;
  if (local->domain == IVL_ERROR)
    g_propagate_error (error, g_steal_pointer (&local));
  else
    g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA, "damaged XMP packet: %s",
                 local->message);
  return FALSE;
}
