/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Chooses the kernels for the processor at hand. */
#include "kernels/ivl-kernels-private.h"

#include <stdlib.h>
#include <string.h>

#ifdef __x86_64__
#include <cpuid.h>

/* Compilers differ in whether they know this one by its name. That the system keeps the registers
 * is in the answer for avx2, which every row asks for too. */
static int
has_feature_f16c (void)
{
  unsigned int eax, ebx, ecx, edx;

  return __get_cpuid (1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C) != 0;
}

#define HAS_FEATURE(name) __builtin_cpu_supports (#name)
#define has_feature_avx2() HAS_FEATURE (avx2)
#define has_feature_fma() HAS_FEATURE (fma)
#define has_feature_avx512f() HAS_FEATURE (avx512f)
#define has_feature_avx512bw() HAS_FEATURE (avx512bw)
#define has_feature_avx512vl() HAS_FEATURE (avx512vl)
#define has_feature_avx512dq() HAS_FEATURE (avx512dq)
#define IVL_HAS_FEATURE(name) has_feature_##name ()
#endif

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

/* The number of isas where there is none of that name. */
static size_t
find_isa (const char *name)
{
  size_t i = 0;

  while (i < ivl_kernels_get_n_isas () && strcmp (name, isas[i].name) != 0)
    i++;
  return i;
}

const char *
ivl_kernels_get_unknown_limit (void)
{
  const char *limit = getenv ("IVL_ISA");

  if (limit == NULL || *limit == '\0' || find_isa (limit) < ivl_kernels_get_n_isas ())
    return NULL;
  return limit;
}

void
ivl_kernels_init (IvlKernels *kernels)
{
  const char *limit = getenv ("IVL_ISA");
  size_t last = ivl_kernels_get_n_isas () - 1;

  if (limit != NULL && find_isa (limit) <= last)
    last = find_isa (limit);
  while (!ivl_kernels_init_isa (kernels, last))
    last--;
}
