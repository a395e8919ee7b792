/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands to meters: one operation to ask for each kind, lists, one command with its history, and
 * cancelling.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/api/area.h"
#include "platform/api/schedule.h"
#include "protocols/smp/smp.h"
#include "runtime/json_read.h"

enum { BODY_MAX = 65536, BODY_DEPTH = 6, PRIORITY_USUAL = 4 };

/* ---- what may be configured ---- */

static const struct {
    const char *name;
    uint16_t key;
    int64_t min, max;
} settings[] = {
    {"report_period_hours", MW_SMP_KEY_PERIOD_H, 1, 24},
    {"report_jitter_seconds", MW_SMP_KEY_JITTER_S, 60, 65535},
    {"copies", MW_SMP_KEY_COPIES, 1, 3},
    {"rate", MW_SMP_KEY_RATE, 0, 2},
    {"overlap", MW_SMP_KEY_OVERLAP, 0, 1},
    {"grid_offset_minutes", MW_SMP_KEY_GRID_MIN, 0, 45},
    {"billing_hour", MW_SMP_KEY_BILLING_HOUR, 0, 23},
    {"registers", MW_SMP_KEY_ACTIVE, 1, 255},
    {"burst_per_hour", MW_SMP_KEY_BURST, 0, 65535},
    {"leak_per_hour", MW_SMP_KEY_LEAK, 0, 255},
    {"battery_low_mv", MW_SMP_KEY_BATTERY_LOW_MV, 0, 5100},
    {"beacon", MW_SMP_KEY_BEACON, 0, 255},
    {"no_flow_days", MW_SMP_KEY_NO_FLOW_DAYS, 0, 255},
    {"adaptive_days", MW_SMP_KEY_ADAPTIVE, 0, 60},
    /* Read, never set. */
    {"legal_version", MW_SMP_KEY_LEGAL_VERSION, 0, 0},
    {"legal_checksum", MW_SMP_KEY_LEGAL_CHECKSUM, 0, 0},
    {"seal", MW_SMP_KEY_SEAL, 0, 0},
    {"audit_records", MW_SMP_KEY_AUDIT_RECORDS, 0, 0},
    {"audit_left", MW_SMP_KEY_AUDIT_LEFT, 0, 0},
    {"schedule", MW_SMP_KEY_SCHEDULE, 0, 0},
    {"schedule_from", MW_SMP_KEY_SCHEDULE_FROM, 0, 0},
    {"schedule_missing", MW_SMP_KEY_SCHEDULE_MISSING, 0, 0},
};
enum { SETTINGS = sizeof settings / sizeof settings[0], WRITABLE = SETTINGS - 8 };

static const char *setting_name(uint16_t key) {
    for (size_t i = 0; i < SETTINGS; i++)
        if (settings[i].key == key)
            return settings[i].name;
    return NULL;
}

/* ---- from JSON to a command ---- */

typedef struct asking {
    mw_api_call *call;
    const json_t *body;
    mw_smp_command smp;
    mw_api_schedule *schedule; /* its parts behind smp, the first; NULL: another kind */
    mw_json_error error;
} asking;

typedef mw_status asking_parse(asking *a);

static mw_status complain(asking *a, const char *text) {
    snprintf(a->error.text, sizeof a->error.text, "%s", text);
    return MW_RANGE;
}

static mw_status parse_nothing(asking *a) {
    a->smp.size = 0;
    return MW_OK;
}

