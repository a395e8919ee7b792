/* SPDX-License-Identifier: Apache-2.0
 *
 * The same report over the networks of others, end to end: a gas meter, a water meter and a pulse
 * modem send for days; what the board's module is given goes through real frames of Sigfox,
 * LoRaWAN, NB-IoT and NB-Fi that are lost, doubled and shuffled; the platform's side completes SMP
 * frames, opens them and decodes every hour.
 */
#include "base/prng.h"
#include "meters/gas/gas.h"
#include "meters/test/rig.h"
#include "protocols/carriers/coap.h"
#include "protocols/carriers/lorawan.h"
#include "protocols/carriers/parts.h"
#include "protocols/nbfi/security.h"
#include "protocols/sigfox/sigfox.h"

#define DAYS 6

typedef struct net {
    mw_prng g;
    unsigned loss_percent;
    uint32_t sent; /* messages of the network, of all kinds */
    uint32_t bytes, frames, lost_frames;
    mw_parts parts;
    mw_key sigfox;
    mw_lorawan_keys lorawan;
    uint32_t lorawan_newest;
    mw_nbfi_key nbfi;
    mw_nbfi_link link;
    mw_nbfi_decoder *decoder;
    mw_coap_inbox inbox;
    uint8_t frame[MW_CARRIER_FRAME_MAX + 8];
    size_t frame_bytes;
} net;

static net *net_new(mw_carrier c) {
    net *n = calloc(1, sizeof *n);
    MW_CHECK(n != NULL);
    n->g = mw_prng_of_seed(c);
    n->decoder = calloc(1, sizeof *n->decoder);
    MW_CHECK(n->decoder != NULL);
    n->sigfox.b[3] = 4;
    n->lorawan.network.b[1] = 7;
    n->lorawan.application.b[1] = 8;
    n->nbfi.b[2] = 3;
    mw_nbfi_link_init(&n->link, &n->nbfi, MW_NBFI_UP, 0);
    if (c == MW_CARRIER_SIGFOX)
        mw_parts_init(&n->parts, MW_PARTS_SIGFOX, 12);
    else
        mw_parts_init(&n->parts, MW_PARTS_NBFI, 20);
    return n;
}

static void net_free(net *n) {
    mw_nbfi_link_wipe(&n->link);
    free(n->decoder);
    free(n);
}

static bool lost(net *n) {
    return mw_prng_below(&n->g, 100) < n->loss_percent;
}

static bool parts_took(net *n, uint32_t number, mw_slice message, uint32_t address) {
    return mw_parts_take(&n->parts, number, message, address, MW_SPAN_OF(n->frame),
                         &n->frame_bytes) == MW_OK;
}

/* Three copies of an uplink, of which one is heard; the network checks AUTH. */
static bool sigfox_carry(net *n, mw_slice message, uint32_t address) {
    mw_sigfox_uplink u = {.id = 0x00C0FFEE, .counter = n->sent & 0xFFF, .payload_bytes = 12}, back;
    uint8_t burst[MW_SIGFOX_FRAME_MAX];
    size_t size;
    unsigned copy;
    MW_CHECK_EQ(message.n, 12);
    memcpy(u.payload, message.p, 12);
    MW_CHECK_OK(mw_sigfox_authenticate(&u, &n->sigfox));
    MW_CHECK_OK(
        mw_sigfox_frame_encode(&u, (unsigned)mw_prng_below(&n->g, 3), MW_SPAN_OF(burst), &size));
    MW_CHECK_OK(mw_sigfox_frame_decode((mw_slice){burst, size}, true, &back, &copy));
    MW_CHECK_OK(mw_sigfox_verify(&back, &n->sigfox));
    return parts_took(n, back.counter, (mw_slice){back.payload, back.payload_bytes}, address);
}

