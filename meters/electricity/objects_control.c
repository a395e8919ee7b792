/* SPDX-License-Identifier: Apache-2.0
 * What acts: scripts (class 9), register monitors (21), schedules (22), disconnect control (70) and
 * limiters (71). */
#include <string.h>

#include "meters/electricity/objects_priv.h"

static const uint8_t script_codes[MW_ELECTRIC_SCRIPT_TABLES] = {0, 1, 100, 106, 107, 108};

void mw_electric_put_script(mw_cosem_out *out, uint8_t table, uint16_t script) {
    mw_cosem_put_structure(out, 2);
    mw_cosem_put_obis(out, MW_OBIS(0, 0, 10, 0, script_codes[table], 255));
    mw_cosem_put_int(out, MW_COSEM_UINT16, script);
}

/* ---- Scripts: {script, [{service, class, name, member, parameter}]} ---- */

static unsigned scripts_of(unsigned table) {
    return table == MW_ELECTRIC_SCRIPT_TARIFF  ? MW_TARIFFS
           : table == MW_ELECTRIC_SCRIPT_RELAY ? 2
                                               : 1;
}

static void put_action(mw_cosem_out *out, uint16_t class_id, mw_obis name, unsigned member) {
    mw_cosem_put_structure(out, 5);
    mw_cosem_put_enum(out, 2); /* execute */
    mw_cosem_put_int(out, MW_COSEM_UINT16, class_id);
    mw_cosem_put_obis(out, name);
    mw_cosem_put_int(out, MW_COSEM_INT8, member);
    mw_cosem_put_int(out, MW_COSEM_INT8, 0);
}

static uint8_t script_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                          mw_cosem_out *out) {
    (void)device, (void)what;
    unsigned n = scripts_of(x->item);
    mw_cosem_put_array(out, n);
    for (unsigned i = 1; i <= n; i++) {
        mw_cosem_put_structure(out, 2);
        mw_cosem_put_int(out, MW_COSEM_UINT16, i);
        switch (x->item) {
        case MW_ELECTRIC_SCRIPT_RELAY:
            mw_cosem_put_array(out, 1);
            put_action(out, 70, MW_OBIS(0, 0, 96, 3, 10, 255), i);
            break;
        case MW_ELECTRIC_SCRIPT_IMAGE:
            mw_cosem_put_array(out, 1);
            put_action(out, 18, MW_OBIS(0, 0, 44, 0, 0, 255), 4);
            break;
        case MW_ELECTRIC_SCRIPT_PUSH:
            mw_cosem_put_array(out, 1);
            put_action(out, 40, MW_OBIS(0, 0, 25, 9, 0, 255), 1);
            break;
        case MW_ELECTRIC_SCRIPT_BILLING:
            mw_cosem_put_array(out, 1);
            put_action(out, 7, MW_OBIS(1, 0, 98, 1, 0, 255), 2);
            break;
        default: /* the meter's own doing */
            mw_cosem_put_array(out, 0);
            break;
        }
    }
    return MW_COSEM_DONE;
}

static uint8_t script_act(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                          mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    (void)out;
    mw_electric_take t = mw_electric_take_of(what);
    int64_t script = mw_electric_take_number(&t, MW_COSEM_UINT16);
    if (t.bad)
        return MW_COSEM_TYPE_UNMATCHED;
    if (script < 1 || script > scripts_of(x->item))
        return MW_COSEM_UNDEFINED;
    return o->model->script == NULL
               ? MW_COSEM_DENIED
               : o->model->script(o->model->meter, (mw_electric_script_table)x->item,
                                  (uint16_t)script);
}

const mw_cosem_functions mw_electric_script = {script_get, NULL, script_act};

/* ---- Disconnect control ---- */

