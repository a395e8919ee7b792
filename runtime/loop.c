/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/assert.h"

struct mw_loop {
    uv_loop_t uv;
    const mw_clock *clock;
    uv_prepare_t prepare; /* these two forget `now` before and after waiting */
    uv_check_t check;
    uv_timer_t limit; /* bounds mw_loop_run_once */
    uv_signal_t signals[2];
    bool signals_on;
    bool stopping;
    bool now_known;
    bool firing; /* timers of this turn */
    mw_utc utc;
    mw_utc machine_utc;
    mw_mono mono;
    uint64_t longest_ns, most_worked_ns;
    uint64_t worked_ns; /* of this thread, at the end of the last callback */
    const char *longest_name;
    int64_t long_so_far;
};

struct mw_timer {
    uv_timer_t uv;
    mw_loop *loop;
    const char *name;
    mw_timer_fn *fn;
    void *context;
};

struct mw_watch {
    uv_poll_t uv;
    mw_loop *loop;
    mw_watch_fn *fn;
    void *context;
};

struct mw_wake {
    uv_async_t uv;
    mw_loop *loop;
    mw_wake_fn *fn;
    void *context;
};

static void mw_loop_forget_prepare(uv_prepare_t *h) {
    ((mw_loop *)h->data)->now_known = false;
    ((mw_loop *)h->data)->firing = false;
}

static void mw_loop_forget_check(uv_check_t *h) {
    ((mw_loop *)h->data)->now_known = false;
}

mw_status mw_loop_new(const mw_clock *clock, mw_loop **out_loop) {
    mw_loop *l = calloc(1, sizeof *l);
    if (l == NULL)
        return MW_NOMEM;
    if (uv_loop_init(&l->uv) != 0) {
        free(l);
        return MW_NOMEM;
    }
    l->clock = clock;
    (void)signal(SIGPIPE, SIG_IGN); /* a peer that left is an error of write, not the end of us */
    mw_assert(uv_prepare_init(&l->uv, &l->prepare) == 0);
    mw_assert(uv_check_init(&l->uv, &l->check) == 0);
    mw_assert(uv_timer_init(&l->uv, &l->limit) == 0);
    l->prepare.data = l;
    l->check.data = l;
    mw_assert(uv_prepare_start(&l->prepare, mw_loop_forget_prepare) == 0);
    mw_assert(uv_check_start(&l->check, mw_loop_forget_check) == 0);
    uv_unref((uv_handle_t *)&l->prepare);
    uv_unref((uv_handle_t *)&l->check);
    *out_loop = l;
    return MW_OK;
}

void mw_loop_free(mw_loop *l) {
    if (l == NULL)
        return;
    uv_close((uv_handle_t *)&l->prepare, NULL);
    uv_close((uv_handle_t *)&l->check, NULL);
    uv_close((uv_handle_t *)&l->limit, NULL);
    if (l->signals_on) {
        uv_close((uv_handle_t *)&l->signals[0], NULL);
        uv_close((uv_handle_t *)&l->signals[1], NULL);
    }
    (void)uv_run(&l->uv, UV_RUN_DEFAULT);
    mw_assert(uv_loop_close(&l->uv) == 0);
    free(l);
}

