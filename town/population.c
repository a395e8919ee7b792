/* SPDX-License-Identifier: Apache-2.0 */
#include "town/population.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/prng.h"

/* Device identities of the town: "MWTW" in the upper half, model and number in the lower. */
#define IDENTITY_PREFIX UINT64_C(0x4D57545700000000)
#define FIRST_ADDRESS   0x1000u
/* Weeks beyond any series' length only go round again. */
#define OFFSET_WEEKS_MAX 520u

static const char *const first_names[] = {
    "Anna",  "Boris", "Clara", "Dimitar", "Elena", "Farid", "Greta", "Hugo",   "Ivana", "Jonas",
    "Katya", "Luca",  "Maria", "Nikolay", "Olga",  "Pavel", "Rosa",  "Stefan", "Tanja", "Viktor",
};
static const char *const last_names[] = {
    "Andreou", "Berger",  "Conti",   "Dimitrova", "Esposito", "Fischer", "Georgiev",
    "Horvat",  "Ivanova", "Jansen",  "Kovacs",    "Lefebvre", "Moreau",  "Novak",
    "Petrov",  "Rossi",   "Schmidt", "Todorova",  "Weber",
};
static const char *const streets[] = {
    "Linden Street", "Mill Lane",   "Harbour Road",  "Station Square",
    "Orchard Way",   "Castle Hill", "Bridge Street",
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void fill_device(mw_town_device *d, const mw_town_population *p, size_t households) {
    mw_prng g = mw_prng_of_stream(p->seed, d->device_id);
    for (size_t i = 0; i < sizeof d->master_key.b; i++)
        d->master_key.b[i] = (uint8_t)mw_prng_below(&g, 256);
    for (uint32_t c = 0; c < d->channels; c++) {
        d->household[c] = mw_prng_below(&g, households);
        d->offset_weeks[c] = (int64_t)mw_prng_below(&g, OFFSET_WEEKS_MAX);
    }
}

mw_status mw_town_population_open(uint64_t seed, uint32_t water, uint32_t modems, size_t households,
                                  const char *time_zone, mw_town_population *out_population) {
    mw_assert(households > 0);
    if (water == 0 || water > MW_TOWN_HOMES_MAX || modems > water / 2)
        return MW_RANGE;
    mw_town_population p = {.seed = seed, .homes = water, .time_zone = time_zone};
    p.devices = calloc((size_t)water + modems, sizeof *p.devices);
    if (p.devices == NULL)
        return MW_NOMEM;
    for (uint32_t i = 0; i < water + modems; i++) {
        mw_town_device *d = &p.devices[p.count++];
        bool is_water = i < water;
        d->model = is_water ? MW_TOWN_WATER : MW_TOWN_PULSE;
        d->number = is_water ? i : i - water;
        d->channels = is_water ? 1 : 2;
        d->device_id = IDENTITY_PREFIX | (uint64_t)d->model << 24 | d->number;
        d->network_address = FIRST_ADDRESS + i;
        for (uint32_t c = 0; c < d->channels; c++)
            d->home[c] = is_water ? d->number : 2 * d->number + c;
        fill_device(d, &p, households);
    }
    *out_population = p;
    return MW_OK;
}

/* System titles "MWX", 0 and the serial number, as the firmware makes them. */
#define ELECTRIC_PREFIX UINT64_C(0x4D57580000000000)

static void fill_electric(mw_town_device *d, const mw_town_population *p, uint32_t number,
                          size_t households) {
    *d = (mw_town_device){.device_id = ELECTRIC_PREFIX | (number + 1),
                          .network_address = FIRST_ADDRESS + (uint32_t)p->count,
                          .model = number % 2 == 0 ? MW_TOWN_ELECTRIC_1P : MW_TOWN_ELECTRIC_3P,
                          .number = number,
                          .channels = 1,
                          .home = {p->homes - 1 - number},
                          .pushes = number % 4 >= 2};
    fill_device(d, p, households);
    mw_prng g = mw_prng_of_stream(p->seed ^ 0xC05E, d->device_id);
    for (size_t i = 0; i < sizeof d->encryption.b; i++) {
        d->encryption.b[i] = (uint8_t)mw_prng_below(&g, 256);
        d->authentication.b[i] = (uint8_t)mw_prng_below(&g, 256);
    }
}

mw_status mw_town_population_electricity(mw_town_population *p, uint32_t meters,
                                         size_t households) {
    uint32_t modems = (uint32_t)p->count - p->homes;
    if (meters > p->homes - 2 * modems)
        return MW_RANGE;
    mw_town_device *more = realloc(p->devices, (p->count + meters) * sizeof *more);
    if (more == NULL)
        return MW_NOMEM;
    p->devices = more;
    for (uint32_t i = 0; i < meters; i++) {
        fill_electric(&p->devices[p->count], p, i, households);
        p->count++;
    }
    return MW_OK;
}

void mw_town_population_close(mw_town_population *p) {
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->count; i++)
        mw_bytes_wipe(&p->devices[i].master_key, sizeof p->devices[i].master_key);
    free(p->devices);
    *p = (mw_town_population){0};
}

