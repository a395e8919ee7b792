/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "runtime/file.h"

/* The mapped file. Every host we run on is little endian with lock-free 64-bit atomics. */
typedef struct mw_clock_file {
    char magic[4];
    uint32_t version;
    _Atomic int64_t utc_us;
    _Atomic uint32_t factor_milli;
    uint8_t zero[44];
} mw_clock_file;

_Static_assert(sizeof(mw_clock_file) == 64, "layout of the town clock");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "the town clock needs lock-free atomics");

static const char mw_clock_magic[4] = {'M', 'W', 'C', 'K'};

struct mw_clock {
    const mw_clock_file *town; /* NULL = system */
};

struct mw_town_clock {
    mw_clock_file *file;
};

static mw_utc mw_clock_read(clockid_t id) {
    struct timespec t;
    mw_assert(clock_gettime(id, &t) == 0);
    return (mw_utc){(int64_t)t.tv_sec * MW_US_PER_S + t.tv_nsec / 1000};
}

mw_utc mw_clock_machine_utc(void) {
    return mw_clock_read(CLOCK_REALTIME);
}

mw_mono mw_clock_mono(void) {
    struct timespec t;
    mw_assert(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
    return (mw_mono){(int64_t)t.tv_sec * MW_NS_PER_S + t.tv_nsec};
}

static mw_status mw_clock_map(int fd, int protection, void **out_map) {
    struct stat st;
    if (fstat(fd, &st) != 0)
        return MW_IO;
    if (st.st_size != (off_t)sizeof(mw_clock_file))
        return MW_CORRUPT;
    void *map = mmap(NULL, sizeof(mw_clock_file), protection, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return MW_IO;
    const mw_clock_file *file = map;
    if (memcmp(file->magic, mw_clock_magic, sizeof mw_clock_magic) != 0 || file->version != 1) {
        (void)munmap(map, sizeof(mw_clock_file));
        return MW_CORRUPT;
    }
    *out_map = map;
    return MW_OK;
}

mw_status mw_clock_open(const char *spec, mw_clock **out_clock) {
    mw_clock clock = {0};
    if (strncmp(spec, "town:", 5) == 0 && spec[5] != 0) {
        int fd = open(spec + 5, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return mw_file_status_of_errno(errno);
        void *map = NULL;
        mw_status status = mw_clock_map(fd, PROT_READ, &map);
        (void)close(fd);
        MW_TRY(status);
        clock.town = map;
    } else if (strcmp(spec, "system") != 0) {
        return MW_SYNTAX;
    }
    mw_clock *c = malloc(sizeof *c);
    if (c == NULL)
        return MW_NOMEM;
    *c = clock;
    *out_clock = c;
    return MW_OK;
}

void mw_clock_close(mw_clock *c) {
    if (c == NULL)
        return;
    if (c->town != NULL)
        (void)munmap((void *)(uintptr_t)c->town, sizeof(mw_clock_file));
    free(c);
}

mw_utc mw_clock_utc(const mw_clock *c) {
    if (c->town == NULL)
        return mw_clock_machine_utc();
    return (mw_utc){atomic_load_explicit(&c->town->utc_us, memory_order_acquire)};
}

const char *mw_clock_source(const mw_clock *c) {
    return c->town == NULL ? "system" : "town";
}

uint32_t mw_clock_factor_milli(const mw_clock *c) {
    return c->town == NULL ? 1000
                           : atomic_load_explicit(&c->town->factor_milli, memory_order_relaxed);
}

/* A new clock appears under its name whole, so that a reader never maps half of one. */
static mw_status mw_town_clock_make(const char *path, mw_utc start) {
    mw_clock_file file = {.version = 1};
    mw_bytes_copy(file.magic, mw_clock_magic, sizeof mw_clock_magic);
    atomic_init(&file.utc_us, start.us);
    atomic_init(&file.factor_milli, 1000);
    return mw_file_replace(path, (mw_slice){(const uint8_t *)&file, sizeof file}, 0644);
}

mw_status mw_town_clock_create(const char *path, mw_utc start, mw_town_clock **out_clock) {
    mw_town_clock *c = malloc(sizeof *c);
    if (c == NULL)
        return MW_NOMEM;
    void *map = NULL;
    mw_status status = MW_NOT_FOUND;
    for (int attempt = 0; attempt < 2 && status != MW_OK; attempt++) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        status = fd < 0 ? mw_file_status_of_errno(errno)
                        : mw_clock_map(fd, PROT_READ | PROT_WRITE, &map);
        if (fd >= 0)
            (void)close(fd);
        if (status == MW_OK || (status != MW_NOT_FOUND && status != MW_CORRUPT) || attempt == 1)
            break;
        status = mw_town_clock_make(path, start);
        if (status != MW_OK)
            break;
        status = MW_NOT_FOUND; /* made: map it in the second round */
    }
    if (status != MW_OK) {
        free(c);
        return status;
    }
    c->file = map;
    *out_clock = c;
    return MW_OK;
}

void mw_town_clock_set(mw_town_clock *c, mw_utc now) {
    atomic_store_explicit(&c->file->utc_us, now.us, memory_order_release);
}

void mw_town_clock_set_factor(mw_town_clock *c, uint32_t factor_milli) {
    atomic_store_explicit(&c->file->factor_milli, factor_milli, memory_order_relaxed);
}

mw_utc mw_town_clock_utc(const mw_town_clock *c) {
    return (mw_utc){atomic_load_explicit(&c->file->utc_us, memory_order_acquire)};
}

void mw_town_clock_close(mw_town_clock *c) {
    if (c == NULL)
        return;
    (void)munmap(c->file, sizeof *c->file);
    free(c);
}
