/* SPDX-License-Identifier: Apache-2.0
 *
 * with_postgres PROGRAM [ARGUMENT..] [-- PROGRAM [ARGUMENT..]]..: starts a PostgreSQL, runs the
 * programs one after the other with its address in MW_TEST_POSTGRES, and ends it. Exits 77 (skipped)
 * where there is no PostgreSQL.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/postgres/server.h"

static int run(char **words) {
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        execvp(words[0], words);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int count, char **words) {
    /* Nothing here depends on what a power cut leaves. */
    mw_pg_server server = {.settings = "fsync = off"};
    if (!mw_pg_server_start(&server))
        return server.bin[0] == 0 ? 77 : 1;
    setenv("MW_TEST_POSTGRES", server.url, 1);
    int failed = 0;
    for (int first = 1, i = 1; i <= count; i++) {
        if (i < count && strcmp(words[i], "--") != 0)
            continue;
        words[i] = NULL;
        printf("on PostgreSQL: %s\n", words[first]);
        (void)fflush(stdout);
        if (run(words + first) != 0) {
            fprintf(stderr, "%s failed on PostgreSQL\n", words[first]);
            failed++;
        }
        first = i + 1;
    }
    mw_pg_server_stop(&server);
    return failed == 0 ? 0 : 1;
}
