/* SPDX-License-Identifier: Apache-2.0 */
#include "station/ring.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/file.h"

#define RING_PARTS    16 /* files that a full ring has at least */
#define RING_FILE_MAX (INT64_C(64) << 20)

typedef struct ring_file {
    int64_t name; /* microseconds since 1970, made to rise */
    int64_t bytes;
} ring_file;

struct mw_ring {
    char *folder;
    int64_t bytes_max;
    ring_file files[MW_RING_FILES_MAX]; /* oldest first */
    size_t files_n;
    int fd; /* of the last one, -1 = none open */
    int64_t bytes;
};

static void ring_path(const mw_ring *r, int64_t name, char out[4096]) {
    (void)snprintf(out, 4096, "%s/%020lld.mwiq", r->folder, (long long)name);
}

static int ring_compare(const void *a, const void *b) {
    const ring_file *x = a;
    const ring_file *y = b;
    return x->name < y->name ? -1 : x->name > y->name;
}

static mw_status ring_list(mw_ring *r) {
    DIR *d = opendir(r->folder);
    const struct dirent *entry;
    if (d == NULL)
        return mw_file_status_of_errno(errno);
    while ((entry = readdir(d)) != NULL && r->files_n < MW_RING_FILES_MAX) {
        long long name = 0;
        int end = 0;
        char path[4096];
        struct stat st;
        if (sscanf(entry->d_name, "%20lld.mwiq%n", &name, &end) != 1 || end != 25)
            continue;
        ring_path(r, name, path);
        if (stat(path, &st) != 0)
            continue;
        r->files[r->files_n++] = (ring_file){name, (int64_t)st.st_size};
        r->bytes += (int64_t)st.st_size;
    }
    (void)closedir(d);
    qsort(r->files, r->files_n, sizeof r->files[0], ring_compare);
    return MW_OK;
}

mw_status mw_ring_open(const char *folder, int64_t bytes_max, mw_ring **out_ring) {
    if (strlen(folder) > 4000)
        return MW_RANGE;
    mw_ring *r = calloc(1, sizeof *r);
    if (r == NULL)
        return MW_NOMEM;
    r->fd = -1;
    r->bytes_max = bytes_max;
    r->folder = strdup(folder);
    mw_status status = r->folder == NULL ? MW_NOMEM : mw_file_make_folders(folder, 0700);
    if (status == MW_OK)
        status = ring_list(r);
    if (status != MW_OK) {
        mw_ring_close(r);
        return status;
    }
    *out_ring = r;
    return MW_OK;
}

void mw_ring_close(mw_ring *r) {
    if (r == NULL)
        return;
    if (r->fd >= 0)
        (void)close(r->fd);
    free(r->folder);
    free(r);
}

int64_t mw_ring_bytes(const mw_ring *r) {
    return r->bytes;
}

int64_t mw_ring_release(mw_ring *r) {
    char path[4096];
    if (r->files_n == 0)
        return 0;
    ring_path(r, r->files[0].name, path);
    if (unlink(path) != 0 && errno != ENOENT)
        return 0;
    int64_t freed = r->files[0].bytes;
    r->files_n--;
    if (r->files_n == 0 && r->fd >= 0) {
        (void)close(r->fd); /* it was the one being written */
        r->fd = -1;
    }
    memmove(r->files, r->files + 1, r->files_n * sizeof r->files[0]);
    r->bytes -= freed;
    return freed;
}

static bool ring_begin(mw_ring *r, mw_utc now) {
    char path[4096];
    int64_t name = now.us < 0 ? 0 : now.us;
    if (r->files_n > 0 && name <= r->files[r->files_n - 1].name)
        name = r->files[r->files_n - 1].name + 1; /* a clock that was set back */
    if (r->files_n == MW_RING_FILES_MAX && mw_ring_release(r) == 0)
        return false;
    ring_path(r, name, path);
    if (r->fd >= 0)
        (void)close(r->fd);
    r->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (r->fd < 0)
        return false;
    r->files[r->files_n++] = (ring_file){name, 0};
    return true;
}

void mw_ring_push(mw_ring *r, const mw_samples_block *block, int64_t room, mw_utc now) {
    uint8_t head[MW_SAMPLES_HEADER_BYTES];
    int64_t n = (int64_t)(sizeof head + block->payload.n);
    int64_t most = room < r->bytes_max ? room : r->bytes_max;
    while (r->bytes + n > most)
        if (mw_ring_release(r) == 0)
            return;
    int64_t file_max =
        r->bytes_max / RING_PARTS < RING_FILE_MAX ? r->bytes_max / RING_PARTS : RING_FILE_MAX;
    bool full = r->files_n > 0 && r->files[r->files_n - 1].bytes + n > file_max;
    if ((r->fd < 0 || full) && !ring_begin(r, now))
        return;
    if (mw_samples_header_encode(&block->h, head) != MW_OK)
        return;
    ring_file *file = &r->files[r->files_n - 1];
    if (mw_file_write_all(r->fd, MW_SLICE_OF(head)) == MW_OK &&
        mw_file_write_all(r->fd, block->payload) == MW_OK) {
        file->bytes += n;
        r->bytes += n;
        return;
    }
    /* half a block would make the rest of the file unreadable */
    if (ftruncate(r->fd, (off_t)file->bytes) != 0 || lseek(r->fd, 0, SEEK_END) < 0) {
        (void)close(r->fd);
        r->fd = -1;
    }
}
