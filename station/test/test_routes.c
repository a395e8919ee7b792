/* SPDX-License-Identifier: Apache-2.0
 *
 * Several ways to the platform: the first one that works is used, a flapping one is not.
 */
#include <signal.h>
#include <unistd.h>

#include "station/test/fake.h"

static char routes[200];

static long long metric(fake_world *w, const char *name) {
    const char *text = fake_station_get(w, "/metrics");
    char line[120];
    (void)snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(text, line);
    if (at == NULL)
        return -1; /* it is not up yet */
    return atoll(at + strlen(line));
}

static void turn_for(fake_world *w, int ms) {
    int64_t end = mw_clock_mono().ns + (int64_t)ms * 1000000;
    while (mw_clock_mono().ns < end)
        fake_turn(w, 2);
}

/* Turns until a metric has a value. */
static bool await_metric(fake_world *w, const char *name, long long value) {
    for (int i = 0; i < 100; i++) {
        if (metric(w, name) == value)
            return true;
        turn_for(w, 30);
    }
    return false;
}

static void start_with_two(fake_world *w) {
    (void)snprintf(routes, sizeof routes,
                   "platform.routes=ethernet=127.0.0.2@http://127.0.0.1:%u, lte=127.0.0.3",
                   w->platform.second_port);
    w->more[0] = routes;
    w->more[1] = "platform.probe_every=100ms";
    fake_station_start(w);
}

MW_TEST(routes_fail_over_and_come_back) {
    fake_world *w = fake_world_new();
    fake_second_open(w);
    start_with_two(w);
    MW_CHECK(fake_await_frames(w, 6, 30));
    MW_CHECK_STR(w->platform.last_peer, "127.0.0.2");
    fake_second_close(w);
    MW_CHECK(await_metric(w, "mw_station_route_active", 1));
    MW_CHECK(fake_await_frames(w, FAKE_FRAMES, 30));
    MW_CHECK_STR(w->platform.last_peer, "127.0.0.3");
    MW_CHECK_EQ(metric(w, "mw_station_route_up{route=\"ethernet\"}"), 0);
    MW_CHECK_EQ(metric(w, "mw_station_route_up{route=\"lte\"}"), 1);
    fake_second_open(w);
    MW_CHECK(await_metric(w, "mw_station_route_active", 0));
    MW_CHECK_EQ(metric(w, "mw_station_route_changes_total"), 2);
    MW_CHECK_EQ(w->platform.conflicts, 0);
    MW_CHECK_EQ(fake_station_end(w, SIGTERM), 0);
    fake_world_free(w);
}

/* One success between failures does not bring a route back: three in a row do. */
MW_TEST(a_flapping_route_carries_nothing) {
    fake_world *w = fake_world_new();
    fake_second_open(w);
    fake_second_close(w);
    start_with_two(w);
    MW_CHECK(await_metric(w, "mw_station_route_active", 1));
    for (int i = 0; i < 6; i++) {
        fake_second_open(w);
        turn_for(w, 120); /* one or two probes */
        fake_second_close(w);
        turn_for(w, 250);
    }
    MW_CHECK_EQ(metric(w, "mw_station_route_changes_total"), 1);
    MW_CHECK(fake_await_frames(w, FAKE_FRAMES, 30));
    MW_CHECK_EQ(fake_station_end(w, SIGTERM), 0);
    fake_world_free(w);
}

MW_TEST(with_no_route_up_all_are_tried) {
    fake_world *w = fake_world_new();
    fake_second_open(w);
    fake_second_close(w);
    (void)snprintf(routes, sizeof routes,
                   "platform.routes=none=nosuchif0 gone=127.0.0.2@http://127.0.0.1:%u last=",
                   w->platform.second_port);
    w->more[0] = routes;
    w->more[1] = "platform.probe_every=50ms";
    fake_station_start(w);
    MW_CHECK(fake_await_frames(w, FAKE_FRAMES, 30));
    MW_CHECK_EQ(metric(w, "mw_station_route_active"), 2);
    MW_CHECK_EQ(fake_station_end(w, SIGTERM), 0);
    static const char *const bad[] = {"platform.routes=eth0", "platform.routes=Bad=eth0",
                                      "platform.routes==x"};
    for (size_t i = 0; i < 3; i++) {
        int status = 0;
        w->more[0] = bad[i];
        fake_station_start(w);
        for (int k = 0; k < 400 && !fake_station_ended(w, &status); k++)
            fake_turn(w, 5);
        MW_CHECK_EQ(w->station, 0);
        MW_CHECK_EQ(status, 1);
    }
    fake_world_free(w);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(routes_fail_over_and_come_back),
        MW_CASE(a_flapping_route_carries_nothing),
        MW_CASE(with_no_route_up_all_are_tried),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
