/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages of other networks from the journal to rows: authenticated, decrypted, once each.
 */
#include "platform/journal/test/world.h"
#include "protocols/nbfi/security.h"
#include "protocols/sigfox/sigfox.h"

#define START_S    INT64_C(1795132800)
#define SIGFOX_KEY "479e4480fd7596d45b0122fd282db3cf"
/* published: identity 004d33db, counter 1a0, payload abad1dea */
#define SIGFOX_CONTENT "01a0db334d00abad1deadc32758a"

static world w;

static int setup(void **state) {
    (void)state;
    world_init(&w, "foreign-test");
    char text[1024], key[65];
    for (unsigned i = 0; i < 32; i++)
        snprintf(key + 2 * i, 3, "%02x", 0x40 + i);
    snprintf(text, sizeof text,
             "{\"tenant\":\"demo\",\"network\":\"sigfox\",\"identity\":\"004d33db\",\"key\":\"%s\","
             "\"label\":\"Pump house\"}\n"
             "{\"tenant\":\"demo\",\"network\":\"nbfi\",\"identity\":\"0012d687\",\"key\":\"%s\"}\n"
             "{\"tenant\":\"demo\",\"network\":\"openunb\",\"identity\":\"b3b4f7\"}\n",
             SIGFOX_KEY, key);
    mw_registry_import_report report;
    for (unsigned twice = 0; twice < 2; twice++) {
        MW_CHECK_OK(
            mw_registry_import(w.registry, mw_slice_of_str(text), mw_utc_of_s(1000), &report));
        MW_CHECK_EQ(report.devices, 3);
    }
    return 0;
}

static int teardown(void **state) {
    (void)state;
    world_fini(&w);
    return 0;
}

static void hear(mw_store_kind kind, const char *name, const char *identity, const char *counter,
                 mw_slice payload, int64_t second) {
    char hex[64] = {0}, text[640], at[MW_UTC_TEXT_MAX];
    MW_CHECK_OK(mw_hex_encode(payload, (mw_span){(uint8_t *)hex, 2 * payload.n}));
    mw_utc_format(mw_utc_of_s(second), at);
    uint64_t seq = ++w.seq;
    snprintf(text, sizeof text,
             "{\"copies\":1,\"counter\":%s,\"frequency_mhz\":868130000000,\"identity\":\"%s\","
             "\"kind\":\"%s\",\"level_cdbm\":-13000,\"payload\":\"%s\",\"rate\":\"100\","
             "\"received_at\":\"%s\",\"seq\":%" PRIu64 ",\"snr_cdb\":900}",
             counter, identity, name, hex, at, seq);
    mw_store_envelope e = {.tenant = w.tenant,
                           .sender = w.sender[0],
                           .epoch = 5,
                           .seq = seq,
                           .kind = kind,
                           .received = mw_utc_of_s(second),
                           .stored = mw_utc_of_s(second + 2),
                           .content = mw_slice_of_str(text)};
    mw_store_append result;
    int64_t id;
    mw_envelope_item item;
    MW_CHECK_OK(mw_envelope_item_parse(e.content, &item));
    MW_CHECK_EQ(item.kind, kind);
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_journal_append(w.store, &e, &result, &id));
    MW_CHECK_OK(mw_store_commit(w.store));
    world_decode(&w);
}

typedef struct rows {
    size_t n;
    mw_store_foreign_message row[64]; /* newest first */
} rows;

static mw_status on_row(void *ctx, const mw_store_foreign_message *row) {
    rows *r = ctx;
    r->row[r->n++] = *row;
    return MW_OK;
}

static rows *look(int network) {
    static rows r;
    r.n = 0;
    MW_CHECK_OK(mw_store_foreign_messages(w.store, w.tenant, network, 0, 64, on_row, &r));
    return &r;
}

