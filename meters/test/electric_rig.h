/* SPDX-License-Identifier: Apache-2.0
 *
 * An electricity meter on the host board, its mains, and a reader at its port.
 */
#ifndef MW_METERS_TEST_ELECTRIC_RIG_H
#define MW_METERS_TEST_ELECTRIC_RIG_H

#include <stdio.h>
#include <string.h>

#include "meters/boards/host.h"
#include "meters/electricity/meter.h"
#include "protocols/cosem/client.h"
#include "tests/harness/mw_test.h"

/* 2026-11-22T00:00:00Z, a Sunday. */
#define RIG_START_S INT64_C(1795305600)

typedef struct rig {
    mw_host_flash nor;
    mw_electric_provision provision;
    const mw_electric_type *type;
    uint32_t software; /* checksum of the legally relevant part */
    mw_electric_meter meter;
    mw_mono now;
    int64_t power_mw, reactive_mvar; /* of each element, steady */
    int64_t used_uws, used_uvars;    /* microwatt-seconds since the rig was made */
    /* The reader. */
    mw_cosem_server server;
    mw_cosem_association associations[3];
    uint8_t plain[MW_ELECTRIC_METER_PDU + 64], gather[3 * 2048];
    mw_cosem_keys keys;
    mw_cosem_session session;
    uint32_t counter;
    uint8_t sap;
    uint8_t request[1200], sealed[1400], answer[1400];
    uint8_t value[1 << 19];
    size_t value_n;
} rig;

static rig r;

static inline mw_utc rig_utc(void) {
    return (mw_utc){RIG_START_S * MW_US_PER_S + r.now.ns / 1000};
}

static inline mw_key rig_key(uint8_t first) {
    mw_key k;
    for (unsigned i = 0; i < MW_KEY_BYTES; i++)
        k.b[i] = (uint8_t)(first + i);
    return k;
}

static inline mw_status rig_boot(bool ticks_kept) {
    mw_board board = {.flash = mw_host_flash_interface(&r.nor),
                      .seed = (uint64_t)r.now.ns,
                      .legal_checksum = r.software,
                      .ticks_kept = ticks_kept};
    MW_TRY(mw_electric_meter_boot(&r.meter, r.type, &r.provision, &board, r.now));
    mw_cosem_server_init(&r.server, &r.meter.device, r.associations, MW_SPAN_OF(r.plain),
                         MW_SPAN_OF(r.gather));
    return MW_OK;
}

static inline void rig_open(const mw_electric_type *type) {
    memset(&r, 0, sizeof r);
    r.type = type;
    r.software = 0x1234abcd;
    r.now.ns = MW_NS_PER_S;
    r.provision = (mw_electric_provision){.serial = 42,
                                          .made = "2026-11-23",
                                          .encryption = rig_key(0x00),
                                          .authentication = rig_key(0xd0),
                                          .wrapping = rig_key(0xf0),
                                          .reader_password = "12345678",
                                          .configurator_password = "0123456789abcdef",
                                          .ct_ratio = 1,
                                          .vt_ratio = 1,
                                          .gcm = &mw_gcm_own};
    MW_CHECK_OK(mw_host_flash_init(&r.nor, 4096, MW_ELECTRIC_METER_SECTORS));
    MW_CHECK_OK(mw_cosem_keys_init(&r.keys, &mw_gcm_own, &r.provision.encryption,
                                   &r.provision.authentication));
    MW_CHECK_OK(rig_boot(false));
    MW_CHECK_OK(mw_electric_meter_clock_set(&r.meter, rig_utc(), r.now));
}

static inline void rig_close(void) {
    mw_electric_meter_fini(&r.meter);
    mw_cosem_keys_fini(&r.keys);
    mw_host_flash_fini(&r.nor);
}

