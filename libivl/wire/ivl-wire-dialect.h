/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How an engine wants to be told the tile budget of a picture. */
typedef enum
{
  IVL_TILES_NONE,      /* no way: the uploaded picture's size decides */
  IVL_TILES_IMAGE_URL, /* image_url.max_dynamic_patch (LMDeploy) */
  IVL_TILES_MM_KWARGS, /* mm_processor_kwargs.{min,max}_dynamic_patch (vLLM) */
  IVL_TILES_REQUEST,   /* max_dynamic_patch (SGLang) */
  IVL_TILES_IVL,       /* ivl serve: image_url.{min,max}_dynamic_patch, or tiles already cut */
} IvlTilesControl;

/* Where an engine puts several pictures. */
typedef enum
{
  IVL_PLACE_PARTS,   /* where the parts stand */
  IVL_PLACE_MARKERS, /* in front of the text unless the text holds a literal "<image>" for each */
} IvlPicturePlace;

/* What is particular to one engine that speaks the OpenAI protocol: a file in data/remote. */
typedef struct
{
  char           *name;        /* "lmdeploy" */
  char           *title;       /* "LMDeploy" */
  IvlTilesControl tiles;
  IvlPicturePlace place;
  GStrv           fields;      /* optional request fields that it takes, by their JSON name */
  GStrv           finished;    /* its own synonyms of the finish reason "stop" */
  GStrv           owners;      /* values of owned_by in its GET /v1/models: how to tell it */
  gboolean        checks_model; /* an unknown model name is an error there, not ignored */
  guint           port;        /* that it listens on unless it is told another; 0: none */
  char           *start;       /* the command that starts it, for people; (nullable) */
} IvlWireDialect;

/* Reads a dialect from its key file's text; the group is [dialect], with the keys name, title,
 * tiles=none|image-url|mm-kwargs|request|ivl, place=parts|markers, fields, finished, owners (lists
 * with ';'), checks-model, port and start. Errors: IVL_ERROR_INVALID_DATA naming key and value. */
IvlWireDialect *ivl_wire_dialect_parse (const char  *text,
                                        gsize        n,
                                        GError     **error);
void            ivl_wire_dialect_free (IvlWireDialect *self);
gboolean        ivl_wire_dialect_takes (const IvlWireDialect *self,
                                        const char           *field);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlWireDialect, ivl_wire_dialect_free)

G_END_DECLS
