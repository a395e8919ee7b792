/* SPDX-License-Identifier: Apache-2.0 */
#include "station/page.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "protocols/unb/unb.h"
#include "runtime/file.h"
#include "station/record.h"

#define PAGE_MAX  (512u * 1024)
#define PAGE_LIST 40 /* frames in the list */
#define BASIC_MAX 512

static const char style[] =
    "body{font:15px/1.45 system-ui,sans-serif;margin:0;background:#f5f6f8;color:#1c2430}"
    "header{background:#14304f;color:#fff;padding:12px 20px}header h1{font-size:20px;margin:0}"
    "header p{margin:2px 0 0;color:#c9d8ea}main{padding:16px 20px;max-width:1100px}"
    "h2{font-size:16px;margin:22px 0 8px}.tiles{display:flex;flex-wrap:wrap;gap:10px}"
    ".tile{background:#fff;border:1px solid #dde2ea;border-radius:6px;padding:8px 12px;min-width:"
    "120px}.tile b{display:block;font-size:20px}.tile span{color:#566}"
    ".warn{background:#fff3d6;border:1px solid #e0b64a;border-radius:6px;padding:8px "
    "12px;margin:6px"
    " 0}.good{color:#156b34}.bad{color:#a11212}"
    "table{border-collapse:collapse;background:#fff;width:100%}"
    "th,td{text-align:left;padding:4px 8px;border-bottom:1px solid #e4e8ee;font-size:14px}"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}code{font-size:12px;word-break:"
    "break-all}figure{margin:0;background:#0a0c1e;padding:8px;border-radius:6px;color:#cdd7e6}"
    "figure img{display:block;width:100%;height:360px;image-rendering:auto}"
    ".axis{display:flex;justify-content:space-between;font-size:12px;padding-top:4px}"
    "meter{width:100%;height:14px}footer{padding:14px 20px;color:#667}";

/* ---- who may look ---- */

static bool page_basic(const mw_station_page *page, const char *header) {
    unsigned char plain[BASIC_MAX];
    size_t n = strlen(header);
    if (n == 0 || n % 4 != 0 || n / 4 * 3 >= sizeof plain)
        return false;
    int got = EVP_DecodeBlock(plain, (const unsigned char *)header, (int)n);
    if (got < 0)
        return false;
    size_t length = (size_t)got - (header[n - 1] == '=') - (n > 1 && header[n - 2] == '=');
    plain[length] = 0;
    const char *colon = strchr((const char *)plain, ':');
    bool good = colon != NULL &&
                mw_slice_equal_ct(mw_slice_of_str(colon + 1), mw_slice_of_str(page->token));
    mw_bytes_wipe(plain, sizeof plain);
    return good;
}

static bool page_allowed(const mw_station_page *page, mw_http_request *r) {
    const char *header = mw_http_header(r, "Authorization");
    if (mw_slice_equal_ct(mw_http_bearer(r), mw_slice_of_str(page->token)))
        return true;
    if (header != NULL && strncasecmp(header, "Basic ", 6) == 0 && page_basic(page, header + 6))
        return true;
    mw_http_reply reply = {
        .status = 401,
        .content_type = "text/plain; charset=utf-8",
        .body = mw_slice_of_str("the station's page token is needed\n"),
        .headers = {{"WWW-Authenticate", "Basic realm=\"station\", charset=\"UTF-8\""}}};
    mw_http_reply_send(r, &reply);
    return false;
}

/* ---- JSON ---- */

static void page_routes_json(const mw_routes *routes, mw_loop *loop, mw_json *j) {
    mw_json_put_array(j, "routes");
    for (size_t i = 0; i < mw_routes_count(routes); i++) {
        mw_route_view v = mw_routes_view(routes, i);
        mw_json_object_begin(j);
        mw_json_put_text(j, "name", v.name);
        mw_json_put_text(j, "interface", v.interface);
        mw_json_put_text(j, "url", v.url);
        mw_json_put_bool(j, "up", v.up);
        mw_json_put_bool(j, "active", v.active);
        mw_json_put_uint(j, "failures", v.failures);
        mw_json_put_int(j, "latency_ms", v.latency.ns / 1000000);
        mw_json_key(j, "last_reached_s");
        if (v.last_reached.ns == 0)
            mw_json_null(j);
        else
            mw_json_int(j, mw_mono_since(mw_loop_mono(loop), v.last_reached).ns / MW_NS_PER_S);
        mw_json_object_end(j);
    }
    mw_json_array_end(j);
}

static void page_air_json(const mw_panorama_view *v, mw_json *j) {
    mw_json_put_object(j, "air");
    mw_json_put_int(j, "low_hz", v->low.mhz / 1000);
    mw_json_put_int(j, "high_hz", v->high.mhz / 1000);
    mw_json_put_uint(j, "frames", v->frames);
    mw_json_put_int(j, "level_cdb_full_scale", (int64_t)(100 * mw_quality_level_db(&v->quality)));
    mw_json_put_int(j, "constant_cdb_full_scale",
                    (int64_t)(100 * mw_quality_constant_db(&v->quality)));
    mw_json_put_int(j, "clipped_ppm", (int64_t)(1e6 * mw_quality_clipped_share(&v->quality)));
    mw_json_put_array(j, "faults");
    unsigned faults = mw_quality_faults_of(&v->quality, v->format);
    for (unsigned bit = 1; bit <= MW_QUALITY_WEAK; bit <<= 1)
        if ((faults & bit) != 0)
            mw_json_text(j, mw_quality_text((mw_quality_fault)bit));
    mw_json_array_end(j);
    mw_json_put_array(j, "levels");
    for (int i = 0; i < MW_PANORAMA_LEVELS; i++) {
        mw_json_object_begin(j);
        mw_json_put_int(j, "from_dbm", MW_PANORAMA_FLOOR + 5 * i);
        mw_json_put_uint(j, "frames", v->levels[i]);
        mw_json_object_end(j);
    }
    mw_json_array_end(j);
    mw_json_object_end(j);
}

static void page_json(void *context, mw_http_request *r) {
    mw_station_page *p = context;
    if (!page_allowed(p, r))
        return;
    mw_loop *loop = mw_http_loop(r);
    mw_spool_stats spool = mw_station_store_stats(p->status->store);
    mw_station_time time = mw_station_timing_now(p->status->timing);
    mw_buffer text;
    mw_buffer_init(&text, PAGE_MAX);
    mw_json j = mw_json_of(&text);
    mw_panorama_look(p->panorama, &p->view);
    mw_json_object_begin(&j);
    mw_json_put_text(&j, "station", p->status->config->id);
    mw_json_put_text(&j, "version", MW_VERSION);
    mw_json_put_utc(&j, "now", mw_loop_utc(loop));
    mw_json_put_array(&j, "degraded");
    for (unsigned m = 0; m < MW_HEALTH_COUNT; m++)
        if ((mw_health_modes(p->health) >> m & 1) != 0)
            mw_json_text(&j, mw_health_name((mw_health_mode)m));
    mw_json_array_end(&j);
    mw_json_put_object(&j, "spool");
    mw_json_put_uint(&j, "items", spool.pending);
    mw_json_put_int(&j, "bytes", spool.bytes);
    mw_json_put_int(&j, "bytes_max", p->status->config->spool_max);
    mw_json_object_end(&j);
    mw_json_put_object(&j, "clock");
    mw_json_put_text(&j, "source", time.source);
    mw_json_put_int(&j, "offset_us", time.offset_us);
    mw_json_put_uint(&j, "uncertainty_us", time.uncertainty_us);
    mw_json_put_uint(&j, "samples_uncertainty_us", p->view.clock_uncertainty_us);
    mw_json_object_end(&j);
    page_routes_json(p->routes, loop, &j);
    page_air_json(&p->view, &j);
    mw_selftest_json(p->selftest, &j);
    mw_json_object_end(&j);
    mw_http_reply_json(r, 200, mw_buffer_view(&text));
    mw_buffer_fini(&text);
}

/* ---- HTML ---- */

static void html_text(mw_buffer *out, const char *text) {
    for (; *text != 0; text++) {
        if (*text == '<')
            mw_buffer_append_str(out, "&lt;");
        else if (*text == '&')
            mw_buffer_append_str(out, "&amp;");
        else if (*text == '"')
            mw_buffer_append_str(out, "&quot;");
        else
            mw_buffer_append_byte(out, (uint8_t)*text);
    }
}

static void html_tile(mw_buffer *out, const char *value, const char *what) {
    mw_buffer_append_str(out, "<div class=\"tile\"><b>");
    html_text(out, value);
    mw_buffer_append_str(out, "</b><span>");
    html_text(out, what);
    mw_buffer_append_str(out, "</span></div>");
}

static void html_warning(mw_buffer *out, const char *text) {
    mw_buffer_append_str(out, "<p class=\"warn\">");
    html_text(out, text);
    mw_buffer_append_str(out, "</p>");
}

static void html_tiles(const mw_station_page *p, mw_buffer *out) {
    char text[80];
    mw_spool_stats spool = mw_station_store_stats(p->status->store);
    mw_station_time time = mw_station_timing_now(p->status->timing);
    const mw_panorama_view *v = &p->view;
    mw_buffer_append_str(out, "<div class=\"tiles\">");
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)v->frames);
    html_tile(out, text, "frames since the start");
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)spool.pending);
    html_tile(out, text, "waiting for the platform");
    (void)snprintf(text, sizeof text, "%.1f of %.0f MB", (double)spool.bytes / 1e6,
                   (double)p->status->config->spool_max / 1e6);
    html_tile(out, text, "spool");
    (void)snprintf(text, sizeof text, "%s ± %.3f ms", time.source,
                   (double)time.uncertainty_us / 1000.0);
    html_tile(out, text, "clock");
    (void)snprintf(text, sizeof text, "%.1f dB", mw_quality_level_db(&v->quality));
    html_tile(out, text, "level, of full scale");
    (void)snprintf(text, sizeof text, "%.3f %%", 100 * mw_quality_clipped_share(&v->quality));
    html_tile(out, text, "clipped");
    mw_buffer_append_str(out, "</div>");
}

