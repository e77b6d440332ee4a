/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an export begins from, the same in every GIMP: what is visible, one page, as large as the
 * canvas. A host tells what its copy of the image looks like, does to it what is decided here, and
 * has the result checked. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The layers of an image, at the top of their tree unless it says otherwise */
typedef struct
{
  int      width; /* of the canvas */
  int      height;
  int      n_layers;
  int      n_shown;    /* visible layers that are no groups, of the whole tree, in visible groups */
  gboolean has_group;  /* a visible one is a group */
  gboolean has_mixing; /* one of the whole tree that is visible has a mask, an effect, a mode or an
                        * opacity of its own: more colours are seen than layers hold */
  gboolean has_ground; /* a visible one covers the canvas, and nothing shines through it */
  int      layer_x;    /* of the topmost */
  int      layer_y;
  int      layer_width;
  int      layer_height;
} PlugHostPage;

typedef enum
{
  PLUG_HOST_PAGE_KEEP,    /* it is such a page */
  PLUG_HOST_PAGE_FLATTEN, /* onto a ground without transparency */
  PLUG_HOST_PAGE_MERGE,   /* onto an empty layer that is as large as the canvas */
} PlugHostPageStep;

/* has_alpha: the format can hold transparency. FALSE with IVL_ERROR_NOT_FOUND: nothing is
 * visible */
gboolean plug_host_page_plan (const PlugHostPage  *self,
                              gboolean             has_alpha,
                              PlugHostPageStep    *step,
                              GError             **error);
/* What was made of it is one page as large as the canvas; else IVL_ERROR_INVALID_DATA */
gboolean plug_host_page_check (const PlugHostPage *self, GError **error);

G_END_DECLS
