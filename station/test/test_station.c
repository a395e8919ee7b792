/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-station as a process between a town and a platform that are not kind to it. The environment
 * names the program: MW_STATION.
 */
#include <signal.h>
#include <unistd.h>

#include "station/test/fake.h"

/* Every frame is there, none was invented, and no key named two frames. */
static void check_all_there(const fake_world *w) {
    MW_CHECK_EQ(fake_frames_held(w), FAKE_FRAMES);
    MW_CHECK_EQ(w->platform.unknown, 0);
    MW_CHECK_EQ(w->platform.conflicts, 0);
    for (size_t i = 1; i < w->platform.stored_n; i++)
        MW_CHECK(w->platform.stored[i].epoch == w->platform.stored[0].epoch);
}

MW_TEST(frames_reach_the_platform) {
    fake_world *w = fake_world_new();
    fake_station_start(w);
    MW_CHECK(fake_await_frames(w, FAKE_FRAMES, 30));
    check_all_there(w);
    MW_CHECK_EQ(w->platform.stored_n, FAKE_FRAMES);
    MW_CHECK(fake_await_acknowledged(w, 10));
    MW_CHECK(w->platform.largest <= 7);
    /* the last frame: amplitude 0.1 is 20 dB below full scale */
    MW_CHECK(w->platform.last_level > -6100 && w->platform.last_level < -5900);
    int64_t expected = FAKE_CENTRE + (-8000 + 700 * (FAKE_FRAMES - 1)) * INT64_C(1000);
    MW_CHECK(llabs(w->platform.last_frequency - expected) < 2000);
    mw_utc at = {0};
    MW_CHECK_OK(mw_utc_parse(mw_slice_of_str(w->platform.last_time), &at));
    int64_t start = FAKE_UTC + (int64_t)(w->town.frame_at[FAKE_FRAMES - 1] * 1000000 / FAKE_RATE);
    MW_CHECK(llabs(at.us - start) < 500);
    for (int i = 0; i < 100; i++)
        fake_turn(w, 2);
    MW_CHECK(strstr(fake_station_get(w, "/metrics"), "\nmw_station_spool_items 0\n") != NULL);
    MW_CHECK(strstr(fake_station_get(w, "/metrics"), "\nmw_station_frames_total 24\n") != NULL);
    MW_CHECK(strstr(fake_station_get(w, "/metrics"), "\nmw_station_frames_combined 0\n") != NULL);
    MW_CHECK(strstr(fake_station_get(w, "/healthz"), "200 {\"status\":\"ok\"") != NULL);
    MW_CHECK_EQ(fake_station_end(w, SIGTERM), 0);
    fake_world_free(w);
}

MW_TEST(the_spool_outlives_a_kill_while_the_platform_is_away) {
    fake_world *w = fake_world_new();
    w->platform.down = true;
    fake_station_start(w);
    MW_CHECK(fake_await_acknowledged(w, 30)); /* the town has let go of everything */
    MW_CHECK_EQ(fake_frames_held(w), 0);
    MW_CHECK_EQ(fake_station_end(w, SIGKILL), 128 + SIGKILL);
    w->town.silent = true;
    w->platform.down = false;
    fake_station_start(w);
    MW_CHECK(fake_await_frames(w, FAKE_FRAMES, 30));
    check_all_there(w);
    fake_world_free(w);
}

MW_TEST(a_failing_platform_loses_nothing) {
    fake_world *w = fake_world_new();
    w->platform.fail_percent = 60;
    fake_station_start(w);
    MW_CHECK(fake_await_frames(w, FAKE_FRAMES, 60));
    check_all_there(w);
    MW_CHECK_EQ(w->platform.stored_n, FAKE_FRAMES);
    MW_CHECK(w->platform.duplicates > 0); /* answers were lost */
    MW_CHECK_EQ(fake_station_end(w, SIGTERM), 0);
    fake_world_free(w);
}

