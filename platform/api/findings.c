/* SPDX-License-Identifier: Apache-2.0
 *
 * The workbench of validation: findings with what was reported beside what stands in for it and the
 * money between the two, what became of the findings of each rule, and the master data that
 * validation draws on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/api/area.h"
#include "platform/validation/engine.h"
#include "platform/validation/money.h"
#include "platform/vee/inputs.h"

enum {
    CELLS_MAX = 62 * 96, /* of one finding: two months of quarter-hours */
    AROUND_S = 86400,    /* shown before and after it */
    DOUBTS_MAX = 500,    /* open findings that the summary adds up */
    BYTES_MAX = 4 * 1024 * 1024,
};

static const char *const severities[] = {"flag", "warn", "fail", "alarm"};
static const char *const judgements[] = {NULL, "accepted", "rejected", "edited"};

/* ---- values side by side ---- */

typedef struct cell {
    int64_t raw, final;
    bool has_raw, has_final, predicted;
    uint32_t raw_quality, final_quality;
    uint16_t method;
    mw_layer layer;
    mw_store_prediction prediction;
} cell;

typedef struct side_by_side {
    mw_utc from;
    uint32_t seconds, n;
    cell *cell;
} side_by_side;

static mw_status cell_take(side_by_side *t, const mw_store_value *row, cell **out) {
    int64_t at = (row->interval.start.us - t->from.us) / ((int64_t)t->seconds * MW_US_PER_S);
    *out = at >= 0 && at < (int64_t)t->n ? &t->cell[at] : NULL;
    return MW_OK;
}

static mw_status raw_take(void *ctx, const mw_store_value *row) {
    cell *c = NULL;
    MW_TRY(cell_take(ctx, row, &c));
    if (c == NULL)
        return MW_OK;
    c->has_raw = true;
    c->raw_quality |= row->interval.quality;
    return __builtin_add_overflow(c->raw, row->interval.value, &c->raw) ? MW_RANGE : MW_OK;
}

static mw_status final_take(void *ctx, const mw_store_value *row) {
    cell *c = NULL;
    MW_TRY(cell_take(ctx, row, &c));
    if (c == NULL)
        return MW_OK;
    c->has_final = true;
    c->final_quality |= row->interval.quality;
    c->method = row->method;
    c->layer = row->layer;
    c->predicted = row->has_prediction;
    c->prediction = row->prediction;
    return __builtin_add_overflow(c->final, row->interval.value, &c->final) ? MW_RANGE : MW_OK;
}

/* The caller frees .cell. MW_LIMIT: the span is longer than is shown. */
static mw_status cells_read(mw_store *store, const mw_window_channel *c, mw_utc from, mw_utc to,
                            side_by_side *out) {
    int64_t step = (int64_t)c->grid_s * MW_US_PER_S;
    *out = (side_by_side){.from = mw_window_floor(c, from), .seconds = c->grid_s};
    int64_t n = (to.us - out->from.us + step - 1) / step;
    if (n > CELLS_MAX || n < 0)
        return MW_LIMIT;
    out->n = (uint32_t)n;
    out->cell = calloc(n > 0 ? (size_t)n : 1, sizeof *out->cell);
    if (out->cell == NULL)
        return MW_NOMEM;
    mw_store_values_query q = {.tenant = c->tenant,
                               .channel = c->channel,
                               .layer = MW_LAYER_RAW,
                               .from = out->from,
                               .to = to,
                               .as_of = MW_UTC_NONE};
    mw_status s = mw_store_values(store, &q, raw_take, out);
    q.layer = MW_LAYER_FINAL;
    if (s == MW_OK)
        s = mw_store_values(store, &q, final_take, out);
    if (s != MW_OK)
        free(out->cell);
    return s;
}

typedef struct sums {
    int64_t raw, final, difference; /* difference: of each interval, without sign, added up */
    int64_t raw_n, final_n, estimated_n;
} sums;

static sums sums_of(const side_by_side *t) {
    sums x = {0};
    for (uint32_t i = 0; i < t->n; i++) {
        const cell *c = &t->cell[i];
        int64_t d = (c->has_final ? c->final : 0) - (c->has_raw ? c->raw : 0);
        x.raw += c->has_raw ? c->raw : 0;
        x.final += c->has_final ? c->final : 0;
        x.difference += d < 0 ? -d : d;
        x.raw_n += c->has_raw;
        x.final_n += c->has_final;
        x.estimated_n += c->has_final && (c->final_quality & MW_QUALITY_ESTIMATED) != 0;
    }
    return x;
}

