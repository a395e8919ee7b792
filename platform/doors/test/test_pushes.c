/* SPDX-License-Identifier: Apache-2.0
 *
 * The DLMS push door: sealed pushes are durable before they are confirmed, taken once, and become
 * readings, intervals and events.
 */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "platform/doors/push_door.h"
#include "platform/journal/test/world.h"
#include "protocols/cosem/apdu.h"
#include "protocols/cosem/push.h"
#include "protocols/cosem/values.h"
#include "protocols/cosem/wrapper.h"

#define T0 INT64_C(1795168800) /* 2026-11-20 10:00 UTC */

static const mw_cosem_title meter_title = {{'M', 'W', 'K', 0, 0, 0, 0, 7}};
#define METER_LINE                                                                                 \
    "{\"tenant\":\"demo\",\"device_id\":\"4d574b0000000007\",\"serial\":\"E-7\",\"model\":"        \
    "\"electricity-1p\",\"network_address\":9000,\"master_key\":"                                  \
    "\"000102030405060708090a0b0c0d0e0f\",\"cosem\":{\"encryption_key\":"                          \
    "\"101112131415161718191a1b1c1d1e1f\",\"authentication_key\":"                                 \
    "\"202122232425262728292a2b2c2d2e2f\"},\"channels\":[{\"number\":0,\"medium\":"                \
    "\"electricity\",\"obis\":\"1-0:1.8.0*255\",\"unit\":\"Wh\",\"scale\":0,"                      \
    "\"register_digits\":9}]}\n"

static world w;
static mw_pushes door;
static mw_cosem_keys keys;
static mw_push_taken taken;

static mw_key key_from(uint8_t first) {
    mw_key k;
    for (unsigned i = 0; i < sizeof k.b; i++)
        k.b[i] = (uint8_t)(first + i);
    return k;
}

static int setup(void **state) {
    (void)state;
    world_init(&w, "pushes-test");
    mw_registry_import_report report;
    MW_CHECK_OK(
        mw_registry_import(w.registry, mw_slice_of_str(METER_LINE), mw_utc_of_s(1000), &report));
    door = mw_pushes_of(w.store, w.registry, "demo");
    mw_key ek = key_from(0x10), ak = key_from(0x20);
    MW_CHECK_OK(mw_cosem_keys_init(&keys, &mw_gcm_own, &ek, &ak));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_cosem_keys_fini(&keys);
    world_fini(&w);
    return 0;
}

/* ---- pushes ---- */

static void put_entry(mw_cosem_out *o, uint16_t class_id, mw_obis name, int8_t attribute) {
    mw_cosem_put_structure(o, 4);
    mw_cosem_put_int(o, MW_COSEM_UINT16, class_id);
    mw_cosem_put_obis(o, name);
    mw_cosem_put_int(o, MW_COSEM_INT8, attribute);
    mw_cosem_put_int(o, MW_COSEM_UINT16, 0);
}

static void put_moment(mw_cosem_out *o, int64_t s, uint8_t status) {
    uint8_t b[MW_COSEM_DATETIME_BYTES];
    mw_cosem_datetime dt = mw_cosem_datetime_of_utc(mw_utc_of_s(s), -120, status);
    mw_cosem_datetime_encode(&dt, b);
    mw_cosem_put_octets(o, MW_SLICE_OF(b));
}

#define CLOCK    MW_OBIS(0, 0, 1, 0, 0, 255)
#define TOTAL    MW_OBIS(1, 0, 1, 8, 0, 255)
#define INTERVAL MW_OBIS(1, 0, 1, 29, 0, 255)
#define PROFILE  MW_OBIS(1, 0, 99, 1, 0, 255)
#define LOG      MW_OBIS(0, 0, 99, 98, 0, 255)

