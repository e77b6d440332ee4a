/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One entry of GET /v1/models. What an engine does not tell is 0 or NULL. */
typedef struct
{
  char    *id;             /* made safe, at most 256 characters */
  char    *owner;          /* owned_by: "vllm", "lmdeploy", "llamacpp", "sglang", "ivl" */
  guint    context_length; /* max_model_len, meta.n_ctx_train, meta.n_ctx */
  gboolean knows_pictures; /* whether has_pictures is told */
  gboolean has_pictures;
  /* From ivl serve, in the field "ivl". */
  char    *family;
  guint64  n_parameters;
  guint64  n_bytes;
  guint    tile_size;
  guint    min_tiles;
  guint    max_tiles;
  gboolean use_thumbnail;
} IvlWireModel;

void       ivl_wire_model_free (IvlWireModel *self);
/* IvlWireModel (transfer full). Errors: IVL_ERROR_REMOTE_PROTOCOL. At most 1000 entries are
 * kept. */
GPtrArray *ivl_wire_models_parse (const char  *json,
                                  gsize        n,
                                  GError     **error);
/* JSON text of one entry, and of the list (transfer full). */
char      *ivl_wire_model_to_json (const IvlWireModel *self,
                                   gint64              created);
char      *ivl_wire_models_to_json (const IvlWireModel *models,
                                    guint               n,
                                    gint64              created);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlWireModel, ivl_wire_model_free)

G_END_DECLS
