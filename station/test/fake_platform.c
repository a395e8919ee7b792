/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/http_client.h"
#include "runtime/json_read.h"
#include "runtime/json_writer.h"
#include "station/test/fake.h"
#include "station/test/fake_parts.h"

/* ---- the platform ---- */

/* Stores one item as the contract says; the word of the answer. */
static const char *platform_store(fake_platform *p, uint64_t epoch, uint64_t sequence,
                                  const uint8_t payload[13]) {
    for (size_t i = 0; i < p->stored_n; i++) {
        if (p->stored[i].epoch != epoch || p->stored[i].sequence != sequence)
            continue;
        bool same = memcmp(p->stored[i].payload, payload, 13) == 0;
        p->duplicates += same;
        p->conflicts += !same;
        return same ? "duplicate" : "conflict";
    }
    MW_CHECK(p->stored_n < sizeof p->stored / sizeof p->stored[0]);
    fake_stored *s = &p->stored[p->stored_n++];
    *s = (fake_stored){.epoch = epoch, .sequence = sequence};
    memcpy(s->payload, payload, 13);
    for (unsigned k = 0; k < FAKE_FRAMES; k++) {
        uint8_t expected[13];
        fake_payload(k, expected);
        if (memcmp(expected, payload, 13) == 0) {
            p->frames_seen[k]++;
            return "stored";
        }
    }
    p->unknown++;
    return "stored";
}

static void platform_note(fake_platform *p, const json_t *item) {
    const char *at = "";
    MW_CHECK_OK(mw_json_get_int(item, "level_cdbm", -30000, 10000, &p->last_level, NULL));
    MW_CHECK_OK(mw_json_get_int(item, "frequency_mhz", 0, INT64_MAX, &p->last_frequency, NULL));
    MW_CHECK_OK(mw_json_get_text(item, "received_at", 40, &at, NULL));
    (void)snprintf(p->last_time, sizeof p->last_time, "%s", at);
}

static void platform_notice(fake_platform *p, const json_t *item) {
    char *text = json_dumps(item, JSON_COMPACT);
    (void)snprintf(p->last_notice, sizeof p->last_notice, "%s", text);
    free(text);
    p->notices++;
}

/* Stores the first `n` items and answers them. */
static void platform_take(fake_platform *p, uint64_t epoch, const json_t *items, size_t n,
                          mw_buffer *out) {
    mw_json j = mw_json_of(out);
    mw_json_object_begin(&j);
    mw_json_put_array(&j, "results");
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(items, i);
        uint8_t payload[61];
        size_t payload_n = 0;
        int64_t sequence = 0;
        const char *kind = "";
        MW_CHECK_OK(mw_json_get_int(item, "seq", 1, INT64_MAX, &sequence, NULL));
        MW_CHECK_OK(mw_json_get_text(item, "kind", 20, &kind, NULL));
        if (strcmp(kind, "station") == 0) {
            platform_notice(p, item);
            mw_json_object_begin(&j);
            mw_json_put_int(&j, "seq", sequence);
            mw_json_put_text(&j, "status", "stored");
            mw_json_object_end(&j);
            continue;
        }
        MW_CHECK_OK(mw_json_get_hex(item, "payload", MW_SPAN_OF(payload), &payload_n, NULL));
        MW_CHECK_EQ(payload_n, 13);
        platform_note(p, item);
        mw_json_object_begin(&j);
        mw_json_put_int(&j, "seq", sequence);
        mw_json_put_text(&j, "status", platform_store(p, epoch, (uint64_t)sequence, payload));
        mw_json_object_end(&j);
    }
    mw_json_array_end(&j);
    mw_json_object_end(&j);
    MW_CHECK_OK(mw_json_done(&j));
}

static bool platform_has_frame(const json_t *items, int number) {
    uint8_t expected[13];
    char hex[27] = "";
    const char *text = "";
    if (number < 0)
        return false;
    fake_payload((unsigned)number, expected);
    MW_CHECK_OK(mw_hex_encode(MW_SLICE_OF(expected), (mw_span){(uint8_t *)hex, 26}));
    for (size_t i = 0; i < json_array_size(items); i++) {
        if (mw_json_get_text(json_array_get(items, i), "payload", 130, &text, NULL) != MW_OK)
            continue;
        if (strcmp(text, hex) == 0)
            return true;
    }
    return false;
}

