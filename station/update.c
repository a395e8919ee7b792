/* SPDX-License-Identifier: Apache-2.0 */
#include "station/update.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/log.h"
#include "station/slots.h"

#define PAIRS 2

static const struct {
    const char *command; /* first word */
    const char *kind;
    const char *folder;
    const char *file; /* what is used of a slot */
} pairs[PAIRS] = {{"update", "program", "program", "mw-station"},
                  {"config", "config", "config", "station.ini"}};

static void pair_folder(const mw_station_config *c, size_t pair, char out[4096]) {
    (void)snprintf(out, 4096, "%.3900s/%s", c->update_folder, pairs[pair].folder);
}

bool mw_update_is_command(int argc, char **argv) {
    return argc > 0 && (strcmp(argv[0], "update") == 0 || strcmp(argv[0], "config") == 0 ||
                        strcmp(argv[0], "launch") == 0);
}

/* A program must be there to run; a configuration must be one that this program understands and that
 * keeps the slots where they are. */
static mw_status check_slot(void *context, const char *slot_path) {
    const mw_station_config *c = context;
    char path[4200];
    mw_buffer errors;
    (void)snprintf(path, sizeof path, "%s/station.ini", slot_path);
    if (access(path, F_OK) != 0) {
        (void)snprintf(path, sizeof path, "%s/mw-station", slot_path);
        return access(path, X_OK) == 0 ? MW_OK : MW_NOT_FOUND;
    }
    mw_station_config trial = {0};
    mw_settings *settings = NULL;
    mw_buffer_init(&errors, 16384);
    mw_status status =
        mw_settings_load(&mw_station_program, path, NULL, 0, &trial, &errors, &settings);
    if (status != MW_OK)
        (void)fputs(mw_buffer_text(&errors), stderr);
    else if (strcmp(trial.update_folder, c->update_folder) != 0 || strcmp(trial.id, c->id) != 0) {
        (void)fprintf(stderr, "it changes update.folder or station.id\n");
        status = MW_CONFLICT;
    }
    mw_settings_free(settings);
    mw_buffer_fini(&errors);
    return status;
}

static int update_apply(const mw_station_config *c, size_t pair, const char *path) {
    static mw_bundle bundle;
    char folder[4096];
    char why[160] = "";
    pair_folder(c, pair, folder);
    if (*c->update_keys == 0) {
        (void)fprintf(stderr, "mw-station: update.keys_file is not set: nothing can be trusted\n");
        return 1;
    }
    mw_status status = mw_bundle_check(path, c->update_keys, pairs[pair].kind, c->id, &bundle, why);
    if (status == MW_OK)
        status = mw_slots_apply(folder, path, &bundle, check_slot, (void *)(uintptr_t)c, why);
    if (status != MW_OK) {
        (void)fprintf(stderr, "mw-station: %s: %s (%s)\n", path, why, mw_status_text(status));
        return 1;
    }
    (void)printf("version %s (counter %lld) is on trial from the next start on\n", bundle.version,
                 (long long)bundle.counter);
    return 0;
}

static int update_status(const mw_station_config *c) {
    for (size_t i = 0; i < PAIRS; i++) {
        char folder[4096];
        mw_slots_state s;
        pair_folder(c, i, folder);
        mw_status status = mw_slots_read(folder, &s);
        if (status != MW_OK) {
            (void)printf("%s: %s\n", pairs[i].kind, mw_status_text(status));
            return 1;
        }
        (void)printf("%s: %s%s (counter %lld)", pairs[i].kind,
                     s.active[0] == 0 ? "as packaged" : "version ", s.version,
                     (long long)s.counter);
        if (s.trial)
            (void)printf("; on trial: version %s (counter %lld), started %lld times",
                         s.trial_version, (long long)s.trial_counter, (long long)s.starts);
        if (s.taken_back != 0)
            (void)printf("; taken back: counter %lld", (long long)s.taken_back);
        (void)printf("\n");
    }
    return 0;
}

static int update_take_back(const mw_station_config *c, size_t pair) {
    char folder[4096];
    pair_folder(c, pair, folder);
    mw_status status = mw_slots_take_back(folder);
    if (status != MW_OK)
        (void)fprintf(stderr, "mw-station: %s\n",
                      status == MW_STATE ? "nothing is on trial" : mw_status_text(status));
    return status == MW_OK ? 0 : 1;
}

