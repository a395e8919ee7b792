/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/samples.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"
#include "base/crc.h"

static const char magic_block[4] = {'M', 'W', 'I', 'Q'};
static const char magic_ack[4] = {'M', 'W', 'A', 'K'};
static const char magic_watermark[4] = {'M', 'W', 'T', 'X'};

static const struct {
    const char *name;
    uint8_t bytes;
} formats[] = {{"gap", 0}, {"cf32", 8}, {"cs16", 4}, {"cu8", 2}, {"cs8", 2}};

#define FORMAT_COUNT (sizeof formats / sizeof formats[0])

size_t mw_samples_format_bytes(mw_samples_format f) {
    mw_assert((size_t)f < FORMAT_COUNT);
    return formats[f].bytes;
}

mw_status mw_samples_format_of_name(const char *name, mw_samples_format *out_f) {
    for (size_t i = 1; i < FORMAT_COUNT; i++) {
        if (strcmp(name, formats[i].name) == 0) {
            *out_f = (mw_samples_format)i;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

/* The rules that both directions share. */
static mw_status header_check(const mw_samples_header *h) {
    uint64_t most = h->format == MW_SAMPLES_GAP ? MW_SAMPLES_GAP_MAX : MW_SAMPLES_COUNT_MAX;
    if (h->rate_mhz == 0 || h->rate_mhz > MW_SAMPLES_RATE_MHZ_MAX)
        return MW_RANGE;
    if (h->count == 0 || h->count > most || h->first_index > UINT64_MAX / 2 - h->count)
        return MW_RANGE;
    return MW_OK;
}

mw_status mw_samples_header_encode(const mw_samples_header *h,
                                   uint8_t out[MW_SAMPLES_HEADER_BYTES]) {
    if ((size_t)h->format >= FORMAT_COUNT)
        return MW_RANGE;
    MW_TRY(header_check(h));
    mw_writer w = mw_writer_of((mw_span){out, MW_SAMPLES_HEADER_BYTES});
    mw_write_bytes(&w, (mw_slice){(const uint8_t *)magic_block, sizeof magic_block});
    mw_write_u8(&w, 1);
    mw_write_u8(&w, (uint8_t)h->format);
    mw_write_u16le(&w, h->flags);
    mw_write_u64le(&w, h->first_index);
    mw_write_u64le(&w, (uint64_t)h->utc.us);
    mw_write_u64le(&w, h->rate_mhz);
    mw_write_u64le(&w, (uint64_t)h->centre.mhz);
    mw_write_u64le(&w, h->count);
    mw_write_u32le(&w, h->utc_uncertainty_us);
    mw_write_u32le(&w, (uint32_t)(h->count * formats[h->format].bytes));
    mw_write_u32le(&w, 0);
    mw_write_u32le(&w, mw_crc32((mw_slice){out, MW_SAMPLES_HEADER_BYTES - 4}));
    mw_assert(w.status == MW_OK && w.at == MW_SAMPLES_HEADER_BYTES);
    return MW_OK;
}

mw_status mw_samples_header_decode(mw_slice in, mw_samples_header *out_h) {
    if (in.n < MW_SAMPLES_HEADER_BYTES)
        return MW_SHORT;
    mw_reader r = mw_reader_of(mw_slice_sub(in, 0, MW_SAMPLES_HEADER_BYTES));
    mw_samples_header h = {0};
    if (memcmp(mw_read_bytes(&r, 4).p, magic_block, 4) != 0)
        return MW_SYNTAX;
    uint8_t version = mw_read_u8(&r);
    uint8_t format = mw_read_u8(&r);
    h.flags = mw_read_u16le(&r);
    h.first_index = mw_read_u64le(&r);
    h.utc.us = (int64_t)mw_read_u64le(&r);
    h.rate_mhz = mw_read_u64le(&r);
    h.centre.mhz = (int64_t)mw_read_u64le(&r);
    h.count = mw_read_u64le(&r);
    h.utc_uncertainty_us = mw_read_u32le(&r);
    uint32_t payload_bytes = mw_read_u32le(&r);
    uint32_t reserved = mw_read_u32le(&r);
    uint32_t crc = mw_read_u32le(&r);
    if (crc != mw_crc32(mw_slice_sub(in, 0, MW_SAMPLES_HEADER_BYTES - 4)))
        return MW_CHECKSUM;
    if (version != 1 || format >= FORMAT_COUNT)
        return MW_UNSUPPORTED;
    h.format = (mw_samples_format)format;
    MW_TRY(header_check(&h));
    if (reserved != 0 || payload_bytes != h.count * formats[format].bytes)
        return MW_SYNTAX;
    *out_h = h;
    return MW_OK;
}

/* Two kinds of marks of 16 bytes: a word of four letters, version 1, an index. */
static void mark_encode(const char word[4], uint64_t index, uint8_t out[16]) {
    mw_writer w = mw_writer_of((mw_span){out, 16});
    mw_write_bytes(&w, (mw_slice){(const uint8_t *)word, 4});
    mw_write_u32le(&w, 1);
    mw_write_u64le(&w, index);
}

static mw_status mark_decode(const char word[4], mw_slice in, uint64_t *out_index) {
    if (in.n < 16)
        return MW_SHORT;
    mw_reader r = mw_reader_of(in);
    if (memcmp(mw_read_bytes(&r, 4).p, word, 4) != 0)
        return MW_SYNTAX;
    if (mw_read_u32le(&r) != 1)
        return MW_UNSUPPORTED;
    *out_index = mw_read_u64le(&r);
    return MW_OK;
}

void mw_samples_ack_encode(uint64_t index, uint8_t out[MW_SAMPLES_ACK_BYTES]) {
    mark_encode(magic_ack, index, out);
}

mw_status mw_samples_ack_decode(mw_slice in, uint64_t *out_index) {
    return mark_decode(magic_ack, in, out_index);
}

void mw_samples_watermark_encode(uint64_t index, uint8_t out[MW_SAMPLES_WATERMARK_BYTES]) {
    mark_encode(magic_watermark, index, out);
}

mw_status mw_samples_watermark_decode(mw_slice in, uint64_t *out_index) {
    return mark_decode(magic_watermark, in, out_index);
}

/* ---- Conversion -------------------------------------------------------------------------------*/

static float read_f32(const uint8_t *p) {
    uint32_t u = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

static void from_cf32(const uint8_t *p, size_t parts, float *out, mw_samples_faults *faults) {
    for (size_t i = 0; i < parts; i++) {
        float v = read_f32(p + 4 * i);
        if (!isfinite(v)) {
            v = 0;
            faults->not_finite++;
        }
        /* Larger values are legal (no fixed full scale in floats), but absurd ones would overflow
         * the squares that the detector takes. */
        if (fabsf(v) > 1e6f) {
            v = v < 0 ? -1e6f : 1e6f;
            faults->clipped++;
        }
        out[i] = v;
    }
}

static void from_cs16(const uint8_t *p, size_t parts, float *out, mw_samples_faults *faults) {
    uint64_t clipped = 0;
    for (size_t i = 0; i < parts; i++) {
        int16_t v = (int16_t)(uint16_t)(p[2 * i] | p[2 * i + 1] << 8);
        clipped += v == INT16_MAX || v == INT16_MIN;
        out[i] = (float)v * (1.0f / 32768.0f);
    }
    faults->clipped += clipped;
}

static void from_8bit(const uint8_t *p, size_t parts, bool is_signed, float *out,
                      mw_samples_faults *faults) {
    uint64_t clipped = 0;
    for (size_t i = 0; i < parts; i++) {
        if (is_signed) {
            int8_t v = (int8_t)p[i];
            clipped += v == INT8_MAX || v == INT8_MIN;
            out[i] = (float)v * (1.0f / 128.0f);
        } else {
            clipped += p[i] == 0 || p[i] == UINT8_MAX;
            out[i] = ((float)p[i] - 127.5f) * (1.0f / 127.5f);
        }
    }
    faults->clipped += clipped;
}

void mw_samples_to_float(const mw_samples_block *b, uint64_t from, size_t n, float *out_iq,
                         mw_samples_faults *faults) {
    mw_assert(from <= b->h.count && n <= b->h.count - from);
    mw_samples_faults ignored = {0};
    if (faults == NULL)
        faults = &ignored;
    size_t bytes = mw_samples_format_bytes(b->h.format);
    if (bytes == 0) {
        for (size_t i = 0; i < 2 * n; i++)
            out_iq[i] = 0;
        return;
    }
    mw_slice part = mw_slice_sub(b->payload, (size_t)from * bytes, n * bytes);
    switch (b->h.format) {
    case MW_SAMPLES_CF32:
        from_cf32(part.p, 2 * n, out_iq, faults);
        break;
    case MW_SAMPLES_CS16:
        from_cs16(part.p, 2 * n, out_iq, faults);
        break;
    default:
        from_8bit(part.p, 2 * n, b->h.format == MW_SAMPLES_CS8, out_iq, faults);
        break;
    }
}

/* Rounds and clips to [low, high]; a NaN becomes 0. */
static int32_t quantise(float v, int32_t low, int32_t high, size_t *clipped) {
    if (!(v > (float)low - 0.5f)) {
        *clipped += 1;
        return isnan(v) ? 0 : low;
    }
    if (v >= (float)high + 0.5f) {
        *clipped += 1;
        return high;
    }
    return (int32_t)lrintf(v);
}

size_t mw_samples_from_float(const float *iq, size_t n, mw_samples_format f, mw_span out) {
    mw_assert(f != MW_SAMPLES_GAP && out.n >= n * mw_samples_format_bytes(f));
    size_t clipped = 0;
    for (size_t i = 0; i < 2 * n; i++) {
        if (f == MW_SAMPLES_CF32) {
            uint32_t u;
            memcpy(&u, &iq[i], sizeof u);
            for (unsigned k = 0; k < 4; k++)
                out.p[4 * i + k] = (uint8_t)(u >> (8 * k));
        } else if (f == MW_SAMPLES_CS16) {
            int32_t v = quantise(iq[i] * 32768.0f, INT16_MIN, INT16_MAX, &clipped);
            out.p[2 * i] = (uint8_t)v;
            out.p[2 * i + 1] = (uint8_t)((uint32_t)v >> 8);
        } else if (f == MW_SAMPLES_CS8) {
            out.p[i] = (uint8_t)quantise(iq[i] * 128.0f, INT8_MIN, INT8_MAX, &clipped);
        } else {
            out.p[i] = (uint8_t)quantise(iq[i] * 127.5f + 127.5f, 0, UINT8_MAX, &clipped);
        }
    }
    return clipped;
}

/* ---- Reader -----------------------------------------------------------------------------------*/

void mw_samples_reader_init(mw_samples_reader *r, mw_span buffer) {
    mw_assert(buffer.n >= MW_SAMPLES_BLOCK_MAX);
    *r = (mw_samples_reader){.buffer = buffer, .status = MW_OK};
}

mw_status mw_samples_reader_init_plain(mw_samples_reader *r, mw_span buffer,
                                       const mw_samples_header *like) {
    mw_assert(buffer.n >= 8);
    mw_samples_header next = *like;
    next.count = 1;
    if (like->format == MW_SAMPLES_GAP || (size_t)like->format >= FORMAT_COUNT)
        return MW_RANGE;
    MW_TRY(header_check(&next));
    *r = (mw_samples_reader){.buffer = buffer,
                             .status = MW_OK,
                             .plain = true,
                             .next = next,
                             .origin = next.utc,
                             .expected_index = next.first_index};
    return MW_OK;
}

/* Lets go of the block delivered last. */
static void release(mw_samples_reader *r) {
    r->from += r->delivered;
    r->delivered = 0;
    if (r->from == r->to)
        r->from = r->to = 0;
}

mw_span mw_samples_reader_room(mw_samples_reader *r) {
    release(r);
    if (r->from > 0) {
        memmove(r->buffer.p, r->buffer.p + r->from, r->to - r->from);
        r->to -= r->from;
        r->from = 0;
    }
    return (mw_span){r->buffer.p + r->to, r->buffer.n - r->to};
}

void mw_samples_reader_commit(mw_samples_reader *r, size_t n) {
    mw_assert(n <= r->buffer.n - r->to);
    r->to += n;
}

/* UTC of sample `count` after the origin, without overflow for any index. */
static mw_utc utc_after(mw_utc origin, uint64_t count, uint64_t rate_mhz) {
    if (mw_utc_is_none(origin))
        return origin;
    double us = (double)count * 1e9 / (double)rate_mhz;
    return (mw_utc){origin.us + llround(us)};
}

static mw_status pull_plain(mw_samples_reader *r, mw_samples_block *out_block) {
    size_t bytes = mw_samples_format_bytes(r->next.format);
    size_t n = (r->to - r->from) / bytes;
    if (n == 0)
        return MW_AGAIN;
    if (n > MW_SAMPLES_COUNT_MAX)
        n = MW_SAMPLES_COUNT_MAX;
    mw_samples_header h = r->next;
    h.count = n;
    h.utc = utc_after(r->origin, h.first_index - r->expected_index, h.rate_mhz);
    r->next.first_index += n;
    r->delivered = n * bytes;
    *out_block = (mw_samples_block){h, {r->buffer.p + r->from, r->delivered}};
    return MW_OK;
}

mw_status mw_samples_reader_pull(mw_samples_reader *r, mw_samples_block *out_block) {
    release(r);
    if (r->status != MW_OK)
        return r->status;
    if (r->plain)
        return pull_plain(r, out_block);
    mw_slice have = {r->buffer.p + r->from, r->to - r->from};
    if (have.n < MW_SAMPLES_HEADER_BYTES)
        return MW_AGAIN;
    mw_samples_header h;
    r->status = mw_samples_header_decode(have, &h);
    if (r->status != MW_OK)
        return r->status;
    size_t payload = (size_t)h.count * mw_samples_format_bytes(h.format);
    if (h.format == MW_SAMPLES_GAP)
        payload = 0;
    if (have.n < MW_SAMPLES_HEADER_BYTES + payload)
        return MW_AGAIN;
    if (r->started && h.first_index != r->expected_index)
        r->jumps++;
    r->started = true;
    r->expected_index = h.first_index + h.count;
    r->delivered = MW_SAMPLES_HEADER_BYTES + payload;
    *out_block = (mw_samples_block){h, mw_slice_sub(have, MW_SAMPLES_HEADER_BYTES, payload)};
    return MW_OK;
}

mw_status mw_samples_reader_end(const mw_samples_reader *r) {
    if (r->status != MW_OK)
        return r->status;
    return r->to - r->from == r->delivered ? MW_OK : MW_SHORT;
}
