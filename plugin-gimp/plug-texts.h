/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Alternative text, long description and caption in the XML that GIMP keeps an image's metadata
 * in (gimp_metadata_serialize()), without the library behind it, whose interface differs between
 * 3.0 and 3.2. */
#pragma once

#include <libivl/ivl.h>

G_BEGIN_DECLS

/* How the library behind GIMP wants values of many languages */
typedef enum
{
  PLUG_TEXTS_LANG,  /* lang="x-default" TEXT: exiv2 0.28 and GIMP 3 */
  PLUG_TEXTS_PLAIN, /* TEXT: exiv2 0.27 takes the prefix for part of the text, and exports it so */
} PlugTextsForm;

/* xml (nullable): what is there. Fields that are NULL stay as they are, empty ones are taken
 * away, all other tags are kept. NULL: xml is not as GIMP writes it. */
char        *plug_texts_to_xml (const char *xml, IvlMetadata *texts, PlugTextsForm form,
                                GError **error);
/* Would writing change anything? Fields of change that are NULL ask for none, and empty is as
 * none. */
gboolean     plug_texts_differ (IvlMetadata *have, IvlMetadata *change);
/* Either form is read */
IvlMetadata *plug_texts_from_xml (const char *xml, GError **error);

G_END_DECLS
