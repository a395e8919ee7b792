/* SPDX-License-Identifier: Apache-2.0
 * Access and transport: SAP assignment (class 17), image transfer (18), local port (19), HDLC (23)
 * and TCP-UDP setup (41), push setup (40), security setup (64). */
#include <string.h>

#include "crypto/key_wrap.h"
#include "meters/electricity/objects_priv.h"

#define LOGICAL_DEVICE 1
#define WRAPPER_PORT   4059

static uint8_t put_text(const mw_electric_objects *o, mw_electric_text which, mw_cosem_out *out) {
    uint8_t text[64];
    if (o->model->text == NULL)
        return MW_COSEM_UNAVAILABLE;
    size_t n = o->model->text(o->model->meter, which, (mw_span){text, sizeof text});
    mw_cosem_put_octets(out, (mw_slice){text, n});
    return MW_COSEM_DONE;
}

static uint8_t sap_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                       mw_cosem_out *out) {
    (void)x, (void)what;
    mw_cosem_put_array(out, 1);
    mw_cosem_put_structure(out, 2);
    mw_cosem_put_int(out, MW_COSEM_UINT16, LOGICAL_DEVICE);
    return put_text(device, MW_ELECTRIC_T_LDN, out);
}

const mw_cosem_functions mw_electric_sap = {sap_get, NULL, NULL};

/* ---- Image transfer ---- */

static void put_blocks(const mw_electric_model *m, const mw_electric_image *i, mw_cosem_out *out) {
    mw_cosem_put_u8(out, MW_COSEM_BIT_STRING);
    mw_cosem_put_length(out, i->blocks);
    for (uint32_t b = 0; b < i->blocks; b += 8) {
        unsigned byte = 0;
        for (uint32_t k = 0; k < 8 && b + k < i->blocks; k++)
            byte |= m->image_has(m->meter, b + k) ? 0x80u >> k : 0;
        mw_cosem_put_u8(out, (uint8_t)byte);
    }
}

static uint8_t image_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                         mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    const mw_electric_model *m = o->model;
    mw_electric_image i;
    (void)x;
    if (m->image == NULL || !m->image(m->meter, &i))
        return MW_COSEM_UNAVAILABLE;
    uint32_t first = 0;
    switch (what->member) {
    case 2:
        mw_cosem_put_int(out, MW_COSEM_UINT32, i.block_size);
        break;
    case 3:
        put_blocks(m, &i, out);
        break;
    case 4:
        while (first < i.blocks && m->image_has(m->meter, first))
            first++;
        mw_cosem_put_int(out, MW_COSEM_UINT32, first);
        break;
    case 5:
        mw_cosem_put_boolean(out, i.enabled);
        break;
    case 6:
        mw_cosem_put_enum(out, i.status);
        break;
    default:
        mw_cosem_put_array(out, i.size != 0);
        if (i.size != 0) {
            mw_cosem_put_structure(out, 3);
            mw_cosem_put_int(out, MW_COSEM_UINT32, i.size);
            mw_cosem_put_octets(out, (mw_slice){i.name, i.name_n});
            mw_cosem_put_octets(out, (mw_slice){i.digest, i.digest_n});
        }
        break;
    }
    return MW_COSEM_DONE;
}

static uint8_t image_set(void *device, const mw_cosem_object *x, const mw_cosem_item *what) {
    const mw_electric_objects *o = device;
    (void)x;
    mw_electric_take t = mw_electric_take_of(what);
    bool enabled = mw_electric_take_number(&t, MW_COSEM_BOOLEAN) != 0;
    if (t.bad)
        return MW_COSEM_TYPE_UNMATCHED;
    return what->member != 5 || o->model->image_enable == NULL
               ? MW_COSEM_DENIED
               : o->model->image_enable(o->model->meter, enabled);
}

