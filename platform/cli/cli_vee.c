/* SPDX-License-Identifier: Apache-2.0
 *
 * The commands about validation: what settings would have found, what they are, and setting one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/cli/cli.h"
#include "platform/store/sqlite.h"
#include "platform/validation/assess.h"
#include "platform/validation/engine.h"
#include "runtime/clock.h"

enum { DRY_FINDINGS = 65536, DRY_DAYS_MAX = 1100 };

static int failed(const char *what, mw_status why) {
    (void)fprintf(stderr, "mw-platform: %s: %s\n", what, mw_status_text(why));
    return 1;
}

static int misused(const char *what) {
    (void)fprintf(stderr, "mw-platform: %s; see mw-platform --help\n", what);
    return 2;
}

/* The value of "--name value" behind the command's own words; NULL when absent. */
static const char *option(int argc, char **argv, int from, const char *name) {
    for (int i = from; i + 1 < argc; i += 2)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return NULL;
}

static bool options_known(int argc, char **argv, int from, const char *const *known) {
    for (int i = from; i < argc; i += 2) {
        size_t k = 0;
        while (known[k] != NULL && strcmp(known[k], argv[i]) != 0)
            k++;
        if (known[k] == NULL || i + 1 >= argc)
            return false;
    }
    return true;
}

static mw_status day_parse(const char *text, mw_utc *out) {
    char full[40];
    if (strlen(text) != 10)
        return MW_SYNTAX;
    (void)snprintf(full, sizeof full, "%sT00:00:00Z", text);
    return mw_utc_parse(mw_slice_of_str(full), out);
}

/* --- dry run --------------------------------------------------------------------------------- */

typedef struct dry {
    mw_store *store;
    mw_zones *zones;
    int64_t tenant;
    mw_utc from, to;
    mw_vee_class class; /* MW_VEE_CLASSES = each channel's own */
    mw_vee_dated dated[MW_BOOK_ROWS_MAX];
    size_t dated_n;
    mw_window window;
    mw_vee_finding *finding;
    mw_vee_dry_run sum;
    uint32_t channels, without;
    int64_t *channel;
    size_t n, room;
} dry;

static mw_status channel_take(void *ctx, const mw_store_channel_newest *row) {
    dry *d = ctx;
    if (d->n == d->room) {
        size_t room = d->room == 0 ? 1024 : d->room * 2;
        int64_t *more = realloc(d->channel, room * sizeof *more);
        if (more == NULL)
            return MW_NOMEM;
        d->channel = more;
        d->room = room;
    }
    /* Other tenants' are passed over by their negative number, which also moves the page. */
    d->channel[d->n++] = row->tenant == d->tenant ? row->channel : -row->channel;
    return MW_OK;
}

static mw_status channels_list(dry *d) {
    size_t before;
    int64_t after = 0;
    do {
        before = d->n;
        MW_TRY(mw_store_channels_newest(d->store, after, MW_STORE_PAGE_MAX, channel_take, d));
        if (d->n > before)
            after = llabs(d->channel[d->n - 1]);
    } while (d->n > before);
    return MW_OK;
}

static void sum_add(mw_vee_dry_run *to, const mw_vee_dry_run *r) {
    to->turns += r->turns;
    to->failed_days += r->failed_days;
    to->lost += r->lost;
    for (unsigned i = 0; i < MW_VEE_RULES; i++) {
        to->findings[i] += r->findings[i];
        to->days[i] += r->days[i];
        to->intervals[i] += r->intervals[i];
    }
}

/* The past as it was reported, each local day as if it had just come. */
static mw_status channel_run(dry *d, int64_t channel) {
    mw_window_channel c;
    mw_vee_book book;
    size_t unknown = 0;
    mw_window *w = &d->window;
    MW_TRY(mw_window_channel_read(d->store, d->zones, d->tenant, channel, &c));
    mw_vee_class class = d->class < MW_VEE_CLASSES ? d->class : (mw_vee_class)c.class;
    MW_TRY(mw_vee_book_at(d->dated, d->dated_n, class, d->to, &book, &unknown));
    MW_TRY(mw_window_read(w, d->store, &c, d->from, d->to));
    uint32_t first = 0, end = w->n;
    while (first < end && (w->raw_flags[first] & MW_VEE_MISSING) != 0)
        first++;
    while (end > first && (w->raw_flags[end - 1] & MW_VEE_MISSING) != 0)
        end--;
    if (first == end) {
        d->without++;
        return MW_OK;
    }
    /* Only what lies between the first and the last value: before and after nothing is missing. */
    MW_TRY(mw_window_read(w, d->store, &c, mw_window_time(w, first), mw_window_time(w, end)));
    MW_TRY(mw_window_days(w, &c));
    mw_vee_series s = mw_assess_series(w, &c, &book, w->raw, w->raw_flags);
    mw_vee_findings scratch = {.item = d->finding, .room = DRY_FINDINGS};
    mw_vee_dry_run run;
    MW_TRY(mw_vee_dry_run_over(&s, &book.rules, &scratch, &run));
    sum_add(&d->sum, &run);
    d->channels++;
    return MW_OK;
}

