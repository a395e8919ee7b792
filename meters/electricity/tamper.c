/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/tamper.h"

#define VERSION 1

static const struct {
    uint16_t begins, ends;
} codes[MW_ELECTRIC_TAMPER_KINDS] = {
    [MW_ELECTRIC_TAMPER_CASE] = {MW_SPODES_CASE_OPEN, MW_SPODES_CASE_SHUT},
    [MW_ELECTRIC_TAMPER_COVER] = {MW_SPODES_COVER_OPEN, MW_SPODES_COVER_SHUT},
    [MW_ELECTRIC_TAMPER_MAGNET] = {MW_SPODES_MAGNET, MW_SPODES_MAGNET_ENDS},
    [MW_ELECTRIC_TAMPER_RADIO] = {MW_SPODES_RADIO_FIELD, MW_SPODES_RADIO_FIELD_ENDS},
    [MW_ELECTRIC_TAMPER_MISMATCH] = {MW_SPODES_MISMATCH, MW_SPODES_MISMATCH_ENDS},
    [MW_ELECTRIC_TAMPER_HEAT] = {MW_SPODES_HOT, MW_SPODES_HOT_ENDS},
    [MW_ELECTRIC_TAMPER_PASSWORD] = {MW_SPODES_LOCKED, MW_SPODES_UNLOCKED},
};

mw_electric_tamper_config mw_electric_tamper_defaults(void) {
    return (mw_electric_tamper_config){.on_ms = {100, 100, 500, 1000, 60000, 10000, 0},
                                       .off_ms = {1000, 1000, 2000, 5000, 60000, 10000, 0},
                                       .mismatch_ua = 100000,
                                       .mismatch_permil = 125,
                                       .hot = {85000},
                                       .cool = {75000},
                                       .attempts = 5,
                                       .within_s = 600,
                                       .lock_s = 900};
}

mw_status mw_electric_tamper_init(mw_electric_tamper *t, const mw_electric_tamper_config *config) {
    if (config->attempts == 0 || config->cool.mdegc > config->hot.mdegc)
        return MW_RANGE;
    *t = (mw_electric_tamper){.config = *config};
    return MW_OK;
}

