/* SPDX-License-Identifier: Apache-2.0
 *
 * `mw-station decode` on every format and on what recordings can suffer, and the station on a
 * radio.
 */
#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "station/test/fake.h"

static fake_world *world;
#define PART 8 /* frames of the town's stream that recordings are made of */

static float *stream; /* the town's samples, silence in full */
static size_t stream_n;

static void path_of(char out[160], const char *name) {
    (void)snprintf(out, 160, "%s/%s", world->root, name);
}

static void load_stream(void) {
    char path[160];
    path_of(path, "plain.cs16");
    fake_town_write(&world->town, path, true);
    FILE *f = fopen(path, "rb");
    MW_CHECK(f != NULL && fseek(f, 0, SEEK_END) == 0);
    size_t n = (size_t)ftell(f);
    uint8_t *bytes = malloc(n);
    rewind(f);
    MW_CHECK(fread(bytes, 1, n, f) == n);
    (void)fclose(f);
    stream_n = n / 4;
    stream = malloc(stream_n * 2 * sizeof *stream);
    mw_samples_block b = {.h = {.format = MW_SAMPLES_CS16, .count = stream_n},
                          .payload = {bytes, n}};
    mw_samples_to_float(&b, 0, stream_n, stream, NULL);
    free(bytes);
    stream_n = (size_t)world->town.frame_at[PART];
}

static int set_up(void **state) {
    (void)state;
    world = fake_world_new();
    load_stream();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    free(stream);
    fake_world_free(world);
    return 0;
}

/* Writes a head and then n samples of the stream in a format. */
static void write_file(const char *name, mw_slice head, mw_samples_format format, size_t n,
                       float gain, float constant) {
    char path[160];
    path_of(path, name);
    FILE *f = fopen(path, "wb");
    MW_CHECK(f != NULL && fwrite(head.p, 1, head.n, f) == head.n);
    for (size_t at = 0; at < n; at += 4096) {
        static float piece[8192];
        static uint8_t bytes[8 * 4096];
        size_t m = n - at < 4096 ? n - at : 4096;
        for (size_t i = 0; i < 2 * m; i++)
            piece[i] = gain * stream[2 * at + i] + constant;
        (void)mw_samples_from_float(piece, m, format, MW_SPAN_OF(bytes));
        size_t size = m * mw_samples_format_bytes(format);
        MW_CHECK(fwrite(bytes, 1, size, f) == size);
    }
    MW_CHECK(fclose(f) == 0);
}

/* Runs the decoder; lines on standard output, what it said in `said`, exit status. */
static char said[4096];
static unsigned lines;

static int decode(const char *file, const char *options) {
    char command[700];
    char errors[160];
    char line[2048];
    path_of(errors, "errors");
    (void)snprintf(command, sizeof command, "%s decode %s/%s --half_width 11kHz %s 2>%s",
                   getenv("MW_STATION"), world->root, file, options, errors);
    FILE *f = popen(command, "r");
    MW_CHECK(f != NULL);
    lines = 0;
    while (fgets(line, sizeof line, f) != NULL)
        lines++;
    int status = pclose(f);
    MW_CHECK(WIFEXITED(status));
    FILE *e = fopen(errors, "r");
    size_t n = fread(said, 1, sizeof said - 1, e);
    said[n] = 0;
    (void)fclose(e);
    return WEXITSTATUS(status);
}

MW_TEST(plain_files_go_by_their_name) {
    static const struct {
        const char *name;
        mw_samples_format format;
    } files[] = {{"a.cf32", MW_SAMPLES_CF32},
                 {"a.cs16", MW_SAMPLES_CS16},
                 {"a.cs8", MW_SAMPLES_CS8},
                 {"a.cu8", MW_SAMPLES_CU8}};
    for (size_t i = 0; i < 4; i++) {
        write_file(files[i].name, (mw_slice){0}, files[i].format, stream_n, 1, 0);
        MW_CHECK_EQ(decode(files[i].name, "--rate 25kHz"), 0);
        MW_CHECK_EQ(lines, PART);
        MW_CHECK(strstr(said, "8 frames") != NULL);
    }
    MW_CHECK_EQ(decode("a.cs8", "--rate 25kHz --output text --summary no"), 0);
    MW_CHECK_EQ(lines, PART);
    MW_CHECK(strstr(said, "frames in") == NULL);
    /* a stream has no name */
    char command[500];
    (void)snprintf(command, sizeof command,
                   "%s decode - --format cs8 --rate 25kHz --half_width 11kHz <%s/a.cs8 | wc -l | "
                   "grep -q '^%d$'",
                   getenv("MW_STATION"), world->root, PART);
    MW_CHECK_EQ(system(command), 0);
}