static void html_warnings(const mw_station_page *p, mw_buffer *out) {
    unsigned faults = mw_quality_faults_of(&p->view.quality, p->view.format);
    for (unsigned m = 0; m < MW_HEALTH_COUNT; m++)
        if ((mw_health_modes(p->health) >> m & 1) != 0)
            html_warning(out, mw_health_text((mw_health_mode)m));
    for (unsigned bit = 2; bit <= MW_QUALITY_WEAK; bit <<= 1) /* nothing yet is no fault here */
        if ((faults & bit) != 0)
            html_warning(out, mw_quality_text((mw_quality_fault)bit));
}

static void html_waterfall(const mw_station_page *p, mw_buffer *out) {
    double low = (double)p->view.low.mhz / 1e9;
    double high = (double)p->view.high.mhz / 1e9;
    mw_buffer_append_str(out,
                         "<h2>The band</h2><figure><img src=\"/waterfall.png\" alt=\"Level over "
                         "frequency and time; decoded frames in green frames\">");
    mw_buffer_printf(out,
                     "<div class=\"axis\"><span>%.4f MHz</span><span>%.4f</span><span>%.4f</span>"
                     "<span>%.4f</span><span>%.4f MHz</span></div>",
                     low, low + (high - low) / 4, (low + high) / 2, high - (high - low) / 4, high);
    mw_buffer_printf(out,
                     "<figcaption class=\"axis\">The newest second is at the top, %lld seconds are "
                     "shown; green boxes are decoded frames.</figcaption></figure>",
                     (long long)p->view.seconds);
}

