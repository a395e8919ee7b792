/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/readings/test/conformance.h"

#include <stdio.h>

#include "base/prng.h"
#include "platform/readings/conservation.h"
#include "platform/store/memory.h"
#include "platform/store/test/scratch.h"

enum { DAY0 = 20700, HOURS = 72, CHANNELS = 3, TEXT = 1 << 20 };

/* Both stores live the same life: [0] is the model. */
static mw_store *stores[2];
static int64_t tenant, sender, clock_s;
static uint64_t seq;
static mw_store_channel channels[CHANNELS];
static int64_t shown[CHANNELS]; /* registers */
static mw_prng g;

static unsigned below(unsigned n) {
    return (unsigned)mw_prng_below(&g, n);
}

static mw_utc hour_at(int64_t hour) {
    return mw_utc_of_s((int64_t)DAY0 * 86400 + hour * 3600);
}

/* Calls both and expects the same status and the same number. */
#define BOTH(call)                                                                                 \
    do {                                                                                           \
        mw_status status_[2];                                                                      \
        for (int k_ = 0; k_ < 2; k_++) {                                                           \
            mw_store *s = stores[k_];                                                              \
            status_[k_] = (call);                                                                  \
        }                                                                                          \
        MW_CHECK_STATUS(status_[1], status_[0]);                                                   \
    } while (0)

/* --- what can be read, as text ----------------------------------------------------------------- */

typedef struct dump {
    char *text;
    size_t n;
} dump;

#define SAY(d, ...)                                                                                \
    do {                                                                                           \
        (d)->n += (size_t)snprintf((d)->text + (d)->n, TEXT - (d)->n, __VA_ARGS__);                \
        MW_CHECK((d)->n < TEXT);                                                                   \
    } while (0)

static mw_status say_value(void *ctx, const mw_store_value *v) {
    SAY((dump *)ctx, "v %lld %u %lld %x %lld %lld %d %lld %d %lld %lld\n",
        (long long)v->interval.start.us, v->interval.seconds, (long long)v->interval.value,
        v->interval.quality, (long long)v->interval.received.us, (long long)v->interval.journal,
        (int)v->layer, (long long)v->revision, v->has_prediction, (long long)v->prediction.low,
        (long long)v->prediction.high);
    return MW_OK;
}

static mw_status say_interval(void *ctx, int64_t channel, const mw_store_interval *r) {
    SAY((dump *)ctx, "i %lld %lld %lld %x\n", (long long)channel, (long long)r->start.us,
        (long long)r->value, r->quality);
    return MW_OK;
}

static mw_status say_revision(void *ctx, const mw_store_revision *r) {
    SAY((dump *)ctx, "r %lld %d %d %lld %lld %lld %d %s %d %s %u %u %s %lld %zu\n",
        (long long)r->id, (int)r->layer, (int)r->kind, (long long)r->from.us, (long long)r->to.us,
        (long long)r->at.us, (int)r->actor, r->who, (int)r->reason, r->text, r->method,
        r->method_version, r->inputs, (long long)r->action, r->n);
    for (size_t i = 0; i < r->n; i++)
        SAY((dump *)ctx, "  %lld %lld\n", (long long)r->rows[i].value,
            r->prediction != NULL ? (long long)r->prediction[i].high : 0);
    return MW_OK;
}

static mw_status say_part(void *ctx, const mw_store_revision *r) {
    SAY((dump *)ctx, "a %lld %lld %d %d %lld %lld\n", (long long)r->id, (long long)r->channel,
        (int)r->layer, (int)r->kind, (long long)r->from.us, (long long)r->to.us);
    return MW_OK;
}

static mw_status say_lock(void *ctx, const mw_store_lock *k) {
    SAY((dump *)ctx, "l %lld %lld %lld %lld %lld\n", (long long)k->from.us, (long long)k->to.us,
        (long long)k->at.us, (long long)k->journal, (long long)k->revision);
    return MW_OK;
}

static mw_status say_change(void *ctx, const mw_store_change *c) {
    SAY((dump *)ctx, "c %lld %lld %d %d %lld %lld\n", (long long)c->id, (long long)c->channel,
        (int)c->layer, c->master, (long long)c->from.us, (long long)c->to.us);
    return MW_OK;
}

static mw_status say_suspense(void *ctx, const mw_store_suspense *r) {
    SAY((dump *)ctx, "s %lld %lld %d %lld %lld %lld\n", (long long)r->from.us, (long long)r->to.us,
        (int)r->step, (long long)r->difference, (long long)r->intervals, (long long)r->suspense);
    return MW_OK;
}

static mw_status say_reading(void *ctx, const mw_store_register *r) {
    SAY((dump *)ctx, "g %lld %lld %lld\n", (long long)r->id, (long long)r->meter.us,
        (long long)r->value);
    return MW_OK;
}

