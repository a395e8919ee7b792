/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/prng.h"
#include "crypto/keys.h"
#include "platform/journal/decode_internal.h"

static mw_status device_release(mw_decoder *d, mw_decode_device *s) {
    mw_status status = s->dirty ? mw_store_device_state_put(d->store, &s->state) : MW_OK;
    mw_crypto_fini(&s->up);
    memset(s, 0, sizeof *s);
    return status;
}

mw_status mw_decode_devices_flush(mw_decoder *d) {
    for (size_t i = 0; i < MW_DECODE_SLOTS; i++) {
        if (!d->slot[i].dirty)
            continue;
        MW_TRY(mw_store_device_state_put(d->store, &d->slot[i].state));
        d->slot[i].dirty = false;
    }
    return MW_OK;
}

void mw_decode_devices_forget(mw_decoder *d) {
    for (size_t i = 0; i < MW_DECODE_SLOTS; i++) {
        mw_crypto_fini(&d->slot[i].up);
        memset(&d->slot[i], 0, sizeof d->slot[i]);
    }
}

/* Prepares the key for uplinks of an epoch. */
static mw_status up_key(mw_decoder *d, int64_t tenant, const mw_store_device *device,
                        uint32_t epoch, mw_crypto_ctx *out_ctx) {
    mw_key master, up;
    mw_device_id id;
    mw_writer w = mw_writer_of(MW_SPAN_OF(id.b));
    mw_write_u64be(&w, device->identity);
    MW_TRY(mw_registry_key(d->registry, tenant, device, master.b));
    mw_status s = mw_key_derive_device(&mw_crypto_openssl, &master, &id, epoch, MW_KEY_UP, &up);
    mw_key_wipe(&master);
    MW_TRY(s);
    s = mw_crypto_init(out_ctx, &mw_crypto_openssl, &up);
    mw_key_wipe(&up);
    return s;
}

mw_status mw_decode_device_take(mw_decoder *d, int64_t tenant, const mw_store_device *device,
                                mw_decode_device **out_slot) {
    mw_decode_device *s = &d->slot[mw_mix64((uint64_t)device->device) % MW_DECODE_SLOTS];
    if (s->device != device->device) {
        MW_TRY(device_release(d, s));
        mw_store_device_state state = {
            .tenant = tenant, .device = device->device, .last_seen = MW_UTC_NONE};
        mw_status status = mw_store_device_state_get(d->store, tenant, device->device, &state);
        if (status != MW_OK && status != MW_NOT_FOUND)
            return status;
        MW_TRY(up_key(d, tenant, device, state.key_epoch, &s->up));
        s->device = device->device;
        s->state = state;
    }
    *out_slot = s;
    return MW_OK;
}

/* The counter a header stands for under an epoch of which `newest` is known, or nothing is. A new
 * meter counts from near zero, so without knowledge zero is the guess; the tag decides. */
static mw_status counter_of(const mw_smp_header *h, bool known, uint32_t newest,
                            uint32_t *out_counter) {
    if (h->full) {
        *out_counter = h->counter;
        return MW_OK;
    }
    return mw_smp_counter_resolve(h->counter_low, known ? newest : 0, out_counter);
}

static mw_status frame_try(mw_crypto_ctx *ctx, mw_slice frame, uint32_t epoch, uint32_t counter,
                           mw_decode_opened *out) {
    MW_TRY(mw_smp_frame_open(ctx, MW_SMP_UP, frame, epoch, counter, MW_SPAN_OF(out->plain),
                             &out->objects));
    out->key_epoch = epoch;
    out->counter = counter;
    return MW_OK;
}

/* Whether a meter under attack could well send this counter now. Behind the newest counts too:
 * another station's spool may bring a frame late. */
static bool counter_likely(const mw_smp_header *h, bool known, uint32_t newest, uint32_t counter) {
    if (!known)
        return h->full || counter <= MW_DECODE_NEAR;
    return (counter > newest ? counter - newest : newest - counter) <= MW_DECODE_NEAR;
}

/* The present epoch first, then the next one: a meter changes its key by one epoch at a time. An
 * epoch's lowest bit is in each header, so that one tag check at most is made. */
static mw_status device_open(mw_decoder *d, int64_t tenant, const mw_store_device *device,
                             mw_slice frame, const mw_smp_header *h, bool limited,
                             mw_decode_opened *out) {
    mw_decode_device *s = out->device;
    uint32_t epoch = s->state.key_epoch, counter = 0;
    if (mw_smp_epoch_matches(h, epoch)) {
        bool known = s->state.frames > 0;
        if (counter_of(h, known, s->state.newest_counter, &counter) == MW_OK &&
            (!limited || counter_likely(h, known, s->state.newest_counter, counter))) {
            mw_status status = frame_try(&s->up, frame, epoch, counter, out);
            if (status == MW_OK || status == MW_NOMEM)
                return status;
        }
    }
    if (!mw_smp_epoch_matches(h, epoch + 1) || counter_of(h, false, 0, &counter) != MW_OK)
        return MW_AUTH;
    if (limited && counter > MW_DECODE_NEAR)
        return MW_AUTH;
    mw_crypto_ctx next = {0};
    MW_TRY(up_key(d, tenant, device, epoch + 1, &next));
    mw_status status = frame_try(&next, frame, epoch + 1, counter, out);
    mw_crypto_fini(&next);
    if (status != MW_OK)
        return status == MW_NOMEM ? status : MW_AUTH;
    return MW_OK;
}

mw_status mw_decode_open(mw_decoder *d, const mw_decode_record *r, mw_decode_opened *out) {
    mw_slice frame = {r->item->payload, r->item->payload_n};
    mw_smp_header h;
    if (mw_smp_header_decode(frame, MW_SMP_UP, &h) != MW_OK)
        return MW_SYNTAX;
    int64_t tenant = r->envelope->tenant, failed = 0;
    const mw_registry_entry *entries = NULL;
    size_t n = 0;
    MW_TRY(mw_registry_at(d->registry, tenant, h.address, &entries, &n));
    if (n == 0)
        return MW_NOT_FOUND;
    mw_utc at = r->envelope->stored;
    MW_TRY(mw_store_failure_add(d->store, tenant, h.address, at, 0, &failed));
    bool limited = failed >= MW_DECODE_FAILURES_MAX;
    for (size_t i = 0; i < n; i++) {
        mw_status s = mw_decode_device_take(d, tenant, &entries[i].device, &out->device);
        if (s == MW_OK)
            s = device_open(d, tenant, &entries[i].device, frame, &h, limited, out);
        out->entry = &entries[i];
        /* A device whose key is not there or does not unwrap cannot have sent it. */
        if (s != MW_AUTH && s != MW_NOT_FOUND && s != MW_UNSUPPORTED)
            return s;
    }
    if (limited)
        return MW_LIMIT;
    MW_TRY(mw_store_failure_add(d->store, tenant, h.address, at, 1, &failed));
    return MW_AUTH;
}
