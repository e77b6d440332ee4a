/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A token of an answer with its probability, for programs that want to know how sure a model was.
 */
#include <libivl/ivl-token.h>

struct _IvlToken
{
  gatomicrefcount ref_count;
  gint64          id;
  GBytes         *text;
  float           logprob;
  GPtrArray      *alternatives; /* (element-type IvlToken) (nullable) */
};

G_DEFINE_BOXED_TYPE (IvlToken, ivl_token, ivl_token_copy, ivl_token_free)

/**
 * ivl_token_new:
 * @id: its id in the model's vocabulary; -1 when it is not known
 * @text: its bytes
 * @logprob: natural logarithm of its probability
 * @alternatives: (nullable) (element-type IvlToken): the likeliest tokens in its place, likeliest
 *   first
 *
 * Makes a token. What it is made of must not be changed any more.
 *
 * Returns: (transfer full): the token
 */
IvlToken *
ivl_token_new (gint64     id,
               GBytes    *text,
               float      logprob,
               GPtrArray *alternatives)
{
  IvlToken *self;

  g_return_val_if_fail (text != NULL, NULL);

  self = g_new0 (IvlToken, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->id = id;
  self->text = g_bytes_ref (text);
  self->logprob = logprob;
  self->alternatives = alternatives != NULL ? g_ptr_array_ref (alternatives) : NULL;
  return self;
}

/**
 * ivl_token_copy:
 * @self: a token
 *
 * Takes one more reference: tokens never change. Safe from any thread.
 *
 * Returns: (transfer full): @self
 */
IvlToken *
ivl_token_copy (IvlToken *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * ivl_token_free:
 * @self: (transfer full): a token
 *
 * Drops a reference; the last one frees the token. Safe from any thread.
 */
void
ivl_token_free (IvlToken *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_bytes_unref (self->text);
  g_clear_pointer (&self->alternatives, g_ptr_array_unref);
  g_free (self);
}

/**
 * ivl_token_get_id:
 * @self: a token
 *
 * Its id in the model's vocabulary.
 *
 * Returns: the id; -1 when it is not known, as with most servers
 */
gint64
ivl_token_get_id (IvlToken *self)
{
  g_return_val_if_fail (self != NULL, -1);

  return self->id;
}

/**
 * ivl_token_get_bytes:
 * @self: a token
 *
 * Its own bytes. They can be a part of a character, and a space at the beginning of the answer is
 * among them although the text leaves it out. Special tokens give the text that names them.
 *
 * Returns: (transfer none): the bytes
 */
GBytes *
ivl_token_get_bytes (IvlToken *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->text;
}

/**
 * ivl_token_get_logprob:
 * @self: a token
 *
 * How probable the model thought it: the natural logarithm of the softmax of the model's own
 * output, at temperature 1 and before anything else (repetition penalty, top-k, top-p, a JSON
 * schema) changes it.
 *
 * Returns: the logarithm, 0 or below
 */
float
ivl_token_get_logprob (IvlToken *self)
{
  g_return_val_if_fail (self != NULL, 0.0f);

  return self->logprob;
}

/**
 * ivl_token_get_alternatives:
 * @self: a token
 *
 * The likeliest tokens in its place, as many as #IvlOptions:top-logprobs wants, likeliest first.
 * The token itself is among them if it is as likely. They have no alternatives of their own.
 *
 * Returns: (transfer none) (nullable) (element-type IvlToken): the tokens; %NULL when none were
 *   wanted
 */
GPtrArray *
ivl_token_get_alternatives (IvlToken *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->alternatives;
}
