/* SPDX-License-Identifier: Apache-2.0
 *
 * The translator's words for recorded frames (origin: NOTICE.md) and for broken ones.
 */
#include <stdio.h>

#include "protocols/cosem/explain.h"
#include "tests/harness/mw_test.h"

static char text[32768];
static mw_cosem_explain_memory memory;

static const char *explain(const char *hex) {
    mw_cosem_explain_options o = {.memory = &memory};
    MW_CHECK_OK(mw_cosem_explain(mw_test_hex(hex), &o, (mw_span){(uint8_t *)text, sizeof text}));
    return text;
}

#define SAYS(words)                                                                                \
    do {                                                                                           \
        if (strstr(text, words) == NULL)                                                           \
            print_error("not said: %s\nin:\n%s", words, text);                                     \
        assert_non_null(strstr(text, words));                                                      \
    } while (0)

MW_TEST(requests_and_answers) {
    MW_CHECK_STR(explain("7ea01a02294154e962e6e600c001c100030000600900ff020053617e"),
                 "HDLC I from 32 to 1/20 N(S) 2 N(R) 2 P/F\n"
                 "  get-request-normal\n"
                 "    invoke-id 0xc1 confirmed high priority\n"
                 "    class 3 0-0:96.9.0*255 ambient temperature member 2\n");
    MW_CHECK_STR(explain("7ea01741022952d9c9e6e700c401810002020f001609aed57e"),
                 "HDLC I from 1/20 to 32 N(S) 1 N(R) 2 P/F\n"
                 "  get-response-normal\n"
                 "    invoke-id 0x81 high priority\n"
                 "    structure of 2\n"
                 "      integer 0\n"
                 "      enum 9 unit °C\n");
    MW_CHECK_STR(explain("7ea021410229731b168180140502008006020080070400000001080400000001ce6a7e"),
                 "HDLC UA from 1/20 to 32 P/F\n"
                 "  information transmit 128 receive 128, window transmit 1 receive 1\n");
    MW_CHECK_STR(explain("c401c10104"), "get-response-normal\n"
                                        "  invoke-id 0xc1 confirmed high priority\n"
                                        "  result 4 object-undefined\n");
    explain("0001 0001 0010 0005 c502c100000007"); /* too short a length: still told */
    MW_CHECK_STR(explain("0001 0001 0010 0007 c502c100000007"),
                 "wrapper from 1 to 16\n"
                 "  set-response-datablock\n"
                 "    invoke-id 0xc1 confirmed high priority\n"
                 "    block 7\n");
    explain("d80106000000ff");
    SAYS("service not allowed; invocation counter error, awaited at least 255");
}

MW_TEST(associations) {
    explain(
        "6142a109060760857405080101a203020100a305a10302010e88020780890760857405080205aa0a80085036"
        "77524a323146be10040e0800065f1f040000501f01f40007");
    SAYS("AARE, association response\n  context 1 logical names\n  result 0 accepted\n"
         "  diagnostic 14 authentication required\n  mechanism 5 high, GMAC\n"
         "  challenge 503677524a323146\n  initiate-response\n    DLMS version 6\n"
         "    conformance 0x00501f priority get-block get set selective-access "
         "event-notification action\n    largest PDU 500\n    VAA name 7\n");
    explain("611fa109060760857405080101a203020101a305a103020101be0604040e010601");
    SAYS("result 1 rejected, permanent");
    SAYS("confirmed-service-error: service 1, class 6, error 1");
}

