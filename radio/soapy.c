/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/soapy.h"

#include <stdio.h>

#ifndef MW_WITH_SOAPY

bool mw_soapy_built_in(void) {
    return false;
}

mw_status mw_soapy_open(const mw_soapy_options *options, mw_soapy **out_radio, char why[200]) {
    (void)options;
    (void)out_radio;
    (void)snprintf(why, 200, "this program was built without SoapySDR");
    return MW_UNSUPPORTED;
}

void mw_soapy_close(mw_soapy *s) {
    (void)s;
}

uint64_t mw_soapy_rate_mhz(const mw_soapy *s) {
    (void)s;
    return 0;
}

mw_status mw_soapy_receive(mw_soapy *s, mw_dur wait, mw_utc (*now)(void *context), void *context,
                           mw_samples_block *out_block) {
    (void)s;
    (void)wait;
    (void)now;
    (void)context;
    (void)out_block;
    return MW_UNSUPPORTED;
}

uint64_t mw_soapy_overflows(const mw_soapy *s) {
    (void)s;
    return 0;
}

mw_status mw_soapy_transmit_begin(mw_soapy *s, mw_freq centre, uint64_t at_index, bool *out_timed) {
    (void)s;
    (void)centre;
    (void)at_index;
    (void)out_timed;
    return MW_UNSUPPORTED;
}

mw_status mw_soapy_transmit_write(mw_soapy *s, const float *iq, size_t n, mw_dur wait) {
    (void)s;
    (void)iq;
    (void)n;
    (void)wait;
    return MW_UNSUPPORTED;
}

mw_status mw_soapy_transmit_finish(mw_soapy *s) {
    (void)s;
    return MW_UNSUPPORTED;
}

mw_status mw_soapy_transmit_end(mw_soapy *s) {
    (void)s;
    return MW_UNSUPPORTED;
}

mw_status mw_soapy_transmit_status(mw_soapy *s, mw_soapy_transmit_event *out_event) {
    (void)s;
    (void)out_event;
    return MW_UNSUPPORTED;
}

#else

#include <SoapySDR/Device.h>
#include <SoapySDR/Errors.h>
#include <SoapySDR/Formats.h>
#include <SoapySDR/Logger.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "radio/soapy_time.h"

#define SOAPY_READ 16384u /* samples of one block at most */

struct mw_soapy {
    SoapySDRDevice *device;
    SoapySDRStream *receive;
    SoapySDRStream *transmit;
    mw_samples_format format;
    uint8_t *memory;
    uint64_t rate_mhz;
    mw_freq centre;
    mw_dur fixed_delay;
    uint64_t index;      /* of the next sample */
    bool lost;           /* samples were lost before it */
    bool timed;          /* the radio stamps its samples */
    long long origin_ns; /* the radio's time of sample 0 */
    bool has_origin;
    uint64_t overflows;
    mw_soapy_time clock;
    bool transmitting;
    bool transmit_timed; /* the next write says when */
    bool transmit_open;  /* a burst was begun and not finished */
    bool transmit_underrun;
    mw_freq transmit_centre;
    long long transmit_ns;
};

bool mw_soapy_built_in(void) {
    return true;
}

static mw_status soapy_fail(char why[200], mw_status status, const char *what) {
    const char *error = SoapySDRDevice_lastError();
    (void)snprintf(why, 200, "%.60s: %.120s", what,
                   error == NULL || *error == 0 ? "the radio refused" : error);
    return status;
}

