/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What an engine's error reply means, whatever its shape, and errors in the shape that the official
 * clients understand.
 */
#include "wire/ivl-wire-error.h"

#include <string.h>

#include "wire/ivl-wire-json.h"

#define MAX_MESSAGE   400
/* Of the body: an error message needs no more, and the rest is not looked at. */
#define MAX_BODY      65536
#define ELLIPSIS      0x2026
#define REPLACEMENT   0xfffd

static gboolean
is_shown (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT: /* bidi controls, tags, zero width */
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SURROGATE:
      return FALSE;
    default:
      return TRUE;
    }
}

char *
ivl_wire_make_safe (const char *text,
                    gssize      len,
                    gsize       max_chars)
{
  /* A character has up to 4 bytes; invalid ones and what is left out are few. */
  gsize n = len < 0 ? strlen (text) : (gsize) len;
  g_autofree char *valid = g_utf8_make_valid (text, MIN (n, 16 * max_chars + 64));
  GString *safe = g_string_new (NULL);
  gboolean space = FALSE;
  gsize n_chars = 0;

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_isspace (c))
        space = n_chars > 0;
      else if (is_shown (c))
        {
          if (n_chars + space + 1 > max_chars)
            {
              if (n_chars == max_chars && n_chars > 0)
                g_string_truncate (safe, g_utf8_prev_char (safe->str + safe->len) - safe->str);
              g_string_append_unichar (safe, ELLIPSIS);
              break;
            }
          if (space)
            g_string_append_c (safe, ' ');
          if (g_unichar_type (c) == G_UNICODE_PRIVATE_USE)
            c = REPLACEMENT;
          g_string_append_unichar (safe, c);
          n_chars += 1 + space;
          space = FALSE;
        }
    }
  return g_string_free (safe, FALSE);
}

/* What the body says: its message, and the words beside it that name the kind of error. */
typedef struct
{
  char *message; /* made safe; NULL when there is none */
  char *kind;    /* type, code and param in lower case */
  guint status;  /* a code that is an HTTP status, or 0 */
} Report;

static void
report_clear (Report *self)
{
  g_free (self->message);
  g_free (self->kind);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Report, report_clear)

static void
report_take_message (Report     *self,
                     const char *text)
{
  if (text == NULL || *text == '\0' || self->message != NULL)
    return;
  self->message = ivl_wire_make_safe (text, -1, MAX_MESSAGE);
  if (*self->message == '\0')
    g_clear_pointer (&self->message, g_free);
}

static void
report_take_fields (Report       *self,
                    const json_t *object)
{
  const char *const keys[] = { "type", "code", "param" };
  GString *kind = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const char *text = ivl_wire_json_get_string (object, keys[i]);

      if (text != NULL && strlen (text) <= 256)
        g_string_append_printf (kind, "%s ", text);
    }
  g_free (self->kind);
  self->kind = g_ascii_strdown (kind->str, -1);
  g_string_free (kind, TRUE);
  self->status = ivl_wire_json_get_int (object, "code", 400, 599, 0);
  report_take_message (self, ivl_wire_json_get_string (object, "message"));
}

/* FastAPI's {"detail": "..."} or {"detail": [{"loc": [...], "msg": "..."}]}. */
static void
report_take_detail (Report       *self,
                    const json_t *detail)
{
  const json_t *first = json_array_get (detail, 0);
  const json_t *loc = json_object_get (first, "loc");
  const char *message = ivl_wire_json_get_string (first, "msg");
  const char *field = json_string_value (json_array_get (loc, json_array_size (loc) - 1));

  report_take_message (self, json_string_value (detail));
  if (message != NULL && field != NULL)
    {
      g_autofree char *text = g_strdup_printf ("%.64s: %.400s", field, message);

      report_take_message (self, text);
    }
  report_take_message (self, message);
}

