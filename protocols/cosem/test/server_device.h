/* SPDX-License-Identifier: Apache-2.0
 * A little device for tests of the server: a name, two registers, a long profile, a writable text
 * and a relay; three clients. */
#ifndef MW_PROTOCOLS_COSEM_TEST_SERVER_DEVICE_H
#define MW_PROTOCOLS_COSEM_TEST_SERVER_DEVICE_H

#include <string.h>

#include "base/prng.h"
#include "protocols/cosem/server.h"

#define SAP_PUBLIC 16
#define SAP_READER 32
#define SAP_MASTER 48

#define NAME_CODE                                                                                  \
    {                                                                                              \
        { 0, 0, 42, 0, 0, 255 }                                                                    \
    }
#define ENERGY_CODE                                                                                \
    {                                                                                              \
        { 1, 0, 1, 8, 0, 255 }                                                                     \
    }
#define REACTIVE_CODE                                                                              \
    {                                                                                              \
        { 1, 0, 3, 8, 0, 255 }                                                                     \
    }
#define PROFILE_CODE                                                                               \
    {                                                                                              \
        { 1, 0, 99, 1, 0, 255 }                                                                    \
    }
#define TEXT_CODE                                                                                  \
    {                                                                                              \
        { 0, 0, 96, 1, 9, 255 }                                                                    \
    }
#define RELAY_CODE                                                                                 \
    {                                                                                              \
        { 0, 0, 96, 3, 10, 255 }                                                                   \
    }

#define NAME     ((mw_obis)NAME_CODE)
#define ENERGY   ((mw_obis)ENERGY_CODE)
#define REACTIVE ((mw_obis)REACTIVE_CODE)
#define PROFILE  ((mw_obis)PROFILE_CODE)
#define TEXT     ((mw_obis)TEXT_CODE)
#define RELAY    ((mw_obis)RELAY_CODE)

typedef struct little_device {
    unsigned rows;
    uint8_t text[600];
    size_t text_n;
    int relay; /* commands seen */
    uint32_t sealed, least[3];
    unsigned happened[5];
    mw_prng random;
    mw_cosem_keys keys;
} little_device;

static inline uint8_t little_get(void *context, const mw_cosem_object *o, const mw_cosem_item *what,
                                 mw_cosem_out *out) {
    little_device *d = context;
    if (o->class_id == 1) {
        if (o->item == 0)
            mw_cosem_put_octets(out, (mw_slice){(const uint8_t *)"MWX0000000000001", 16});
        else
            mw_cosem_put_octets(out, (mw_slice){d->text, d->text_n});
        return MW_COSEM_DONE;
    }
    if (o->class_id == 3 && what->member == 2)
        mw_cosem_put_int(out, MW_COSEM_UINT32, 1000 + o->item);
    else if (o->class_id == 3)
        mw_cosem_put_scaler_unit(out, 0, o->item ? 32 : 30);
    else if (o->class_id == 70)
        mw_cosem_put_boolean(out, d->relay % 2);
    else if (what->member == 2) { /* by entry: from, to */
        unsigned from = 1, to = d->rows;
        if (what->selective) {
            mw_cosem_cursor c = mw_cosem_cursor_of(what->selection, 0);
            mw_cosem_value v;
            if (what->selector != 2 || mw_cosem_cursor_next(&c, &v) != MW_OK ||
                mw_cosem_cursor_next(&c, &v) != MW_OK)
                return MW_COSEM_SCOPE_VIOLATED;
            from = (unsigned)v.number;
            if (mw_cosem_cursor_next(&c, &v) == MW_OK && (unsigned)v.number < to && v.number > 0)
                to = (unsigned)v.number;
        }
        mw_cosem_put_array(out, from > to ? 0 : to - from + 1);
        for (unsigned n = from; n <= to; n++) {
            mw_cosem_put_structure(out, 2);
            mw_cosem_put_int(out, MW_COSEM_UINT32, n);
            mw_cosem_put_int(out, MW_COSEM_UINT32, n * 7);
        }
    } else
        return MW_COSEM_UNAVAILABLE;
    return MW_COSEM_DONE;
}

static inline uint8_t little_set(void *context, const mw_cosem_object *o,
                                 const mw_cosem_item *what) {
    little_device *d = context;
    mw_cosem_cursor c = mw_cosem_cursor_of(what->data, 0);
    mw_cosem_value v;
    if (mw_cosem_cursor_next(&c, &v) != MW_OK || v.tag != MW_COSEM_OCTET_STRING)
        return MW_COSEM_TYPE_UNMATCHED;
    if (v.bytes.n > sizeof d->text || o->item == 0)
        return MW_COSEM_OTHER_REASON;
    memcpy(d->text, v.bytes.p, v.bytes.n);
    d->text_n = v.bytes.n;
    return MW_COSEM_DONE;
}