static uint8_t image_act(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                         mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    const mw_electric_model *m = o->model;
    mw_electric_image i;
    (void)x, (void)out;
    if (m->image == NULL || !m->image(m->meter, &i) || !i.enabled)
        return MW_COSEM_UNAVAILABLE;
    mw_electric_take t = mw_electric_take_of(what);
    if (what->member >= 3) {
        (void)mw_electric_take_number(&t, MW_COSEM_INT8);
        return t.bad               ? MW_COSEM_TYPE_UNMATCHED
               : what->member == 3 ? m->image_verify(m->meter)
                                   : m->image_activate(m->meter);
    }
    mw_electric_take_structure(&t, 2);
    if (what->member == 1) {
        mw_slice name = mw_electric_take_octets(&t, 0, MW_ELECTRIC_IMAGE_NAME_MAX);
        int64_t size = mw_electric_take_number(&t, MW_COSEM_UINT32);
        return t.bad ? MW_COSEM_TYPE_UNMATCHED : m->image_begin(m->meter, name, (uint32_t)size);
    }
    int64_t block = mw_electric_take_number(&t, MW_COSEM_UINT32);
    mw_slice bytes = mw_electric_take_octets(&t, 1, i.block_size);
    if (t.bad)
        return MW_COSEM_TYPE_UNMATCHED;
    bool last = block + 1 == (int64_t)i.blocks;
    if (block >= (int64_t)i.blocks ||
        bytes.n != (last ? i.size - (size_t)block * i.block_size : i.block_size))
        return MW_COSEM_OTHER_REASON;
    return m->image_block(m->meter, (uint32_t)block, bytes);
}

const mw_cosem_functions mw_electric_image_transfer = {image_get, image_set, image_act};

/* ---- Ports ---- */

static uint8_t put_now(const mw_electric_objects *o, uint16_t which, mw_cosem_out *out) {
    return mw_electric_put_current(o, which, out);
}

static uint8_t local_port_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                              mw_cosem_out *out) {
    (void)x;
    switch (what->member) {
    case 2:
        mw_cosem_put_enum(out, 0); /* default mode: IEC 62056-21 */
        break;
    case 3:
        mw_cosem_put_enum(out, 0); /* opens at 300 */
        break;
    case 4:
        return put_now(device, MW_ELECTRIC_N_LINE_SPEED, out);
    case 5:
        mw_cosem_put_enum(out, 1); /* 200 ms */
        break;
    case 6:
        return put_text(device, MW_ELECTRIC_T_SERIAL, out);
    default: /* passwords: never shown */
        mw_cosem_put_octets(out, (mw_slice){NULL, 0});
        break;
    }
    return MW_COSEM_DONE;
}

const mw_cosem_functions mw_electric_local_port = {local_port_get, NULL, NULL};

static uint8_t hdlc_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                        mw_cosem_out *out) {
    switch (what->member) {
    case 2:
        return put_now(device, (uint16_t)(MW_ELECTRIC_N_LINE_SPEED + x->item), out);
    case 3:
    case 4:
        mw_cosem_put_int(out, MW_COSEM_UINT8, 7); /* windows */
        break;
    case 5:
    case 6:
        mw_cosem_put_int(out, MW_COSEM_UINT16, 1024); /* information fields */
        break;
    case 7:
        return put_now(device, (uint16_t)(MW_ELECTRIC_N_INTER_OCTET_MS + x->item), out);
    case 8:
        return put_now(device, (uint16_t)(MW_ELECTRIC_N_INACTIVITY_S + x->item), out);
    default:
        return put_now(device, (uint16_t)(MW_ELECTRIC_N_DEVICE_ADDRESS + x->item), out);
    }
    return MW_COSEM_DONE;
}

static uint8_t hdlc_set(void *device, const mw_cosem_object *x, const mw_cosem_item *what) {
    static const uint16_t numbers[10] = {[2] = MW_ELECTRIC_N_LINE_SPEED,
                                         [7] = MW_ELECTRIC_N_INTER_OCTET_MS,
                                         [8] = MW_ELECTRIC_N_INACTIVITY_S,
                                         [9] = MW_ELECTRIC_N_DEVICE_ADDRESS};
    return what->member > 9 || numbers[what->member] == 0
               ? MW_COSEM_DENIED
               : mw_electric_number_take(device, (uint16_t)(numbers[what->member] + x->item), what);
}

const mw_cosem_functions mw_electric_hdlc = {hdlc_get, hdlc_set, NULL};

static uint8_t tcp_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                       mw_cosem_out *out) {
    (void)device, (void)x;
    if (what->member == 3)
        mw_cosem_put_obis(out, MW_OBIS(0, 0, 25, 1, 0, 255));
    else if (what->member == 5)
        mw_cosem_put_int(out, MW_COSEM_UINT8, 4); /* connections at once */
    else
        mw_cosem_put_int(out, MW_COSEM_UINT16,
                         what->member == 2   ? WRAPPER_PORT
                         : what->member == 4 ? 1024
                                             : 180);
    return MW_COSEM_DONE;
}

