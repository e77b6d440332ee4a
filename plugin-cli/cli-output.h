/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The only way to standard output and standard error. When nobody reads standard output any more
 * the process ends without a word, as a filter should; any other failure to write is an error of
 * its own. */
#pragma once

#include <glib.h>
#include <jansson.h>

G_BEGIN_DECLS

gboolean cli_output_is_terminal (void);

/* Foreign text: cleaned as cli-text.h says for where standard output goes, shown at once.
 * `raw`: keep control characters, which a terminal never gets all the same. */
void cli_output_text (const char *text,
                      gboolean    raw);

/* A file name inside a line */
void cli_output_name (const char *name);

/* Our own words, and numbers */
void cli_output_print (const char *format,
                       ...) G_GNUC_PRINTF (1, 2);

void cli_output_bytes (gconstpointer bytes,
                       gsize         n_bytes);

/* One line; takes ownership of `object` */
void cli_output_json (json_t *object);

/* A JSON string of any text. A byte that is no UTF-8 becomes U+FFFD and its two hexadecimal digits,
 * so that names in another encoding stay distinct (returns a new reference) */
json_t *cli_output_json_string (const char *text);

/* "ivl: MESSAGE" on standard error, cleaned, after the progress line was taken away */
void cli_output_error (const char *format,
                       ...) G_GNUC_PRINTF (1, 2);

G_END_DECLS
