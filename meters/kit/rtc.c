/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/rtc.h"

#include "protocols/smp/day.h"

static mw_status store(mw_rtc *c, const mw_flash *flash) {
    uint8_t payload[MW_CLOCK_PAYLOAD];
    mw_writer w = mw_writer_of(MW_SPAN_OF(payload));
    mw_write_u64le(&w, (uint64_t)c->set_utc.us);
    mw_write_u64le(&w, (uint64_t)c->set_at.ns);
    mw_write_u16le(&w, c->resets);
    mw_write_u8(&w, (uint8_t)c->state);
    mw_write_u8(&w, c->drift_dppm != MW_CLOCK_DRIFT_UNKNOWN);
    mw_write_u16le(&w, (uint16_t)c->drift_dppm);
    mw_write_u16le(&w, 0);
    return mw_ringlog_append(&c->log, flash, mw_writer_done(&w));
}

/* Takes over the stored setting. c->set_at is the present tick. */
static void resume(mw_rtc *c, mw_slice payload, bool ticks_kept, mw_utc latest) {
    mw_reader r = mw_reader_of(payload);
    mw_utc set_utc = {(int64_t)mw_read_u64le(&r)};
    mw_mono set_at = {(int64_t)mw_read_u64le(&r)};
    c->resets = mw_read_u16le(&r);
    uint8_t state = mw_read_u8(&r);
    bool drift = mw_read_u8(&r) == 1;
    int16_t dppm = (int16_t)mw_read_u16le(&r);
    c->drift_dppm = drift ? dppm : (int16_t)MW_CLOCK_DRIFT_UNKNOWN;
    bool good = state <= MW_CLOCK_UNCERTAIN && set_utc.us >= c->set_utc.us &&
                set_utc.us <= mw_smp_utc_of_hour(MW_SMP_HOUR_MAX, 0).us && set_at.ns >= 0;
    if (good && ticks_kept && set_at.ns <= c->set_at.ns) {
        c->set_utc = set_utc;
        c->set_at = set_at;
        c->state = (mw_rtc_state)state;
        return;
    }
    if (good && set_utc.us > c->set_utc.us)
        c->set_utc = set_utc;
    if (latest.us > c->set_utc.us)
        c->set_utc = latest;
    c->state = good && state == MW_CLOCK_NEVER_SET ? MW_CLOCK_NEVER_SET : MW_CLOCK_UNCERTAIN;
}

mw_status mw_rtc_mount(mw_rtc *c, const mw_flash *flash, uint32_t first_sector, uint32_t sectors,
                       uint8_t kind, mw_mono now, bool ticks_kept, mw_utc latest) {
    mw_rtc n = {.set_utc = mw_utc_of_s(MW_SMP_EPOCH_S),
                .set_at = now,
                .drift_dppm = MW_CLOCK_DRIFT_UNKNOWN};
    MW_TRY(mw_ringlog_mount(&n.log, flash, first_sector, sectors, MW_CLOCK_PAYLOAD, kind));
    uint8_t payload[MW_CLOCK_PAYLOAD];
    mw_status s = mw_ringlog_last(&n.log, flash, MW_SPAN_OF(payload));
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    if (s == MW_OK)
        resume(&n, MW_SLICE_OF(payload), ticks_kept, latest);
    else if (latest.us > n.set_utc.us)
        n.set_utc = latest;
    n.resets = (uint16_t)(n.resets < UINT16_MAX ? n.resets + 1 : UINT16_MAX);
    MW_TRY(store(&n, flash));
    *c = n;
    return MW_OK;
}

mw_utc mw_rtc_utc(const mw_rtc *c, mw_mono now) {
    return mw_utc_add(c->set_utc, mw_mono_since(now, c->set_at));
}

mw_mono mw_rtc_tick_of(const mw_rtc *c, mw_utc t) {
    return mw_mono_add(c->set_at, mw_utc_since(t, c->set_utc));
}

mw_rtc_state mw_rtc_state_at(const mw_rtc *c, mw_mono now) {
    if (c->state == MW_CLOCK_SET &&
        mw_mono_since(now, c->set_at).ns > mw_dur_s(MW_CLOCK_TRUST_S).ns)
        return MW_CLOCK_UNCERTAIN;
    return c->state;
}

/* A trusted clock is moved: what it is moved by since the anchor is its drift. A step says nothing
 * about the crystal and begins anew. */
static void drift_learn(mw_rtc *c, mw_mono now, mw_utc utc) {
    int64_t moved = utc.us - mw_rtc_utc(c, now).us;
    bool small = moved <= MW_CLOCK_STEP_US && moved >= -MW_CLOCK_STEP_US;
    if (!c->anchored || !small || c->state != MW_CLOCK_SET) {
        c->anchored = true;
        c->anchor = now;
        c->moved_us = 0;
        return;
    }
    c->moved_us += moved;
    int64_t elapsed_us = mw_mono_since(now, c->anchor).ns / 1000;
    if (elapsed_us < MW_CLOCK_DRIFT_S * MW_US_PER_S)
        return;
    int64_t dppm = -c->moved_us * 10000 / (elapsed_us / 1000);
    if (dppm > INT16_MIN && dppm <= INT16_MAX)
        c->drift_dppm = (int16_t)dppm;
    c->anchor = now;
    c->moved_us = 0;
}

mw_status mw_rtc_set(mw_rtc *c, const mw_flash *flash, mw_mono now, mw_utc utc) {
    drift_learn(c, now, utc);
    c->set_utc = utc;
    c->set_at = now;
    c->state = MW_CLOCK_SET;
    return store(c, flash);
}
