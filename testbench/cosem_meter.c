/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/cosem_meter.h"

#include <stdio.h>
#include <string.h>

#include "base/crc.h"

#define S           INT64_C(1000000)
#define IMAGE_BLOCK 128
#define ATTEMPTS    5

static mw_utc now_of(const mw_cosem_meter *m) {
    return (mw_utc){m->clock().us + m->clock_shift_us};
}

static mw_utc now(void *meter, uint8_t *out_status) {
    *out_status = 0;
    return now_of(meter);
}

static uint8_t clock_set(void *meter, mw_utc t) {
    mw_cosem_meter *m = meter;
    m->clock_shift_us = t.us - m->clock().us;
    return MW_COSEM_DONE;
}

/* Energies grow with the time: 250 W, split by the place of the register. */
int64_t mw_cosem_meter_row_value(uint16_t which, mw_utc at) {
    int64_t s = at.us / S;
    const mw_electric_number_info *i = mw_electric_number_info_of(which);
    int64_t place = which - i->first + 1;
    if (i->unit == 30 || i->unit == 32)
        return which >= MW_ELECTRIC_N_ACTIVE_INTERVAL && which < MW_ELECTRIC_N_DEMAND_MAX
                   ? 60 + (s / 60 + which) % 40
                   : (s - 1700000000) / 14400 * 1000 / place;
    return (s / 60 + which) % 100;
}

static bool number(void *meter, mw_electric_number which, int64_t *out) {
    mw_cosem_meter *m = meter;
    const mw_electric_number_info *i = mw_electric_number_info_of((uint16_t)which);
    if (which >= MW_ELECTRIC_N_COUNTER && which <= MW_ELECTRIC_N_COUNTER_ENDS) {
        unsigned client = (unsigned)(which - MW_ELECTRIC_N_COUNTER);
        const mw_electric_table *t = m->objects.table;
        uint32_t least = client < t->client_count ? m->least[t->clients[client].sap] : 0;
        *out = least == 0 ? 0 : least - 1;
    } else if ((i->unit == 30 || i->unit == 32) && which < MW_ELECTRIC_N_DEMAND_MAX) {
        *out = mw_cosem_meter_row_value((uint16_t)which, now_of(m));
    } else {
        *out = m->number[which];
    }
    return true;
}

static uint8_t number_set(void *meter, mw_electric_number which, int64_t value) {
    mw_cosem_meter *m = meter;
    static const int64_t periods[] = {1, 3, 5, 10, 15, 30, 60};
    bool good = which < MW_ELECTRIC_N_LOAD_PERIOD || which > MW_ELECTRIC_N_LOAD_PERIOD_ENDS;
    for (unsigned i = 0; i < sizeof periods / sizeof periods[0]; i++)
        good |= value == periods[i];
    if (good)
        m->number[which] = value;
    return good ? MW_COSEM_DONE : MW_COSEM_OTHER_REASON;
}

static bool moment(void *meter, mw_electric_number which, mw_utc *out) {
    (void)which;
    *out = (mw_utc){now_of(meter).us / (86400 * S) * (86400 * S)};
    return true;
}

static size_t text(void *meter, mw_electric_text which, mw_span out) {
    const mw_cosem_meter *m = meter;
    size_t n = m->text_n[which] < out.n ? m->text_n[which] : out.n;
    memcpy(out.p, m->text[which], n);
    return n;
}

static uint8_t text_set(void *meter, mw_electric_text which, mw_slice value) {
    mw_cosem_meter *m = meter;
    if (value.n > sizeof m->text[0])
        return MW_COSEM_OTHER_REASON;
    if (value.n != 0)
        memcpy(m->text[which], value.p, value.n);
    m->text_n[which] = (uint8_t)value.n;
    return MW_COSEM_DONE;
}