/* ---- the provisioning file ---- */

static void write_channel(const mw_town_population *p, const mw_town_device *d, uint32_t c,
                          FILE *f) {
    uint32_t home = d->home[c];
    bool is_water = d->model == MW_TOWN_WATER;
    const char *first = first_names[home % COUNT(first_names)];
    const char *last = last_names[home % COUNT(last_names)];
    fprintf(f,
            "%s{\"number\":%" PRIu32
            ",\"medium\":\"%s\",\"obis\":\"%s\",\"unit\":\"%s\",\"scale\":0,"
            "\"register_digits\":%d,\"label\":\"%s\",",
            c == 0 ? "" : ",", c, is_water ? "water" : "electricity",
            is_water ? "8-0:1.0.0*255" : "1-0:1.8.0*255", is_water ? "L" : "Wh", is_water ? 8 : 9,
            is_water ? "Cold water" : "Electricity");
    fprintf(f,
            "\"usage_point\":{\"id\":\"up-%04" PRIu32 "-%c\",\"address\":\"%s %" PRIu32
            ", flat %" PRIu32 "\",\"time_zone\":\"%s\",",
            home, is_water ? 'w' : 'e', streets[home / 20 % COUNT(streets)], home / 4 % 20 + 1,
            home % 4 + 1, p->time_zone);
    fprintf(f, "\"customer\":{\"id\":\"cu-%04" PRIu32 "\",\"name\":\"%s %s\",\"login\":\"", home,
            first, last);
    /* Logins are the first names in lower case, numbered from the second of a name on. */
    fputc(first[0] | 0x20, f);
    fputs(first + 1, f);
    if (home >= COUNT(first_names))
        fprintf(f, "%zu", home / COUNT(first_names) + 1);
    fputs("\"}}}", f);
}

mw_key mw_town_population_group_master(const mw_town_population *p) {
    mw_prng g = mw_prng_of_stream(p->seed, IDENTITY_PREFIX);
    mw_key key;
    for (size_t i = 0; i < sizeof key.b; i++)
        key.b[i] = (uint8_t)mw_prng_below(&g, 256);
    return key;
}

static void write_key(const mw_key *key, FILE *f) {
    for (size_t i = 0; i < sizeof key->b; i++)
        fprintf(f, "%02x", key->b[i]);
}

static void write_group(const mw_town_population *p, FILE *f) {
    mw_key master = mw_town_population_group_master(p);
    fputs("{\"tenant\":\"demo\",\"group\":{\"master\":\"", f);
    write_key(&master, f);
    fputs("\",\"key_epoch\":0}}\n", f);
    mw_bytes_wipe(&master, sizeof master);
}

mw_status mw_town_population_write(const mw_town_population *p, FILE *f) {
    if (p->beacons)
        write_group(p, f);
    for (size_t i = 0; i < p->count; i++) {
        const mw_town_device *d = &p->devices[i];
        static const char *const models[] = {"water-r160", "pulse-2", "electricity-1p",
                                             "electricity-3p"};
        static const char letters[] = "WPEE";
        fprintf(
            f,
            "{\"tenant\":\"demo\",\"device_id\":\"%016" PRIx64 "\",\"serial\":\"MW-%c-%06" PRIu32
            "\",\"model\":\"%s\",\"network_address\":%" PRIu32 ",\"master_key\":\"",
            d->device_id, letters[d->model], d->number + 1, models[d->model], d->network_address);
        write_key(&d->master_key, f);
        if (mw_town_device_is_electric(d)) {
            fputs("\",\"cosem\":{\"encryption_key\":\"", f);
            write_key(&d->encryption, f);
            fputs("\",\"authentication_key\":\"", f);
            write_key(&d->authentication, f);
            fputs("\"},\"channels\":[", f);
        } else {
            fputs("\",\"channels\":[", f);
        }
        for (uint32_t c = 0; c < d->channels; c++)
            write_channel(p, d, c, f);
        fputs("]}\n", f);
    }
    return ferror(f) ? MW_IO : MW_OK;
}
