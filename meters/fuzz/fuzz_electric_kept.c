/* SPDX-License-Identifier: Apache-2.0
 * What an electricity meter keeps of demand, quality and tampers through a loss of power, with any
 * bytes in it: taken or refused, and the meter goes on. */
#include <stdlib.h>
#include <string.h>

#include "meters/electricity/demand.h"
#include "meters/electricity/quality.h"
#include "meters/electricity/tamper.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand_take(const uint8_t bytes[MW_ELECTRIC_DEMAND_BYTES]) {
    mw_electric_demand d;
    uint8_t again[MW_ELECTRIC_DEMAND_BYTES];
    if (mw_electric_demand_init(&d, 15, (uint8_t)(bytes[3] % MW_ELECTRIC_DEMAND_PERIODS_MAX + 1)) !=
        MW_OK)
        abort();
    if (mw_electric_demand_decode(&d, bytes) != MW_OK)
        return;
    for (int64_t s = 1772323200; s < 1772323200 + 7200; s += 450)
        (void)mw_electric_demand_step(&d, s * 1000, (uint8_t)(s % 9), mw_utc_of_s(s));
    if (mw_electric_demand_current_mw(&d) < 0)
        abort();
    mw_electric_demand_encode(&d, again);
    if (mw_electric_demand_decode(&d, again) != MW_OK)
        abort();
}

static void quality_take(const uint8_t bytes[MW_ELECTRIC_QUALITY_BYTES], mw_mono now) {
    mw_electric_quality q;
    mw_electric_noticed noticed = {0};
    mw_electric_quality_config c =
        mw_electric_quality_defaults((mw_voltage){230000}, MW_ELECTRIC_50HZ);
    mw_utc utc = mw_utc_of_s(1772323200);
    if (mw_electric_quality_init(&q, 3, &c) != MW_OK)
        abort();
    if (mw_electric_quality_decode(&q, bytes, now, utc) != MW_OK)
        return;
    mw_electric_quantities of = {
        .elements = 3, .parts = MW_ELECTRIC_PARTS_PER_S / 5, .frequency_mhz = 50000, .valid = true};
    for (unsigned n = 0; n < 4; n++) {
        int64_t half[MW_ELECTRIC_ELEMENTS];
        for (unsigned k = 0; k < MW_ELECTRIC_ELEMENTS; k++)
            half[k] = of.e[k].u_uv = bytes[(n + k) % MW_ELECTRIC_QUALITY_BYTES] * INT64_C(1500000);
        mw_electric_quality_window(&q, &of, now, utc, &noticed);
        mw_electric_quality_half(&q, half, MW_ELECTRIC_PARTS_PER_S / 100, now, utc, &noticed);
        mw_electric_quality_half(&q, half, MW_ELECTRIC_PARTS_PER_S / 100, now, utc, &noticed);
        noticed.n = 0;
    }
}

static void tamper_take(const uint8_t bytes[MW_ELECTRIC_TAMPER_BYTES], mw_mono now) {
    mw_electric_tamper t;
    mw_electric_noticed noticed = {0};
    mw_electric_tamper_config c = mw_electric_tamper_defaults();
    if (mw_electric_tamper_init(&t, &c) != MW_OK)
        abort();
    if (mw_electric_tamper_decode(&t, bytes, now) != MW_OK)
        return;
    mw_electric_tamper_inputs in = {.case_open = (bytes[1] & 1) != 0};
    for (unsigned n = 0; n < 4; n++) {
        mw_electric_tamper_step(&t, &in, now, mw_utc_of_s(1772323200 + n), &noticed);
        now.ns += 5 * MW_NS_PER_S;
    }
    for (unsigned k = 0; k < MW_ELECTRIC_TAMPER_KINDS; k++)
        (void)mw_electric_tamper_seconds(&t, (mw_electric_tamper_kind)k, now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t bytes[256] = {0};
    memcpy(bytes, data, size < sizeof bytes ? size : sizeof bytes);
    mw_mono now = {(int64_t)bytes[5] * MW_NS_PER_S};
    demand_take(bytes);
    quality_take(bytes, now);
    tamper_take(bytes, now);
    return 0;
}
