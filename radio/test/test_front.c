/* SPDX-License-Identifier: Apache-2.0
 *
 * Front ends without a radio: heads of recordings, faults of samples, time stamps.
 */
#include <math.h>

#include "base/prng.h"
#include "radio/quality.h"
#include "radio/recording.h"
#include "radio/soapy.h"
#include "radio/soapy_time.h"
#include "tests/harness/mw_test.h"

static mw_recording recording;
static char why[160];

typedef struct wav {
    uint8_t bytes[512];
    mw_writer w;
} wav;

static void wav_begin(wav *f, const char *outer) {
    f->w = mw_writer_of(MW_SPAN_OF(f->bytes));
    mw_write_str(&f->w, outer);
    mw_write_u32le(&f->w, 0xffffffff);
    mw_write_str(&f->w, "WAVE");
}

static void wav_fmt(wav *f, uint16_t coding, uint16_t channels, uint16_t bits, uint32_t rate) {
    mw_write_str(&f->w, "fmt ");
    mw_write_u32le(&f->w, 16);
    mw_write_u16le(&f->w, coding);
    mw_write_u16le(&f->w, channels);
    mw_write_u32le(&f->w, rate);
    mw_write_u32le(&f->w, rate * channels * bits / 8);
    mw_write_u16le(&f->w, (uint16_t)(channels * bits / 8));
    mw_write_u16le(&f->w, bits);
}

static void wav_data(wav *f, uint32_t n) {
    mw_write_str(&f->w, "data");
    mw_write_u32le(&f->w, n);
}

static mw_status wav_read(wav *f) {
    MW_CHECK_OK(f->w.status);
    return mw_recording_of_wav(mw_writer_done(&f->w), &recording, why);
}

MW_TEST(heads_of_wav_files) {
    static const struct {
        uint16_t coding, bits;
        mw_samples_format format;
    } known[] = {{1, 16, MW_SAMPLES_CS16}, {1, 8, MW_SAMPLES_CU8}, {3, 32, MW_SAMPLES_CF32}};
    for (size_t i = 0; i < 3; i++) {
        wav f;
        wav_begin(&f, "RIFF");
        mw_write_str(&f.w, "LIST");
        mw_write_u32le(&f.w, 3); /* odd: one byte of padding */
        mw_write_str(&f.w, "abc");
        mw_write_u8(&f.w, 0);
        wav_fmt(&f, known[i].coding, 2, known[i].bits, 250000);
        wav_data(&f, 4000);
        MW_CHECK_OK(wav_read(&f));
        MW_CHECK_EQ(recording.format, known[i].format);
        MW_CHECK_EQ(recording.rate_mhz, 250000000);
        MW_CHECK_EQ(recording.data_at, f.w.at);
        MW_CHECK_EQ(recording.data_bytes, 4000);
        /* every shorter head asks for more */
        for (size_t n = 12; n < f.w.at; n++)
            MW_CHECK_EQ(mw_recording_of_wav((mw_slice){f.bytes, n}, &recording, why), MW_SHORT);
    }
}

MW_TEST(large_wav_files_tell_their_length_in_64_bits) {
    wav f;
    wav_begin(&f, "RF64");
    mw_write_str(&f.w, "ds64");
    mw_write_u32le(&f.w, 28);
    mw_write_u64le(&f.w, 0);
    mw_write_u64le(&f.w, UINT64_C(6000000000));
    mw_write_u64le(&f.w, 0);
    mw_write_u32le(&f.w, 0);
    wav_fmt(&f, 1, 2, 16, 2400000);
    wav_data(&f, 0xffffffff);
    MW_CHECK_OK(wav_read(&f));
    MW_CHECK_EQ(recording.data_bytes, UINT64_C(6000000000));
}

MW_TEST(sdr_programs_tell_start_and_frequency) {
    wav f;
    wav_begin(&f, "RIFF");
    wav_fmt(&f, 1, 2, 16, 192000);
    mw_write_str(&f.w, "auxi");
    mw_write_u32le(&f.w, 36);
    static const uint16_t start[8] = {2026, 11, 0, 22, 13, 14, 15, 250};
    for (size_t i = 0; i < 8; i++)
        mw_write_u16le(&f.w, start[i]);
    for (size_t i = 0; i < 8; i++)
        mw_write_u16le(&f.w, 0);
    mw_write_u32le(&f.w, 868100000);
    wav_data(&f, 0);
    MW_CHECK_OK(wav_read(&f));
    mw_utc at = {0};
    MW_CHECK_OK(mw_utc_parse(mw_slice_of_str("2026-11-22T13:14:15.25Z"), &at));
    MW_CHECK_EQ(recording.segments[0].start.us, at.us);
    MW_CHECK(recording.segments[0].has_centre);
    MW_CHECK_EQ(recording.segments[0].centre.mhz, INT64_C(868100000000));
    MW_CHECK_EQ(recording.data_bytes, 0);
}

