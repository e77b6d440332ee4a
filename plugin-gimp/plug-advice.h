/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a person can do about an error: a sentence with the cause, a sentence with the remedy,
 * and the button that leads there, translated. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What only the plug-in knows, and has advice of its own. The library's errors are IVL_ERROR; of
 * these, IVL_ERROR_NOT_FOUND is the host's, with a sentence for people. */
#define PLUG_ADVICE_ERROR (plug_advice_error_quark ())

typedef enum
{
  PLUG_ADVICE_ERROR_IMAGE_CLOSED,
  PLUG_ADVICE_ERROR_NO_SELECTION,  /* and the selection is what was to be looked at */
  PLUG_ADVICE_ERROR_NO_MODEL,      /* none is installed */
  PLUG_ADVICE_ERROR_MODEL_MISSING, /* the one that the settings name is not there */
  PLUG_ADVICE_ERROR_NOT_ALLOWED,   /* the person wants no picture to go there */
  PLUG_ADVICE_ERROR_OTHER_STATE,   /* what is to be used was found in a picture that is gone */
} PlugAdviceError;

GQuark plug_advice_error_quark (void);

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
  char      *detail; /* (owned) (nullable) the library's own words, unless the cause says it all */
  PlugRemedy button;
} PlugAdvice;

/* error: of the model that the settings name, or of anything else but a server */
PlugAdvice *plug_advice_new (const GError *error);
/* The same of the model at another location */
PlugAdvice *plug_advice_new_at (const GError *error, const char *location);
/* error: of a server that is tried out, and that the settings need not name */
PlugAdvice *plug_advice_new_for_server (const GError *error, const char *location);
/* error: plug_settings_get_damage() */
PlugAdvice *plug_advice_new_for_settings (const GError *error);
/* error: of reading or writing the configuration file */
PlugAdvice *plug_advice_new_for_config (const GError *error);
/* All of it, the detail on a line of its own, for where there is no button (transfer full) */
char       *plug_advice_to_text (const PlugAdvice *self);
void        plug_advice_free (PlugAdvice *self);

/* The largest published model that n_bytes of memory are enough for; NULL: none */
const char *plug_advice_find_fitting (guint64 n_bytes);
/* FALSE: IVL_ERROR_NO_MEMORY, less than n_bytes can be had now. What cannot be told is enough. */
gboolean    plug_advice_check_memory (guint64 n_bytes, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PlugAdvice, plug_advice_free)

G_END_DECLS
