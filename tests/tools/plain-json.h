/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Jansson for the tests, which run in several locales too: text is read and written as in "C".
 * Included by -include wherever a test uses jansson. */
#pragma once

#include <jansson.h>
#include <locale.h>

/* Statement expressions: the calls stay expressions, whatever they give. */
#define PLAIN_JSON_CALL(type, call)                                       \
  (__extension__ ({                                                       \
    const locale_t plain_json_c = newlocale (LC_ALL_MASK, "C", NULL);     \
    const locale_t plain_json_caller = uselocale (plain_json_c);          \
    type plain_json_result = call;                                        \
    uselocale (plain_json_caller);                                        \
    freelocale (plain_json_c);                                            \
    plain_json_result;                                                    \
  }))

#define json_loads(...)     PLAIN_JSON_CALL (json_t *, (json_loads) (__VA_ARGS__))
#define json_loadb(...)     PLAIN_JSON_CALL (json_t *, (json_loadb) (__VA_ARGS__))
#define json_load_file(...) PLAIN_JSON_CALL (json_t *, (json_load_file) (__VA_ARGS__))
#define json_dumps(...)     PLAIN_JSON_CALL (char *, (json_dumps) (__VA_ARGS__))
