/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one way that the text of every answer goes, whichever engine made it: marks are told from
 * text, and what is no answer is found out.
 */
#include "engines/ivl-answer-text.h"

#include <libivl/ivl-error.h>
#include <string.h>

#include "engines/ivl-answer-mark.h"
#include "tokenizer/ivl-chat-template.h"

#define REPLACEMENT "\357\277\275"
/* Coordinates of one name take less. */
#define MAX_PLACE 4096

typedef enum
{
  MODE_TEXT,
  MODE_REASONING,
  MODE_PLACE, /* coordinates are gathered in place */
  MODE_ENDED, /* what comes after a control token is none of the answer */
} Mode;

struct _IvlAnswerText
{
  gboolean  is_raw;
  gboolean  knows_marks;
  gboolean  keeps_regions;
  gboolean  begins_in_thought;
  char    **nothing; /* (nullable) case folded; not NULL: an answer may be empty */

  Mode      mode;
  GString  *pending; /* could still become a mark */
  GString  *place;
  GString  *space;   /* shown only if something visible follows */
  GString  *shown;
  GString  *marked;
  gsize     n_taken;
  char     *remark;
  char     *first_mark; /* a control token that the answer begins with */

  gboolean  has_text;
  gboolean  has_invisible;
  gboolean  has_places;
  gboolean  has_reasoned;
  gboolean  has_struck_text;
  gboolean  calls_tool;
  gboolean  began_in_thought;
  gboolean  says_something; /* more than that there is nothing */
  gboolean  is_spoiled; /* reasoning has been taken as the answer */
  gboolean  has_ended;
};

/* Words without regard to case and to what stands around them (transfer full). */
static char *
fold_words (const char *text,
            gsize       n)
{
  g_autofree char *folded = g_utf8_casefold (text, (gssize) n);
  const char *start = folded;
  char *end = folded + strlen (folded);

  while (*start != '\0' && !g_unichar_isalnum (g_utf8_get_char (start)))
    start = g_utf8_next_char (start);
  while (end > start)
    {
      char *last = g_utf8_prev_char (end);

      if (g_unichar_isalnum (g_utf8_get_char (last)))
        break;
      end = last;
    }
  return g_strndup (start, (gsize) (end - start));
}

IvlAnswerText *
ivl_answer_text_new (IvlOptions *options,
                     gboolean    begins_in_thought)
{
  IvlAnswerText *self = g_new0 (IvlAnswerText, 1);
  const char *const *nothing = ivl_options_get_nothing (options);

  self->is_raw = ivl_options_get_raw (options);
  /* In a document all characters mean themselves. */
  self->knows_marks = !self->is_raw && ivl_options_get_json_schema (options) == NULL;
  self->keeps_regions = ivl_options_get_keep_regions (options);
  self->begins_in_thought = begins_in_thought && self->knows_marks;
  if (nothing != NULL)
    {
      self->nothing = g_new0 (char *, g_strv_length ((char **) nothing) + 1);
      for (guint i = 0; nothing[i] != NULL; i++)
        self->nothing[i] = fold_words (nothing[i], strlen (nothing[i]));
    }
  self->pending = g_string_new (NULL);
  self->place = g_string_new (NULL);
  self->space = g_string_new (NULL);
  self->shown = g_string_new (NULL);
  self->marked = g_string_new (NULL);
  return self;
}

void
ivl_answer_text_free (IvlAnswerText *self)
{
  g_strfreev (self->nothing);
  g_string_free (self->pending, TRUE);
  g_string_free (self->place, TRUE);
  g_string_free (self->space, TRUE);
  g_string_free (self->shown, TRUE);
  g_string_free (self->marked, TRUE);
  g_free (self->remark);
  g_free (self->first_mark);
  g_free (self);
}

/* What Python's str.strip() takes away, with which the reference ends an answer: GLib's space knows
 * neither the vertical tab, nor the separators of files to units, nor the next line. */
static gboolean
is_stripped (gunichar c)
{
  return g_unichar_isspace (c) || c == 0x0B || (c >= 0x1C && c <= 0x1F) || c == 0x85;
}

/* Space that has no place at the ends of a text, with or without a width. */
static gboolean
is_space (gunichar c)
{
  return is_stripped (c) || c == 0x200B || c == 0x2060 || c == 0xFEFF;
}

/* Whether a character by itself is something to read. */
static gboolean
is_visible (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SPACE_SEPARATOR:
    case G_UNICODE_NON_SPACING_MARK:
      return FALSE;
    default:
      /* fillers of Hangul, the empty braille cell, and what stands for what could not be decoded */
      return c != 0x115F && c != 0x1160 && c != 0x3164 && c != 0xFFA0 && c != 0x2800 &&
             c != 0xFFFC && c != 0xFFFD && !(c >= 0xE0000 && c <= 0xE0FFF);
    }
}

