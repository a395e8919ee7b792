/* SPDX-License-Identifier: Apache-2.0 */
#include "station/transmit.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "protocols/smp/frame.h"
#include "radio/channel.h"
#include "radio/modulator.h"
#include "runtime/file.h"
#include "runtime/log.h"
#include "station/entry.h"
#include "station/outcome.h"

#define ON_AIR_MAX 32u
#define CHUNK      8192u
/* Carriers lie this close to the centre that the radio is tuned to. */
#define RASTER_MHZ  INT64_C(10000000)
#define PER_SYMBOL  16u
#define RATE_MIN_HZ 15000u
/* A burst's highest instant is 2.8 dB above its mean (docs/spec/unb.md section 3). */
#define PEAK_CDB 280
/* Before and after a burst the receiver hears the transmitter switch. */
#define DEAF_MARGIN_US 1000

typedef struct on_air {
    mw_schedule_burst burst;
    uint64_t from, to; /* samples of the receiver's stream */
    bool reported;
} on_air;

struct mw_station_transmitter {
    const mw_station_config *config;
    mw_station_store *store;
    mw_station_antenna antenna;
    mw_unb_plan plan;
    mw_airtime airtime;
    pthread_mutex_t mutex; /* of the schedule */
    mw_schedule *schedule;
    mw_utc now; /* of the samples taken so far */
    on_air air[ON_AIR_MAX];
    size_t air_next;
    uint64_t told; /* watermark */
    bool told_any;
    float iq[2 * CHUNK];
    mw_metric *state[MW_DOWNLINK_STATE_COUNT], *entries, *airtime_ms, *used_permille, *underruns;
};

/* ---- opening ---- */

static mw_status load_plan(const char *words, mw_unb_plan *out_plan, char error[160]) {
    mw_unb_plan_fault why;
    mw_status status = mw_unb_plan_of_words(words, mw_file_load, &why, out_plan);
    if (status != MW_OK && why.line > 0)
        (void)snprintf(error, 160, "transmit.plan: line %u: %.100s", (unsigned)why.line, why.text);
    else if (status != MW_OK)
        (void)snprintf(error, 160, "transmit.plan: %.100s", why.text);
    return status;
}

static mw_status check_power(const mw_station_transmitter *t, char error[160]) {
    int32_t erp = t->config->transmit_erp.cdbm;
    bool down = false;
    for (unsigned i = 0; i < t->plan.bands; i++) {
        if (t->plan.band[i].direction != MW_UNB_DOWN)
            continue;
        down = true;
        if (erp > t->plan.band[i].erp.cdbm) {
            (void)snprintf(error, 160, "transmit.erp: sub-band %s allows %.2f dBm",
                           t->plan.band[i].name, t->plan.band[i].erp.cdbm / 100.0);
            return MW_RANGE;
        }
    }
    if (!down)
        (void)snprintf(error, 160, "transmit.plan: the plan has no downlink");
    else if (erp + PEAK_CDB > t->config->transmit_full_scale.cdbm)
        (void)snprintf(error, 160,
                       "transmit.erp: peaks are 2.8 dB above it, beyond transmit.full_scale");
    else
        return MW_OK;
    return MW_RANGE;
}

static void make_metrics(mw_station_transmitter *t, mw_metrics *m) {
    for (unsigned i = 0; i < MW_DOWNLINK_STATE_COUNT; i++) {
        char label[40];
        (void)snprintf(label, sizeof label, "state=\"%s\"",
                       mw_downlink_state_name((mw_downlink_state)i));
        t->state[i] = mw_metrics_counter(m, "mw_station_downlinks_total", label,
                                         "Downlinks that ended, by how.");
    }
    t->entries = mw_metrics_gauge(m, "mw_station_downlinks_waiting", NULL,
                                  "Downlinks that wait for their moment.");
    t->airtime_ms = mw_metrics_counter(m, "mw_station_airtime_milliseconds_total", NULL,
                                       "How long the station was sending.");
    t->underruns = mw_metrics_gauge(m, "mw_station_transmit_underruns", NULL,
                                    "Times that the radio ran out of samples while sending.");
    t->used_permille = mw_metrics_gauge(
        m, "mw_station_duty_used_permille", NULL,
        "Share of the last hour's allowed airtime that was used, fullest sub-band.");
}

