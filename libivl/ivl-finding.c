/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One line of what ivl_doctor_run() finds.
 */
#include <libivl/ivl-finding.h>

struct _IvlFinding
{
  gatomicrefcount ref_count;
  IvlSeverity     severity;
  char           *subject;
  char           *message;
  char           *advice; /* (nullable) */
};

G_DEFINE_BOXED_TYPE (IvlFinding, ivl_finding, ivl_finding_copy, ivl_finding_free)

/**
 * ivl_finding_new:
 * @severity: how bad it is
 * @subject: what was checked
 * @message: what was found
 * @advice: (nullable): what to do about it
 *
 * Makes a finding.
 *
 * Returns: (transfer full): the finding
 */
IvlFinding *
ivl_finding_new (IvlSeverity  severity,
                 const char  *subject,
                 const char  *message,
                 const char  *advice)
{
  IvlFinding *self;

  g_return_val_if_fail (subject != NULL, NULL);
  g_return_val_if_fail (message != NULL, NULL);

  self = g_new0 (IvlFinding, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->severity = severity;
  self->subject = g_strdup (subject);
  self->message = g_strdup (message);
  self->advice = g_strdup (advice);
  return self;
}

/**
 * ivl_finding_copy:
 * @self: a finding
 *
 * Takes one more reference: findings never change.
 *
 * Returns: (transfer full): @self
 */
IvlFinding *
ivl_finding_copy (IvlFinding *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * ivl_finding_free:
 * @self: (transfer full): a finding
 *
 * Drops a reference; the last one frees the finding.
 */
void
ivl_finding_free (IvlFinding *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->subject);
  g_free (self->message);
  g_free (self->advice);
  g_free (self);
}

/**
 * ivl_finding_get_severity:
 * @self: a finding
 *
 * Returns: how bad it is
 */
IvlSeverity
ivl_finding_get_severity (IvlFinding *self)
{
  g_return_val_if_fail (self != NULL, IVL_SEVERITY_OK);

  return self->severity;
}

/**
 * ivl_finding_get_subject:
 * @self: a finding
 *
 * Returns: what was checked, such as `configuration file` or a remote's name
 */
const char *
ivl_finding_get_subject (IvlFinding *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->subject;
}

/**
 * ivl_finding_get_message:
 * @self: a finding
 *
 * Returns: what was found, a sentence
 */
const char *
ivl_finding_get_message (IvlFinding *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->message;
}

/**
 * ivl_finding_get_advice:
 * @self: a finding
 *
 * Returns: (nullable): what to do about it; never %NULL for a warning or a problem of
 *   ivl_doctor_run()
 */
const char *
ivl_finding_get_advice (IvlFinding *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->advice;
}
