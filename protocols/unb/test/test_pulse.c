/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/prng.h"
#include "protocols/unb/pulse.h"
#include "tests/harness/mw_test.h"

/* Power density of random symbols at f Hz from the carrier and 50 Bd: the pulse's own, shaped by
 * the linear interpolation between table entries. */
static double density(double f) {
    const int16_t *table = mw_unb_pulse_table();
    double at = f / (50.0 * MW_UNB_PULSE_PER_SYMBOL);
    double sum = table[96];
    for (int i = 1; i <= 96; i++)
        sum += 2.0 * table[96 + i] * cos(2 * M_PI * at * i);
    double x = M_PI * at;
    double hold = x > 0 ? sin(x) / x : 1;
    return sum * sum * pow(hold, 4);
}

/* Integrates in steps of 1 Hz to 6.4 kHz, four times the table's rate. */
MW_TEST(spectrum_keeps_the_mask) {
    double total = 0, inside = 0, outside = 0;
    for (double f = 0.5; f < 6400; f += 1) {
        double p = density(f);
        total += p;
        inside += f < 37.5 ? p : 0;
        outside += f > 1000 ? p : 0;
    }
    print_message("within 75 Hz %.4f %%, beyond 1 kHz %.1f dBc\n", 100 * inside / total,
                  10 * log10(outside / total));
    MW_CHECK(inside / total >= 0.99);
    MW_CHECK(10 * log10(outside / total) <= -60);
}

MW_TEST(table_is_symmetric_and_cannot_overflow) {
    const int16_t *table = mw_unb_pulse_table();
    MW_CHECK_EQ(table[0], 0);
    for (int i = 0; i < MW_UNB_PULSE_ENTRIES; i++)
        MW_CHECK_EQ(table[i], table[MW_UNB_PULSE_ENTRIES - 1 - i]);
    for (int phase = 0; phase < MW_UNB_PULSE_PER_SYMBOL; phase++) {
        int sum = 0;
        for (int i = phase; i < MW_UNB_PULSE_ENTRIES; i += MW_UNB_PULSE_PER_SYMBOL)
            sum += abs(table[i]);
        MW_CHECK(sum < 32767);
    }
}

/* A receiver that filters with the same table: interference between symbols below -30 dB. */
MW_TEST(matched_filter_sees_little_interference) {
    const int16_t *table = mw_unb_pulse_table();
    double self = 0, other = 0;
    for (int shift = 0; shift < MW_UNB_PULSE_ENTRIES; shift += MW_UNB_PULSE_PER_SYMBOL) {
        double r = 0;
        for (int i = 0; i + shift < MW_UNB_PULSE_ENTRIES; i++)
            r += (double)table[i] * table[i + shift];
        self = shift == 0 ? r : self;
        other += shift == 0 ? 0 : 2 * r * r;
    }
    print_message("interference between symbols %.1f dB\n", 10 * log10(other / self / self));
    MW_CHECK(10 * log10(other / self / self) < -30);
}

MW_TEST(samples_are_the_sum_of_pulses) {
    uint8_t payload[MW_UNB_PAYLOAD_S] = {1, 2, 3};
    mw_unb_frame f;
    MW_CHECK_OK(mw_unb_frame_encode(MW_UNB_S, MW_SLICE_OF(payload), &f));
    static int32_t expected[(337 - 1) * 32 + 193];
    const int16_t *table = mw_unb_pulse_table();
    for (unsigned i = 0; i < f.symbols; i++)
        for (unsigned k = 0; k < MW_UNB_PULSE_ENTRIES; k++)
            expected[32 * i + k] += mw_unb_frame_bit(&f, i) != 0 ? -table[k] : table[k];
    MW_CHECK_EQ(mw_unb_pulse_length(&f), sizeof expected / sizeof expected[0]);
    for (uint32_t t = 0; t < mw_unb_pulse_length(&f); t++)
        MW_CHECK_EQ(mw_unb_pulse_sample(&f, t), expected[t]);
    MW_CHECK_EQ(mw_unb_pulse_sample(&f, mw_unb_pulse_length(&f)), 0);
    MW_CHECK_EQ(mw_unb_pulse_sample(&f, UINT32_MAX), 0);
    /* At a symbol's centre its own sign prevails. */
    for (unsigned i = 0; i < f.symbols; i++)
        MW_CHECK_EQ(mw_unb_pulse_sample(&f, 96 + 32 * i) < 0, mw_unb_frame_bit(&f, i));
}

MW_TEST_MAIN(MW_CASE(spectrum_keeps_the_mask), MW_CASE(table_is_symmetric_and_cannot_overflow),
             MW_CASE(matched_filter_sees_little_interference),
             MW_CASE(samples_are_the_sum_of_pulses))
