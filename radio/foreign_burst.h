/* SPDX-License-Identifier: Apache-2.0
 *
 * Bursts of other networks as a transmitter sends them, for tests, benches and the simulated town.
 */
#ifndef MW_RADIO_FOREIGN_BURST_H
#define MW_RADIO_FOREIGN_BURST_H

#include "radio/framer.h"
#include "radio/modulator.h"

/* Symbols of a frame in differential BPSK: a reference, then one for each bit; 1 keeps the phase, 0
 * turns it over (with `inverted` the other way round). Sets bits, count and pulse of the setup; the
 * caller sets the rest. `memory` holds the symbols and must live until mw_burst_init. MW_RANGE when
 * the frame is too long. */
MW_NODISCARD mw_status mw_foreign_burst_symbols(mw_slice frame, size_t bits, bool inverted,
                                                uint8_t memory[MW_BURST_SYMBOLS_MAX / 8],
                                                mw_burst_setup *io_setup);
/* The frame of an OpenUNB message, sync word and code: writes 20 or 28 bytes. MW_RANGE. */
MW_NODISCARD mw_status mw_foreign_openunb_frame(mw_slice message, uint8_t out[28],
                                                size_t *out_size);

#endif