/* Clock, register with scaler and unit, rows of half an hour, an event. */
static mw_slice body_make(int64_t at, int64_t kwh, unsigned rows) {
    static uint8_t b[4096];
    mw_cosem_out o = mw_cosem_out_of(MW_SPAN_OF(b), 0);
    mw_cosem_put_structure(&o, 9);
    mw_cosem_put_array(&o, 9);
    put_entry(&o, 40, MW_OBIS(0, 0, 25, 9, 0, 255), 2);
    put_entry(&o, 8, CLOCK, 2);
    put_entry(&o, 3, TOTAL, 2);
    put_entry(&o, 3, TOTAL, 3);
    put_entry(&o, 7, PROFILE, 3);
    put_entry(&o, 7, PROFILE, 4);
    put_entry(&o, 7, PROFILE, 2);
    put_entry(&o, 7, LOG, 3);
    put_entry(&o, 7, LOG, 2);
    put_moment(&o, at, MW_COSEM_CLOCK_SUMMER);
    mw_cosem_put_int(&o, MW_COSEM_UINT32, kwh);
    mw_cosem_put_scaler_unit(&o, 3, 30);
    mw_cosem_put_array(&o, 2);
    put_entry(&o, 8, CLOCK, 2);
    put_entry(&o, 3, INTERVAL, 2);
    mw_cosem_put_int(&o, MW_COSEM_UINT32, 1800);
    mw_cosem_put_array(&o, rows);
    for (unsigned i = 0; i < rows; i++) {
        mw_cosem_put_structure(&o, 2);
        put_moment(&o, at - (int64_t)(rows - 1 - i) * 1800, 0);
        mw_cosem_put_int(&o, MW_COSEM_UINT32, 100 + i);
    }
    mw_cosem_put_array(&o, 2);
    put_entry(&o, 8, CLOCK, 2);
    put_entry(&o, 1, MW_OBIS(0, 0, 96, 11, 0, 255), 2);
    mw_cosem_put_array(&o, 1);
    mw_cosem_put_structure(&o, 2);
    put_moment(&o, at - 5, 0);
    mw_cosem_put_int(&o, MW_COSEM_UINT8, 19);
    MW_CHECK_OK(mw_cosem_out_end(&o));
    return mw_cosem_out_done(&o);
}

static mw_slice sealed(uint32_t counter, mw_slice body, mw_cosem_apdu_kind kind) {
    static uint8_t plain[4096], out[4][4096];
    static unsigned next;
    uint8_t *to = out[next++ % 4];
    size_t n = 0, size = 0;
    mw_cosem_apdu a = {
        .kind = kind, .invoke = 0x40000000u | counter, .item = {.has_data = true, .data = body}};
    MW_CHECK_OK(mw_cosem_apdu_encode(&a, MW_SPAN_OF(plain), &n));
    MW_CHECK_OK(mw_cosem_protect(&keys, MW_COSEM_GENERAL_GLO, 0x30, &meter_title, counter,
                                 (mw_slice){plain, n}, (mw_span){to, 4096}, &size));
    return (mw_slice){to, size};
}

static mw_push_fate take(mw_slice apdu, int64_t s) {
    MW_CHECK_OK(mw_pushes_take(&door, apdu, mw_utc_of_s(s), &taken));
    return taken.fate;
}

/* What a meter does with the answer. */
static void confirms(uint32_t counter) {
    static const mw_cosem_title platform_title = MW_PUSHES_TITLE;
    mw_cosem_ciphered c;
    mw_cosem_apdu a;
    uint8_t plain[64];
    size_t n = 0;
    mw_cosem_open_options o = {.least_counter = counter, .required = 0x30};
    MW_CHECK_OK(mw_cosem_ciphered_decode((mw_slice){taken.confirm, taken.confirm_n}, &c));
    MW_CHECK_EQ(c.counter, counter);
    MW_CHECK_OK(mw_cosem_unprotect(&keys, &platform_title, &c, &o, MW_SPAN_OF(plain), &n));
    MW_CHECK_OK(mw_cosem_apdu_decode((mw_slice){plain, n}, 0, &a));
    MW_CHECK_EQ(a.kind, MW_COSEM_DATA_NOTIFICATION_CONFIRM);
    MW_CHECK_EQ(a.invoke, 0x40000000u | counter);
}

