/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/acse.h"
#include "protocols/cosem/blocks.h"
#include "protocols/cosem/security.h"
#include "tests/harness/mw_test.h"

/* One APDU of every form, written by hand from the syntax of IEC 62056-5-3 clause 9.5. */
static const struct {
    mw_cosem_apdu_kind kind;
    const char *hex;
} forms[] = {
    {MW_COSEM_GET_REQUEST, "c001c1 0003 0100010800ff 02 00"},
    {MW_COSEM_GET_REQUEST,
     "c001c1 0007 0100630100ff 02 01 02 0204 0600000001 0600000002 120001 120000"},
    {MW_COSEM_GET_REQUEST_NEXT, "c002c1 00000001"},
    {MW_COSEM_GET_REQUEST_LIST, "c003c1 02 0003 0100010800ff 02 00 0003 0100020800ff 02 00"},
    {MW_COSEM_SET_REQUEST, "c101c1 0008 0000010000ff 02 00 090c07e00a1fff082e26010000ff"},
    {MW_COSEM_SET_REQUEST_FIRST, "c102c1 0001 0000600100ff 02 00 00 00000001 03 090a31"},
    {MW_COSEM_SET_REQUEST_BLOCK, "c103c1 01 00000002 02 3233"},
    {MW_COSEM_SET_REQUEST_LIST,
     "c104c1 02 0003 0100010800ff 02 00 0003 0100020800ff 02 00 02 0600000001 1102"},
    {MW_COSEM_SET_REQUEST_LIST_FIRST, "c105c1 01 0003 0100010800ff 02 00 00 00000001 02 0101"},
    {MW_COSEM_EVENT_NOTIFICATION, "c2 00 0001 0000600b00ff 02 1107"},
    {MW_COSEM_EVENT_NOTIFICATION, "c2 01 0c 07e704010615202300ff8880 0001 0000600b00ff 02 1107"},
    {MW_COSEM_ACTION_REQUEST, "c301c1 0046 000060030aff 01 01 0f00"},
    {MW_COSEM_ACTION_REQUEST, "c301c1 0046 000060030aff 02 00"},
    {MW_COSEM_ACTION_REQUEST_NEXT, "c302c1 00000003"},
    {MW_COSEM_ACTION_REQUEST_LIST, "c303c1 01 0046 000060030aff 01 01 0f00"},
    {MW_COSEM_ACTION_REQUEST_FIRST, "c304c1 0012 00002c0000ff 02 00 00000001 02 0202"},
    {MW_COSEM_ACTION_REQUEST_LIST_FIRST, "c305c1 01 0012 00002c0000ff 02 00 00000001 02 0202"},
    {MW_COSEM_ACTION_REQUEST_BLOCK, "c306c1 01 00000002 01 05"},
    {MW_COSEM_GET_RESPONSE, "c401c1 00 0600000005"},
    {MW_COSEM_GET_RESPONSE, "c401c1 01 04"},
    {MW_COSEM_GET_RESPONSE_BLOCK, "c402c1 00 00000001 00 03 010203"},
    {MW_COSEM_GET_RESPONSE_BLOCK, "c402c1 01 00000001 01 13"},
    {MW_COSEM_GET_RESPONSE_LIST, "c403c1 03 00 1101 01 03 00 00"},
    {MW_COSEM_SET_RESPONSE, "c501c1 0c"},
    {MW_COSEM_SET_RESPONSE_BLOCK, "c502c1 00000001"},
    {MW_COSEM_SET_RESPONSE_LAST, "c503c1 00 00000002"},
    {MW_COSEM_SET_RESPONSE_LIST_LAST, "c504c1 02 0003 00000002"},
    {MW_COSEM_SET_RESPONSE_LIST, "c505c1 03 00030b"},
    {MW_COSEM_ACTION_RESPONSE, "c701c1 00 00"},
    {MW_COSEM_ACTION_RESPONSE, "c701c1 00 01 00 090a31323334353637383930"},
    {MW_COSEM_ACTION_RESPONSE, "c701c1 00 01 01 03"},
    {MW_COSEM_ACTION_RESPONSE_BLOCK, "c702c1 00 00000001 02 0102"},
    {MW_COSEM_ACTION_RESPONSE_LIST, "c703c1 02 00 00 0c 01 00 1101"},
    {MW_COSEM_ACTION_RESPONSE_NEXT, "c704c1 00000009"},
    {MW_COSEM_DATA_NOTIFICATION, "0f 40000001 00 0201 1101"},
    {MW_COSEM_DATA_NOTIFICATION, "0f 40000001 0c 07e704010615202300ff8880 0201 1101"},
    {MW_COSEM_DATA_NOTIFICATION_CONFIRM, "10 40000001 00"},
    {MW_COSEM_DATA_NOTIFICATION_CONFIRM, "10 40000001 0c 07e704010615202300ff8880"},
    {MW_COSEM_EXCEPTION_RESPONSE, "d8 01 02"},
    {MW_COSEM_EXCEPTION_RESPONSE, "d8 01 06 00000102"},
    {MW_COSEM_GENERAL_BLOCK, "e0 c1 0002 0001 03 010203"},
};

