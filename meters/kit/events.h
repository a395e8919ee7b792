/* SPDX-License-Identifier: Apache-2.0
 *
 * What the meter noticed: a log in flash and a short queue of what was not yet reported. The same
 * event again within an hour is counted, not logged, so a chattering contact neither wears the
 * flash nor displaces others.
 */
#ifndef MW_METERS_KIT_EVENTS_H
#define MW_METERS_KIT_EVENTS_H

#include "meters/kit/ringlog.h"
#include "protocols/smp/objects.h"

#define MW_EVENTS_PAYLOAD 24
#define MW_EVENTS_QUEUE   8
#define MW_EVENTS_CODES   16 /* codes of smp/objects.h that this kit raises are below */
#define MW_EVENTS_HOLD_NS (INT64_C(3600) * MW_NS_PER_S)

typedef struct mw_events {
    mw_ringlog log;
    mw_smp_event queue[MW_EVENTS_QUEUE]; /* oldest first */
    uint32_t seq[MW_EVENTS_QUEUE];       /* their numbers in the log */
    uint8_t queued;
    uint32_t reported; /* all events numbered below were reported */
    int64_t logged_ns[MW_EVENTS_CODES];
    uint16_t held[MW_EVENTS_CODES]; /* occurrences counted since, not logged */
} mw_events;

/* Queues again what is in the log from number `reported` on, the newest MW_EVENTS_QUEUE. MW_IO. */
MW_NODISCARD mw_status mw_events_mount(mw_events *e, const mw_flash *flash, uint32_t first_sector,
                                       uint32_t sectors, uint8_t kind, uint32_t reported);
/* Logs and queues; when the queue is full its oldest leaves it (the log keeps it). The event is
 * queued even when flash fails (MW_IO). MW_DUPLICATE: held back and counted. */
MW_NODISCARD mw_status mw_events_raise(mw_events *e, const mw_flash *flash, mw_mono now, mw_utc utc,
                                       mw_smp_event_code code, uint8_t channel, int64_t value);
/* The first n of the queue were sent. */
void mw_events_sent(mw_events *e, unsigned n);

#endif
