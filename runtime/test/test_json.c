/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/json_read.h"
#include "runtime/json_writer.h"
#include "tests/harness/mw_test.h"

static const mw_json_limits limits = {1000, 4};

MW_TEST(writes_what_it_reads) {
    mw_buffer out;
    mw_buffer_init(&out, 4096);
    mw_json j = mw_json_of(&out);
    mw_json_object_begin(&j);
    mw_json_put_text(&j, "text", "a\"\\\n\t\x01\xc3\xa9\x7f");
    mw_json_put_int(&j, "least", INT64_MIN);
    mw_json_put_uint(&j, "most", UINT64_MAX);
    mw_json_put_array(&j, "list");
    mw_json_bool(&j, true);
    mw_json_null(&j);
    mw_json_object_begin(&j);
    mw_json_object_end(&j);
    mw_json_decimal(&j, -12345, -3);
    mw_json_array_end(&j);
    mw_json_put_hex(&j, "hex", mw_test_hex("00ff"));
    mw_json_put_utc(&j, "at", (mw_utc){1});
    mw_json_put_utc(&j, "never", MW_UTC_NONE);
    mw_json_put_slice(&j, "broken", mw_test_hex("61c328ff"));
    mw_json_object_end(&j);
    MW_CHECK_OK(mw_json_done(&j));
    MW_CHECK_STR(
        mw_buffer_text(&out),
        "{\"text\":\"a\\\"\\\\\\n\\t\\u0001\xc3\xa9\\u007f\",\"least\":-9223372036854775808,"
        "\"most\":18446744073709551615,\"list\":[true,null,{},-12.345],\"hex\":\"00ff\","
        "\"at\":\"1970-01-01T00:00:00.000001Z\",\"never\":null,\"broken\":\"a\xef\xbf\xbd("
        "\xef\xbf\xbd\"}");
    mw_buffer_fini(&out);
}

MW_TEST(misuse_and_overflow_are_told) {
    mw_buffer out;
    mw_buffer_init(&out, 20);
    mw_json j = mw_json_of(&out);
    mw_json_int(&j, 1);
    mw_json_int(&j, 2);
    MW_CHECK_STATUS(mw_json_done(&j), MW_STATE);
    mw_buffer_reset(&out);
    j = mw_json_of(&out);
    mw_json_object_begin(&j);
    mw_json_int(&j, 1);
    MW_CHECK_STATUS(mw_json_done(&j), MW_STATE);
    mw_buffer_reset(&out);
    j = mw_json_of(&out);
    mw_json_array_begin(&j);
    MW_CHECK_STATUS(mw_json_done(&j), MW_STATE);
    mw_buffer_reset(&out);
    j = mw_json_of(&out);
    mw_json_text(&j, "longer than twenty bytes");
    MW_CHECK_STATUS(mw_json_done(&j), MW_SPACE);
    mw_buffer_reset(&out);
    j = mw_json_of(&out);
    for (int i = 0; i < 40; i++)
        mw_json_array_begin(&j);
    MW_CHECK_STATUS(mw_json_done(&j), MW_SPACE == mw_json_done(&j) ? MW_SPACE : MW_LIMIT);
    mw_buffer_fini(&out);
}

static mw_status parse(const char *text, json_t **root, mw_json_error *e) {
    return mw_json_parse(mw_slice_of_str(text), limits, root, e);
}

MW_TEST(refuses_what_two_readers_could_read_differently) {
    json_t *root = NULL;
    mw_json_error e = {""};
    MW_CHECK_STATUS(parse("{\"a\":1,\"a\":2}", &root, &e), MW_SYNTAX);
    MW_CHECK(strstr(e.text, "duplicate") != NULL);
    MW_CHECK_STATUS(parse("{} x", &root, &e), MW_SYNTAX);
    MW_CHECK_STATUS(parse("1", &root, &e), MW_SYNTAX);
    MW_CHECK_STATUS(parse("", &root, &e), MW_SYNTAX);
    MW_CHECK_STATUS(parse("{\"a\":\"\\u0000\"}", &root, &e), MW_SYNTAX);
    MW_CHECK_STATUS(parse("{\"a\":\"\xff\"}", &root, &e), MW_SYNTAX);
    MW_CHECK_STATUS(parse("[[[[[]]]]]", &root, &e), MW_LIMIT);
    MW_CHECK_OK(parse("[[[[]]], \"[[[[[[[\"]", &root, &e));
    json_decref(root);
    char big[1200];
    memset(big, ' ', sizeof big);
    MW_CHECK_STATUS(mw_json_parse((mw_slice){(uint8_t *)big, sizeof big}, limits, &root, &e),
                    MW_LIMIT);
}

