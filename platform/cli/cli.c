/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/cli/cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "platform/accounts/account.h"
#include "platform/journal/decode.h"
#include "platform/open_store.h"
#include "platform/readings/timezone.h"
#include "platform/store/sqlite.h"
#include "runtime/clock.h"
#include "runtime/file.h"

#define IMPORT_MAX ((size_t)512 * 1024 * 1024)

static int failed(const char *what, mw_status why) {
    fprintf(stderr, "mw-platform: %s: %s\n", what, mw_status_text(why));
    return 1;
}

static int misused(const char *what) {
    fprintf(stderr, "mw-platform: %s; see mw-platform --help\n", what);
    return 2;
}

mw_status mw_platform_open_store(const mw_platform_config *config, mw_store **out_store) {
    return mw_platform_open_store_as(config, MW_OPEN_WRITER, out_store);
}

mw_status mw_platform_open_registry(const mw_platform_config *config, mw_store *store,
                                    mw_registry **out_registry) {
    mw_status s = mw_registry_open(store, config->key_file, out_registry);
    if (s != MW_OK)
        fprintf(stderr, "mw-platform: cannot use the key file %s: %s\n", config->key_file,
                s == MW_FORBIDDEN ? "others than its owner may read it" : mw_status_text(s));
    return s;
}

mw_status mw_platform_epoch_file(const mw_platform_config *config, mw_span out_path) {
    const char *own = config->epoch_file;
    int n = own[0] != 0 ? snprintf((char *)out_path.p, out_path.n, "%s", own)
                        : snprintf((char *)out_path.p, out_path.n, "%s.epoch", config->key_file);
    return n < 0 || (size_t)n >= out_path.n ? MW_RANGE : MW_OK;
}

mw_status mw_platform_open_sender(const mw_platform_config *config, mw_store *store,
                                  mw_sender **out_sender) {
    char path[4096];
    MW_TRY(mw_platform_epoch_file(config, (mw_span){(uint8_t *)path, sizeof path}));
    return mw_sender_new(store, path, out_sender);
}

mw_status mw_platform_lock(const mw_platform_config *config, int *out_fd) {
    char path[4096];
    int n = snprintf(path, sizeof path, "%s.lock", config->store_path);
    if (n < 0 || (size_t)n >= sizeof path)
        return MW_RANGE;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return MW_IO;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        return MW_STATE;
    }
    *out_fd = fd;
    return MW_OK;
}

/* ---- words behind a command: "--name value" ---- */

typedef struct words {
    int argc;
    char **argv;
} words;

/* The value of an option, NULL when absent. */
static const char *option(const words *w, const char *name) {
    for (int i = 0; i + 1 < w->argc; i++)
        if (strcmp(w->argv[i], name) == 0)
            return w->argv[i + 1];
    return NULL;
}

/* True when there is nothing but the known options, each with a value. */
static bool options_ok(const words *w, const char *const *known) {
    for (int i = 0; i < w->argc; i += 2) {
        size_t k = 0;
        while (known[k] != NULL && strcmp(known[k], w->argv[i]) != 0)
            k++;
        if (known[k] == NULL || i + 1 >= w->argc)
            return false;
    }
    return true;
}

/* Tells a secret once: into a file only the owner may read, or on standard output. */
static int tell_secret(const char *file, const char *label, const char *secret) {
    if (file == NULL) {
        printf("%s: %s\n", label, secret);
        return fflush(stdout) == 0 ? 0 : 1;
    }
    char line[128];
    snprintf(line, sizeof line, "%s\n", secret);
    mw_status s = mw_file_replace(file, mw_slice_of_str(line), 0600);
    mw_bytes_wipe(line, sizeof line);
    return s == MW_OK ? 0 : failed(file, s);
}

/* ---- account ---- */

static int explain_account(mw_status s, const char *login) {
    switch (s) {
    case MW_SYNTAX:
        return misused("the login or role is not possible, or --customer does not go with the "
                       "role");
    case MW_DUPLICATE:
        fprintf(stderr, "mw-platform: the account %s exists\n", login);
        return 1;
    case MW_NOT_FOUND:
        fprintf(stderr, "mw-platform: there is no such account or customer\n");
        return 1;
    default:
        return failed("account", s);
    }
}

