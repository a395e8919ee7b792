/* SPDX-License-Identifier: Apache-2.0
 *
 * What making, checking and putting back share.
 */
#ifndef MW_PLATFORM_BACKUP_INTERNAL_H
#define MW_PLATFORM_BACKUP_INTERNAL_H

#include "platform/backup/backup.h"

MW_NODISCARD mw_status mw_backup_path(char out[MW_BACKUP_PATH_MAX], const char *folder,
                                      const char *name);
MW_NODISCARD mw_status mw_backup_hash(const char *path, uint8_t out_hash[MW_MANIFEST_HASH],
                                      uint64_t *out_size);
MW_NODISCARD mw_status mw_backup_key_print(const char *key_file,
                                           uint8_t out_print[MW_MANIFEST_HASH]);
MW_NODISCARD mw_status mw_backup_sync_parent(const char *path);
/* Manifest and checksum. *out_wrong stays NULL when both are good. */
MW_NODISCARD mw_status mw_backup_manifest(const char *folder, mw_manifest *out_manifest,
                                          const char **out_wrong);

#endif
