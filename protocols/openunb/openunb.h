/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenUNB uplink frames: soft bits to message and back, pure.
 *
 *   | sync word 32 symbols | coded: 128 (short) or 192 (long) symbols |        100 Bd, DBPSK
 *
 *   message  short 64 bits, long 96 bits: address 24 | payload 16 or 48 | MIC 24; address with the
 *            most significant byte first, payload and MIC in the order of sending (the published
 *            transmitter sends its arrays from the last byte to the first)
 *   check    CRC of 10 bits over the message, reflected polynomial 0x327, initial 0, sent least
 *            significant bit first: 74 or 106 bits to code
 *   code     systematic polar code in natural order; the long one is a (256, 170) code shortened
 *            by its last 64 bits, which are 0
 *
 * Message bits count from the most significant of the first byte. The sync word is the number
 * MW_OPENUNB_SYNC sent from its least significant bit on.
 *
 * Ten bits of CRC accept one wrong candidate in 1024, and the all-zero word is valid: a receiver
 * must also compare the re-encoded frame with what it heard, and keep the list short. The payload
 * is encrypted and the address changes every four hours; both need the device's keys.
 *
 * Source: the published openUNB receiver, transmitter and codec, whose vectors test/ reproduces.
 */
#ifndef MW_PROTOCOLS_OPENUNB_OPENUNB_H
#define MW_PROTOCOLS_OPENUNB_OPENUNB_H

#include "protocols/polar/polar.h"

#define MW_OPENUNB_SYNC         UINT32_C(0x97157A6F)
#define MW_OPENUNB_SYNC_BITS    32
#define MW_OPENUNB_SHORT        8 /* bytes of a message */
#define MW_OPENUNB_LONG         12
#define MW_OPENUNB_CODED_SHORT  16 /* bytes on the air after the sync word */
#define MW_OPENUNB_CODED_LONG   24
#define MW_OPENUNB_PAYLOAD_MAX  6
#define MW_OPENUNB_LIST_DEFAULT 8

typedef struct mw_openunb_uplink {
    uint32_t address;      /* 24 bits */
    uint8_t payload_bytes; /* 2 or 6 */
    uint8_t payload[MW_OPENUNB_PAYLOAD_MAX];
    uint8_t mic[3];
} mw_openunb_uplink;

/* Which bit symbol i of the sync word carries, i < MW_OPENUNB_SYNC_BITS. */
unsigned mw_openunb_sync_bit(unsigned i);

/* Codes a message of 8 or 12 bytes: writes 16 or 24 bytes. MW_RANGE, MW_SPACE. */
MW_NODISCARD mw_status mw_openunb_encode(mw_slice message, mw_span out, size_t *out_size);
/* Decodes n = 128 or 192 soft bits in order of sending, the sync word excluded: positive = bit 0,
 * magnitude = trust on any common scale, 0 = not received. `list` is 1..MW_POLAR_LIST_MAX. Writes
 * 8 or 12 bytes. MW_RANGE for another n or list, MW_SPACE, MW_CHECKSUM. */
MW_NODISCARD mw_status mw_openunb_decode(mw_polar_decoder *d, unsigned list, const int16_t *soft,
                                         size_t n, mw_span out_message, size_t *out_size);

/* A message's fields. MW_RANGE for another size than 8 or 12 bytes. */
MW_NODISCARD mw_status mw_openunb_message_decode(mw_slice message, mw_openunb_uplink *out_uplink);
/* Writes 8 or 12 bytes. MW_RANGE for another payload size or a longer address, MW_SPACE. */
MW_NODISCARD mw_status mw_openunb_message_encode(const mw_openunb_uplink *u, mw_span out,
                                                 size_t *out_size);

#endif