static int account_create(const mw_platform_config *c, mw_store *store, const char *login,
                          const words *w) {
    static const char *const known[] = {"--role",      "--customer", "--tenant",        "--name",
                                        "--time-zone", "--locale",   "--password-file", NULL};
    const char *role = option(w, "--role");
    const char *tenant = option(w, "--tenant");
    const char *zone = option(w, "--time-zone");
    const char *locale = option(w, "--locale");
    if (!options_ok(w, known) || role == NULL)
        return misused("account create LOGIN --role ROLE [options]");
    mw_account_new a = {.tenant = tenant != NULL ? tenant : c->tenant,
                        .login = login,
                        .name = option(w, "--name"),
                        .role = role,
                        .customer = option(w, "--customer"),
                        .time_zone = zone != NULL ? zone : "UTC",
                        .locale = locale != NULL ? locale : "en"};
    char password[MW_PASSWORD_TEXT_MAX];
    mw_status s =
        mw_account_create(store, mw_platform_password(c), &a, mw_clock_machine_utc(), password);
    if (s != MW_OK)
        return explain_account(s, login);
    int code = tell_secret(option(w, "--password-file"), login, password);
    mw_bytes_wipe(password, sizeof password);
    return code;
}

static int account_password(const mw_platform_config *c, mw_store *store, const char *login,
                            const words *w) {
    static const char *const known[] = {"--password-file", NULL};
    if (!options_ok(w, known))
        return misused("account password LOGIN [--password-file F]");
    char password[MW_PASSWORD_TEXT_MAX];
    mw_status s = mw_account_password(store, mw_platform_password(c), login, mw_clock_machine_utc(),
                                      password);
    if (s != MW_OK)
        return explain_account(s, login);
    int code = tell_secret(option(w, "--password-file"), login, password);
    mw_bytes_wipe(password, sizeof password);
    return code;
}

static int account(const mw_platform_config *c, int argc, char **argv) {
    if (argc < 3)
        return misused("account needs create, password, disable or enable, and a login");
    const char *verb = argv[1];
    const char *login = argv[2];
    words w = {argc - 3, argv + 3};
    mw_store *store = NULL;
    if (mw_secret_init() != MW_OK || mw_platform_open_store(c, &store) != MW_OK)
        return 1;
    int code = 2;
    if (strcmp(verb, "create") == 0) {
        code = account_create(c, store, login, &w);
    } else if (strcmp(verb, "password") == 0) {
        code = account_password(c, store, login, &w);
    } else if ((strcmp(verb, "disable") == 0 || strcmp(verb, "enable") == 0) && w.argc == 0) {
        mw_status s =
            mw_account_disable(store, login, strcmp(verb, "disable") == 0, mw_clock_machine_utc());
        code = s == MW_OK ? 0 : explain_account(s, login);
    } else if (strcmp(verb, "second-factor-off") == 0 && w.argc == 0) {
        code = mw_platform_factor_off(store, login);
    } else {
        code = misused("account knows create, password, disable, enable and second-factor-off");
    }
    mw_store_close(store);
    return code;
}

/* ---- station ---- */

static int station(const mw_platform_config *c, int argc, char **argv) {
    static const char *const known[] = {"--tenant", "--token-file", NULL};
    words w = {argc - 3, argv + 3};
    if (argc < 3 || strcmp(argv[1], "add") != 0 || !options_ok(&w, known))
        return misused("station add ID [--tenant T] [--token-file F]");
    mw_store *store = NULL;
    if (mw_secret_init() != MW_OK || mw_platform_open_store(c, &store) != MW_OK)
        return 1;
    const char *tenant = option(&w, "--tenant");
    char token[MW_TOKEN_TEXT_MAX];
    mw_status s = mw_station_add(store, tenant != NULL ? tenant : c->tenant, argv[2],
                                 mw_clock_machine_utc(), token);
    int code = 1;
    if (s == MW_OK)
        code = tell_secret(option(&w, "--token-file"), argv[2], token);
    else if (s == MW_SYNTAX)
        code = misused("a station's id is made of letters, digits, '.', '_' and '-'");
    else
        code = failed("station", s);
    mw_store_close(store);
    return code;
}

/* ---- import ---- */

/* New installations are dated by --at, else by the daemon's clock when it can be read. */
static mw_status import_time(const mw_platform_config *c, const char *at, mw_utc *out_at) {
    if (at != NULL)
        return mw_utc_parse(mw_slice_of_str(at), out_at);
    mw_clock *clock = NULL;
    if (mw_clock_open(c->clock, &clock) != MW_OK) {
        *out_at = mw_clock_machine_utc();
        return MW_OK;
    }
    *out_at = mw_clock_utc(clock);
    mw_clock_close(clock);
    return MW_OK;
}

