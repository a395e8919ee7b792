/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/carriers/carrier.h"

#include "protocols/carriers/coap.h"
#include "protocols/carriers/lorawan.h"
#include "protocols/carriers/parts.h"

/* What a rate means on each carrier. */
static const uint8_t lorawan_data_rate[MW_CARRIER_RATES] = {0, 3, 5};
static const uint8_t lorawan_spreading[MW_CARRIER_RATES] = {12, 9, 7};
static const uint16_t nbfi_baud[MW_CARRIER_RATES] = {50, 400, 3200};
static const uint8_t nbiot_szx[MW_CARRIER_RATES] = {2, 3, 6};
/* Coverage levels 2, 1 and 0: bits a second with the repetitions, and the transmitter's part of
 * access and release. */
static const uint16_t nbiot_bps[MW_CARRIER_RATES] = {400, 3000, 15000};
static const uint16_t nbiot_access_ms[MW_CARRIER_RATES] = {3000, 500, 80};

/* Messages of about 6 s: what an hour of 1 % holds. */
#define PARTS_SLOW       5u
#define SIGFOX_BITS      208u /* preamble to CRC of a 12-byte message */
#define SIGFOX_BAUD      100u
#define SIGFOX_COPIES    3u
#define NBFI_SYMBOLS     288u
#define NBIOT_HEADERS    28u /* IP and UDP, not compressed */
#define DUTY_ONE_PERCENT 10000u
#define DUTY_NONE        1000000u

const char *mw_carrier_name(mw_carrier c) {
    static const char *const name[MW_CARRIER_COUNT] = {"unb", "sigfox", "lorawan", "nbiot", "nbfi"};
    return (unsigned)c < MW_CARRIER_COUNT ? name[c] : "?";
}

static size_t chunk_of(mw_carrier c) {
    return c == MW_CARRIER_SIGFOX ? MW_PARTS_SIGFOX : c == MW_CARRIER_NBFI ? MW_PARTS_NBFI : 0;
}

size_t mw_carrier_frame_max(mw_carrier c, unsigned rate) {
    size_t room;
    switch (c) {
    case MW_CARRIER_SIGFOX:
        return MW_CARRIER_ADDRESS + PARTS_SLOW * MW_PARTS_SIGFOX;
    case MW_CARRIER_NBFI:
        return MW_CARRIER_ADDRESS + (rate == 0 ? PARTS_SLOW : MW_PARTS_MAX) * MW_PARTS_NBFI;
    case MW_CARRIER_LORAWAN:
        room = rate < MW_CARRIER_RATES ? mw_lorawan_room(lorawan_data_rate[rate]) : 0;
        room += MW_CARRIER_ADDRESS;
        return room < MW_CARRIER_FRAME_MAX ? room : MW_CARRIER_FRAME_MAX;
    case MW_CARRIER_NBIOT:
        return MW_CARRIER_FRAME_MAX;
    default:
        return 0;
    }
}

size_t mw_carrier_frame_size(mw_carrier c, size_t bytes) {
    size_t chunk = chunk_of(c);
    if (chunk == 0)
        return bytes;
    size_t body = bytes > MW_CARRIER_ADDRESS ? bytes - MW_CARRIER_ADDRESS : 1;
    return MW_CARRIER_ADDRESS + (body + chunk - 1) / chunk * chunk;
}

unsigned mw_carrier_messages(mw_carrier c, unsigned rate, size_t frame_bytes, bool parity) {
    size_t chunk = chunk_of(c);
    if (chunk != 0) {
        unsigned n = (unsigned)((frame_bytes - MW_CARRIER_ADDRESS) / chunk);
        return n + (parity && n > 1 ? 1 : 0);
    }
    if (c == MW_CARRIER_NBIOT && rate < MW_CARRIER_RATES)
        return mw_coap_blocks(frame_bytes, nbiot_szx[rate]);
    return 1;
}

mw_status mw_carrier_message(mw_carrier c, unsigned rate, mw_slice frame, uint32_t counter,
                             bool parity, unsigned i, mw_span out, size_t *out_size) {
    if (rate >= MW_CARRIER_RATES || c == MW_CARRIER_UNB || frame.n <= MW_CARRIER_ADDRESS ||
        frame.n > mw_carrier_frame_max(c, rate) ||
        i >= mw_carrier_messages(c, rate, frame.n, parity))
        return MW_RANGE;
    mw_slice body = mw_slice_sub(frame, MW_CARRIER_ADDRESS, frame.n - MW_CARRIER_ADDRESS);
    if (chunk_of(c) != 0)
        return mw_parts_cut(body, chunk_of(c), counter, i, out, out_size);
    if (c == MW_CARRIER_NBIOT)
        return mw_coap_post(frame, counter, nbiot_szx[rate], i, out, out_size);
    MW_TRY(mw_span_copy(out, body));
    *out_size = body.n;
    return MW_OK;
}

uint32_t mw_carrier_airtime_ms(mw_carrier c, unsigned rate, size_t message_bytes) {
    unsigned r = rate < MW_CARRIER_RATES ? rate : 0;
    switch (c) {
    case MW_CARRIER_SIGFOX:
        return SIGFOX_COPIES * SIGFOX_BITS * 1000 / SIGFOX_BAUD;
    case MW_CARRIER_LORAWAN:
        return mw_lorawan_airtime_ms(lorawan_spreading[r], MW_LORAWAN_OVERHEAD + message_bytes);
    case MW_CARRIER_NBIOT:
        return nbiot_access_ms[r] +
               (uint32_t)((message_bytes + NBIOT_HEADERS) * 8 * 1000 / nbiot_bps[r]);
    case MW_CARRIER_NBFI:
        return NBFI_SYMBOLS * 1000 / nbfi_baud[r];
    default:
        return 0;
    }
}

uint32_t mw_carrier_gap_ms(mw_carrier c) {
    switch (c) {
    case MW_CARRIER_SIGFOX:
        return 2000; /* the pauses between the three copies, and after them */
    case MW_CARRIER_NBFI:
        return 1000;
    case MW_CARRIER_NBIOT:
        return 500;
    default:
        return 0;
    }
}

uint32_t mw_carrier_window_ms(mw_carrier c) {
    switch (c) {
    case MW_CARRIER_LORAWAN:
        return 3000; /* RX1 and RX2 begin 1 s and 2 s after the end */
    case MW_CARRIER_NBIOT:
        return 10000; /* until the network releases the connection */
    default:
        return 0; /* reports ask for no answer there */
    }
}

uint32_t mw_carrier_duty_ppm(mw_carrier c) {
    return c == MW_CARRIER_NBIOT ? DUTY_NONE : DUTY_ONE_PERCENT;
}
