/* SPDX-License-Identifier: Apache-2.0
 *
 * Imports into a live database, and taking them back.
 *
 *   meters      new ones are added; one that exists must be as the file says, else the row is a
 *               problem: an import never changes master data behind somebody's back
 *   intervals   revisions of the raw layer with the reason "import", in the spans that have no
 *               values yet: what a meter reported is never replaced
 *   registers   journal records, so that decoding again keeps them
 *
 * An import is one transaction. Undoing withdraws its revisions, removes its readings and those
 * meters that nothing was heard of since; the import stays on record.
 */
#ifndef MW_PLATFORM_FILES_APPLY_H
#define MW_PLATFORM_FILES_APPLY_H

#include "platform/files/import.h"
#include "platform/registry/registry.h"

typedef struct mw_import_session {
    mw_store *store; /* without an open transaction */
    mw_registry *registry;
    mw_zones *zones;
    int64_t tenant;
    const char *tenant_name;
    const char *who; /* a login, or the name of a program */
    mw_utc now;
} mw_import_session;

typedef struct mw_import_file {
    const char *mapping_name;
    const mw_mapping *mapping;
    const char *name; /* of the file, for people */
    mw_slice content;
} mw_import_file;

typedef struct mw_import_result {
    mw_import_report report;
    int64_t id;         /* 0 = nothing was changed: dry run, problems, or nothing new */
    uint32_t kept;      /* values of the file where there already were some */
    uint32_t unchanged; /* meters that were there as the file says */
} mw_import_result;

/* MW_OK also with problems in the report; then nothing was changed. */
MW_NODISCARD mw_status mw_import_apply(const mw_import_session *session, const mw_import_file *file,
                                       bool dry, mw_import_result *out_result);

typedef struct mw_import_undo_result {
    uint32_t values;  /* spans of intervals withdrawn */
    uint32_t removed; /* meters, usage points and owners */
    uint32_t left;    /* those that something depends on by now */
} mw_import_undo_result;

/* MW_NOT_FOUND; MW_STATE when it is undone already. */
MW_NODISCARD mw_status mw_import_undo(const mw_import_session *session, int64_t id,
                                      mw_import_undo_result *out_result);

#endif