static size_t sigfox_content(uint16_t counter, const char *key, uint8_t out[32]) {
    mw_sigfox_uplink u = {
        .id = 0x004d33db, .counter = counter, .payload_bytes = 4, .payload = {1, 2, 3, 4}};
    mw_key k;
    size_t n;
    MW_CHECK_OK(mw_hex_decode(mw_slice_of_str(key), MW_SPAN_OF(k.b)));
    MW_CHECK_OK(mw_sigfox_authenticate(&u, &k));
    uint8_t frame[32];
    MW_CHECK_OK(mw_sigfox_frame_encode(&u, 0, MW_SPAN_OF(frame), &n));
    memcpy(out, frame + 4, n - 4);
    return n - 4;
}

static void hear_sigfox(uint16_t counter, const char *key, int64_t second) {
    uint8_t content[32];
    char number[8];
    snprintf(number, sizeof number, "%u", counter);
    size_t n = sigfox_content(counter, key, content);
    hear(MW_STORE_KIND_SIGFOX, "sigfox", "004d33db", number, (mw_slice){content, n}, second);
}

MW_TEST(sigfox_authenticated_once) {
    uint8_t content[14];
    MW_CHECK_OK(mw_hex_decode(mw_slice_of_str(SIGFOX_CONTENT), MW_SPAN_OF(content)));
    for (unsigned i = 0; i < 2; i++)
        hear(MW_STORE_KIND_SIGFOX, "sigfox", "004d33db", "416", MW_SLICE_OF(content),
             START_S + 3 * i);
    rows *r = look(0);
    MW_CHECK_EQ(r->n, 1);
    const mw_store_foreign_message *m = &r->row[0];
    MW_CHECK_EQ(m->authenticity, MW_FOREIGN_AUTHENTIC);
    MW_CHECK_EQ(m->counter, 416);
    MW_CHECK_EQ(m->clear_n, 4);
    assert_memory_equal(m->clear, ((uint8_t[]){0xab, 0xad, 0x1d, 0xea}), 4);
    MW_CHECK_STR(m->label, "Pump house");
    MW_CHECK_STR(m->sender, "st-1");
    MW_CHECK_EQ(world_count(&w, "decode.foreign_duplicates"), 1);

    /* Hours later it is somebody's recording; so are counters that were passed. */
    hear(MW_STORE_KIND_SIGFOX, "sigfox", "004d33db", "416", MW_SLICE_OF(content), START_S + 9000);
    hear_sigfox(400, SIGFOX_KEY, START_S + 9001);
    hear_sigfox(500, SIGFOX_KEY, START_S + 9002);
    /* A forged one changes nothing. */
    hear_sigfox(600, "00000000000000000000000000000000", START_S + 9003);
    hear_sigfox(501, SIGFOX_KEY, START_S + 9004);
    MW_CHECK_EQ(look(MW_NETWORK_SIGFOX)->n, 3);
    MW_CHECK_EQ(world_count(&w, "decode.foreign_replays"), 2);
    MW_CHECK_EQ(world_count(&w, "decode.foreign_failed"), 1);
    /* The counter begins anew after 4095. */
    hear_sigfox(2400, SIGFOX_KEY, START_S + 9005);
    hear_sigfox(4095, SIGFOX_KEY, START_S + 9006);
    hear_sigfox(3, SIGFOX_KEY, START_S + 9007);
    MW_CHECK_EQ(look(MW_NETWORK_SIGFOX)->n, 6);
}

static void hear_nbfi(uint32_t iterator, uint8_t seed, int64_t second) {
    mw_nbfi_key root;
    for (unsigned i = 0; i < 32; i++)
        root.b[i] = (uint8_t)(0x40 + i);
    mw_nbfi_epoch epoch;
    mw_nbfi_e u = {.id = 0x0012d687, .iterator = (uint8_t)iterator, .body = {seed, 2, 3}};
    mw_nbfi_epoch_init(&epoch, &root, MW_NBFI_UP, iterator >> 8);
    mw_nbfi_seal(&epoch, iterator, u.body, u.mic);
    uint8_t packet[MW_NBFI_PACKET_E];
    char number[8];
    mw_nbfi_e_pack(&u, packet);
    snprintf(number, sizeof number, "%u", u.iterator);
    hear(MW_STORE_KIND_NBFI, "nbfi", "0012d687", number, MW_SLICE_OF(packet), second);
}

