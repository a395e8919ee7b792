/* SPDX-License-Identifier: Apache-2.0 */
#include "town/feed.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/assert.h"
#include "runtime/clock.h"

#define SERVE_STEP_MS 50

struct mw_town_feed_block {
    mw_town_feed_block *next;
    uint64_t end_index; /* first sample after the block */
    size_t size;
    uint8_t bytes[];
};

mw_status mw_town_feed_open(mw_town_feed *f, const char *path) {
    *f = (mw_town_feed){
        .listener = -1, .peer = -1, .take = f->take, .take_context = f->take_context};
    f->in = malloc(MW_TOWN_FEED_IN_MAX);
    if (f->in == NULL)
        return MW_NOMEM;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path)
        return MW_RANGE;
    mw_bytes_copy(address.sun_path, path, strlen(path) + 1);
    mw_bytes_copy(f->path, path, strlen(path) + 1);
    (void)unlink(path);
    f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mode_t former = umask(0177);
    bool bound = f->listener >= 0 &&
                 bind(f->listener, (struct sockaddr *)&address, sizeof address) == 0 &&
                 listen(f->listener, 1) == 0;
    (void)umask(former);
    if (!bound) {
        mw_town_feed_close(f);
        return MW_IO;
    }
    return MW_OK;
}

static void disconnect(mw_town_feed *f) {
    if (f->peer >= 0)
        (void)close(f->peer);
    f->peer = -1;
    f->unsent = f->first;
    f->unsent_offset = 0;
    f->in_n = 0;
    f->told = false;
    f->watermark = 0;
}

void mw_town_feed_close(mw_town_feed *f) {
    disconnect(f);
    if (f->listener >= 0) {
        (void)close(f->listener);
        (void)unlink(f->path);
    }
    f->listener = -1;
    while (f->first != NULL) {
        mw_town_feed_block *next = f->first->next;
        free(f->first);
        f->first = next;
    }
    f->last = f->unsent = NULL;
    f->bytes = f->blocks = 0;
    free(f->in);
    f->in = NULL;
}

/* ---- the station's side ---- */

static void accept_station(mw_town_feed *f) {
    int peer = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (peer < 0)
        return;
    /* A newer station replaces an older one, which may be a dead process's socket. */
    disconnect(f);
    f->peer = peer;
    f->connections++;
}

/* A block that is being sent stays until it is out, whatever was acknowledged. */
static void forget_acknowledged(mw_town_feed *f) {
    while (f->first != NULL && f->first != f->unsent && f->first->end_index <= f->acknowledged) {
        mw_town_feed_block *b = f->first;
        f->first = b->next;
        f->bytes -= b->size;
        f->blocks--;
        free(b);
    }
    if (f->first == NULL)
        f->last = NULL;
}

/* Takes one thing that the station sent off the front; 0 when it is not complete, negative when it
 * is nothing known. */
static ssize_t take_one(mw_town_feed *f, mw_slice in) {
    uint64_t index;
    mw_samples_block block;
    if (in.n < MW_SAMPLES_ACK_BYTES)
        return 0;
    if (mw_samples_ack_decode(in, &index) == MW_OK) {
        if (index > f->acknowledged)
            f->acknowledged = index;
        forget_acknowledged(f);
        return MW_SAMPLES_ACK_BYTES;
    }
    if (mw_samples_watermark_decode(in, &index) == MW_OK) {
        f->told = true;
        f->watermark = index;
        return MW_SAMPLES_WATERMARK_BYTES;
    }
    if (in.n < MW_SAMPLES_HEADER_BYTES)
        return 0;
    if (mw_samples_header_decode(in, &block.h) != MW_OK)
        return -1;
    size_t payload = (size_t)block.h.count * mw_samples_format_bytes(block.h.format);
    if (in.n < MW_SAMPLES_HEADER_BYTES + payload)
        return 0;
    block.payload = mw_slice_sub(in, MW_SAMPLES_HEADER_BYTES, payload);
    if (f->take != NULL)
        f->take(f->take_context, &block);
    return (ssize_t)(MW_SAMPLES_HEADER_BYTES + payload);
}

