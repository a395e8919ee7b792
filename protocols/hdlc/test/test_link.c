/* SPDX-License-Identifier: Apache-2.0
 *
 * Server and client against recorded exchanges and against each other over a bad line.
 */
#include "base/prng.h"
#include "protocols/hdlc/client.h"
#include "protocols/hdlc/deframer.h"
#include "tests/harness/mw_test.h"

#define LINKS 3
#define EACH  1024

static const uint16_t logical[] = {1, 2};

typedef struct meter {
    mw_hdlc_server_config config;
    mw_hdlc_server server;
    mw_hdlc_server_link links[LINKS];
    uint8_t memory[LINKS * EACH];
    uint8_t answers[LINKS][4096];
    unsigned executed; /* requests */
    mw_hdlc_event last;
} meter;

static void meter_init(meter *m, uint16_t info, uint8_t window, uint16_t physical) {
    m->config = (mw_hdlc_server_config){.params = {info, info, window, window},
                                        .physical = physical,
                                        .logical = logical,
                                        .logical_count = 2,
                                        .inactivity = mw_dur_s(120)};
    m->executed = 0;
    mw_hdlc_server_init(&m->server, &m->config, m->links, LINKS, MW_SPAN_OF(m->memory));
}

static mw_hdlc_frame frame_of(mw_slice with_flags) {
    mw_hdlc_frame f;
    MW_CHECK_OK(mw_hdlc_frame_decode(mw_slice_sub(with_flags, 1, with_flags.n - 2), &f));
    return f;
}

static mw_status give(meter *m, const mw_hdlc_frame *f) {
    return mw_hdlc_server_take(&m->server, f, (mw_mono){0}, &m->last);
}

static mw_slice reply(meter *m) {
    static uint8_t out[MW_HDLC_FRAME_MAX];
    size_t n = 0;
    if (mw_hdlc_server_next(&m->server, MW_SPAN_OF(out), &n) != MW_OK)
        n = 0;
    return (mw_slice){out, n};
}

/* wb-mqtt-serial's exchange (MIT): DISC, SNRM, association, two GETs of a Milur 107S. */
MW_TEST(recorded_exchange_is_answered_byte_by_byte) {
    static const char *const exchange[][2] = {
        {"7ea0080229419392727e",
         "7ea01f410229739ab0818012050180060180070400000001080400000001ce6a7e"},
        {"7ea04302294110cf42e6e6006034a1090607608574050801018a0207808b0760857405080201ac08800631313"
         "1"
         "313131be10040e01000000065f1f0400001e5dffffa0fd7e",
         "7ea03841022930a083e6e7006129a109060760857405080101a203020100a305a103020100be10040e0800065"
         "f"
         "1f040000101d00640007828b7e"},
        {"7ea01a02294132d964e6e600c001c100030000600900ff03008b787e",
         "7ea01741022952d9c9e6e700c401810002020f001609aed57e"},
        {"7ea01a02294154e962e6e600c001c100030000600900ff020053617e",
         "7ea014410229742190e6e700c401810010001e663c7e"},
    };
    static meter m;
    meter_init(&m, 128, 1, 0x14);
    for (size_t i = 0; i < 4; i++) {
        mw_hdlc_frame question = frame_of(mw_test_hex(exchange[i][0]));
        mw_slice answer = mw_test_hex(exchange[i][1]);
        MW_CHECK_OK(give(&m, &question));
        if (i ==
            0) { /* this meter writes parameters in two bytes, we in one: compare the meaning */
            MW_CHECK_EQ(m.last.kind, MW_HDLC_CONNECTED);
            mw_hdlc_frame ua = frame_of(reply(&m));
            mw_hdlc_params p;
            MW_CHECK_EQ(ua.kind, MW_HDLC_UA);
            MW_CHECK_OK(mw_hdlc_params_decode(ua.information, &p));
            MW_CHECK(p.info_transmit == 128 && p.window_receive == 1);
            continue;
        }
        MW_CHECK_EQ(m.last.kind, MW_HDLC_APDU);
        mw_hdlc_frame f = frame_of(answer);
        mw_slice apdu = mw_slice_sub(f.information, 3, f.information.n - 3);
        MW_CHECK_OK(mw_hdlc_server_answer(&m.server, m.last.link, apdu));
        MW_CHECK_BYTES(answer, reply(&m).p, answer.n);
        MW_CHECK_EQ(reply(&m).n, 0);
    }
    mw_hdlc_frame disc = frame_of(mw_test_hex("7ea008022941539eb47e"));
    MW_CHECK_OK(give(&m, &disc));
    MW_CHECK_EQ(m.last.kind, MW_HDLC_CLOSED);
    MW_CHECK_EQ(frame_of(reply(&m)).kind, MW_HDLC_UA);
    MW_CHECK_OK(give(&m, &disc)); /* down already: DM */
    MW_CHECK_EQ(frame_of(reply(&m)).kind, MW_HDLC_DM);
}

