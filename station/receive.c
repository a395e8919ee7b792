/* SPDX-License-Identifier: Apache-2.0 */
#include "station/receive.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/log.h"
#include "station/listen.h"

#define RECEIVE_WAIT       mw_dur_ms(500)
#define RECEIVE_BLOCKS_MAX 64          /* between two times that frames are stored */
#define RECEIVE_RETRY      mw_dur_s(1) /* between two attempts to store on a full disk */

struct mw_station_receiver {
    const mw_station_config *config;
    const mw_clock *clock;
    mw_station_source *source;
    mw_station_store *store;
    mw_station_transmitter *transmitter; /* or NULL */
    mw_sample_drift drift;
    atomic_int drift_ppb; /* INT32_MIN: not known yet */
    mw_panorama *panorama;
    mw_wake *wake;
    pthread_t thread;
    atomic_bool stop;
    atomic_bool ended;
    atomic_bool blocked;
    atomic_uint_fast64_t blocks;
    atomic_uint_fast64_t turns;
    mw_band *receiver; /* made with the first block, which says rate and centre */
    mw_receiver_frame frames[MW_STATION_APPEND_MAX];
    size_t frames_n;
    uint64_t acknowledged;
    uint64_t connection;
    mw_status trouble; /* of the source, as last logged */
    bool fresh;        /* connected, but no block of this connection was taken yet */
    bool store_failed; /* stopped while frames could not be stored: nothing may be acknowledged */
    mw_metric *frames_total, *samples_total, *gap_total, *deaf_total, *drift_gauge, *connected,
        *connections, *refused_blocks, *jumps, *not_finite, *clipped, *undecoded, *undecoded_lost,
        *pairs, *combined, *joined, *missing;
};

