/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The prompt formats. Templates inside downloaded files are programs; these are data.
 */
#include "tokenizer/ivl-chat-template.h"

#define CHATML                                                                                     \
  .system_prefix = "<|im_start|>system\n", .user_prefix = "<|im_start|>user\n",                    \
  .assistant_prefix = "<|im_start|>assistant\n", .end = "<|im_end|>\n", .end_token = "<|im_end|>"

static const IvlChatTemplate templates[] = {
  /* OpenGVLab/InternVL, internvl_chat/internvl/conversation.py, commit 2410d1d */
  {
      .name = "internvl2_5",
      .system_message = "你是书生·万象，英文名是InternVL，是由上海人工智能实验室、清华大学及多家合作单位"
                        "联合开发的多模态大语言模型。",
      CHATML,
  },
  /* Qwen2.5-Instruct's tokenizer_config.json, chat_template */
  {
      .name = "qwen2",
      .system_message = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
      CHATML,
  },
  /* internlm2_5-chat's tokenizer_config.json, chat_template: no system line of its own */
  {
      .name = "internlm2",
      CHATML,
  },
};

const char *const ivl_chat_template_text_markup[] = {
  "<ref>", "</ref>", "<box>", "</box>", "<quad>", "</quad>", NULL,
};

const IvlChatTemplate *
ivl_chat_template_lookup (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (templates); i++)
    if (g_strcmp0 (templates[i].name, name) == 0)
      return &templates[i];
  return NULL;
}
