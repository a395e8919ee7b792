/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters and gauges in the Prometheus text format 0.0.4. A registry has a stated maximum of
 * series; values are int64 and may be changed from any thread.
 */
#ifndef MW_RUNTIME_METRICS_H
#define MW_RUNTIME_METRICS_H

#include "runtime/buffer.h"

typedef struct mw_metrics mw_metrics;
typedef struct mw_metric mw_metric;

MW_NODISCARD mw_status mw_metrics_new(size_t series_max, mw_metrics **out_metrics);
void mw_metrics_free(mw_metrics *m);
/* Registers a series, or finds the one with the same name and labels. Never NULL: beyond series_max
 * it is a series that is not shown (mw_metrics_overflow counts those).
 *   name    such as "mw_station_frames_total"
 *   labels  such as "status=\"stored\"", or NULL
 *   help    one line, of the first registration of that name */
mw_metric *mw_metrics_counter(mw_metrics *m, const char *name, const char *labels,
                              const char *help);
mw_metric *mw_metrics_gauge(mw_metrics *m, const char *name, const char *labels, const char *help);
void mw_metric_add(mw_metric *x, int64_t n);
void mw_metric_set(mw_metric *x, int64_t value);
int64_t mw_metric_value(const mw_metric *x);
size_t mw_metrics_overflow(const mw_metrics *m);
/* Appends the exposition of all series, grouped by name in order of registration. */
void mw_metrics_render(mw_metrics *m, mw_buffer *out);
/* Appends process figures: resident bytes, CPU seconds, open descriptors. */
void mw_metrics_render_process(mw_buffer *out);

#endif
