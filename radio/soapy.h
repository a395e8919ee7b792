/* SPDX-License-Identifier: Apache-2.0
 *
 * Any radio that SoapySDR has a driver for, as a source of sample blocks and as a transmitter.
 *
 * Time: hosts stamp samples when they arrive, late by what the driver and the system take. The
 * smallest lateness of the last minute is taken for the constant part, so that jitter does not move
 * the stamps, and a radio's clock that runs a few ppm off is followed. `fixed_delay` is the part
 * that no measurement here can see; it is told by the settings.
 *
 * In a build without SoapySDR mw_soapy_open says MW_UNSUPPORTED. One thread at a time for receiving
 * and one for transmitting.
 */
#ifndef MW_RADIO_SOAPY_H
#define MW_RADIO_SOAPY_H

#include "radio/samples.h"

typedef struct mw_soapy mw_soapy;

typedef struct mw_soapy_options {
    const char *arguments; /* such as "driver=rtlsdr,serial=7"; "" = the first one found */
    uint64_t rate_mhz;
    mw_freq centre;
    const char *antenna;   /* "" = the driver's choice */
    double gain_db;        /* below 0: the radio's own gain control */
    double correction_ppm; /* of the radio's oscillator */
    mw_dur fixed_delay;
    bool transmit; /* open the transmitter too */
    const char *transmit_antenna;
    double transmit_gain_db;
} mw_soapy_options;

bool mw_soapy_built_in(void);
/* Opens the radio and starts its stream. MW_UNSUPPORTED, MW_NOT_FOUND (no such radio), MW_RANGE (it
 * cannot do that rate or frequency), MW_IO; why (200 bytes) in words. */
MW_NODISCARD mw_status mw_soapy_open(const mw_soapy_options *options, mw_soapy **out_radio,
                                     char why[200]);
void mw_soapy_close(mw_soapy *s);
/* What the radio really does, which may differ from what was asked for. */
uint64_t mw_soapy_rate_mhz(const mw_soapy *s);
/* The next samples, borrowed until the next call; now is called once when samples came.
 * MW_AGAIN: none within `wait`. MW_IO: the radio is gone or broken, close it. Samples that the
 * radio or the system lost are flagged and leave a hole in the numbering as long as the time says.
 */
MW_NODISCARD mw_status mw_soapy_receive(mw_soapy *s, mw_dur wait, mw_utc (*now)(void *context),
                                        void *context, mw_samples_block *out_block);
/* Lost stretches, and samples in them, since the radio was opened. */
uint64_t mw_soapy_overflows(const mw_soapy *s);

/* Transmitting: begin tunes and starts, each write hands on samples of full scale 1.0 at the
 * receiver's rate, finish says that the burst is whole (another may begin), end finishes and stops:
 * what the radio still holds may be lost, so wait for the burst's end first. at_index: the receiver's sample
 * number at which the first sample is to leave the antenna, when the radio can do that (else it
 * leaves at once, and timed tells so). MW_STATE without a transmitter. */
MW_NODISCARD mw_status mw_soapy_transmit_begin(mw_soapy *s, mw_freq centre, uint64_t at_index,
                                               bool *out_timed);
MW_NODISCARD mw_status mw_soapy_transmit_write(mw_soapy *s, const float *iq, size_t n, mw_dur wait);
MW_NODISCARD mw_status mw_soapy_transmit_finish(mw_soapy *s);
MW_NODISCARD mw_status mw_soapy_transmit_end(mw_soapy *s);

typedef enum mw_soapy_transmit_event { MW_SOAPY_UNDERRUN, MW_SOAPY_LATE } mw_soapy_transmit_event;
/* What went wrong with the samples that were handed on, oldest first: the radio ran out of them, or
 * their moment had passed. MW_AGAIN: nothing, or a radio that does not tell. Does not wait. */
MW_NODISCARD mw_status mw_soapy_transmit_status(mw_soapy *s, mw_soapy_transmit_event *out_event);

#endif
