/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed bundles, the two slots, and power cuts at each operation of installing, guarding,
 * confirming and taking back. Run with a first argument, the program is the child that is cut off.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "station/slots.h"
#include "tests/faults/runner.h"
#include "tests/harness/mw_test.h"

static char root[64];
static char slots[96];
static const char *self;
static mw_bundle bundle;
static char why[160];

static const char *in_root(const char *name) {
    static char paths[8][160];
    static unsigned next;
    char *path = paths[next++ % 8];
    (void)snprintf(path, 160, "%s/%s", root, name);
    return path;
}

static void write_text(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    MW_CHECK(f != NULL && fputs(text, f) >= 0);
    MW_CHECK(fclose(f) == 0);
}

static void clean(void) {
    char command[200];
    (void)snprintf(command, sizeof command, "rm -rf %s && mkdir -p %s", root, root);
    MW_CHECK_EQ(system(command), 0);
    MW_CHECK_OK(mw_bundle_make_keys(in_root("secret"), in_root("public")));
}

/* A bundle whose program prints its number; two files, so that there is a half-way. */
static const char *make_bundle(int counter, const char *kind, const char *station) {
    char name[40];
    char text[80];
    static mw_bundle b;
    b = (mw_bundle){.counter = counter, .files_n = 2};
    (void)snprintf(b.kind, sizeof b.kind, "%s", kind);
    (void)snprintf(b.station, sizeof b.station, "%s", station);
    (void)snprintf(b.version, sizeof b.version, "v%d", counter);
    (void)snprintf(b.files[0].path, sizeof b.files[0].path, "mw-station");
    (void)snprintf(b.files[1].path, sizeof b.files[1].path, "share/notes");
    b.files[0].mode = 0755;
    b.files[1].mode = 0644;
    (void)snprintf(text, sizeof text, "#!/bin/sh\necho version %d\nexit 7\n", counter);
    write_text(in_root("prog"), text);
    (void)snprintf(text, sizeof text, "notes %d\n", counter);
    write_text(in_root("notes"), text);
    const char *sources[] = {in_root("prog"), in_root("notes")};
    (void)snprintf(name, sizeof name, "bundle-%d", counter);
    const char *out = in_root(name);
    MW_CHECK_OK(mw_bundle_write(&b, sources, in_root("secret"), out, why));
    return out;
}

static mw_status check(const char *path) {
    return mw_bundle_check(path, in_root("public"), "program", "st-1", &bundle, why);
}

static mw_status apply(int counter) {
    const char *path = make_bundle(counter, "program", "*");
    MW_CHECK_OK(check(path));
    return mw_slots_apply(slots, path, &bundle, NULL, NULL, why);
}

/* The number of the version that the link names; it must be whole. 0 = none. */
static int current(void) {
    char path[160];
    int a = 0;
    int b = 0;
    (void)snprintf(path, sizeof path, "%s/current/mw-station", slots);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return 0;
    MW_CHECK(fscanf(f, "#!/bin/sh echo version %d exit 7", &a) == 1);
    (void)fclose(f);
    MW_CHECK(access(path, X_OK) == 0);
    (void)snprintf(path, sizeof path, "%s/current/share/notes", slots);
    f = fopen(path, "r");
    MW_CHECK(f != NULL && fscanf(f, "notes %d", &b) == 1);
    (void)fclose(f);
    MW_CHECK_EQ(a, b);
    return a;
}

MW_TEST(only_whole_and_signed_bundles_are_taken) {
    clean();
    const char *good = make_bundle(3, "program", "*");
    MW_CHECK_OK(check(good));
    MW_CHECK_EQ(bundle.counter, 3);
    static uint8_t bytes[4096];
    FILE *f = fopen(good, "rb");
    size_t n = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    MW_CHECK(n > 300 && n < sizeof bytes);
    for (size_t i = 0; i <= n; i++) { /* each byte changed; cut off before it */
        for (int cut = 0; cut < 2; cut++) {
            f = fopen(in_root("bad"), "wb");
            bytes[i % n] ^= cut == 0 ? 1 : 0;
            size_t m = cut == 0 ? n : i;
            if (i == n && cut == 0)
                m = n + 1; /* something behind the end */
            bytes[n] = 'x';
            bytes[0] ^= i == n && cut == 0 ? 1 : 0;
            MW_CHECK(fwrite(bytes, 1, m, f) == m);
            bytes[0] ^= i == n && cut == 0 ? 1 : 0;
            bytes[i % n] ^= cut == 0 ? 1 : 0;
            (void)fclose(f);
            if (i == n && cut == 1)
                MW_CHECK_OK(check(in_root("bad")));
            else
                MW_CHECK(check(in_root("bad")) != MW_OK && why[0] != 0);
        }
    }
    MW_CHECK_EQ(check(make_bundle(3, "config", "*")), MW_STATE);
    MW_CHECK_EQ(check(make_bundle(3, "program", "st-2")), MW_AUTH);
    MW_CHECK_OK(check(make_bundle(3, "program", "st-1")));
    (void)unlink(in_root("secret")); /* another key */
    (void)unlink(in_root("public"));
    MW_CHECK_OK(mw_bundle_make_keys(in_root("secret"), in_root("public")));
    MW_CHECK_EQ(check(in_root("bundle-3")), MW_AUTH);
    MW_CHECK_EQ(mw_bundle_make_keys(in_root("secret"), in_root("public")), MW_DUPLICATE);
}

