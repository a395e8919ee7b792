/* SPDX-License-Identifier: Apache-2.0 */
#include "station/timing.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#ifdef MW_HAVE_GPS
#include <gps.h>
#endif

#include "base/assert.h"
#include "runtime/log.h"

#define RETRY              mw_dur_s(30)
#define LOOK               mw_dur_s(1)
#define FRESH              mw_dur_s(10) /* a fix or pulse older than this counts no more */
#define UNKNOWN_US         UINT32_C(10000000)
#define PPS_US             20     /* the kernel or gpsd stamps the pulse */
#define FIX_US             150000 /* a sentence comes over a serial line */
#define DRIFT_S            900
#define DRIFT_MIN_S        60
#define UNCERTAINTY_MAX_US UINT32_C(1000000000)

struct mw_station_timing {
    mw_loop *loop;
    char host[128];
    char port[8];
    pthread_mutex_t mutex;
    mw_station_time state; /* what is told */
    mw_timer *timer;
    mw_watch *watch;
    bool connected;
    mw_mono next_try;
    mw_mono pulse_at, fix_at; /* when they came; 0: never */
    int64_t pulse_offset_us, fix_offset_us;
#ifdef MW_HAVE_GPS
    struct gps_data_t gps;
#endif
    mw_metric *uncertainty, *offset, *source[5];
};

static const char *const sources[5] = {"gps-pps", "gps", "ntp", "system", "town"};

bool mw_station_timing_has_gps(void) {
#ifdef MW_HAVE_GPS
    return true;
#else
    return false;
#endif
}

mw_station_time mw_station_timing_now(mw_station_timing *t) {
    (void)pthread_mutex_lock(&t->mutex);
    mw_station_time state = t->state;
    (void)pthread_mutex_unlock(&t->mutex);
    return state;
}

/* ---- the system clock ---- */

static mw_station_time system_time_quality(void) {
    struct timex x = {0};
    int state = adjtimex(&x);
    bool good = state >= 0 && state != TIME_ERROR && (x.status & STA_UNSYNC) == 0;
    int64_t bound = x.maxerror;
    mw_station_time q = {.source = good ? sources[2] : sources[3], .uncertainty_us = UNKNOWN_US};
    if (good && bound >= 0 && bound < (int64_t)UNCERTAINTY_MAX_US)
        q.uncertainty_us = (uint32_t)bound;
    return q;
}

/* ---- what holds now ---- */

static bool is_fresh(mw_mono now, mw_mono at) {
    return at.ns != 0 && mw_mono_since(now, at).ns < FRESH.ns;
}

static void settle(mw_station_timing *t) {
    mw_mono now = mw_clock_mono();
    mw_station_time s = system_time_quality();
    if (strcmp(mw_clock_source(mw_loop_clock(t->loop)), "town") == 0)
        s = (mw_station_time){.source = sources[4], .uncertainty_us = 1};
    else if (is_fresh(now, t->pulse_at))
        s = (mw_station_time){sources[0], t->pulse_offset_us, PPS_US};
    else if (s.source == sources[3] && is_fresh(now, t->fix_at))
        s = (mw_station_time){sources[1], t->fix_offset_us, FIX_US};
    (void)pthread_mutex_lock(&t->mutex);
    bool changed = t->state.source != s.source;
    t->state = s;
    (void)pthread_mutex_unlock(&t->mutex);
    mw_metric_set(t->uncertainty, s.uncertainty_us);
    mw_metric_set(t->offset, s.offset_us);
    for (unsigned i = 0; i < 5; i++)
        mw_metric_set(t->source[i], s.source == sources[i]);
    if (changed)
        mw_log(MW_LOG_INFO, "source of time", MW_S("time", s.source),
               MW_I("uncertainty_us", s.uncertainty_us), MW_I("offset_us", s.offset_us));
}

/* ---- gpsd ---- */

#ifdef MW_HAVE_GPS
static void gps_drop(mw_station_timing *t) {
    mw_watch_free(t->watch);
    t->watch = NULL;
    if (t->connected)
        (void)gps_close(&t->gps);
    t->connected = false;
    t->next_try = mw_mono_add(mw_clock_mono(), RETRY);
}

static int64_t us_between(struct timespec a, struct timespec b) {
    return ((int64_t)a.tv_sec - (int64_t)b.tv_sec) * MW_US_PER_S +
           ((int64_t)a.tv_nsec - (int64_t)b.tv_nsec) / 1000;
}

/* One message of gpsd has been read. */
static void gps_take(mw_station_timing *t) {
    mw_mono now = mw_clock_mono();
    if ((t->gps.set & PPS_SET) != 0) {
        t->pulse_offset_us = us_between(t->gps.pps.real, t->gps.pps.clock);
        t->pulse_at = now;
        t->gps.set &= ~PPS_SET;
    }
    if ((t->gps.set & TIME_SET) != 0 && t->gps.fix.mode >= MODE_2D) {
        mw_utc arrived = mw_clock_machine_utc();
        struct timespec clock = {.tv_sec = (time_t)(arrived.us / MW_US_PER_S),
                                 .tv_nsec = (long)(arrived.us % MW_US_PER_S * 1000)};
        t->fix_offset_us = us_between(t->gps.fix.time, clock);
        t->fix_at = now;
        t->gps.set &= ~TIME_SET;
    }
}

