/* SPDX-License-Identifier: Apache-2.0
 *
 * The metrological seal: what it refuses, what it records, and that no cut of the power makes a
 * change that the record does not tell.
 */
#include "meters/kit/legal.h"
#include "meters/test/rig.h"

static rig *sealed_new(void) {
    rig *r = rig_new(&mw_pulse_2);
    r->provision.sealed = true;
    r->now = (mw_mono){10 * MW_NS_PER_S};
    rig_boot(r, MW_RESET_POWER_ON, false);
    return r;
}

static mw_status weight_set(rig *r, uint32_t denominator) {
    mw_meter_config c = *mw_meter_config_of(&r->meter);
    c.scale[0].denominator = denominator;
    return mw_meter_configure(&r->meter, r->now, &c);
}

/* What the record says of the pulse weight, and how many records there are. */
static int64_t weight_recorded(rig *r, uint32_t *out_records) {
    mw_audit_record a;
    uint32_t slot = 0, number, n = 0;
    int64_t value = -1;
    while (mw_audit_next(&r->meter.seal.audit, &r->meter.flash, &slot, &a, &number) == MW_OK) {
        MW_CHECK_EQ(number, n);
        n++;
        bool weight = a.key == MW_SEAL_DENOMINATOR && a.index == 0;
        if (weight &&
            (a.kind == MW_AUDIT_VALUE || a.kind == MW_AUDIT_CHANGED || a.kind == MW_AUDIT_FOUND)) {
            if (value != -1)
                MW_CHECK_EQ(a.before, value);
            value = a.after;
        }
    }
    *out_records = n;
    return value;
}

MW_TEST(an_open_meter_is_set_up_freely_and_records_nothing) {
    rig *r = rig_new(&mw_pulse_2);
    rig_boot(r, MW_RESET_POWER_ON, false);
    MW_CHECK_OK(weight_set(r, 10));
    MW_CHECK_EQ(r->meter.seal.audit.count, 0);
    MW_CHECK_EQ(mw_seal_service_begin(&r->meter, r->now), MW_STATE);
    rig_free(r);
}

MW_TEST(a_sealed_meter_changes_only_in_the_service_state_and_tells_it) {
    rig *r = sealed_new();
    uint32_t n;
    MW_CHECK_EQ(weight_recorded(r, &n), 1);
    MW_CHECK_EQ(n, 1 + 6); /* the seal, and three parameters of two registers */
    MW_CHECK_EQ(weight_set(r, 10), MW_FORBIDDEN);
    mw_meter_config c = *mw_meter_config_of(&r->meter);
    c.report_period_h = 12; /* not a matter of the seal */
    MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &c));
    MW_CHECK_EQ(mw_meter_config_of(&r->meter)->scale[0].denominator, 1);

    MW_CHECK_OK(mw_seal_service_begin(&r->meter, r->now));
    MW_CHECK_EQ(mw_seal_service_begin(&r->meter, r->now), MW_STATE);
    MW_CHECK_OK(weight_set(r, 10));
    MW_CHECK_EQ(weight_recorded(r, &n), 10);
    MW_CHECK_OK(mw_seal_service_end(&r->meter, r->now));
    MW_CHECK_EQ(weight_set(r, 20), MW_FORBIDDEN);
    MW_CHECK_EQ(n, 9);

    /* It ends by itself: by time, and by a reset. */
    MW_CHECK_OK(mw_seal_service_begin(&r->meter, r->now));
    r->now.ns += MW_SEAL_SERVICE_S * MW_NS_PER_S;
    MW_CHECK_EQ(weight_set(r, 20), MW_FORBIDDEN);
    MW_CHECK_OK(mw_seal_service_begin(&r->meter, r->now));
    rig_boot(r, MW_RESET_BROWN_OUT, true);
    MW_CHECK_EQ(weight_set(r, 20), MW_FORBIDDEN);
    MW_CHECK_EQ(weight_recorded(r, &n), 10);
    MW_CHECK_EQ(n, 14); /* begun, changed, ended; begun, ended; begun, ended */

    /* The seal holds when production is not told any more: it stands in the record. */
    r->provision.sealed = false;
    rig_boot(r, MW_RESET_POWER_ON, false);
    MW_CHECK_EQ(weight_set(r, 20), MW_FORBIDDEN);
    rig_free(r);
}

