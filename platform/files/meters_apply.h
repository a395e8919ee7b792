/* SPDX-License-Identifier: Apache-2.0
 *
 * Meters of a file against the registry: what is new, what is as the file says, what differs.
 * Inside platform/files.
 *
 * begin, check ... (the dry run, inside a transaction that is rolled back by mw_meters_checked),
 * add
 * ..., write (inside the caller's transaction), end.
 */
#ifndef MW_PLATFORM_FILES_METERS_APPLY_H
#define MW_PLATFORM_FILES_METERS_APPLY_H

#include "platform/files/apply.h"
#include "runtime/buffer.h"

enum { MW_METERS_LINES_MAX = 64 * 1024 * 1024 }; /* bytes of all meters of a file as JSON */

typedef struct mw_meters_thing {
    mw_store_imported_kind kind;
    char key[MW_STORE_ID_MAX];
} mw_meters_thing;

typedef struct mw_meters_apply {
    const mw_import_session *session;
    bool checking; /* a transaction is open */
    uint32_t unchanged;
    mw_buffer lines;        /* of the new ones */
    mw_meters_thing *thing; /* what the import makes, in order */
    size_t things, things_room;
} mw_meters_apply;

void mw_meters_begin(mw_meters_apply *m, const mw_import_session *session);
void mw_meters_end(mw_meters_apply *m);
/* MW_OK: new or unchanged. MW_CONFLICT and input errors with out_why. */
MW_NODISCARD mw_status mw_meters_check(mw_meters_apply *m, mw_slice json, char out_why[160]);
/* Ends the dry run. */
MW_NODISCARD mw_status mw_meters_checked(mw_meters_apply *m);
/* Writes what is new and what was made into the import's record; a problem goes to the report. */
MW_NODISCARD mw_status mw_meters_write(mw_meters_apply *m, int64_t import,
                                       mw_import_report *report);

#endif
