/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/band_work.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "radio/workroom.h"

#define FOUND_ROOM 64u

typedef struct sub_band {
    mw_band_sub_plan plan;
    mw_receiver *receiver;
    mw_band_found found;
} sub_band;

struct mw_band_work {
    size_t subs, planned; /* made; room for */
    sub_band *sub;
    unsigned threads; /* running; 0: the caller works */
    unsigned rooms;
    mw_workroom **room; /* by part */
    pthread_t *workers;
    mw_band_job job;
    bool under_way;
    /* guarded by lock */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned taken, finished; /* parts of the job; all of them while there is none */
    bool stop;
};

static void take_frame(void *user, const mw_receiver_frame *frame) {
    mw_band_found *f = user;
    if (f->count == f->room) {
        size_t room = f->room == 0 ? FOUND_ROOM : 2 * f->room;
        mw_receiver_frame *more = realloc(f->frames, room * sizeof *more);
        if (more == NULL) {
            f->lost++;
            return;
        }
        f->frames = more;
        f->room = room;
    }
    f->frames[f->count++] = *frame;
}

static void take_copy(void *user, const mw_sigfox_copy *copy) {
    mw_band_found *f = user;
    if (f->copies_count == f->copies_room) {
        size_t room = f->copies_room == 0 ? FOUND_ROOM : 2 * f->copies_room;
        mw_sigfox_copy *more = realloc(f->copies, room * sizeof *more);
        if (more == NULL) {
            f->lost++;
            return;
        }
        f->copies = more;
        f->copies_room = room;
    }
    f->copies[f->copies_count++] = *copy;
}

static void take_undecoded(void *user, const mw_unb_copy *copy) {
    mw_band_found *f = user;
    if (f->undecoded_count == MW_BAND_UNDECODED_MAX) {
        f->undecoded_lost++;
        return;
    }
    f->undecoded[f->undecoded_count++] = *copy;
}

static void do_sub(sub_band *s, const mw_band_job *job) {
    const float *iq = job->samples + 2 * s->plan.channel * job->stride;
    if (job->n > 0) {
        mw_samples_block b = {.h = {.format = MW_SAMPLES_CF32,
                                    .first_index = job->first,
                                    .utc = MW_UTC_NONE,
                                    .rate_mhz = s->plan.radio.rate_mhz,
                                    .centre = s->plan.radio.centre,
                                    .count = job->n},
                              .payload = {(const uint8_t *)iq, job->n * 2 * sizeof *iq}};
        mw_status status = mw_receiver_push(s->receiver, &b);
        mw_assert(status == MW_OK);
    }
    if (job->flush)
        mw_receiver_flush(s->receiver);
    s->found.safe = mw_receiver_safe_index(s->receiver);
}

static void do_part(mw_band_work *w, unsigned part) {
    for (size_t i = 0; i < w->subs; i++) {
        if (w->sub[i].plan.part == part)
            do_sub(&w->sub[i], &w->job);
    }
}

static void *run(void *context) {
    mw_band_work *w = context;
    (void)pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        if (w->taken == w->rooms) {
            (void)pthread_cond_wait(&w->changed, &w->lock);
            continue;
        }
        unsigned part = w->taken++;
        (void)pthread_mutex_unlock(&w->lock);
        do_part(w, part);
        (void)pthread_mutex_lock(&w->lock);
        if (++w->finished == w->rooms)
            (void)pthread_cond_broadcast(&w->changed);
    }
    (void)pthread_mutex_unlock(&w->lock);
    return NULL;
}

static mw_status start_threads(mw_band_work *w, unsigned threads) {
    if (threads <= 1)
        return MW_OK;
    w->workers = calloc(threads, sizeof *w->workers);
    if (w->workers == NULL)
        return MW_NOMEM;
    for (unsigned i = 0; i < threads; i++) {
        if (pthread_create(&w->workers[i], NULL, run, w) != 0)
            return MW_NOMEM;
        w->threads++;
    }
    return MW_OK;
}

