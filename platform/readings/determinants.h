/* SPDX-License-Identifier: Apache-2.0
 *
 * Billing determinants of one channel and one local period: what a bill is made from.
 *
 * total = sum over tariffs = sum over qualities, always: an interval counts whole for the tariff of
 * its start (intervals that a tariff change cuts are counted apart, so that a map which does not
 * fit the grid shows). Demand is the greatest energy of a block of local clock time; a block counts
 * only when all its intervals are there.
 */
#ifndef MW_PLATFORM_READINGS_DETERMINANTS_H
#define MW_PLATFORM_READINGS_DETERMINANTS_H

#include "platform/readings/tou.h"

typedef struct mw_determinants_options {
    const mw_tou *tou; /* NULL = one tariff */
    const mw_zone *zone;
    mw_utc from, to;     /* local boundaries of the period */
    uint32_t interval_s; /* of the channel */
    uint32_t demand_s;   /* length of a demand block: 900, 1800 or 3600; 0 = no demand */
    bool rolling;        /* blocks start at every interval, not at multiples of demand_s */
} mw_determinants_options;

typedef struct mw_determinants {
    int64_t total;
    int64_t tariff[MW_TOU_TARIFFS_MAX];
    uint32_t expected; /* intervals of the period */
    uint32_t received;
    /* share by quality: amounts and intervals */
    int64_t measured;
    int64_t estimated;
    int64_t edited;
    uint32_t estimated_n;
    uint32_t edited_n;
    uint32_t cut_n; /* intervals with two tariffs inside */
    bool has_demand;
    int64_t demand; /* energy of the greatest block */
    mw_utc demand_at;
    int64_t tariff_demand[MW_TOU_TARIFFS_MAX]; /* of the blocks that start in the tariff */
    int64_t least, greatest;                   /* interval; valid when received > 0 */
} mw_determinants;

typedef struct mw_determinants_sum {
    mw_determinants_options o;
    mw_determinants d;
    mw_status status;
    mw_utc next; /* where the following interval has to start for a block to go on */
    /* the block under way: a ring of the last intervals, at most an hour of minutes */
    int64_t ring[60];
    uint32_t ring_n;
    uint32_t ring_at;
    int64_t block;
} mw_determinants_sum;

/* MW_RANGE: interval_s does not divide demand_s, or an option is outside its range. */
MW_NODISCARD mw_status mw_determinants_begin(mw_determinants_sum *s,
                                             const mw_determinants_options *o);
/* Intervals ascending; those that do not start in the period are ignored. flags: MW_QUALITY_*. */
void mw_determinants_add(mw_determinants_sum *s, mw_utc start, int64_t value, uint32_t flags);
/* MW_RANGE when a sum left 64 bits. */
MW_NODISCARD mw_status mw_determinants_end(mw_determinants_sum *s, mw_determinants *out);

#endif
