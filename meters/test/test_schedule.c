/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "electric_rig.h"
#include "meters/electricity/radio.h"
#include "protocols/tariff/schedule.h"

static mw_schedule radio;

static mw_tariff_calendar calendar_named(const char *name, unsigned tariff) {
    mw_tariff_calendar c;
    mw_tariff_calendar_init(&c);
    memcpy(c.name, name, strlen(name));
    c.programs = 9;
    for (unsigned p = 0; p < c.programs; p++)
        for (unsigned z = 0; z < MW_TARIFF_ZONES; z++)
            mw_tariff_program_set(c.program[p], z, (uint8_t)(z % 2 == 0 ? tariff : p % 8));
    return c;
}

static mw_status part_send(mw_slice schedule, uint8_t session, unsigned number) {
    mw_smp_schedule_part part;
    mw_smp_command c = {.code = MW_SMP_COMMAND_SCHEDULE};
    MW_CHECK_OK(mw_smp_schedule_cut(schedule, session, number, &part));
    mw_smp_schedule_put(&part, &c);
    return mw_schedule_part(&radio, &c);
}

static int64_t key(uint16_t k) {
    int64_t value = -1;
    MW_CHECK_OK(mw_schedule_key_get(&radio, k, &value));
    return value;
}

static uint32_t seconds(int64_t utc_s) {
    uint32_t s = 0;
    MW_CHECK_OK(mw_smp_seconds_of_utc(mw_utc_of_s(utc_s), &s));
    return s;
}

static size_t encode(const mw_tariff_calendar *base, const mw_tariff_calendar *to,
                     int64_t from_utc_s, uint8_t out[MW_TARIFF_SCHEDULE_MAX]) {
    uint32_t from_s = from_utc_s != 0 ? seconds(from_utc_s) : 0;
    size_t n = 0;
    MW_CHECK_OK(
        mw_tariff_schedule_encode(base, to, from_s, (mw_span){out, MW_TARIFF_SCHEDULE_MAX}, &n));
    return n;
}

/* Parts in any order, some again; the last completes it. It waits for its moment, keeps waiting over
 * a power failure, and comes into force then. */
static void test_parts_in_any_order(void **state) {
    (void)state;
    mw_prng g = mw_prng_of_stream(7, 7);
    uint8_t bytes[MW_TARIFF_SCHEDULE_MAX];
    mw_tariff_calendar to = calendar_named("SUMMER", 3);
    rig_open(&mw_electric_single_phase);
    mw_electric_radio_schedule(&r.meter, &radio);
    int64_t from = RIG_START_S + 3600;
    size_t n = encode(NULL, &to, from, bytes);
    unsigned parts = mw_smp_schedule_parts(n), left = parts;
    uint64_t sent = 0;
    MW_CHECK(parts > 3);
    while (left > 0) {
        unsigned p = (unsigned)mw_prng_below(&g, parts);
        left -= (sent >> p & 1) == 0;
        sent |= UINT64_C(1) << p;
        MW_CHECK_OK(part_send((mw_slice){bytes, n}, 5, p));
        MW_CHECK_EQ(key(MW_SMP_KEY_SCHEDULE_MISSING),
                    left == 0 ? 0 : (int64_t)(((UINT64_C(1) << parts) - 1) & ~sent));
    }
    MW_CHECK_EQ(key(MW_SMP_KEY_SCHEDULE), mw_tariff_calendar_checksum(&to));
    MW_CHECK_EQ(key(MW_SMP_KEY_SCHEDULE_FROM), seconds(from));
    rig_run(60);
    MW_CHECK_OK(rig_boot(true));
    mw_electric_radio_schedule(&r.meter, &radio);
    MW_CHECK_EQ(key(MW_SMP_KEY_SCHEDULE), mw_tariff_calendar_checksum(&to));
    MW_CHECK(memcmp(mw_electric_tariffs_calendar(&r.meter.tariffs)->name, "SUMMER", 6) != 0);
    rig_run(3600);
    MW_CHECK_EQ(key(MW_SMP_KEY_SCHEDULE_FROM), 0);
    MW_CHECK_EQ(memcmp(mw_electric_tariffs_calendar(&r.meter.tariffs)->name, "SUMMER", 6), 0);
    rig_close();
}

