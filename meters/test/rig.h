/* SPDX-License-Identifier: Apache-2.0
 *
 * A meter on the host board for tests: boots, steps through time, opens every frame it sends.
 */
#ifndef MW_METERS_TEST_RIG_H
#define MW_METERS_TEST_RIG_H

#include "meters/boards/host.h"
#include "meters/kit/meter.h"
#include "meters/pulse/pulse.h"
#include "meters/water/water.h"
#include "protocols/smp/smp.h"
#include "tests/harness/mw_test.h"

#define RIG_FRAMES_MAX 4096
#define RIG_HOURS_MAX  4096

typedef struct rig_frame {
    mw_meter_transmission tx;
    bool full;
    unsigned days, events, healths;
} rig_frame;

/* What the frames said about one hour of one channel. */
typedef struct rig_hour {
    bool known, disturbed;
    unsigned times; /* frames that carried it */
    int64_t value;
    int64_t reg; /* register at its end */
} rig_hour;

typedef struct rig {
    mw_host_flash nor;
    mw_flash nor_flash;
    mw_meter meter;
    const mw_meter_model *model;
    struct mw_update *update; /* of the board */
    mw_meter_provision provision;
    mw_crypto_ctx up;
    mw_mono now;
    mw_meter_outputs out;
    uint64_t steps;
    uint32_t base_hour; /* hour number of hours[][0] */
    rig_hour hours[2][RIG_HOURS_MAX];
    unsigned frames;
    rig_frame frame[RIG_FRAMES_MAX];
    mw_smp_event last_event;
    mw_smp_health last_health;
    mw_smp_day last_day;
    uint32_t highest_counter;
    bool any_counter;
} rig;

/* 2026-03-01T00:00:00Z */
#define RIG_START mw_utc_of_s(INT64_C(1772323200))

static inline void rig_boot(rig *r, mw_reset_cause cause, bool ticks_kept) {
    mw_board board = {.flash = mw_host_flash_interface(&r->nor),
                      .seed = 7 + r->steps,
                      .cause = cause,
                      .ticks_kept = ticks_kept,
                      .update = r->update};
    MW_CHECK_OK(mw_meter_boot(&r->meter, r->model, &r->provision, &board, r->now));
    r->out.next_wake = r->now;
}

static inline rig *rig_new(const mw_meter_model *model) {
    rig *r = calloc(1, sizeof *r);
    MW_CHECK(r != NULL);
    r->model = model;
    r->provision = (mw_meter_provision){.device_id = {1, 2, 3, 4, 5, 6, 7, 8},
                                        .address = 0x1001,
                                        .master_key = {9, 8, 7, 6, 5, 4, 3, 2, 1},
                                        .key_epoch = 1};
    MW_CHECK_OK(mw_unb_plan_find("demo", &r->provision.plan));
    MW_CHECK_OK(mw_host_flash_init(&r->nor, 4096, MW_METER_FLASH_SECTORS));
    r->nor_flash = mw_host_flash_interface(&r->nor);
    mw_key master, up;
    mw_device_id id;
    memcpy(master.b, r->provision.master_key, 16);
    memcpy(id.b, r->provision.device_id, 8);
    MW_CHECK_OK(mw_key_derive_device(&mw_crypto_own, &master, &id, 1, MW_KEY_UP, &up));
    MW_CHECK_OK(mw_crypto_init(&r->up, &mw_crypto_own, &up));
    r->base_hour = mw_meter_hour_of(&model->defaults, RIG_START);
    return r;
}

static inline void rig_free(rig *r) {
    mw_host_flash_fini(&r->nor);
    free(r);
}