static mw_status say_installation(void *ctx, const mw_store_installation *i) {
    SAY((dump *)ctx, "n %lld %s %lld %lld %d %lld %d %lld\n", (long long)i->channel, i->usage_point,
        (long long)i->from.us, (long long)i->to.us, i->has_initial_value,
        (long long)i->initial_value, i->has_final_value, (long long)i->final_value);
    return MW_OK;
}

static void say_channel(mw_store *s, int64_t channel, mw_utc as_of, dump *d) {
    const mw_utc from = hour_at(-24), to = hour_at(HOURS + 24);
    for (int layer = 0; layer < MW_LAYERS; layer++) {
        mw_store_values_query q = {.tenant = tenant,
                                   .channel = channel,
                                   .layer = (mw_layer)layer,
                                   .from = from,
                                   .to = to,
                                   .as_of = as_of};
        SAY(d, "channel %lld layer %d\n", (long long)channel, layer);
        MW_CHECK_OK(mw_store_values(s, &q, say_value, d));
        MW_CHECK_OK(
            mw_store_revisions(s, tenant, channel, q.layer, from, to, 0, 1000, say_revision, d));
    }
    mw_store_installation_query q = {.tenant = tenant, .channel = channel, .as_of = as_of};
    MW_CHECK_OK(mw_store_installations(s, &q, say_installation, d));
    if (!mw_utc_is_none(as_of))
        return;
    int64_t balance = 0;
    MW_CHECK_OK(mw_store_intervals(s, tenant, channel, from, to, say_interval, d));
    MW_CHECK_OK(mw_store_locks(s, tenant, channel, from, to, say_lock, d));
    MW_CHECK_OK(mw_store_suspense_list(s, tenant, channel, from, to, say_suspense, d));
    MW_CHECK_OK(mw_store_suspense_sum(s, tenant, channel, &balance));
    MW_CHECK_OK(mw_store_registers_between(s, tenant, channel, channels[0].obis, hour_at(10),
                                           hour_at(50), say_reading, d));
    MW_CHECK_OK(mw_store_registers_around(s, tenant, channel, channels[0].obis, hour_at(10),
                                          hour_at(50), say_reading, d));
    SAY(d, "balance %lld\n", (long long)balance);
}

static void say_all(mw_store *s, mw_utc as_of, dump *d) {
    int64_t hot = 0, cursor = 0;
    d->n = 0;
    for (int i = 0; i < CHANNELS; i++)
        say_channel(s, channels[i].channel, as_of, d);
    MW_CHECK_OK(mw_store_changes(s, 0, MW_STORE_PAGE_MAX, say_change, d));
    for (int reason = 0; reason < MW_REASONS; reason++)
        MW_CHECK_OK(mw_store_revisions_of_action(s, tenant, (mw_reason)reason, 3, say_part, d));
    MW_CHECK_OK(mw_store_feed(s, tenant, 0, MW_STORE_PAGE_MAX, say_reading, d));
    MW_CHECK_OK(mw_store_hot_rows(s, &hot));
    MW_CHECK_OK(mw_store_cursor_get(s, "follow/settle", &cursor));
    SAY(d, "hot %lld cursor %lld\n", (long long)hot, (long long)cursor);
}

static void compare(mw_utc as_of) {
    static char text[2][TEXT];
    dump d[2] = {{text[0], 0}, {text[1], 0}};
    for (int k = 0; k < 2; k++)
        say_all(stores[k], as_of, &d[k]);
    if (d[0].n == d[1].n && memcmp(text[0], text[1], d[0].n) == 0)
        return;
    size_t at = 0;
    while (text[0][at] == text[1][at])
        at++;
    while (at > 0 && text[0][at - 1] != '\n')
        at--;
    print_error("as of %lld\nmodel: %.200s\nstore: %.200s\n", (long long)as_of.us, text[0] + at,
                text[1] + at);
    MW_CHECK(false);
}

/* --- what happens ------------------------------------------------------------------------------ */

static int64_t journal_add(void) {
    char text[40];
    mw_utc now = mw_utc_of_s(clock_s += 60);
    mw_store_envelope e = scratch_envelope(tenant, sender, ++seq, now, text);
    mw_store_append result;
    int64_t id = 0, first = 0;
    BOTH(mw_store_journal_append(s, &e, &result, &id));
    BOTH(mw_store_journal_append(s, &e, &result, &first)); /* the same again */
    MW_CHECK_EQ(result, MW_STORE_DUPLICATE);
    MW_CHECK_EQ(first, id);
    return id;
}

