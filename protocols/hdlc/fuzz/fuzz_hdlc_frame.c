/* SPDX-License-Identifier: Apache-2.0
 *
 * A frame that decodes encodes to the same bytes; parameters that decode are stable.
 */
#include "base/assert.h"
#include "base/crc.h"
#include "protocols/hdlc/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Puts the right length and checksums in, so that what is behind them is reached. */
static mw_slice repaired(const uint8_t *data, size_t size, uint8_t *b) {
    mw_bytes_copy(b, data, size);
    b[0] = (uint8_t)(0xA0 | (b[0] & 0x08) | size >> 8);
    b[1] = (uint8_t)size;
    size_t at = 2;
    for (int address = 0; address < 2; address++) {
        while (at < size && (b[at] & 1) == 0)
            at++;
        at++;
    }
    at++;
    if (at + 4 < size) {
        uint16_t hcs = mw_crc16_x25((mw_slice){b, at});
        b[at] = (uint8_t)hcs;
        b[at + 1] = (uint8_t)(hcs >> 8);
    }
    uint16_t fcs = mw_crc16_x25((mw_slice){b, size - 2});
    b[size - 2] = (uint8_t)fcs;
    b[size - 1] = (uint8_t)(fcs >> 8);
    return (mw_slice){b, size};
}

static void check(mw_slice in) {
    mw_hdlc_frame f;
    mw_status s = mw_hdlc_frame_decode(in, &f);
    size_t length;
    mw_status early = mw_hdlc_header_check(in, &length);
    if (s != MW_OK)
        return;
    mw_assert(early == MW_OK && length == in.n);
    if (f.kind != MW_HDLC_UNKNOWN) {
        uint8_t again[MW_HDLC_FRAME_MAX];
        size_t n;
        mw_assert(mw_hdlc_frame_encode(&f, MW_SPAN_OF(again), &n) == MW_OK);
        mw_assert(mw_slice_equal(in, (mw_slice){again + 1, n - 2}));
    }
    mw_hdlc_params p, q;
    uint8_t b[MW_HDLC_PARAMS_MAX + 2];
    size_t n;
    if (mw_hdlc_params_decode(f.information, &p) != MW_OK)
        return;
    mw_assert(mw_hdlc_params_encode(&p, MW_SPAN_OF(b), &n) == MW_OK);
    mw_assert(mw_hdlc_params_decode((mw_slice){b, n}, &q) == MW_OK);
    mw_assert(p.info_transmit == q.info_transmit && p.info_receive == q.info_receive);
    mw_assert(p.window_transmit == q.window_transmit && p.window_receive == q.window_receive);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t b[MW_HDLC_LENGTH_MAX];
    check((mw_slice){data, size});
    if (size >= 2 && size <= sizeof b)
        check(repaired(data, size, b));
    return 0;
}