/* Protocol E: sealed, polar code, soft bits, authenticated, opened. */
static bool nbfi_carry(net *n, mw_slice message, uint32_t address) {
    mw_nbfi_epoch epoch;
    mw_nbfi_e u = {.id = 0xABCDEF01, .iterator = (uint8_t)n->sent}, back;
    uint8_t burst[MW_NBFI_FRAME], clear[MW_NBFI_BODY];
    int16_t soft[MW_NBFI_CODED_BITS];
    uint32_t iterator;
    MW_CHECK_EQ(message.n, MW_NBFI_PAYLOAD);
    u.body[0] = n->sent & MW_NBFI_HEADER_PART;
    memcpy(u.body + 1, message.p, message.n);
    mw_nbfi_epoch_init(&epoch, &n->nbfi, MW_NBFI_UP, n->sent >> 8);
    mw_nbfi_seal(&epoch, n->sent, u.body, u.mic);
    mw_nbfi_e_encode(&u, burst);
    for (unsigned i = 0; i < MW_NBFI_CODED_BITS; i++) {
        bool one = (burst[4 + i / 8] >> (7 - i % 8) & 1) != 0;
        /* A few bits were not received. */
        soft[i] = (int16_t)(mw_prng_below(&n->g, 16) == 0 ? 0 : one ? -100 : 100);
    }
    MW_CHECK_OK(mw_nbfi_e_decode(n->decoder, MW_NBFI_LIST_DEFAULT, soft, &back));
    MW_CHECK_OK(mw_nbfi_link_open(&n->link, back.iterator, back.body, back.mic, MW_NBFI_EPOCH_AHEAD,
                                  &iterator, clear));
    MW_CHECK_EQ(iterator, n->sent);
    return parts_took(n, iterator, (mw_slice){clear + 1, MW_NBFI_PAYLOAD}, address);
}

static bool lorawan_carry(net *n, mw_slice message, uint32_t address) {
    uint8_t phy[MW_LORAWAN_MAX];
    size_t size;
    mw_lorawan_data d = {.address = 0x26000001,
                         .counter = n->sent,
                         .any_port = true,
                         .port = MW_LORAWAN_PORT,
                         .payload = message},
                    back;
    uint8_t memory[MW_LORAWAN_PAYLOAD_MAX];
    MW_CHECK_OK(mw_lorawan_encode(&d, &n->lorawan, MW_SPAN_OF(phy), &size));
    MW_CHECK_OK(mw_lorawan_decode((mw_slice){phy, size}, &n->lorawan, n->lorawan_newest,
                                  MW_SPAN_OF(memory), &back));
    n->lorawan_newest = back.counter + 1;
    MW_CHECK_EQ(back.port, MW_LORAWAN_PORT);
    mw_writer w = mw_writer_of(MW_SPAN_OF(n->frame));
    mw_write_u32be(&w, address);
    mw_write_bytes(&w, back.payload);
    MW_CHECK_OK(w.status);
    n->frame_bytes = w.at;
    return true;
}

/* One exchange with its retransmissions; the datagrams are those that the meter gives. */
static bool nbiot_carry(net *n, const mw_meter_transmission *tx) {
    mw_coap_exchange x;
    uint8_t datagram[MW_CARRIER_MESSAGE_MAX], given[MW_CARRIER_MESSAGE_MAX], answer[64], ack[4];
    size_t size, same, bytes;
    mw_slice got, none = {NULL, 0}, payload;
    uint8_t szx = tx->rate == 0 ? 2 : 6;
    bool whole = false;
    MW_CHECK_OK(mw_coap_begin(&x, (mw_slice){tx->payload, tx->payload_bytes}, tx->counter, szx,
                              (uint32_t)mw_prng_u64(&n->g)));
    do {
        MW_CHECK_OK(mw_coap_send(&x, MW_SPAN_OF(datagram), &size));
        MW_CHECK_OK(mw_meter_message(tx, x.block, MW_SPAN_OF(given), &same));
        MW_CHECK_BYTES(((mw_slice){datagram, size}), given, same);
        n->bytes += (uint32_t)size;
        if (lost(n))
            continue;
        mw_status s = mw_coap_take(&n->inbox, (mw_slice){datagram, size}, none, MW_SPAN_OF(answer),
                                   &bytes, &got);
        if (s == MW_OK) {
            MW_CHECK(!whole);
            whole = true;
            memcpy(n->frame, got.p, got.n);
            n->frame_bytes = got.n;
        }
        if (!lost(n) &&
            mw_coap_answer(&x, (mw_slice){answer, bytes}, ack, &bytes, &payload) == MW_AGAIN)
            x.tries = 0;
    } while (!x.done && mw_coap_waited(&x) == MW_OK);
    return whole;
}

/* What the platform's side has at the end: true with a frame. */
static bool carry(net *n, const mw_meter_transmission *tx, uint32_t address) {
    if (tx->medium == MW_CARRIER_NBIOT)
        return nbiot_carry(n, tx);
    bool whole = false;
    unsigned drop = tx->messages > 1 && tx->parity ? (unsigned)mw_prng_below(&n->g, tx->messages)
                                                   : tx->messages;
    for (unsigned i = 0; i < tx->messages; i++, n->sent++) {
        uint8_t message[MW_CARRIER_MESSAGE_MAX];
        size_t size;
        MW_CHECK_OK(mw_meter_message(tx, i, MW_SPAN_OF(message), &size));
        n->bytes += (uint32_t)size;
        mw_slice s = {message, size};
        /* One of each frame with parity is always lost; without, every third frame. */
        if (i == drop || (drop == tx->messages && n->loss_percent > 0 && n->sent % 3 == 2))
            continue;
        if (tx->medium == MW_CARRIER_SIGFOX)
            whole = sigfox_carry(n, s, address) || whole;
        else if (tx->medium == MW_CARRIER_NBFI)
            whole = nbfi_carry(n, s, address) || whole;
        else
            whole = lorawan_carry(n, s, address) || whole;
    }
    return whole;
}