MW_TEST(nbfi_e_decrypted_and_followed) {
    hear_nbfi(0x1234, 7, START_S); /* a device that has been in the field for a while */
    rows *r = look(MW_NETWORK_NBFI);
    MW_CHECK_EQ(r->n, 1);
    MW_CHECK_EQ(r->row[0].authenticity, MW_FOREIGN_AUTHENTIC);
    MW_CHECK_EQ(r->row[0].counter, 0x1234);
    MW_CHECK_EQ(r->row[0].clear_n, 9);
    MW_CHECK_EQ(r->row[0].clear[0], 7);
    hear_nbfi(0x1234, 7, START_S + 2); /* its second transmission */
    hear_nbfi(0x1235, 8, START_S + 60);
    hear_nbfi(0x1301, 9, START_S + 120); /* the next keys */
    hear_nbfi(0x1234, 7, START_S + 180);
    hear_nbfi(0x1301, 9, START_S + 9000);
    MW_CHECK_EQ(look(MW_NETWORK_NBFI)->n, 3);
    MW_CHECK_EQ(world_count(&w, "decode.foreign_duplicates"), 1);
    MW_CHECK_EQ(
        world_count(&w, "decode.foreign_replays") + world_count(&w, "decode.foreign_failed"), 2);
}

MW_TEST(nbfi_d_is_only_plausible) {
    mw_nbfi_key root;
    for (unsigned i = 0; i < 32; i++)
        root.b[i] = (uint8_t)(0x40 + i);
    mw_nbfi_d u = {.id = 0x12d687, .header = 1, .payload = {9, 8, 7, 6}};
    uint8_t packet[MW_NBFI_PACKET_D];
    mw_nbfi_d_seal(&u, &root);
    mw_nbfi_d_pack(&u, packet);
    for (unsigned i = 0; i < 3; i++) /* twice at once, and hours later: perhaps the same reading */
        hear(MW_STORE_KIND_NBFI, "nbfi", "12d687", "null", MW_SLICE_OF(packet),
             START_S + 5 * i + (i == 2 ? 9000 : 0));
    rows *r = look(MW_NETWORK_NBFI);
    MW_CHECK_EQ(r->n, 2);
    MW_CHECK_EQ(r->row[0].authenticity, MW_FOREIGN_PLAUSIBLE);
    MW_CHECK_EQ(r->row[0].counter, -1);
    MW_CHECK_EQ(r->row[0].clear[1], 9);
}

MW_TEST(unknown_ones_are_bounded) {
    uint8_t content[32];
    mw_sigfox_uplink u = {.id = 0x11111111, .payload_bytes = 1, .auth_bytes = 2};
    for (unsigned i = 0; i < 40; i++) {
        size_t n;
        uint8_t frame[32];
        u.counter = (uint16_t)i;
        MW_CHECK_OK(mw_sigfox_frame_encode(&u, 0, MW_SPAN_OF(frame), &n));
        memcpy(content, frame + 4, n - 4);
        char number[8];
        snprintf(number, sizeof number, "%u", i);
        hear(MW_STORE_KIND_SIGFOX, "sigfox", "11111111", number, (mw_slice){content, n - 4},
             START_S + i);
    }
    MW_CHECK_EQ(look(0)->n, 40);
    MW_CHECK_EQ(look(0)->row[0].authenticity, MW_FOREIGN_UNVERIFIED);
    MW_CHECK_EQ(look(0)->row[0].device, 0);
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_foreign_unknown_trim(w.store, w.tenant, 10));
    MW_CHECK_OK(mw_store_commit(w.store));
    MW_CHECK_EQ(look(0)->n, 10);
    MW_CHECK_EQ(look(0)->row[0].counter, 39);
}

