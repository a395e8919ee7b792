/* SPDX-License-Identifier: Apache-2.0
 * Activity calendar (class 20). The meter's calendar has a season with its own week; COSEM has
 * seasons that name weeks. What is written comes attribute by attribute into a draft and becomes a
 * calendar when its moment is written (attribute 10) or it is activated (method 1). */
#include <string.h>

#include "meters/electricity/objects_priv.h"

#define TARIFF_SCRIPTS 100 /* 0.0.10.0.100.255 */

static mw_slice letter(uint8_t *room, unsigned i) {
    room[0] = (uint8_t)(i + 1);
    return (mw_slice){room, 1};
}

static void put_seasons(mw_cosem_out *out, const mw_tariff_calendar *c) {
    mw_cosem_put_array(out, c->seasons);
    for (unsigned i = 0; i < c->seasons; i++) {
        uint8_t name[1];
        const uint8_t start[12] = {
            0xff, 0xff, c->season[i].month, c->season[i].day, 0xff, 0, 0, 0, 0, 0x80, 0, 0xff};
        mw_cosem_put_structure(out, 3);
        mw_cosem_put_octets(out, letter(name, i));
        mw_cosem_put_octets(out, MW_SLICE_OF(start));
        mw_cosem_put_octets(out, letter(name, i));
    }
}

static void put_weeks(mw_cosem_out *out, const mw_tariff_calendar *c) {
    mw_cosem_put_array(out, c->seasons);
    for (unsigned i = 0; i < c->seasons; i++) {
        uint8_t name[1];
        mw_cosem_put_structure(out, 8);
        mw_cosem_put_octets(out, letter(name, i));
        for (unsigned d = 0; d < 7; d++)
            mw_cosem_put_int(out, MW_COSEM_UINT8, c->season[i].program[d]);
    }
}

static void put_days(mw_cosem_out *out, const mw_tariff_calendar *c) {
    mw_cosem_put_array(out, c->programs);
    for (unsigned i = 0; i < c->programs; i++) {
        unsigned changes = 1;
        for (unsigned z = 1; z < MW_TARIFF_ZONES; z++)
            changes += mw_tariff_program_get(c->program[i], z) !=
                       mw_tariff_program_get(c->program[i], z - 1);
        mw_cosem_put_structure(out, 2);
        mw_cosem_put_int(out, MW_COSEM_UINT8, i);
        mw_cosem_put_array(out, changes);
        for (unsigned z = 0; z < MW_TARIFF_ZONES; z++) {
            uint8_t tariff = mw_tariff_program_get(c->program[i], z);
            if (z != 0 && tariff == mw_tariff_program_get(c->program[i], z - 1))
                continue;
            const uint8_t start[4] = {(uint8_t)(z / 2), (uint8_t)(z % 2 * 30), 0, 0};
            mw_cosem_put_structure(out, 3);
            mw_cosem_put_octets(out, MW_SLICE_OF(start));
            mw_cosem_put_obis(out, MW_OBIS(0, 0, 10, 0, TARIFF_SCRIPTS, 255));
            mw_cosem_put_int(out, MW_COSEM_UINT16, tariff + 1);
        }
    }
}

static void put_name(mw_cosem_out *out, const mw_tariff_calendar *c) {
    size_t n = 0;
    while (n < sizeof c->name && c->name[n] != 0)
        n++;
    mw_cosem_put_octets(out, (mw_slice){(const uint8_t *)c->name, n});
}

