/* SPDX-License-Identifier: Apache-2.0
 * Who may come in: passwords, keys and counters of the COSEM server, and what is pushed out. */
#include "base/assert.h"
#include "meters/electricity/meter_internal.h"

#define KEYS_WAIT_S 5 /* a new key is used after this, or with the next association */

static mw_electric_meter *meter_of(void *objects) {
    return ((mw_electric_objects *)objects)->model->meter;
}

/* ---- The server's questions ---- */

static const mw_electric_line_text *password_of(const mw_electric_meter *m, uint8_t role) {
    return role == 0 ? NULL : &m->settings.password[role - 1];
}

static bool password(void *objects, const mw_cosem_client *client, mw_slice given) {
    const mw_electric_meter *m = meter_of(objects);
    const mw_electric_line_text *p = password_of(m, client->role);
    if (p == NULL || mw_electric_tamper_locked(&m->tamper))
        return false;
    return mw_slice_equal_ct(given, (mw_slice){p->b, p->n});
}

/* Challenges: CMAC under the wrapping key over what never comes twice, the number of the boot and
 * a count, with the board's seed. */
static void random_of(void *objects, mw_span out) {
    mw_electric_meter *m = meter_of(objects);
    uint8_t text[32], block[MW_CMAC_BYTES];
    mw_crypto_ctx ctx;
    mw_status s = mw_crypto_init(&ctx, &mw_crypto_own, &m->settings.key[3]);
    mw_assert(s == MW_OK); /* needs no memory */
    for (size_t at = 0; at < out.n; at += sizeof block) {
        mw_writer w = mw_writer_of(MW_SPAN_OF(text));
        mw_write_str(&w, "MW challenge");
        mw_write_u64le(&w, m->seed);
        mw_write_u16le(&w, m->rtc.resets);
        mw_write_u32le(&w, m->challenges++);
        s = mw_cmac(&ctx, mw_writer_done(&w), block);
        mw_assert(s == MW_OK);
        mw_bytes_copy(out.p + at, block, out.n - at < sizeof block ? out.n - at : sizeof block);
    }
    mw_crypto_fini(&ctx);
}

static mw_status next_counter(void *objects, uint32_t *out) {
    mw_electric_meter *m = meter_of(objects);
    return mw_counter_take(&m->sealed, &m->flash, out);
}

static uint32_t least_counter(void *objects, const mw_cosem_client *c) {
    return meter_of(objects)->least[c->role];
}

static mw_status counter_seen(void *objects, const mw_cosem_client *c, uint32_t counter) {
    mw_electric_meter *m = meter_of(objects);
    uint8_t payload[4 * MW_COSEM_ROLES];
    uint32_t before = m->least[c->role];
    m->least[c->role] = counter + 1;
    mw_writer w = mw_writer_of(MW_SPAN_OF(payload));
    for (unsigned i = 0; i < MW_COSEM_ROLES; i++)
        mw_write_u32le(&w, m->least[i]);
    mw_status s = mw_ringlog_append(&m->counters, &m->flash, mw_writer_done(&w));
    if (s != MW_OK)
        m->least[c->role] = before;
    return s;
}

static mw_status keys_take(mw_electric_meter *m) {
    mw_cosem_keys next;
    MW_TRY(mw_cosem_keys_init(&next, m->provision->gcm, &m->settings.key[0], &m->settings.key[2]));
    if (m->keys.encryption.impl != NULL)
        mw_cosem_keys_fini(&m->keys);
    m->keys = next;
    m->new_keys = false;
    return MW_OK;
}

static void happened(void *objects, const mw_cosem_client *c, mw_cosem_happening what) {
    mw_electric_meter *m = meter_of(objects);
    mw_electric_noticed n = {0};
    mw_utc utc = mw_electric_now(m);
    m->client = c->sap;
    switch (what) {
    case MW_COSEM_ASSOCIATED:
        mw_electric_notice(&n, MW_SPODES_LINK, utc, 0, 0);
        if (c->role != 0)
            mw_electric_tamper_password(&m->tamper, true, m->second, utc, &n);
        break;
    case MW_COSEM_RELEASED:
        mw_electric_notice(&n, MW_SPODES_LINK_LOST, utc, 0, 0);
        break;
    case MW_COSEM_WRONG_PASSWORD:
    case MW_COSEM_WRONG_KEY:
        mw_electric_notice(&n, MW_SPODES_ACCESS, utc, 0, 0);
        mw_electric_tamper_password(&m->tamper, false, m->second, utc, &n);
        break;
    case MW_COSEM_OLD_COUNTER:
        mw_electric_notice(&n, MW_SPODES_VIOLATION, utc, 0, 0);
        break;
    }
    mw_electric_meter_tell(m, &n);
    if (m->new_keys && what == MW_COSEM_RELEASED && keys_take(m) != MW_OK)
        return; /* tried again by the step */
}

/* ---- Settings of access ---- */

static bool wrapping_key(void *meter, mw_key *out) {
    *out = ((const mw_electric_meter *)meter)->settings.key[3];
    return true;
}