static mw_status soapy_tune(mw_soapy *s, const mw_soapy_options *o, int direction, char why[200]) {
    double rate = (double)o->rate_mhz / 1000.0;
    const char *antenna = direction == SOAPY_SDR_RX ? o->antenna : o->transmit_antenna;
    double gain = direction == SOAPY_SDR_RX ? o->gain_db : o->transmit_gain_db;
    if (SoapySDRDevice_setSampleRate(s->device, direction, 0, rate) != 0)
        return soapy_fail(why, MW_RANGE, "the radio cannot do this rate");
    double real = SoapySDRDevice_getSampleRate(s->device, direction, 0);
    if (!(fabs(real - rate) <= rate * 1e-3)) {
        (void)snprintf(why, 200, "the radio offers %.0f samples a second instead of %.0f", real,
                       rate);
        return MW_RANGE;
    }
    if (direction == SOAPY_SDR_RX)
        s->rate_mhz = (uint64_t)llround(real * 1000.0);
    if (antenna != NULL && *antenna != 0 &&
        SoapySDRDevice_setAntenna(s->device, direction, 0, antenna) != 0)
        return soapy_fail(why, MW_RANGE, "the radio has no such antenna");
    bool automatic = gain < 0 && SoapySDRDevice_hasGainMode(s->device, direction, 0);
    if (SoapySDRDevice_hasGainMode(s->device, direction, 0))
        (void)SoapySDRDevice_setGainMode(s->device, direction, 0, automatic);
    if (gain >= 0 && SoapySDRDevice_setGain(s->device, direction, 0, gain) != 0)
        return soapy_fail(why, MW_RANGE, "the radio cannot do this gain");
    if (o->correction_ppm != 0 && SoapySDRDevice_hasFrequencyCorrection(s->device, direction, 0))
        (void)SoapySDRDevice_setFrequencyCorrection(s->device, direction, 0, o->correction_ppm);
    if (SoapySDRDevice_setFrequency(s->device, direction, 0, (double)o->centre.mhz / 1000.0,
                                    NULL) != 0)
        return soapy_fail(why, MW_RANGE, "the radio cannot tune to this frequency");
    return MW_OK;
}

/* The narrowest of the formats that we read and that loses nothing of what the radio converts. */
static mw_samples_format soapy_format(mw_soapy *s) {
    double full_scale = 0;
    mw_samples_format format = MW_SAMPLES_CF32;
    char *native = SoapySDRDevice_getNativeStreamFormat(s->device, SOAPY_SDR_RX, 0, &full_scale);
    if (native != NULL && strcmp(native, SOAPY_SDR_CS8) == 0)
        format = MW_SAMPLES_CS8;
    else if (native != NULL && strcmp(native, SOAPY_SDR_CS16) == 0 && full_scale >= 32767.0)
        format = MW_SAMPLES_CS16;
    free(native);
    return format;
}

static const char *soapy_format_name(mw_samples_format f) {
    return f == MW_SAMPLES_CS8    ? SOAPY_SDR_CS8
           : f == MW_SAMPLES_CS16 ? SOAPY_SDR_CS16
                                  : SOAPY_SDR_CF32;
}

static mw_status soapy_start(mw_soapy *s, const mw_soapy_options *o, char why[200]) {
    size_t channel = 0;
    MW_TRY(soapy_tune(s, o, SOAPY_SDR_RX, why));
    s->format = soapy_format(s);
    s->clock.rate_mhz = s->rate_mhz;
    s->receive = SoapySDRDevice_setupStream(s->device, SOAPY_SDR_RX, soapy_format_name(s->format),
                                            &channel, 1, NULL);
    if (s->receive == NULL)
        return soapy_fail(why, MW_IO, "no stream of samples");
    if (o->transmit) {
        if (SoapySDRDevice_getNumChannels(s->device, SOAPY_SDR_TX) == 0) {
            (void)snprintf(why, 200, "this radio cannot transmit");
            return MW_UNSUPPORTED;
        }
        MW_TRY(soapy_tune(s, o, SOAPY_SDR_TX, why));
        s->transmit =
            SoapySDRDevice_setupStream(s->device, SOAPY_SDR_TX, SOAPY_SDR_CF32, &channel, 1, NULL);
        if (s->transmit == NULL)
            return soapy_fail(why, MW_IO, "no stream for transmitting");
    }
    if (SoapySDRDevice_activateStream(s->device, s->receive, 0, 0, 0) != 0)
        return soapy_fail(why, MW_IO, "the stream of samples does not start");
    return MW_OK;
}

