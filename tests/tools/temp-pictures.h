/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* One of tests/golden/images */
GBytes *temp_pictures_read_golden (const char *name);
/* Copies it into the folder and returns the path. */
char   *temp_pictures_copy (const char *folder,
                            const char *name);
/* The same, with an XMP packet in it; size -1: xml is a text. */
char   *temp_pictures_copy_with_packet (const char *folder,
                                        const char *name,
                                        const char *xml,
                                        gssize      size);
GBytes *temp_pictures_read (const char *path);
/* The file's only packet is this, byte for byte, padding at its end left out. */
void    temp_pictures_assert_packet (const char *path,
                                     const char *wanted);
