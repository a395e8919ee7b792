/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages of other radio networks. What is registered with its key is authenticated and decrypted
 * as far as its network allows (docs/spec/foreign.md); what has been heard before is a duplicate or
 * a replay; what nobody registered is kept, marked, and only the newest of it.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/crc.h"
#include "platform/journal/decode_internal.h"
#include "platform/registry/foreign.h"
#include "protocols/nbfi/security.h"
#include "protocols/sigfox/sigfox.h"

enum {
    SIGFOX_COUNTERS = 4096,
    HOUR_US = 3600,
    TRIM_EVERY = 64, /* messages */
    NBFI_NEAR = 64,  /* iterators ahead that are tried when too many failed before */
};

/* A message under judgement. */
typedef struct judged {
    const mw_store_envelope *envelope;
    const mw_envelope_item *item;
    mw_store_foreign_device device;
    mw_store_foreign_state state;
    mw_store_foreign_message message;
    uint32_t crc; /* by which the same message is known again */
} judged;

/* What judging says of a message. */
typedef enum verdict { TAKE, DUPLICATE, REPLAY, FAILED, LIMITED } verdict;

static mw_store_network network_of(mw_store_kind kind) {
    return kind == MW_STORE_KIND_SIGFOX ? MW_NETWORK_SIGFOX
           : kind == MW_STORE_KIND_NBFI ? MW_NETWORK_NBFI
                                        : MW_NETWORK_OPENUNB;
}

static bool soon_after(const judged *j) {
    if (mw_utc_is_none(j->state.last_seen))
        return false;
    int64_t us = j->envelope->received.us - j->state.last_seen.us;
    return us < MW_DECODE_LATE_S * MW_US_PER_S && us > -MW_DECODE_LATE_S * MW_US_PER_S;
}

static void clear_put(judged *j, mw_slice bytes) {
    mw_bytes_copy(j->message.clear, bytes.p, bytes.n);
    j->message.clear_n = (uint8_t)bytes.n;
    j->message.has_clear = true;
}

/* ---- Sigfox -----------------------------------------------------------------------------------*/

static verdict sigfox_judge(judged *j, mw_slice key) {
    mw_sigfox_uplink u;
    mw_key k;
    if (mw_sigfox_content_decode((mw_slice){j->message.payload, j->message.payload_n}, &u) != MW_OK)
        return FAILED;
    j->message.authenticity = MW_FOREIGN_UNVERIFIED;
    if (key.n == sizeof k.b) {
        mw_bytes_copy(k.b, key.p, key.n);
        mw_status s = mw_sigfox_verify(&u, &k);
        mw_key_wipe(&k);
        if (s != MW_OK)
            return FAILED;
        j->message.authenticity = MW_FOREIGN_AUTHENTIC;
    }
    uint8_t bit = u.bit;
    clear_put(j, u.one_bit ? (mw_slice){&bit, 1} : (mw_slice){u.payload, u.payload_bytes});
    j->message.counter = u.counter;
    if (j->state.newest < 0)
        return TAKE;
    /* Twelve bits that begin anew: half of them lie ahead. */
    int64_t ahead = (u.counter - j->state.newest + SIGFOX_COUNTERS) % SIGFOX_COUNTERS;
    if (ahead == 0)
        return j->crc == j->state.last_crc && soon_after(j) ? DUPLICATE : REPLAY;
    return ahead < SIGFOX_COUNTERS / 2 ? TAKE : REPLAY;
}

/* ---- NB-Fi ------------------------------------------------------------------------------------*/

/* Protocol D has no counter and nothing that proves its sender. */
static verdict nbfi_d_judge(judged *j, const mw_nbfi_d *u, const mw_nbfi_key *root) {
    uint8_t clear[1 + MW_NBFI_PAYLOAD] = {u->header};
    if (j->crc == j->state.last_crc && j->state.messages > 0 && soon_after(j))
        return DUPLICATE;
    j->message.authenticity = MW_FOREIGN_UNVERIFIED;
    if (mw_nbfi_crc8(MW_SLICE_OF(u->payload)) == u->crc8) {
        mw_bytes_copy(clear + 1, u->payload, MW_NBFI_PAYLOAD); /* sent in clear */
    } else {
        if (root == NULL)
            return TAKE;
        if (mw_nbfi_d_open(u, root, clear + 1) != MW_OK)
            return FAILED;
        j->message.authenticity = MW_FOREIGN_PLAUSIBLE;
    }
    clear_put(j, MW_SLICE_OF(clear));
    return TAKE;
}

