/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/readings/determinants.h"

#include "base/assert.h"
#include "platform/store/records.h"

mw_status mw_determinants_begin(mw_determinants_sum *s, const mw_determinants_options *o) {
    if (o->interval_s < 60 || o->interval_s > 86400 || o->from.us >= o->to.us)
        return MW_RANGE;
    if (o->demand_s != 0 &&
        (o->demand_s > 3600 || o->demand_s % o->interval_s != 0 || 86400 % o->demand_s != 0))
        return MW_RANGE;
    *s = (mw_determinants_sum){.o = *o, .next = MW_UTC_NONE};
    int64_t seconds = mw_utc_since(o->to, o->from).ns / MW_NS_PER_S;
    s->d.expected = (uint32_t)((seconds + o->interval_s - 1) / o->interval_s);
    s->d.demand_at = MW_UTC_NONE;
    return MW_OK;
}

static void add_to(mw_determinants_sum *s, int64_t *sum, int64_t value) {
    if (__builtin_add_overflow(*sum, value, sum))
        s->status = MW_RANGE;
}

static uint8_t tariff_at(const mw_determinants_sum *s, mw_utc t) {
    return s->o.tou != NULL ? (uint8_t)(mw_tou_tariff(s->o.tou, s->o.zone, t) - 1) : 0;
}

/* The tariff of the start; a change inside shows at the last minute or at a quarter in between. */
static uint8_t tariff_of(mw_determinants_sum *s, mw_utc start) {
    uint8_t first = tariff_at(s, start);
    uint32_t step = s->o.interval_s > 900 ? 900 : s->o.interval_s;
    for (uint32_t at = step; s->o.tou != NULL && at <= s->o.interval_s; at += step) {
        mw_utc t = mw_utc_add(start, mw_dur_s((int64_t)at - 60));
        if (tariff_at(s, t) != first) {
            s->d.cut_n++;
            break;
        }
    }
    return first;
}

static bool starts_block(const mw_determinants_sum *s, mw_utc block_start) {
    if (s->o.rolling)
        return true;
    int64_t local = mw_utc_floor_s(block_start) + mw_zone_offset_s(s->o.zone, block_start);
    return local % s->o.demand_s == 0;
}

static void demand_add(mw_determinants_sum *s, mw_utc start, int64_t value) {
    uint32_t per_block = s->o.demand_s / s->o.interval_s;
    if (start.us != s->next.us)
        s->ring_n = s->ring_at = 0, s->block = 0;
    s->next = mw_utc_add(start, mw_dur_s(s->o.interval_s));
    if (s->ring_n == per_block)
        s->block -= s->ring[s->ring_at];
    else
        s->ring_n++;
    s->ring[s->ring_at] = value;
    s->ring_at = (s->ring_at + 1) % per_block;
    add_to(s, &s->block, value);
    mw_utc block_start = mw_utc_add(s->next, mw_dur_s(-(int64_t)s->o.demand_s));
    if (s->ring_n < per_block || block_start.us < s->o.from.us || !starts_block(s, block_start))
        return;
    int64_t *of_tariff = &s->d.tariff_demand[tariff_at(s, block_start)];
    if (s->block > *of_tariff)
        *of_tariff = s->block;
    if (!s->d.has_demand || s->block > s->d.demand) {
        s->d.demand = s->block;
        s->d.demand_at = block_start;
    }
    s->d.has_demand = true;
}

void mw_determinants_add(mw_determinants_sum *s, mw_utc start, int64_t value, uint32_t flags) {
    if (start.us < s->o.from.us || start.us >= s->o.to.us)
        return;
    mw_determinants *d = &s->d;
    add_to(s, &d->total, value);
    add_to(s, &d->tariff[tariff_of(s, start)], value);
    if ((flags & MW_QUALITY_EDITED) != 0) {
        add_to(s, &d->edited, value);
        d->edited_n++;
    } else if ((flags & MW_QUALITY_ESTIMATED) != 0) {
        add_to(s, &d->estimated, value);
        d->estimated_n++;
    } else {
        add_to(s, &d->measured, value);
    }
    d->least = d->received == 0 || value < d->least ? value : d->least;
    d->greatest = d->received == 0 || value > d->greatest ? value : d->greatest;
    d->received++;
    if (s->o.demand_s != 0)
        demand_add(s, start, value);
}

mw_status mw_determinants_end(mw_determinants_sum *s, mw_determinants *out) {
    MW_TRY(s->status);
    *out = s->d;
    return MW_OK;
}