mw_status mw_band_work_new(const mw_band_plan *plan, unsigned threads, bool pair,
                           mw_band_work **out_work) {
    mw_band_work *w = calloc(1, sizeof *w);
    if (w == NULL)
        return MW_NOMEM;
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->changed, NULL);
    w->sub = calloc(plan->subs, sizeof *w->sub);
    w->planned = plan->subs;
    mw_status s = w->sub == NULL ? MW_NOMEM : MW_OK;
    w->room = calloc(plan->parts, sizeof(mw_workroom *));
    if (w->room == NULL)
        s = MW_NOMEM;
    for (; w->rooms < plan->parts && s == MW_OK; w->rooms += s == MW_OK)
        s = mw_workroom_new((double)plan->sub[0].radio.rate_mhz / 1000, &w->room[w->rooms]);
    for (size_t i = 0; i < plan->subs && s == MW_OK; i++) {
        w->sub[i].plan = plan->sub[i];
        w->sub[i].plan.radio.copy_sink = take_copy; /* copies may lie in two sub-bands */
        w->sub[i].plan.radio.room = w->room[plan->sub[i].part];
        if (pair) {
            w->sub[i].plan.radio.undecoded_sink = take_undecoded;
            w->sub[i].found.undecoded = calloc(MW_BAND_UNDECODED_MAX, sizeof(mw_unb_copy));
        }
        if (pair && w->sub[i].found.undecoded == NULL)
            s = MW_NOMEM;
        else
            s = mw_receiver_new(&w->sub[i].plan.radio, take_frame, &w->sub[i].found,
                                &w->sub[i].receiver);
        w->subs += s == MW_OK;
    }
    w->taken = w->finished = w->rooms;
    if (s == MW_OK)
        s = start_threads(w, threads);
    if (s != MW_OK) {
        mw_band_work_free(w);
        return s;
    }
    *out_work = w;
    return MW_OK;
}

void mw_band_work_free(mw_band_work *w) {
    if (w == NULL)
        return;
    (void)pthread_mutex_lock(&w->lock);
    w->stop = true;
    (void)pthread_cond_broadcast(&w->changed);
    (void)pthread_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->threads; i++)
        (void)pthread_join(w->workers[i], NULL);
    for (size_t i = 0; w->sub != NULL && i < w->planned; i++) {
        mw_receiver_free(w->sub[i].receiver);
        free(w->sub[i].found.undecoded);
        free(w->sub[i].found.frames);
        free(w->sub[i].found.copies);
    }
    (void)pthread_cond_destroy(&w->changed);
    (void)pthread_mutex_destroy(&w->lock);
    for (unsigned i = 0; i < w->rooms; i++)
        mw_workroom_free(w->room[i]);
    free(w->room);
    free(w->workers);
    free(w->sub);
    free(w);
}

void mw_band_work_begin(mw_band_work *w, const mw_band_job *job) {
    mw_assert(!w->under_way);
    w->under_way = true;
    (void)pthread_mutex_lock(&w->lock);
    w->job = *job;
    w->taken = w->finished = 0;
    (void)pthread_cond_broadcast(&w->changed);
    (void)pthread_mutex_unlock(&w->lock);
}

void mw_band_work_wait(mw_band_work *w) {
    if (!w->under_way)
        return;
    if (w->threads == 0) {
        do_part(w, 0);
        w->taken = w->finished = w->rooms;
    }
    (void)pthread_mutex_lock(&w->lock);
    while (w->finished < w->rooms)
        (void)pthread_cond_wait(&w->changed, &w->lock);
    (void)pthread_mutex_unlock(&w->lock);
    w->under_way = false;
}

mw_band_found *mw_band_work_found(mw_band_work *w, size_t sub) {
    mw_assert(!w->under_way);
    return &w->sub[sub].found;
}

const mw_receiver_stats *mw_band_work_stats(mw_band_work *w, size_t sub) {
    mw_assert(!w->under_way);
    return mw_receiver_stats_of(w->sub[sub].receiver);
}

size_t mw_band_work_memory(const mw_band_work *w) {
    size_t bytes = sizeof *w + w->subs * sizeof *w->sub;
    for (size_t i = 0; i < w->subs; i++)
        bytes +=
            mw_receiver_memory(w->sub[i].receiver) +
            w->sub[i].found.room * sizeof(mw_receiver_frame) +
            (w->sub[i].found.undecoded != NULL ? MW_BAND_UNDECODED_MAX * sizeof(mw_unb_copy) : 0);
    for (unsigned i = 0; i < w->rooms; i++)
        bytes += mw_workroom_memory(w->room[i]);
    return bytes;
}