/* Processor time of this thread. */
static uint64_t thread_ns(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void mw_loop_run(mw_loop *l) {
    l->worked_ns = thread_ns();
    if (!l->stopping)
        (void)uv_run(&l->uv, UV_RUN_DEFAULT);
    l->now_known = false;
}

static void mw_loop_limit_over(uv_timer_t *t) {
    (void)t; /* its purpose was to end the wait */
}

void mw_loop_run_once(mw_loop *l, mw_dur wait) {
    l->worked_ns = thread_ns();
    uv_update_time(&l->uv);
    uint64_t ms = wait.ns <= 0 ? 0 : (uint64_t)((wait.ns + 999999) / 1000000);
    mw_assert(uv_timer_start(&l->limit, mw_loop_limit_over, ms, 0) == 0);
    (void)uv_run(&l->uv, ms == 0 ? UV_RUN_NOWAIT : UV_RUN_ONCE);
    (void)uv_timer_stop(&l->limit);
    l->now_known = false;
}

void mw_loop_stop(mw_loop *l) {
    l->stopping = true;
    uv_stop(&l->uv);
}

bool mw_loop_stopping(const mw_loop *l) {
    return l->stopping;
}

static void mw_loop_on_signal(uv_signal_t *h, int number) {
    (void)number;
    mw_loop_stop(h->data);
}

mw_status mw_loop_stop_on_signals(mw_loop *l) {
    static const int numbers[2] = {SIGTERM, SIGINT};
    mw_assert(!l->signals_on);
    l->signals_on = true;
    for (size_t i = 0; i < 2; i++) {
        mw_assert(uv_signal_init(&l->uv, &l->signals[i]) == 0);
        l->signals[i].data = l;
        if (uv_signal_start(&l->signals[i], mw_loop_on_signal, numbers[i]) != 0)
            return MW_IO;
        uv_unref((uv_handle_t *)&l->signals[i]);
    }
    return MW_OK;
}

static void mw_loop_now(mw_loop *l) {
    if (l->now_known)
        return;
    l->mono = mw_clock_mono();
    l->machine_utc = mw_clock_machine_utc();
    l->utc = mw_clock_utc(l->clock);
    l->now_known = true;
}

mw_utc mw_loop_utc(mw_loop *l) {
    mw_loop_now(l);
    return l->utc;
}

mw_mono mw_loop_mono(mw_loop *l) {
    mw_loop_now(l);
    return l->mono;
}

mw_utc mw_loop_machine_utc(mw_loop *l) {
    mw_loop_now(l);
    return l->machine_utc;
}

const mw_clock *mw_loop_clock(const mw_loop *l) {
    return l->clock;
}

uv_loop_t *mw_loop_uv(mw_loop *l) {
    return &l->uv;
}

void mw_loop_took(mw_loop *l, const char *name, uint64_t begun) {
    uint64_t took = uv_hrtime() - begun, now = thread_ns();
    uint64_t worked = now - l->worked_ns; /* what libuv did before it is next to nothing */
    l->worked_ns = now;
    l->most_worked_ns = worked > l->most_worked_ns ? worked : l->most_worked_ns;
    l->long_so_far += took > UINT64_C(1000000) * MW_LOOP_LONG_MS;
    if (took > l->longest_ns) {
        l->longest_ns = took;
        l->longest_name = name;
    }
}

mw_loop_longest mw_loop_longest_take(mw_loop *l) {
    mw_loop_longest r = {.took = {(int64_t)l->longest_ns},
                         .worked = {(int64_t)l->most_worked_ns},
                         .name = l->longest_name == NULL ? "" : l->longest_name,
                         .long_so_far = l->long_so_far};
    l->longest_ns = l->most_worked_ns = 0;
    l->longest_name = NULL;
    return r;
}

static void mw_loop_free_data(uv_handle_t *h) {
    free(h->data);
}

static void mw_timer_fire(uv_timer_t *h) {
    mw_timer *t = h->data;
    mw_loop *l = t->loop;
    const char *name = t->name;
    uint64_t begun = uv_hrtime();
    l->firing = true;
    t->fn(t->context); /* may have freed the timer */
    mw_loop_took(l, name, begun);
}

mw_status mw_timer_new(mw_loop *l, mw_timer_fn *fn, void *context, mw_timer **out_timer) {
    mw_timer *t = calloc(1, sizeof *t);
    if (t == NULL)
        return MW_NOMEM;
    t->loop = l;
    t->name = "timer";
    t->fn = fn;
    t->context = context;
    mw_assert(uv_timer_init(&l->uv, &t->uv) == 0);
    t->uv.data = t;
    *out_timer = t;
    return MW_OK;
}

void mw_timer_name(mw_timer *t, const char *name) {
    t->name = name;
}

static uint64_t mw_timer_ms(mw_dur d) {
    return d.ns <= 0 ? 0 : (uint64_t)((d.ns + 999999) / 1000000);
}

/* uv counts from the start of the turn: what passed since is added, or a long turn would shorten
 * delays. Bringing uv's time up to date instead would make timers due that were started in this very
 * turn, and uv fires what is due before it looks at sockets: steps that start themselves again would
 * keep everybody else waiting for as long as they have something to do. */
void mw_timer_start(mw_timer *t, mw_dur delay, mw_dur period) {
    uint64_t now = uv_hrtime() / 1000000, turn = uv_now(&t->loop->uv);
    uint64_t ms = mw_timer_ms(delay) + (now > turn ? now - turn : 0);
    if (t->loop->firing && ms == 0)
        ms = 1;
    mw_assert(uv_timer_start(&t->uv, mw_timer_fire, ms, mw_timer_ms(period)) == 0);
}

void mw_timer_stop(mw_timer *t) {
    (void)uv_timer_stop(&t->uv);
}

void mw_timer_free(mw_timer *t) {
    if (t != NULL)
        uv_close((uv_handle_t *)&t->uv, mw_loop_free_data);
}

static void mw_watch_fire(uv_poll_t *h, int status, int events) {
    mw_watch *w = h->data;
    unsigned seen = 0;
    if (status < 0) {
        seen = MW_WATCH_READ | MW_WATCH_WRITE;
    } else {
        if ((events & (UV_READABLE | UV_DISCONNECT)) != 0)
            seen |= MW_WATCH_READ;
        if ((events & UV_WRITABLE) != 0)
            seen |= MW_WATCH_WRITE;
    }
    if (seen == 0)
        return;
    mw_loop *l = w->loop;
    uint64_t begun = uv_hrtime();
    w->fn(w->context, seen);
    mw_loop_took(l, "watch", begun);
}

mw_status mw_watch_new(mw_loop *l, int fd, mw_watch_fn *fn, void *context, mw_watch **out_watch) {
    mw_watch *w = calloc(1, sizeof *w);
    if (w == NULL)
        return MW_NOMEM;
    w->loop = l;
    w->fn = fn;
    w->context = context;
    if (uv_poll_init(&l->uv, &w->uv, fd) != 0) {
        free(w);
        return MW_IO;
    }
    w->uv.data = w;
    *out_watch = w;
    return MW_OK;
}

void mw_watch_set(mw_watch *w, unsigned events) {
    if (events == 0) {
        (void)uv_poll_stop(&w->uv);
        return;
    }
    int wanted = ((events & MW_WATCH_READ) != 0 ? UV_READABLE : 0) |
                 ((events & MW_WATCH_WRITE) != 0 ? UV_WRITABLE : 0);
    mw_assert(uv_poll_start(&w->uv, wanted, mw_watch_fire) == 0);
}

void mw_watch_free(mw_watch *w) {
    if (w == NULL)
        return;
    (void)uv_poll_stop(&w->uv);
    uv_close((uv_handle_t *)&w->uv, mw_loop_free_data);
}

static void mw_wake_fire(uv_async_t *h) {
    mw_wake *w = h->data;
    mw_loop *l = w->loop;
    uint64_t begun = uv_hrtime();
    w->fn(w->context);
    mw_loop_took(l, "wake", begun);
}

mw_status mw_wake_new(mw_loop *l, mw_wake_fn *fn, void *context, mw_wake **out_wake) {
    mw_wake *w = calloc(1, sizeof *w);
    if (w == NULL)
        return MW_NOMEM;
    w->loop = l;
    w->fn = fn;
    w->context = context;
    if (uv_async_init(&l->uv, &w->uv, mw_wake_fire) != 0) {
        free(w);
        return MW_IO;
    }
    w->uv.data = w;
    *out_wake = w;
    return MW_OK;
}

void mw_wake_send(mw_wake *w) {
    (void)uv_async_send(&w->uv);
}

void mw_wake_free(mw_wake *w) {
    if (w != NULL)
        uv_close((uv_handle_t *)&w->uv, mw_loop_free_data);
}
