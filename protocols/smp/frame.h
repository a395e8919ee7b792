/* SPDX-License-Identifier: Apache-2.0
 *
 * SMP frames: what stands inside the payload of a UNB burst, or of any other carrier.
 *
 *   byte 0..3   air address, big-endian
 *   byte 4..5   control, big-endian:  V E F K cccccccccccc
 *                 V version (0 here)   E an extension follows   F the whole counter follows
 *                 K bit 0 of the key epoch   c bits 11..0 of the counter
 *   if F: 3 B   counter bits 31..12 (20 bits), then bits 4..1 of the key epoch (4 bits)
 *   if E: 1+n   C rrr nnnn: C critical, r kind of extension, n length 0..15; then n bytes
 *   ...         cipher text of the objects, padded with zero bytes before sealing
 *   4 or 8 B    tag: 4 on uplinks, 8 on downlinks (all that may change a meter is a downlink)
 *
 * All bytes before the cipher text are the associated data. Nonce (13): direction (01 up, 02 down,
 * 03 down to a group) | address | key epoch (4) | counter (4), big-endian. Repeats of a frame are
 * bit-identical: a sealed frame is sent again as it is, never sealed again under its counter.
 */
#ifndef MW_PROTOCOLS_SMP_FRAME_H
#define MW_PROTOCOLS_SMP_FRAME_H

#include "crypto/crypto.h"

/* 0 is nobody. Below MW_SMP_GROUP_FIRST an address is one device, from there on a group. */
#define MW_SMP_ADDRESS_NONE UINT32_C(0)
#define MW_SMP_GROUP_FIRST  UINT32_C(0xFF000000)
#define MW_SMP_GROUP_ALL    UINT32_C(0xFFFFFFFF)

#define MW_SMP_TAG_UP       4
#define MW_SMP_TAG_DOWN     8
#define MW_SMP_HEADER_MIN   6
#define MW_SMP_HEADER_MAX   (6 + 3 + 16)
/* The longest frame on any carrier. UNB payloads are 13, 29 and 61 bytes. */
#define MW_SMP_FRAME_MAX 255
/* A sender sets F in its first frame after a boot and when counter % 256 == 0. */
#define MW_SMP_FULL_EVERY 256
/* A counter this much or more behind the newest is never resolved: see mw_smp_counter_resolve. */
#define MW_SMP_COUNTER_BACK 1024

typedef enum mw_smp_direction { MW_SMP_UP, MW_SMP_DOWN } mw_smp_direction;

static inline bool mw_smp_address_is_group(uint32_t address) {
    return address >= MW_SMP_GROUP_FIRST;
}

/* What a receiver learns without a key. */
typedef struct mw_smp_header {
    uint32_t address;
    uint16_t counter_low; /* 12 bits */
    bool full;            /* the whole counter was sent */
    uint32_t counter;     /* when full; else equal to counter_low */
    uint8_t epoch_low;    /* low bits of the key epoch ... */
    uint8_t epoch_bits;   /* ... and how many of them were sent: 1, or 5 when full */
    mw_slice extension;   /* a view into the frame; empty without E */
    uint8_t extension_kind;
    size_t size; /* bytes before the cipher text */
} mw_smp_header;

/* Reads a header. frame is whole, with cipher text and tag. MW_SHORT when the frame ends inside
 * header or tag; MW_UNSUPPORTED for another version or a critical extension; MW_RANGE for address
 * 0, a group address on an uplink, or more than MW_SMP_FRAME_MAX bytes. */
MW_NODISCARD mw_status mw_smp_header_decode(mw_slice frame, mw_smp_direction direction,
                                            mw_smp_header *out_header);
/* Whether a key epoch agrees with the bits in the header. */
bool mw_smp_epoch_matches(const mw_smp_header *header, uint32_t epoch);

/* The 32-bit counter that 12 bits on the air stand for: the one equal modulo 4096 in
 * newest - 1023 .. newest + 3072, where newest is the highest counter accepted so far. Below 1023
 * the window is 0 .. 4095. MW_RANGE when it would exceed 32 bits or low has more than 12.
 * Whether that counter was used before is the caller's to know. Without a newest counter only a
 * full one is accepted. */
MW_NODISCARD mw_status mw_smp_counter_resolve(uint16_t low, uint32_t newest, uint32_t *out_counter);

/* What the sender gives besides objects. */
typedef struct mw_smp_frame_info {
    mw_smp_direction direction;
    uint32_t address; /* of the meter in both directions, or a group on a downlink */
    uint32_t epoch;   /* of the key in the context */
    uint32_t counter; /* never used before with this key; persisted ahead of use */
    bool full;        /* send the whole counter */
} mw_smp_frame_info;

/* Bytes for objects in a frame of this size; 0 when it is too small. */
size_t mw_smp_frame_room(size_t frame_size, mw_smp_direction direction, bool full);

/* Seals objects into a frame of exactly frame_size bytes (zero padding), or of the smallest size
 * when frame_size is 0. MW_SPACE when objects do not fit frame_size or the frame does not fit out;
 * MW_RANGE for address 0, a group on an uplink, or more than MW_SMP_FRAME_MAX; MW_NOMEM. */
MW_NODISCARD mw_status mw_smp_frame_seal(mw_crypto_ctx *ctx, const mw_smp_frame_info *info,
                                         mw_slice objects, size_t frame_size, mw_span out,
                                         size_t *out_size);

/* Opens a frame under the resolved counter and epoch; out_objects is the part of out that was
 * filled (MW_SMP_FRAME_MAX bytes always suffice). Errors of mw_smp_header_decode; MW_RANGE when
 * counter or epoch contradict the header; MW_AUTH when the tag does not match; MW_SPACE. */
MW_NODISCARD mw_status mw_smp_frame_open(mw_crypto_ctx *ctx, mw_smp_direction direction,
                                         mw_slice frame, uint32_t epoch, uint32_t counter,
                                         mw_span out, mw_slice *out_objects);

#endif
