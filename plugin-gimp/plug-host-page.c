/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an export begins from, the same in every GIMP. */
#include "plug-host-page.h"

#include <glib/gi18n.h>
#include <libivl/ivl.h>

static gboolean
is_one_page (const PlugHostPage *self)
{
  return self->n_layers == 1 && self->n_shown == 1 && !self->has_group && !self->has_mixing &&
         self->layer_x == 0 && self->layer_y == 0 && self->layer_width == self->width &&
         self->layer_height == self->height;
}

gboolean
plug_host_page_plan (const PlugHostPage  *self,
                     gboolean             has_alpha,
                     PlugHostPageStep    *step,
                     GError             **error)
{
  if (self->n_shown == 0)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NOT_FOUND,
                   _("There is nothing to write: no layer is visible. Show a layer in GIMP's "
                     "layers dialog."));
      return FALSE;
    }
  if (!has_alpha)
    *step = PLUG_HOST_PAGE_FLATTEN;
  else if (is_one_page (self))
    *step = PLUG_HOST_PAGE_KEEP;
  else
    *step = self->has_ground ? PLUG_HOST_PAGE_FLATTEN : PLUG_HOST_PAGE_MERGE;
  return TRUE;
}

gboolean
plug_host_page_check (const PlugHostPage  *self,
                      GError             **error)
{
  if (is_one_page (self))
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
               _("GIMP did not make one page of %d × %d pixels of what is visible, but %d, the "
                 "first of %d × %d. Flatten the image and try again."),
               self->width, self->height, self->n_layers, self->layer_width, self->layer_height);
  return FALSE;
}
