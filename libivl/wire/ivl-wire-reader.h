/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "wire/ivl-wire-request.h"

G_BEGIN_DECLS

/* A request that is being read. */
typedef struct
{
  const json_t   *root;
  IvlWireRequest *request;
  char          **param;
  GError        **error;
  GArray         *lifted; /* IvlWireLifted: the large pictures, which are not in root */
  guint           n_pictures;
} IvlWireReader;

/* Sets IVL_ERROR_INVALID_OPTION; param is the field's path, as OpenAI's errors name it. FALSE. */
gboolean      ivl_wire_reader_refuse (IvlWireReader *self,
                                      const char    *param,
                                      const char    *format,
                                      ...) G_GNUC_PRINTF (3, 4);
/* The member, or NULL when it is absent or null: the official clients write both. */
const json_t *ivl_wire_reader_get_member (const json_t *object,
                                          const char   *key);
/* Whole numbers may be written as 5.0. */
gboolean      ivl_wire_reader_get_whole_number (const json_t *value,
                                                double       *number);
/* The field "messages". */
gboolean      ivl_wire_reader_read_messages (IvlWireReader *self);

G_END_DECLS