static inline void rig_day(rig *r, const mw_smp_day *day) {
    r->last_day = *day;
    for (unsigned i = 0; i < day->hours; i++) {
        uint32_t hour = day->end_hour - day->hours + i;
        if (hour < r->base_hour || hour >= r->base_hour + RIG_HOURS_MAX)
            continue;
        rig_hour *h = &r->hours[day->channel][hour - r->base_hour];
        int64_t reg;
        MW_CHECK_OK(mw_smp_day_register_at(day, i + 1, &reg));
        if (h->known) {
            MW_CHECK_EQ(h->value, day->value[i]);
            MW_CHECK_EQ(h->reg, reg);
        }
        h->known = true;
        h->times++;
        h->disturbed = (day->disturbed >> i & 1) != 0;
        h->value = day->value[i];
        h->reg = reg;
    }
}

/* Opens the frame as a platform does and books what it says. */
static inline void rig_receive(rig *r, const mw_meter_transmission *tx) {
    MW_CHECK(r->frames < RIG_FRAMES_MAX);
    rig_frame *f = &r->frame[r->frames++];
    f->tx = *tx;
    mw_slice frame = {tx->payload, tx->payload_bytes};
    mw_smp_header h;
    MW_CHECK_OK(mw_smp_header_decode(frame, MW_SMP_UP, &h));
    MW_CHECK_EQ(h.address, r->provision.address);
    uint32_t counter = h.counter;
    if (!h.full)
        MW_CHECK_OK(mw_smp_counter_resolve(h.counter_low, r->highest_counter, &counter));
    MW_CHECK_EQ(counter, tx->counter);
    MW_CHECK(!r->any_counter || counter > r->highest_counter);
    r->any_counter = true;
    r->highest_counter = counter;
    f->full = h.full;
    uint8_t plain[MW_SMP_FRAME_MAX];
    mw_slice objects;
    MW_CHECK_OK(
        mw_smp_frame_open(&r->up, MW_SMP_UP, frame, 1, counter, MW_SPAN_OF(plain), &objects));
    mw_reader in = mw_reader_of(objects);
    mw_smp_object o;
    while (mw_smp_object_next(&in, &o) == MW_OK) {
        if (o.type == MW_SMP_DAY) {
            mw_smp_day day;
            MW_CHECK_OK(mw_smp_day_decode(o.body, &day));
            rig_day(r, &day);
            f->days++;
        } else if (o.type == MW_SMP_EVENT) {
            MW_CHECK_OK(mw_smp_event_decode(o.body, &r->last_event));
            f->events++;
        } else if (o.type == MW_SMP_HEALTH) {
            MW_CHECK_OK(mw_smp_health_decode(o.body, &r->last_health));
            f->healths++;
        }
    }
    MW_CHECK_OK(in.status);
}

/* One step at r->now. */
static inline mw_status rig_step(rig *r, const mw_meter_inputs *in) {
    mw_status s = mw_meter_step(&r->meter, r->now, in, &r->out);
    r->steps++;
    MW_CHECK(r->out.next_wake.ns > r->now.ns);
    if (r->out.transmit)
        rig_receive(r, &r->out.tx);
    return s;
}

/* Steps with nothing coming in until tick `to`, waking when the meter asks. */
static inline void rig_idle(rig *r, mw_mono to) {
    const mw_meter_inputs none = {0};
    while (r->out.next_wake.ns < to.ns) {
        r->now = r->out.next_wake;
        MW_CHECK_OK(rig_step(r, &none));
    }
    r->now = to;
}

/* Counts on one register at tick `at`. */
static inline void rig_count(rig *r, mw_mono at, unsigned index, uint32_t counts) {
    rig_idle(r, at);
    mw_meter_inputs in = {0};
    in.counts[index] = counts;
    MW_CHECK_OK(rig_step(r, &in));
}

static inline void rig_start(rig *r, mw_utc utc) {
    rig_boot(r, MW_RESET_POWER_ON, false);
    MW_CHECK_OK(mw_meter_clock_set(&r->meter, r->now, utc));
}

static inline mw_mono rig_tick(int64_t s) {
    return (mw_mono){s * MW_NS_PER_S};
}

#endif