static inline mw_electric_quantities rig_window(void) {
    mw_electric_quantities q = {.elements = r.type->elements,
                                .parts = MW_ELECTRIC_PARTS_PER_S,
                                .frequency_mhz = 50000,
                                .sequence = r.type->elements == 3 ? MW_ELECTRIC_SEQUENCE_123
                                                                  : MW_ELECTRIC_SEQUENCE_NONE,
                                .valid = true};
    for (unsigned k = 0; k < q.elements; k++) {
        mw_electric_element *e = &q.e[k];
        e->u_uv = INT64_C(230000000);
        e->p_uw = r.power_mw * 1000;
        e->q_uvar = r.reactive_mvar * 1000;
        e->s_uva = e->p_uw > e->q_uvar ? e->p_uw : e->q_uvar;
        e->i_ua = (e->s_uva < 0 ? -e->s_uva : e->s_uva) / 230;
        e->u_angle_mdeg = (int32_t)(k * 120000);
        e->has_angle = true;
    }
    q.neutral_ua = q.elements == 1 ? q.e[0].i_ua : 0;
    return q;
}

/* Lets seconds pass, one window and one step each. */
static inline void rig_run(int64_t seconds) {
    for (int64_t i = 0; i < seconds; i++) {
        mw_electric_quantities q = rig_window();
        r.now.ns += MW_NS_PER_S;
        mw_electric_meter_window(&r.meter, &q, r.now);
        mw_electric_meter_step(&r.meter, r.now);
        r.used_uws += r.power_mw * 1000 * q.elements;
        r.used_uvars += r.reactive_mvar * 1000 * q.elements;
    }
}

/* ---- Reading ---- */

static inline mw_status rig_exchange(void *context, mw_slice apdu, mw_span out, size_t *out_size,
                                     mw_cosem_fault *fault) {
    (void)context, (void)fault;
    mw_electric_meter_port(&r.meter, MW_ELECTRIC_PORT_OPTICAL);
    return mw_cosem_server_take(&r.server, r.sap, apdu, out, out_size);
}

static inline mw_status rig_counter(void *context, uint32_t *out) {
    (void)context;
    *out = ++r.counter;
    return MW_OK;
}

static inline void rig_random(void *context, mw_span out) {
    (void)context;
    for (size_t i = 0; i < out.n; i++)
        out.p[i] = (uint8_t)(i * 7 + 3);
}

/* role: 0 public, 1 reader, 2 configurator. */
static inline mw_status rig_associate(unsigned role, const char *password) {
    const mw_cosem_client *c = &r.type->table->clients[role];
    mw_cosem_session_config config = {.mechanism = c->mechanism,
                                      .ciphered = c->ciphered,
                                      .password = mw_slice_of_str(password),
                                      .title = {{'C', 'L', 'I', 'E', 'N', 'T', '0', '1'}},
                                      .keys = &r.keys,
                                      .exchange = rig_exchange,
                                      .next_counter = rig_counter,
                                      .random = rig_random,
                                      .max_pdu = MW_ELECTRIC_METER_PDU,
                                      .request = MW_SPAN_OF(r.request),
                                      .sealed = MW_SPAN_OF(r.sealed),
                                      .answer = MW_SPAN_OF(r.answer)};
    r.sap = c->sap;
    mw_cosem_session_init(&r.session, &config);
    return mw_cosem_session_open(&r.session);
}

static inline mw_status rig_get(uint16_t class_id, mw_obis name, int attribute) {
    mw_cosem_item what = {.class_id = class_id, .name = name, .member = (int8_t)attribute};
    return mw_cosem_session_get(&r.session, &what, MW_SPAN_OF(r.value), &r.value_n);
}

static inline int64_t rig_number(uint16_t class_id, mw_obis name) {
    MW_CHECK_OK(rig_get(class_id, name, 2));
    mw_cosem_cursor c = mw_cosem_cursor_of((mw_slice){r.value, r.value_n}, 0);
    mw_cosem_value v;
    MW_CHECK_OK(mw_cosem_cursor_next(&c, &v));
    return v.number;
}

static inline mw_status rig_set(uint16_t class_id, mw_obis name, int attribute, mw_slice data) {
    mw_cosem_item what = {.class_id = class_id,
                          .name = name,
                          .member = (int8_t)attribute,
                          .has_data = true,
                          .data = data};
    return mw_cosem_session_set(&r.session, &what);
}

static inline mw_status rig_act(uint16_t class_id, mw_obis name, int method, mw_slice data) {
    mw_cosem_item what = {.class_id = class_id,
                          .name = name,
                          .member = (int8_t)method,
                          .has_data = true,
                          .data = data};
    return mw_cosem_session_act(&r.session, &what, MW_SPAN_OF(r.value), &r.value_n);
}

#endif
