/* SPDX-License-Identifier: Apache-2.0
 * One pass over the fields serves both ways, so that what is written is what is read. */
#include "meters/electricity/settings.h"

#include "base/assert.h"

#define VERSION 1

typedef struct pass {
    mw_writer *w; /* writing, or */
    mw_reader *r; /* reading */
} pass;

static void u8(pass *p, uint8_t *v) {
    if (p->w != NULL)
        mw_write_u8(p->w, *v);
    else
        *v = mw_read_u8(p->r);
}

static void u16(pass *p, uint16_t *v) {
    if (p->w != NULL)
        mw_write_u16le(p->w, *v);
    else
        *v = mw_read_u16le(p->r);
}

static void u32(pass *p, uint32_t *v) {
    if (p->w != NULL)
        mw_write_u32le(p->w, *v);
    else
        *v = mw_read_u32le(p->r);
}

static void u64(pass *p, uint64_t *v) {
    if (p->w != NULL)
        mw_write_u64le(p->w, *v);
    else
        *v = mw_read_u64le(p->r);
}

static void i64(pass *p, int64_t *v) {
    uint64_t u = (uint64_t)*v;
    u64(p, &u);
    *v = (int64_t)u;
}

static void flag(pass *p, bool *v) {
    uint8_t u = *v;
    u8(p, &u);
    *v = u != 0;
}

static void bytes(pass *p, uint8_t *b, size_t n) {
    if (p->w != NULL)
        mw_write_bytes(p->w, (mw_slice){b, n});
    else {
        mw_slice in = mw_read_bytes(p->r, n);
        if (in.n == n)
            mw_bytes_copy(b, in.p, n);
    }
}

/* A count of things in an array of `most`. */
static void count(pass *p, uint8_t *v, uint8_t most) {
    u8(p, v);
    if (p->r != NULL && *v > most) {
        mw_reader_fail(p->r, MW_SYNTAX);
        *v = 0;
    }
}

static void text(pass *p, mw_electric_line_text *t, uint8_t most) {
    count(p, &t->n, most);
    bytes(p, t->b, most);
}

static void limit(pass *p, mw_electric_limit *l) {
    u16(p, &l->watched);
    i64(p, &l->normal);
    i64(p, &l->emergency);
    u32(p, &l->over_s);
    u32(p, &l->under_s);
    flag(p, &l->has_emergency);
    u16(p, &l->emergency_id);
    i64(p, &l->emergency_from.us);
    u32(p, &l->emergency_s);
    count(p, &l->groups, 4);
    for (unsigned i = 0; i < 4; i++)
        u16(p, &l->group[i]);
    u16(p, &l->over_script);
    u16(p, &l->under_script);
}

static void push(pass *p, mw_electric_push *x) {
    u8(p, &x->transport);
    count(p, &x->destination_n, MW_ELECTRIC_PUSH_DESTINATION_MAX);
    bytes(p, x->destination, sizeof x->destination);
    count(p, &x->windows, 2);
    bytes(p, x->window[0][0], sizeof x->window);
    u16(p, &x->random_s);
    u8(p, &x->retries);
    u16(p, &x->retry_s);
}

static void control(pass *p, mw_electric_settings *s) {
    u8(p, &s->relay_mode);
    u8(p, &s->policy);
    for (unsigned i = 0; i < MW_ELECTRIC_LIMITERS; i++)
        limit(p, &s->limit[i]);
    for (unsigned i = 0; i < MW_ELECTRIC_MONITORS; i++) {
        u16(p, &s->monitor[i].watched);
        u16(p, &s->monitor[i].up_script);
        u16(p, &s->monitor[i].down_script);
        i64(p, &s->monitor_limit[i]);
    }
    for (unsigned i = 0; i < MW_ELECTRIC_SCHEDULES; i++) {
        count(p, &s->schedule[i].moments, MW_ELECTRIC_MOMENTS);
        bytes(p, s->schedule[i].moment[0], sizeof s->schedule[i].moment);
    }
    push(p, &s->push);
    flag(p, &s->credit_on);
    i64(p, &s->credit_until_wh);
    u8(p, &s->off_tariffs);
}

static void access_rights(pass *p, mw_electric_settings *s) {
    for (unsigned i = 0; i < MW_ELECTRIC_KEYS; i++)
        bytes(p, s->key[i].b, sizeof s->key[i].b);
    for (unsigned i = 0; i < MW_ELECTRIC_PASSWORDS; i++)
        text(p, &s->password[i], MW_ELECTRIC_PASSWORD_MAX);
}

static void all(pass *p, mw_electric_settings *s) {
    for (unsigned i = 0; i < 3; i++)
        u16(p, &s->load_period_min[i]);
    u16(p, &s->demand_period_min);
    for (unsigned i = 0; i < MW_ELECTRIC_MASKS; i++)
        u64(p, &s->event_mask[i]);
    i64(p, &s->sag_mv);
    i64(p, &s->swell_mv);
    i64(p, &s->cut_mv);
    i64(p, &s->tan_phi_milli);
    i64(p, &s->unbalance_ppm);
    u8(p, &s->push_port);
    u8(p, &s->wrapper_transport);
    u8(p, &s->image_lock);
    for (unsigned i = 0; i < 2; i++) {
        u8(p, &s->line_speed[i]);
        u16(p, &s->address[i]);
        u16(p, &s->inter_octet_ms[i]);
        u16(p, &s->inactivity_s[i]);
    }
    control(p, s);
    text(p, &s->point, MW_ELECTRIC_POINT_MAX);
    text(p, &s->message_code, 8);
    text(p, &s->message, MW_ELECTRIC_MESSAGE_MAX);
    access_rights(p, s);
    for (unsigned i = 0; i < MW_ELECTRIC_CLEARABLE; i++)
        u32(p, &s->cleared[i]);
    u32(p, &s->programmed);
    u32(p, &s->programmed_at_s);
}

void mw_electric_settings_encode(const mw_electric_settings *s,
                                 uint8_t out[MW_ELECTRIC_SETTINGS_BYTES]) {
    mw_electric_settings copy = *s;
    mw_writer w = mw_writer_of((mw_span){out, MW_ELECTRIC_SETTINGS_BYTES});
    pass p = {.w = &w};
    mw_write_u8(&w, VERSION);
    all(&p, &copy);
    while (mw_writer_left(&w) > 0)
        mw_write_u8(&w, 0);
    mw_assert(w.status == MW_OK);
    mw_bytes_wipe(&copy, sizeof copy);
}

mw_status mw_electric_settings_decode(const uint8_t in[MW_ELECTRIC_SETTINGS_BYTES],
                                      mw_electric_settings *out) {
    mw_reader r = mw_reader_of((mw_slice){in, MW_ELECTRIC_SETTINGS_BYTES});
    if (mw_read_u8(&r) != VERSION)
        return MW_UNSUPPORTED;
    mw_electric_settings s = {0};
    pass p = {.r = &r};
    all(&p, &s);
    if (r.status == MW_OK)
        *out = s;
    mw_bytes_wipe(&s, sizeof s);
    return r.status;
}
