/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The abstract class of engines. Sessions and models call its functions directly; only the defaults
 * are here.
 */
#include <libivl/ivl-engine.h>

G_DEFINE_ABSTRACT_TYPE (IvlEngine, ivl_engine, G_TYPE_OBJECT)

static void
set_unsupported (IvlEngine   *self,
                 const char  *what,
                 GError     **error)
{
  IvlEngineInfo info = { 0 };

  IVL_ENGINE_GET_CLASS (self)->get_info (self, &info);
  g_set_error (error, IVL_ERROR, IVL_ERROR_UNSUPPORTED, "%s gives no %s", info.name, what);
}

static float *
ivl_engine_real_embed (IvlEngine     *self,
                       IvlImage      *image,
                       gsize         *n_values,
                       GCancellable  *cancellable,
                       GError       **error)
{
  set_unsupported (self, "picture features", error);
  return NULL;
}

static guint32 *
ivl_engine_real_tokenize (IvlEngine   *self,
                          const char  *text,
                          gboolean     special,
                          gsize       *n_ids,
                          GError     **error)
{
  set_unsupported (self, "token ids", error);
  return NULL;
}

static char *
ivl_engine_real_detokenize (IvlEngine      *self,
                            const guint32  *ids,
                            gsize           n_ids,
                            GError        **error)
{
  set_unsupported (self, "texts of token ids", error);
  return NULL;
}

static void
ivl_engine_class_init (IvlEngineClass *klass)
{
  klass->embed = ivl_engine_real_embed;
  klass->tokenize = ivl_engine_real_tokenize;
  klass->detokenize = ivl_engine_real_detokenize;
}

static void
ivl_engine_init (IvlEngine *self)
{
}
