/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/runner.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MW_FAULT_SETTING = 8192 };

static void mw_fault_exec(const char *const *argv, const char *const *environment) {
    const char *library = getenv("MW_FAULT_LIBRARY");
    if (library == NULL) {
        (void)fprintf(stderr, "MW_FAULT_LIBRARY is not set\n");
        _exit(98);
    }
    (void)setenv("LD_PRELOAD", library, 1);
    /* a sanitizer wants to be the first library; this one may stand before it */
    (void)setenv("ASAN_OPTIONS", "verify_asan_link_order=0:detect_leaks=0", 1);
    for (; environment != NULL && *environment != NULL; environment++)
        (void)putenv(strdup(*environment));
    (void)execv(argv[0], (char *const *)(unsigned long)argv);
    _exit(97);
}

int mw_fault_run(const char *const *argv, const char *const *environment, int seconds) {
    pid_t pid = fork();
    if (pid == 0)
        mw_fault_exec(argv, environment);
    if (pid < 0)
        return -1;
    time_t end = time(NULL) + seconds;
    int status = 0;
    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (time(NULL) > end) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, &status, 0);
            return -1;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The layer compares whole paths. */
static void mw_fault_setting(const char *name, const char *path, char out[MW_FAULT_SETTING]) {
    char here[MW_FAULT_SETTING / 2] = "";
    if (path[0] != '/' && getcwd(here, sizeof here) == NULL)
        abort();
    if (snprintf(out, MW_FAULT_SETTING, "%s=%s%s%s", name, here, here[0] != 0 ? "/" : "", path) >=
        MW_FAULT_SETTING)
        abort();
}

int mw_fault_child_run(const mw_fault_child *child, const char *fault, const char *other) {
    static char folder[MW_FAULT_SETTING], count[MW_FAULT_SETTING], room[MW_FAULT_SETTING];
    const char *argv[] = {child->program, child->what, child->root, child->more, NULL};
    const char *environment[6] = {folder, count};
    size_t n = 2;
    mw_fault_setting("MW_FAULT_DIR", child->folder, folder);
    mw_fault_setting("MW_FAULT_COUNT_FILE", child->count_file, count);
    if (child->room_file != NULL) {
        mw_fault_setting("MW_FAULT_ROOM_FILE", child->room_file, room);
        environment[n++] = room;
    }
    if (fault != NULL)
        environment[n++] = fault;
    if (other != NULL)
        environment[n++] = other;
    return mw_fault_run(argv, environment, 60);
}

void mw_fault_note(const char *path, uint64_t acknowledged) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, &acknowledged, sizeof acknowledged) != sizeof acknowledged)
        abort();
    (void)close(fd);
}

uint64_t mw_fault_noted(const char *path) {
    uint64_t n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    if (read(fd, &n, sizeof n) != sizeof n)
        n = 0;
    (void)close(fd);
    return n;
}

long mw_fault_operations(const char *count_file) {
    FILE *f = fopen(count_file, "r");
    long n = -1;
    if (f == NULL)
        return -1;
    if (fscanf(f, "%ld", &n) != 1)
        n = -1;
    (void)fclose(f);
    return n;
}
