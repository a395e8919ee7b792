/* SPDX-License-Identifier: Apache-2.0
 *
 * The one clock source of a daemon, chosen by the setting `clock = system | town:/path/clock`.
 *
 * The town clock is a small file that a simulated town maps and writes and every daemon maps and
 * reads, so that all of them live in the same simulated time, which may run thousands of times
 * faster than the machine's or stand still. Layout, little endian, 64 bytes:
 *
 *   0 "MWCK" | 4 version u32 = 1 | 8 utc_us i64 (atomic) | 16 factor_milli u32 (atomic) | 20 zero
 *
 * factor_milli is how fast the town means to run, in thousandths of real time (1000 = live,
 * 0 = as fast as it can or standing still); it is for display only.
 * Sessions, lock-outs, time-outs and back-off use mw_clock_mono and mw_clock_machine_utc, never the
 * town's time.
 */
#ifndef MW_RUNTIME_CLOCK_H
#define MW_RUNTIME_CLOCK_H

#include "base/time.h"

typedef struct mw_clock mw_clock;

/* spec: "system" or "town:PATH". MW_SYNTAX for another spec, MW_NOT_FOUND when the town's file does
 * not exist (yet), MW_CORRUPT when it is not a clock, MW_IO, MW_NOMEM. */
MW_NODISCARD mw_status mw_clock_open(const char *spec, mw_clock **out_clock);
void mw_clock_close(mw_clock *c);
/* The time of the chosen source. A daemon takes it once a turn (mw_loop_utc) and passes it down. */
mw_utc mw_clock_utc(const mw_clock *c);
/* "system" or "town". */
const char *mw_clock_source(const mw_clock *c);
/* Speed in thousandths of real time as the source states it; 1000 for the system clock. */
uint32_t mw_clock_factor_milli(const mw_clock *c);

/* The machine's own clocks. */
mw_mono mw_clock_mono(void);
mw_utc mw_clock_machine_utc(void);

/* The writing side. */
typedef struct mw_town_clock mw_town_clock;

/* Makes or takes over the clock file. A file that is already a clock keeps its time (out_clock can
 * be read with mw_town_clock_utc), a new one starts at `start`. */
MW_NODISCARD mw_status mw_town_clock_create(const char *path, mw_utc start,
                                            mw_town_clock **out_clock);
void mw_town_clock_set(mw_town_clock *c, mw_utc now);
void mw_town_clock_set_factor(mw_town_clock *c, uint32_t factor_milli);
mw_utc mw_town_clock_utc(const mw_town_clock *c);
/* Unmaps; the file stays and shows its last time to the readers. */
void mw_town_clock_close(mw_town_clock *c);

#endif
