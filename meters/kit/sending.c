/* SPDX-License-Identifier: Apache-2.0
 *
 * From a draft to what goes out: the frame's size on the meter's carrier, the duty, the seal, and
 * when the radio is free again.
 */
#include "base/assert.h"
#include "meters/kit/telemetry_internal.h"

#define RETRY_NS (INT64_C(60) * MW_NS_PER_S)
/* The ledger keeps the airtime on carriers of others apart from the plan's sub-bands. */
#define CARRIER_BAND (MW_LEDGER_BANDS - 1)

_Static_assert(CARRIER_BAND >= MW_UNB_BANDS_MAX, "a ledger of its own");

static mw_carrier carrier_of(const mw_meter *m) {
    return (mw_carrier)m->config.carrier;
}

static bool full_required(const mw_telemetry *t) {
    return t->full_due || t->counter.next % MW_SMP_FULL_EVERY == 0;
}

size_t mw_telemetry_room(const mw_meter *m) {
    size_t most = mw_carrier_frame_max(carrier_of(m), mw_adapt_rate(m));
    if (carrier_of(m) == MW_CARRIER_UNB) {
        bool l = mw_unb_allowed((mw_unb_rate)mw_adapt_rate(m), MW_UNB_L);
        most = l ? MW_UNB_PAYLOAD_L : MW_UNB_PAYLOAD_M;
    }
    return mw_smp_frame_room(most, MW_SMP_UP, full_required(&m->telemetry));
}

/* The smallest burst for n bytes of objects; at most mw_telemetry_room. */
static mw_unb_size size_for(size_t n, bool full) {
    for (unsigned size = MW_UNB_S; size < MW_UNB_L; size++) {
        size_t bytes = mw_unb_layout_of((mw_unb_size)size)->payload_bytes;
        if (n <= mw_smp_frame_room(bytes, MW_SMP_UP, full))
            return (mw_unb_size)size;
    }
    return MW_UNB_L;
}

/* The size of the frame that n bytes of objects take. */
static size_t frame_bytes(const mw_meter *m, size_t n, bool full) {
    if (carrier_of(m) == MW_CARRIER_UNB)
        return mw_unb_layout_of(size_for(n, full))->payload_bytes;
    return mw_carrier_frame_size(carrier_of(m),
                                 n + MW_SMP_HEADER_MIN + (full ? 3u : 0u) + MW_SMP_TAG_UP);
}

size_t mw_telemetry_spare(const mw_meter *m, size_t n) {
    bool full = full_required(&m->telemetry);
    return mw_smp_frame_room(frame_bytes(m, n, full), MW_SMP_UP, full);
}

/* ---- what the duty allows ---- */

static mw_mono earlier(mw_mono a, mw_mono b) {
    return a.ns < b.ns ? a : b;
}

/* Asks the ledger for a band. MW_DUTY: not now; radio_free says when to ask again. */
static mw_status airtime_ask(mw_meter *m, mw_unb_size size, mw_mono start, mw_grant *out_grant) {
    mw_telemetry *t = &m->telemetry;
    mw_unb_rate rate = (mw_unb_rate)mw_adapt_rate(m);
    uint64_t copy_ns = (uint64_t)mw_unb_airtime(rate, size).ns;
    mw_mono retry = {start.ns + RETRY_NS}, soonest = MW_TICK_NEVER;
    unsigned band = 0;
    for (unsigned from = 0; mw_unb_plan_band(m->plan, MW_UNB_UP, rate, from, &band) == MW_OK;
         from = band + 1) {
        /* A frame that the duty never allows three times goes out fewer times. */
        for (uint8_t copies = mw_adapt_copies(m); copies > 0; copies--) {
            uint32_t ms = (uint32_t)((copy_ns * copies + 999999) / 1000000);
            mw_status s =
                mw_ledger_ask(&t->ledger, band, m->plan->band[band].duty_ppm, ms, start, &retry);
            if (s == MW_OK) {
                *out_grant = (mw_grant){.band = band, .copies = copies, .airtime_ms = ms};
                return MW_OK;
            }
            if (s == MW_DUTY) {
                soonest = earlier(soonest, retry);
                break;
            }
        }
    }
    t->radio_free = soonest.ns == MW_TICK_NEVER.ns ? (mw_mono){start.ns + RETRY_NS} : soonest;
    return MW_DUTY;
}

