/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-station on a disk that forgets and on one that is full.
 */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "station/test/fake.h"
#include "tests/faults/runner.h"

static char entries[6][160];

static void under_faults(fake_world *w, const char *what) {
    (void)snprintf(entries[0], sizeof entries[0], "LD_PRELOAD=%s", getenv("MW_FAULT_LIBRARY"));
    (void)snprintf(entries[1], sizeof entries[1], "MW_FAULT_DIR=%s/spool", w->root);
    (void)snprintf(entries[2], sizeof entries[2], "MW_FAULT_ROOM_FILE=%s/room", w->root);
    (void)snprintf(entries[3], sizeof entries[3],
                   "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0");
    (void)snprintf(entries[4], sizeof entries[4], "%s", what);
    for (int i = 0; i < 5; i++)
        w->environment[i] = entries[i];
}

/* Runs with power cuts after few operations, again and again, until a run has nothing to write. */
static unsigned run_with_cuts(fake_world *w, const char *more) {
    unsigned cuts = 0;
    char text[64];
    for (int at = 1; cuts < 40; at = at % 9 + 1) {
        int status = 0;
        (void)snprintf(text, sizeof text, "MW_FAULT_CUT_AFTER=%d", at);
        under_faults(w, text);
        w->environment[5] = more;
        fake_station_start(w);
        int64_t end = mw_clock_mono().ns + 3 * MW_NS_PER_S;
        while (!fake_station_ended(w, &status) && mw_clock_mono().ns < end)
            fake_turn(w, 1);
        if (w->station != 0) { /* nothing left to write: everything was received */
            (void)fake_station_end(w, SIGKILL);
            break;
        }
        MW_CHECK_EQ(status, MW_FAULT_EXIT_CUT);
        cuts++;
    }
    return cuts;
}

MW_TEST(power_cuts_lose_nothing_that_was_acknowledged) {
    fake_world *w = fake_world_new();
    w->platform.fail_percent = 20;
    unsigned cuts = run_with_cuts(w, NULL);
    MW_CHECK(cuts > 2);
    w->environment[0] = NULL;
    w->platform.fail_percent = 0;
    fake_station_start(w);
    MW_CHECK(fake_await_acknowledged(w, 30));
    MW_CHECK(fake_await_frames(w, FAKE_FRAMES, 30));
    MW_CHECK_EQ(w->platform.conflicts, 0);
    MW_CHECK_EQ(w->platform.unknown, 0);
    print_message("%u power cuts\n", cuts);
    fake_world_free(w);
}

MW_TEST(without_the_syncs_frames_are_lost) {
    fake_world *w = fake_world_new();
    w->platform.down = true;
    under_faults(w, "MW_FAULT_SIGNAL=1");
    w->environment[5] = "MW_FAULT_IGNORE_SYNC_OF=.seg";
    fake_station_start(w);
    MW_CHECK(fake_await_acknowledged(w, 30)); /* promised, but only in the disk's cache */
    MW_CHECK(kill(w->station, SIGUSR2) == 0);
    MW_CHECK_EQ(fake_station_end(w, SIGTERM), MW_FAULT_EXIT_CUT); /* closing writes the cursor */
    w->environment[0] = NULL;
    w->platform.down = false;
    fake_station_start(w);
    MW_CHECK(!fake_await_frames(w, FAKE_FRAMES, 2));
    fake_world_free(w);
}

MW_TEST(a_full_disk_holds_the_source_back) {
    fake_world *w = fake_world_new();
    char room[100];
    w->platform.down = true;
    under_faults(w, "MW_FAULT_SPACE=700");
    fake_station_start(w);
    for (int i = 0; i < 600; i++)
        fake_turn(w, 5);
    MW_CHECK(strstr(fake_station_get(w, "/healthz"), "503 {\"status\":\"blocked\"") != NULL);
    MW_CHECK(w->town.acknowledged < w->town.frame_at[FAKE_FRAMES - 1]);
    (void)snprintf(room, sizeof room, "%s/room", w->root);
    (void)close(open(room, O_CREAT | O_WRONLY, 0600));
    w->platform.down = false;
    MW_CHECK(fake_await_frames(w, FAKE_FRAMES, 30));
    MW_CHECK(fake_await_acknowledged(w, 10));
    MW_CHECK_EQ(w->platform.conflicts, 0);
    MW_CHECK(strstr(fake_station_get(w, "/healthz"), "200 {\"status\":\"ok\"") != NULL);
    MW_CHECK_EQ(fake_station_end(w, SIGTERM), 0);
    fake_world_free(w);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(power_cuts_lose_nothing_that_was_acknowledged),
        MW_CASE(without_the_syncs_frames_are_lost),
        MW_CASE(a_full_disk_holds_the_source_back),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