/* ---- launching ---- */

static void launch_guard(const mw_station_config *c, size_t pair) {
    char folder[4096];
    mw_slots_guarded did = MW_SLOTS_NOTHING;
    pair_folder(c, pair, folder);
    mw_status status = mw_slots_guard(folder, &did);
    if (status != MW_OK)
        mw_log(MW_LOG_ERROR, "the slots cannot be guarded", MW_S("kind", pairs[pair].kind),
               MW_ST("status", status));
    else if (did == MW_SLOTS_TAKEN_BACK)
        mw_log(MW_LOG_ERROR, "an update did not prove itself and was taken back",
               MW_S("kind", pairs[pair].kind));
    else if (did == MW_SLOTS_TRIED)
        mw_log(MW_LOG_INFO, "an update is tried", MW_S("kind", pairs[pair].kind));
}

/* The file to use of a pair, or what is given when nothing was installed. */
static const char *launch_choice(const mw_station_config *c, size_t pair, const char *otherwise,
                                 char out[4200]) {
    char folder[4096];
    pair_folder(c, pair, folder);
    (void)snprintf(out, 4200, "%.4000s/current/%s", folder, pairs[pair].file);
    return access(out, pair == 0 ? X_OK : R_OK) == 0 ? out : otherwise;
}

static int update_launch(const mw_station_config *c, const char *program, const char *config_path) {
    static char own[4200];
    static char other[4200];
    static char settings[4200];
    ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    if (n <= 0)
        (void)snprintf(own, sizeof own, "%s", program);
    for (size_t i = 0; i < PAIRS; i++)
        launch_guard(c, i);
    for (int attempt = 0; attempt < 2; attempt++) {
        const char *run = launch_choice(c, 0, own, other);
        const char *with = launch_choice(c, 1, config_path, settings);
        const char *words[] = {run, with == NULL ? NULL : "--config", with, NULL};
        (void)execv(run, (char *const *)(uintptr_t)words);
        mw_log(MW_LOG_ERROR, "a program cannot be started", MW_S("path", run),
               MW_S("detail", strerror(errno)));
        char folder[4096];
        pair_folder(c, 0, folder);
        if (mw_slots_take_back(folder) != MW_OK)
            break;
    }
    return 1;
}

int mw_update_main(const mw_station_config *config, const char *program, const char *config_path,
                   int argc, char **argv) {
    mw_log_start("mw-station", MW_LOG_INFO);
    if (strcmp(argv[0], "launch") == 0 && argc == 1)
        return update_launch(config, program, config_path);
    size_t pair = strcmp(argv[0], pairs[0].command) == 0 ? 0 : 1;
    if (argc == 3 && strcmp(argv[1], "apply") == 0)
        return update_apply(config, pair, argv[2]);
    if (argc == 2 && strcmp(argv[1], "status") == 0)
        return update_status(config);
    if (argc == 2 && strcmp(argv[1], "take-back") == 0)
        return update_take_back(config, pair);
    (void)fprintf(stderr, "mw-station: update|config apply FILE, status or take-back; launch\n");
    return 2;
}

/* ---- the daemon ---- */

mw_update_did mw_update_tick(const mw_station_config *config, int64_t good_for_s, bool reached,
                             int64_t runs_s) {
    mw_update_did did = MW_UPDATE_NOTHING;
    bool proven = reached && good_for_s >= config->update_confirm.ns / MW_NS_PER_S;
    bool late = runs_s >= config->update_deadline.ns / MW_NS_PER_S;
    for (size_t i = 0; i < PAIRS && (proven || late); i++) {
        char folder[4096];
        mw_slots_state s;
        pair_folder(config, i, folder);
        if (mw_slots_read(folder, &s) != MW_OK || !s.trial || s.starts == 0)
            continue; /* starts 0: installed while we run, not tried yet */
        mw_status status = proven ? mw_slots_confirm(folder) : mw_slots_take_back(folder);
        mw_log(proven ? MW_LOG_INFO : MW_LOG_ERROR,
               proven ? "an update has proven itself" : "an update did not prove itself in time",
               MW_S("kind", pairs[i].kind), MW_S("version", s.trial_version),
               MW_ST("status", status));
        if (status == MW_OK)
            did = proven ? MW_UPDATE_CONFIRMED : MW_UPDATE_TAKEN_BACK;
    }
    return did;
}
