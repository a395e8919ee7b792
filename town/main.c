/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-town: wires the simulation, the air and the feed, and keeps the pace. It begins in the past,
 * catches up as fast as the station can listen, and then lives on at the set factor.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "protocols/smp/smp.h"
#include "runtime/clock.h"
#include "runtime/file.h"
#include "runtime/log.h"
#include "town/feed.h"
#include "town/push.h"
#include "town/settings.h"
#include "town/simulation.h"

/* How far the simulation goes in one step, and how often progress is told. */
#define STEP      mw_dur_s(10)
#define LIVE_STEP mw_dur_ms(20)
#define PROGRESS  mw_dur_s(2)
/* After a kill the clock file may be ahead of what the station has heard: go back a little. What is
 * sent twice is identical, and the platform stores it once. */
#define RESUME_BACK mw_dur_s(60)
/* Silence at the end, in which the last frames are decoded. */
#define TAIL mw_dur_s(30)
/* A station that gives no word on a window for so long is taken for one that sends nothing. */
#define AWAIT_MAX      mw_dur_s(20)
#define COMPLETE_SLACK mw_dur_ms(100)
/* A meter gets a frame this long after its first symbol: the longest one, and the air's lookahead.
 */
#define DOWNLINK_LONGEST mw_dur_s(16)

typedef struct town {
    mw_town_config config;
    mw_town_series water;
    mw_town_series households[MW_TOWN_HOUSEHOLDS_MAX], loads[MW_TOWN_LOADS];
    size_t household_count;
    mw_town_population population;
    mw_town_air air;
    mw_town_book book;
    mw_town_simulation simulation;
    mw_town_push push;
    mw_town_medium *medium; /* NULL: nothing comes down */
    mw_utc lived;           /* what meters heard up to here is in the journal */
    mw_town_feed feed;
    mw_town_clock *clock;
    mw_utc start;
    mw_utc end;       /* MW_UTC_NONE: never */
    mw_utc caught_up; /* from here on the town lives at the set factor */
    mw_mono told;
} town;

static volatile sig_atomic_t stop_requested;

static void on_signal(int number) {
    (void)number;
    stop_requested = 1;
}

/* ---- opening ---- */

/* The town begins at a whole hour, noted in a file at its first start. */
static mw_status find_start(town *t) {
    char path[4096], text[MW_UTC_TEXT_MAX + 1] = "";
    if (snprintf(path, sizeof path, "%s/start", t->config.state_folder) >= (int)sizeof path)
        return MW_LIMIT;
    FILE *f = fopen(path, "r");
    if (f != NULL) {
        bool read = fgets(text, sizeof text, f) != NULL;
        (void)fclose(f);
        text[strcspn(text, "\n")] = 0;
        return read ? mw_utc_parse(mw_slice_of_str(text), &t->start) : MW_CORRUPT;
    }
    int64_t seconds = mw_utc_floor_s(mw_clock_machine_utc()) - t->config.before.ns / MW_NS_PER_S;
    t->start = mw_utc_of_s(seconds - seconds % 3600);
    mw_utc_format(t->start, text);
    return mw_file_replace(path, mw_slice_of_str(text), 0644);
}

static mw_status open_people(town *t) {
    MW_TRY(mw_town_series_open_water(t->config.data_folder, &t->water));
    MW_TRY(mw_town_series_open_households(t->config.data_folder, t->households,
                                          MW_TOWN_HOUSEHOLDS_MAX, &t->household_count));
    MW_TRY(mw_town_series_open_loads(t->config.data_folder, t->loads));
    MW_TRY(mw_town_population_open((uint64_t)t->config.seed, (uint32_t)t->config.water_meters,
                                   (uint32_t)t->config.modems, t->household_count,
                                   t->config.time_zone, &t->population));
    t->population.beacons = t->config.beacon != 0;
    return mw_town_population_electricity(&t->population, (uint32_t)t->config.electricity,
                                          t->household_count);
}

static mw_status push(void *context, mw_slice apdu, mw_span out, size_t *out_size) {
    town *t = context;
    return mw_town_push_send(&t->push, apdu, mw_clock_mono(), out, out_size);
}

static void on_transmitted(void *context, const mw_samples_block *block) {
    town *t = context;
    if (t->medium != NULL)
        mw_town_medium_take(t->medium, block);
}

