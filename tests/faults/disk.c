/* SPDX-License-Identifier: Apache-2.0
 *
 * A disk that forgets: preloaded into a process, it watches what is written under one folder and,
 * at a chosen operation, cuts the power: the process ends and the files are put back to what had
 * been synced, with the last write torn. README.md tells how to use it.
 *
 * How it works: every change is done at once to the real file and its undo is remembered until a
 * sync makes the change durable: fsync or fdatasync of the file for its bytes and length, fsync of
 * the folder for names. At the cut what is left of the list is undone, newest first. That is the
 * strictest disk that POSIX allows: nothing unsynced survives but the part of one write.
 *
 * Everything inside works by raw system calls, so that it never meets itself.
 */
#include "tests/faults/disk_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

fault_disk fault = {.mutex = PTHREAD_MUTEX_INITIALIZER};

_Noreturn static void fault_die(const char *what) {
    char text[200];
    int n = snprintf(text, sizeof text, "fault layer: %s: %s\n", what, strerror(errno));
    (void)syscall(SYS_write, 2, text, (size_t)n);
    (void)syscall(SYS_exit_group, 99);
    for (;;) {
    }
}

static void *fault_copy(const void *p, size_t n) {
    void *copy = malloc(n == 0 ? 1 : n);
    if (copy == NULL)
        fault_die("out of memory");
    if (n > 0)
        memcpy(copy, p, n);
    return copy;
}

static long fault_number(const char *name) {
    const char *text = getenv(name);
    return text == NULL ? 0 : strtol(text, NULL, 10);
}

static void fault_on_signal(int number) {
    (void)number;
    fault.cut_asked = 1;
}

__attribute__((constructor)) static void fault_start(void) {
    const char *folder = getenv("MW_FAULT_DIR");
    if (folder == NULL || folder[0] != '/')
        return;
    (void)snprintf(fault.folder, sizeof fault.folder, "%s", folder);
    fault.cut_after = fault_number("MW_FAULT_CUT_AFTER");
    fault.fail_sync = fault_number("MW_FAULT_FAIL_SYNC");
    fault.space = fault_number("MW_FAULT_SPACE");
    fault.seed = (unsigned long)fault_number("MW_FAULT_SEED");
    const char *ignore = getenv("MW_FAULT_IGNORE_SYNC");
    fault.ignore_sync = ignore != NULL && strcmp(ignore, "0") != 0;
    fault.ignore_sync_of = getenv("MW_FAULT_IGNORE_SYNC_OF");
    fault.count_file = getenv("MW_FAULT_COUNT_FILE");
    fault.room_file = getenv("MW_FAULT_ROOM_FILE");
    if (fault_number("MW_FAULT_SIGNAL") != 0)
        (void)signal(SIGUSR2, fault_on_signal);
    fault.on = true;
}

__attribute__((destructor)) static void fault_end(void) {
    if (!fault.on || fault.count_file == NULL)
        return;
    char text[64];
    int n = snprintf(text, sizeof text, "%ld %ld\n", fault.operations, fault.syncs);
    int fd =
        (int)syscall(SYS_openat, AT_FDCWD, fault.count_file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd >= 0) {
        (void)syscall(SYS_write, fd, text, (size_t)n);
        (void)syscall(SYS_close, fd);
    }
}

bool fault_path(int at, const char *path, char out[PATH_MAX]) {
    if (!fault.on || path == NULL)
        return false;
    if (path[0] == '/') {
        (void)snprintf(out, PATH_MAX, "%s", path);
    } else {
        char base[PATH_MAX];
        char link[64];
        if (at == AT_FDCWD) {
            if (syscall(SYS_getcwd, base, sizeof base) < 0)
                return false;
        } else {
            (void)snprintf(link, sizeof link, "/proc/self/fd/%d", at);
            ssize_t n = syscall(SYS_readlink, link, base, sizeof base - 1);
            if (n < 0)
                return false;
            base[n] = 0;
        }
        if (snprintf(out, PATH_MAX, "%s/%s", base, path) >= PATH_MAX)
            return false;
    }
    size_t n = strlen(fault.folder);
    return strncmp(out, fault.folder, n) == 0 && (out[n] == '/' || out[n] == 0);
}