/* Landis+Gyr E450 (dlms_parser, Apache-2.0) has such pushes; this one is made here. */
MW_TEST(blocks_and_cipher_text_are_opened) {
    mw_key ek = {{1}}, ak = {{2}};
    mw_cosem_keys keys;
    mw_cosem_title title = {{'M', 'W', 'M', 0, 0, 0, 0, 9}};
    uint8_t sealed[128], line[256];
    size_t n;
    MW_CHECK_OK(mw_cosem_keys_init(&keys, &mw_gcm_own, &ek, &ak));
    MW_CHECK_OK(mw_cosem_protect(&keys, MW_COSEM_GENERAL_GLO, 0x30, &title, 77,
                                 mw_test_hex("0f0000000100020209060100010800ff0600000539"),
                                 MW_SPAN_OF(sealed), &n));
    size_t half = n / 2, at = 0;
    for (unsigned b = 1; b <= 2; b++) { /* two wrappers, each with a general block */
        size_t part = b == 1 ? half : n - half;
        uint8_t head[] = {0,
                          1,
                          0,
                          1,
                          0,
                          0x66,
                          0,
                          (uint8_t)(part + 7),
                          0xE0,
                          b == 2 ? 0x80 : 0x40,
                          0,
                          (uint8_t)b,
                          0,
                          0,
                          (uint8_t)part};
        mw_bytes_copy(line + at, head, sizeof head);
        mw_bytes_copy(line + at + sizeof head, sealed + (b == 1 ? 0 : half), part);
        at += sizeof head + part;
    }
    mw_cosem_explain_options o = {.memory = &memory, .keys = &keys};
    mw_span out = {(uint8_t *)text, sizeof text};
    MW_CHECK_OK(mw_cosem_explain((mw_slice){line, at}, &o, out));
    SAYS("all blocks together:\n    general-glo-ciphering 0xdb\n      system title "
         "4d574d0000000009\n"
         "      security control 0x30 authenticated encrypted\n      invocation counter 77\n");
    SAYS("opened, tag verified\n      data-notification\n");
    SAYS("octet-string 1-0:1.8.0*255 active import (A+), energy, total\n");
    SAYS("double-long-unsigned 1337\n");
    o.unverified = true;
    MW_CHECK_OK(mw_cosem_explain((mw_slice){line, at}, &o, out));
    SAYS("opened, NOT verified");
    o.unverified = false;
    keys.authentication.b[0] ^= 1;
    MW_CHECK_OK(mw_cosem_explain((mw_slice){line, at}, &o, out));
    SAYS("! wrong key, wrong title or altered: authentication failed");
    mw_cosem_keys_fini(&keys);
}

MW_TEST(damage_is_told_with_its_place) {
    explain("7ea01a02294154e962e6e600c001c100030000600900ff020053627e");
    SAYS("! damaged HDLC frame: checksum does not match");
    explain("7ea01a022941");
    SAYS("! damaged HDLC frame: input ends too early");
    explain("c401c100 0203 1101 07");
    SAYS("! damaged APDU: input is malformed\nbytes c401c1000203110107");
    explain("fe00");
    SAYS("! no APDU that is known here");
    explain("");
    SAYS("! damaged APDU: input ends too early");
}

MW_TEST(text_is_cut_and_says_so) {
    mw_slice in = mw_test_hex("7ea01a02294154e962e6e600c001c100030000600900ff020053617e");
    mw_cosem_explain_options o = {0};
    explain("7ea01a02294154e962e6e600c001c100030000600900ff020053617e");
    size_t whole = strlen(text);
    for (size_t room = 1; room < whole + 30; room++) {
        char b[400];
        memset(b, '~', sizeof b);
        mw_status s = mw_cosem_explain(in, &o, (mw_span){(uint8_t *)b, room});
        MW_CHECK(strlen(b) < room && b[room] == '~');
        MW_CHECK(s == MW_OK ? strlen(b) == whole : s == MW_SPACE);
        if (s == MW_SPACE && room > 60)
            assert_non_null(strstr(b, "(text cut)"));
    }
}

MW_TEST(objects_have_names) {
    static const struct {
        const char *code, *name;
    } cases[] = {{"1-0:1.8.0*255", "active import (A+), energy, total"},
                 {"1-0:1.8.2*255", "active import (A+), energy, tariff 2"},
                 {"1-0:52.7.0*255", "voltage L2, instantaneous"},
                 {"1-0:71.7.0*255", "current L3, instantaneous"},
                 {"1-0:21.7.0*255", "active import (A+) L1, instantaneous"},
                 {"1-0:99.1.0*255", "load profile"},
                 {"0-0:1.0.0*255", "clock"},
                 {"0-0:96.3.10*255", "disconnect control or I/O status"},
                 {"0-0:43.1.0*255", "invocation counter"},
                 {"7-0:3.0.0*255", ""}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mw_obis o;
        char words[MW_COSEM_NAME_MAX];
        MW_CHECK_OK(mw_obis_parse(mw_slice_of_str(cases[i].code), &o));
        mw_cosem_object_name(o, words);
        MW_CHECK_STR(words, cases[i].name);
    }
}

MW_TEST_MAIN(MW_CASE(requests_and_answers), MW_CASE(associations),
             MW_CASE(blocks_and_cipher_text_are_opened), MW_CASE(damage_is_told_with_its_place),
             MW_CASE(text_is_cut_and_says_so), MW_CASE(objects_have_names))
