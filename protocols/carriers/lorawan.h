/* SPDX-License-Identifier: Apache-2.0
 *
 * Data frames of LoRaWAN 1.0.4 as far as a report needs them: what a module sends and what a
 * network server gives back. Pure. A board's module or stack owns join, channels and ADR.
 *
 *   | MHDR 1 | DevAddr 4 | FCtrl 1 | FCnt 2 | FOpts 0..15 | FPort 1 | FRMPayload | MIC 4 |
 *
 * All integers little-endian. FRMPayload is encrypted under AppSKey (port 0: NwkSKey), the MIC is a
 * CMAC under NwkSKey; both take the 32-bit frame counter, of which 16 bits are sent. Source:
 * LoRaWAN L2 1.0.4 specification, section 4.
 *
 * SMP in it: port MW_LORAWAN_PORT carries one SMP frame without its address, in either direction.
 */
#ifndef MW_PROTOCOLS_CARRIERS_LORAWAN_H
#define MW_PROTOCOLS_CARRIERS_LORAWAN_H

#include "crypto/crypto.h"

#define MW_LORAWAN_PORT        77 /* 1..223 are the application's */
#define MW_LORAWAN_PAYLOAD_MAX 222
#define MW_LORAWAN_OPTIONS_MAX 15
/* Header, port and MIC without options. */
#define MW_LORAWAN_OVERHEAD 13
#define MW_LORAWAN_MAX      (MW_LORAWAN_OVERHEAD + MW_LORAWAN_OPTIONS_MAX + MW_LORAWAN_PAYLOAD_MAX)

typedef struct mw_lorawan_keys {
    mw_key network;     /* NwkSKey */
    mw_key application; /* AppSKey */
} mw_lorawan_keys;

typedef struct mw_lorawan_data {
    bool down, confirmed;
    uint32_t address; /* DevAddr */
    uint8_t control;  /* FCtrl without FOptsLen */
    uint32_t counter; /* whole; a decoder is told the newest and resolves */
    bool any_port;    /* false: a frame without FPort and payload */
    uint8_t port;     /* FPort */
    mw_slice options; /* FOpts */
    mw_slice payload; /* in clear */
} mw_lorawan_data;

/* FRMPayload that EU868's data rates 0..7 carry beside a header without options: 51 or 115, 222. */
size_t mw_lorawan_room(unsigned data_rate);
/* On the air at SF7..SF12, 125 kHz, coding rate 4/5, explicit header, preamble of 8, for PHYPayload
 * of n bytes, rounded up. Source: Semtech AN1200.13. */
uint32_t mw_lorawan_airtime_ms(unsigned spreading, size_t bytes);

/* Encrypts and signs. MW_RANGE for a payload or options that are too long, MW_SPACE, MW_NOMEM. */
MW_NODISCARD mw_status mw_lorawan_encode(const mw_lorawan_data *d, const mw_lorawan_keys *keys,
                                         mw_span out, size_t *out_size);
/* Checks the MIC and decrypts into `memory` (MW_LORAWAN_PAYLOAD_MAX bytes suffice). The counter is
 * the lowest at or above `expected` with the 16 bits sent. MW_SHORT, MW_UNSUPPORTED for another
 * message type or major version, MW_RANGE when the counter would pass 32 bits, MW_AUTH, MW_SPACE. */
MW_NODISCARD mw_status mw_lorawan_decode(mw_slice in, const mw_lorawan_keys *keys,
                                         uint32_t expected, mw_span memory,
                                         mw_lorawan_data *out_data);
/* DevAddr without a key, to find the device. MW_SHORT, MW_UNSUPPORTED. */
MW_NODISCARD mw_status mw_lorawan_address(mw_slice in, uint32_t *out_address);

#endif
