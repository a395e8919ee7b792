/* SPDX-License-Identifier: Apache-2.0
 *
 * What the radio of a meter does with its receive window, for hosts: the channel is known, the time
 * nearly and the carrier nearly; find one frame, and hand its soft bits to the meter's own decoder
 * (protocols/unb/decode.h).
 *
 *   samples around the meter's carrier -> sync word over a small grid of time and frequency
 *   -> matched filter at its symbols -> carrier, drift and phase -> soft bits -> decoder
 *
 * No clock, no files; a window is used by one thread at a time.
 */
#ifndef MW_RADIO_WINDOW_H
#define MW_RADIO_WINDOW_H

#include "protocols/unb/unb.h"

typedef struct mw_window mw_window;

typedef struct mw_window_search {
    double from_s, to_s; /* the first symbol begins in here, seconds after the first sample */
    double hz;           /* expected carrier, relative to 0 Hz of the samples ... */
    double hz_reach;     /* ... and how far it may be off */
} mw_window_search;

typedef struct mw_window_frame {
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
    size_t payload_bytes;
    mw_unb_size size;
    double start_s; /* of the first symbol, seconds after the first sample */
    double hz;      /* carrier at the middle of the sync word */
    double es_n0;   /* ratio, from the sync word's and pilots' coherence */
} mw_window_frame;

/* For samples at `rate_hz`, at least 8 a symbol. MW_RANGE, MW_NOMEM. */
MW_NODISCARD mw_status mw_window_new(double rate_hz, mw_unb_rate rate, mw_window **out_window);
void mw_window_free(mw_window *w);
/* iq: n pairs, any scale. They should reach three symbols beyond the longest frame that is to be
 * heard; what is missing counts as silence. MW_NOT_FOUND: nothing that looks like a frame.
 * MW_CHECKSUM: there was one, and it could not be decoded. */
MW_NODISCARD mw_status mw_window_receive(mw_window *w, const float *iq, size_t n,
                                         const mw_window_search *search,
                                         mw_window_frame *out_frame);

#endif