MW_TEST(paths_that_leave_the_slot_are_refused) {
    static const char *const bad[] = {"/etc/passwd", "../x", "a/../x", "a//b",
                                      ".hidden",     "a/",   "a b"};
    clean();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        static mw_bundle b;
        b = (mw_bundle){
            .kind = "program", .station = "*", .version = "1", .counter = 1, .files_n = 1};
        (void)snprintf(b.files[0].path, sizeof b.files[0].path, "%s", bad[i]);
        write_text(in_root("x"), "x");
        const char *sources[] = {in_root("x")};
        MW_CHECK_OK(mw_bundle_write(&b, sources, in_root("secret"), in_root("bad"), why));
        MW_CHECK_EQ(check(in_root("bad")), MW_SYNTAX);
    }
}

MW_TEST(an_update_is_tried_confirmed_or_taken_back) {
    mw_slots_guarded did;
    clean();
    MW_CHECK_OK(mw_slots_guard(slots, &did));
    MW_CHECK_EQ(did, MW_SLOTS_NOTHING);
    MW_CHECK_OK(apply(5));
    MW_CHECK_EQ(current(), 5);
    MW_CHECK_OK(mw_slots_guard(slots, &did));
    MW_CHECK_EQ(did, MW_SLOTS_TRIED);
    MW_CHECK_EQ(apply(6), MW_STATE); /* one trial at a time */
    MW_CHECK_OK(mw_slots_confirm(slots));
    MW_CHECK_EQ(apply(5), MW_REPLAY); /* no way back to the same or an older one */
    MW_CHECK_EQ(apply(4), MW_REPLAY);
    MW_CHECK_OK(apply(6));
    MW_CHECK_EQ(current(), 6);
    for (int i = 0; i < MW_SLOTS_STARTS; i++) {
        MW_CHECK_OK(mw_slots_guard(slots, &did));
        MW_CHECK_EQ(did, MW_SLOTS_TRIED);
    }
    MW_CHECK_OK(mw_slots_guard(slots, &did));
    MW_CHECK_EQ(did, MW_SLOTS_TAKEN_BACK);
    MW_CHECK_EQ(current(), 5);
    MW_CHECK_OK(apply(7));
    MW_CHECK_OK(mw_slots_take_back(slots));
    MW_CHECK_EQ(current(), 5);
    MW_CHECK_EQ(mw_slots_take_back(slots), MW_STATE);
    MW_CHECK_OK(apply(8));
    MW_CHECK_OK(mw_slots_confirm(slots));
    MW_CHECK_EQ(current(), 8);
}

/* The first installation that fails leaves what the package brought: no link. */
MW_TEST(a_first_update_that_fails_leaves_the_package) {
    mw_slots_guarded did = MW_SLOTS_NOTHING;
    clean();
    MW_CHECK_OK(apply(1));
    for (int i = 0; i <= MW_SLOTS_STARTS; i++)
        MW_CHECK_OK(mw_slots_guard(slots, &did));
    MW_CHECK_EQ(did, MW_SLOTS_TAKEN_BACK);
    MW_CHECK_EQ(current(), 0);
}

/* ---- power cuts ---- */

/* Installs the second version, tries it, and confirms it or takes it back. */
static int child(bool confirm) {
    mw_slots_guarded did;
    if (check(in_root("bundle-2")) != MW_OK ||
        mw_slots_apply(slots, in_root("bundle-2"), &bundle, NULL, NULL, why) != MW_OK)
        return 91;
    if (mw_slots_guard(slots, &did) != MW_OK)
        return 92;
    return (confirm ? mw_slots_confirm(slots) : mw_slots_take_back(slots)) == MW_OK ? 0 : 93;
}

