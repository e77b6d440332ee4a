/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which texts can become text layers, the same in every GIMP. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* width, height: pixels of the layer. FALSE with IVL_ERROR_UNSUPPORTED: GIMP would draw nothing */
gboolean plug_host_text_check (double width, double height, GError **error);
/* After GIMP has drawn it: n_drawn pixels that are not transparent. FALSE with
 * IVL_ERROR_INVALID_DATA */
gboolean plug_host_text_check_drawn (double n_drawn, GError **error);

G_END_DECLS