static mw_slice wav_head(uint8_t out[200], bool large, uint64_t data_bytes) {
    mw_writer w = mw_writer_of((mw_span){out, 200});
    mw_write_str(&w, large ? "RF64" : "RIFF");
    mw_write_u32le(&w, 0xffffffff);
    mw_write_str(&w, "WAVE");
    if (large) {
        mw_write_str(&w, "ds64");
        mw_write_u32le(&w, 28);
        mw_write_u64le(&w, 0);
        mw_write_u64le(&w, data_bytes);
        mw_write_u64le(&w, 0);
        mw_write_u32le(&w, 0);
    }
    mw_write_str(&w, "fmt ");
    mw_write_u32le(&w, 16);
    mw_write_u16le(&w, 1);
    mw_write_u16le(&w, 2);
    mw_write_u32le(&w, FAKE_RATE);
    mw_write_u32le(&w, 4 * FAKE_RATE);
    mw_write_u16le(&w, 4);
    mw_write_u16le(&w, 16);
    mw_write_str(&w, "data");
    mw_write_u32le(&w, large ? 0xffffffff : (uint32_t)data_bytes);
    return mw_writer_done(&w);
}

MW_TEST(wav_files_whole_large_and_cut_off) {
    uint8_t bytes[200];
    for (int large = 0; large < 2; large++) {
        write_file("a.wav", wav_head(bytes, large == 1, stream_n * 4), MW_SAMPLES_CS16, stream_n, 1,
                   0);
        MW_CHECK_EQ(decode("a.wav", ""), 0);
        MW_CHECK_EQ(lines, PART);
        write_file("b.wav", wav_head(bytes, large == 1, stream_n * 4), MW_SAMPLES_CS16,
                   stream_n / 2, 1, 0);
        MW_CHECK_EQ(decode("b.wav", ""), 4);
        MW_CHECK(lines >= PART / 2 - 1 && lines < PART);
        MW_CHECK(strstr(said, "cut off") != NULL);
    }
    /* a recorder that was killed leaves a length of 0 */
    write_file("c.wav", wav_head(bytes, false, 0), MW_SAMPLES_CS16, stream_n, 1, 0);
    MW_CHECK_EQ(decode("c.wav", ""), 0);
    MW_CHECK_EQ(lines, PART);
    write_file("d.wav", (mw_slice){bytes, 30}, MW_SAMPLES_CS16, 0, 1, 0);
    MW_CHECK_EQ(decode("d.wav", ""), 1);
    MW_CHECK(strstr(said, "before its samples begin") != NULL);
}

static void write_text(const char *name, const char *text) {
    char path[160];
    path_of(path, name);
    FILE *f = fopen(path, "w");
    MW_CHECK(f != NULL && fputs(text, f) >= 0);
    (void)fclose(f);
}

MW_TEST(sigmf_recordings) {
    write_file("s.sigmf-data", (mw_slice){0}, MW_SAMPLES_CS16, stream_n, 1, 0);
    write_text("s.sigmf-meta",
               "{\"global\":{\"core:datatype\":\"ci16_le\",\"core:sample_rate\":25000.0,"
               "\"core:version\":\"1.2.0\",\"other:thing\":[1,{}]},\"captures\":[{"
               "\"core:sample_start\":0,\"core:frequency\":868100000,"
               "\"core:datetime\":\"2026-11-22T10:00:00Z\"},{\"core:sample_start\":300000,"
               "\"core:frequency\":868200000.5}],\"annotations\":[{\"core:sample_start\":7}]}");
    MW_CHECK_EQ(decode("s.sigmf-meta", ""), 0);
    MW_CHECK(lines >= PART - 1); /* one may lie where the frequency changes */
    MW_CHECK_EQ(decode("s.sigmf-data", "--output text"), 0);
    MW_CHECK_EQ(decode("s", "--format sigmf"), 0);
    write_text("s.sigmf-meta", "{\"global\":{\"core:datatype\":\"rf32_be\"}}");
    MW_CHECK_EQ(decode("s.sigmf-meta", ""), 1);
    MW_CHECK(strstr(said, "rf32_be") != NULL);
    write_text("s.sigmf-meta", "{\"global\":");
    MW_CHECK_EQ(decode("s.sigmf-meta", ""), 1);
    MW_CHECK(strstr(said, "not JSON") != NULL);
    MW_CHECK_EQ(decode("absent.sigmf-meta", ""), 1);
}