static const mw_tariff_calendar *calendar(void *meter, bool passive, mw_utc *out_from) {
    mw_cosem_meter *m = meter;
    *out_from = m->waiting_from;
    if (m->waiting && m->waiting_from.us <= now_of(m).us) {
        m->calendar[0] = m->calendar[1];
        m->waiting = false;
    }
    return !passive ? &m->calendar[0] : m->waiting ? &m->calendar[1] : NULL;
}

static uint8_t calendar_set(void *meter, const mw_tariff_calendar *c, mw_utc from) {
    mw_cosem_meter *m = meter;
    mw_tariff_calendar copy = *c;
    if (from.us <= now_of(m).us) {
        m->calendar[0] = copy;
        m->waiting = false;
    } else {
        m->calendar[1] = copy;
        m->waiting = true;
        m->waiting_from = from;
    }
    return MW_COSEM_DONE;
}

/* ---- Profiles: as many rows as fit, up to now ---- */

static int64_t step_of(const mw_cosem_meter *m, mw_electric_profile p) {
    if (p <= MW_ELECTRIC_LOAD_3)
        return m->number[MW_ELECTRIC_N_LOAD_PERIOD + (int)p] * 60;
    return p == MW_ELECTRIC_DAILY ? 86400 : p == MW_ELECTRIC_MONTHLY ? INT64_C(30) * 86400 : 5400;
}

static const mw_electric_profile_info *info_of(const mw_cosem_meter *m, mw_electric_profile p) {
    for (size_t i = 0; i < m->objects.table->profile_count; i++)
        if (m->objects.table->profiles[i]->profile == p)
            return m->objects.table->profiles[i];
    return NULL;
}

static uint32_t rows(void *meter, mw_electric_profile p) {
    const mw_cosem_meter *m = meter;
    const mw_electric_profile_info *i = info_of(m, p);
    if (i == NULL || m->cleared[p])
        return 0;
    if (p == MW_ELECTRIC_SNAPSHOT)
        return m->captured.us != 0;
    return i->entries;
}

static bool row(void *meter, const mw_electric_profile_info *p, uint32_t n, mw_electric_row *out) {
    const mw_cosem_meter *m = meter;
    int64_t step = step_of(m, p->profile), last = now_of(m).us / S / step * step;
    out->status = 0;
    out->at = (mw_utc){(last - (int64_t)(p->entries - 1 - n) * step) * S};
    if (p->profile == MW_ELECTRIC_SNAPSHOT)
        out->at = m->captured;
    for (unsigned k = 0; k < p->columns; k++)
        out->value[k] = mw_cosem_meter_row_value(p->column[k].which, out->at);
    return true;
}

static uint8_t rows_clear(void *meter, mw_electric_profile p) {
    mw_cosem_meter *m = meter;
    m->cleared[p] = 1;
    return MW_COSEM_DONE;
}

static uint8_t capture(void *meter, mw_electric_profile p) {
    mw_cosem_meter *m = meter;
    if (p == MW_ELECTRIC_SNAPSHOT)
        m->captured = now_of(m);
    m->cleared[p] = 0;
    return MW_COSEM_DONE;
}

/* ---- Relay, limits, schedules, push ---- */

static void relay(void *meter, mw_electric_relay *out) {
    *out = ((mw_cosem_meter *)meter)->relay;
}

static uint8_t relay_do(void *meter, bool connect) {
    mw_cosem_meter *m = meter;
    if (m->relay.mode == 0)
        return MW_COSEM_DENIED;
    bool by_button = connect && (m->relay.mode == 1 || m->relay.mode == 3 || m->relay.mode == 5);
    m->relay.output = connect && !by_button;
    m->relay.state = by_button ? MW_ELECTRIC_RELAY_READY
                     : connect ? MW_ELECTRIC_RELAY_CONNECTED
                               : MW_ELECTRIC_RELAY_DISCONNECTED;
    return MW_COSEM_DONE;
}

