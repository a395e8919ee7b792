/* SPDX-License-Identifier: Apache-2.0
 *
 * The seal of the electricity meters: what is sealed moves only in the service state and never
 * without a record, through power cuts and a full record too.
 */
#include "electric_rig.h"
#include "meters/electricity/glass.h"
#include "meters/electricity/seal.h"
#include "meters/kit/legal.h"

/* The newest value that the record has of a parameter; -1: none. */
static int64_t recorded(uint16_t key) {
    const mw_audit *a = &r.meter.seal.audit;
    mw_audit_record record;
    uint32_t slot = 0, number, next = 0;
    int64_t value = -1;
    while (mw_audit_next(a, &r.meter.flash, &slot, &record, &number) == MW_OK) {
        MW_CHECK_EQ(number, next++);
        bool tells = record.kind == MW_AUDIT_VALUE || record.kind == MW_AUDIT_CHANGED ||
                     record.kind == MW_AUDIT_FOUND;
        if (tells && record.key == key)
            value = record.after;
    }
    return value;
}

static unsigned records_of(mw_audit_kind kind) {
    mw_audit_record record;
    uint32_t slot = 0, number;
    unsigned n = 0;
    while (mw_audit_next(&r.meter.seal.audit, &r.meter.flash, &slot, &record, &number) == MW_OK)
        n += record.kind == kind;
    return n;
}

static void boot_again(void) {
    mw_electric_meter_fini(&r.meter);
    MW_CHECK_OK(rig_boot(true));
}

static void open_sealed(void) {
    rig_open(&mw_electric_three_phase);
    MW_CHECK_EQ(r.meter.seal.audit.count, 0); /* production is free */
    r.provision.ct_ratio = 40;
    r.provision.sealed = true;
    boot_again();
}

static uint8_t demand_set(int64_t minutes) {
    return r.meter.model.number_set(&r.meter, MW_ELECTRIC_N_DEMAND_PERIOD, minutes);
}

MW_TEST(the_seal_begins_with_all_parameters) {
    open_sealed();
    MW_CHECK_EQ(r.meter.seal.state, MW_SEAL_SEALED);
    MW_CHECK_EQ(records_of(MW_AUDIT_SEALED), 1);
    MW_CHECK_EQ(records_of(MW_AUDIT_VALUE), 7);
    MW_CHECK_EQ(recorded(MW_ELECTRIC_SEAL_CT), 40);
    MW_CHECK_EQ(recorded(MW_ELECTRIC_SEAL_DEMAND_MIN), 30);
    MW_CHECK(recorded(MW_ELECTRIC_SEAL_CALIBRATION) > 0);
    uint32_t count = r.meter.seal.audit.count;
    boot_again();
    MW_CHECK_EQ(r.meter.seal.audit.count, count); /* nothing new, nothing told */
    rig_close();
}

MW_TEST(the_period_of_the_demand_changes_only_in_service) {
    open_sealed();
    MW_CHECK_EQ(demand_set(15), MW_COSEM_DENIED);
    MW_CHECK_EQ(r.meter.settings.demand_period_min, 30);
    MW_CHECK_OK(mw_electric_service_begin(&r.meter, r.now));
    MW_CHECK_STATUS(mw_electric_service_begin(&r.meter, r.now), MW_STATE);
    MW_CHECK_EQ(demand_set(15), MW_COSEM_DONE);
    MW_CHECK_EQ(recorded(MW_ELECTRIC_SEAL_DEMAND_MIN), 15);
    MW_CHECK_OK(mw_electric_service_end(&r.meter, r.now));
    MW_CHECK_EQ(demand_set(30), MW_COSEM_DENIED);
    /* It ends by itself, and with a reset. */
    MW_CHECK_OK(mw_electric_service_begin(&r.meter, r.now));
    rig_run(MW_SEAL_SERVICE_S + 1);
    MW_CHECK_EQ(demand_set(30), MW_COSEM_DENIED);
    MW_CHECK_OK(mw_electric_service_begin(&r.meter, r.now));
    boot_again();
    MW_CHECK_EQ(demand_set(30), MW_COSEM_DENIED);
    MW_CHECK_EQ(records_of(MW_AUDIT_BEGUN), 3);
    MW_CHECK_EQ(records_of(MW_AUDIT_ENDED), 3);
    /* Other settings are nobody's business but the client's. */
    MW_CHECK_EQ(r.meter.model.number_set(&r.meter, MW_ELECTRIC_N_LOAD_PERIOD, 15), MW_COSEM_DONE);
    rig_close();
}