static mw_town_hear_fn hear;

static mw_status open_medium(town *t) {
    char path[4096];
    if (!t->config.downlink)
        return MW_OK;
    if (snprintf(path, sizeof path, "%s/downlinks.journal", t->config.state_folder) >=
        (int)sizeof path)
        return MW_LIMIT;
    mw_town_medium_config c = {
        .seed = (uint64_t)t->config.seed,
        .start = t->start,
        .full_scale_dbm = t->config.downlink_full_scale.cdbm / 100.0,
        .noise_figure_db = (double)t->config.meter_noise_figure_db,
        .lost_permille = (uint32_t)t->config.lost_permille,
        .journal = path,
    };
    MW_TRY(mw_town_medium_open(&c, &t->air, &t->medium));
    mw_town_simulation_listen(&t->simulation, hear, t);
    return MW_OK;
}

static mw_status open_town(town *t) {
    const mw_town_config *c = &t->config;
    MW_TRY(mw_file_make_folders(c->state_folder, 0755));
    MW_TRY(find_start(t));
    mw_town_air_config air = {
        .seed = (uint64_t)c->seed,
        .start = t->start,
        .rate_hz = (uint32_t)(c->rate.mhz / 1000),
        .centre = c->centre,
        .full_scale_dbm = c->full_scale.cdbm / 100.0,
        .noise_figure_db = (double)c->noise_figure_db,
        .lost_permille = (uint32_t)c->lost_permille,
    };
    if (air.rate_hz == 0 || MW_US_PER_S % air.rate_hz != 0)
        return MW_RANGE;
    MW_TRY(mw_town_air_open(&air, &t->air));
    MW_TRY(mw_town_book_open(&t->book, c->state_folder));
    mw_town_terms terms = {
        .water = &t->water,
        .households = t->households,
        .loads = t->loads,
        .start = t->start,
        .billing_hour = (uint8_t)c->billing_hour,
        .jitter_s = (uint16_t)(c->jitter.ns / MW_NS_PER_S),
    };
    if (c->beacon != 0) {
        mw_key master = mw_town_population_group_master(&t->population);
        terms.beacon = (uint8_t)c->beacon;
        MW_TRY(mw_key_derive_group(&mw_crypto_own, &master, MW_SMP_GROUP_ALL, 0, &terms.group_key));
    }
    MW_TRY(mw_unb_plan_find(c->plan, &terms.plan));
    MW_TRY(mw_town_simulation_open(&t->population, &terms, &t->air, &t->book, &t->simulation));
    t->push = (mw_town_push){.to = c->push_to, .fd = -1};
    mw_town_simulation_push(&t->simulation, push, t);
    MW_TRY(open_medium(t));
    MW_TRY(mw_town_clock_create(c->clock_path, t->start, &t->clock));
    t->lived = mw_utc_add(mw_town_clock_utc(t->clock), MW_TOWN_AIR_LOOKAHEAD);
    t->feed.take = on_transmitted;
    t->feed.take_context = t;
    return mw_town_feed_open(&t->feed, c->samples_path);
}

static void close_town(town *t) {
    mw_town_push_close(&t->push);
    mw_town_feed_close(&t->feed);
    if (t->clock != NULL)
        mw_town_clock_close(t->clock);
    mw_town_simulation_close(&t->simulation);
    mw_town_medium_close(t->medium);
    if (t->book.truth != NULL && mw_town_book_close(&t->book) != MW_OK)
        mw_log_plain(MW_LOG_ERROR, "the book of truth could not be written");
    mw_town_air_close(&t->air);
    mw_town_population_close(&t->population);
    for (size_t i = 0; i < t->household_count; i++)
        mw_town_series_close(&t->households[i]);
    for (size_t i = 0; i < MW_TOWN_LOADS; i++)
        mw_town_series_close(&t->loads[i]);
    mw_town_series_close(&t->water);
}

/* ---- living ---- */

