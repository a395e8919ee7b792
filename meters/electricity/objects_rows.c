/* SPDX-License-Identifier: Apache-2.0
 * Class 7: profiles and event logs. A row of a stored profile always has the same length, so that
 * rows outside the block being sent cost nothing. */
#include <string.h>

#include "meters/electricity/objects_priv.h"

#define CLOCK_BYTES 14 /* octet-string of 12 */

static const mw_electric_profile_info *info_of(const mw_electric_objects *o,
                                               const mw_cosem_object *x) {
    return o->table->profiles[x->item];
}

static void put_descriptor(mw_cosem_out *out, const mw_electric_column *c) {
    mw_cosem_put_structure(out, 4);
    mw_cosem_put_int(out, MW_COSEM_UINT16, c->class_id);
    mw_cosem_put_obis(out, c->name);
    mw_cosem_put_int(out, MW_COSEM_INT8, c->attribute);
    mw_cosem_put_int(out, MW_COSEM_UINT16, 0);
}

static size_t value_bytes(const mw_electric_column *c) {
    if (c->kind == MW_ELECTRIC_COLUMN_CLOCK)
        return CLOCK_BYTES;
    switch (mw_electric_number_info_of(c->which)->tag) {
    case MW_COSEM_UINT8:
    case MW_COSEM_INT8:
    case MW_COSEM_ENUM:
        return 2;
    case MW_COSEM_UINT16:
    case MW_COSEM_INT16:
        return 3;
    case MW_COSEM_UINT64:
        return 9;
    case MW_COSEM_DATE_TIME:
        return CLOCK_BYTES;
    default:
        return 5;
    }
}

/* ---- What of a profile is asked for ---- */

typedef struct part {
    uint32_t first, end; /* rows [first, end) */
    uint32_t columns;    /* bit n: column n */
} part;

/* First row that is not before t. Rows are in the order of their times; where the clock was set
 * back the search still ends, at one of the places. */
