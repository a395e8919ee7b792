/* SPDX-License-Identifier: Apache-2.0
 *
 * What the status page shows of the air: the band over the last minutes as a picture with the decoded
 * frames marked in it, the frames themselves, their levels, and how the samples are. Filled by the
 * receiving thread, read by the loop.
 */
#ifndef MW_STATION_PANORAMA_H
#define MW_STATION_PANORAMA_H

#include "radio/quality.h"
#include "radio/receiver.h"
#include "runtime/buffer.h"

#define MW_PANORAMA_FRAMES 256 /* the latest ones, kept for the picture and the list */
#define MW_PANORAMA_LEVELS 20  /* 5 dB each, from -160 dBm */
#define MW_PANORAMA_FLOOR  (-160)

typedef struct mw_panorama mw_panorama;

typedef struct mw_panorama_view {
    mw_freq low, high;  /* of the picture */
    int64_t seconds;    /* that it shows */
    mw_quality quality; /* of the last seconds */
    mw_samples_format format;
    uint64_t frames; /* since the start */
    uint64_t levels[MW_PANORAMA_LEVELS];
    uint32_t clock_uncertainty_us;                /* of the latest samples */
    mw_receiver_frame latest[MW_PANORAMA_FRAMES]; /* the newest first */
    size_t latest_n;
} mw_panorama_view;

MW_NODISCARD mw_status mw_panorama_new(mw_panorama **out_panorama);
void mw_panorama_free(mw_panorama *p);
/* From the receiving thread. */
void mw_panorama_push(mw_panorama *p, const mw_samples_block *block);
void mw_panorama_frame(mw_panorama *p, const mw_receiver_frame *frame);
/* From the loop. */
void mw_panorama_look(mw_panorama *p, mw_panorama_view *out_view);
/* A PNG, appended. MW_AGAIN before there is a row. */
MW_NODISCARD mw_status mw_panorama_picture(mw_panorama *p, mw_buffer *out);

#endif
