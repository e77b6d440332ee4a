/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <libivl/ivl-types.h>

G_BEGIN_DECLS

/**
 * IVL_ALT_TEXT_TARGET:
 *
 * Characters that an alternative text should stay within (IPTC Photo Metadata User Guide). It is a
 * target: text in a picture may need more.
 */
#define IVL_ALT_TEXT_TARGET 125

/**
 * IVL_ALT_TEXT_LIMIT:
 *
 * Characters that an alternative text should never pass; what needs more belongs into a long
 * description.
 */
#define IVL_ALT_TEXT_LIMIT 250

/**
 * IvlAltRole:
 * @IVL_ALT_ROLE_INFORMATIVE: the picture says something: a short equivalent
 * @IVL_ALT_ROLE_TEXT: the picture is mostly text: that text
 * @IVL_ALT_ROLE_FUNCTIONAL: the picture is a link or a button: what it does, not what it shows
 * @IVL_ALT_ROLE_COMPLEX: a chart, map or diagram: a short text and a long description
 * @IVL_ALT_ROLE_DECORATIVE: the picture says nothing: an empty text
 *
 * What a picture is for where it stands (the W3C's decision tree for alternative texts).
 */
typedef enum
{
  IVL_ALT_ROLE_INFORMATIVE,
  IVL_ALT_ROLE_TEXT,
  IVL_ALT_ROLE_FUNCTIONAL,
  IVL_ALT_ROLE_COMPLEX,
  IVL_ALT_ROLE_DECORATIVE,
} IvlAltRole;

/**
 * IvlAltIssues:
 * @IVL_ALT_ISSUE_EMPTY: there is no text, and the role needs one
 * @IVL_ALT_ISSUE_NOT_EMPTY: the picture is decorative and has a text all the same
 * @IVL_ALT_ISSUE_LONG: over %IVL_ALT_TEXT_TARGET characters
 * @IVL_ALT_ISSUE_TOO_LONG: over %IVL_ALT_TEXT_LIMIT characters (and then not @IVL_ALT_ISSUE_LONG)
 * @IVL_ALT_ISSUE_PREFIX: begins by saying that it is a picture ("image of", "Foto von"), or ends so
 *   in a language that puts it there
 * @IVL_ALT_ISSUE_FILE_NAME: is the name of a file
 * @IVL_ALT_ISSUE_NO_DESCRIPTION: the picture is complex and has no long description
 * @IVL_ALT_ISSUE_SAME: is the same as the long description or the caption
 * @IVL_ALT_ISSUE_MARKUP: has HTML or Markdown in it, or several lines
 *
 * What a careful human reader would object to.
 */
typedef enum /*< flags >*/
{
  IVL_ALT_ISSUE_EMPTY = 1 << 0,
  IVL_ALT_ISSUE_NOT_EMPTY = 1 << 1,
  IVL_ALT_ISSUE_LONG = 1 << 2,
  IVL_ALT_ISSUE_TOO_LONG = 1 << 3,
  IVL_ALT_ISSUE_PREFIX = 1 << 4,
  IVL_ALT_ISSUE_FILE_NAME = 1 << 5,
  IVL_ALT_ISSUE_NO_DESCRIPTION = 1 << 6,
  IVL_ALT_ISSUE_SAME = 1 << 7,
  IVL_ALT_ISSUE_MARKUP = 1 << 8,
} IvlAltIssues;

IVL_AVAILABLE_IN_ALL
IvlAltIssues ivl_alt_text_check (const char *alt_text,
                                 IvlAltRole  role,
                                 const char *long_description,
                                 const char *caption,
                                 const char *file_name);
IVL_AVAILABLE_IN_ALL
guint ivl_alt_text_count (const char *alt_text);
IVL_AVAILABLE_IN_ALL
const char *ivl_alt_text_get_role_name (IvlAltRole role);
IVL_AVAILABLE_IN_ALL
gboolean ivl_alt_text_find_role (const char *name,
                                 IvlAltRole *role);

G_END_DECLS
