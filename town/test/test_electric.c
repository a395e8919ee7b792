/* SPDX-License-Identifier: Apache-2.0
 *
 * Electricity meters of the town: the real firmware, by radio and by push, against what flowed.
 */
#include <stdio.h>

#include "protocols/cosem/apdu.h"
#include "protocols/smp/smp.h"
#include "tests/harness/mw_test.h"
#include "town/virtual_meter.h"

#define START_S INT64_C(1795305600) /* 2026-11-22 */
#define HOURS   14

static mw_town_series series[MW_TOWN_HOUSEHOLDS_MAX], loads[MW_TOWN_LOADS];
static mw_town_population town;
static mw_town_terms terms;
static size_t households;

typedef struct book {
    int64_t reg[HOURS + 4], value[HOURS + 4];
    int64_t first;
    size_t n;
} book;

static void tell(void *context, const mw_town_truth *t) {
    book *b = context;
    MW_CHECK(b->n < HOURS + 4);
    if (b->n == 0)
        b->first = mw_utc_floor_s(t->hour_end) / 3600;
    b->reg[b->n] = t->reg;
    b->value[b->n++] = t->value;
}

static const mw_town_device *device_of(mw_town_model model, bool pushes) {
    for (size_t i = 0; i < town.count; i++)
        if (town.devices[i].model == model && town.devices[i].pushes == pushes)
            return &town.devices[i];
    return NULL;
}

static int setup(void **state) {
    (void)state;
    const char *folder = getenv("MW_TEST_CONSUMPTION");
    MW_CHECK(folder != NULL);
    MW_CHECK_OK(
        mw_town_series_open_households(folder, series, MW_TOWN_HOUSEHOLDS_MAX, &households));
    MW_CHECK_OK(mw_town_series_open_loads(folder, loads));
    MW_CHECK_OK(mw_town_population_open(3, 8, 2, households, "Europe/Rome", &town));
    MW_CHECK_OK(mw_town_population_electricity(&town, 4, households));
    MW_CHECK_EQ(town.count, 14);
    terms = (mw_town_terms){.households = series,
                            .loads = loads,
                            .start = mw_utc_of_s(START_S),
                            .billing_hour = 12,
                            .jitter_s = 600};
    MW_CHECK_OK(mw_unb_plan_find("eu434", &terms.plan));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_town_population_close(&town);
    for (size_t i = 0; i < households; i++)
        mw_town_series_close(&series[i]);
    for (size_t i = 0; i < MW_TOWN_LOADS; i++)
        mw_town_series_close(&loads[i]);
    return 0;
}

/* ---- what they are fed with ---- */

/* Sums of the files as published; the two days of the house in Sceaux make a week of seven. */
MW_TEST(recorded_loads_are_read_whole) {
    const struct {
        size_t count;
        int64_t amount, reactive;
    } expected[MW_TOWN_LOADS] = {{10080, 12145224, 1008960}, {57066, 20192871711, 0}};
    for (size_t i = 0; i < MW_TOWN_LOADS; i++) {
        int64_t amount = 0, reactive = 0;
        for (size_t k = 0; k < loads[i].count; k++) {
            amount += loads[i].draws[k].amount;
            reactive += loads[i].draws[k].reactive;
        }
        MW_CHECK_EQ(loads[i].count, expected[i].count);
        MW_CHECK_EQ(amount, expected[i].amount);
        MW_CHECK_EQ(reactive, expected[i].reactive);
    }
    MW_CHECK_EQ(loads[MW_TOWN_LOAD_MINUTES].weeks, 1);
}

/* ---- by radio ---- */

