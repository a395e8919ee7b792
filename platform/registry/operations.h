/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens to meters over their life, as operations on the master data: fitting, removal,
 * exchange, a changed multiplier, a register that was set, meters that hang at each other's place.
 * Used by the API and by imports.
 *
 * Each needs an open transaction, writes one audit row and marks the change, so that settling and
 * validation look at what it touches. Nothing is overwritten: what was believed before can still be
 * read (installations and factors as of a moment). MW_NOT_FOUND: no such channel or usage point.
 * MW_CONFLICT: it contradicts what is recorded, such as a removal before the fitting. Readings are
 * raw counts as the register shows them.
 */
#ifndef MW_PLATFORM_REGISTRY_OPERATIONS_H
#define MW_PLATFORM_REGISTRY_OPERATIONS_H

#include "platform/store/store.h"

/* Who does it, and when it becomes known. */
typedef struct mw_operator {
    mw_store *store;
    int64_t tenant;
    const char *actor; /* a user's id */
    mw_utc now;
} mw_operator;

typedef struct mw_noted {
    bool known;
    int64_t value;
} mw_noted;

MW_NODISCARD mw_status mw_meter_fit(const mw_operator *o, int64_t channel, const char *usage_point,
                                    mw_utc at, mw_noted initial);
MW_NODISCARD mw_status mw_meter_remove(const mw_operator *o, int64_t channel, mw_utc at,
                                       mw_noted final);
/* The new channel takes the place of the old one. */
MW_NODISCARD mw_status mw_meter_exchange(const mw_operator *o, int64_t old_channel,
                                         int64_t new_channel, mw_utc at, mw_noted final,
                                         mw_noted initial);
/* Two channels hung at each other's usage point from `from` until `to` (MW_UTC_NONE = still do):
 * corrects the installations of both. */
MW_NODISCARD mw_status mw_meter_swap(const mw_operator *o, int64_t a, int64_t b, mw_utc from,
                                     mw_utc to);
/* The factor of one kind from a moment on; `reading` is what the register showed then. */
MW_NODISCARD mw_status mw_meter_factor(const mw_operator *o, const mw_store_factor *f,
                                       mw_noted reading);
/* The register was set from `before` to `after`. */
MW_NODISCARD mw_status mw_meter_reset(const mw_operator *o, int64_t channel, mw_utc at,
                                      int64_t before, int64_t after, const char *text);

#endif