MW_TEST(a_parameter_that_moved_unseen_is_found) {
    rig *r = sealed_new();
    mw_meter_config c = *mw_meter_config_of(&r->meter);
    c.scale[0].denominator = 7;
    uint8_t payload[MW_METER_CONFIG_PAYLOAD];
    mw_meter_config_encode(&c, payload);
    MW_CHECK_OK(mw_ringlog_append(&r->meter.config_log, &r->meter.flash, MW_SLICE_OF(payload)));
    rig_boot(r, MW_RESET_POWER_ON, false);
    uint32_t n;
    MW_CHECK_EQ(weight_recorded(r, &n), 7);
    MW_CHECK_EQ(n, 8);
    rig_boot(r, MW_RESET_POWER_ON, false);
    MW_CHECK_EQ(weight_recorded(r, &n), 7);
    MW_CHECK_EQ(n, 8); /* told once */
    rig_free(r);
}

static void region_read(rig *r, uint8_t *out, size_t n) {
    const mw_audit *a = &r->meter.seal.audit;
    MW_CHECK_OK(
        r->meter.flash.read(r->meter.flash.context, a->first_sector * 4096, (mw_span){out, n}));
}

MW_TEST(a_full_record_refuses_changes_and_loses_nothing) {
    rig *r = sealed_new();
    static uint8_t before[4 * 4096], after[4 * 4096];
    uint32_t denominator = 1, n, changes = 0;
    mw_status s;
    for (;;) {
        size_t used = r->meter.seal.audit.next * MW_AUDIT_SLOT;
        region_read(r, before, sizeof before);
        s = mw_seal_service_begin(&r->meter, r->now);
        if (s == MW_OK)
            s = weight_set(r, denominator + 1);
        if (s != MW_OK)
            break;
        denominator++;
        changes++;
        MW_CHECK_OK(mw_seal_service_end(&r->meter, r->now));
        region_read(r, after, sizeof after);
        MW_CHECK(memcmp(before, after, used) == 0); /* what stands there, stands */
    }
    MW_CHECK_EQ(s, MW_SPACE);
    MW_CHECK(changes >= MW_SEAL_RECORDS / 3);
    MW_CHECK_EQ(mw_meter_config_of(&r->meter)->scale[0].denominator, denominator);
    rig_boot(r, MW_RESET_POWER_ON, false);
    rig_boot(r, MW_RESET_POWER_ON, false);
    MW_CHECK_EQ(weight_recorded(r, &n), denominator);
    MW_CHECK_EQ(mw_meter_config_of(&r->meter)->scale[0].denominator, denominator);
    MW_CHECK_EQ(mw_seal_service_begin(&r->meter, r->now), MW_SPACE);
    printf("permanent record: %u changes of one parameter, %u records, then refused\n", changes, n);
    rig_free(r);
}

static mw_status boot_try(rig *r) {
    mw_board board = {.flash = mw_host_flash_interface(&r->nor),
                      .seed = 1,
                      .cause = MW_RESET_POWER_ON,
                      .legal_checksum = 0xC0FFEE42};
    return mw_meter_boot(&r->meter, r->model, &r->provision, &board, r->now);
}

