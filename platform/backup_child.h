/* SPDX-License-Identifier: Apache-2.0
 *
 * Backups that the platform makes by itself (settings backup.*): a process of its own runs the
 * command `backup --into`, so serving never waits for the disk.
 */
#ifndef MW_PLATFORM_BACKUP_CHILD_H
#define MW_PLATFORM_BACKUP_CHILD_H

#include "platform/config.h"
#include "runtime/loop.h"

typedef struct mw_backup_child mw_backup_child;

/* argc, argv: as the platform was started, without a command. All are borrowed. NULL when the
 * settings name no folder. */
MW_NODISCARD mw_status mw_backup_child_new(mw_loop *loop, const mw_platform_config *config,
                                           int argc, char **argv, mw_backup_child **out_child);
/* A backup that is under way is left to end by itself. */
void mw_backup_child_free(mw_backup_child *c);

#endif
