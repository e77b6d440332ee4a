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

/* A JSON string of any text: invalid UTF-8 is replaced (returns a new reference) */
json_t *cli_output_json_string (const char *text);

/* An object about a file: `rest` (taken) behind the key file. Where the name is not UTF-8, bytes
 * that belong to no character stand in it as \xNN and backslashes are doubled, and the key
 * file_base64 holds the name itself. */
json_t *cli_output_json_for_file (const char *file,
                                  json_t     *rest);

/* "ivl: MESSAGE" on standard error, cleaned, after the progress line was taken away */
void cli_output_error (const char *format,
                       ...) G_GNUC_PRINTF (1, 2);

G_END_DECLS
