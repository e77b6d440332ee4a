/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A dialog in which a server is added or changed: name, address, model, engine, key. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Called once when the server has been written into the configuration; not when it is cancelled */
typedef void (*PlugRemoteDialogFunc) (const char *name, gpointer user_data);

/* name: NULL for a new server. Closes with its parent. */
void plug_remote_dialog_show (GtkWindow            *parent,
                              const char           *name,
                              PlugRemoteDialogFunc  function,
                              gpointer              user_data);

G_END_DECLS
