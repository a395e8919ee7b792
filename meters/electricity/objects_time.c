/* SPDX-License-Identifier: Apache-2.0
 * Clock (class 8), special days (11) and activity calendar (20) over one mw_tariff_calendar. */
#include <string.h>

#include "meters/electricity/objects_priv.h"

/* ---- Clock ---- */

static const mw_tariff_calendar *calendar_of(const mw_electric_objects *o, bool passive,
                                             mw_utc *out_from) {
    return o->model->calendar == NULL ? NULL
                                      : o->model->calendar(o->model->meter, passive, out_from);
}

/* When summer time begins or ends, with wildcards, in the local time that holds before it. */
static void put_change(mw_cosem_out *out, const mw_tariff_calendar *c,
                       const mw_tariff_change *change, int minutes) {
    mw_cosem_datetime dt = {.year = MW_COSEM_ANY_YEAR,
                            .month = MW_COSEM_ANY,
                            .day = MW_COSEM_ANY,
                            .weekday = MW_COSEM_ANY,
                            .deviation = MW_COSEM_NO_DEVIATION,
                            .status = 0};
    if (c->dst_min != 0) {
        int at = change->utc_hour * 60 + minutes;
        dt.month = change->month;
        dt.weekday = (uint8_t)(change->weekday + 1);
        dt.day = change->week == 5 ? MW_COSEM_LAST_DAY : (uint8_t)((change->week - 1) * 7 + 1);
        dt.hour = (uint8_t)((at + 1440) % 1440 / 60);
        dt.minute = (uint8_t)((at + 1440) % 60);
    }
    uint8_t b[MW_COSEM_DATETIME_BYTES];
    mw_cosem_datetime_encode(&dt, b);
    mw_cosem_put_octets(out, MW_SLICE_OF(b));
}

static uint8_t take_change(mw_slice bytes, int minutes, mw_tariff_change *change) {
    mw_cosem_datetime dt;
    if (mw_cosem_datetime_decode(bytes, &dt) != MW_OK)
        return MW_COSEM_OTHER_REASON;
    int at = dt.hour * 60 + dt.minute - minutes;
    bool last = dt.day == MW_COSEM_LAST_DAY;
    if (dt.month < 1 || dt.month > 12 || dt.weekday < 1 || dt.weekday > 7 || at < 0 || at >= 1440 ||
        at % 60 != 0 || (!last && (dt.day < 1 || dt.day > 22 || dt.day % 7 != 1)))
        return MW_COSEM_OTHER_REASON;
    *change = (mw_tariff_change){.month = dt.month,
                                 .week = last ? 5 : (uint8_t)(dt.day / 7 + 1),
                                 .weekday = (uint8_t)(dt.weekday - 1),
                                 .utc_hour = (uint8_t)(at / 60)};
    return MW_COSEM_DONE;
}

static uint8_t clock_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                         mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    uint8_t status = 0;
    mw_utc from, now = o->model->now(o->model->meter, &status);
    const mw_tariff_calendar *c = calendar_of(o, false, &from);
    (void)x;
    if (c == NULL && what->member != 2)
        return MW_COSEM_UNAVAILABLE;
    switch (what->member) {
    case 2:
        mw_electric_put_moment(out, o, now, status);
        break;
    case 3:
        mw_cosem_put_int(out, MW_COSEM_INT16, -c->offset_min);
        break;
    case 4:
        mw_cosem_put_int(out, MW_COSEM_UINT8, mw_electric_objects_local(o, now, status).status);
        break;
    case 5:
        put_change(out, c, &c->dst_begin, c->offset_min);
        break;
    case 6:
        put_change(out, c, &c->dst_end, c->offset_min + c->dst_min);
        break;
    case 7:
        mw_cosem_put_int(out, MW_COSEM_INT8, c->dst_min);
        break;
    case 8:
        mw_cosem_put_boolean(out, c->dst_min != 0);
        break;
    default:
        mw_cosem_put_enum(out, 1); /* internal crystal */
        break;
    }
    return MW_COSEM_DONE;
}

