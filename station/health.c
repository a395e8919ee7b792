/* SPDX-License-Identifier: Apache-2.0 */
#include "station/health.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/log.h"
#include "runtime/notify.h"
#include "station/notice.h"

#define HEALTH_PERIOD     mw_dur_s(1)
#define HEALTH_RADIO_S    10 /* without samples */
#define HEALTH_PLATFORM_S 60 /* without success */
#define HEALTH_DISK_S     60 /* after the last gap */
#define HEALTH_TURN_S     20 /* the longest turn of the receiving thread that is believed */

struct mw_health {
    mw_health_parts parts;
    mw_timer *timer;
    unsigned modes;
    mw_mono started;
    mw_mono good_since;
    uint64_t turns, blocks;
    mw_mono turned, received; /* when they last changed */
    int64_t full_seen;
    mw_mono full_at;
    mw_dur watchdog;
    mw_mono fed;
    mw_metric *gauges[MW_HEALTH_COUNT];
    mw_metric *full, *gaps;
};

static const char *const names[] = {
#define X(name, text) #name,
    MW_HEALTH_LIST(X)
#undef X
};
static const char *const texts[] = {
#define X(name, text) text,
    MW_HEALTH_LIST(X)
#undef X
};

const char *mw_health_name(mw_health_mode m) {
    return names[m];
}

const char *mw_health_text(mw_health_mode m) {
    return texts[m];
}

unsigned mw_health_modes(const mw_health *h) {
    return h->modes;
}

void mw_health_notice(mw_health *h, mw_slice json) {
    mw_buffer record;
    mw_buffer_init(&record, MW_STATION_NOTICE_MAX);
    mw_status status = mw_station_notice_encode(mw_loop_utc(h->parts.loop), json, &record);
    if (status == MW_OK)
        status = mw_station_store_append_record(h->parts.store, mw_buffer_view(&record));
    mw_buffer_fini(&record);
    if (status != MW_OK)
        mw_log(MW_LOG_WARN, "a notice could not be stored", MW_ST("status", status));
    else if (h->parts.stored != NULL)
        h->parts.stored(h->parts.context);
}

static void health_tell(mw_health *h, const char *event) {
    mw_buffer text;
    mw_buffer_init(&text, MW_STATION_NOTICE_JSON);
    mw_json j = mw_json_of(&text);
    mw_json_object_begin(&j);
    mw_json_put_text(&j, "event", event);
    mw_json_put_text(&j, "version", MW_VERSION);
    mw_json_put_array(&j, "degraded");
    for (unsigned m = 0; m < MW_HEALTH_COUNT; m++)
        if ((h->modes >> m & 1) != 0)
            mw_json_text(&j, names[m]);
    mw_json_array_end(&j);
    mw_json_put_uint(&j, "spool_items", mw_station_store_stats(h->parts.store).pending);
    if (strcmp(event, "start") == 0)
        mw_selftest_json(h->parts.selftest, &j);
    mw_json_object_end(&j);
    if (mw_json_done(&j) == MW_OK)
        mw_health_notice(h, mw_buffer_view(&text));
    mw_buffer_fini(&text);
}

static bool older(mw_mono now, mw_mono then, int64_t seconds) {
    return mw_mono_since(now, then).ns > seconds * MW_NS_PER_S;
}

static unsigned health_look(mw_health *h, mw_mono now) {
    const mw_health_parts *p = &h->parts;
    unsigned modes = 0;
    uint64_t blocks = mw_station_receiver_blocks(p->receiver);
    if (blocks != h->blocks) {
        h->blocks = blocks;
        h->received = now;
    }
    bool ended = mw_station_receiver_ended(p->receiver);
    if (!ended && older(now, h->received, HEALTH_RADIO_S))
        modes |= 1u << MW_HEALTH_no_radio;
    mw_mono success = mw_station_sender_last_success(p->sender);
    mw_mono last = success.ns == 0 ? h->started : success;
    if (mw_station_sender_trouble(p->sender) != MW_OK && older(now, last, HEALTH_PLATFORM_S))
        modes |= 1u << MW_HEALTH_no_platform;
    int64_t full = mw_metric_value(h->full) + mw_metric_value(h->gaps);
    if (full != h->full_seen) {
        h->full_seen = full;
        h->full_at = now;
    }
    if (mw_station_receiver_blocked(p->receiver) ||
        (h->full_at.ns != 0 && !older(now, h->full_at, HEALTH_DISK_S)))
        modes |= 1u << MW_HEALTH_disk_full;
    bool town = strcmp(mw_clock_source(mw_loop_clock(p->loop)), "system") != 0;
    if (!town && mw_selftest_clock(mw_loop_machine_utc(p->loop)) != MW_SELFTEST_OK)
        modes |= 1u << MW_HEALTH_clock_bad;
    if (mw_selftest_worst(p->selftest) == MW_SELFTEST_FAIL)
        modes |= 1u << MW_HEALTH_self_test;
    return modes;
}