static void dry_tell(const dry *d) {
    printf("%u channels, %u days of channels, %u days with a failed rule; %u channels without "
           "values in the span\n",
           d->channels, d->sum.turns, d->sum.failed_days, d->without);
    printf("%-5s %-28s %10s %10s %10s\n", "rule", "finds", "findings", "days", "intervals");
    for (unsigned k = 0; k < MW_VEE_RULES; k++) {
        const mw_vee_rule_info *r = &mw_vee_rules[mw_vee_rule_order[k]];
        printf("%-5s %-28s %10u %10u %10u\n", r->id, r->name, d->sum.findings[r->rule],
               d->sum.days[r->rule], d->sum.intervals[r->rule]);
    }
    if (d->sum.lost > 0)
        printf("%u findings did not fit and are not counted by rule\n", d->sum.lost);
}

/* "V07.share=1200000,V08.on=0" over the settings of the database. */
static bool overrides_take(dry *d, const char *text) {
    char copy[1024];
    (void)snprintf(copy, sizeof copy, "%s", text);
    char *state = NULL;
    for (char *part = strtok_r(copy, ",", &state); part != NULL;
         part = strtok_r(NULL, ",", &state)) {
        char *value = strchr(part, '='), *end = NULL;
        mw_vee_book probe;
        if (value == NULL || d->dated_n == MW_BOOK_ROWS_MAX)
            return false;
        *value++ = 0;
        long long v = strtoll(value, &end, 10);
        mw_vee_book_preset(MW_VEE_RESIDENTIAL, &probe);
        if (end == value || *end != 0 || mw_vee_book_set(&probe, part, v) != MW_OK) {
            (void)fprintf(stderr, "mw-platform: %s: no such key, or outside its limits\n", part);
            return false;
        }
        /* For each class, from long ago until after everything: nothing goes before it. */
        for (uint8_t c = 0; c < MW_VEE_CLASSES && d->dated_n < MW_BOOK_ROWS_MAX; c++) {
            mw_vee_dated *row = &d->dated[d->dated_n++];
            *row = (mw_vee_dated){.class = c, .from = d->to, .value = v};
            (void)snprintf(row->name, sizeof row->name, "%s", part);
        }
    }
    return true;
}

static int dry_run(const mw_platform_config *c, mw_store *store, mw_zones *zones, int argc,
                   char **argv) {
    static const char *const known[] = {"--tenant", "--class", "--from", "--to", "--set", NULL};
    static dry d;
    const char *tenant = option(argc, argv, 2, "--tenant"), *from = option(argc, argv, 2, "--from"),
               *to = option(argc, argv, 2, "--to"), *class = option(argc, argv, 2, "--class"),
               *set = option(argc, argv, 2, "--set");
    if (!options_known(argc, argv, 2, known))
        return misused("vee dry-run [--tenant T] [--class C] [--from DAY] [--to DAY] [--set ...]");
    d.store = store;
    d.zones = zones;
    d.class = MW_VEE_CLASSES;
    d.to = mw_clock_machine_utc();
    if ((to != NULL && day_parse(to, &d.to) != MW_OK) ||
        (class != NULL && mw_vee_class_of(class, &d.class) != MW_OK))
        return misused("days are such as 2026-01-31, classes residential and commercial");
    d.from = (mw_utc){d.to.us - 90 * INT64_C(86400) * MW_US_PER_S};
    if (from != NULL && day_parse(from, &d.from) != MW_OK)
        return misused("days are such as 2026-01-31");
    if (d.from.us >= d.to.us || d.to.us - d.from.us > DRY_DAYS_MAX * INT64_C(86400) * MW_US_PER_S)
        return misused("the span must be 1 to 1100 days");
    mw_status s = mw_store_tenant_find(store, tenant != NULL ? tenant : c->tenant, &d.tenant);
    if (s == MW_OK)
        s = mw_book_rows_read(store, d.tenant, d.dated, &d.dated_n);
    if (s == MW_OK && set != NULL && !overrides_take(&d, set))
        return 2;
    d.finding = calloc(DRY_FINDINGS, sizeof *d.finding);
    if (s == MW_OK)
        s = d.finding == NULL ? MW_NOMEM : channels_list(&d);
    for (size_t i = 0; i < d.n && s == MW_OK; i++)
        if (d.channel[i] > 0)
            s = channel_run(&d, d.channel[i]);
    if (s == MW_OK)
        dry_tell(&d);
    mw_window_fini(&d.window);
    free(d.finding);
    free(d.channel);
    return s == MW_OK ? 0 : failed("vee dry-run", s);
}

