/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "platform/journal/envelope.h"
#include "protocols/nbfi/nbfi.h"
#include "protocols/openunb/openunb.h"
#include "protocols/sigfox/sigfox.h"

static mw_status complain(mw_json_error *error, mw_status status, const char *text) {
    snprintf(error->text, sizeof error->text, "%s", text);
    return status;
}

/* Who sent the payload, by itself; MW_CHECKSUM and others when it is no message of its network. */
static mw_status sender_of(const mw_envelope_item *item, uint32_t *out_identity,
                           size_t *out_bytes) {
    mw_slice payload = {item->payload, item->payload_n};
    mw_sigfox_uplink sigfox;
    mw_nbfi_packet nbfi;
    mw_openunb_uplink openunb;
    switch (item->kind) {
    case MW_STORE_KIND_SIGFOX:
        MW_TRY(mw_sigfox_content_decode(payload, &sigfox));
        *out_identity = sigfox.id;
        *out_bytes = 4;
        return MW_OK;
    case MW_STORE_KIND_NBFI:
        MW_TRY(mw_nbfi_unpack(payload, &nbfi));
        *out_identity = nbfi.is_e ? nbfi.e.id : nbfi.d.id;
        *out_bytes = nbfi.is_e ? 4 : 3;
        return MW_OK;
    default:
        MW_TRY(mw_openunb_message_decode(payload, &openunb));
        *out_identity = openunb.address;
        *out_bytes = 3;
        return MW_OK;
    }
}

static mw_status counter_read(const json_t *o, mw_envelope_item *item, mw_json_error *error) {
    const json_t *counter = json_object_get(o, "counter");
    item->counter = -1;
    if (counter == NULL || json_is_null(counter))
        return MW_OK;
    return mw_json_get_int(o, "counter", 0, INT32_MAX, &item->counter, error);
}

mw_status mw_envelope_foreign_read(const json_t *object, mw_envelope_item *io_item,
                                   mw_json_error *error) {
    uint8_t identity[4] = {0};
    size_t n = 0, expected = 0;
    uint32_t sender = 0;
    int64_t copies = 0;
    MW_TRY(mw_json_get_hex(object, "identity", MW_SPAN_OF(identity), &n, error));
    mw_reader r = mw_reader_of((mw_slice){identity, n});
    for (size_t i = 0; i < n; i++)
        io_item->identity = io_item->identity << 8 | mw_read_u8(&r);
    MW_TRY(counter_read(object, io_item, error));
    MW_TRY(mw_json_get_int(object, "copies", 1, 255, &copies, error));
    io_item->copies = (uint8_t)copies;
    MW_TRY(mw_json_get_hex(object, "payload", MW_SPAN_OF(io_item->payload), &io_item->payload_n,
                           error));
    if (io_item->payload_n > MW_STORE_FOREIGN_PAYLOAD_MAX ||
        sender_of(io_item, &sender, &expected) != MW_OK)
        return complain(error, MW_RANGE, "\"payload\" is not a message of its network");
    if (n != expected || sender != io_item->identity)
        return complain(error, MW_RANGE, "\"identity\" is not the payload's");
    return MW_OK;
}
