/* SPDX-License-Identifier: Apache-2.0
 * Answers of a meter that may be anything against a client session: each piece of the input is the
 * next answer. The first byte chooses the way of associating. */
#include <stdlib.h>
#include <string.h>

#include "protocols/cosem/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t *left;
static size_t left_n;

static mw_status exchange(void *context, mw_slice apdu, mw_span out, size_t *out_size,
                          mw_cosem_fault *fault) {
    (void)context, (void)apdu;
    if (left_n < 1) {
        *fault = MW_COSEM_FAULT_CLOSED;
        return MW_CLOSED;
    }
    size_t n = left[0] < left_n - 1 ? left[0] : left_n - 1;
    if (n > out.n)
        n = out.n;
    if (n != 0)
        memcpy(out.p, left + 1, n);
    left += 1 + n;
    left_n -= 1 + n;
    *out_size = n;
    return MW_OK;
}

static mw_status receive(void *context, mw_span out, size_t *out_size, mw_cosem_fault *fault) {
    mw_status got = exchange(context, (mw_slice){0}, out, out_size, fault);
    return got == MW_OK && *out_size == 0 ? MW_TIMEOUT : got;
}

static mw_status next_counter(void *context, uint32_t *out) {
    ++*(uint32_t *)context;
    *out = *(uint32_t *)context;
    return MW_OK;
}

static void random_of(void *context, mw_span out) {
    (void)context;
    memset(out.p, 7, out.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t request[256], sealed[400], answer[256], value[600], gathered[400];
    static const mw_key key = {{1}};
    static mw_cosem_keys keys; /* prepared once: that would take most of the time */
    static bool prepared;
    uint32_t counter = 0;
    if (!prepared && mw_cosem_keys_init(&keys, &mw_gcm_openssl, &key, &key) != MW_OK)
        return 0;
    prepared = true;
    if (size == 0)
        return 0;
    left = data + 1;
    left_n = size - 1;
    static const uint8_t mechanisms[] = {0, 1, 5, 5};
    mw_cosem_session s;
    mw_cosem_session_config config = {.mechanism = mechanisms[data[0] % 4],
                                      .ciphered = data[0] % 4 == 3,
                                      .password = mw_slice_of_str("1"),
                                      .keys = &keys,
                                      .context = &counter,
                                      .exchange = exchange,
                                      .next_counter = next_counter,
                                      .random = random_of,
                                      .receive = receive,
                                      .window = 3,
                                      .gathered = MW_SPAN_OF(gathered),
                                      .request = MW_SPAN_OF(request),
                                      .sealed = MW_SPAN_OF(sealed),
                                      .answer = MW_SPAN_OF(answer)};
    mw_cosem_session_init(&s, &config);
    if (mw_cosem_session_open(&s) != MW_OK && (data[0] & 4))
        return 0;
    if (s.meter_pdu < 128)
        s.meter_pdu = 128;
    size_t n = 0;
    mw_cosem_item what = {.class_id = 7, .member = 2}, items[3] = {what, what, what};
    for (unsigned turn = 0; turn < 8 && left_n > 1; turn++) {
        mw_status status = mw_cosem_session_get(&s, &what, MW_SPAN_OF(value), &n);
        if (status == MW_OK && n > sizeof value)
            abort();
        status = mw_cosem_session_get_list(&s, items, 3, MW_SPAN_OF(value));
        what.has_data = true;
        what.data = (mw_slice){value, 300};
        status = mw_cosem_session_set(&s, &what);
        status = mw_cosem_session_act(&s, &what, MW_SPAN_OF(value), &n);
        if (status == MW_OK && n > sizeof value)
            abort();
    }
    mw_cosem_session_close(&s);
    return 0;
}
