/* SPDX-License-Identifier: Apache-2.0
 *
 * The golden vectors of docs/spec/carriers.md, one a line in vectors.txt:
 *
 *   seal KEY ADDRESS EPOCH COUNTER FULL SIZE OBJECTS = FRAME
 *   message CARRIER RATE COUNTER PARITY I FRAME = MESSAGE
 *   lorawan NWKSKEY APPSKEY DEVADDR FCNT PAYLOAD = PHYPAYLOAD
 *   airtime CARRIER RATE BYTES = MS
 *
 * Each is made again and compared, and the document must hold each.
 */
#include <stdio.h>

#include "protocols/carriers/carrier.h"
#include "protocols/carriers/lorawan.h"
#include "protocols/smp/smp.h"
#include "tests/harness/mw_test.h"

#if !defined MW_CARRIERS_VECTORS || !defined MW_CARRIERS_SPEC
#error "the build gives the paths of vectors.txt and carriers.md"
#endif

#define WORDS 16

static uint8_t made[512];

static uint32_t number(const char *word) {
    char *end;
    unsigned long v = strtoul(word, &end, 0);
    MW_CHECK(*end == 0);
    return (uint32_t)v;
}

static mw_carrier carrier_of(const char *word) {
    unsigned c = 0;
    while (c < MW_CARRIER_COUNT && strcmp(mw_carrier_name((mw_carrier)c), word) != 0)
        c++;
    MW_CHECK(c < MW_CARRIER_COUNT);
    return (mw_carrier)c;
}

static size_t make_seal(char **w) {
    mw_key key;
    mw_crypto_ctx ctx;
    size_t n;
    MW_CHECK_OK(mw_key_of_bytes(mw_test_hex(w[1]), &key));
    MW_CHECK_OK(mw_crypto_init(&ctx, &mw_crypto_own, &key));
    mw_smp_frame_info info = {.direction = MW_SMP_UP,
                              .address = number(w[2]),
                              .epoch = number(w[3]),
                              .counter = number(w[4]),
                              .full = number(w[5]) != 0};
    MW_CHECK_OK(
        mw_smp_frame_seal(&ctx, &info, mw_test_hex(w[7]), number(w[6]), MW_SPAN_OF(made), &n));
    mw_crypto_fini(&ctx);
    return n;
}

static size_t make_lorawan(char **w) {
    mw_lorawan_keys keys;
    size_t n;
    MW_CHECK_OK(mw_key_of_bytes(mw_test_hex(w[1]), &keys.network));
    MW_CHECK_OK(mw_key_of_bytes(mw_test_hex(w[2]), &keys.application));
    mw_lorawan_data d = {.address = number(w[3]),
                         .counter = number(w[4]),
                         .any_port = true,
                         .port = MW_LORAWAN_PORT,
                         .payload = mw_test_hex(w[5])};
    MW_CHECK_OK(mw_lorawan_encode(&d, &keys, MW_SPAN_OF(made), &n));
    return n;
}

static void check(char *text) {
    char *word[WORDS] = {0}, *result = strstr(text, " = ");
    unsigned n = 0;
    MW_CHECK(result != NULL);
    *result = 0;
    result += 3;
    for (char *p = strtok(text, " "); p != NULL && n < WORDS; p = strtok(NULL, " "))
        word[n++] = p;
    size_t size = 0;
    if (strcmp(word[0], "seal") == 0 && n == 8) {
        size = make_seal(word);
    } else if (strcmp(word[0], "message") == 0 && n == 7) {
        MW_CHECK_OK(mw_carrier_message(carrier_of(word[1]), number(word[2]), mw_test_hex(word[6]),
                                       number(word[3]), number(word[4]) != 0, number(word[5]),
                                       MW_SPAN_OF(made), &size));
    } else if (strcmp(word[0], "lorawan") == 0 && n == 6) {
        size = make_lorawan(word);
    } else if (strcmp(word[0], "airtime") == 0 && n == 4) {
        MW_CHECK_EQ(mw_carrier_airtime_ms(carrier_of(word[1]), number(word[2]), number(word[3])),
                    number(result));
        return;
    } else {
        fail_msg("a vector of no known kind: %s", word[0]);
    }
    char hex[2 * sizeof made + 1];
    MW_CHECK_OK(mw_hex_encode((mw_slice){made, size}, (mw_span){(uint8_t *)hex, 2 * size}));
    hex[2 * size] = 0;
    if (strcmp(hex, result) != 0)
        print_message("%s %s: made %s\n", word[0], word[1], hex);
    MW_CHECK_STR(hex, result);
}

static char *file_read(const char *path) {
    FILE *f = fopen(path, "r");
    MW_CHECK(f != NULL);
    char *text = calloc(1, 1 << 18);
    MW_CHECK(text != NULL && fread(text, 1, (1 << 18) - 1, f) > 0);
    fclose(f);
    return text;
}

MW_TEST(the_vectors_hold_and_stand_in_the_specification) {
    char *text = file_read(MW_CARRIERS_VECTORS), *spec = file_read(MW_CARRIERS_SPEC);
    unsigned checked = 0;
    for (char *next, *line = text; line != NULL && *line != 0; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = 0;
        if (*line == 0 || *line == '#')
            continue;
        if (strstr(spec, line) == NULL)
            fail_msg("not in the specification: %s", line);
        check(line);
        checked++;
    }
    MW_CHECK(checked >= 15);
    free(text);
    free(spec);
}

MW_TEST_MAIN(MW_CASE(the_vectors_hold_and_stand_in_the_specification))
