/* SPDX-License-Identifier: Apache-2.0 */
#include "base/prng.h"
#include "protocols/unb/plan.h"
#include "tests/harness/mw_test.h"

static const char sample[] = "# a plan of another country\n"
                             "name = xx915\n"
                             "crystal_ppm = 10\r\n"
                             "window_delay_ms = 20000 5000 2000\n"
                             "window_ms = 1000 400 100\n"
                             "\n"
                             "[band up]\n"
                             "direction = up\n"
                             "low_hz = 902000000\n"
                             "  high_hz=904000000\n"
                             "duty_ppm = 4000\n"
                             "[band down]\n"
                             "direction = down\n"
                             "low_hz = 923000000\n"
                             "high_hz = 923500000\n"
                             "duty_ppm = 100000\n"
                             "erp_cdbm = 2700\n"
                             "rates = R1 R2";

MW_TEST(built_in_plans_are_sound) {
    const mw_unb_plan *plan;
    for (unsigned i = 0; (plan = mw_unb_plan_at(i)) != NULL; i++) {
        const mw_unb_plan *found;
        MW_CHECK_OK(mw_unb_plan_check(plan));
        MW_CHECK_OK(mw_unb_plan_find(plan->name, &found));
        MW_CHECK(found == plan);
        for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++) {
            unsigned up, down;
            MW_CHECK_OK(mw_unb_plan_band(plan, MW_UNB_UP, (mw_unb_rate)rate, 0, &up));
            MW_CHECK_OK(mw_unb_plan_band(plan, MW_UNB_DOWN, (mw_unb_rate)rate, up + 1, &down));
            MW_CHECK_STATUS(mw_unb_plan_band(plan, MW_UNB_DOWN, (mw_unb_rate)rate, down + 1, &down),
                            MW_NOT_FOUND);
        }
    }
    MW_CHECK_STATUS(mw_unb_plan_find("mars", &plan), MW_NOT_FOUND);
    MW_CHECK_OK(mw_unb_plan_find("demo", &plan));
    MW_CHECK_EQ(plan->band[0].high.mhz - plan->band[0].low.mhz, INT64_C(200000) * 1000);
    MW_CHECK_EQ(plan->band[0].high.mhz + plan->band[0].low.mhz, INT64_C(2) * 868100000 * 1000);
    MW_CHECK_EQ(plan->window_delay[MW_UNB_R0].ns, mw_dur_s(20).ns);
}

MW_TEST(a_text_becomes_a_plan) {
    mw_unb_plan plan;
    MW_CHECK_OK(mw_unb_plan_parse(mw_slice_of_str(sample), NULL, &plan));
    MW_CHECK_STR(plan.name, "xx915");
    MW_CHECK_EQ(plan.crystal_ppm, 10);
    MW_CHECK_EQ(plan.window[MW_UNB_R2].ns, mw_dur_ms(100).ns);
    MW_CHECK_EQ(plan.bands, 2);
    MW_CHECK_STR(plan.band[1].name, "down");
    MW_CHECK_EQ(plan.band[0].high.mhz, mw_freq_hz(904000000).mhz);
    MW_CHECK_EQ(plan.band[0].erp.cdbm, 1398);
    MW_CHECK_EQ(plan.band[0].rates, 7);
    MW_CHECK_EQ(plan.band[1].erp.cdbm, 2700);
    MW_CHECK_EQ(plan.band[1].rates, 6);
}

static void refused(const char *text, mw_status why, uint32_t line) {
    mw_unb_plan plan;
    mw_unb_plan_fault fault = {99, NULL};
    MW_CHECK_STATUS(mw_unb_plan_parse(mw_slice_of_str(text), &fault, &plan), why);
    MW_CHECK_EQ(fault.line, line);
    assert_non_null(fault.text);
}

#define BAND(low, high) "direction=up\nlow_hz=" low "\nhigh_hz=" high "\nduty_ppm=10000\n"
#define GOOD            BAND("868000000", "868600000")

