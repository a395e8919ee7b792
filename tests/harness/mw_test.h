/* SPDX-License-Identifier: Apache-2.0
 *
 * The thin header every unit test includes. On hosts it is cmocka.
 *
 *   MW_TEST(adds) { MW_CHECK_EQ(1 + 1, 2); }
 *   MW_TEST_MAIN(MW_CASE(adds))
 */
#ifndef MW_TESTS_HARNESS_MW_TEST_H
#define MW_TESTS_HARNESS_MW_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/status.h"

#define MW_TEST(name) static void name(void **mw_test_state __attribute__((unused)))
#define MW_CASE(name) cmocka_unit_test(name)
#define MW_TEST_MAIN(...)                                                                          \
    int main(void) {                                                                               \
        const struct CMUnitTest cases[] = {__VA_ARGS__};                                           \
        return cmocka_run_group_tests(cases, NULL, NULL);                                          \
    }

#define MW_CHECK(cond)     assert_true(cond)
#define MW_CHECK_EQ(a, b)  mw_check_eq((int64_t)(a), (int64_t)(b), #a " == " #b, __FILE__, __LINE__)
#define MW_CHECK_STR(a, b) assert_string_equal(a, b)
/* Compares a status by name, so that a failure prints words. */
#define MW_CHECK_STATUS(a, b) assert_string_equal(mw_status_name(a), mw_status_name(b))
#define MW_CHECK_OK(a)        MW_CHECK_STATUS(a, MW_OK)
#define MW_CHECK_BYTES(slice, expected, size)                                                      \
    do {                                                                                           \
        mw_slice mw_check_slice_ = (slice);                                                        \
        assert_int_equal(mw_check_slice_.n, (size));                                               \
        assert_memory_equal(mw_check_slice_.p, (expected), (size));                                \
    } while (0)

static inline void mw_check_eq(int64_t a, int64_t b, const char *what, const char *file, int line) {
    if (a != b) {
        print_error("%s: %lld is not %lld\n", what, (long long)a, (long long)b);
        _fail(file, line);
    }
}

/* Bytes of a hexadecimal literal, spaces allowed; for golden vectors. At most 4096 bytes, valid
 * until the eighth next call. */
static inline mw_slice mw_test_hex(const char *text) {
    static uint8_t pool[8][4096];
    static unsigned next;
    uint8_t *out = pool[next++ % 8];
    size_t n = 0;
    int high = -1;
    for (; *text != 0; text++) {
        if (*text == ' ' || *text == '\n')
            continue;
        const char *digits = "0123456789abcdef";
        const char *hit = strchr(digits, *text | 0x20);
        assert_non_null(hit);
        int value = (int)(hit - digits);
        if (high < 0) {
            high = value;
        } else {
            assert_true(n < sizeof pool[0]);
            out[n++] = (uint8_t)(high << 4 | value);
            high = -1;
        }
    }
    assert_true(high < 0);
    return (mw_slice){out, n};
}

#endif
