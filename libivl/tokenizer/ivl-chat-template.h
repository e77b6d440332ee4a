/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A prompt format as data, one row each in ivl-chat-template.c. A prompt is
 *   system_prefix SYSTEM end
 *   { user_prefix Q end assistant_prefix A end }
 *   user_prefix Q end assistant_prefix
 * All parts but SYSTEM, Q and A are TRUSTED text. */
typedef struct
{
  const char *name;             /* "internvl2_5", "qwen2", "internlm2" */
  const char *system_message;   /* default; NULL: no system block unless one is given */
  const char *system_prefix;    /* "<|im_start|>system\n" */
  const char *user_prefix;      /* "<|im_start|>user\n" */
  const char *assistant_prefix; /* "<|im_start|>assistant\n" */
  const char *end;              /* "<|im_end|>\n" */
  const char *end_token;        /* "<|im_end|>": ends an answer */
} IvlChatTemplate;

/* Added tokens that belong to an answer's text, because regions are read from them;
 * NULL-terminated. */
extern const char *const ivl_chat_template_text_markup[];

const IvlChatTemplate *ivl_chat_template_lookup (const char *name);

G_END_DECLS
