/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#if !defined(IVL_INSIDE) && !defined(IVL_COMPILATION)
#error "Only <libivl/ivl.h> can be included directly."
#endif

#include <libivl/ivl-types.h>

G_BEGIN_DECLS

/**
 * IvlSeverity:
 * @IVL_SEVERITY_OK: as it should be
 * @IVL_SEVERITY_WARNING: works, and could be better or surprise
 * @IVL_SEVERITY_PROBLEM: something cannot be used
 *
 * How bad a finding is.
 */
typedef enum
{
  IVL_SEVERITY_OK,
  IVL_SEVERITY_WARNING,
  IVL_SEVERITY_PROBLEM,
} IvlSeverity;

#define IVL_TYPE_FINDING (ivl_finding_get_type ())

/**
 * IvlFinding:
 *
 * One thing that was checked, and what to do about it. Immutable.
 */
typedef struct _IvlFinding IvlFinding;

IVL_AVAILABLE_IN_ALL
GType ivl_finding_get_type (void) G_GNUC_CONST;

IVL_AVAILABLE_IN_ALL
IvlFinding *ivl_finding_new (IvlSeverity  severity,
                             const char  *subject,
                             const char  *message,
                             const char  *advice);
IVL_AVAILABLE_IN_ALL
IvlFinding *ivl_finding_copy (IvlFinding *self);
IVL_AVAILABLE_IN_ALL
void ivl_finding_free (IvlFinding *self);
IVL_AVAILABLE_IN_ALL
IvlSeverity ivl_finding_get_severity (IvlFinding *self);
IVL_AVAILABLE_IN_ALL
const char *ivl_finding_get_subject (IvlFinding *self);
IVL_AVAILABLE_IN_ALL
const char *ivl_finding_get_message (IvlFinding *self);
IVL_AVAILABLE_IN_ALL
const char *ivl_finding_get_advice (IvlFinding *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlFinding, ivl_finding_free)

G_END_DECLS
