/* SPDX-License-Identifier: Apache-2.0
 *
 * The C library's functions as the watched process sees them. See disk.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/faults/disk_priv.h"

static void fault_lock(void) {
    (void)pthread_mutex_lock(&fault.mutex);
}

static void fault_unlock(void) {
    int kept = errno;
    (void)pthread_mutex_unlock(&fault.mutex);
    errno = kept;
}

/* ---- opening ---- */

static int fault_open(int at, const char *path, int flags, mode_t mode) {
    char full[PATH_MAX];
    if (!fault_path(at, path, full))
        return (int)syscall(SYS_openat, at, path, flags, mode);
    fault_lock();
    struct stat st;
    bool existed = stat(full, &st) == 0;
    int without = flags & ~O_TRUNC; /* the old bytes are wanted first */
    int fd = (int)syscall(SYS_openat, at, path, without, mode);
    if (fd >= 0) {
        bool cut = false;
        if (!existed && (flags & O_CREAT) != 0) {
            cut = fault_count();
            fault_note_name(FAULT_CREATE, full, NULL);
        }
        fault_file *f = fault_file_watch(fd, full);
        if ((flags & O_TRUNC) != 0 && existed && fault_size(fd) > 0) {
            cut |= fault_count();
            fault_note_bytes(f, NULL, 0, 0, true);
            (void)syscall(SYS_ftruncate, fd, 0);
        }
        if (cut)
            fault_cut();
    }
    fault_unlock();
    return fd;
}

#define FAULT_OPEN_MODE()                                                                          \
    mode_t mode = 0;                                                                               \
    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {                              \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        mode = va_arg(args, mode_t);                                                               \
        va_end(args);                                                                              \
    }

