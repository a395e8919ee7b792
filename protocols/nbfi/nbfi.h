/* SPDX-License-Identifier: Apache-2.0
 *
 * NB-Fi frames: soft bits of a burst to fields and back, pure. Every frame is 36 bytes, 288
 * symbols DBPSK at 50, 400, 3200 or 25600 Bd, most significant bit first:
 *
 *   | sync word 32 bits | 256 coded bits |
 *
 *   protocol D   | ID 3 | header 1 | payload 8 | CRC8 1 | CRC24 3 | 16 bytes of parity |
 *   downlink D   | iterator 1 | body 9 | MIC 3 | CRC24 3 | 16 bytes of parity |
 *   protocol E   polar(256, 160) of | ID 4 | iterator 1 | body 9 | MIC 3 | CRC24 3 |
 *
 *   ID        most significant byte first; D sends the low 24 bits
 *   header    SYS 1 bit, ACK 1, MULTI 1, number of the part 5
 *   body      header and payload, encrypted in one piece when the device has a key
 *   CRC8      of the payload in clear (reflected 0x31, initial 0): only whoever has the key can
 *             check it when the payload is encrypted
 *   MIC       see security.h; without a key the low 24 bits of the CRC-32 of the body
 *   CRC24     low 24 bits of CRC-32 0x04C11DB7, not reflected, initial and final FFFFFFFF
 *   parity    zigzag code, see zigzag.h: 256 of the 384 bits of a rate 1/3 code; which ones, a flag
 *             says that is not sent. A device sends either always flag 1, or 0 and 1 in turn.
 *
 * Uplinks carry the sync word MW_NBFI_SYNC; a downlink's depends on the device and is the caller's.
 *
 * Source: the published NB-Fi transceiver stack of WAVIoT, of which only the numbers are taken;
 * test/ reproduces a frame of a meter and a coded block made by that stack.
 */
#ifndef MW_PROTOCOLS_NBFI_NBFI_H
#define MW_PROTOCOLS_NBFI_NBFI_H

#include "protocols/nbfi/zigzag.h"
#include "protocols/polar/polar.h"

#define MW_NBFI_SYNC         UINT32_C(0x97157A6F)
#define MW_NBFI_SYNC_BITS    32
#define MW_NBFI_FRAME        36 /* bytes */
#define MW_NBFI_CODED_BITS   256
#define MW_NBFI_PAYLOAD      8
#define MW_NBFI_BODY         9
#define MW_NBFI_MIC          3
#define MW_NBFI_LIST_DEFAULT 8

/* Bits of the header. */
#define MW_NBFI_HEADER_SYSTEM 0x80
#define MW_NBFI_HEADER_ACK    0x40
#define MW_NBFI_HEADER_MULTI  0x20
#define MW_NBFI_HEADER_PART   0x1F

/* Uplink of protocol D. */
typedef struct mw_nbfi_d {
    uint32_t id; /* 24 bits */
    uint8_t header;
    uint8_t payload[MW_NBFI_PAYLOAD];
    uint8_t crc8; /* of the payload in clear */
} mw_nbfi_d;

/* Uplink of protocol E. */
typedef struct mw_nbfi_e {
    uint32_t id;
    uint8_t iterator; /* low 8 of 20 bits */
    uint8_t body[MW_NBFI_BODY];
    uint8_t mic[MW_NBFI_MIC];
} mw_nbfi_e;

/* Downlink of protocol D. */
typedef struct mw_nbfi_down {
    uint8_t iterator;
    uint8_t body[MW_NBFI_BODY];
    uint8_t mic[MW_NBFI_MIC];
} mw_nbfi_down;

/* Everything a decode needs; no initialisation, fields are the decoder's own; about 36 KB. */
typedef union mw_nbfi_decoder {
    mw_polar_decoder polar;
    mw_zigzag_decoder zigzag;
} mw_nbfi_decoder;

/* Build a whole frame. MW_RANGE for an identity that is too long. `parity` is the flag of the
 * zigzag code, 0 or 1. */
MW_NODISCARD mw_status mw_nbfi_d_encode(const mw_nbfi_d *u, unsigned parity,
                                        uint8_t out[MW_NBFI_FRAME]);
void mw_nbfi_e_encode(const mw_nbfi_e *u, uint8_t out[MW_NBFI_FRAME]);
void mw_nbfi_down_encode(const mw_nbfi_down *u, uint32_t sync, unsigned parity,
                         uint8_t out[MW_NBFI_FRAME]);

/* Decode the 256 soft bits that follow the sync word, in order of sending: positive = bit 0,
 * magnitude = trust on any common scale, 0 = not received.
 *
 * Protocol D: soft[f] are the bits of a transmission with parity flag f, or NULL. A single
 * transmission of unknown flag: try it as [1], then as [0]. Two transmissions of one frame with
 * both flags decode jointly. Downlinks have the same code. MW_RANGE when both are NULL,
 * MW_CHECKSUM when the decoder finds no frame. */
MW_NODISCARD mw_status mw_nbfi_d_decode(mw_nbfi_decoder *d, const int16_t *const soft[2],
                                        mw_nbfi_d *out_uplink);
MW_NODISCARD mw_status mw_nbfi_down_decode(mw_nbfi_decoder *d, const int16_t *const soft[2],
                                           mw_nbfi_down *out_downlink);
/* Protocol E. `list` is 1..MW_POLAR_LIST_MAX, else MW_RANGE; MW_CHECKSUM. */
MW_NODISCARD mw_status mw_nbfi_e_decode(mw_nbfi_decoder *d, unsigned list,
                                        const int16_t soft[MW_NBFI_CODED_BITS],
                                        mw_nbfi_e *out_uplink);

/* An uplink between station and platform: its information bytes, CRC24 included, as they were
 * before coding. 16 bytes are protocol D, 20 are E. */
#define MW_NBFI_PACKET_D 16
#define MW_NBFI_PACKET_E 20
typedef struct mw_nbfi_packet {
    bool is_e;
    mw_nbfi_d d;
    mw_nbfi_e e;
} mw_nbfi_packet;

void mw_nbfi_d_pack(const mw_nbfi_d *u, uint8_t out[MW_NBFI_PACKET_D]);
void mw_nbfi_e_pack(const mw_nbfi_e *u, uint8_t out[MW_NBFI_PACKET_E]);
/* MW_RANGE for another length, MW_CHECKSUM. */
MW_NODISCARD mw_status mw_nbfi_unpack(mw_slice in, mw_nbfi_packet *out_packet);

/* Checks of the protocol, for whoever holds decrypted fields. */
uint8_t mw_nbfi_crc8(mw_slice in);
uint32_t mw_nbfi_crc24(mw_slice in);

#endif
