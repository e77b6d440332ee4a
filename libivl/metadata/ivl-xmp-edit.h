/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metadata/ivl-xmp-xml.h"

G_BEGIN_DECLS

/* Changes to the bytes of an XMP packet. Those that are not named stay. */
typedef struct _IvlXmpEdit IvlXmpEdit;

IvlXmpEdit *ivl_xmp_edit_new (const char      *xml,
                              gsize            size,
                              const IvlXmpXml *places);
void        ivl_xmp_edit_free (IvlXmpEdit *self);

/* The packet gets a text in these languages, IvlXmpAlternative, the one for everyone first; none:
 * the text is taken away. Items of the old list that stay as they are stay byte by byte. Fails when
 * there is no place for a text: IVL_ERROR_UNSUPPORTED. */
gboolean    ivl_xmp_edit_set_texts (IvlXmpEdit  *self,
                                    IvlXmpText   which,
                                    GPtrArray   *texts,
                                    GError     **error);
/* Names a JPEG file's second packet; NULL: there is none. */
gboolean    ivl_xmp_edit_set_extension (IvlXmpEdit  *self,
                                        const char  *guid,
                                        GError     **error);
/* (transfer full): the new packet */
GString    *ivl_xmp_edit_apply (IvlXmpEdit *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlXmpEdit, ivl_xmp_edit_free)

G_END_DECLS
