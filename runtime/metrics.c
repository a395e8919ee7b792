/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct mw_metric {
    _Atomic int64_t value;
    char *name;
    char *labels;
    char *help;
    bool gauge;
};

struct mw_metrics {
    pthread_mutex_t mutex;
    size_t max;
    size_t n;
    size_t overflow;
    mw_metric hidden; /* takes what does not fit */
    mw_metric *series[];
};

mw_status mw_metrics_new(size_t series_max, mw_metrics **out_metrics) {
    mw_metrics *m = calloc(1, sizeof *m + series_max * sizeof m->series[0]);
    if (m == NULL)
        return MW_NOMEM;
    if (pthread_mutex_init(&m->mutex, NULL) != 0) {
        free(m);
        return MW_NOMEM;
    }
    m->max = series_max;
    *out_metrics = m;
    return MW_OK;
}

static void mw_metric_free(mw_metric *x) {
    if (x == NULL)
        return;
    free(x->name);
    free(x->labels);
    free(x->help);
    free(x);
}

void mw_metrics_free(mw_metrics *m) {
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->n; i++)
        mw_metric_free(m->series[i]);
    (void)pthread_mutex_destroy(&m->mutex);
    free(m);
}

static mw_metric *mw_metric_make(const char *name, const char *labels, const char *help,
                                 bool gauge) {
    mw_metric *x = calloc(1, sizeof *x);
    if (x == NULL)
        return NULL;
    x->name = strdup(name);
    x->labels = strdup(labels);
    x->help = strdup(help == NULL ? "" : help);
    x->gauge = gauge;
    if (x->name == NULL || x->labels == NULL || x->help == NULL) {
        mw_metric_free(x);
        return NULL;
    }
    return x;
}

static mw_metric *mw_metrics_take(mw_metrics *m, const char *name, const char *labels,
                                  const char *help, bool gauge) {
    if (labels == NULL)
        labels = "";
    (void)pthread_mutex_lock(&m->mutex);
    mw_metric *found = NULL;
    for (size_t i = 0; i < m->n && found == NULL; i++)
        if (strcmp(m->series[i]->name, name) == 0 && strcmp(m->series[i]->labels, labels) == 0)
            found = m->series[i];
    if (found == NULL && m->n < m->max) {
        found = mw_metric_make(name, labels, help, gauge);
        if (found != NULL)
            m->series[m->n++] = found;
    }
    if (found == NULL) {
        m->overflow++;
        found = &m->hidden;
    }
    (void)pthread_mutex_unlock(&m->mutex);
    return found;
}

mw_metric *mw_metrics_counter(mw_metrics *m, const char *name, const char *labels,
                              const char *help) {
    return mw_metrics_take(m, name, labels, help, false);
}

mw_metric *mw_metrics_gauge(mw_metrics *m, const char *name, const char *labels, const char *help) {
    return mw_metrics_take(m, name, labels, help, true);
}

void mw_metric_add(mw_metric *x, int64_t n) {
    (void)atomic_fetch_add_explicit(&x->value, n, memory_order_relaxed);
}

void mw_metric_set(mw_metric *x, int64_t value) {
    atomic_store_explicit(&x->value, value, memory_order_relaxed);
}

int64_t mw_metric_value(const mw_metric *x) {
    return atomic_load_explicit(&x->value, memory_order_relaxed);
}

size_t mw_metrics_overflow(const mw_metrics *m) {
    return m->overflow;
}

static void mw_metric_render_line(const mw_metric *x, mw_buffer *out) {
    if (x->labels[0] == 0)
        mw_buffer_printf(out, "%s %" PRId64 "\n", x->name, mw_metric_value(x));
    else
        mw_buffer_printf(out, "%s{%s} %" PRId64 "\n", x->name, x->labels, mw_metric_value(x));
}

void mw_metrics_render(mw_metrics *m, mw_buffer *out) {
    (void)pthread_mutex_lock(&m->mutex);
    for (size_t i = 0; i < m->n; i++) {
        bool first = true;
        for (size_t k = 0; k < i && first; k++)
            first = strcmp(m->series[k]->name, m->series[i]->name) != 0;
        if (!first)
            continue; /* printed with the first series of its name */
        mw_buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", m->series[i]->name,
                         m->series[i]->help, m->series[i]->name,
                         m->series[i]->gauge ? "gauge" : "counter");
        for (size_t k = i; k < m->n; k++)
            if (strcmp(m->series[k]->name, m->series[i]->name) == 0)
                mw_metric_render_line(m->series[k], out);
    }
    (void)pthread_mutex_unlock(&m->mutex);
}

static int64_t mw_metrics_resident_bytes(void) {
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL)
        return 0;
    long long pages = 0;
    if (fscanf(f, "%*s %lld", &pages) != 1)
        pages = 0;
    (void)fclose(f);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

static int64_t mw_metrics_open_files(void) {
    DIR *d = opendir("/proc/self/fd");
    if (d == NULL)
        return 0;
    int64_t n = 0;
    while (readdir(d) != NULL)
        n++;
    (void)closedir(d);
    return n - 3; /* ".", ".." and the descriptor of this listing */
}

void mw_metrics_render_process(mw_buffer *out) {
    struct timespec cpu = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    mw_buffer_printf(out,
                     "# HELP process_resident_memory_bytes Resident memory.\n"
                     "# TYPE process_resident_memory_bytes gauge\n"
                     "process_resident_memory_bytes %" PRId64 "\n"
                     "# HELP process_open_fds Open descriptors.\n"
                     "# TYPE process_open_fds gauge\n"
                     "process_open_fds %" PRId64 "\n"
                     "# HELP process_cpu_seconds_total User and system time.\n"
                     "# TYPE process_cpu_seconds_total counter\n"
                     "process_cpu_seconds_total %lld.%03ld\n",
                     mw_metrics_resident_bytes(), mw_metrics_open_files(), (long long)cpu.tv_sec,
                     cpu.tv_nsec / 1000000);
}
