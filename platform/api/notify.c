/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is told of alarms, and what became of each message.
 */
#include "platform/notify/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/api/internal.h"
#include "runtime/json_read.h"

static const char *const kinds[] = {"", "email", "webhook"};
static const char *const states[] = {"", "waiting", "sent", "dead", "dropped"};

/* ---- recipients ---- */

static mw_status put_recipient(void *ctx, const mw_store_recipient *r) {
    mw_json *j = ctx;
    mw_json_object_begin(j);
    mw_json_put_text(j, "id", r->id);
    mw_json_put_text(j, "name", r->name);
    mw_json_put_text(j, "kind", r->kind <= MW_RECIPIENT_WEBHOOK ? kinds[r->kind] : "");
    mw_json_put_text(j, "target", r->target);
    mw_json_put_bool(j, "on", r->on);
    mw_json_put_text(j, "severity", mw_alarm_severity_name(r->severity_min));
    mw_json_put_text(j, "rules", r->rules);
    mw_json_put_text(j, "area", r->area[0] != 0 ? r->area : NULL);
    mw_json_put_bool(j, "escalated_only", r->escalated_only);
    mw_json_put_int(j, "quiet_from", r->quiet_from);
    mw_json_put_int(j, "quiet_to", r->quiet_to);
    mw_json_put_text(j, "quiet_severity", mw_alarm_severity_name(r->quiet_severity));
    mw_json_put_text(j, "time_zone", r->time_zone);
    mw_json_put_text(j, "language", r->language[0] != 0 ? r->language : "en");
    mw_json_put_int(j, "digest_s", r->digest_s);
    mw_json_put_int(j, "escalate_s", r->escalate_s);
    mw_json_put_text(j, "escalate_to", r->escalate_to[0] != 0 ? r->escalate_to : NULL);
    mw_json_put_utc(j, "changed_at", r->changed_at);
    mw_json_put_text(j, "changed_by", r->changed_by);
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_recipient_list(mw_api_call *call) {
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 1024 * 1024);
    mw_json_put_array(&j, "items");
    mw_status s = mw_store_recipients(call->api->o.store, call->tenant, put_recipient, &j);
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    if (s == MW_OK) {
        mw_api_send_json(call, 200, &j, &b);
        return;
    }
    mw_buffer_fini(&b);
    mw_api_fail(call, s);
}

/* A member that may be absent: the place keeps what it has. */
static mw_status text_into(const json_t *root, const char *key, char *out, size_t size,
                           mw_json_error *error) {
    const char *text = NULL;
    mw_status s = mw_json_get_text(root, key, size - 1, &text, error);
    if (s == MW_OK)
        (void)snprintf(out, size, "%s", text);
    return s == MW_NOT_FOUND ? MW_OK : s;
}

static mw_status int_into(const json_t *root, const char *key, int64_t max, int64_t *out,
                          mw_json_error *error) {
    mw_status s = mw_json_get_int(root, key, 0, max, out, error);
    return s == MW_NOT_FOUND ? MW_OK : s;
}

static mw_status bool_into(const json_t *root, const char *key, bool *out, mw_json_error *error) {
    mw_status s = mw_json_get_bool(root, key, out, error);
    return s == MW_NOT_FOUND ? MW_OK : s;
}

static mw_status severity_into(const json_t *root, const char *key, uint8_t *out,
                               mw_json_error *error) {
    char name[16] = "";
    MW_TRY(text_into(root, key, name, sizeof name, error));
    if (name[0] == 0 || mw_alarm_severity_of(name, out) == MW_OK)
        return MW_OK;
    (void)snprintf(error->text, sizeof error->text, "%s is info, minor, major or critical", key);
    return MW_SYNTAX;
}

static mw_status recipient_read(const json_t *root, mw_store_recipient *r, mw_json_error *error) {
    char kind[16] = "";
    MW_TRY(text_into(root, "kind", kind, sizeof kind, error));
    for (unsigned i = MW_RECIPIENT_EMAIL; i <= MW_RECIPIENT_WEBHOOK; i++)
        if (strcmp(kinds[i], kind) == 0)
            r->kind = (mw_store_recipient_kind)i;
    if (r->kind == 0) {
        (void)snprintf(error->text, sizeof error->text, "kind is email or webhook");
        return MW_SYNTAX;
    }
    MW_TRY(text_into(root, "name", r->name, sizeof r->name, error));
    MW_TRY(text_into(root, "target", r->target, sizeof r->target, error));
    MW_TRY(bool_into(root, "on", &r->on, error));
    MW_TRY(severity_into(root, "severity", &r->severity_min, error));
    MW_TRY(text_into(root, "rules", r->rules, sizeof r->rules, error));
    MW_TRY(text_into(root, "area", r->area, sizeof r->area, error));
    MW_TRY(bool_into(root, "escalated_only", &r->escalated_only, error));
    MW_TRY(int_into(root, "quiet_from", 1439, &r->quiet_from, error));
    MW_TRY(int_into(root, "quiet_to", 1439, &r->quiet_to, error));
    MW_TRY(severity_into(root, "quiet_severity", &r->quiet_severity, error));
    MW_TRY(text_into(root, "time_zone", r->time_zone, sizeof r->time_zone, error));
    MW_TRY(text_into(root, "language", r->language, sizeof r->language, error));
    MW_TRY(int_into(root, "digest_s", 86400, &r->digest_s, error));
    MW_TRY(int_into(root, "escalate_s", 7 * 86400, &r->escalate_s, error));
    return text_into(root, "escalate_to", r->escalate_to, sizeof r->escalate_to, error);
}

