/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metadata/ivl-xmp-text.h"

G_BEGIN_DECLS

/* Where in an XMP packet our properties stand, byte by byte, and what stands around them. The
 * packet is not interpreted any further: an rdf:RDF may be the root or stand anywhere within, there
 * may be several, and each of its children may hold one of our properties. */

typedef enum
{
  IVL_XMP_NAMESPACE_RDF,
  IVL_XMP_NAMESPACE_IPTC,
  IVL_XMP_NAMESPACE_DC,
  IVL_XMP_NAMESPACE_NOTE,
  IVL_XMP_NAMESPACE_N,
} IvlXmpNamespace;

enum
{
  IVL_XMP_PROPERTY_EXTENSION = IVL_XMP_TEXT_N, /* xmpNote:HasExtendedXMP */
  IVL_XMP_PROPERTY_N,
};

/* Bytes from start to before end */
typedef struct
{
  gsize start;
  gsize end;
} IvlXmpSpan;

/* How our namespaces are called at a place */
typedef struct
{
  char    *prefixes[IVL_XMP_NAMESPACE_N]; /* (owned) "": the default namespace */
  gboolean is_bound[IVL_XMP_NAMESPACE_N]; /* FALSE: the prefix is free, and has to be declared */
} IvlXmpScope;

/* An element into which something can be put */
typedef struct
{
  char       *name; /* (owned) (nullable): as it is written; NULL: there is no such element */
  IvlXmpSpan  start_tag;
  IvlXmpSpan  end_tag; /* empty if the start tag is the whole element */
  IvlXmpScope scope;
} IvlXmpElement;

/* One item of a list of languages */
typedef struct
{
  char      *language; /* (owned) (nullable): not said */
  char      *text;     /* (owned) (nullable): it is no text */
  IvlXmpSpan item;     /* all of it */
  IvlXmpSpan content;  /* what is to be replaced with another text */
  gboolean   has_content; /* FALSE: the item can be replaced as a whole only */
} IvlXmpItem;

typedef struct
{
  int         which; /* IvlXmpText, or IVL_XMP_PROPERTY_EXTENSION */
  IvlXmpSpan  span;  /* element, or attribute and the space before it */
  gboolean    is_list;   /* an rdf:Alt whose items can be replaced one by one */
  IvlXmpSpan  list;      /* is_list: between its tags */
  char       *item_name; /* (owned) (nullable): is_list: how rdf:li is written there */
  GPtrArray  *items;     /* (owned) IvlXmpItem */
  GPtrArray  *texts;     /* (owned) IvlXmpAlternative: the same, as a list */
  gboolean    has_more;  /* something that a new list of its texts would lose */
} IvlXmpProperty;

typedef struct
{
  GPtrArray    *properties; /* (owned) IvlXmpProperty, in the order of the packet */
  guint         n_others;   /* properties that are not ours */
  IvlXmpElement root;        /* x:xmpmeta, if that is the root */
  IvlXmpElement rdf;         /* the first rdf:RDF */
  IvlXmpElement description; /* the first rdf:Description in one */
  IvlXmpSpan    document;    /* the root element */
  IvlXmpSpan    trailer;     /* the packet's last line, <?xpacket end="w"?>; empty: none */
  /* (owned): all but our properties, and but padding, byte by byte. Empty elements are written
   * with two tags, and rdf:RDF and rdf:Description that say nothing are left out: those
   * are what adding and taking away a property changes. */
  GString      *rest;
  char         *encoding; /* (owned) (nullable): as an XML declaration names it */
} IvlXmpXml;

/* Reads UTF-8 without a byte order mark. Control characters, which other programs let in, are taken
 * for spaces. What is nested or numbered out of all bounds and what defines a document type is
 * refused. Errors: IVL_ERROR_INVALID_DATA, IVL_ERROR_UNSUPPORTED, IVL_ERROR_NO_MEMORY. */
IvlXmpXml  *ivl_xmp_xml_read (const char  *xml,
                              gsize        size,
                              GError     **error);
void        ivl_xmp_xml_free (IvlXmpXml *self);

const char *ivl_xmp_xml_get_uri (IvlXmpNamespace which);
/* Name and namespace of a property */
const char *ivl_xmp_xml_get_property (int              which,
                                      IvlXmpNamespace *space);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlXmpXml, ivl_xmp_xml_free)

G_END_DECLS
