/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/settings.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/harness/mw_test.h"

typedef struct config {
    const char *name;
    int64_t count;
    bool loud;
    mw_dur wait;
    int64_t room;
    mw_freq centre;
    mw_level level;
    mw_utc start;
    const char *colour;
    const char *token;
} config;

#define F(name) offsetof(config, name)
static const mw_setting table[] = {
    {"name", MW_SETTING_TEXT, F(name), "nobody", 0, 0, NULL, false, "A name."},
    {"a.count", MW_SETTING_INT, F(count), "3", -5, 10, NULL, false, "A count."},
    {"a.loud", MW_SETTING_BOOL, F(loud), "no", 0, 0, NULL, false, "Loud?"},
    {"a.wait", MW_SETTING_DUR, F(wait), "1.5s", 0, 3600 * MW_NS_PER_S, NULL, false, "A wait."},
    {"a.room", MW_SETTING_SIZE, F(room), "64MiB", 0, 0, NULL, false, "Room."},
    {"b.centre", MW_SETTING_FREQ, F(centre), "868.1MHz", 0, 0, NULL, false, "A carrier."},
    {"b.level", MW_SETTING_LEVEL, F(level), "-120.5dBm", 0, 0, NULL, false, "A level."},
    {"b.start", MW_SETTING_UTC, F(start), "2026-01-01T00:00:00Z", 0, 0, NULL, false, "A moment."},
    {"b.colour", MW_SETTING_CHOICE, F(colour), "red", 0, 0, "red|green", false, "A colour."},
    {"b.token", MW_SETTING_TEXT, F(token), NULL, 0, 0, NULL, true, "Must be given."},
};
static const mw_program program = {
    .name = "mw-test", .about = "A test.", .settings = table, .settings_n = 10};

static mw_settings *held;
static config c;
static mw_buffer errors;

static mw_status load(const char *text, const char *override) {
    char path[] = "/tmp/mw-settings-XXXXXX";
    int fd = mkstemp(path);
    MW_CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    (void)close(fd);
    mw_settings_free(held);
    held = NULL;
    mw_buffer_fini(&errors);
    mw_buffer_init(&errors, 65536);
    mw_status status =
        mw_settings_load(&program, path, &override, override != NULL, &c, &errors, &held);
    (void)unlink(path);
    return status;
}

static void fails(const char *text, const char *line, const char *message) {
    MW_CHECK_STATUS(load(text, NULL), MW_SYNTAX);
    if (strstr(mw_buffer_text(&errors), line) == NULL ||
        strstr(mw_buffer_text(&errors), message) == NULL)
        print_error("%s", mw_buffer_text(&errors));
    MW_CHECK(strstr(mw_buffer_text(&errors), line) != NULL);
    MW_CHECK(strstr(mw_buffer_text(&errors), message) != NULL);
}

MW_TEST(defaults_and_values) {
    MW_CHECK_OK(load("[b]\ntoken = t\n", NULL));
    MW_CHECK_STR(c.name, "nobody");
    MW_CHECK_EQ(c.count, 3);
    MW_CHECK_EQ(c.wait.ns, 1500000000);
    MW_CHECK_EQ(c.room, 64 << 20);
    MW_CHECK_EQ(c.centre.mhz, 868100000000);
    MW_CHECK_EQ(c.level.cdbm, -12050);
    MW_CHECK_EQ(mw_utc_floor_s(c.start), 1767225600);
    MW_CHECK_OK(load("# comment\nname = a b ; said so\n\n[a]\ncount=-5\nloud = yes\nwait = 250ms\n"
                     "room = 10kB\n[b]\ntoken = x\ncentre = 200kHz\nlevel=14dBm\ncolour = green\n",
                     "a.count=7"));
    MW_CHECK_STR(c.name, "a b");
    MW_CHECK_EQ(c.count, 7); /* the command line wins */
    MW_CHECK(c.loud);
    MW_CHECK_EQ(c.wait.ns, 250000000);
    MW_CHECK_EQ(c.room, 10000);
    MW_CHECK_EQ(c.centre.mhz, 200000000);
    MW_CHECK_EQ(c.level.cdbm, 1400);
    MW_CHECK_STR(c.colour, "green");
}