static void add_seconds(mw_electric_tamper_record *r, int64_t ms) {
    int64_t seconds = r->seconds + (ms > 0 ? ms + 500 : 0) / 1000;
    r->seconds = seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

/* One kind; returns whether it holds. `value` is what its end tells. */
static bool turn(mw_electric_tamper *t, mw_electric_tamper_kind kind, bool seen, int64_t value,
                 mw_mono now, mw_utc utc, mw_electric_noticed *out) {
    mw_electric_condition *c = &t->condition[kind];
    mw_electric_tamper_record *r = &t->record[kind];
    switch (mw_electric_condition_step(c, seen, now, utc, t->config.on_ms[kind],
                                       t->config.off_ms[kind])) {
    case MW_ELECTRIC_TURN_BEGINS:
        r->count += r->count < UINT32_MAX;
        r->at_s = (uint32_t)mw_utc_floor_s(c->begun_utc);
        mw_electric_notice(out, codes[kind].begins, c->begun_utc, value, 0);
        break;
    case MW_ELECTRIC_TURN_ENDS: {
        int64_t ms = mw_electric_condition_ms(c, now);
        add_seconds(r, ms);
        mw_electric_notice(out, codes[kind].ends, c->since_utc, value, ms);
        break;
    }
    case MW_ELECTRIC_TURN_NONE:
        break;
    }
    return c->holds;
}

static int64_t magnitude(int64_t v) {
    return v < 0 ? -v : v;
}

static void mismatch(mw_electric_tamper *t, const mw_electric_tamper_inputs *in, mw_mono now,
                     mw_utc utc, mw_electric_noticed *out) {
    int64_t difference = magnitude(in->phase_ua - in->neutral_ua);
    int64_t greater = in->phase_ua > in->neutral_ua ? in->phase_ua : in->neutral_ua;
    /* Three quarters of both limits, once it holds. */
    int64_t quarters = t->condition[MW_ELECTRIC_TAMPER_MISMATCH].holds ? 3 : 4;
    bool seen = difference * 4 >= t->config.mismatch_ua * quarters &&
                difference * 4000 >= greater * t->config.mismatch_permil * quarters;
    if (difference > t->worst_ua)
        t->worst_ua = difference;
    if (!turn(t, MW_ELECTRIC_TAMPER_MISMATCH, seen, t->worst_ua / 1000, now, utc, out) && !seen)
        t->worst_ua = 0;
}

static void heat(mw_electric_tamper *t, mw_temp temperature, mw_mono now, mw_utc utc,
                 mw_electric_noticed *out) {
    int32_t m = temperature.mdegc;
    bool held = t->condition[MW_ELECTRIC_TAMPER_HEAT].holds;
    bool seen = m >= t->config.hot.mdegc || (held && m >= t->config.cool.mdegc);
    if (m > t->hottest || (!held && !seen))
        t->hottest = m;
    (void)turn(t, MW_ELECTRIC_TAMPER_HEAT, seen, t->hottest, now, utc, out);
}

void mw_electric_tamper_step(mw_electric_tamper *t, const mw_electric_tamper_inputs *in,
                             mw_mono now, mw_utc utc, mw_electric_noticed *out) {
    (void)turn(t, MW_ELECTRIC_TAMPER_CASE, in->case_open, 0, now, utc, out);
    (void)turn(t, MW_ELECTRIC_TAMPER_COVER, in->cover_open, 0, now, utc, out);
    (void)turn(t, MW_ELECTRIC_TAMPER_MAGNET, in->magnet, 0, now, utc, out);
    (void)turn(t, MW_ELECTRIC_TAMPER_RADIO, in->radio_field, 0, now, utc, out);
    if (in->currents_known)
        mismatch(t, in, now, utc, out);
    if (in->temperature_known)
        heat(t, in->temperature, now, utc, out);
    bool locked = mw_electric_tamper_locked(t) && now.ns < t->until.ns;
    (void)turn(t, MW_ELECTRIC_TAMPER_PASSWORD, locked, 0, now, utc, out);
}

void mw_electric_tamper_password(mw_electric_tamper *t, bool good, mw_mono now, mw_utc utc,
                                 mw_electric_noticed *out) {
    if (good) {
        t->wrong = 0;
        return;
    }
    mw_electric_notice(out, MW_SPODES_ACCESS, utc, 0, 0);
    if (t->wrong == 0 || now.ns - t->first.ns > t->config.within_s * MW_NS_PER_S) {
        t->wrong = 0;
        t->first = now;
    }
    if (++t->wrong < t->config.attempts)
        return;
    t->wrong = 0;
    t->until = mw_mono_add(now, mw_dur_s(t->config.lock_s));
    (void)turn(t, MW_ELECTRIC_TAMPER_PASSWORD, true, t->config.attempts, now, utc, out);
}

bool mw_electric_tamper_locked(const mw_electric_tamper *t) {
    return t->condition[MW_ELECTRIC_TAMPER_PASSWORD].holds;
}

uint8_t mw_electric_tamper_now(const mw_electric_tamper *t) {
    uint8_t now = 0;
    for (unsigned k = 0; k < MW_ELECTRIC_TAMPER_KINDS; k++)
        now |= (uint8_t)(t->condition[k].holds ? 1u << k : 0);
    return now;
}

uint32_t mw_electric_tamper_seconds(const mw_electric_tamper *t, mw_electric_tamper_kind kind,
                                    mw_mono now) {
    mw_electric_tamper_record r = t->record[kind];
    if (t->condition[kind].holds)
        add_seconds(&r, mw_electric_condition_ms(&t->condition[kind], now));
    return r.seconds;
}

/* u8 version | u8 kinds that hold | for each: u32 count, seconds, begin, and how long it holds, s */
void mw_electric_tamper_encode(const mw_electric_tamper *t, mw_mono now,
                               uint8_t out[MW_ELECTRIC_TAMPER_BYTES]) {
    mw_writer w = mw_writer_of((mw_span){out, MW_ELECTRIC_TAMPER_BYTES});
    mw_write_u8(&w, VERSION);
    mw_write_u8(&w, mw_electric_tamper_now(t));
    for (unsigned k = 0; k < MW_ELECTRIC_TAMPER_KINDS; k++) {
        const mw_electric_tamper_record *r = &t->record[k];
        const mw_electric_condition *c = &t->condition[k];
        int64_t held = c->holds ? mw_electric_condition_ms(c, now) / 1000 : 0;
        mw_write_u32le(&w, r->count);
        mw_write_u32le(&w, r->seconds);
        mw_write_u32le(&w, r->at_s);
        mw_write_u32le(&w, held > UINT32_MAX ? UINT32_MAX : (uint32_t)held);
    }
}

mw_status mw_electric_tamper_decode(mw_electric_tamper *t,
                                    const uint8_t in[MW_ELECTRIC_TAMPER_BYTES], mw_mono now) {
    mw_reader r = mw_reader_of((mw_slice){in, MW_ELECTRIC_TAMPER_BYTES});
    if (mw_read_u8(&r) != VERSION)
        return MW_UNSUPPORTED;
    uint8_t held = mw_read_u8(&r);
    for (unsigned k = 0; k < MW_ELECTRIC_TAMPER_KINDS; k++) {
        mw_electric_tamper_record *of = &t->record[k];
        of->count = mw_read_u32le(&r);
        of->seconds = mw_read_u32le(&r);
        of->at_s = mw_read_u32le(&r);
        int64_t seconds = mw_read_u32le(&r);
        t->condition[k] = (mw_electric_condition){.holds = (held >> k & 1) != 0,
                                                  .begun = {now.ns - seconds * MW_NS_PER_S},
                                                  .begun_utc = mw_utc_of_s(of->at_s)};
    }
    t->until = mw_mono_add(now, mw_dur_s(t->config.lock_s));
    return MW_OK;
}
