/* SPDX-License-Identifier: Apache-2.0
 *
 * Installations with their past, registers, factors and readings by time.
 */
#include <string.h>

#include "platform/store/sql_internal.h"

static mw_sq_value optional(bool has, int64_t v) {
    return has ? mw_sq_int(v) : (mw_sq_value){.type = MW_SQ_NULL};
}

/* --- installations -----------------------------------------------------------------------------
 */

static void installation_of_row(mw_sq_statement *st, mw_store_installation *i) {
    *i = (mw_store_installation){.channel = mw_sq_get_int(st, 0),
                                 .from = mw_sq_get_utc(st, 1),
                                 .to = mw_sq_get_utc(st, 2),
                                 .has_initial_value = !mw_sq_is_null(st, 4),
                                 .initial_value = mw_sq_get_int(st, 4),
                                 .has_final_value = !mw_sq_is_null(st, 5),
                                 .final_value = mw_sq_get_int(st, 5),
                                 .recorded = mw_sq_get_utc(st, 6)};
    MW_SQ_TEXT_INTO(st, 3, i->usage_point);
}

mw_status mw_sq_op_installations(mw_store *s, const mw_store_installation_query *x,
                                 mw_store_on_installation each, void *ctx) {
    bool by_channel = x->channel != 0, now = mw_utc_is_none(x->as_of);
    if (!by_channel && x->usage_point == NULL)
        return MW_RANGE;
    mw_sq_id id = by_channel
                      ? (now ? MW_SQ_INSTALLATIONS_OF_CHANNEL : MW_SQ_INSTALLATIONS_OF_CHANNEL_THEN)
                      : (now ? MW_SQ_INSTALLATIONS_OF_POINT : MW_SQ_INSTALLATIONS_OF_POINT_THEN);
    mw_sq_value values[] = {mw_sq_int(x->tenant),
                            by_channel ? mw_sq_int(x->channel) : mw_sq_text(x->usage_point),
                            mw_sq_int(x->as_of.us)};
    mw_sq_statement *st = NULL;
    MW_TRY(mw_sq_bind(mw_sq_of(s), id, values, now ? 2 : 3, &st));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_installation i;
        installation_of_row(st, &i);
        status = each(ctx, &i);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

typedef struct known {
    mw_store_installation row[MW_STORE_INSTALLATIONS_MAX];
    size_t n;
} known;

static mw_status known_add(void *ctx, const mw_store_installation *i) {
    known *k = ctx;
    if (k->n == MW_STORE_INSTALLATIONS_MAX)
        return MW_LIMIT;
    k->row[k->n++] = *i;
    return MW_OK;
}

static bool same_installation(const mw_store_installation *a, const mw_store_installation *b) {
    return a->from.us == b->from.us && a->to.us == b->to.us &&
           strcmp(a->usage_point, b->usage_point) == 0 &&
           a->has_initial_value == b->has_initial_value &&
           a->has_final_value == b->has_final_value &&
           (!a->has_initial_value || a->initial_value == b->initial_value) &&
           (!a->has_final_value || a->final_value == b->final_value);
}

static bool one_after_another(const mw_store_installation *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        bool open = mw_utc_is_none(rows[i].to);
        if (!open && rows[i].to.us <= rows[i].from.us)
            return false;
        if (i + 1 < n && (open || rows[i].to.us > rows[i + 1].from.us))
            return false;
    }
    return true;
}

mw_status mw_sq_op_installations_set(mw_store *s, int64_t tenant, int64_t channel,
                                     const mw_store_installation *rows, size_t n, mw_utc recorded) {
    mw_sq *q = mw_sq_of(s);
    if (!q->in_transaction)
        return MW_STATE;
    if (n > MW_STORE_INSTALLATIONS_MAX || !one_after_another(rows, n))
        return MW_RANGE;
    known old = {.n = 0};
    mw_store_installation_query x = {.tenant = tenant, .channel = channel, .as_of = MW_UTC_NONE};
    MW_TRY(mw_sq_op_installations(s, &x, known_add, &old));
    bool stays[MW_STORE_INSTALLATIONS_MAX] = {false};
    for (size_t i = 0; i < old.n; i++) {
        bool found = false;
        for (size_t k = 0; k < n && !found; k++) {
            found = same_installation(&old.row[i], &rows[k]);
            stays[k] = stays[k] || found;
        }
        if (found)
            continue;
        MW_TRY(MW_SQ_RUN(q, INSTALLATIONS_KEEP, mw_sq_int(tenant), mw_sq_int(channel),
                         mw_sq_int(old.row[i].from.us), mw_sq_int(recorded.us)));
        MW_TRY(MW_SQ_RUN(q, INSTALLATIONS_CUT, mw_sq_int(tenant), mw_sq_int(channel),
                         mw_sq_int(old.row[i].from.us)));
    }
    for (size_t k = 0; k < n; k++)
        if (!stays[k])
            MW_TRY(MW_SQ_RUN(
                q, INSTALLATION_SET, mw_sq_int(tenant), mw_sq_int(channel),
                mw_sq_int(rows[k].from.us), mw_sq_utc(rows[k].to), mw_sq_text(rows[k].usage_point),
                optional(rows[k].has_initial_value, rows[k].initial_value),
                optional(rows[k].has_final_value, rows[k].final_value), mw_sq_int(recorded.us)));
    return MW_OK;
}

/* --- registers ---------------------------------------------------------------------------------
 */

