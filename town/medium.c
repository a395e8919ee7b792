/* SPDX-License-Identifier: Apache-2.0 */
#include "town/medium.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/crc.h"
#include "base/prng.h"

#define TWO_PI 6.28318530717958647692
/* A window reaches this much farther than the meter's own: the resolution of clocks. */
#define SLACK_US 20000
#define LEAD_S   0.15 /* samples before the window */
/* A carrier may have moved this far since the uplink that is answered. */
#define REACH_HZ 50.0
#define CLIP_US  INT64_C(300000)
#define PIECE    0.375 /* of the sample rate, to both sides */
/* Bursts are kept this long after their end. */
#define KEEP_US        (INT64_C(60) * MW_US_PER_S)
#define NOISE_FULL_DBM (-100.0)
#define RECORD_BYTES   (8 + 8 + 8 + 4 + 1 + MW_UNB_PAYLOAD_MAX + 4)
#define RECORDS_MAX    1000000u
#define FADE_STREAM    UINT64_C(0x646f776e)

typedef struct burst {
    uint64_t first; /* at its own rate */
    double rate_hz;
    double centre_hz;
    float *iq;
    size_t count, room;
    bool complete;
} burst;

typedef struct record {
    uint64_t device_id;
    int64_t window_us; /* when the meter opened its receiver, by true time */
    mw_town_heard heard;
} record;

struct mw_town_medium {
    mw_town_medium_config config;
    const mw_town_air *air;
    burst bursts[MW_TOWN_MEDIUM_BURSTS_MAX];
    size_t count;
    size_t bytes;
    uint64_t taken, dropped;
    mw_channel_noise noise;
    double noise_rate;
    mw_window *window[MW_UNB_RATE_COUNT];
    double window_rate[MW_UNB_RATE_COUNT];
    int fd;
    record *records;
    size_t records_n, records_room;
};

/* ---- journal ---- */

static bool record_decode(const uint8_t in[RECORD_BYTES], record *out) {
    mw_reader r = mw_reader_of((mw_slice){in, RECORD_BYTES});
    record x = {.device_id = mw_read_u64le(&r)};
    x.window_us = (int64_t)mw_read_u64le(&r);
    x.heard.start.us = (int64_t)mw_read_u64le(&r);
    x.heard.es_n0_db = (double)(int32_t)mw_read_u32le(&r) / 100;
    x.heard.payload_bytes = mw_read_u8(&r);
    mw_slice payload = mw_read_bytes(&r, MW_UNB_PAYLOAD_MAX);
    uint32_t crc = mw_read_u32le(&r);
    if (r.status != MW_OK || crc != mw_crc32((mw_slice){in, RECORD_BYTES - 4}) ||
        x.heard.payload_bytes > MW_UNB_PAYLOAD_MAX)
        return false;
    memcpy(x.heard.payload, payload.p, payload.n);
    *out = x;
    return true;
}

static void record_encode(const record *x, uint8_t out[RECORD_BYTES]) {
    mw_writer w = mw_writer_of((mw_span){out, RECORD_BYTES});
    mw_write_u64le(&w, x->device_id);
    mw_write_u64le(&w, (uint64_t)x->window_us);
    mw_write_u64le(&w, (uint64_t)x->heard.start.us);
    mw_write_u32le(&w, (uint32_t)(int32_t)lround(x->heard.es_n0_db * 100));
    mw_write_u8(&w, (uint8_t)x->heard.payload_bytes);
    mw_write_bytes(&w, (mw_slice){x->heard.payload, MW_UNB_PAYLOAD_MAX});
    mw_write_u32le(&w, mw_crc32((mw_slice){out, RECORD_BYTES - 4}));
    mw_assert(w.status == MW_OK);
}

static mw_status record_add(mw_town_medium *m, const record *x) {
    if (m->records_n == RECORDS_MAX)
        return MW_LIMIT;
    if (m->records_n == m->records_room) {
        size_t room = m->records_room == 0 ? 64 : 2 * m->records_room;
        record *more = realloc(m->records, room * sizeof *more);
        if (more == NULL)
            return MW_NOMEM;
        m->records = more;
        m->records_room = room;
    }
    m->records[m->records_n++] = *x;
    return MW_OK;
}

