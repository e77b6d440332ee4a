/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of the host for GIMP 2.10 share: errors in GIMP's words, and steps of undo. */
#pragma once

#include "plug-host.h"

#include <libgimp/gimp.h>

G_BEGIN_DECLS

/* FALSE with an error: the image was closed */
gboolean plug_host_check_image (int image, GError **error);
/* what: a sentence; GIMP's own words about the call that failed last are put behind it, where one
 * did */
void     plug_host_set_error (GError **error, const char *what);

/* Whether it is seen at all: visible, as all groups are that it is in */
gboolean plug_host_is_shown (int item);
/* Whether it may be seen otherwise than its pixels are: a mask (applied or not), mode,
 * opacity */
gboolean plug_host_is_mixed (int layer);

/* What is remembered between the two ends of a step. A new layer or channel becomes the active
 * one; the next question is about the picture still. */
typedef struct
{
  int image;
  int layer; /* active before */
} PlugStep;

/* Everything in between is undone at once, and GIMP's context is as before. */
PlugStep plug_host_begin_step (int image);
void     plug_host_end_step (const PlugStep *step);

G_END_DECLS
