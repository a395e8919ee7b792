/* SPDX-License-Identifier: Apache-2.0 */
#include "station/routes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/log.h"

typedef struct route {
    mw_routes *routes;
    char name[24];
    char interface[64];
    char *url;
    mw_http_client *client;
    mw_http_call *probe;
    mw_mono probe_began;
    bool up;
    unsigned good, bad; /* in a row */
    uint64_t probes, failures;
    mw_mono last_reached;
    mw_dur latency;
    char label[40];
    mw_metric *up_gauge, *failures_total;
} route;

struct mw_routes {
    const mw_station_config *config;
    mw_loop *loop;
    mw_timer *timer;
    route list[MW_ROUTES_MAX];
    size_t n;
    size_t active;
    void (*changed)(void *context);
    void *context;
    mw_metric *active_gauge, *changes;
};

static mw_status routes_syntax(char error[160], const char *word) {
    (void)snprintf(error, 160,
                   "\"%.80s\" is not a route such as lte=wwan0 or lte=wwan0@https://...", word);
    return MW_SYNTAX;
}

/* NAME=INTERFACE[@URL] */
static mw_status route_parse(mw_routes *r, const char *word, size_t n, char error[160]) {
    char text[512];
    if (r->n == MW_ROUTES_MAX || n >= sizeof text)
        return routes_syntax(error, r->n == MW_ROUTES_MAX ? "more than 8 routes" : "a long word");
    (void)snprintf(text, sizeof text, "%.*s", (int)n, word);
    route *e = &r->list[r->n];
    char *interface = strchr(text, '=');
    if (interface == NULL || interface == text)
        return routes_syntax(error, text);
    *interface++ = 0;
    char *url = strchr(interface, '@');
    if (url != NULL)
        *url++ = 0;
    if (strlen(text) >= sizeof e->name || strlen(interface) >= sizeof e->interface ||
        strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_") != strlen(text))
        return routes_syntax(error, text);
    (void)snprintf(e->name, sizeof e->name, "%.23s", text);
    (void)snprintf(e->interface, sizeof e->interface, "%.63s", interface);
    const char *base = url != NULL ? url : r->config->url;
    size_t length = strlen(base);
    while (length > 0 && base[length - 1] == '/')
        length--;
    e->url = strndup(base, length);
    e->routes = r;
    r->n++;
    return e->url == NULL ? MW_NOMEM : MW_OK;
}

static mw_status routes_parse(mw_routes *r, char error[160]) {
    const char *at = r->config->routes;
    at += strspn(at, " \t,");
    if (*at == 0)
        return route_parse(r, "default=", strlen("default="), error);
    while (*at != 0) {
        size_t n = strcspn(at, " \t,");
        MW_TRY(route_parse(r, at, n, error));
        at += n;
        at += strspn(at, " \t,");
    }
    return MW_OK;
}

static mw_status route_open(mw_routes *r, route *e, mw_metrics *metrics) {
    const mw_station_config *c = r->config;
    mw_http_client_options o = {.ca_file = c->ca_file,
                                .cert_file = c->client_cert,
                                .key_file = c->client_key,
                                .interface = e->interface,
                                .allow_plain = c->allow_plain,
                                .total_timeout = c->timeout,
                                .reply_max = 512 * 1024,
                                .user_agent = "mw-station"};
    (void)snprintf(e->label, sizeof e->label, "route=\"%s\"", e->name);
    e->up = true;
    e->up_gauge = mw_metrics_gauge(metrics, "mw_station_route_up", e->label,
                                   "Whether the platform is reached by a route.");
    e->failures_total = mw_metrics_counter(metrics, "mw_station_route_failures_total", e->label,
                                           "Probes and requests that did not reach the platform.");
    mw_metric_set(e->up_gauge, 1);
    return mw_http_client_new(r->loop, &o, &e->client);
}

/* The first route that is up; when none is, the one after the present one. */
static size_t routes_choose(const mw_routes *r, bool failed) {
    for (size_t i = 0; i < r->n; i++)
        if (r->list[i].up)
            return i;
    return failed ? (r->active + 1) % r->n : r->active;
}

static void routes_settle(mw_routes *r, bool failed) {
    size_t chosen = routes_choose(r, failed);
    if (chosen == r->active)
        return;
    mw_log(MW_LOG_WARN, "another route to the platform is used",
           MW_S("from", r->list[r->active].name), MW_S("to", r->list[chosen].name));
    r->active = chosen;
    mw_metric_set(r->active_gauge, (int64_t)chosen);
    mw_metric_add(r->changes, 1);
    if (r->changed != NULL)
        r->changed(r->context);
}

void mw_routes_report(mw_routes *r, size_t number, bool reached) {
    route *e = &r->list[number];
    if (reached) {
        e->good++;
        e->bad = 0;
        e->last_reached = mw_loop_mono(r->loop);
    } else {
        e->bad++;
        e->good = 0;
        e->failures++;
        mw_metric_add(e->failures_total, 1);
    }
    bool was = e->up;
    if (e->up && e->bad >= MW_ROUTES_FALL)
        e->up = false;
    if (!e->up && e->good >= MW_ROUTES_RISE)
        e->up = true;
    if (was != e->up) {
        mw_metric_set(e->up_gauge, e->up);
        mw_log(e->up ? MW_LOG_INFO : MW_LOG_WARN,
               e->up ? "a route reaches the platform again" : "a route does not reach the platform",
               MW_S("route", e->name), MW_S("interface", e->interface));
    }
    routes_settle(r, !reached && number == r->active);
}

static void route_on_probe(void *context, const mw_http_answer *a) {
    route *e = context;
    e->probe = NULL;
    bool reached = a->status == MW_OK;
    if (reached)
        e->latency = mw_mono_since(mw_clock_mono(), e->probe_began);
    else
        mw_log(MW_LOG_DEBUG, "a probe failed", MW_S("route", e->name), MW_ST("status", a->status),
               MW_S("detail", a->detail));
    mw_routes_report(e->routes, (size_t)(e - e->routes->list), reached);
}

static void routes_on_timer(void *context) {
    mw_routes *r = context;
    for (size_t i = 0; i < r->n; i++) {
        route *e = &r->list[i];
        char url[600];
        if (e->probe != NULL)
            continue; /* it will time out */
        e->probes++;
        e->probe_began = mw_clock_mono();
        (void)snprintf(url, sizeof url, "%s/healthz", e->url);
        if (mw_http_call_start(e->client, "GET", url, NULL, NULL, (mw_slice){0}, route_on_probe, e,
                               &e->probe) != MW_OK)
            mw_routes_report(r, i, false);
    }
}

void mw_routes_start(mw_routes *r) {
    mw_timer_start(r->timer, (mw_dur){0}, r->config->probe_every);
}

mw_status mw_routes_new(const mw_station_config *config, mw_loop *loop, mw_metrics *metrics,
                        void (*changed)(void *context), void *context, mw_routes **out_routes,
                        char error[160]) {
    (void)snprintf(error, 160, "out of memory");
    mw_routes *r = calloc(1, sizeof *r);
    if (r == NULL)
        return MW_NOMEM;
    r->config = config;
    r->loop = loop;
    r->changed = changed;
    r->context = context;
    r->active_gauge = mw_metrics_gauge(metrics, "mw_station_route_active", NULL,
                                       "Number of the route in use, from 0.");
    r->changes = mw_metrics_counter(metrics, "mw_station_route_changes_total", NULL,
                                    "Times that another route came into use.");
    mw_status status = routes_parse(r, error);
    for (size_t i = 0; status == MW_OK && i < r->n; i++)
        status = route_open(r, &r->list[i], metrics);
    if (status == MW_OK)
        status = mw_timer_new(loop, routes_on_timer, r, &r->timer);
    if (status != MW_OK) {
        mw_routes_free(r);
        return status;
    }
    *out_routes = r;
    return MW_OK;
}

void mw_routes_free(mw_routes *r) {
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->n; i++) {
        mw_http_client_free(r->list[i].client);
        free(r->list[i].url);
    }
    mw_timer_free(r->timer);
    free(r);
}

size_t mw_routes_active(const mw_routes *r) {
    return r->active;
}

mw_http_client *mw_routes_client(const mw_routes *r) {
    return r->list[r->active].client;
}

const char *mw_routes_url(const mw_routes *r) {
    return r->list[r->active].url;
}

size_t mw_routes_count(const mw_routes *r) {
    return r->n;
}

mw_route_view mw_routes_view(const mw_routes *r, size_t i) {
    const route *e = &r->list[i];
    return (mw_route_view){.name = e->name,
                           .interface = e->interface,
                           .url = e->url,
                           .up = e->up,
                           .active = i == r->active,
                           .probes = e->probes,
                           .failures = e->failures,
                           .last_reached = e->last_reached,
                           .latency = e->latency};
}
