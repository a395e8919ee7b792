/* SPDX-License-Identifier: Apache-2.0
 * APDUs of strangers and of clients against a server: pieces of the input, each with its SAP. */
#include "protocols/cosem/test/server_device.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static little_device d;
    static mw_cosem_server s;
    static mw_cosem_association associations[3];
    static uint8_t plain[512], gathered[900], answer[1024];
    static const mw_key key = {{1}};
    static mw_cosem_keys keys; /* prepared once: that would take most of the time */
    static bool prepared;
    if (!prepared && mw_cosem_keys_init(&keys, &mw_gcm_openssl, &key, &key) != MW_OK)
        abort();
    prepared = true;
    memset(&d, 0, sizeof d);
    d.keys = keys;
    d.rows = 40;
    d.random = mw_prng_of_seed(1);
    mw_cosem_device device = little_device_of(&d);
    mw_cosem_server_init(&s, &device, associations, (mw_span){plain, sizeof plain},
                         (mw_span){gathered, sizeof gathered});
    /* Two clients begin open, so that their services are reached at once. */
    for (unsigned i = 0; i < 2; i++) {
        associations[i].state = MW_COSEM_OPEN;
        associations[i].conformance = 0xffffff;
        associations[i].max_pdu = 128;
    }
    while (size >= 2) {
        static const uint8_t saps[4] = {SAP_PUBLIC, SAP_READER, SAP_MASTER, 1};
        size_t n = data[1] < size - 2 ? data[1] : size - 2, answer_n = 0;
        mw_status status = mw_cosem_server_take(&s, saps[data[0] % 4], (mw_slice){data + 2, n},
                                                (mw_span){answer, sizeof answer}, &answer_n);
        if (answer_n > sizeof answer || (status == MW_OK && saps[data[0] % 4] == 1))
            abort();
        data += 2 + n;
        size -= 2 + n;
    }
    return 0;
}