MW_TEST(every_form_is_read_and_written) {
    bool seen[MW_COSEM_APDU_KINDS] = {false};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        mw_slice in = mw_test_hex(forms[i].hex);
        mw_cosem_apdu a;
        uint8_t b[256];
        size_t n;
        MW_CHECK_OK(mw_cosem_apdu_decode(in, 0, &a));
        MW_CHECK_EQ(a.kind, forms[i].kind);
        seen[a.kind] = true;
        MW_CHECK_OK(mw_cosem_apdu_encode(&a, MW_SPAN_OF(b), &n));
        MW_CHECK_BYTES(in, b, n);
        MW_CHECK_STATUS(mw_cosem_apdu_encode(&a, (mw_span){b, in.n - 1}, &n), MW_SPACE);
        for (size_t cut = 0; cut < in.n; cut++)
            MW_CHECK_STATUS(mw_cosem_apdu_decode((mw_slice){in.p, cut}, 0, &a), MW_SHORT);
        mw_bytes_copy(b, in.p, in.n);
        b[in.n] = 0;
        MW_CHECK_STATUS(mw_cosem_apdu_decode((mw_slice){b, in.n + 1}, 0, &a), MW_SYNTAX);
    }
    for (size_t k = 0; k < MW_COSEM_APDU_KINDS; k++)
        MW_CHECK(seen[k]);
}