fault_file *fault_file_of(int fd) {
    struct stat st;
    if (!fault.on || fstat(fd, &st) != 0)
        return NULL;
    for (size_t i = 0; i < fault.files_n; i++)
        if (fault.files[i].dev == st.st_dev && fault.files[i].ino == st.st_ino)
            return &fault.files[i];
    return NULL;
}

/* Begins to watch an open file or folder. Our own descriptor keeps the inode from being reused; it
 * is never closed, since closing any descriptor of a file drops the process's locks on it. */
fault_file *fault_file_watch(int fd, const char *path) {
    fault_file *known = fault_file_of(fd);
    if (known != NULL)
        return known;
    struct stat st;
    if (fault.files_n == FAULT_FILES_MAX || fstat(fd, &st) != 0)
        fault_die("too many files");
    fault_file *f = &fault.files[fault.files_n++];
    *f = (fault_file){.dev = st.st_dev, .ino = st.st_ino, .folder = S_ISDIR(st.st_mode), .fd = -1};
    (void)snprintf(f->path, sizeof f->path, "%s", path);
    char link[64];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    f->fd =
        (int)syscall(SYS_openat, AT_FDCWD, link, (f->folder ? O_RDONLY : O_RDWR) | O_CLOEXEC, 0);
    if (f->fd < 0)
        f->fd = (int)syscall(SYS_openat, AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0);
    return f;
}

static fault_op *fault_op_add(fault_op op) {
    if (fault.ops_n == fault.ops_cap) {
        fault.ops_cap = fault.ops_cap == 0 ? 256 : 2 * fault.ops_cap;
        fault.ops = realloc(fault.ops, fault.ops_cap * sizeof op);
        if (fault.ops == NULL)
            fault_die("out of memory");
    }
    fault.ops[fault.ops_n] = op;
    return &fault.ops[fault.ops_n++];
}

static void fault_op_free(fault_op *op) {
    free(op->before);
    free(op->after);
    if (op->backup[0] != 0)
        (void)syscall(SYS_unlinkat, AT_FDCWD, op->backup, 0);
}

off_t fault_size(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 ? st.st_size : 0;
}

/* Remembers what bytes [at, at+n) were before they are overwritten or cut off. */
void fault_note_bytes(fault_file *f, const void *after, size_t n, off_t at, bool truncates) {
    off_t size = fault_size(f->fd);
    size_t had = at >= size ? 0 : (size_t)(size - at);
    if (!truncates && had > n)
        had = n;
    fault_op op = {.kind = truncates ? FAULT_TRUNCATE : FAULT_WRITE, .file = f, .at = at};
    op.size_before = size;
    op.before = malloc(had == 0 ? 1 : had);
    if (op.before == NULL)
        fault_die("out of memory");
    ssize_t got = had == 0 ? 0 : syscall(SYS_pread64, f->fd, op.before, had, at);
    if (got != (ssize_t)had)
        fault_die("cannot read what is overwritten");
    op.before_n = had;
    if (!truncates) {
        op.after = fault_copy(after, n);
        op.after_n = n;
    }
    (void)fault_op_add(op);
}

/* The bytes of the newest noted write turned out to be fewer. */
void fault_note_short(size_t n) {
    fault.ops[fault.ops_n - 1].after_n = n;
}

void fault_note_drop(void) {
    fault_op_free(&fault.ops[--fault.ops_n]);
}

/* A second name for a file that is about to lose its own. */
static void fault_backup(const char *path, char out[PATH_MAX]) {
    int n =
        snprintf(out, PATH_MAX, "%s/.fault-%d-%ld", fault.folder, (int)getpid(), fault.backups++);
    if (n < 0 || n >= PATH_MAX)
        fault_die("the folder's path is too long");
    if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, out, 0) != 0)
        out[0] = 0;
}

void fault_note_name(fault_kind kind, const char *path, const char *to) {
    fault_op op = {.kind = kind};
    (void)snprintf(op.path, sizeof op.path, "%s", path);
    if (to != NULL)
        (void)snprintf(op.to, sizeof op.to, "%s", to);
    if (kind == FAULT_UNLINK)
        fault_backup(path, op.backup);
    else if (kind == FAULT_RENAME)
        fault_backup(to, op.backup);
    (void)fault_op_add(op);
}