mw_status mw_soapy_open(const mw_soapy_options *o, mw_soapy **out_radio, char why[200]) {
    why[0] = 0;
    SoapySDR_setLogLevel(SOAPY_SDR_WARNING);
    mw_soapy *s = calloc(1, sizeof *s);
    if (s == NULL)
        return MW_NOMEM;
    s->centre = o->centre;
    s->fixed_delay = o->fixed_delay;
    s->memory = malloc(SOAPY_READ * 8);
    s->device = SoapySDRDevice_makeStrArgs(o->arguments);
    mw_status status = MW_OK;
    if (s->memory == NULL)
        status = MW_NOMEM;
    else if (s->device == NULL)
        status = soapy_fail(why, MW_NOT_FOUND, "no such radio");
    else
        status = soapy_start(s, o, why);
    if (status != MW_OK) {
        mw_soapy_close(s);
        return status;
    }
    *out_radio = s;
    return MW_OK;
}

void mw_soapy_close(mw_soapy *s) {
    if (s == NULL)
        return;
    if (s->receive != NULL) {
        (void)SoapySDRDevice_deactivateStream(s->device, s->receive, 0, 0);
        (void)SoapySDRDevice_closeStream(s->device, s->receive);
    }
    if (s->transmit != NULL) {
        if (s->transmitting)
            (void)SoapySDRDevice_deactivateStream(s->device, s->transmit, 0, 0);
        (void)SoapySDRDevice_closeStream(s->device, s->transmit);
    }
    if (s->device != NULL)
        (void)SoapySDRDevice_unmake(s->device);
    free(s->memory);
    free(s);
}

uint64_t mw_soapy_rate_mhz(const mw_soapy *s) {
    return s->rate_mhz;
}

uint64_t mw_soapy_overflows(const mw_soapy *s) {
    return s->overflows;
}

/* The sample number of a radio's own time stamp; what was lost shows as a hole. */
static void soapy_place(mw_soapy *s, int flags, long long time_ns) {
    if ((flags & SOAPY_SDR_HAS_TIME) == 0)
        return;
    double per_ns = (double)s->rate_mhz * 1e-12;
    if (!s->has_origin) {
        s->has_origin = true;
        s->origin_ns = time_ns - (long long)llround((double)s->index / per_ns);
        s->timed = true;
        return;
    }
    double at = (double)(time_ns - s->origin_ns) * per_ns;
    if (s->lost && at > (double)s->index + 0.5 && at < (double)s->index + 1e12)
        s->index = (uint64_t)llround(at);
}

mw_status mw_soapy_receive(mw_soapy *s, mw_dur wait, mw_utc (*now)(void *context), void *context,
                           mw_samples_block *out_block) {
    void *buffers[1] = {s->memory};
    int flags = 0;
    long long time_ns = 0;
    int n = SoapySDRDevice_readStream(s->device, s->receive, buffers, SOAPY_READ, &flags, &time_ns,
                                      (long)(wait.ns / 1000));
    if (n == SOAPY_SDR_OVERFLOW) {
        s->overflows++;
        s->lost = true;
        return MW_AGAIN;
    }
    if (n == SOAPY_SDR_TIMEOUT || n == 0)
        return MW_AGAIN;
    if (n < 0 || n > (int)SOAPY_READ)
        return MW_IO;
    soapy_place(s, flags, time_ns);
    uint64_t first = s->index;
    s->index += (uint64_t)n;
    mw_soapy_time_arrival(&s->clock, s->index, now(context));
    mw_utc at = mw_soapy_time_of(&s->clock, first);
    at.us -= s->fixed_delay.ns / 1000;
    *out_block =
        (mw_samples_block){.h = {.format = s->format,
                                 .flags = s->lost ? MW_SAMPLES_FLAG_LOST : 0,
                                 .first_index = first,
                                 .utc = at,
                                 .utc_uncertainty_us = mw_soapy_time_spread(&s->clock) + 1000,
                                 .rate_mhz = s->rate_mhz,
                                 .centre = s->centre,
                                 .count = (uint64_t)n},
                           .payload = {s->memory, (size_t)n * mw_samples_format_bytes(s->format)}};
    s->lost = false;
    return MW_OK;
}

