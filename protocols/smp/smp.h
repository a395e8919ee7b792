/* SPDX-License-Identifier: Apache-2.0
 *
 * SMP, the compact metering protocol (docs/spec/smp.md). A pure codec: no clock, no heap, no
 * state but what the caller passes. Includes everything:
 *
 *   frame.h    sealing and opening, addresses, counters
 *   day.h      a register and up to 48 hourly values: the core of a report
 *   objects.h  walking objects; events, health, command, receipt, time, configuration
 *   commands.h what stands in a command, code by code
 *
 * A meter's report:                          The platform:
 *   mw_smp_day_encode(&day, room, span, &n)    mw_smp_header_decode(frame, MW_SMP_UP, &h)
 *   mw_smp_object_put_last(&w, MW_SMP_DAY, ..) counter = full ? h.counter : mw_smp_counter_resolve
 *   mw_smp_frame_seal(&ctx, &info, objects,    mw_smp_frame_open(&ctx, dir, frame, epoch, counter,
 *                     29, span, &n)                              span, &objects)
 *                                              mw_smp_object_next(&reader, &object) ...
 */
#ifndef MW_PROTOCOLS_SMP_SMP_H
#define MW_PROTOCOLS_SMP_SMP_H

#include "protocols/smp/commands.h"
#include "protocols/smp/day.h"
#include "protocols/smp/frame.h"
#include "protocols/smp/objects.h"

#endif
