/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/nbfi/security.h"
#include "tests/harness/mw_test.h"

static const uint8_t clear[MW_NBFI_BODY] = {0x21, 'M', 'e', 't', 'e', 'r', 0, 1, 2};

static mw_nbfi_key root_key(void) {
    mw_nbfi_key key;
    for (unsigned i = 0; i < sizeof key.b; i++)
        key.b[i] = (uint8_t)(7 * i + 1);
    return key;
}

/* Made with the cipher and the key derivation of the published transceiver stack; the key is the
 * one above. The MIC's mask carries once in every row. */
static const struct {
    mw_nbfi_direction direction;
    uint32_t iterator;
    const char *body, *mic;
} published[] = {
    {MW_NBFI_UP, 0x00005, "19C32055E62DB4B638", "6E0205"},
    {MW_NBFI_UP, 0x001FE, "BF8AD30D2204F0704E", "625979"},
    {MW_NBFI_UP, 0x30A07, "05557A46A2B520D8A0", "4E6CDD"},
    {MW_NBFI_UP, 0xFFF80, "7A19093D29391E0446", "812D5F"},
    {MW_NBFI_DOWN, 0x00005, "048C39DEAF4ECBBC0A", "F6C773"},
    {MW_NBFI_DOWN, 0x001FE, "21321783EEC2A839ED", "B30317"},
    {MW_NBFI_DOWN, 0x30A07, "C7127AF504291574FA", "A6779A"},
};

