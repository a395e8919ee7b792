/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

mw_status mw_file_status_of_errno(int error) {
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return MW_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return MW_FORBIDDEN;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return MW_SPACE;
    case ENOMEM:
        return MW_NOMEM;
    case EAGAIN:
        return MW_AGAIN;
    case EEXIST:
        return MW_DUPLICATE;
    default:
        return MW_IO;
    }
}

mw_status mw_file_write_all(int fd, mw_slice s) {
    while (s.n > 0) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return mw_file_status_of_errno(errno);
        if (n == 0)
            return MW_SPACE;
        s.p += n;
        s.n -= (size_t)n;
    }
    return MW_OK;
}

mw_status mw_file_sync_folder(const char *folder) {
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return mw_file_status_of_errno(errno);
    int result = fsync(fd);
    (void)close(fd);
    return result == 0 ? MW_OK : MW_IO;
}

/* The folder part of a path; "." when it has none. */
static mw_status mw_file_sync_parent(const char *path) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return mw_file_sync_folder(".");
    if (slash == path)
        return mw_file_sync_folder("/");
    char *folder = strndup(path, (size_t)(slash - path));
    if (folder == NULL)
        return MW_NOMEM;
    mw_status status = mw_file_sync_folder(folder);
    free(folder);
    return status;
}

mw_status mw_file_replace(const char *path, mw_slice contents, unsigned mode) {
    char *temporary = NULL;
    if (asprintf(&temporary, "%s.%ld.tmp", path, (long)getpid()) < 0)
        return MW_NOMEM;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, (mode_t)mode);
    mw_status status = fd < 0 ? mw_file_status_of_errno(errno) : MW_OK;
    if (status == MW_OK)
        status = mw_file_write_all(fd, contents);
    if (status == MW_OK && fsync(fd) != 0)
        status = errno == ENOSPC ? MW_SPACE : MW_IO;
    if (fd >= 0 && close(fd) != 0 && status == MW_OK)
        status = MW_IO;
    if (status == MW_OK && rename(temporary, path) != 0)
        status = mw_file_status_of_errno(errno);
    if (status != MW_OK && fd >= 0)
        (void)unlink(temporary);
    free(temporary);
    return status == MW_OK ? mw_file_sync_parent(path) : status;
}

mw_status mw_file_read(const char *path, mw_buffer *out) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return mw_file_status_of_errno(errno);
    uint8_t piece[16384];
    mw_status status = MW_OK;
    for (;;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            status = mw_file_status_of_errno(errno);
        if (n <= 0)
            break;
        mw_buffer_append(out, (mw_slice){piece, (size_t)n});
        if (out->status != MW_OK) {
            status = out->status;
            break;
        }
    }
    mw_bytes_wipe(piece, sizeof piece);
    (void)close(fd);
    return status;
}

mw_status mw_file_load(const char *path, mw_span room, size_t *out_n) {
    mw_buffer contents;
    mw_buffer_init(&contents, room.n);
    mw_status status = mw_file_read(path, &contents);
    mw_slice all = mw_buffer_view(&contents);
    if (status == MW_OK && all.n > 0)
        memcpy(room.p, all.p, all.n);
    if (status == MW_OK)
        *out_n = all.n;
    mw_buffer_fini(&contents);
    return status;
}

mw_status mw_file_read_secret(const char *path, mw_buffer *out) {
    struct stat st;
    if (stat(path, &st) != 0)
        return mw_file_status_of_errno(errno);
    if ((st.st_mode & S_IRWXO) != 0)
        return MW_FORBIDDEN;
    size_t before = out->n;
    MW_TRY(mw_file_read(path, out));
    while (out->n > before && strchr(" \t\r\n", out->p[out->n - 1]) != NULL)
        out->n--;
    if (out->n == before)
        return MW_SYNTAX;
    out->p[out->n] = 0;
    for (size_t i = before; i < out->n; i++)
        if (out->p[i] <= ' ' || out->p[i] >= 0x7f)
            return MW_SYNTAX;
    return MW_OK;
}

mw_status mw_file_make_folders(const char *path, unsigned mode) {
    char *copy = strdup(path);
    if (copy == NULL)
        return MW_NOMEM;
    mw_status status = MW_OK;
    for (char *at = copy + 1; status == MW_OK; at++) {
        if (*at != '/' && *at != 0)
            continue;
        char end = *at;
        *at = 0;
        if (mkdir(copy, (mode_t)mode) == 0)
            status = mw_file_sync_parent(copy);
        else if (errno != EEXIST)
            status = mw_file_status_of_errno(errno);
        *at = end;
        if (end == 0)
            break;
    }
    free(copy);
    return status;
}
