/* SPDX-License-Identifier: Apache-2.0
 *
 * What distinguishes one meter from another of the same firmware: the model (a constant table of
 * its type), the provision (written at production) and the configuration (may change in the field).
 */
#ifndef MW_METERS_KIT_CONFIG_H
#define MW_METERS_KIT_CONFIG_H

#include "base/bytes.h"
#include "base/units.h"
#include "meters/kit/charge.h"
#include "protocols/unb/plan.h"

/* Registers of one meter: water has forward and reverse, the pulse modem one per input. */
#define MW_METER_REGISTERS_MAX 2

/* Largest sensor count a register may hold; with factors up to 1,000,000 products stay in int64. */
#define MW_METER_COUNTS_MAX (INT64_C(1) << 40)

/* value on the air = initial + floor(counts * numerator / denominator), in the model's unit.
 * The register itself keeps counts, so nothing is ever rounded away. */
typedef struct mw_meter_scale {
    uint32_t numerator;   /* 1..1,000,000 */
    uint32_t denominator; /* 1..1,000,000 */
    int64_t initial;      /* index of the metered device at installation, 0..10^15 */
} mw_meter_scale;

typedef struct mw_meter_config {
    uint16_t grid_offset_min; /* hours begin this many minutes after the UTC hour: 0, 15, 30, 45 */
    uint8_t billing_hour;     /* a day begins with this hour of the grid, 0..23 */
    uint8_t report_period_h;  /* 1, 3, 6, 12 or 24 */
    uint16_t jitter_s;        /* reports spread over this window, 60..report period */
    uint8_t copies;           /* 1..3 bit-identical transmissions of each frame */
    uint8_t rate;             /* mw_unb_rate; the plan must have an uplink band for it */
    uint8_t overlap;          /* 1: hours are sent again with the next report; 0: once */
    uint8_t active;           /* bit i: register i is connected and reported */
    uint16_t burst;           /* more than this in an hour is a burst, model's unit; 0: off */
    uint8_t leak;             /* at least this in each of 24 hours is a leak; 0: off */
    uint16_t battery_low_mv;  /* 0: the model's; else 1000..5100 in steps of 20 */
    uint8_t beacon;           /* listens in every n-th beacon slot of the plan; 0: never */
    uint8_t no_flow_days;     /* so many days without any flow are told; 0: off */
    uint8_t carrier;          /* mw_carrier: the module that the board has */
    uint8_t adaptive;         /* steps back after so many days without a downlink, 0..60; 0: off */
    mw_meter_scale scale[MW_METER_REGISTERS_MAX];
} mw_meter_config;

/* The constant table of a meter type. */
typedef struct mw_meter_model {
    const char *name;       /* such as "water-r160", as the platform's registry has it */
    mw_unit unit;           /* of values on the air */
    uint8_t register_count; /* 1..MW_METER_REGISTERS_MAX */
    uint8_t hourly;         /* bit i: register i is reported hour by hour; else its total alone */
    uint8_t reverse;        /* bit i: register i counts flow the wrong way */
    uint8_t channel[MW_METER_REGISTERS_MAX]; /* channel number on the air */
    uint32_t snapshot_counts; /* a sudden cut loses fewer counts than this per register */
    uint8_t firmware[3];      /* major, minor, patch */
    uint16_t battery_low_mv;
    mw_charge_model charge;
    bool dry;   /* carries gas: frost harms nothing and is not reported */
    bool relay; /* has a relay or valve that follows mw_meter_outputs.relay */
    mw_meter_config defaults;
} mw_meter_model;

/* What production and installation write once. */
typedef struct mw_meter_provision {
    uint8_t device_id[8];
    uint32_t address; /* short air address given by the network */
    uint8_t master_key[16];
    uint32_t key_epoch;
    const mw_unb_plan *plan; /* frequency plan of the country; must outlive the meter */
    /* The group whose downlinks it takes; group 0: none until a command brings a key. */
    uint32_t group;
    uint32_t group_epoch;
    uint8_t group_key[16];
    bool sealed; /* production has ended: what meters/kit/seal.h guards is guarded from now on */
    /* What the meter begins with where it has no configuration yet; else the model's defaults. */
    bool config_known;
    mw_meter_config config;
} mw_meter_provision;

/* MW_RANGE when any field is outside its limits; nothing is repaired silently. */
MW_NODISCARD mw_status mw_meter_config_check(const mw_meter_config *c, const mw_meter_model *model,
                                             const mw_unb_plan *plan);

/* Fixed form for flash. Decoding checks the length and version only: MW_SHORT, MW_UNSUPPORTED. */
#define MW_METER_CONFIG_PAYLOAD 56
void mw_meter_config_encode(const mw_meter_config *c, uint8_t out[MW_METER_CONFIG_PAYLOAD]);
MW_NODISCARD mw_status mw_meter_config_decode(mw_slice in, mw_meter_config *out_config);

/* One value by its key (MW_SMP_KEY_*). Setting does not check against the other fields: set all
 * keys of a change in a copy, then mw_meter_config_check. MW_NOT_FOUND for an unknown key;
 * MW_RANGE when the value cannot stand in the field. */
MW_NODISCARD mw_status mw_meter_config_get(const mw_meter_config *c, uint16_t key,
                                           int64_t *out_value);
MW_NODISCARD mw_status mw_meter_config_put(mw_meter_config *c, uint16_t key, int64_t value);

/* Whether a day, or a report period, begins at this hour boundary (SMP hour number). */
bool mw_meter_config_day_begins(const mw_meter_config *c, uint32_t hour);
bool mw_meter_config_period_ends(const mw_meter_config *c, uint32_t hour);

#endif