static uint8_t relay_mode(void *meter, uint8_t mode) {
    ((mw_cosem_meter *)meter)->relay.mode = mode;
    return MW_COSEM_DONE;
}

static uint8_t script(void *meter, mw_electric_script_table table, uint16_t which) {
    if (table == MW_ELECTRIC_SCRIPT_RELAY)
        return relay_do(meter, which == 2);
    if (table == MW_ELECTRIC_SCRIPT_PUSH)
        ((mw_cosem_meter *)meter)->pushes++;
    return MW_COSEM_DONE;
}

static bool limit(void *meter, unsigned n, mw_electric_limit *out) {
    *out = ((mw_cosem_meter *)meter)->limit[n];
    out->active = out->emergency_active ? out->emergency : out->normal;
    return true;
}

static uint8_t limit_set(void *meter, unsigned n, const mw_electric_limit *l) {
    ((mw_cosem_meter *)meter)->limit[n] = *l;
    return MW_COSEM_DONE;
}

static bool monitor(void *meter, unsigned n, mw_electric_monitor *out) {
    *out = ((mw_cosem_meter *)meter)->monitor[n];
    return true;
}

static uint8_t monitor_set(void *meter, unsigned n, const mw_electric_monitor *x) {
    ((mw_cosem_meter *)meter)->monitor[n] = *x;
    return MW_COSEM_DONE;
}

static bool schedule(void *meter, unsigned n, mw_electric_schedule *out) {
    *out = ((mw_cosem_meter *)meter)->schedule[n];
    return true;
}

static uint8_t schedule_set(void *meter, unsigned n, const mw_electric_schedule *s) {
    ((mw_cosem_meter *)meter)->schedule[n] = *s;
    return MW_COSEM_DONE;
}

static bool push(void *meter, unsigned n, mw_electric_push *out) {
    (void)n;
    *out = ((mw_cosem_meter *)meter)->push;
    return true;
}

static uint8_t push_set(void *meter, unsigned n, const mw_electric_push *p) {
    (void)n;
    ((mw_cosem_meter *)meter)->push = *p;
    return MW_COSEM_DONE;
}

static uint8_t push_now(void *meter, unsigned n) {
    (void)n;
    ((mw_cosem_meter *)meter)->pushes++;
    return MW_COSEM_DONE;
}

/* ---- Image ---- */

static bool image(void *meter, mw_electric_image *out) {
    *out = ((mw_cosem_meter *)meter)->image;
    return true;
}

static uint8_t image_begin(void *meter, mw_slice name, uint32_t size) {
    mw_cosem_meter *m = meter;
    if (size == 0 || size > sizeof m->image_bytes)
        return MW_COSEM_OTHER_REASON;
    memset(m->image_has, 0, sizeof m->image_has);
    m->image.size = size;
    m->image.blocks = (size + IMAGE_BLOCK - 1) / IMAGE_BLOCK;
    m->image.status = MW_ELECTRIC_IMAGE_INITIATED;
    m->image.name_n = (uint8_t)name.n;
    if (name.n != 0)
        memcpy(m->image.name, name.p, name.n);
    return MW_COSEM_DONE;
}

static uint8_t image_block(void *meter, uint32_t n, mw_slice bytes) {
    mw_cosem_meter *m = meter;
    memcpy(m->image_bytes + (size_t)n * IMAGE_BLOCK, bytes.p, bytes.n);
    m->image_has[n / 8] |= (uint8_t)(1u << n % 8);
    return MW_COSEM_DONE;
}

static bool image_has(void *meter, uint32_t n) {
    return ((mw_cosem_meter *)meter)->image_has[n / 8] >> n % 8 & 1;
}

