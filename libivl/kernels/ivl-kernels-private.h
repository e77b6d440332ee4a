/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the files of this folder share: one init function per instruction set, from the list that
 * meson writes. */
#pragma once

#include "kernels/ivl-kernels.h"
#include "kernels/ivl-isa-list.h"

/* Each overwrites the slots that it has and leaves the others. */
void ivl_kernels_init_generic (IvlKernels *kernels);
#define IVL_ISA_PROTOTYPE(name, test) void ivl_kernels_init_##name (IvlKernels *kernels);
IVL_ISA_LIST (IVL_ISA_PROTOTYPE)
#undef IVL_ISA_PROTOTYPE
