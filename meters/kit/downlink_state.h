/* SPDX-License-Identifier: Apache-2.0
 *
 * What a meter remembers about downlinks: newest counters, commands that were taken and what became
 * of them, keys that came from the air, and the answers that wait to be sent. Private to the kit.
 *
 * Two logs. `log` has a record for every frame and command: one when it is taken, before anything
 * is done, and one with its receipt when it is done. A boot that finds a command taken and not done
 * does it then: each command is executed once, whatever the power does. Each record carries the
 * newest counters, so the newest record alone says what may still be accepted.
 *
 *   record 56 B | kind 4 bits, known 4 bits | own epoch u8 | group epoch u8 | newest own u32 |
 *               | newest of the former epoch u32 | newest group u32 | id u16 | code | result |
 *               | size | time u32 | data 32 |
 *
 * `state` holds what must not be pushed out by traffic:
 *
 *   record 32 B | key epoch u32 | flags u8 | group u32 | group epoch u32 | group key 16 | 0 x 3 |
 */
#ifndef MW_METERS_KIT_DOWNLINK_STATE_H
#define MW_METERS_KIT_DOWNLINK_STATE_H

#include "crypto/keys.h"
#include "meters/kit/downlink.h"
#include "meters/kit/ringlog.h"
#include "protocols/smp/commands.h"

#define MW_DOWNLINK_PAYLOAD    56
#define MW_DOWNLINK_STATE      32
#define MW_DOWNLINK_IDS        8 /* commands whose receipts are remembered */
#define MW_DOWNLINK_UPLINKS    8 /* own frames that a time command may name */
#define MW_DOWNLINK_CONFIG     4 /* configuration keys waiting to be told */
#define MW_DOWNLINK_ORDERS_MAX 4 /* commands of one frame; more are left out */
#define MW_RECEIPT_DATA        8

typedef struct mw_downlink_done {
    uint16_t id;
    uint8_t code;
    uint8_t result;
    uint32_t time_s;
    uint8_t size;
    uint8_t data[MW_RECEIPT_DATA];
    bool queued; /* the receipt is to be sent */
    bool silent; /* came to a group: no receipt */
} mw_downlink_done;

/* An archive read at work. */
typedef struct mw_downlink_reading {
    bool active;
    uint16_t id;
    uint8_t code;
    uint8_t index;  /* register */
    uint32_t begin; /* first hour wanted */
    uint32_t end;   /* hours from here on are sent */
    uint8_t parts;
} mw_downlink_reading;

typedef struct mw_downlink {
    mw_ringlog log;
    mw_ringlog state;
    mw_key master;
    uint32_t newest_own, newest_former, newest_group;
    bool any_own, any_former, any_group;
    bool has_group, rotated; /* rotated: the present epoch came by command */
    bool relay_known, relay_closed;
    uint32_t group, group_epoch;
    mw_key group_key;
    mw_downlink_done done[MW_DOWNLINK_IDS]; /* newest last */
    uint8_t done_n;
    uint32_t refused; /* tags that did not match since the last event */
    struct {
        uint16_t counter_low;
        mw_mono start;
    } uplink[MW_DOWNLINK_UPLINKS]; /* newest last */
    uint8_t uplinks;
    mw_mono answer_at;
    bool health_wanted;
    uint16_t config_key[MW_DOWNLINK_CONFIG];
    uint8_t config_keys;
    mw_downlink_reading reading;
    bool restart_wanted;
    mw_mono restart_at;
} mw_downlink;

/* The meter's own frame with this counter began at `start`. */
void mw_downlink_uplink_sent(mw_downlink *d, uint32_t counter, mw_mono start);
/* The clock was set: what earlier frames began at says nothing any more. */
void mw_downlink_clock_moved(mw_downlink *d);

#endif
