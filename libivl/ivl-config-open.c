/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A model of the configuration that is being edited.
 */
#include "ivl-config-private.h"

#include "engines/ivl-engine-openai.h"

/**
 * ivl_config_open_remote:
 * @self: a configuration, which nobody may change meanwhile
 * @remote: the remote's name
 * @key: (nullable): an API key to use in place of the one that would be found
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Opens the model of a remote as the configuration has it now, saved or not: to try out what a
 * person has entered. It blocks, so a window calls it in a thread.
 *
 * Fails as [func@Model.open].
 *
 * Returns: (transfer full): the model
 */
IvlModel *
ivl_config_open_remote (IvlConfig     *self,
                        const char    *remote,
                        const char    *key,
                        GCancellable  *cancellable,
                        GError       **error)
{
  g_autoptr (IvlRemote) parsed = NULL;
  g_autoptr (IvlEngine) engine = NULL;

  g_return_val_if_fail (IVL_IS_CONFIG (self), NULL);
  g_return_val_if_fail (remote != NULL, NULL);

  parsed = ivl_config_parse_remote (self, remote, error);
  if (parsed == NULL || !ivl_remote_check_allowed (parsed, error))
    return NULL;
  parsed->key = g_strdup (key);
  engine = ivl_engine_openai_open (g_steal_pointer (&parsed), -1, NULL, NULL, cancellable, error);
  return engine != NULL ? ivl_model_new_for_engine (engine) : NULL;
}
