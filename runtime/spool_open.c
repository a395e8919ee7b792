/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening a spool: what a crash, a full disk or a torn write left behind is put in order here.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "runtime/file.h"
#include "runtime/spool_priv.h"

#define MW_CURSOR_BYTES 28

static void mw_spool_path(const mw_spool *s, const char *name, char out[MW_SPOOL_PATH_MAX]) {
    int n = snprintf(out, MW_SPOOL_PATH_MAX, "%s/%s", s->folder, name);
    mw_assert(n > 0 && n < MW_SPOOL_PATH_MAX); /* its length was checked at the beginning */
}

void mw_spool_segment_path(const mw_spool *s, uint64_t first, char out[MW_SPOOL_PATH_MAX]) {
    char name[40];
    (void)snprintf(name, sizeof name, "%020" PRIu64 ".seg", first);
    mw_spool_path(s, name, out);
}

static mw_status mw_spool_segment_add(mw_spool *s, mw_spool_segment segment) {
    if (s->segments_n == MW_SPOOL_SEGMENTS_MAX)
        return MW_SPACE;
    if (s->segments_n == s->segments_cap) {
        uint32_t cap = s->segments_cap == 0 ? 64 : 2 * s->segments_cap;
        mw_spool_segment *p = realloc(s->segments, cap * sizeof *p);
        if (p == NULL)
            return MW_NOMEM;
        s->segments = p;
        s->segments_cap = cap;
    }
    s->segments[s->segments_n++] = segment;
    return MW_OK;
}

mw_status mw_spool_segment_begin(mw_spool *s) {
    char path[MW_SPOOL_PATH_MAX];
    mw_spool_segment_path(s, s->next, path);
    if (s->segments_n == MW_SPOOL_SEGMENTS_MAX)
        return MW_SPACE;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return mw_file_status_of_errno(errno);
    uint8_t head[MW_SPOOL_SEGMENT_HEADER];
    mw_segment_header_put(head, s->epoch, s->next);
    mw_status status = mw_file_write_all(fd, MW_SLICE_OF(head));
    if (status == MW_OK && fsync(fd) != 0)
        status = MW_IO;
    if (status == MW_OK)
        status = mw_file_sync_folder(s->folder);
    if (status == MW_OK)
        status = mw_spool_segment_add(
            s, (mw_spool_segment){.first = s->next, .bytes = MW_SPOOL_SEGMENT_HEADER});
    if (status != MW_OK) {
        (void)close(fd);
        (void)unlink(path);
        return status;
    }
    if (s->fd >= 0)
        (void)close(s->fd);
    s->fd = fd;
    s->bytes += MW_SPOOL_SEGMENT_HEADER;
    return MW_OK;
}