static mw_status open_book(mw_station_transmitter *t, mw_utc now, char error[160]) {
    char path[4096];
    const char *named = t->config->transmit_airtime;
    int n = named[0] != 0 ? snprintf(path, sizeof path, "%s", named)
                          : snprintf(path, sizeof path, "%s/airtime", t->config->spool_folder);
    (void)snprintf(error, 160, "transmit.airtime: the file cannot be used");
    if (n < 0 || (size_t)n >= sizeof path)
        return MW_LIMIT;
    return mw_airtime_open(&t->airtime, &t->plan, path, now);
}

mw_status mw_station_transmitter_new(const mw_station_config *config, uint64_t epoch, mw_utc now,
                                     mw_station_store *store, mw_metrics *metrics,
                                     const mw_station_antenna *antenna,
                                     mw_station_transmitter **out_transmitter, char error[160]) {
    mw_station_transmitter *t = calloc(1, sizeof *t);
    (void)snprintf(error, 160, "out of memory");
    if (t == NULL)
        return MW_NOMEM;
    mw_assert(pthread_mutex_init(&t->mutex, NULL) == 0);
    t->airtime.fd = -1;
    t->config = config;
    t->store = store;
    t->antenna = *antenna;
    t->now = now;
    mw_status status = load_plan(config->transmit_plan, &t->plan, error);
    if (status == MW_OK)
        status = check_power(t, error);
    if (status == MW_OK)
        status = open_book(t, now, error);
    if (status == MW_OK) {
        mw_schedule_config c = {.plan = &t->plan,
                                .airtime = &t->airtime,
                                .epoch = epoch,
                                .lead = config->transmit_lead};
        status = mw_schedule_new(&c, &t->schedule);
    }
    if (status != MW_OK) {
        mw_station_transmitter_free(t);
        return status;
    }
    make_metrics(t, metrics);
    *out_transmitter = t;
    return MW_OK;
}

void mw_station_transmitter_free(mw_station_transmitter *t) {
    if (t == NULL)
        return;
    mw_schedule_free(t->schedule);
    mw_airtime_close(&t->airtime);
    (void)pthread_mutex_destroy(&t->mutex);
    free(t);
}

/* ---- the stream of downlinks ---- */

static void take_entry(mw_station_transmitter *t, mw_slice data) {
    mw_downlink d;
    const char *why = "";
    mw_status status = mw_station_entry_parse(data, &d, &why);
    if (status == MW_OK)
        mw_schedule_add(t->schedule, &d, t->now);
    else if (status == MW_UNSUPPORTED)
        mw_schedule_refuse(t->schedule, d.id, why, t->now);
    else
        mw_log(MW_LOG_WARN, "a downlink without an id came from the platform; ignored",
               MW_I("bytes", data.n));
}

void mw_station_transmitter_event(mw_station_transmitter *t, const char *event, mw_slice data) {
    uint64_t id = 0;
    (void)pthread_mutex_lock(&t->mutex);
    if (strcmp(event, "downlink") == 0)
        take_entry(t, data);
    else if (strcmp(event, "cancel") == 0 && mw_station_entry_id(data, &id) == MW_OK)
        mw_schedule_cancel(t->schedule, id, t->now);
    else if (strcmp(event, "hello") == 0)
        mw_schedule_hello(t->schedule);
    else if (strcmp(event, "synced") == 0)
        mw_schedule_synced(t->schedule);
    mw_metric_set(t->entries, (int64_t)mw_schedule_entries(t->schedule));
    (void)pthread_mutex_unlock(&t->mutex);
}

size_t mw_station_transmitter_entries(mw_station_transmitter *t) {
    (void)pthread_mutex_lock(&t->mutex);
    size_t n = mw_schedule_entries(t->schedule);
    (void)pthread_mutex_unlock(&t->mutex);
    return n;
}

