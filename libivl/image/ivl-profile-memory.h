/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <lcms2.h>

G_BEGIN_DECLS

/* A context of lcms2 that sets lacking where memory lacks, which lcms2 takes for a damaged profile.
 * lacking lives as long as the context. NULL without memory, with lacking set. */
cmsContext ivl_profile_memory_new_context (gboolean *lacking);

G_END_DECLS
