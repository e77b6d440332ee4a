/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-engine.h>

#include "models/ivl-network.h"

G_BEGIN_DECLS

#define IVL_TYPE_ENGINE_LOCAL (ivl_engine_local_get_type ())

/* The engine that computes in this process, on a model folder. */
G_DECLARE_FINAL_TYPE (IvlEngineLocal, ivl_engine_local, IVL, ENGINE_LOCAL, IvlEngine)

IvlEngine *ivl_engine_local_open (const char  *folder,
                                  GError     **error);
/* For measuring. */
IvlNetwork *ivl_engine_local_get_network (IvlEngineLocal *self);
/* The instruction set that models are computed with here: "generic", "avx2", ... */
const char *ivl_engine_local_get_isa (void);
/* The value of IVL_ISA if it names none of them; else NULL. */
const char *ivl_engine_local_get_unknown_isa (void);

G_END_DECLS
