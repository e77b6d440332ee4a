/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Words for the library's enumerations, as they appear in JSON and on the command line.
 */
#include <libivl/ivl-types.h>

/**
 * ivl_finish_reason_to_string:
 * @reason: how a reply ended
 *
 * The word for @reason: `none`, `stop`, `length` or `repetition`. It is never translated. A value
 * that is no finish reason gives `none`.
 *
 * Returns: (transfer none): a static string
 */
/* nocheck:name: an enumeration of ivl-types.h, which has no file of its own */
const char *
ivl_finish_reason_to_string (IvlFinishReason reason)
{
  switch (reason)
    {
    case IVL_FINISH_STOP:
      return "stop";
    case IVL_FINISH_LENGTH:
      return "length";
    case IVL_FINISH_REPETITION:
      return "repetition";
    case IVL_FINISH_NONE:
    default:
      return "none";
    }
}
