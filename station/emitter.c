/* SPDX-License-Identifier: Apache-2.0 */
#include "station/emitter.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/assert.h"

#define EMIT_CHUNK    8192u
#define EMIT_OUTCOMES 64u
/* A burst is handed on up to 1.5 s ahead: the radio takes no more until its moment. */
#define EMIT_WRITE_WAIT mw_dur_ms(3000)
/* The next burst is handed on this long before it begins, even if the one before is not over. */
#define EMIT_AHEAD_S 0.2
/* Wall time beyond a burst's own length after which nobody waits for its end any more. */
#define EMIT_PATIENCE_S 4

typedef struct emit_job {
    uint64_t id;
    mw_burst burst;
    mw_freq centre;
} emit_job;

typedef struct emit_outcome {
    uint64_t id;
    mw_status status;
    const char *reason;
} emit_outcome;

struct mw_emitter {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    mw_soapy *radio; /* NULL: none, and no thread */
    bool stop;
    uint64_t passed;
    emit_job queue[MW_EMITTER_QUEUE_MAX]; /* the first one is in work */
    size_t count;
    emit_outcome outcomes[EMIT_OUTCOMES];
    size_t outcome_next;
    mw_emitter_stats stats;
    mw_freq tuned; /* the thread's */
    bool on;
    float iq[2 * EMIT_CHUNK];
};

mw_status mw_emitter_new(mw_emitter **out_emitter) {
    mw_emitter *e = calloc(1, sizeof *e);
    pthread_condattr_t monotonic;
    if (e == NULL)
        return MW_NOMEM;
    mw_assert(pthread_mutex_init(&e->mutex, NULL) == 0);
    mw_assert(pthread_condattr_init(&monotonic) == 0 &&
              pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0);
    mw_assert(pthread_cond_init(&e->changed, &monotonic) == 0);
    (void)pthread_condattr_destroy(&monotonic);
    *out_emitter = e;
    return MW_OK;
}

void mw_emitter_free(mw_emitter *e) {
    if (e == NULL)
        return;
    mw_emitter_detach(e);
    (void)pthread_cond_destroy(&e->changed);
    (void)pthread_mutex_destroy(&e->mutex);
    free(e);
}

/* Ends the first job. Mutex held. */
static void emit_end(mw_emitter *e, mw_status status, const char *reason) {
    e->outcomes[e->outcome_next++ % EMIT_OUTCOMES] = (emit_outcome){e->queue[0].id, status, reason};
    e->count--;
    memmove(e->queue, e->queue + 1, e->count * sizeof e->queue[0]);
    if (status == MW_OK)
        e->stats.bursts++;
    else
        e->stats.failures++;
}

/* ---- the thread ---- */

/* What the radio says of the stream. MW_OK, MW_TIMEOUT: a time stamp had passed, MW_IO: samples
 * were missing. */
static mw_status emit_listen(mw_emitter *e) {
    mw_status found = MW_OK;
    mw_soapy_transmit_event event;
    while (mw_soapy_transmit_status(e->radio, &event) == MW_OK) {
        if (event == MW_SOAPY_LATE)
            return MW_TIMEOUT;
        (void)pthread_mutex_lock(&e->mutex);
        e->stats.underruns++;
        (void)pthread_mutex_unlock(&e->mutex);
        found = MW_IO;
    }
    return found;
}

static mw_status emit_samples(mw_emitter *e, const emit_job *job, const char **reason) {
    uint64_t index = mw_burst_first(&job->burst), end = mw_burst_end(&job->burst);
    bool timed = false;
    *reason = "the radio cannot be tuned for sending";
    MW_TRY(mw_soapy_transmit_begin(e->radio, job->centre, index, &timed));
    e->on = true;
    e->tuned = job->centre;
    *reason = "this radio cannot send at a given time";
    if (!timed)
        return MW_UNSUPPORTED;
    for (size_t n; index < end; index += n) {
        n = end - index < EMIT_CHUNK ? (size_t)(end - index) : EMIT_CHUNK;
        memset(e->iq, 0, 2 * n * sizeof e->iq[0]);
        (void)mw_burst_render(&job->burst, index, n, e->iq);
        mw_status status = mw_soapy_transmit_write(e->radio, e->iq, n, EMIT_WRITE_WAIT);
        *reason = "the radio does not take samples";
        if (status != MW_OK)
            return status == MW_TIMEOUT ? MW_IO : status;
        status = emit_listen(e);
        *reason =
            status == MW_TIMEOUT ? "the radio got it too late" : "the radio ran out of samples";
        MW_TRY(status);
    }
    *reason = "the radio does not take samples";
    return mw_soapy_transmit_finish(e->radio);
}

/* Waits until the receiver is past the burst, or the next one must be handed on. Mutex held. */
static bool emit_wait(mw_emitter *e, const emit_job *job) {
    uint64_t end = mw_burst_end(&job->burst);
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    double length = (double)(end - mw_burst_first(&job->burst)) / job->burst.rate;
    until.tv_sec += (time_t)length + EMIT_PATIENCE_S;
    while (!e->stop && e->passed < end) {
        if (e->count > 1 && e->queue[1].centre.mhz == job->centre.mhz &&
            (double)mw_burst_first(&e->queue[1].burst) <
                (double)e->passed + EMIT_AHEAD_S * job->burst.rate)
            return true;
        if (pthread_cond_timedwait(&e->changed, &e->mutex, &until) == ETIMEDOUT)
            return false;
    }
    return !e->stop;
}

