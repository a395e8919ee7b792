/* SPDX-License-Identifier: Apache-2.0
 *
 * Checking the audit trail of a tenant. Each entry carries the hash of itself and of the entry
 * before it (store/records_accounts.h), and the store keeps the head: how many entries there are and
 * the hash of the last. So an entry that was changed, moved, added or removed is found, the last one
 * too. Who can rewrite the whole database can also rewrite the whole chain; a head that was noted
 * elsewhere (on paper, in another system) finds that out too: give it as `noted`.
 */
#ifndef MW_PLATFORM_ACCOUNTS_AUDIT_H
#define MW_PLATFORM_ACCOUNTS_AUDIT_H

#include "platform/store/store.h"

typedef struct mw_audit_report {
    int64_t entries;      /* of the chain, looked at */
    int64_t before_chain; /* older than the chain: written by releases that had none */
    bool whole;           /* nothing is wrong */
    int64_t bad_entry;    /* id of the first entry that does not fit; 0 = none */
    bool head_fits;       /* the last entry and the number of entries are those of the head */
    bool noted_found;     /* the noted hash is one of the chain's */
    uint8_t hash[MW_STORE_CHAIN_HASH]; /* of the last entry */
} mw_audit_report;

/* noted: NULL or a hash that must occur in the chain. Reads at most `entries_max` entries
 * (MW_LIMIT beyond). Environment failures of the store. */
MW_NODISCARD mw_status mw_audit_verify(mw_store *store, int64_t tenant, const uint8_t *noted,
                                       int64_t entries_max, mw_audit_report *out_report);

#endif
