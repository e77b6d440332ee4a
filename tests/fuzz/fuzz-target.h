/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* libFuzzer's entry: must return 0, and must neither crash nor leak whatever the bytes are. */
int LLVMFuzzerTestOneInput (const guint8 *data,
                            gsize         size);
