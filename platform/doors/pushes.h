/* SPDX-License-Identifier: Apache-2.0
 *
 * The DLMS push door without sockets: takes the APDUs that meters push and says what to answer.
 *
 * A push is a general-glo-ciphered data-notification or event-notification (IEC 62056-5-3), authenticated and encrypted
 * with the keys registered for the device whose identity is the system title
 * (platform/registry/cosem.h). Anything else is refused.
 *
 * Replays: the invocation counter of a new push is greater than that of every push of the device
 * taken before under the same key. The very same push again, because its confirmation got lost, is
 * known and confirmed again.
 *
 * A push is confirmed when it is durable in the journal, not before: with a
 * data-notification-confirm of the same invoke-id, general-glo-ciphered with the same keys under
 * the platform's own system title and the invocation counter of the push. A meter believes it only
 * so; no counter of the platform's own is needed and no nonce is used for two texts. Pushes whose
 * invoke-id does not ask for it are confirmed too: whoever does not wait for it drops it.
 */
#ifndef MW_PLATFORM_DOORS_PUSHES_H
#define MW_PLATFORM_DOORS_PUSHES_H

#include "platform/registry/registry.h"
#include "protocols/cosem/security.h"

enum {
    MW_PUSHES_APDU_MAX = 4096,   /* bytes, ciphered */
    MW_PUSHES_CONFIRM_MAX = 64,  /* bytes of a confirmation */
    MW_PUSHES_FAILURES_SIGN = 20 /* failed tags in a row of pushes that raise a sign */
};

/* The platform's system title. */
#define MW_PUSHES_TITLE                                                                            \
    {                                                                                              \
        { 'M', 'W', 'K', 'P', 'U', 'S', 'H', 1 }                                                   \
    }

/* X(name, text): what became of a push; the first three are confirmed. */
#define MW_PUSH_FATE_LIST(X)                                                                       \
    X(STORED, "stored")                                                                            \
    X(DUPLICATE, "duplicate")                                                                      \
    X(QUARANTINED, "quarantined") /* authentic, but no notification: kept, with its reason */      \
    X(REPLAYED, "replayed")                                                                        \
    X(CONFLICT, "conflict") /* another text under a used counter */                                \
    X(FORGED, "forged")     /* the tag does not fit the registered keys */                         \
    X(UNKNOWN, "unknown")   /* no such device, or without COSEM keys */                            \
    X(UNSEALED, "unsealed") /* not general-glo with authentication and encryption */               \
    X(MALFORMED, "malformed")

typedef enum mw_push_fate {
#define X(name, text) MW_PUSH_##name,
    MW_PUSH_FATE_LIST(X)
#undef X
        MW_PUSH_FATES
} mw_push_fate;

const char *mw_push_fate_text(mw_push_fate fate);

typedef struct mw_pushes {
    mw_store *store;
    mw_registry *registry;
    const char *tenant_name;
    int64_t tenant, sender; /* 0: not looked up yet */
    uint32_t failures;      /* failed tags since a sign was raised */
} mw_pushes;

typedef struct mw_push_taken {
    mw_push_fate fate;
    uint64_t device; /* identity, 0 when not known */
    uint8_t confirm[MW_PUSHES_CONFIRM_MAX];
    size_t confirm_n; /* 0: no answer */
} mw_push_taken;

/* Everything is borrowed. */
mw_pushes mw_pushes_of(mw_store *store, mw_registry *registry, const char *tenant);
/* One APDU, heard at `now`; *out_taken tells what became of it. Opens and commits its own
 * transaction: none may be open. MW_NOT_FOUND: the tenant does not exist yet. On other failures
 * (disk, memory) nothing is stored and nothing is to be confirmed: the meter comes again. */
MW_NODISCARD mw_status mw_pushes_take(mw_pushes *p, mw_slice apdu, mw_utc now,
                                      mw_push_taken *out_taken);

#endif
