/* SPDX-License-Identifier: Apache-2.0 */
#include "station/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/clock.h"

#define SOURCE_BUFFER (2 * MW_SAMPLES_BLOCK_MAX)
#define SOURCE_PAUSE  mw_dur_ms(200) /* between two attempts to open */

struct mw_station_source {
    char *path; /* NULL = standard input */
    bool socket;
    bool is_plain;
    mw_samples_header plain;
    atomic_int fd; /* -1 = not open */
    int stop_fd;
    atomic_bool stopped;
    bool ended; /* a file's end was reached */
    mw_mono next_try;
    mw_samples_reader reader;
    uint8_t *memory;
    atomic_uint_fast64_t connections;
    atomic_int trouble;
};

mw_status mw_station_source_new(const char *spec, const mw_samples_header *plain,
                                mw_station_source **out_source) {
    bool is_socket = strncmp(spec, "unix:", 5) == 0;
    bool is_file = strncmp(spec, "file:", 5) == 0;
    const char *path = is_socket || is_file ? spec + 5 : NULL;
    if ((path == NULL && strcmp(spec, "-") != 0) || (path != NULL && *path == 0))
        return MW_SYNTAX;
    if (is_socket && strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path)
        return MW_SYNTAX;
    mw_station_source *s = calloc(1, sizeof *s);
    if (s == NULL)
        return MW_NOMEM;
    s->socket = is_socket;
    s->fd = -1;
    s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->memory = malloc(SOURCE_BUFFER);
    s->path = path == NULL ? NULL : strdup(path);
    s->is_plain = plain != NULL;
    if (plain != NULL)
        s->plain = *plain;
    if (s->stop_fd < 0 || s->memory == NULL || (path != NULL && s->path == NULL)) {
        mw_station_source_free(s);
        return MW_NOMEM;
    }
    *out_source = s;
    return MW_OK;
}

static void source_close(mw_station_source *s, mw_status why) {
    if (s->fd > STDIN_FILENO)
        (void)close(s->fd);
    s->fd = -1;
    s->trouble = (int)why;
    s->next_try = mw_mono_add(mw_clock_mono(), SOURCE_PAUSE);
}

void mw_station_source_free(mw_station_source *s) {
    if (s == NULL)
        return;
    source_close(s, MW_OK);
    if (s->stop_fd >= 0)
        (void)close(s->stop_fd);
    free(s->memory);
    free(s->path);
    free(s);
}

static int source_connect(const char *path) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (fd < 0)
        return -1;
    mw_bytes_copy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return -1;
    }
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static bool source_open(mw_station_source *s) {
    int fd = s->path == NULL ? STDIN_FILENO
             : s->socket     ? source_connect(s->path)
                             : open(s->path, O_RDONLY | O_CLOEXEC);
    mw_span memory = {s->memory, SOURCE_BUFFER};
    if (fd < 0) {
        source_close(s, MW_NOT_FOUND);
        return false;
    }
    if (s->is_plain && mw_samples_reader_init_plain(&s->reader, memory, &s->plain) != MW_OK) {
        s->fd = fd;
        source_close(s, MW_RANGE);
        s->ended = true;
        return false;
    }
    if (!s->is_plain)
        mw_samples_reader_init(&s->reader, memory);
    s->fd = fd;
    s->trouble = MW_OK;
    s->connections++;
    return true;
}

/* Waits for bytes, for a stop, or for the time of the next attempt to open. */
static bool source_wait(mw_station_source *s, mw_mono end) {
    struct pollfd p[2] = {{s->stop_fd, POLLIN, 0}, {s->fd, POLLIN, 0}};
    mw_mono until = end;
    if (s->fd < 0 && mw_mono_since(s->next_try, end).ns < 0)
        until = s->next_try;
    int64_t ms = (mw_mono_since(until, mw_clock_mono()).ns + 999999) / 1000000;
    int n = poll(p, s->fd >= 0 ? 2 : 1, ms < 0 ? 0 : (int)ms);
    return n > 0 && s->fd >= 0 && p[1].revents != 0;
}

/* One read; false when the source ended or broke. */
static bool source_read(mw_station_source *s) {
    mw_span room = mw_samples_reader_room(&s->reader);
    ssize_t n = read(s->fd, room.p, room.n);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n > 0) {
        mw_samples_reader_commit(&s->reader, (size_t)n);
        return true;
    }
    source_close(s, n < 0 ? MW_IO : MW_CLOSED);
    s->ended = !s->socket; /* a file ends once */
    return false;
}

mw_status mw_station_source_pull(mw_station_source *s, mw_dur wait, mw_samples_block *out_block) {
    mw_mono end = mw_mono_add(mw_clock_mono(), wait);
    for (;;) {
        if (s->stopped || (s->ended && s->fd < 0))
            return MW_CLOSED;
        if (s->fd >= 0) {
            mw_status status = mw_samples_reader_pull(&s->reader, out_block);
            if (status == MW_OK)
                return MW_OK;
            if (status != MW_AGAIN) {
                source_close(s, status); /* the stream lost its place: begin it anew */
                s->ended = !s->socket;
                continue;
            }
        } else if (mw_mono_since(mw_clock_mono(), s->next_try).ns >= 0 && source_open(s)) {
            continue;
        }
        if (source_wait(s, end)) {
            (void)source_read(s);
            continue;
        }
        if (mw_mono_since(mw_clock_mono(), end).ns >= 0)
            return MW_AGAIN;
    }
}

void mw_station_source_acknowledge(mw_station_source *s, uint64_t index) {
    uint8_t ack[MW_SAMPLES_ACK_BYTES];
    if (!s->socket || s->fd < 0)
        return;
    mw_samples_ack_encode(index, ack);
    /* 16 bytes either fit the socket's buffer or the sender is far behind in reading them */
    ssize_t n = send(s->fd, ack, sizeof ack, MSG_NOSIGNAL);
    if (n != (ssize_t)sizeof ack && !(n < 0 && errno == EAGAIN))
        source_close(s, MW_CLOSED);
}

void mw_station_source_stop(mw_station_source *s) {
    s->stopped = true;
    uint64_t one = 1;
    ssize_t n = write(s->stop_fd, &one, sizeof one);
    (void)n; /* a full counter wakes as well */
}

bool mw_station_source_connected(const mw_station_source *s) {
    return s->fd >= 0;
}

uint64_t mw_station_source_connections(const mw_station_source *s) {
    return s->connections;
}

mw_status mw_station_source_trouble(const mw_station_source *s) {
    return (mw_status)s->trouble;
}
