/* SPDX-License-Identifier: Apache-2.0
 *
 * Telling systemd how a daemon is, by the protocol of sd_notify(3), without its library: datagrams
 * to the socket of NOTIFY_SOCKET. Without that variable everything here does nothing.
 */
#ifndef MW_RUNTIME_NOTIFY_H
#define MW_RUNTIME_NOTIFY_H

#include <stdbool.h>

#include "base/time.h"

/* "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=words", or several lines. False when it could not
 * be sent; nothing needs to be done then. */
bool mw_notify(const char *state);
/* How often the watchdog expects to hear of this process; 0 = there is none (WATCHDOG_USEC, of this
 * process by WATCHDOG_PID). Send WATCHDOG=1 at least twice as often. */
mw_dur mw_notify_watchdog(void);

#endif