MW_TEST(wav_files_that_cannot_be_read_say_why) {
    wav f;
    wav_begin(&f, "RIFF");
    wav_fmt(&f, 1, 1, 16, 48000);
    wav_data(&f, 100);
    MW_CHECK_EQ(wav_read(&f), MW_UNSUPPORTED);
    MW_CHECK(strstr(why, "1 channel") != NULL);
    wav_begin(&f, "RIFF");
    wav_fmt(&f, 1, 2, 24, 48000);
    wav_data(&f, 100);
    MW_CHECK_EQ(wav_read(&f), MW_UNSUPPORTED);
    MW_CHECK(strstr(why, "24 bits") != NULL);
    wav_begin(&f, "RIFF");
    wav_data(&f, 100);
    MW_CHECK_EQ(wav_read(&f), MW_SYNTAX);
    wav_begin(&f, "RIFF");
    wav_fmt(&f, 1, 2, 16, 0);
    wav_data(&f, 100);
    MW_CHECK_EQ(wav_read(&f), MW_RANGE);
    MW_CHECK_EQ(mw_recording_of_wav(mw_slice_of_str("not a sound file at all"), &recording, why),
                MW_SYNTAX);
}

MW_TEST(names_tell_formats) {
    mw_samples_format f = MW_SAMPLES_GAP;
    MW_CHECK_OK(mw_recording_format_of_path("/a.b/x.cu8", &f));
    MW_CHECK_EQ(f, MW_SAMPLES_CU8);
    MW_CHECK_OK(mw_recording_format_of_path("x.cfile", &f));
    MW_CHECK_EQ(f, MW_SAMPLES_CF32);
    MW_CHECK_EQ(mw_recording_format_of_path("x.raw", &f), MW_NOT_FOUND);
    MW_CHECK_EQ(mw_recording_format_of_path("x", &f), MW_NOT_FOUND);
}

/* ---- faults of samples ---- */

static unsigned faults_of(const float *iq, size_t n, mw_samples_format format) {
    static uint8_t bytes[8 * 4096];
    mw_quality q = {0};
    size_t size = n * mw_samples_format_bytes(format);
    (void)mw_samples_from_float(iq, n, format, (mw_span){bytes, size});
    mw_samples_block b = {.h = {.format = format, .count = n, .rate_mhz = 1000000},
                          .payload = {bytes, size}};
    mw_quality_push(&q, &b, 1);
    return mw_quality_faults_of(&q, format);
}

static void fill(float *iq, size_t n, float noise, float constant) {
    mw_prng g = mw_prng_of_seed(4);
    for (size_t i = 0; i < 2 * n; i++)
        iq[i] = constant + noise * ((float)mw_prng_below(&g, 2001) / 1000.0f - 1.0f);
}

MW_TEST(faults_of_samples_are_named) {
    static float iq[2 * 4096];
    fill(iq, 4096, 0.2f, 0.01f);
    MW_CHECK_EQ(faults_of(iq, 4096, MW_SAMPLES_CS16), 0);
    MW_CHECK_EQ(faults_of(iq, 4096, MW_SAMPLES_CU8), 0);
    iq[100] = NAN;
    iq[200] = INFINITY;
    MW_CHECK_EQ(faults_of(iq, 4096, MW_SAMPLES_CF32), MW_QUALITY_NOT_FINITE);
    fill(iq, 4096, 3.0f, 0);
    MW_CHECK_EQ(faults_of(iq, 4096, MW_SAMPLES_CS16), MW_QUALITY_CLIPPED);
    fill(iq, 4096, 0.001f, 0.3f);
    MW_CHECK_EQ(faults_of(iq, 4096, MW_SAMPLES_CS16), MW_QUALITY_CONSTANT);
    fill(iq, 4096, 0, 0);
    MW_CHECK_EQ(faults_of(iq, 4096, MW_SAMPLES_CS16), MW_QUALITY_SILENT);
    fill(iq, 4096, 0.00004f, 0);
    MW_CHECK_EQ(faults_of(iq, 4096, MW_SAMPLES_CS16), MW_QUALITY_WEAK);
    MW_CHECK_EQ(faults_of(iq, 0, MW_SAMPLES_CS16), MW_QUALITY_EMPTY);
}

/* ---- time stamps of a radio ---- */

MW_TEST(jitter_does_not_move_time_stamps) {
    mw_soapy_time t = {.rate_mhz = 250000000};
    mw_prng g = mw_prng_of_seed(9);
    MW_CHECK(mw_utc_is_none(mw_soapy_time_of(&t, 0)));
    int64_t worst = 0;
    /* ten minutes; the oscillator is 10 ppm fast, arrivals late by 2 ms and up to 40 ms more */
    for (int64_t us = 0; us < INT64_C(600000000); us += 16384) {
        uint64_t index = (uint64_t)((double)us * 0.25 * (1 + 10e-6));
        int64_t late = 2000 + (int64_t)mw_prng_below(&g, 40000);
        mw_soapy_time_arrival(&t, index, (mw_utc){1790000000000000 + us + late});
        int64_t error = mw_soapy_time_of(&t, index).us - (1790000000000000 + us) - 2000;
        if (us > 5000000 && llabs(error) > worst)
            worst = llabs(error);
    }
    print_message("stamps at most %lld us off beside the constant delay\n", (long long)worst);
    MW_CHECK(worst < 2000);
    /* a clock that is set */
    mw_soapy_time_arrival(&t, 150000000, (mw_utc){1800000000000000});
    MW_CHECK_EQ(mw_soapy_time_of(&t, 150000000).us, 1800000000000000);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(heads_of_wav_files),
        MW_CASE(large_wav_files_tell_their_length_in_64_bits),
        MW_CASE(sdr_programs_tell_start_and_frequency),
        MW_CASE(wav_files_that_cannot_be_read_say_why),
        MW_CASE(names_tell_formats),
        MW_CASE(faults_of_samples_are_named),
        MW_CASE(jitter_does_not_move_time_stamps),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
