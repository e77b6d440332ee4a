/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reads JSON byte by byte against a schema (RFC 8259 with the schema's nodes for a grammar): a
 * stack of open objects and arrays, and a small automaton for the string, number or literal in
 * hand. No state is taken that has no way to a whole text, so whoever goes on byte by byte never
 * gets stuck.
 *
 * What is valid JSON and is not taken all the same: white space beyond one space or one line break
 * with indentation, \u for surrogates and NUL, escapes in keys that the schema does not name, and
 * numbers longer than 15 digits before or behind the point.
 */
#include "lm/ivl-json-acceptor.h"

#include <string.h>

/* White space in one place: a space, or a line break with this for each level. */
#define INDENT 4
#define SPACE_FULL 255

/* Digits before and behind the point of a number without bounds; its exponent has two. Together
 * they stay inside a double. */
#define MAX_DIGITS 15
#define MAX_EXPONENT_DIGITS 2

typedef enum
{
  NUMBER_SIGN, /* behind the minus */
  NUMBER_WHOLE,
  NUMBER_FRACTION,
  NUMBER_EXPONENT, /* behind the e */
  NUMBER_EXPONENT_SIGN,
  NUMBER_EXPONENT_DIGITS,
} NumberPart;

/* A key of an object that may have any, chained to the one before it in the same object. Keys are
 * known by their hash: at worst, one is refused that only looks as if it had been there. */
typedef struct
{
  guint64 hash;
  guint32 previous; /* index + 1; 0: none */
} Key;

struct _IvlJsonAcceptor
{
  IvlJsonSchema *schema;
  GArray        *keys; /* Key; states know how many of them count */
};

IvlJsonAcceptor *
ivl_json_acceptor_new (IvlJsonSchema *schema)
{
  IvlJsonAcceptor *self = g_new0 (IvlJsonAcceptor, 1);

  self->schema = ivl_json_schema_ref (schema);
  self->keys = g_array_new (FALSE, FALSE, sizeof (Key));
  return self;
}

void
ivl_json_acceptor_free (IvlJsonAcceptor *self)
{
  ivl_json_schema_unref (self->schema);
  g_array_unref (self->keys);
  g_free (self);
}

void
ivl_json_acceptor_start (IvlJsonAcceptor *self,
                         IvlJsonState    *state)
{
  memset (state, 0, sizeof *state);
  state->place = IVL_JSON_AT_START;
  state->node = ivl_json_schema_get_root (self->schema);
}

void
ivl_json_acceptor_copy_state (IvlJsonState       *to,
                              const IvlJsonState *from)
{
  memcpy (to, from, G_STRUCT_OFFSET (IvlJsonState, frames) + from->n_frames * sizeof *from->frames);
}

static IvlJsonFrame *
get_frame (IvlJsonState *state)
{
  return &state->frames[state->n_frames - 1];
}

static void
go_to (IvlJsonState *state,
       IvlJsonPlace  place)
{
  state->place = place;
  state->space = 0;
}

static void
end_value (IvlJsonState *state)
{
  go_to (state, state->n_frames > 0 ? IVL_JSON_AFTER_VALUE : IVL_JSON_AT_END);
}

static gboolean
take_space (IvlJsonState *state,
            guint8        byte)
{
  gboolean has_lines = state->place != IVL_JSON_AT_START && state->place != IVL_JSON_AT_COLON;
  guint width = byte == '\t' ? INDENT : 1;

  if (state->space == 0 && byte == ' ')
    state->space = SPACE_FULL;
  else if (state->space == 0 && byte == '\n' && has_lines)
    state->space = 1;
  else if (state->space > 0 && state->space != SPACE_FULL && byte != '\n' &&
           state->space - 1 + width <= (guint) INDENT * state->n_frames)
    state->space += width;
  else
    return FALSE;
  return TRUE;
}

static gboolean
open_container (IvlJsonState *state,
                gboolean      is_array)
{
  IvlJsonFrame frame = { state->node, 0, 0, is_array };

  if (state->n_frames >= IVL_JSON_ACCEPTOR_MAX_DEPTH)
    return FALSE;
  state->frames[state->n_frames++] = frame;
  go_to (state, is_array ? IVL_JSON_AT_ITEM : IVL_JSON_AT_FIRST_KEY);
  return TRUE;
}

static void
begin_string (IvlJsonState *state,
              IvlJsonPlace  place)
{
  go_to (state, place);
  state->n_chars = 0;
  state->escape = 0;
  state->utf8_left = 0;
  state->hash = G_GUINT64_CONSTANT (0xcbf29ce484222325); /* FNV-1a's, 64 bits */
}

/* The magnitudes that a number of this sign may have. "-0" is not written. */
static gboolean
get_range (const IvlJsonState *state,
           guint64            *lowest,
           guint64            *highest)
{
  gint64 low = state->node->lowest, high = state->node->highest;

  if (state->is_negative)
    {
      gint64 turned = -low;

      low = -high;
      high = turned;
    }
  low = MAX (low, state->is_negative ? 1 : 0);
  *lowest = (guint64) low;
  *highest = (guint64) MAX (high, 0);
  return low <= high;
}

static guint64
power_of_ten (guint n)
{
  guint64 power = 1;

  while (n-- > 0)
    power *= 10;
  return power;
}

/* Whether the digits so far can go on to a number within the bounds. They stand for the interval
 * of all numbers that begin with them, or, before the point, for one for each number of digits that
 * may follow. Nothing here passes 2 * 10^18. */
static gboolean
is_within_reach (const IvlJsonState *state)
{
  const IvlJsonNode *node = state->node;
  guint64 lowest, highest, width, from;

  if (!get_range (state, &lowest, &highest))
    return FALSE;
  if (state->number_part == NUMBER_SIGN)
    return TRUE;
  width = power_of_ten (node->n_decimals);
  if (state->number_part == NUMBER_FRACTION)
    width = power_of_ten (node->n_decimals - state->n_digits);
  from = (guint64) state->units * width;
  while (from <= highest)
    {
      if (from + width - 1 >= lowest)
        return TRUE;
      if (state->number_part == NUMBER_FRACTION || state->units == 0)
        return FALSE;
      from *= 10;
      width *= 10;
    }
  return FALSE;
}

static gboolean
can_end_number (const IvlJsonState *state)
{
  const IvlJsonNode *node = state->node;
  guint64 lowest, highest, units = (guint64) state->units;

  if (state->n_digits == 0)
    return FALSE;
  if (!node->is_bounded)
    return TRUE;
  units *= power_of_ten (node->n_decimals -
                         (state->number_part == NUMBER_FRACTION ? state->n_digits : 0));
  return get_range (state, &lowest, &highest) && units >= lowest && units <= highest;
}

static void
enter_part (IvlJsonState *state,
            NumberPart    part)
{
  state->number_part = part;
  state->n_digits = 0;
}

static gboolean
take_digit (IvlJsonState *state,
            guint8        byte)
{
  const IvlJsonNode *node = state->node;
  guint limit;

  switch (state->number_part)
    {
    case NUMBER_SIGN:
      enter_part (state, NUMBER_WHOLE);
      limit = 1;
      break;
    case NUMBER_WHOLE:
      if (state->units == 0)
        return FALSE;
      limit = node->is_bounded ? 18 : MAX_DIGITS;
      break;
    case NUMBER_FRACTION:
      limit = node->is_bounded ? node->n_decimals : MAX_DIGITS;
      break;
    default:
      state->number_part = NUMBER_EXPONENT_DIGITS;
      limit = MAX_EXPONENT_DIGITS;
      break;
    }
  if (state->n_digits >= limit)
    return FALSE;
  state->n_digits++;
  if (state->number_part == NUMBER_WHOLE || node->is_bounded)
    state->units = state->units * 10 + (byte - '0');
  return TRUE;
}

static gboolean
take_number_byte (IvlJsonState *state,
                  guint8        byte)
{
  const IvlJsonNode *node = state->node;
  gboolean may_go_on = state->n_digits > 0;

  if (g_ascii_isdigit (byte))
    {
      if (!take_digit (state, byte))
        return FALSE;
    }
  else if (byte == '.' && state->number_part == NUMBER_WHOLE && may_go_on &&
           (!node->is_bounded || node->n_decimals > 0))
    enter_part (state, NUMBER_FRACTION);
  else if ((byte == 'e' || byte == 'E') && state->number_part <= NUMBER_FRACTION && may_go_on &&
           !node->is_bounded)
    enter_part (state, NUMBER_EXPONENT);
  else if ((byte == '+' || byte == '-') && state->number_part == NUMBER_EXPONENT)
    enter_part (state, NUMBER_EXPONENT_SIGN);
  else
    return FALSE;
  return !node->is_bounded || is_within_reach (state);
}

static gboolean
begin_number (IvlJsonState *state,
              guint8        byte)
{
  go_to (state, IVL_JSON_IN_NUMBER);
  enter_part (state, NUMBER_SIGN);
  state->units = 0;
  state->is_negative = byte == '-';
  if (!state->is_negative)
    return take_number_byte (state, byte);
  return !state->node->is_bounded || is_within_reach (state);
}

/* The first literal from state->literal on that begins with the bytes so far and the next one; its
 * index, or n. Those before it have been ruled out already. */
static guint
find_literal (const IvlJsonState *state,
              guint8              byte)
{
  const IvlJsonNode *node = state->node;
  const char *so_far = node->literals[state->literal].text;
  guint i = state->literal;

  for (; i < node->n_literals; i++)
    if (node->literals[i].length > state->n_matched &&
        (guint8) node->literals[i].text[state->n_matched] == byte &&
        memcmp (node->literals[i].text, so_far, state->n_matched) == 0)
      break;
  return i;
}

static gboolean
take_literal_byte (IvlJsonState *state,
                   guint8        byte)
{
  guint i = find_literal (state, byte);

  if (i >= state->node->n_literals)
    return FALSE;
  state->literal = i;
  state->n_matched++;
  return TRUE;
}

static gboolean
can_end_literal (const IvlJsonState *state)
{
  const IvlJsonNode *node = state->node;
  const char *so_far = node->literals[state->literal].text;

  for (guint i = state->literal; i < node->n_literals; i++)
    if (node->literals[i].length == state->n_matched &&
        memcmp (node->literals[i].text, so_far, state->n_matched) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
begin_literal (IvlJsonState *state,
               guint8        byte)
{
  if (state->node->n_literals == 0)
    return FALSE;
  go_to (state, IVL_JSON_IN_LITERAL);
  state->literal = 0;
  state->n_matched = 0;
  return take_literal_byte (state, byte);
}

static gboolean
begin_value (IvlJsonState *state,
             guint8        byte)
{
  IvlJsonKinds kinds = state->node->kinds;

  if (byte == '"' && (kinds & IVL_JSON_STRING))
    {
      begin_string (state, IVL_JSON_IN_STRING);
      return TRUE;
    }
  if (byte == '{' && (kinds & IVL_JSON_OBJECT))
    return open_container (state, FALSE);
  if (byte == '[' && (kinds & IVL_JSON_ARRAY))
    return open_container (state, TRUE);
  if ((byte == '-' || g_ascii_isdigit (byte)) && (kinds & IVL_JSON_NUMBER))
    return begin_number (state, byte);
  return begin_literal (state, byte);
}

static gboolean
begin_item (IvlJsonState *state,
            guint8        byte)
{
  IvlJsonFrame *frame = get_frame (state);

  if (frame->count >= frame->node->max_items)
    return FALSE;
  frame->count++;
  state->node = frame->node->items;
  return begin_value (state, byte);
}

static gboolean
has_more_keys (const IvlJsonFrame *frame)
{
  return frame->node->values != NULL || frame->count < frame->node->n_properties;
}

static gboolean
needs_more_keys (const IvlJsonFrame *frame)
{
  const IvlJsonNode *node = frame->node;

  return frame->count < node->n_properties &&
         node->properties[frame->count].next_required < node->n_properties;
}

static gboolean
begin_key (IvlJsonState *state,
           guint8        byte)
{
  IvlJsonFrame *frame = get_frame (state);

  if (byte != '"' || !has_more_keys (frame))
    return FALSE;
  if (frame->node->values != NULL)
    {
      begin_string (state, IVL_JSON_IN_KEY);
      return TRUE;
    }
  go_to (state, IVL_JSON_IN_NAME);
  state->literal = frame->count;
  state->n_matched = 1;
  return TRUE;
}

/* One of the properties from the next one to the next required one. */
static gboolean
take_name_byte (IvlJsonState *state,
                guint8        byte)
{
  IvlJsonFrame *frame = get_frame (state);
  const IvlJsonProperty *properties = frame->node->properties;
  guint last = MIN (properties[frame->count].next_required, frame->node->n_properties - 1);
  const char *so_far = properties[state->literal].name.text;

  for (guint i = state->literal; i <= last; i++)
    {
      const IvlJsonLiteral *name = &properties[i].name;

      /* No name begins another: each ends with the only quotation mark behind its first byte that
       * is not escaped. */
      if (name->length <= state->n_matched || (guint8) name->text[state->n_matched] != byte ||
          memcmp (name->text, so_far, state->n_matched) != 0)
        continue;
      state->literal = i;
      if (++state->n_matched < name->length)
        return TRUE;
      frame->count = i + 1;
      state->node = properties[i].value;
      go_to (state, IVL_JSON_AT_COLON);
      return TRUE;
    }
  return FALSE;
}

/* Ends a key that the schema does not name, unless the object has it already. */
static gboolean
end_key (IvlJsonAcceptor *self,
         IvlJsonState    *state)
{
  IvlJsonFrame *frame = get_frame (state);
  Key key = { state->hash, frame->keys };

  for (guint32 i = frame->keys; i > 0; i = g_array_index (self->keys, Key, i - 1).previous)
    if (g_array_index (self->keys, Key, i - 1).hash == state->hash)
      return FALSE;
  /* What lies behind belongs to states that were given up. */
  g_array_set_size (self->keys, state->n_keys);
  g_array_append_val (self->keys, key);
  frame->keys = ++state->n_keys;
  state->node = frame->node->values;
  go_to (state, IVL_JSON_AT_COLON);
  return TRUE;
}

/* The first byte of a character of UTF-8 (RFC 3629, section 4). */
static gboolean
begin_character (IvlJsonState *state,
                 guint8        byte)
{
  if (byte < 0x20 || (byte >= 0x80 && byte < 0xc2) || byte > 0xf4)
    return FALSE;
  state->utf8_left = byte < 0x80 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  state->utf8_low = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
  state->utf8_high = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
  state->n_chars += state->utf8_left == 0;
  return TRUE;
}

static gboolean
continue_character (IvlJsonState *state,
                    guint8        byte)
{
  if (byte < state->utf8_low || byte > state->utf8_high)
    return FALSE;
  state->utf8_low = 0x80;
  state->utf8_high = 0xbf;
  state->n_chars += --state->utf8_left == 0;
  return TRUE;
}

static gboolean
continue_escape (IvlJsonState *state,
                 guint8        byte)
{
  if (state->escape == 1)
    {
      if (byte == 'u')
        {
          state->code = 0;
          state->escape = 2;
          return TRUE;
        }
      state->escape = 0;
      state->n_chars++;
      return byte != '\0' && strchr ("\"\\/bfnrt", byte) != NULL;
    }
  if (!g_ascii_isxdigit (byte))
    return FALSE;
  state->code = (guint16) (state->code << 4 | g_ascii_xdigit_value (byte));
  /* Surrogates begin with d8 to df; NUL would be cut off by readers written in C. */
  if ((state->escape == 3 && state->code >= 0xd8 && state->code <= 0xdf) ||
      (state->escape == 5 && state->code == 0))
    return FALSE;
  if (state->escape++ < 5)
    return TRUE;
  state->escape = 0;
  state->n_chars++;
  return TRUE;
}

static gboolean
take_string_byte (IvlJsonState *state,
                  guint8        byte)
{
  if (state->escape > 0)
    return continue_escape (state, byte);
  if (state->utf8_left > 0)
    return continue_character (state, byte);
  if (byte == '"')
    {
      if (state->n_chars < state->node->min_length)
        return FALSE;
      end_value (state);
      return TRUE;
    }
  if (state->n_chars >= state->node->max_length)
    return FALSE;
  if (byte != '\\')
    return begin_character (state, byte);
  state->escape = 1;
  return TRUE;
}

static gboolean
take_key_byte (IvlJsonAcceptor *self,
               IvlJsonState    *state,
               guint8           byte)
{
  gboolean ok;

  if (byte == '"' && state->utf8_left == 0)
    return end_key (self, state);
  ok = state->utf8_left > 0 ? continue_character (state, byte)
                            : byte != '\\' && begin_character (state, byte);
  state->hash = (state->hash ^ byte) * G_GUINT64_CONSTANT (0x100000001b3);
  return ok;
}

/* A comma, or the end of the object or array. */
static gboolean
go_on (IvlJsonState *state,
       guint8        byte)
{
  IvlJsonFrame *frame = get_frame (state);
  const IvlJsonNode *node = frame->node;

  if (byte == ',' && frame->is_array && frame->count < node->max_items)
    {
      frame->count++;
      state->node = node->items;
      go_to (state, IVL_JSON_AT_VALUE);
      return TRUE;
    }
  if (byte == ',' && !frame->is_array && has_more_keys (frame))
    {
      go_to (state, IVL_JSON_AT_KEY);
      return TRUE;
    }
  if (frame->is_array ? byte != ']' || frame->count < node->min_items
                      : byte != '}' || needs_more_keys (frame))
    return FALSE;
  state->n_frames--;
  end_value (state);
  return TRUE;
}

/* The places between the values, keys and signs. */
static gboolean
take_structure_byte (IvlJsonState *state,
                     guint8        byte)
{
  if (byte == ' ' || byte == '\n' || byte == '\t')
    return take_space (state, byte);
  switch (state->place)
    {
    case IVL_JSON_AT_ITEM:
      return byte == ']' ? go_on (state, byte) : begin_item (state, byte);
    case IVL_JSON_AT_FIRST_KEY:
      return byte == '}' ? go_on (state, byte) : begin_key (state, byte);
    case IVL_JSON_AT_KEY:
      return begin_key (state, byte);
    case IVL_JSON_AT_COLON:
      go_to (state, IVL_JSON_AT_VALUE);
      return byte == ':';
    case IVL_JSON_AFTER_VALUE:
      return go_on (state, byte);
    default:
      return begin_value (state, byte);
    }
}

/* Numbers and literals end where something else begins. */
static gboolean
end_before (IvlJsonState *state,
            guint8        byte,
            gboolean      may_end)
{
  if (!may_end || state->n_frames == 0)
    return FALSE;
  end_value (state);
  return take_structure_byte (state, byte);
}

gboolean
ivl_json_acceptor_step (IvlJsonAcceptor *self,
                        IvlJsonState    *state,
                        guint8           byte)
{
  switch (state->place)
    {
    case IVL_JSON_IN_NAME:
      return take_name_byte (state, byte);
    case IVL_JSON_IN_KEY:
      return take_key_byte (self, state, byte);
    case IVL_JSON_IN_STRING:
      return take_string_byte (state, byte);
    case IVL_JSON_IN_NUMBER:
      if (strchr (" \n\t,]}", byte) != NULL && byte != '\0')
        return end_before (state, byte, can_end_number (state));
      return take_number_byte (state, byte);
    case IVL_JSON_IN_LITERAL:
      return take_literal_byte (state, byte) || end_before (state, byte, can_end_literal (state));
    case IVL_JSON_AT_END:
      return FALSE;
    default:
      return take_structure_byte (state, byte);
    }
}

gboolean
ivl_json_acceptor_is_complete (const IvlJsonState *state)
{
  if (state->n_frames > 0)
    return FALSE;
  return state->place == IVL_JSON_AT_END ||
         (state->place == IVL_JSON_IN_NUMBER && can_end_number (state)) ||
         (state->place == IVL_JSON_IN_LITERAL && can_end_literal (state));
}

gboolean
ivl_json_acceptor_is_ended (IvlJsonAcceptor    *self,
                            const IvlJsonState *state)
{
  if (!ivl_json_acceptor_is_complete (state))
    return FALSE;
  for (guint byte = 0; byte < 256; byte++)
    {
      IvlJsonState next;

      ivl_json_acceptor_copy_state (&next, state);
      if (ivl_json_acceptor_step (self, &next, (guint8) byte))
        return FALSE;
    }
  return TRUE;
}

guint
ivl_json_acceptor_count_free_chars (const IvlJsonState *state)
{
  if (state->escape > 0 || state->utf8_left > 0)
    return 0;
  if (state->place == IVL_JSON_IN_KEY)
    return G_MAXUINT;
  if (state->place != IVL_JSON_IN_STRING)
    return 0;
  return state->node->max_length == G_MAXUINT ? G_MAXUINT
                                              : state->node->max_length - state->n_chars;
}
