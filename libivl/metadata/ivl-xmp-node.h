/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "metadata/ivl-xmp-xml.h"

G_BEGIN_DECLS

/* The elements of one of our properties, while it is read */
typedef enum
{
  IVL_XMP_NODE_OTHER,
  IVL_XMP_NODE_ALT,
  IVL_XMP_NODE_LIST, /* rdf:Bag, rdf:Seq */
  IVL_XMP_NODE_ITEM,
  IVL_XMP_NODE_VALUE,
  IVL_XMP_NODE_DESCRIPTION,
} IvlXmpNodeKind;

typedef struct _IvlXmpNode IvlXmpNode;

struct _IvlXmpNode
{
  IvlXmpNode    *parent; /* (nullable) */
  IvlXmpNodeKind kind;
  char          *prefix;   /* (owned) of its name, "" for none */
  char          *language; /* (owned) (nullable): its own xml:lang, not empty */
  char          *value;    /* (owned) (nullable): its attribute rdf:value */
  gboolean       has_more; /* other attributes than these and rdf:parseType */
  IvlXmpSpan     start_tag;
  IvlXmpSpan     end_tag; /* empty if the start tag is the whole element */
  GString       *text;     /* (owned) what stands directly in it */
  GPtrArray     *children; /* (owned) IvlXmpNode */
};

/* The new node is owned by parent, unless that is NULL. */
IvlXmpNode     *ivl_xmp_node_new (IvlXmpNode     *parent,
                                  IvlXmpNodeKind  kind,
                                  const char     *prefix);
void            ivl_xmp_node_free (IvlXmpNode *self);
/* Whether a text may have this many languages; FALSE with IVL_ERROR_UNSUPPORTED. */
gboolean        ivl_xmp_node_check_languages (guint    n,
                                              GError **error);
/* What the element of a property says. NULL, with error set: it has too many languages. */
IvlXmpProperty *ivl_xmp_node_read_property (const IvlXmpNode  *self,
                                            int                which,
                                            GError           **error);
IvlXmpProperty *ivl_xmp_property_new (int        which,
                                      IvlXmpSpan span);
void            ivl_xmp_property_free (IvlXmpProperty *self);

G_END_DECLS
