/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Chooses the kernels for the processor at hand. */
#include "kernels/ivl-kernels-private.h"

#include <stdlib.h>
#include <string.h>

/* Written as a table so that an instruction set that is built cannot be forgotten here. */
#define IVL_ISA_TEST(name, test) \
  static int                     \
  has_##name (void)              \
  {                              \
    return (test) != 0;          \
  }
IVL_ISA_LIST (IVL_ISA_TEST)
#undef IVL_ISA_TEST

static int
has_generic (void)
{
  return 1;
}

static const struct
{
  const char *name;
  int (*is_supported) (void);
  void (*init) (IvlKernels *kernels);
} isas[] = {
  { "generic", has_generic, ivl_kernels_init_generic },
#define IVL_ISA_ROW(name, test) { #name, has_##name, ivl_kernels_init_##name },
  IVL_ISA_LIST (IVL_ISA_ROW)
#undef IVL_ISA_ROW
};

size_t
ivl_kernels_get_n_isas (void)
{
  return sizeof isas / sizeof isas[0];
}

const char *
ivl_kernels_get_isa_name (size_t isa)
{
  return isas[isa].name;
}

int
ivl_kernels_init_isa (IvlKernels *kernels,
                      size_t      isa)
{
  if (!isas[isa].is_supported ())
    return 0;

  for (size_t i = 0; i <= isa; i++)
    if (isas[i].is_supported ())
      isas[i].init (kernels);
  kernels->isa = isas[isa].name;
  return 1;
}

void
ivl_kernels_init (IvlKernels *kernels)
{
  const char *limit = getenv ("IVL_ISA");
  size_t last = ivl_kernels_get_n_isas () - 1;

  for (size_t i = 0; limit != NULL && i < ivl_kernels_get_n_isas (); i++)
    if (strcmp (limit, isas[i].name) == 0)
      last = i;

  while (!ivl_kernels_init_isa (kernels, last))
    last--;
}