int open(const char *path, int flags, ...) {
    FAULT_OPEN_MODE()
    return fault_open(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    FAULT_OPEN_MODE()
    return fault_open(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...) {
    FAULT_OPEN_MODE()
    return fault_open(at, path, flags, mode);
}

int openat64(int at, const char *path, int flags, ...) {
    FAULT_OPEN_MODE()
    return fault_open(at, path, flags, mode);
}

/* ---- writing ---- */

/* How many of n bytes at `at` the disk has room for; growth counts, overwriting does not. */
static size_t fault_room(const fault_file *f, size_t n, off_t at) {
    if (fault.space == 0 || (fault.room_file != NULL && access(fault.room_file, F_OK) == 0))
        return n;
    off_t end = at + (off_t)n;
    off_t size = fault_size(f->fd);
    off_t growth = end > size ? end - size : 0;
    long left = fault.space > fault.grown ? fault.space - fault.grown : 0;
    if (growth <= left)
        return n;
    off_t short_by = growth - left;
    return (off_t)n > short_by ? n - (size_t)short_by : 0;
}

static ssize_t fault_write_at(int fd, fault_file *f, const void *p, size_t n, off_t at, bool seek) {
    bool cut = fault_count();
    size_t room = fault_room(f, n, at);
    if (room == 0 && n > 0) {
        errno = ENOSPC;
        return -1;
    }
    off_t before = fault_size(fd);
    fault_note_bytes(f, p, room, at, false);
    ssize_t done = seek ? syscall(SYS_write, fd, p, room) : syscall(SYS_pwrite64, fd, p, room, at);
    if (done < 0)
        fault_note_drop();
    else
        fault_note_short((size_t)done);
    fault.grown += fault_size(fd) - before;
    if (cut)
        fault_cut();
    return done;
}

ssize_t write(int fd, const void *p, size_t n) {
    if (!fault.on)
        return syscall(SYS_write, fd, p, n);
    fault_lock();
    fault_file *f = fault_file_of(fd);
    ssize_t done;
    if (f == NULL) {
        fault_unlock();
        return syscall(SYS_write, fd, p, n);
    }
    int flags = fcntl(fd, F_GETFL);
    off_t at =
        (flags & O_APPEND) != 0 ? fault_size(fd) : (off_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
    done = fault_write_at(fd, f, p, n, at, true);
    fault_unlock();
    return done;
}

static ssize_t fault_pwrite(int fd, const void *p, size_t n, off_t at) {
    if (!fault.on)
        return syscall(SYS_pwrite64, fd, p, n, at);
    fault_lock();
    fault_file *f = fault_file_of(fd);
    ssize_t done =
        f == NULL ? syscall(SYS_pwrite64, fd, p, n, at) : fault_write_at(fd, f, p, n, at, false);
    fault_unlock();
    return done;
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at) {
    return fault_pwrite(fd, p, n, at);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at) {
    return fault_pwrite(fd, p, n, at);
}

/* Piece by piece: a short count at a piece's end is what a kernel may do too. */
ssize_t writev(int fd, const struct iovec *parts, int n) {
    fault_lock();
    fault_file *f = fault_file_of(fd);
    fault_unlock();
    if (f == NULL)
        return syscall(SYS_writev, fd, parts, n);
    ssize_t total = 0;
    for (int i = 0; i < n; i++) {
        ssize_t done = write(fd, parts[i].iov_base, parts[i].iov_len);
        if (done < 0)
            return total > 0 ? total : -1;
        total += done;
        if ((size_t)done < parts[i].iov_len)
            break;
    }
    return total;
}

static int fault_truncate(int fd, off_t size) {
    if (!fault.on)
        return (int)syscall(SYS_ftruncate, fd, size);
    fault_lock();
    fault_file *f = fault_file_of(fd);
    bool cut = false;
    if (f != NULL) {
        cut = fault_count();
        off_t before = fault_size(fd);
        fault_note_bytes(f, NULL, 0, size < before ? size : before, true);
        if (size < before)
            fault.grown -= before - size;
    }
    int result = (int)syscall(SYS_ftruncate, fd, size);
    if (cut)
        fault_cut();
    fault_unlock();
    return result;
}

int ftruncate(int fd, off_t size) {
    return fault_truncate(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    return fault_truncate(fd, size);
}

/* ---- syncing: nothing is really synced, the list decides ---- */

static int fault_sync(int fd, long number) {
    if (!fault.on)
        return (int)syscall(number, fd);
    fault_lock();
    fault_file *f = fault_file_of(fd);
    int result = 0;
    if (f == NULL) {
        fault_unlock();
        return (int)syscall(number, fd);
    }
    fault.syncs++;
    if (fault_count())
        fault_cut();
    bool ignored = fault.ignore_sync ||
                   (fault.ignore_sync_of != NULL && strstr(f->path, fault.ignore_sync_of) != NULL);
    if (fault.fail_sync > 0 && fault.syncs == fault.fail_sync) {
        errno = EIO;
        result = -1;
    } else if (!ignored) {
        fault_synced(f);
    }
    fault_unlock();
    return result;
}

int fsync(int fd) {
    return fault_sync(fd, SYS_fsync);
}

int fdatasync(int fd) {
    return fault_sync(fd, SYS_fdatasync);
}

/* ---- names ---- */

int rename(const char *from, const char *to) {
    char full_from[PATH_MAX];
    char full_to[PATH_MAX];
    if (!fault_path(AT_FDCWD, from, full_from) || !fault_path(AT_FDCWD, to, full_to))
        return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
    fault_lock();
    bool cut = fault_count();
    fault_note_name(FAULT_RENAME, full_from, full_to);
    int result = (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
    if (result != 0)
        fault_note_drop();
    if (cut)
        fault_cut();
    fault_unlock();
    return result;
}

static int fault_unlink(int at, const char *path, int flags) {
    char full[PATH_MAX];
    if ((flags & AT_REMOVEDIR) != 0 || !fault_path(at, path, full))
        return (int)syscall(SYS_unlinkat, at, path, flags);
    fault_lock();
    bool cut = fault_count();
    struct stat st;
    off_t freed = stat(full, &st) == 0 ? st.st_size : 0;
    fault_note_name(FAULT_UNLINK, full, NULL);
    int result = (int)syscall(SYS_unlinkat, at, path, flags);
    if (result != 0)
        fault_note_drop();
    else
        fault.grown -= freed;
    if (cut)
        fault_cut();
    fault_unlock();
    return result;
}

int unlink(const char *path) {
    return fault_unlink(AT_FDCWD, path, 0);
}

int unlinkat(int at, const char *path, int flags) {
    return fault_unlink(at, path, flags);
}