static uint8_t activity_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                            mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    static const uint8_t never[MW_COSEM_DATETIME_BYTES] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                           0xff, 0xff, 0xff, 0x80, 0x00, 0xff};
    mw_utc from = {0};
    (void)x;
    if (o->model->calendar == NULL)
        return MW_COSEM_UNAVAILABLE;
    bool passive = what->member >= 6;
    const mw_tariff_calendar *waiting = o->model->calendar(o->model->meter, true, &from);
    if (what->member == 10) {
        if (waiting == NULL)
            mw_cosem_put_octets(out, MW_SLICE_OF(never));
        else
            mw_electric_put_moment(out, o, from, 0);
        return MW_COSEM_DONE;
    }
    mw_utc ignored;
    const mw_tariff_calendar *c = !passive ? o->model->calendar(o->model->meter, false, &ignored)
                                  : waiting != NULL ? waiting
                                                    : NULL;
    if (c == NULL) { /* no passive one */
        if (what->member == 6)
            mw_cosem_put_octets(out, (mw_slice){NULL, 0});
        else
            mw_cosem_put_array(out, 0);
        return MW_COSEM_DONE;
    }
    switch (passive ? what->member - 4 : what->member) {
    case 2:
        put_name(out, c);
        break;
    case 3:
        put_seasons(out, c);
        break;
    case 4:
        put_weeks(out, c);
        break;
    default:
        put_days(out, c);
        break;
    }
    return MW_COSEM_DONE;
}

/* ---- The draft ---- */

static void begin(mw_electric_objects *o) {
    mw_electric_draft *d = &o->draft;
    mw_utc from;
    if (d->begun)
        return;
    memset(d, 0, sizeof *d);
    d->calendar = *o->model->calendar(o->model->meter, false, &from);
    d->weeks = d->calendar.seasons;
    for (unsigned i = 0; i < d->weeks; i++) {
        d->week_name[i][0] = d->week_of[i][0] = (uint8_t)(i + 1);
        d->week_name_n[i] = d->week_of_n[i] = 1;
        memcpy(d->week[i], d->calendar.season[i].program, 7);
    }
    d->begun = true;
}

static void take_name(mw_electric_take *t, uint8_t name[8], uint8_t *out_n) {
    mw_slice s = mw_electric_take_octets(t, 0, 8);
    memset(name, 0, 8);
    if (!t->bad && s.n != 0)
        memcpy(name, s.p, s.n);
    *out_n = (uint8_t)s.n;
}

static void take_seasons(mw_electric_take *t, mw_electric_draft *d) {
    uint32_t n = mw_electric_take_array(t, MW_TARIFF_SEASONS_MAX);
    for (uint32_t i = 0; i < n && !t->bad; i++) {
        mw_electric_take_structure(t, 3);
        take_name(t, d->season_name[i], &d->season_name_n[i]);
        mw_slice start = mw_electric_take_octets(t, 12, 12);
        take_name(t, d->week_of[i], &d->week_of_n[i]);
        if (t->bad)
            return;
        d->calendar.season[i].month = start.p[2];
        d->calendar.season[i].day = start.p[3];
    }
    d->calendar.seasons = (uint8_t)n;
}

static void take_weeks(mw_electric_take *t, mw_electric_draft *d) {
    uint32_t n = mw_electric_take_array(t, MW_TARIFF_SEASONS_MAX);
    for (uint32_t i = 0; i < n && !t->bad; i++) {
        mw_electric_take_structure(t, 8);
        take_name(t, d->week_name[i], &d->week_name_n[i]);
        for (unsigned k = 0; k < 7; k++)
            d->week[i][k] = (uint8_t)mw_electric_take_number(t, MW_COSEM_UINT8);
    }
    d->weeks = (uint8_t)n;
}

/* A day: its id is the program's number; actions are at half-hours and name a tariff script. */
static void take_day(mw_electric_take *t, mw_electric_draft *d, uint32_t most) {
    mw_electric_take_structure(t, 2);
    int64_t id = mw_electric_take_number(t, MW_COSEM_UINT8);
    uint32_t actions = mw_electric_take_array(t, MW_TARIFF_ZONES);
    t->bad |= id >= most || actions == 0;
    unsigned before = 0;
    for (uint32_t k = 0; k < actions && !t->bad; k++) {
        mw_electric_take_structure(t, 3);
        mw_slice start = mw_electric_take_octets(t, 4, 4);
        mw_slice script = mw_electric_take_octets(t, 6, 6);
        int64_t tariff = mw_electric_take_number(t, MW_COSEM_UINT16);
        if (t->bad)
            return;
        unsigned zone = start.p[0] * 2u + start.p[1] / 30u;
        t->bad |= start.p[0] > 23 || start.p[1] % 30 != 0 || start.p[2] != 0 || tariff < 1 ||
                  tariff > MW_TARIFFS || script.p[4] != TARIFF_SCRIPTS ||
                  (k == 0 ? zone != 0 : zone <= before);
        for (unsigned z = zone; z < MW_TARIFF_ZONES && !t->bad; z++)
            mw_tariff_program_set(d->calendar.program[id], z, (uint8_t)(tariff - 1));
        before = zone;
    }
}

