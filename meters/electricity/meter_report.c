/* SPDX-License-Identifier: Apache-2.0
 *
 * The report: a push that says itself what it carries, with the newest rows of the load profile. */
#include "meters/electricity/meter_internal.h"
#include "protocols/cosem/push.h"

/* Initialisers. */
#define PUSH                                                                                       \
    {                                                                                              \
        { 0, 0, 25, 9, 0, 255 }                                                                    \
    }
#define CLOCK                                                                                      \
    {                                                                                              \
        { 0, 0, 1, 0, 0, 255 }                                                                     \
    }
#define IMPORT                                                                                     \
    {                                                                                              \
        { 1, 0, 1, 8, 0, 255 }                                                                     \
    }
#define INTERVAL                                                                                   \
    {                                                                                              \
        { 1, 0, 1, 29, 0, 255 }                                                                    \
    }
#define PROFILE                                                                                    \
    {                                                                                              \
        { 1, 0, 99, 1, 0, 255 }                                                                    \
    }

enum { CLASS_REGISTER = 3, CLASS_PROFILE = 7, CLASS_CLOCK = 8, CLASS_PUSH = 40 };

typedef struct entry {
    uint16_t class_id;
    mw_obis name;
    int8_t attribute;
} entry;

static void put_entries(mw_cosem_out *o, const entry *e, size_t n) {
    mw_cosem_put_array(o, n);
    for (size_t i = 0; i < n; i++) {
        mw_cosem_put_structure(o, 4);
        mw_cosem_put_int(o, MW_COSEM_UINT16, e[i].class_id);
        mw_cosem_put_obis(o, e[i].name);
        mw_cosem_put_int(o, MW_COSEM_INT8, e[i].attribute);
        mw_cosem_put_int(o, MW_COSEM_UINT16, 0);
    }
}

static void put_moment(const mw_electric_meter *m, mw_cosem_out *o, uint32_t s) {
    uint8_t b[MW_COSEM_DATETIME_BYTES];
    mw_cosem_datetime at = mw_electric_objects_local(&m->objects, mw_utc_of_s(s), 0);
    mw_cosem_datetime_encode(&at, b);
    mw_cosem_put_octets(o, MW_SLICE_OF(b));
}

/* Wh as the register shows it. */
static int64_t shown(int64_t mwh) {
    return mwh / 1000 % MW_ELECTRIC_CAPACITY_WH;
}

/* `row` is newest first, with one more than `rows` where there is an older one. */
static mw_status body_put(const mw_electric_meter *m, const mw_electric_loadlog_record *row,
                          unsigned rows, unsigned known, mw_span out, size_t *out_size) {
    static const entry list[] = {{CLASS_PUSH, PUSH, 2},       {CLASS_CLOCK, CLOCK, 2},
                                 {CLASS_REGISTER, IMPORT, 2}, {CLASS_REGISTER, IMPORT, 3},
                                 {CLASS_PROFILE, PROFILE, 3}, {CLASS_PROFILE, PROFILE, 4},
                                 {CLASS_PROFILE, PROFILE, 2}};
    static const entry columns[] = {{CLASS_CLOCK, CLOCK, 2}, {CLASS_REGISTER, INTERVAL, 2}};
    mw_cosem_out o = mw_cosem_out_of(out, 0);
    mw_cosem_put_structure(&o, sizeof list / sizeof list[0]);
    put_entries(&o, list, sizeof list / sizeof list[0]);
    put_moment(m, &o, row[0].end_s);
    mw_cosem_put_int(&o, MW_COSEM_UINT32, shown(row[0].energy[0]));
    mw_cosem_put_scaler_unit(&o, 0, 30);
    put_entries(&o, columns, 2);
    mw_cosem_put_int(&o, MW_COSEM_UINT32, m->load.period_min * 60);
    mw_cosem_put_array(&o, rows);
    for (unsigned i = rows; i-- > 0;) {
        mw_cosem_put_structure(&o, 2);
        put_moment(m, &o, row[i].end_s);
        /* Of the first period of a life nobody knows the begin. */
        if (i + 1 < known && row[i].end_s - row[i + 1].end_s == m->load.period_min * 60u)
            mw_cosem_put_int(&o, MW_COSEM_UINT32,
                             row[i].energy[0] / 1000 - row[i + 1].energy[0] / 1000);
        else
            mw_cosem_put_null(&o);
    }
    MW_TRY(mw_cosem_out_end(&o));
    *out_size = o.at;
    return MW_OK;
}

static mw_status seal(mw_electric_meter *m, mw_slice body, mw_span out, size_t *out_size) {
    uint8_t plain[MW_ELECTRIC_REPORT_MAX], time[MW_COSEM_DATETIME_BYTES];
    uint32_t counter = 0;
    MW_TRY(mw_counter_take(&m->sealed, &m->flash, &counter));
    mw_cosem_datetime at = mw_electric_objects_local(&m->objects, mw_electric_now(m), 0);
    mw_cosem_datetime_encode(&at, time);
    mw_cosem_notice n = {.id = counter & 0xFFFFFF,
                         .confirmed = true,
                         .time = MW_SLICE_OF(time),
                         .body = body,
                         .keys = &m->keys,
                         .title = &m->device.title,
                         .counter = counter,
                         .plain = MW_SPAN_OF(plain)};
    return mw_cosem_notice_encode(&n, out, out_size);
}

mw_status mw_electric_meter_report(mw_electric_meter *m, mw_mono now, unsigned rows, mw_span out,
                                   size_t *out_size) {
    mw_electric_loadlog_record row[MW_ELECTRIC_REPORT_ROWS + 1];
    uint8_t body[MW_ELECTRIC_REPORT_MAX - 64];
    size_t n = 0;
    unsigned known = 0;
    if (rows == 0 || rows > MW_ELECTRIC_REPORT_ROWS)
        return MW_RANGE;
    m->second = now;
    mw_ringlog_cursor cursor = mw_ringlog_from_newest(&m->load.log);
    while (known <= rows && mw_electric_loadlog_older(&m->load, &m->flash, &cursor, 0, UINT32_MAX,
                                                      &row[known]) == MW_OK)
        known++;
    if (known == 0)
        return MW_NOT_FOUND;
    MW_TRY(body_put(m, row, known < rows ? known : rows, known, MW_SPAN_OF(body), &n));
    return seal(m, (mw_slice){body, n}, out, out_size);
}
