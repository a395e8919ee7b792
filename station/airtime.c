/* SPDX-License-Identifier: Apache-2.0 */
#include "station/airtime.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/crc.h"
#include "runtime/file.h"

#define HOUR_US       (INT64_C(3600) * MW_US_PER_S)
#define RECORD_BYTES  24
#define RECORD_MAGIC  UINT32_C(0x5441574d) /* "MWAT" */
#define FILE_MAX      (4u * MW_AIRTIME_BURSTS_MAX * RECORD_BYTES)
#define LENGTH_US_MAX (INT64_C(60) * MW_US_PER_S)

static const mw_airtime_burst *burst_at(const mw_airtime *a, size_t i) {
    return &a->bursts[(a->first + i) % MW_AIRTIME_BURSTS_MAX];
}

mw_status mw_airtime_init(mw_airtime *a, const mw_unb_plan *plan) {
    *a = (mw_airtime){.plan = plan, .silent_until = MW_UTC_NONE, .fd = -1};
    a->bursts = calloc(MW_AIRTIME_BURSTS_MAX, sizeof *a->bursts);
    return a->bursts == NULL ? MW_NOMEM : MW_OK;
}

void mw_airtime_close(mw_airtime *a) {
    if (a->fd >= 0)
        (void)close(a->fd);
    free(a->bursts);
    *a = (mw_airtime){.fd = -1};
}

int64_t mw_airtime_budget_us(const mw_unb_plan *plan, unsigned band) {
    return (int64_t)plan->band[band].duty_ppm * (HOUR_US / 1000000);
}

int64_t mw_airtime_used_us(const mw_airtime *a, unsigned band, mw_utc end) {
    int64_t used = 0;
    for (size_t i = 0; i < a->count; i++) {
        const mw_airtime_burst *b = burst_at(a, i);
        if (b->band == band && b->start.us + b->length_us > end.us - HOUR_US)
            used += b->length_us;
    }
    return used;
}

mw_status mw_airtime_ask(const mw_airtime *a, unsigned band, mw_utc start, int64_t length_us,
                         mw_utc *out_soonest) {
    int64_t budget = mw_airtime_budget_us(a->plan, band);
    *out_soonest = MW_UTC_NONE;
    if (length_us > budget)
        return MW_DUTY;
    bool silent = !mw_utc_is_none(a->silent_until) && start.us < a->silent_until.us;
    mw_utc soonest = silent ? a->silent_until : start;
    int64_t used = mw_airtime_used_us(a, band, (mw_utc){soonest.us + length_us});
    size_t held = a->count; /* bursts that a new one finds in the table */
    for (size_t i = 0; i < a->count && (used + length_us > budget || held == MW_AIRTIME_BURSTS_MAX);
         i++) {
        const mw_airtime_burst *b = burst_at(a, i);
        int64_t left = b->start.us + b->length_us + HOUR_US; /* when it has left the hour */
        bool awaited = b->band == band || held == MW_AIRTIME_BURSTS_MAX;
        held--;
        if (b->band == band && left > soonest.us + length_us)
            used -= b->length_us;
        if (awaited && left - length_us > soonest.us)
            soonest.us = left - length_us;
    }
    *out_soonest = soonest;
    return soonest.us == start.us ? MW_OK : MW_DUTY;
}

/* ---- the file ---- */

static void record_encode(const mw_airtime_burst *b, uint8_t out[RECORD_BYTES]) {
    mw_writer w = mw_writer_of((mw_span){out, RECORD_BYTES});
    mw_write_u64le(&w, (uint64_t)b->start.us);
    mw_write_u32le(&w, (uint32_t)b->length_us);
    mw_write_u8(&w, b->band);
    mw_write_u24le(&w, 0);
    mw_write_u32le(&w, mw_crc32((mw_slice){out, 16}));
    mw_write_u32le(&w, RECORD_MAGIC);
    mw_assert(w.status == MW_OK);
}

static bool record_decode(mw_slice in, mw_airtime_burst *out) {
    mw_reader r = mw_reader_of(in);
    mw_airtime_burst b = {.start = {(int64_t)mw_read_u64le(&r)}};
    b.length_us = mw_read_u32le(&r);
    b.band = mw_read_u8(&r);
    (void)mw_read_u24le(&r);
    uint32_t crc = mw_read_u32le(&r), magic = mw_read_u32le(&r);
    if (r.status != MW_OK || magic != RECORD_MAGIC || crc != mw_crc32((mw_slice){in.p, 16}) ||
        b.band >= MW_UNB_BANDS_MAX || b.length_us <= 0 || b.length_us > LENGTH_US_MAX)
        return false;
    *out = b;
    return true;
}

