/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/recording.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"

#define WAV_PCM        0x0001u
#define WAV_FLOAT      0x0003u
#define WAV_EXTENSIBLE 0xfffeu
#define WAV_UNKNOWN    UINT32_C(0xffffffff) /* of a length that a 32-bit field cannot hold */

static bool recording_begins(mw_slice in, size_t at, const char *word) {
    size_t n = strlen(word);
    return at <= in.n && in.n - at >= n && memcmp(in.p + at, word, n) == 0;
}

bool mw_recording_is_wav(mw_slice in) {
    bool outer = recording_begins(in, 0, "RIFF") || recording_begins(in, 0, "RF64") ||
                 recording_begins(in, 0, "BW64");
    return outer && recording_begins(in, 8, "WAVE");
}

bool mw_recording_is_blocks(mw_slice in) {
    return recording_begins(in, 0, "MWIQ");
}

mw_status mw_recording_format_of_path(const char *path, mw_samples_format *out_format) {
    static const struct {
        const char *ending;
        mw_samples_format format;
    } known[] = {{".cf32", MW_SAMPLES_CF32}, {".cfile", MW_SAMPLES_CF32},
                 {".fc32", MW_SAMPLES_CF32}, {".cs16", MW_SAMPLES_CS16},
                 {".sc16", MW_SAMPLES_CS16}, {".cu8", MW_SAMPLES_CU8},
                 {".cs8", MW_SAMPLES_CS8}};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot != NULL && i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(dot, known[i].ending) == 0) {
            *out_format = known[i].format;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

static mw_status wav_why(char why[160], mw_status status, const char *text) {
    (void)snprintf(why, 160, "%s", text);
    return status;
}

static mw_status wav_format(mw_slice chunk, mw_recording *rec, char why[160]) {
    mw_reader r = mw_reader_of(chunk);
    uint32_t coding = mw_read_u16le(&r);
    uint16_t channels = mw_read_u16le(&r);
    uint32_t rate = mw_read_u32le(&r);
    (void)mw_read_u32le(&r); /* bytes a second */
    uint16_t frame = mw_read_u16le(&r);
    uint16_t bits = mw_read_u16le(&r);
    if (r.status != MW_OK)
        return wav_why(why, MW_SYNTAX, "the format of the WAV file is cut off");
    if (coding == WAV_EXTENSIBLE) {
        (void)mw_read_bytes(&r, 8); /* size, valid bits, mask */
        coding = mw_read_u16le(&r);
        if (r.status != MW_OK)
            return wav_why(why, MW_SYNTAX, "the extended format of the WAV file is cut off");
    }
    if (channels != 2) {
        (void)snprintf(why, 160, "the WAV file has %u channel(s); I and Q need two", channels);
        return MW_UNSUPPORTED;
    }
    if (coding == WAV_PCM && bits == 16)
        rec->format = MW_SAMPLES_CS16;
    else if (coding == WAV_PCM && bits == 8)
        rec->format = MW_SAMPLES_CU8;
    else if (coding == WAV_FLOAT && bits == 32)
        rec->format = MW_SAMPLES_CF32;
    else {
        (void)snprintf(why, 160,
                       "the WAV file has coding %u with %u bits; PCM of 8 or 16 bits and float of "
                       "32 bits are read",
                       coding, bits);
        return MW_UNSUPPORTED;
    }
    if (frame != mw_samples_format_bytes(rec->format))
        return wav_why(why, MW_SYNTAX,
                       "the WAV file contradicts itself about the size of a sample");
    if (rate == 0)
        return wav_why(why, MW_RANGE, "the WAV file says a rate of 0");
    rec->rate_mhz = (uint64_t)rate * 1000;
    return MW_OK;
}

/* SYSTEMTIME start, SYSTEMTIME stop, u32 centre frequency in Hz, ...; a date that makes no sense is
 * passed over: many programs leave the chunk empty. */
static void wav_aux(mw_slice chunk, mw_recording_segment *segment) {
    mw_reader r = mw_reader_of(chunk);
    mw_civil c = {0};
    c.year = mw_read_u16le(&r);
    c.month = (uint8_t)mw_read_u16le(&r);
    (void)mw_read_u16le(&r); /* day of the week */
    c.day = (uint8_t)mw_read_u16le(&r);
    c.hour = (uint8_t)mw_read_u16le(&r);
    c.minute = (uint8_t)mw_read_u16le(&r);
    c.second = (uint8_t)mw_read_u16le(&r);
    c.microsecond = (uint32_t)mw_read_u16le(&r) * 1000;
    (void)mw_read_bytes(&r, 16);
    uint32_t centre = mw_read_u32le(&r);
    mw_utc start = MW_UTC_NONE;
    if (r.status != MW_OK)
        return;
    if (c.year >= 1990 && mw_utc_of_civil(&c, &start) == MW_OK)
        segment->start = start;
    if (centre != 0) {
        segment->has_centre = true;
        segment->centre = mw_freq_hz((int64_t)centre);
    }
}

/* The 64-bit length of the data, of a ds64 chunk. */
static uint64_t wav_long_length(mw_slice chunk) {
    mw_reader r = mw_reader_of(chunk);
    (void)mw_read_u64le(&r);
    uint64_t n = mw_read_u64le(&r);
    return r.status == MW_OK ? n : 0;
}

mw_status mw_recording_of_wav(mw_slice in, mw_recording *out_recording, char why[160]) {
    why[0] = 0;
    if (!mw_recording_is_wav(in))
        return wav_why(why, MW_SYNTAX, "not a WAV file");
    static const mw_recording empty = {.segments_n = 1};
    mw_recording rec = empty;
    rec.segments[0].start = MW_UTC_NONE;
    uint64_t long_length = 0;
    size_t at = 12;
    while (in.n - at >= 8) {
        mw_reader r = mw_reader_of(mw_slice_sub(in, at + 4, 4));
        uint32_t n = mw_read_u32le(&r);
        size_t body = at + 8;
        if (recording_begins(in, at, "data")) {
            if (rec.rate_mhz == 0)
                return wav_why(why, MW_SYNTAX, "the WAV file has samples before their format");
            rec.data_at = body;
            rec.data_bytes = n == WAV_UNKNOWN ? long_length : n;
            *out_recording = rec;
            return MW_OK;
        }
        if (n > in.n - body)
            break;
        mw_slice chunk = mw_slice_sub(in, body, n);
        if (recording_begins(in, at, "fmt "))
            MW_TRY(wav_format(chunk, &rec, why));
        else if (recording_begins(in, at, "ds64"))
            long_length = wav_long_length(chunk);
        else if (recording_begins(in, at, "auxi"))
            wav_aux(chunk, &rec.segments[0]);
        size_t step = (size_t)n + (n & 1u); /* chunks begin at even offsets */
        if (step > in.n - body)
            break;
        at = body + step;
    }
    return wav_why(why, in.n >= MW_RECORDING_HEAD_MAX ? MW_SYNTAX : MW_SHORT,
                   "the WAV file ends, or goes on too long, before its samples begin");
}
