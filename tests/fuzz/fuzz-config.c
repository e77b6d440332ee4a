/* SPDX-License-Identifier: LGPL-2.1-or-later
 * A byte 0xff, which no JSON holds, parts config.json from generation_config.json. */
#include "formats/ivl-hf-config.h"

#include <string.h>

#include "fuzz-target.h"

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  const char *bytes = (const char *) data;
  const char *part = size > 0 ? memchr (bytes, 0xff, size) : NULL;
  gsize config_size = part != NULL ? (gsize) (part - bytes) : size;
  gsize rest_size = part != NULL ? size - config_size - 1 : 0;
  g_autoptr(IvlHfConfig) config = ivl_hf_config_parse (bytes, config_size,
                                                       part != NULL ? part + 1 : NULL, rest_size,
                                                       NULL);

  return config != NULL && config->has_lm && config->lm.head_dim % 2 != 0 ? -1 : 0;
}
