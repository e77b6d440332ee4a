/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* A new empty folder under the system's temporary one; free the name after
 * temp_files_remove_folder(). */
char       *temp_files_make_folder (void);
/* Removes the folder and what is in it, and frees the name. */
void        temp_files_remove_folder (char *folder);
/* Writes a file into the folder and returns its path. */
char       *temp_files_write (const char *folder,
                              const char *name,
                              const void *data,
                              gsize       size);
char       *temp_files_write_text (const char *folder,
                                   const char *name,
                                   const char *text);
/* A safetensors file: the header's length, the header with spaces to a multiple of 8, and n_data
 * bytes 0, 1, 2, ... 255, 0, ... */
GByteArray *temp_files_build_safetensors (const char *header,
                                          gsize       n_data);
char       *temp_files_write_safetensors (const char *folder,
                                          const char *name,
                                          const char *header,
                                          gsize       n_data);