/* What goes wrong this time: 0 nothing, else one of the ways a platform can fail. */
static void platform_answer(fake_platform *p, mw_http_request *r, uint64_t epoch,
                            const json_t *items) {
    mw_buffer text;
    mw_buffer_init(&text, 1 << 20);
    size_t n = json_array_size(items);
    bool fail = mw_prng_below(&p->prng, 100) < p->fail_percent;
    switch (fail ? mw_prng_below(&p->prng, 6) : 6) {
    case 0:
        mw_http_reply_problem(r, 500, "IO", "disk trouble"); /* nothing stored */
        break;
    case 1: { /* stored, but the answer is lost */
        platform_take(p, epoch, items, n, &text);
        mw_http_reply_problem(r, 502, "IO", "the answer was lost");
        break;
    }
    case 2: /* half an answer */
        platform_take(p, epoch, items, n / 2, &text);
        mw_http_reply_json(r, 200, mw_buffer_view(&text));
        break;
    case 3:
        mw_http_reply_json(r, 200, mw_slice_of_str("{\"results\":[{\"seq\":1"));
        break;
    case 4:
        mw_http_reply_json(r, 401, mw_slice_of_str("{}"));
        break;
    case 5:
        break; /* never answers: the station's own time-out */
    default:
        platform_take(p, epoch, items, n, &text);
        mw_http_reply_json(r, 200, mw_buffer_view(&text));
    }
    mw_buffer_fini(&text);
}

static void platform_uplinks(void *context, mw_http_request *r) {
    fake_platform *p = context;
    p->requests++;
    (void)snprintf(p->last_peer, sizeof p->last_peer, "%s", mw_http_peer(r));
    mw_slice token = mw_http_bearer(r);
    if (!mw_slice_equal(token, mw_slice_of_str("secret-1"))) {
        mw_http_reply_problem(r, 401, "AUTH", "unknown token");
        return;
    }
    if (p->down) {
        mw_http_reply reply = {.status = 503, .headers = {{"Retry-After", "0"}}};
        mw_http_reply_send(r, &reply);
        return;
    }
    json_t *root = NULL;
    json_t *items = NULL;
    uint8_t epoch[8];
    size_t epoch_n = 0;
    const char *sender = "";
    mw_json_limits limits = {2 << 20, 8};
    MW_CHECK_OK(mw_json_parse(mw_http_body(r), limits, &root, NULL));
    MW_CHECK_OK(mw_json_get_text(root, "sender", 32, &sender, NULL));
    MW_CHECK_STR(sender, "st-1");
    MW_CHECK_OK(mw_json_get_hex(root, "epoch", MW_SPAN_OF(epoch), &epoch_n, NULL));
    MW_CHECK_EQ(epoch_n, 8);
    MW_CHECK_OK(mw_json_get_array(root, "items", 1000, &items, NULL));
    if (json_array_size(items) > p->largest)
        p->largest = (unsigned)json_array_size(items);
    mw_reader e = mw_reader_of(MW_SLICE_OF(epoch));
    if (platform_has_frame(items, p->refuse_frame))
        mw_http_reply_problem(r, 400, "SYNTAX", "one of these");
    else
        platform_answer(p, r, mw_read_u64be(&e), items);
    json_decref(root);
}

static void platform_report(void *context, mw_http_request *r) {
    fake_platform *p = context;
    mw_slice body = mw_http_body(r);
    p->reports++;
    MW_CHECK(mw_slice_equal(mw_http_bearer(r), mw_slice_of_str("secret-1")));
    (void)snprintf(p->last_report, sizeof p->last_report, "%.*s", (int)body.n,
                   (const char *)body.p);
    if (p->report_code != 0)
        mw_http_reply_problem(r, p->report_code, "NO", "refused");
    else
        mw_http_reply_json(r, 200,
                           mw_slice_of_str(p->picture_wanted ? "{\"picture_wanted\":true}"
                                                             : "{\"picture_wanted\":false}"));
}