MW_TEST(members_are_typed) {
    json_t *root = NULL;
    json_t *part = NULL;
    mw_json_error e = {""};
    MW_CHECK_OK(parse("{\"t\":\"abc\",\"i\":9007199254740993,\"b\":true,\"n\":null,\"f\":1.5,"
                      "\"h\":\"00Ff\",\"u\":\"2026-11-22T13:00:00Z\",\"o\":{},\"l\":[1,2]}",
                      &root, &e));
    const char *text = NULL;
    int64_t n = 0;
    bool yes = false;
    mw_utc at;
    uint8_t bytes[4];
    size_t bytes_n = 0;
    MW_CHECK_OK(mw_json_get_text(root, "t", 3, &text, &e));
    MW_CHECK_STR(text, "abc");
    MW_CHECK_STATUS(mw_json_get_text(root, "t", 2, &text, &e), MW_RANGE);
    MW_CHECK_OK(mw_json_get_int(root, "i", 0, INT64_MAX, &n, &e));
    MW_CHECK_EQ(n, 9007199254740993);
    MW_CHECK_STATUS(mw_json_get_int(root, "f", 0, 10, &n, &e), MW_SYNTAX);
    MW_CHECK_STATUS(mw_json_get_int(root, "n", 0, 10, &n, &e), MW_NOT_FOUND);
    MW_CHECK_STATUS(mw_json_get_int(root, "i", 0, 10, &n, &e), MW_RANGE);
    MW_CHECK_STR(e.text, "\"i\" must lie in 0..10");
    MW_CHECK_OK(mw_json_get_bool(root, "b", &yes, &e));
    MW_CHECK_OK(mw_json_get_utc(root, "u", &at, &e));
    MW_CHECK_STATUS(mw_json_get_utc(root, "t", &at, &e), MW_SYNTAX);
    MW_CHECK_OK(mw_json_get_hex(root, "h", MW_SPAN_OF(bytes), &bytes_n, &e));
    MW_CHECK_EQ(bytes_n, 2);
    MW_CHECK_EQ(bytes[1], 0xff);
    MW_CHECK_STATUS(mw_json_get_hex(root, "t", MW_SPAN_OF(bytes), &bytes_n, &e), MW_SYNTAX);
    MW_CHECK_OK(mw_json_get_object(root, "o", &part, &e));
    MW_CHECK_OK(mw_json_get_array(root, "l", 2, &part, &e));
    MW_CHECK_STATUS(mw_json_get_array(root, "l", 1, &part, &e), MW_LIMIT);
    MW_CHECK_STATUS(mw_json_only(root, (const char *const[]){"t", "i", NULL}, &e), MW_SYNTAX);
    json_decref(root);
}

/* Parses leniently; the members of the only item as they were understood. */
static mw_status lenient(const char *text, char out[400]) {
    json_t *root = NULL;
    MW_TRY(mw_json_parse_lenient(mw_slice_of_str(text), limits, &root, NULL));
    char *plain = json_dumps(root, JSON_COMPACT);
    MW_CHECK(plain != NULL);
    (void)snprintf(out, 400, "%s", plain);
    free(plain);
    json_decref(root);
    return MW_OK;
}

MW_TEST(numbers_beyond_range_are_kept_as_text) {
    static const struct {
        const char *in, *out;
    } good[] = {
        {"[9223372036854775807,-9223372036854775808]",
         "[9223372036854775807,-9223372036854775808]"},
        {"[9223372036854775808, 1]", "[\"too big: 9223372036854775808\",1]"},
        {"[-9223372036854775809,1e999,-1.5E+400]",
         "[\"too big: -9223372036854775809\",\"too big: 1e999\",\"too big: -1.5E+400\"]"},
        {"{\"a\\\"1e999\":\"99999999999999999999\",\"b\":99999999999999999999 }",
         "{\"a\\\"1e999\":\"99999999999999999999\",\"b\":\"too big: 99999999999999999999\"}"},
        {"[1e999,0,-0,12,1.5]", "[\"too big: 1e999\",0,0,12,1.5]"},
    };
    static const char *const bad[] = {
        "1e999",       "[1e999",          "[01e999]",     "[1e999-]",     "[1e999x]",
        "[+1e999]",    "{1e999:1}",       "{1e999 :1}",   "[1e999\"a\"]", "[1e999 1]",
        "[1e999,\"a]", "[1e999,\"a\\\"]", "[-,1e999,.1]", "[1e999,]",     "{\"a\":1e999,\"a\":1}",
    };
    char out[400];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        MW_CHECK_OK(lenient(good[i].in, out));
        MW_CHECK_STR(out, good[i].out);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        MW_CHECK_STATUS(lenient(bad[i], out), MW_SYNTAX);
    json_t *root = NULL;
    MW_CHECK_STATUS(mw_json_parse(mw_slice_of_str(good[1].in), limits, &root, NULL), MW_SYNTAX);
}

MW_TEST_MAIN(MW_CASE(writes_what_it_reads), MW_CASE(misuse_and_overflow_are_told),
             MW_CASE(refuses_what_two_readers_could_read_differently), MW_CASE(members_are_typed),
             MW_CASE(numbers_beyond_range_are_kept_as_text))