static uint8_t disconnect_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                              mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    mw_electric_relay r;
    (void)x;
    if (o->model->relay == NULL)
        return MW_COSEM_UNAVAILABLE;
    o->model->relay(o->model->meter, &r);
    if (what->member == 2)
        mw_cosem_put_boolean(out, r.output);
    else
        mw_cosem_put_enum(out, what->member == 3 ? r.state : r.mode);
    return MW_COSEM_DONE;
}

static uint8_t disconnect_set(void *device, const mw_cosem_object *x, const mw_cosem_item *what) {
    const mw_electric_objects *o = device;
    (void)x;
    mw_electric_take t = mw_electric_take_of(what);
    int64_t mode = mw_electric_take_number(&t, MW_COSEM_ENUM);
    if (t.bad)
        return MW_COSEM_TYPE_UNMATCHED;
    if (what->member != 4 || o->model->relay_mode == NULL)
        return MW_COSEM_DENIED;
    return mode > 6 ? MW_COSEM_OTHER_REASON : o->model->relay_mode(o->model->meter, (uint8_t)mode);
}

static uint8_t disconnect_act(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                              mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    (void)x, (void)out;
    return o->model->relay_do == NULL ? MW_COSEM_DENIED
                                      : o->model->relay_do(o->model->meter, what->member == 2);
}

const mw_cosem_functions mw_electric_disconnect = {disconnect_get, disconnect_set, disconnect_act};

/* ---- Watched values ---- */

static void put_watched(const mw_electric_objects *o, uint16_t which, mw_cosem_out *out) {
    const mw_cosem_object *x = mw_electric_object_of_number(o, which);
    mw_cosem_put_structure(out, 3);
    mw_cosem_put_int(out, MW_COSEM_UINT16, x == NULL ? 0 : x->class_id);
    mw_cosem_put_obis(out, x == NULL ? MW_OBIS(0, 0, 0, 0, 0, 0) : x->name);
    mw_cosem_put_int(out, MW_COSEM_INT8, x == NULL ? 0 : 2);
}

static uint8_t take_watched(const mw_electric_objects *o, mw_electric_take *t, uint16_t *which) {
    mw_electric_take_structure(t, 3);
    int64_t class_id = mw_electric_take_number(t, MW_COSEM_UINT16);
    mw_slice name = mw_electric_take_octets(t, 6, 6);
    int64_t attribute = mw_electric_take_number(t, MW_COSEM_INT8);
    if (t->bad)
        return MW_COSEM_TYPE_UNMATCHED;
    *which = mw_electric_number_of(o, (uint16_t)class_id, name);
    return *which == MW_ELECTRIC_NUMBERS || attribute != 2 ? MW_COSEM_OTHER_REASON : MW_COSEM_DONE;
}

static uint16_t take_script(mw_electric_take *t) {
    mw_electric_take_structure(t, 2);
    mw_slice table = mw_electric_take_octets(t, 6, 6);
    int64_t script = mw_electric_take_number(t, MW_COSEM_UINT16);
    t->bad |= !t->bad && (script > 2 || table.p[4] != script_codes[MW_ELECTRIC_SCRIPT_RELAY]);
    return (uint16_t)script;
}

static uint8_t monitor_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                           mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    mw_electric_monitor m;
    if (o->model->monitor == NULL || !o->model->monitor(o->model->meter, x->item, &m))
        return MW_COSEM_UNAVAILABLE;
    if (what->member == 2) {
        int64_t limit = 0;
        if (o->model->number == NULL ||
            !o->model->number(o->model->meter,
                              (mw_electric_number)(MW_ELECTRIC_N_MONITOR_LIMIT + x->item), &limit))
            return MW_COSEM_TEMPORARY_FAILURE;
        mw_cosem_put_array(out, 1);
        mw_electric_put_number(out, m.watched, limit);
    } else if (what->member == 3) {
        put_watched(o, m.watched, out);
    } else {
        mw_cosem_put_array(out, 1);
        mw_cosem_put_structure(out, 2);
        mw_electric_put_script(out, MW_ELECTRIC_SCRIPT_RELAY, m.up_script);
        mw_electric_put_script(out, MW_ELECTRIC_SCRIPT_RELAY, m.down_script);
    }
    return MW_COSEM_DONE;
}

