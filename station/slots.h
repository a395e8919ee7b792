/* SPDX-License-Identifier: Apache-2.0
 *
 * Two places for a program (or a configuration) and a link that says which one is used, so that a
 * new one can be tried and taken back.
 *
 *   folder/a, folder/b   the two slots
 *   folder/current       symbolic link to one of them, replaced by rename
 *   folder/state         JSON: the confirmed slot and its counter, and what is on trial
 *
 *   apply    fill the other slot -> note the trial -> switch the link
 *   guard    at every start, before the program: count the start of a trial; beyond
 *            MW_SLOTS_STARTS starts without a confirmation switch back; put the link right
 *   confirm  the program on trial has worked for long enough: it is the confirmed one
 *
 * The state is written before the link is switched, and guard makes the link follow the state: a
 * power cut at any moment leaves the old or the new one, whole.
 */
#ifndef MW_STATION_SLOTS_H
#define MW_STATION_SLOTS_H

#include "station/bundle.h"

#define MW_SLOTS_STARTS 3

typedef struct mw_slots_state {
    char active[2]; /* "a" or "b": confirmed; "" = nothing was installed yet */
    int64_t counter;
    char version[64];
    bool trial;
    char trial_slot[2];
    int64_t trial_counter;
    char trial_version[64];
    int64_t starts;     /* of the trial */
    int64_t taken_back; /* counter of the last trial that failed, 0 = none */
} mw_slots_state;

/* A folder without a state is empty. MW_CORRUPT, MW_IO. */
MW_NODISCARD mw_status mw_slots_read(const char *folder, mw_slots_state *out_state);
/* Installs a checked bundle for trial. MW_REPLAY: its counter is not larger than what is installed.
 * MW_STATE: another trial is under way. check (may be NULL) looks at the filled slot before it is
 * used. */
MW_NODISCARD mw_status mw_slots_apply(const char *folder, const char *bundle_path,
                                      const mw_bundle *bundle,
                                      mw_status (*check)(void *context, const char *slot_path),
                                      void *context, char why[160]);
/* What guard did. */
typedef enum mw_slots_guarded {
    MW_SLOTS_NOTHING,    /* nothing installed, or the confirmed one is used */
    MW_SLOTS_TRIED,      /* a trial, this start counted */
    MW_SLOTS_TAKEN_BACK, /* the trial failed: the former one is used again */
} mw_slots_guarded;
MW_NODISCARD mw_status mw_slots_guard(const char *folder, mw_slots_guarded *out_did);
/* Without a trial nothing happens. */
MW_NODISCARD mw_status mw_slots_confirm(const char *folder);
/* Ends a trial now. MW_STATE without one. */
MW_NODISCARD mw_status mw_slots_take_back(const char *folder);

#endif
