/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/hdlc/deframer.h"

#include "base/assert.h"

void mw_hdlc_deframer_init(mw_hdlc_deframer *d, mw_span memory) {
    mw_assert(memory.n >= MW_HDLC_LENGTH_MIN + 2);
    *d = (mw_hdlc_deframer){.memory = memory};
}

size_t mw_hdlc_deframer_push(mw_hdlc_deframer *d, mw_slice bytes) {
    if (d->start != 0) {
        mw_bytes_copy(d->memory.p, d->memory.p + d->start, d->end - d->start);
        d->end -= d->start;
        d->start = 0;
    }
    size_t room = d->memory.n - d->end;
    size_t n = bytes.n < room ? bytes.n : room;
    mw_bytes_copy(d->memory.p + d->end, bytes.p, n);
    d->end += n;
    return n;
}

/* Moves start to the last of the next run of flags; false when there is none. */
static bool find_flag(mw_hdlc_deframer *d) {
    while (d->start < d->end && d->memory.p[d->start] != MW_HDLC_FLAG) {
        d->start++;
        d->noise_bytes++;
    }
    while (d->start + 1 < d->end && d->memory.p[d->start + 1] == MW_HDLC_FLAG)
        d->start++;
    return d->start < d->end;
}

/* Judges the candidate behind the flag at start. */
static mw_status judge(const mw_hdlc_deframer *d, mw_hdlc_frame *out_frame, size_t *out_length) {
    mw_slice left = {d->memory.p + d->start + 1, d->end - d->start - 1};
    mw_status s = mw_hdlc_header_check(left, out_length);
    if (*out_length + 2 > d->memory.n)
        return MW_LIMIT;
    if (s != MW_OK)
        return s;
    if (left.n < *out_length + 1)
        return MW_AGAIN;
    if (left.p[*out_length] != MW_HDLC_FLAG)
        return MW_SYNTAX;
    return mw_hdlc_frame_decode(mw_slice_sub(left, 0, *out_length), out_frame);
}

mw_status mw_hdlc_deframer_pull(mw_hdlc_deframer *d, mw_hdlc_frame *out_frame) {
    while (find_flag(d)) {
        size_t length;
        mw_status s = judge(d, out_frame, &length);
        switch (s) {
        case MW_OK:
            d->start += length + 1; /* the closing flag may open the next frame */
            d->frames++;
            return MW_OK;
        case MW_AGAIN:
            return MW_AGAIN;
        case MW_CHECKSUM:
            d->bad_checksum++;
            break;
        case MW_LIMIT:
            d->too_long++;
            break;
        default:
            d->bad_format++;
            break;
        }
        d->start++;
    }
    return MW_AGAIN;
}

void mw_hdlc_deframer_silence(mw_hdlc_deframer *d) {
    /* A lone flag may still open a frame; a started frame is given up. */
    if (d->end - d->start > 1 && d->memory.p[d->start] == MW_HDLC_FLAG) {
        d->start++;
        d->bad_format++;
    }
}
