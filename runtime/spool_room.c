/* SPDX-License-Identifier: Apache-2.0
 *
 * Making room in a spool that is full.
 */
#include <errno.h>
#include <unistd.h>

#include "base/assert.h"
#include "runtime/file.h"
#include "runtime/spool_priv.h"

/* What is read of a segment: from the disk, whole. */
static mw_status room_load(const mw_spool *s, const mw_spool_segment *segment, mw_buffer *out,
                           mw_segment_reader *out_reader) {
    char path[MW_SPOOL_PATH_MAX];
    mw_spool_segment_path(s, segment->first, path);
    mw_buffer_init(out, (size_t)segment->bytes + 2 * MW_SPOOL_BATCH_MAX);
    mw_status status = mw_file_read(path, out);
    if (status != MW_OK) {
        mw_buffer_fini(out);
        return status;
    }
    mw_slice view = mw_buffer_view(out);
    if (mw_segment_reader_init(out_reader, view) != MW_OK)
        mw_segment_reader_force(out_reader, view, s->epoch, segment->first);
    return MW_OK;
}

static void room_note(mw_spool_plan *plan, const mw_spool *s, uint64_t sequence) {
    if (sequence <= s->acknowledged)
        return;
    if (plan->records++ == 0)
        plan->first = sequence;
    plan->last = sequence;
}

/* Counts what would go of a segment; out_spare: records that may go, acknowledged ones among them.
 */
static mw_status room_count(const mw_spool *s, const mw_spool_segment *segment,
                            mw_spool_worth_fn *worth, void *context, bool whole,
                            mw_spool_plan *plan, uint64_t *out_spare) {
    mw_buffer bytes;
    mw_segment_reader r;
    uint64_t sequence = 0;
    mw_slice record = {0};
    bool begin = true;
    *plan = (mw_spool_plan){.segment = segment->first, .whole = whole};
    *out_spare = 0;
    MW_TRY(room_load(s, segment, &bytes, &r));
    while (mw_segment_next(&r, &sequence, &record) == MW_OK) {
        mw_spool_worth is = worth(context, begin, record);
        begin = false;
        *out_spare += is == MW_SPOOL_SPARE;
        if (is == MW_SPOOL_SPARE || (whole && is != MW_SPOOL_UNCOUNTED))
            room_note(plan, s, sequence);
    }
    mw_buffer_fini(&bytes);
    return MW_OK;
}

mw_status mw_spool_plan_room(mw_spool *s, mw_spool_worth_fn *worth, void *context,
                             mw_spool_plan *out_plan) {
    uint64_t n = 0;
    mw_spool_segment *last = &s->segments[s->segments_n - 1];
    /* the segment being written is closed when it is worth looking at */
    if (last->bytes >= s->segment_bytes / 2)
        MW_TRY(mw_spool_segment_begin(s));
    for (uint32_t i = 0; i + 1 < s->segments_n; i++) {
        if (s->segments[i].thinned)
            continue;
        MW_TRY(room_count(s, &s->segments[i], worth, context, false, out_plan, &n));
        if (n > 0)
            return MW_OK;
        s->segments[i].thinned = true;
    }
    if (s->segments_n < 2)
        return MW_NOT_FOUND;
    return room_count(s, &s->segments[0], worth, context, true, out_plan, &n);
}

/* Puts a copy without the spare records in a segment's place. */
static mw_status room_thin(mw_spool *s, mw_spool_segment *segment, mw_spool_worth_fn *worth,
                           void *context) {
    mw_buffer bytes;
    mw_buffer kept;
    mw_segment_reader r;
    uint64_t sequence = 0;
    uint64_t holes = 0;
    mw_slice record = {0};
    uint8_t head[MW_SPOOL_SEGMENT_HEADER];
    char path[MW_SPOOL_PATH_MAX];
    bool begin = true;
    MW_TRY(room_load(s, segment, &bytes, &r));
    mw_buffer_init(&kept, (size_t)segment->bytes + MW_SPOOL_SEGMENT_HEADER);
    mw_segment_header_put(head, s->epoch, segment->first);
    mw_buffer_append(&kept, MW_SLICE_OF(head));
    while (mw_segment_next(&r, &sequence, &record) == MW_OK) {
        bool goes = worth(context, begin, record) == MW_SPOOL_SPARE;
        begin = false;
        if (goes)
            holes += sequence > s->acknowledged;
        else
            mw_segment_record_put(&kept, s->epoch, sequence, record);
    }
    mw_spool_segment_path(s, segment->first, path);
    mw_status status = kept.status;
    if (status == MW_OK)
        status = mw_file_replace(path, mw_buffer_view(&kept), 0600);
    segment->thinned = true; /* also when the copy does not fit: then whole segments go */
    if (status == MW_OK) {
        s->bytes += (int64_t)kept.n - segment->bytes;
        segment->bytes = (int64_t)kept.n;
        segment->holes += holes;
        if (s->loaded_first == segment->first)
            s->loaded_first = 0;
    }
    mw_buffer_fini(&kept);
    mw_buffer_fini(&bytes);
    return status;
}

mw_status mw_spool_make_room(mw_spool *s, const mw_spool_plan *plan, mw_spool_worth_fn *worth,
                             void *context) {
    uint32_t i = 0;
    while (i < s->segments_n && s->segments[i].first != plan->segment)
        i++;
    if (i + 1 >= s->segments_n)
        return MW_OK; /* it is gone, or after a crash it is the one being written: kept */
    if (!plan->whole)
        return room_thin(s, &s->segments[i], worth, context);
    if (i != 0)
        return MW_OK; /* only the oldest one goes as a whole */
    mw_status status = mw_spool_acknowledge(s, s->segments[1].first - 1);
    if (status == MW_OK && s->segments[0].first == plan->segment)
        return MW_IO; /* it could not be removed */
    return status;
}