static uint32_t messages_ms(const mw_meter *m, size_t frame, bool parity) {
    mw_carrier c = carrier_of(m);
    unsigned n = mw_carrier_messages(c, mw_adapt_rate(m), frame, parity);
    /* All but the last message of a frame have one size; the last is no longer. */
    uint8_t message[MW_CARRIER_MESSAGE_MAX];
    size_t size;
    uint8_t blank[MW_CARRIER_FRAME_MAX] = {0};
    uint32_t sum = 0;
    for (unsigned i = 0; i < n; i++)
        if (mw_carrier_message(c, mw_adapt_rate(m), (mw_slice){blank, frame}, 0, parity, i,
                               MW_SPAN_OF(message), &size) == MW_OK)
            sum += mw_carrier_airtime_ms(c, mw_adapt_rate(m), size);
    return sum;
}

/* The same on a carrier of others. One that is cut into parts goes without parity rather than not
 * at all. */
static mw_status carrier_ask(mw_meter *m, size_t frame, mw_mono start, mw_grant *out_grant) {
    mw_telemetry *t = &m->telemetry;
    mw_mono retry = {start.ns + RETRY_NS};
    uint32_t duty = mw_carrier_duty_ppm(carrier_of(m));
    mw_status s = MW_RANGE;
    for (uint8_t copies = mw_adapt_copies(m) > 1 ? 2 : 1; copies > 0 && s == MW_RANGE; copies--) {
        uint32_t ms = messages_ms(m, frame, copies > 1);
        s = mw_ledger_ask(&t->ledger, CARRIER_BAND, duty, ms, start, &retry);
        *out_grant = (mw_grant){.band = CARRIER_BAND, .copies = copies, .airtime_ms = ms};
    }
    if (s == MW_OK)
        return MW_OK;
    t->radio_free = retry;
    return MW_DUTY;
}

/* ---- windows ---- */

/* The window after a frame that ends at `end`. A plan without a downlink band has none. */
static void listen_after(const mw_meter *m, mw_unb_rate rate, uint32_t counter, mw_mono end,
                         mw_meter_listen *out) {
    unsigned band;
    mw_freq carrier;
    if (mw_unb_plan_band(m->plan, MW_UNB_DOWN, rate, 0, &band) != MW_OK ||
        mw_unb_answer_carrier(m->plan, band, rate, m->address, counter, &carrier) != MW_OK)
        return;
    mw_mono from = mw_mono_add(end, m->plan->window_delay[rate]);
    *out = (mw_meter_listen){.open = true,
                             .band = (uint8_t)band,
                             .rate = rate,
                             .carrier = carrier,
                             .from = from,
                             .to = mw_mono_add(from, m->plan->window[rate])};
}

/* When the radio is free again: a frame that begins at the end of the window is heard out. */
static mw_mono listen_end(const mw_meter_listen *listen, mw_mono end) {
    if (!listen->open)
        return end;
    bool l = mw_unb_allowed(listen->rate, MW_UNB_L);
    return mw_mono_add(listen->to, mw_unb_airtime(listen->rate, l ? MW_UNB_L : MW_UNB_M));
}

/* ---- sending ---- */

static mw_status copies_place(mw_meter *m, const mw_grant *g, mw_mono start, mw_meter_outputs *out,
                              mw_mono *out_end) {
    mw_meter_transmission *tx = &out->tx;
    tx->airtime = mw_unb_airtime(tx->rate, tx->size);
    tx->copies = g->copies;
    *out_end = start;
    for (unsigned i = 0; i < g->copies; i++) {
        mw_unb_slot slot;
        MW_TRY(mw_unb_slot_of(m->plan, g->band, tx->rate, tx->size, m->address, tx->counter, i,
                              &slot));
        tx->copy[i].start = mw_mono_add(start, slot.start);
        tx->copy[i].carrier = slot.carrier;
        *out_end = mw_mono_add(tx->copy[i].start, tx->airtime);
    }
    listen_after(m, tx->rate, tx->counter, *out_end, &out->listen);
    m->telemetry.radio_free = listen_end(&out->listen, *out_end);
    if (out->listen.open)
        mw_charge_receive(m, mw_mono_since(out->listen.to, out->listen.from));
    return MW_OK;
}