/* An image here ends with the CRC-32 of what stands before. */
static uint8_t image_verify(void *meter) {
    mw_cosem_meter *m = meter;
    bool whole = m->image.size > 4;
    for (uint32_t b = 0; b < m->image.blocks; b++)
        whole &= image_has(m, b);
    if (!whole)
        return MW_COSEM_OTHER_REASON;
    mw_reader r = mw_reader_of((mw_slice){m->image_bytes + m->image.size - 4, 4});
    bool good = mw_read_u32le(&r) == mw_crc32((mw_slice){m->image_bytes, m->image.size - 4});
    m->image.status = good ? MW_ELECTRIC_IMAGE_VERIFIED : MW_ELECTRIC_IMAGE_VERIFY_FAILED;
    return good ? MW_COSEM_DONE : MW_COSEM_OTHER_REASON;
}

static uint8_t image_activate(void *meter) {
    mw_cosem_meter *m = meter;
    if (m->image.status != MW_ELECTRIC_IMAGE_VERIFIED)
        return MW_COSEM_OTHER_REASON;
    m->image.status = MW_ELECTRIC_IMAGE_ACTIVATED;
    return MW_COSEM_DONE;
}

static uint8_t image_enable(void *meter, bool enabled) {
    ((mw_cosem_meter *)meter)->image.enabled = enabled;
    return MW_COSEM_DONE;
}

/* ---- Keys and clients ---- */

static bool wrapping_key(void *meter, mw_key *out) {
    *out = ((mw_cosem_meter *)meter)->secret.wrapping;
    return true;
}

static uint8_t key_set(void *meter, uint8_t kind, const mw_key *key) {
    mw_cosem_meter *m = meter;
    if (kind == 0)
        m->secret.encryption = *key;
    else if (kind == 2)
        m->secret.authentication = *key;
    else if (kind == 3)
        m->secret.wrapping = *key;
    return kind == 1 ? MW_COSEM_OTHER_REASON : MW_COSEM_DONE; /* no broadcasts here */
}

static uint8_t policy(void *meter) {
    return ((mw_cosem_meter *)meter)->policy;
}

static uint8_t policy_set(void *meter, uint8_t p) {
    mw_cosem_meter *m = meter;
    if (p > 3 || p < m->policy) /* security is only ever made stronger */
        return MW_COSEM_OTHER_REASON;
    m->policy = p;
    return MW_COSEM_DONE;
}

static uint8_t password_set(void *meter, uint8_t sap, mw_slice p) {
    mw_cosem_meter *m = meter;
    (void)sap;
    if (p.n < 6 || p.n >= sizeof m->secret.password)
        return MW_COSEM_OTHER_REASON;
    memset(m->secret.password, 0, sizeof m->secret.password);
    memcpy(m->secret.password, p.p, p.n);
    return MW_COSEM_DONE;
}

static mw_cosem_meter *meter_of(void *objects) {
    return ((mw_electric_objects *)objects)->model->meter;
}

static bool password(void *objects, const mw_cosem_client *client, mw_slice given) {
    mw_cosem_meter *m = meter_of(objects);
    (void)client;
    if (m->failures >= ATTEMPTS)
        return false;
    return mw_slice_equal_ct(given, mw_slice_of_str(m->secret.password));
}

static void random_of(void *objects, mw_span out) {
    mw_cosem_meter *m = meter_of(objects);
    for (size_t i = 0; i < out.n; i++) {
        m->random = m->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        out.p[i] = (uint8_t)(m->random >> 56);
    }
}

static mw_status next_counter(void *objects, uint32_t *out) {
    *out = ++meter_of(objects)->sealed;
    return MW_OK;
}

static uint32_t least_counter(void *objects, const mw_cosem_client *c) {
    return meter_of(objects)->least[c->sap];
}

static mw_status counter_seen(void *objects, const mw_cosem_client *c, uint32_t counter) {
    meter_of(objects)->least[c->sap] = counter + 1;
    return MW_OK;
}

static void happened(void *objects, const mw_cosem_client *c, mw_cosem_happening what) {
    mw_cosem_meter *m = meter_of(objects);
    (void)c;
    if (what == MW_COSEM_WRONG_PASSWORD)
        m->failures++;
    else if (what == MW_COSEM_ASSOCIATED)
        m->failures = 0;
}

