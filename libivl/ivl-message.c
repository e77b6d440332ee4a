/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Messages: a role and parts, each a text or a picture, in the order in which a model reads them.
 */
#include <libivl/ivl-message.h>

typedef struct
{
  IvlPartKind kind;
  char       *text;  /* (owned) (nullable) */
  IvlImage   *image; /* (owned) (nullable) */
} Part;

struct _IvlMessage
{
  GObject parent_instance;

  IvlRole role;
  GArray *parts; /* of Part */
};

G_DEFINE_FINAL_TYPE (IvlMessage, ivl_message, G_TYPE_OBJECT)

static void
part_clear (gpointer data)
{
  Part *part = data;

  g_clear_pointer (&part->text, g_free);
  g_clear_object (&part->image);
}

static void
ivl_message_finalize (GObject *object)
{
  IvlMessage *self = IVL_MESSAGE (object);

  g_array_unref (self->parts);
  G_OBJECT_CLASS (ivl_message_parent_class)->finalize (object);
}

static void
ivl_message_class_init (IvlMessageClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ivl_message_finalize;
}

static void
ivl_message_init (IvlMessage *self)
{
  self->role = IVL_ROLE_USER;
  self->parts = g_array_new (FALSE, TRUE, sizeof (Part));
  g_array_set_clear_func (self->parts, part_clear);
}

/**
 * ivl_message_new:
 * @role: who speaks
 *
 * Makes a message without parts. Parts are added before it is given to a session; from then on it
 * must not be changed.
 *
 * Returns: (transfer full): the message
 */
IvlMessage *
ivl_message_new (IvlRole role)
{
  IvlMessage *self = g_object_new (IVL_TYPE_MESSAGE, NULL);

  self->role = role;
  return self;
}

static void
append_text (IvlMessage *self,
             IvlPartKind kind,
             const char *text)
{
  Part part = { .kind = kind, .text = g_utf8_make_valid (text, -1) };

  g_array_append_val (self->parts, part);
}

/**
 * ivl_message_add_text:
 * @self: a message
 * @text: text of a person, a picture or a file name, UTF-8
 *
 * Adds text in which no markup of the model is recognised: a `<box>` or `<|im_end|>` in it is just
 * these characters. Bytes that are not UTF-8 are replaced by U+FFFD.
 */
void
ivl_message_add_text (IvlMessage *self,
                      const char *text)
{
  g_return_if_fail (IVL_IS_MESSAGE (self));
  g_return_if_fail (text != NULL);

  append_text (self, IVL_PART_TEXT, text);
}

/**
 * ivl_message_add_prompt:
 * @self: a message
 * @text: text written by a program, UTF-8
 *
 * Adds text in which markup of the model, such as `<ref>`, is recognised. Never pass text here that
 * came from somewhere else. Bytes that are not UTF-8 are replaced by U+FFFD.
 */
void
ivl_message_add_prompt (IvlMessage *self,
                        const char *text)
{
  g_return_if_fail (IVL_IS_MESSAGE (self));
  g_return_if_fail (text != NULL);

  append_text (self, IVL_PART_PROMPT, text);
}

/**
 * ivl_message_add_image:
 * @self: a message
 * @image: a picture
 *
 * Adds a picture. The family's models are trained with pictures before the text about them.
 */
void
ivl_message_add_image (IvlMessage *self,
                       IvlImage   *image)
{
  Part part = { .kind = IVL_PART_IMAGE };

  g_return_if_fail (IVL_IS_MESSAGE (self));
  g_return_if_fail (image != NULL);

  part.image = g_object_ref (image);
  g_array_append_val (self->parts, part);
}

/**
 * ivl_message_get_role:
 * @self: a message
 *
 * Who speaks.
 *
 * Returns: the role
 */
IvlRole
ivl_message_get_role (IvlMessage *self)
{
  g_return_val_if_fail (IVL_IS_MESSAGE (self), IVL_ROLE_USER);

  return self->role;
}

/**
 * ivl_message_get_n_parts:
 * @self: a message
 *
 * How many parts were added.
 *
 * Returns: the number of parts
 */
guint
ivl_message_get_n_parts (IvlMessage *self)
{
  g_return_val_if_fail (IVL_IS_MESSAGE (self), 0);

  return self->parts->len;
}

static const Part *
get_part (IvlMessage *self,
          guint       index)
{
  g_return_val_if_fail (IVL_IS_MESSAGE (self), NULL);
  g_return_val_if_fail (index < self->parts->len, NULL);

  return &g_array_index (self->parts, Part, index);
}

/**
 * ivl_message_get_part_kind:
 * @self: a message
 * @index: which part, below ivl_message_get_n_parts()
 *
 * What a part holds.
 *
 * Returns: the kind
 */
IvlPartKind
ivl_message_get_part_kind (IvlMessage *self,
                           guint       index)
{
  const Part *part = get_part (self, index);

  return part != NULL ? part->kind : IVL_PART_TEXT;
}

/**
 * ivl_message_get_part_text:
 * @self: a message
 * @index: which part, below ivl_message_get_n_parts()
 *
 * The text of a part.
 *
 * Returns: (transfer none) (nullable): valid UTF-8, maybe empty; %NULL when the part is a picture
 */
const char *
ivl_message_get_part_text (IvlMessage *self,
                           guint       index)
{
  const Part *part = get_part (self, index);

  return part != NULL ? part->text : NULL;
}

/**
 * ivl_message_get_part_image:
 * @self: a message
 * @index: which part, below ivl_message_get_n_parts()
 *
 * The picture of a part.
 *
 * Returns: (transfer none) (nullable): the picture; %NULL when the part is text
 */
IvlImage *
ivl_message_get_part_image (IvlMessage *self,
                            guint       index)
{
  const Part *part = get_part (self, index);

  return part != NULL ? part->image : NULL;
}