static bool receive_all(mw_town_feed *f) {
    for (;;) {
        ssize_t n = recv(f->peer, f->in + f->in_n, MW_TOWN_FEED_IN_MAX - f->in_n, 0);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        if (n == 0)
            return false;
        f->in_n += (size_t)n;
        size_t at = 0;
        ssize_t one;
        while ((one = take_one(f, (mw_slice){f->in + at, f->in_n - at})) > 0)
            at += (size_t)one;
        if (one < 0)
            return false;
        memmove(f->in, f->in + at, f->in_n - at);
        f->in_n -= at;
    }
}

static bool send_blocks(mw_town_feed *f) {
    while (f->unsent != NULL) {
        mw_town_feed_block *b = f->unsent;
        ssize_t n =
            send(f->peer, b->bytes + f->unsent_offset, b->size - f->unsent_offset, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        f->unsent_offset += (size_t)n;
        if (f->unsent_offset == b->size) {
            f->unsent = b->next;
            f->unsent_offset = 0;
        }
    }
    forget_acknowledged(f);
    return true;
}

void mw_town_feed_serve(mw_town_feed *f, mw_dur wait) {
    struct pollfd fds[2] = {{.fd = f->listener, .events = POLLIN},
                            {.fd = f->peer, .events = POLLIN}};
    if (f->unsent != NULL)
        fds[1].events |= POLLOUT;
    if (poll(fds, f->peer >= 0 ? 2 : 1, (int)((wait.ns + 999999) / 1000000)) <= 0)
        return;
    if (f->peer >= 0 && fds[1].revents != 0) {
        bool alive = (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL)) == 0 || receive_all(f);
        if (alive && (fds[1].revents & POLLIN) != 0)
            alive = receive_all(f);
        if (alive && (fds[1].revents & POLLOUT) != 0)
            alive = send_blocks(f);
        if (!alive)
            disconnect(f);
    }
    if ((fds[0].revents & POLLIN) != 0)
        accept_station(f);
}

/* ---- the town's side ---- */

bool mw_town_feed_await(mw_town_feed *f, uint64_t index, mw_dur most,
                        const volatile sig_atomic_t *stop) {
    mw_mono end = mw_mono_add(mw_clock_mono(), most);
    while (!*stop && f->peer >= 0 && !(f->told && f->watermark >= index)) {
        if (mw_mono_since(mw_clock_mono(), end).ns >= 0)
            return false;
        mw_town_feed_serve(f, mw_dur_ms(SERVE_STEP_MS));
    }
    return f->peer >= 0 && f->told && f->watermark != UINT64_MAX;
}

mw_status mw_town_feed_push(mw_town_feed *f, const mw_samples_block *block,
                            const volatile sig_atomic_t *stop) {
    size_t size = MW_SAMPLES_HEADER_BYTES + block->payload.n;
    mw_assert(size <= MW_TOWN_FEED_BYTES_MAX);
    while (f->bytes + size > MW_TOWN_FEED_BYTES_MAX || f->blocks == MW_TOWN_FEED_BLOCKS_MAX) {
        if (*stop)
            return MW_CLOSED;
        mw_town_feed_serve(f, mw_dur_ms(SERVE_STEP_MS));
    }
    mw_town_feed_block *b = malloc(sizeof *b + size);
    if (b == NULL)
        return MW_NOMEM;
    *b = (mw_town_feed_block){.end_index = block->h.first_index + block->h.count, .size = size};
    mw_status status = mw_samples_header_encode(&block->h, b->bytes);
    if (status != MW_OK) {
        free(b);
        return status;
    }
    mw_bytes_copy(b->bytes + MW_SAMPLES_HEADER_BYTES, block->payload.p, block->payload.n);
    if (f->last != NULL)
        f->last->next = b;
    else
        f->first = b;
    f->last = b;
    if (f->unsent == NULL)
        f->unsent = b;
    f->bytes += size;
    f->blocks++;
    mw_town_feed_serve(f, mw_dur_ms(0));
    return MW_OK;
}