/* Nothing to see has come yet: of what was held back, only what is not space belongs to the text,
 * such as a direction mark. */
static void
drop_leading_space (IvlAnswerText *self)
{
  g_autoptr (GString) rest = g_string_new (NULL);

  for (const char *p = self->space->str; *p != '\0'; p = g_utf8_next_char (p))
    if (!is_space (g_utf8_get_char (p)))
      g_string_append_len (rest, p, g_utf8_next_char (p) - p);
  g_string_assign (self->space, rest->str);
}

static void
show_char (IvlAnswerText *self,
           gunichar       c,
           const char    *bytes,
           gsize          n)
{
  gboolean visible = is_visible (c);

  self->has_invisible = self->has_invisible || !is_stripped (c);
  if (is_space (c) || (!visible && !self->has_text))
    {
      g_string_append_len (self->space, bytes, (gssize) n);
      return;
    }
  if (!self->has_text)
    drop_leading_space (self);
  self->has_text = TRUE;
  /* An engine on another system ends lines in its own way. */
  if (!self->is_raw)
    g_string_replace (self->space, "\r\n", "\n", 0);
  g_string_append_len (self->shown, self->space->str, (gssize) self->space->len);
  g_string_truncate (self->space, 0);
  g_string_append_len (self->shown, bytes, (gssize) n);
}

static void
show (IvlAnswerText *self,
      const char    *text,
      gsize          n)
{
  const char *end = text + n;

  while (text < end)
    {
      const char *next = g_utf8_next_char (text);

      if (*text == '\0')
        show_char (self, 0xFFFD, REPLACEMENT, strlen (REPLACEMENT));
      else
        show_char (self, g_utf8_get_char (text), text, (gsize) (next - text));
      text = next;
    }
}

/* Text of the answer. */
static void
add_text (IvlAnswerText *self,
          const char    *text,
          gsize          n)
{
  for (gsize i = 0; i < n; i++)
    if (text[i] == '\0')
      g_string_append (self->marked, REPLACEMENT);
    else
      g_string_append_c (self->marked, text[i]);
  show (self, text, n);
}

/* Markup of places: it is part of the answer only where it is asked for. */
static void
add_markup (IvlAnswerText *self,
            const char    *text,
            gsize          n)
{
  g_string_append_len (self->marked, text, (gssize) n);
  if (self->keeps_regions)
    show (self, text, n);
}

/* All that came so far was reasoning, as where a prompt has begun it. */
static void
forget_text (IvlAnswerText *self)
{
  self->is_spoiled = self->is_spoiled || self->n_taken > 0;
  self->began_in_thought = TRUE;
  self->has_text = FALSE;
  self->says_something = FALSE;
  g_string_truncate (self->marked, 0);
  g_string_truncate (self->shown, 0);
  g_string_truncate (self->space, 0);
}

static void
end_at_mark (IvlAnswerText *self,
             const char    *text,
             gsize          n)
{
  self->mode = MODE_ENDED;
  if (!self->has_text)
    self->first_mark = g_strndup (text, n);
}

/* The kind that a mark has where it stands. */
static IvlAnswerMark
place_mark (IvlAnswerText *self,
            IvlAnswerMark  mark)
{
  switch (mark)
    {
    case IVL_ANSWER_MARK_START:
      return self->has_text ? IVL_ANSWER_MARK_END : IVL_ANSWER_MARK_FILLER;
    case IVL_ANSWER_MARK_S:
      self->has_struck_text = self->has_text;
      return self->has_text ? IVL_ANSWER_MARK_NONE : IVL_ANSWER_MARK_FILLER;
    case IVL_ANSWER_MARK_S_END:
      return self->has_struck_text ? IVL_ANSWER_MARK_NONE : IVL_ANSWER_MARK_END;
    case IVL_ANSWER_MARK_FRAME:
      return IVL_ANSWER_MARK_FILLER;
    case IVL_ANSWER_MARK_PLACE_END:
      return IVL_ANSWER_MARK_NAME;
    default:
      return mark;
    }
}