/* ---- what was stored ---- */

static mw_status interval_seen(void *ctx, int64_t channel, const mw_store_interval *row) {
    int64_t *n = ctx;
    (void)channel;
    MW_CHECK_EQ(row->seconds, 1800);
    MW_CHECK_EQ(row->start.us, (T0 - (4 - n[0]) * 1800) * MW_US_PER_S);
    MW_CHECK_EQ(row->value, 100 + n[0]);
    n[0]++;
    return MW_OK;
}

static mw_status register_seen(void *ctx, const mw_store_register *r) {
    int64_t *n = ctx;
    MW_CHECK_EQ(r->meter.us, T0 * MW_US_PER_S);
    MW_CHECK_EQ(r->value, 12000);
    MW_CHECK_EQ(r->quality, 0);
    ++*n;
    return MW_OK;
}

static mw_status event_seen(void *ctx, const mw_store_event *e) {
    int64_t *n = ctx;
    MW_CHECK_EQ(e->code, MW_STORE_EVENT_LOGGED + 19);
    MW_CHECK_EQ(e->meter.us, (T0 - 5) * MW_US_PER_S);
    ++*n;
    return MW_OK;
}

MW_TEST(a_push_is_kept_confirmed_and_becomes_readings) {
    mw_slice apdu = sealed(10, body_make(T0, 12, 4), MW_COSEM_DATA_NOTIFICATION);
    MW_CHECK_EQ(take(apdu, T0 + 2), MW_PUSH_STORED);
    MW_CHECK_EQ(taken.device, UINT64_C(0x4d574b0000000007));
    confirms(10);
    /* The confirmation got lost: the same push is known, and confirmed with the same bytes. */
    mw_push_taken first = taken;
    MW_CHECK_EQ(take(apdu, T0 + 9), MW_PUSH_DUPLICATE);
    MW_CHECK_BYTES(((mw_slice){taken.confirm, taken.confirm_n}), first.confirm, first.confirm_n);
    for (unsigned again = 0; again < 2; again++) {
        world_decode(&w);
        mw_store_meter m;
        int64_t n = 0, registers = 0, events = 0;
        MW_CHECK_OK(mw_store_meter_get(w.store, w.tenant, UINT64_C(0x4d574b0000000007), 0, &m));
        MW_CHECK_EQ(m.state.last_seen.us, (T0 + 2) * MW_US_PER_S);
        MW_CHECK_EQ(m.channel.grid_seconds, 1800);
        MW_CHECK_OK(mw_store_intervals(w.store, w.tenant, m.channel.channel,
                                       mw_utc_of_s(T0 - 86400), mw_utc_of_s(T0), interval_seen,
                                       &n));
        MW_CHECK_EQ(n, 4);
        MW_CHECK_OK(mw_store_registers(w.store, w.tenant, m.channel.channel, 0, 10, register_seen,
                                       &registers));
        MW_CHECK_EQ(registers, 1);
        MW_CHECK_OK(
            mw_store_events(w.store, w.tenant, m.device.device, 0, 10, event_seen, &events));
        MW_CHECK_EQ(events, 1);
        MW_CHECK_OK(mw_decoder_rewind(w.decoder)); /* and the same once more */
    }
}

static mw_slice sealed_event(uint32_t counter, uint16_t class_id, mw_obis name, mw_slice value) {
    static uint8_t plain[128], out[2][256];
    static unsigned next;
    uint8_t *to = out[next++ % 2], time[MW_COSEM_DATETIME_BYTES];
    size_t n = 0, size = 0;
    mw_cosem_datetime dt = mw_cosem_datetime_of_utc(mw_utc_of_s(T0 - 60), -120, 0);
    mw_cosem_item what = {.class_id = class_id, .name = name, .member = 2, .data = value};
    mw_cosem_datetime_encode(&dt, time);
    MW_CHECK_OK(mw_cosem_event_encode(&what, MW_SLICE_OF(time), MW_SPAN_OF(plain), &n));
    MW_CHECK_OK(mw_cosem_protect(&keys, MW_COSEM_GENERAL_GLO, 0x30, &meter_title, counter,
                                 (mw_slice){plain, n}, (mw_span){to, 256}, &size));
    return (mw_slice){to, size};
}