static uint32_t row_at(const mw_electric_objects *o, const mw_electric_profile_info *p,
                       uint32_t rows, mw_utc t) {
    uint32_t low = 0, high = rows;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        mw_electric_row row;
        if (!o->model->row(o->model->meter, p, middle, &row) || row.at.us < t.us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static uint8_t take_columns(mw_electric_take *t, const mw_electric_profile_info *p, part *x) {
    uint32_t n = mw_electric_take_array(t, MW_ELECTRIC_COLUMNS_MAX);
    if (t->bad)
        return MW_COSEM_TYPE_UNMATCHED;
    if (n == 0)
        return MW_COSEM_DONE;
    x->columns = 0;
    for (uint32_t i = 0; i < n; i++) {
        mw_electric_take_structure(t, 4);
        int64_t class_id = mw_electric_take_any(t);
        mw_slice name = mw_electric_take_octets(t, 6, 6);
        int64_t attribute = mw_electric_take_any(t);
        (void)mw_electric_take_any(t);
        if (t->bad)
            return MW_COSEM_TYPE_UNMATCHED;
        bool found = false;
        for (unsigned k = 0; k < p->columns && !found; k++) {
            const mw_electric_column *c = &p->column[k];
            found = c->class_id == class_id && c->attribute == attribute &&
                    memcmp(c->name.b, name.p, sizeof c->name.b) == 0;
            x->columns |= found ? 1u << k : 0;
        }
        if (!found)
            return MW_COSEM_SCOPE_VIOLATED;
    }
    return MW_COSEM_DONE;
}

/* Range descriptor: {restricting object, from, to, columns}; the object has to be the clock. */
static uint8_t take_range(const mw_electric_objects *o, mw_electric_take *t,
                          const mw_electric_profile_info *p, part *x) {
    mw_electric_take_structure(t, 4);
    mw_electric_take_structure(t, 4);
    int64_t class_id = mw_electric_take_any(t);
    (void)mw_electric_take_octets(t, 6, 6);
    (void)mw_electric_take_any(t);
    (void)mw_electric_take_any(t);
    mw_utc from = mw_electric_take_moment(t, o);
    mw_utc to = mw_electric_take_moment(t, o);
    if (t->bad)
        return MW_COSEM_TYPE_UNMATCHED;
    if (class_id != 8)
        return MW_COSEM_SCOPE_VIOLATED;
    uint8_t result = take_columns(t, p, x);
    if (result != MW_COSEM_DONE)
        return result;
    uint32_t rows = x->end;
    x->first = row_at(o, p, rows, from);
    to.us++; /* the end belongs to the range */
    x->end = row_at(o, p, rows, to);
    if (x->end < x->first)
        x->end = x->first;
    return MW_COSEM_DONE;
}

/* Entry descriptor: {from entry, to entry, from column, to column}, counted from 1; to 0: the last. */
static uint8_t take_entries(mw_electric_take *t, const mw_electric_profile_info *p, part *x) {
    mw_electric_take_structure(t, 4);
    int64_t from = mw_electric_take_number(t, MW_COSEM_UINT32);
    int64_t to = mw_electric_take_number(t, MW_COSEM_UINT32);
    int64_t left = mw_electric_take_number(t, MW_COSEM_UINT16);
    int64_t right = mw_electric_take_number(t, MW_COSEM_UINT16);
    if (t->bad)
        return MW_COSEM_TYPE_UNMATCHED;
    if (from < 1 || left < 1 || left > p->columns || (to != 0 && to < from) ||
        (right != 0 && right < left))
        return MW_COSEM_SCOPE_VIOLATED;
    if (right == 0 || right > p->columns)
        right = p->columns;
    x->columns = (uint32_t)((UINT64_C(1) << right) - (UINT64_C(1) << (left - 1)));
    x->first = from - 1 < x->end ? (uint32_t)(from - 1) : x->end;
    if (to != 0 && to < x->end)
        x->end = (uint32_t)to;
    return MW_COSEM_DONE;
}

static uint8_t part_of(const mw_electric_objects *o, const mw_electric_profile_info *p,
                       const mw_cosem_item *what, part *x) {
    *x = (part){.end = o->model->rows(o->model->meter, p->profile),
                .columns = (uint32_t)((UINT64_C(1) << p->columns) - 1)};
    if (!what->selective)
        return MW_COSEM_DONE;
    mw_electric_take t = mw_electric_take_bytes(what->selection);
    if (what->selector == 1)
        return take_range(o, &t, p, x);
    return what->selector == 2 ? take_entries(&t, p, x) : MW_COSEM_SCOPE_VIOLATED;
}

/* ---- Rows out ---- */

static void put_row(const mw_electric_objects *o, const mw_electric_profile_info *p,
                    const mw_electric_row *row, uint32_t columns, unsigned count,
                    mw_cosem_out *out) {
    mw_cosem_put_structure(out, count);
    for (unsigned k = 0; k < p->columns; k++) {
        if (!(columns >> k & 1))
            continue;
        const mw_electric_column *c = &p->column[k];
        if (c->kind == MW_ELECTRIC_COLUMN_CLOCK)
            mw_electric_put_moment(out, o, row->at, row->status);
        else if (mw_electric_number_info_of(c->which)->tag == MW_COSEM_DATE_TIME)
            mw_electric_put_moment(out, o, (mw_utc){row->value[k]}, row->status);
        else
            mw_electric_put_number(out, c->which, row->value[k]);
    }
}

static uint8_t put_stored(const mw_electric_objects *o, const mw_electric_profile_info *p,
                          const mw_cosem_item *what, mw_cosem_out *out) {
    part x;
    if (o->model->rows == NULL || o->model->row == NULL)
        return MW_COSEM_UNAVAILABLE;
    uint8_t result = part_of(o, p, what, &x);
    if (result != MW_COSEM_DONE)
        return result;
    size_t bytes = 2;
    unsigned count = 0;
    for (unsigned k = 0; k < p->columns; k++)
        if (x.columns >> k & 1) {
            bytes += value_bytes(&p->column[k]);
            count++;
        }
    if (x.first > x.end)
        x.first = x.end;
    mw_cosem_put_array(out, x.end - x.first);
    for (uint32_t n = x.first; n < x.end; n++) {
        if (out->at >= out->from + out->room.n) { /* behind the window: only their length counts */
            out->at += (size_t)(x.end - n) * bytes;
            break;
        }
        if (out->at + bytes <= out->from) {
            out->at += bytes;
            continue;
        }
        mw_electric_row row = {.status = MW_COSEM_CLOCK_INVALID};
        if (!o->model->row(o->model->meter, p, n, &row)) /* unreadable: zeros, told by the status */
            row = (mw_electric_row){.status = MW_COSEM_CLOCK_INVALID};
        put_row(o, p, &row, x.columns, count, out);
    }
    return MW_COSEM_DONE;
}

/* One row of what the columns are worth now. */
static uint8_t put_present(const mw_electric_objects *o, const mw_electric_profile_info *p,
                           mw_cosem_out *out) {
    mw_cosem_put_array(out, 1);
    mw_cosem_put_structure(out, p->columns);
    for (unsigned k = 0; k < p->columns; k++) {
        const mw_electric_column *c = &p->column[k];
        const mw_electric_number_info *i =
            c->kind == MW_ELECTRIC_COLUMN_NUMBER ? mw_electric_number_info_of(c->which) : NULL;
        if (p->profile == MW_ELECTRIC_SCALERS && i != NULL) {
            mw_cosem_put_scaler_unit(out, i->scaler, i->unit);
        } else if (c->kind == MW_ELECTRIC_COLUMN_TEXT && o->model->text != NULL) {
            uint8_t text[64];
            size_t n = o->model->text(o->model->meter, (mw_electric_text)c->which,
                                      (mw_span){text, sizeof text});
            mw_cosem_put_octets(out, (mw_slice){text, n});
        } else if (i == NULL || mw_electric_put_current(o, c->which, out) != MW_COSEM_DONE) {
            mw_cosem_put_null(out);
        }
    }
    return MW_COSEM_DONE;
}

static bool stored(const mw_electric_profile_info *p) {
    return p->profile < MW_ELECTRIC_NAMEPLATE;
}

static uint8_t period_of(const mw_electric_objects *o, const mw_electric_profile_info *p,
                         mw_cosem_out *out) {
    int64_t minutes = 0;
    if (p->period < MW_ELECTRIC_NUMBERS &&
        (o->model->number == NULL ||
         !o->model->number(o->model->meter, (mw_electric_number)p->period, &minutes)))
        return MW_COSEM_TEMPORARY_FAILURE;
    mw_cosem_put_int(out, MW_COSEM_UINT32,
                     p->period < MW_ELECTRIC_NUMBERS ? minutes * 60 : (int64_t)p->period_s);
    return MW_COSEM_DONE;
}

static uint8_t rows_get(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                        mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    const mw_electric_profile_info *p = info_of(o, x);
    static const mw_electric_column none = {.name = {{0}}};
    switch (what->member) {
    case 2:
        return stored(p) ? put_stored(o, p, what, out) : put_present(o, p, out);
    case 3:
        mw_cosem_put_array(out, p->columns);
        for (unsigned k = 0; k < p->columns; k++)
            put_descriptor(out, &p->column[k]);
        return MW_COSEM_DONE;
    case 4:
        return period_of(o, p, out);
    case 5:
        mw_cosem_put_enum(out, 1); /* first in, first out */
        return MW_COSEM_DONE;
    case 6:
        put_descriptor(out, p->column[0].kind == MW_ELECTRIC_COLUMN_CLOCK ? &p->column[0] : &none);
        return MW_COSEM_DONE;
    case 7:
        mw_cosem_put_int(out, MW_COSEM_UINT32,
                         !stored(p)               ? 1
                         : o->model->rows == NULL ? 0
                                                  : o->model->rows(o->model->meter, p->profile));
        return MW_COSEM_DONE;
    default:
        mw_cosem_put_int(out, MW_COSEM_UINT32, p->entries);
        return MW_COSEM_DONE;
    }
}

static uint8_t rows_set(void *device, const mw_cosem_object *x, const mw_cosem_item *what) {
    const mw_electric_objects *o = device;
    const mw_electric_profile_info *p = info_of(o, x);
    if (what->member != 4 || p->period >= MW_ELECTRIC_NUMBERS || o->model->number_set == NULL)
        return MW_COSEM_DENIED;
    mw_electric_take t = mw_electric_take_of(what);
    int64_t seconds = mw_electric_take_number(&t, MW_COSEM_UINT32);
    if (t.bad)
        return MW_COSEM_TYPE_UNMATCHED;
    if (seconds % 60 != 0)
        return MW_COSEM_OTHER_REASON;
    return o->model->number_set(o->model->meter, (mw_electric_number)p->period, seconds / 60);
}

static uint8_t rows_act(void *device, const mw_cosem_object *x, const mw_cosem_item *what,
                        mw_cosem_out *out) {
    const mw_electric_objects *o = device;
    const mw_electric_profile_info *p = info_of(o, x);
    const mw_electric_model *m = o->model;
    (void)out;
    if (!stored(p))
        return MW_COSEM_DENIED;
    if (what->member == 1)
        return m->rows_clear == NULL ? MW_COSEM_DENIED : m->rows_clear(m->meter, p->profile);
    return m->capture == NULL ? MW_COSEM_DENIED : m->capture(m->meter, p->profile);
}

const mw_cosem_functions mw_electric_rows = {rows_get, rows_set, rows_act};