MW_TEST(fields_and_lists_mean_what_they_say) {
    mw_cosem_apdu a;
    mw_cosem_item item;
    MW_CHECK_OK(mw_cosem_apdu_decode(mw_test_hex(forms[1].hex), 0, &a));
    MW_CHECK(a.invoke == 0xC1 && a.item.class_id == 7 && a.item.member == 2 && a.item.selective);
    MW_CHECK(a.item.selector == 2 && a.item.selection.n == 18);
    MW_CHECK_OK(mw_cosem_apdu_decode(mw_test_hex("c403c1 03 00 1101 01 03 00 00"), 0, &a));
    mw_cosem_items it = mw_cosem_items_of(&a, 0);
    MW_CHECK_OK(mw_cosem_items_next(&it, &item));
    MW_CHECK(item.has_data && item.data.n == 2);
    MW_CHECK_OK(mw_cosem_items_next(&it, &item));
    MW_CHECK(!item.has_data && item.result == 3);
    MW_CHECK_OK(mw_cosem_items_next(&it, &item));
    MW_CHECK(item.has_data && item.data.n == 1);
    MW_CHECK_STATUS(mw_cosem_items_next(&it, &item), MW_NOT_FOUND);
    MW_CHECK_OK(mw_cosem_apdu_decode(mw_test_hex("c703c1 02 00 00 0c 01 00 1107"), 0, &a));
    it = mw_cosem_items_of(&a, 0);
    MW_CHECK_OK(mw_cosem_items_next(&it, &item));
    MW_CHECK(item.result == 0 && !item.has_data && !item.has_returned);
    MW_CHECK_OK(mw_cosem_items_next(&it, &item));
    MW_CHECK(item.result == 12 && item.has_data);
    MW_CHECK_OK(mw_cosem_apdu_decode(mw_test_hex("d80106 00000102"), 0, &a));
    MW_CHECK(a.state_error == 1 && a.service_error == 6 && a.counter == 0x102);
    /* Kaifa writes a tag before the date-time */
    MW_CHECK_OK(mw_cosem_apdu_decode(
        mw_test_hex("0f 40000000 090c 07e40119060e000aff800000 0201 0600000001"), 0, &a));
    MW_CHECK(a.time.n == 12 && a.item.data.n == 7);
    static const struct {
        const char *hex;
        mw_status why;
    } bad[] = {{"c004c1 0003 0100010800ff 02 00", MW_NOT_FOUND},
               {"ff00c1", MW_NOT_FOUND},
               {"c001c1 0003 0100010800ff 02 02", MW_SYNTAX},
               {"c401c1 02 1101", MW_SYNTAX},
               {"c401c1 00 0e01", MW_SYNTAX},
               {"c403c1 7f 00 1101", MW_SHORT},
               {"c104c1 01 0003 0100010800ff 02 00 02 0600000001 1102", MW_SYNTAX},
               {"0f 40000000 0b 07e40119060e000aff8000 0201 0600000001", MW_SYNTAX}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        MW_CHECK_STATUS(mw_cosem_apdu_decode(mw_test_hex(bad[i].hex), 0, &a), bad[i].why);
    a = (mw_cosem_apdu){.kind = MW_COSEM_GET_REQUEST_NEXT, .invoke = 0x100};
    uint8_t b[16];
    size_t n;
    MW_CHECK_STATUS(mw_cosem_apdu_encode(&a, MW_SPAN_OF(b), &n), MW_RANGE);
}

/* A response whose value is streamed behind its head through a window of 5 bytes. */
MW_TEST(a_value_is_streamed_behind_its_head) {
    mw_cosem_apdu a = {.kind = MW_COSEM_GET_RESPONSE, .invoke = 0xC1, .item = {.has_data = true}};
    uint8_t all[64], window[5];
    size_t at = 0;
    for (mw_status s = MW_SPACE; s == MW_SPACE; at += sizeof window) {
        mw_cosem_out o = mw_cosem_out_of(MW_SPAN_OF(window), at);
        mw_cosem_apdu_put(&o, &a);
        mw_cosem_put_array(&o, 3);
        for (int i = 0; i < 3; i++)
            mw_cosem_put_int(&o, MW_COSEM_UINT32, 1000 + i);
        s = mw_cosem_out_end(&o);
        mw_bytes_copy(all + at, window, mw_cosem_out_done(&o).n);
    }
    MW_CHECK_BYTES(mw_test_hex("c401c100 0103 06000003e8 06000003e9 06000003ea"), all, 21);
}

MW_TEST(association_fields_are_read) {
    mw_cosem_associate a;
    MW_CHECK_OK(mw_cosem_associate_decode(
        mw_test_hex("6066a109060760857405080103a60a04084d4d4d0000bc614e8a0207808b07608574050802"
                    "01ac0a80083132333435363738be34043221303001234567801302ff8a7874133d414ced25b4"
                    "2534d28db0047720606b175bd52211be6841db204d39ee6fdb8e356855"),
        &a));
    MW_CHECK(!a.response && a.context == MW_COSEM_CONTEXT_LN_CIPHERED && a.has_authentication);
    MW_CHECK(a.mechanism == MW_COSEM_MECHANISM_LOW && a.title.n == 8 && a.user.n == 50);
    MW_CHECK_BYTES(a.value, "12345678", 8);
    MW_CHECK_OK(mw_cosem_associate_decode(
        mw_test_hex("611fa109060760857405080101a203020101a305a103020101be0604040e010601"), &a));
    mw_cosem_service_error e;
    MW_CHECK(a.response && a.result == MW_COSEM_REJECTED && a.diagnostic == 1 && !a.provider);
    MW_CHECK_OK(mw_cosem_service_error_decode(a.user, &e));
    MW_CHECK(e.service == 1 && e.error_class == 6 && e.error == 1);
    mw_cosem_initiate i;
    MW_CHECK_OK(mw_cosem_initiate_decode(
        mw_test_hex("01011000112233445566778899AABBCCDDEEFF0000065F1F0400007E1F04B0"), &i));
    MW_CHECK(i.dedicated_key.n == 16 && i.conformance == 0x7E1F && i.max_pdu == 0x4B0);
    MW_CHECK(!i.response_not_allowed && !i.has_quality && i.version == 6);
    uint8_t b[64];
    size_t n;
    MW_CHECK_OK(mw_cosem_initiate_encode(&i, MW_SPAN_OF(b), &n));
    MW_CHECK_BYTES(mw_test_hex("01011000112233445566778899AABBCCDDEEFF0000065F1F0400007E1F04B0"), b,
                   n);
    MW_CHECK((i.conformance & MW_COSEM_CONFORMANCE(MW_COSEM_CAN_GET)) != 0);
    static const struct {
        const char *hex;
        mw_status why;
    } bad[] = {{"62 00", MW_NOT_FOUND},
               {"60 00", MW_SYNTAX},
               {"600b a109 060760857405080101 00", MW_SYNTAX},
               {"600b a109 0607608574050901 01", MW_UNSUPPORTED},
               {"600f 80020700 a109 060760857405080101", MW_UNSUPPORTED},
               {"600b a109 0607608574050801", MW_SHORT},
               {"600b a109 060660857405080101", MW_SYNTAX},
               {"610b a109 060760857405080101", MW_SYNTAX},
               {"", MW_SHORT}};
    for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++)
        MW_CHECK_STATUS(mw_cosem_associate_decode(mw_test_hex(bad[k].hex), &a), bad[k].why);
}