/* Changes to what is in force are few bytes, and only for who has it. */
static void test_changes(void **state) {
    (void)state;
    uint8_t bytes[MW_TARIFF_SCHEDULE_MAX];
    mw_tariff_calendar first = calendar_named("FIRST", 1), next = first;
    rig_open(&mw_electric_three_phase);
    mw_electric_radio_schedule(&r.meter, &radio);
    mw_tariff_program_set(next.program[0], 0, 6);
    size_t n = encode(&first, &next, 0, bytes);
    MW_CHECK_EQ(mw_smp_schedule_parts(n), 2);
    MW_CHECK_OK(part_send((mw_slice){bytes, n}, 1, 0));
    MW_CHECK_STATUS(part_send((mw_slice){bytes, n}, 1, 1), MW_STATE);
    size_t whole = encode(NULL, &first, 0, bytes);
    for (unsigned p = 0; p < mw_smp_schedule_parts(whole); p++)
        MW_CHECK_OK(part_send((mw_slice){bytes, whole}, 2, p));
    MW_CHECK_EQ(key(MW_SMP_KEY_SCHEDULE), mw_tariff_calendar_checksum(&first));
    n = encode(&first, &next, 0, bytes);
    for (unsigned p = 0; p < mw_smp_schedule_parts(n); p++)
        MW_CHECK_OK(part_send((mw_slice){bytes, n}, 3, p));
    MW_CHECK_EQ(key(MW_SMP_KEY_SCHEDULE), mw_tariff_calendar_checksum(&next));
    rig_close();
}

/* What was begun and not completed is forgotten for another session; what is no calendar changes
 * nothing. */
static void test_refused(void **state) {
    (void)state;
    uint8_t bytes[MW_TARIFF_SCHEDULE_MAX];
    mw_tariff_calendar to = calendar_named("BAD", 2);
    mw_smp_command c = {.code = MW_SMP_COMMAND_SCHEDULE};
    int64_t value;
    rig_open(&mw_electric_single_phase);
    mw_electric_radio_schedule(&r.meter, &radio);
    int64_t before = key(MW_SMP_KEY_SCHEDULE);
    size_t n = encode(NULL, &to, 0, bytes);
    MW_CHECK_OK(part_send((mw_slice){bytes, n}, 1, 1));
    bytes[n - 1] ^= 1;
    for (unsigned p = 0; p + 1 < mw_smp_schedule_parts(n); p++)
        MW_CHECK_OK(part_send((mw_slice){bytes, n}, 2, p));
    MW_CHECK_EQ(part_send((mw_slice){bytes, n}, 2, mw_smp_schedule_parts(n) - 1) != MW_OK, true);
    MW_CHECK_EQ(key(MW_SMP_KEY_SCHEDULE), before);
    MW_CHECK_STATUS(mw_schedule_part(NULL, &c), MW_NOT_FOUND);
    MW_CHECK_STATUS(mw_schedule_part(&radio, &c), MW_SHORT);
    c = (mw_smp_command){.code = MW_SMP_COMMAND_SCHEDULE, .size = 4, .data = {1, 3, 3, 0}};
    MW_CHECK_STATUS(mw_schedule_part(&radio, &c), MW_RANGE); /* there is no fourth of three */
    c = (mw_smp_command){.code = MW_SMP_COMMAND_SCHEDULE, .size = 4, .data = {1, 0, 3, 0}};
    MW_CHECK_STATUS(mw_schedule_part(&radio, &c), MW_RANGE); /* one before the last is full */
    MW_CHECK_STATUS(mw_schedule_key_get(NULL, MW_SMP_KEY_SCHEDULE, &value), MW_NOT_FOUND);
    rig_close();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts_in_any_order),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
