/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libivl/ivl-version-macros.h>

G_BEGIN_DECLS

#define IVL_TYPE_METADATA (ivl_metadata_get_type ())

/**
 * IvlMetadata:
 *
 * The texts about a picture that its file carries in XMP: the alternative text
 * (`Iptc4xmpCore:AltTextAccessibility`), the long description
 * (`Iptc4xmpCore:ExtDescrAccessibility`) and the caption (`dc:description`). Three different
 * things: none is ever taken for another.
 */
IVL_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (IvlMetadata, ivl_metadata, IVL, METADATA, GObject)

/**
 * IvlMetadataText:
 * @IVL_METADATA_ALT_TEXT: the alternative text
 * @IVL_METADATA_LONG_DESCRIPTION: the long description
 * @IVL_METADATA_CAPTION: the caption
 *
 * One of the texts, where all of them are treated alike.
 */
typedef enum
{
  IVL_METADATA_ALT_TEXT,
  IVL_METADATA_LONG_DESCRIPTION,
  IVL_METADATA_CAPTION,
} IvlMetadataText;

IVL_AVAILABLE_IN_ALL
IvlMetadata *ivl_metadata_new (void);
IVL_AVAILABLE_IN_ALL
IvlMetadata *ivl_metadata_read_file (const char  *path,
                                     GError     **error);
IVL_AVAILABLE_IN_ALL
gboolean ivl_metadata_write_file (IvlMetadata  *self,
                                  const char   *path,
                                  GCancellable *cancellable,
                                  GError      **error);
IVL_AVAILABLE_IN_ALL
gboolean ivl_metadata_can_write (const char *path);
IVL_AVAILABLE_IN_ALL
const char *ivl_metadata_get_alt_text (IvlMetadata *self);
IVL_AVAILABLE_IN_ALL
void ivl_metadata_set_alt_text (IvlMetadata *self,
                                const char  *alt_text);
IVL_AVAILABLE_IN_ALL
const char *ivl_metadata_get_long_description (IvlMetadata *self);
IVL_AVAILABLE_IN_ALL
void ivl_metadata_set_long_description (IvlMetadata *self,
                                        const char  *long_description);
IVL_AVAILABLE_IN_ALL
const char *ivl_metadata_get_caption (IvlMetadata *self);
IVL_AVAILABLE_IN_ALL
void ivl_metadata_set_caption (IvlMetadata *self,
                               const char  *caption);
IVL_AVAILABLE_IN_ALL
const char *ivl_metadata_get_language (IvlMetadata *self);
IVL_AVAILABLE_IN_ALL
void ivl_metadata_set_language (IvlMetadata *self,
                                const char  *language);
IVL_AVAILABLE_IN_ALL
char **ivl_metadata_list_languages (IvlMetadata     *self,
                                    IvlMetadataText  which);
IVL_AVAILABLE_IN_ALL
const char *ivl_metadata_get_translation (IvlMetadata     *self,
                                          IvlMetadataText  which,
                                          const char      *language);
IVL_AVAILABLE_IN_ALL
void ivl_metadata_set_translation (IvlMetadata     *self,
                                   IvlMetadataText  which,
                                   const char      *language,
                                   const char      *text);

G_END_DECLS