MW_TEST(release_and_service_error_round_trip) {
    static const char *const good[] = {"6200", "6203800100", "6300", "6303800101",
                                       "6307 800100 be020400"};
    for (size_t i = 0; i < 4; i++) {
        mw_cosem_release r;
        uint8_t b[32];
        size_t n;
        MW_CHECK_OK(mw_cosem_release_decode(mw_test_hex(good[i]), &r));
        MW_CHECK_EQ(r.response, i >= 2);
        MW_CHECK_OK(mw_cosem_release_encode(&r, MW_SPAN_OF(b), &n));
        MW_CHECK_BYTES(mw_test_hex(good[i]), b, n);
    }
    mw_cosem_release r;
    MW_CHECK_STATUS(mw_cosem_release_decode(mw_test_hex("6203800200"), &r), MW_SHORT);
    MW_CHECK_STATUS(mw_cosem_release_decode(mw_test_hex("620380"), &r), MW_SHORT);
}

MW_TEST(ciphering_in_every_form) {
    mw_key ek = {{1, 2, 3}}, ak = {{9, 8, 7}};
    mw_cosem_title t = {{'M', 'W', 'M', 0, 0, 0, 0, 1}};
    mw_slice plain = mw_test_hex("c001c1 0003 0100010800ff 02 00");
    static const uint8_t controls[] = {0x10, 0x20, 0x30};
    for (unsigned form = MW_COSEM_GLO; form <= MW_COSEM_GENERAL_DED; form++) {
        for (size_t i = 0; i < 3; i++) {
            uint8_t b[2][96], back[64];
            size_t n = 0, m;
            for (int w = 0; w < 2; w++) {
                mw_cosem_keys k;
                MW_CHECK_OK(
                    mw_cosem_keys_init(&k, w != 0 ? &mw_gcm_openssl : &mw_gcm_own, &ek, &ak));
                MW_CHECK_OK(mw_cosem_protect(&k, (mw_cosem_cipher_form)form, controls[i], &t, 7,
                                             plain, MW_SPAN_OF(b[w]), &n));
                MW_CHECK_STATUS(mw_cosem_protect(&k, (mw_cosem_cipher_form)form, controls[i], &t, 7,
                                                 plain, (mw_span){back, n - 1}, &m),
                                MW_SPACE);
                mw_cosem_ciphered c;
                mw_cosem_open_options o = {.least_counter = 7};
                MW_CHECK_OK(mw_cosem_ciphered_decode((mw_slice){b[w], n}, &c));
                MW_CHECK(c.form == form && c.control == controls[i] && c.counter == 7);
                MW_CHECK_OK(mw_cosem_unprotect(&k, &t, &c, &o, MW_SPAN_OF(back), &m));
                MW_CHECK_BYTES(plain, back, m);
                o.required = 0x30;
                MW_CHECK_STATUS(mw_cosem_unprotect(&k, &t, &c, &o, MW_SPAN_OF(back), &m),
                                i == 2 ? MW_OK : MW_FORBIDDEN);
                o.required = 0;
                b[w][n - 1] ^= 4;
                MW_CHECK_STATUS(mw_cosem_unprotect(&k, &t, &c, &o, MW_SPAN_OF(back), &m),
                                controls[i] == 0x20 ? MW_OK : MW_AUTH);
                b[w][n - 1] ^= 4;
                mw_cosem_keys_fini(&k);
            }
            MW_CHECK_BYTES(((mw_slice){b[0], n}), b[1], n);
        }
    }
    mw_cosem_keys k;
    uint8_t b[64];
    size_t n;
    mw_cosem_ciphered c;
    MW_CHECK_OK(mw_cosem_keys_init(&k, &mw_gcm_own, &ek, &ak));
    MW_CHECK_STATUS(mw_cosem_protect(&k, MW_COSEM_GLO, 0x00, &t, 7, plain, MW_SPAN_OF(b), &n),
                    MW_UNSUPPORTED);
    MW_CHECK_STATUS(mw_cosem_protect(&k, MW_COSEM_GLO, 0x31, &t, 7, plain, MW_SPAN_OF(b), &n),
                    MW_UNSUPPORTED);
    MW_CHECK_STATUS(
        mw_cosem_protect(&k, MW_COSEM_GLO, 0x30, &t, 7, mw_test_hex("0f00"), MW_SPAN_OF(b), &n),
        MW_UNSUPPORTED);
    static const struct {
        const char *hex;
        mw_status why;
    } bad[] = {
        {"c805 3000000001", MW_OK},          {"c804 30000000", MW_SHORT},
        {"c805 3100000001", MW_OK},          {"c805 b000000001", MW_UNSUPPORTED},
        {"c806 3000000001", MW_SHORT},       {"c805 3000000001 00", MW_SYNTAX},
        {"dd05 3000000001", MW_UNSUPPORTED}, {"db07 41414141414141 05 3000000001", MW_SYNTAX},
        {"db00 05 3000000001", MW_OK},       {"c005 3000000001", MW_NOT_FOUND}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        MW_CHECK_STATUS(mw_cosem_ciphered_decode(mw_test_hex(bad[i].hex), &c), bad[i].why);
    mw_cosem_keys_fini(&k);
}

MW_TEST(blocks_are_gathered_in_order) {
    uint8_t memory[8];
    mw_cosem_gather g;
    mw_slice four = mw_test_hex("01020304");
    for (uint32_t first = 0; first <= 1; first++) {
        mw_cosem_gather_init(&g, MW_SPAN_OF(memory));
        MW_CHECK_STATUS(mw_cosem_gather_take(&g, 2, false, four), MW_CONFLICT);
        MW_CHECK_STATUS(mw_cosem_gather_take(&g, first, false, four), MW_AGAIN);
        MW_CHECK_STATUS(mw_cosem_gather_take(&g, first, false, four), MW_DUPLICATE);
        MW_CHECK_STATUS(mw_cosem_gather_take(&g, first + 2, false, four), MW_CONFLICT);
        MW_CHECK_OK(mw_cosem_gather_take(&g, first + 1, true, four));
        MW_CHECK_BYTES(mw_cosem_gather_done(&g), "\1\2\3\4\1\2\3\4", 8);
        MW_CHECK_STATUS(mw_cosem_gather_take(&g, first + 2, true, four), MW_STATE);
    }
    mw_cosem_gather_init(&g, MW_SPAN_OF(memory));
    MW_CHECK_STATUS(mw_cosem_gather_take(&g, 1, false, mw_test_hex("010203040506070809")),
                    MW_SPACE);
}

/* Every third block is lost; the peer says how far it got. */
MW_TEST(general_blocks_survive_losses) {
    uint8_t apdu[1000], memory[1000], out[64];
    for (size_t i = 0; i < sizeof apdu; i++)
        apdu[i] = (uint8_t)(i * 7);
    for (uint8_t window = 0; window <= 6; window += 3) {
        mw_cosem_general_sender s;
        mw_cosem_gather g;
        MW_CHECK_OK(mw_cosem_general_send(&s, MW_SLICE_OF(apdu), 47, window));
        mw_cosem_gather_init(&g, MW_SPAN_OF(memory));
        unsigned sent = 0;
        while (!g.complete && sent < 500) {
            size_t n;
            mw_cosem_apdu a;
            mw_status next = mw_cosem_general_next(&s, MW_SPAN_OF(out), &n);
            if (next != MW_OK) {
                MW_CHECK(next == (window != 0 && s.next <= 22 ? MW_AGAIN : MW_NOT_FOUND));
                MW_CHECK_OK(mw_cosem_general_acknowledge(&s, g.next - 1));
                continue;
            }
            MW_CHECK_OK(mw_cosem_apdu_decode((mw_slice){out, n}, 0, &a));
            MW_CHECK_EQ(a.window, window);
            if (++sent % 3 != 0 || a.block == 1)
                (void)!mw_cosem_gather_take(&g, a.block, a.last, a.item.data);
        }
        MW_CHECK_BYTES(mw_cosem_gather_done(&g), apdu, sizeof apdu);
        MW_CHECK_STATUS(mw_cosem_general_acknowledge(&s, 1000), MW_RANGE);
        MW_CHECK_STATUS(mw_cosem_general_send(&s, MW_SLICE_OF(apdu), 0, 1), MW_RANGE);
    }
}

MW_TEST_MAIN(MW_CASE(every_form_is_read_and_written), MW_CASE(fields_and_lists_mean_what_they_say),
             MW_CASE(a_value_is_streamed_behind_its_head), MW_CASE(association_fields_are_read),
             MW_CASE(release_and_service_error_round_trip), MW_CASE(ciphering_in_every_form),
             MW_CASE(blocks_are_gathered_in_order), MW_CASE(general_blocks_survive_losses))
