/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "platform/api/internal.h"
#include "platform/api/openapi_text.h"
#include "platform/doors/uplinks.h"
#include "platform/validation/pipeline.h"

void mw_api_nothing_here(mw_api_call *call) {
    mw_http_reply_problem(call->http, 404, "NOT_FOUND", "there is nothing at this address");
}

void mw_api_openapi_read(mw_api_call *call) {
    mw_http_reply reply = {.status = 200,
                           .content_type = "application/json",
                           .body = {mw_api_openapi_text, mw_api_openapi_size},
                           .headers = {{"Cache-Control", "public, max-age=300"}}};
    mw_http_reply_send(call->http, &reply);
}

void mw_api_health_read(mw_api_call *call) {
    mw_api *api = call->api;
    int64_t users = 0;
    bool ok = !api->failing && mw_store_users_count(api->o.store, &users) == MW_OK;
    mw_http_reply_json(call->http, ok ? 200 : 503,
                       mw_slice_of_str(ok ? "{\"status\":\"ok\"}" : "{\"status\":\"failing\"}"));
}

static mw_status change_count(void *ctx, const mw_store_change *row) {
    (void)row;
    ++*(int64_t *)ctx;
    return MW_OK;
}

/* What stands between a stored value and what the pages show of it. */
static void backlog_measure(mw_api *api) {
    int64_t hot = 0, seen = 0, waiting = 0;
    if (mw_store_hot_rows(api->o.store, &hot) == MW_OK)
        mw_metric_set(mw_metrics_gauge(api->o.metrics, "mw_platform_hot_rows", NULL,
                                       "Rows not yet folded into day chunks"),
                      hot);
    if (mw_store_cursor_get(api->o.store, MW_PIPELINE_CURSOR, &seen) == MW_OK &&
        mw_store_changes(api->o.store, seen, MW_STORE_PAGE_MAX, change_count, &waiting) == MW_OK)
        mw_metric_set(mw_metrics_gauge(api->o.metrics, "mw_platform_changes_waiting", NULL,
                                       "Changes not yet validated, counted to a page at most"),
                      waiting);
}

void mw_api_metrics_read(mw_api_call *call) {
    mw_api *api = call->api;
    mw_buffer b;
    mw_buffer_init(&b, 1024 * 1024);
    backlog_measure(api);
    mw_metric_set(
        mw_metrics_gauge(api->o.metrics, "mw_platform_streams", NULL, "Open event streams"),
        (int64_t)api->streams_n);
    mw_metrics_render(api->o.metrics, &b);
    mw_metrics_render_process(&b);
    if (b.status == MW_OK) {
        mw_http_reply reply = {.status = 200,
                               .content_type = "text/plain; version=0.0.4; charset=utf-8",
                               .body = mw_buffer_view(&b)};
        mw_http_reply_send(call->http, &reply);
    } else {
        mw_api_fail(call, b.status);
    }
    mw_buffer_fini(&b);
}

/* ---- POST /v1/uplinks ---- */

static void count(mw_api *api, const char *labels, uint32_t n) {
    mw_metric_add(mw_metrics_counter(api->o.metrics, "mw_platform_uplinks_total", labels,
                                     "Uplink items by what became of them"),
                  n);
}

static void refuse_uplinks(mw_api_call *call, mw_status why) {
    switch (why) {
    case MW_SYNTAX:
        mw_api_invalid(call, "the batch is malformed");
        return;
    case MW_LIMIT:
        mw_http_reply_problem(call->http, 413, "TOO_LARGE", "too many items or bytes in one batch");
        return;
    case MW_FORBIDDEN:
        mw_http_reply_problem(call->http, 403, "FORBIDDEN",
                              "the token belongs to another sender than the batch names");
        return;
    default:
        mw_api_set_failing(call->api, true);
        mw_api_fail(call, why);
    }
}

void mw_api_uplink_create(mw_api_call *call) {
    mw_api *api = call->api;
    mw_uplinks_result result;
    mw_status s = mw_uplinks_take(api->o.store, &call->sender, mw_http_body(call->http),
                                  mw_loop_utc(api->o.loop), &result);
    if (s != MW_OK) {
        refuse_uplinks(call, s);
        return;
    }
    mw_api_set_failing(api, false);
    count(api, "status=\"stored\"", result.stored);
    count(api, "status=\"duplicate\"", result.duplicates);
    count(api, "status=\"conflict\"", result.conflicts);
    count(api, "status=\"quarantined\"", result.quarantined);
    mw_http_reply_json(call->http, 200, (mw_slice){(const uint8_t *)result.body, result.body_n});
    free(result.body);
    if (api->o.on_uplinks != NULL)
        api->o.on_uplinks(api->o.context);
}
