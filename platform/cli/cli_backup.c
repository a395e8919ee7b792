/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-platform backup, verify-backup, restore.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/backup/backup.h"
#include "platform/cli/cli.h"
#include "platform/open_store.h"
#include "platform/store/postgres_backup.h"
#include "runtime/clock.h"

enum { KEEP_PRESET = 14 };

static int misused(const char *what) {
    fprintf(stderr, "mw-platform: usage: %s\n", what);
    return 2;
}

static int failed(const char *what, const char *name, mw_status why) {
    const char *text = why == MW_DUPLICATE   ? "it exists already"
                       : why == MW_NOT_FOUND ? "there is no such file or folder"
                                             : mw_status_text(why);
    fprintf(stderr, "mw-platform: %s %s: %s\n", what, name, text);
    return 1;
}

/* A decimal number of at most nine digits; 0 when it is none. */
static uint32_t number_of(const char *text) {
    size_t n = strlen(text);
    return n > 0 && n <= 9 && strspn(text, "0123456789") == n ? (uint32_t)strtoul(text, NULL, 10)
                                                              : 0;
}

static void print_made(const char *name, const mw_manifest *m) {
    char made[MW_UTC_TEXT_MAX];
    mw_utc_format(m->made, made);
    printf("%s: made %s, schema %d, %" PRIu64 " bytes, %" PRIu64 " journal records\n", name, made,
           m->schema, m->size, m->journal);
    if (m->sender)
        printf("sender epoch at that time: %u\n", (unsigned)m->sender_epoch);
}

static mw_status postgres_copy(void *ctx, const char *to) {
    mw_store_postgres_options o = mw_platform_postgres_options(ctx);
    return mw_store_postgres_copy(&o, to);
}

static mw_status postgres_fill(void *ctx, const char *from) {
    mw_store_postgres_options o = mw_platform_postgres_options(ctx);
    return mw_store_postgres_fill(&o, from);
}

/* Whether something can be restored to where the store is. */
static mw_status postgres_vacant(const mw_platform_config *c) {
    char why[400] = "";
    mw_store_postgres_options o = mw_platform_postgres_options(c);
    o.alone = true;
    o.why = why;
    o.why_size = sizeof why;
    mw_status s = mw_store_postgres_vacant(&o);
    if (s == MW_DUPLICATE)
        fprintf(stderr, "mw-platform: not restored: there are data in the database already;"
                        " restore to an empty one\n");
    else if (s != MW_OK)
        fprintf(stderr, "mw-platform: not restored: %s\n", why[0] != 0 ? why : mw_status_text(s));
    return s;
}

int mw_platform_backup(const mw_platform_config *c, int argc, char **argv) {
    static const char usage[] = "backup FOLDER | backup --into FOLDER [--keep N]";
    char path[MW_BACKUP_PATH_MAX];
    mw_manifest m;
    mw_backup_options o = {.store_path = c->store_path,
                           .key_file = c->key_file,
                           .folder = argc > 1 ? argv[1] : NULL,
                           .now = mw_clock_machine_utc()};
    mw_platform_config store = *c;
    if (mw_platform_on_postgres(c)) {
        o.copy = postgres_copy;
        o.ctx = &store;
    }
    bool into = argc > 2 && strcmp(argv[1], "--into") == 0;
    mw_status s;
    if (into) {
        bool keeps = argc == 5 && strcmp(argv[3], "--keep") == 0;
        uint32_t keep = keeps ? number_of(argv[4]) : KEEP_PRESET;
        if ((argc != 3 && !keeps) || keep == 0 || keep > MW_BACKUP_KEEP_MAX)
            return misused(usage);
        o.folder = argv[2];
        s = mw_backup_rotate(&o, keep, path, &m);
    } else {
        if (argc != 2 || argv[1][0] == '-')
            return misused(usage);
        snprintf(path, sizeof path, "%s", argv[1]);
        s = mw_backup_make(&o, &m);
    }
    if (s != MW_OK)
        return failed("backup to", o.folder, s);
    print_made(path, &m);
    return 0;
}