static uint8_t monitor_set(void *device, const mw_cosem_object *x, const mw_cosem_item *what) {
    const mw_electric_objects *o = device;
    mw_electric_monitor m;
    uint8_t result = MW_COSEM_DONE;
    if (o->model->monitor_set == NULL || o->model->number_set == NULL ||
        !o->model->monitor(o->model->meter, x->item, &m))
        return MW_COSEM_DENIED;
    mw_electric_take t = mw_electric_take_of(what);
    if (what->member == 2) {
        t.bad |= mw_electric_take_array(&t, 1) != 1;
        int64_t limit = mw_electric_take_any(&t);
        return t.bad ? MW_COSEM_TYPE_UNMATCHED
                     : o->model->number_set(
                           o->model->meter,
                           (mw_electric_number)(MW_ELECTRIC_N_MONITOR_LIMIT + x->item), limit);
    }
    if (what->member == 3) {
        result = take_watched(o, &t, &m.watched);
    } else {
        t.bad |= mw_electric_take_array(&t, 1) != 1;
        mw_electric_take_structure(&t, 2);
        m.up_script = take_script(&t);
        m.down_script = take_script(&t);
        result = t.bad ? MW_COSEM_TYPE_UNMATCHED : MW_COSEM_DONE;
    }
    return result != MW_COSEM_DONE ? result : o->model->monitor_set(o->model->meter, x->item, &m);
}

const mw_cosem_functions mw_electric_monitoring = {monitor_get, monitor_set, NULL};

/* ---- Schedules ---- */

static uint8_t schedule_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                            mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    mw_electric_schedule s;
    if (o->model->schedule == NULL || !o->model->schedule(o->model->meter, x->item, &s))
        return MW_COSEM_UNAVAILABLE;
    if (what->member == 2) {
        mw_electric_put_script(
            out, x->item == 0 ? MW_ELECTRIC_SCRIPT_BILLING : MW_ELECTRIC_SCRIPT_IMAGE, 1);
    } else if (what->member == 3) {
        mw_cosem_put_enum(out, s.moments > 1 ? 2 : 1);
    } else {
        mw_cosem_put_array(out, s.moments);
        for (unsigned i = 0; i < s.moments; i++) {
            mw_cosem_put_structure(out, 2);
            mw_cosem_put_octets(out, (mw_slice){s.moment[i], 4});
            mw_cosem_put_octets(out, (mw_slice){s.moment[i] + 4, 5});
        }
    }
    return MW_COSEM_DONE;
}

static uint8_t schedule_set(void *device, const mw_cosem_object *x, const mw_cosem_item *what) {
    const mw_electric_objects *o = device;
    mw_electric_schedule s = {0};
    if (what->member != 4 || o->model->schedule_set == NULL)
        return MW_COSEM_DENIED;
    mw_electric_take t = mw_electric_take_of(what);
    s.moments = (uint8_t)mw_electric_take_array(&t, MW_ELECTRIC_MOMENTS);
    for (unsigned i = 0; i < s.moments && !t.bad; i++) {
        mw_electric_take_structure(&t, 2);
        mw_slice time = mw_electric_take_octets(&t, 4, 4);
        mw_slice date = mw_electric_take_octets(&t, 5, 5);
        if (t.bad)
            break;
        memcpy(s.moment[i], time.p, 4);
        memcpy(s.moment[i] + 4, date.p, 5);
    }
    return t.bad ? MW_COSEM_TYPE_UNMATCHED : o->model->schedule_set(o->model->meter, x->item, &s);
}

const mw_cosem_functions mw_electric_single_action = {schedule_get, schedule_set, NULL};

/* ---- Limiters ---- */

