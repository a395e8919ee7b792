/* SPDX-License-Identifier: Apache-2.0
 *
 * The command words of mw-platform (commands to meters are in platform/commands/): what an administrator does once and then ends.
 */
#ifndef MW_PLATFORM_CLI_CLI_H
#define MW_PLATFORM_CLI_CLI_H

#include "platform/commands/sender.h"
#include "platform/config.h"
#include "platform/registry/registry.h"

/* Runs a command and returns the exit code: 0 done, 1 failed, 2 wrongly used. Results go to
 * standard output, what went wrong to standard error. */
int mw_platform_command(const mw_platform_config *config, int argc, char **argv);

/* The commands "vee ..."; argv[0] is "vee". */
int mw_platform_vee(const mw_platform_config *config, int argc, char **argv);

/* The command "table". */
int mw_platform_table(const mw_platform_config *config, int argc, char **argv);
/* The command "conservation". */
int mw_platform_conservation(const mw_platform_config *config);

/* The commands "backup", "verify-backup" and "restore". */
int mw_platform_backup(const mw_platform_config *config, int argc, char **argv);
int mw_platform_verify_backup(const mw_platform_config *config, int argc, char **argv);
int mw_platform_restore(const mw_platform_config *config, int argc, char **argv);
/* The command "audit verify": 0 the trail is whole, 3 it is not. */
int mw_platform_audit_command(const mw_platform_config *config, int argc, char **argv);
/* "account second-factor-off LOGIN". */
int mw_platform_factor_off(mw_store *store, const char *login);

/* Opens the database as configured and says on standard error what is wrong. */
MW_NODISCARD mw_status mw_platform_open_store(const mw_platform_config *config,
                                              mw_store **out_store);
MW_NODISCARD mw_status mw_platform_open_registry(const mw_platform_config *config, mw_store *store,
                                                 mw_registry **out_registry);
/* Name of the file of the sender epoch. MW_RANGE: too long. */
MW_NODISCARD mw_status mw_platform_epoch_file(const mw_platform_config *config, mw_span out_path);
MW_NODISCARD mw_status mw_platform_open_sender(const mw_platform_config *config, mw_store *store,
                                               mw_sender **out_sender);
/* Takes the lock that keeps a second platform, or a redecode beside a running platform, from the
 * database. *out_fd stays open as long as the lock is held. MW_STATE when another holds it. */
MW_NODISCARD mw_status mw_platform_lock(const mw_platform_config *config, int *out_fd);

#endif
