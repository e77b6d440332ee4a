/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-message.h>
#include <libivl/ivl-options.h>
#include <libivl/ivl-usage.h>

#include "engines/ivl-remote-upload.h"
#include "wire/ivl-wire-request.h"

G_BEGIN_DECLS

/* What is known of a served model. */
typedef struct
{
  const IvlWireDialect *dialect;
  const char           *model;          /* its name for requests; (nullable) */
  const char           *name;           /* to be shown */
  guint                 context_length; /* 0: unknown */
  gboolean              is_near;        /* the server is on this computer */
  gboolean              has_vision;
  guint                 tile_size;
  guint                 min_tiles;
  guint                 max_tiles;
  gboolean              use_thumbnail;
} IvlRemoteFacts;

/* Pictures that a conversation has sent already, so that they are not encoded for every question
 * again. */
typedef struct _IvlRemotePictures IvlRemotePictures;

IvlRemotePictures *ivl_remote_pictures_new (void);
void               ivl_remote_pictures_free (IvlRemotePictures *self);

/* The request for a conversation whose last message is the question. is_small: with pictures of
 * half the width and height, for a server that finds the request too large. Sets n_tiles of usage.
 * Before any picture is encoded the length is looked at: with the model's own budget fewer tiles
 * are taken where it would not fit. Errors: IVL_ERROR_CONTEXT_FULL (with both numbers),
 * IVL_ERROR_UNSUPPORTED (a picture for a model without vision, an option that the engine has not),
 * and what encoding reports. */
IvlWireRequest    *ivl_remote_prompt_new (const IvlRemoteFacts  *facts,
                                          GPtrArray             *messages,
                                          IvlOptions            *options,
                                          IvlRemotePictures     *pictures,
                                          gboolean               is_small,
                                          IvlUsage              *usage,
                                          GError               **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlRemotePictures, ivl_remote_pictures_free)

G_END_DECLS
