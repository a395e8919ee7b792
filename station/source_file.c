/* SPDX-License-Identifier: Apache-2.0 */
#include "station/source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/buffer.h"
#include "runtime/file.h"
#include "station/sigmf.h"

static mw_status source_file_why(mw_source_file *f, mw_status status, const char *text) {
    (void)snprintf(f->why, sizeof f->why, "%s", text);
    return status;
}

/* The reader for the samples from segment f->segment on. */
static mw_status source_file_segment(mw_source_file *f) {
    const mw_recording *rec = &f->recording;
    const mw_recording_segment *segment = &rec->segments[f->segment];
    size_t bytes = mw_samples_format_bytes(rec->format);
    mw_samples_header like = f->options->plain;
    like.format = rec->format;
    like.first_index = segment->first;
    if (rec->rate_mhz != 0)
        like.rate_mhz = rec->rate_mhz;
    if (segment->has_centre)
        like.centre = segment->centre;
    if (!f->options->start_given && !mw_utc_is_none(segment->start))
        like.utc = segment->start;
    else if (segment->first > 0) /* counted on from the beginning */
        like.utc.us += (int64_t)((double)segment->first * 1e9 / (double)like.rate_mhz);
    f->left = rec->data_bytes == 0 ? UINT64_MAX : rec->data_bytes - segment->first * bytes;
    if (f->segment + 1 < rec->segments_n) {
        uint64_t n = (rec->segments[f->segment + 1].first - segment->first) * bytes;
        f->left = n < f->left ? n : f->left;
    }
    if (mw_samples_reader_init_plain(&f->reader, f->memory, &like) != MW_OK)
        return source_file_why(f, MW_RANGE, "the rate of the samples is out of range");
    return MW_OK;
}

/* Bytes read while probing become the reader's first ones. */
static mw_status source_file_begin(mw_source_file *f, size_t from) {
    size_t n = f->head_n - from;
    f->probing = false;
    memmove(f->memory.p, f->memory.p + from, n);
    if (f->recorded && n > f->left)
        n = (size_t)f->left; /* what stands behind the samples of a short WAV file */
    if (f->recorded && f->left != UINT64_MAX)
        f->left -= n;
    mw_samples_reader_commit(&f->reader, n);
    return MW_OK;
}

static mw_status source_file_plain(mw_source_file *f, mw_samples_format format) {
    static const mw_recording empty = {.segments_n = 1, .segments[0] = {.start = {INT64_MIN}}};
    f->recording = empty;
    f->recording.format = format;
    f->recorded = true;
    MW_TRY(source_file_segment(f));
    return source_file_begin(f, 0);
}

static mw_status source_file_wav(mw_source_file *f, bool all) {
    char why[160];
    mw_slice head = {f->memory.p, f->head_n};
    mw_status status = mw_recording_of_wav(head, &f->recording, why);
    if (status == MW_SHORT && !all)
        return MW_AGAIN;
    if (status != MW_OK)
        return source_file_why(f, status, why);
    f->recorded = true;
    MW_TRY(source_file_segment(f));
    return source_file_begin(f, (size_t)f->recording.data_at);
}

/* Finds out what the first bytes are. MW_AGAIN: more of them are needed. all: there are no more. */
static mw_status source_file_probe(mw_source_file *f, bool all) {
    mw_slice head = {f->memory.p, f->head_n};
    const char *format = f->options->format;
    bool automatic = strcmp(format, "auto") == 0;
    mw_samples_format plain = MW_SAMPLES_CF32;
    if (head.n < 12 && !all)
        return MW_AGAIN;
    if (head.n == 0)
        return source_file_why(f, MW_SHORT, "the recording is empty");
    if (strcmp(format, "wav") == 0 || (automatic && mw_recording_is_wav(head)))
        return source_file_wav(f, all);
    if (automatic && mw_recording_is_blocks(head)) {
        mw_samples_reader_init(&f->reader, f->memory);
        return source_file_begin(f, 0);
    }
    if (f->path != NULL && mw_recording_format_of_path(f->path, &plain) == MW_OK)
        return source_file_plain(f, plain);
    return source_file_why(f, MW_UNSUPPORTED,
                           "neither the name nor the first bytes tell what these samples are; "
                           "say the format (cf32, cs16, cu8, cs8) and the rate");
}

