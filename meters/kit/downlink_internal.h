/* SPDX-License-Identifier: Apache-2.0
 *
 * Between downlink.c, which takes frames, orders.c, which does what they say, and answers.c, which
 * sends what came of it.
 */
#ifndef MW_METERS_KIT_DOWNLINK_INTERNAL_H
#define MW_METERS_KIT_DOWNLINK_INTERNAL_H

#include "meters/kit/meter.h"
#include "protocols/smp/smp.h"

/* ---- downlink.c ---- */

/* The receipt of a command that was done, NULL when its id is not remembered. */
mw_downlink_done *mw_downlink_find(mw_downlink *d, uint16_t id, uint8_t code);
/* Stores that a command (NULL: a frame without one) is about to be done. MW_IO. */
MW_NODISCARD mw_status mw_downlink_taken(mw_meter *m, const mw_smp_command *c);
/* Stores what became of it and queues the receipt; also when flash fails (MW_IO). */
MW_NODISCARD mw_status mw_downlink_finish(mw_meter *m, mw_mono now, const mw_downlink_done *e);
/* Key epoch, group key, relay. MW_IO. */
MW_NODISCARD mw_status mw_downlink_state_save(mw_meter *m);

/* ---- orders.c ---- */

/* Whether a command may come to a group at all. */
bool mw_orders_allowed(const mw_smp_command *c, bool group);
/* Does a command, unless it was done before. `taken`: its record is written. MW_IO. */
MW_NODISCARD mw_status mw_orders_take(mw_meter *m, mw_mono now, const mw_smp_command *c, bool group,
                                      bool taken);
/* Does a command that a reset interrupted. */
MW_NODISCARD mw_status mw_orders_redo(mw_meter *m, mw_mono now, const mw_smp_command *c);
/* ---- firmware.c ---- */

/* Begin, status, activate. MW_NOT_FOUND also when the board takes no firmware. */
MW_NODISCARD mw_status mw_orders_firmware(mw_meter *m, const mw_smp_command *c,
                                          mw_downlink_done *e);
/* A block of an image; what is wrong with it shows in what is missing. */
void mw_orders_firmware_block(mw_meter *m, mw_slice body);
/* A frame sealed for this meter alone came: whoever runs here works. */
void mw_orders_firmware_heard(mw_meter *m);
/* Restarts into an image whose time has come, once nothing is left to answer. */
void mw_orders_firmware_step(mw_meter *m, mw_mono now, mw_meter_outputs *out);
/* A time object in a burst that began at `burst_start`. */
void mw_orders_time(mw_meter *m, mw_mono now, mw_mono burst_start, const mw_smp_time_set *time,
                    bool group);

/* ---- answers.c ---- */

/* Something is to be answered; answers to a group are spread. */
void mw_answers_due(mw_meter *m, mw_mono now, bool spread);

#endif