static int mw_spool_compare(const void *a, const void *b) {
    const mw_spool_segment *x = a;
    const mw_spool_segment *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* Lists the segments by name and clears away what a broken-off cursor write left. */
static mw_status mw_spool_list(mw_spool *s) {
    DIR *d = opendir(s->folder);
    if (d == NULL)
        return mw_file_status_of_errno(errno);
    mw_status status = MW_OK;
    const struct dirent *entry;
    while (status == MW_OK && (entry = readdir(d)) != NULL) {
        uint64_t first = 0;
        int end = 0;
        char path[MW_SPOOL_PATH_MAX];
        size_t n = strlen(entry->d_name);
        if (n + strlen(s->folder) + 2 > MW_SPOOL_PATH_MAX)
            continue;
        mw_spool_path(s, entry->d_name, path);
        bool torn = strncmp(entry->d_name, "cursor.", 7) == 0 ||
                    strstr(entry->d_name, ".seg.") != NULL; /* a copy that was not finished */
        if (torn && n > 4 && strcmp(entry->d_name + n - 4, ".tmp") == 0)
            (void)unlink(path);
        if (sscanf(entry->d_name, "%20" SCNu64 ".seg%n", &first, &end) != 1 || (size_t)end != n ||
            n != 24 || first == 0)
            continue;
        struct stat st;
        if (stat(path, &st) != 0)
            status = mw_file_status_of_errno(errno);
        else
            status = mw_spool_segment_add(
                s, (mw_spool_segment){.first = first, .bytes = (int64_t)st.st_size});
    }
    (void)closedir(d);
    if (s->segments_n > 1)
        qsort(s->segments, s->segments_n, sizeof s->segments[0], mw_spool_compare);
    return status;
}

static mw_status mw_spool_read_file(const mw_spool *s, uint64_t first, mw_buffer *out) {
    char path[MW_SPOOL_PATH_MAX];
    mw_spool_segment_path(s, first, path);
    mw_buffer_reset(out);
    return mw_file_read(path, out);
}

/* The header of each segment; the epoch is that of the first good one. */
static mw_status mw_spool_read_headers(mw_spool *s, char error[160]) {
    bool known = false;
    for (uint32_t i = 0; i < s->segments_n; i++) {
        char path[MW_SPOOL_PATH_MAX];
        uint8_t head[MW_SPOOL_SEGMENT_HEADER];
        mw_segment_reader r;
        mw_spool_segment_path(s, s->segments[i].first, path);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return mw_file_status_of_errno(errno);
        ssize_t n = read(fd, head, sizeof head);
        (void)close(fd);
        mw_slice got = {head, n < 0 ? 0 : (size_t)n};
        mw_status status = mw_segment_reader_init(&r, got);
        if (status == MW_UNSUPPORTED) {
            (void)snprintf(error, 160, "segment %" PRIu64 " is of another version",
                           s->segments[i].first);
            return status;
        }
        if (status != MW_OK)
            continue;
        if (known && r.epoch != s->epoch) {
            (void)snprintf(error, 160, "segments of two spools are mixed in one folder");
            return MW_CORRUPT;
        }
        s->epoch = r.epoch;
        known = true;
    }
    if (!known && s->segments_n > 1) {
        (void)snprintf(error, 160, "no segment has a readable header");
        return MW_CORRUPT;
    }
    return MW_OK;
}

/* A segment that was being made when the power failed: nothing was ever in it. */
static void mw_spool_drop_unborn(mw_spool *s) {
    while (s->segments_n > 0) {
        mw_segment_reader r;
        const mw_spool_segment *last = &s->segments[s->segments_n - 1];
        if (last->bytes > MW_SPOOL_SEGMENT_HEADER)
            return;
        if (mw_spool_read_file(s, last->first, &s->loaded) == MW_OK &&
            mw_segment_reader_init(&r, mw_buffer_view(&s->loaded)) == MW_OK)
            return;
        char path[MW_SPOOL_PATH_MAX];
        mw_spool_segment_path(s, last->first, path);
        (void)unlink(path);
        s->torn_bytes += (uint64_t)last->bytes;
        s->segments_n--;
    }
}

/* Walks the last segment, cuts a torn tail off, and opens it for writing. What a killed process
 * wrote may not be synced yet: it is, before anyone can be told of it. */
static mw_status mw_spool_recover_last(mw_spool *s) {
    mw_spool_segment *last = &s->segments[s->segments_n - 1];
    MW_TRY(mw_spool_read_file(s, last->first, &s->loaded));
    mw_segment_reader r;
    mw_slice view = mw_buffer_view(&s->loaded);
    if (mw_segment_reader_init(&r, view) != MW_OK)
        mw_segment_reader_force(&r, view, s->epoch, last->first);
    uint64_t sequence;
    mw_slice payload;
    while (mw_segment_next(&r, &sequence, &payload) == MW_OK) {
    }
    s->next = r.last + 1;
    s->newest = r.last;
    s->damaged_bytes += r.damaged;
    s->torn_bytes += view.n - r.good_end;
    last->bytes = (int64_t)r.good_end;
    char path[MW_SPOOL_PATH_MAX];
    mw_spool_segment_path(s, last->first, path);
    s->fd = open(path, O_RDWR | O_CLOEXEC);
    if (s->fd < 0)
        return mw_file_status_of_errno(errno);
    if (view.n > r.good_end && ftruncate(s->fd, (off_t)r.good_end) != 0)
        return MW_IO;
    if (fsync(s->fd) != 0)
        return MW_IO;
    return mw_file_sync_folder(s->folder);
}

/* The cursor, when it belongs to this epoch; otherwise everything is sent again. */
static bool mw_spool_read_cursor(mw_spool *s, uint64_t *out_epoch, uint64_t *out_through) {
    char path[MW_SPOOL_PATH_MAX];
    mw_spool_path(s, "cursor", path);
    mw_buffer_reset(&s->loaded);
    if (mw_file_read(path, &s->loaded) != MW_OK || s->loaded.n != MW_CURSOR_BYTES)
        return false;
    mw_reader r = mw_reader_of(mw_buffer_view(&s->loaded));
    mw_slice magic = mw_read_bytes(&r, 8);
    *out_epoch = mw_read_u64le(&r);
    *out_through = mw_read_u64le(&r);
    uint32_t sum = mw_read_u32le(&r);
    return mw_slice_equal(magic, mw_slice_of_str("MWCURSOR")) &&
           sum == mw_crc32(mw_slice_sub(mw_buffer_view(&s->loaded), 0, MW_CURSOR_BYTES - 4));
}

mw_status mw_spool_sync_cursor(mw_spool *s) {
    if (!s->cursor_dirty)
        return MW_OK;
    char path[MW_SPOOL_PATH_MAX];
    uint8_t bytes[MW_CURSOR_BYTES];
    mw_writer w = mw_writer_of(MW_SPAN_OF(bytes));
    mw_write_str(&w, "MWCURSOR");
    mw_write_u64le(&w, s->epoch);
    mw_write_u64le(&w, s->acknowledged);
    mw_write_u32le(&w, mw_crc32((mw_slice){bytes, MW_CURSOR_BYTES - 4}));
    mw_spool_path(s, "cursor", path);
    MW_TRY(mw_file_replace(path, MW_SLICE_OF(bytes), 0600));
    s->cursor_dirty = false;
    s->acks = 0;
    return MW_OK;
}

/* Nothing of the old numbering may be used again. */
static mw_status mw_spool_new_epoch(mw_spool *s) {
    for (uint32_t i = 0; i < s->segments_n; i++) {
        char path[MW_SPOOL_PATH_MAX];
        mw_spool_segment_path(s, s->segments[i].first, path);
        if (unlink(path) != 0)
            return MW_IO;
    }
    s->segments_n = 0;
    s->bytes = 0;
    if (s->fd >= 0)
        (void)close(s->fd);
    s->fd = -1;
    MW_TRY(mw_file_sync_folder(s->folder));
    do {
        if (getrandom(&s->epoch, sizeof s->epoch, 0) != (ssize_t)sizeof s->epoch)
            return MW_IO;
    } while (s->epoch == 0);
    s->next = 1;
    s->newest = 0;
    s->acknowledged = 0;
    s->cursor_dirty = true;
    return mw_spool_segment_begin(s);
}

static mw_status mw_spool_recover(mw_spool *s, char error[160]) {
    MW_TRY(mw_spool_list(s));
    mw_spool_drop_unborn(s);
    MW_TRY(mw_spool_read_headers(s, error));
    uint64_t epoch = 0;
    uint64_t through = 0;
    bool has_cursor = mw_spool_read_cursor(s, &epoch, &through);
    if (s->segments_n == 0)
        return mw_spool_new_epoch(s);
    MW_TRY(mw_spool_recover_last(s));
    for (uint32_t i = 0; i < s->segments_n; i++)
        s->bytes += s->segments[i].bytes;
    if (has_cursor && epoch == s->epoch) {
        if (through >= s->next)
            return mw_spool_new_epoch(s); /* acknowledged more than exists: files were put back */
        s->acknowledged = through;
    }
    return MW_OK;
}

static mw_status mw_spool_lock(mw_spool *s, char error[160]) {
    char path[MW_SPOOL_PATH_MAX];
    mw_spool_path(s, "lock", path);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->lock < 0) {
        (void)snprintf(error, 160, "cannot write in %.100s: %s", s->folder, strerror(errno));
        return mw_file_status_of_errno(errno);
    }
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
        (void)snprintf(error, 160, "%.100s is in use by another process", s->folder);
        return MW_STATE;
    }
    return MW_OK;
}