/* How many epochs are searched: a device is followed closely once it was heard, and sought
 * everywhere before, unless somebody forges its frames. */
static unsigned nbfi_ahead(const judged *j) {
    if (j->state.newest >= 0)
        return MW_NBFI_EPOCH_AHEAD;
    return j->state.failures < MW_DECODE_FOREIGN_FIRST ? MW_NBFI_EPOCHS - 1 : MW_NBFI_EPOCH_AHEAD;
}

static verdict nbfi_e_judge(judged *j, const mw_nbfi_e *u, const mw_nbfi_key *root) {
    uint8_t clear[MW_NBFI_BODY];
    uint32_t iterator = 0;
    mw_nbfi_link link;
    j->message.counter = u->iterator;
    /* The MIC does not cover the iterator: the same body under another one is no new message. */
    mw_slice body = {j->message.payload + 5, MW_NBFI_BODY + MW_NBFI_MIC};
    j->crc = mw_crc32(body);
    if (root == NULL) {
        j->message.authenticity = MW_FOREIGN_UNVERIFIED;
        return j->crc == j->state.last_crc && j->state.messages > 0 && soon_after(j) ? DUPLICATE
                                                                                     : TAKE;
    }
    bool heard = j->state.newest >= 0;
    uint8_t next = (uint8_t)(u->iterator - (unsigned)(j->state.newest & 0xFF));
    if (heard && j->state.failures >= MW_DECODE_FAILURES_MAX && next > NBFI_NEAR)
        return LIMITED;
    mw_nbfi_link_init(&link, root, MW_NBFI_UP, heard ? (unsigned)(j->state.newest >> 8) : 0);
    link.heard = heard;
    link.last = (uint8_t)(j->state.newest & 0xFF);
    mw_status s =
        mw_nbfi_link_open(&link, u->iterator, u->body, u->mic, nbfi_ahead(j), &iterator, clear);
    mw_nbfi_link_wipe(&link);
    if (s == MW_DUPLICATE)
        return soon_after(j) && j->crc == j->state.last_crc ? DUPLICATE : REPLAY;
    if (s == MW_REPLAY || (s == MW_OK && heard && j->crc == j->state.last_crc))
        return REPLAY;
    if (s != MW_OK)
        return FAILED;
    j->message.counter = iterator;
    j->message.authenticity = MW_FOREIGN_AUTHENTIC;
    clear_put(j, MW_SLICE_OF(clear));
    return TAKE;
}

static verdict nbfi_judge(judged *j, mw_slice key) {
    mw_nbfi_packet p;
    mw_nbfi_key root;
    if (mw_nbfi_unpack((mw_slice){j->message.payload, j->message.payload_n}, &p) != MW_OK)
        return FAILED;
    bool has_key = key.n == sizeof root.b;
    if (has_key)
        mw_bytes_copy(root.b, key.p, key.n);
    verdict v = p.is_e ? nbfi_e_judge(j, &p.e, has_key ? &root : NULL)
                       : nbfi_d_judge(j, &p.d, has_key ? &root : NULL);
    mw_bytes_wipe(&root, sizeof root);
    return v;
}

/* ---- OpenUNB ----------------------------------------------------------------------------------*/

static verdict openunb_judge(judged *j) {
    j->message.authenticity = MW_FOREIGN_UNVERIFIED;
    return j->crc == j->state.last_crc && j->state.messages > 0 && soon_after(j) ? DUPLICATE : TAKE;
}

/* ---- Consequences -----------------------------------------------------------------------------*/

static mw_status alarm(mw_decoder *d, const judged *j, const char *kind, const char *text) {
    char subject[MW_STORE_ID_MAX];
    snprintf(subject, sizeof subject, "%s/%08" PRIx32, mw_network_name(j->device.network),
             j->device.identity);
    return mw_decode_alarm(d, j->envelope, kind, subject, text);
}

static mw_status message_store(mw_decoder *d, judged *j) {
    mw_store_foreign_state *s = &j->state;
    MW_TRY(mw_store_foreign_message_add(d->store, &j->message, &s->last_message));
    s->messages++;
    s->last_crc = j->crc;
    if (j->message.counter >= 0 && (j->message.network == MW_NETWORK_SIGFOX ||
                                    j->message.authenticity == MW_FOREIGN_AUTHENTIC))
        s->newest = j->message.counter;
    const mw_store_envelope *e = j->envelope;
    s->last_seen = e->received.us < e->stored.us ? e->received : e->stored;
    return mw_decode_count_add(d, e, "decode.foreign", 1);
}