const mw_cosem_functions mw_electric_tcp = {tcp_get, NULL, NULL};

/* ---- Push ---- */

static uint8_t push_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                        mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    mw_electric_push p;
    if (o->model->push == NULL || !o->model->push(o->model->meter, x->item, &p))
        return MW_COSEM_UNAVAILABLE;
    switch (what->member) {
    case 2:
        mw_cosem_put_array(out, o->table->pushed_count);
        for (size_t i = 0; i < o->table->pushed_count; i++) {
            const mw_electric_column *c = &o->table->pushed[i];
            mw_cosem_put_structure(out, 4);
            mw_cosem_put_int(out, MW_COSEM_UINT16, c->class_id);
            mw_cosem_put_obis(out, c->name);
            mw_cosem_put_int(out, MW_COSEM_INT8, c->attribute);
            mw_cosem_put_int(out, MW_COSEM_UINT16, 0);
        }
        break;
    case 3:
        mw_cosem_put_structure(out, 3);
        mw_cosem_put_enum(out, p.transport);
        mw_cosem_put_octets(out, (mw_slice){p.destination, p.destination_n});
        mw_cosem_put_enum(out, 0); /* an A-XDR encoded xDLMS APDU */
        break;
    case 4:
        mw_cosem_put_array(out, p.windows);
        for (unsigned i = 0; i < p.windows; i++) {
            mw_cosem_put_structure(out, 2);
            mw_cosem_put_octets(out, (mw_slice){p.window[i][0], 12});
            mw_cosem_put_octets(out, (mw_slice){p.window[i][1], 12});
        }
        break;
    case 6:
        mw_cosem_put_int(out, MW_COSEM_UINT8, p.retries);
        break;
    default:
        mw_cosem_put_int(out, MW_COSEM_UINT16, what->member == 5 ? p.random_s : p.retry_s);
        break;
    }
    return MW_COSEM_DONE;
}

static void take_windows(mw_electric_take *t, mw_electric_push *p) {
    p->windows = (uint8_t)mw_electric_take_array(t, 2);
    for (unsigned i = 0; i < p->windows && !t->bad; i++) {
        mw_electric_take_structure(t, 2);
        for (unsigned k = 0; k < 2; k++) {
            mw_slice b = mw_electric_take_octets(t, 12, 12);
            if (!t->bad)
                memcpy(p->window[i][k], b.p, 12);
        }
    }
}

static uint8_t push_set(void *device, const mw_cosem_object *x, const mw_cosem_item *what) {
    const mw_electric_objects *o = device;
    mw_electric_push p;
    if (o->model->push_set == NULL || !o->model->push(o->model->meter, x->item, &p))
        return MW_COSEM_DENIED;
    mw_electric_take t = mw_electric_take_of(what);
    mw_slice to;
    switch (what->member) {
    case 3:
        mw_electric_take_structure(&t, 3);
        p.transport = (uint8_t)mw_electric_take_number(&t, MW_COSEM_ENUM);
        to = mw_electric_take_octets(&t, 0, MW_ELECTRIC_PUSH_DESTINATION_MAX);
        (void)mw_electric_take_number(&t, MW_COSEM_ENUM);
        if (!t.bad && to.n != 0)
            memcpy(p.destination, to.p, to.n);
        p.destination_n = (uint8_t)to.n;
        break;
    case 4:
        take_windows(&t, &p);
        break;
    case 5:
        p.random_s = (uint16_t)mw_electric_take_number(&t, MW_COSEM_UINT16);
        break;
    case 6:
        p.retries = (uint8_t)mw_electric_take_number(&t, MW_COSEM_UINT8);
        break;
    case 7:
        p.retry_s = (uint16_t)mw_electric_take_number(&t, MW_COSEM_UINT16);
        break;
    default:
        return MW_COSEM_DENIED;
    }
    return t.bad ? MW_COSEM_TYPE_UNMATCHED : o->model->push_set(o->model->meter, x->item, &p);
}