static bool id_good(const char *id) {
    size_t n = strlen(id);
    return n > 0 && n < 40 && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-_") == n;
}

static void answer(mw_api_call *call, mw_status s, const char *what) {
    if (s == MW_OK)
        mw_http_reply_json(call->http, 200, mw_slice_of_str("{\"status\":\"done\"}"));
    else if (s == MW_SYNTAX || s == MW_RANGE)
        mw_api_invalid(call, what);
    else if (s == MW_FORBIDDEN)
        mw_api_invalid(call, "a webhook needs https, or a host that the operator allowed");
    else if (s == MW_NOT_FOUND)
        mw_http_reply_problem(call->http, 404, "NOT_FOUND", "there is no such thing");
    else
        mw_api_fail(call, s);
}

static mw_status recipient_store(mw_api_call *call, const mw_store_recipient *r) {
    MW_TRY(mw_store_begin(call->api->o.store));
    mw_status s = mw_store_recipient_put(call->api->o.store, r);
    if (s == MW_OK)
        s = mw_api_audit(call, "recipient_written", r->id, r->target);
    return mw_api_end(call, s);
}

void mw_api_recipient_write(mw_api_call *call) {
    static const char *const members[] = {
        "name",       "kind",       "target",         "on",       "severity", "rules",
        "area",       "quiet_from", "escalated_only", "quiet_to", "digest_s", "quiet_severity",
        "escalate_s", "time_zone",  "escalate_to",    "language", NULL};
    const char *id = mw_http_param(call->http, "recipient");
    mw_json_error error = {"the body is malformed"};
    mw_store_recipient r = {.tenant = call->tenant,
                            .on = true,
                            .severity_min = MW_SEVERITY_MAJOR,
                            .quiet_severity = MW_SEVERITY_CRITICAL,
                            .time_zone = "UTC",
                            .language = "en"};
    mw_store_recipient former;
    json_t *root = NULL;
    if (call->api->o.notify == NULL || !id_good(id)) {
        mw_api_invalid(call, "the id has small letters, digits, - and _ only");
        return;
    }
    mw_status s = mw_store_recipient_get(call->api->o.store, call->tenant, id, &former);
    if (s == MW_OK)
        r.secret = former.secret;
    if (s == MW_OK || s == MW_NOT_FOUND)
        s = mw_json_parse(mw_http_body(call->http), (mw_json_limits){call->row->body_max, 1}, &root,
                          &error);
    if (s == MW_OK)
        s = mw_json_only(root, members, &error);
    if (s == MW_OK)
        s = recipient_read(root, &r, &error);
    json_decref(root);
    (void)snprintf(r.id, sizeof r.id, "%s", id);
    (void)snprintf(r.changed_by, sizeof r.changed_by, "%s", call->user.login);
    r.changed_at = mw_loop_machine_utc(call->api->o.loop);
    if (s == MW_OK) {
        s = mw_notify_check(call->api->o.notify, &r);
        (void)snprintf(error.text, sizeof error.text,
                       "the address, a time or the time zone is not allowed");
    }
    if (s == MW_OK)
        s = recipient_store(call, &r);
    answer(call, s == MW_LIMIT ? MW_SYNTAX : s, error.text);
}

void mw_api_recipient_delete(mw_api_call *call) {
    const char *id = mw_http_param(call->http, "recipient");
    mw_status s = mw_store_begin(call->api->o.store);
    if (s == MW_OK) {
        s = mw_store_recipient_remove(call->api->o.store, call->tenant, id);
        if (s == MW_OK)
            s = mw_api_audit(call, "recipient_removed", id, "");
        s = mw_api_end(call, s);
    }
    answer(call, s, "");
}