static void platform_picture(void *context, mw_http_request *r) {
    fake_platform *p = context;
    mw_slice body = mw_http_body(r);
    p->pictures++;
    p->last_picture_n = body.n;
    MW_CHECK(mw_slice_equal(mw_http_bearer(r), mw_slice_of_str("secret-1")));
    MW_CHECK(body.n > 8 && memcmp(body.p, "\x89PNG\r\n\x1a\n", 8) == 0);
    if (p->picture_code != 0)
        mw_http_reply_problem(r, p->picture_code, "NO", "refused");
    else
        mw_http_reply_json(r, 200, mw_slice_of_str("{}"));
}

static void platform_open(fake_world *w) {
    char error[160] = "";
    fake_platform *p = &w->platform;
    char listen[40];
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", p->port);
    mw_http_options o = {.listen = listen, .body_max = 2 << 20};
    MW_CHECK_OK(mw_http_server_open(w->loop, &o, &p->server, error));
    p->port = mw_http_server_port(p->server);
    MW_CHECK_OK(mw_http_server_route(
        p->server, &(mw_http_route){"POST", "/v1/uplinks", platform_uplinks, p, 0}));
    MW_CHECK_OK(mw_http_server_route(
        p->server, &(mw_http_route){"PUT", "/v1/station/status", platform_report, p, 0}));
    MW_CHECK_OK(mw_http_server_route(
        p->server, &(mw_http_route){"PUT", "/v1/station/picture", platform_picture, p, 0}));
}

void fake_second_open(fake_world *w) {
    char error[160] = "";
    char listen[40];
    fake_platform *p = &w->platform;
    (void)snprintf(listen, sizeof listen, "127.0.0.1:%u", p->second_port);
    mw_http_options o = {.listen = listen, .body_max = 2 << 20};
    MW_CHECK_OK(mw_http_server_open(w->loop, &o, &p->second, error));
    p->second_port = mw_http_server_port(p->second);
    MW_CHECK_OK(mw_http_server_route(
        p->second, &(mw_http_route){"POST", "/v1/uplinks", platform_uplinks, p, 0}));
}

void fake_second_close(fake_world *w) {
    mw_http_server_close(w->platform.second);
    w->platform.second = NULL;
}

/* ---- the station's process ---- */

void fake_station_start(fake_world *w) {
    static char text[8][200];
    char *argv[24] = {getenv("MW_STATION")};
    int n = 1;
    MW_CHECK(argv[0] != NULL);
    (void)snprintf(text[0], sizeof text[0], "samples.source=unix:%s", w->town.path);
    (void)snprintf(text[1], sizeof text[1], "spool.folder=%s/spool", w->root);
    (void)snprintf(text[2], sizeof text[2], "platform.url=http://127.0.0.1:%u", w->platform.port);
    (void)snprintf(text[3], sizeof text[3], "platform.token_file=%s/token", w->root);
    for (int i = 0; i < 4; i++)
        argv[n++] = text[i];
    static const char *const fixed[] = {"station.id=st-1",         "radio.half_width=11kHz",
                                        "http.listen=127.0.0.1:0", "platform.timeout=300ms",
                                        "platform.retry_min=10ms", "platform.retry_max=100ms",
                                        "platform.batch=7",        "radio.full_scale=-40dBm"};
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        argv[n++] = (char *)(uintptr_t)fixed[i];
    for (size_t i = 0; w->more[i] != NULL; i++)
        argv[n++] = (char *)(uintptr_t)w->more[i];
    char log[100];
    (void)snprintf(log, sizeof log, "%s/station.log", w->root);
    w->starts++;
    w->station = fork();
    if (w->station != 0)
        return;
    if (freopen(log, "a", stderr) == NULL)
        _exit(96);
    for (size_t i = 0; w->environment[i] != NULL; i++)
        (void)putenv((char *)(uintptr_t)w->environment[i]);
    (void)execv(argv[0], argv);
    _exit(97);
}