/* ---- one finding ---- */

typedef struct workbench {
    mw_api_call *call;
    mw_api_page *page;
    mw_json *j;
    const mw_vee_dated *dated;
    size_t dated_n;
    mw_currency currency;
    int64_t doubt_money, findings; /* of the summary */
    mw_api_roster roster;          /* of lists */
    uint32_t scanned;
    int64_t seen;
} workbench;

static mw_status workbench_open(mw_api_call *call, workbench *w) {
    static mw_vee_dated dated[MW_BOOK_ROWS_MAX];
    *w = (workbench){.call = call, .dated = dated};
    MW_TRY(mw_money_currency(call->api->o.store, call->tenant, &w->currency));
    return mw_book_rows_read(call->api->o.store, call->tenant, dated, &w->dated_n);
}

static mw_status money_of(workbench *w, const mw_window_channel *c, mw_utc at, int64_t amount,
                          int64_t *out_money) {
    mw_vee_book book;
    size_t unknown = 0;
    MW_TRY(mw_vee_book_at(w->dated, w->dated_n, (mw_vee_class)c->class, at, &book, &unknown));
    *out_money = mw_vigil_money(&book, c, amount);
    return MW_OK;
}

static void put_meter(mw_json *j, const mw_store_meter *m, const mw_window_channel *c) {
    char id[MW_API_METER_ID_MAX];
    mw_api_meter_id(m, id);
    mw_json_put_text(j, "meter", id);
    mw_json_put_text(j, "serial", m->device.serial);
    mw_json_put_text(j, "medium", m->channel.medium);
    mw_json_put_text(j, "address", m->usage_point.address);
    mw_json_put_text(j, "time_zone", m->usage_point.time_zone);
    mw_json_put_text(j, "class", mw_vee_class_name((mw_vee_class)c->class));
    mw_json_put_text(j, "unit", mw_unit_info_of(m->channel.unit)->symbol);
    mw_json_put_int(j, "scale", m->channel.scale);
}

static void put_sums(mw_json *j, const sums *x) {
    mw_json_put_object(j, "raw");
    mw_json_put_int(j, "sum", x->raw);
    mw_json_put_int(j, "present", x->raw_n);
    mw_json_object_end(j);
    mw_json_put_object(j, "final");
    mw_json_put_int(j, "sum", x->final);
    mw_json_put_int(j, "present", x->final_n);
    mw_json_put_int(j, "estimated", x->estimated_n);
    mw_json_object_end(j);
    mw_json_put_int(j, "difference", x->difference);
}

/* What the rule compared, in words that a page can translate. */
static void put_inputs(mw_json *j, const mw_store_exception *e) {
    mw_vee_input in[MW_VEE_RULE_INPUTS_MAX];
    size_t n = 0;
    if (e->rule < MW_VEE_RULES)
        n = mw_vee_inputs_of((mw_vee_rule)e->rule, e->input, e->threshold, in);
    mw_json_put_array(j, "inputs");
    for (size_t i = 0; i < n; i++) {
        mw_json_object_begin(j);
        mw_json_put_text(j, "name", in[i].name);
        mw_json_put_text(j, "unit", mw_vee_unit_name(in[i].unit));
        mw_json_put_int(j, "value", in[i].value);
        if (in[i].unit == MW_VEE_UNIT_FLAGS)
            mw_api_put_flags(j, "flags", (uint32_t)in[i].value);
        mw_json_object_end(j);
    }
    mw_json_array_end(j);
}

static void put_finding(mw_json *j, const mw_store_exception *e) {
    const mw_vee_rule_info *rule = e->rule < MW_VEE_RULES ? &mw_vee_rules[e->rule] : NULL;
    mw_json_put_int(j, "id", e->id);
    mw_json_put_text(j, "rule", rule != NULL ? rule->id : "unknown");
    mw_json_put_text(j, "name", rule != NULL ? rule->name : "unknown");
    mw_json_put_text(j, "severity", severities[e->severity & 3]);
    mw_json_put_utc(j, "from", e->from);
    mw_json_put_utc(j, "to", e->to);
    put_inputs(j, e);
    mw_json_put_utc(j, "found_at", e->found_at);
    mw_json_put_utc(j, "closed_at", e->closed_at);
    mw_json_put_text(j, "closed_by", e->closed_by[0] != 0 ? e->closed_by : NULL);
    mw_json_put_text(j, "judged", judgements[e->judged & 3]);
    mw_json_put_text(j, "reason", e->text[0] != 0 ? e->text : NULL);
}

