/* SPDX-License-Identifier: Apache-2.0
 *
 * A request to all meters of the tenant that have its group key, in the stations' beacons.
 */
#include <string.h>

#include "platform/api/internal.h"
#include "platform/commands/queue.h"
#include "protocols/smp/smp.h"
#include "runtime/json_read.h"

enum { BODY_MAX = 4096, SLOTS_USUAL = 2 };

/* The hours that all are to send again; those of meters off the full hour are theirs around it. */
static mw_status read_hours(const json_t *body, mw_smp_command *out, mw_json_error *error) {
    mw_utc from, to;
    uint32_t first = 0, end = 0;
    int64_t channel = 0;
    MW_TRY(mw_json_get_utc(body, "from", &from, error));
    MW_TRY(mw_json_get_utc(body, "to", &to, error));
    if (json_object_get(body, "channel") != NULL)
        MW_TRY(mw_json_get_int(body, "channel", 0, 254, &channel, error));
    if (mw_smp_hour_of_utc(from, 0, &first) != MW_OK || mw_smp_hour_of_utc(to, 0, &end) != MW_OK ||
        end <= first || end - first > MW_SMP_HOURS_MAX)
        return MW_RANGE;
    mw_smp_read_hours h = {
        .channel = (uint8_t)channel, .end_hour = end, .hours = (uint16_t)(end - first)};
    out->code = MW_SMP_COMMAND_READ_DAY;
    return mw_smp_read_hours_put(&h, out);
}

static mw_status request_read(mw_api_call *call, mw_smp_command *out, int64_t *out_slots,
                              mw_json_error *error) {
    static const char *const members[] = {"kind", "slots", "channel", "from", "to", NULL};
    json_t *root = NULL;
    const char *kind = NULL;
    MW_TRY(mw_json_parse(mw_http_body(call->http), (mw_json_limits){BODY_MAX, 3}, &root, error));
    mw_status s = json_is_object(root) ? mw_json_only(root, members, error) : MW_SYNTAX;
    if (s == MW_OK)
        s = mw_json_get_text(root, "kind", 40, &kind, error);
    if (s == MW_OK && json_object_get(root, "slots") != NULL)
        s = mw_json_get_int(root, "slots", 1, MW_COMMANDS_GROUP_SLOTS_MAX, out_slots, error);
    if (s == MW_OK && strcmp(kind, "request-health") == 0)
        out->code = MW_SMP_COMMAND_HEALTH;
    else if (s == MW_OK && strcmp(kind, "read-day") == 0)
        s = read_hours(root, out, error);
    else if (s == MW_OK)
        s = MW_RANGE;
    json_decref(root);
    return s;
}

void mw_api_broadcast_create(mw_api_call *call) {
    mw_json_error error = {0};
    mw_smp_command request = {0};
    mw_commands_group group;
    int64_t slots = SLOTS_USUAL;
    mw_status s = request_read(call, &request, &slots, &error);
    if (s != MW_OK) {
        mw_api_invalid(call, error.text[0] != 0 ? error.text
                                                : "\"kind\" is request-health, or read-day with "
                                                  "1 to 48 hours between \"from\" and \"to\"");
        return;
    }
    s = mw_commands_group_ask(call->api->o.commands, call->tenant, &request, (unsigned)slots,
                              mw_loop_utc(call->api->o.loop), &group);
    if (s != MW_OK) {
        if (s == MW_STATE)
            mw_http_reply_problem(call->http, 409, "CONFLICT", "no beacons are sent here");
        else if (s == MW_NOT_FOUND)
            mw_http_reply_problem(call->http, 409, "CONFLICT", "there is no group key");
        else if (s == MW_CONFLICT)
            mw_http_reply_problem(call->http, 409, "CONFLICT",
                                  "another request to all waits for its beacons");
        else
            mw_api_fail(call, s);
        return;
    }
    mw_buffer b;
    mw_json j = mw_api_object_begin(&b, 4096);
    mw_json_put_int(&j, "slots", group.slots);
    mw_json_put_utc(&j, "first_at", group.first);
    mw_json_put_utc(&j, "last_at", group.last);
    mw_api_object_send(call, 202, &j, &b);
}
