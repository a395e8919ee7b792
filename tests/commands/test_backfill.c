/* SPDX-License-Identifier: Apache-2.0
 *
 * A hole in a meter's values on its whole road: the meter (the real firmware) is not heard for days,
 * its slots are estimated, and when it is heard again its archive is asked for by command, sent in
 * parts, and takes the place of the estimates to the last unit.
 */
#include "platform/ask.h"
#include "platform/readings/conservation.h"
#include "platform/readings/settle.h"
#include "platform/validation/engine.h"
#include "tests/commands/loop.h"

enum { HOUR = 3600 };

static loop l;
static mw_zones *zones;
static mw_engine *engine;
static int64_t channel;
static unsigned archives, pings, most_open;
static bool told_out, told_back;

static void on_ask(void *ctx, mw_vigil_ask what, const mw_window_channel *c, mw_utc from, mw_utc to,
                   mw_utc now) {
    (void)ctx;
    mw_status status = mw_platform_ask(l.commands, l.store, what, c, from, to, now);
    if (getenv("MW_LOOP_TELL") != NULL)
        printf("asked for %s: %s\n", what == MW_ASK_PING ? "a sign" : "values",
               mw_status_name(status));
    if (status == MW_OK)
        *(what == MW_ASK_PING ? &pings : &archives) += 1;
}

static void on_notice(void *ctx, const mw_vigil_notice *n) {
    (void)ctx;
    if (getenv("MW_LOOP_TELL") != NULL)
        printf("%lld %s: %s\n", (long long)(n->at.us / MW_US_PER_S - LOOP_START) / HOUR, n->kind,
               n->text);
    told_out = told_out || strcmp(n->kind, "meter_out_of_order") == 0;
    told_back = told_back || strcmp(n->kind, "meter_restored") == 0;
}

static mw_status channel_take(void *ctx, const mw_store_channel *c) {
    *(int64_t *)ctx = c->channel;
    return MW_OK;
}

static void validation_open(void) {
    MW_CHECK_OK(mw_zones_open(NULL, &zones));
    mw_engine_options o = {.store = l.store,
                           .zones = zones,
                           .hooks = {.notice = on_notice, .ask = on_ask},
                           .changes = MW_PIPELINE_CHANGES_MAX,
                           .looks = 100};
    MW_CHECK_OK(mw_engine_open(&o, &engine));
    MW_CHECK_OK(mw_store_channels_of(l.store, l.tenant, l.device.device, channel_take, &channel));
}

static void validation_close(void) {
    mw_engine_close(engine);
    mw_zones_close(zones);
}

/* What the platform's loop does with what was decoded. */
static void judge(void) {
    mw_engine_step step = {.more = true};
    mw_utc now = loop_clock(&l);
    for (uint32_t rows = 1; rows > 0;) {
        MW_CHECK_OK(mw_store_begin(l.store));
        MW_CHECK_OK(mw_store_fold(l.store, MW_STORE_FOLD_MAX, &rows));
        MW_CHECK_OK(mw_store_commit(l.store));
    }
    while (step.more)
        MW_CHECK_OK(mw_engine_run(engine, now, true, &step));
    for (uint32_t done = 1; done > 0;) {
        MW_CHECK_OK(mw_store_begin(l.store));
        MW_CHECK_OK(mw_settle_step(l.store, MW_STORE_PAGE_MAX, now, &done));
        MW_CHECK_OK(mw_store_commit(l.store));
    }
}

static void hours(unsigned n) {
    for (unsigned h = 0; h < n; h++) {
        int64_t open = 0;
        loop_run(&l, HOUR);
        MW_CHECK_OK(mw_store_begin(l.store)); /* the stations are well, whomever they hear */
        for (unsigned i = 0; i < LOOP_STATIONS; i++)
            MW_CHECK_OK(
                mw_store_sender_seen(l.store, l.tenant, l.station[i].sender, 0xa1, loop_clock(&l)));
        MW_CHECK_OK(mw_store_commit(l.store));
        judge();
        MW_CHECK_OK(mw_store_commands_count(l.store, l.tenant, l.device.device, &open));
        most_open = open > most_open ? (unsigned)open : most_open;
    }
}