MW_TEST(errors_name_the_line) {
    fails("name = x\n", "b.token", "must be given");
    fails("[b]\ntoken = t\n[a]\nwait = 30\n", ":4:", "unit");
    fails("[b]\ntoken = t\nlength = 30\n", ":3:", "unknown");
    fails("[b]\ntoken = t\ntoken = u\n", ":3:", "given before");
    fails("[b]\ntoken = t\n[a]\ncount = 11\n", ":4:", "between -5 and 10");
    fails("[b]\ntoken = t\n[a]\ncount = 1.5\n", ":4:", "whole number");
    fails("[b]\ntoken = t\n[a]\nwait = 2h\n", ":4:", "between 0s and 1h");
    fails("[b]\ntoken = t\n[a]\nwait = 1 fortnight\n", ":4:", "unit");
    fails("[b]\ntoken = t\ncolour = blue\n", ":3:", "red|green");
    fails("[b]\ntoken = t\nlevel = 0.001dBm\n", ":3:", "too fine");
    fails("[b]\ntoken = t\nnonsense\n", ":3:", "neither");
    fails("[b]\ntoken = t\n[a]\nroom = 99999999999999999999B\n", ":4:", "too large");
    fails("[b]\ntoken = t\n[a]\nloud = perhaps\n", ":4:", "yes or no");
    MW_CHECK_STATUS(load("[b]\ntoken = t\n", "a.nothing=1"), MW_SYNTAX);
    MW_CHECK(strstr(mw_buffer_text(&errors), "command line: a.nothing") != NULL);
    MW_CHECK_STATUS(mw_settings_load(&program, "/nonexistent", NULL, 0, &c, &errors, &held),
                    MW_NOT_FOUND);
    held = NULL;
    /* A folder opens like a file; it must not pass for an empty one. */
    MW_CHECK_STATUS(mw_settings_load(&program, "/", NULL, 0, &c, &errors, &held), MW_NOT_FOUND);
    held = NULL;
}

MW_TEST(a_long_line_is_an_error_not_a_cut) {
    char text[600];
    (void)snprintf(text, sizeof text, "[b]\ntoken = %0400d\n", 1);
    fails(text, ":2:", "too long");
}

MW_TEST(the_sample_is_readable_by_its_own_parser) {
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    mw_settings_print_sample(&program, f);
    (void)fclose(f);
    MW_CHECK_OK(load(text, "b.token=given"));
    MW_CHECK_STR(c.token, "given");
    MW_CHECK_EQ(c.wait.ns, 1500000000);
    free(text);
    f = open_memstream(&text, &n);
    mw_settings_print_help(&program, f);
    mw_settings_print_manual(&program, f);
    (void)fclose(f);
    MW_CHECK(strstr(text, "| `b.colour` | one of the words: red/green | `red` |") != NULL);
    MW_CHECK(strstr(text, "-5 .. 10; default 3") != NULL);
    free(text);
}

static mw_start start(int n, const char *const *argv) {
    char *copy[8];
    for (int i = 0; i < n; i++)
        copy[i] = (char *)(uintptr_t)argv[i];
    return mw_settings_start(&program, n, copy, &c);
}

MW_TEST(the_command_line) {
    mw_start s = start(
        6, (const char *const[]){"mw-test", "b.token=x", "a.count=4", "import", "file", "y=z"});
    MW_CHECK(s.run);
    MW_CHECK_EQ(s.argc, 3);
    MW_CHECK_EQ(c.count, 4);
    mw_settings_free(s.settings);
    s = start(3, (const char *const[]){"mw-test", "b.token=x", "--check-config"});
    MW_CHECK(!s.run && s.exit_code == 0);
    s = start(2, (const char *const[]){"mw-test", "--verbose"});
    MW_CHECK(!s.run && s.exit_code == 2);
    s = start(1, (const char *const[]){"mw-test"});
    MW_CHECK(!s.run && s.exit_code == 2); /* b.token */
    mw_settings_free(held);
    mw_buffer_fini(&errors);
}

MW_TEST_MAIN(MW_CASE(defaults_and_values), MW_CASE(errors_name_the_line),
             MW_CASE(a_long_line_is_an_error_not_a_cut),
             MW_CASE(the_sample_is_readable_by_its_own_parser), MW_CASE(the_command_line))