static unsigned day_check(const mw_town_device *d, const mw_meter_transmission *tx, const book *b) {
    mw_device_id id;
    for (unsigned i = 0; i < sizeof id.b; i++)
        id.b[i] = (uint8_t)(d->device_id >> (56 - 8 * i));
    mw_key up;
    mw_crypto_ctx ctx;
    uint8_t memory[MW_SMP_FRAME_MAX];
    mw_slice objects;
    unsigned hours = 0;
    MW_CHECK_OK(mw_key_derive_device(&mw_crypto_own, &d->master_key, &id, 0, MW_KEY_UP, &up));
    MW_CHECK_OK(mw_crypto_init(&ctx, &mw_crypto_own, &up));
    MW_CHECK_OK(mw_smp_frame_open(&ctx, MW_SMP_UP, (mw_slice){tx->payload, tx->payload_bytes}, 0,
                                  tx->counter, MW_SPAN_OF(memory), &objects));
    mw_crypto_fini(&ctx);
    mw_reader r = mw_reader_of(objects);
    mw_smp_object object;
    while (mw_smp_object_next(&r, &object) == MW_OK) {
        mw_smp_day day;
        if (object.type != MW_SMP_DAY)
            continue;
        MW_CHECK_OK(mw_smp_day_decode(object.body, &day));
        int64_t end = mw_utc_floor_s(mw_smp_utc_of_hour(day.end_hour, day.grid)) / 3600;
        size_t at = (size_t)(end - b->first);
        MW_CHECK_EQ(day.reg, b->reg[at]);
        for (unsigned i = 0; i < day.hours && i < at; i++)
            MW_CHECK_EQ(day.value[day.hours - 1 - i], b->value[at - i]);
        hours += day.hours;
    }
    return hours;
}

static void by_radio(mw_town_model model) {
    static mw_town_meter m;
    book b = {.n = 0};
    unsigned hours = 0, frames = 0;
    const mw_town_device *d = device_of(model, false);
    MW_CHECK_OK(mw_town_meter_init(&m, d, 3, &terms));
    mw_town_meter_tell_start(&m, tell, &b);
    while (mw_town_meter_wake(&m).us < (START_S + HOURS * 3600) * MW_US_PER_S) {
        mw_meter_outputs out = {0};
        if (mw_town_meter_hears(&m)) {
            mw_town_meter_window_end(&m);
            continue;
        }
        MW_CHECK_OK(mw_town_meter_step(&m, tell, &b, &out));
        if (!out.transmit)
            continue;
        hours += day_check(d, &out.tx, &b);
        frames++;
    }
    printf("%s: %u frames, %u hours, %lld Wh\n", m.model.name, frames, hours,
           (long long)b.reg[b.n - 1]);
    MW_CHECK(frames >= 1 && hours >= 12);
    MW_CHECK(b.reg[b.n - 1] > 500);
    /* A command over the radio opens the relay: nothing flows, nothing is counted. */
    int64_t used = m.electric->used_uws;
    mw_town_electric_relay(m.electric, false);
    MW_CHECK(!mw_electric_meter_supply_on(&m.electric->meter));
    (void)mw_town_electric_counts(m.electric);
    for (unsigned i = 0; i < 100; i++)
        mw_town_electric_second(m.electric, mw_mono_add(m.electric->second, mw_dur_s(1)),
                                mw_utc_of_s(START_S));
    MW_CHECK_EQ(m.electric->used_uws, used);
    MW_CHECK_EQ(mw_town_electric_counts(m.electric), 0);
    mw_town_meter_fini(&m);
}

MW_TEST(meters_with_radio_report_what_flowed) {
    by_radio(MW_TOWN_ELECTRIC_1P);
    by_radio(MW_TOWN_ELECTRIC_3P);
}

/* ---- by push ---- */

/* What the platform answers (docs/integrators.md). */
static size_t confirmation(mw_town_electric *e, const mw_town_report *r, mw_span out) {
    static const mw_cosem_title title = {{'M', 'W', 'K', 'P', 'U', 'S', 'H', 1}};
    uint8_t plain[16];
    size_t n = 0, size = 0;
    mw_cosem_apdu a = {.kind = MW_COSEM_DATA_NOTIFICATION_CONFIRM, .invoke = r->counter};
    MW_CHECK_OK(mw_cosem_apdu_encode(&a, MW_SPAN_OF(plain), &n));
    MW_CHECK_OK(mw_cosem_protect(&e->meter.keys, MW_COSEM_GENERAL_GLO, 0x30, &title, r->counter,
                                 (mw_slice){plain, n}, out, &size));
    return size;
}

