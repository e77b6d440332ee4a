/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  IVL_XMP_TEXT_ALT,     /* Iptc4xmpCore:AltTextAccessibility */
  IVL_XMP_TEXT_LONG,    /* Iptc4xmpCore:ExtDescrAccessibility */
  IVL_XMP_TEXT_CAPTION, /* dc:description */
} IvlXmpText;

enum
{
  IVL_XMP_TEXT_N = 3,
  IVL_XMP_TEXT_MAX_LANGUAGE = 100,  /* bytes of its name; RFC 5646, 4.4.1 finds 35 enough */
  IVL_XMP_TEXT_MAX_LANGUAGES = 500, /* of one text in one packet */
};

/* The language of the text for everyone */
#define IVL_XMP_TEXT_FOR_ALL "x-default"

/* One text in one language. Languages are compared without regard to case (RFC 4647, 2). */
typedef struct
{
  char *language; /* (owned) IVL_XMP_TEXT_FOR_ALL: for everyone */
  char *text;     /* (owned) */
} IvlXmpAlternative;

gboolean                 ivl_xmp_text_is_for_all (const char *language);

/* A text in all its languages: IvlXmpAlternative, each language once */
GPtrArray               *ivl_xmp_text_list_new (void);
/* Nothing happens if the language is there. */
void                     ivl_xmp_text_list_add (GPtrArray  *list,
                                                const char *language,
                                                const char *text);
/* Adds a text that is in no list of languages. exiv2 0.27, which GIMP 2.10 writes with, knows the
 * accessibility texts as plain strings and puts its own notation for languages into them:
 * lang="x-default" TEXT, lang="de" TEXT. Any other text is one for everyone, and so is one that
 * would have more languages than are read. */
void                     ivl_xmp_text_list_add_plain (GPtrArray  *list,
                                                      const char *text);
const IvlXmpAlternative *ivl_xmp_text_list_find (GPtrArray  *list,
                                                 const char *language);
/* The text for everyone, or the first one; NULL when there is none. *language (nullable): the
 * language under which the same text is there again, NULL when it is not said. */
const char              *ivl_xmp_text_list_choose (GPtrArray   *list,
                                                   const char **language);
/* The list that follows from an old one when a text is set: for everyone, first, and again under
 * language (nullable). Texts in other languages stay; those that repeated the old one follow it if
 * language is NULL. An empty text leaves no language. */
GPtrArray               *ivl_xmp_text_list_replace (GPtrArray  *old,
                                                    const char *text,
                                                    const char *language);
/* Sets one language alone; an empty text takes it away. */
GPtrArray               *ivl_xmp_text_list_translate (GPtrArray  *old,
                                                      const char *language,
                                                      const char *text);
/* The same texts in the same languages, in any order */
gboolean                 ivl_xmp_text_list_equal (GPtrArray *a,
                                                  GPtrArray *b);

/* Whether this is well-formed as RFC 5646, 2.1 has it. x-default is no language. */
gboolean                 ivl_xmp_text_is_language (const char *language);

G_END_DECLS