/* The finding, its meter, and its values summed up. A span too long to show has no sums. */
static mw_status put_whole(workbench *w, const mw_store_exception *e, mw_window_channel *out_c) {
    mw_api *api = w->call->api;
    mw_json *j = w->j;
    mw_store_meter m;
    side_by_side t;
    put_finding(j, e);
    mw_status s = mw_store_meter_of_channel(api->o.store, w->call->tenant, e->channel, &m);
    if (s == MW_NOT_FOUND) { /* it was taken back with its import */
        mw_json_put_text(j, "meter", NULL);
        return MW_OK;
    }
    MW_TRY(s);
    MW_TRY(mw_window_channel_read(api->o.store, api->o.zones, w->call->tenant, e->channel, out_c));
    put_meter(j, &m, out_c);
    s = cells_read(api->o.store, out_c, e->from, e->to, &t);
    if (s == MW_LIMIT)
        return MW_OK;
    MW_TRY(s);
    sums x = sums_of(&t);
    int64_t money = 0;
    free(t.cell);
    MW_TRY(money_of(w, out_c, e->from, x.difference, &money));
    mw_json_put_int(j, "expected", t.n);
    put_sums(j, &x);
    mw_json_put_int(j, "difference_money", money);
    mw_json_put_text(j, "currency", w->currency.code);
    return MW_OK;
}

static mw_status list_take(void *ctx, const mw_store_exception *e) {
    workbench *w = ctx;
    mw_window_channel c;
    w->scanned++;
    w->seen = e->id;
    if (w->page->more || !mw_api_roster_has(&w->roster, e->channel) ||
        !mw_api_page_take(w->page, e->id))
        return MW_OK;
    mw_json_object_begin(w->j);
    MW_TRY(put_whole(w, e, &c));
    mw_json_object_end(w->j);
    return MW_OK;
}

static bool rule_of(const char *text, uint16_t *out_rule) {
    for (unsigned r = 0; r < MW_VEE_RULES; r++) {
        if (strcmp(text, mw_vee_rules[r].id) == 0) {
            *out_rule = (uint16_t)r;
            return true;
        }
    }
    return false;
}

static bool severity_of(const char *text, uint8_t *out_severity) {
    for (uint8_t i = 0; i < 4; i++) {
        if (strcmp(text, severities[i]) == 0) {
            *out_severity = i;
            return true;
        }
    }
    return false;
}

/* ?rule, ?severity, ?meter, ?open; answers itself what is wrong. */
static bool query_of(mw_api_call *call, mw_store_exception_query *q) {
    const char *open = mw_http_query(call->http, "open"), *rule = mw_http_query(call->http, "rule"),
               *severity = mw_http_query(call->http, "severity"),
               *meter = mw_http_query(call->http, "meter");
    q->tenant = call->tenant;
    q->open_only = open == NULL || strcmp(open, "false") != 0;
    q->of_rule = rule != NULL;
    if (rule != NULL && !rule_of(rule, &q->rule)) {
        mw_api_invalid(call, "rule must be one of V01 to V20");
        return false;
    }
    if (severity != NULL && !severity_of(severity, &q->severity_min)) {
        mw_api_invalid(call, "severity must be flag, warn, fail or alarm");
        return false;
    }
    if (meter != NULL) {
        uint64_t identity = 0;
        uint8_t number = 0;
        mw_store_meter m;
        if (mw_api_parse_meter(mw_slice_of_str(meter), &identity, &number) != MW_OK ||
            mw_store_meter_get(call->api->o.store, call->tenant, identity, number, &m) != MW_OK) {
            mw_http_reply_problem(call->http, 404, "NOT_FOUND", "there is no such meter");
            return false;
        }
        q->channel = m.channel.channel;
    }
    return true;
}

void mw_api_vee_exceptions(mw_api_call *call) {
    workbench w;
    mw_api_page p;
    mw_store_exception_query q = {.tenant = 0};
    mw_status s = workbench_open(call, &w);
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    if (!query_of(call, &q) || !mw_api_page_begin(call, &p, BYTES_MAX))
        return;
    q.before = p.before;
    q.limit = p.limit + 1;
    w.page = &p;
    w.j = &p.json;
    s = mw_api_roster_make(call, &w.roster);
    uint32_t had;
    do {
        had = w.scanned;
        if (s == MW_OK)
            s = mw_store_exceptions(call->api->o.store, &q, list_take, &w);
        q.before = w.seen;
    } while (s == MW_OK && !p.more && w.scanned - had == q.limit && w.scanned < MW_API_SCANNED_MAX);
    if (!p.more && w.scanned - had == q.limit) {
        p.more = true; /* the next page looks further */
        p.last = w.seen;
    }
    mw_api_roster_free(&w.roster);
    mw_api_page_end(call, &p, s);
}

