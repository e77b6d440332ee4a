/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Writes what a server answers to a chat completion request: the chunks of a stream, or the whole.
 */
#include "wire/ivl-wire-reply.h"

#include "wire/ivl-wire-json.h"

static GString *
begin (const IvlWireReplyHead *head,
       const char             *object)
{
  GString *out = g_string_sized_new (512);

  g_string_append_c (out, '{');
  ivl_wire_json_append_member (out, "id", head->id);
  g_string_append_printf (out, ",\"object\":\"%s\",\"created\":%" G_GINT64_FORMAT ",", object,
                          head->created);
  ivl_wire_json_append_member (out, "model", head->model);
  return out;
}

static const char *
get_reason_json (IvlFinishReason reason)
{
  switch (reason)
    {
    case IVL_FINISH_LENGTH:
      return "\"length\"";
    case IVL_FINISH_STOP:
    case IVL_FINISH_REPETITION:
      return "\"stop\"";
    case IVL_FINISH_NONE:
    default:
      return "null";
    }
}

static void
append_logprobs (GString   *out,
                 GPtrArray *tokens)
{
  if (tokens == NULL)
    {
      g_string_append (out, "\"logprobs\":null");
      return;
    }
  g_string_append (out, "\"logprobs\":{\"content\":");
  ivl_wire_token_append_all (out, tokens);
  g_string_append (out, ",\"refusal\":null}");
}

/* The choice with a delta of this content (nullable). */
static char *
make_chunk (const IvlWireReplyHead *head,
            guint                   index,
            const char             *role,
            const char             *content,
            GPtrArray              *tokens,
            IvlFinishReason         reason)
{
  GString *out = begin (head, "chat.completion.chunk");

  g_string_append_printf (out, ",\"choices\":[{\"index\":%u,\"delta\":{", index);
  if (role != NULL)
    g_string_append_printf (out, "\"role\":\"%s\",", role);
  if (content != NULL)
    ivl_wire_json_append_member (out, "content", content);
  g_string_append (out, "},");
  append_logprobs (out, tokens);
  g_string_append_printf (out, ",\"finish_reason\":%s}]}", get_reason_json (reason));
  return g_string_free (out, FALSE);
}

char *
ivl_wire_chunk_role (const IvlWireReplyHead *head,
                     guint                   index)
{
  return make_chunk (head, index, "assistant", "", NULL, IVL_FINISH_NONE);
}

char *
ivl_wire_chunk_text (const IvlWireReplyHead *head,
                     guint                   index,
                     const char             *text,
                     GPtrArray              *tokens)
{
  return make_chunk (head, index, NULL, text, tokens, IVL_FINISH_NONE);
}

char *
ivl_wire_chunk_finish (const IvlWireReplyHead *head,
                       guint                   index,
                       IvlFinishReason         reason)
{
  return make_chunk (head, index, NULL, NULL, NULL, reason);
}

static void
append_usage (GString        *out,
              const IvlUsage *usage)
{
  g_string_append_printf (out, ",\"usage\":{\"prompt_tokens\":%u,\"completion_tokens\":%u,"
                          "\"total_tokens\":%" G_GUINT64_FORMAT ","
                          "\"prompt_tokens_details\":{\"cached_tokens\":%u},"
                          "\"ivl\":{\"tiles\":%u,\"tiles_encoded\":%u}}",
                          usage->n_prompt_tokens, usage->n_answer_tokens,
                          (guint64) usage->n_prompt_tokens + usage->n_answer_tokens,
                          usage->n_cached_tokens, usage->n_tiles, usage->n_tiles_encoded);
}

char *
ivl_wire_chunk_usage (const IvlWireReplyHead *head,
                      const IvlUsage         *usage)
{
  GString *out = begin (head, "chat.completion.chunk");

  g_string_append (out, ",\"choices\":[]");
  append_usage (out, usage);
  g_string_append_c (out, '}');
  return g_string_free (out, FALSE);
}

char *
ivl_wire_completion (const IvlWireReplyHead *head,
                     const IvlWireChoice    *choices,
                     guint                   n_choices,
                     const IvlUsage         *usage)
{
  GString *out = begin (head, "chat.completion");

  g_string_append (out, ",\"choices\":[");
  for (guint i = 0; i < n_choices; i++)
    {
      g_string_append_printf (out, "%s{\"index\":%u,\"message\":{\"role\":\"assistant\",",
                              i > 0 ? "," : "", i);
      ivl_wire_json_append_member (out, "content", choices[i].text);
      g_string_append (out, ",\"refusal\":null},");
      append_logprobs (out, choices[i].tokens);
      g_string_append_printf (out, ",\"finish_reason\":%s}", get_reason_json (choices[i].reason));
    }
  g_string_append_c (out, ']');
  append_usage (out, usage);
  g_string_append_c (out, '}');
  return g_string_free (out, FALSE);
}
