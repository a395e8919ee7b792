/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the fleet: fleet.c makes it, fleet_find.c looks through it.
 */
#ifndef MW_PLATFORM_API_FLEET_INTERNAL_H
#define MW_PLATFORM_API_FLEET_INTERNAL_H

#include "platform/api/fleet.h"

/* Bits of .states and their places among the values of MW_FLEET_STATE. "heard", "silent" and
 * "never" follow from last_seen and the moment of the question. */
enum {
    MW_FLEET_ESTIMATED = 1,
    MW_FLEET_FLAGGED = 2,
    MW_FLEET_UNINSTALLED = 4,
};

typedef struct mw_fleet_row {
    int64_t channel;
    int64_t device;
    uint64_t identity;
    int64_t seen_us; /* INT64_MIN = never */
    uint64_t senders;
    /* Offsets into the pool: texts end with NUL; `find` is all of them in lower case. */
    uint32_t serial, label, address, person, find;
    int32_t level_cdbm, snr_cdb;
    uint16_t model, medium;
    uint16_t area[MW_FLEET_AREAS]; /* index + 1, 0 = none */
    uint8_t number, states;
} mw_fleet_row;

/* Distinct texts, each with an optional name for people. */
typedef struct mw_fleet_words {
    uint32_t *at; /* offsets of the words */
    uint32_t *label;
    size_t n, room;
} mw_fleet_words;

typedef struct mw_fleet_place {
    int kind;
    uint32_t member; /* offset */
    uint16_t area;   /* index */
} mw_fleet_place;

struct mw_fleet {
    mw_utc made;
    mw_fleet_row *row; /* by serial number and channel */
    uint32_t *by_seen; /* rows, the last heard first, those never heard at the end by channel */
    size_t n, room;
    char *pool;
    size_t pool_n, pool_room;
    mw_fleet_words models, media, areas;
    mw_fleet_place *place; /* by kind and member */
    size_t places, places_room;
    char sender[MW_FLEET_SENDERS_MAX][MW_STORE_ID_MAX];
    unsigned senders;
};

static inline const char *mw_fleet_text(const mw_fleet *f, uint32_t at) {
    return f->pool + at;
}

/* Lower case of ASCII, Latin-1 and Cyrillic letters in UTF-8, in place: the same length. */
void mw_fleet_lower(char *text);

#endif