static uint8_t push_act(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                        mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    (void)what, (void)out;
    return o->model->push_now == NULL ? MW_COSEM_DENIED
                                      : o->model->push_now(o->model->meter, x->item);
}

const mw_cosem_functions mw_electric_push_setup = {push_get, push_set, push_act};

mw_status mw_electric_push_body(mw_electric_objects *o, unsigned n, mw_span out, size_t *out_size) {
    mw_cosem_out s = mw_cosem_out_of(out, 0);
    (void)n;
    mw_cosem_put_structure(&s, o->table->pushed_count);
    for (size_t i = 0; i < o->table->pushed_count; i++) {
        const mw_electric_column *c = &o->table->pushed[i];
        uint8_t status = 0;
        if (c->kind == MW_ELECTRIC_COLUMN_CLOCK) {
            mw_utc now = o->model->now(o->model->meter, &status);
            mw_electric_put_moment(&s, o, now, status);
        } else if (c->kind == MW_ELECTRIC_COLUMN_TEXT) {
            if (put_text(o, (mw_electric_text)c->which, &s) != MW_COSEM_DONE)
                mw_cosem_put_null(&s);
        } else if (mw_electric_put_current(o, c->which, &s) != MW_COSEM_DONE) {
            mw_cosem_put_null(&s);
        }
    }
    MW_TRY(mw_cosem_out_end(&s));
    *out_size = s.at;
    return MW_OK;
}

/* ---- Security ---- */

static uint8_t security_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                            mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    (void)x;
    switch (what->member) {
    case 2:
        mw_cosem_put_enum(out, o->model->policy == NULL ? 0 : o->model->policy(o->model->meter));
        break;
    case 3:
        mw_cosem_put_enum(out, 0); /* suite 0 */
        break;
    case 4:
        mw_cosem_put_octets(out, (mw_slice){NULL, 0}); /* each client tells its own */
        break;
    default:
        mw_cosem_put_octets(out, MW_SLICE_OF(o->device->title.b));
        break;
    }
    return MW_COSEM_DONE;
}

/* Keys come wrapped (RFC 3394); all are opened before the first is taken. */
static uint8_t keys_take(const mw_electric_objects *o, const mw_cosem_item *what) {
    enum { KINDS = 4 };
    const mw_electric_model *m = o->model;
    mw_key wrapping, key[KINDS] = {0};
    uint8_t kind[KINDS];
    if (m->wrapping_key == NULL || m->key_set == NULL || !m->wrapping_key(m->meter, &wrapping))
        return MW_COSEM_DENIED;
    mw_electric_take t = mw_electric_take_of(what);
    uint32_t n = mw_electric_take_array(&t, KINDS);
    uint8_t result = t.bad ? MW_COSEM_TYPE_UNMATCHED : MW_COSEM_DONE;
    for (uint32_t i = 0; i < n && result == MW_COSEM_DONE; i++) {
        mw_electric_take_structure(&t, 2);
        kind[i] = (uint8_t)mw_electric_take_number(&t, MW_COSEM_ENUM);
        mw_slice wrapped = mw_electric_take_octets(&t, MW_WRAPPED_KEY_BYTES, MW_WRAPPED_KEY_BYTES);
        if (t.bad)
            result = MW_COSEM_TYPE_UNMATCHED;
        else if (kind[i] >= KINDS || mw_aes_unwrap(&wrapping, wrapped, &key[i]) != MW_OK)
            result = MW_COSEM_OTHER_REASON;
    }
    for (uint32_t i = 0; i < n && result == MW_COSEM_DONE; i++)
        result = m->key_set(m->meter, kind[i], &key[i]);
    for (unsigned i = 0; i < KINDS; i++)
        mw_key_wipe(&key[i]);
    mw_key_wipe(&wrapping);
    return result;
}

static uint8_t security_act(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                            mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    (void)x, (void)out;
    if (what->member == 2)
        return keys_take(o, what);
    mw_electric_take t = mw_electric_take_of(what);
    int64_t policy = mw_electric_take_number(&t, MW_COSEM_ENUM);
    if (t.bad)
        return MW_COSEM_TYPE_UNMATCHED;
    return o->model->policy_set == NULL ? MW_COSEM_DENIED
                                        : o->model->policy_set(o->model->meter, (uint8_t)policy);
}

const mw_cosem_functions mw_electric_security = {security_get, NULL, security_act};