/* The watchdog hears of us only while the receiving thread turns: it does so at least twice a
 * second unless it decodes, and when the disk is full it says so and goes on turning. */
static void health_feed(mw_health *h, mw_mono now) {
    uint64_t turns = mw_station_receiver_turns(h->parts.receiver);
    if (turns != h->turns || mw_station_receiver_ended(h->parts.receiver)) {
        h->turns = turns;
        h->turned = now;
    }
    if (h->watchdog.ns == 0 || older(now, h->turned, HEALTH_TURN_S))
        return;
    if (mw_mono_since(now, h->fed).ns >= h->watchdog.ns / 3) {
        (void)mw_notify("WATCHDOG=1");
        h->fed = now;
    }
}

static void health_on_timer(void *context) {
    mw_health *h = context;
    mw_mono now = mw_loop_mono(h->parts.loop);
    unsigned modes = health_look(h, now);
    const unsigned grave =
        1u << MW_HEALTH_no_radio | 1u << MW_HEALTH_disk_full | 1u << MW_HEALTH_self_test;
    health_feed(h, now);
    if ((modes & grave) != 0)
        h->good_since = now;
    unsigned changed = modes ^ h->modes;
    if (changed == 0)
        return;
    h->modes = modes;
    for (unsigned m = 0; m < MW_HEALTH_COUNT; m++) {
        if ((changed >> m & 1) == 0)
            continue;
        bool on = (modes >> m & 1) != 0;
        mw_metric_set(h->gauges[m], on);
        mw_log(on ? MW_LOG_WARN : MW_LOG_INFO, on ? "degraded" : "no longer degraded",
               MW_S("mode", names[m]), MW_S("detail", texts[m]));
    }
    char status[200];
    (void)snprintf(status, sizeof status, "STATUS=%s",
                   modes == 0 ? "all is well" : "degraded, see the log or /status");
    (void)mw_notify(status);
    health_tell(h, "state");
}

int64_t mw_health_good_for_s(const mw_health *h) {
    return mw_mono_since(mw_loop_mono(h->parts.loop), h->good_since).ns / MW_NS_PER_S;
}

mw_status mw_health_new(const mw_health_parts *parts, mw_health **out_health) {
    mw_health *h = calloc(1, sizeof *h);
    if (h == NULL)
        return MW_NOMEM;
    h->parts = *parts;
    h->started = h->good_since = h->received = h->turned = mw_loop_mono(parts->loop);
    h->watchdog = mw_notify_watchdog();
    for (unsigned m = 0; m < MW_HEALTH_COUNT; m++) {
        char label[40];
        (void)snprintf(label, sizeof label, "mode=\"%s\"", names[m]);
        h->gauges[m] = mw_metrics_gauge(parts->metrics, "mw_station_degraded", label,
                                        "Whether the station works without something.");
    }
    h->full = mw_metrics_counter(parts->metrics, "mw_station_spool_full_total", NULL, "");
    h->gaps = mw_metrics_counter(parts->metrics, "mw_station_gaps_total", NULL, "");
    mw_status status = mw_timer_new(parts->loop, health_on_timer, h, &h->timer);
    if (status != MW_OK) {
        free(h);
        return status;
    }
    mw_timer_start(h->timer, HEALTH_PERIOD, HEALTH_PERIOD);
    for (size_t i = 0; i < parts->selftest->n; i++) {
        const mw_selftest_check *c = &parts->selftest->checks[i];
        mw_log(c->result == MW_SELFTEST_OK ? MW_LOG_INFO : MW_LOG_WARN, "self-test",
               MW_S("check", c->name), MW_S("result", mw_selftest_word(c->result)),
               MW_S("detail", c->detail));
    }
    health_tell(h, "start");
    (void)mw_notify("READY=1\nSTATUS=receiving");
    *out_health = h;
    return MW_OK;
}

void mw_health_free(mw_health *h) {
    if (h == NULL)
        return;
    (void)mw_notify("STOPPING=1");
    mw_timer_free(h->timer);
    free(h);
}
