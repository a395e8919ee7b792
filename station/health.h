/* SPDX-License-Identifier: Apache-2.0
 *
 * How a station is, looked at once a second: what does not work is a degraded mode, announced by a
 * log line, a figure and a record to the platform when it begins and when it ends; and the watchdog
 * of systemd, which is fed only while the receiving thread turns.
 */
#ifndef MW_STATION_HEALTH_H
#define MW_STATION_HEALTH_H

#include "runtime/json_writer.h"
#include "station/receive.h"
#include "station/selftest.h"
#include "station/sender.h"

/* X(name, text) */
#define MW_HEALTH_LIST(X)                                                                          \
    X(no_radio, "no samples come")                                                                 \
    X(no_platform, "the platform is not reached; frames wait")                                     \
    X(disk_full, "the disk is full")                                                               \
    X(clock_bad, "the clock is wrong or not synchronised")                                         \
    X(self_test, "the self-test failed")

typedef enum mw_health_mode {
#define X(name, text) MW_HEALTH_##name,
    MW_HEALTH_LIST(X)
#undef X
        MW_HEALTH_COUNT
} mw_health_mode;

typedef struct mw_health mw_health;

typedef struct mw_health_parts {
    const mw_station_config *config;
    mw_loop *loop;
    mw_metrics *metrics;
    mw_station_store *store;
    const mw_station_source *source;
    const mw_station_receiver *receiver;
    const mw_station_sender *sender;
    const mw_selftest *selftest;
    void (*stored)(void *context); /* a record was put into the spool */
    void *context;
} mw_health_parts;

/* Starts looking, tells systemd that the daemon is ready, and records the start with the result of
 * the self-test. */
MW_NODISCARD mw_status mw_health_new(const mw_health_parts *parts, mw_health **out_health);
void mw_health_free(mw_health *h);
/* Bits 1 << mode. */
unsigned mw_health_modes(const mw_health *h);
const char *mw_health_name(mw_health_mode m);
const char *mw_health_text(mw_health_mode m);
/* Puts a notice of the station into the spool; json: members of one object. Lost on a full disk. */
void mw_health_notice(mw_health *h, mw_slice json);
/* Seconds in a row without self_test, disk_full or no_radio; what an update is confirmed by. */
int64_t mw_health_good_for_s(const mw_health *h);

#endif