static mw_status source_file_sigmf(mw_source_file *f) {
    static char meta[MW_SIGMF_PATH_MAX]; /* one receiving thread */
    static char data[MW_SIGMF_PATH_MAX];
    mw_buffer text;
    MW_TRY(mw_sigmf_paths(f->path, meta, data));
    mw_buffer_init(&text, MW_SIGMF_META_MAX);
    mw_status status = mw_file_read(meta, &text);
    if (status != MW_OK)
        (void)snprintf(f->why, sizeof f->why, "%.120s: %s", meta, mw_status_text(status));
    else
        status = mw_sigmf_decode(mw_buffer_view(&text), &f->recording, f->why);
    mw_buffer_fini(&text);
    MW_TRY(status);
    f->fd = open(data, O_RDONLY | O_CLOEXEC);
    if (f->fd < 0) {
        (void)snprintf(f->why, sizeof f->why, "%.150s: %s", data, strerror(errno));
        return MW_NOT_FOUND;
    }
    f->recorded = true;
    f->probing = false;
    return source_file_segment(f);
}

static bool source_file_is_sigmf(const mw_source_file *f) {
    const char *format = f->options->format;
    const char *dot = f->path == NULL ? NULL : strrchr(f->path, '.');
    return f->path != NULL &&
           (strcmp(format, "sigmf") == 0 || (strcmp(format, "auto") == 0 && dot != NULL &&
                                             strncmp(dot, ".sigmf", strlen(".sigmf")) == 0));
}

mw_status mw_source_file_open(mw_source_file *f, mw_span memory,
                              const mw_station_source_options *options, const char *path, int fd) {
    *f = (mw_source_file){.memory = memory, .options = options, .path = path, .fd = fd};
    mw_samples_format plain;
    if (source_file_is_sigmf(f))
        return source_file_sigmf(f);
    if (path != NULL) {
        f->fd = open(path, O_RDONLY | O_CLOEXEC);
        if (f->fd < 0)
            return source_file_why(f, MW_NOT_FOUND, strerror(errno));
    }
    f->left = UINT64_MAX;
    if (strcmp(options->format, "sigmf") == 0)
        return source_file_why(f, MW_UNSUPPORTED, "SigMF needs its two files, not a stream");
    if (strcmp(options->format, "blocks") == 0) {
        mw_samples_reader_init(&f->reader, memory);
        return MW_OK;
    }
    if (mw_samples_format_of_name(options->format, &plain) == MW_OK)
        return source_file_plain(f, plain);
    f->probing = true;
    return MW_OK;
}

/* The end of the file: what was promised and is not there is told. */
static mw_status source_file_end(mw_source_file *f) {
    if (f->probing) {
        mw_status status = source_file_probe(f, true);
        return status == MW_OK || status == MW_AGAIN ? MW_CLOSED : status;
    }
    if (f->recorded && f->left != UINT64_MAX && f->left > 0) {
        f->missing = f->left;
        for (size_t i = f->segment + 1; i + 1 < f->recording.segments_n; i++)
            f->missing += (f->recording.segments[i + 1].first - f->recording.segments[i].first) *
                          mw_samples_format_bytes(f->recording.format);
        (void)snprintf(f->why, sizeof f->why,
                       "the recording is cut off: at least %" PRIu64 " bytes that it promises are "
                       "not there",
                       f->missing);
    } else if (mw_samples_reader_end(&f->reader) != MW_OK) {
        return source_file_why(f, MW_SHORT,
                               "the recording ends in the middle of a sample or block");
    }
    return MW_CLOSED;
}

mw_status mw_source_file_read(mw_source_file *f) {
    mw_span room = {f->memory.p + f->head_n, MW_RECORDING_HEAD_MAX - f->head_n};
    if (!f->probing)
        room = mw_samples_reader_room(&f->reader);
    if (f->recorded && f->left < room.n)
        room.n = (size_t)f->left;
    if (f->recorded && f->left == 0) {
        if (f->segment + 1 >= f->recording.segments_n)
            return MW_CLOSED;
        f->segment++;
        return source_file_segment(f);
    }
    ssize_t n = read(f->fd, room.p, room.n);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return MW_AGAIN;
    if (n < 0)
        return source_file_why(f, MW_IO, strerror(errno));
    if (n == 0)
        return source_file_end(f);
    if (f->probing) {
        f->head_n += (size_t)n;
        mw_status status = source_file_probe(f, false);
        return status == MW_AGAIN ? MW_OK : status;
    }
    mw_samples_reader_commit(&f->reader, (size_t)n);
    if (f->recorded && f->left != UINT64_MAX)
        f->left -= (uint64_t)n;
    return MW_OK;
}

mw_status mw_source_file_pull(mw_source_file *f, mw_samples_block *out_block) {
    return f->probing ? MW_AGAIN : mw_samples_reader_pull(&f->reader, out_block);
}
