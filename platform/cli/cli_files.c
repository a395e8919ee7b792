/* SPDX-License-Identifier: Apache-2.0
 *
 * The command "table": imports of CSV and XLSX files of any size, and their undoing.
 *
 *   table import FILE --mapping FILE [--tenant T] [--dry-run]
 *   table undo NUMBER [--tenant T]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cli/cli.h"
#include "platform/files/apply.h"
#include "runtime/clock.h"
#include "runtime/file.h"

#define TABLE_MAX ((size_t)512 * 1024 * 1024)

typedef struct table_command {
    const char *subject; /* the file, or the number of an import */
    const char *mapping;
    const char *tenant;
    bool dry;
} table_command;

static int misused(void) {
    fprintf(stderr, "mw-platform: table import FILE --mapping FILE [--tenant T] [--dry-run], or\n"
                    "             table undo NUMBER [--tenant T]\n");
    return 2;
}

static bool words_read(int argc, char **argv, table_command *out) {
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--dry-run") == 0)
            out->dry = true;
        else if (strcmp(argv[i], "--mapping") == 0 && i + 1 < argc)
            out->mapping = argv[++i];
        else if (strcmp(argv[i], "--tenant") == 0 && i + 1 < argc)
            out->tenant = argv[++i];
        else if (argv[i][0] != '-' && out->subject == NULL)
            out->subject = argv[i];
        else
            return false;
    }
    return out->subject != NULL;
}

static void report_print(const mw_import_result *r, bool dry) {
    const mw_import_report *p = &r->report;
    char first[MW_UTC_TEXT_MAX] = "-", last[MW_UTC_TEXT_MAX] = "-";
    if (!mw_utc_is_none(p->first)) {
        mw_utc_format(p->first, first);
        mw_utc_format(p->last, last);
    }
    printf("%u rows: %u new meters (%u as they were), %u values of %u channels, %s to %s\n",
           p->rows, p->meters - r->unchanged, r->unchanged, p->values, p->channels, first, last);
    printf("%u empty, %u repeated, %u superseded, %u clock times that came twice, %u shifted, "
           "%u values already known\n",
           p->empty, p->repeated, p->superseded, p->twice, p->shifted, r->kept);
    for (size_t i = 0; i < p->problems; i++)
        printf("row %u: %s\n", p->problem[i].row, p->problem[i].text);
    if (p->problem_count > 0)
        printf("%u problems; nothing was changed\n", p->problem_count);
    else if (r->id != 0)
        printf("import %lld\n", (long long)r->id);
    else
        printf(dry ? "nothing was changed (dry run)\n" : "nothing was new\n");
}

static int import(const table_command *c, const mw_import_session *session) {
    mw_buffer mapping_text, content;
    mw_json_error error = {""};
    mw_mapping *mapping = malloc(sizeof *mapping);
    mw_import_result *result = malloc(sizeof *result);
    mw_buffer_init(&mapping_text, MW_MAPPING_BYTES_MAX);
    mw_buffer_init(&content, TABLE_MAX);
    mw_status s = mapping != NULL && result != NULL ? MW_OK : MW_NOMEM;
    const char *at = c->mapping;
    if (s == MW_OK)
        s = mw_file_read(c->mapping, &mapping_text);
    if (s == MW_OK)
        s = mw_mapping_decode(mw_buffer_view(&mapping_text), mapping, &error);
    if (s == MW_OK) {
        at = c->subject;
        s = mw_file_read(c->subject, &content);
    }
    if (s == MW_OK) {
        mw_import_file file = {mapping->name[0] != 0 ? mapping->name : "command line", mapping,
                               c->subject, mw_buffer_view(&content)};
        s = mw_import_apply(session, &file, c->dry, result);
    }
    int code = 1;
    if (s == MW_OK) {
        report_print(result, c->dry);
        code = result->report.problem_count > 0 ? 1 : 0;
    } else {
        fprintf(stderr, "mw-platform: %s: %s\n", at,
                error.text[0] != 0 ? error.text : mw_status_text(s));
    }
    mw_buffer_fini(&mapping_text);
    mw_buffer_fini(&content);
    free(mapping);
    free(result);
    return code;
}

static int undo(const table_command *c, const mw_import_session *session) {
    mw_import_undo_result r;
    mw_status s = mw_import_undo(session, strtoll(c->subject, NULL, 10), &r);
    if (s == MW_OK) {
        printf(
            "%u spans of values withdrawn, %u meters, places and owners removed, %u left because "
            "something depends on them\n",
            r.values, r.removed, r.left);
        return 0;
    }
    fprintf(stderr, "mw-platform: import %s: %s\n", c->subject,
            s == MW_STATE ? "it was undone before" : mw_status_text(s));
    return 1;
}

int mw_platform_table(const mw_platform_config *config, int argc, char **argv) {
    table_command c = {.tenant = config->tenant};
    bool is_import = argc > 1 && strcmp(argv[1], "import") == 0;
    bool is_undo = argc > 1 && strcmp(argv[1], "undo") == 0;
    if (!(is_import || is_undo) || !words_read(argc - 2, argv + 2, &c) ||
        (is_import && c.mapping == NULL))
        return misused();
    mw_store *store = NULL;
    mw_registry *registry = NULL;
    mw_zones *zones = NULL;
    int code = 1;
    if (mw_platform_open_store(config, &store) == MW_OK &&
        mw_platform_open_registry(config, store, &registry) == MW_OK &&
        mw_zones_open(config->zone_dir, &zones) == MW_OK) {
        mw_import_session session = {.store = store,
                                     .registry = registry,
                                     .zones = zones,
                                     .tenant_name = c.tenant,
                                     .who = "command line",
                                     .now = mw_clock_machine_utc()};
        mw_status s = mw_store_tenant_find(store, c.tenant, &session.tenant);
        if (s != MW_OK)
            fprintf(stderr, "mw-platform: there is no tenant \"%s\"\n", c.tenant);
        else
            code = is_import ? import(&c, &session) : undo(&c, &session);
    }
    if (zones != NULL)
        mw_zones_close(zones);
    if (registry != NULL)
        mw_registry_close(registry);
    mw_store_close(store);
    return code;
}