MW_TEST(faults_are_named_with_their_line) {
    refused("", MW_SYNTAX, 0);
    refused("name = a\n", MW_RANGE, 0);
    refused("name\n", MW_SYNTAX, 1);
    refused("name = A\n", MW_SYNTAX, 1);
    refused("name = 0123456789abcdef\n", MW_RANGE, 1);
    refused("name = a\nname = b\n", MW_DUPLICATE, 2);
    refused("name = a\ncolour = b\n", MW_NOT_FOUND, 2);
    refused("name = a\ncrystal_ppm = 201\n", MW_RANGE, 2);
    refused("name = a\ncrystal_ppm = x\n", MW_SYNTAX, 2);
    refused("name = a\ncrystal_ppm = 99999999999999999999\n", MW_SYNTAX, 2);
    refused("name = a\nwindow_ms = 1 2\n", MW_SYNTAX, 2);
    refused("name = a\nwindow_ms = 1 2 3 4\n", MW_SYNTAX, 2);
    refused("[band a]\n" GOOD, MW_SYNTAX, 1);
    refused("name = a\n[bond a]\n", MW_SYNTAX, 2);
    refused("name = a\n[band ]\n", MW_SYNTAX, 2);
    refused("name = a\n[band a]\nlow_hz = 868000000\n", MW_SYNTAX, 3);
    refused("name = a\n[band a]\n" GOOD "[band a]\n" GOOD, MW_DUPLICATE, 7);
    refused("name = a\n[band a]\ndirection = sideways\n", MW_SYNTAX, 3);
    refused("name = a\n[band a]\nrates = R9\n", MW_SYNTAX, 3);
    refused("name = a\n[band a]\nrates =\n", MW_SYNTAX, 3);
    refused("name = a\n[band a]\nlow_hz = 5\n", MW_RANGE, 3);
    refused("name = a\n[band a]\n" BAND("868600000", "868000000"), MW_RANGE, 0);
    refused("name = a\n[band a]\n" BAND("868000000", "868040000"), MW_RANGE, 0);
}

MW_TEST(limits_hold) {
    char text[1024] = "name = a\n";
    for (char c = 'a'; c < 'a' + MW_UNB_BANDS_MAX + 1; c++) {
        char band[] = "[band x]\n" GOOD;
        band[6] = c;
        strcat(text, band);
    }
    refused(text, MW_LIMIT, 2 + 5 * MW_UNB_BANDS_MAX);
    static char large[MW_UNB_PLAN_TEXT_MAX + 2];
    memset(large, '#', sizeof large - 1);
    refused(large, MW_LIMIT, 0);
}

/* 48 differences of frequency, all distinct: the pair of two copies names their row and numbers. */
MW_TEST(displacements_tell_copies_apart) {
    bool taken[256] = {false};
    bool gap_taken[1024] = {false};
    for (unsigned row = 0; row < MW_UNB_HOP_ROWS; row++) {
        mw_unb_hop a = mw_unb_hop_of(row, 1);
        mw_unb_hop b = mw_unb_hop_of(row, 2);
        unsigned steps[3] = {a.frequency, b.frequency, (unsigned)(b.frequency - a.frequency) & 255};
        for (unsigned i = 0; i < 3; i++) {
            MW_CHECK(steps[i] >= 16 && steps[i] <= 240 && !taken[steps[i]]);
            taken[steps[i]] = true;
        }
        MW_CHECK(a.gap >= 64 && a.gap < 512 && b.gap >= 64 && b.gap < 512);
        MW_CHECK(!gap_taken[a.gap]);
        gap_taken[a.gap] = true;
        MW_CHECK(!gap_taken[b.gap]);
        gap_taken[b.gap] = true;
    }
}

