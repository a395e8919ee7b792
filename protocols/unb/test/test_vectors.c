/* SPDX-License-Identifier: Apache-2.0
 *
 * Golden vectors: vectors.txt was made by vectors.py, which shares nothing with the C code.
 */
#include <stdio.h>

#include "protocols/unb/decode.h"
#include "protocols/unb/plan.h"
#include "tests/harness/mw_test.h"

static void check_frame(mw_unb_size size, const char *payload_hex, const char *symbols_hex) {
    mw_slice payload = mw_test_hex(payload_hex);
    mw_slice symbols = mw_test_hex(symbols_hex);
    mw_unb_frame f;
    MW_CHECK_OK(mw_unb_frame_encode(size, payload, &f));
    MW_CHECK_BYTES(((mw_slice){f.bits, (f.symbols + 7u) / 8}), symbols.p, symbols.n);

    static mw_unb_decoder decoder;
    int8_t soft[MW_UNB_SYMBOLS_MAX];
    uint8_t back[MW_UNB_PAYLOAD_MAX];
    for (unsigned i = 0; i < f.symbols; i++)
        soft[i] = (symbols.p[i / 8] >> (7 - i % 8) & 1) != 0 ? -20 : 20;
    MW_CHECK_OK(mw_unb_decode(&decoder, size, soft, f.symbols, MW_SPAN_OF(back)));
    MW_CHECK_BYTES(((mw_slice){back, payload.n}), payload.p, payload.n);
}

typedef struct slot_line {
    const mw_unb_plan *plan;
    mw_unb_rate rate;
    mw_unb_size size;
    unsigned band, address, counter, copy, start;
    long long carrier_hz;
} slot_line;

static void check_slot(const slot_line *l) {
    mw_unb_slot slot;
    MW_CHECK_OK(
        mw_unb_slot_of(l->plan, l->band, l->rate, l->size, l->address, l->counter, l->copy, &slot));
    MW_CHECK_EQ(slot.carrier.mhz, l->carrier_hz * 1000);
    MW_CHECK_EQ(slot.start_symbol, l->start);
}

static void check_answer(const slot_line *l) {
    mw_freq carrier;
    MW_CHECK_OK(mw_unb_answer_carrier(l->plan, l->band, l->rate, l->address, l->counter, &carrier));
    MW_CHECK_EQ(carrier.mhz, l->carrier_hz * 1000);
}

static void names(slot_line *l, const char *plan, const char *rate, const char *size) {
    MW_CHECK_OK(mw_unb_plan_find(plan, &l->plan));
    MW_CHECK_OK(mw_unb_rate_of_name(mw_slice_of_str(rate), &l->rate));
    if (size != NULL)
        MW_CHECK_OK(mw_unb_size_of_name(mw_slice_of_str(size), &l->size));
}

MW_TEST(golden_vectors) {
    FILE *in = fopen(MW_UNB_VECTORS, "r");
    assert_non_null(in);
    char line[1024];
    unsigned frames = 0, slots = 0, answers = 0;
    while (fgets(line, sizeof line, in) != NULL) {
        char a[300], b[600], c[16], d[16];
        slot_line l = {0};
        if (sscanf(line, "frame %15s %299s %599s", c, a, b) == 3) {
            mw_unb_size size;
            MW_CHECK_OK(mw_unb_size_of_name(mw_slice_of_str(c), &size));
            check_frame(size, a, b);
            frames++;
        } else if (sscanf(line, "slot %15s %u %15s %15s %x %u %u %lld %u", a, &l.band, c, d,
                          &l.address, &l.counter, &l.copy, &l.carrier_hz, &l.start) == 9) {
            names(&l, a, c, d);
            check_slot(&l);
            slots++;
        } else if (sscanf(line, "answer %15s %u %15s %x %u %lld", a, &l.band, c, &l.address,
                          &l.counter, &l.carrier_hz) == 6) {
            names(&l, a, c, NULL);
            check_answer(&l);
            answers++;
        } else {
            MW_CHECK_EQ(line[0], '#');
        }
    }
    assert_int_equal(fclose(in), 0);
    MW_CHECK_EQ(frames, 12);
    MW_CHECK_EQ(slots, 15);
    MW_CHECK_EQ(answers, 2);
}

MW_TEST_MAIN(MW_CASE(golden_vectors))
