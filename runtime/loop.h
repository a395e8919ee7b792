/* SPDX-License-Identifier: Apache-2.0
 *
 * The event loop of a daemon: a thin layer over libuv for timers, file descriptors, signals and
 * waking from other threads. Single-threaded except mw_wake_send. All callbacks run in
 * mw_loop_run. Timers use the machine's monotonic clock, whatever clock the daemon shows.
 *
 * One `now` per turn: mw_loop_utc and mw_loop_mono give the same answer to every callback of one
 * batch of events.
 */
#ifndef MW_RUNTIME_LOOP_H
#define MW_RUNTIME_LOOP_H

#include <uv.h>

#include "base/time.h"
#include "runtime/clock.h"

typedef struct mw_loop mw_loop;
typedef struct mw_timer mw_timer;
typedef struct mw_watch mw_watch;
typedef struct mw_wake mw_wake;

/* The clock is borrowed and must outlive the loop. SIGPIPE is ignored from now on. */
MW_NODISCARD mw_status mw_loop_new(const mw_clock *clock, mw_loop **out_loop);
/* Frees the loop; every timer, watch and wake must have been freed before. */
void mw_loop_free(mw_loop *l);
/* Runs until mw_loop_stop or until nothing is left to wait for. */
void mw_loop_run(mw_loop *l);
/* Runs the events that are due, waiting at most `wait` for the first one; for tests. */
void mw_loop_run_once(mw_loop *l, mw_dur wait);
void mw_loop_stop(mw_loop *l);
/* SIGTERM and SIGINT call mw_loop_stop. */
MW_NODISCARD mw_status mw_loop_stop_on_signals(mw_loop *l);
bool mw_loop_stopping(const mw_loop *l);

/* This turn's time of the daemon's clock source. */
mw_utc mw_loop_utc(mw_loop *l);
/* This turn's machine time: monotonic, and UTC for sessions and lock-outs. */
mw_mono mw_loop_mono(mw_loop *l);
mw_utc mw_loop_machine_utc(mw_loop *l);
const mw_clock *mw_loop_clock(const mw_loop *l);
/* For modules that hold libuv handles of their own. */
uv_loop_t *mw_loop_uv(mw_loop *l);

/* How long callbacks keep everybody else waiting. One that takes longer than MW_LOOP_LONG_MS counts
 * as long. */
enum { MW_LOOP_LONG_MS = 100 };
typedef struct mw_loop_longest {
    mw_dur took;
    mw_dur worked;       /* the most processor time of one; what it took beyond that it waited */
    const char *name;    /* of the timer, "watch", "wake" or as told to mw_loop_took; never NULL */
    int64_t long_so_far; /* long callbacks since the start */
} mw_loop_longest;
/* The longest callback since this was last called. */
mw_loop_longest mw_loop_longest_take(mw_loop *l);
/* For modules that hold libuv handles of their own: a callback that began at uv_hrtime() = begun is
 * over. name must live as long as the loop. */
void mw_loop_took(mw_loop *l, const char *name, uint64_t begun);

typedef void mw_timer_fn(void *context);
MW_NODISCARD mw_status mw_timer_new(mw_loop *l, mw_timer_fn *fn, void *context,
                                    mw_timer **out_timer);
/* What a long callback of it is called; `name` must live as long as the loop. */
void mw_timer_name(mw_timer *t, const char *name);
/* Fires once after `delay` (rounded up to a millisecond), then every `period` unless it is 0.
 * Starting a running timer moves it. */
void mw_timer_start(mw_timer *t, mw_dur delay, mw_dur period);
void mw_timer_stop(mw_timer *t);
/* May be called from the timer's own callback. Accepts NULL. */
void mw_timer_free(mw_timer *t);

#define MW_WATCH_READ  1u
#define MW_WATCH_WRITE 2u
/* events: MW_WATCH_ bits; a broken descriptor reports what was asked for. */
typedef void mw_watch_fn(void *context, unsigned events);
/* Watches a non-blocking descriptor that the caller keeps open until mw_watch_free. */
MW_NODISCARD mw_status mw_watch_new(mw_loop *l, int fd, mw_watch_fn *fn, void *context,
                                    mw_watch **out_watch);
/* What to wait for from now on; 0 pauses. */
void mw_watch_set(mw_watch *w, unsigned events);
void mw_watch_free(mw_watch *w);

typedef void mw_wake_fn(void *context);
MW_NODISCARD mw_status mw_wake_new(mw_loop *l, mw_wake_fn *fn, void *context, mw_wake **out_wake);
/* From any thread: fn runs soon in the loop's thread, once for several sends in a row. */
void mw_wake_send(mw_wake *w);
void mw_wake_free(mw_wake *w);

#endif