static bool fault_in_folder(const char *path, const fault_file *folder) {
    char parent[PATH_MAX];
    (void)snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    if (slash == NULL)
        return false;
    *slash = 0;
    struct stat st;
    return stat(parent, &st) == 0 && st.st_dev == folder->dev && st.st_ino == folder->ino;
}

/* What a successful sync of f makes durable leaves the list. */
void fault_synced(const fault_file *f) {
    size_t kept = 0;
    for (size_t i = 0; i < fault.ops_n; i++) {
        fault_op *op = &fault.ops[i];
        bool data = op->kind == FAULT_WRITE || op->kind == FAULT_TRUNCATE;
        bool durable = data ? op->file == f : f->folder && fault_in_folder(op->path, f);
        if (durable)
            fault_op_free(op);
        else
            fault.ops[kept++] = *op;
    }
    fault.ops_n = kept;
}

static void fault_put(const fault_file *f, const void *p, size_t n, off_t at) {
    if (n > 0 && syscall(SYS_pwrite64, f->fd, p, n, at) != (ssize_t)n)
        fault_die("cannot write back");
}

static void fault_undo(const fault_op *op) {
    switch (op->kind) {
    case FAULT_WRITE:
    case FAULT_TRUNCATE:
        fault_put(op->file, op->before, op->before_n, op->at);
        if (syscall(SYS_ftruncate, op->file->fd, op->size_before) != 0)
            fault_die("cannot set a length back");
        break;
    case FAULT_CREATE:
        (void)syscall(SYS_unlinkat, AT_FDCWD, op->path, 0);
        break;
    case FAULT_UNLINK:
        if (op->backup[0] != 0)
            (void)syscall(SYS_renameat, AT_FDCWD, op->backup, AT_FDCWD, op->path);
        break;
    case FAULT_RENAME:
        (void)syscall(SYS_renameat, AT_FDCWD, op->to, AT_FDCWD, op->path);
        if (op->backup[0] != 0)
            (void)syscall(SYS_renameat, AT_FDCWD, op->backup, AT_FDCWD, op->to);
        break;
    }
}

static unsigned long fault_random(void) {
    fault.seed = fault.seed * 6364136223846793005UL + 1442695040888963407UL;
    return fault.seed >> 33;
}

/* Undoes the unsynced, then lets survive what the disk had happened to write: half of the last
 * write, or with a seed any subset, each write whole or torn. */
void fault_cut(void) {
    fault_op *last = NULL;
    bool seeded = fault.seed != 0;
    for (size_t i = fault.ops_n; i-- > 0;) {
        fault_undo(&fault.ops[i]);
        if (last == NULL && fault.ops[i].kind == FAULT_WRITE)
            last = &fault.ops[i];
    }
    for (size_t i = 0; i < fault.ops_n; i++) {
        const fault_op *op = &fault.ops[i];
        if (op->kind != FAULT_WRITE)
            continue;
        unsigned long draw = seeded ? fault_random() % 4 : op == last ? 2 : 0;
        size_t part = seeded ? fault_random() % (op->after_n + 1) : op->after_n / 2;
        if (draw == 1)
            part = op->after_n;
        if (draw == 1 || draw == 2)
            fault_put(op->file, op->after, part, op->at);
    }
    for (size_t i = 0; i < fault.files_n; i++) { /* shared memory does not outlive the power */
        size_t n = strlen(fault.files[i].path);
        if (n > 4 && strcmp(fault.files[i].path + n - 4, "-shm") == 0)
            (void)syscall(SYS_unlinkat, AT_FDCWD, fault.files[i].path, 0);
    }
    (void)syscall(SYS_exit_group, FAULT_EXIT);
}

/* Counts an operation; true when the power is to fail at this one. */
bool fault_count(void) {
    fault.operations++;
    return fault.cut_asked != 0 || (fault.cut_after > 0 && fault.operations >= fault.cut_after);
}