static int import_into(const mw_platform_config *c, mw_store *store, mw_slice lines, mw_utc at) {
    mw_registry *registry = NULL;
    mw_registry_import_report report;
    if (mw_platform_open_registry(c, store, &registry) != MW_OK)
        return 1;
    mw_status s = mw_registry_import(registry, lines, at, &report);
    mw_registry_close(registry);
    if (s == MW_OK) {
        printf("%u devices with %u channels in %u lines\n", report.devices, report.channels,
               report.lines);
        return 0;
    }
    if (report.bad_line == 0)
        return failed("import", s);
    fprintf(stderr, "mw-platform: line %u: %s; nothing was imported\n", report.bad_line,
            report.error);
    return 1;
}

static int import(const mw_platform_config *c, int argc, char **argv) {
    static const char *const known[] = {"--at", NULL};
    words w = {argc - 2, argv + 2};
    if (argc < 2 || !options_ok(&w, known))
        return misused("import FILE [--at TIME]");
    mw_utc at;
    mw_buffer file;
    mw_store *store = NULL;
    if (import_time(c, option(&w, "--at"), &at) != MW_OK)
        return misused("--at must be a time such as 2026-01-31T00:00:00Z");
    mw_buffer_init(&file, IMPORT_MAX);
    mw_status s = mw_file_read(argv[1], &file);
    int code = 1;
    if (s != MW_OK) {
        code = failed(argv[1], s);
    } else if (mw_platform_open_store(c, &store) == MW_OK) {
        code = import_into(c, store, mw_buffer_view(&file), at);
        mw_store_close(store);
    }
    mw_buffer_fini(&file);
    return code;
}

/* ---- redecode, check ---- */

static mw_status fold_all(mw_store *store, uint32_t rows_a_turn) {
    uint32_t rows = 0;
    do {
        MW_TRY(mw_store_begin(store));
        mw_status s = mw_store_fold(store, rows_a_turn, &rows);
        if (s != MW_OK) {
            mw_status undone = mw_store_rollback(store);
            (void)undone;
            return s;
        }
        MW_TRY(mw_store_commit(store));
    } while (rows > 0);
    return MW_OK;
}

static mw_status decode_all(mw_store *store, mw_registry *registry, uint32_t fold_rows,
                            int64_t *out_records) {
    mw_decoder *decoder = NULL;
    int64_t total = 0;
    MW_TRY(mw_decoder_new(store, registry, &decoder));
    mw_status s = mw_decoder_rewind(decoder);
    for (uint32_t n = 1; s == MW_OK && n > 0; total += n)
        s = mw_decoder_turn(decoder, MW_DECODE_TURN_MAX, &n);
    if (s == MW_OK)
        s = fold_all(store, fold_rows);
    mw_decoder_free(decoder);
    *out_records = total;
    return s;
}

static int redecode(const mw_platform_config *c) {
    int lock = -1;
    mw_status s = mw_platform_lock(c, &lock);
    if (s != MW_OK) {
        fprintf(stderr, "mw-platform: %s\n",
                s == MW_STATE ? "the platform is running; stop it first" : mw_status_text(s));
        return 1;
    }
    mw_store *store = NULL;
    mw_registry *registry = NULL;
    int code = 1;
    if (mw_platform_open_store(c, &store) == MW_OK &&
        mw_platform_open_registry(c, store, &registry) == MW_OK) {
        int64_t records = 0;
        uint8_t digest[32];
        char hex[65] = "";
        s = decode_all(store, registry, (uint32_t)c->fold_rows, &records);
        if (s == MW_OK)
            s = mw_store_digest(store, digest);
        if (s == MW_OK)
            s = mw_hex_encode(MW_SLICE_OF(digest), (mw_span){(uint8_t *)hex, 64});
        if (s == MW_OK)
            printf("%lld journal records decoded, digest %s\n", (long long)records, hex);
        if (s == MW_STATE)
            fprintf(stderr, "mw-platform: redecode: retention has let go of what it would need\n");
        code = s == MW_OK ? 0 : s == MW_STATE ? 1 : failed("redecode", s);
    }
    if (registry != NULL)
        mw_registry_close(registry);
    mw_store_close(store);
    close(lock);
    return code;
}

/* ---- sender-epoch ---- */

static int sender_epoch_show(mw_sender *sender) {
    mw_sender_report r;
    mw_status s = mw_sender_look(sender, &r);
    if (s != MW_OK)
        return failed("sender epoch", s);
    if (!r.file && !r.database) {
        printf("sender epoch: none yet, the first downlink begins it\n");
        return 0;
    }
    if (r.file)
        printf("file:     epoch %u, %llu reservations\n", (unsigned)r.file_epoch,
               (unsigned long long)r.file_reservations);
    else
        printf("file:     lost; nothing is sealed until --raise or --to\n");
    if (r.database)
        printf("database: epoch %u, %llu reservations%s\n", (unsigned)r.database_epoch,
               (unsigned long long)r.database_reservations,
               r.file && !r.same ? ", of another platform" : "");
    return 0;
}