static void html_levels(const mw_panorama_view *v, mw_buffer *out) {
    uint64_t most = 1;
    for (int i = 0; i < MW_PANORAMA_LEVELS; i++)
        most = v->levels[i] > most ? v->levels[i] : most;
    mw_buffer_append_str(out, "<h2>Levels of the frames</h2><table><tr><th>from</th><th "
                              "class=\"n\">frames</th><th></th></tr>");
    for (int i = MW_PANORAMA_LEVELS - 1; i >= 0; i--)
        if (v->levels[i] > 0)
            mw_buffer_printf(out,
                             "<tr><td>%d dBm</td><td class=\"n\">%llu</td><td><meter min=\"0\" "
                             "max=\"%llu\" value=\"%llu\"></meter></td></tr>",
                             MW_PANORAMA_FLOOR + 5 * i, (unsigned long long)v->levels[i],
                             (unsigned long long)most, (unsigned long long)v->levels[i]);
    mw_buffer_append_str(out, "</table>");
}

static void html_routes(const mw_routes *routes, mw_buffer *out) {
    mw_buffer_append_str(out,
                         "<h2>Routes to the platform</h2><table><tr><th>route</th><th>interface"
                         "</th><th>address</th><th>state</th><th class=\"n\">answers after</th>"
                         "<th class=\"n\">failures</th></tr>");
    for (size_t i = 0; i < mw_routes_count(routes); i++) {
        mw_route_view v = mw_routes_view(routes, i);
        mw_buffer_append_str(out, "<tr><td>");
        html_text(out, v.name);
        mw_buffer_append_str(out, "</td><td>");
        html_text(out, v.interface);
        mw_buffer_append_str(out, "</td><td>");
        html_text(out, v.url);
        mw_buffer_printf(out, "</td><td class=\"%s\">%s%s</td><td class=\"n\">%lld ms</td>",
                         v.up ? "good" : "bad", v.up ? "up" : "down", v.active ? ", in use" : "",
                         (long long)(v.latency.ns / 1000000));
        mw_buffer_printf(out, "<td class=\"n\">%llu</td></tr>", (unsigned long long)v.failures);
    }
    mw_buffer_append_str(out, "</table>");
}

