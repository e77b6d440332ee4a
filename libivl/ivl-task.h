/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <libivl/ivl-error.h>
#include <libivl/ivl-message.h>
#include <libivl/ivl-options.h>

G_BEGIN_DECLS

#define IVL_TYPE_TASK (ivl_task_get_type ())

/**
 * IvlTask:
 *
 * A kind of question with its wording in several languages, tile budget and answer length: caption,
 * detail, alt, ocr, ask, locate. Tasks are data: one `.ini` file each, built into the library and
 * overridden or added to by files in `ivl/tasks` under the user's and the system's data folders.
 */
IVL_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (IvlTask, ivl_task, IVL, TASK, GObject)

IVL_AVAILABLE_IN_ALL
char **ivl_task_list (void);
IVL_AVAILABLE_IN_ALL
IvlTask *ivl_task_load (const char  *name,
                        GError     **error);
IVL_AVAILABLE_IN_ALL
IvlTask *ivl_task_new_from_data (const char  *name,
                                 GBytes      *data,
                                 GError     **error);
IVL_AVAILABLE_IN_ALL
const char *ivl_task_get_name (IvlTask *self);
IVL_AVAILABLE_IN_ALL
char *ivl_task_get_title (IvlTask    *self,
                          const char *language);
IVL_AVAILABLE_IN_ALL
gboolean ivl_task_get_needs_text (IvlTask *self);
IVL_AVAILABLE_IN_ALL
IvlMessage *ivl_task_create_message (IvlTask     *self,
                                     IvlImage    *image,
                                     const char  *text,
                                     const char  *language,
                                     GError     **error);
IVL_AVAILABLE_IN_ALL
char **ivl_task_list_variants (IvlTask *self);
IVL_AVAILABLE_IN_ALL
IvlMessage *ivl_task_create_variant (IvlTask     *self,
                                     IvlImage    *image,
                                     const char  *variant,
                                     const char  *context,
                                     const char  *language,
                                     GError     **error);
IVL_AVAILABLE_IN_ALL
IvlOptions *ivl_task_complete_options (IvlTask    *self,
                                       IvlOptions *options);
IVL_AVAILABLE_IN_ALL
char **ivl_task_list_languages (void);
IVL_AVAILABLE_IN_ALL
char *ivl_task_find_language (const char *language);
IVL_AVAILABLE_IN_ALL
char *ivl_task_get_language_name (const char *tag);

G_END_DECLS
