/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a program under the fault layer and says how it ended. See README.md.
 */
#ifndef MW_TESTS_FAULTS_RUNNER_H
#define MW_TESTS_FAULTS_RUNNER_H

#include <stdint.h>

#define MW_FAULT_EXIT_CUT 86 /* exit status of a process whose power was cut */

/* Starts argv (NULL-terminated) with the layer preloaded and the environment entries "NAME=value"
 * (NULL-terminated, may be NULL) added, and waits at most `seconds`. The layer's path comes from
 * the environment variable MW_FAULT_LIBRARY, which Meson sets for the test.
 * Returns the exit status, 128 + signal, or -1 when it did not end in time (it is killed). */
int mw_fault_run(const char *const *argv, const char *const *environment, int seconds);

/* A test that runs itself under the layer, as `program what root [more]`. */
typedef struct mw_fault_child {
    const char *program, *what, *root;
    const char *more;       /* may be NULL */
    const char *folder;     /* the disk that is watched */
    const char *count_file; /* where the layer says how many operations there were */
    const char *room_file;  /* may be NULL */
} mw_fault_child;

/* fault, other: "NAME=value" of what goes wrong, or NULL. Returns as mw_fault_run, within a minute. */
int mw_fault_child_run(const mw_fault_child *child, const char *fault, const char *other);

/* What the child has acknowledged, in a file that the layer does not watch. 0: nothing was noted. */
void mw_fault_note(const char *path, uint64_t acknowledged);
uint64_t mw_fault_noted(const char *path);

/* Reads what MW_FAULT_COUNT_FILE was told: the number of operations; -1 when there is none. */
long mw_fault_operations(const char *count_file);

#endif
