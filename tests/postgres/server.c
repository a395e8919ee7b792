/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/postgres/server.h"

#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void wait_ms(long ms) {
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* The newest PostgreSQL from 15 on. */
static bool find_bin(char out[256]) {
    glob_t found;
    long best = 14;
    if (glob("/usr/lib/postgresql/*/bin/postgres", 0, NULL, &found) != 0)
        return false;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        long version = strtol(found.gl_pathv[i] + strlen("/usr/lib/postgresql/"), NULL, 10);
        if (version <= best)
            continue;
        best = version;
        snprintf(out, 256, "/usr/lib/postgresql/%ld/bin", version);
    }
    globfree(&found);
    return best > 14;
}

/* A database server refuses to run as root. */
static const struct passwd *other_user(void) {
    if (geteuid() != 0)
        return NULL;
    const struct passwd *user = getpwnam("postgres");
    return user != NULL ? user : getpwnam("nobody");
}

static const char *user_name(void) {
    const struct passwd *user = other_user();
    user = user != NULL ? user : getpwuid(geteuid());
    return user != NULL ? user->pw_name : "postgres";
}

/* The child's side: another user, dies with its parent, says what it says into the log. */
static void become_server(const mw_pg_server *s, const char *arguments[]) {
    const struct passwd *user = other_user();
    char log[96], program[320];
    snprintf(log, sizeof log, "%s/log", s->dir);
    if (user != NULL &&
        (setgroups(0, NULL) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int nothing = open("/dev/null", O_RDONLY);
    if (fd < 0 || nothing < 0 || chdir(s->dir) != 0)
        _exit(126);
    dup2(nothing, 0);
    dup2(fd, 1);
    dup2(fd, 2);
    if (s->preload != NULL)
        setenv("LD_PRELOAD", s->preload, 1);
    snprintf(program, sizeof program, "%s/%s", s->bin, arguments[0]);
    /* PostgreSQL's programs find each other by the path they were called with. */
    arguments[0] = program;
    execv(program, (char *const *)(uintptr_t)arguments);
    _exit(127);
}

static pid_t launch(const mw_pg_server *s, const char *arguments[]) {
    pid_t pid = fork();
    if (pid == 0)
        become_server(s, arguments);
    return pid;
}

static bool run(const mw_pg_server *s, const char *arguments[]) {
    int status = 0;
    pid_t pid = launch(s, arguments);
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

bool mw_pg_server_sql(const char *url, const char *sql) {
    PGconn *c = PQconnectdb(url);
    PGresult *r = PQstatus(c) == CONNECTION_OK ? PQexec(c, sql) : NULL;
    ExecStatusType got = PQresultStatus(r);
    bool good = got == PGRES_COMMAND_OK || got == PGRES_TUPLES_OK;
    PQclear(r);
    PQfinish(c);
    return good;
}

static void url_of(const mw_pg_server *s, const char *database, char out[256]) {
    snprintf(out, 256, "postgresql://%s@/%s?host=%s", user_name(), database, s->dir);
}

static bool answers(const mw_pg_server *s) {
    char url[256];
    url_of(s, "postgres", url);
    for (int i = 0; i < 1500; i++) {
        if (waitpid(s->pid, NULL, WNOHANG) == s->pid)
            return false;
        if (PQping(url) == PQPING_OK)
            return true;
        wait_ms(20);
    }
    return false;
}

bool mw_pg_server_resume(mw_pg_server *s) {
    char data[96];
    snprintf(data, sizeof data, "%s/data", s->dir);
    /* Processes of the one before may hold its memory for a moment. */
    for (int i = 0; i < 20; i++) {
        s->pid = launch(s, (const char *[]){"postgres", "-D", data, NULL});
        if (s->pid > 0 && answers(s))
            return true;
        wait_ms(200);
    }
    return false;
}

static bool configure(const mw_pg_server *s) {
    char path[96];
    snprintf(path, sizeof path, "%s/data/postgresql.conf", s->dir);
    FILE *f = fopen(path, "ae");
    if (f == NULL)
        return false;
    fprintf(f,
            "\nlisten_addresses = ''\nunix_socket_directories = '%s'\nmax_connections = 20\n"
            "shared_buffers = 64MB\nmax_locks_per_transaction = 512\njit = off\n%s\n",
            s->dir, s->settings == NULL ? "" : s->settings);
    return fclose(f) == 0;
}

static bool make(mw_pg_server *s) {
    const struct passwd *user = other_user();
    snprintf(s->dir, sizeof s->dir, "/tmp/mw-postgres-XXXXXX");
    if (mkdtemp(s->dir) == NULL)
        return false;
    if (user != NULL && chown(s->dir, user->pw_uid, user->pw_gid) != 0)
        return false;
    char data[96];
    snprintf(data, sizeof data, "%s/data", s->dir);
    if (!run(s, (const char *[]){"initdb", "-D", data, "-A", "trust", "-E", "UTF8", "--locale=C",
                                 "--no-sync", "--no-instructions", "--data-checksums", NULL}))
        return false;
    if (!configure(s) || !mw_pg_server_resume(s))
        return false;
    char url[256];
    url_of(s, "postgres", url);
    url_of(s, "meterworks", s->url);
    return mw_pg_server_sql(url, "CREATE DATABASE meterworks");
}

bool mw_pg_server_start(mw_pg_server *s) {
    *s = (mw_pg_server){.settings = s->settings, .preload = s->preload};
    if (!find_bin(s->bin)) {
        fprintf(stderr, "no PostgreSQL 15 or newer is installed here (package postgresql)\n");
        return false;
    }
    if (make(s))
        return true;
    fprintf(stderr, "PostgreSQL does not start; its log is %s/log\n", s->dir);
    if (s->pid > 0)
        mw_pg_server_kill(s);
    return false;
}

/* The server's own children, as the kernel lists them. */
static int children_of(pid_t pid, pid_t out[64]) {
    char path[64];
    int n = 0, child = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return 0;
    while (n < 64 && fscanf(f, "%d", &child) == 1)
        out[n++] = child;
    fclose(f);
    return n;
}

static double cpu_of(pid_t pid) {
    char path[64];
    double ns = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", (int)pid);
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return 0;
    if (fscanf(f, "%lf", &ns) != 1)
        ns = 0;
    fclose(f);
    return ns / 1e9;
}

double mw_pg_server_cpu_s(const mw_pg_server *s) {
    pid_t children[64];
    int n = s->pid > 0 ? children_of(s->pid, children) : 0;
    double all = n > 0 ? cpu_of(s->pid) : 0;
    for (int i = 0; i < n; i++)
        all += cpu_of(children[i]);
    return all;
}

void mw_pg_server_kill(mw_pg_server *s) {
    pid_t children[64];
    int n = children_of(s->pid, children);
    kill(s->pid, SIGKILL);
    for (int i = 0; i < n; i++)
        kill(children[i], SIGKILL);
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
}

void mw_pg_server_stop(mw_pg_server *s) {
    if (s->pid > 0) {
        kill(s->pid, SIGQUIT); /* nothing of it is needed any more */
        waitpid(s->pid, NULL, 0);
        s->pid = 0;
    }
    pid_t pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", "--", s->dir, (char *)NULL);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
}
