/* SPDX-License-Identifier: Apache-2.0
 *
 * What a station tells of itself: what arrives, and that a refusal makes it quiet.
 */
#include <signal.h>

#include "runtime/json_read.h"
#include "station/test/fake.h"

static fake_world *world;

static void turn_for(int ms) {
    int64_t end = mw_clock_mono().ns + ms * (MW_NS_PER_S / 1000);
    while (mw_clock_mono().ns < end)
        fake_turn(world, 5);
}

static void await(const unsigned *count, unsigned n) {
    for (int i = 0; i < 4000 && *count < n; i++)
        fake_turn(world, 5);
    MW_CHECK(*count >= n);
}

static void start(const char *picture_max) {
    world->more[0] = "platform.status_every=100ms";
    world->more[1] = "platform.picture_every=0s";
    world->more[2] = picture_max;
    fake_station_start(world);
}

/* Lines of the station's log with these words. */
static unsigned logged(const char *words) {
    char path[100];
    char line[2048];
    unsigned n = 0;
    (void)snprintf(path, sizeof path, "%s/station.log", world->root);
    FILE *f = fopen(path, "r");
    MW_CHECK(f != NULL);
    while (fgets(line, sizeof line, f) != NULL)
        n += strstr(line, words) != NULL;
    (void)fclose(f);
    return n;
}

MW_TEST(the_platform_is_told_how_the_station_is) {
    static const char *const wanted[] = {
        "version",        "modes",           "blocked",        "source_connected",    "spool_items",
        "spool_bytes",    "spool_bytes_max", "time_source",    "time_uncertainty_us", "now",
        "time_offset_us", "load_permille",   "last_delivery_s"};
    json_t *root = NULL;
    world = fake_world_new();
    start("platform.picture_max=512KiB");
    MW_CHECK(fake_await_frames(world, FAKE_FRAMES, 30));
    await(&world->platform.reports, world->platform.reports + 2);
    mw_json_limits limits = {8192, 4};
    MW_CHECK_OK(mw_json_parse(mw_slice_of_str(world->platform.last_report), limits, &root, NULL));
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        MW_CHECK(json_object_get(root, wanted[i]) != NULL);
    MW_CHECK(json_object_get(root, "duty_ppm") == NULL); /* it has no transmitter */
    MW_CHECK(json_is_integer(json_object_get(root, "last_delivery_s")));
    json_decref(root);
    MW_CHECK_EQ(world->platform.pictures, 0); /* nobody looks */
    world->platform.picture_wanted = true;
    await(&world->platform.pictures, 2);
    MW_CHECK(world->platform.last_picture_n <= 512u * 1024);
    fake_world_free(world);
}

MW_TEST(a_refused_report_is_logged_once_and_uplinks_go_on) {
    static const int codes[] = {401, 404, 413};
    for (size_t i = 0; i < 3; i++) {
        world = fake_world_new();
        world->platform.report_code = codes[i];
        start("platform.picture_max=512KiB");
        MW_CHECK(fake_await_frames(world, FAKE_FRAMES, 30));
        await(&world->platform.reports, 1);
        turn_for(400);
        MW_CHECK_EQ(world->platform.reports, 1);
        MW_CHECK_EQ(logged("does not take the station's report"), 1);
        fake_world_free(world);
    }
}

MW_TEST(a_refused_picture_does_not_end_the_status) {
    world = fake_world_new();
    world->platform.picture_wanted = true;
    world->platform.picture_code = 413;
    start("platform.picture_max=512KiB");
    MW_CHECK(fake_await_frames(world, FAKE_FRAMES, 30));
    await(&world->platform.pictures, 1);
    await(&world->platform.reports, world->platform.reports + 3);
    MW_CHECK_EQ(world->platform.pictures, 1);
    MW_CHECK_EQ(logged("does not take the station's report"), 1);
    fake_world_free(world);
}

MW_TEST(a_limit_of_nothing_sends_no_picture) {
    world = fake_world_new();
    world->platform.picture_wanted = true;
    start("platform.picture_max=0B");
    MW_CHECK(fake_await_frames(world, FAKE_FRAMES, 30));
    await(&world->platform.reports, world->platform.reports + 3);
    MW_CHECK_EQ(world->platform.pictures, 0);
    fake_world_free(world);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(the_platform_is_told_how_the_station_is),
        MW_CASE(a_refused_report_is_logged_once_and_uplinks_go_on),
        MW_CASE(a_refused_picture_does_not_end_the_status),
        MW_CASE(a_limit_of_nothing_sends_no_picture),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
