/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which texts can become text layers, the same in every GIMP. */
#include "plug-host-text.h"

#include <glib/gi18n.h>
#include <libivl/ivl.h>

/* GIMP draws text through cairo, whose pictures have no longer side */
#define MAX_SIDE 32767

gboolean
plug_host_text_check (double   width,
                      double   height,
                      GError **error)
{
  if (width <= MAX_SIDE && height <= MAX_SIDE)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED,
               _("The text is too long for a text layer: it would be %.0f × %.0f pixels large, and "
                 "GIMP draws no more than %d. Copy it, or take a part of it."),
               width, height, MAX_SIDE);
  return FALSE;
}

gboolean
plug_host_text_check_drawn (double   n_drawn,
                            GError **error)
{
  if (n_drawn > 0)
    return TRUE;
  g_set_error (error, IVL_ERROR, IVL_ERROR_INVALID_DATA,
               _("GIMP made a text layer and drew nothing into it, so it was taken away again. "
                 "Choose another font for the text tool, or copy the text."));
  return FALSE;
}