static void gps_on_data(void *context, unsigned events) {
    mw_station_timing *t = context;
    (void)events;
    do { /* libgps keeps what it read beyond one message */
        if (gps_read(&t->gps, NULL, 0) < 0) {
            gps_drop(t);
            return;
        }
        gps_take(t);
    } while (gps_waiting(&t->gps, 0));
    settle(t);
}

static void gps_connect(mw_station_timing *t) {
    t->next_try = mw_mono_add(mw_clock_mono(), RETRY);
    if (gps_open(t->host, t->port, &t->gps) != 0)
        return;
    t->connected = true;
    if (gps_stream(&t->gps, WATCH_ENABLE | WATCH_JSON | WATCH_PPS, NULL) != 0 ||
        mw_watch_new(t->loop, (int)t->gps.gps_fd, gps_on_data, t, &t->watch) != MW_OK) {
        gps_drop(t);
        return;
    }
    mw_watch_set(t->watch, MW_WATCH_READ);
    mw_log(MW_LOG_INFO, "connected to gpsd", MW_S("host", t->host));
}
#endif

static void timing_on_timer(void *context) {
    mw_station_timing *t = context;
#ifdef MW_HAVE_GPS
    if (t->host[0] != 0 && !t->connected && mw_mono_since(mw_clock_mono(), t->next_try).ns >= 0)
        gps_connect(t);
#endif
    settle(t);
}

static mw_status read_address(mw_station_timing *t, const char *text) {
    const char *colon = strrchr(text, ':');
    if (*text == 0)
        return MW_OK;
    if (colon == NULL || colon == text || (size_t)(colon - text) >= sizeof t->host ||
        strlen(colon + 1) >= sizeof t->port || colon[1] == 0)
        return MW_SYNTAX;
    (void)snprintf(t->host, sizeof t->host, "%.*s", (int)(colon - text), text);
    (void)snprintf(t->port, sizeof t->port, "%s", colon + 1);
    return MW_OK;
}

mw_status mw_station_timing_new(mw_loop *loop, const char *gpsd, mw_metrics *metrics,
                                mw_station_timing **out_timing) {
    mw_station_timing *t = calloc(1, sizeof *t);
    if (t == NULL)
        return MW_NOMEM;
    mw_assert(pthread_mutex_init(&t->mutex, NULL) == 0);
    t->loop = loop;
    t->state.source = "";
    t->uncertainty = mw_metrics_gauge(metrics, "mw_station_time_uncertainty_microseconds", NULL,
                                      "How far the station's time may be off.");
    t->offset = mw_metrics_gauge(metrics, "mw_station_time_offset_microseconds", NULL,
                                 "What is added to the system clock.");
    for (unsigned i = 0; i < 5; i++) {
        char label[40];
        (void)snprintf(label, sizeof label, "source=\"%s\"", sources[i]);
        t->source[i] = mw_metrics_gauge(metrics, "mw_station_time_source", label,
                                        "1 for where the station's time comes from.");
    }
    mw_status status = read_address(t, gpsd);
    if (status == MW_OK)
        status = mw_timer_new(loop, timing_on_timer, t, &t->timer);
    if (status != MW_OK) {
        mw_station_timing_free(t);
        return status;
    }
    if (strcmp(mw_clock_source(mw_loop_clock(loop)), "town") == 0)
        t->host[0] = 0; /* a town's time is exact */
    mw_timer_start(t->timer, LOOK, LOOK);
    timing_on_timer(t);
    *out_timing = t;
    return MW_OK;
}

void mw_station_timing_free(mw_station_timing *t) {
    if (t == NULL)
        return;
#ifdef MW_HAVE_GPS
    gps_drop(t);
#endif
    mw_timer_free(t->timer);
    (void)pthread_mutex_destroy(&t->mutex);
    free(t);
}

/* ---- the sample clock ---- */

static double seconds_of(const mw_sample_drift *d, uint64_t index) {
    return (double)(index - d->index0) * 1000.0 / (double)d->rate_mhz;
}

void mw_sample_drift_observe(mw_sample_drift *d, uint64_t index, mw_utc utc, uint64_t rate_mhz) {
    double passed_us = d->started ? (double)(utc.us - d->utc0.us) : 0;
    double off_us = d->started && index >= d->index ? passed_us - seconds_of(d, index) * 1e6 : 2e9;
    if (!d->started || d->rate_mhz != rate_mhz || off_us > 1e6 || off_us < -1e6) {
        *d = (mw_sample_drift){.started = true,
                               .rate_mhz = rate_mhz,
                               .index0 = index,
                               .utc0 = utc,
                               .index = index,
                               .utc = utc};
        return;
    }
    d->index = index;
    d->utc = utc;
    if (passed_us < DRIFT_MIN_S * 1e6)
        return;
    d->ppb = (int32_t)(-off_us * 1e9 / passed_us);
    d->known = true;
    if (passed_us >= DRIFT_S * 1e6) { /* oscillators wander: the next quarter of an hour */
        d->index0 = index;
        d->utc0 = utc;
    }
}

mw_status mw_sample_drift_of(const mw_sample_drift *d, int32_t *out_ppb) {
    if (!d->known)
        return MW_AGAIN;
    *out_ppb = d->ppb;
    return MW_OK;
}
