/* SPDX-License-Identifier: Apache-2.0 */
#include "station/source.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "runtime/clock.h"
#include "station/source_file.h"

#define SOURCE_PAUSE       mw_dur_ms(200)  /* between two attempts to open */
#define SOURCE_WRITE_MAX   mw_dur_s(10)    /* for a peer to take what we send */
#define SOURCE_RADIO_PAUSE mw_dur_ms(2000) /* ... a radio */
#define SOURCE_RADIO_WAIT  mw_dur_ms(100)  /* for samples, between two looks at the stop */

typedef enum source_kind { SOURCE_SOCKET, SOURCE_FILE, SOURCE_RADIO } source_kind;

struct mw_station_source {
    mw_station_source_options options;
    char *spec;
    char *format;
    char *path; /* NULL = standard input; a radio's arguments */
    source_kind kind;
    atomic_bool open;
    int stop_fd;
    atomic_bool stopped;
    bool ended; /* a file's end was reached */
    mw_mono next_try;
    mw_source_file file;
    mw_soapy *radio;
    mw_emitter *emitter; /* NULL: this source is no radio that sends */
    uint8_t *memory;
    atomic_uint_fast64_t connections;
    atomic_int trouble;
    char why[200];
};

static mw_status source_spec(mw_station_source *s, const char *spec) {
    const char *path = spec;
    if (strncmp(spec, "unix:", 5) == 0) {
        s->kind = SOURCE_SOCKET;
        path = spec + 5;
    } else if (strncmp(spec, "file:", 5) == 0) {
        s->kind = SOURCE_FILE;
        path = spec + 5;
    } else if (strncmp(spec, "soapy:", 6) == 0) {
        s->kind = SOURCE_RADIO;
        path = spec + 6;
    } else if (strcmp(spec, "-") == 0) {
        s->kind = SOURCE_FILE;
        path = NULL;
    } else {
        return MW_SYNTAX;
    }
    if (path != NULL && *path == 0 && s->kind != SOURCE_RADIO)
        return MW_SYNTAX;
    if (s->kind == SOURCE_SOCKET && strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path)
        return MW_SYNTAX;
    if (s->kind == SOURCE_RADIO && !mw_soapy_built_in())
        return MW_UNSUPPORTED;
    if (path != NULL && (s->path = strdup(path)) == NULL)
        return MW_NOMEM;
    return MW_OK;
}

mw_status mw_station_source_open(const mw_station_source_options *options,
                                 mw_station_source **out_source) {
    mw_station_source *s = calloc(1, sizeof *s);
    if (s == NULL)
        return MW_NOMEM;
    s->file.fd = -1;
    s->options = *options;
    s->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    s->memory = malloc(MW_SOURCE_BUFFER);
    s->format = strdup(options->format);
    mw_status status = source_spec(s, options->spec);
    if (status == MW_OK && (s->stop_fd < 0 || s->memory == NULL || s->format == NULL))
        status = MW_NOMEM;
    if (status == MW_OK && s->kind == SOURCE_RADIO && options->radio.transmit)
        status = mw_emitter_new(&s->emitter);
    if (status != MW_OK) {
        mw_station_source_free(s);
        return status;
    }
    s->options.format = s->format;
    *out_source = s;
    return MW_OK;
}

static void source_close(mw_station_source *s, mw_status why) {
    if (s->file.fd > STDIN_FILENO)
        (void)close(s->file.fd);
    s->file.fd = -1;
    if (s->emitter != NULL)
        mw_emitter_detach(s->emitter);
    mw_soapy_close(s->radio);
    s->radio = NULL;
    s->open = false;
    s->trouble = (int)why;
    s->next_try =
        mw_mono_add(mw_clock_mono(), s->kind == SOURCE_RADIO ? SOURCE_RADIO_PAUSE : SOURCE_PAUSE);
}

