/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands to meters: a queue in the store, and the turns that move it on.
 *
 *   create -> queued -> [sealed, placed at the best station] -> sent -> acknowledged -> executed
 *                ^                   |                            |          |
 *                +-- too late, no duty, silence, another station -+          +-- read back
 *
 * Every change of state is a step in the command's history, with its reason, in the transaction
 * that made it. What stations and meters said comes from the journal through decoding (facts), read
 * by a cursor: doing it again changes nothing. One command of a meter is in the air at a time.
 *
 * A frame leaves this process only after the transaction that stored it; its counter was reserved
 * before that (sender.h).
 */
#ifndef MW_PLATFORM_COMMANDS_QUEUE_H
#define MW_PLATFORM_COMMANDS_QUEUE_H

#include "platform/commands/sender.h"
#include "platform/registry/registry.h"
#include "protocols/smp/objects.h"
#include "protocols/unb/plan.h"

enum {
    MW_COMMANDS_OPEN_DEVICE_MAX = 32,       /* open commands of one device */
    MW_COMMANDS_OPEN_TENANT_MAX = 100000,   /* and of one tenant */
    MW_COMMANDS_TURN_FACTS = 500,           /* facts of one turn */
    MW_COMMANDS_TURN_OPEN = 4000,           /* open commands looked at in one turn */
    MW_COMMANDS_TURN_PLACED = 64,           /* frames sealed in one turn */
    MW_COMMANDS_STATION_PENDING_MAX = 1024, /* entries at one station */
    MW_COMMANDS_ATTEMPTS_MAX = 20,
    MW_COMMANDS_TTL_MIN_S = 60,
    MW_COMMANDS_TTL_MAX_S = 90 * 86400,
    MW_COMMANDS_STATIONS_MAX = 256,  /* of one tenant that are considered */
    MW_COMMANDS_TENANTS_MAX = 64,    /* whose stations send time beacons */
    MW_COMMANDS_GROUP_SLOTS_MAX = 6, /* beacons that carry one request to all */
};

typedef struct mw_commands mw_commands;

typedef struct mw_commands_options {
    mw_store *store; /* borrowed, as all here */
    mw_registry *registry;
    mw_sender *sender;
    const mw_unb_plan *plan; /* of the downlink */
    uint8_t copies;          /* of an uplink, unless the meter told its own: 1..3 */
    uint16_t attempts;       /* 1..MW_COMMANDS_ATTEMPTS_MAX */
    mw_dur ttl;              /* unless asked otherwise */
    mw_dur receipt_wait;     /* from sending to the next attempt */
    bool beacons;            /* time beacons in the slots of `plan` */
    uint16_t beacon_uncertainty_ms;
    /* The streams of stations. Called after the commit. */
    void (*on_entry)(void *context, const mw_store_downlink *entry);
    void (*on_cancel)(void *context, const mw_store_downlink *entry);
    bool (*connected)(void *context, int64_t sender);
    void *context;
} mw_commands_options;

/* MW_NOMEM, MW_RANGE. */
MW_NODISCARD mw_status mw_commands_open(const mw_commands_options *options,
                                        mw_commands **out_commands);
void mw_commands_close(mw_commands *c);

/* What somebody wants of a meter. */
typedef struct mw_command_order {
    int64_t tenant;
    mw_store_device device;
    const char *kind; /* "ping" ..., for people; of the code */
    const char *args; /* JSON as it was asked, for people; at most MW_STORE_COMMAND_ARGS */
    uint8_t code;     /* mw_smp_command_code */
    uint8_t size;
    uint8_t data[MW_STORE_COMMAND_DATA]; /* SET_TIME, KEY_EPOCH, GROUP_KEY: made when sealing;
                                            SET_TIME: [0] = 1 asks for a step */
    uint8_t priority;                    /* 0..7 */
    mw_dur ttl;                          /* 0: the default */
    const char *actor;
    const char *key; /* of idempotency; NULL: none */
    /* Further parts of a tariff schedule, of which the order itself is the first. */
    const mw_smp_command *more;
    size_t more_n; /* up to MW_SMP_SCHEDULE_PARTS - 1 */
} mw_command_order;

/* Queues. An order with a key that was used gives the command of then (*out_existing), or
 * MW_CONFLICT when that was another order. MW_LIMIT: too many open commands; MW_STATE: another tariff
 * schedule is on its way; MW_RANGE: priority, ttl, sizes. */
MW_NODISCARD mw_status mw_commands_create(mw_commands *c, const mw_command_order *order, mw_utc now,
                                          mw_store_command *out_command, bool *out_existing);
/* Cancels. MW_NOT_FOUND; MW_STATE when it is over or the meter has acknowledged it. One that a
 * station may be sending right now can still be executed: its receipt then says so. */
MW_NODISCARD mw_status mw_commands_cancel(mw_commands *c, int64_t tenant, int64_t id,
                                          const char *actor, mw_utc now,
                                          mw_store_command *out_command);

/* A request to all meters of a tenant that have its group key: it takes the place of the time in the
 * beacons of the next slots that are not sealed yet. Meters do it without a receipt and answer
 * spread over the time that alarms have. Kept in memory until its slots are sealed: a restart before
 * that forgets it. */
typedef struct mw_commands_group {
    uint16_t id;        /* of the request, the same in each slot: a meter does it once */
    unsigned slots;     /* 1..MW_COMMANDS_GROUP_SLOTS_MAX */
    mw_utc first, last; /* moments of the first station's slots */
} mw_commands_group;

/* `request`: code HEALTH, READ_DAY or READ_ARCHIVE with its data. MW_RANGE: another code, too many
 * slots or data that fit no frame; MW_STATE: no beacons are sent; MW_NOT_FOUND: the tenant has no
 * group key; MW_CONFLICT: another one of the tenant waits. */
MW_NODISCARD mw_status mw_commands_group_ask(mw_commands *c, int64_t tenant,
                                             const mw_smp_command *request, unsigned slots,
                                             mw_utc now, mw_commands_group *out_group);

/* Takes what decoding found, ends what is over, seals and places what is due, and the time beacons.
 * Bounded work; *out_more when there was more to do. Sealing that is not possible (MW_STATE of
 * mw_sender_take) is a reason of the commands, not a failure. */
MW_NODISCARD mw_status mw_commands_turn(mw_commands *c, mw_utc now, bool *out_more);

/* "queued", "sent", "too_late", ... */
const char *mw_command_state_name(mw_store_command_state state);
static inline bool mw_command_is_over(mw_store_command_state state) {
    return state >= MW_COMMAND_EXECUTED;
}

#endif
