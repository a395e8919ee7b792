/* SPDX-License-Identifier: Apache-2.0
 *
 * An electricity meter for those who read meters: every object of a profile has a value, profiles
 * are full, settings are kept (in memory). It measures nothing; what it shows follows from the time
 * and the serial number, so that a reader knows what it must get.
 */
#ifndef MW_TESTBENCH_COSEM_METER_H
#define MW_TESTBENCH_COSEM_METER_H

#include "meters/electricity/objects.h"

#define MW_COSEM_METER_IMAGE_MAX 65536

typedef struct mw_cosem_meter_keys {
    mw_key encryption, authentication, wrapping;
    char password[17];
} mw_cosem_meter_keys;

typedef struct mw_cosem_meter {
    mw_electric_objects objects; /* the context of the server's functions */
    mw_electric_model model;
    mw_cosem_device device;
    mw_cosem_meter_keys secret;
    mw_cosem_keys keys;
    mw_utc (*clock)(void);
    int64_t clock_shift_us;
    int64_t number[MW_ELECTRIC_NUMBERS];
    uint8_t text[MW_ELECTRIC_TEXTS][64], text_n[MW_ELECTRIC_TEXTS];
    mw_tariff_calendar calendar[2];
    bool waiting;
    mw_utc waiting_from;
    mw_electric_relay relay;
    mw_electric_limit limit[MW_ELECTRIC_LIMITERS];
    mw_electric_monitor monitor[MW_ELECTRIC_MONITORS];
    mw_electric_schedule schedule[MW_ELECTRIC_SCHEDULES];
    mw_electric_push push;
    uint32_t pushes;
    uint32_t cleared[MW_ELECTRIC_SCALERS]; /* profiles emptied */
    mw_utc captured;
    uint8_t policy;
    uint32_t sealed, least[256]; /* counters; of a client by SAP */
    unsigned failures;           /* passwords refused since the last good one */
    uint64_t random;
    mw_electric_image image;
    uint8_t image_bytes[MW_COSEM_METER_IMAGE_MAX];
    uint8_t image_has[MW_COSEM_METER_IMAGE_MAX / 128 / 8];
} mw_cosem_meter;

/* `clock` tells the time. MW_NOMEM from the keys. */
MW_NODISCARD mw_status mw_cosem_meter_init(mw_cosem_meter *m, const mw_electric_table *table,
                                           const mw_cosem_meter_keys *secret, uint32_t serial,
                                           mw_utc (*clock)(void));
void mw_cosem_meter_fini(mw_cosem_meter *m);
/* What a stored row holds in a column, for whoever compares. */
int64_t mw_cosem_meter_row_value(uint16_t which, mw_utc at);

#endif