/* Somebody writes other constants or other software into the meter: the next boot tells. */
MW_TEST(what_changed_behind_the_seal_is_found) {
    open_sealed();
    int64_t calibration = recorded(MW_ELECTRIC_SEAL_CALIBRATION);
    r.provision.calibration.e[1].i_gain += 1;
    r.provision.ct_ratio = 20;
    r.provision.sealed = false; /* too late: the record knows */
    r.software = 0x87654321;
    boot_again();
    MW_CHECK_EQ(r.meter.seal.state, MW_SEAL_SEALED);
    MW_CHECK_EQ(records_of(MW_AUDIT_FOUND), 2);
    MW_CHECK_EQ(records_of(MW_AUDIT_SOFTWARE), 2);
    MW_CHECK_EQ(recorded(MW_ELECTRIC_SEAL_CT), 20);
    MW_CHECK(recorded(MW_ELECTRIC_SEAL_CALIBRATION) != calibration);
    rig_close();
}

MW_TEST(a_full_record_refuses_change_and_loses_nothing) {
    open_sealed();
    unsigned changes = 0;
    while (mw_electric_service_begin(&r.meter, r.now) == MW_OK) {
        while (demand_set(changes % 2 == 0 ? 15 : 30) == MW_COSEM_DONE)
            changes++;
        MW_CHECK_OK(mw_electric_service_end(&r.meter, r.now));
    }
    MW_CHECK(changes > MW_SEAL_RECORDS);
    MW_CHECK_EQ(records_of(MW_AUDIT_CHANGED), changes);
    MW_CHECK_EQ(recorded(MW_ELECTRIC_SEAL_CT), 40);
    MW_CHECK_EQ(recorded(MW_ELECTRIC_SEAL_DEMAND_MIN), r.meter.settings.demand_period_min);
    boot_again();
    MW_CHECK_EQ(r.meter.seal.state, MW_SEAL_SEALED);
    MW_CHECK_EQ(demand_set(60), MW_COSEM_DENIED);
    rig_close();
}

/* Power goes at any flash operation of sealing, service and change: what is in force afterwards is what
 * the record tells. */
MW_TEST(no_cut_leaves_a_parameter_that_the_record_does_not_tell) {
    unsigned cuts = 0;
    for (uint64_t step = 0;; step++) {
        rig_open(&mw_electric_three_phase);
        r.provision.sealed = true;
        mw_electric_meter_fini(&r.meter);
        mw_host_flash_cut_after(&r.nor, step, step);
        mw_status booted = rig_boot(true);
        mw_status s = booted == MW_OK ? mw_electric_service_begin(&r.meter, r.now) : MW_IO;
        if (s == MW_OK)
            (void)demand_set(15);
        bool cut = r.nor.dead;
        mw_host_flash_power_on(&r.nor);
        boot_again();
        MW_CHECK_EQ(r.meter.seal.state, MW_SEAL_SEALED);
        MW_CHECK_EQ(recorded(MW_ELECTRIC_SEAL_DEMAND_MIN), r.meter.settings.demand_period_min);
        MW_CHECK(!r.meter.seal.audit.damaged);
        rig_close();
        cuts++;
        if (!cut)
            break;
        step += step / 8; /* the flash counts bytes */
    }
    MW_CHECK(cuts > 10);
}

/* On the glass and over the line: checksum and version of the legally relevant part. */
MW_TEST(version_and_checksum_are_shown) {
    static const mw_obis checksum = {{1, 0, 0, 2, 8, 255}}, version = {{0, 0, 96, 1, 8, 255}};
    open_sealed();
    char want[16];
    mw_electric_pages_device glass;
    mw_electric_billing_record period;
    mw_electric_glass(&r.meter, &period, &glass);
    MW_CHECK_EQ(glass.checksum, 0x1234abcd);
    MW_CHECK_EQ(glass.records, r.meter.seal.audit.count);
    MW_CHECK_OK(rig_associate(1, "12345678"));
    MW_CHECK_OK(rig_get(1, checksum, 2));
    MW_CHECK(r.value_n >= 8 && memcmp(r.value + r.value_n - 8, "1234ABCD", 8) == 0);
    MW_CHECK_OK(rig_get(1, version, 2));
    int n = snprintf(want, sizeof want, "%d", MW_LEGAL_VERSION);
    MW_CHECK(r.value_n > (size_t)n &&
             memcmp(r.value + r.value_n - (size_t)n, want, (size_t)n) == 0);
    rig_close();
}

MW_TEST_MAIN(MW_CASE(the_seal_begins_with_all_parameters),
             MW_CASE(the_period_of_the_demand_changes_only_in_service),
             MW_CASE(what_changed_behind_the_seal_is_found),
             MW_CASE(a_full_record_refuses_change_and_loses_nothing),
             MW_CASE(no_cut_leaves_a_parameter_that_the_record_does_not_tell),
             MW_CASE(version_and_checksum_are_shown))
