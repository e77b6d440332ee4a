/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A GIMP for tests that is none: its images are picture files. Implements plug-host.h, prints a
 * line on standard output for each call that does something, and takes orders on standard input,
 * one a line:
 *
 *     load FILE [IMAGE]        its pixels are another file's from now on
 *     select X Y WIDTH HEIGHT  a selection; `select` alone takes it away
 *     move X Y                 where the layer lies on the canvas
 *     pixel X Y                that pixel has another colour
 *     crop X Y WIDTH HEIGHT    what lies outside is gone, the layer and the canvas are as large
 *     caption TEXT             somebody else writes that text into the image's metadata
 *     close [IMAGE]            the image is closed
 *     menu PROCEDURE [IMAGE]   as if that menu entry were chosen while the program runs
 *     quit                     the program ends as when its last window is closed
 *
 * IMAGE is 1 where none is named. Each order is answered by a line "ok ORDER" or "refused
 * ORDER". */
#pragma once

#include "plug-host.h"

/* The next image is that file; ids count from 1. Returns the id, 0 if it cannot be read. */
int  host_double_add (const char *path, GError **error);
/* Begins to read orders. menu: what the menu entry does; FALSE when there is none of that name. */
void host_double_listen (gboolean (*menu) (const char *procedure, int image));