static int sender_epoch_do(mw_sender *sender, int argc, char **argv) {
    uint32_t to = 0, epoch = 0;
    if (argc == 1)
        return sender_epoch_show(sender);
    if (argc == 3 && strcmp(argv[1], "--to") == 0) {
        size_t n = strlen(argv[2]);
        if (n == 0 || n > 4 || strspn(argv[2], "0123456789") != n)
            return misused("--to takes a number up to 4095");
        to = (uint32_t)strtoul(argv[2], NULL, 10);
        if (to == 0)
            return misused("--to takes a number from 1 on");
    } else if (argc != 2 || strcmp(argv[1], "--raise") != 0) {
        return misused("sender-epoch [--raise | --to N]");
    }
    mw_status s = mw_sender_raise(sender, to, &epoch);
    if (s == MW_RANGE)
        return misused("the epoch only rises: N must be above what file and database know");
    if (s != MW_OK)
        return failed("sender epoch", s);
    printf("sender epoch: %u\n", (unsigned)epoch);
    return 0;
}

static int sender_epoch(const mw_platform_config *c, int argc, char **argv) {
    int lock = -1, code = 1;
    mw_store *store = NULL;
    mw_sender *sender = NULL;
    mw_status s = argc > 1 ? mw_platform_lock(c, &lock) : MW_OK;
    if (s != MW_OK) {
        fprintf(stderr, "mw-platform: %s\n",
                s == MW_STATE ? "the platform is running; stop it first" : mw_status_text(s));
        return 1;
    }
    if (mw_platform_open_store(c, &store) == MW_OK) {
        s = mw_platform_open_sender(c, store, &sender);
        code = s == MW_OK ? sender_epoch_do(sender, argc, argv) : failed("sender epoch", s);
    }
    mw_sender_free(sender);
    mw_store_close(store);
    if (lock >= 0)
        close(lock);
    return code;
}

static int check(const mw_platform_config *c) {
    mw_store *store = NULL;
    mw_registry *registry = NULL;
    mw_zones *zones = NULL;
    int64_t users = 0;
    int64_t hot = 0;
    int code = 1;
    if (mw_platform_open_store(c, &store) != MW_OK)
        return 1;
    mw_status s = mw_store_users_count(store, &users);
    if (s == MW_OK)
        s = mw_store_hot_rows(store, &hot);
    if (s != MW_OK) {
        code = failed("database", s);
    } else if (mw_platform_open_registry(c, store, &registry) == MW_OK) {
        s = mw_zones_open(c->zone_dir, &zones);
        code = s == MW_OK ? 0 : failed("time zones", s);
    }
    if (code == 0)
        printf("database: schema %d, %lld accounts, %lld rows to fold\nmaster key: usable\n"
               "time zones: %s\n",
               mw_store_sqlite_schema(), (long long)users, (long long)hot, mw_zones_version(zones));
    if (zones != NULL)
        mw_zones_close(zones);
    if (registry != NULL)
        mw_registry_close(registry);
    mw_store_close(store);
    return code;
}

int mw_platform_command(const mw_platform_config *config, int argc, char **argv) {
    const char *word = argv[0];
    if (strcmp(word, "account") == 0)
        return account(config, argc, argv);
    if (strcmp(word, "audit") == 0)
        return mw_platform_audit_command(config, argc, argv);
    if (strcmp(word, "station") == 0)
        return station(config, argc, argv);
    if (strcmp(word, "import") == 0)
        return import(config, argc, argv);
    if (strcmp(word, "vee") == 0)
        return mw_platform_vee(config, argc, argv);
    if (strcmp(word, "sender-epoch") == 0)
        return sender_epoch(config, argc, argv);
    if (strcmp(word, "redecode") == 0 && argc == 1)
        return redecode(config);
    if (strcmp(word, "table") == 0)
        return mw_platform_table(config, argc, argv);
    if (strcmp(word, "conservation") == 0 && argc == 1)
        return mw_platform_conservation(config);
    if (strcmp(word, "backup") == 0)
        return mw_platform_backup(config, argc, argv);
    if (strcmp(word, "verify-backup") == 0)
        return mw_platform_verify_backup(config, argc, argv);
    if (strcmp(word, "restore") == 0)
        return mw_platform_restore(config, argc, argv);
    if (strcmp(word, "check") == 0 && argc == 1)
        return check(config);
    return misused("unknown command");
}
