/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/backup_child.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "platform/backup/backup.h"
#include "runtime/clock.h"
#include "runtime/log.h"

extern char **environ;

struct mw_backup_child {
    const mw_platform_config *config;
    int argc;
    char **argv;
    mw_timer *timer;
    pid_t running; /* 0 = none */
    mw_utc failed; /* machine time of a failure, MW_UTC_NONE = the last one went well */
};

static const int64_t look_ms = 2000;
static const int64_t again_us = INT64_C(600) * MW_US_PER_S;

/* Counted from the newest backup there is; a failed one is tried again soon. */
static bool due(const mw_backup_child *c, mw_utc now) {
    mw_utc made = MW_UTC_NONE;
    int64_t every = c->config->backup_every.ns / 1000;
    if (!mw_utc_is_none(c->failed) && now.us >= c->failed.us && now.us - c->failed.us < again_us)
        return false;
    if (mw_backup_newest(c->config->backup_folder, &made) != MW_OK)
        return true;
    /* A clock that was set back must not stop backups for ever. */
    return now.us < made.us || now.us - made.us >= every;
}

static void start(mw_backup_child *c, mw_utc now) {
    char keep[16];
    char word[] = "backup", into[] = "--into", keep_word[] = "--keep";
    char **argv = calloc((size_t)c->argc + 6, sizeof *argv);
    if (argv == NULL)
        return;
    size_t n = 0;
    for (; n < (size_t)c->argc; n++)
        argv[n] = c->argv[n];
    snprintf(keep, sizeof keep, "%d", (int)c->config->backup_keep);
    argv[n++] = word;
    argv[n++] = into;
    argv[n++] = (char *)(uintptr_t)c->config->backup_folder;
    argv[n++] = keep_word;
    argv[n++] = keep;
    int error = posix_spawn(&c->running, "/proc/self/exe", NULL, NULL, argv, environ);
    if (error != 0) {
        c->running = 0;
        c->failed = now;
        mw_log(MW_LOG_ERROR, "no backup: its process does not start", MW_I("error", error));
    }
    free(argv);
}

static void look(void *context) {
    mw_backup_child *c = context;
    mw_utc now = mw_clock_machine_utc();
    int status = 0;
    if (c->running != 0 && waitpid(c->running, &status, WNOHANG) == c->running) {
        c->running = 0;
        bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        c->failed = good ? MW_UTC_NONE : now;
        mw_log(good ? MW_LOG_INFO : MW_LOG_ERROR, good ? "backup made" : "backup failed",
               MW_S("folder", c->config->backup_folder));
    }
    if (c->running == 0 && due(c, now))
        start(c, now);
    mw_timer_start(c->timer, mw_dur_ms(look_ms), mw_dur_ms(0));
}

mw_status mw_backup_child_new(mw_loop *loop, const mw_platform_config *config, int argc,
                              char **argv, mw_backup_child **out_child) {
    *out_child = NULL;
    if (config->backup_folder[0] == 0)
        return MW_OK;
    mw_backup_child *c = calloc(1, sizeof *c);
    if (c == NULL)
        return MW_NOMEM;
    c->config = config;
    c->argc = argc;
    c->argv = argv;
    c->failed = MW_UTC_NONE;
    mw_status s = mw_timer_new(loop, look, c, &c->timer);
    if (s != MW_OK) {
        free(c);
        return s;
    }
    mw_timer_start(c->timer, mw_dur_ms(look_ms), mw_dur_ms(0));
    *out_child = c;
    return MW_OK;
}

void mw_backup_child_free(mw_backup_child *c) {
    if (c == NULL)
        return;
    mw_timer_free(c->timer);
    free(c);
}
