/* SPDX-License-Identifier: Apache-2.0
 *
 * Sigfox uplink frames: bits of a burst to fields and back, pure.
 *
 *   | preamble 20 bits AAAAA | FT 12 | LI 2 | BF 1 | REP 1 | MC 12 | ID 32 | payload | AUTH | CRC
 * 16 |
 *                                    '--------------------- content ------------------------------'
 *   FT    frame type: tells the size class of the payload and which of the three copies this is
 *   LI    bytes of AUTH beyond two, or, for a one-bit message, 2 + the bit
 *   BF    the device listens for an answer      MC  message counter
 *   ID    device identity, least significant byte first
 *   CRC   polynomial 1021, initial 0, inverted, over LI..AUTH
 *
 * The first copy carries the content as it is; the second and third carry it convolved with
 * 1 + D + D^2 and 1 + D^2 from a zero state, cut at the end: together they are a rate-1/3 code, and
 * mw_sigfox_join decodes any of the three jointly from soft bits.
 *
 * Source: the community's protocol specification (renard-spec) and its published frames; checked
 * against those in test/. Identity, counter and reception are public; payload and AUTH need the
 * device's key, which a station does not have.
 */
#ifndef MW_PROTOCOLS_SIGFOX_SIGFOX_H
#define MW_PROTOCOLS_SIGFOX_SIGFOX_H

#include "crypto/crypto.h"

#define MW_SIGFOX_COPIES        3
#define MW_SIGFOX_PREAMBLE      0xAAAAAu
#define MW_SIGFOX_PREAMBLE_BITS 20
#define MW_SIGFOX_TYPE_BITS     12
#define MW_SIGFOX_PAYLOAD_MAX   12
#define MW_SIGFOX_AUTH_MAX      5
/* Bytes from LI to CRC of the longest frame. */
#define MW_SIGFOX_CONTENT_MAX (2 + 4 + MW_SIGFOX_PAYLOAD_MAX + 2 + 2)
/* Preamble, type and content, in whole bytes. */
#define MW_SIGFOX_FRAME_MAX (4 + MW_SIGFOX_CONTENT_MAX)

typedef struct mw_sigfox_uplink {
    uint32_t id;
    uint16_t counter; /* 12 bits */
    bool listens;     /* BF */
    bool repeat;      /* REP: 0 in all frames seen */
    bool one_bit;     /* the message is `bit`, without payload */
    bool bit;
    uint8_t payload_bytes; /* 0..12 */
    uint8_t payload[MW_SIGFOX_PAYLOAD_MAX];
    uint8_t auth_bytes; /* 2..5 */
    uint8_t auth[MW_SIGFOX_AUTH_MAX];
} mw_sigfox_uplink;

/* What a frame type says. */
typedef struct mw_sigfox_type {
    uint8_t copy;          /* 0..2 */
    uint8_t content_bytes; /* LI to CRC: 10, 11, 14, 18, 22 */
} mw_sigfox_type;

/* MW_NOT_FOUND for a word that is no frame type. */
MW_NODISCARD mw_status mw_sigfox_type_of(uint16_t word, mw_sigfox_type *out_type);
/* The type's word nearest to a received one, and in how many bits they differ. */
uint16_t mw_sigfox_type_nearest(uint16_t word, unsigned *out_distance);

/* The content of one copy (LI to CRC, decoded): MW_RANGE for another length than a type's,
 * MW_CHECKSUM, MW_SYNTAX when LI contradicts the length. */
MW_NODISCARD mw_status mw_sigfox_content_decode(mw_slice content, mw_sigfox_uplink *out_uplink);
/* A whole frame of one copy, from the preamble (`preamble` true) or from FT on, in whole bytes
 * after the last nibble: undoes the copy's convolution first. MW_SHORT, MW_SYNTAX, and as above. */
MW_NODISCARD mw_status mw_sigfox_frame_decode(mw_slice frame, bool preamble,
                                              mw_sigfox_uplink *out_uplink, unsigned *out_copy);
/* Builds copy 0..2. auth and auth_bytes must be set (mw_sigfox_authenticate). MW_RANGE, MW_SPACE.
 */
MW_NODISCARD mw_status mw_sigfox_frame_encode(const mw_sigfox_uplink *u, unsigned copy, mw_span out,
                                              size_t *out_size);

/* The bits that copy 0..2 carries for a content of n bytes, in place. */
void mw_sigfox_convolve(uint8_t *content, size_t n, unsigned copy);

/* Sets auth and auth_bytes: AES-128-CBC, IV 0, over LI to payload repeated to whole blocks; the
 * leading bytes of the last block. MW_RANGE for a payload that is too long. */
MW_NODISCARD mw_status mw_sigfox_authenticate(mw_sigfox_uplink *u, const mw_key *key);
/* MW_OK when the frame was made with this key, MW_AUTH otherwise. */
MW_NODISCARD mw_status mw_sigfox_verify(const mw_sigfox_uplink *u, const mw_key *key);

/* Joint soft decoding of up to three copies of one message. soft[c] holds one value for each
 * content bit as it was sent (positive = bit 0, magnitude = trust on a common scale), or is NULL
 * when copy c was not received; at least one must be given. Writes content_bits / 8 bytes; a
 * maximum-likelihood sequence, so the CRC decides. MW_RANGE for a content that is not 80..176 bits
 * in whole bytes. */
MW_NODISCARD mw_status mw_sigfox_join(const int16_t *const soft[MW_SIGFOX_COPIES],
                                      size_t content_bits, mw_span out_content);
/* The same from symbols whose carrier phase is known: symbol[c][i] is the soft value of the symbol
 * that content bit i of copy c led to (positive = the phase of the last symbol before the content).
 * A bit 0 turns the phase over, so each copy runs through an accumulator; decoded together with
 * it, over up to 32 states, the copies need 2 dB less than their differences do. */
MW_NODISCARD mw_status mw_sigfox_join_symbols(const int16_t *const symbol[MW_SIGFOX_COPIES],
                                              size_t content_bits, mw_span out_content);

#endif