mw_status mw_spool_open(const mw_spool_options *options, mw_spool **out_spool, char error[160]) {
    error[0] = 0;
    if (strlen(options->folder) > MW_SPOOL_PATH_MAX - 64) {
        (void)snprintf(error, 160, "the folder's path is too long");
        return MW_RANGE;
    }
    mw_spool *s = calloc(1, sizeof *s);
    if (s == NULL)
        return MW_NOMEM;
    s->lock = -1;
    s->fd = -1;
    s->folder = strdup(options->folder);
    s->bytes_max = options->bytes_max == 0 ? INT64_C(1) << 30 : options->bytes_max;
    s->segment_bytes = options->segment_bytes == 0 ? 4 << 20 : options->segment_bytes;
    if (s->segment_bytes > s->bytes_max / 4)
        s->segment_bytes = s->bytes_max / 4;
    mw_buffer_init(&s->batch, MW_SPOOL_BATCH_MAX);
    mw_buffer_init(&s->loaded, (size_t)s->segment_bytes + 2 * MW_SPOOL_BATCH_MAX);
    mw_status status = s->folder == NULL ? MW_NOMEM : mw_file_make_folders(s->folder, 0700);
    if (status == MW_OK)
        status = mw_spool_lock(s, error);
    if (status == MW_OK)
        status = mw_spool_recover(s, error);
    if (status == MW_OK) {
        *out_spool = s;
        return MW_OK;
    }
    if (error[0] == 0)
        (void)snprintf(error, 160, "%.100s: %s", options->folder, mw_status_text(status));
    s->cursor_dirty = false; /* a spool that did not open writes nothing */
    mw_spool_close(s);
    return status;
}