static void tell_progress(town *t, const char *what) {
    char at[MW_UTC_TEXT_MAX];
    mw_utc now = mw_town_clock_utc(t->clock);
    mw_utc_format(mw_utc_of_s(mw_utc_floor_s(now)), at);
    mw_log(MW_LOG_INFO, what, MW_S("town", at),
           MW_I("hours", mw_utc_since(now, t->start).ns / (3600 * MW_NS_PER_S)),
           MW_I("frames", t->book.frames_sent), MW_I("lost", t->book.frames_lost),
           MW_I("connections", t->feed.connections), MW_I("downlinks", t->book.downlinks_heard),
           MW_I("pushes", t->book.pushed));
    if (t->medium != NULL)
        mw_log(MW_LOG_INFO, "the way down", MW_I("bursts", mw_town_medium_bursts(t->medium)),
               MW_I("dropped", mw_town_medium_dropped(t->medium)));
}

/* Mixes and sends what is on the air up to a moment. */
static mw_status send_until(town *t, mw_utc until) {
    uint64_t limit = mw_town_air_index(&t->air, until);
    mw_samples_block block;
    while (mw_town_air_next(&t->air, limit, &block) == MW_OK) {
        MW_TRY(mw_town_feed_push(&t->feed, &block, &stop_requested));
        mw_town_clock_set(t->clock, mw_town_air_utc(&t->air, block.h.first_index + block.h.count));
        mw_mono now = mw_clock_mono();
        if (mw_mono_since(now, t->told).ns >= PROGRESS.ns) {
            t->told = now;
            tell_progress(t, "progress");
            MW_TRY(mw_town_book_flush(&t->book));
        }
    }
    return MW_OK;
}

/* When the firmware gets a frame: it is complete, and the air is known that far. */
static mw_utc complete_at(const mw_town_meter *m, const mw_town_heard *heard) {
    mw_unb_size size = MW_UNB_L;
    mw_assert(mw_unb_size_for(heard->payload_bytes, &size) == MW_OK);
    mw_dur length = mw_unb_airtime(m->listen.rate, size);
    return mw_utc_add(heard->start,
                      (mw_dur){length.ns + MW_TOWN_AIR_LOOKAHEAD.ns + COMPLETE_SLACK.ns});
}

/* A meter's receive window has ended: the station must have heard all that was sent before, and
 * said that nothing else comes. In a life that was lived before, the journal knows. */
static mw_status hear(void *context, const mw_town_meter *m, mw_utc now,
                      mw_town_hearing *out_hearing, mw_town_heard *out_heard, mw_utc *out_later) {
    town *t = context;
    *out_hearing = MW_TOWN_NOTHING;
    if (mw_town_medium_recall(t->medium, m, out_heard)) {
        mw_utc ready = complete_at(m, out_heard);
        *out_hearing = now.us < ready.us ? MW_TOWN_LATER : MW_TOWN_FRAME;
        *out_later = ready;
        return MW_OK;
    }
    if (now.us <= t->lived.us)
        return MW_OK;
    mw_utc until = mw_utc_add(now, (mw_dur){-MW_TOWN_AIR_LOOKAHEAD.ns});
    MW_TRY(send_until(t, until));
    if (!mw_town_feed_await(&t->feed, mw_town_air_index(&t->air, until), AWAIT_MAX,
                            &stop_requested))
        return stop_requested ? MW_CLOSED : MW_OK;
    MW_TRY(mw_town_medium_hear(t->medium, m, now, out_hearing, out_heard, out_later));
    if (*out_hearing != MW_TOWN_FRAME)
        return MW_OK;
    MW_TRY(mw_town_medium_note(t->medium, m, out_heard));
    mw_utc ready = complete_at(m, out_heard);
    if (now.us < ready.us) { /* when a replay gives it to the meter */
        *out_hearing = MW_TOWN_LATER;
        *out_later = ready;
    }
    return MW_OK;
}

/* Simulates the meters and sends everything up to a moment. */
static mw_status live_until(town *t, mw_utc until) {
    MW_TRY(mw_town_simulation_advance(&t->simulation, mw_utc_add(until, MW_TOWN_AIR_LOOKAHEAD)));
    return send_until(t, until);
}

/* Where the town stopped last time; what was sent before is simulated again, but not sent. */
static mw_utc resume(town *t) {
    mw_utc at = mw_utc_add(mw_town_clock_utc(t->clock), (mw_dur){-RESUME_BACK.ns});
    if (at.us <= t->start.us)
        return t->start;
    t->air.cursor = mw_town_air_index(&t->air, at);
    return at;
}

static mw_status catch_up(town *t, mw_utc *at) {
    mw_town_clock_set_factor(t->clock, 0);
    while (!stop_requested && at->us < t->caught_up.us) {
        *at = mw_utc_add(*at, STEP);
        MW_TRY(live_until(t, *at));
    }
    return MW_OK;
}