static mw_status exception_take(void *ctx, const mw_store_exception *row) {
    *(mw_store_exception *)ctx = *row;
    return MW_OK;
}

mw_status mw_api_exception_find(mw_api_call *call, mw_store_exception *out) {
    const char *text = mw_http_param(call->http, "exception");
    char *end = NULL;
    long long id = strtoll(text, &end, 10);
    mw_store_exception_query q = {.tenant = call->tenant, .before = id + 1, .limit = 1};
    if (end == text || *end != 0 || id <= 0 || id == INT64_MAX)
        return MW_NOT_FOUND;
    *out = (mw_store_exception){.id = 0};
    MW_TRY(mw_store_exceptions(call->api->o.store, &q, exception_take, out));
    return out->id == id && mw_api_channel_in_area(call, out->channel) ? MW_OK : MW_NOT_FOUND;
}

static void put_cell(mw_json *j, const side_by_side *t, uint32_t i, bool inside) {
    const cell *c = &t->cell[i];
    char method[8];
    (void)snprintf(method, sizeof method, "E%u", (unsigned)c->method);
    mw_json_object_begin(j);
    mw_json_put_utc(j, "start", (mw_utc){t->from.us + (int64_t)i * t->seconds * MW_US_PER_S});
    mw_json_put_bool(j, "found", inside);
    if (c->has_raw)
        mw_json_put_int(j, "raw", c->raw);
    else
        mw_json_put_text(j, "raw", NULL);
    if (c->has_final)
        mw_json_put_int(j, "final", c->final);
    else
        mw_json_put_text(j, "final", NULL);
    mw_json_put_text(j, "layer", c->has_final ? mw_api_layer_name(c->layer) : NULL);
    mw_json_put_text(j, "method", c->method != 0 ? method : NULL);
    if (c->predicted) {
        mw_json_put_int(j, "low", c->prediction.low);
        mw_json_put_int(j, "high", c->prediction.high);
    }
    mw_api_put_quality(j, c->has_final ? c->final_quality : c->raw_quality);
    mw_json_object_end(j);
}

static mw_status put_cells(workbench *w, const mw_window_channel *c, const mw_store_exception *e) {
    side_by_side t;
    const int64_t around = AROUND_S * MW_US_PER_S;
    mw_status s = cells_read(w->call->api->o.store, c, (mw_utc){e->from.us - around},
                             (mw_utc){e->to.us + around}, &t);
    if (s == MW_LIMIT)
        return MW_OK;
    MW_TRY(s);
    mw_json_put_int(w->j, "seconds", t.seconds);
    mw_json_put_array(w->j, "values");
    for (uint32_t i = 0; i < t.n; i++) {
        int64_t at = t.from.us + (int64_t)i * t.seconds * MW_US_PER_S;
        put_cell(w->j, &t, i, at >= e->from.us && at < e->to.us);
    }
    mw_json_array_end(w->j);
    free(t.cell);
    return MW_OK;
}

