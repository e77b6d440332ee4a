/* SPDX-License-Identifier: LGPL-2.1-or-later
 * What the machine at hand can do at most. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Takes about half a second. n_threads 0: as many as processors may be used. gflops_f32: float32
 * multiplications and additions that never leave the registers, in 10^9 a second, a fused one
 * counted as two. read_gb_per_s: a buffer far larger than the caches read from front to back, in
 * 10^9 bytes a second; 0 when there is no memory for it. */
void ivl_machine_measure (double *gflops_f32,
                          double *read_gb_per_s,
                          guint   n_threads);

G_END_DECLS
