/* SPDX-License-Identifier: Apache-2.0
 *
 * Who lives in the town and which device measures what. Everything follows from the seed, so the
 * same seed gives the same town, keys included: this is a demonstration, its keys protect nothing.
 *
 * Homes are numbered 0..homes-1. Home h has water meter h. A pulse modem stands between two
 * neighbours: modem m counts the electricity of homes 2m (input 0) and 2m+1 (input 1). Electricity
 * meters, when there are some, hang in the last homes.
 */
#ifndef MW_TOWN_POPULATION_H
#define MW_TOWN_POPULATION_H

#include <stdio.h>

#include "crypto/keys.h"
#include "town/series.h"

#define MW_TOWN_HOMES_MAX    5000u
#define MW_TOWN_CHANNELS_MAX 2u
/* SGSC households in the data; a home plays one of them from its own week. */
#define MW_TOWN_HOUSEHOLDS_MAX 10u

typedef enum mw_town_model {
    MW_TOWN_WATER,       /* one channel: cold water, counted in mL, reported in L */
    MW_TOWN_PULSE,       /* two channels: electricity at 1000 imp/kWh, so a pulse is 1 Wh */
    MW_TOWN_ELECTRIC_1P, /* the electricity meters, with radio or pushing */
    MW_TOWN_ELECTRIC_3P,
} mw_town_model;

typedef struct mw_town_device {
    uint64_t device_id;
    uint32_t network_address;
    mw_key master_key;
    mw_town_model model;
    uint32_t number;   /* within its model */
    uint32_t channels; /* used inputs */
    uint32_t home[MW_TOWN_CHANNELS_MAX];
    size_t household[MW_TOWN_CHANNELS_MAX]; /* which recorded household, for electricity */
    int64_t offset_weeks[MW_TOWN_CHANNELS_MAX];
    mw_key encryption, authentication; /* COSEM keys of electricity meters */
    bool pushes;                       /* reports by TCP instead of radio */
} mw_town_device;

static inline bool mw_town_device_is_electric(const mw_town_device *d) {
    return d->model == MW_TOWN_ELECTRIC_1P || d->model == MW_TOWN_ELECTRIC_3P;
}

typedef struct mw_town_population {
    uint64_t seed;
    bool beacons; /* the network has a group key, which every meter has from production */
    uint32_t homes;
    const char *time_zone; /* IANA name; borrowed */
    mw_town_device *devices;
    size_t count;
} mw_town_population;

/* Settles `water` homes with a water meter each, and `modems` pulse modems for the first of them.
 * MW_RANGE when 2 * modems exceeds the homes or a maximum is exceeded, MW_NOMEM. */
MW_NODISCARD mw_status mw_town_population_open(uint64_t seed, uint32_t water, uint32_t modems,
                                               size_t households, const char *time_zone,
                                               mw_town_population *out_population);
/* Adds electricity meters to the last homes, which no modem counts: single-phase and three-phase in
 * turn, two with radio and two that push. Their identities are their COSEM system titles. MW_RANGE
 * when there are not so many homes, MW_NOMEM. */
MW_NODISCARD mw_status mw_town_population_electricity(mw_town_population *p, uint32_t meters,
                                                      size_t households);
/* The key that the network's broadcasts are sealed with, made from the seed. */
mw_key mw_town_population_group_master(const mw_town_population *p);
void mw_town_population_close(mw_town_population *p);

/* Writes the provisioning file of the platform, one JSON object a device. MW_IO. */
MW_NODISCARD mw_status mw_town_population_write(const mw_town_population *p, FILE *f);

#endif
