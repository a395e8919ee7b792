/* SPDX-License-Identifier: Apache-2.0
 *
 * SMP frames over the networks of others (docs/spec/carriers.md). A frame is sealed as always
 * (protocols/smp/frame.h); a profile says how its bytes travel:
 *
 *   UNB      one burst of 13, 29 or 61 bytes
 *   Sigfox   messages of 12 bytes:  part head 1 | 11 bytes of the frame    (parts.h)
 *   LoRaWAN  one unconfirmed uplink on port MW_LORAWAN_PORT                (lorawan.h)
 *   NB-IoT   one CoAP POST, in blocks where coverage is poor               (coap.h)
 *   NB-Fi    packets of 8 bytes:    part head 1 | 7 bytes of the frame     (parts.h)
 *
 * Where the network names the sender, the four bytes of the air address are left out and put back
 * by the receiver, which knows the device by its name in that network; NB-IoT has no such name and
 * sends them. What is sealed is the same on every carrier, so keys, counters and decoding are too.
 *
 * `rate` is the configuration's: 0 far, 1 usual, 2 near.
 */
#ifndef MW_PROTOCOLS_CARRIERS_CARRIER_H
#define MW_PROTOCOLS_CARRIERS_CARRIER_H

#include "base/bytes.h"

typedef enum mw_carrier {
    MW_CARRIER_UNB = 0,
    MW_CARRIER_SIGFOX,
    MW_CARRIER_LORAWAN,
    MW_CARRIER_NBIOT,
    MW_CARRIER_NBFI,
    MW_CARRIER_COUNT
} mw_carrier;

#define MW_CARRIER_RATES 3
/* The longest frame that a meter sends on any carrier, its address included. */
#define MW_CARRIER_FRAME_MAX 119
/* The longest message of a carrier: a CoAP datagram with a whole frame. */
#define MW_CARRIER_MESSAGE_MAX 160
#define MW_CARRIER_ADDRESS     4

/* "unb", "sigfox", "lorawan", "nbiot", "nbfi". */
const char *mw_carrier_name(mw_carrier c);

/* The longest frame; 0 for UNB, whose sizes are those of its bursts (protocols/unb). */
size_t mw_carrier_frame_max(mw_carrier c, unsigned rate);
/* The size to seal a frame of at least `bytes` into, so that its parts are full. At most
 * mw_carrier_frame_max. */
size_t mw_carrier_frame_size(mw_carrier c, size_t bytes);
/* Messages that a frame of this size takes; `parity` adds one where a carrier cuts frames. */
unsigned mw_carrier_messages(mw_carrier c, unsigned rate, size_t frame_bytes, bool parity);
/* Message i of a frame: what the module is given to send. `counter` is the frame's. MW_RANGE for a
 * frame that no meter sends, an i beyond the last, or UNB; MW_SPACE. */
MW_NODISCARD mw_status mw_carrier_message(mw_carrier c, unsigned rate, mw_slice frame,
                                          uint32_t counter, bool parity, unsigned i, mw_span out,
                                          size_t *out_size);

/* On the air, for the duty and the battery: one message with the repeats that the network makes of
 * its own accord. NB-IoT counts what the transmitter is on for, access included, by the model of
 * docs/spec/carriers.md. */
uint32_t mw_carrier_airtime_ms(mw_carrier c, unsigned rate, size_t message_bytes);
/* Between the beginnings of two messages beside their airtime. */
uint32_t mw_carrier_gap_ms(mw_carrier c);
/* The receiver is on for this long after the last message. */
uint32_t mw_carrier_window_ms(mw_carrier c);
/* Share of airtime within an hour that the carrier's band allows; a million: no limit. */
uint32_t mw_carrier_duty_ppm(mw_carrier c);

#endif