static mw_status parse_archive(asking *a) {
    mw_utc from, to;
    const mw_store_channel *channel = &a->call->meter.channel;
    uint8_t grid = (uint8_t)(channel->grid_offset_s / 900 % 4);
    uint32_t first = 0, end = 0;
    MW_TRY(mw_json_get_utc(a->body, "from", &from, &a->error));
    MW_TRY(mw_json_get_utc(a->body, "to", &to, &a->error));
    if (mw_smp_hour_of_utc(from, grid, &first) != MW_OK ||
        mw_smp_hour_of_utc(to, grid, &end) != MW_OK || end <= first)
        return complain(a, "\"from\" must be at least an hour before \"to\"");
    if (end - first > MW_SMP_ARCHIVE_HOURS)
        return complain(a, "at most 744 hours can be read at once");
    mw_smp_read_hours h = {
        .channel = channel->number, .end_hour = end, .hours = (uint16_t)(end - first)};
    a->smp.code = (uint8_t)(h.hours <= MW_SMP_HOURS_MAX ? MW_SMP_COMMAND_READ_DAY
                                                        : MW_SMP_COMMAND_READ_ARCHIVE);
    return mw_smp_read_hours_put(&h, &a->smp);
}

static mw_status parse_read_config(asking *a) {
    const char *name = NULL;
    MW_TRY(mw_json_get_text(a->body, "key", 40, &name, &a->error));
    for (size_t i = 0; i < SETTINGS; i++)
        if (strcmp(settings[i].name, name) == 0) {
            mw_smp_read_config_put(settings[i].key, &a->smp);
            return MW_OK;
        }
    return complain(a, "\"key\" is not a setting of meters");
}

/* Values that wait for their time: told as done when the meter took them. */
static mw_status parse_activation(asking *a, const mw_smp_config *set) {
    mw_utc at;
    uint32_t at_s = 0;
    MW_TRY(mw_json_get_utc(a->body, "activate_at", &at, &a->error));
    if (mw_smp_seconds_of_utc(at, &at_s) != MW_OK)
        return complain(a, "\"activate_at\" is beyond the meter's calendar");
    a->smp.code = MW_SMP_COMMAND_SET_CONFIG_AT;
    return mw_smp_set_config_at_put(at_s, set, &a->smp) == MW_OK
               ? MW_OK
               : complain(a, "these values do not fit one command");
}

static mw_status parse_set_config(asking *a) {
    json_t *values = NULL;
    mw_smp_config set = {0};
    const char *names[WRITABLE + 1] = {NULL};
    for (size_t i = 0; i < WRITABLE; i++)
        names[i] = settings[i].name;
    MW_TRY(mw_json_get_object(a->body, "values", &values, &a->error));
    MW_TRY(mw_json_only(values, names, &a->error));
    for (size_t i = 0; i < WRITABLE; i++) {
        if (json_object_get(values, settings[i].name) == NULL)
            continue;
        if (set.count == MW_SMP_CONFIG_MAX)
            return complain(a, "at most 8 values can be set at once");
        set.item[set.count].key = settings[i].key;
        MW_TRY(mw_json_get_int(values, settings[i].name, settings[i].min, settings[i].max,
                               &set.item[set.count++].value, &a->error));
    }
    if (set.count == 0)
        return complain(a, "\"values\" is empty");
    if (json_object_get(a->body, "activate_at") != NULL)
        return parse_activation(a, &set);
    return mw_smp_set_config_put(&set, &a->smp) == MW_OK
               ? MW_OK
               : complain(a, "these values do not fit one command");
}

static mw_status parse_set_time(asking *a) {
    bool step = false;
    if (json_object_get(a->body, "step") != NULL)
        MW_TRY(mw_json_get_bool(a->body, "step", &step, &a->error));
    a->smp.data[0] = step ? 1 : 0;
    a->smp.size = 1;
    return MW_OK;
}

static mw_status parse_relay(asking *a) {
    bool closed = false;
    MW_TRY(mw_json_get_bool(a->body, "closed", &closed, &a->error));
    mw_smp_relay_put(closed, &a->smp);
    return MW_OK;
}

static mw_status parse_schedule(asking *a) {
    a->schedule = calloc(1, sizeof *a->schedule);
    if (a->schedule == NULL)
        return MW_NOMEM;
    MW_TRY(
        mw_api_schedule_parts(a->body, mw_loop_utc(a->call->api->o.loop), a->schedule, &a->error));
    a->smp = a->schedule->part[0];
    return MW_OK;
}