/* Seal, service, change, end: power goes after `steps` flash operations of it. True when it did. */
static bool cut_at(uint64_t steps, uint64_t seed) {
    rig *r = rig_new(&mw_pulse_2);
    r->provision.sealed = true;
    mw_host_flash_cut_after(&r->nor, steps, seed);
    bool cut = boot_try(r) != MW_OK || mw_seal_service_begin(&r->meter, r->now) != MW_OK ||
               weight_set(r, 10) != MW_OK || mw_seal_service_end(&r->meter, r->now) != MW_OK;
    /* A second cut while it comes up again. */
    mw_host_flash_power_on(&r->nor);
    mw_host_flash_cut_after(&r->nor, seed * 7 % 200, seed);
    (void)!boot_try(r);
    mw_host_flash_power_on(&r->nor);
    MW_CHECK_OK(boot_try(r));
    uint32_t n;
    MW_CHECK_EQ(weight_recorded(r, &n), mw_meter_config_of(&r->meter)->scale[0].denominator);
    MW_CHECK(n >= 8);
    MW_CHECK_EQ(weight_set(r, 30), MW_FORBIDDEN);
    if (!cut)
        MW_CHECK_EQ(weight_recorded(r, &n), 10);
    rig_free(r);
    return cut;
}

MW_TEST(no_cut_makes_a_change_that_the_record_does_not_tell) {
    uint64_t steps = 0;
    while (cut_at(steps, steps * 31 + 5))
        steps++;
    MW_CHECK(steps > 400);
    printf("seal: %u cut points, each with a second cut\n", (unsigned)steps);
}

MW_TEST(what_the_platform_may_ask) {
    rig *r = rig_new(&mw_pulse_2);
    r->provision.sealed = true;
    MW_CHECK_OK(boot_try(r));
    int64_t v;
    MW_CHECK_OK(mw_seal_key_get(&r->meter, MW_SMP_KEY_LEGAL_VERSION, &v));
    MW_CHECK_EQ(v, MW_LEGAL_VERSION);
    MW_CHECK_OK(mw_seal_key_get(&r->meter, MW_SMP_KEY_LEGAL_CHECKSUM, &v));
    MW_CHECK_EQ(v, 0xC0FFEE42);
    MW_CHECK_OK(mw_seal_key_get(&r->meter, MW_SMP_KEY_SEAL, &v));
    MW_CHECK_EQ(v, MW_SEAL_SEALED);
    MW_CHECK_OK(mw_seal_key_get(&r->meter, MW_SMP_KEY_AUDIT_RECORDS, &v));
    MW_CHECK_EQ(v, 8);
    MW_CHECK_OK(mw_seal_key_get(&r->meter, MW_SMP_KEY_AUDIT_LEFT, &v));
    MW_CHECK_EQ(v, 4 * 128 - 8);
    MW_CHECK_OK(mw_seal_key_get(&r->meter, MW_SMP_KEY_COPIES, &v));
    MW_CHECK_EQ(mw_seal_key_get(&r->meter, 99, &v), MW_NOT_FOUND);
    mw_meter_config c = *mw_meter_config_of(&r->meter);
    MW_CHECK_EQ(mw_meter_config_put(&c, MW_SMP_KEY_SEAL, 0), MW_NOT_FOUND);
    /* Another image: its checksum is recorded once. */
    MW_CHECK_OK(boot_try(r));
    MW_CHECK_EQ(r->meter.seal.audit.count, 8);
    mw_board board = {.flash = mw_host_flash_interface(&r->nor), .legal_checksum = 0x1234};
    MW_CHECK_OK(mw_meter_boot(&r->meter, r->model, &r->provision, &board, r->now));
    MW_CHECK_EQ(r->meter.seal.audit.count, 9);
    rig_free(r);
}

MW_TEST_MAIN(MW_CASE(an_open_meter_is_set_up_freely_and_records_nothing),
             MW_CASE(a_sealed_meter_changes_only_in_the_service_state_and_tells_it),
             MW_CASE(a_parameter_that_moved_unseen_is_found),
             MW_CASE(a_full_record_refuses_changes_and_loses_nothing),
             MW_CASE(no_cut_makes_a_change_that_the_record_does_not_tell),
             MW_CASE(what_the_platform_may_ask))
