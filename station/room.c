/* SPDX-License-Identifier: Apache-2.0 */
#include "station/room.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/crc.h"
#include "runtime/file.h"
#include "runtime/log.h"
#include "station/notice.h"
#include "station/record.h"

#define ROOM_SEEN  (1u << 17) /* places; a segment of 4 MiB has at most half as many records */
#define NOTE_BYTES 76
static const char note_magic[] = "MWGAPS01";

/* ---- which record is a repetition ---- */

static mw_spool_worth room_worth(void *context, bool begin, mw_slice record) {
    mw_room *r = context;
    mw_slice identity = mw_station_record_identity(record);
    if (begin) {
        for (size_t i = 0; i < ROOM_SEEN; i++)
            r->seen[i].p = NULL;
        r->seen_n = 0;
        mw_buffer_reset(&r->kept);
    }
    if (identity.n == 0)
        return mw_station_notice_is(record) ? MW_SPOOL_UNCOUNTED : MW_SPOOL_WORTHY;
    if (r->seen_n >= ROOM_SEEN / 2)
        return MW_SPOOL_WORTHY;
    size_t at = mw_crc32(identity) % ROOM_SEEN;
    /* r->seen holds offsets until the buffer cannot move any more: p counts from 1 */
    while (r->seen[at].p != NULL) {
        size_t from = (size_t)(uintptr_t)r->seen[at].p - 1;
        mw_slice other = mw_slice_sub(mw_buffer_view(&r->kept), from, r->seen[at].n);
        if (mw_slice_equal(identity, other))
            return MW_SPOOL_SPARE;
        at = (at + 1) % ROOM_SEEN;
    }
    size_t from = r->kept.n;
    mw_buffer_append(&r->kept, identity);
    if (r->kept.status != MW_OK)
        return MW_SPOOL_WORTHY;
    r->seen[at] = (mw_slice){(const uint8_t *)(uintptr_t)(from + 1), identity.n};
    r->seen_n++;
    return MW_SPOOL_WORTHY;
}

/* ---- the note ---- */

/* pending: the plan is not executed yet, but the totals count it. */
static mw_status note_write(const mw_room *r, const mw_spool_plan *plan, bool pending, mw_utc now) {
    uint8_t bytes[NOTE_BYTES];
    mw_writer w = mw_writer_of(MW_SPAN_OF(bytes));
    mw_write_str(&w, note_magic);
    mw_write_u64le(&w, r->gaps);
    mw_write_u8(&w, plan->whole);
    mw_write_u8(&w, pending);
    mw_write_u16le(&w, 0);
    mw_write_u64le(&w, r->frames_lost);
    mw_write_u64le(&w, r->repeats_lost);
    mw_write_u64le(&w, plan->segment);
    mw_write_u64le(&w, plan->records);
    mw_write_u64le(&w, plan->first);
    mw_write_u64le(&w, plan->last);
    mw_write_u32le(&w, (uint32_t)(now.us / MW_US_PER_S));
    mw_write_u32le(&w, mw_crc32((mw_slice){bytes, w.at}));
    return mw_file_replace(r->path, mw_writer_done(&w), 0600);
}

/* MW_NOT_FOUND without a note that is whole. */
static mw_status note_read(mw_room *r, mw_spool_plan *out_plan, bool *out_pending, mw_utc *out_at) {
    mw_buffer text;
    mw_buffer_init(&text, 256);
    mw_status status = mw_file_read(r->path, &text);
    mw_reader in = mw_reader_of(mw_buffer_view(&text));
    mw_slice magic = mw_read_bytes(&in, 8);
    uint64_t number = mw_read_u64le(&in);
    mw_spool_plan plan = {.whole = mw_read_u8(&in) != 0};
    bool pending = mw_read_u8(&in) != 0;
    (void)mw_read_u16le(&in);
    uint64_t frames = mw_read_u64le(&in);
    uint64_t repeats = mw_read_u64le(&in);
    plan.segment = mw_read_u64le(&in);
    plan.records = mw_read_u64le(&in);
    plan.first = mw_read_u64le(&in);
    plan.last = mw_read_u64le(&in);
    uint32_t at_s = mw_read_u32le(&in);
    size_t n = in.at;
    uint32_t sum = mw_read_u32le(&in);
    if (status == MW_OK && mw_reader_end(&in) == MW_OK &&
        mw_slice_equal(magic, mw_slice_of_str(note_magic)) &&
        sum == mw_crc32(mw_slice_sub(mw_buffer_view(&text), 0, n))) {
        r->gaps = number;
        r->frames_lost = frames;
        r->repeats_lost = repeats;
        *out_pending = pending;
        *out_plan = plan;
        *out_at = mw_utc_of_s(at_s);
    } else {
        status = MW_NOT_FOUND;
    }
    mw_buffer_fini(&text);
    return status;
}