static mw_status print_violation(void *ctx, const mw_violation *v) {
    unsigned *printed = ctx;
    if (++*printed > 100)
        return MW_OK;
    printf("violation: tenant %" PRId64 " channel %" PRId64 ": %s: register %" PRId64
           ", intervals %" PRId64 ", suspense %" PRId64 "\n",
           v->tenant, v->channel, v->what, v->difference, v->intervals, v->suspense);
    return MW_OK;
}

int mw_platform_verify_backup(const mw_platform_config *c, int argc, char **argv) {
    mw_backup_report r;
    unsigned printed = 0;
    (void)c;
    if (argc != 2)
        return misused("verify-backup FOLDER");
    mw_status s = mw_backup_verify(argv[1], print_violation, &printed, &r);
    if (s != MW_OK)
        return failed("verify-backup", argv[1], s);
    if (r.wrong != NULL) {
        fprintf(stderr, "mw-platform: %s is no good backup: %s%s%s\n", argv[1], r.wrong,
                r.database.damage[0] != 0 ? ": " : "", r.database.damage);
        return 1;
    }
    print_made(argv[1], &r.manifest);
    printf("checksum right; no damage; %" PRId64 " values in %" PRId64 " chunks decoded\n",
           r.database.values, r.database.chunks);
    printf("conservation: %" PRId64 " channels, %" PRId64 " spans, %" PRId64
           " final intervals; violations: %" PRId64 "\n",
           r.conservation.channels, r.conservation.spans, r.conservation.intervals,
           r.conservation.violations);
    return 0;
}

static int restore(const mw_platform_config *c, const char *folder, uint32_t epoch) {
    char epoch_file[4096];
    mw_restore_report r = {.wrong = NULL};
    mw_status s = mw_platform_epoch_file(c, (mw_span){(uint8_t *)epoch_file, sizeof epoch_file});
    if (s != MW_OK)
        return failed("restore", folder, s);
    mw_restore_options o = {.folder = folder,
                            .store_path = c->store_path,
                            .key_file = c->key_file,
                            .epoch_file = epoch_file,
                            .epoch = epoch,
                            .tenant = c->tenant,
                            .now = mw_clock_machine_utc()};
    mw_platform_config store = *c;
    if (mw_platform_on_postgres(c)) {
        if (postgres_vacant(c) != MW_OK)
            return 1;
        o.put = postgres_fill;
        o.ctx = &store;
    }
    s = mw_backup_restore(&o, &r);
    if (s == MW_STATE && r.wrong != NULL) {
        fprintf(stderr, "mw-platform: not restored: %s\n", r.wrong);
        return 1;
    }
    if (s != MW_OK)
        return failed("restore", folder, s);
    print_made(folder, &r.manifest);
    printf("restored to %s; sender epoch: %u; all sessions ended\n", mw_platform_store_name(c),
           (unsigned)r.epoch);
    return 0;
}

int mw_platform_restore(const mw_platform_config *c, int argc, char **argv) {
    uint32_t epoch = 0;
    int lock = -1;
    bool given = argc == 4 && strcmp(argv[2], "--epoch") == 0;
    if (given)
        epoch = number_of(argv[3]);
    if ((argc != 2 && !given) || (given && (epoch == 0 || epoch > MW_SENDER_EPOCH_MAX)))
        return misused("restore FOLDER [--epoch N]");
    mw_status s = mw_platform_lock(c, &lock);
    if (s == MW_STATE) {
        fprintf(stderr, "mw-platform: the platform is running; stop it first\n");
        return 1;
    }
    if (s != MW_OK)
        return failed("restore to", c->store_path, s);
    int code = restore(c, argv[1], epoch);
    close(lock);
    return code;
}
