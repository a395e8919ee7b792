/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "runtime/file.h"
#include "runtime/spool_priv.h"

void mw_spool_close(mw_spool *s) {
    if (s == NULL)
        return;
    mw_status status = mw_spool_sync_cursor(s);
    (void)status; /* without it some records are sent twice, which the other side removes */
    if (s->fd >= 0)
        (void)close(s->fd);
    if (s->lock >= 0)
        (void)close(s->lock);
    mw_buffer_fini(&s->batch);
    mw_buffer_fini(&s->loaded);
    free(s->segments);
    free(s->folder);
    free(s);
}

/* The present segment is not written to any more, and the numbers of the batch are given up: what
 * the disk kept of it is unknown, and no number may ever name two records. */
static void mw_spool_seal(mw_spool *s, size_t n) {
    (void)close(s->fd);
    s->fd = -1;
    s->next += n;
}

static mw_status mw_spool_write_at(int fd, mw_slice bytes, int64_t at) {
    while (bytes.n > 0) {
        ssize_t n = pwrite(fd, bytes.p, bytes.n, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0 ? MW_SPACE : mw_file_status_of_errno(errno);
        bytes = mw_slice_sub(bytes, (size_t)n, bytes.n - (size_t)n);
        at += n;
    }
    return MW_OK;
}

/* Writes and syncs the batch behind the last record. */
static mw_status mw_spool_commit(mw_spool *s, size_t n) {
    mw_spool_segment *last = &s->segments[s->segments_n - 1];
    mw_status status = mw_spool_write_at(s->fd, mw_buffer_view(&s->batch), last->bytes);
    if (status != MW_OK) {
        if (ftruncate(s->fd, (off_t)last->bytes) != 0)
            mw_spool_seal(s, n);
        return status;
    }
    if (fdatasync(s->fd) != 0) {
        status = errno == ENOSPC || errno == EDQUOT ? MW_SPACE : MW_IO;
        if (ftruncate(s->fd, (off_t)last->bytes) != 0)
            errno = 0; /* recovery will find out what is there */
        mw_spool_seal(s, n);
        return status;
    }
    last->bytes += (int64_t)s->batch.n;
    s->bytes += (int64_t)s->batch.n;
    return MW_OK;
}

static mw_status mw_spool_make_batch(mw_spool *s, const mw_slice *records, size_t n) {
    mw_buffer_reset(&s->batch);
    for (size_t i = 0; i < n; i++) {
        if (records[i].n == 0 || records[i].n > MW_SPOOL_RECORD_MAX)
            return MW_RANGE;
        mw_segment_record_put(&s->batch, s->epoch, s->next + i, records[i]);
    }
    return s->batch.status == MW_SPACE ? MW_RANGE : s->batch.status;
}

mw_status mw_spool_append(mw_spool *s, const mw_slice *records, size_t n, uint64_t *out_first) {
    mw_assert(n > 0);
    MW_TRY(mw_spool_make_batch(s, records, n));
    mw_status status = MW_OK;
    if (s->bytes + (int64_t)s->batch.n > s->bytes_max)
        status = MW_SPACE;
    bool full = s->fd < 0 || s->segments[s->segments_n - 1].bytes >= s->segment_bytes;
    if (status == MW_OK && full)
        status = mw_spool_segment_begin(s);
    uint64_t first = s->next;
    if (status == MW_OK)
        status = mw_spool_commit(s, n);
    if (status != MW_OK) {
        if (status == MW_SPACE)
            s->refused += n;
        return status;
    }
    s->next = first + n;
    s->newest = s->next - 1;
    *out_first = first;
    return MW_OK;
}

/* The segment that holds the lowest number >= from; segments_n when there is none. */
static uint32_t mw_spool_find(const mw_spool *s, uint64_t from) {
    uint32_t i = s->segments_n;
    while (i > 1 && s->segments[i - 1].first > from)
        i--;
    return i == 0 ? 0 : i - 1;
}

/* Loads a segment, or what was appended to it since. */
static mw_status mw_spool_load(mw_spool *s, const mw_spool_segment *segment) {
    bool fresh = s->loaded_first != segment->first;
    if (fresh) {
        mw_buffer_reset(&s->loaded);
        s->loaded_first = 0;
    }
    if (s->loaded.n < (size_t)segment->bytes) {
        char path[MW_SPOOL_PATH_MAX];
        mw_spool_segment_path(s, segment->first, path);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return mw_file_status_of_errno(errno);
        uint8_t piece[65536];
        while (s->loaded.n < (size_t)segment->bytes && s->loaded.status == MW_OK) {
            size_t want = (size_t)segment->bytes - s->loaded.n;
            ssize_t n =
                pread(fd, piece, want < sizeof piece ? want : sizeof piece, (off_t)s->loaded.n);
            if (n < 0 && errno == EINTR)
                continue;
            if (n <= 0)
                break; /* shorter than it was: what is there is read */
            mw_buffer_append(&s->loaded, (mw_slice){piece, (size_t)n});
        }
        (void)close(fd);
        MW_TRY(s->loaded.status);
    }
    mw_slice view = mw_buffer_view(&s->loaded);
    if (!fresh)
        s->reader.in = view; /* the buffer may have moved */
    else if (mw_segment_reader_init(&s->reader, view) != MW_OK)
        mw_segment_reader_force(&s->reader, view, s->epoch, segment->first);
    s->loaded_first = segment->first;
    return MW_OK;
}

mw_status mw_spool_read(mw_spool *s, uint64_t from, uint64_t *out_sequence, mw_slice *out_payload) {
    if (from <= s->acknowledged)
        from = s->acknowledged + 1;
    if (from > s->newest)
        return MW_AGAIN;
    if (s->loaded_first != 0 && s->reader.last >= from)
        s->loaded_first = 0; /* going back: from the start of the segment */
    for (uint32_t i = mw_spool_find(s, from); i < s->segments_n; i++) {
        MW_TRY(mw_spool_load(s, &s->segments[i]));
        uint64_t damaged = s->reader.damaged;
        uint64_t sequence = 0;
        mw_slice payload = {0};
        mw_status status;
        do {
            status = mw_segment_next(&s->reader, &sequence, &payload);
        } while (status == MW_OK && sequence < from);
        s->damaged_bytes += s->reader.damaged - damaged;
        if (status == MW_OK) {
            *out_sequence = sequence;
            *out_payload = payload;
            return MW_OK;
        }
    }
    return MW_AGAIN;
}

/* Removes the segments whose records are all acknowledged; the last one stays, since it carries the
 * epoch and the numbering. */
static void mw_spool_free_segments(mw_spool *s) {
    uint32_t n = 0;
    while (n + 1 < s->segments_n && s->segments[n + 1].first <= s->acknowledged + 1)
        n++;
    for (uint32_t i = 0; i < n; i++) {
        char path[MW_SPOOL_PATH_MAX];
        mw_spool_segment_path(s, s->segments[i].first, path);
        if (unlink(path) != 0 && errno != ENOENT) {
            n = i; /* tried again at the next acknowledgement */
            break;
        }
        s->bytes -= s->segments[i].bytes;
        if (s->loaded_first == s->segments[i].first)
            s->loaded_first = 0;
    }
    s->segments_n -= n;
    memmove(s->segments, s->segments + n, s->segments_n * sizeof s->segments[0]);
}

mw_status mw_spool_acknowledge(mw_spool *s, uint64_t through) {
    if (through >= s->next)
        return MW_RANGE;
    if (through <= s->acknowledged)
        return MW_OK;
    s->acknowledged = through >= s->newest ? s->next - 1 : through;
    s->cursor_dirty = true;
    if (++s->acks >= MW_SPOOL_ACKS_LAZY) {
        mw_status status = mw_spool_sync_cursor(s);
        (void)status; /* on a full disk it stays dirty and is tried again */
    }
    mw_spool_free_segments(s);
    return MW_OK;
}

mw_spool_stats mw_spool_stats_of(const mw_spool *s) {
    uint64_t holes = 0;
    for (uint32_t i = 0; i < s->segments_n; i++)
        if (s->segments[i].first > s->acknowledged)
            holes += s->segments[i].holes;
    return (mw_spool_stats){.epoch = s->epoch,
                            .next = s->next,
                            .acknowledged = s->acknowledged,
                            .pending = s->next - 1 - s->acknowledged - holes,
                            .bytes = s->bytes,
                            .segments = s->segments_n,
                            .refused = s->refused,
                            .damaged_bytes = s->damaged_bytes,
                            .torn_bytes = s->torn_bytes};
}