/* Decoding again gives the same, and a message for a device registered later is then known. */
MW_TEST(decoding_again_is_the_same) {
    uint8_t before[32], after[32], message[8] = {0xb3, 0xb4, 0xf7, 0xd4, 0x34, 0x63, 0xb1, 0x57};
    hear_sigfox(7, SIGFOX_KEY, START_S);
    hear_sigfox(7, SIGFOX_KEY, START_S + 1);
    hear_nbfi(5, 1, START_S + 2);
    hear(MW_STORE_KIND_OPENUNB, "openunb", "b3b4f7", "null", MW_SLICE_OF(message), START_S + 3);
    MW_CHECK_EQ(look(0)->n, 3);
    MW_CHECK_OK(mw_store_digest(w.store, before));
    MW_CHECK_OK(mw_decoder_rewind(w.decoder));
    MW_CHECK_EQ(look(0)->n, 0);
    world_decode(&w);
    MW_CHECK_OK(mw_store_digest(w.store, after));
    assert_memory_equal(before, after, 32);
}

MW_TEST(bad_items_and_lines_are_refused) {
    static const char *const items[] = {
        /* wrong CRC, wrong identity, no copies */
        "{\"copies\":1,\"counter\":1,\"frequency_mhz\":1,\"identity\":\"004d33db\",\"kind\":"
        "\"sigfox\",\"level_cdbm\":1,\"payload\":\"01a0db334d00abad1deadc32758b\",\"rate\":"
        "\"100\",\"received_at\":\"2026-11-20T00:00:00Z\",\"seq\":1,\"snr_cdb\":1}",
        "{\"copies\":1,\"counter\":1,\"frequency_mhz\":1,\"identity\":\"004d33dc\",\"kind\":"
        "\"sigfox\",\"level_cdbm\":1,\"payload\":\"01a0db334d00abad1deadc32758a\",\"rate\":"
        "\"100\",\"received_at\":\"2026-11-20T00:00:00Z\",\"seq\":1,\"snr_cdb\":1}",
        "{\"counter\":1,\"frequency_mhz\":1,\"identity\":\"004d33db\",\"kind\":"
        "\"sigfox\",\"level_cdbm\":1,\"payload\":\"01a0db334d00abad1deadc32758a\",\"rate\":"
        "\"100\",\"received_at\":\"2026-11-20T00:00:00Z\",\"seq\":1,\"snr_cdb\":1}"};
    for (size_t i = 0; i < 3; i++) {
        mw_envelope_item item;
        MW_CHECK(mw_envelope_item_parse(mw_slice_of_str(items[i]), &item) != MW_OK);
    }
    static const char *const lines[] = {
        "{\"tenant\":\"demo\",\"network\":\"lora\",\"identity\":\"004d33db\"}",
        "{\"tenant\":\"demo\",\"network\":\"sigfox\",\"identity\":\"4d33db\"}",
        "{\"tenant\":\"demo\",\"network\":\"sigfox\",\"identity\":\"004d33db\",\"key\":\"00\"}",
        "{\"tenant\":\"demo\",\"network\":\"openunb\",\"identity\":\"b3b4f7\",\"key\":\"00\"}"};
    for (size_t i = 0; i < 4; i++) {
        mw_registry_import_report report;
        MW_CHECK(mw_registry_import(w.registry, mw_slice_of_str(lines[i]), mw_utc_of_s(1000),
                                    &report) != MW_OK);
        MW_CHECK_EQ(report.bad_line, 1);
        MW_CHECK(report.error[0] != 0);
    }
}

#define WORLD_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        WORLD_CASE(sigfox_authenticated_once),  WORLD_CASE(nbfi_e_decrypted_and_followed),
        WORLD_CASE(nbfi_d_is_only_plausible),   WORLD_CASE(unknown_ones_are_bounded),
        WORLD_CASE(decoding_again_is_the_same), WORLD_CASE(bad_items_and_lines_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