/* ---- kinds ---- */

#define COMMON_MEMBERS "priority", "ttl_seconds"

static const struct kind {
    const char *operation; /* operationId */
    const char *name;
    uint8_t code;
    uint8_t priority; /* unless asked otherwise */
    asking_parse *parse;
    const char *members[10];
} kinds[] = {
    {"commandPing", "ping", MW_SMP_COMMAND_PING, 3, parse_nothing, {COMMON_MEMBERS}},
    {"commandReadArchive",
     "read-archive",
     MW_SMP_COMMAND_READ_ARCHIVE,
     5,
     parse_archive,
     {COMMON_MEMBERS, "from", "to"}},
    {"commandReadConfiguration",
     "read-configuration",
     MW_SMP_COMMAND_READ_CONFIG,
     PRIORITY_USUAL,
     parse_read_config,
     {COMMON_MEMBERS, "key"}},
    {"commandSetConfiguration",
     "set-configuration",
     MW_SMP_COMMAND_SET_CONFIG,
     PRIORITY_USUAL,
     parse_set_config,
     {COMMON_MEMBERS, "values", "activate_at"}},
    {"commandSetTime",
     "set-time",
     MW_SMP_COMMAND_SET_TIME,
     PRIORITY_USUAL,
     parse_set_time,
     {COMMON_MEMBERS, "step"}},
    {"commandRelay", "relay", MW_SMP_COMMAND_RELAY, 1, parse_relay, {COMMON_MEMBERS, "closed"}},
    {"commandTariffSchedule",
     "tariff-schedule",
     MW_SMP_COMMAND_SCHEDULE,
     PRIORITY_USUAL,
     parse_schedule,
     {COMMON_MEMBERS, "name", "clock", "programs", "seasons", "special_days", "activate_at",
      "holds"}},
    {"commandRestart",
     "restart",
     MW_SMP_COMMAND_RESTART,
     PRIORITY_USUAL,
     parse_nothing,
     {COMMON_MEMBERS}},
    {"commandRequestHealth",
     "request-health",
     MW_SMP_COMMAND_HEALTH,
     PRIORITY_USUAL,
     parse_nothing,
     {COMMON_MEMBERS}},
    {"commandRotateKeys",
     "rotate-keys",
     MW_SMP_COMMAND_KEY_EPOCH,
     2,
     parse_nothing,
     {COMMON_MEMBERS}},
    {"commandSendGroupKey",
     "send-group-key",
     MW_SMP_COMMAND_GROUP_KEY,
     PRIORITY_USUAL,
     parse_nothing,
     {COMMON_MEMBERS}},
};

static const struct kind *kind_of(const char *operation) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].operation, operation) == 0)
            return &kinds[i];
    return NULL;
}

/* ---- answers ---- */

static void put_command(mw_json *j, const mw_store_command *c, const mw_store_device *device) {
    char identity[24];
    snprintf(identity, sizeof identity, "%016llx", (unsigned long long)device->identity);
    mw_json_put_int(j, "id", c->id);
    mw_json_put_text(j, "kind", c->kind);
    mw_json_put_text(j, "device_id", identity);
    mw_json_put_text(j, "serial", device->serial);
    mw_json_key(j, "arguments");
    mw_json_raw(j, mw_slice_of_str(c->args[0] != 0 ? c->args : "{}"));
    mw_json_put_text(j, "state", mw_command_state_name(c->state));
    mw_json_put_text(j, "reason", c->reason);
    mw_json_put_bool(j, "over", mw_command_is_over(c->state));
    mw_json_put_utc(j, "created_at", c->created);
    mw_json_put_utc(j, "changed_at", c->changed);
    mw_json_put_utc(j, "expires_at", c->expires);
    mw_json_put_int(j, "priority", c->priority);
    mw_json_put_int(j, "attempts", c->attempts);
    mw_json_put_int(j, "attempts_max", c->attempts_max);
    mw_json_put_text(j, "asked_by", c->actor);
    if (c->parent != 0)
        mw_json_put_int(j, "parent", c->parent);
    else
        mw_json_put_null(j, "parent");
}

