/* SPDX-License-Identifier: Apache-2.0
 *
 * A platform's life in small, for programs that kill it or cut its power: reports come, are folded,
 * validated, estimated and settled; old days become sums; backups are made. It can be left at any
 * moment and goes on where it was; at its end nothing may tell that it was.
 */
#ifndef MW_TESTS_KILLS_LIFE_H
#define MW_TESTS_KILLS_LIFE_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "platform/backup/backup.h"
#include "platform/journal/decode.h"
#include "platform/retention/retention.h"
#include "platform/validation/test/world.h"

enum { LIFE_DAYS = 48, LIFE_KEPT_DAYS = 20, LIFE_ROWS_MAX = LIFE_DAYS * 24 };

typedef enum life_phase {
    LIFE_OPEN,
    LIFE_APPEND,
    LIFE_FOLD,
    LIFE_REVISE,
    LIFE_SETTLE,
    LIFE_PRUNE,
    LIFE_BACKUP,
    LIFE_PHASES
} life_phase;

static const char *const life_phase_name[LIFE_PHASES + 1] = {
    "open", "append", "fold", "revision", "settle", "prune", "backup", "upgrade"};

/* Seen by the process that kills: where the work is, and what was acknowledged. */
typedef struct life_shared {
    volatile int phase;
    volatile int64_t acknowledged; /* reports whose commit returned */
} life_shared;

typedef struct life {
    world w;
    life_shared *shared;
    char path[64], key[64], backups[64];
} life;

/* Files in memory where that is possible: what a kill or a simulated power cut does to them is the
 * same, and nobody waits for a disk. */
static inline void life_in_memory(const char *program) {
    if (program[0] == '/' && access("/dev/shm", W_OK) == 0)
        MW_CHECK_EQ(chdir("/dev/shm"), 0);
}

/* Which days reported, and which never do. */
static inline bool life_reports(int64_t d) {
    return d % 13 != 7 && (d < 30 || d > 33);
}

static inline void life_name(life *l, const char *folder) {
    (void)snprintf(l->path, sizeof l->path, "%.40s/p.db", folder);
    (void)snprintf(l->key, sizeof l->key, "%.40s/p.key", folder);
    (void)snprintf(l->backups, sizeof l->backups, "%.40s/b", folder);
}

static inline int64_t life_reported(life *l) {
    int64_t newest = 0;
    MW_CHECK_OK(mw_store_journal_at(l->w.store, (mw_utc){INT64_MAX / 2}, &newest));
    return newest;
}

static inline int64_t life_days_done(life *l) {
    int64_t newest = life_reported(l), day = 0;
    for (int64_t n = 0; day < LIFE_DAYS && n < newest; day++)
        n += life_reports(day);
    return day;
}

static inline void life_at(life *l, life_phase phase) {
    l->shared->phase = (int)phase;
}

static inline void life_step(life *l, mw_utc now) {
    mw_vigil_turn t = {.more = true};
    mw_pipeline_turn p = {.changes = 1};
    l->w.now = now;
    life_at(l, LIFE_FOLD);
    world_fold(&l->w);
    life_at(l, LIFE_REVISE);
    while (p.changes > 0)
        MW_CHECK_OK(mw_pipeline_run(l->w.pipeline, now, MW_PIPELINE_CHANGES_MAX, &p));
    while (t.more)
        MW_CHECK_OK(mw_vigil_run(l->w.watch, now, 1000, &t));
    life_at(l, LIFE_SETTLE);
    for (uint32_t done = 1; done > 0;) {
        MW_CHECK_OK(mw_store_begin(l->w.store));
        MW_CHECK_OK(mw_settle_step(l->w.store, MW_STORE_PAGE_MAX, now, &done));
        MW_CHECK_OK(mw_store_commit(l->w.store));
    }
}

static inline void life_prune(life *l, mw_utc now) {
    mw_retention_turn t = {.more = true};
    life_at(l, LIFE_PRUNE);
    while (t.more)
        MW_CHECK_OK(mw_retention_run(l->w.store, l->w.zones, now, 3, &t));
}

static inline mw_status life_backup(life *l, mw_utc now) {
    char path[MW_BACKUP_PATH_MAX];
    mw_manifest m;
    life_at(l, LIFE_BACKUP);
    mw_backup_options o = {
        .store_path = l->path, .key_file = l->key, .folder = l->backups, .now = now};
    mw_status s = mw_backup_rotate(&o, 2, path, &m);
    return s == MW_DUPLICATE ? MW_OK : s; /* of this day is one already */
}

