/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <libivl/ivl-image.h>
#include <libivl/ivl-types.h>

G_BEGIN_DECLS

#define IVL_TYPE_MESSAGE (ivl_message_get_type ())

/**
 * IvlMessage:
 *
 * Something said: a role and an ordered list of parts, each a text or a picture.
 */
IVL_AVAILABLE_IN_ALL
G_DECLARE_FINAL_TYPE (IvlMessage, ivl_message, IVL, MESSAGE, GObject)

/**
 * IvlPartKind:
 * @IVL_PART_TEXT: text from people, pictures or file names: no model markup is recognised in it
 * @IVL_PART_PROMPT: text written by a program, in which markup such as `<ref>` is recognised
 * @IVL_PART_IMAGE: a picture
 *
 * What a part of a message holds.
 */
typedef enum
{
  IVL_PART_TEXT,
  IVL_PART_PROMPT,
  IVL_PART_IMAGE,
} IvlPartKind;

IVL_AVAILABLE_IN_ALL
IvlMessage *ivl_message_new (IvlRole role);
IVL_AVAILABLE_IN_ALL
void ivl_message_add_text (IvlMessage *self,
                           const char *text);
IVL_AVAILABLE_IN_ALL
void ivl_message_add_prompt (IvlMessage *self,
                             const char *text);
IVL_AVAILABLE_IN_ALL
void ivl_message_add_image (IvlMessage *self,
                            IvlImage   *image);
IVL_AVAILABLE_IN_ALL
IvlRole ivl_message_get_role (IvlMessage *self);
IVL_AVAILABLE_IN_ALL
guint ivl_message_get_n_parts (IvlMessage *self);
IVL_AVAILABLE_IN_ALL
IvlPartKind ivl_message_get_part_kind (IvlMessage *self,
                                       guint       index);
IVL_AVAILABLE_IN_ALL
const char *ivl_message_get_part_text (IvlMessage *self,
                                       guint       index);
IVL_AVAILABLE_IN_ALL
IvlImage *ivl_message_get_part_image (IvlMessage *self,
                                      guint       index);

G_END_DECLS