/* Zone and summer time are the calendar's: it is written anew. */
static uint8_t zone_set(const mw_electric_objects *o, const mw_cosem_item *what) {
    mw_utc from;
    const mw_tariff_calendar *active = calendar_of(o, false, &from);
    if (active == NULL || o->model->calendar_set == NULL)
        return MW_COSEM_DENIED;
    mw_tariff_calendar c = *active;
    mw_electric_take t = mw_electric_take_of(what);
    uint8_t result = MW_COSEM_DONE;
    if (what->member == 3)
        c.offset_min = (int16_t)-mw_electric_take_number(&t, MW_COSEM_INT16);
    else if (what->member == 7)
        c.dst_min = (uint8_t)mw_electric_take_number(&t, MW_COSEM_INT8);
    else if (what->member == 8)
        c.dst_min =
            mw_electric_take_number(&t, MW_COSEM_BOOLEAN) ? (c.dst_min ? c.dst_min : 60) : 0;
    else {
        mw_slice b = mw_electric_take_octets(&t, 12, 12);
        if (!t.bad)
            result = what->member == 5
                         ? take_change(b, c.offset_min, &c.dst_begin)
                         : take_change(b, c.offset_min + (c.dst_min ? c.dst_min : 60), &c.dst_end);
    }
    if (t.bad)
        return MW_COSEM_TYPE_UNMATCHED;
    if (result == MW_COSEM_DONE && mw_tariff_calendar_check(&c) != MW_OK)
        result = MW_COSEM_OTHER_REASON;
    uint8_t status;
    return result != MW_COSEM_DONE
               ? result
               : o->model->calendar_set(o->model->meter, &c,
                                        o->model->now(o->model->meter, &status));
}

static uint8_t clock_set(void *device, const mw_cosem_object *x, const mw_cosem_item *what) {
    const mw_electric_objects *o = device;
    (void)x;
    if (what->member != 2)
        return zone_set(o, what);
    mw_electric_take t = mw_electric_take_of(what);
    mw_utc at = mw_electric_take_moment(&t, o);
    if (t.bad)
        return MW_COSEM_TYPE_UNMATCHED;
    return o->model->clock_set == NULL ? MW_COSEM_DENIED : o->model->clock_set(o->model->meter, at);
}

#define SHIFT_MAX_S 900

static uint8_t clock_act(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                         mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    uint8_t status;
    mw_utc now = o->model->now(o->model->meter, &status);
    int64_t step = 0, minutes = 1;
    (void)x, (void)out;
    if (o->model->clock_set == NULL)
        return MW_COSEM_DENIED;
    if (what->member == 6) {
        mw_electric_take t = mw_electric_take_of(what);
        int64_t shift = mw_electric_take_number(&t, MW_COSEM_INT16);
        if (t.bad)
            return MW_COSEM_TYPE_UNMATCHED;
        if (shift < -SHIFT_MAX_S || shift > SHIFT_MAX_S)
            return MW_COSEM_OTHER_REASON;
        return o->model->clock_set(o->model->meter, (mw_utc){now.us + shift * 1000000});
    }
    if (what->member == 1)
        minutes = 15;
    else if (what->member == 2 &&
             (o->model->number == NULL ||
              !o->model->number(o->model->meter, MW_ELECTRIC_N_LOAD_PERIOD, &minutes)))
        return MW_COSEM_TEMPORARY_FAILURE;
    else if (what->member > 3)
        return MW_COSEM_DENIED;
    step = minutes * 60 * 1000000; /* to the nearest */
    int64_t rest = ((now.us % step) + step) % step;
    return o->model->clock_set(o->model->meter,
                               (mw_utc){rest * 2 < step ? now.us - rest : now.us - rest + step});
}

const mw_cosem_functions mw_electric_clock = {clock_get, clock_set, clock_act};

/* ---- Special days ---- */

static void put_date(mw_cosem_out *out, unsigned year, unsigned month, unsigned day) {
    const uint8_t b[5] = {(uint8_t)(year >> 8), (uint8_t)year, (uint8_t)month, (uint8_t)day,
                          MW_COSEM_ANY};
    mw_cosem_put_octets(out, MW_SLICE_OF(b));
}

