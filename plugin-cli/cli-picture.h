/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pictures named on a command line; "-" is standard input. */
#pragma once

#include "cli-options.h"

#include <jansson.h>

G_BEGIN_DECLS

/* The first page; says on standard error if there are more */
IvlImage   *cli_picture_load (const CliOptions  *options,
                              const char        *file,
                              GError           **error);

/* One page, from 0 on; of standard input page 0 must be the first that is asked for */
IvlImage   *cli_picture_load_page (const CliOptions  *options,
                                   const char        *file,
                                   guint              page,
                                   GError           **error);

/* Says on standard error which page of several was read */
void        cli_picture_tell_page (const char *file,
                                   guint       page,
                                   guint       n_pages);

/* "page", from 1 on, and "pages" of a file that has several */
void        cli_picture_add_page (json_t *object,
                                  guint   page,
                                  guint   n_pages);

/* Whether at least one of the files can be opened, so that a model is worth opening */
gboolean    cli_picture_any_is_there (char  **files,
                                      guint   n_files);

/* How messages name the picture */
const char *cli_picture_get_label (const char *file);

/* Says on standard error why a picture failed; `error` may name it already */
void        cli_picture_refuse (const char   *file,
                                const GError *error);

/* All of standard input; fails when it is unreasonably long */
GBytes     *cli_picture_read_stdin (GError **error);

/* The tile size and budget: what `answer` says, else the model's own, else (no model) the published
 * models' */
gboolean    cli_picture_get_budget (IvlOptions  *answer,
                                    IvlModel    *model,
                                    guint       *tile_size,
                                    guint       *min_tiles,
                                    guint       *max_tiles,
                                    GError     **error);

/* {cols, rows, tiles}; `n_tiles` counts the thumbnail */
json_t     *cli_picture_grid_to_json (guint n_cols,
                                      guint n_rows,
                                      guint n_tiles);

G_END_DECLS
