/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Room for n bytes more, so that appending them cannot end the process, as GLib does where there is
 * no memory. FALSE with IVL_ERROR_NO_MEMORY and the text as it was. */
gboolean ivl_string_room_make (GString  *string,
                               gsize     n,
                               GError  **error);

G_END_DECLS
