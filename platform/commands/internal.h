/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the queue: queue.c moves commands on, facts.c takes what was said, schedule.c follows the
 * parts of a tariff schedule, place.c chooses a station, seal.c makes frames, beacon.c tells the time
 * and asks all meters at once.
 */
#ifndef MW_PLATFORM_COMMANDS_INTERNAL_H
#define MW_PLATFORM_COMMANDS_INTERNAL_H

#include "platform/commands/queue.h"
#include "protocols/smp/smp.h"
#include "protocols/unb/unb.h"

/* Entries that the streams are told of after the commit. */
#define MW_COMMANDS_NEWS   512
#define MW_COMMANDS_LOOKED 4096 /* a power of two */

struct mw_commands {
    mw_commands_options o;
    size_t news_n;
    struct {
        bool cancel;
        mw_store_downlink entry;
    } news[MW_COMMANDS_NEWS];
    int64_t scan_after; /* open commands are looked at in turns of a bounded size */
    /* When a waiting command was last looked at, so that most turns only pass it by. */
    struct {
        int64_t command;
        mw_utc at;
    } looked[MW_COMMANDS_LOOKED];
    /* A request to all meters of each tenant, by tenant number minus 1. */
    struct {
        mw_smp_command request;
        int64_t first, end; /* slots of the beacons; first == end: none */
    } group[MW_COMMANDS_TENANTS_MAX];
};

/* ---- queue.c ---- */

/* Changes the state with a step in the history; command_put. In a transaction. */
MW_NODISCARD mw_status mw_commands_move(mw_commands *c, mw_store_command *cmd, mw_utc now,
                                        mw_store_command_state state, const char *station,
                                        const char *reason);
/* The same for one part of a tariff schedule that ends because another one did. */
MW_NODISCARD mw_status mw_commands_move_alone(mw_commands *c, mw_store_command *cmd, mw_utc now,
                                              mw_store_command_state state, const char *station,
                                              const char *reason);
/* Withdraws the entry that waits at a station, if any; the caller puts the command. */
MW_NODISCARD mw_status mw_commands_withdraw(mw_commands *c, mw_store_command *cmd);
/* Another attempt not before `when`, or the end when attempts or time are used up. */
MW_NODISCARD mw_status mw_commands_retry(mw_commands *c, mw_store_command *cmd, mw_utc now,
                                         mw_utc when, const char *reason);
/* A command of the platform itself, for a parent. In a transaction. */
MW_NODISCARD mw_status mw_commands_child(mw_commands *c, const mw_store_command *parent,
                                         const char *kind, const mw_smp_command *smp, mw_utc now);
void mw_commands_news_add(mw_commands *c, bool cancel, const mw_store_downlink *entry);
/* Tells the streams; after a commit. */
void mw_commands_news_tell(mw_commands *c);
void mw_commands_news_drop(mw_commands *c);
/* Commits and tells, or undoes. */
MW_NODISCARD mw_status mw_commands_end(mw_commands *c, mw_status s);

/* ---- facts.c ---- */

/* Takes facts behind the cursor; *out_n of them. Its own transaction. */
MW_NODISCARD mw_status mw_commands_facts(mw_commands *c, mw_utc now, size_t *out_n);

/* ---- schedule.c: MW_SMP_COMMAND_SCHEDULE. In a transaction. ---- */

/* The receipt of a part says done. `late`: the part is over. */
MW_NODISCARD mw_status mw_commands_schedule_done(mw_commands *c, mw_store_command *cmd, mw_utc now,
                                                 bool late);
/* A part ended otherwise: so do the others. */
MW_NODISCARD mw_status mw_commands_schedule_given_up(mw_commands *c, const mw_store_command *cmd,
                                                     mw_utc now);
/* A device told values of its configuration. */
MW_NODISCARD mw_status mw_commands_schedule_told(mw_commands *c, int64_t tenant, int64_t device,
                                                 mw_utc now);

/* ---- place.c ---- */

/* A station that might reach a device, and how. */
typedef struct mw_commands_route {
    int64_t sender;
    char station[MW_STORE_ID_MAX];
    mw_unb_rate rate; /* of the newest uplink */
    uint8_t copies;
} mw_commands_route;

/* The best station for a command, `without` (0 = none) left aside. MW_NOT_FOUND: the meter was
 * never heard. */
MW_NODISCARD mw_status mw_commands_route_find(mw_commands *c, const mw_store_command *cmd,
                                              mw_utc now, int64_t without,
                                              mw_commands_route *out_route);
/* What the receptions since an entry was placed say about it. */
typedef enum mw_commands_passing {
    MW_COMMANDS_WAITS,  /* its time has not come */
    MW_COMMANDS_OTHERS, /* others hear the meter, its station does not */
    MW_COMMANDS_SILENT, /* its station heard the meter several times and told no result */
} mw_commands_passing;

MW_NODISCARD mw_status mw_commands_passed_by(mw_commands *c, const mw_store_command *cmd,
                                             const mw_store_downlink *entry, mw_utc now,
                                             mw_commands_passing *out_passing);
/* Seals a command and places it, in transactions of its own. What is in the way becomes the
 * command's reason. */
MW_NODISCARD mw_status mw_commands_place(mw_commands *c, mw_store_command *cmd, mw_utc now,
                                         int64_t without);

/* ---- seal.c ---- */

typedef struct mw_commands_frame {
    uint8_t payload[MW_STORE_FRAME_MAX];
    uint8_t bytes;
    uint32_t counter;
    uint32_t address;
    uint32_t key_epoch;
} mw_commands_frame;

/* Seals the objects of a command. No transaction may be open. MW_SPACE: it does not fit a frame of
 * this rate; *out_counter_known then says whether that is only because the whole counter must be
 * sent (false). Errors of mw_sender_take and mw_registry_key. */
MW_NODISCARD mw_status mw_commands_seal(mw_commands *c, const mw_store_command *cmd,
                                        const mw_store_device *device, mw_unb_rate rate, mw_utc now,
                                        mw_commands_frame *out_frame, bool *out_counter_known);
/* Seals objects for all meters of a tenant. MW_NOT_FOUND: the tenant has no group key. */
MW_NODISCARD mw_status mw_commands_seal_group(mw_commands *c, int64_t tenant, mw_slice objects,
                                              mw_commands_frame *out_frame);
/* When the first copy of a recent uplink began. MW_NOT_FOUND: none is sure. */
MW_NODISCARD mw_status mw_commands_uplink_began(mw_commands *c, const mw_store_command *cmd,
                                                uint8_t copies, uint32_t *out_counter,
                                                mw_utc *out_began);

/* ---- beacon.c ---- */
MW_NODISCARD mw_status mw_commands_beacons(mw_commands *c, mw_utc now);

#endif
