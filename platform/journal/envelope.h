/* SPDX-License-Identifier: Apache-2.0
 *
 * One item of an uplink batch: the form that doors check and the decoder reads again.
 *
 *   {"seq":123,"kind":"unb","received_at":RFC 3339,"frequency_mhz":868100123456,
 *    "level_cdbm":-12345,"snr_cdb":850,"rate":"R1","size":"M","payload":"hex"}
 *   {"seq":124,"kind":"station","at":RFC 3339, ...}
 *   {"seq":125,"kind":"sigfox|nbfi|openunb","received_at":RFC 3339,"frequency_mhz":868130123456,
 *    "level_cdbm":-12345,"snr_cdb":850,"rate":"100","identity":"004d33db","counter":416|null,
 *    "copies":3,"payload":"hex"}
 *
 * A payload of another network is what its frame carried, decoded: Sigfox LI to CRC, NB-Fi the
 * information bytes with CRC24 (16 bytes: protocol D, 20: E), OpenUNB the message of 8 or 12 bytes.
 * Its check and the identity are held against the item's.
 *   {"seq":126,"kind":"downlink","id":"16 hex","state":"sent","at":RFC 3339,"reason":"", ...}
 *
 * Members that are not named here are kept in the journal and ignored.
 */
#ifndef MW_PLATFORM_JOURNAL_ENVELOPE_H
#define MW_PLATFORM_JOURNAL_ENVELOPE_H

#include <jansson.h>

#include "platform/store/store.h"
#include "runtime/json_read.h"

enum {
    MW_ENVELOPE_PAYLOAD_MAX = 61, /* S 13, M 29, L 61 bytes (protocols/unb) */
    MW_ENVELOPE_REASON_MAX = 121,
    MW_ENVELOPE_ITEM_MAX = 4096, /* bytes of one item as canonical JSON */
};

typedef struct mw_envelope_item {
    uint64_t seq;
    bool has_seq; /* meaningful also when the item is bad */
    mw_store_kind kind;
    mw_utc received; /* received_at or at */
    int64_t frequency_mhz;
    int32_t level_cdbm;
    int32_t snr_cdb;
    char rate[8];
    char size[4];
    uint8_t payload[MW_ENVELOPE_PAYLOAD_MAX];
    size_t payload_n;
    /* of other networks: */
    uint32_t identity;
    int64_t counter; /* -1 = none in clear */
    uint8_t copies;
    /* A station's result about a downlink (docs/spec/downlink.md section 4). */
    uint64_t entry;
    char state[16];
    char reason[MW_ENVELOPE_REASON_MAX];
} mw_envelope_item;

/* Reads an item. On failure error says what is wrong with it; seq and has_seq are set if the item
 * has a good one. *out_item is always written. */
MW_NODISCARD mw_status mw_envelope_item_read(const json_t *object, mw_envelope_item *out_item,
                                             mw_json_error *error);
/* The members of an item of another network, behind those that all receptions have. */
MW_NODISCARD mw_status mw_envelope_foreign_read(const json_t *object, mw_envelope_item *io_item,
                                                mw_json_error *error);
/* The same from the canonical JSON of the journal. */
MW_NODISCARD mw_status mw_envelope_item_parse(mw_slice content, mw_envelope_item *out_item);

typedef struct mw_envelope_batch {
    char sender[MW_STORE_ID_MAX];
    uint64_t epoch;
    json_t *root;
    json_t *items; /* borrowed from root */
} mw_envelope_batch;

/* Reads a batch's frame, not its items. MW_LIMIT beyond bytes_max or items_max, MW_SYNTAX
 * otherwise. A number beyond range in an item is that item's fault alone. Free with
 * mw_envelope_batch_fini. */
MW_NODISCARD mw_status mw_envelope_batch_read(mw_slice body, size_t bytes_max, size_t items_max,
                                              mw_envelope_batch *out_batch);
void mw_envelope_batch_fini(mw_envelope_batch *b);

#endif
