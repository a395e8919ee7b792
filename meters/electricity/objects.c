/* SPDX-License-Identifier: Apache-2.0
 * Data, registers and the clock; what the classes share. */
#include "meters/electricity/objects.h"

#include <string.h>

#include "base/assert.h"
#include "meters/electricity/objects_priv.h"

#define MAX_PDU 1024

void mw_electric_objects_init(mw_electric_objects *o, const mw_electric_table *table,
                              const mw_electric_model *model, mw_cosem_device *device) {
    memset(o, 0, sizeof *o);
    o->model = model;
    o->table = table;
    o->device = device;
    device->device = o;
    device->objects = table->objects;
    device->object_count = table->object_count;
    device->clients = table->clients;
    device->client_count = table->client_count;
    if (device->max_pdu == 0)
        device->max_pdu = MAX_PDU;
}

static const mw_electric_number_info infos[] = {
#define X(name, n, type, scaler, unit)                                                             \
    {MW_ELECTRIC_N_##name, n, (uint8_t)MW_COSEM_##type, scaler, unit},
    MW_ELECTRIC_NUMBER_LIST(X)
#undef X
};

const mw_electric_number_info *mw_electric_number_info_of(uint16_t which) {
    size_t low = 0, high = sizeof infos / sizeof infos[0];
    mw_assert(which < MW_ELECTRIC_NUMBERS);
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (infos[middle].first <= which)
            low = middle;
        else
            high = middle;
    }
    return &infos[low];
}

/* ---- Values taken ---- */

mw_electric_take mw_electric_take_bytes(mw_slice bytes) {
    return (mw_electric_take){.c = mw_cosem_cursor_of(bytes, 0)};
}

mw_electric_take mw_electric_take_of(const mw_cosem_item *what) {
    mw_electric_take t = mw_electric_take_bytes(what->data);
    t.bad = !what->has_data;
    return t;
}

static mw_cosem_value next(mw_electric_take *t) {
    mw_cosem_value v = {.tag = MW_COSEM_NULL};
    if (!t->bad && mw_cosem_cursor_next(&t->c, &v) != MW_OK)
        t->bad = true;
    return v;
}

uint32_t mw_electric_take_array(mw_electric_take *t, uint32_t most) {
    mw_cosem_value v = next(t);
    t->bad |= v.tag != MW_COSEM_ARRAY || v.count > most;
    return t->bad ? 0 : v.count;
}

void mw_electric_take_structure(mw_electric_take *t, uint32_t count) {
    mw_cosem_value v = next(t);
    t->bad |= v.tag != MW_COSEM_STRUCTURE || v.count != count;
}

int64_t mw_electric_take_number(mw_electric_take *t, mw_cosem_tag tag) {
    mw_cosem_value v = next(t);
    t->bad |= v.tag != tag;
    return t->bad ? 0 : tag == MW_COSEM_UINT64 ? (int64_t)v.natural : v.number;
}

int64_t mw_electric_take_any(mw_electric_take *t) {
    mw_cosem_value v = next(t);
    int64_t n = 0;
    t->bad |= !mw_cosem_value_is_number(&v) || mw_cosem_value_int64(&v, &n) != MW_OK;
    return n;
}

mw_slice mw_electric_take_octets(mw_electric_take *t, size_t least, size_t most) {
    mw_cosem_value v = next(t);
    t->bad |= v.tag != MW_COSEM_OCTET_STRING || v.bytes.n < least || v.bytes.n > most;
    return t->bad ? (mw_slice){NULL, 0} : v.bytes;
}

/* Minutes that local time is behind UTC. */
static int16_t deviation_at(const mw_electric_objects *o, mw_utc t, bool *out_summer) {
    *out_summer = false;
    if (o->model->calendar == NULL)
        return 0;
    mw_utc from;
    const mw_tariff_calendar *c = o->model->calendar(o->model->meter, false, &from);
    *out_summer = mw_tariff_calendar_local(c, t).summer;
    return (int16_t)(-c->offset_min - (*out_summer ? c->dst_min : 0));
}

mw_cosem_datetime mw_electric_objects_local(const mw_electric_objects *o, mw_utc t,
                                            uint8_t status) {
    bool summer;
    int16_t deviation = deviation_at(o, t, &summer);
    return mw_cosem_datetime_of_utc(t, deviation,
                                    (uint8_t)(status | (summer ? MW_COSEM_CLOCK_SUMMER : 0)));
}

