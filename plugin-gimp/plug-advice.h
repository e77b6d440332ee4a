/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a person can do about an error: a sentence with the cause, a sentence with the remedy, and the
 * button that leads there, translated. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  PLUG_REMEDY_NONE,
  PLUG_REMEDY_RETRY,       /* ask again */
  PLUG_REMEDY_PREFERENCES, /* choose another model or remote */
  PLUG_REMEDY_HELP,        /* the help page tells how to get a model */
} PlugRemedy;

typedef struct
{
  char      *cause;  /* (owned) one sentence */
  char      *remedy; /* (owned) one sentence */
  char      *detail; /* (owned) the library's own words, for who reports it; (nullable) when the cause says it all */
  PlugRemedy button;
} PlugAdvice;

PlugAdvice *plug_advice_new (const GError *error);
void        plug_advice_free (PlugAdvice *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PlugAdvice, plug_advice_free)

G_END_DECLS