/* --- settings -------------------------------------------------------------------------------- */

static int settings(const mw_platform_config *c, mw_store *store, int argc, char **argv) {
    static const char *const known[] = {"--tenant", NULL};
    static mw_vee_dated row[MW_BOOK_ROWS_MAX];
    const char *tenant = option(argc, argv, 2, "--tenant");
    int64_t id = 0;
    size_t n = 0;
    mw_vee_key key;
    if (!options_known(argc, argv, 2, known))
        return misused("vee settings [--tenant T]");
    mw_status s = mw_store_tenant_find(store, tenant != NULL ? tenant : c->tenant, &id);
    if (s == MW_OK)
        s = mw_book_rows_read(store, id, row, &n);
    if (s != MW_OK)
        return failed("vee settings", s);
    for (size_t i = 0; i < n; i++) {
        char from[MW_UTC_TEXT_MAX];
        mw_utc_format(row[i].from, from);
        printf("%s %" PRId64 " %s from %s\n", row[i].name, row[i].value,
               mw_vee_class_name((mw_vee_class)row[i].class), from);
    }
    printf("%s# key, preset (residential, commercial), limits, unit\n", n > 0 ? "\n" : "");
    for (uint32_t i = 0; mw_vee_key_at(i, &key); i++)
        printf("%-26s %" PRId64 " %" PRId64 "  %" PRId64 "..%" PRId64 "  %s\n", key.name,
               key.preset[0], key.preset[1], key.min, key.max, key.unit);
    return 0;
}

static int set(const mw_platform_config *c, mw_store *store, mw_zones *zones, int argc,
               char **argv) {
    static const char *const known[] = {"--tenant", "--class", "--from", NULL};
    const char *tenant = option(argc, argv, 4, "--tenant"),
               *class = option(argc, argv, 4, "--class"), *from = option(argc, argv, 4, "--from");
    mw_vee_dated row = {.class = MW_VEE_ALL_CLASSES, .from = mw_clock_machine_utc()};
    mw_vee_class of = MW_VEE_RESIDENTIAL;
    mw_engine *engine = NULL;
    char *end = NULL;
    if (argc < 4 || !options_known(argc, argv, 4, known))
        return misused("vee set KEY VALUE [--tenant T] [--class C] [--from TIME]");
    row.value = strtoll(argv[3], &end, 10);
    (void)snprintf(row.name, sizeof row.name, "%s", argv[2]);
    if (end == argv[3] || *end != 0 || (class != NULL && mw_vee_class_of(class, &of) != MW_OK) ||
        (from != NULL && mw_utc_parse(mw_slice_of_str(from), &row.from) != MW_OK))
        return misused("a value is a whole number, a time such as 2026-01-31T00:00:00Z");
    if (class != NULL)
        row.class = (uint8_t)of;
    mw_engine_person who = {
        .login = "command", .text = "set by a command", .now = mw_clock_machine_utc()};
    mw_engine_options o = {.store = store, .zones = zones, .changes = 1, .looks = 1};
    mw_status s = mw_store_tenant_find(store, tenant != NULL ? tenant : c->tenant, &who.tenant);
    if (s == MW_OK)
        s = mw_engine_open(&o, &engine);
    if (s == MW_OK)
        s = mw_engine_setting(engine, &who, &row);
    mw_engine_close(engine);
    return s == MW_OK ? 0 : failed(row.name, s);
}

int mw_platform_vee(const mw_platform_config *config, int argc, char **argv) {
    if (argc < 2)
        return misused("vee needs dry-run, settings or set");
    mw_store *store = NULL;
    mw_zones *zones = NULL;
    int lock = -1, code = 2;
    bool writes = strcmp(argv[1], "set") == 0;
    if (writes && mw_platform_lock(config, &lock) != MW_OK) {
        (void)fprintf(stderr, "mw-platform: the platform is running; use its API instead\n");
        return 1;
    }
    mw_status s = mw_zones_open(config->zone_dir, &zones);
    if (s != MW_OK) {
        code = failed("time zones", s);
    } else if (mw_platform_open_store(config, &store) != MW_OK) {
        code = 1;
    } else if (strcmp(argv[1], "dry-run") == 0) {
        code = dry_run(config, store, zones, argc, argv);
    } else if (strcmp(argv[1], "settings") == 0) {
        code = settings(config, store, argc, argv);
    } else if (writes) {
        code = set(config, store, zones, argc, argv);
    } else {
        code = misused("vee knows dry-run, settings and set");
    }
    mw_store_close(store);
    if (zones != NULL)
        mw_zones_close(zones);
    if (lock >= 0)
        (void)close(lock);
    return code;
}