static void report(void) {
    int64_t journal = journal_add(), hour = below(HOURS), n = 1 + below(12);
    unsigned c = below(CHANNELS);
    mw_store_interval rows[12];
    /* Most channels' values are as the truth is; some reports disagree. */
    int64_t lie = below(6) == 0 ? 1000 : 0;
    uint32_t quality = lie != 0 && below(2) == 0 ? MW_QUALITY_PARTIAL : 0;
    n = hour + n > (hour / 24 + 1) * 24 ? (hour / 24 + 1) * 24 - hour : n;
    bool quarters = below(8) == 0;
    /* The same value reported again with less doubt counts from its first report on: a store may
     * forget when the doubt went away, so histories do not ask for it. */
    quality = quarters ? 0 : quality;
    lie *= quality != 0 ? 2 : 1;
    for (int64_t i = 0; i < n; i++)
        rows[i] = (mw_store_interval){
            .start = {hour_at(hour).us + i * (quarters ? 900 : 3600) * MW_US_PER_S},
            .seconds = quarters ? 900 : 3600,
            .value = quarters ? 3 : (hour + i) % 17 + lie,
            .quality = quality,
            .received = mw_utc_of_s(clock_s),
            .journal = journal};
    BOTH(mw_store_run_append(s, tenant, channels[c].channel, rows, (size_t)n));
}

static void reading(void) {
    unsigned c = below(CHANNELS);
    int64_t journal = journal_add();
    shown[c] = (shown[c] + below(300)) % 100000;
    mw_store_register r = {.tenant = tenant,
                           .channel = channels[c].channel,
                           .obis = {8, 0, 1, 0, 0, 255},
                           .meter = {hour_at(below(HOURS)).us + (below(4) == 0 ? 1800000000 : 0)},
                           .received = mw_utc_of_s(clock_s),
                           .stored = mw_utc_of_s(clock_s),
                           .value = shown[c],
                           .journal = journal};
    BOTH(mw_store_register_append(s, &r));
}

static void revise(void) {
    mw_store_interval rows[24];
    mw_store_prediction predictions[24];
    int64_t hour = below(HOURS), day_end = (hour / 24 + 1) * 24, end = hour + 1 + below(10);
    end = end < day_end ? end : day_end;
    mw_store_revision r = {.tenant = tenant,
                           .channel = channels[below(CHANNELS)].channel,
                           .layer = (mw_layer)below(MW_LAYERS),
                           .kind = below(3) == 0 ? MW_REVISION_WITHDRAW : MW_REVISION_SET,
                           .from = hour_at(hour),
                           .to = hour_at(end),
                           .at = mw_utc_of_s(clock_s += 60),
                           .actor = (mw_actor)(1 + below(3)),
                           .who = "somebody",
                           .reason = (mw_reason)below(MW_REASONS),
                           .text = "because",
                           .method = (uint16_t)below(12),
                           .method_version = 1,
                           .inputs = "what was known",
                           .action = below(5)};
    for (int64_t h = hour; h < end && r.kind == MW_REVISION_SET; h++) {
        if (below(4) == 0)
            continue;
        rows[r.n] = (mw_store_interval){.start = hour_at(h),
                                        .seconds = below(5) == 0 ? 1800 : 3600,
                                        .value = (int64_t)below(100) - 20,
                                        .quality = MW_QUALITY_ESTIMATED | MW_QUALITY_SUSPECT};
        predictions[r.n] = (mw_store_prediction){rows[r.n].value - 3, rows[r.n].value + 4};
        r.n++;
    }
    r.rows = rows;
    r.prediction = below(2) == 0 ? predictions : NULL;
    int64_t id = 0;
    if (below(20) == 0)
        r.to = r.from; /* refused by both */
    BOTH(mw_store_value_revise(s, &r, &id));
}

static void lock(void) {
    int64_t hour = below(HOURS);
    mw_store_lock k = {.tenant = tenant,
                       .channel = channels[below(CHANNELS)].channel,
                       .from = hour_at(hour),
                       .to = hour_at(hour + below(30)),
                       .at = mw_utc_of_s(clock_s += 60),
                       .who = "billing"};
    int64_t id = 0;
    BOTH(mw_store_lock_put(s, &k, &id));
}

static void install(void) {
    unsigned c = below(CHANNELS);
    int64_t from = below(20) * 1800, to = from + 3600 * (1 + (int64_t)below(40));
    mw_store_installation rows[2] = {
        {.usage_point = "up-1", .from = {hour_at(0).us + from * MW_US_PER_S}, .to = MW_UTC_NONE},
        {.usage_point = "up-2", .from = {hour_at(0).us + to * MW_US_PER_S}, .to = MW_UTC_NONE}};
    size_t n = 1 + below(2);
    if (n == 2)
        rows[0].to = below(8) == 0 ? hour_at(HOURS) : rows[1].from;
    rows[0].has_initial_value = below(2) == 0;
    rows[0].initial_value = rows[0].has_initial_value ? below(1000) : 0;
    clock_s += 60;
    BOTH(mw_store_installations_set(s, tenant, channels[c].channel, rows, n, mw_utc_of_s(clock_s)));
    /* Who changes master data says so, as the registry's operations do. */
    mw_store_change change = {.tenant = tenant,
                              .channel = channels[c].channel,
                              .master = true,
                              .from = hour_at(0),
                              .to = hour_at(HOURS)};
    BOTH(mw_store_change_add(s, &change));
}

