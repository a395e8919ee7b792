/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands beside the database in a backup (docs/operators.md, "Backup and restore"):
 *
 *   MWBK1
 *   made 2026-11-22T20:30:00Z
 *   schema 11
 *   size 1234567
 *   blake2b 64 hex digits          of the file `database`
 *   key 64 hex digits              fingerprint of the master key that its keys are wrapped with
 *   journal 100000                 records
 *   sender 3 1200                  sender epoch and reservations; no line: nothing was sealed yet
 *   end 64 hex digits              BLAKE2b of everything above
 *
 * It is written last: a backup without a manifest that adds up is none.
 */
#ifndef MW_PLATFORM_BACKUP_MANIFEST_H
#define MW_PLATFORM_BACKUP_MANIFEST_H

#include "base/bytes.h"
#include "base/time.h"

enum { MW_MANIFEST_MAX = 1024, MW_MANIFEST_HASH = 32 };

typedef struct mw_manifest {
    mw_utc made;
    int schema;
    uint64_t size;
    uint8_t hash[MW_MANIFEST_HASH];
    uint8_t key[MW_MANIFEST_HASH];
    uint64_t journal;
    bool sender;
    uint32_t sender_epoch;
    uint64_t sender_reservations;
} mw_manifest;

/* Gives the number of bytes. */
size_t mw_manifest_format(const mw_manifest *m, char out[MW_MANIFEST_MAX]);
/* MW_UNSUPPORTED: another version; MW_CHECKSUM: cut or changed; MW_SYNTAX. */
MW_NODISCARD mw_status mw_manifest_parse(mw_slice text, mw_manifest *out_manifest);

#endif
