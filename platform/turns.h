/* SPDX-License-Identifier: Apache-2.0
 *
 * Shows how long others had to wait for a turn of the loop: the gauges mw_loop_turn_max_ms and
 * mw_loop_turn_cpu_max_ms (of the last ten seconds: what the longest took, and the most processor
 * time of one) and mw_loop_turns_long (over 100 ms, since the start), and a line in the log after one
 * of a second.
 */
#ifndef MW_PLATFORM_TURNS_H
#define MW_PLATFORM_TURNS_H

#include "runtime/loop.h"
#include "runtime/metrics.h"

typedef struct mw_turns mw_turns;

/* Both are borrowed. */
MW_NODISCARD mw_status mw_turns_new(mw_loop *loop, mw_metrics *metrics, mw_turns **out_turns);
void mw_turns_free(mw_turns *t);

#endif