mw_status mw_sq_op_register_spec_put(mw_store *s, int64_t tenant, const mw_store_register_spec *r) {
    if (r->digits > 18 || r->decimals > 18 || r->wrap < 0 || r->max_per_hour < 0)
        return MW_RANGE;
    return MW_SQ_RUN(mw_sq_of(s), SPEC_PUT, mw_sq_int(tenant), mw_sq_int(r->channel),
                     mw_sq_int(r->from.us), mw_sq_int(r->digits), mw_sq_int(r->decimals),
                     mw_sq_int(r->wrap), mw_sq_int(r->max_per_hour));
}

mw_status mw_sq_op_register_spec_at(mw_store *s, int64_t tenant, int64_t channel, mw_utc at,
                                    mw_store_register_spec *out_spec) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), SPEC_AT, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_int(at.us)));
    MW_TRY(mw_sq_step(st));
    *out_spec = (mw_store_register_spec){.channel = channel,
                                         .from = mw_sq_get_utc(st, 0),
                                         .digits = (uint8_t)mw_sq_get_int(st, 1),
                                         .decimals = (uint8_t)mw_sq_get_int(st, 2),
                                         .wrap = mw_sq_get_int(st, 3),
                                         .max_per_hour = mw_sq_get_int(st, 4)};
    mw_sq_reset(st);
    return MW_OK;
}

mw_status mw_sq_op_factor_put(mw_store *s, int64_t tenant, const mw_store_factor *f) {
    mw_sq *q = mw_sq_of(s);
    const int64_t most = INT64_C(1000000000000);
    if (f->kind < MW_FACTOR_PULSE || f->kind >= MW_FACTOR_KINDS || f->num < 1 || f->num > most ||
        f->den < 1 || f->den > most)
        return MW_RANGE;
    MW_TRY(MW_SQ_RUN(q, FACTOR_END, mw_sq_int(tenant), mw_sq_int(f->channel), mw_sq_int(f->kind),
                     mw_sq_int(f->from.us), mw_sq_int(f->recorded.us)));
    return MW_SQ_RUN(q, FACTOR_ADD, mw_sq_int(tenant), mw_sq_int(f->channel), mw_sq_int(f->kind),
                     mw_sq_int(f->from.us), mw_sq_int(f->num), mw_sq_int(f->den),
                     mw_sq_int(f->recorded.us));
}

mw_status mw_sq_op_factors(mw_store *s, int64_t tenant, int64_t channel, mw_utc as_of,
                           mw_store_on_factor each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), FACTORS, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_utc(as_of)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_factor f = {.channel = channel,
                             .kind = (mw_store_factor_kind)mw_sq_get_int(st, 0),
                             .from = mw_sq_get_utc(st, 1),
                             .num = mw_sq_get_int(st, 2),
                             .den = mw_sq_get_int(st, 3),
                             .recorded = mw_sq_get_utc(st, 4),
                             .superseded = mw_sq_get_utc(st, 5)};
        status = each(ctx, &f);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_register_mark_put(mw_store *s, int64_t tenant, const mw_store_register_mark *m) {
    return MW_SQ_RUN(mw_sq_of(s), MARK_PUT, mw_sq_int(tenant), mw_sq_int(m->channel),
                     mw_sq_int(m->at.us), mw_sq_int(m->before), mw_sq_int(m->after),
                     mw_sq_int(m->recorded.us), mw_sq_text(m->who), mw_sq_text(m->text));
}

mw_status mw_sq_op_register_marks(mw_store *s, int64_t tenant, int64_t channel, mw_utc from,
                                  mw_utc to, mw_store_on_register_mark each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), MARKS, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_int(from.us), mw_sq_int(to.us)));
    mw_status status;
    while ((status = mw_sq_step(st)) == MW_OK) {
        mw_store_register_mark m = {.channel = channel,
                                    .at = mw_sq_get_utc(st, 0),
                                    .before = mw_sq_get_int(st, 1),
                                    .after = mw_sq_get_int(st, 2),
                                    .recorded = mw_sq_get_utc(st, 3)};
        MW_SQ_TEXT_INTO(st, 4, m.who);
        MW_SQ_TEXT_INTO(st, 5, m.text);
        status = each(ctx, &m);
        if (status != MW_OK) {
            mw_sq_reset(st);
            return status;
        }
    }
    return status == MW_NOT_FOUND ? MW_OK : status;
}

mw_status mw_sq_op_registers_between(mw_store *s, int64_t tenant, int64_t channel,
                                     const uint8_t obis[6], mw_utc from, mw_utc to,
                                     mw_store_on_reading each, void *ctx) {
    mw_sq_statement *st = NULL;
    MW_TRY(MW_SQ_BIND(mw_sq_of(s), REGISTERS_BETWEEN, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_int(mw_sq_obis_number(obis)), mw_sq_int(from.us), mw_sq_int(to.us)));
    return mw_sq_registers_give(st, each, ctx);
}

mw_status mw_sq_op_registers_around(mw_store *s, int64_t tenant, int64_t channel,
                                    const uint8_t obis[6], mw_utc from, mw_utc to,
                                    mw_store_on_reading each, void *ctx) {
    mw_sq *q = mw_sq_of(s);
    mw_sq_statement *st = NULL;
    int64_t number = mw_sq_obis_number(obis);
    MW_TRY(MW_SQ_BIND(q, REGISTER_BEFORE, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_int(number), mw_sq_int(from.us)));
    MW_TRY(mw_sq_registers_give(st, each, ctx));
    MW_TRY(MW_SQ_BIND(q, REGISTER_AFTER, &st, mw_sq_int(tenant), mw_sq_int(channel),
                      mw_sq_int(number), mw_sq_int(to.us)));
    return mw_sq_registers_give(st, each, ctx);
}