static mw_status live(town *t, mw_utc at) {
    mw_town_clock_set_factor(t->clock, (uint32_t)t->config.factor * 1000);
    tell_progress(t, "live");
    while (!stop_requested) {
        mw_mono before = mw_clock_mono();
        mw_dur passed = {0};
        /* Answers are no reason to go on sooner: a block for each would bring one for each block. */
        while (!stop_requested && passed.ns < LIVE_STEP.ns) {
            mw_town_feed_serve(&t->feed, (mw_dur){LIVE_STEP.ns - passed.ns});
            passed = mw_mono_since(mw_clock_mono(), before);
        }
        at = mw_utc_add(at, (mw_dur){passed.ns * t->config.factor});
        MW_TRY(live_until(t, at));
    }
    return MW_OK;
}

/* Reports that wait for a platform that is down are tried for so long at the end. */
#define PUSH_DRAIN mw_dur_s(30)

/* Waits until the station and the push door have everything. */
static void drain(town *t) {
    size_t waiting = 1;
    mw_mono begun = mw_clock_mono();
    mw_town_clock_set_factor(t->clock, 0);
    while (!stop_requested && t->config.push_to[0] != 0 && waiting > 0 &&
           mw_mono_since(mw_clock_mono(), begun).ns < PUSH_DRAIN.ns) {
        if (mw_town_simulation_deliver(&t->simulation, &waiting) != MW_OK)
            break;
        mw_town_feed_serve(&t->feed, mw_dur_ms(waiting > 0 ? 100 : 0));
    }
    while (!stop_requested && t->feed.first != NULL)
        mw_town_feed_serve(&t->feed, mw_dur_ms(50));
    if (t->feed.first == NULL)
        tell_progress(t, "done");
}

static mw_status run(town *t) {
    mw_utc at = resume(t);
    mw_utc now = mw_clock_machine_utc();
    bool ends = t->config.run_for.ns > 0;
    t->caught_up = ends ? mw_utc_add(t->start, t->config.run_for) : now;
    MW_TRY(catch_up(t, &at));
    if (!ends)
        return live(t, at);
    /* The meters fall silent: frames on the air are sent to their ends, then the station sees a gap
     * and can tell that nothing is left. */
    MW_TRY(send_until(t, mw_utc_add(at, TAIL)));
    drain(t);
    return MW_OK;
}

/* ---- the program ---- */

static mw_status write_population(town *t, const char *path) {
    /* It holds the devices' keys: only its owner may read it. */
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *f = fd < 0 || fchmod(fd, 0600) != 0 ? NULL : fdopen(fd, "w");
    if (f == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return MW_IO;
    }
    mw_status status = mw_town_population_write(&t->population, f);
    if (fclose(f) != 0 && status == MW_OK)
        status = MW_IO;
    return status;
}

static int fail(const char *what, mw_status status) {
    mw_log(MW_LOG_ERROR, what, MW_S("why", mw_status_text(status)));
    return 1;
}

int main(int argc, char **argv) {
    static town t = {.feed = {.listener = -1, .peer = -1}, .push = {.fd = -1}};
    mw_log_start("mw-town", MW_LOG_INFO);
    mw_start start = mw_settings_start(&mw_town_program, argc, argv, &t.config);
    if (!start.run)
        return start.exit_code;
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);

    int code = 0;
    mw_status status = open_people(&t);
    if (status != MW_OK) {
        code = fail("cannot settle the town; look at data.folder, town.water_meters, town.modems, "
                    "town.electricity",
                    status);
    } else if (start.argc > 0) {
        if (start.argc != 2 || strcmp(start.argv[0], "population") != 0)
            code = fail("unknown command; see --help", MW_SYNTAX);
        else if ((status = write_population(&t, start.argv[1])) != MW_OK)
            code = fail("cannot write the provisioning file", status);
    } else if ((status = open_town(&t)) != MW_OK) {
        code =
            fail("cannot start; look at state.folder, clock.path, samples.path, radio.*", status);
    } else if ((status = run(&t)) != MW_OK && status != MW_CLOSED) {
        code = fail("the town stopped", status);
    }
    close_town(&t);
    mw_settings_free(start.settings);
    return code;
}