static void drop_before(mw_airtime *a, int64_t us) {
    while (a->count > 0 && burst_at(a, 0)->start.us + burst_at(a, 0)->length_us <= us) {
        a->first = (a->first + 1) % MW_AIRTIME_BURSTS_MAX;
        a->count--;
    }
}

static void push(mw_airtime *a, const mw_airtime_burst *b) {
    a->bursts[(a->first + a->count) % MW_AIRTIME_BURSTS_MAX] = *b;
    a->count++;
}

/* Writes what the book holds as a new file and keeps it open at its end. */
static mw_status file_rewrite(mw_airtime *a) {
    mw_buffer text;
    mw_buffer_init(&text, FILE_MAX);
    for (size_t i = 0; i < a->count; i++) {
        uint8_t record[RECORD_BYTES];
        record_encode(burst_at(a, i), record);
        mw_buffer_append(&text, MW_SLICE_OF(record));
    }
    mw_status status = text.status;
    if (status == MW_OK)
        status = mw_file_replace(a->path, mw_buffer_view(&text), 0644);
    size_t bytes = text.n;
    mw_buffer_fini(&text);
    MW_TRY(status);
    if (a->fd >= 0)
        (void)close(a->fd);
    a->fd = open(a->path, O_WRONLY | O_APPEND | O_CLOEXEC);
    a->file_bytes = bytes;
    return a->fd < 0 ? MW_IO : MW_OK;
}

static void file_take(mw_airtime *a, mw_slice bytes, mw_utc now) {
    for (size_t at = 0; at < bytes.n; at += RECORD_BYTES) {
        size_t n = bytes.n - at < RECORD_BYTES ? bytes.n - at : RECORD_BYTES;
        bool last = at + RECORD_BYTES >= bytes.n;
        mw_airtime_burst b;
        if (n < RECORD_BYTES || !record_decode(mw_slice_sub(bytes, at, RECORD_BYTES), &b)) {
            if (!last) /* not a torn tail: nobody knows what was sent */
                a->silent_until = (mw_utc){now.us + HOUR_US};
            continue;
        }
        if (b.start.us + b.length_us <= now.us - HOUR_US)
            continue;
        if (a->count == MW_AIRTIME_BURSTS_MAX)
            a->silent_until = (mw_utc){now.us + HOUR_US};
        else
            push(a, &b);
    }
}

mw_status mw_airtime_open(mw_airtime *a, const mw_unb_plan *plan, const char *path, mw_utc now) {
    MW_TRY(mw_airtime_init(a, plan));
    mw_status status = MW_LIMIT;
    if (snprintf(a->path, sizeof a->path, "%s", path) < (int)sizeof a->path) {
        mw_buffer text;
        mw_buffer_init(&text, FILE_MAX + RECORD_BYTES);
        status = mw_file_read(path, &text);
        if (status == MW_OK)
            file_take(a, mw_buffer_view(&text), now);
        else if (status == MW_SPACE) /* larger than it can have become */
            a->silent_until = (mw_utc){now.us + HOUR_US};
        mw_buffer_fini(&text);
        if (status == MW_OK || status == MW_NOT_FOUND || status == MW_SPACE)
            status = file_rewrite(a);
    }
    if (status != MW_OK)
        mw_airtime_close(a);
    return status;
}

mw_status mw_airtime_book(mw_airtime *a, unsigned band, mw_utc start, int64_t length_us) {
    mw_utc soonest;
    mw_assert(band < a->plan->bands && length_us > 0 && length_us <= LENGTH_US_MAX);
    MW_TRY(mw_airtime_ask(a, band, start, length_us, &soonest));
    drop_before(a, start.us - HOUR_US);
    mw_assert(a->count < MW_AIRTIME_BURSTS_MAX);
    mw_airtime_burst b = {start, length_us, (uint8_t)band};
    if (a->fd >= 0) {
        uint8_t record[RECORD_BYTES];
        if (a->file_bytes + RECORD_BYTES > FILE_MAX)
            MW_TRY(file_rewrite(a));
        record_encode(&b, record);
        MW_TRY(mw_file_write_all(a->fd, MW_SLICE_OF(record)));
        if (fdatasync(a->fd) != 0)
            return MW_IO;
        a->file_bytes += RECORD_BYTES;
    }
    push(a, &b);
    return MW_OK;
}
