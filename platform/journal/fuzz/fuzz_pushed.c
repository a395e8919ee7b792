/* SPDX-License-Identifier: Apache-2.0
 *
 * The body of a push that a meter sealed rightly: whatever it says, decoding goes on and stores
 * only for the meter's own channels.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "platform/journal/decode_internal.h"
#include "platform/store/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static mw_store *store;
static mw_registry *registry;
static mw_decoder *decoder;
static int64_t tenant;

static void open_once(void) {
    static const char line[] =
        "{\"tenant\":\"demo\",\"device_id\":\"4d574b0000000007\",\"serial\":\"E-7\",\"model\":"
        "\"electricity-1p\",\"network_address\":9000,\"master_key\":"
        "\"000102030405060708090a0b0c0d0e0f\",\"channels\":[{\"number\":0,\"medium\":"
        "\"electricity\",\"obis\":\"1-0:1.8.0*255\",\"unit\":\"Wh\",\"scale\":0,"
        "\"register_digits\":9}]}\n";
    char key[64];
    mw_registry_import_report report;
    snprintf(key, sizeof key, "fuzz-pushed-%d.key", (int)getpid());
    mw_assert(mw_store_memory_open(&store) == MW_OK);
    mw_assert(mw_registry_open(store, key, &registry) == MW_OK);
    (void)unlink(key);
    mw_assert(mw_registry_import(registry, mw_slice_of_str(line), mw_utc_of_s(1000), &report) ==
              MW_OK);
    mw_assert(mw_store_tenant_find(store, "demo", &tenant) == MW_OK);
    mw_assert(mw_decoder_new(store, registry, &decoder) == MW_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char text[2 * 4096 + 64];
    if (size > 4096)
        return 0;
    if (store == NULL)
        open_once();
    int n = snprintf(text, sizeof text, "{\"plain\":\"");
    mw_assert(mw_hex_encode((mw_slice){data, size}, (mw_span){(uint8_t *)text + n, 2 * size}) ==
              MW_OK);
    snprintf(text + n + 2 * size, 4, "\"}");
    mw_store_envelope e = {.id = 1,
                           .tenant = tenant,
                           .epoch = UINT64_C(0x4d574b0000000007),
                           .kind = MW_STORE_KIND_PUSH,
                           .received = mw_utc_of_s(1795168800),
                           .stored = mw_utc_of_s(1795168800),
                           .content = mw_slice_of_str(text)};
    mw_assert(mw_store_begin(store) == MW_OK);
    mw_status s = mw_decode_push(decoder, &e);
    mw_assert(s == MW_OK || s == MW_LIMIT || s == MW_SPACE || s == MW_RANGE);
    mw_assert(mw_store_rollback(store) == MW_OK);
    return 0;
}