static mw_status journal_open(mw_town_medium *m, const char *path) {
    m->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (m->fd < 0)
        return MW_IO;
    uint8_t bytes[RECORD_BYTES];
    off_t good = 0;
    record x;
    while (read(m->fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes && record_decode(bytes, &x)) {
        MW_TRY(record_add(m, &x));
        good += (off_t)sizeof bytes;
    }
    /* A torn last record was never given to a meter. */
    return ftruncate(m->fd, good) == 0 && lseek(m->fd, good, SEEK_SET) == good ? MW_OK : MW_IO;
}

static int64_t window_us(const mw_town_meter *meter) {
    return mw_host_crystal_utc(&meter->crystal, meter->listen.from).us;
}

bool mw_town_medium_recall(const mw_town_medium *m, const mw_town_meter *meter,
                           mw_town_heard *out_heard) {
    for (size_t i = 0; i < m->records_n; i++) {
        const record *x = &m->records[i];
        if (x->device_id == meter->device->device_id && x->window_us == window_us(meter)) {
            *out_heard = x->heard;
            return true;
        }
    }
    return false;
}

mw_status mw_town_medium_note(mw_town_medium *m, const mw_town_meter *meter,
                              const mw_town_heard *heard) {
    record x = {
        .device_id = meter->device->device_id, .window_us = window_us(meter), .heard = *heard};
    uint8_t bytes[RECORD_BYTES];
    if (m->fd < 0)
        return MW_OK;
    record_encode(&x, bytes);
    if (write(m->fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes || fdatasync(m->fd) != 0)
        return MW_IO;
    return record_add(m, &x);
}

/* ---- opening ---- */

mw_status mw_town_medium_open(const mw_town_medium_config *config, const mw_town_air *air,
                              mw_town_medium **out_medium) {
    mw_town_medium *m = calloc(1, sizeof *m);
    if (m == NULL)
        return MW_NOMEM;
    m->config = *config;
    m->air = air;
    m->fd = -1;
    mw_status status = config->journal == NULL ? MW_OK : journal_open(m, config->journal);
    if (status != MW_OK) {
        mw_town_medium_close(m);
        return status;
    }
    *out_medium = m;
    return MW_OK;
}

void mw_town_medium_close(mw_town_medium *m) {
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->count; i++)
        free(m->bursts[i].iq);
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++)
        mw_window_free(m->window[i]);
    if (m->fd >= 0)
        (void)close(m->fd);
    free(m->records);
    free(m);
}

uint64_t mw_town_medium_bursts(const mw_town_medium *m) {
    return m->taken;
}

uint64_t mw_town_medium_dropped(const mw_town_medium *m) {
    return m->dropped;
}

/* ---- what the station sends ---- */

static double burst_start_us(const mw_town_medium *m, const burst *b) {
    return (double)m->config.start.us + (double)b->first * 1e6 / b->rate_hz;
}

static double burst_end_us(const mw_town_medium *m, const burst *b) {
    return (double)m->config.start.us + (double)(b->first + b->count) * 1e6 / b->rate_hz;
}

static void drop_burst(mw_town_medium *m, size_t i) {
    m->bytes -= m->bursts[i].room * 2 * sizeof(float);
    free(m->bursts[i].iq);
    m->count--;
    memmove(&m->bursts[i], &m->bursts[i + 1], (m->count - i) * sizeof m->bursts[0]);
}

static burst *burst_for(mw_town_medium *m, const mw_samples_header *h) {
    double rate = (double)h->rate_mhz / 1000, centre = (double)h->centre.mhz / 1000;
    burst *last = m->count > 0 ? &m->bursts[m->count - 1] : NULL;
    if (last != NULL && !last->complete && last->rate_hz == rate && last->centre_hz == centre &&
        last->first + last->count == h->first_index)
        return last;
    if (last != NULL)
        last->complete = true; /* cut off */
    if (m->count == MW_TOWN_MEDIUM_BURSTS_MAX) {
        drop_burst(m, 0);
        m->dropped++;
    }
    burst *b = &m->bursts[m->count++];
    *b = (burst){.first = h->first_index, .rate_hz = rate, .centre_hz = centre};
    m->taken++;
    return b;
}

