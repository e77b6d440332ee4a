/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Looks over what answers depend on: the configuration, models, memory, the processor, the user's
 * service and remotes.
 */
#include <libivl/ivl-doctor.h>

#include <glib/gstdio.h>
#include <libivl/ivl-error.h>
#include <libivl/ivl-model-finder.h>
#include <libivl/ivl-model-info.h>
#include <string.h>
#include <sys/stat.h>

#include "engines/ivl-engine-local.h"
#include "engines/ivl-remote.h"
#include "engines/ivl-service.h"
#include "ivl-doctor-private.h"
#include "ivl-model-info-private.h"
#include "util/ivl-conf-file.h"
#include "util/ivl-system-memory.h"

/* 2026-01-01: certificates are not valid yet for a clock that is older than this library. */
#define EARLIEST_TIME 1767225600

#define CONFIG_SUBJECT "configuration file"

void
ivl_doctor_add (GPtrArray   *findings,
                IvlSeverity  severity,
                const char  *subject,
                const char  *advice,
                const char  *format,
                ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (findings, ivl_finding_new (severity, subject, message, advice));
}

static gboolean
is_known_group (const char *group)
{
  return strcmp (group, IVL_CONF_FILE_GROUP) == 0 ||
         strcmp (group, IVL_CONF_FILE_SERVICE_GROUP) == 0 ||
         g_str_has_prefix (group, "remote \"");
}

static gboolean
is_known_key (const char *group,
              const char *key)
{
  static const char *const own[] = { "model", "local-only", NULL };
  static const char *const service[] = { "idle-exit", NULL };

  if (strcmp (group, IVL_CONF_FILE_GROUP) == 0)
    return g_strv_contains (own, key);
  if (strcmp (group, IVL_CONF_FILE_SERVICE_GROUP) == 0)
    return g_strv_contains (service, key);
  return g_strv_contains (ivl_remote_get_fields (), key);
}

/* Names that nothing reads are most likely misspelt. */
static void
check_names (GPtrArray *findings,
             GKeyFile  *config)
{
  static const char advice[] = "Correct the spelling, or remove it; ivl(1) lists what there is";
  g_auto (GStrv) groups = g_key_file_get_groups (config, NULL);

  for (gsize i = 0; groups[i] != NULL; i++)
    {
      g_auto (GStrv) keys = g_key_file_get_keys (config, groups[i], NULL, NULL);

      if (!is_known_group (groups[i]))
        {
          ivl_doctor_add (findings, IVL_SEVERITY_WARNING, CONFIG_SUBJECT, advice,
                          "Nothing reads the group [%s]", groups[i]);
          continue;
        }
      for (gsize j = 0; keys != NULL && keys[j] != NULL; j++)
        if (!is_known_key (groups[i], keys[j]))
          ivl_doctor_add (findings, IVL_SEVERITY_WARNING, CONFIG_SUBJECT, advice,
                          "Nothing reads the key %s in the group [%s]", keys[j], groups[i]);
    }
}

/**
 * ivl_doctor_check_names:
 *
 * Looks for groups and keys of the configuration file that nothing reads, as misspelt ones are.
 * Takes no time: every program that uses the file can tell them. A file that cannot be read is told
 * by what reads it.
 *
 * Returns: (transfer full) (element-type IvlFinding): a warning for each
 */
GPtrArray *
ivl_doctor_check_names (void)
{
  GPtrArray *findings = g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_finding_free);
  g_autoptr (GKeyFile) config = ivl_conf_file_load (NULL);

  if (config != NULL)
    check_names (findings, config);
  return findings;
}

static void
check_local_only (GPtrArray *findings,
                  GKeyFile  *config)
{
  g_autoptr (GError) error = NULL;
  gboolean local_only;

  if (!ivl_conf_file_get_boolean (config, IVL_CONF_FILE_GROUP, "local-only", &local_only, &error))
    ivl_doctor_add (findings, IVL_SEVERITY_PROBLEM, CONFIG_SUBJECT,
                    "Write local-only=true or local-only=false; until then nothing leaves this "
                    "computer",
                    "%s", error->message);
  else if (ivl_remote_is_forbidden ())
    ivl_doctor_add (findings, IVL_SEVERITY_OK, CONFIG_SUBJECT, NULL,
                    "Pictures may not leave this computer");
}

