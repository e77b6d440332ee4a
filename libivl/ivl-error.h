/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <glib.h>
#include <libivl/ivl-version-macros.h>

G_BEGIN_DECLS

/**
 * IVL_ERROR:
 *
 * The error domain of the library. Cancellation stays %G_IO_ERROR_CANCELLED and plain file trouble
 * (a folder that may not be read, say) stays in %G_FILE_ERROR and %G_IO_ERROR.
 */
#define IVL_ERROR (ivl_error_quark ())

/**
 * IvlError:
 * @IVL_ERROR_INVALID_DATA: a file or a reply is damaged or breaks its format: get it again
 * @IVL_ERROR_UNSUPPORTED: it is well-formed, and this version cannot use it
 * @IVL_ERROR_NOT_FOUND: a model, tensor, shard or file that is needed is not there
 * @IVL_ERROR_NO_MEMORY: the message names the bytes needed and available: take a smaller model or
 *   picture
 * @IVL_ERROR_CONTEXT_FULL: the conversation is longer than the model's context: shorten it or use
 *   fewer tiles
 * @IVL_ERROR_INVALID_OPTION: an option is out of its range or fits no model: change it
 * @IVL_ERROR_REMOTE_UNREACHABLE: the server does not answer
 * @IVL_ERROR_REMOTE_REFUSED: the server refuses the key or the request
 * @IVL_ERROR_REMOTE_FAILED: the server failed while it worked on the request
 * @IVL_ERROR_REMOTE_PROTOCOL: the server's reply is not what the protocol allows
 * @IVL_ERROR_BUSY: the session already works on a reply: wait for it or cancel it
 * @IVL_ERROR_NO_ANSWER: the model ended without an answer (no text, reasoning alone, a tool's
 *   call): ask in other words, allow more tokens, or take another model
 *
 * What went wrong, one code for each thing that can be done about it.
 */
typedef enum
{
  IVL_ERROR_INVALID_DATA,
  IVL_ERROR_UNSUPPORTED,
  IVL_ERROR_NOT_FOUND,
  IVL_ERROR_NO_MEMORY,
  IVL_ERROR_CONTEXT_FULL,
  IVL_ERROR_INVALID_OPTION,
  IVL_ERROR_REMOTE_UNREACHABLE,
  IVL_ERROR_REMOTE_REFUSED,
  IVL_ERROR_REMOTE_FAILED,
  IVL_ERROR_REMOTE_PROTOCOL,
  IVL_ERROR_BUSY,
  IVL_ERROR_NO_ANSWER,
} IvlError;

IVL_AVAILABLE_IN_ALL
GQuark ivl_error_quark (void);

G_END_DECLS
