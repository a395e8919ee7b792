/* SPDX-License-Identifier: Apache-2.0
 *
 * What a station says of itself: to systemd, and to the platform when it starts and when something
 * does not work.
 */
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "station/test/fake.h"

static int notify_open(const char *path) {
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    MW_CHECK(bind(fd, (const struct sockaddr *)&a, sizeof a) == 0);
    return fd;
}

MW_TEST(systemd_and_the_platform_hear_how_it_is) {
    static char socket_text[120];
    char path[100];
    fake_world *w = fake_world_new();
    (void)snprintf(path, sizeof path, "%s/notify", w->root);
    (void)snprintf(socket_text, sizeof socket_text, "NOTIFY_SOCKET=%s", path);
    int fd = notify_open(path);
    unsigned ready = 0;
    unsigned fed = 0;
    unsigned stopping = 0;
    bool started = false;
    bool degraded = false;
    w->environment[0] = socket_text;
    w->environment[1] = "WATCHDOG_USEC=3000000";
    w->town.silent = true; /* no samples */
    fake_station_start(w);
    int64_t end = mw_clock_mono().ns + 40 * MW_NS_PER_S;
    while (mw_clock_mono().ns < end && !(degraded && fed >= 3)) {
        char text[300];
        ssize_t n;
        fake_turn(w, 5);
        while ((n = recv(fd, text, sizeof text - 1, 0)) > 0) {
            text[n] = 0;
            ready += strstr(text, "READY=1") != NULL;
            fed += strcmp(text, "WATCHDOG=1") == 0;
        }
        started = started || strstr(w->platform.last_notice, "\"event\":\"start\"") != NULL;
        degraded = degraded || strstr(w->platform.last_notice, "no_radio") != NULL;
    }
    MW_CHECK_EQ(ready, 1);
    MW_CHECK(fed >= 3 && started && degraded);
    MW_CHECK(strstr(fake_station_get(w, "/metrics"),
                    "\nmw_station_degraded{mode=\"no_radio\"} 1\n") != NULL);
    w->town.silent = false; /* and it recovers */
    MW_CHECK(fake_await_frames(w, FAKE_FRAMES, 30));
    end = mw_clock_mono().ns + 10 * MW_NS_PER_S;
    while (mw_clock_mono().ns < end && strstr(w->platform.last_notice, "no_radio") != NULL)
        fake_turn(w, 5);
    MW_CHECK(strstr(w->platform.last_notice, "no_radio") == NULL);
    MW_CHECK_EQ(fake_station_end(w, SIGTERM), 0);
    char text[300];
    ssize_t n;
    while ((n = recv(fd, text, sizeof text - 1, 0)) > 0) {
        text[n] = 0;
        stopping += strstr(text, "STOPPING=1") != NULL;
    }
    MW_CHECK_EQ(stopping, 1);
    (void)close(fd);
    fake_world_free(w);
}

int main(void) {
    const struct CMUnitTest cases[] = {MW_CASE(systemd_and_the_platform_hear_how_it_is)};
    return cmocka_run_group_tests(cases, NULL, NULL);
}