void mw_station_source_free(mw_station_source *s) {
    if (s == NULL)
        return;
    source_close(s, MW_OK);
    mw_emitter_free(s->emitter);
    if (s->stop_fd >= 0)
        (void)close(s->stop_fd);
    free(s->memory);
    free(s->path);
    free(s->format);
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

static mw_status source_open_file(mw_station_source *s) {
    mw_span memory = {s->memory, MW_SOURCE_BUFFER};
    int fd = STDIN_FILENO;
    if (s->kind == SOURCE_SOCKET) {
        fd = source_connect(s->path);
        if (fd < 0) {
            (void)snprintf(s->why, sizeof s->why, "%s", strerror(errno));
            return MW_NOT_FOUND;
        }
    }
    const char *path = s->kind == SOURCE_SOCKET ? NULL : s->path;
    mw_status status = mw_source_file_open(&s->file, memory, &s->options, path, fd);
    (void)snprintf(s->why, sizeof s->why, "%s", s->file.why);
    if (status != MW_OK && (status != MW_NOT_FOUND || s->options.once))
        s->ended = s->kind == SOURCE_FILE; /* it will not become better */
    return status;
}

static mw_status source_open_radio(mw_station_source *s) {
    mw_soapy_options o = s->options.radio;
    o.arguments = s->path;
    o.rate_mhz = s->options.plain.rate_mhz;
    o.centre = s->options.plain.centre;
    MW_TRY(mw_soapy_open(&o, &s->radio, s->why));
    return s->emitter == NULL ? MW_OK : mw_emitter_attach(s->emitter, s->radio);
}

static bool source_open(mw_station_source *s) {
    mw_status status = s->kind == SOURCE_RADIO ? source_open_radio(s) : source_open_file(s);
    if (status != MW_OK) {
        source_close(s, status);
        return false;
    }
    s->open = true;
    s->trouble = MW_OK;
    s->connections++;
    return true;
}

/* Waits for bytes, for a stop, or for the time of the next attempt to open. */
static bool source_wait(mw_station_source *s, mw_mono end) {
    struct pollfd p[2] = {{s->stop_fd, POLLIN, 0}, {s->file.fd, POLLIN, 0}};
    mw_mono until = end;
    if (!s->open && mw_mono_since(s->next_try, end).ns < 0)
        until = s->next_try;
    int64_t ms = (mw_mono_since(until, mw_clock_mono()).ns + 999999) / 1000000;
    int n = poll(p, s->open ? 2 : 1, ms < 0 ? 0 : (int)ms);
    return n > 0 && s->open && p[1].revents != 0;
}

/* The stream ended or broke. */
static void source_over(mw_station_source *s, mw_status status) {
    (void)snprintf(s->why, sizeof s->why, "%s", s->file.why);
    source_close(s, status);
    s->ended = s->kind == SOURCE_FILE; /* a file ends once */
}

static mw_utc source_now(void *context) {
    const mw_station_source *s = context;
    mw_utc now = mw_clock_machine_utc();
    if (s->options.timing != NULL)
        now.us += mw_station_timing_now(s->options.timing).offset_us;
    return now;
}

/* A radio's next block, or MW_AGAIN; its breakdown closes it. */
static mw_status source_pull_radio(mw_station_source *s, mw_mono end, mw_samples_block *out_block) {
    while (!s->stopped) {
        mw_dur left = mw_mono_since(end, mw_clock_mono());
        if (left.ns < 0)
            left.ns = 0;
        mw_dur wait = left.ns < SOURCE_RADIO_WAIT.ns ? left : SOURCE_RADIO_WAIT;
        mw_status status = mw_soapy_receive(s->radio, wait, source_now, s, out_block);
        if (status == MW_OK) {
            if (s->emitter != NULL)
                mw_emitter_passed(s->emitter, out_block->h.first_index + out_block->h.count);
            if (s->options.timing != NULL)
                out_block->h.utc_uncertainty_us +=
                    mw_station_timing_now(s->options.timing).uncertainty_us;
            return MW_OK;
        }
        if (status != MW_AGAIN) {
            (void)snprintf(s->why, sizeof s->why, "the radio is gone or broken");
            source_close(s, status);
            return MW_AGAIN;
        }
        if (left.ns == 0)
            return MW_AGAIN;
    }
    return MW_CLOSED;
}

mw_status mw_station_source_pull(mw_station_source *s, mw_dur wait, mw_samples_block *out_block) {
    mw_mono end = mw_mono_add(mw_clock_mono(), wait);
    for (;;) {
        if (s->stopped || (s->ended && !s->open))
            return MW_CLOSED;
        if (s->open && s->kind == SOURCE_RADIO)
            return source_pull_radio(s, end, out_block);
        if (s->open) {
            mw_status status = mw_source_file_pull(&s->file, out_block);
            if (status == MW_OK)
                return MW_OK;
            if (status != MW_AGAIN) {
                source_over(s, status); /* the stream lost its place: begin it anew */
                continue;
            }
        } else if (mw_mono_since(mw_clock_mono(), s->next_try).ns >= 0 && source_open(s)) {
            continue;
        }
        if (source_wait(s, end)) {
            mw_status status = mw_source_file_read(&s->file);
            if (status != MW_OK && status != MW_AGAIN)
                source_over(s, status);
            continue;
        }
        if (mw_mono_since(mw_clock_mono(), end).ns >= 0)
            return MW_AGAIN;
    }
}

void mw_station_source_acknowledge(mw_station_source *s, uint64_t index) {
    uint8_t ack[MW_SAMPLES_ACK_BYTES];
    if (s->kind != SOURCE_SOCKET || !s->open)
        return;
    mw_samples_ack_encode(index, ack);
    /* 16 bytes either fit the socket's buffer or the sender is far behind in reading them */
    ssize_t n = send(s->file.fd, ack, sizeof ack, MSG_NOSIGNAL);
    if (n != (ssize_t)sizeof ack && !(n < 0 && errno == EAGAIN))
        source_close(s, MW_CLOSED);
}

/* Writes all of it, waiting for a peer that is busy. */
static mw_status source_write(mw_station_source *s, const uint8_t *p, size_t n) {
    mw_mono end = mw_mono_add(mw_clock_mono(), SOURCE_WRITE_MAX);
    while (n > 0) {
        ssize_t done = send(s->file.fd, p, n, MSG_NOSIGNAL);
        if (done > 0) {
            p += done;
            n -= (size_t)done;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return MW_CLOSED;
        if (s->stopped || mw_mono_since(mw_clock_mono(), end).ns >= 0)
            return MW_TIMEOUT;
        struct pollfd wait = {s->file.fd, POLLOUT, 0};
        (void)poll(&wait, 1, 50);
    }
    return MW_OK;
}

mw_status mw_station_source_transmit(mw_station_source *s, const mw_samples_block *block) {
    uint8_t header[MW_SAMPLES_HEADER_BYTES];
    if (s->kind != SOURCE_SOCKET)
        return MW_UNSUPPORTED;
    if (!s->open)
        return MW_CLOSED;
    MW_TRY(mw_samples_header_encode(&block->h, header));
    mw_status status = source_write(s, header, sizeof header);
    if (status == MW_OK)
        status = source_write(s, block->payload.p, block->payload.n);
    if (status != MW_OK)
        source_close(s, status); /* half a block was sent */
    return status;
}

void mw_station_source_watermark(mw_station_source *s, uint64_t index) {
    uint8_t mark[MW_SAMPLES_WATERMARK_BYTES];
    if (s->kind != SOURCE_SOCKET || !s->open)
        return;
    mw_samples_watermark_encode(index, mark);
    if (source_write(s, mark, sizeof mark) != MW_OK)
        source_close(s, MW_CLOSED);
}

mw_emitter *mw_station_source_emitter(mw_station_source *s) {
    return s->emitter;
}

void mw_station_source_stop(mw_station_source *s) {
    s->stopped = true;
    uint64_t one = 1;
    ssize_t n = write(s->stop_fd, &one, sizeof one);
    (void)n; /* a full counter wakes as well */
}

bool mw_station_source_connected(const mw_station_source *s) {
    return s->open;
}

bool mw_station_source_can_wait(const mw_station_source *s) {
    return s->kind != SOURCE_RADIO && s->path != NULL;
}

uint64_t mw_station_source_connections(const mw_station_source *s) {
    return s->connections;
}

mw_status mw_station_source_trouble(const mw_station_source *s) {
    return (mw_status)s->trouble;
}

const char *mw_station_source_why(const mw_station_source *s) {
    return s->why;
}

uint64_t mw_station_source_missing(const mw_station_source *s) {
    return s->file.missing;
}
