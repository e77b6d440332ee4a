/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "formats/ivl-hf-config.h"
#include "lm/ivl-decoder.h"
#include "models/ivl-weight-map.h"
#include "vision/ivl-projector.h"
#include "vision/ivl-vit.h"

G_BEGIN_DECLS

/* What a checkpoint's weights are put into. Parts that a family lacks stay empty. */
typedef struct
{
  IvlVit       vit;
  IvlProjector projector;
  IvlDecoder   decoder;
} IvlParts;

/* A model family: one row in ivl-family.c. */
typedef struct
{
  IvlArch     arch;
  const char *name;            /* for people */
  const char *vision_prefix;   /* of weight names; NULL: no vision tower */
  const char *projector_prefix; /* NULL: no projector */
  const char *lm_prefix;       /* NULL: no language model */
  const char *template_name;   /* chat template; NULL: config.json names it */
} IvlFamily;

const IvlFamily *ivl_family_lookup (IvlArch arch);

/* Whether the weights hold an output head, whatever the config says of a tied one. */
gboolean         ivl_family_has_own_head (const IvlFamily   *family,
                                          const IvlHfConfig *config,
                                          IvlCheckpoint     *checkpoint);
/* Fills parts from the binder's checkpoint (or only counts, see IvlWeightBinder). binder->sizes
 * and flags are set here. The layer arrays are allocated here: free with
 * ivl_family_clear_parts(). */
gboolean ivl_family_bind (const IvlFamily    *family,
                          const IvlHfConfig  *config,
                          IvlWeightBinder    *binder,
                          IvlParts           *parts,
                          GError            **error);
void     ivl_family_clear_parts (IvlParts *parts);

G_END_DECLS
