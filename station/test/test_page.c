/* SPDX-License-Identifier: Apache-2.0
 *
 * The status page: who may look, what it shows, and that decoded frames are marked in the picture.
 */
#include <png.h>
#include <signal.h>
#include <sys/stat.h>

#include "runtime/http_client.h"
#include "station/test/fake.h"

static fake_world *world;
static uint8_t body[4u << 20];
static size_t body_n;
static int http_status;
static bool answered;

static void on_answer(void *context, const mw_http_answer *a) {
    (void)context;
    answered = true;
    http_status = a->http_status;
    body_n = a->body.n < sizeof body - 1 ? a->body.n : sizeof body - 1;
    if (body_n > 0)
        memcpy(body, a->body.p, body_n);
    body[body_n] = 0;
}

/* GET of the station's server at the port it logged. */
static int get(const char *target, const char *bearer, const char *user) {
    char path[100];
    char line[2048];
    char url[200];
    unsigned port = 0;
    mw_http_client *client = NULL;
    mw_http_call *call = NULL;
    (void)snprintf(path, sizeof path, "%s/station.log", world->root);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        const char *at = strstr(line, "http=http://127.0.0.1:");
        if (at != NULL)
            port = (unsigned)atoi(at + strlen("http=http://127.0.0.1:"));
    }
    if (f != NULL)
        (void)fclose(f);
    (void)snprintf(url, sizeof url, "http://%s127.0.0.1:%u%s", user, port, target);
    answered = false;
    MW_CHECK_OK(
        mw_http_client_new(world->loop, &(mw_http_client_options){.reply_max = 4u << 20}, &client));
    MW_CHECK_OK(mw_http_call_start(client, "GET", url, bearer, NULL, (mw_slice){0}, on_answer, NULL,
                                   &call));
    for (int i = 0; i < 1000 && !answered; i++)
        fake_turn(world, 5);
    mw_http_client_free(client);
    return http_status;
}

static void start_with_token(void) {
    static char setting[160];
    char path[120];
    (void)snprintf(path, sizeof path, "%s/page-token", world->root);
    FILE *f = fopen(path, "w");
    MW_CHECK(f != NULL && fputs("look-1\n", f) >= 0 && fclose(f) == 0);
    MW_CHECK(chmod(path, 0600) == 0);
    (void)snprintf(setting, sizeof setting, "http.page_token_file=%s", path);
    world->more[0] = setting;
    fake_station_start(world);
    MW_CHECK(fake_await_frames(world, FAKE_FRAMES, 30));
}

MW_TEST(only_who_has_the_token_sees_the_page) {
    static const char *const targets[] = {"/", "/style.css", "/status", "/waterfall.png"};
    world = fake_world_new();
    start_with_token();
    for (size_t i = 0; i < 4; i++) {
        MW_CHECK_EQ(get(targets[i], NULL, ""), 401);
        MW_CHECK_EQ(get(targets[i], "wrong", ""), 401);
        MW_CHECK_EQ(get(targets[i], NULL, "any:wrong@"), 401);
        MW_CHECK_EQ(get(targets[i], "look-1", ""), 200);
    }
    MW_CHECK_EQ(get("/", NULL, "any:look-1@"), 200); /* as a browser asks for it */
    MW_CHECK_EQ(get("/healthz", NULL, ""), 200);
    MW_CHECK_EQ(fake_station_end(world, SIGTERM), 0);
    world->more[0] = NULL; /* without the setting there is no page */
    fake_station_start(world);
    for (int i = 0; i < 100; i++)
        fake_turn(world, 5);
    MW_CHECK_EQ(get("/", "look-1", ""), 404);
    MW_CHECK_EQ(get("/status", "", ""), 404);
    fake_world_free(world);
}

MW_TEST(the_page_shows_frames_levels_and_routes) {
    world = fake_world_new();
    start_with_token();
    MW_CHECK_EQ(get("/", "look-1", ""), 200);
    static const char *const wanted[] = {
        "Base station st-1", "frames since the start", "default", "R1 S", "Self-test", "receiver"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        MW_CHECK(strstr((const char *)body, wanted[i]) != NULL);
    MW_CHECK(strstr((const char *)body, "<script") == NULL);
    MW_CHECK(strstr((const char *)body, " style=") == NULL);
    MW_CHECK_EQ(get("/status", "look-1", ""), 200);
    MW_CHECK(strstr((const char *)body, "\"frames\":24") != NULL);
    MW_CHECK(strstr((const char *)body, "\"active\":true") != NULL);
    MW_CHECK(strstr((const char *)body, "\"source\":") != NULL);
    fake_world_free(world);
}

MW_TEST(decoded_frames_are_marked_in_the_waterfall) {
    world = fake_world_new();
    start_with_token();
    MW_CHECK_EQ(get("/waterfall.png", "look-1", ""), 200);
    png_image image = {.version = PNG_IMAGE_VERSION};
    MW_CHECK(png_image_begin_read_from_memory(&image, body, body_n) != 0);
    image.format = PNG_FORMAT_RGB;
    uint8_t *pixels = malloc(PNG_IMAGE_SIZE(image));
    MW_CHECK(png_image_finish_read(&image, NULL, pixels, 0, NULL) != 0);
    MW_CHECK_EQ(image.width, 1024);
    unsigned marks = 0;
    unsigned bright = 0;
    for (size_t i = 0; i < (size_t)image.width * image.height; i++) {
        const uint8_t *c = &pixels[3 * i];
        marks += c[0] == 80 && c[1] == 255 && c[2] == 120;
        bright += c[0] > 240 && c[1] > 140 && c[2] < 235;
    }
    print_message("%u rows, %u pixels of marks, %u of signals\n", (unsigned)image.height, marks,
                  bright);
    MW_CHECK(marks >= FAKE_FRAMES * 4 && bright >= FAKE_FRAMES);
    free(pixels);
    fake_world_free(world);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(only_who_has_the_token_sees_the_page),
        MW_CASE(the_page_shows_frames_levels_and_routes),
        MW_CASE(decoded_frames_are_marked_in_the_waterfall),
    };
    return cmocka_run_group_tests(cases, NULL, NULL);
}