static uint8_t specials_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                            mw_cosem_out *out) {
    mw_utc from;
    const mw_tariff_calendar *c = calendar_of(device, false, &from);
    (void)x, (void)what;
    if (c == NULL)
        return MW_COSEM_UNAVAILABLE;
    mw_cosem_put_array(out, c->specials);
    for (unsigned i = 0; i < c->specials; i++) {
        const mw_tariff_special *s = &c->special[i];
        mw_cosem_put_structure(out, 3);
        mw_cosem_put_int(out, MW_COSEM_UINT16, i);
        put_date(out, s->year ? s->year : MW_COSEM_ANY_YEAR, s->month, s->day);
        mw_cosem_put_int(out, MW_COSEM_UINT8, s->program);
    }
    return MW_COSEM_DONE;
}

/* {index, date, day}; the index is where it goes. */
static uint8_t take_special(mw_electric_take *t, unsigned *out_index, mw_tariff_special *out) {
    mw_electric_take_structure(t, 3);
    *out_index = (unsigned)mw_electric_take_number(t, MW_COSEM_UINT16);
    mw_slice date = mw_electric_take_octets(t, 5, 5);
    int64_t program = mw_electric_take_number(t, MW_COSEM_UINT8);
    if (t->bad)
        return MW_COSEM_TYPE_UNMATCHED;
    unsigned year = (unsigned)date.p[0] << 8 | date.p[1];
    *out = (mw_tariff_special){.year = (uint16_t)(year == MW_COSEM_ANY_YEAR ? 0 : year),
                               .month = date.p[2],
                               .day = date.p[3],
                               .program = (uint8_t)program};
    return MW_COSEM_DONE;
}

static uint8_t specials_write(const mw_electric_objects *o, const mw_tariff_calendar *c) {
    uint8_t status;
    if (o->model->calendar_set == NULL)
        return MW_COSEM_DENIED;
    if (mw_tariff_calendar_check(c) != MW_OK)
        return MW_COSEM_OTHER_REASON;
    return o->model->calendar_set(o->model->meter, c, o->model->now(o->model->meter, &status));
}

static uint8_t specials_set(void *device, const mw_cosem_object *x, const mw_cosem_item *what) {
    const mw_electric_objects *o = device;
    mw_utc from;
    const mw_tariff_calendar *active = calendar_of(o, false, &from);
    (void)x;
    if (active == NULL)
        return MW_COSEM_UNAVAILABLE;
    mw_tariff_calendar c = *active;
    mw_electric_take t = mw_electric_take_of(what);
    uint32_t n = mw_electric_take_array(&t, MW_TARIFF_SPECIALS_MAX);
    if (t.bad)
        return MW_COSEM_TYPE_UNMATCHED;
    for (uint32_t i = 0; i < n; i++) {
        unsigned index;
        uint8_t result = take_special(&t, &index, &c.special[i]);
        if (result != MW_COSEM_DONE)
            return result;
    }
    c.specials = (uint8_t)n;
    return specials_write(o, &c);
}

static uint8_t specials_act(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                            mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    mw_utc from;
    const mw_tariff_calendar *active = calendar_of(o, false, &from);
    (void)x, (void)out;
    if (active == NULL)
        return MW_COSEM_UNAVAILABLE;
    mw_tariff_calendar c = *active;
    mw_electric_take t = mw_electric_take_of(what);
    unsigned index;
    if (what->member == 1) { /* insert, or replace */
        mw_tariff_special s;
        uint8_t result = take_special(&t, &index, &s);
        if (result != MW_COSEM_DONE)
            return result;
        if (index > c.specials)
            index = c.specials;
        if (index >= MW_TARIFF_SPECIALS_MAX)
            return MW_COSEM_OTHER_REASON;
        c.special[index] = s;
        c.specials = (uint8_t)(index == c.specials ? c.specials + 1 : c.specials);
    } else {
        index = (unsigned)mw_electric_take_number(&t, MW_COSEM_UINT16);
        if (t.bad || index >= c.specials)
            return MW_COSEM_OTHER_REASON;
        memmove(&c.special[index], &c.special[index + 1],
                (c.specials - index - 1u) * sizeof c.special[0]);
        c.specials--;
    }
    return specials_write(o, &c);
}

const mw_cosem_functions mw_electric_specials = {specials_get, specials_set, specials_act};