static void
report_take_json (Report       *self,
                  const json_t *root)
{
  const json_t *error = json_object_get (root, "error");

  if (json_is_array (root)) /* Google's gateways put the object into an array */
    {
      root = json_array_get (root, 0);
      error = json_object_get (root, "error");
    }
  if (json_is_object (error))
    report_take_fields (self, error);
  else
    {
      report_take_fields (self, root);
      report_take_message (self, json_string_value (error));
    }
  report_take_message (self, json_string_value (root));
  report_take_detail (self, json_object_get (root, "detail"));
}

/* The title of a page, which is all that proxies' pages say. */
static void
report_take_html (Report     *self,
                  const char *body)
{
  g_autofree char *lower = g_ascii_strdown (body, -1);
  const char *start = strstr (lower, "<title>");
  const char *end = start != NULL ? strstr (start, "</title>") : NULL;

  if (end == NULL)
    return;
  start += strlen ("<title>");
  {
    g_autofree char *title = g_strndup (body + (start - lower), end - start);

    report_take_message (self, title);
  }
}

static gboolean
looks_like_html (const char *body)
{
  while (g_ascii_isspace (*body))
    body++;
  return *body == '<';
}

static void
report_init (Report     *self,
             const char *body,
             gsize       n)
{
  g_autofree char *text = g_strndup (body, MIN (n, MAX_BODY));
  json_auto_t *root = ivl_wire_json_parse_reply (body, MIN (n, MAX_BODY), NULL, NULL);

  *self = (Report) { 0 };
  if (root != NULL)
    report_take_json (self, root);
  else if (looks_like_html (text))
    report_take_html (self, text);
  else
    report_take_message (self, text);
  if (self->kind == NULL)
    self->kind = g_strdup ("");
}

static gboolean
has_any (const char        *text,
         const char *const *words)
{
  for (; *words != NULL; words++)
    if (strstr (text, *words) != NULL)
      return TRUE;
  return FALSE;
}

/* Engines differ in words and in status (llama-server: 500 for a picture that it cannot take), so
 * that the message decides. Phrases are of LMDeploy, vLLM, SGLang, llama-server and TGI. */
static const char *const context_words[] = {
  "exceed_context_size",     "context_length_exceeded", "context length", "context size",
  "context window",          "too long to fit",         "maximum model length",
  "max_model_len",           "input tokens exceed",     "`inputs` tokens", NULL
};
static const char *const picture_words[] = {
  "image input is not supported", "image inputs are not supported", "mmproj",
  "does not support image",       "does not support multimodal",    "not a multimodal model",
  "unsupported content[].type",   "does not support vision",        "at most 0 image",
  "only text content is supported", NULL
};
static const char *const wrong_words[] = {
  "invalid_request", "unsupported", "not supported", "invalid", "badrequest", NULL
};

static IvlError
classify (guint       status,
          const char *words)
{
  gboolean is_client_fault = status >= 400 && status < 500;

  if (status == 401 || status == 403)
    return IVL_ERROR_REMOTE_REFUSED;
  if (status == 408 || status == 429 || status == 502 || status == 503 || status == 504)
    return IVL_ERROR_REMOTE_FAILED;
  if (status >= 400 && status != 413 && has_any (words, context_words))
    return IVL_ERROR_CONTEXT_FULL;
  if (status >= 400 && has_any (words, picture_words))
    return IVL_ERROR_UNSUPPORTED;
  if (is_client_fault && (status == 404 || strstr (words, "model_not_found") != NULL) &&
      strstr (words, "model") != NULL)
    return IVL_ERROR_NOT_FOUND;
  if (is_client_fault || (status == 500 && has_any (words, wrong_words)))
    return IVL_ERROR_REMOTE_REFUSED;
  return status >= 500 ? IVL_ERROR_REMOTE_FAILED : IVL_ERROR_REMOTE_PROTOCOL;
}