/* ---- uplinks ---- */

static bool uplink_of(const mw_receiver_frame *f, mw_schedule_uplink *out) {
    mw_smp_header h;
    if (f->rate >= MW_UNB_RATE_COUNT || f->size >= MW_UNB_SIZE_COUNT ||
        mw_smp_header_decode((mw_slice){f->payload, f->payload_bytes}, MW_SMP_UP, &h) != MW_OK)
        return false;
    *out = (mw_schedule_uplink){.address = h.address,
                                .counter = h.counter_low,
                                .rate = (mw_unb_rate)f->rate,
                                .size = (mw_unb_size)f->size,
                                .start = f->start,
                                .frequency = f->frequency};
    return true;
}

mw_station_duty mw_station_transmitter_duty(mw_station_transmitter *t, mw_utc now) {
    int64_t used = 0;
    int64_t budget = 0;
    (void)pthread_mutex_lock(&t->mutex);
    for (unsigned i = 0; i < t->plan.bands; i++) {
        int64_t of_band = mw_airtime_budget_us(&t->plan, i);
        int64_t sent = mw_airtime_used_us(&t->airtime, i, now);
        if (t->plan.band[i].direction != MW_UNB_DOWN || of_band == 0)
            continue;
        if (budget == 0 || sent * 1000 / of_band > used * 1000 / budget) {
            used = sent;
            budget = of_band;
        }
    }
    (void)pthread_mutex_unlock(&t->mutex);
    return (mw_station_duty){used / 3600, budget / 3600, budget > used ? budget - used : 0};
}

void mw_station_transmitter_heard(mw_station_transmitter *t, const mw_receiver_frame *f) {
    mw_schedule_uplink u;
    if (!uplink_of(f, &u))
        return;
    (void)pthread_mutex_lock(&t->mutex);
    mw_schedule_heard(t->schedule, &u);
    (void)pthread_mutex_unlock(&t->mutex);
}

void mw_station_transmitter_stored(mw_station_transmitter *t, const mw_receiver_frame *f, size_t n,
                                   uint64_t first) {
    (void)pthread_mutex_lock(&t->mutex);
    for (size_t i = 0; i < n; i++) {
        mw_schedule_uplink u;
        if (uplink_of(&f[i], &u))
            mw_schedule_numbered(t->schedule, &u, first + i);
    }
    (void)pthread_mutex_unlock(&t->mutex);
}

/* ---- bursts ---- */

/* How much slower than the receiver's the burst's own rate may be. */
static unsigned rate_factor(const mw_station_transmitter *t, uint64_t rate_mhz, unsigned baud) {
    unsigned factor = 1;
    unsigned need_hz = PER_SYMBOL * baud > RATE_MIN_HZ ? PER_SYMBOL * baud : RATE_MIN_HZ;
    while (factor * 2 <= t->antenna.rate_factor_max && rate_mhz % (factor * 2) == 0 &&
           rate_mhz / (factor * 2) >= UINT64_C(1000) * need_hz)
        factor *= 2;
    return factor;
}

/* Moment of a sample of the receiver's stream, and back. */
static double index_of(const mw_samples_header *h, mw_utc t) {
    return (double)h->first_index + (double)(t.us - h->utc.us) * ((double)h->rate_mhz / 1e9);
}

/* A radio keeps its receiver's centre where it can: bursts follow each other without retuning. */
static int64_t centre_of(const mw_station_transmitter *t, const mw_samples_header *h,
                         const mw_schedule_burst *b) {
    int64_t reach = (int64_t)(h->rate_mhz / 100 * 45);
    if (t->antenna.emit != NULL && b->carrier.mhz > h->centre.mhz - reach &&
        b->carrier.mhz < h->centre.mhz + reach)
        return h->centre.mhz;
    return (b->carrier.mhz + RASTER_MHZ / 2) / RASTER_MHZ * RASTER_MHZ;
}

