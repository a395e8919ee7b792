/* SPDX-License-Identifier: Apache-2.0
 *
 * Closing a span for billing, and corrections after it. A closed span shows its final values as
 * they were; when the values below change, the difference becomes a revision of the final layer
 * with the reason "correction" and a row that says what the sum was and is. What a person edited
 * stays as edited.
 */
#ifndef MW_PLATFORM_VALIDATION_CORRECT_H
#define MW_PLATFORM_VALIDATION_CORRECT_H

#include "platform/validation/window.h"

typedef struct mw_closing {
    int64_t id;
    int64_t sum;                           /* of the final values as closed */
    uint32_t expected, present, estimated; /* intervals */
} mw_closing;

/* Locks the final values that start in [from, to). MW_CONFLICT: a part is closed already.
 * MW_RANGE: an empty span. Writes inside the caller's transaction. */
MW_NODISCARD mw_status mw_close(mw_store *store, const mw_window_channel *c, mw_utc from, mw_utc to,
                                const char *who, const char *text, mw_utc now,
                                mw_closing *out_closing);
/* The end of the channel's last lock, MW_UTC_NONE = none. */
MW_NODISCARD mw_status mw_closed_until(mw_store *store, int64_t tenant, int64_t channel,
                                       mw_utc *out_until);
/* Brings the closed spans that touch [from, to) up to what is known now. *out_n counts the rows of
 * corrections that it added. */
MW_NODISCARD mw_status mw_correct(mw_store *store, const mw_window_channel *c, mw_utc from,
                                  mw_utc to, mw_utc now, uint32_t *out_n);

#endif