static void report_check(mw_town_electric *e, const mw_town_report *r, const book *b) {
    uint8_t plain[MW_ELECTRIC_REPORT_MAX];
    size_t n = 0;
    mw_cosem_ciphered c;
    mw_cosem_apdu a;
    mw_cosem_value v;
    mw_cosem_open_options o = {.required = 0x30};
    MW_CHECK_OK(mw_cosem_ciphered_decode((mw_slice){r->bytes, r->n}, &c));
    MW_CHECK_OK(
        mw_cosem_unprotect(&e->meter.keys, &e->meter.device.title, &c, &o, MW_SPAN_OF(plain), &n));
    MW_CHECK_OK(mw_cosem_apdu_decode((mw_slice){plain, n}, 0, &a));
    MW_CHECK_EQ(a.kind, MW_COSEM_DATA_NOTIFICATION);
    size_t at = (size_t)(mw_utc_floor_s(r->end) / 3600 - b->first);
    int64_t numbers[16];
    size_t count = 0;
    mw_cosem_cursor cursor = mw_cosem_cursor_of(a.item.data, 0);
    while (mw_cosem_cursor_next(&cursor, &v) == MW_OK)
        if (v.tag == MW_COSEM_UINT32 && count < 16)
            numbers[count++] = v.number;
    /* The register, the period and the values, oldest first. */
    MW_CHECK_EQ(count, 2 + r->hours);
    MW_CHECK_EQ(numbers[0], b->reg[at]);
    MW_CHECK_EQ(numbers[1], 3600);
    for (unsigned i = 0; i < r->hours; i++)
        MW_CHECK_EQ(numbers[count - 1 - i], b->value[at - i]);
}

MW_TEST(meters_without_radio_push_what_flowed_until_it_is_confirmed) {
    static mw_town_meter m;
    book b = {.n = 0};
    uint8_t answer[64];
    unsigned reports = 0;
    const mw_town_device *d = device_of(MW_TOWN_ELECTRIC_3P, true);
    MW_CHECK_OK(mw_town_meter_init(&m, d, 3, &terms));
    /* The system title that the firmware makes is the identity that the platform is told. */
    for (unsigned i = 0; i < 8; i++)
        MW_CHECK_EQ(m.electric->meter.device.title.b[i], (uint8_t)(d->device_id >> (56 - 8 * i)));
    mw_town_meter_tell_start(&m, tell, &b);
    while (mw_town_meter_wake(&m).us < (START_S + HOURS * 3600) * MW_US_PER_S) {
        mw_meter_outputs out = {0};
        MW_CHECK_OK(mw_town_meter_step(&m, tell, &b, &out));
        MW_CHECK(!out.transmit);
        const mw_town_report *r = mw_town_electric_pending(m.electric);
        if (r == NULL)
            continue;
        report_check(m.electric, r, &b);
        size_t n = confirmation(m.electric, r, MW_SPAN_OF(answer));
        mw_town_report done;
        answer[n - 1] ^= 1; /* somebody else's */
        MW_CHECK_STATUS(mw_town_electric_confirm(m.electric, (mw_slice){answer, n}, &done),
                        MW_AUTH);
        answer[n - 1] ^= 1;
        MW_CHECK_OK(mw_town_electric_confirm(m.electric, (mw_slice){answer, n}, &done));
        reports++;
    }
    MW_CHECK_EQ(reports, 2);
    MW_CHECK(mw_town_electric_pending(m.electric) == NULL);
    mw_town_meter_fini(&m);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        cmocka_unit_test(recorded_loads_are_read_whole),
        cmocka_unit_test(meters_with_radio_report_what_flowed),
        cmocka_unit_test(meters_without_radio_push_what_flowed_until_it_is_confirmed),
    };
    return cmocka_run_group_tests(cases, setup, teardown);
}