static mw_status put_step(void *ctx, const mw_store_command_step *s) {
    mw_json *j = ctx;
    mw_json_object_begin(j);
    mw_json_put_utc(j, "at", s->at);
    mw_json_put_text(j, "state", mw_command_state_name(s->state));
    mw_json_put_text(j, "reason", s->reason);
    mw_json_put_text(j, "station", s->station[0] != 0 ? s->station : NULL);
    mw_json_object_end(j);
    return MW_OK;
}

static mw_status put_told(void *ctx, const mw_store_told *t) {
    mw_json *j = ctx;
    const char *name = setting_name(t->key);
    char number[16];
    snprintf(number, sizeof number, "%u", (unsigned)t->key);
    mw_json_object_begin(j);
    mw_json_put_text(j, "key", name != NULL ? name : number);
    mw_json_put_int(j, "value", t->value);
    mw_json_put_utc(j, "received_at", t->received);
    mw_json_object_end(j);
    return MW_OK;
}

/* One command with its history and what the meter told of its configuration. */
static void answer(mw_api_call *call, int status, const mw_store_command *c) {
    mw_store *store = call->api->o.store;
    mw_store_device device;
    mw_buffer b;
    mw_status s = mw_store_device_by_number(store, c->tenant, c->device, &device);
    if (s != MW_OK) {
        mw_api_fail(call, s);
        return;
    }
    mw_json j = mw_api_object_begin(&b, 256 * 1024);
    put_command(&j, c, &device);
    mw_json_put_array(&j, "history");
    s = mw_store_command_steps(store, c->tenant, c->id, put_step, &j);
    mw_json_array_end(&j);
    mw_json_put_array(&j, "configuration");
    if (s == MW_OK)
        s = mw_store_told_list(store, c->tenant, c->device, put_told, &j);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, status, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

/* ---- asking ---- */

static void refuse(mw_api_call *call, mw_status s) {
    switch (s) {
    case MW_CONFLICT:
        mw_http_reply_problem(call->http, 409, "CONFLICT",
                              "this Idempotency-Key was used for another command");
        return;
    case MW_LIMIT:
        mw_http_reply_problem(call->http, 429, "TOO_MANY",
                              "too many commands of this meter or tenant are open");
        return;
    case MW_STATE:
        mw_http_reply_problem(call->http, 409, "CONFLICT",
                              "another tariff schedule is on its way to this meter");
        return;
    case MW_RANGE:
        mw_api_invalid(call, "\"ttl_seconds\" is 60 to 7776000, \"priority\" 0 to 7");
        return;
    default:
        mw_api_fail(call, s);
    }
}

/* Letters, digits and -._ ; NULL when absent. False after answering. */
static bool key_of(mw_api_call *call, const char **out_key) {
    const char *key = mw_http_header(call->http, "Idempotency-Key");
    *out_key = key;
    if (key == NULL)
        return true;
    size_t n = strlen(key);
    if (n > 0 && n < MW_STORE_ID_MAX &&
        strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == n)
        return true;
    mw_api_invalid(call, "an Idempotency-Key has 1 to 63 letters, digits, '-', '.' or '_'");
    return false;
}

static mw_status common_read(asking *a, mw_command_order *o) {
    int64_t priority = o->priority, ttl = 0;
    if (json_object_get(a->body, "priority") != NULL)
        MW_TRY(mw_json_get_int(a->body, "priority", 0, 7, &priority, &a->error));
    if (json_object_get(a->body, "ttl_seconds") != NULL)
        MW_TRY(mw_json_get_int(a->body, "ttl_seconds", MW_COMMANDS_TTL_MIN_S, MW_COMMANDS_TTL_MAX_S,
                               &ttl, &a->error));
    o->priority = (uint8_t)priority;
    o->ttl = mw_dur_s(ttl);
    return MW_OK;
}

static void order_create(mw_api_call *call, mw_command_order *o) {
    mw_store_command c;
    bool existing = false;
    if (!key_of(call, &o->key))
        return;
    mw_status s =
        mw_commands_create(call->api->o.commands, o, mw_loop_utc(call->api->o.loop), &c, &existing);
    if (s != MW_OK) {
        refuse(call, s);
        return;
    }
    answer(call, existing ? 200 : 201, &c);
    if (call->api->o.on_commands != NULL)
        call->api->o.on_commands(call->api->o.context);
}

/* What was asked, for people: the body, of which a tariff schedule is told in short. */
static mw_status order_put(const asking *a, mw_command_order *o,
                           char out_args[MW_STORE_COMMAND_ARGS]) {
    o->args = out_args;
    o->code = a->smp.code;
    o->size = a->smp.size;
    mw_bytes_copy(o->data, a->smp.data, a->smp.size);
    if (a->schedule != NULL) {
        o->more = a->schedule->part + 1;
        o->more_n = a->schedule->parts - 1;
        snprintf(out_args, MW_STORE_COMMAND_ARGS, "%s", a->schedule->summary);
        return MW_OK;
    }
    char *text = json_dumps(a->body, JSON_COMPACT | JSON_SORT_KEYS);
    bool fits = text != NULL && strlen(text) < MW_STORE_COMMAND_ARGS;
    if (fits)
        snprintf(out_args, MW_STORE_COMMAND_ARGS, "%s", text);
    free(text);
    return fits ? MW_OK : MW_NOMEM;
}

void mw_api_command_create(mw_api_call *call) {
    const struct kind *kind = kind_of(call->row->id);
    json_t *root = NULL;
    char args[MW_STORE_COMMAND_ARGS];
    asking a = {.call = call, .smp = {.code = kind->code}};
    mw_status s = mw_json_parse(mw_http_body(call->http), (mw_json_limits){BODY_MAX, BODY_DEPTH},
                                &root, &a.error);
    a.body = root;
    mw_command_order o = {.tenant = call->tenant,
                          .device = call->meter.device,
                          .kind = kind->name,
                          .priority = kind->priority,
                          .actor = call->user.login};
    if (s == MW_OK)
        s = json_is_object(root) ? mw_json_only(root, kind->members, &a.error) : MW_SYNTAX;
    if (s == MW_OK)
        s = common_read(&a, &o);
    if (s == MW_OK)
        s = kind->parse(&a);
    if (s == MW_OK)
        s = order_put(&a, &o, args);
    json_decref(root);
    if (s == MW_OK)
        order_create(call, &o);
    else if (s == MW_NOMEM)
        mw_api_fail(call, s);
    else
        mw_api_invalid(call, a.error.text[0] != 0 ? a.error.text : "the body is not understood");
    free(a.schedule);
}

/* ---- reading and cancelling ---- */

/* {command} of the path; answers 404 itself. */
static bool command_of(mw_api_call *call, mw_store_command *out) {
    const char *text = mw_http_param(call->http, "command");
    size_t n = strlen(text);
    mw_status s = MW_NOT_FOUND;
    if (n > 0 && n <= 18 && strspn(text, "0123456789") == n)
        s = mw_store_command_get(call->api->o.store, call->tenant, strtoll(text, NULL, 10), out);
    if (s == MW_OK && !mw_api_device_in_area(call, out->device))
        s = MW_NOT_FOUND;
    if (s == MW_OK)
        return true;
    if (s == MW_NOT_FOUND)
        mw_http_reply_problem(call->http, 404, "NOT_FOUND", "there is no such command");
    else
        mw_api_fail(call, s);
    return false;
}

void mw_api_command_read(mw_api_call *call) {
    mw_store_command c;
    if (command_of(call, &c))
        answer(call, 200, &c);
}

void mw_api_command_cancel(mw_api_call *call) {
    mw_store_command c;
    if (!command_of(call, &c))
        return;
    mw_status s = mw_commands_cancel(call->api->o.commands, call->tenant, c.id, call->user.login,
                                     mw_loop_utc(call->api->o.loop), &c);
    if (s == MW_STATE)
        mw_http_reply_problem(call->http, 409, "CONFLICT",
                              "the command is over, or the meter has taken it already");
    else if (s != MW_OK)
        mw_api_fail(call, s);
    else
        answer(call, 200, &c);
}

typedef struct listing {
    mw_api_call *call;
    mw_json json;
    mw_buffer buffer;
    mw_store_command row[201];
    uint32_t n, scanned;
    int64_t last; /* seen */
} listing;

static mw_status row_keep(void *ctx, const mw_store_command *c) {
    listing *l = ctx;
    l->scanned++;
    l->last = c->id;
    if (l->n < sizeof l->row / sizeof l->row[0] && mw_api_device_in_area(l->call, c->device))
        l->row[l->n++] = *c;
    return MW_OK;
}

static mw_status rows_put(mw_api_call *call, listing *l, uint32_t limit) {
    for (uint32_t i = 0; i < l->n && i < limit; i++) {
        mw_store_device device;
        MW_TRY(
            mw_store_device_by_number(call->api->o.store, call->tenant, l->row[i].device, &device));
        mw_json_object_begin(&l->json);
        put_command(&l->json, &l->row[i], &device);
        mw_json_object_end(&l->json);
    }
    return MW_OK;
}

/* As many as the page takes, and one; *out_beyond: rows that were not looked at remain. */
static mw_status rows_read(listing *l, int64_t device, int64_t before, uint32_t limit,
                           bool *out_beyond) {
    uint32_t had;
    do {
        had = l->scanned;
        MW_TRY(mw_store_commands_list(l->call->api->o.store, l->call->tenant, device, before,
                                      limit + 1, row_keep, l));
        before = l->last;
    } while (l->n <= limit && l->scanned - had == limit + 1 && l->scanned < MW_API_SCANNED_MAX);
    *out_beyond = l->n <= limit && l->scanned - had == limit + 1;
    return MW_OK;
}

static void list(mw_api_call *call, int64_t device) {
    uint32_t limit = 0;
    int64_t before = 0;
    if (!mw_api_limit(call, &limit) || !mw_api_before(call, &before))
        return;
    listing *l = calloc(1, sizeof *l);
    if (l == NULL) {
        mw_api_fail(call, MW_NOMEM);
        return;
    }
    l->call = call;
    mw_buffer_init(&l->buffer, 1024 * 1024);
    l->json = mw_json_of(&l->buffer);
    mw_json_object_begin(&l->json);
    mw_json_put_array(&l->json, "items");
    bool beyond = false;
    mw_status s = rows_read(l, device, before, limit, &beyond);
    if (s == MW_OK)
        s = rows_put(call, l, limit);
    if (s == MW_OK) {
        char next[24];
        bool more = beyond || l->n > limit;
        int64_t last = l->n > limit ? l->row[limit - 1].id : l->last;
        snprintf(next, sizeof next, "%lld", more ? (long long)last : 0LL);
        mw_json_array_end(&l->json);
        mw_json_put_text(&l->json, "next", more ? next : NULL);
        mw_json_object_end(&l->json);
        mw_api_send_json(call, 200, &l->json, &l->buffer);
    } else {
        mw_buffer_fini(&l->buffer);
        mw_api_fail(call, s);
    }
    free(l);
}

void mw_api_meter_commands(mw_api_call *call) {
    list(call, call->meter.device.device);
}

void mw_api_command_list(mw_api_call *call) {
    list(call, 0);
}