static uint8_t key_set(void *meter, uint8_t kind, const mw_key *key) {
    static const uint16_t codes[MW_ELECTRIC_KEYS] = {MW_SPODES_KEY_SET, MW_SPODES_BROADCAST_KEY_SET,
                                                     MW_SPODES_AUTHENTICATION_KEY_SET,
                                                     MW_SPODES_MASTER_KEY_SET};
    mw_electric_meter *m = meter;
    if (kind >= MW_ELECTRIC_KEYS)
        return MW_COSEM_OTHER_REASON;
    mw_electric_settings next = m->settings;
    next.key[kind] = *key;
    uint8_t result = mw_electric_settings_keep(m, &next, codes[kind]);
    mw_bytes_wipe(&next, sizeof next);
    if (result == MW_COSEM_DONE && (kind == 0 || kind == 2)) {
        m->new_keys = true;
        m->new_keys_at = m->second;
    }
    return result;
}

static uint8_t policy(void *meter) {
    return ((const mw_electric_meter *)meter)->settings.policy;
}

static uint8_t policy_set(void *meter, uint8_t p) {
    mw_electric_meter *m = meter;
    if (p > 3 || p < m->settings.policy) /* security is only ever made stronger */
        return MW_COSEM_OTHER_REASON;
    mw_electric_settings next = m->settings;
    next.policy = p;
    return mw_electric_settings_keep(m, &next, MW_SPODES_POLICY_SET);
}

static uint8_t password_set(void *meter, uint8_t sap, mw_slice p) {
    mw_electric_meter *m = meter;
    const mw_electric_table *t = m->type->table;
    uint8_t role = 0;
    for (size_t i = 0; i < t->client_count; i++)
        role = t->clients[i].sap == sap ? t->clients[i].role : role;
    if (role == 0 || p.n < 6 || p.n > MW_ELECTRIC_PASSWORD_MAX)
        return MW_COSEM_OTHER_REASON;
    mw_electric_settings next = m->settings;
    next.password[role - 1].n = (uint8_t)p.n;
    mw_bytes_copy(next.password[role - 1].b, p.p, p.n);
    uint8_t result = mw_electric_settings_keep(
        m, &next, role == 1 ? MW_SPODES_LOW_PASSWORD_SET : MW_SPODES_HIGH_PASSWORD_SET);
    mw_bytes_wipe(&next, sizeof next);
    return result;
}

void mw_electric_model_access(mw_electric_model *model) {
    model->wrapping_key = wrapping_key;
    model->key_set = key_set;
    model->policy = policy;
    model->policy_set = policy_set;
    model->password_set = password_set;
}

mw_status mw_electric_access_boot(mw_electric_meter *m) {
    m->device = (mw_cosem_device){.title = mw_electric_title(m->provision->serial),
                                  .keys = &m->keys,
                                  .password = password,
                                  .random = random_of,
                                  .next_counter = next_counter,
                                  .least_counter = least_counter,
                                  .counter_seen = counter_seen,
                                  .happened = happened};
    m->device.max_pdu = MW_ELECTRIC_METER_PDU;
    return keys_take(m);
}

void mw_electric_access_step(mw_electric_meter *m) {
    if (m->new_keys && mw_mono_since(m->second, m->new_keys_at).ns >= KEYS_WAIT_S * MW_NS_PER_S)
        m->new_keys = keys_take(m) != MW_OK;
}

/* ---- Push: a data-notification, sealed for whoever has the keys ---- */

mw_status mw_electric_meter_push(mw_electric_meter *m, mw_mono now, mw_span out, size_t *out_size) {
    *out_size = 0;
    m->second = now;
    if (!m->push_due)
        return MW_OK;
    uint8_t body[MW_ELECTRIC_PUSH_MAX], plain[MW_ELECTRIC_PUSH_MAX + 24];
    size_t body_n, plain_n;
    MW_TRY(mw_electric_push_body(&m->objects, 0, MW_SPAN_OF(body), &body_n));
    uint32_t counter;
    MW_TRY(mw_counter_take(&m->sealed, &m->flash, &counter));
    mw_cosem_datetime at = mw_electric_objects_local(&m->objects, mw_electric_now(m), 0);
    uint8_t time[MW_COSEM_DATETIME_BYTES];
    mw_cosem_datetime_encode(&at, time);
    mw_cosem_apdu a = {.kind = MW_COSEM_DATA_NOTIFICATION,
                       .invoke = counter & 0xFFFFFF,
                       .time = MW_SLICE_OF(time),
                       .item = {.has_data = true, .data = {body, body_n}}};
    MW_TRY(mw_cosem_apdu_encode(&a, MW_SPAN_OF(plain), &plain_n));
    MW_TRY(mw_cosem_protect(&m->keys, MW_COSEM_GENERAL_GLO,
                            MW_COSEM_SC_AUTHENTICATED | MW_COSEM_SC_ENCRYPTED, &m->device.title,
                            counter, (mw_slice){plain, plain_n}, out, out_size));
    m->push_due = false;
    return MW_OK;
}