static void
take_mark (IvlAnswerText *self,
           IvlAnswerMark  mark,
           const char    *text,
           gsize          n)
{
  switch (place_mark (self, mark))
    {
    case IVL_ANSWER_MARK_NONE:
      add_text (self, text, n);
      break;
    case IVL_ANSWER_MARK_END:
      end_at_mark (self, text, n);
      break;
    case IVL_ANSWER_MARK_REASONING:
      self->has_reasoned = TRUE;
      self->mode = MODE_REASONING;
      break;
    case IVL_ANSWER_MARK_REASONED:
      self->has_reasoned = TRUE;
      forget_text (self);
      break;
    case IVL_ANSWER_MARK_TOOL:
      self->calls_tool = TRUE;
      self->mode = MODE_ENDED;
      break;
    case IVL_ANSWER_MARK_NAME:
      add_markup (self, text, n);
      break;
    case IVL_ANSWER_MARK_PLACE:
      self->has_places = TRUE;
      self->mode = MODE_PLACE;
      g_string_append_len (g_string_truncate (self->place, 0), text, (gssize) n);
      break;
    default:
      break;
    }
}

/* Each takes what it can of the text and returns how much; 0 when more has to come first. */

static gsize
take_text (IvlAnswerText *self,
           const char    *text,
           gsize          n,
           gboolean       goes_on)
{
  gsize length = ivl_answer_mark_skip (text, n);
  IvlAnswerMark mark;

  if (length > 0)
    {
      add_text (self, text, length);
      return length;
    }
  mark = ivl_answer_mark_read (text, n, goes_on, &length);
  if (mark == IVL_ANSWER_MARK_MAYBE)
    return 0;
  if (mark == IVL_ANSWER_MARK_NONE && !goes_on && ivl_answer_mark_is_cut (text, n))
    return n;
  if (mark == IVL_ANSWER_MARK_NONE)
    {
      length = (gsize) (g_utf8_next_char (text) - text);
      add_text (self, text, length);
      return length;
    }
  take_mark (self, mark, text, length);
  return length;
}

static gsize
take_reasoning (IvlAnswerText *self,
                const char    *text,
                gsize          n,
                gboolean       goes_on)
{
  gsize length = ivl_answer_mark_skip (text, n);
  IvlAnswerMark mark;

  if (length > 0)
    return length;
  mark = ivl_answer_mark_read (text, n, goes_on, &length);
  if (mark == IVL_ANSWER_MARK_MAYBE)
    return 0;
  if (mark == IVL_ANSWER_MARK_REASONED)
    self->mode = MODE_TEXT;
  return MAX (length, (gsize) (g_utf8_next_char (text) - text));
}

/* Coordinates are numbers and what stands between them; all else was never a place. */
static gsize
take_place (IvlAnswerText *self,
            const char    *text,
            gsize          n)
{
  gsize length = strspn (text, "0123456789[](){},.;- \t\n");

  length = MIN (length, n);
  g_string_append_len (self->place, text, (gssize) length);
  if (length == n && self->place->len < MAX_PLACE)
    return n;
  add_markup (self, self->place->str, self->place->len);
  g_string_truncate (self->place, 0);
  self->mode = MODE_TEXT;
  return length;
}

static void
work (IvlAnswerText *self,
      gboolean       goes_on)
{
  gsize done = 0;

  while (done < self->pending->len)
    {
      const char *text = self->pending->str + done;
      gsize n = self->pending->len - done;
      Mode mode = self->mode;
      gsize taken = n;

      if (mode == MODE_TEXT)
        taken = take_text (self, text, n, goes_on);
      else if (mode == MODE_REASONING)
        taken = take_reasoning (self, text, n, goes_on);
      else if (mode == MODE_PLACE)
        taken = take_place (self, text, n);
      if (taken == 0 && mode == self->mode)
        break;
      done += taken;
    }
  g_string_erase (self->pending, 0, (gssize) done);
}

void
ivl_answer_text_push (IvlAnswerText *self,
                      const GString *piece)
{
  if (!self->knows_marks)
    {
      add_text (self, piece->str, piece->len);
      return;
    }
  g_string_append_len (self->pending, piece->str, (gssize) piece->len);
  work (self, TRUE);
}

/* Whether the text is, or may become, words for there being nothing. */
static gboolean
says_nothing (IvlAnswerText *self,
              gboolean       goes_on)
{
  g_autofree char *words = NULL;

  if (self->nothing == NULL || self->says_something)
    return FALSE;
  words = fold_words (self->shown->str, self->shown->len);
  for (guint i = 0; self->nothing[i] != NULL; i++)
    if (goes_on ? g_str_has_prefix (self->nothing[i], words)
                : strcmp (self->nothing[i], words) == 0)
      return TRUE;
  self->says_something = TRUE;
  return FALSE;
}

