/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-image.h>

G_BEGIN_DECLS

/* A picture as it is sent: its pixels encoded anew, so that nothing else of the file leaves the
 * computer. */
typedef struct
{
  GBytes     *bytes;
  const char *mime;
  guint       n_tiles;   /* that the model makes of it, with the thumbnail */
  guint       n_cells;   /* of these, without */
  gboolean    is_column; /* the tiles themselves, one below the other */
} IvlRemoteUpload;

typedef struct
{
  guint    tile_size;
  guint    min_tiles;
  guint    max_tiles;
  gboolean use_thumbnail;
} IvlRemoteBudget;

typedef enum
{
  IVL_UPLOAD_CANVAS, /* JPEG, at most as large as the tiles side by side */
  IVL_UPLOAD_SMALL,  /* half as wide and high as that */
  IVL_UPLOAD_COLUMN, /* PNG, the tiles one below the other */
  IVL_UPLOAD_COLUMN_FAST, /* the same, not compressed */
} IvlRemoteUploadKind;

/* Errors: IVL_ERROR_UNSUPPORTED (a picture cut already for another model, or that can only be sent
 * as a column), IVL_ERROR_INVALID_OPTION, IVL_ERROR_NO_MEMORY. */
IvlRemoteUpload *ivl_remote_upload_new (IvlImage               *image,
                                        const IvlRemoteBudget  *budget,
                                        IvlRemoteUploadKind     kind,
                                        GError                **error);
void             ivl_remote_upload_free (IvlRemoteUpload *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlRemoteUpload, ivl_remote_upload_free)

G_END_DECLS