static int run_child(int cut, const char *what) {
    char at[64];
    (void)snprintf(at, sizeof at, "MW_FAULT_CUT_AFTER=%d", cut);
    mw_fault_child child = {.program = self,
                            .what = "child",
                            .root = root,
                            .more = what,
                            .folder = slots,
                            .count_file = in_root("count")};
    return mw_fault_child_run(&child, cut == 0 ? NULL : at, NULL);
}

static void prepare(void) {
    clean();
    MW_CHECK_OK(apply(1));
    MW_CHECK_OK(mw_slots_confirm(slots));
    (void)make_bundle(2, "program", "*");
}

MW_TEST(power_cuts_leave_the_old_or_the_new_one_whole) {
    static const char *const ends[] = {"confirm", "take-back"};
    unsigned cuts = 0;
    unsigned seen[3] = {0};
    for (size_t e = 0; e < 2; e++) {
        prepare();
        MW_CHECK_EQ(run_child(0, ends[e]), 0);
        long operations = mw_fault_operations(in_root("count"));
        MW_CHECK(operations > 10);
        for (int at = 1; at <= operations; at++) {
            mw_slots_guarded did;
            prepare();
            MW_CHECK_EQ(run_child(at, ends[e]), MW_FAULT_EXIT_CUT);
            MW_CHECK_OK(mw_slots_guard(slots, &did)); /* the next start */
            int version = current();
            MW_CHECK(version == 1 || version == 2);
            seen[version]++;
            cuts++;
            /* and it can be installed again, or goes on to its end */
            mw_slots_state s;
            MW_CHECK_OK(mw_slots_read(slots, &s));
            if (!s.trial && s.counter < 2)
                MW_CHECK_OK(apply(2));
            MW_CHECK_OK(mw_slots_confirm(slots));
            MW_CHECK_EQ(current(), 2);
        }
    }
    print_message("%u power cuts: %u times the old version, %u times the new one\n", cuts, seen[1],
                  seen[2]);
    MW_CHECK(seen[1] > 0 && seen[2] > 0);
}

/* The station's own launcher: a program that ends at once is taken back after three starts. */
MW_TEST(the_launcher_takes_back_what_does_not_run) {
    char command[1200];
    char line[200];
    const char *station = getenv("MW_STATION");
    clean();
    write_text(in_root("station.ini"), "");
    const char *path = make_bundle(1, "program", "st-1");
    char settings[600];
    (void)snprintf(settings, sizeof settings,
                   "station.id=st-1 samples.source=- spool.folder=%s/spool "
                   "platform.url=http://127.0.0.1:1 platform.token_file=%s/token "
                   "update.folder=%s update.keys_file=%s/public",
                   root, root, root, root);
    (void)snprintf(command, sizeof command, "%s %s update apply %s >/dev/null", station, settings,
                   path);
    MW_CHECK_EQ(system(command), 0);
    MW_CHECK(system(command) != 0); /* on trial */
    for (int i = 0; i < MW_SLOTS_STARTS; i++) {
        (void)snprintf(command, sizeof command, "%s %s launch 2>/dev/null", station, settings);
        FILE *f = popen(command, "r");
        MW_CHECK(f != NULL && fgets(line, sizeof line, f) != NULL);
        MW_CHECK_STR(line, "version 1\n");
        MW_CHECK_EQ(WEXITSTATUS(pclose(f)), 7);
    }
    /* the fourth start is the package's again, which misses its settings here */
    (void)snprintf(command, sizeof command, "%s %s launch 2>&1 | grep -q 'taken back'", station,
                   settings);
    MW_CHECK_EQ(system(command), 0);
    (void)snprintf(command, sizeof command, "%s %s update status | grep -q 'taken back: counter 1'",
                   station, settings);
    MW_CHECK_EQ(system(command), 0);
}

int main(int argc, char **argv) {
    self = argv[0];
    if (argc > 2)
        (void)snprintf(root, sizeof root, "%s", argv[2]);
    else
        (void)snprintf(root, sizeof root, "/tmp/mw-update-%d", (int)getpid());
    (void)snprintf(slots, sizeof slots, "%s/slots", root);
    if (argc > 3)
        return child(strcmp(argv[3], "confirm") == 0);
    const struct CMUnitTest cases[] = {
        MW_CASE(only_whole_and_signed_bundles_are_taken),
        MW_CASE(paths_that_leave_the_slot_are_refused),
        MW_CASE(an_update_is_tried_confirmed_or_taken_back),
        MW_CASE(a_first_update_that_fails_leaves_the_package),
        MW_CASE(power_cuts_leave_the_old_or_the_new_one_whole),
        MW_CASE(the_launcher_takes_back_what_does_not_run),
    };
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    char command[200];
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command) == 0 ? failed : 1;
}
