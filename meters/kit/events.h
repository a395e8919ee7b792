/* SPDX-License-Identifier: Apache-2.0
 *
 * What the meter noticed: logs in flash by group, and a short queue of what was not yet reported.
 *
 * Chatter displaces nothing that matters, for three reasons. Each group has a log of its own, so a
 * clock that is corrected every hour pushes out no tamper record. Within a group, the same code of
 * the same channel is counted instead of logged while its hold lasts: an hour at first, twice as
 * long after each record, a day at most; a day without it brings the hold back to an hour. So one
 * chattering contact writes one record a day, and its log reaches back for the better part of a
 * year. And when the queue is full, an event of the least important group leaves it.
 *
 * Of a meter with logs of its own (MW_SMP_EVENT_LOG) each number of a log is held by itself, the
 * MW_EVENTS_LOGGED that came last; what ends is told whenever its begin was.
 */
#ifndef MW_METERS_KIT_EVENTS_H
#define MW_METERS_KIT_EVENTS_H

#include "meters/kit/ringlog.h"
#include "protocols/smp/objects.h"

#define MW_EVENTS_PAYLOAD    24
#define MW_EVENTS_RECORDS    256 /* that each group keeps at least */
#define MW_EVENTS_QUEUE      8
#define MW_EVENTS_CODES      20 /* codes of smp/objects.h that this kit raises are below */
#define MW_EVENTS_CHANNELS   3  /* channels 0 and 1, and the device as a whole (255) */
#define MW_EVENTS_LOGGED     8
#define MW_EVENTS_HOLD_S     3600
#define MW_EVENTS_HOLD_MAX_S (24 * 3600)

/* Most important first. */
typedef enum mw_event_group {
    MW_EVENTS_SECURITY =
        0,               /* somebody touched the meter, its settings, its registers or its keys */
    MW_EVENTS_METROLOGY, /* what flows is unusual, or is not measured well */
    MW_EVENTS_OPERATION, /* supply, clock, starts */
    MW_EVENTS_GROUPS
} mw_event_group;

mw_event_group mw_event_group_of(uint8_t code);

/* Where a group's log lies. */
typedef struct mw_events_place {
    uint32_t first_sector, sectors;
    uint8_t kind;
} mw_events_place;

typedef struct mw_events_hold {
    uint32_t until_s; /* tick of the hold's end in seconds; 0: nothing is held */
    uint16_t length;  /* seconds / 60 */
    uint16_t count;   /* occurrences since the last record */
} mw_events_hold;

/* Of a number in a log. */
typedef struct mw_events_logged {
    uint8_t code, number; /* code 0: none */
    mw_events_hold hold;
} mw_events_logged;

typedef struct mw_events {
    mw_ringlog log[MW_EVENTS_GROUPS];
    mw_smp_event queue[MW_EVENTS_QUEUE]; /* oldest first */
    uint32_t number[MW_EVENTS_QUEUE];    /* over all groups, from 0 in the order of raising */
    uint8_t queued;
    uint32_t next;     /* number of the next event */
    uint32_t reported; /* all events numbered below were reported, or left the queue */
    mw_events_hold hold[MW_EVENTS_CODES][MW_EVENTS_CHANNELS];
    mw_events_logged logged[MW_EVENTS_LOGGED]; /* newest first */
} mw_events;

/* Queues again what is in the logs from number `reported` on: the newest MW_EVENTS_QUEUE of the
 * most important groups. MW_IO. */
MW_NODISCARD mw_status mw_events_mount(mw_events *e, const mw_flash *flash,
                                       const mw_events_place place[MW_EVENTS_GROUPS],
                                       uint32_t reported);
/* Logs and queues. The event is queued even when flash fails (MW_IO). MW_DUPLICATE: held back and
 * counted; the next record of this code and channel tells how many there were. */
MW_NODISCARD mw_status mw_events_raise(mw_events *e, const mw_flash *flash, mw_mono now, mw_utc utc,
                                       uint8_t code, uint8_t channel, int64_t value);
/* The same of what ends something that was logged: never held back. */
MW_NODISCARD mw_status mw_events_end(mw_events *e, const mw_flash *flash, mw_utc utc, uint8_t code,
                                     uint8_t channel, int64_t value);
/* The first n of the queue were sent. */
void mw_events_sent(mw_events *e, unsigned n);

/* A walk through one group from its newest event to its oldest; MW_NOT_FOUND after that, MW_IO. */
mw_ringlog_cursor mw_events_from_newest(const mw_events *e, mw_event_group group);
MW_NODISCARD mw_status mw_events_older(const mw_events *e, const mw_flash *flash,
                                       mw_event_group group, mw_ringlog_cursor *cursor,
                                       mw_smp_event *out_event, uint32_t *out_number);

#endif