static void fold(void) {
    uint32_t n = 0, most = 1 + below(30);
    BOTH(mw_store_fold(s, most, &n));
}

static mw_status say_violation(void *ctx, const mw_violation *v) {
    print_error("store %d channel %lld [%.2f h, %.2f h): %s: %lld is not %lld + %lld\n",
                *(int *)ctx, (long long)v->channel, (double)(v->from.us - hour_at(0).us) / 3.6e9,
                (double)(v->to.us - hour_at(0).us) / 3.6e9, v->what, (long long)v->difference,
                (long long)v->intervals, (long long)v->suspense);
    return MW_OK;
}

static void settle(void) {
    uint32_t done = 0;
    clock_s += 1;
    for (int i = 0; i < 30; i++)
        BOTH(mw_settle_step(s, 50, mw_utc_of_s(clock_s), &done));
    MW_CHECK_EQ(done, 0);
    mw_conservation c;
    BOTH(mw_conservation_all(s, NULL, NULL, NULL, &c));
    uint32_t hot = 1;
    while (hot > 0)
        BOTH(mw_store_fold(s, 1000, &hot));
    for (int i = 0; i < 30; i++)
        BOTH(mw_settle_step(s, 50, mw_utc_of_s(clock_s), &done));
    for (int k = 0; k < 2; k++) {
        MW_CHECK_OK(mw_conservation_all(stores[k], say_violation, &k, NULL, &c));
        MW_CHECK_EQ(c.violations, 0);
        MW_CHECK_EQ(c.unsettled, 0);
    }
}

static void act(void) {
    switch (below(12)) {
    case 0:
        lock();
        break;
    case 1:
        install();
        break;
    case 2:
        fold();
        break;
    case 3:
    case 4:
        revise();
        break;
    case 5:
        settle();
        break;
    case 6:
    case 7:
        reading();
        break;
    default:
        report();
    }
}

static void begin_life(void) {
    uint8_t hash[32] = {1};
    BOTH(mw_store_begin(s));
    BOTH(mw_store_tenant_put(s, "demo", &tenant));
    BOTH(mw_store_sender_put(s, tenant, "st-1", MW_SLICE_OF(hash), &sender));
    for (unsigned i = 0; i < CHANNELS; i++) {
        mw_store_device d = {.identity = UINT64_C(0xc000000000000000) + i, .serial = "C"};
        int64_t device = 0;
        BOTH(mw_store_device_put(s, tenant, &d, &device));
        channels[i] = (mw_store_channel){.device = device,
                                         .obis = {8, 0, 1, 0, 0, 255},
                                         .medium = "water",
                                         .unit = MW_UNIT_L,
                                         .register_digits = 5,
                                         .grid_seconds = 3600};
        BOTH(mw_store_channel_put(s, tenant, &channels[i], &channels[i].channel));
        shown[i] = 99000;
    }
    BOTH(mw_store_commit(s));
}

void mw_conformance_run(const mw_conformance_store *under_test, uint64_t seed, unsigned actions) {
    g = mw_prng_of_seed(seed);
    clock_s = (int64_t)DAY0 * 86400;
    seq = 0;
    under_test->remove();
    MW_CHECK_OK(mw_store_memory_open(&stores[0]));
    mw_conformance_note(stores[0]);
    stores[1] = under_test->open();
    begin_life();
    for (unsigned i = 0; i < actions; i += 5) {
        int64_t before_s = clock_s;
        uint64_t before_seq = seq;
        BOTH(mw_store_begin(s));
        for (unsigned k = 0; k < 5; k++)
            act();
        if (below(6) == 0) { /* it never happened */
            BOTH(mw_store_rollback(s));
            clock_s = before_s;
            seq = before_seq;
        } else {
            BOTH(mw_store_commit(s));
        }
        if (below(4) == 0) {
            mw_store_close(stores[1]);
            stores[1] = under_test->open();
        }
        compare(MW_UTC_NONE);
        compare(mw_utc_of_s((int64_t)DAY0 * 86400 + below((unsigned)(clock_s - DAY0 * 86400) + 1)));
    }
    mw_store_close(stores[0]);
    mw_store_close(stores[1]);
    stores[0] = stores[1] = NULL;
    under_test->remove();
    mw_conformance_groups(under_test, seed);
}
