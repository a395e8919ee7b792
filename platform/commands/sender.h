/* SPDX-License-Identifier: Apache-2.0
 *
 * Counters of downlinks that are never used twice (docs/spec/downlink.md section 5).
 *
 *   counter    | sender epoch, 12 bits | running, 20 bits |
 *
 * Running parts are reserved in the database before they are used, a few at a time; each
 * reservation is counted, and the count stands in the database and, synced, in a file beside the
 * master key. A database that knows of fewer reservations than the file was restored: then the
 * sender epoch rises, in the file first, before anything is sealed.
 *
 * Order of one reservation: database committed, file synced, counters used. Whatever is lost in
 * between, a counter that was used is known to the file.
 */
#ifndef MW_PLATFORM_COMMANDS_SENDER_H
#define MW_PLATFORM_COMMANDS_SENDER_H

#include "platform/store/store.h"

#define MW_SENDER_EPOCH_MAX 4095u
#define MW_SENDER_RUNNING   (UINT32_C(1) << 20)
#define MW_SENDER_STEP      8u   /* running parts of one reservation */
#define MW_SENDER_CACHE     512u /* keys with reserved counters in memory; a power of two */

typedef struct mw_sender mw_sender;

/* The counter of an epoch and a running part. */
static inline uint32_t mw_sender_counter(uint32_t epoch, uint32_t running) {
    return epoch << 20 | running;
}

/* Neither is read before the first counter is wanted. The store is borrowed, the path copied.
 * MW_NOMEM. */
MW_NODISCARD mw_status mw_sender_new(mw_store *store, const char *path, mw_sender **out_sender);
void mw_sender_free(mw_sender *s);

/* A counter for a key: of a device (subject = its number) or a group (subject = minus its address).
 * No transaction may be open. MW_STATE: the file is lost, an operator must raise the epoch;
 * MW_LIMIT: no epochs are left, the keys must be changed; MW_CORRUPT: the file is not ours;
 * MW_IO, MW_SPACE: nothing was used. */
MW_NODISCARD mw_status mw_sender_take(mw_sender *s, int64_t tenant, int64_t subject,
                                      uint32_t key_epoch, uint32_t *out_counter);

/* What file and database say; for operators. epoch 0 and known false when there is neither. */
typedef struct mw_sender_report {
    bool file, database; /* present */
    uint32_t file_epoch, database_epoch;
    uint64_t file_reservations, database_reservations;
    bool same; /* of one instance */
} mw_sender_report;

MW_NODISCARD mw_status mw_sender_look(mw_sender *s, mw_sender_report *out_report);
/* Raises the epoch: to one above the highest known (to = 0), or to `to`, which must be higher. For
 * fail-over, and when the file was lost. MW_RANGE, MW_LIMIT. */
MW_NODISCARD mw_status mw_sender_raise(mw_sender *s, uint32_t to, uint32_t *out_epoch);

#endif
