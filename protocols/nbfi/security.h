/* SPDX-License-Identifier: Apache-2.0
 *
 * Encryption and authentication of NB-Fi frames with the device's root key, for whoever holds it:
 * a platform, never a station.
 *
 * Protocol E and downlinks. Each direction counts its messages in an iterator of 20 bits, of which
 * the frame carries the low 8. The upper 12 number an epoch of 256 messages; each epoch has keys of
 * its own, derived from the epoch before (E(k, b): Magma in counter mode with the IV b b b b over
 * 32 zero bytes):
 *
 *   master of epoch 0   E(root, 00) up, E(root, FF) down      next epoch  E(master, 0F)
 *   MIC key             E(master, 00)                          work key    E(master, FF)
 *
 *   body   counter mode under the work key, IV = the iterator, least significant byte first
 *   MIC    bytes 2, 1, 0 of a CMAC of the encrypted body under the MIC key, in which the last block
 *          is padded with zeros alone and a carry adds 33 (hexadecimal), not 1B: so the published
 *          stack computes it, other than GOST R 34.13-2015, and so meters in the field do
 *
 * Protocol D: the payload in counter mode under the root key itself, IV 0.
 *
 * Weak by design, kept for the sake of meters in the field and documented in docs/spec/foreign.md:
 *   - protocol D uses one key stream for every message: two payloads under one key tell their
 *     difference, one known payload opens all; CRC8 authenticates nothing
 *   - the MIC covers neither identity nor iterator: a body moved to another iterator of its epoch
 *     authenticates, and decrypts to other bytes. Its 24 bits are guessed once in 16 million
 *   - after 2^20 uplinks the device goes on with E(root, FF), the downlink's first keys: key
 * streams meet. mw_nbfi_link refuses to follow: the key must be changed
 */
#ifndef MW_PROTOCOLS_NBFI_SECURITY_H
#define MW_PROTOCOLS_NBFI_SECURITY_H

#include "crypto/magma.h"
#include "protocols/nbfi/nbfi.h"

#define MW_NBFI_ITERATORS   (UINT32_C(1) << 20)
#define MW_NBFI_EPOCHS      4096u
#define MW_NBFI_EPOCH_AHEAD 10u /* how far a device looks ahead for a lost epoch */

/* The root key of one device. */
typedef struct mw_nbfi_key {
    uint8_t b[MW_MAGMA_KEY];
} mw_nbfi_key;

typedef enum mw_nbfi_direction { MW_NBFI_UP, MW_NBFI_DOWN } mw_nbfi_direction;

/* Keys of one epoch. Secret: wipe when done. */
typedef struct mw_nbfi_epoch {
    uint16_t number;
    mw_magma_keys master, mic, work;
} mw_nbfi_epoch;

/* Derives epoch `number` < MW_NBFI_EPOCHS, asserted. Costs 4 blocks for each epoch from 0 on. */
void mw_nbfi_epoch_init(mw_nbfi_epoch *e, const mw_nbfi_key *root, mw_nbfi_direction direction,
                        unsigned number);
/* Goes on to the next epoch. MW_LIMIT after the last. */
MW_NODISCARD mw_status mw_nbfi_epoch_next(mw_nbfi_epoch *e);

/* Encrypts a body in place and computes its MIC. The iterator must lie in the epoch, asserted, and
 * be used once. */
void mw_nbfi_seal(const mw_nbfi_epoch *e, uint32_t iterator, uint8_t body[MW_NBFI_BODY],
                  uint8_t out_mic[MW_NBFI_MIC]);
/* MW_OK when the MIC fits the encrypted body, else MW_AUTH; time does not depend on the bytes. */
MW_NODISCARD mw_status mw_nbfi_verify(const mw_nbfi_epoch *e, const uint8_t body[MW_NBFI_BODY],
                                      const uint8_t mic[MW_NBFI_MIC]);

/* One direction of one device, followed by the receiving side. */
typedef struct mw_nbfi_link {
    mw_nbfi_epoch epoch; /* of the last message taken */
    bool heard;          /* whether one was taken in this epoch */
    uint8_t last;        /* low 8 bits of its iterator */
} mw_nbfi_link;

/* Begins to listen in epoch `number`, for instance 0 or the one a register of devices remembers. */
void mw_nbfi_link_init(mw_nbfi_link *link, const mw_nbfi_key *root, mw_nbfi_direction direction,
                       unsigned number);
/* Authenticates and decrypts one message and takes note of it. Looks for its epoch up to `ahead`
 * epochs on from the present one (MW_NBFI_EPOCH_AHEAD is what devices do).
 *   MW_DUPLICATE  the last message again, such as the second of two transmissions
 *   MW_REPLAY     authentic, but its iterator was passed already in this epoch
 *   MW_AUTH       fits no epoch within reach; the link is unchanged */
MW_NODISCARD mw_status mw_nbfi_link_open(mw_nbfi_link *link, uint8_t iterator,
                                         const uint8_t body[MW_NBFI_BODY],
                                         const uint8_t mic[MW_NBFI_MIC], unsigned ahead,
                                         uint32_t *out_iterator, uint8_t out_clear[MW_NBFI_BODY]);
void mw_nbfi_link_wipe(mw_nbfi_link *link);

/* Protocol D. MW_CHECKSUM when CRC8 does not fit the decrypted payload, which says that the key is
 * not the device's but never that the sender has it. */
MW_NODISCARD mw_status mw_nbfi_d_open(const mw_nbfi_d *u, const mw_nbfi_key *root,
                                      uint8_t out_payload[MW_NBFI_PAYLOAD]);
/* Encrypts the payload in place and sets crc8. */
void mw_nbfi_d_seal(mw_nbfi_d *u, const mw_nbfi_key *root);

#endif
