/* SPDX-License-Identifier: Apache-2.0
 *
 * What validation asks of meters, as commands: a sign of life of a silent one, the archive of a
 * hole. The queue of commands bounds them and keeps duty; asked twice they are one command.
 */
#ifndef MW_PLATFORM_ASK_H
#define MW_PLATFORM_ASK_H

#include "platform/commands/queue.h"
#include "platform/validation/watch.h"

/* Queues it. MW_RANGE: the hole is shorter than an hour of the meter's grid, or its channel reports
 * no hours; else as mw_commands_create. Of a hole longer than one command reads the newest part is
 * asked for: the rest is a hole again when it has come. */
MW_NODISCARD mw_status mw_platform_ask(mw_commands *commands, mw_store *store, mw_vigil_ask what,
                                       const mw_window_channel *c, mw_utc from, mw_utc to,
                                       mw_utc now);

#endif