static uint8_t program(mw_electric_objects *o, mw_utc from) {
    mw_electric_draft *d = &o->draft;
    mw_tariff_calendar *c = &d->calendar;
    for (unsigned s = 0; s < c->seasons; s++) {
        unsigned w = 0;
        while (w < d->weeks && (d->week_name_n[w] != d->week_of_n[s] ||
                                memcmp(d->week_name[w], d->week_of[s], 8) != 0))
            w++;
        if (w == d->weeks)
            return MW_COSEM_OTHER_REASON; /* a week that is not there */
        memcpy(c->season[s].program, d->week[w], 7);
    }
    if (mw_tariff_calendar_check(c) != MW_OK)
        return MW_COSEM_OTHER_REASON;
    uint8_t result = o->model->calendar_set(o->model->meter, c, from);
    d->begun = d->begun && result != MW_COSEM_DONE;
    return result;
}

static uint8_t activity_set(void *device, const mw_cosem_object *x, const mw_cosem_item *what) {
    mw_electric_objects *o = device;
    (void)x;
    if (o->model->calendar == NULL || o->model->calendar_set == NULL)
        return MW_COSEM_DENIED;
    mw_electric_take t = mw_electric_take_of(what);
    if (what->member == 10) {
        mw_utc from = mw_electric_take_moment(&t, o);
        return t.bad             ? MW_COSEM_TYPE_UNMATCHED
               : !o->draft.begun ? MW_COSEM_UNAVAILABLE
                                 : program(o, from);
    }
    begin(o);
    mw_electric_draft *d = &o->draft;
    uint32_t days = 0;
    switch (what->member) {
    case 6: {
        mw_slice name = mw_electric_take_octets(&t, 0, sizeof d->calendar.name);
        if (!t.bad) {
            memset(d->calendar.name, 0, sizeof d->calendar.name);
            if (name.n != 0)
                memcpy(d->calendar.name, name.p, name.n);
        }
        break;
    }
    case 7:
        take_seasons(&t, d);
        break;
    case 8:
        take_weeks(&t, d);
        break;
    default:
        days = mw_electric_take_array(&t, MW_TARIFF_PROGRAMS_MAX);
        for (uint32_t i = 0; i < days && !t.bad; i++)
            take_day(&t, d, days);
        d->calendar.programs = (uint8_t)days;
        break;
    }
    if (t.bad)
        d->begun = false; /* half written: the draft begins again */
    return t.bad ? MW_COSEM_TYPE_UNMATCHED : MW_COSEM_DONE;
}

static uint8_t activity_act(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                            mw_cosem_out *out) {
    mw_electric_objects *o = device;
    uint8_t status;
    mw_utc from;
    (void)x, (void)what, (void)out;
    if (o->model->calendar == NULL || o->model->calendar_set == NULL)
        return MW_COSEM_DENIED;
    mw_utc now = o->model->now(o->model->meter, &status);
    if (o->draft.begun)
        return program(o, now);
    const mw_tariff_calendar *waiting = o->model->calendar(o->model->meter, true, &from);
    return waiting == NULL ? MW_COSEM_UNAVAILABLE
                           : o->model->calendar_set(o->model->meter, waiting, now);
}

const mw_cosem_functions mw_electric_activity = {activity_get, activity_set, activity_act};