static void step(rig *r, net *n, const mw_meter_inputs *in) {
    MW_CHECK_OK(mw_meter_step(&r->meter, r->now, in, &r->out));
    if (!r->out.transmit)
        return;
    const mw_meter_transmission *tx = &r->out.tx;
    MW_CHECK_EQ(tx->medium, r->meter.config.carrier);
    MW_CHECK(!r->out.listen.open);
    n->frames++;
    if (!carry(n, tx, r->provision.address)) {
        n->lost_frames++;
        return;
    }
    mw_meter_transmission heard = *tx;
    MW_CHECK_EQ(n->frame_bytes, tx->payload_bytes);
    memcpy(heard.payload, n->frame, n->frame_bytes);
    rig_receive(r, &heard);
}

static void to(rig *r, net *n, int64_t s) {
    const mw_meter_inputs none = {0};
    while (r->out.next_wake.ns < rig_tick(s).ns) {
        r->now = r->out.next_wake;
        step(r, n, &none);
    }
    r->now = rig_tick(s);
}

static void days(const mw_meter_model *model, mw_carrier c, uint8_t rate, uint8_t period,
                 unsigned loss_percent, uint32_t per_hour) {
    rig *r = rig_new(model);
    net *n = net_new(c);
    rig_start(r, RIG_START);
    mw_meter_config config = *mw_meter_config_of(&r->meter);
    MW_CHECK_OK(mw_meter_config_put(&config, MW_SMP_KEY_CARRIER, c));
    config.rate = rate;
    config.report_period_h = period;
    config.jitter_s = period > 4 ? 14400 : 600;
    MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &config));
    to(r, n, 600); /* what tells of the start is heard */
    n->loss_percent = loss_percent;
    int64_t truth[DAYS * 24] = {0}, sum = 0, before = 0;
    for (unsigned h = 0; h < DAYS * 24; h++) {
        mw_meter_inputs in = {.counts = {per_hour * (1 + h % 7) + h % 3}};
        to(r, n, (int64_t)h * 3600 + 1800);
        step(r, n, &in);
        sum += in.counts[0];
        truth[h] = mw_scale_value(&config.scale[0], sum) - before;
        before += truth[h];
    }
    to(r, n, DAYS * 86400 + 20000);
    /* With overlap, what one lost frame carried comes with the next. The last reports have none. */
    unsigned missing = 0;
    for (unsigned h = 0; h < (DAYS - 1) * 24; h++) {
        if (!r->hours[0][h].known) {
            missing++;
            continue;
        }
        MW_CHECK_EQ(r->hours[0][h].value, truth[h]);
    }
    if (missing != 0)
        print_error("%s over %s: %u hours missing, %u of %u frames lost\n", model->name,
                    mw_carrier_name(c), missing, n->lost_frames, n->frames);
    MW_CHECK_EQ(missing, 0);
    print_message("%s over %s: %u frames, %u lost, %.0f bytes a day\n", model->name,
                  mw_carrier_name(c), n->frames, n->lost_frames, n->bytes / (double)DAYS);
    net_free(n);
    rig_free(r);
}

MW_TEST(a_water_meter_over_sigfox) {
    days(&mw_water_r160, MW_CARRIER_SIGFOX, 1, 24, 0, 20);
}

MW_TEST(a_gas_meter_over_lorawan) {
    days(&mw_gas_model_of[2], MW_CARRIER_LORAWAN, 1, 12, 20, 100000);
    days(&mw_gas_model_of[2], MW_CARRIER_LORAWAN, 0, 24, 0, 100000);
}

MW_TEST(a_pulse_modem_over_nbiot) {
    days(&mw_pulse_2, MW_CARRIER_NBIOT, 0, 24, 30, 400);
    days(&mw_pulse_2, MW_CARRIER_NBIOT, 2, 1, 30, 400);
}

MW_TEST(a_water_meter_and_a_pulse_modem_over_nbfi) {
    days(&mw_water_r80, MW_CARRIER_NBFI, 0, 24, 0, 20);
    days(&mw_pulse_2, MW_CARRIER_NBFI, 1, 6, 0, 400);
}