static void receive_pause(mw_station_receiver *r, mw_dur d) {
    r->turns++;
    for (int64_t left = d.ns; left > 0 && !r->stop; left -= 50000000)
        (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
}

/* Makes the collected frames durable. On a full disk it tries until there is room: the source
 * waits, which is the only place left where frames can wait. False when stopped meanwhile. */
static bool receive_store(mw_station_receiver *r) {
    while (r->frames_n > 0) {
        mw_status status =
            mw_station_store_append(r->store, r->frames, r->frames_n, mw_clock_utc(r->clock));
        if (status == MW_OK) {
            mw_metric_add(r->frames_total, (int64_t)r->frames_n);
            if (r->transmitter != NULL)
                mw_station_transmitter_stored(r->transmitter, r->frames, r->frames_n,
                                              mw_station_store_first(r->store));
            r->frames_n = 0;
            r->blocked = false;
            mw_wake_send(r->wake);
            break;
        }
        r->blocked = true;
        mw_log(MW_LOG_ERROR, "frames cannot be stored; receiving waits", MW_ST("status", status),
               MW_I("frames", r->frames_n));
        if (r->stop) {
            r->store_failed = true;
            return false;
        }
        receive_pause(r, RECEIVE_RETRY);
    }
    return !r->store_failed;
}

static void receive_frame(void *context, const mw_receiver_frame *frame) {
    mw_station_receiver *r = context;
    if (r->frames_n == MW_STATION_APPEND_MAX && !receive_store(r))
        return; /* stopping: not acknowledged either, so the source sends it again */
    r->frames[r->frames_n++] = *frame;
    mw_panorama_frame(r->panorama, frame);
    if (r->transmitter != NULL)
        mw_station_transmitter_heard(r->transmitter, frame);
}

/* Stores what was decoded and tells the source how far it need not keep samples. */
static void receive_settle(mw_station_receiver *r) {
    if (!receive_store(r) || r->receiver == NULL || r->fresh)
        return;
    uint64_t safe = mw_band_safe_index(r->receiver);
    if (safe == r->acknowledged)
        return;
    mw_station_source_acknowledge(r->source, safe);
    r->acknowledged = safe;
}

static mw_status receive_new(mw_station_receiver *r, const mw_samples_header *h) {
    mw_band_config config;
    if (r->receiver != NULL) {
        mw_band_flush(r->receiver);
        mw_band_free(r->receiver);
        r->receiver = NULL;
    }
    MW_TRY(mw_station_band_config(r->config, h->rate_mhz, h->centre, &config));
    MW_TRY(mw_band_new(&config, receive_frame, r, &r->receiver));
    mw_log(MW_LOG_INFO, "receiving", MW_I("rate_hz", h->rate_mhz / 1000),
           MW_I("centre_hz", h->centre.mhz / 1000),
           MW_I("memory_bytes", mw_band_memory(r->receiver)));
    return MW_OK;
}

static mw_status receive_push(mw_station_receiver *r, const mw_samples_block *b) {
    mw_status status = r->receiver == NULL ? MW_CONFLICT : mw_band_push(r->receiver, b);
    if (status == MW_CONFLICT) {
        status = receive_new(r, &b->h);
        if (status == MW_OK)
            status = mw_band_push(r->receiver, b);
    }
    return status;
}

/* Samples [from, to) of a block, which are taken as they are or as a stretch of deafness. */
static mw_status receive_part(mw_station_receiver *r, const mw_samples_block *b, uint64_t from,
                              uint64_t to, bool deaf) {
    mw_samples_block part = *b;
    size_t bytes = mw_samples_format_bytes(b->h.format);
    uint64_t skip = from - b->h.first_index;
    if (from == to)
        return MW_OK;
    part.h.first_index = from;
    part.h.count = to - from;
    if (!mw_utc_is_none(b->h.utc))
        part.h.utc.us += (int64_t)((double)skip * 1e9 / (double)b->h.rate_mhz + 0.5);
    part.payload = mw_slice_sub(b->payload, (size_t)skip * bytes, (size_t)(to - from) * bytes);
    if (deaf) {
        part.h.format = MW_SAMPLES_GAP;
        part.h.flags |= MW_SAMPLES_FLAG_ERASED;
        part.payload = (mw_slice){0};
        mw_metric_add(r->deaf_total, (int64_t)part.h.count);
    }
    return receive_push(r, &part);
}

/* While the station sends it hears nothing else: what the front end delivers then is left out. */
static mw_status receive_hearing(mw_station_receiver *r, const mw_samples_block *b) {
    uint64_t at = b->h.first_index, end = at + b->h.count, from, to;
    if (r->transmitter == NULL || b->h.format == MW_SAMPLES_GAP)
        return receive_push(r, b);
    while (at < end && mw_station_transmitter_deaf(r->transmitter, at, end - at, &from, &to)) {
        MW_TRY(receive_part(r, b, at, from, false));
        MW_TRY(receive_part(r, b, from, to, true));
        at = to;
    }
    return receive_part(r, b, at, end, false);
}

static void receive_block(mw_station_receiver *r, const mw_samples_block *b) {
    mw_status status = receive_hearing(r, b);
    if (status != MW_OK) {
        mw_metric_add(r->refused_blocks, 1);
        mw_log(MW_LOG_ERROR, "samples cannot be received", MW_ST("status", status),
               MW_I("rate_hz", b->h.rate_mhz / 1000), MW_I("centre_hz", b->h.centre.mhz / 1000));
        return;
    }
    r->fresh = false;
    r->blocks++;
    mw_panorama_push(r->panorama, b);
    mw_station_store_raw(r->store, b, mw_clock_machine_utc());
    mw_metric_add(b->h.format == MW_SAMPLES_GAP ? r->gap_total : r->samples_total,
                  (int64_t)b->h.count);
    const mw_receiver_stats *heard = mw_band_input_of(r->receiver);
    mw_metric_set(r->jumps, (int64_t)heard->jumps);
    mw_metric_set(r->not_finite, (int64_t)heard->not_finite);
    mw_metric_set(r->clipped, (int64_t)heard->clipped);
    mw_metric_set(r->undecoded, (int64_t)heard->undecoded);
    mw_metric_set(r->undecoded_lost, (int64_t)heard->undecoded_lost);
    mw_metric_set(r->pairs, (int64_t)heard->pairs);
    mw_metric_set(r->combined, (int64_t)heard->combined);
    mw_metric_set(r->joined, (int64_t)heard->sigfox_joined);
    if ((b->h.flags & MW_SAMPLES_FLAG_LAST) != 0)
        mw_band_flush(r->receiver);
}

/* The sample clock against the time that the blocks are stamped with. */
static void receive_observe(mw_station_receiver *r, const mw_samples_header *h) {
    int32_t ppb;
    if (mw_utc_is_none(h->utc))
        return;
    mw_sample_drift_observe(&r->drift, h->first_index, h->utc, h->rate_mhz);
    if (mw_sample_drift_of(&r->drift, &ppb) == MW_OK) {
        r->drift_ppb = ppb;
        mw_metric_set(r->drift_gauge, ppb);
    }
}

static void receive_show_source(mw_station_receiver *r) {
    uint64_t connections = mw_station_source_connections(r->source);
    bool connected = mw_station_source_connected(r->source);
    mw_status trouble = mw_station_source_trouble(r->source);
    mw_metric_set(r->connected, connected);
    if (!connected && trouble != r->trouble)
        mw_log(MW_LOG_WARN, "no samples; trying again", MW_S("source", r->config->source),
               MW_ST("status", trouble), MW_S("detail", mw_station_source_why(r->source)));
    r->trouble = connected ? MW_OK : trouble;
    mw_metric_set(r->connections, (int64_t)connections);
    mw_metric_set(r->missing, (int64_t)mw_station_source_missing(r->source));
    if (connections != r->connection) {
        r->connection = connections;
        r->acknowledged = 0; /* the new peer does not know what the former one was told */
        r->fresh = true;     /* and may number its samples anew */
        if (r->transmitter != NULL)
            mw_station_transmitter_reconnected(r->transmitter);
        else
            mw_station_source_watermark(r->source, UINT64_MAX);
        mw_log(MW_LOG_INFO, "connected to the samples", MW_I("connection", connections));
    }
}

static void *receive_run(void *context) {
    mw_station_receiver *r = context;
    unsigned unsettled = 0;
    while (!r->stop) {
        r->turns++;
        mw_samples_block block;
        /* as long as samples are at hand their frames are collected; then they are stored at once
         */
        bool collecting = r->frames_n > 0 && r->frames_n < MW_STATION_APPEND_MAX / 2;
        mw_status status =
            mw_station_source_pull(r->source, collecting ? (mw_dur){0} : RECEIVE_WAIT, &block);
        receive_show_source(r);
        if (status == MW_OK) {
            receive_block(r, &block);
            receive_observe(r, &block.h);
            if (r->transmitter != NULL)
                mw_station_transmitter_turn(r->transmitter, &block.h);
            if (r->frames_n == 0 || r->frames_n >= MW_STATION_APPEND_MAX / 2 ||
                ++unsettled >= RECEIVE_BLOCKS_MAX) {
                receive_settle(r);
                unsettled = 0;
            }
            continue;
        }
        if (status == MW_CLOSED && !r->stop && r->receiver != NULL)
            mw_band_flush(r->receiver); /* a file's end */
        receive_settle(r);
        if (status == MW_CLOSED)
            break;
    }
    r->ended = true;
    mw_wake_send(r->wake);
    return NULL;
}

static void receive_metrics(mw_station_receiver *r, mw_metrics *m) {
    r->frames_total =
        mw_metrics_counter(m, "mw_station_frames_total", NULL, "Frames decoded and stored.");
    r->samples_total = mw_metrics_counter(m, "mw_station_samples_total", NULL,
                                          "Samples received, silence not counted.");
    r->gap_total = mw_metrics_counter(m, "mw_station_gap_samples_total", NULL,
                                      "Samples that the source said were silence or missing.");
    r->drift_gauge =
        mw_metrics_gauge(m, "mw_station_sample_drift_ppb", NULL,
                         "How much faster the sample clock runs than the time source.");
    r->deaf_total = mw_metrics_counter(m, "mw_station_deaf_samples_total", NULL,
                                       "Samples left out because the station itself was sending.");
    r->connected =
        mw_metrics_gauge(m, "mw_station_source_connected", NULL, "Whether samples can come.");
    r->connections = mw_metrics_gauge(m, "mw_station_source_connections", NULL,
                                      "Times that the source was opened.");
    r->refused_blocks = mw_metrics_counter(m, "mw_station_blocks_refused_total", NULL,
                                           "Sample blocks that the receiver could not take.");
    r->jumps = mw_metrics_gauge(m, "mw_station_sample_jumps", NULL,
                                "Sample blocks that did not continue the one before.");
    r->not_finite =
        mw_metrics_gauge(m, "mw_station_samples_not_finite", NULL,
                         "Parts of samples that were no number and were taken as 0, since the "
                         "samples began.");
    r->clipped = mw_metrics_gauge(m, "mw_station_samples_clipped", NULL,
                                  "Parts of samples at full scale, since the samples began: the "
                                  "front end is driven too hard.");
    r->undecoded = mw_metrics_gauge(m, "mw_station_copies_kept", NULL,
                                    "Receptions that could not be decoded and were kept for a "
                                    "copy of the same frame, since the samples began.");
    r->undecoded_lost = mw_metrics_gauge(m, "mw_station_copies_lost", NULL,
                                         "Of these, given up because the table was full.");
    r->pairs = mw_metrics_gauge(m, "mw_station_copies_pairs", NULL,
                                "Sums of such receptions that were given to the decoder.");
    r->combined = mw_metrics_gauge(m, "mw_station_frames_combined", NULL,
                                   "Frames that were decoded only from added copies.");
    r->joined = mw_metrics_gauge(m, "mw_station_sigfox_joined", NULL,
                                 "Sigfox messages that only their copies together told.");
    r->missing = mw_metrics_gauge(m, "mw_station_source_missing_bytes", NULL,
                                  "Bytes that the recording's own head promises and the file "
                                  "does not have.");
}

mw_status mw_station_receiver_start(const mw_station_config *config, mw_loop *loop,
                                    mw_station_source *source, mw_station_store *store,
                                    mw_station_transmitter *transmitter, mw_panorama *panorama,
                                    mw_metrics *metrics, mw_wake_fn *stored, void *context,
                                    mw_station_receiver **out_receiver) {
    mw_station_receiver *r = calloc(1, sizeof *r);
    if (r == NULL)
        return MW_NOMEM;
    r->config = config;
    r->clock = mw_loop_clock(loop);
    r->source = source;
    r->store = store;
    r->panorama = panorama;
    r->transmitter = transmitter;
    r->drift_ppb = INT32_MIN;
    receive_metrics(r, metrics);
    mw_status status = mw_wake_new(loop, stored, context, &r->wake);
    if (status == MW_OK && pthread_create(&r->thread, NULL, receive_run, r) != 0) {
        mw_wake_free(r->wake);
        status = MW_NOMEM;
    }
    if (status != MW_OK) {
        free(r);
        return status;
    }
    *out_receiver = r;
    return MW_OK;
}

bool mw_station_receiver_ended(const mw_station_receiver *r) {
    return r->ended;
}

uint64_t mw_station_receiver_blocks(const mw_station_receiver *r) {
    return r->blocks;
}

uint64_t mw_station_receiver_turns(const mw_station_receiver *r) {
    return r->turns;
}

mw_status mw_station_receiver_drift(const mw_station_receiver *r, int32_t *out_ppb) {
    int32_t ppb = r->drift_ppb;
    if (ppb == INT32_MIN)
        return MW_AGAIN;
    *out_ppb = ppb;
    return MW_OK;
}

bool mw_station_receiver_blocked(const mw_station_receiver *r) {
    return r->blocked;
}

void mw_station_receiver_stop(mw_station_receiver *r) {
    if (r == NULL)
        return;
    r->stop = true;
    mw_station_source_stop(r->source);
    (void)pthread_join(r->thread, NULL);
    mw_wake_free(r->wake);
    mw_band_free(r->receiver);
    free(r);
}