/* Why there is no answer. */
static char *
explain (IvlAnswerText  *self,
         const IvlUsage *usage)
{
  gboolean is_cut = usage->finish_reason == IVL_FINISH_LENGTH;

  if (self->calls_tool)
    return g_strdup ("it called a tool instead");
  if ((self->has_reasoned || usage->has_reasoned) && is_cut)
    return g_strdup ("its token limit was reached while it reasoned: allow more tokens "
                     "(max-tokens), or turn reasoning off where the model is served");
  if (self->has_reasoned || usage->has_reasoned)
    return g_strdup ("it reasoned, and said nothing after that");
  if (self->first_mark != NULL)
    return g_strdup_printf ("what it wrote begins with the control token %s", self->first_mark);
  if (self->has_places)
    return g_strdup ("it named places in the picture and nothing else");
  if (is_cut)
    return g_strdup ("its token limit was reached before there was any text: allow more tokens "
                     "(max-tokens)");
  if (self->has_invisible)
    return g_strdup ("nothing that it wrote can be seen");
  return g_strdup ("it wrote nothing");
}

static gboolean
fail (const char  *model,
      const char  *reason,
      GError     **error)
{
  g_set_error (error, IVL_ERROR, IVL_ERROR_NO_ANSWER, "The model %s gave no answer: %s", model,
               reason);
  return FALSE;
}

gboolean
ivl_answer_text_end (IvlAnswerText   *self,
                     const IvlUsage  *usage,
                     const char      *model,
                     GError         **error)
{
  g_autofree char *reason = NULL;
  gboolean is_thought;
  gboolean is_open;

  work (self, FALSE);
  if (self->mode == MODE_PLACE)
    add_markup (self, self->place->str, self->place->len);
  self->has_ended = TRUE;
  /* It broke off where answers of this model are not reached yet. */
  is_thought = self->begins_in_thought && !self->has_reasoned &&
               usage->finish_reason == IVL_FINISH_LENGTH;
  self->has_reasoned = self->has_reasoned || is_thought;
  /* Reasoning that never ends has swallowed what was to come; a finish reason of length says so. */
  is_open = self->mode == MODE_REASONING && usage->finish_reason == IVL_FINISH_STOP;
  if (self->has_text && says_nothing (self, FALSE))
    {
      self->remark = g_strdup (self->shown->str);
      g_string_truncate (self->shown, 0);
    }
  if (self->is_raw || (self->has_text && !self->calls_tool && !is_thought && !is_open))
    return TRUE;
  if (self->nothing != NULL && !self->calls_tool && !self->has_reasoned && !usage->has_reasoned &&
      usage->finish_reason == IVL_FINISH_STOP)
    return TRUE;
  reason = explain (self, usage);
  return fail (model, reason, error);
}

char *
ivl_answer_text_take (IvlAnswerText  *self,
                      const char     *model,
                      GError        **error)
{
  char *piece;

  if (self->is_spoiled)
    {
      fail (model, "what it wrote so far is its reasoning, which it did not begin as such", error);
      return NULL;
    }
  if (!self->has_ended && ((self->begins_in_thought && !self->has_reasoned) ||
                           says_nothing (self, TRUE)))
    return NULL;
  if (self->n_taken >= self->shown->len)
    return NULL;
  piece = g_strdup (self->shown->str + self->n_taken);
  self->n_taken = self->shown->len;
  return piece;
}

const char *
ivl_answer_text_get (IvlAnswerText *self)
{
  return self->shown->str;
}

const char *
ivl_answer_text_get_marked (IvlAnswerText *self)
{
  return self->marked->str;
}

const char *
ivl_answer_text_get_remark (IvlAnswerText *self)
{
  return self->remark;
}

gboolean
ivl_answer_text_began_in_thought (IvlAnswerText *self)
{
  return self->began_in_thought;
}

char *
ivl_answer_text_clean (const char *answer)
{
  GString *text = g_string_new (answer);

  const char *begin, *end, *last;

  for (gsize i = 0; ivl_chat_template_text_markup[i] != NULL; i++)
    g_string_replace (text, ivl_chat_template_text_markup[i], "", 0);
  begin = text->str;
  end = text->str + text->len;
  while (begin < end && is_stripped (g_utf8_get_char_validated (begin, end - begin)))
    begin = g_utf8_next_char (begin);
  while ((last = g_utf8_find_prev_char (begin, end)) != NULL
         && is_stripped (g_utf8_get_char_validated (last, end - last)))
    end = last;
  g_string_truncate (text, end - text->str);
  g_string_erase (text, 0, begin - text->str);
  return g_string_free (text, FALSE);
}
