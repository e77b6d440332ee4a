/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Makes a model folder in `folder` from the one at `source`: the weights whose names begin with
 * `prefix`, named without it, and that section of its config.json ("llm_config" or
 * "vision_config"; NULL: the whole file). Tokenizer files are copied. Ends the test program if
 * that fails. */
void part_model_write (const char *folder,
                       const char *source,
                       const char *prefix,
                       const char *section);

/* Sets a field of folder/config.json, or of a section in it (NULL: the top), to a value that is
 * given as JSON text; NULL takes it out. */
void part_model_set (const char *folder,
                     const char *section,
                     const char *field,
                     const char *value);

/* Adds a weight to folder/model.safetensors: the bytes of another one there, its rows in reverse
 * order. */
void part_model_add_reversed (const char *folder,
                              const char *weight,
                              const char *source);

/* Overwrites every element of a 16-bit or 32-bit weight in folder/model.safetensors with the
 * bytes given, or only the first one. */
void part_model_fill (const char   *folder,
                      const char   *weight,
                      const guint8 *element,
                      gsize         size,
                      gboolean      only_first);
