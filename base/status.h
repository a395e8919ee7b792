/* SPDX-License-Identifier: Apache-2.0
 *
 * One status type for the whole system. A function that can fail returns mw_status and writes its
 * out_ parameters only on MW_OK.
 *
 * Three kinds of failure, never mixed:
 *   wire input   -> a status that names the rule broken; the input is dropped or quarantined
 *   environment  -> a status plus the caller's retry policy
 *   our own bug  -> mw_assert (base/assert.h), on in production
 */
#ifndef MW_BASE_STATUS_H
#define MW_BASE_STATUS_H

#define MW_NODISCARD __attribute__((warn_unused_result))

/* Class of a status: who has to act on it. */
typedef enum mw_status_class {
    MW_CLASS_NONE,        /* success, or not an error                 */
    MW_CLASS_INPUT,       /* the bytes or values given to us          */
    MW_CLASS_PEER,        /* the other side of a protocol             */
    MW_CLASS_LIMIT,       /* a stated maximum was reached             */
    MW_CLASS_ENVIRONMENT, /* disk, network, memory: may work later    */
} mw_status_class;

/* X(name, class, HTTP status, text) */
#define MW_STATUS_LIST(X)                                                                          \
    X(OK, NONE, 200, "ok")                                                                         \
    X(AGAIN, NONE, 503, "not ready yet, try again")                                                \
    X(SHORT, INPUT, 400, "input ends too early")                                                   \
    X(SYNTAX, INPUT, 400, "input is malformed")                                                    \
    X(RANGE, INPUT, 422, "value out of range")                                                     \
    X(CHECKSUM, INPUT, 400, "checksum does not match")                                             \
    X(UNSUPPORTED, INPUT, 501, "version or feature not supported")                                 \
    X(AUTH, PEER, 401, "authentication failed")                                                    \
    X(FORBIDDEN, PEER, 403, "not permitted")                                                       \
    X(REPLAY, PEER, 409, "counter already used or too old")                                        \
    X(DUPLICATE, PEER, 409, "already present")                                                     \
    X(CONFLICT, PEER, 409, "conflicts with what is stored")                                        \
    X(NOT_FOUND, INPUT, 404, "not found")                                                          \
    X(STATE, PEER, 409, "not possible in the present state")                                       \
    X(TIMEOUT, PEER, 504, "no answer in time")                                                     \
    X(CLOSED, PEER, 503, "closed by the other side")                                               \
    X(LIMIT, LIMIT, 429, "a stated limit was reached")                                             \
    X(SPACE, LIMIT, 507, "no room in the buffer or store")                                         \
    X(DUTY, LIMIT, 429, "regulatory airtime is used up")                                           \
    X(NOMEM, ENVIRONMENT, 503, "out of memory")                                                    \
    X(IO, ENVIRONMENT, 503, "input or output failed")                                              \
    X(CORRUPT, ENVIRONMENT, 500, "stored data are damaged")

typedef enum mw_status {
#define X(name, class, http, text) MW_##name,
    MW_STATUS_LIST(X)
#undef X
        MW_STATUS_COUNT
} mw_status;

const char *mw_status_text(mw_status s);
/* Stable name for logs, metrics and APIs, such as "CHECKSUM". */
const char *mw_status_name(mw_status s);
mw_status_class mw_status_class_of(mw_status s);
int mw_status_http(mw_status s);

/* Return early when an expression is not MW_OK. */
#define MW_TRY(expr)                                                                               \
    do {                                                                                           \
        mw_status mw_try_status_ = (expr);                                                         \
        if (mw_try_status_ != MW_OK)                                                               \
            return mw_try_status_;                                                                 \
    } while (0)

#endif
