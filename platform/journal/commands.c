/* SPDX-License-Identifier: Apache-2.0
 *
 * What the journal says about commands, kept as facts for the queue (platform/commands) to read.
 * Facts are derived: decoding again makes the same ones under the same journal records.
 */
#include <stdio.h>

#include "platform/journal/decode_internal.h"

static mw_store_fact fact_of(const mw_decode_record *r, mw_store_fact_kind kind) {
    return (mw_store_fact){.tenant = r->envelope->tenant,
                           .sender = r->envelope->sender,
                           .journal = r->envelope->id,
                           .kind = kind,
                           .at = MW_UTC_NONE,
                           .received = r->envelope->received};
}

static mw_status fact_add(mw_decoder *d, const mw_decode_record *r, mw_decode_opened *o,
                          mw_store_fact *f) {
    f->device = o->entry->device.device;
    f->key_epoch = o->key_epoch;
    f->n = o->facts++;
    MW_TRY(mw_store_fact_append(d->store, f));
    return mw_decode_count_add(d, r->envelope, "decode.facts", 1);
}

mw_status mw_decode_result(mw_decoder *d, const mw_decode_record *r) {
    mw_store_fact f = fact_of(r, MW_FACT_RESULT);
    f.value = (int64_t)r->item->entry;
    f.at = r->item->received;
    snprintf(f.text, sizeof f.text, "%s\n%s", r->item->state, r->item->reason);
    MW_TRY(mw_store_fact_append(d->store, &f));
    return mw_decode_count_add(d, r->envelope, "decode.downlinks", 1);
}

mw_status mw_decode_receipt(mw_decoder *d, const mw_decode_record *r, mw_decode_opened *o,
                            mw_slice body) {
    mw_smp_receipt receipt;
    if (mw_smp_receipt_decode(body, &receipt) != MW_OK)
        return mw_decode_count_add(d, r->envelope, "decode.malformed", 1);
    mw_store_fact f = fact_of(r, MW_FACT_RECEIPT);
    f.number = receipt.id;
    f.result = receipt.result;
    f.value = receipt.size > 0 ? receipt.data[0] : -1;
    if (receipt.time_s != 0)
        f.at = mw_smp_utc_of_seconds(receipt.time_s);
    return fact_add(d, r, o, &f);
}

mw_status mw_decode_config(mw_decoder *d, const mw_decode_record *r, mw_decode_opened *o,
                           mw_slice body) {
    mw_smp_config config;
    if (mw_smp_config_decode(body, &config) != MW_OK)
        return mw_decode_count_add(d, r->envelope, "decode.malformed", 1);
    for (unsigned i = 0; i < config.count; i++) {
        mw_store_told told = {.tenant = r->envelope->tenant,
                              .device = o->entry->device.device,
                              .key = config.item[i].key,
                              .value = config.item[i].value,
                              .received = r->envelope->received};
        mw_store_fact f = fact_of(r, MW_FACT_CONFIG);
        f.number = told.key;
        f.value = told.value;
        MW_TRY(mw_store_told_put(d->store, &told));
        MW_TRY(fact_add(d, r, o, &f));
    }
    return mw_decode_device_changed(d, r, o);
}

mw_status mw_decode_boot(mw_decoder *d, const mw_decode_record *r, mw_decode_opened *o,
                         const mw_smp_event *event) {
    mw_store_fact f = fact_of(r, MW_FACT_BOOT);
    f.value = event->value;
    f.at = mw_smp_utc_of_seconds(event->time_s);
    return fact_add(d, r, o, &f);
}