void mw_town_medium_take(mw_town_medium *m, const mw_samples_block *block) {
    size_t n = (size_t)block->h.count;
    if (block->h.format == MW_SAMPLES_GAP || m->bytes > MW_TOWN_MEDIUM_BYTES_MAX) {
        m->dropped++;
        return;
    }
    burst *b = burst_for(m, &block->h);
    while (m->count > 1 &&
           burst_end_us(m, &m->bursts[0]) + (double)KEEP_US < burst_start_us(m, b)) {
        drop_burst(m, 0);
        b = &m->bursts[m->count - 1];
    }
    if (b->count + n > b->room) {
        size_t room = b->count + n > 2 * b->room ? b->count + n : 2 * b->room;
        float *more = realloc(b->iq, 2 * room * sizeof *more);
        if (more == NULL) {
            m->dropped++;
            return;
        }
        m->bytes += (room - b->room) * 2 * sizeof(float);
        b->iq = more;
        b->room = room;
    }
    mw_samples_to_float(block, 0, n, b->iq + 2 * b->count, NULL);
    b->count += n;
    b->complete = (block->h.flags & MW_SAMPLES_FLAG_LAST) != 0;
}

/* ---- what a meter hears ---- */

/* Where the meter's receiver really listens, Hz. */
static double tuned_to(const mw_town_meter *meter) {
    return (double)meter->listen.carrier.mhz / 1e3 * (1 + meter->crystal.ppb * 1e-9);
}

/* The burst within the meter's reach whose first symbol begins in the window, or NULL. */
static const burst *burst_in(const mw_town_medium *m, const mw_town_meter *meter, mw_utc from,
                             mw_utc to) {
    const mw_meter_listen *l = &meter->listen;
    double tail_us = 2.5e6 / mw_unb_rate_bd(l->rate);
    for (size_t i = 0; i < m->count; i++) {
        double start = burst_start_us(m, &m->bursts[i]) + tail_us;
        double off = fabs(m->bursts[i].centre_hz - tuned_to(meter));
        if (off <= m->bursts[i].rate_hz / 2 + (double)l->reach.mhz / 1e3 &&
            start >= (double)(from.us - SLACK_US) && start <= (double)(to.us + SLACK_US))
            return &m->bursts[i];
    }
    return NULL;
}

/* Adds a burst as it arrives at a receiver tuned to carrier_hz; iq[0] is sample `origin`. */
static void add_burst(const burst *b, double rate_hz, double carrier_hz, double gain,
                      int64_t origin, size_t n, float *iq) {
    double shift = b->centre_hz - carrier_hz;
    if (b->rate_hz != rate_hz || fabs(shift) > rate_hz / 2)
        return; /* outside the channel */
    int64_t from = (int64_t)b->first > origin ? (int64_t)b->first : origin;
    int64_t to = (int64_t)(b->first + b->count), end = origin + (int64_t)n;
    to = to < end ? to : end;
    double turn = TWO_PI * shift / rate_hz;
    double cycles = shift / rate_hz * (double)from;
    double phase = TWO_PI * (cycles - floor(cycles));
    for (int64_t i = from; i < to; i++, phase += turn) {
        double c = gain * cos(phase), s = gain * sin(phase);
        const float *x = b->iq + 2 * (i - (int64_t)b->first);
        float *y = iq + 2 * (i - origin);
        y[0] += (float)((double)x[0] * c - (double)x[1] * s);
        y[1] += (float)((double)x[0] * s + (double)x[1] * c);
    }
}

static mw_status prepare(mw_town_medium *m, mw_unb_rate rate, double rate_hz, uint64_t device_id) {
    if (m->window[rate] == NULL || m->window_rate[rate] != rate_hz) {
        mw_window_free(m->window[rate]);
        m->window[rate] = NULL;
        MW_TRY(mw_window_new(rate_hz, rate, &m->window[rate]));
        m->window_rate[rate] = rate_hz;
    }
    if (m->noise_rate != rate_hz) {
        mw_channel_noise_init(&m->noise, 0, rate_hz, m->config.noise_figure_db, NOISE_FULL_DBM);
        m->noise_rate = rate_hz;
    }
    m->noise.seed = mw_mix64(m->config.seed ^ mw_mix64(device_id));
    return MW_OK;
}

