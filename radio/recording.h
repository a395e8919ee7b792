/* SPDX-License-Identifier: Apache-2.0
 *
 * What a recording of a radio says about itself: the head of a WAV file with I in the left and Q in
 * the right channel, as SDR programs write it, and the names that plain files go by.
 *
 *   RIFF, RF64 or BW64 | size | "WAVE"
 *     ds64   64-bit sizes, when the 32-bit ones are FFFFFFFFh (EBU Tech 3306)
 *     fmt    PCM of 8 (unsigned) or 16 bits, or float of 32 bits; two channels; EXTENSIBLE as well
 *     auxi   of SpectraVue, HDSDR and others: start of the recording in UTC, radio frequency
 *     data   the samples: the rest of the file where its length says 0, FFFFFFFFh or too much
 *
 * Bytes in, values out: nothing here reads a file.
 */
#ifndef MW_RADIO_RECORDING_H
#define MW_RADIO_RECORDING_H

#include "radio/samples.h"

#define MW_RECORDING_SEGMENTS_MAX 256
#define MW_RECORDING_HEAD_MAX     65536u /* the data of a WAV file begin before */

/* A stretch of samples with one carrier frequency and one start. */
typedef struct mw_recording_segment {
    uint64_t first;  /* sample number in the file */
    bool has_centre; /* else what the settings say */
    mw_freq centre;
    mw_utc start; /* of sample `first`, or MW_UTC_NONE */
} mw_recording_segment;

typedef struct mw_recording {
    mw_samples_format format;
    uint64_t rate_mhz;   /* 0 = not told */
    uint64_t data_at;    /* byte offset of the first sample */
    uint64_t data_bytes; /* 0 = to the end of the file */
    mw_recording_segment segments[MW_RECORDING_SEGMENTS_MAX];
    size_t segments_n; /* at least 1; the first one begins at sample 0 */
} mw_recording;

/* in: the first bytes of the file, at most MW_RECORDING_HEAD_MAX are needed. On failure why (160
 * bytes) says in words what is wrong. MW_SYNTAX: not a WAV file or damaged. MW_SHORT: more bytes
 * are needed to reach the data. MW_UNSUPPORTED: one channel, another coding. MW_RANGE: the rate. */
MW_NODISCARD mw_status mw_recording_of_wav(mw_slice in, mw_recording *out_recording, char why[160]);
/* Whether a file that begins with these bytes is a WAV file, or sample blocks. */
bool mw_recording_is_wav(mw_slice in);
bool mw_recording_is_blocks(mw_slice in);
/* The format that a file's name tells: .cf32 .cfile .fc32 .cs16 .sc16 .cu8 .cs8. MW_NOT_FOUND. */
MW_NODISCARD mw_status mw_recording_format_of_path(const char *path, mw_samples_format *out_format);

#endif