static mw_status render(mw_station_transmitter *t, const mw_samples_header *h,
                        const mw_schedule_burst *b) {
    mw_unb_frame frame;
    unsigned baud = mw_unb_rate_bd(b->rate);
    unsigned factor = rate_factor(t, h->rate_mhz, baud);
    mw_slice payload = {b->payload, mw_unb_layout_of(b->size)->payload_bytes};
    MW_TRY(mw_unb_frame_encode(b->size, payload, &frame));
    double at = index_of(h, b->start) / factor, whole = floor(at);
    int64_t centre = centre_of(t, h, b);
    double level = (t->config->transmit_erp.cdbm - t->config->transmit_full_scale.cdbm) / 100.0;
    mw_burst_setup setup = {.bits = frame.bits,
                            .count = frame.symbols,
                            .start_index = (uint64_t)whole,
                            .start_fraction = at - whole,
                            .rate = (double)h->rate_mhz / 1000 / factor,
                            .baud = baud,
                            .offset_hz = (double)(b->carrier.mhz - centre) / 1000,
                            .amplitude = mw_channel_amplitude(level, 0)};
    mw_burst burst;
    MW_TRY(mw_burst_init(&burst, &setup));
    if (t->antenna.emit != NULL)
        return t->antenna.emit(t->antenna.context, b->id, &burst, (mw_freq){centre});
    uint64_t index = mw_burst_first(&burst), end = mw_burst_end(&burst);
    while (index < end) {
        size_t n = end - index < CHUNK ? (size_t)(end - index) : CHUNK;
        memset(t->iq, 0, 2 * n * sizeof t->iq[0]);
        (void)mw_burst_render(&burst, index, n, t->iq);
        mw_samples_block block = {.h = {.format = MW_SAMPLES_CF32,
                                        .flags = index + n == end ? MW_SAMPLES_FLAG_LAST : 0,
                                        .first_index = index,
                                        .utc = MW_UTC_NONE,
                                        .rate_mhz = h->rate_mhz / factor,
                                        .centre = {centre},
                                        .count = n},
                                  .payload = {(const uint8_t *)t->iq, 2 * n * sizeof t->iq[0]}};
        MW_TRY(t->antenna.burst(t->antenna.context, &block));
        index += n;
    }
    return MW_OK;
}

static void burst_failed(mw_station_transmitter *t, const mw_schedule_burst *b, mw_status status,
                         const char *why) {
    mw_schedule_done(t->schedule, b,
                     status == MW_TIMEOUT ? MW_DOWNLINK_TOO_LATE : MW_DOWNLINK_REFUSED, why);
}

static void send_burst(mw_station_transmitter *t, const mw_samples_header *h,
                       const mw_schedule_burst *b) {
    mw_status status = render(t, h, b);
    if (status != MW_OK) {
        mw_log(MW_LOG_WARN, "a downlink could not be sent", MW_X("id", b->id),
               MW_ST("status", status));
        const char *why = status == MW_TIMEOUT       ? "the radio got it too late"
                          : status == MW_UNSUPPORTED ? "this source of samples cannot send"
                          : status == MW_LIMIT       ? "the radio is busy"
                          : status == MW_RANGE       ? "the radio's rate does not suit this burst"
                                                     : "the radio is away";
        burst_failed(t, b, status, why);
        return;
    }
    on_air *a = &t->air[t->air_next++ % ON_AIR_MAX];
    int64_t from_us = b->start.us - MW_US_PER_S * 5 / 2 / (int64_t)mw_unb_rate_bd(b->rate);
    double from = index_of(h, (mw_utc){from_us - DEAF_MARGIN_US});
    double to = index_of(h, (mw_utc){from_us + b->length_us + DEAF_MARGIN_US});
    *a = (on_air){.burst = *b, .from = from > 0 ? (uint64_t)from : 0, .to = (uint64_t)to + 1};
    mw_metric_add(t->airtime_ms, b->length_us / 1000);
    int64_t end = from_us + b->length_us;
    int64_t used = mw_airtime_used_us(&t->airtime, b->band, (mw_utc){end});
    mw_metric_set(t->used_permille, used * 1000 / mw_airtime_budget_us(&t->plan, b->band));
    mw_log(MW_LOG_DEBUG, "sending", MW_X("id", b->id), MW_I("carrier_hz", b->carrier.mhz / 1000),
           MW_S("rate", mw_unb_rate_name(b->rate)), MW_I("airtime_ms", b->length_us / 1000));
}

