/* SPDX-License-Identifier: Apache-2.0
 *
 * The DLMS push door, from the settings push.*.
 */
#ifndef MW_PLATFORM_PUSHING_H
#define MW_PLATFORM_PUSHING_H

#include "platform/config.h"
#include "platform/doors/push_door.h"

/* NULL when it is not configured. Says in the log why it cannot. */
MW_NODISCARD mw_status mw_platform_open_pushes(const mw_platform_config *c, mw_loop *loop,
                                               mw_store *store, mw_registry *registry,
                                               mw_metrics *metrics, void (*on_stored)(void *),
                                               void *context, mw_push_door **out_door);

#endif
