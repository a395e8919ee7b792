/* SPDX-License-Identifier: Apache-2.0
 *
 * Notifications from the settings.
 */
#ifndef MW_PLATFORM_MESSAGES_H
#define MW_PLATFORM_MESSAGES_H

#include "platform/config.h"
#include "platform/notify/notify.h"

/* Reads the password of the mail server and derives the key of webhooks' secrets from the registry's
 * key file. Once in a process. Says on the log what is wrong. */
MW_NODISCARD mw_status mw_platform_open_notify(const mw_platform_config *config, mw_loop *loop,
                                               mw_store *store, mw_zones *zones,
                                               mw_notify **out_notify);

#endif