typedef struct seen {
    unsigned n, estimated;
    int64_t sum;
    uint64_t print; /* of all values in their order */
} seen;

static mw_status value_take(void *ctx, const mw_store_value *v) {
    seen *s = ctx;
    s->n++;
    s->estimated += (v->interval.quality & MW_QUALITY_ESTIMATED) != 0;
    s->sum += v->interval.value;
    s->print = s->print * 1099511628211U + (uint64_t)v->interval.value +
               ((uint64_t)v->interval.quality << 32);
    return MW_OK;
}

static seen values(mw_layer layer, int64_t from_h, int64_t to_h) {
    seen s = {0};
    mw_store_values_query q = {.tenant = l.tenant,
                               .channel = channel,
                               .layer = layer,
                               .from = mw_utc_of_s(LOOP_START + from_h * HOUR),
                               .to = mw_utc_of_s(LOOP_START + to_h * HOUR),
                               .as_of = MW_UTC_NONE};
    MW_CHECK_OK(mw_store_values(l.store, &q, value_take, &s));
    return s;
}

static void conserves(void) {
    mw_conservation sums = {0};
    MW_CHECK_OK(mw_conservation_all(l.store, NULL, NULL, NULL, &sums));
    MW_CHECK_EQ(sums.violations, 0);
    MW_CHECK(sums.spans > 0);
}

MW_TEST(days_unheard_come_out_of_the_archive) {
    enum { LIVE = 7 * 24, SILENT = 4 * 24, BACK = 36 };
    loop_open(&l, "backfill", 21);
    l.flow = 3;
    validation_open();
    hours(LIVE);
    MW_CHECK_EQ(archives + pings, 0); /* nothing is missing: nobody asks */
    l.snr[0] = l.snr[1] = INT32_MIN;
    l.flow = 5;
    hours(SILENT);
    seen dead = values(MW_LAYER_FINAL, LIVE, LIVE + SILENT);
    MW_CHECK(told_out && pings > 0);
    MW_CHECK(dead.estimated > SILENT - 48 && dead.estimated == dead.n);
    MW_CHECK_EQ(values(MW_LAYER_RAW, LIVE, LIVE + SILENT).n, 0);
    conserves();
    /* Heard again, over a bad link. Its own reports bring a day or two; the rest is asked for. */
    l.snr[0] = 900;
    l.air = (loop_air){.lose_up = 20, .lose_down = 20, .late_item = 20};
    hours(BACK);
    l.air = (loop_air){0};
    hours(26);
    MW_CHECK(told_back && archives > 0);
    seen all = values(MW_LAYER_FINAL, 0, LIVE + SILENT + BACK);
    MW_CHECK_EQ(all.n, LIVE + SILENT + BACK);
    MW_CHECK_EQ(all.estimated, 0);
    MW_CHECK_EQ(values(MW_LAYER_RAW, 0, LIVE + SILENT + BACK).sum, all.sum);
    conserves();
    /* A meter is never asked for more than a few things at a time, and once for each hole. */
    print_message("asked: %u pings, %u archives; at most %u open\n", pings, archives, most_open);
    MW_CHECK(most_open <= 4 && archives <= 8);
    /* The same again changes nothing. */
    unsigned before = archives;
    MW_CHECK_OK(mw_decoder_rewind(l.decoder));
    hours(2);
    seen again = values(MW_LAYER_FINAL, 0, LIVE + SILENT + BACK);
    MW_CHECK(again.print == all.print && again.n == all.n);
    MW_CHECK_EQ(archives, before);
    conserves();
    validation_close();
    loop_close(&l);
}

MW_TEST_MAIN(MW_CASE(days_unheard_come_out_of_the_archive))