mw_status mw_soapy_transmit_begin(mw_soapy *s, mw_freq centre, uint64_t at_index, bool *out_timed) {
    if (s->transmit == NULL || s->transmit_open)
        return MW_STATE;
    if (centre.mhz != s->transmit_centre.mhz &&
        SoapySDRDevice_setFrequency(s->device, SOAPY_SDR_TX, 0, (double)centre.mhz / 1000.0,
                                    NULL) != 0)
        return MW_RANGE;
    s->transmit_centre = centre;
    if (!s->transmitting && SoapySDRDevice_activateStream(s->device, s->transmit, 0, 0, 0) != 0)
        return MW_IO;
    s->transmitting = true;
    s->transmit_open = true;
    s->transmit_timed = s->timed && at_index != 0;
    s->transmit_ns =
        s->origin_ns + (long long)llround((double)at_index / ((double)s->rate_mhz * 1e-12));
    *out_timed = s->transmit_timed;
    return MW_OK;
}

mw_status mw_soapy_transmit_write(mw_soapy *s, const float *iq, size_t n, mw_dur wait) {
    if (!s->transmit_open)
        return MW_STATE;
    while (n > 0) {
        const void *buffers[1] = {iq};
        int flags = s->transmit_timed ? SOAPY_SDR_HAS_TIME : 0;
        int sent = SoapySDRDevice_writeStream(s->device, s->transmit, buffers, n, &flags,
                                              s->transmit_ns, (long)(wait.ns / 1000));
        if (sent == SOAPY_SDR_TIMEOUT)
            return MW_TIMEOUT;
        if (sent == SOAPY_SDR_UNDERFLOW && !s->transmit_underrun) {
            s->transmit_underrun = true; /* told by mw_soapy_transmit_status */
            continue;
        }
        if (sent <= 0 || (size_t)sent > n)
            return MW_IO;
        s->transmit_timed = false; /* what follows follows */
        iq += 2 * (size_t)sent;
        n -= (size_t)sent;
    }
    return MW_OK;
}

mw_status mw_soapy_transmit_finish(mw_soapy *s) {
    if (!s->transmit_open)
        return MW_STATE;
    const float silence[2] = {0, 0};
    const void *buffers[1] = {silence};
    int flags = SOAPY_SDR_END_BURST;
    s->transmit_open = false;
    return SoapySDRDevice_writeStream(s->device, s->transmit, buffers, 1, &flags, 0, 3000000) == 1
               ? MW_OK
               : MW_IO;
}

mw_status mw_soapy_transmit_status(mw_soapy *s, mw_soapy_transmit_event *out_event) {
    size_t channels = 0;
    int flags = 0;
    long long time_ns = 0;
    if (s->transmit == NULL)
        return MW_STATE;
    int result = SOAPY_SDR_UNDERFLOW;
    if (!s->transmit_underrun)
        result =
            SoapySDRDevice_readStreamStatus(s->device, s->transmit, &channels, &flags, &time_ns, 0);
    s->transmit_underrun = false;
    if (result != SOAPY_SDR_UNDERFLOW && result != SOAPY_SDR_TIME_ERROR)
        return MW_AGAIN;
    *out_event = result == SOAPY_SDR_UNDERFLOW ? MW_SOAPY_UNDERRUN : MW_SOAPY_LATE;
    return MW_OK;
}

mw_status mw_soapy_transmit_end(mw_soapy *s) {
    if (!s->transmitting)
        return MW_STATE;
    mw_status status = s->transmit_open ? mw_soapy_transmit_finish(s) : MW_OK;
    s->transmitting = false;
    if (SoapySDRDevice_deactivateStream(s->device, s->transmit, 0, 0) != 0)
        status = MW_IO;
    return status;
}

#endif