/* A carrier of others: the module sends the messages one after the other. */
static void messages_place(mw_meter *m, const mw_grant *g, mw_mono start, mw_meter_outputs *out,
                           mw_mono *out_end) {
    mw_meter_transmission *tx = &out->tx;
    mw_carrier c = carrier_of(m);
    tx->parity = g->copies > 1;
    tx->messages = (uint8_t)mw_carrier_messages(c, mw_adapt_rate(m), tx->payload_bytes, tx->parity);
    tx->copies = 1;
    tx->copy[0].start = start;
    tx->copy[0].carrier = (mw_freq){0};
    uint32_t ms = g->airtime_ms + tx->messages * mw_carrier_gap_ms(c);
    tx->airtime = mw_dur_ms(ms);
    *out_end = mw_mono_add(start, tx->airtime);
    m->telemetry.radio_free = mw_mono_add(*out_end, mw_dur_ms(mw_carrier_window_ms(c)));
    mw_charge_receive(m, mw_dur_ms(mw_carrier_window_ms(c)));
}

/* Seals a draft and fills the transmission. On MW_OK the frame is as good as sent. */
mw_status mw_telemetry_send(mw_meter *m, const mw_draft *d, mw_mono now, mw_meter_outputs *out,
                            mw_grant *out_grant) {
    mw_telemetry *t = &m->telemetry;
    bool unb = carrier_of(m) == MW_CARRIER_UNB, full = full_required(t);
    size_t bytes = frame_bytes(m, d->n, full);
    /* The whole counter where it costs nothing: a receiver that missed the first frame after a boot
     * need not wait for the 256th. */
    mw_unb_size size = unb ? size_for(d->n, full) : MW_UNB_L;
    full = full || d->n <= mw_smp_frame_room(bytes, MW_SMP_UP, true);
    mw_mono start = {now.ns + MW_SEND_LEAD_NS}, end;
    mw_grant g;
    MW_TRY(unb ? airtime_ask(m, size, start, &g) : carrier_ask(m, bytes, start, &g));
    mw_meter_transmission *tx = &out->tx;
    mw_smp_frame_info info = {
        .direction = MW_SMP_UP, .address = m->address, .epoch = m->key_epoch, .full = full};
    MW_TRY(mw_counter_take(&t->counter, &m->flash, &info.counter));
    size_t sealed;
    mw_slice objects = {d->objects, d->n};
    MW_TRY(mw_smp_frame_seal(&t->up, &info, objects, bytes, MW_SPAN_OF(tx->payload), &sealed));
    mw_assert(sealed == bytes);
    tx->payload_bytes = (uint8_t)bytes;
    tx->medium = carrier_of(m);
    tx->size = size;
    tx->rate = (mw_unb_rate)mw_adapt_rate(m);
    tx->counter = info.counter;
    tx->messages = 1;
    if (unb)
        MW_TRY(copies_place(m, &g, start, out, &end));
    else
        messages_place(m, &g, start, out, &end);
    mw_ledger_book(&t->ledger, g.band, g.airtime_ms, end);
    mw_charge_transmit(m, g.airtime_ms);
    uint16_t *spent = &t->airtime_ds[m->hour % 24];
    uint32_t sum = *spent + (g.airtime_ms + 99) / 100;
    *spent = (uint16_t)(sum < UINT16_MAX ? sum : UINT16_MAX);
    t->full_due = false;
    mw_downlink_uplink_sent(&m->downlink, info.counter, out->tx.copy[0].start);
    out->transmit = true;
    g.end = end;
    *out_grant = g;
    return MW_OK;
}

mw_status mw_meter_message(const mw_meter_transmission *tx, unsigned i, mw_span out,
                           size_t *out_size) {
    mw_slice frame = {tx->payload, tx->payload_bytes};
    if (tx->medium == MW_CARRIER_UNB)
        return MW_RANGE;
    return mw_carrier_message(tx->medium, tx->rate, frame, tx->counter, tx->parity, i, out,
                              out_size);
}
