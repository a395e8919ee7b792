/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/foreign_burst.h"

#include "radio/foreign_pulse.h"

mw_status mw_foreign_burst_symbols(mw_slice frame, size_t bits, bool inverted,
                                   uint8_t memory[MW_BURST_SYMBOLS_MAX / 8],
                                   mw_burst_setup *io_setup) {
    if (bits > 8 * frame.n || bits + 1 > MW_BURST_SYMBOLS_MAX)
        return MW_RANGE;
    unsigned phase = 0;
    mw_bytes_fill(memory, 0, MW_BURST_SYMBOLS_MAX / 8);
    for (size_t i = 0; i < bits; i++) {
        unsigned bit = frame.p[i / 8] >> (7 - i % 8) & 1;
        phase ^= bit ^ (inverted ? 0u : 1u);
        memory[(i + 1) / 8] = (uint8_t)(memory[(i + 1) / 8] | phase << (7 - (i + 1) % 8));
    }
    io_setup->bits = memory;
    io_setup->count = bits + 1;
    io_setup->pulse = mw_foreign_pulse_table();
    return MW_OK;
}

mw_status mw_foreign_openunb_frame(mw_slice message, uint8_t out[28], size_t *out_size) {
    for (unsigned i = 0; i < MW_OPENUNB_SYNC_BITS; i++)
        out[i / 8] =
            (uint8_t)((i % 8 == 0 ? 0 : out[i / 8]) | mw_openunb_sync_bit(i) << (7 - i % 8));
    size_t n;
    MW_TRY(mw_openunb_encode(message, (mw_span){out + 4, 24}, &n));
    *out_size = 4 + n;
    return MW_OK;
}