static inline void life_report(life *l, int64_t d) {
    life_at(l, LIFE_APPEND);
    l->w.seq = (uint64_t)d + 1;
    world_day(&l->w, d, 0);
    l->shared->acknowledged++;
}

/* Opens what is there, and lives to the end. */
static inline void life_work(life *l) {
    life_at(l, LIFE_OPEN);
    world_start(&l->w);
    for (int64_t d = life_days_done(l); d < LIFE_DAYS; d++) {
        mw_utc now = world_hour(d * 24);
        life_step(l, now);
        life_prune(l, now);
        if (d % 6 == 5)
            MW_CHECK_OK(life_backup(l, now));
        if (life_reports(d))
            life_report(l, d);
    }
    mw_utc end = world_hour(LIFE_DAYS * 24 + 1);
    life_step(l, end);
    life_prune(l, end);
    life_at(l, LIFE_OPEN);
    world_stop(&l->w);
}

/* An installed platform: one meter, days become sums soon, the contents of uplinks go later. */
static inline void life_new(life *l, const char *folder) {
    life_shared *shared = l->shared;
    memset(l, 0, sizeof *l);
    l->shared = shared;
    life_name(l, folder);
    world_open(&l->w, 9, "Europe/Rome", 0);
    mw_registry *r = NULL;
    MW_CHECK_OK(mw_registry_open(l->w.store, l->key, &r));
    mw_registry_close(r);
    mw_store_retention keep = {.tenant = l->w.tenant, .who = "ops"};
    MW_CHECK_OK(mw_store_begin(l->w.store));
    keep.tier = MW_TIER_INTERVALS;
    keep.days = LIFE_KEPT_DAYS;
    MW_CHECK_OK(mw_store_retention_put(l->w.store, &keep));
    keep.tier = MW_TIER_RAW;
    keep.days = 30;
    MW_CHECK_OK(mw_store_retention_put(l->w.store, &keep));
    MW_CHECK_OK(mw_store_cursor_set(l->w.store, MW_DECODE_CURSOR, INT32_MAX));
    MW_CHECK_OK(mw_store_commit(l->w.store));
    world_stop(&l->w);
    MW_CHECK_EQ(rename(l->w.path, l->path), 0);
    (void)snprintf(l->w.path, sizeof l->w.path, "%s", l->path);
    shared->acknowledged = 0;
}

/* ---- what is there in the end ---- */

typedef struct life_row {
    int64_t start, value;
    uint32_t seconds, quality;
} life_row;

typedef struct life_rows {
    life_row row[LIFE_ROWS_MAX];
    size_t n;
} life_rows;

static inline mw_status life_row_take(void *ctx, const mw_store_value *v) {
    life_rows *r = ctx;
    MW_CHECK(r->n < LIFE_ROWS_MAX);
    r->row[r->n++] = (life_row){v->interval.start.us, v->interval.value, v->interval.seconds,
                                v->interval.quality};
    return MW_OK;
}

/* The database stands open in l->w. All adds up to what flowed. */
static inline void life_end(life *l, life_rows *out) {
    int64_t sum = 0, reports = 0;
    for (int64_t h = 0; h < LIFE_DAYS * 24; h++)
        sum += l->w.truth[h];
    for (int64_t d = 0; d < LIFE_DAYS; d++)
        reports += life_reports(d);
    MW_CHECK_EQ(life_reported(l), reports);
    world_conserves(&l->w, l->w.channel, 0, LIFE_DAYS * 24, sum);
    memset(out, 0, sizeof *out);
    mw_store_values_query q = {.tenant = l->w.tenant,
                               .channel = l->w.channel,
                               .layer = MW_LAYER_FINAL,
                               .from = world_hour(0),
                               .to = world_hour(LIFE_DAYS * 24),
                               .as_of = MW_UTC_NONE};
    MW_CHECK_OK(mw_store_values(l->w.store, &q, life_row_take, out));
}

/* Every backup with its name is a whole one. Gives how many there are. */
static inline unsigned life_backups_good(life *l) {
    char line[200], name[160];
    unsigned n = 0;
    (void)snprintf(line, sizeof line, "ls -d %s/meterworks-*Z 2>/dev/null", l->backups);
    FILE *list = popen(line, "r");
    MW_CHECK(list != NULL);
    while (fgets(name, sizeof name, list) != NULL) {
        mw_backup_report r;
        name[strcspn(name, "\n")] = 0;
        MW_CHECK_OK(mw_backup_verify(name, NULL, NULL, &r));
        if (r.wrong != NULL)
            print_message("%s: %s\n", name, r.wrong);
        MW_CHECK(r.wrong == NULL);
        n++;
    }
    (void)pclose(list);
    return n;
}

#endif
