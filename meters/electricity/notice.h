/* SPDX-License-Identifier: Apache-2.0
 *
 * How an event (protocols/spodes/events.h) travels from who notices it to who stores it.
 */
#ifndef MW_METERS_ELECTRICITY_CODES_H
#define MW_METERS_ELECTRICITY_CODES_H

#include "base/time.h"
#include "protocols/spodes/events.h"

#define MW_ELECTRIC_LOGS 16

/* An event as it is noticed. */
typedef struct mw_electric_event {
    uint16_t code; /* mw_spodes_event */
    mw_utc at;
    /* What was measured: the residual voltage of a sag, the highest of a swell, mV; frequency, mHz;
     * unbalance, ppm; current, mA; power, mW; tan phi and temperature, thousandths. 0 where nothing
     * is. */
    int32_t value;
    uint32_t duration_ms; /* of what ends; UINT32_MAX and more: UINT32_MAX */
} mw_electric_event;

/* What one step noticed: the caller empties it after each. Room for everything that one step can
 * notice; `missed` counts what found none all the same. */
#define MW_ELECTRIC_NOTICED_MAX 32
typedef struct mw_electric_noticed {
    uint8_t n, missed;
    mw_electric_event event[MW_ELECTRIC_NOTICED_MAX];
} mw_electric_noticed;

void mw_electric_notice(mw_electric_noticed *n, uint16_t code, mw_utc at, int64_t value,
                        int64_t duration_ms);

/* ---- Conditions ---- */

/* A condition that begins when it has held for a while and ends when it has not: one bounce of a
 * contact is no event, and a sag that comes back at once is the same sag. Begin and end are when it
 * was seen first, and when it was seen no longer. */
typedef struct mw_electric_condition {
    bool holds;
    bool turning; /* it looks otherwise than `holds` since `since` */
    mw_mono since, begun;
    mw_utc since_utc, begun_utc;
} mw_electric_condition;

typedef enum mw_electric_turn {
    MW_ELECTRIC_TURN_NONE,
    MW_ELECTRIC_TURN_BEGINS, /* at begun */
    MW_ELECTRIC_TURN_ENDS,   /* at since */
} mw_electric_turn;

mw_electric_turn mw_electric_condition_step(mw_electric_condition *c, bool seen, mw_mono now,
                                            mw_utc utc, uint32_t on_ms, uint32_t off_ms);
/* How long it has held, ms: of one that holds until now, of one that ended until its end. */
int64_t mw_electric_condition_ms(const mw_electric_condition *c, mw_mono now);

#endif
