/* SPDX-License-Identifier: Apache-2.0
 *
 * Firmware update: a new image is taken into the slot that does not run, block by block, in any
 * order and over weeks; it runs when its maker's signature, the model and the security counter are
 * right, on trial first; an image that does not confirm itself is left again.
 *
 *   begin -> block, block, ... -> status (what is missing) -> activate (at a time)
 *     boot: READY -> TRIAL, the new slot runs, at most MW_UPDATE_TRIES boots
 *     confirm: the new slot is the one that runs; the counter of its image is the least from now on
 *     no confirmation: back to the old slot, state FAILED
 *
 *   image, little endian: "MWFW" | u8 form 1 | u8 major, minor, patch | u32 security counter
 *     | u32 bytes of the body | char model[16] | u8 hardware | u8 0[3] | u32 CRC-32 of the legally
 *     relevant part, 0: unchanged and not told | u8 SHA-512 of the body [64] | u8 0[24]
 *     | Ed25519 signature over the 128 bytes before [64] | body
 *
 * Blocks carry no seal of their own, so that a group can take them: whoever forges some makes an
 * image that is refused. Power may go at any flash operation: what the map in flash says is there,
 * is there; blocks after the last map are asked for again.
 */
#ifndef MW_METERS_KIT_UPDATE_H
#define MW_METERS_KIT_UPDATE_H

#include "crypto/ed25519.h"
#include "meters/kit/ringlog.h"

#define MW_UPDATE_BLOCK       32
#define MW_UPDATE_BLOCKS_MAX  4096 /* 128 KiB */
#define MW_UPDATE_HEAD        192
#define MW_UPDATE_SIGNED      128
#define MW_UPDATE_MODEL_MAX   16
#define MW_UPDATE_TRIES       3
#define MW_UPDATE_RUN         256 /* blocks that one record of the map tells of */
#define MW_UPDATE_LOG_SECTORS 2
#define MW_UPDATE_MAP_SECTORS 4

typedef struct mw_update_head {
    uint8_t version[3];
    uint32_t counter; /* never goes back */
    uint32_t bytes;   /* of the body */
    char model[MW_UPDATE_MODEL_MAX + 1];
    uint8_t hardware;
    uint32_t legal_crc;
    uint8_t digest[MW_SHA512_BYTES];
} mw_update_head;

/* MW_SYNTAX, MW_UNSUPPORTED (form), MW_AUTH: not signed with the secret of `key`. */
MW_NODISCARD mw_status mw_update_head_decode(const uint8_t in[MW_UPDATE_HEAD],
                                             const uint8_t key[MW_ED25519_KEY_BYTES],
                                             mw_update_head *out);
/* The first MW_UPDATE_SIGNED bytes, to be signed. */
void mw_update_head_encode(const mw_update_head *h, uint8_t out[MW_UPDATE_SIGNED]);

typedef enum mw_update_state {
    MW_UPDATE_IDLE,
    MW_UPDATE_TAKING,
    MW_UPDATE_READY,  /* verified; runs at `at` or with the next boot */
    MW_UPDATE_TRIAL,  /* the new slot runs and has not confirmed itself */
    MW_UPDATE_FAILED, /* it never did, and the old one runs again */
} mw_update_state;

typedef struct mw_update_config {
    uint32_t first_sector; /* MW_UPDATE_LOG_SECTORS, MW_UPDATE_MAP_SECTORS, then slots 0 and 1 */
    uint32_t slot_sectors;
    uint8_t kind; /* of two logs: this and the next */
    const char *model;
    uint8_t hardware;
    uint8_t key[MW_ED25519_KEY_BYTES]; /* whose images are taken */
} mw_update_config;

typedef struct mw_update {
    mw_update_config config;
    mw_flash flash;
    mw_ringlog log, map;
    /* Stored. */
    uint8_t state;  /* mw_update_state */
    uint8_t active; /* slot that runs when nothing is on trial */
    uint8_t tries;
    uint8_t session;
    uint32_t least_counter;
    uint32_t bytes; /* of the image that is being taken, head included */
    uint32_t at_s;  /* UTC when it is to run; 0: with the next boot */
    /* In memory. */
    uint8_t have[MW_UPDATE_BLOCKS_MAX / 8];
    uint16_t unsaved; /* blocks of `run` that no record tells of */
    uint16_t run;
} mw_update;

/* What is missing, as a receipt tells it: from `first` on, bit n of `map`: block first + n. */
typedef struct mw_update_gaps {
    uint16_t blocks, missing, first;
    uint8_t map[24];
} mw_update_gaps;

/* Reads its state back. `counter` is the security counter of the image that runs, for the first
 * time. MW_IO. */
MW_NODISCARD mw_status mw_update_mount(mw_update *u, const mw_flash *flash,
                                       const mw_update_config *config, uint32_t counter);
/* The slot that has to run now; the boot stage calls it once, before anything else. A trial is
 * counted before it runs. MW_IO: what ran before runs. */
MW_NODISCARD mw_status mw_update_boot(mw_update *u, uint8_t *out_slot);
/* The firmware on trial works: it has measured, stored and been heard. MW_OK also when there is no
 * trial. MW_IO. */
MW_NODISCARD mw_status mw_update_confirm(mw_update *u);

/* Empties the other slot, or goes on with the same session and size. MW_STATE: one is on trial.
 * MW_RANGE: size. MW_IO. */
MW_NODISCARD mw_status mw_update_begin(mw_update *u, uint8_t session, uint32_t bytes);
/* MW_DUPLICATE: it is there. MW_NOT_FOUND: another session. MW_RANGE. MW_AGAIN: flash did not take
 * it, blocks of its sector are missing again. MW_IO. */
MW_NODISCARD mw_status mw_update_block(mw_update *u, uint8_t session, uint16_t n, mw_slice data);
/* MW_NOT_FOUND: another session. */
MW_NODISCARD mw_status mw_update_missing(const mw_update *u, uint8_t session, mw_update_gaps *out);
/* Checks all and makes it READY. MW_AGAIN: blocks are missing; MW_AUTH: signature or digest;
 * MW_FORBIDDEN: model, hardware or an older counter; MW_NOT_FOUND; MW_IO. */
MW_NODISCARD mw_status mw_update_activate(mw_update *u, uint8_t session, uint32_t at_s);
/* Whether the time has come to restart into the new image. */
bool mw_update_due(const mw_update *u, mw_utc now);

/* The image in a slot: head, signature, digest. MW_AUTH, MW_SYNTAX, MW_IO. */
MW_NODISCARD mw_status mw_update_verify(const mw_update *u, uint8_t slot, mw_update_head *out);

#endif
