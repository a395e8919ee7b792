/* SPDX-License-Identifier: Apache-2.0 */
#include "station/store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "runtime/clock.h"
#include "runtime/log.h"
#include "station/notice.h"
#include "station/record.h"
#include "station/ring.h"
#include "station/room.h"

struct mw_station_store {
    pthread_mutex_t mutex;
    mw_spool *spool;
    mw_spool *refused; /* opened when first needed */
    char refused_folder[4096];
    uint64_t first;         /* number of the first frame of the last append */
    mw_mono cursor_written; /* a killed station sends again what it acknowledged since */
    uint8_t bytes[MW_STATION_APPEND_MAX][MW_STATION_RECORD_MAX];
    mw_station_store_options options;
    mw_ring *ring; /* NULL: raw samples are not kept */
    mw_room room;
    mw_metric *items, *disk, *full, *set_aside, *raw;
};

static void mw_station_store_show(mw_station_store *st) {
    mw_spool_stats stats = mw_spool_stats_of(st->spool);
    mw_metric_set(st->items, (int64_t)stats.pending);
    mw_metric_set(st->disk, stats.bytes);
    mw_metric_set(st->raw, st->ring == NULL ? 0 : mw_ring_bytes(st->ring));
}

mw_status mw_station_store_open(const mw_station_store_options *options, mw_metrics *metrics,
                                mw_station_store **out_store, char error[160]) {
    mw_station_store *st = calloc(1, sizeof *st);
    if (st == NULL)
        return MW_NOMEM;
    const char *folder = options->folder;
    mw_spool_options o = {.folder = folder, .bytes_max = options->bytes_max};
    st->options = *options;
    mw_status status = mw_spool_open(&o, &st->spool, error);
    if (status == MW_OK) {
        status = mw_room_init(&st->room, st->spool, folder, metrics, mw_clock_machine_utc());
        if (status == MW_OK && options->raw_max > 0)
            status = mw_ring_open(options->raw_folder, options->raw_max, &st->ring);
        if (status != MW_OK)
            (void)snprintf(error, 160, "%.100s: %s", folder, mw_status_text(status));
    }
    if (status != MW_OK) {
        mw_spool_close(st->spool);
        mw_room_fini(&st->room);
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
    st->raw =
        mw_metrics_gauge(metrics, "mw_station_raw_bytes", NULL, "Raw samples kept for looking at.");
    mw_station_store_show(st);
    *out_store = st;
    return MW_OK;
}

void mw_station_store_close(mw_station_store *st) {
    if (st == NULL)
        return;
    mw_spool_close(st->spool);
    mw_spool_close(st->refused);
    mw_ring_close(st->ring);
    mw_room_fini(&st->room);
    (void)pthread_mutex_destroy(&st->mutex);
    free(st);
}

/* Appends, and makes room where the samples cannot wait: raw samples, repetitions, old frames. */
static mw_status store_append(mw_station_store *st, const mw_slice *records, size_t n, mw_utc now,
                              uint64_t *out_first) {
    size_t size = 0;
    for (size_t i = 0; i < n; i++)
        size += records[i].n + MW_SPOOL_RECORD_HEADER;
    for (unsigned steps = 0; steps < MW_SPOOL_SEGMENTS_MAX; steps++) {
        int64_t used =
            mw_spool_stats_of(st->spool).bytes + (st->ring == NULL ? 0 : mw_ring_bytes(st->ring));
        bool over = used + (int64_t)size + (int64_t)MW_SPOOL_SEGMENT_HEADER > st->options.bytes_max;
        if (over && st->ring != NULL && mw_ring_release(st->ring) > 0)
            continue;
        mw_status status = mw_spool_append(st->spool, records, n, out_first);
        if (status != MW_SPACE)
            return status;
        if (st->ring != NULL && mw_ring_release(st->ring) > 0)
            continue;
        mw_metric_add(st->full, 1);
        if (!st->options.may_drop)
            return status;
        status = mw_room_make(&st->room, now);
        if (status != MW_OK)
            return status == MW_NOT_FOUND ? MW_SPACE : status;
    }
    return MW_SPACE;
}

void mw_station_store_raw(mw_station_store *st, const mw_samples_block *block, mw_utc now) {
    if (st->ring == NULL)
        return;
    (void)pthread_mutex_lock(&st->mutex);
    /* a segment's room stays free, so that frames need not push raw samples out one by one */
    int64_t reserve = st->options.bytes_max / 8;
    int64_t room = st->options.bytes_max - mw_spool_stats_of(st->spool).bytes - reserve;
    mw_ring_push(st->ring, block, room, now);
    mw_station_store_show(st);
    (void)pthread_mutex_unlock(&st->mutex);
}

uint64_t mw_station_store_first(const mw_station_store *st) {
    return st->first;
}

mw_status mw_station_store_append_record(mw_station_store *st, mw_slice record) {
    uint64_t first = 0;
    (void)pthread_mutex_lock(&st->mutex);
    mw_status status = store_append(st, &record, 1, mw_clock_machine_utc(), &first);
    mw_station_store_show(st);
    (void)pthread_mutex_unlock(&st->mutex);
    return status;
}

mw_status mw_station_store_append(mw_station_store *st, const mw_receiver_frame *frames, size_t n,
                                  mw_utc now) {
    mw_slice records[MW_STATION_APPEND_MAX];
    mw_assert(n > 0 && n <= MW_STATION_APPEND_MAX);
    (void)pthread_mutex_lock(&st->mutex);
    for (size_t i = 0; i < n; i++)
        records[i] =
            (mw_slice){st->bytes[i], mw_station_record_encode(&frames[i], now, st->bytes[i])};
    mw_status status = store_append(st, records, n, now, &st->first);
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