MW_TEST(messages_are_sealed_as_the_stack_does) {
    mw_nbfi_key root = root_key();
    for (size_t i = 0; i < sizeof published / sizeof published[0]; i++) {
        mw_nbfi_epoch e;
        uint8_t body[MW_NBFI_BODY], mic[MW_NBFI_MIC];
        mw_bytes_copy(body, clear, sizeof body);
        mw_nbfi_epoch_init(&e, &root, published[i].direction, published[i].iterator >> 8);
        mw_nbfi_seal(&e, published[i].iterator, body, mic);
        MW_CHECK_BYTES(MW_SLICE_OF(body), mw_test_hex(published[i].body).p, sizeof body);
        MW_CHECK_BYTES(MW_SLICE_OF(mic), mw_test_hex(published[i].mic).p, sizeof mic);
        MW_CHECK_OK(mw_nbfi_verify(&e, body, mic));
        for (unsigned bit = 0; bit < 8 * MW_NBFI_BODY; bit++) {
            body[bit / 8] ^= (uint8_t)(1 << bit % 8);
            MW_CHECK_STATUS(mw_nbfi_verify(&e, body, mic), MW_AUTH);
            body[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

static void send(const mw_nbfi_key *root, uint32_t iterator, mw_nbfi_e *u) {
    mw_nbfi_epoch e;
    mw_nbfi_epoch_init(&e, root, MW_NBFI_UP, iterator >> 8);
    u->iterator = (uint8_t)iterator;
    mw_bytes_copy(u->body, clear, sizeof u->body);
    mw_nbfi_seal(&e, iterator, u->body, u->mic);
}

static mw_status receive(mw_nbfi_link *link, const mw_nbfi_e *u, uint32_t *iterator,
                         uint8_t *body) {
    return mw_nbfi_link_open(link, u->iterator, u->body, u->mic, MW_NBFI_EPOCH_AHEAD, iterator,
                             body);
}

MW_TEST(a_link_follows_its_device) {
    mw_nbfi_key root = root_key();
    mw_nbfi_link link;
    mw_nbfi_e u = {.id = 1}, first;
    uint32_t iterator = 0;
    uint8_t body[MW_NBFI_BODY];
    mw_nbfi_link_init(&link, &root, MW_NBFI_UP, 0);
    /* Within an epoch, into the next, over lost epochs up to as many as devices allow. */
    static const uint32_t sent[] = {0, 1, 200, 255, 256, 300, 0x0B00, 0x0BFF, 0x14FE};
    send(&root, 0, &first);
    for (size_t i = 0; i < sizeof sent / sizeof sent[0]; i++) {
        send(&root, sent[i], &u);
        MW_CHECK_OK(receive(&link, &u, &iterator, body));
        MW_CHECK_EQ(iterator, sent[i]);
        MW_CHECK_BYTES(MW_SLICE_OF(body), clear, sizeof clear);
        MW_CHECK_STATUS(receive(&link, &u, &iterator, body), MW_DUPLICATE);
    }
    MW_CHECK_STATUS(receive(&link, &first, &iterator, body), MW_AUTH); /* an epoch gone by */
    send(&root, 0x1403, &u);
    MW_CHECK_STATUS(receive(&link, &u, &iterator, body), MW_REPLAY);
    send(&root, 0x1F00, &u); /* eleven epochs on */
    MW_CHECK_STATUS(receive(&link, &u, &iterator, body), MW_AUTH);
    MW_CHECK_OK(mw_nbfi_link_open(&link, u.iterator, u.body, u.mic, 11, &iterator, body));
    MW_CHECK_EQ(iterator, 0x1F00);
    u.mic[2] ^= 1;
    MW_CHECK_STATUS(receive(&link, &u, &iterator, body), MW_AUTH);
}

MW_TEST(other_keys_and_directions_are_refused) {
    mw_nbfi_key root = root_key(), other = root_key();
    mw_nbfi_link link;
    mw_nbfi_e u = {.id = 1};
    uint32_t iterator = 77;
    uint8_t body[MW_NBFI_BODY] = {9};
    other.b[31] ^= 1;
    send(&root, 5, &u);
    mw_nbfi_link_init(&link, &other, MW_NBFI_UP, 0);
    MW_CHECK_STATUS(receive(&link, &u, &iterator, body), MW_AUTH);
    mw_nbfi_link_init(&link, &root, MW_NBFI_DOWN, 0);
    MW_CHECK_STATUS(receive(&link, &u, &iterator, body), MW_AUTH);
    MW_CHECK(iterator == 77 && body[0] == 9);
    mw_nbfi_link_wipe(&link);
}

MW_TEST(the_last_epoch_is_the_end) {
    mw_nbfi_key root = root_key();
    mw_nbfi_link link;
    mw_nbfi_e u = {.id = 1};
    uint32_t iterator;
    uint8_t body[MW_NBFI_BODY];
    mw_nbfi_link_init(&link, &root, MW_NBFI_UP, MW_NBFI_EPOCHS - 2);
    send(&root, MW_NBFI_ITERATORS - 1, &u);
    MW_CHECK_OK(receive(&link, &u, &iterator, body));
    MW_CHECK_EQ(iterator, MW_NBFI_ITERATORS - 1);
    MW_CHECK_STATUS(mw_nbfi_epoch_next(&link.epoch), MW_LIMIT);
    send(&root, 0, &u);
    MW_CHECK_STATUS(receive(&link, &u, &iterator, body), MW_AUTH);
}

/* What the header says of the MIC, so that nobody takes it for more. */
MW_TEST(the_iterator_is_not_authenticated) {
    mw_nbfi_key root = root_key();
    mw_nbfi_link link;
    mw_nbfi_e u = {.id = 1};
    uint32_t iterator;
    uint8_t body[MW_NBFI_BODY];
    mw_nbfi_link_init(&link, &root, MW_NBFI_UP, 0);
    send(&root, 5, &u);
    u.iterator = 6;
    MW_CHECK_OK(receive(&link, &u, &iterator, body));
    MW_CHECK(memcmp(body, clear, sizeof clear) != 0);
}

MW_TEST(protocol_d_opens) {
    mw_nbfi_key root = root_key(), other = root_key();
    mw_nbfi_d u = {.id = 2, .payload = {'P', 'a', 'y', 'l', 'o', 'a', 'd', '!'}};
    uint8_t payload[MW_NBFI_PAYLOAD] = {0};
    mw_nbfi_d_seal(&u, &root);
    MW_CHECK_BYTES(MW_SLICE_OF(u.payload), mw_test_hex("EEF505DFC09C7575").p, 8);
    other.b[0] ^= 1;
    MW_CHECK_STATUS(mw_nbfi_d_open(&u, &other, payload), MW_CHECKSUM);
    MW_CHECK_EQ(payload[0], 0);
    MW_CHECK_OK(mw_nbfi_d_open(&u, &root, payload));
    MW_CHECK_BYTES(MW_SLICE_OF(payload), "Payload!", 8);
}

MW_TEST_MAIN(MW_CASE(messages_are_sealed_as_the_stack_does), MW_CASE(a_link_follows_its_device),
             MW_CASE(other_keys_and_directions_are_refused), MW_CASE(the_last_epoch_is_the_end),
             MW_CASE(the_iterator_is_not_authenticated), MW_CASE(protocol_d_opens))