MW_TEST(the_duty_of_a_carrier_is_kept) {
    rig *r = rig_new(&mw_water_r160);
    net *n = net_new(MW_CARRIER_SIGFOX);
    rig_start(r, RIG_START);
    mw_meter_config config = *mw_meter_config_of(&r->meter);
    config.carrier = MW_CARRIER_SIGFOX;
    config.report_period_h = 1;
    config.jitter_s = 60;
    MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &config));
    const mw_meter_inputs none = {0};
    mw_mono start[4096];
    uint32_t ms[4096];
    unsigned count = 0;
    while (r->now.ns < rig_tick(3 * 86400).ns) {
        r->now = r->out.next_wake;
        mw_meter_inputs in = none;
        in.tamper = count % 2 ? MW_TAMPER_MAGNET : 0;
        step(r, n, &in);
        if (r->out.transmit && count < 4096) {
            start[count] = r->now;
            ms[count++] = r->out.tx.messages * mw_carrier_airtime_ms(MW_CARRIER_SIGFOX, 1, 12);
        }
    }
    MW_CHECK(count > 60);
    for (unsigned i = 0; i < count; i++) {
        uint32_t within = 0;
        for (unsigned k = i; k < count && start[k].ns - start[i].ns < 3600 * MW_NS_PER_S; k++)
            within += ms[k];
        MW_CHECK(within <= 36000);
    }
    net_free(n);
    rig_free(r);
}

/* A downlink over LoRaWAN: the network gives the body of port 77, the board puts the address in
 * front. And the carrier itself cannot be changed that way. */
MW_TEST(commands_come_over_lorawan) {
    rig *r = rig_new(&mw_water_r160);
    net *n = net_new(MW_CARRIER_LORAWAN);
    rig_start(r, RIG_START);
    mw_meter_config config = *mw_meter_config_of(&r->meter);
    config.carrier = MW_CARRIER_LORAWAN;
    MW_CHECK_OK(mw_meter_configure(&r->meter, r->now, &config));
    to(r, n, 900);
    unsigned healths = 0;
    for (unsigned i = 0; i < r->frames; i++)
        healths += r->frame[i].healths;
    mw_smp_command ask = {.id = 1, .code = MW_SMP_COMMAND_HEALTH};
    mw_smp_command set = {.id = 2, .code = MW_SMP_COMMAND_SET_CONFIG, .expires_s = UINT32_MAX - 1};
    mw_smp_config carrier = {.count = 1, .item = {{MW_SMP_KEY_CARRIER, MW_CARRIER_UNB}}};
    MW_CHECK_OK(mw_smp_set_config_put(&carrier, &set));
    uint8_t objects[64], frame[64];
    mw_writer w = mw_writer_of(MW_SPAN_OF(objects));
    mw_smp_order_put(&w, &ask);
    mw_smp_order_put(&w, &set);
    mw_key master, key;
    mw_device_id id;
    mw_crypto_ctx down;
    size_t size;
    memcpy(master.b, r->provision.master_key, 16);
    memcpy(id.b, r->provision.device_id, 8);
    MW_CHECK_OK(mw_key_derive_device(&mw_crypto_own, &master, &id, 1, MW_KEY_DOWN, &key));
    MW_CHECK_OK(mw_crypto_init(&down, &mw_crypto_own, &key));
    mw_smp_frame_info info = {.direction = MW_SMP_DOWN,
                              .address = r->provision.address,
                              .epoch = 1,
                              .counter = 9,
                              .full = true};
    MW_CHECK_OK(mw_smp_frame_seal(&down, &info, mw_writer_done(&w), 0, MW_SPAN_OF(frame), &size));
    MW_CHECK_OK(mw_meter_downlink(&r->meter, r->now, r->now, (mw_slice){frame, size}));
    r->out.next_wake = (mw_mono){r->now.ns + 1};
    to(r, n, 1200);
    unsigned more = 0;
    for (unsigned i = 0; i < r->frames; i++)
        more += r->frame[i].healths;
    MW_CHECK_EQ(more, healths + 1);
    MW_CHECK_EQ(r->meter.config.carrier, MW_CARRIER_LORAWAN);
    MW_CHECK_EQ(r->meter.downlink.done[r->meter.downlink.done_n - 1].result, MW_SMP_RESULT_REFUSED);
    net_free(n);
    rig_free(r);
}

MW_TEST_MAIN(MW_CASE(a_water_meter_over_sigfox), MW_CASE(a_gas_meter_over_lorawan),
             MW_CASE(a_pulse_modem_over_nbiot), MW_CASE(a_water_meter_and_a_pulse_modem_over_nbfi),
             MW_CASE(the_duty_of_a_carrier_is_kept), MW_CASE(commands_come_over_lorawan))
