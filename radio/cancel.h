/* SPDX-License-Identifier: Apache-2.0
 *
 * Cancellation: a frame whose symbols are known is modulated again as it was received and taken out
 * of the history, so that what it hid can be heard.
 *
 *   symbols -> pulse -> least squares against the extracted samples for instant, symbol clock,
 *   carrier, drift; the complex amplitude as a random walk whose pace is chosen by likelihood
 *   (Kalman filter forward, Rauch-Tung-Striebel smoother back) -> waveform at the full sample rate,
 *   with the pulse's table interpolated as the sender does -> subtracted
 *
 * With a steady oscillator 50..60 dB are taken off; noise alone limits it for weak frames, whose
 * estimate adds about 1/symbols of their own noise. No allocation after mw_cancel_new.
 */
#ifndef MW_RADIO_CANCEL_H
#define MW_RADIO_CANCEL_H

#include "protocols/unb/unb.h"
#include "radio/extract.h"

typedef struct mw_cancel mw_cancel;

/* What was taken off. */
typedef struct mw_cancel_report {
    double removed;     /* power of the model, amplitude^2 */
    double rest;        /* power left in the frame's own band, same unit; noise included */
    mw_carrier carrier; /* as fitted */
    double centre;      /* of symbol 0, as fitted */
    double clock;       /* symbol duration against the nominal one, minus 1 */
    double walk;        /* chosen pace: variance of a step / variance of a symbol's noise */
} mw_cancel_report;

/* For frames of one symbol rate; `extract` is the band-pass that mw_cancel_frame will be given. */
MW_NODISCARD mw_status mw_cancel_new(const mw_extract *extract, mw_cancel **out_cancel);
void mw_cancel_free(mw_cancel *c);
size_t mw_cancel_memory(const mw_cancel *c);

/* Subtracts the frame whose symbol 0 is centred near `centre` (within a few hundredths of a symbol)
 * on a carrier known well enough that its phase turns by less than half a circle over the frame.
 * What the history no longer holds is left alone. */
void mw_cancel_frame(mw_cancel *c, mw_extract *extract, mw_history *h, const mw_unb_frame *frame,
                     const mw_carrier *carrier, double centre, mw_cancel_report *out);

#endif