static mw_status failed(mw_decoder *d, judged *j) {
    MW_TRY(mw_decode_count_add(d, j->envelope, "decode.foreign_failed", 1));
    j->state.failures++;
    if (j->state.failures < MW_DECODE_FAILURES_ALARM)
        return MW_OK;
    return alarm(d, j, "foreign_auth_failures",
                 "many messages with this identity fail authentication");
}

static mw_status conclude(mw_decoder *d, judged *j, verdict v) {
    switch (v) {
    case TAKE:
        MW_TRY(message_store(d, j));
        break;
    case DUPLICATE:
        j->state.duplicates++;
        MW_TRY(mw_decode_count_add(d, j->envelope, "decode.foreign_duplicates", 1));
        break;
    case REPLAY:
        j->state.replays++;
        MW_TRY(mw_decode_count_add(d, j->envelope, "decode.foreign_replays", 1));
        MW_TRY(alarm(d, j, "foreign_replay", "a message came with a counter that was passed"));
        break;
    case FAILED:
        MW_TRY(failed(d, j));
        break;
    case LIMITED:
        return mw_decode_count_add(d, j->envelope, "decode.foreign_limited", 1);
    }
    return mw_store_foreign_state_put(d->store, &j->state);
}

/* Nobody's: the newest are kept, so that a device can be recognised and registered. */
static mw_status unknown(mw_decoder *d, judged *j) {
    int64_t id = 0;
    j->message.authenticity = MW_FOREIGN_UNVERIFIED;
    j->message.counter = j->item->counter;
    MW_TRY(mw_store_foreign_message_add(d->store, &j->message, &id));
    if (id % TRIM_EVERY == 0)
        MW_TRY(mw_store_foreign_unknown_trim(d->store, j->envelope->tenant,
                                             MW_DECODE_FOREIGN_UNKNOWN));
    return mw_decode_count_add(d, j->envelope, "decode.foreign_unknown", 1);
}

static mw_status known(mw_decoder *d, judged *j) {
    uint8_t key[MW_FOREIGN_KEY_MAX];
    size_t n = 0;
    int64_t hour = mw_utc_floor_s(j->envelope->stored) / HOUR_US;
    MW_TRY(mw_store_foreign_state_get(d->store, j->envelope->tenant, j->device.device, &j->state));
    if (j->state.failures_hour != hour) {
        j->state.failures_hour = hour;
        j->state.failures = 0;
    }
    mw_status s = mw_registry_foreign_key(d->registry, &j->device, key, &n);
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    mw_slice k = {key, n};
    j->message.device = j->device.device;
    verdict v = j->message.network == MW_NETWORK_SIGFOX ? sigfox_judge(j, k)
                : j->message.network == MW_NETWORK_NBFI ? nbfi_judge(j, k)
                                                        : openunb_judge(j);
    mw_bytes_wipe(key, sizeof key);
    return conclude(d, j, v);
}

static mw_status message_of(judged *j) {
    const mw_envelope_item *item = j->item;
    const mw_store_envelope *e = j->envelope;
    mw_slice payload = {item->payload, item->payload_n};
    j->crc = mw_crc32(payload);
    j->message = (mw_store_foreign_message){.tenant = e->tenant,
                                            .journal = e->id,
                                            .network = network_of(item->kind),
                                            .identity = item->identity,
                                            .counter = -1,
                                            .payload_n = (uint8_t)payload.n,
                                            .received = e->received,
                                            .stored = e->stored,
                                            .frequency_mhz = item->frequency_mhz,
                                            .level_cdbm = item->level_cdbm,
                                            .snr_cdb = item->snr_cdb,
                                            .copies = item->copies};
    mw_bytes_copy(j->message.rate, item->rate, sizeof j->message.rate);
    return mw_span_copy(MW_SPAN_OF(j->message.payload), payload);
}

mw_status mw_decode_foreign(mw_decoder *d, const mw_store_envelope *e) {
    mw_envelope_item item;
    mw_status s = mw_envelope_item_parse(e->content, &item);
    if (s == MW_NOMEM)
        return s;
    judged j = {.envelope = e, .item = &item};
    if (s == MW_OK)
        s = message_of(&j);
    if (s != MW_OK)
        return mw_decode_count_add(d, e, "decode.malformed", 1);
    bool low24 = item.kind == MW_STORE_KIND_NBFI && item.payload_n == MW_NBFI_PACKET_D;
    s = mw_store_foreign_device_find(d->store, e->tenant, j.message.network, item.identity, low24,
                                     &j.device);
    if (s == MW_NOT_FOUND)
        return unknown(d, &j);
    return s == MW_OK ? known(d, &j) : s;
}