static inline uint8_t little_act(void *context, const mw_cosem_object *o, const mw_cosem_item *what,
                                 mw_cosem_out *out) {
    little_device *d = context;
    (void)o;
    d->relay++;
    if (what->member == 2) /* tells how often */
        mw_cosem_put_int(out, MW_COSEM_UINT8, d->relay);
    return MW_COSEM_DONE;
}

static const mw_cosem_functions little_functions = {little_get, little_set, little_act};
static const mw_cosem_rights seen_by_all[3] = {{.get = 6}, {.get = 6}, {.get = 6}};
static const mw_cosem_rights read_only[3] = {{0}, {.get = 0xffe}, {.get = 0xffe}};
static const mw_cosem_rights managed[3] = {
    {0}, {.get = 0xffe}, {.get = 0xffe, .set = 0x4, .act = 0xffe}};
static const mw_cosem_object little_objects[] = {
    {1, 0, 2, 0, NAME_CODE, 0, 0, &little_functions, seen_by_all},
    {3, 0, 3, 1, ENERGY_CODE, 0, 0, &little_functions, read_only},
    {3, 0, 3, 1, REACTIVE_CODE, 1, 0, &little_functions, read_only},
    {7, 1, 8, 2, PROFILE_CODE, 0, 1u << 2, &little_functions, read_only},
    {1, 0, 2, 0, TEXT_CODE, 1, 0, &little_functions, managed},
    {70, 0, 4, 2, RELAY_CODE, 0, 0, &little_functions, managed},
};

#define LITTLE_CAN                                                                                 \
    (MW_COSEM_CONFORMANCE(MW_COSEM_CAN_GET) | MW_COSEM_CONFORMANCE(MW_COSEM_CAN_SET) |             \
     MW_COSEM_CONFORMANCE(MW_COSEM_CAN_ACTION) | MW_COSEM_CONFORMANCE(MW_COSEM_CAN_LIST) |         \
     MW_COSEM_CONFORMANCE(MW_COSEM_CAN_SELECT) | MW_COSEM_CONFORMANCE(MW_COSEM_CAN_GET_BLOCK) |    \
     MW_COSEM_CONFORMANCE(MW_COSEM_CAN_SET_BLOCK) |                                                \
     MW_COSEM_CONFORMANCE(MW_COSEM_CAN_ACTION_BLOCK))

/* What the device serves besides, to who asks for it. */
#define LITTLE_SERVES (LITTLE_CAN | MW_COSEM_CONFORMANCE(MW_COSEM_CAN_GENERAL_BLOCK))

static const mw_cosem_client little_clients[3] = {
    {SAP_PUBLIC, 0, MW_COSEM_MECHANISM_NONE, false, 0, LITTLE_SERVES},
    {SAP_READER, 1, MW_COSEM_MECHANISM_LOW, false, 0, LITTLE_SERVES},
    {SAP_MASTER, 2, MW_COSEM_MECHANISM_HIGH_GMAC, true, MW_COSEM_SC_ENCRYPTED, LITTLE_SERVES},
};

static inline bool little_password(void *d, const mw_cosem_client *c, mw_slice given) {
    (void)d;
    (void)c;
    return given.n == 8 && memcmp(given.p, "12345678", 8) == 0;
}

static inline void little_random(void *context, mw_span out) {
    for (size_t i = 0; i < out.n; i++)
        out.p[i] = (uint8_t)mw_prng_u64(&((little_device *)context)->random);
}

static inline mw_status little_counter(void *context, uint32_t *out) {
    *out = ((little_device *)context)->sealed++;
    return MW_OK;
}

static inline uint32_t little_least(void *context, const mw_cosem_client *c) {
    return ((little_device *)context)->least[c->role];
}

static inline mw_status little_seen(void *context, const mw_cosem_client *c, uint32_t counter) {
    ((little_device *)context)->least[c->role] = counter + 1;
    return MW_OK;
}

static inline void little_happened(void *context, const mw_cosem_client *c,
                                   mw_cosem_happening what) {
    (void)c;
    ((little_device *)context)->happened[what]++;
}

static inline mw_cosem_device little_device_of(little_device *d) {
    return (mw_cosem_device){.device = d,
                             .objects = little_objects,
                             .object_count = sizeof little_objects / sizeof little_objects[0],
                             .clients = little_clients,
                             .client_count = 3,
                             .max_pdu = 512,
                             .title = {{'M', 'W', 'X', 0, 0, 0, 0, 1}},
                             .keys = &d->keys,
                             .password = little_password,
                             .random = little_random,
                             .next_counter = little_counter,
                             .least_counter = little_least,
                             .counter_seen = little_seen,
                             .happened = little_happened};
}

#endif