MW_TEST(slots_stay_inside_the_band_and_follow_the_table) {
    mw_prng g = mw_prng_of_seed(5);
    const mw_unb_plan *plan;
    MW_CHECK_OK(mw_unb_plan_find("demo", &plan));
    mw_freq low, width;
    MW_CHECK_OK(mw_unb_band_usable(plan, 0, MW_UNB_R1, &low, &width));
    /* 20 ppm of 868.2 MHz and 400 Bd at each edge. */
    MW_CHECK_EQ(low.mhz, mw_freq_hz(868000000 + 17364 + 400).mhz);
    MW_CHECK_EQ(width.mhz, mw_freq_hz(200000 - 2 * (17364 + 400)).mhz);
    unsigned quarter[4] = {0};
    for (unsigned i = 0; i < 4000; i++) {
        uint32_t address = (uint32_t)mw_prng_u64(&g);
        uint32_t counter = (uint32_t)mw_prng_u64(&g);
        mw_unb_slot s[3];
        for (unsigned c = 0; c < 3; c++) {
            MW_CHECK_OK(mw_unb_slot_of(plan, 0, MW_UNB_R1, MW_UNB_M, address, counter, c, &s[c]));
            MW_CHECK(s[c].carrier.mhz >= low.mhz && s[c].carrier.mhz < low.mhz + width.mhz);
            MW_CHECK_EQ(s[c].start.ns, s[c].start_symbol * INT64_C(2500000));
        }
        mw_unb_hop h1 = mw_unb_hop_of(counter & 15, 1);
        mw_unb_hop h2 = mw_unb_hop_of(counter & 15, 2);
        MW_CHECK_EQ(s[0].start_symbol, 0);
        MW_CHECK_EQ(s[1].start_symbol, 610 + h1.gap);
        MW_CHECK_EQ(s[2].start_symbol, 1220 + h1.gap + h2.gap);
        int64_t w = width.mhz / 1000;
        int64_t d = (s[2].carrier.mhz - s[0].carrier.mhz) / 1000;
        MW_CHECK_EQ((d + w) % w, h2.frequency * w / 256);
        quarter[(s[0].carrier.mhz - low.mhz) * 4 / width.mhz]++;
        /* Only what is on the air counts: 12 bits of the counter. */
        mw_unb_slot again;
        MW_CHECK_OK(
            mw_unb_slot_of(plan, 0, MW_UNB_R1, MW_UNB_M, address, counter & 0xFFF, 2, &again));
        MW_CHECK_EQ(again.carrier.mhz, s[2].carrier.mhz);
        mw_freq answer;
        MW_CHECK_OK(mw_unb_answer_carrier(plan, 1, MW_UNB_R1, address, counter, &answer));
        MW_CHECK(answer.mhz > plan->band[1].low.mhz && answer.mhz < plan->band[1].high.mhz);
    }
    for (unsigned q = 0; q < 4; q++)
        MW_CHECK(quarter[q] > 900 && quarter[q] < 1100);
}

/* From two receptions of any two copies, both off by the same crystal error, the table tells which
 * they were; receptions of two different frames are hardly ever taken for a pair. */
MW_TEST(undecoded_copies_are_paired) {
    mw_prng g = mw_prng_of_seed(6);
    const mw_unb_plan *plan;
    MW_CHECK_OK(mw_unb_plan_find("demo", &plan));
    mw_freq step_tolerance = mw_freq_hz(2);
    unsigned strangers = 0;
    for (unsigned i = 0; i < 3000; i++) {
        mw_unb_size size = (mw_unb_size)mw_prng_below(&g, 3);
        mw_unb_rate rate = (mw_unb_rate)(1 + mw_prng_below(&g, 2));
        uint32_t address = (uint32_t)mw_prng_u64(&g);
        uint32_t counter = (uint32_t)mw_prng_u64(&g);
        unsigned first = (unsigned)mw_prng_below(&g, 2);
        unsigned second = first + 1 + (unsigned)mw_prng_below(&g, 2 - first);
        mw_dur tolerance = {MW_NS_PER_S / (4 * (int64_t)mw_unb_rate_bd(rate))};
        mw_unb_slot a, b, c;
        mw_unb_pair pair;
        MW_CHECK_OK(mw_unb_slot_of(plan, 0, rate, size, address, counter, first, &a));
        MW_CHECK_OK(mw_unb_slot_of(plan, 0, rate, size, address, counter, second, &b));
        mw_dur delay = {b.start.ns - a.start.ns};
        delay.ns += delay.ns / 50000; /* 20 ppm */
        mw_freq step = {b.carrier.mhz - a.carrier.mhz + (int64_t)mw_prng_below(&g, 1000)};
        MW_CHECK_OK(mw_unb_pair_find(plan, 0, rate, step, delay, step_tolerance, tolerance, &pair));
        MW_CHECK_EQ(pair.size, size);
        MW_CHECK_EQ(pair.row, counter & 15);
        MW_CHECK_EQ(pair.first, first);
        MW_CHECK_EQ(pair.second, second);
        MW_CHECK_OK(mw_unb_slot_of(plan, 0, rate, size, address + 1, counter, second, &c));
        step.mhz = c.carrier.mhz - a.carrier.mhz;
        strangers +=
            mw_unb_pair_find(plan, 0, rate, step, delay, step_tolerance, tolerance, &pair) == MW_OK;
    }
    MW_CHECK(strangers <= 3);
}