/* ---- Birth ---- */

static void say(mw_cosem_meter *m, mw_electric_text which, const char *value) {
    (void)text_set(m, which, mw_slice_of_str(value));
}

static void fill_numbers(mw_cosem_meter *m) {
    static const struct {
        uint16_t which;
        int64_t value;
    } given[] = {
        {MW_ELECTRIC_N_VOLTAGE, 230120},
        {MW_ELECTRIC_N_VOLTAGE + 1, 229870},
        {MW_ELECTRIC_N_VOLTAGE + 2, 231010},
        {MW_ELECTRIC_N_CURRENT, 5012},
        {MW_ELECTRIC_N_FREQUENCY, 50010},
        {MW_ELECTRIC_N_POWER, 1150000},
        {MW_ELECTRIC_N_POWER_FACTOR, 985},
        {MW_ELECTRIC_N_TEMPERATURE, 234},
        {MW_ELECTRIC_N_TARIFF, 1},
        {MW_ELECTRIC_N_LOAD_PERIOD, 60},
        {MW_ELECTRIC_N_LOAD_PERIOD + 1, 15},
        {MW_ELECTRIC_N_LOAD_PERIOD + 2, 15},
        {MW_ELECTRIC_N_DEMAND_PERIOD, 30},
        {MW_ELECTRIC_N_LINE_SPEED, 5},
        {MW_ELECTRIC_N_LINE_SPEED + 1, 5},
        {MW_ELECTRIC_N_DEVICE_ADDRESS, 16},
        {MW_ELECTRIC_N_DEVICE_ADDRESS + 1, 16},
        {MW_ELECTRIC_N_INTER_OCTET_MS, 25},
        {MW_ELECTRIC_N_INTER_OCTET_MS + 1, 25},
        {MW_ELECTRIC_N_INACTIVITY_S, 120},
        {MW_ELECTRIC_N_INACTIVITY_S + 1, 120},
        {MW_ELECTRIC_N_CT_RATIO, 1},
        {MW_ELECTRIC_N_VT_RATIO, 1},
        {MW_ELECTRIC_N_NOMINAL, 230000},
        {MW_ELECTRIC_N_NOMINAL + 1, 5000},
        {MW_ELECTRIC_N_NOMINAL + 2, 50000},
        {MW_ELECTRIC_N_NOMINAL + 3, 100000},
        {MW_ELECTRIC_N_NOMINAL + 4, 230000},
        {MW_ELECTRIC_N_CONSTANT, 1600},
        {MW_ELECTRIC_N_CONSTANT + 1, 1600},
        {MW_ELECTRIC_N_BATTERY, 3010},
        {MW_ELECTRIC_N_RUN_TIME, 86400 * 200},
    };
    for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
        m->number[given[i].which] = given[i].value;
    for (unsigned i = 0; i < MW_ELECTRIC_LIMITERS; i++) {
        static const uint16_t watched[MW_ELECTRIC_LIMITERS] = {
            MW_ELECTRIC_N_POWER,        MW_ELECTRIC_N_NEUTRAL_CURRENT, MW_ELECTRIC_N_SAG_LIMIT,
            MW_ELECTRIC_N_TAMPER_COUNT, MW_ELECTRIC_N_NEUTRAL_CURRENT, MW_ELECTRIC_N_TEMPERATURE};
        m->limit[i] = (mw_electric_limit){
            .watched = watched[i], .normal = 1000, .over_s = 10, .over_script = 1};
    }
    for (unsigned i = 0; i < MW_ELECTRIC_MONITORS; i++)
        m->monitor[i].watched = i == 0 ? MW_ELECTRIC_N_POWER : MW_ELECTRIC_N_FREQUENCY;
}

