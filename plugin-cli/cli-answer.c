/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pulls an answer piece by piece and shows it. */
#include "cli-answer.h"

#include "cli-interrupt.h"
#include "cli-output.h"
#include "cli-progress.h"

#include <glib/gi18n.h>

static void
show_prefix (const CliAnswerStyle *style)
{
  if (style->prefix == NULL)
    return;
  cli_output_name (style->prefix);
  cli_output_print (": ");
}

void
cli_answer_show (const char           *text,
                 const CliAnswerStyle *style)
{
  show_prefix (style);
  cli_output_text (text, style->raw);
  if (!g_str_has_suffix (text, "\n"))
    cli_output_print ("\n");
}

/* Shows pieces as they come; whatever happens, what follows starts on a line of its own */
static gboolean
stream_pieces (IvlReply              *reply,
               const CliAnswerStyle  *style,
               GError               **error)
{
  gboolean started = FALSE;
  g_autoptr (GError) local_error = NULL;

  for (;;)
    {
      g_autofree char *piece =
          ivl_reply_read (reply, cli_interrupt_get_cancellable (), &local_error);

      if (piece == NULL)
        break;
      if (!started)
        {
          cli_progress_hide ();
          show_prefix (style);
          started = TRUE;
        }
      cli_output_text (piece, FALSE);
    }

  cli_progress_hide ();
  if (!started && local_error == NULL)
    show_prefix (style);
  if (started || local_error == NULL)
    if (!g_str_has_suffix (ivl_reply_get_text (reply), "\n"))
      cli_output_print ("\n");

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  return TRUE;
}

IvlReply *
cli_answer_fetch (IvlSession  *session,
                  IvlMessage  *message,
                  IvlOptions  *options,
                  gboolean    *was_cut,
                  GError     **error)
{
  g_autoptr (IvlReply) reply = NULL;

  *was_cut = FALSE;
  ivl_session_set_progress (session, cli_progress_report, NULL, NULL);
  reply = ivl_session_send (session, message, options, cli_interrupt_get_cancellable (), error);
  if (reply == NULL)
    return NULL;
  if (ivl_reply_read_all (reply, cli_interrupt_get_cancellable (), error))
    return g_steal_pointer (&reply);
  *was_cut = *ivl_reply_get_text (reply) != '\0';
  return NULL;
}

IvlReply *
cli_answer_read (IvlSession            *session,
                 IvlMessage            *message,
                 IvlOptions            *options,
                 const CliAnswerStyle  *style,
                 GError               **error)
{
  g_autoptr (IvlReply) reply = NULL;
  gboolean streams = style->show && cli_output_is_terminal ();
  gboolean was_cut;

  cli_progress_start (style->subject, IVL_PHASE_PREFILL);
  if (!streams)
    {
      reply = cli_answer_fetch (session, message, options, &was_cut, error);
      cli_progress_hide ();
      if (reply != NULL && style->show)
        cli_answer_show (ivl_reply_get_text (reply), style);
      return g_steal_pointer (&reply);
    }

  ivl_session_set_progress (session, cli_progress_report, NULL, NULL);
  reply = ivl_session_send (session, message, options, cli_interrupt_get_cancellable (), error);
  if (reply == NULL)
    {
      cli_progress_hide ();
      return NULL;
    }
  return stream_pieces (reply, style, error) ? g_steal_pointer (&reply) : NULL;
}

void
cli_answer_warn (IvlFinishReason  reason,
                 const char      *remark,
                 const char      *subject)
{
  if (remark != NULL)
    cli_output_error (_ ("%s: nothing was found; the model says: %s"), subject, remark);
  switch (reason)
    {
    case IVL_FINISH_LENGTH:
      cli_output_error (_ ("%s: the answer is cut at the token limit (--max-tokens)"), subject);
      break;
    case IVL_FINISH_REPETITION:
      cli_output_error (_ ("%s: the model began to repeat itself; the answer ends there"), subject);
      break;
    case IVL_FINISH_NONE:
    case IVL_FINISH_STOP:
    default:
      break;
    }
}

static json_t *
region_to_json (IvlRegion *region)
{
  int x1, y1, x2, y2;
  int x, y, width, height;
  const char *name = ivl_region_get_name (region);

  ivl_region_get_box (region, &x1, &y1, &x2, &y2);
  ivl_region_get_rectangle (region, &x, &y, &width, &height);
  return json_pack ("{s:o, s:[i,i,i,i], s:i, s:i, s:i, s:i}",
                    "name", cli_output_json_string (name != NULL ? name : ""),
                    "box", x1, y1, x2, y2,
                    "x", x, "y", y, "width", width, "height", height);
}

static json_t *
regions_to_json (IvlReply *reply)
{
  g_autoptr (GPtrArray) regions = ivl_reply_get_regions (reply);
  json_t *array = json_array ();

  for (guint i = 0; i < regions->len; i++)
    json_array_append_new (array, region_to_json (g_ptr_array_index (regions, i)));
  return array;
}

/* NULL when the engine does not tell them, as servers do not. */
static json_t *
ids_to_json (IvlReply *reply)
{
  gsize n_ids;
  const guint32 *ids = ivl_reply_get_token_ids (reply, &n_ids);
  json_t *array;

  if (n_ids == 0 && ivl_reply_get_usage (reply)->n_answer_tokens > 0)
    return NULL;
  array = json_array ();
  for (gsize i = 0; i < n_ids; i++)
    json_array_append_new (array, json_integer (ids[i]));
  return array;
}

static json_t *
tokens_to_json (const IvlUsage *usage)
{
  return json_pack ("{s:i, s:i, s:i}",
                    "prompt", (int) usage->n_prompt_tokens,
                    "cached", (int) usage->n_cached_tokens,
                    "answer", (int) usage->n_answer_tokens);
}

static json_t *
timings_to_json (const IvlUsage *usage)
{
  return json_pack ("{s:f, s:f, s:f, s:i}",
                    "tiles_seconds", usage->tile_seconds,
                    "prefill_seconds", usage->prefill_seconds,
                    "decode_seconds", usage->decode_seconds,
                    "tiles_encoded", (int) usage->n_tiles_encoded);
}

json_t *
cli_answer_to_json (IvlReply *reply)
{
  const char *reason = ivl_finish_reason_to_string (ivl_reply_get_finish_reason (reply));
  const IvlUsage *usage = ivl_reply_get_usage (reply);
  const char *remark = ivl_reply_get_remark (reply);

  return json_pack ("{s:o, s:o*, s:o, s:s, s:o*, s:o, s:o}",
                    "text", cli_output_json_string (ivl_reply_get_text (reply)),
                    "remark", remark != NULL ? cli_output_json_string (remark) : NULL,
                    "regions", regions_to_json (reply),
                    "finish_reason", reason,
                    "token_ids", ids_to_json (reply),
                    "tokens", tokens_to_json (usage),
                    "timings", timings_to_json (usage));
}
