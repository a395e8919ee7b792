/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by the two halves of the fault layer: disk.c remembers and undoes, calls.c stands in for
 * the C library's functions.
 */
#ifndef MW_TESTS_FAULTS_DISK_PRIV_H
#define MW_TESTS_FAULTS_DISK_PRIV_H

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define FAULT_EXIT      86 /* exit status after a cut */
#define FAULT_FILES_MAX 4096

typedef enum fault_kind {
    FAULT_WRITE,
    FAULT_TRUNCATE,
    FAULT_CREATE,
    FAULT_UNLINK,
    FAULT_RENAME,
} fault_kind;

typedef struct fault_file {
    dev_t dev;
    ino_t ino;
    int fd; /* ours */
    bool folder;
    char path[PATH_MAX]; /* as first opened */
} fault_file;

/* One change that is not durable yet, with what it takes to undo it. */
typedef struct fault_op {
    fault_kind kind;
    fault_file *file; /* of writes and truncations */
    off_t at;
    off_t size_before;
    unsigned char *before; /* bytes that stood there */
    size_t before_n;
    unsigned char *after; /* bytes written */
    size_t after_n;
    char path[PATH_MAX]; /* of changes of names */
    char to[PATH_MAX];
    char backup[PATH_MAX]; /* other name of a file that lost its own */
} fault_op;

typedef struct fault_disk {
    pthread_mutex_t mutex;
    bool on;
    char folder[PATH_MAX];
    long cut_after;
    long fail_sync;
    long space; /* bytes that files may grow by; 0 = no limit */
    long grown;
    unsigned long seed;
    bool ignore_sync;
    const char *ignore_sync_of;
    const char *count_file;
    const char *room_file;
    volatile sig_atomic_t cut_asked;
    long operations;
    long syncs;
    long backups;
    fault_file files[FAULT_FILES_MAX];
    size_t files_n;
    fault_op *ops;
    size_t ops_n;
    size_t ops_cap;
} fault_disk;

extern fault_disk fault;

/* The absolute path, and whether it lies in the watched folder. */
bool fault_path(int at, const char *path, char out[PATH_MAX]);
fault_file *fault_file_of(int fd);
fault_file *fault_file_watch(int fd, const char *path);
off_t fault_size(int fd);
void fault_note_bytes(fault_file *f, const void *after, size_t n, off_t at, bool truncates);
void fault_note_short(size_t n);
void fault_note_drop(void);
void fault_note_name(fault_kind kind, const char *path, const char *to);
void fault_synced(const fault_file *f);
void fault_cut(void);
bool fault_count(void);

#endif