static mw_status receive(mw_town_medium *m, const mw_town_meter *meter, const burst *b, mw_utc from,
                         mw_utc to, mw_town_heard *out) {
    const mw_meter_listen *l = &meter->listen;
    double rate = b->rate_hz;
    double window_s = (double)(from.us - m->config.start.us) / 1e6;
    int64_t origin = (int64_t)floor((window_s - LEAD_S) * rate);
    size_t n = (size_t)((int64_t)(b->first + b->count) - origin) + 16;
    MW_TRY(prepare(m, l->rate, rate, meter->device->device_id));
    float *iq = calloc(2 * n, sizeof *iq);
    if (iq == NULL)
        return MW_NOMEM;
    double carrier = tuned_to(meter);
    double reach = fmax(REACH_HZ, (double)l->reach.mhz / 1e3);
    if (reach > REACH_HZ) {
        /* It searches further than the samples of one burst are wide: piece by piece, of which the
         * one around the burst is played. */
        carrier = fabs(b->centre_hz - carrier) <= reach ? b->centre_hz : carrier;
        reach = fmin(reach, PIECE * rate);
    }
    double level = mw_town_air_gain_db(m->air, meter->device) + m->config.full_scale_dbm;
    for (size_t i = 0; i < m->count; i++)
        add_burst(&m->bursts[i], rate, carrier, mw_channel_amplitude(level, NOISE_FULL_DBM), origin,
                  n, iq);
    mw_channel_noise_add(&m->noise, (uint64_t)origin, n, iq);
    double lead = window_s - (double)origin / rate;
    mw_window_search s = {.from_s = lead - SLACK_US / 1e6,
                          .to_s = lead + (double)(to.us - from.us + SLACK_US) / 1e6,
                          .hz_reach = reach};
    mw_window_frame f;
    mw_status status = mw_window_receive(m->window[l->rate], iq, n, &s, &f);
    free(iq);
    MW_TRY(status);
    *out =
        (mw_town_heard){.payload_bytes = f.payload_bytes, .es_n0_db = 10 * log10(f.es_n0 + 1e-9)};
    memcpy(out->payload, f.payload, f.payload_bytes);
    out->start.us = m->config.start.us + (int64_t)(((double)origin / rate + f.start_s) * 1e6);
    return MW_OK;
}

/* A window for a beacon may be half a minute: it is searched around what was sent, and nowhere else,
 * for nothing else can be found in it. */
static void window_clip(const mw_town_medium *m, const burst *b, mw_utc *io_from, mw_utc *io_to) {
    int64_t start = (int64_t)burst_start_us(m, b);
    if (io_from->us < start - CLIP_US)
        io_from->us = start - CLIP_US;
    if (io_to->us > start + CLIP_US)
        io_to->us = start + CLIP_US;
}

mw_status mw_town_medium_hear(mw_town_medium *m, const mw_town_meter *meter, mw_utc now,
                              mw_town_hearing *out_hearing, mw_town_heard *out_heard,
                              mw_utc *out_later) {
    mw_utc from = mw_host_crystal_utc(&meter->crystal, meter->listen.from);
    mw_utc to = mw_host_crystal_utc(&meter->crystal, meter->listen.to);
    const burst *b = burst_in(m, meter, from, to);
    *out_hearing = MW_TOWN_NOTHING;
    if (b == NULL || !b->complete)
        return MW_OK;
    window_clip(m, b, &from, &to);
    mw_utc end = {(int64_t)burst_end_us(m, b) + SLACK_US};
    mw_utc ready = mw_utc_add(end, MW_TOWN_AIR_LOOKAHEAD);
    if (now.us < ready.us) {
        *out_hearing = MW_TOWN_LATER;
        *out_later = ready;
        return MW_OK;
    }
    mw_prng luck =
        mw_prng_of_stream(m->config.seed ^ FADE_STREAM, meter->device->device_id ^ b->first << 20);
    if (mw_prng_below(&luck, 1000) < m->config.lost_permille)
        return MW_OK;
    mw_status status = receive(m, meter, b, from, to, out_heard);
    if (status == MW_NOMEM)
        return status;
    if (status == MW_OK)
        *out_hearing = MW_TOWN_FRAME;
    return MW_OK;
}