void mw_api_recipient_test(mw_api_call *call) {
    const char *id = mw_http_param(call->http, "recipient");
    if (call->api->o.notify == NULL) {
        mw_api_fail(call, MW_STATE);
        return;
    }
    mw_status s = mw_store_begin(call->api->o.store);
    if (s == MW_OK) {
        s = mw_notify_test(call->api->o.notify, call->tenant, id);
        if (s == MW_OK)
            s = mw_api_audit(call, "recipient_tested", id, "");
        s = mw_api_end(call, s);
    }
    answer(call, s, "");
}

/* A new secret; the former one no longer signs anything. Shown this once. */
void mw_api_recipient_secret(mw_api_call *call) {
    const char *id = mw_http_param(call->http, "recipient");
    char secret[MW_NOTIFY_SECRET_TEXT], text[128];
    mw_store_recipient r;
    if (call->api->o.notify == NULL) {
        mw_api_fail(call, MW_STATE);
        return;
    }
    mw_status s = mw_store_recipient_get(call->api->o.store, call->tenant, id, &r);
    if (s == MW_OK && r.kind != MW_RECIPIENT_WEBHOOK)
        s = MW_NOT_FOUND;
    if (s == MW_OK) {
        r.secret++;
        s = recipient_store(call, &r);
    }
    if (s != MW_OK) {
        answer(call, s, "");
        return;
    }
    mw_notify_secret(call->api->o.notify, &r, secret);
    (void)snprintf(text, sizeof text, "{\"secret\":\"%s\"}", secret);
    mw_http_reply_json(call->http, 200, mw_slice_of_str(text));
    mw_bytes_wipe(secret, sizeof secret);
    mw_bytes_wipe(text, sizeof text);
}

/* ---- deliveries ---- */

static mw_status put_delivery(void *ctx, const mw_store_delivery *d) {
    mw_api_page *p = ctx;
    if (!mw_api_page_take(p, d->id))
        return MW_OK;
    mw_json *j = &p->json;
    mw_json_object_begin(j);
    mw_json_put_int(j, "id", d->id);
    mw_json_put_text(j, "recipient", d->recipient);
    if (d->alarm != 0)
        mw_json_put_int(j, "alarm", d->alarm);
    else
        mw_json_put_null(j, "alarm");
    mw_json_put_text(j, "what", d->what);
    mw_json_put_text(j, "state", d->state <= MW_DELIVERY_DROPPED ? states[d->state] : "");
    mw_json_put_utc(j, "created_at", d->created);
    mw_json_put_utc(j, "due_at", d->due);
    mw_json_put_utc(j, "done_at", d->done);
    mw_json_put_int(j, "attempts", d->attempts);
    mw_json_put_text(j, "error", d->error[0] != 0 ? d->error : NULL);
    mw_json_object_end(j);
    return MW_OK;
}

void mw_api_delivery_list(mw_api_call *call) {
    const char *name = mw_http_query(call->http, "state");
    unsigned wanted = 0;
    mw_api_page p;
    for (unsigned i = MW_DELIVERY_WAITING; name != NULL && i <= MW_DELIVERY_DROPPED; i++)
        if (strcmp(states[i], name) == 0)
            wanted = 1U << i;
    if (name != NULL && name[0] != 0 && wanted == 0) {
        mw_api_invalid(call, "state is waiting, sent, dead or dropped");
        return;
    }
    if (mw_api_page_begin(call, &p, 1024 * 1024))
        mw_api_page_end(call, &p,
                        mw_store_deliveries(call->api->o.store, call->tenant, wanted, p.before,
                                            p.limit + 1, put_delivery, &p));
}

static mw_status resend(mw_api_call *call) {
    const char *text = mw_http_param(call->http, "delivery");
    char *end = NULL;
    long long id = strtoll(text, &end, 10);
    mw_store_delivery d;
    if (end == text || *end != 0 || id <= 0 || strlen(text) > 18)
        return MW_NOT_FOUND;
    MW_TRY(mw_store_delivery_get(call->api->o.store, call->tenant, id, &d));
    if (d.state != MW_DELIVERY_DEAD)
        return MW_RANGE;
    d.state = MW_DELIVERY_WAITING;
    d.attempts = 0;
    d.due = mw_loop_machine_utc(call->api->o.loop);
    d.done = MW_UTC_NONE;
    MW_TRY(mw_store_begin(call->api->o.store));
    mw_status s = mw_store_delivery_put(call->api->o.store, &d);
    if (s == MW_OK)
        s = mw_api_audit(call, "delivery_resent", d.recipient, text);
    return mw_api_end(call, s);
}

void mw_api_delivery_resend(mw_api_call *call) {
    answer(call, resend(call), "only what was given up can be sent again");
}