mw_utc mw_electric_take_moment(mw_electric_take *t, const mw_electric_objects *o) {
    mw_cosem_value v = next(t);
    mw_cosem_datetime dt;
    mw_utc at = {0};
    t->bad |= (v.tag != MW_COSEM_OCTET_STRING && v.tag != MW_COSEM_DATE_TIME) ||
              mw_cosem_datetime_decode(v.bytes, &dt) != MW_OK;
    if (t->bad || mw_cosem_datetime_utc(&dt, 0, &at) != MW_OK) {
        t->bad = true;
        return at;
    }
    if (dt.deviation == MW_COSEM_NO_DEVIATION) { /* local: the offset of that moment, found twice */
        bool summer;
        mw_utc guess = at;
        for (int i = 0; i < 2; i++)
            if (mw_cosem_datetime_utc(&dt, deviation_at(o, guess, &summer), &guess) != MW_OK)
                t->bad = true;
        at = guess;
    }
    return at;
}

/* ---- Values put ---- */

void mw_electric_put_moment(mw_cosem_out *out, const mw_electric_objects *o, mw_utc t,
                            uint8_t status) {
    uint8_t b[MW_COSEM_DATETIME_BYTES];
    mw_cosem_datetime dt = mw_electric_objects_local(o, t, status);
    mw_cosem_datetime_encode(&dt, b);
    mw_cosem_put_octets(out, MW_SLICE_OF(b));
}

void mw_electric_put_number(mw_cosem_out *out, uint16_t which, int64_t value) {
    const mw_electric_number_info *n = mw_electric_number_info_of(which);
    if (n->tag == MW_COSEM_UINT32) /* registers roll over at the end of their type */
        value = (int64_t)(uint32_t)value;
    if (n->tag == MW_COSEM_UINT64) { /* a set of bits, the highest of which is a sign to us */
        mw_cosem_put_u64(out, (uint64_t)value);
        return;
    }
    mw_cosem_put_int(out, (mw_cosem_tag)n->tag, value);
}

uint8_t mw_electric_put_current(const mw_electric_objects *o, uint16_t which, mw_cosem_out *out) {
    const mw_electric_model *m = o->model;
    if (mw_electric_number_info_of(which)->tag == MW_COSEM_DATE_TIME) {
        static const uint8_t never[MW_COSEM_DATETIME_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                               0xff, 0xff, 0xff, 0x80, 0x00, 0xff};
        mw_utc at;
        if (m->moment == NULL || !m->moment(m->meter, (mw_electric_number)which, &at))
            mw_cosem_put_octets(out, MW_SLICE_OF(never));
        else
            mw_electric_put_moment(out, o, at, 0);
        return MW_COSEM_DONE;
    }
    int64_t value;
    if (m->number == NULL || !m->number(m->meter, (mw_electric_number)which, &value))
        return MW_COSEM_TEMPORARY_FAILURE;
    mw_electric_put_number(out, which, value);
    return MW_COSEM_DONE;
}

uint8_t mw_electric_number_take(const mw_electric_objects *o, uint16_t which,
                                const mw_cosem_item *what) {
    mw_electric_take t = mw_electric_take_of(what);
    int64_t value =
        mw_electric_take_number(&t, (mw_cosem_tag)mw_electric_number_info_of(which)->tag);
    if (t.bad)
        return MW_COSEM_TYPE_UNMATCHED;
    return o->model->number_set == NULL
               ? MW_COSEM_DENIED
               : o->model->number_set(o->model->meter, (mw_electric_number)which, value);
}

static bool shows_number(const mw_cosem_object *o) {
    return o->functions == &mw_electric_register || o->functions == &mw_electric_extended ||
           o->functions == &mw_electric_demand ||
           (o->functions == &mw_electric_data && o->item < MW_ELECTRIC_TEXT_ITEM);
}

const mw_cosem_object *mw_electric_object_of_number(const mw_electric_objects *o, uint16_t which) {
    for (size_t i = 0; i < o->table->object_count; i++)
        if (o->table->objects[i].item == which && shows_number(&o->table->objects[i]))
            return &o->table->objects[i];
    return NULL;
}

uint16_t mw_electric_number_of(const mw_electric_objects *o, uint16_t class_id, mw_slice name) {
    mw_obis code;
    if (mw_obis_of_bytes(name, &code) != MW_OK)
        return MW_ELECTRIC_NUMBERS;
    for (size_t i = 0; i < o->table->object_count; i++) {
        const mw_cosem_object *x = &o->table->objects[i];
        if (x->class_id == class_id && mw_obis_equal(x->name, code) && shows_number(x))
            return x->item;
    }
    return MW_ELECTRIC_NUMBERS;
}