static int station_status(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool fake_station_ended(fake_world *w, int *out_status) {
    int status = 0;
    if (waitpid(w->station, &status, WNOHANG) != w->station)
        return false;
    w->station = 0;
    *out_status = station_status(status);
    return true;
}

int fake_station_end(fake_world *w, int signal) {
    int status = 0;
    MW_CHECK(kill(w->station, signal) == 0);
    MW_CHECK(waitpid(w->station, &status, 0) == w->station);
    w->station = 0;
    return station_status(status);
}

/* The port that the station logged when it started last. */
static unsigned station_port(const fake_world *w) {
    char path[100];
    char line[2048];
    unsigned port = 0;
    (void)snprintf(path, sizeof path, "%s/station.log", w->root);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        const char *at = strstr(line, "http=http://127.0.0.1:");
        if (at != NULL)
            port = (unsigned)atoi(at + strlen("http=http://127.0.0.1:"));
    }
    if (f != NULL)
        (void)fclose(f);
    return port;
}

static char station_answer[65536];
static bool station_answered;

static void station_on_answer(void *context, const mw_http_answer *a) {
    (void)context;
    station_answered = true;
    (void)snprintf(station_answer, sizeof station_answer, "%d %.*s", a->http_status, (int)a->body.n,
                   (const char *)a->body.p);
}

const char *fake_station_get(fake_world *w, const char *target) {
    char url[128];
    mw_http_client *client = NULL;
    mw_http_call *call = NULL;
    station_answered = false;
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u%s", station_port(w), target);
    MW_CHECK_OK(mw_http_client_new(w->loop, &(mw_http_client_options){0}, &client));
    MW_CHECK_OK(mw_http_call_start(client, "GET", url, NULL, NULL, (mw_slice){0}, station_on_answer,
                                   NULL, &call));
    for (int i = 0; i < 1000 && !station_answered; i++)
        fake_turn(w, 5);
    mw_http_client_free(client);
    MW_CHECK(station_answered);
    return station_answer;
}

/* ---- the world ---- */

fake_world *fake_world_new(void) {
    fake_world *w = calloc(1, sizeof *w);
    (void)snprintf(w->root, sizeof w->root, "/tmp/mw-station-XXXXXX");
    MW_CHECK(mkdtemp(w->root) != NULL);
    MW_CHECK_OK(mw_clock_open("system", &w->clock));
    MW_CHECK_OK(mw_loop_new(w->clock, &w->loop));
    w->platform.prng = mw_prng_of_seed(77);
    w->platform.refuse_frame = -1;
    fake_town_open(&w->town, w->root);
    platform_open(w);
    char path[100];
    (void)snprintf(path, sizeof path, "%s/token", w->root);
    FILE *f = fopen(path, "w");
    (void)fputs("secret-1\n", f);
    (void)fclose(f);
    MW_CHECK(chmod(path, 0600) == 0);
    return w;
}

void fake_world_free(fake_world *w) {
    if (w->station != 0)
        (void)fake_station_end(w, SIGKILL);
    if (w->platform.second != NULL)
        fake_second_close(w);
    mw_http_server_close(w->platform.server);
    fake_town_close(&w->town);
    mw_loop_free(w->loop);
    mw_clock_close(w->clock);
    char command[100];
    (void)snprintf(command, sizeof command, "rm -rf %s", w->root);
    MW_CHECK_EQ(system(command), 0);
    free(w);
}

void fake_turn(fake_world *w, int ms) {
    fake_town_turn(&w->town);
    mw_loop_run_once(w->loop, mw_dur_ms(ms));
}

unsigned fake_frames_held(const fake_world *w) {
    unsigned n = 0;
    for (unsigned k = 0; k < FAKE_FRAMES; k++)
        n += w->platform.frames_seen[k] > 0;
    return n;
}

bool fake_await_frames(fake_world *w, unsigned n, int seconds) {
    int64_t end = mw_clock_mono().ns + seconds * MW_NS_PER_S;
    while (fake_frames_held(w) < n && mw_clock_mono().ns < end)
        fake_turn(w, 2);
    return fake_frames_held(w) >= n;
}

bool fake_await_acknowledged(fake_world *w, int seconds) {
    uint64_t wanted = w->town.frame_at[FAKE_FRAMES - 1] + 1;
    int64_t end = mw_clock_mono().ns + seconds * MW_NS_PER_S;
    while (w->town.acknowledged < wanted && mw_clock_mono().ns < end)
        fake_turn(w, 2);
    return w->town.acknowledged >= wanted;
}
