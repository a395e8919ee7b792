/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/faults/runner.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void mw_fault_child(const char *const *argv, const char *const *environment) {
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
        mw_fault_child(argv, environment);
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