static mw_status notified_seen(void *ctx, const mw_store_event *e) {
    int64_t *n = ctx;
    MW_CHECK_EQ(e->code, MW_STORE_EVENT_LOGGED + 4 * 256 + 3);
    MW_CHECK_EQ(e->meter.us, (T0 - 60) * MW_US_PER_S);
    ++*n;
    return MW_OK;
}

static mw_status reading_seen(void *ctx, const mw_store_register *r) {
    int64_t *n = ctx;
    MW_CHECK_EQ(r->meter.us, (T0 - 60) * MW_US_PER_S);
    MW_CHECK_EQ(r->value, 4711);
    ++*n;
    return MW_OK;
}

MW_TEST(an_event_notification_is_an_event_or_a_reading) {
    int64_t events = 0, readings = 0;
    mw_store_meter m;
    mw_slice opened = sealed_event(1, 1, MW_OBIS(0, 0, 96, 11, 4, 255), mw_test_hex("11 03"));
    MW_CHECK_EQ(take(opened, T0), MW_PUSH_STORED);
    MW_CHECK(taken.confirm_n > 0);
    MW_CHECK_EQ(take(opened, T0 + 1), MW_PUSH_DUPLICATE);
    MW_CHECK_EQ(take(sealed_event(2, 3, TOTAL, mw_test_hex("06 00001267")), T0), MW_PUSH_STORED);
    /* Of what nobody knows nothing becomes but a count. */
    MW_CHECK_EQ(take(sealed_event(3, 70, MW_OBIS(0, 0, 96, 3, 10, 255), mw_test_hex("03 01")), T0),
                MW_PUSH_STORED);
    world_decode(&w);
    MW_CHECK_OK(mw_store_meter_get(w.store, w.tenant, UINT64_C(0x4d574b0000000007), 0, &m));
    MW_CHECK_OK(mw_store_events(w.store, w.tenant, m.device.device, 0, 10, notified_seen, &events));
    MW_CHECK_EQ(events, 1);
    MW_CHECK_OK(
        mw_store_registers(w.store, w.tenant, m.channel.channel, 0, 10, reading_seen, &readings));
    MW_CHECK_EQ(readings, 1);
    MW_CHECK_EQ(world_count(&w, "decode.pushes"), 2);
    MW_CHECK_EQ(world_count(&w, "decode.objects_unknown"), 1);
}

MW_TEST(a_used_counter_is_refused) {
    mw_slice eleven = sealed(11, body_make(T0, 12, 1), MW_COSEM_DATA_NOTIFICATION);
    mw_slice older = sealed(10, body_make(T0, 13, 1), MW_COSEM_DATA_NOTIFICATION);
    MW_CHECK_EQ(take(eleven, T0), MW_PUSH_STORED);
    MW_CHECK_EQ(take(older, T0), MW_PUSH_REPLAYED); /* kept back by somebody */
    MW_CHECK_EQ(taken.confirm_n, 0);
    mw_slice other = sealed(11, body_make(T0, 14, 1), MW_COSEM_DATA_NOTIFICATION);
    MW_CHECK_EQ(take(other, T0), MW_PUSH_CONFLICT);
    MW_CHECK_EQ(taken.confirm_n, 0);
    /* Neither left a trace, also after a restart. */
    door = mw_pushes_of(w.store, w.registry, "demo");
    MW_CHECK_EQ(take(older, T0), MW_PUSH_REPLAYED);
    MW_CHECK_EQ(take(eleven, T0), MW_PUSH_DUPLICATE);
    world_decode(&w);
    MW_CHECK_EQ(world_count(&w, "decode.pushes"), 1);
    /* A new key begins anew. */
    mw_registry_import_report report;
    char line[1024];
    snprintf(line, sizeof line, "%s", METER_LINE);
    memcpy(strstr(line, "101112"), "505152", 6);
    MW_CHECK_OK(mw_registry_import(w.registry, mw_slice_of_str(line), mw_utc_of_s(T0), &report));
    mw_key ek = key_from(0x10), ak = key_from(0x20);
    ek.b[0] = 0x50, ek.b[1] = 0x51, ek.b[2] = 0x52;
    mw_cosem_keys_fini(&keys);
    MW_CHECK_OK(mw_cosem_keys_init(&keys, &mw_gcm_own, &ek, &ak));
    MW_CHECK_EQ(take(eleven, T0), MW_PUSH_FORGED); /* sealed with the former key */
    MW_CHECK_EQ(take(sealed(0, body_make(T0, 15, 1), MW_COSEM_DATA_NOTIFICATION), T0),
                MW_PUSH_STORED);
}