/* ---- the record ---- */

static mw_status room_tell(mw_room *r, const mw_spool_plan *plan, mw_utc at) {
    mw_buffer text;
    mw_buffer record;
    uint64_t sequence = 0;
    mw_buffer_init(&text, MW_STATION_NOTICE_JSON);
    mw_buffer_init(&record, MW_STATION_NOTICE_MAX);
    mw_json j = mw_json_of(&text);
    mw_json_object_begin(&j);
    mw_json_put_text(&j, "event", "gap");
    mw_json_put_uint(&j, "gap", r->gaps);
    mw_json_put_text(&j, "what", plan->whole ? "frames" : "repeats");
    mw_json_put_uint(&j, "count", plan->records);
    mw_json_put_uint(&j, "first_seq", plan->first);
    mw_json_put_uint(&j, "last_seq", plan->last);
    mw_json_put_uint(&j, "frames_total", r->frames_lost);
    mw_json_put_uint(&j, "repeats_total", r->repeats_lost);
    mw_json_object_end(&j);
    mw_status status = mw_json_done(&j);
    if (status == MW_OK)
        status = mw_station_notice_encode(at, mw_buffer_view(&text), &record);
    mw_slice view = mw_buffer_view(&record);
    if (status == MW_OK)
        status = mw_spool_append(r->spool, &view, 1, &sequence);
    mw_buffer_fini(&text);
    mw_buffer_fini(&record);
    return status;
}

/* Executes a plan whose note is written and which the totals count, and makes the record of it. */
static mw_status room_execute(mw_room *r, const mw_spool_plan *plan, mw_utc at) {
    MW_TRY(mw_spool_make_room(r->spool, plan, room_worth, r));
    if (plan->records > 0) {
        mw_metric_add(r->gaps_total, 1);
        mw_metric_add(plan->whole ? r->frames_total : r->repeats_total, (int64_t)plan->records);
        mw_log(MW_LOG_WARN,
               plan->whole ? "the disk is full: the oldest frames went"
                           : "the disk is full: repeated receptions went",
               MW_I("gap", r->gaps), MW_I("count", plan->records), MW_I("first", plan->first),
               MW_I("last", plan->last));
        MW_TRY(room_tell(r, plan, at));
    }
    return MW_OK;
}

mw_status mw_room_make(mw_room *r, mw_utc now) {
    mw_spool_plan plan;
    MW_TRY(mw_spool_plan_room(r->spool, room_worth, r, &plan));
    uint64_t *total = plan.whole ? &r->frames_lost : &r->repeats_lost;
    *total += plan.records;
    r->gaps++;
    mw_status status = note_write(r, &plan, true, now);
    if (status == MW_OK || status == MW_SPACE) /* with no room even for the note: go on */
        status = room_execute(r, &plan, now);
    if (status != MW_OK)
        *total -= plan.records;
    mw_status noted = note_write(r, &plan, false, now);
    if (status == MW_SPACE && !plan.whole)
        return MW_OK; /* next time a whole segment */
    return status != MW_OK ? status : noted == MW_SPACE ? MW_OK : noted;
}

mw_status mw_room_init(mw_room *r, mw_spool *spool, const char *folder, mw_metrics *metrics,
                       mw_utc now) {
    *r = (mw_room){.spool = spool, .gaps = (uint64_t)now.us};
    (void)snprintf(r->path, sizeof r->path, "%s/gap", folder);
    r->seen = calloc(ROOM_SEEN, sizeof *r->seen);
    mw_buffer_init(&r->kept, 16u << 20);
    r->gaps_total = mw_metrics_counter(metrics, "mw_station_gaps_total", NULL,
                                       "Times that records went for want of room.");
    const char *help = "Records that went for want of room before the platform had them.";
    r->repeats_total =
        mw_metrics_counter(metrics, "mw_station_dropped_total", "what=\"repeats\"", help);
    r->frames_total =
        mw_metrics_counter(metrics, "mw_station_dropped_total", "what=\"frames\"", help);
    if (r->seen == NULL)
        return MW_NOMEM;
    mw_spool_plan plan;
    bool pending = false;
    mw_utc at = now;
    if (note_read(r, &plan, &pending, &at) != MW_OK || !pending)
        return MW_OK;
    mw_status status = room_execute(r, &plan, at);
    if (status == MW_OK)
        status = note_write(r, &plan, false, at);
    return status == MW_SPACE ? MW_OK : status;
}

void mw_room_fini(mw_room *r) {
    free(r->seen);
    r->seen = NULL;
    mw_buffer_fini(&r->kept);
}