static void html_checks(const mw_selftest *t, mw_buffer *out) {
    mw_buffer_append_str(out, "<h2>Self-test at the start</h2><table>");
    for (size_t i = 0; i < t->n; i++) {
        const mw_selftest_check *c = &t->checks[i];
        mw_buffer_printf(out, "<tr><td>%s</td><td class=\"%s\">%s</td><td>", c->name,
                         c->result == MW_SELFTEST_OK ? "good" : "bad", mw_selftest_word(c->result));
        html_text(out, c->detail);
        mw_buffer_append_str(out, "</td></tr>");
    }
    mw_buffer_append_str(out, "</table>");
}

static void html_frame(const mw_receiver_frame *f, mw_buffer *out) {
    char at[MW_UTC_TEXT_MAX] = "-";
    char hex[2 * MW_RECEIVER_PAYLOAD_MAX + 1] = "";
    char kind[32];
    if (!mw_utc_is_none(f->start))
        mw_utc_format(f->start, at);
    if (mw_hex_encode((mw_slice){f->payload, f->payload_bytes},
                      (mw_span){(uint8_t *)hex, sizeof hex - 1}) != MW_OK)
        hex[0] = 0;
    if (f->kind == MW_RADIO_UNB)
        (void)snprintf(kind, sizeof kind, "%s %s", mw_unb_rate_name((mw_unb_rate)f->rate),
                       mw_unb_size_name((mw_unb_size)f->size));
    else
        (void)snprintf(kind, sizeof kind, "other, %u Bd", f->baud);
    mw_buffer_printf(out,
                     "<tr><td>%s</td><td class=\"n\">%.6f</td><td class=\"n\">%.1f</td><td "
                     "class=\"n\">%.1f</td><td>%s</td><td><code>%s</code></td></tr>",
                     at, (double)f->frequency.mhz / 1e9, (double)f->level.cdbm / 100,
                     (double)f->snr.cdb / 100, kind, hex);
}