MW_TEST(impossible_slots_are_refused) {
    const mw_unb_plan *plan = mw_unb_plan_at(0);
    mw_unb_slot slot;
    mw_freq carrier;
    MW_CHECK_STATUS(mw_unb_slot_of(plan, 0, MW_UNB_R0, MW_UNB_L, 1, 1, 0, &slot), MW_RANGE);
    MW_CHECK_STATUS(mw_unb_slot_of(plan, 0, MW_UNB_R1, MW_UNB_M, 1, 1, 3, &slot), MW_RANGE);
    MW_CHECK_STATUS(mw_unb_slot_of(plan, 7, MW_UNB_R1, MW_UNB_M, 1, 1, 0, &slot), MW_RANGE);
    MW_CHECK_STATUS(mw_unb_answer_carrier(plan, 0, MW_UNB_R1, 1, 1, &carrier), MW_RANGE);
}

MW_TEST(beacon_slots_are_data_of_the_plan) {
    static const char text[] = "name = own\nbeacon_period_s = 900\nbeacon_offsets = 3\n"
                               "beacon_offset_s = 20\nbeacon_rate = R0\nbeacon_band = down-b\n"
                               "[band up]\ndirection = up\nlow_hz = 868000000\n"
                               "high_hz = 868600000\nduty_ppm = 10000\n"
                               "[band down-a]\ndirection = down\nlow_hz = 869400000\n"
                               "high_hz = 869650000\nduty_ppm = 100000\n"
                               "[band down-b]\ndirection = down\nlow_hz = 869700000\n"
                               "high_hz = 870000000\nduty_ppm = 10000\n";
    mw_unb_plan plan;
    mw_unb_beacon_slot slot;
    mw_freq carrier;
    unsigned offset;
    MW_CHECK_OK(mw_unb_plan_parse(mw_slice_of_str(text), NULL, &plan));
    int64_t n = mw_unb_beacon_number(&plan, mw_utc_of_s(1772323200 + 899));
    MW_CHECK_EQ(n, 1772323200 / 900);
    MW_CHECK_OK(mw_unb_beacon_slot_of(&plan, n, 0xFFFFFFFF, &slot));
    MW_CHECK_EQ(slot.at.us, INT64_C(1772323200) * 1000000);
    MW_CHECK_EQ(slot.band, 2);
    MW_CHECK_EQ(slot.hop, n % 4096);
    MW_CHECK_OK(mw_unb_answer_carrier(&plan, 2, MW_UNB_R0, 0xFFFFFFFF, slot.hop, &carrier));
    MW_CHECK_EQ(slot.carrier.mhz, carrier.mhz);
    MW_CHECK_OK(mw_unb_beacon_offset(&plan, mw_utc_of_s(1772323200 + 40), &offset));
    MW_CHECK_EQ(offset, 2);
    MW_CHECK_STATUS(mw_unb_beacon_offset(&plan, mw_utc_of_s(1772323200 + 41), &offset),
                    MW_NOT_FOUND);
    for (unsigned i = 0; mw_unb_plan_at(i) != NULL; i++)
        MW_CHECK_OK(mw_unb_beacon_slot_of(mw_unb_plan_at(i), n, 0xFFFFFFFF, &slot));
    /* What cannot be: a period that divides no day, beacons longer than their step, no such band,
     * a band that goes up. */
    mw_unb_plan bad = plan;
    bad.beacon.period_s = 700;
    MW_CHECK_STATUS(mw_unb_plan_check(&bad), MW_RANGE);
    bad = plan;
    bad.beacon.step_s = 12;
    MW_CHECK_STATUS(mw_unb_plan_check(&bad), MW_RANGE);
    bad = plan;
    memcpy(bad.beacon.band, "down-c", 7);
    MW_CHECK_STATUS(mw_unb_plan_check(&bad), MW_RANGE);
    memcpy(bad.beacon.band, "up", 3);
    MW_CHECK_STATUS(mw_unb_plan_check(&bad), MW_RANGE);
    bad.beacon.period_s = 0;
    MW_CHECK_OK(mw_unb_plan_check(&bad));
    MW_CHECK_STATUS(mw_unb_beacon_slot_of(&bad, n, 0xFFFFFFFF, &slot), MW_NOT_FOUND);
}

MW_TEST_MAIN(MW_CASE(beacon_slots_are_data_of_the_plan), MW_CASE(built_in_plans_are_sound),
             MW_CASE(a_text_becomes_a_plan), MW_CASE(faults_are_named_with_their_line),
             MW_CASE(limits_hold), MW_CASE(displacements_tell_copies_apart),
             MW_CASE(slots_stay_inside_the_band_and_follow_the_table),
             MW_CASE(undecoded_copies_are_paired), MW_CASE(impossible_slots_are_refused))