static const mw_electric_model model = {.number = number,
                                        .number_set = number_set,
                                        .moment = moment,
                                        .text = text,
                                        .text_set = text_set,
                                        .now = now,
                                        .clock_set = clock_set,
                                        .calendar = calendar,
                                        .calendar_set = calendar_set,
                                        .rows = rows,
                                        .row = row,
                                        .rows_clear = rows_clear,
                                        .capture = capture,
                                        .script = script,
                                        .relay = relay,
                                        .relay_do = relay_do,
                                        .relay_mode = relay_mode,
                                        .limit = limit,
                                        .limit_set = limit_set,
                                        .monitor = monitor,
                                        .monitor_set = monitor_set,
                                        .schedule = schedule,
                                        .schedule_set = schedule_set,
                                        .push = push,
                                        .push_set = push_set,
                                        .push_now = push_now,
                                        .image = image,
                                        .image_begin = image_begin,
                                        .image_block = image_block,
                                        .image_has = image_has,
                                        .image_verify = image_verify,
                                        .image_activate = image_activate,
                                        .image_enable = image_enable,
                                        .wrapping_key = wrapping_key,
                                        .key_set = key_set,
                                        .policy = policy,
                                        .policy_set = policy_set,
                                        .password_set = password_set};

mw_status mw_cosem_meter_init(mw_cosem_meter *m, const mw_electric_table *table,
                              const mw_cosem_meter_keys *secret, uint32_t serial,
                              mw_utc (*clock)(void)) {
    memset(m, 0, sizeof *m);
    m->secret = *secret;
    m->clock = clock;
    m->random = (uint64_t)clock().us ^ serial;
    MW_TRY(mw_cosem_keys_init(&m->keys, &mw_gcm_openssl, &secret->encryption,
                              &secret->authentication));
    m->model = model;
    m->model.meter = m;
    m->device = (mw_cosem_device){.title = mw_electric_title(serial),
                                  .keys = &m->keys,
                                  .password = password,
                                  .random = random_of,
                                  .next_counter = next_counter,
                                  .least_counter = least_counter,
                                  .counter_seen = counter_seen,
                                  .happened = happened};
    mw_tariff_calendar_init(&m->calendar[0]);
    m->calendar[0].offset_min = 180;
    memcpy(m->calendar[0].name, "ONE", 3);
    m->relay = (mw_electric_relay){.output = true, .state = MW_ELECTRIC_RELAY_CONNECTED, .mode = 4};
    m->push = (mw_electric_push){.transport = 0, .retries = 3, .retry_s = 60};
    m->image = (mw_electric_image){.block_size = IMAGE_BLOCK, .enabled = true};
    fill_numbers(m);
    char line[20];
    (void)snprintf(line, sizeof line, "MWX0%012u", (unsigned)serial);
    say(m, MW_ELECTRIC_T_LDN, line);
    (void)snprintf(line, sizeof line, "%012u", (unsigned)serial);
    say(m, MW_ELECTRIC_T_SERIAL, line);
    say(m, MW_ELECTRIC_T_TYPE, table == &mw_electric_spodes_d ? "MW-E1" : "MW-E3");
    say(m, MW_ELECTRIC_T_FIRMWARE, "1.0");
    say(m, MW_ELECTRIC_T_MAKER, "Meterworks");
    say(m, MW_ELECTRIC_T_MADE, "2026-11-23");
    say(m, MW_ELECTRIC_T_SPODES, "03.00");
    say(m, MW_ELECTRIC_T_HARDWARE, "A");
    say(m, MW_ELECTRIC_T_LEGAL_FIRMWARE, "1.0");
    say(m, MW_ELECTRIC_T_CHECKSUM, "00000000");
    mw_electric_objects_init(&m->objects, table, &m->model, &m->device);
    return MW_OK;
}

void mw_cosem_meter_fini(mw_cosem_meter *m) {
    mw_cosem_keys_fini(&m->keys);
    mw_bytes_wipe(&m->secret, sizeof m->secret);
}