/* Reports the bursts that are over at sample `index`. */
static void report_sent(mw_station_transmitter *t, uint64_t index) {
    for (size_t i = 0; i < ON_AIR_MAX; i++) {
        on_air *a = &t->air[i];
        if (a->to == 0 || a->reported || a->to > index)
            continue;
        const char *why = "the radio forgot it";
        mw_status status = MW_OK;
        if (t->antenna.outcome != NULL)
            status = t->antenna.outcome(t->antenna.context, a->burst.id, &why);
        if (status == MW_AGAIN)
            continue;
        a->reported = true;
        if (status == MW_OK)
            mw_schedule_done(t->schedule, &a->burst, MW_DOWNLINK_SENT, "");
        else
            burst_failed(t, &a->burst, status, why);
    }
}

static void spool_results(mw_station_transmitter *t) {
    mw_downlink_result r;
    while (mw_schedule_result(t->schedule, &r)) {
        uint8_t record[MW_STATION_OUTCOME_MAX];
        mw_slice bytes = {record, mw_station_outcome_encode(&r, record)};
        if (mw_station_store_append_record(t->store, bytes) != MW_OK)
            return; /* full: kept until there is room */
        mw_schedule_result_drop(t->schedule);
        mw_metric_add(t->state[r.state], 1);
        mw_log(r.state == MW_DOWNLINK_SENT ? MW_LOG_DEBUG : MW_LOG_INFO, "a downlink ended",
               MW_X("id", r.id), MW_S("state", mw_downlink_state_name(r.state)),
               MW_S("reason", r.reason));
    }
}

void mw_station_transmitter_turn(mw_station_transmitter *t, const mw_samples_header *h) {
    uint64_t index = h->first_index + h->count;
    mw_schedule_burst burst;
    if (mw_utc_is_none(h->utc) || h->rate_mhz == 0)
        return;
    (void)pthread_mutex_lock(&t->mutex);
    t->now.us = h->utc.us + (int64_t)((double)h->count * 1e9 / (double)h->rate_mhz);
    report_sent(t, index);
    while (mw_schedule_next(t->schedule, t->now, &burst))
        send_burst(t, h, &burst);
    double promised = floor(index_of(h, mw_schedule_watermark(t->schedule)));
    spool_results(t);
    if (t->antenna.stats != NULL)
        mw_metric_set(t->underruns, (int64_t)t->antenna.stats(t->antenna.context).underruns);
    mw_metric_set(t->entries, (int64_t)mw_schedule_entries(t->schedule));
    (void)pthread_mutex_unlock(&t->mutex);
    if (promised < 0)
        return;
    if (!t->told_any || (uint64_t)promised > t->told) {
        t->told = (uint64_t)promised;
        t->told_any = true;
        t->antenna.watermark(t->antenna.context, t->told);
    }
}

void mw_station_transmitter_reconnected(mw_station_transmitter *t) {
    t->told_any = false;
    if (t->antenna.outcome == NULL)
        return;
    /* another radio, or the same one again: it counts its samples anew, what it had is lost */
    (void)pthread_mutex_lock(&t->mutex);
    report_sent(t, UINT64_MAX);
    memset(t->air, 0, sizeof t->air);
    (void)pthread_mutex_unlock(&t->mutex);
}

bool mw_station_transmitter_deaf(const mw_station_transmitter *t, uint64_t first, uint64_t n,
                                 uint64_t *out_from, uint64_t *out_to) {
    bool found = false;
    for (size_t i = 0; i < ON_AIR_MAX; i++) {
        const on_air *a = &t->air[i];
        if (a->to <= first || a->from >= first + n || (found && a->from >= *out_from))
            continue;
        *out_from = a->from > first ? a->from : first;
        *out_to = a->to < first + n ? a->to : first + n;
        found = true;
    }
    return found;
}
