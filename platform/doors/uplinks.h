/* SPDX-License-Identifier: Apache-2.0
 *
 * The uplink door: POST /v1/uplinks without HTTP. One call takes the body of one request and its
 * authenticated sender, writes one transaction and gives the body of the answer.
 *
 * Request  {"sender":ID,"epoch":16 hex digits,"items":[{"seq":n,"kind":"unb"|"station",...}]}
 * Answer   {"results":[{"seq":n,"status":"stored|duplicate|conflict|quarantined","reason":TEXT}]}
 *
 * Status returned and what the route answers:
 *   MW_OK       200: every item is on the disk, also the quarantined ones
 *   MW_SYNTAX   400: the body as a whole is malformed
 *   MW_SPACE, MW_IO, MW_NOMEM   503 with Retry-After: nothing of the batch was stored
 *   MW_LIMIT    413: more than MW_UPLINKS_ITEMS_MAX items or MW_UPLINKS_BODY_MAX bytes
 *   MW_FORBIDDEN 403: the body names another sender than the token does
 */
#ifndef MW_PLATFORM_DOORS_UPLINKS_H
#define MW_PLATFORM_DOORS_UPLINKS_H

#include "platform/store/store.h"

enum {
    MW_UPLINKS_ITEMS_MAX = 1000,
    MW_UPLINKS_BODY_MAX = 2 * 1024 * 1024,
    MW_UPLINKS_ITEM_MAX = 4096,  /* bytes of one item, else quarantined with its first bytes */
    MW_UPLINKS_AHEAD_S = 3600,   /* a sender's clock this far ahead of ours is alarmed */
    MW_UPLINKS_VARIANTS_MAX = 8, /* different contents kept under one key; more are quarantined */
};

typedef struct mw_uplinks_result {
    char *body; /* JSON, NUL-terminated; free() */
    size_t body_n;
    uint32_t stored, duplicates, conflicts, quarantined;
} mw_uplinks_result;

/* Hash of a bearer token as senders are stored by (BLAKE2b, 32 bytes). */
void mw_uplinks_token_hash(mw_slice token, uint8_t out_hash[MW_STORE_TOKEN_HASH]);

/* `now` becomes t_stored. Opens and commits its own transaction: none may be open. */
MW_NODISCARD mw_status mw_uplinks_take(mw_store *store, const mw_store_sender *sender,
                                       mw_slice body, mw_utc now, mw_uplinks_result *out_result);

#endif