static void page_html(void *context, mw_http_request *r) {
    mw_station_page *p = context;
    if (!page_allowed(p, r))
        return;
    char now[MW_UTC_TEXT_MAX];
    mw_buffer out;
    mw_buffer_init(&out, PAGE_MAX);
    mw_panorama_look(p->panorama, &p->view);
    mw_utc_format(mw_utc_of_s(mw_utc_floor_s(mw_loop_utc(mw_http_loop(r)))), now);
    mw_buffer_append_str(&out,
                         "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
                         "name=\"viewport\" content=\"width=device-width\"><meta "
                         "http-equiv=\"refresh\" content=\"10\"><title>Station ");
    html_text(&out, p->status->config->id);
    mw_buffer_append_str(&out, "</title><link rel=\"stylesheet\" href=\"/style.css\"></head><body>"
                               "<header><h1>Base station ");
    html_text(&out, p->status->config->id);
    mw_buffer_printf(&out, "</h1><p>%s · Meterworks %s</p></header><main>", now, MW_VERSION);
    html_warnings(p, &out);
    html_tiles(p, &out);
    html_waterfall(p, &out);
    html_routes(p->routes, &out);
    html_levels(&p->view, &out);
    mw_buffer_append_str(&out,
                         "<h2>The latest frames</h2><table><tr><th>received</th><th "
                         "class=\"n\">MHz</th><th class=\"n\">dBm</th><th class=\"n\">Es/N0 dB"
                         "</th><th>kind</th><th>sealed payload</th></tr>");
    for (size_t i = 0; i < p->view.latest_n && i < PAGE_LIST; i++)
        html_frame(&p->view.latest[i], &out);
    mw_buffer_append_str(&out, "</table>");
    html_checks(p->selftest, &out);
    mw_buffer_append_str(&out, "</main><footer>This page only shows; nothing can be changed "
                               "here.</footer></body></html>");
    mw_http_reply reply = {
        .status = 200, .content_type = "text/html; charset=utf-8", .body = mw_buffer_view(&out)};
    mw_http_reply_send(r, &reply);
    mw_buffer_fini(&out);
}

static void page_style(void *context, mw_http_request *r) {
    if (!page_allowed(context, r))
        return;
    mw_http_reply reply = {
        .status = 200, .content_type = "text/css; charset=utf-8", .body = mw_slice_of_str(style)};
    mw_http_reply_send(r, &reply);
}

static void page_waterfall(void *context, mw_http_request *r) {
    mw_station_page *p = context;
    if (!page_allowed(p, r))
        return;
    mw_buffer png;
    mw_buffer_init(&png, 4u << 20);
    mw_status status = mw_panorama_picture(p->panorama, &png);
    if (status == MW_OK) {
        mw_http_reply reply = {
            .status = 200, .content_type = "image/png", .body = mw_buffer_view(&png)};
        mw_http_reply_send(r, &reply);
    } else {
        mw_http_reply_error(r, status, "there is no picture yet");
    }
    mw_buffer_fini(&png);
}

mw_status mw_station_page_serve(mw_http_server *server, mw_station_page *page) {
    const char *path = page->status->config->page_token;
    mw_buffer token;
    if (*path == 0)
        return MW_OK;
    mw_buffer_init(&token, sizeof page->token - 1);
    mw_status status = mw_file_read_secret(path, &token);
    if (status == MW_OK)
        (void)snprintf(page->token, sizeof page->token, "%s", mw_buffer_text(&token));
    mw_buffer_fini(&token);
    MW_TRY(status);
    const mw_http_route routes[] = {{"GET", "/", page_html, page, 0},
                                    {"GET", "/style.css", page_style, page, 0},
                                    {"GET", "/waterfall.png", page_waterfall, page, 0},
                                    {"GET", "/status", page_json, page, 0}};
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        MW_TRY(mw_http_server_route(server, &routes[i]));
    return MW_OK;
}
