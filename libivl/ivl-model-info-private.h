/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-model-info.h>

/* Whether nothing is wrong with the folder itself, whatever this computer's memory. */
gboolean ivl_model_info_is_whole (IvlModelInfo *self);
