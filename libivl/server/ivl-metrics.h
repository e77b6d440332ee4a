/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <libivl/ivl-usage.h>

G_BEGIN_DECLS

/* What the server has done since it started, for GET /metrics. For all threads. */
typedef struct _IvlMetrics IvlMetrics;

/* What is there at the moment. */
typedef struct
{
  guint n_running; /* requests that are answered */
  guint n_waiting; /* requests in line */
  guint n_connections;
  gboolean is_ready; /* the model is open */
} IvlMetricsNow;

IvlMetrics *ivl_metrics_new (void);
void        ivl_metrics_free (IvlMetrics *self);
void        ivl_metrics_count_request (IvlMetrics *self,
                                       guint       status,
                                       double      seconds);
/* One answer that was made, or begun. */
void        ivl_metrics_count_answer (IvlMetrics     *self,
                                      const IvlUsage *usage);
/* In Prometheus' text format (transfer full). */
char       *ivl_metrics_to_text (IvlMetrics          *self,
                                 const IvlMetricsNow *now);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IvlMetrics, ivl_metrics_free)

G_END_DECLS