MW_TEST(what_is_not_a_sealed_push_of_ours_is_refused) {
    mw_slice good = sealed(20, body_make(T0, 12, 1), MW_COSEM_DATA_NOTIFICATION);
    uint8_t b[4096];
    MW_CHECK_OK(mw_span_copy(MW_SPAN_OF(b), good));
    for (size_t at = 0; at < good.n; at += 7) {
        b[at] ^= 0x20;
        mw_push_fate fate = take((mw_slice){b, good.n}, T0);
        MW_CHECK(fate > MW_PUSH_QUARANTINED);
        MW_CHECK_EQ(taken.confirm_n, 0);
        b[at] ^= 0x20;
    }
    for (size_t n = 0; n < good.n; n += 5)
        MW_CHECK(take((mw_slice){b, n}, T0) > MW_PUSH_QUARANTINED);
    MW_CHECK_EQ(take(mw_test_hex("0f 40000001 00 0201 1101"), T0), MW_PUSH_UNSEALED);
    b[9] ^= 1; /* another meter's title */
    MW_CHECK_EQ(take((mw_slice){b, good.n}, T0), MW_PUSH_UNKNOWN);
    b[9] ^= 1;
    /* Many failures are told of; the right one still gets in. */
    b[good.n - 1] ^= 1;
    for (unsigned i = 0; i < MW_PUSHES_FAILURES_SIGN; i++)
        MW_CHECK_EQ(take((mw_slice){b, good.n}, T0), MW_PUSH_FORGED);
    MW_CHECK_EQ(take(good, T0), MW_PUSH_STORED);
    /* Authentic, but nothing that can be read: kept apart and confirmed. */
    mw_slice request = mw_test_hex("c001c1 0003 0100010800ff 02 00");
    uint8_t out[256];
    size_t n = 0;
    MW_CHECK_OK(mw_cosem_protect(&keys, MW_COSEM_GENERAL_GLO, 0x30, &meter_title, 21, request,
                                 MW_SPAN_OF(out), &n));
    MW_CHECK_EQ(take((mw_slice){out, n}, T0), MW_PUSH_QUARANTINED);
    MW_CHECK(taken.confirm_n > 0);
    MW_CHECK_EQ(take((mw_slice){out, n}, T0), MW_PUSH_QUARANTINED);
    /* Encrypted, not authenticated. */
    MW_CHECK_OK(mw_cosem_protect(&keys, MW_COSEM_GENERAL_GLO, 0x20, &meter_title, 22, request,
                                 MW_SPAN_OF(out), &n));
    MW_CHECK_EQ(take((mw_slice){out, n}, T0), MW_PUSH_UNSEALED);
}

/* ---- over TCP ---- */

static mw_clock *system_clock;
static mw_loop *loop;

static int dial(uint16_t port) {
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    MW_CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
    return fd;
}

