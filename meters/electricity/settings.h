/* SPDX-License-Identifier: Apache-2.0
 *
 * What people may set in an electricity meter, as one record that is stored whole: a setting counts
 * when all of it is in flash, and after a power cut it is the old one or the new one.
 */
#ifndef MW_METERS_ELECTRICITY_SETTINGS_H
#define MW_METERS_ELECTRICITY_SETTINGS_H

#include "meters/electricity/objects.h"

#define MW_ELECTRIC_POINT_MAX    48
#define MW_ELECTRIC_MESSAGE_MAX  64
#define MW_ELECTRIC_PASSWORD_MAX 16
#define MW_ELECTRIC_PASSWORDS    2 /* reader, configurator */
#define MW_ELECTRIC_MASKS        3 /* display, push, relay */
/* Profiles whose rows can be cleared: three load profiles, daily, monthly, and the logs. */
#define MW_ELECTRIC_CLEARABLE (5 + 16)

typedef struct mw_electric_line_text {
    uint8_t n;
    uint8_t b[MW_ELECTRIC_MESSAGE_MAX];
} mw_electric_line_text;

/* Keys by the kind of mw_electric_model.key_set; kind 1, broadcast, is kept and not yet used. */
#define MW_ELECTRIC_KEYS 4

typedef struct mw_electric_settings {
    uint16_t load_period_min[3]; /* the first two are one profile: equal */
    uint16_t demand_period_min;
    uint64_t event_mask[MW_ELECTRIC_MASKS];
    int64_t sag_mv, swell_mv, cut_mv;
    int64_t tan_phi_milli, unbalance_ppm;
    int64_t monitor_limit[MW_ELECTRIC_MONITORS];
    bool credit_on; /* the relay opens when A+ reaches credit_until_wh */
    int64_t credit_until_wh;
    uint8_t off_tariffs; /* bit n: the relay is open in tariff n + 1 */
    uint8_t push_port, wrapper_transport, image_lock;
    uint8_t line_speed[2];
    uint16_t address[2], inter_octet_ms[2], inactivity_s[2];
    uint8_t relay_mode;
    uint8_t policy;
    mw_electric_limit limit[MW_ELECTRIC_LIMITERS];
    mw_electric_monitor monitor[MW_ELECTRIC_MONITORS];
    mw_electric_schedule schedule[MW_ELECTRIC_SCHEDULES];
    mw_electric_push push;
    mw_electric_line_text point, message_code, message;
    mw_key key[MW_ELECTRIC_KEYS];
    mw_electric_line_text password[MW_ELECTRIC_PASSWORDS];
    uint32_t cleared[MW_ELECTRIC_CLEARABLE]; /* rows with a lower number are not shown */
    uint32_t programmed;                     /* how often anything was set */
    uint32_t programmed_at_s;                /* UTC; 0: never */
} mw_electric_settings;

#define MW_ELECTRIC_SETTINGS_BYTES 1152

void mw_electric_settings_encode(const mw_electric_settings *s,
                                 uint8_t out[MW_ELECTRIC_SETTINGS_BYTES]);
/* MW_UNSUPPORTED: another version; MW_SYNTAX: lengths that cannot be. */
MW_NODISCARD mw_status mw_electric_settings_decode(const uint8_t in[MW_ELECTRIC_SETTINGS_BYTES],
                                                   mw_electric_settings *out);

#endif