static void
check_idle_exit (GPtrArray *findings,
                 GKeyFile  *config)
{
  g_autoptr (GError) error = NULL;
  guint minutes;

  if (!ivl_conf_file_get_idle_exit (config, &minutes, &error))
    ivl_doctor_add (findings, IVL_SEVERITY_PROBLEM, CONFIG_SUBJECT,
                    "Write a number of minutes, or 0 for a service that stays", "%s",
                    error->message);
}

static void
check_config (GPtrArray *findings)
{
  g_autofree char *path = ivl_conf_file_get_path ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GKeyFile) config = ivl_conf_file_load (&error);
  struct stat info;

  if (config == NULL)
    {
      ivl_doctor_add (findings, IVL_SEVERITY_PROBLEM, CONFIG_SUBJECT,
                      "Correct the file or remove it; until then nothing leaves this computer",
                      "%s", error->message);
      return;
    }
  if (g_stat (path, &info) != 0)
    {
      ivl_doctor_add (findings, IVL_SEVERITY_OK, CONFIG_SUBJECT, NULL,
                      "There is none at %s, and none is needed", path);
      return;
    }
  ivl_doctor_add (findings, IVL_SEVERITY_OK, CONFIG_SUBJECT, NULL, "%s can be read", path);
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    ivl_doctor_add (findings, IVL_SEVERITY_WARNING, CONFIG_SUBJECT, "Run chmod 600 on it",
                    "Others can write %s, and so choose where pictures go", path);
  check_names (findings, config);
  check_local_only (findings, config);
  check_idle_exit (findings, config);
}

static void
check_memory (GPtrArray    *findings,
              const char   *name,
              IvlModelInfo *info)
{
  guint64 needed = ivl_model_info_get_memory_needed (info);
  guint64 available = ivl_system_memory_available ();
  g_autofree char *needed_text = g_format_size (needed);
  g_autofree char *available_text = g_format_size (available);
  g_autofree char *size = g_format_size (ivl_model_info_get_n_bytes (info));

  if (available < needed)
    ivl_doctor_add (findings, IVL_SEVERITY_WARNING, name,
                    "Close other programs, take a smaller model, or let a server answer",
                    "It needs %s of memory, and %s is free now", needed_text, available_text);
  else
    ivl_doctor_add (findings, IVL_SEVERITY_OK, name, NULL,
                    "%s, %s of weights, needs %s of memory",
                    ivl_model_info_get_family (info), size, needed_text);
}

static void
check_model (GPtrArray  *findings,
             const char *name,
             const char *folder)
{
  static const char advice[] = "Get the folder's files again, or remove the folder";
  g_autoptr (GError) error = NULL;
  g_autoptr (IvlModelInfo) info = ivl_model_info_new_for_folder (folder, &error);
  g_auto (GStrv) problems = NULL;

  if (info == NULL)
    {
      ivl_doctor_add (findings, IVL_SEVERITY_PROBLEM, name, advice, "%s", error->message);
      return;
    }
  if (ivl_model_info_is_whole (info))
    {
      check_memory (findings, name, info);
      return;
    }
  problems = ivl_model_info_get_problems (info);
  for (gsize i = 0; problems[i] != NULL; i++)
    ivl_doctor_add (findings, IVL_SEVERITY_PROBLEM, name, advice, "%s", problems[i]);
}

/* The model that is taken when none is named, and every installed one. */
static void
check_models (GPtrArray    *findings,
              GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *chosen = ivl_model_find (NULL, &error);
  g_auto (GStrv) names = ivl_model_list_installed ();
  gboolean shown = FALSE;

  for (gsize i = 0; names[i] != NULL && !g_cancellable_is_cancelled (cancellable); i++)
    {
      g_autofree char *folder = ivl_model_find (names[i], NULL);

      shown = shown || g_strcmp0 (folder, chosen) == 0;
      check_model (findings, names[i], folder != NULL ? folder : names[i]);
    }
  if (chosen == NULL)
    {
      gboolean is_absent = g_error_matches (error, IVL_ERROR, IVL_ERROR_NOT_FOUND);

      ivl_doctor_add (findings,
                      is_absent && g_getenv ("IVL_MODEL") == NULL ? IVL_SEVERITY_WARNING
                                                                  : IVL_SEVERITY_PROBLEM,
                      "model", "Install a model, or name one in IVL_MODEL or in the key model of "
                               "the group [ivl] of the configuration file",
                      "%s", error->message);
      return;
    }
  if (!shown && !ivl_remote_is_location (chosen))
    check_model (findings, chosen, chosen);
  ivl_doctor_add (findings, IVL_SEVERITY_OK, "model", NULL, "Without --model, %s is used",
                  ivl_remote_is_location (chosen) ? "a server" : chosen);
}

