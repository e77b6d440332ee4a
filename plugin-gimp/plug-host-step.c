/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Changes to an image with their names, in every GIMP. */
#include "plug-host-step.h"

#include "plug-host.h"

#include <glib/gi18n.h>

/* nocheck:name: the host's, of which this file is the part that all GIMPs share */
gboolean
plug_host_select_boxes (int         image,
                        GPtrArray  *boxes,
                        GError    **error)
{
  return plug_host_step_run (_("Select Found Places"), plug_host_edit_select_boxes, image, boxes,
                             error);
}

/* nocheck:name: as above */
gboolean
plug_host_add_guides (int         image,
                      GPtrArray  *boxes,
                      GError    **error)
{
  return plug_host_step_run (_("Add Guides"), plug_host_edit_add_guides, image, boxes, error);
}

/* nocheck:name: as above */
gboolean
plug_host_add_channels (int         image,
                        GPtrArray  *boxes,
                        GError    **error)
{
  return plug_host_step_run (_("Add Channels"), plug_host_edit_add_channels, image, boxes, error);
}

/* nocheck:name: as above */
gboolean
plug_host_add_text_boxes (int         image,
                          GPtrArray  *boxes,
                          GError    **error)
{
  return plug_host_step_run (_("Add Text Layers"), plug_host_edit_add_text_boxes, image, boxes,
                             error);
}

/* nocheck:name: as above */
gboolean
plug_host_add_text (int          image,
                    const char  *text,
                    GError     **error)
{
  return plug_host_step_run (_("Add Text Layer"), plug_host_edit_add_text, image, (gpointer) text,
                             error);
}

/* nocheck:name: as above */
gboolean
plug_host_set_texts (int           image,
                     IvlMetadata  *texts,
                     GError      **error)
{
  return plug_host_step_run (_("Write Alternative Text"), plug_host_edit_set_texts, image, texts,
                             error);
}