static const char *
describe (guint    status,
          IvlError code)
{
  if (code == IVL_ERROR_CONTEXT_FULL)
    return "the request is longer than the server's context";
  if (code == IVL_ERROR_UNSUPPORTED)
    return "the server's model takes no pictures";
  if (code == IVL_ERROR_NOT_FOUND)
    return "the server has no such model";
  if (status == 401 || status == 403)
    return "the server refuses the key";
  if (status == 404)
    return "the server knows no such address";
  if (status == 413)
    return "the request is larger than the server allows";
  if (status == 429)
    return "the server limits the number of requests";
  if (status == 503)
    return "the server is busy or still loads";
  if (status >= 300 && status < 400)
    return "the server sends elsewhere, which is not followed";
  if (status < 300)
    return "the server's answer is no stream of a chat completion";
  return code == IVL_ERROR_REMOTE_REFUSED ? "the server refuses the request" : "the server failed";
}

/* status 0: what the report itself says, else that of a server's failure. */
static GError *
make_error (guint       status,
            const char *body,
            gsize       n)
{
  g_auto (Report) report = { 0 };
  g_autofree char *words = NULL;
  g_autofree char *lower = NULL;
  g_autofree char *where = NULL;
  IvlError code;

  report_init (&report, body, n);
  where = status >= 100 ? g_strdup_printf (" (%u)", status) : g_strdup ("");
  if (status == 0)
    status = report.status != 0 ? report.status : 500;
  lower = g_ascii_strdown (report.message != NULL ? report.message : "", -1);
  words = g_strconcat (report.kind, lower, NULL);
  code = classify (status, words);
  if (report.message == NULL)
    return g_error_new (IVL_ERROR, code, "%s%s", describe (status, code), where);
  return g_error_new (IVL_ERROR, code, "%s%s: %s", describe (status, code), where, report.message);
}

GError *
ivl_wire_error_from_body (guint       status,
                          const char *body,
                          gsize       n)
{
  return make_error (MAX (status, 1), body, n);
}

GError *
ivl_wire_error_from_event (const char *data,
                           gsize       n)
{
  return make_error (0, data, n);
}

static gboolean
is_word_character (char c)
{
  return g_ascii_isalnum (c) || c == '_';
}

/* Where the name stands in text as a whole word, or NULL. */
static const char *
find_word (const char *text,
           const char *name)
{
  gsize n = strlen (name);

  for (const char *p = strstr (text, name); p != NULL; p = strstr (p + 1, name))
    if ((p == text || !is_word_character (p[-1])) && !is_word_character (p[n]))
      return p;
  return NULL;
}

const char *
ivl_wire_error_get_refused_field (const char        *body,
                                  gsize              n,
                                  const char *const *candidates)
{
  static const char *const refusals[] = {
    "unknown", "unrecognized", "unexpected", "not permitted", "not supported", "unsupported",
    "not allowed", "additional propert", "extra", NULL
  };
  g_autofree char *text = g_utf8_make_valid (body, MIN (n, MAX_BODY));
  g_autofree char *lower = g_ascii_strdown (text, -1);
  const char *best = NULL;
  const char *best_place = NULL;

  if (!has_any (lower, refusals))
    return NULL;
  for (; *candidates != NULL; candidates++)
    {
      const char *place = find_word (text, *candidates);

      if (place != NULL && (best == NULL || place < best_place))
        {
          best = *candidates;
          best_place = place;
        }
    }
  return best;
}

char *
ivl_wire_error_to_json (const char *message,
                        const char *type,
                        const char *param,
                        const char *code)
{
  GString *out = g_string_new ("{\"error\":{");

  ivl_wire_json_append_member (out, "message", message);
  g_string_append_c (out, ',');
  ivl_wire_json_append_member (out, "type", type);
  g_string_append_c (out, ',');
  ivl_wire_json_append_member (out, "param", param);
  g_string_append_c (out, ',');
  ivl_wire_json_append_member (out, "code", code);
  g_string_append (out, "}}");
  return g_string_free (out, FALSE);
}