MW_TEST(kills_at_random_moments_lose_nothing) {
    fake_world *w = fake_world_new();
    mw_prng g = mw_prng_of_seed(5);
    unsigned kills = 0;
    w->platform.fail_percent = 30;
    while (kills < 25) {
        fake_station_start(w);
        int64_t end = mw_clock_mono().ns + 20000000 + (int64_t)mw_prng_below(&g, 250) * 1000000;
        while (mw_clock_mono().ns < end)
            fake_turn(w, 1);
        (void)fake_station_end(w, SIGKILL);
        kills++;
    }
    fake_station_start(w);
    MW_CHECK(fake_await_acknowledged(w, 60));
    w->platform.fail_percent = 0;
    MW_CHECK(fake_await_frames(w, FAKE_FRAMES, 60));
    check_all_there(w);
    print_message("%u kills, %zu records for %u frames, %u duplicates, %u connections\n", kills,
                  w->platform.stored_n, FAKE_FRAMES, w->platform.duplicates, w->town.connections);
    fake_world_free(w);
}

MW_TEST(a_frame_that_is_refused_does_not_stall_the_others) {
    fake_world *w = fake_world_new();
    w->platform.refuse_frame = 11;
    fake_station_start(w);
    MW_CHECK(fake_await_frames(w, FAKE_FRAMES - 1, 30));
    for (int i = 0; i < 200; i++)
        fake_turn(w, 2);
    MW_CHECK_EQ(fake_frames_held(w), FAKE_FRAMES - 1);
    MW_CHECK(strstr(fake_station_get(w, "/metrics"), "\nmw_station_set_aside_total 1\n") != NULL);
    MW_CHECK(strstr(fake_station_get(w, "/metrics"), "\nmw_station_spool_items 0\n") != NULL);
    MW_CHECK_EQ(fake_station_end(w, SIGTERM), 0);
    fake_world_free(w);
}

MW_TEST(a_wrong_token_is_tried_again) {
    fake_world *w = fake_world_new();
    char path[100];
    (void)snprintf(path, sizeof path, "%s/token", w->root);
    FILE *f = fopen(path, "w");
    (void)fputs("wrong\n", f);
    (void)fclose(f);
    fake_station_start(w);
    for (int i = 0; i < 300 && w->platform.requests < 3; i++)
        fake_turn(w, 10);
    MW_CHECK(w->platform.requests >= 3);
    f = fopen(path, "w");
    (void)fputs("secret-1\n", f);
    (void)fclose(f);
    MW_CHECK(fake_await_frames(w, FAKE_FRAMES, 30));
    check_all_there(w);
    fake_world_free(w);
}

/* Lines that the decoder prints for a file. */
static unsigned decode(const fake_world *w, const char *file, const char *options) {
    char command[512];
    char line[1024];
    unsigned n = 0;
    (void)snprintf(command, sizeof command, "%s decode %s/%s --half_width 11kHz %s",
                   getenv("MW_STATION"), w->root, file, options);
    FILE *f = popen(command, "r");
    MW_CHECK(f != NULL);
    while (fgets(line, sizeof line, f) != NULL) {
        char hex[27] = "";
        uint8_t payload[13];
        fake_payload(n, payload);
        MW_CHECK_OK(mw_hex_encode(MW_SLICE_OF(payload), (mw_span){(uint8_t *)hex, 26}));
        MW_CHECK(strstr(line, hex) != NULL);
        n++;
    }
    MW_CHECK_EQ(pclose(f), 0);
    return n;
}

MW_TEST(files_are_decoded) {
    fake_world *w = fake_world_new();
    char path[100];
    (void)snprintf(path, sizeof path, "%s/blocks", w->root);
    fake_town_write(&w->town, path, false);
    MW_CHECK_EQ(decode(w, "blocks", ""), FAKE_FRAMES);
    (void)snprintf(path, sizeof path, "%s/plain", w->root);
    fake_town_write(&w->town, path, true);
    MW_CHECK_EQ(decode(w, "plain", "--format cs16 --rate=25kHz"), FAKE_FRAMES);
    fake_world_free(w);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(frames_reach_the_platform),
        MW_CASE(the_spool_outlives_a_kill_while_the_platform_is_away),
        MW_CASE(a_failing_platform_loses_nothing),
        MW_CASE(kills_at_random_moments_lose_nothing),
        MW_CASE(a_frame_that_is_refused_does_not_stall_the_others),
        MW_CASE(a_wrong_token_is_tried_again),
        MW_CASE(files_are_decoded),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