MW_TEST(bad_recordings_get_a_word_each) {
    write_file("e.cs16", (mw_slice){0}, MW_SAMPLES_CS16, 0, 1, 0);
    MW_CHECK_EQ(decode("e.cs16", ""), 1);
    MW_CHECK(strstr(said, "empty") != NULL);
    write_file("x.raw", (mw_slice){0}, MW_SAMPLES_CS16, 5000, 1, 0);
    MW_CHECK_EQ(decode("x.raw", ""), 1);
    MW_CHECK(strstr(said, "say the format") != NULL);
    /* the wrong rate: too low to hold the symbols */
    write_file("r.cs16", (mw_slice){0}, MW_SAMPLES_CS16, stream_n, 1, 0);
    MW_CHECK_EQ(decode("r.cs16", "--rate 1kHz"), 1);
    MW_CHECK(strstr(said, "is the rate right?") != NULL);
    /* and one that fits but is not right: no frame, and no crash */
    MW_CHECK_EQ(decode("r.cs16", "--rate 100kHz"), 3);
    MW_CHECK_EQ(lines, 0);
    write_file("dc.cs16", (mw_slice){0}, MW_SAMPLES_CS16, 100000, 0, 0.25f);
    MW_CHECK_EQ(decode("dc.cs16", "--rate 25kHz"), 3);
    MW_CHECK(strstr(said, "DC") != NULL);
    write_file("zero.cs16", (mw_slice){0}, MW_SAMPLES_CS16, 100000, 0, 0);
    MW_CHECK_EQ(decode("zero.cs16", "--rate 25kHz"), 3);
    MW_CHECK(strstr(said, "zero") != NULL);
}

/* Degradation is measured: frames that are still decoded. */
MW_TEST(clipping_and_holes_cost_little) {
    /* clipping at a hundredth of the amplitude: phase keying survives it */
    write_file("clip.cs8", (mw_slice){0}, MW_SAMPLES_CS8, stream_n, 1000, 0);
    MW_CHECK_EQ(decode("clip.cs8", "--rate 25kHz"), 0);
    unsigned clipped = lines;
    MW_CHECK(strstr(said, "overdriven") != NULL);
    /* every hundredth part of a float recording is not a number */
    for (size_t i = 0; i < 2 * stream_n; i += 100)
        stream[i] = i % 200 == 0 ? NAN : INFINITY;
    write_file("nan.cf32", (mw_slice){0}, MW_SAMPLES_CF32, stream_n, 1, 0);
    MW_CHECK_EQ(decode("nan.cf32", "--rate 25kHz"), 0);
    MW_CHECK(strstr(said, "not numbers") != NULL);
    print_message("of %d frames: %u with samples clipped by 40 dB, %u with 1 %% not finite\n", PART,
                  clipped, lines);
    MW_CHECK_EQ(clipped, PART);
    MW_CHECK_EQ(lines, PART);
}

/* The whole station on a radio, a stretch of which is lost. */
MW_TEST(a_radio_feeds_the_station) {
    static char source[240];
    static char plugin[300];
    if (getenv("MW_SOAPY_TEST") == NULL)
        skip();
    (void)snprintf(plugin, sizeof plugin, "SOAPY_SDR_PLUGIN_PATH=%s", getenv("MW_SOAPY_TEST"));
    (void)snprintf(source, sizeof source,
                   "samples.source=soapy:driver=mwloop,lose=2,file=%s/plain.cs16", world->root);
    world->more[0] = source;
    world->more[1] = "samples.rate=25kHz";
    world->environment[0] = plugin;
    fake_station_start(world);
    MW_CHECK(fake_await_frames(world, FAKE_FRAMES, 30));
    MW_CHECK_EQ(fake_frames_held(world), FAKE_FRAMES);
    MW_CHECK(strstr(fake_station_get(world, "/metrics"), "\nmw_station_source_connected 1\n") !=
             NULL);
    MW_CHECK_EQ(fake_station_end(world, SIGTERM), 0);
    world->more[0] = "samples.source=soapy:driver=none-such";
    fake_station_start(world);
    for (int i = 0; i < 200; i++)
        fake_turn(world, 5);
    MW_CHECK(strstr(fake_station_get(world, "/metrics"), "\nmw_station_source_connected 0\n") !=
             NULL);
    MW_CHECK_EQ(fake_station_end(world, SIGTERM), 0);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(plain_files_go_by_their_name),
        MW_CASE(wav_files_whole_large_and_cut_off),
        MW_CASE(sigmf_recordings),
        MW_CASE(bad_recordings_get_a_word_each),
        MW_CASE(a_radio_feeds_the_station),
        MW_CASE(clipping_and_holes_cost_little),
    };
    return cmocka_run_group_tests(cases, set_up, tear_down);
}