static uint8_t limiter_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                           mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    mw_electric_limit l;
    if (o->model->limit == NULL || !o->model->limit(o->model->meter, x->item, &l))
        return MW_COSEM_UNAVAILABLE;
    switch (what->member) {
    case 2:
        put_watched(o, l.watched, out);
        break;
    case 3:
        mw_electric_put_number(out, l.watched, l.active);
        break;
    case 4:
        mw_electric_put_number(out, l.watched, l.normal);
        break;
    case 5:
        mw_electric_put_number(out, l.watched, l.emergency);
        break;
    case 6:
    case 7:
        mw_cosem_put_int(out, MW_COSEM_UINT32, what->member == 6 ? l.over_s : l.under_s);
        break;
    case 8:
        mw_cosem_put_structure(out, 3);
        mw_cosem_put_int(out, MW_COSEM_UINT16, l.emergency_id);
        mw_electric_put_moment(out, o, l.emergency_from, 0);
        mw_cosem_put_int(out, MW_COSEM_UINT32, l.emergency_s);
        break;
    case 9:
        mw_cosem_put_array(out, l.groups);
        for (unsigned i = 0; i < l.groups; i++)
            mw_cosem_put_int(out, MW_COSEM_UINT16, l.group[i]);
        break;
    case 10:
        mw_cosem_put_boolean(out, l.emergency_active);
        break;
    default:
        mw_cosem_put_structure(out, 2);
        mw_electric_put_script(out, MW_ELECTRIC_SCRIPT_RELAY, l.over_script);
        mw_electric_put_script(out, MW_ELECTRIC_SCRIPT_RELAY, l.under_script);
        break;
    }
    return MW_COSEM_DONE;
}

static void take_emergency(const mw_electric_objects *o, mw_electric_take *t,
                           mw_electric_limit *l) {
    mw_electric_take_structure(t, 3);
    l->emergency_id = (uint16_t)mw_electric_take_number(t, MW_COSEM_UINT16);
    l->emergency_from = mw_electric_take_moment(t, o);
    l->emergency_s = (uint32_t)mw_electric_take_number(t, MW_COSEM_UINT32);
    l->has_emergency = l->emergency_s != 0;
}

static uint8_t limiter_set(void *device, const mw_cosem_object *x, const mw_cosem_item *what) {
    const mw_electric_objects *o = device;
    mw_electric_limit l;
    uint8_t result = MW_COSEM_DONE;
    if (o->model->limit_set == NULL || !o->model->limit(o->model->meter, x->item, &l))
        return MW_COSEM_DENIED;
    mw_electric_take t = mw_electric_take_of(what);
    mw_cosem_tag tag = (mw_cosem_tag)mw_electric_number_info_of(l.watched)->tag;
    switch (what->member) {
    case 2:
        result = take_watched(o, &t, &l.watched);
        break;
    case 4:
        l.normal = mw_electric_take_number(&t, tag);
        break;
    case 5:
        l.emergency = mw_electric_take_number(&t, tag);
        break;
    case 6:
        l.over_s = (uint32_t)mw_electric_take_number(&t, MW_COSEM_UINT32);
        break;
    case 7:
        l.under_s = (uint32_t)mw_electric_take_number(&t, MW_COSEM_UINT32);
        break;
    case 8:
        take_emergency(o, &t, &l);
        break;
    case 9:
        l.groups = (uint8_t)mw_electric_take_array(&t, 4);
        for (unsigned i = 0; i < l.groups; i++)
            l.group[i] = (uint16_t)mw_electric_take_number(&t, MW_COSEM_UINT16);
        break;
    case 11:
        mw_electric_take_structure(&t, 2);
        l.over_script = take_script(&t);
        l.under_script = take_script(&t);
        break;
    default:
        return MW_COSEM_DENIED;
    }
    if (t.bad)
        return MW_COSEM_TYPE_UNMATCHED;
    return result != MW_COSEM_DONE ? result : o->model->limit_set(o->model->meter, x->item, &l);
}

const mw_cosem_functions mw_electric_limiter = {limiter_get, limiter_set, NULL};