static void emit_off(mw_emitter *e) {
    mw_status status = mw_soapy_transmit_end(e->radio);
    (void)status; /* a radio that does not stop shows at the next burst */
    e->on = false;
}

static void emit_job_run(mw_emitter *e) {
    emit_job job = e->queue[0];
    const char *reason = "";
    mw_status status = MW_OK;
    bool late = mw_burst_first(&job.burst) <= e->passed;
    (void)pthread_mutex_unlock(&e->mutex);
    if (late) {
        status = MW_TIMEOUT;
        reason = "the radio was busy until it was too late";
    } else {
        if (e->on && e->tuned.mhz != job.centre.mhz)
            emit_off(e);
        status = emit_samples(e, &job, &reason);
    }
    (void)pthread_mutex_lock(&e->mutex);
    if (status == MW_OK && !emit_wait(e, &job)) {
        status = MW_IO;
        reason = e->stop ? "the radio went away" : "no samples came during the burst";
    }
    (void)pthread_mutex_unlock(&e->mutex);
    if (status == MW_OK && (status = emit_listen(e)) != MW_OK)
        reason =
            status == MW_TIMEOUT ? "the radio got it too late" : "the radio ran out of samples";
    (void)pthread_mutex_lock(&e->mutex);
    bool idle = e->count == 1;
    if (e->on && (status != MW_OK || idle)) {
        (void)pthread_mutex_unlock(&e->mutex);
        emit_off(e);
        (void)pthread_mutex_lock(&e->mutex);
    }
    emit_end(e, status, status == MW_OK ? "" : reason);
}

static void *emit_run(void *context) {
    mw_emitter *e = context;
    (void)pthread_mutex_lock(&e->mutex);
    while (!e->stop) {
        if (e->count > 0)
            emit_job_run(e);
        else
            (void)pthread_cond_wait(&e->changed, &e->mutex);
    }
    while (e->count > 0)
        emit_end(e, MW_CLOSED, "the radio went away");
    (void)pthread_mutex_unlock(&e->mutex);
    return NULL;
}

/* ---- the receiving thread ---- */

mw_status mw_emitter_attach(mw_emitter *e, mw_soapy *radio) {
    mw_emitter_detach(e);
    e->radio = radio;
    e->stop = false;
    e->passed = 0;
    e->on = false;
    if (pthread_create(&e->thread, NULL, emit_run, e) == 0)
        return MW_OK;
    e->radio = NULL;
    return MW_NOMEM;
}

void mw_emitter_detach(mw_emitter *e) {
    if (e->radio == NULL)
        return;
    (void)pthread_mutex_lock(&e->mutex);
    e->stop = true;
    (void)pthread_cond_signal(&e->changed);
    (void)pthread_mutex_unlock(&e->mutex);
    (void)pthread_join(e->thread, NULL);
    e->radio = NULL;
}

void mw_emitter_passed(mw_emitter *e, uint64_t index) {
    (void)pthread_mutex_lock(&e->mutex);
    e->passed = index;
    if (e->count > 0)
        (void)pthread_cond_signal(&e->changed);
    (void)pthread_mutex_unlock(&e->mutex);
}

mw_status mw_emitter_send(mw_emitter *e, uint64_t id, const mw_burst *burst, mw_freq centre) {
    mw_status status = MW_OK;
    if (e->radio == NULL)
        return MW_CLOSED;
    (void)pthread_mutex_lock(&e->mutex);
    if (mw_burst_first(burst) <= e->passed)
        status = MW_TIMEOUT;
    else if (e->count == MW_EMITTER_QUEUE_MAX)
        status = MW_LIMIT;
    else
        e->queue[e->count++] = (emit_job){id, *burst, centre};
    (void)pthread_cond_signal(&e->changed);
    (void)pthread_mutex_unlock(&e->mutex);
    return status;
}

mw_status mw_emitter_outcome(mw_emitter *e, uint64_t id, const char **out_reason) {
    mw_status status = MW_NOT_FOUND;
    (void)pthread_mutex_lock(&e->mutex);
    for (size_t i = 0; i < e->count; i++)
        if (e->queue[i].id == id)
            status = MW_AGAIN;
    size_t known = e->outcome_next < EMIT_OUTCOMES ? e->outcome_next : EMIT_OUTCOMES;
    for (size_t i = 0; status == MW_NOT_FOUND && i < known; i++) {
        const emit_outcome *o = &e->outcomes[(e->outcome_next - 1 - i) % EMIT_OUTCOMES];
        if (o->id == id) {
            status = o->status;
            *out_reason = o->reason;
        }
    }
    (void)pthread_mutex_unlock(&e->mutex);
    return status;
}

mw_emitter_stats mw_emitter_stats_of(mw_emitter *e) {
    (void)pthread_mutex_lock(&e->mutex);
    mw_emitter_stats stats = e->stats;
    (void)pthread_mutex_unlock(&e->mutex);
    return stats;
}