static void
check_processor (GPtrArray *findings)
{
  const char *isa = ivl_engine_local_get_isa ();
  const char *unknown = ivl_engine_local_get_unknown_isa ();
  g_autofree char *shown = unknown != NULL ? g_utf8_make_valid (unknown, -1) : NULL;

  if (unknown != NULL)
    ivl_doctor_add (findings, IVL_SEVERITY_PROBLEM, "processor",
                    "Unset IVL_ISA, or correct it: ivl(1) lists what there is",
                    "IVL_ISA is %.40s, which is no instruction set", shown);
  if (strcmp (isa, "generic") == 0)
    ivl_doctor_add (findings, IVL_SEVERITY_WARNING, "processor",
                    "Models run, several times slower than with AVX2. Let a server answer if that "
                    "is too slow, and see that IVL_ISA is not set",
                    "No vector instructions are used");
  else
    ivl_doctor_add (findings, IVL_SEVERITY_OK, "processor", NULL, "%s instructions are used", isa);
}

static void
check_service (GPtrArray    *findings,
               GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *socket = ivl_remote_get_service_socket ();
  g_autofree char *folder = g_path_get_dirname (socket);
  g_autofree char *checked = NULL;

  /* asking for the socket would make the folder */
  if (g_file_test (folder, G_FILE_TEST_EXISTS))
    checked = ivl_service_get_socket (&error);
  if (error != NULL)
    {
      ivl_doctor_add (findings, IVL_SEVERITY_PROBLEM, "service",
                      "Remove the folder, or make it yours alone with chmod 700", "%s",
                      error->message);
      return;
    }
  switch (ivl_service_get_state (socket, cancellable))
    {
    case IVL_SERVICE_READY:
      ivl_doctor_add (findings, IVL_SEVERITY_OK, "service", NULL, "It answers at %s", socket);
      break;
    case IVL_SERVICE_LOADING:
      ivl_doctor_add (findings, IVL_SEVERITY_WARNING, "service", "Try again in a while",
                      "It is at %s and not ready yet", socket);
      break;
    case IVL_SERVICE_SILENT:
      ivl_doctor_add (findings, IVL_SEVERITY_PROBLEM, "service",
                      "End the process “ivl serve”; it is started again when it is needed",
                      "It listens at %s and does not answer", socket);
      break;
    case IVL_SERVICE_ABSENT:
    default:
      ivl_doctor_add (findings, IVL_SEVERITY_OK, "service", NULL,
                      "It does not run; the model “service:” starts it");
      break;
    }
}

static void
check_clock (GPtrArray *findings)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *shown = g_date_time_format (now, "%Y-%m-%d %H:%M:%S UTC");

  if (g_date_time_to_unix (now) < EARLIEST_TIME)
    ivl_doctor_add (findings, IVL_SEVERITY_PROBLEM, "clock",
                    "Set the clock: until then servers' certificates count as not yet valid",
                    "It says %s, which is past", shown);
  else
    ivl_doctor_add (findings, IVL_SEVERITY_OK, "clock", NULL, "It says %s", shown);
}

/**
 * ivl_doctor_run:
 * @cancellable: (nullable): to give up
 * @error: return location for an error
 *
 * Checks what answers depend on: the configuration file, installed models, memory, the processor,
 * the user's own service, the keyring and every configured remote. A remote is asked for its models
 * and about a small picture that is made for it; nothing of the user's is sent, and nothing at all
 * when remotes are forbidden. This blocks, for up to a minute for each remote that does not answer.
 *
 * Errors: %G_IO_ERROR_CANCELLED only; whatever else is wrong is a finding.
 *
 * Returns: (transfer full) (element-type IvlFinding): the findings, in a sensible order, or %NULL
 *   with @error set
 */
GPtrArray *
ivl_doctor_run (GCancellable  *cancellable,
                GError       **error)
{
  g_autoptr (GPtrArray) findings =
      g_ptr_array_new_with_free_func ((GDestroyNotify) ivl_finding_free);

  check_config (findings);
  check_processor (findings);
  check_models (findings, cancellable);
  check_service (findings, cancellable);
  check_clock (findings);
  ivl_doctor_check_remotes (findings, cancellable);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  return g_steal_pointer (&findings);
}
