/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/ivl-checkpoint.h"

G_BEGIN_DECLS

/* Why weights that a quantisation method made cannot be used, and what can: for quant_method as
 * config files name it. */
char *ivl_weight_kind_describe_method (const char *method);

/* Sentences of the same kind for weights that their names give away; NULL where no name does.
 * An adapter that was not merged changes what the other weights mean, so it counts wherever it is;
 * what quantisation leaves behind explains weights that are missing or misshapen. */
char *ivl_weight_kind_explain_adapter (IvlCheckpoint *checkpoint);
char *ivl_weight_kind_explain_quantised (IvlCheckpoint *checkpoint);

G_END_DECLS