/* ---- Class 1, 3, 4, 5 ---- */

static uint8_t data_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                        mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    uint8_t text[64];
    (void)what;
    if (x->item < MW_ELECTRIC_TEXT_ITEM)
        return mw_electric_put_current(o, x->item, out);
    if (o->model->text == NULL)
        return MW_COSEM_UNAVAILABLE;
    size_t n = o->model->text(o->model->meter, (mw_electric_text)(x->item - MW_ELECTRIC_TEXT_ITEM),
                              (mw_span){text, sizeof text});
    mw_cosem_put_octets(out, (mw_slice){text, n});
    return MW_COSEM_DONE;
}

static uint8_t data_set(void *device, const mw_cosem_object *x, const mw_cosem_item *what) {
    const mw_electric_objects *o = device;
    if (x->item < MW_ELECTRIC_TEXT_ITEM)
        return mw_electric_number_take(o, x->item, what);
    mw_electric_take t = mw_electric_take_of(what);
    mw_slice text = mw_electric_take_octets(&t, 0, 64);
    if (t.bad)
        return MW_COSEM_TYPE_UNMATCHED;
    return o->model->text_set == NULL
               ? MW_COSEM_DENIED
               : o->model->text_set(o->model->meter,
                                    (mw_electric_text)(x->item - MW_ELECTRIC_TEXT_ITEM), text);
}

const mw_cosem_functions mw_electric_data = {data_get, data_set, NULL};

static void put_scale(uint16_t which, mw_cosem_out *out) {
    const mw_electric_number_info *n = mw_electric_number_info_of(which);
    mw_cosem_put_scaler_unit(out, n->scaler, n->unit);
}

static uint8_t register_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                            mw_cosem_out *out) {
    if (what->member == 2)
        return mw_electric_put_current(device, x->item, out);
    put_scale(x->item, out);
    return MW_COSEM_DONE;
}

static uint8_t register_set(void *device, const mw_cosem_object *x, const mw_cosem_item *what) {
    return what->member == 2 ? mw_electric_number_take(device, x->item, what) : MW_COSEM_DENIED;
}

const mw_cosem_functions mw_electric_register = {register_get, register_set, NULL};

static void put_moment_of(const mw_electric_objects *o, uint16_t which, mw_cosem_out *out) {
    mw_utc at = {0};
    if (o->model->moment != NULL)
        (void)o->model->moment(o->model->meter, (mw_electric_number)which, &at);
    mw_electric_put_moment(out, o, at, 0);
}

static uint8_t extended_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                            mw_cosem_out *out) {
    if (what->member <= 3)
        return register_get(device, x, what, out);
    if (what->member == 4)
        mw_cosem_put_int(out, MW_COSEM_UINT8, 0);
    else
        put_moment_of(device, x->item, out);
    return MW_COSEM_DONE;
}

const mw_cosem_functions mw_electric_extended = {extended_get, NULL, NULL};

static uint8_t demand_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                          mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    const mw_electric_model *m = o->model;
    int64_t minutes = 0;
    switch (what->member) {
    case 2:
        return mw_electric_put_current(o, x->item, out);
    case 3:
        return mw_electric_put_current(o, MW_ELECTRIC_N_DEMAND_LAST, out);
    case 4:
        put_scale(x->item, out);
        break;
    case 5:
        mw_cosem_put_int(out, MW_COSEM_UINT8, 0);
        break;
    case 6:
        put_moment_of(o, MW_ELECTRIC_N_DEMAND_LAST, out);
        break;
    case 7:
        put_moment_of(o, x->item, out);
        break;
    case 8:
        if (m->number == NULL || !m->number(m->meter, MW_ELECTRIC_N_DEMAND_PERIOD, &minutes))
            return MW_COSEM_TEMPORARY_FAILURE;
        mw_cosem_put_int(out, MW_COSEM_UINT32, minutes * 60);
        break;
    default:
        mw_cosem_put_int(out, MW_COSEM_UINT16, 1);
        break;
    }
    return MW_COSEM_DONE;
}

const mw_cosem_functions mw_electric_demand = {demand_get, NULL, NULL};

mw_cosem_title mw_electric_title(uint32_t serial) {
    mw_cosem_title title = {{'M', 'W', 'X'}};
    for (unsigned i = 0; i < 4; i++)
        title.b[4 + i] = (uint8_t)(serial >> (24 - 8 * i));
    return title;
}