void mw_api_vee_exception_read(mw_api_call *call) {
    workbench w;
    mw_store_exception e;
    mw_window_channel c = {.channel = 0};
    mw_buffer b;
    mw_status s = workbench_open(call, &w);
    if (s == MW_OK)
        s = mw_api_exception_find(call, &e);
    if (s != MW_OK) {
        if (s == MW_NOT_FOUND)
            mw_http_reply_problem(call->http, 404, "NOT_FOUND", "there is no such finding");
        else
            mw_api_fail(call, s);
        return;
    }
    mw_buffer_init(&b, BYTES_MAX);
    mw_json j = mw_json_of(&b);
    w.j = &j;
    mw_json_object_begin(&j);
    s = put_whole(&w, &e, &c);
    if (s == MW_OK && c.channel != 0)
        s = put_cells(&w, &c, &e);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

/* ---- the summary's doubts ---- */

static mw_status doubt_take(void *ctx, const mw_store_exception *e) {
    workbench *w = ctx;
    mw_api *api = w->call->api;
    mw_window_channel c;
    side_by_side t;
    int64_t money = 0;
    if (!mw_api_roster_has(&w->roster, e->channel))
        return MW_OK;
    w->findings++;
    mw_status s =
        mw_window_channel_read(api->o.store, api->o.zones, w->call->tenant, e->channel, &c);
    if (s == MW_OK)
        s = cells_read(api->o.store, &c, e->from, e->to, &t);
    if (s == MW_NOT_FOUND || s == MW_LIMIT)
        return MW_OK;
    MW_TRY(s);
    int64_t difference = sums_of(&t).difference;
    free(t.cell);
    MW_TRY(money_of(w, &c, e->from, difference, &money));
    if (__builtin_add_overflow(w->doubt_money, money, &w->doubt_money))
        w->doubt_money = INT64_MAX;
    return MW_OK;
}

mw_status mw_api_put_doubts(mw_api_call *call, mw_json *j) {
    workbench w;
    mw_store_exception_query q = {.tenant = call->tenant,
                                  .open_only = true,
                                  .severity_min = MW_VEE_FAIL,
                                  .limit = DOUBTS_MAX};
    MW_TRY(workbench_open(call, &w));
    MW_TRY(mw_api_roster_make(call, &w.roster));
    mw_status s = mw_store_exceptions(call->api->o.store, &q, doubt_take, &w);
    mw_api_roster_free(&w.roster);
    MW_TRY(s);
    mw_json_put_object(j, "doubts");
    mw_json_put_int(j, "findings", w.findings);
    mw_json_put_bool(j, "more", w.findings == DOUBTS_MAX);
    mw_json_put_int(j, "money", w.doubt_money);
    mw_json_object_end(j);
    return MW_OK;
}

/* ---- rules ---- */

typedef struct counts {
    mw_store_rule_count of[MW_VEE_RULES];
} counts;

static mw_status count_take(void *ctx, const mw_store_rule_count *row) {
    counts *c = ctx;
    if (row->rule < MW_VEE_RULES)
        c->of[row->rule] = *row;
    return MW_OK;
}

/* Of what people decided: the share they found right. */
static void put_share(mw_json *j, const mw_store_rule_count *c) {
    int64_t decided = c->accepted + c->rejected + c->edited;
    if (decided == 0)
        mw_json_put_text(j, "accepted_share_ppm", NULL);
    else
        mw_json_put_int(j, "accepted_share_ppm", mw_vee_ratio_ppm(c->accepted, decided));
}

static void put_rule(mw_json *j, const mw_vee_rule_info *rule, const mw_vee_settings *settings,
                     const mw_store_rule_count *c) {
    mw_json_object_begin(j);
    mw_json_put_text(j, "rule", rule->id);
    mw_json_put_text(j, "name", rule->name);
    mw_json_put_bool(j, "on", settings->rule[rule->rule].on);
    mw_json_put_text(j, "severity", severities[settings->rule[rule->rule].severity & 3]);
    mw_json_put_int(j, "found", c->found);
    mw_json_put_int(j, "meters", c->channels);
    mw_json_put_int(j, "open", c->open);
    mw_json_put_int(j, "accepted", c->accepted);
    mw_json_put_int(j, "rejected", c->rejected);
    mw_json_put_int(j, "edited", c->edited);
    mw_json_put_int(j, "gone", c->gone);
    put_share(j, c);
    mw_json_put_utc(j, "newest", c->found > 0 ? c->newest : MW_UTC_NONE);
    mw_json_object_end(j);
}

void mw_api_vee_rules(mw_api_call *call) {
    static counts c;
    workbench w;
    mw_vee_book book;
    size_t unknown = 0;
    mw_utc from;
    if (!mw_api_utc(call, "from", (mw_utc){0}, &from))
        return;
    memset(&c, 0, sizeof c);
    mw_status s = workbench_open(call, &w);
    if (s == MW_OK)
        s = mw_vee_book_at(w.dated, w.dated_n, MW_VEE_RESIDENTIAL, mw_loop_utc(call->api->o.loop),
                           &book, &unknown);
    if (s == MW_OK)
        s = mw_store_rule_counts(call->api->o.store, call->tenant, from, count_take, &c);
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 64 * 1024);
    mw_json_put_array(&j, "items");
    for (unsigned r = 0; r < MW_VEE_RULES; r++)
        put_rule(&j, &mw_vee_rules[r], &book.rules, &c.of[r]);
    mw_json_array_end(&j);
    mw_api_object_send(call, 200, &j, &b);
}