MW_TEST(parameters_are_read_in_all_their_forms) {
    mw_hdlc_params p;
    MW_CHECK_OK(mw_hdlc_params_decode((mw_slice){0}, &p));
    MW_CHECK(p.info_transmit == 128 && p.info_receive == 128 && p.window_transmit == 1);
    MW_CHECK_OK(
        mw_hdlc_params_decode(mw_test_hex("8180140502008006020080070400000001080400000001"), &p));
    MW_CHECK(p.info_transmit == 128 && p.info_receive == 128);
    MW_CHECK_OK(mw_hdlc_params_decode(mw_test_hex("818008 050200ef 06020400"), &p));
    MW_CHECK(p.info_transmit == 239 && p.info_receive == 1024 && p.window_receive == 1);
    static const struct {
        const char *hex;
        mw_status why;
    } bad[] = {{"81", MW_OK},
               {"80800305018a", MW_SYNTAX},
               {"81800305018a00", MW_SHORT},
               {"8180030501", MW_SHORT},
               {"8180030801 00", MW_RANGE},
               {"8180030801 08", MW_RANGE},
               {"818003050100", MW_RANGE},
               {"818007050500000000 80", MW_SYNTAX}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        MW_CHECK_STATUS(mw_hdlc_params_decode(mw_test_hex(bad[i].hex), &p), bad[i].why);
    mw_hdlc_params own = {2030, 512, 7, 3}, peer = {1024, 300, 2, 5}, agreed;
    agreed = mw_hdlc_params_agree(&own, &peer);
    MW_CHECK(agreed.info_transmit == 300 && agreed.info_receive == 512);
    MW_CHECK(agreed.window_transmit == 5 && agreed.window_receive == 2);
}

static mw_hdlc_frame from(uint16_t client, mw_hdlc_kind kind, uint8_t ns, uint8_t nr) {
    return (mw_hdlc_frame){.destination = {1, 17, 2},
                           .source = {client, 0, 1},
                           .kind = kind,
                           .send_seq = ns,
                           .receive_seq = nr,
                           .poll_final = true};
}

static const uint8_t request[] = {0xE6, 0xE6, 0x00, 0xC3, 0x01};
static const uint8_t result[] = {0xC7, 0x01};

MW_TEST(a_repeat_is_answered_and_not_executed) {
    static meter m;
    meter_init(&m, 128, 1, 17);
    mw_hdlc_frame f = from(16, MW_HDLC_SNRM, 0, 0);
    MW_CHECK_OK(give(&m, &f));
    (void)reply(&m);
    f = from(16, MW_HDLC_I, 0, 0);
    f.information = MW_SLICE_OF(request);
    MW_CHECK_OK(give(&m, &f));
    MW_CHECK_EQ(m.last.kind, MW_HDLC_APDU);
    MW_CHECK_BYTES(m.last.apdu, request + 3, 2);
    MW_CHECK_EQ(reply(&m).n, 0); /* nothing to say before the answer is there */
    MW_CHECK_OK(give(&m, &f));   /* still executing: the repeat is told to wait */
    MW_CHECK_EQ(m.last.kind, MW_HDLC_NO_EVENT);
    MW_CHECK_EQ(frame_of(reply(&m)).kind, MW_HDLC_RNR);
    MW_CHECK_OK(mw_hdlc_server_answer(&m.server, &m.links[0], MW_SLICE_OF(result)));
    for (int i = 0; i < 3; i++) { /* the answer is lost again and again */
        MW_CHECK_OK(give(&m, &f));
        MW_CHECK_EQ(m.last.kind, MW_HDLC_NO_EVENT);
        mw_hdlc_frame answer = frame_of(reply(&m));
        MW_CHECK(answer.kind == MW_HDLC_I && answer.send_seq == 0 && answer.receive_seq == 1);
        MW_CHECK_BYTES(mw_slice_sub(answer.information, 3, 2), result, 2);
    }
    MW_CHECK_STATUS(mw_hdlc_server_answer(&m.server, &m.links[0], MW_SLICE_OF(result)), MW_STATE);
    f = from(16, MW_HDLC_RR, 0, 1);
    MW_CHECK_OK(give(&m, &f));
    MW_CHECK_EQ(frame_of(reply(&m)).kind, MW_HDLC_RR);
}

MW_TEST(broken_rules_are_rejected_until_a_new_beginning) {
    static meter m;
    meter_init(&m, 128, 1, 17);
    mw_hdlc_frame f = from(16, MW_HDLC_I, 0, 0);
    MW_CHECK_OK(give(&m, &f)); /* never connected */
    MW_CHECK_EQ(frame_of(reply(&m)).kind, MW_HDLC_DM);
    f = from(16, MW_HDLC_SNRM, 0, 0);
    MW_CHECK_OK(give(&m, &f));
    (void)reply(&m);
    f = from(16, MW_HDLC_RR, 0, 3); /* acknowledges what was never sent */
    f.control = 0x71;
    MW_CHECK_OK(give(&m, &f));
    mw_hdlc_frame frmr = frame_of(reply(&m));
    MW_CHECK_EQ(frmr.kind, MW_HDLC_FRMR);
    MW_CHECK_BYTES(frmr.information, "\x71\x00\x08", 3);
    f = from(16, MW_HDLC_I, 0, 0);
    MW_CHECK_OK(give(&m, &f));
    MW_CHECK_EQ(frame_of(reply(&m)).kind, MW_HDLC_FRMR);
    f = from(16, MW_HDLC_SNRM, 0, 0);
    MW_CHECK_OK(give(&m, &f));
    MW_CHECK_EQ(frame_of(reply(&m)).kind, MW_HDLC_UA);
    f = from(16, MW_HDLC_I, 0, 0); /* longer than the memory, in segments */
    static uint8_t part[128];
    f.information = MW_SLICE_OF(part);
    f.segmented = true;
    for (int i = 0; i < 8; i++, f.send_seq = (f.send_seq + 1) & 7) {
        MW_CHECK_OK(give(&m, &f));
        MW_CHECK_EQ(frame_of(reply(&m)).kind, MW_HDLC_RR);
    }
    MW_CHECK_OK(give(&m, &f));
    frmr = frame_of(reply(&m));
    MW_CHECK(frmr.kind == MW_HDLC_FRMR && frmr.information.p[2] == 0x04);
}

MW_TEST(clients_do_not_disturb_each_other_and_strangers_are_refused) {
    static meter m;
    meter_init(&m, 128, 1, 17);
    for (uint16_t c = 16; c < 19; c++) {
        mw_hdlc_frame f = from(c, MW_HDLC_SNRM, 0, 0);
        MW_CHECK_OK(give(&m, &f));
        MW_CHECK_EQ(frame_of(reply(&m)).kind, MW_HDLC_UA);
    }
    mw_hdlc_frame f = from(40, MW_HDLC_SNRM, 0, 0); /* no link is free */
    MW_CHECK_OK(give(&m, &f));
    MW_CHECK_EQ(frame_of(reply(&m)).kind, MW_HDLC_DM);
    for (uint8_t i = 0; i < 5; i++) {
        f = from(17, MW_HDLC_I, i, i);
        f.information = MW_SLICE_OF(request);
        MW_CHECK_OK(give(&m, &f));
        MW_CHECK_OK(mw_hdlc_server_answer(&m.server, m.last.link, MW_SLICE_OF(result)));
        MW_CHECK_EQ(frame_of(reply(&m)).send_seq, i);
    }
    f = from(18, MW_HDLC_RR, 0, 0);
    MW_CHECK_OK(give(&m, &f));
    MW_CHECK(frame_of(reply(&m)).kind == MW_HDLC_RR && m.links[2].flow.expected == 0);
    f.destination.lower = 18;
    MW_CHECK_STATUS(give(&m, &f), MW_NOT_FOUND);
    f = from(16, MW_HDLC_UI, 0, 0); /* to all: taken, not answered, even with P */
    f.destination = (mw_hdlc_address){0x7F, 0x7F, 2};
    f.information = MW_SLICE_OF(request);
    MW_CHECK_OK(give(&m, &f));
    MW_CHECK(m.last.kind == MW_HDLC_UNIT && m.last.apdu.n == 2 && reply(&m).n == 0);
    MW_CHECK_STATUS(mw_hdlc_server_tick(&m.server, (mw_mono){0}, &m.last), MW_NOT_FOUND);
    unsigned closed = 0;
    while (mw_hdlc_server_tick(&m.server, (mw_mono){121 * MW_NS_PER_S}, &m.last) == MW_OK)
        closed++;
    MW_CHECK_EQ(closed, 3);
}

/* ---- both ends over a line that loses and damages ---- */

typedef struct line {
    meter *m;
    mw_hdlc_client client;
    mw_hdlc_client_config config;
    mw_hdlc_deframer to_meter, to_client;
    uint8_t memory[2][8 * MW_HDLC_FRAME_MAX]; /* a whole window waits in it */
    uint8_t received[4096];
    mw_prng g;
    unsigned loss; /* per thousand frames */
    mw_mono now;
    unsigned frames;
} line;

static void line_init(line *l, meter *m, mw_hdlc_params p, mw_hdlc_address server, unsigned loss) {
    l->m = m;
    l->config = (mw_hdlc_client_config){.params = p,
                                        .client = {0x20, 0, 1},
                                        .server = server,
                                        .answer_time = mw_dur_ms(1500),
                                        .tries = 12};
    mw_hdlc_client_init(&l->client, &l->config, MW_SPAN_OF(l->received), (mw_span){NULL, 0});
    mw_hdlc_deframer_init(&l->to_meter, MW_SPAN_OF(l->memory[0]));
    mw_hdlc_deframer_init(&l->to_client, MW_SPAN_OF(l->memory[1]));
    l->g = mw_prng_of_seed(loss + p.window_transmit);
    l->loss = loss;
    l->now = (mw_mono){0};
    l->frames = 0;
}

/* Carries one frame; returns false when the line ate it. */
static void carry(line *l, mw_hdlc_deframer *d, uint8_t *b, size_t n) {
    l->frames++;
    uint64_t fate = mw_prng_u64(&l->g) % 1000;
    if (fate < l->loss / 2)
        return;
    if (fate < l->loss)
        b[mw_prng_u64(&l->g) % n] ^= 0x10;
    MW_CHECK_EQ(mw_hdlc_deframer_push(d, (mw_slice){b, n}), n);
}

/* The meter answers a request of n bytes with its number of executions and 3n + 1 bytes. */
static void execute(line *l, const mw_hdlc_event *e) {
    uint8_t *a = l->m->answers[e->link - l->m->links];
    size_t n = 3 * e->apdu.n + 1;
    for (size_t i = 1; i < n; i++)
        a[i] = e->apdu.p[(i - 1) % e->apdu.n];
    a[0] = (uint8_t)++l->m->executed;
    MW_CHECK_OK(mw_hdlc_server_answer(&l->m->server, e->link, (mw_slice){a, n}));
}

/* What one end gets in its turn: after the last byte the line is silent. */
static bool hear(mw_hdlc_deframer *d, mw_hdlc_frame *out_frame) {
    if (mw_hdlc_deframer_pull(d, out_frame) == MW_OK)
        return true;
    mw_hdlc_deframer_silence(d);
    return mw_hdlc_deframer_pull(d, out_frame) == MW_OK;
}

static mw_hdlc_event run_until_event(line *l) {
    uint8_t b[MW_HDLC_FRAME_MAX];
    size_t n;
    mw_hdlc_event e;
    mw_hdlc_frame f;
    for (int turn = 0; turn < 4000; turn++) {
        while (mw_hdlc_client_next(&l->client, l->now, MW_SPAN_OF(b), &n) == MW_OK)
            carry(l, &l->to_meter, b, n);
        while (hear(&l->to_meter, &f)) {
            if (mw_hdlc_server_take(&l->m->server, &f, l->now, &e) != MW_OK)
                continue;
            if (e.kind == MW_HDLC_APDU)
                execute(l, &e);
            while (mw_hdlc_server_next(&l->m->server, MW_SPAN_OF(b), &n) == MW_OK)
                carry(l, &l->to_client, b, n);
        }
        while (hear(&l->to_client, &f))
            if (mw_hdlc_client_take(&l->client, &f, &e) == MW_OK && e.kind != MW_HDLC_NO_EVENT)
                return e;
        l->now = mw_mono_add(l->now, mw_dur_ms(500));
        mw_hdlc_client_tick(&l->client, l->now, &e);
        if (e.kind != MW_HDLC_NO_EVENT)
            return e;
    }
    MW_CHECK(false);
    return (mw_hdlc_event){0};
}

static void ask_and_compare(line *l, unsigned times) {
    uint8_t question[900];
    for (unsigned i = 1; i <= times; i++) {
        size_t n = 1 + mw_prng_u64(&l->g) % sizeof question;
        for (size_t k = 0; k < n; k++)
            question[k] = (uint8_t)(k % 7 == 0 ? MW_HDLC_FLAG : mw_prng_u64(&l->g));
        MW_CHECK_OK(mw_hdlc_client_send(&l->client, (mw_slice){question, n}));
        mw_hdlc_event e = run_until_event(l);
        MW_CHECK_EQ(e.kind, MW_HDLC_APDU);
        MW_CHECK_EQ(e.apdu.n, 3 * n + 1);
        MW_CHECK_EQ(e.apdu.p[0], (uint8_t)i); /* executed once, not twice */
        for (size_t k = 0; k < 3 * n; k++)
            MW_CHECK_EQ(e.apdu.p[1 + k], question[k % n]);
    }
}

MW_TEST(requests_survive_a_bad_line_in_every_window_and_size) {
    static meter m;
    static line l;
    static const uint16_t infos[] = {32, 128, 2030};
    static const mw_hdlc_address servers[] = {{1, 0, 1}, {1, 17, 2}, {1, 17, 4}};
    for (size_t i = 0; i < 3; i++) {
        for (uint8_t window = 1; window <= 7; window += 3) {
            for (unsigned loss = 0; loss <= 100; loss += 50) {
                meter_init(&m, infos[i], window, 17);
                mw_hdlc_params p = {infos[i], 1024, window, window};
                line_init(&l, &m, p, servers[i], loss);
                mw_hdlc_client_connect(&l.client);
                MW_CHECK_EQ(run_until_event(&l).kind, MW_HDLC_CONNECTED);
                ask_and_compare(&l, 10);
                MW_CHECK(loss != 0 || l.client.repeats == 0);
                MW_CHECK_OK(mw_hdlc_client_disconnect(&l.client));
                MW_CHECK_EQ(run_until_event(&l).kind, MW_HDLC_CLOSED);
            }
        }
    }
}

MW_TEST(a_dead_line_and_a_wrong_address_are_told) {
    static meter m;
    static line l;
    meter_init(&m, 128, 1, 17);
    line_init(&l, &m, MW_HDLC_PARAMS_DEFAULT, (mw_hdlc_address){1, 99, 4}, 0);
    mw_hdlc_client_connect(&l.client);
    MW_CHECK_EQ(run_until_event(&l).kind, MW_HDLC_SILENT);
    MW_CHECK_EQ(l.client.repeats, 11);
    MW_CHECK_STATUS(mw_hdlc_client_send(&l.client, MW_SLICE_OF(request)), MW_STATE);
    MW_CHECK_STATUS(mw_hdlc_client_disconnect(&l.client), MW_STATE);
    line_init(&l, &m, MW_HDLC_PARAMS_DEFAULT, (mw_hdlc_address){1, 17, 4}, 0);
    for (uint16_t c = 1; c <= LINKS; c++) {
        mw_hdlc_frame f = from(c, MW_HDLC_SNRM, 0, 0);
        MW_CHECK_OK(give(&m, &f));
    }
    mw_hdlc_client_connect(&l.client);
    MW_CHECK_EQ(run_until_event(&l).kind, MW_HDLC_REJECTED); /* DM: no link is free */
}

/* Iskra AM550 (esphome-libs/dlms_parser, Apache-2.0): one push in three UI segments. */
MW_TEST(a_push_in_segments_is_put_together) {
    static uint8_t memory[MW_HDLC_FRAME_MAX], flow[64], pushed[512];
    mw_hdlc_client_config k = {.params = MW_HDLC_PARAMS_DEFAULT,
                               .client = {0x67, 0, 1},
                               .server = {1, 0x11, 2},
                               .answer_time = mw_dur_ms(1),
                               .tries = 1};
    mw_hdlc_client c;
    mw_hdlc_deframer d;
    mw_hdlc_client_init(&c, &k, MW_SPAN_OF(flow), MW_SPAN_OF(pushed));
    mw_hdlc_deframer_init(&d, MW_SPAN_OF(memory));
    mw_slice stream = mw_test_hex(
        "7ea8a4cf0223039996e6e7000f000026eb0c07e704010615202300ff88800210020209060000600100ff090838"
        "34383935313236020209060000600101ff0906313630343536020309060100010700ff06000000b602020f0016"
        "1b020309060100020700ff060000000002020f00161b020309060100010800ff060003ff2702020f00161e0203"
        "09060100020800ff060000f95802020f00161e020309060100200700eb337e7ea8a4cf0223039996ff12093c02"
        "020fff1623020309060100340700ff12092802020fff1623020309060100480700ff12094202020fff16230203"
        "090601001f0700ff12003f02020ffe1621020309060100330700ff12005902020ffe1621020309060100470700"
        "ff12004402020ffe1621020309060100010801ff06000141fa02020f00161e020309060100010802ff060002bd"
        "2d02020f00161e02030906010002b0837e7ea02dcf022313717c0801ff060000c5d702020f00161e0203090601"
        "00020802ff060000338102020f00161e58c07e");
    MW_CHECK_EQ(mw_hdlc_deframer_push(&d, stream), stream.n);
    mw_hdlc_frame f;
    mw_hdlc_event e = {0};
    unsigned frames = 0;
    for (; mw_hdlc_deframer_pull(&d, &f) == MW_OK; frames++) {
        MW_CHECK_EQ(e.kind, MW_HDLC_NO_EVENT);
        MW_CHECK_OK(mw_hdlc_client_take(&c, &f, &e));
    }
    MW_CHECK_EQ(frames, 3);
    MW_CHECK_EQ(e.kind, MW_HDLC_UNIT);
    MW_CHECK_EQ(e.apdu.p[0], 0x0F);
    MW_CHECK_EQ(e.apdu.n, 340);
}

MW_TEST_MAIN(MW_CASE(recorded_exchange_is_answered_byte_by_byte),
             MW_CASE(parameters_are_read_in_all_their_forms),
             MW_CASE(a_repeat_is_answered_and_not_executed),
             MW_CASE(broken_rules_are_rejected_until_a_new_beginning),
             MW_CASE(clients_do_not_disturb_each_other_and_strangers_are_refused),
             MW_CASE(requests_survive_a_bad_line_in_every_window_and_size),
             MW_CASE(a_dead_line_and_a_wrong_address_are_told),
             MW_CASE(a_push_in_segments_is_put_together))
