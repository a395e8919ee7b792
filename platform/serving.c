/* SPDX-License-Identifier: Apache-2.0
 *
 * The HTTP server, from the settings listen, tls.*, web.* and session.*: API and web pages.
 */
#include "platform/open_store.h"
#include "platform/platform.h"
#include "platform/work.h"
#include "runtime/log.h"

static void on_uplinks(void *context) {
    mw_works_wake(((mw_platform *)context)->works, MW_WORK_DECODE);
}

static void on_commands(void *context) {
    mw_works_wake(((mw_platform *)context)->works, MW_WORK_COMMAND);
}

static mw_status open_reader(void *context, mw_store **out_store) {
    return mw_platform_open_store_as(&((mw_platform *)context)->config, MW_OPEN_READER, out_store);
}

static mw_status open_api(mw_platform *p) {
    const mw_platform_config *c = &p->config;
    mw_api_options a = {
        .loop = p->loop,
        .server = p->server,
        .store = p->store,
        .registry = p->registry,
        .zones = p->zones,
        .validation = p->validation,
        .alarms = p->alarms,
        .collection = p->collection,
        .notify = p->notify,
        .metrics = p->metrics,
        .password = mw_platform_password(c),
        .host_tenant = c->tenant,
        .trusted_proxies = c->trusted_proxies,
        .store_path = mw_platform_on_postgres(c) ? NULL : c->store_path,
        .station_certificate = c->station_certificate,
        .session_idle = c->session_idle,
        .session_longest = c->session_longest,
        .overview_every = c->overview_every,
        .commands = p->commands,
        .on_uplinks = on_uplinks,
        .on_commands = on_commands,
        .open_reader = open_reader,
        .context = p,
    };
    return mw_api_open(&a, &p->api);
}

static const char *text_or_null(const char *text) {
    return text[0] != 0 ? text : NULL;
}

mw_status mw_platform_open_server(mw_platform *p) {
    const mw_platform_config *c = &p->config;
    char error[160] = "";
    mw_http_options o = {.listen = c->listen,
                         .tls_cert = text_or_null(c->tls_cert),
                         .tls_key = text_or_null(c->tls_key),
                         .client_ca = text_or_null(c->client_ca),
                         .connections_max = (uint32_t)c->connections_max,
                         .per_ip_max = (uint32_t)c->per_ip_max,
                         .metrics = p->metrics,
                         .csp = MW_API_CSP};
    mw_status s = mw_http_server_open(p->loop, &o, &p->server, error);
    if (s != MW_OK) {
        mw_log(MW_LOG_ERROR, "cannot serve", MW_S("why", error));
        return s;
    }
    MW_TRY(open_api(p));
    if (c->web_root[0] == 0)
        return MW_OK;
    s = mw_http_server_static(p->server, c->web_root);
    if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "cannot serve the web pages", MW_S("web.root", c->web_root),
               MW_ST("status", s));
    return s;
}