/* What comes within a second; 0 when the door closed, -1 when nothing came. */
static ssize_t hear(int fd, uint8_t *b, size_t room) {
    for (unsigned i = 0; i < 100; i++) {
        mw_loop_run_once(loop, mw_dur_ms(10));
        ssize_t n = recv(fd, b, room, MSG_DONTWAIT);
        if (n >= 0)
            return n;
    }
    return -1;
}

static size_t wrapped(mw_slice apdu, uint8_t *out) {
    mw_cosem_wrapper h = {.source = 1, .destination = 16, .apdu = apdu};
    size_t n = 0;
    MW_CHECK_OK(mw_cosem_wrapper_encode(&h, (mw_span){out, 4200}, &n));
    return n;
}

MW_TEST(pushes_come_over_tcp_in_pieces_and_together) {
    char error[160] = "";
    uint8_t b[9000], in[512];
    mw_push_door *d = NULL;
    MW_CHECK_OK(mw_clock_open("system", &system_clock));
    MW_CHECK_OK(mw_loop_new(system_clock, &loop));
    mw_push_door_options o = {.loop = loop,
                              .store = w.store,
                              .registry = w.registry,
                              .tenant = "demo",
                              .listen = "127.0.0.1:0",
                              .connections_max = 2};
    MW_CHECK_OK(mw_push_door_open(&o, &d, error));
    int fd = dial(mw_push_door_port(d));
    size_t n = wrapped(sealed(30, body_make(T0, 12, 4), MW_COSEM_DATA_NOTIFICATION), b);
    n += wrapped(sealed(31, body_make(T0 + 7200, 13, 4), MW_COSEM_DATA_NOTIFICATION), b + n);
    MW_CHECK_EQ(send(fd, b, 5, 0), 5);
    mw_loop_run_once(loop, mw_dur_ms(10));
    MW_CHECK_EQ(send(fd, b + 5, n - 5, 0), (ssize_t)(n - 5));
    size_t got = 0;
    for (unsigned confirmed = 0; confirmed < 2;) {
        ssize_t more = hear(fd, in + got, sizeof in - got);
        MW_CHECK(more > 0);
        got += (size_t)more;
        size_t one = 8u + in[7];
        confirmed = (unsigned)(got / one);
    }
    MW_CHECK_BYTES(((mw_slice){in, 6}), "\x00\x01\x00\x10\x00\x01", 6);
    /* What is not the wrapper ends the connection, and so does what is refused. */
    MW_CHECK_EQ(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
    MW_CHECK_EQ(hear(fd, in, sizeof in), 0);
    close(fd);
    fd = dial(mw_push_door_port(d));
    n = wrapped(mw_test_hex("0f 40000001 00 0201 1101"), b);
    MW_CHECK_EQ(send(fd, b, n, 0), (ssize_t)n);
    MW_CHECK_EQ(hear(fd, in, sizeof in), 0);
    close(fd);
    /* No more than were allowed. */
    int many[3];
    for (unsigned i = 0; i < 3; i++)
        many[i] = dial(mw_push_door_port(d));
    for (unsigned i = 0; i < 20; i++)
        mw_loop_run_once(loop, mw_dur_ms(5));
    unsigned closed = 0;
    for (unsigned i = 0; i < 3; i++) {
        closed += recv(many[i], in, 1, MSG_DONTWAIT) == 0;
        close(many[i]);
    }
    MW_CHECK_EQ(closed, 1);
    mw_push_door_close(d);
    mw_loop_run_once(loop, mw_dur_ms(5));
    mw_loop_free(loop);
    mw_clock_close(system_clock);
    world_decode(&w);
    MW_CHECK_EQ(world_count(&w, "decode.pushes"), 2);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void) {
    const struct CMUnitTest cases[] = {
        CASE(a_push_is_kept_confirmed_and_becomes_readings),
        CASE(an_event_notification_is_an_event_or_a_reading),
        CASE(a_used_counter_is_refused),
        CASE(what_is_not_a_sealed_push_of_ours_is_refused),
        CASE(pushes_come_over_tcp_in_pieces_and_together),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
