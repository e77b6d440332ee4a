/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A chat completion request as data.
 */
#include "wire/ivl-wire-request.h"

#include <libivl/ivl-error.h>
#include <string.h>

static void
part_free (gpointer data)
{
  IvlWirePart *part = data;

  g_free (part->text);
  g_free (part->url);
  g_free (part);
}

static void
message_free (gpointer data)
{
  IvlWireMessage *message = data;

  g_ptr_array_unref (message->parts);
  g_free (message);
}

IvlWireRequest *
ivl_wire_request_new (void)
{
  IvlWireRequest *self = g_new0 (IvlWireRequest, 1);

  self->messages = g_ptr_array_new_with_free_func (message_free);
  self->temperature = -1;
  self->top_p = -1;
  self->top_k = -1;
  self->repetition_penalty = -1;
  self->n = 1;
  self->top_logprobs = -1;
  return self;
}

void
ivl_wire_request_free (IvlWireRequest *self)
{
  g_free (self->model);
  g_ptr_array_unref (self->messages);
  g_strfreev (self->stop);
  g_free (self->json_schema);
  g_free (self);
}

IvlWireMessage *
ivl_wire_request_add_message (IvlWireRequest *self,
                              IvlWireRole     role)
{
  IvlWireMessage *message = g_new0 (IvlWireMessage, 1);

  message->role = role;
  message->parts = g_ptr_array_new_with_free_func (part_free);
  g_ptr_array_add (self->messages, message);
  return message;
}

IvlWirePart *
ivl_wire_message_add_text (IvlWireMessage *self,
                           const char     *text)
{
  IvlWirePart *part = g_new0 (IvlWirePart, 1);

  part->text = g_strdup (text);
  g_ptr_array_add (self->parts, part);
  return part;
}

IvlWirePart *
ivl_wire_message_add_url (IvlWireMessage *self,
                          const char     *url)
{
  IvlWirePart *part = g_new0 (IvlWirePart, 1);

  part->url = g_strdup (url);
  g_ptr_array_add (self->parts, part);
  return part;
}

IvlWirePart *
ivl_wire_message_add_picture (IvlWireMessage  *self,
                              const char      *mime,
                              const guint8    *bytes,
                              gsize            n,
                              GError         **error)
{
  IvlWirePart *part;
  g_autofree char *head = g_strdup_printf ("data:%s;base64,", mime);
  gsize n_head = strlen (head);
  int state = 0;
  int save = 0;
  char *url = g_try_malloc (n_head + (n / 3 + 1) * 4 + 4);
  char *end;

  if (url == NULL)
    {
      g_set_error (error, IVL_ERROR, IVL_ERROR_NO_MEMORY,
                   "No memory for sending a picture of %" G_GSIZE_FORMAT " bytes", n);
      return NULL;
    }
  /* Encoded in place: a picture is megabytes. */
  memcpy (url, head, n_head);
  end = url + n_head;
  end += g_base64_encode_step (bytes, n, FALSE, end, &state, &save);
  end += g_base64_encode_close (FALSE, end, &state, &save);
  *end = '\0';
  part = g_new0 (IvlWirePart, 1);
  part->url = url;
  part->is_encoded = TRUE;
  g_ptr_array_add (self->parts, part);
  return part;
}
