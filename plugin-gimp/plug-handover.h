/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One process for each running GIMP: a socket in the user's runtime folder (mode 0700), named
 * for GIMP's process, that the first listens on. */
#pragma once

#include "plug-action.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _PlugHandover PlugHandover;

typedef void (*PlugHandoverFunc) (const PlugAction *action, int image, gpointer user_data);

/* TRUE: another process has taken it. FALSE without an error: this is the first one. slow
 * (nullable): called once where the other process takes its time, as in the middle of an export. */
gboolean plug_handover_send (int               gimp_pid,
                             const PlugAction *action,
                             int               image,
                             void            (*slow) (void));
/* NULL: it cannot listen (a folder that may not be written, say); this process then goes on
 * alone. */
PlugHandover *
plug_handover_listen (int gimp_pid, PlugHandoverFunc function, gpointer user_data, GError **error);
/* Whoever connects from now on becomes the first one */
void          plug_handover_close (PlugHandover *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PlugHandover, plug_handover_close)

G_END_DECLS
