/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of a running platform. Everything lives in one thread: a loop that serves requests and
 * does the steps of work.h in between. main.c puts the parts together, each topic in a file:
 *
 *   data.c       clock, lock, store, registry, zones, decoder
 *   watch.c      validation, alarms, the collection of days, notifications
 *   commanding.c commands to meters
 *   serving.c    HTTP server, API, web pages
 *   pushing.c    the door for DLMS pushes
 *   work.c       what is done by itself, turn by turn
 */
#ifndef MW_PLATFORM_PLATFORM_H
#define MW_PLATFORM_PLATFORM_H

#include "platform/api/api.h"
#include "platform/backup_child.h"
#include "platform/doors/push_door.h"
#include "platform/journal/decode.h"
#include "platform/turns.h"

typedef struct mw_works mw_works;

/* What is open; NULL what is not. */
typedef struct mw_platform {
    mw_platform_config config;
    int argc; /* as it was started */
    char **argv;

    mw_clock *clock;
    mw_loop *loop;
    mw_metrics *metrics;
    mw_turns *turns;

    int lock; /* -1: not taken */
    mw_store *store;
    mw_registry *registry;
    mw_zones *zones;
    mw_decoder *decoder;

    mw_engine *validation;
    mw_notify *notify;
    mw_collection *collection;
    mw_alarms *alarms;

    mw_unb_plan plan; /* of the network */
    mw_sender *sender;
    mw_commands *commands;

    mw_http_server *server;
    mw_api *api;
    mw_push_door *pushes;
    mw_works *works;
    mw_backup_child *backup;
} mw_platform;

/* Each opens its topic's parts and says in the log why it cannot; what it opened is closed by
 * main.c. Waits up to a minute for a town's clock. */
MW_NODISCARD mw_status mw_platform_open_clock(mw_platform *p);
/* MW_STATE: another platform runs on the database. */
MW_NODISCARD mw_status mw_platform_open_data(mw_platform *p);
MW_NODISCARD mw_status mw_platform_open_watch(mw_platform *p);
MW_NODISCARD mw_status mw_platform_open_commands(mw_platform *p);
MW_NODISCARD mw_status mw_platform_open_server(mw_platform *p);
/* Nothing when the settings name no door. */
MW_NODISCARD mw_status mw_platform_open_pushes(mw_platform *p);

#endif
