/* SPDX-License-Identifier: Apache-2.0
 *
 * The maker of a small image, for tests of firmware updates.
 */
#ifndef MW_METERS_TEST_MAKER_H
#define MW_METERS_TEST_MAKER_H

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "meters/kit/update.h"
#include "tests/harness/mw_test.h"

#define MAKER_SLOT_SECTORS 2
#define MAKER_SECTORS      (MW_UPDATE_LOG_SECTORS + MW_UPDATE_MAP_SECTORS + 2 * MAKER_SLOT_SECTORS)
#define MAKER_BODY         2000
#define MAKER_IMAGE        (MW_UPDATE_HEAD + MAKER_BODY)
#define MAKER_BLOCKS       ((MAKER_IMAGE + MW_UPDATE_BLOCK - 1) / MW_UPDATE_BLOCK)

static uint8_t maker_secret[64], maker_image[MAKER_IMAGE];

static inline mw_update_config maker_config(void) {
    uint8_t seed[32] = {7};
    mw_update_config c = {
        .slot_sectors = MAKER_SLOT_SECTORS, .kind = 0x70, .model = "water-r160", .hardware = 3};
    crypto_sign_seed_keypair(c.key, maker_secret, seed);
    return c;
}

static inline void maker_make(const char *model, uint32_t counter, uint8_t fill) {
    mw_update_head h = {
        .version = {1, 2, 3}, .counter = counter, .bytes = MAKER_BODY, .hardware = 3};
    (void)snprintf(h.model, sizeof h.model, "%s", model);
    for (unsigned i = 0; i < MAKER_BODY; i++)
        maker_image[MW_UPDATE_HEAD + i] = (uint8_t)(fill + i * 31);
    crypto_hash_sha512(h.digest, maker_image + MW_UPDATE_HEAD, MAKER_BODY);
    mw_update_head_encode(&h, maker_image);
    crypto_sign_detached(maker_image + MW_UPDATE_SIGNED, NULL, maker_image, MW_UPDATE_SIGNED,
                         maker_secret);
}

/* Block n, the last one padded. */
static inline void maker_block(unsigned n, uint8_t out[MW_UPDATE_BLOCK]) {
    size_t at = (size_t)n * MW_UPDATE_BLOCK, left = MAKER_IMAGE - at;
    memset(out, 0, MW_UPDATE_BLOCK);
    memcpy(out, maker_image + at, left < MW_UPDATE_BLOCK ? left : MW_UPDATE_BLOCK);
}

#endif
