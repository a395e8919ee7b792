/* SPDX-License-Identifier: Apache-2.0 */
#include "station/store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "runtime/clock.h"
#include "station/record.h"

struct mw_station_store {
    pthread_mutex_t mutex;
    mw_spool *spool;
    mw_spool *refused; /* opened when first needed */
    char refused_folder[4096];
    uint64_t first;         /* number of the first frame of the last append */
    mw_mono cursor_written; /* a killed station sends again what it acknowledged since */
    uint8_t bytes[MW_STATION_APPEND_MAX][MW_STATION_RECORD_MAX];
    mw_metric *items, *disk, *full, *set_aside;
};

static void mw_station_store_show(mw_station_store *st) {
    mw_spool_stats stats = mw_spool_stats_of(st->spool);
    mw_metric_set(st->items, (int64_t)stats.pending);
    mw_metric_set(st->disk, stats.bytes);
}

mw_status mw_station_store_open(const char *folder, int64_t bytes_max, mw_metrics *metrics,
                                mw_station_store **out_store, char error[160]) {
    mw_station_store *st = calloc(1, sizeof *st);
    if (st == NULL)
        return MW_NOMEM;
    mw_spool_options o = {.folder = folder, .bytes_max = bytes_max};
    mw_status status = mw_spool_open(&o, &st->spool, error);
    if (status != MW_OK) {
        free(st);
        return status;
    }
    mw_assert(pthread_mutex_init(&st->mutex, NULL) == 0);
    (void)snprintf(st->refused_folder, sizeof st->refused_folder, "%s/refused", folder);
    st->items = mw_metrics_gauge(metrics, "mw_station_spool_items", NULL,
                                 "Frames that the platform has not acknowledged yet.");
    st->disk = mw_metrics_gauge(metrics, "mw_station_spool_bytes", NULL, "Size of the spool.");
    st->full = mw_metrics_counter(metrics, "mw_station_spool_full_total", NULL,
                                  "Attempts to store frames that found the spool or disk full.");
    st->set_aside =
        mw_metrics_counter(metrics, "mw_station_set_aside_total", NULL,
                           "Frames that the platform refused for good, kept in spool/refused.");
    mw_station_store_show(st);
    *out_store = st;
    return MW_OK;
}

void mw_station_store_close(mw_station_store *st) {
    if (st == NULL)
        return;
    mw_spool_close(st->spool);
    mw_spool_close(st->refused);
    (void)pthread_mutex_destroy(&st->mutex);
    free(st);
}

mw_status mw_station_store_append(mw_station_store *st, const mw_receiver_frame *frames, size_t n,
                                  mw_utc now) {
    mw_slice records[MW_STATION_APPEND_MAX];
    uint64_t first = 0;
    mw_assert(n > 0 && n <= MW_STATION_APPEND_MAX);
    (void)pthread_mutex_lock(&st->mutex);
    for (size_t i = 0; i < n; i++)
        records[i] =
            (mw_slice){st->bytes[i], mw_station_record_encode(&frames[i], now, st->bytes[i])};
    mw_status status = mw_spool_append(st->spool, records, n, &first);
    if (status == MW_OK)
        st->first = first;
    if (status == MW_SPACE)
        mw_metric_add(st->full, 1);
    mw_station_store_show(st);
    (void)pthread_mutex_unlock(&st->mutex);
    return status;
}

uint64_t mw_station_store_first(const mw_station_store *st) {
    return st->first;
}

mw_status mw_station_store_append_record(mw_station_store *st, mw_slice record) {
    uint64_t first = 0;
    (void)pthread_mutex_lock(&st->mutex);
    mw_status status = mw_spool_append(st->spool, &record, 1, &first);
    if (status == MW_SPACE)
        mw_metric_add(st->full, 1);
    mw_station_store_show(st);
    (void)pthread_mutex_unlock(&st->mutex);
    return status;
}

mw_status mw_station_store_read(mw_station_store *st, uint64_t from, uint64_t *out_sequence,
                                mw_buffer *out) {
    mw_slice payload = {0};
    mw_buffer_reset(out);
    (void)pthread_mutex_lock(&st->mutex);
    mw_status status = mw_spool_read(st->spool, from, out_sequence, &payload);
    if (status == MW_OK) {
        mw_buffer_append(out, payload);
        status = out->status;
    }
    (void)pthread_mutex_unlock(&st->mutex);
    return status;
}

void mw_station_store_acknowledge(mw_station_store *st, uint64_t through) {
    (void)pthread_mutex_lock(&st->mutex);
    mw_assert(mw_spool_acknowledge(st->spool, through) == MW_OK);
    mw_mono now = mw_clock_mono();
    if (mw_mono_since(now, st->cursor_written).ns >= MW_NS_PER_S) {
        mw_status status = mw_spool_sync_cursor(st->spool);
        (void)status; /* on a full disk: tried again with the next acknowledgement */
        st->cursor_written = now;
    }
    mw_station_store_show(st);
    (void)pthread_mutex_unlock(&st->mutex);
}

mw_status mw_station_store_refuse(mw_station_store *st, mw_slice record) {
    char error[160];
    uint64_t first = 0;
    if (st->refused == NULL) {
        mw_spool_options o = {.folder = st->refused_folder};
        MW_TRY(mw_spool_open(&o, &st->refused, error));
    }
    MW_TRY(mw_spool_append(st->refused, &record, 1, &first));
    mw_metric_add(st->set_aside, 1);
    return MW_OK;
}

mw_spool_stats mw_station_store_stats(mw_station_store *st) {
    (void)pthread_mutex_lock(&st->mutex);
    mw_spool_stats stats = mw_spool_stats_of(st->spool);
    (void)pthread_mutex_unlock(&st->mutex);
    return stats;
}
