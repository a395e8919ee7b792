/* SPDX-License-Identifier: Apache-2.0
 *
 * What a server says unasked: data-notification (push), confirmed or not, and event-notification
 * (IEC 62056-5-3 clauses 6.11 and 9.5; IEC 62056-6-2, class 40). Pure: time and APDUs in, APDUs out.
 *
 *   mw_cosem_push_begin(&p, &config, id, now, random)
 *   loop: while (mw_cosem_push_next(&p, now, out, &n) == MW_OK)
 *             send out; mw_cosem_push_sent(&p, whether it went, now)
 *         APDU from the peer: mw_cosem_push_take(&p, apdu)
 *         sleep until p.due
 *   p.state == MW_COSEM_PUSH_DONE or _FAILED
 *
 * An unconfirmed push is done when the layer below has carried it; it is repeated when that failed. A
 * confirmed one is done when the peer's data-notification-confirm with the same identity comes; it is
 * repeated, built and sealed anew under the same identity, when none came in time. What is longer
 * than the peer's PDU goes in general blocks, which nobody acknowledges.
 */
#ifndef MW_PROTOCOLS_COSEM_PUSH_H
#define MW_PROTOCOLS_COSEM_PUSH_H

#include "base/time.h"
#include "protocols/cosem/blocks.h"
#include "protocols/cosem/security.h"

typedef struct mw_cosem_push_config {
    bool confirmed;
    uint8_t retries; /* after the first attempt */
    uint16_t
        random_s; /* the first attempt waits up to so long, as does each retry besides retry_s */
    uint16_t retry_s;
    uint16_t answer_s; /* confirmed: how long an answer is waited for, >= 1 */
    uint16_t max_pdu;  /* that the peer takes, 0: any */
    void *context;
    /* Builds the APDU of this identity (24 bits), sealed or not, into `out`. */
    mw_status (*build)(void *context, uint32_t id, bool confirmed, mw_span out, size_t *out_size);
    mw_span memory; /* the longest APDU */
} mw_cosem_push_config;

typedef enum mw_cosem_push_state {
    MW_COSEM_PUSH_IDLE,
    MW_COSEM_PUSH_WAITING,  /* for its time */
    MW_COSEM_PUSH_SENDING,  /* next has something */
    MW_COSEM_PUSH_AWAITING, /* the confirmation */
    MW_COSEM_PUSH_DONE,
    MW_COSEM_PUSH_FAILED,
} mw_cosem_push_state;

typedef struct mw_cosem_push {
    const mw_cosem_push_config *config; /* must stay */
    mw_cosem_push_state state;
    uint32_t id;
    uint64_t random;
    mw_mono due; /* waiting, awaiting: until then */
    uint8_t attempts;
    bool in_blocks;
    mw_slice apdu;
    mw_cosem_general_sender sender;
} mw_cosem_push;

/* id: 24 bits, another one for each push. random: any number. */
void mw_cosem_push_begin(mw_cosem_push *p, const mw_cosem_push_config *config, uint32_t id,
                         mw_mono now, uint64_t random);
/* The next APDU to send. MW_AGAIN: nothing before p->due. MW_NOT_FOUND: the push has ended, or none
 * was begun. Else what build said; that counts as a failed attempt. */
MW_NODISCARD mw_status mw_cosem_push_next(mw_cosem_push *p, mw_mono now, mw_span out,
                                          size_t *out_size);
/* What became of the APDU that next gave. */
void mw_cosem_push_sent(mw_cosem_push *p, bool carried, mw_mono now);
/* A plain APDU from the peer: MW_OK when it confirms this push, MW_NOT_FOUND when it does not. */
MW_NODISCARD mw_status mw_cosem_push_take(mw_cosem_push *p, mw_slice apdu);

/* The data-notification of one value; time: 12 bytes or none. Sealed in general-glo, which names the
 * sender, when keys are given; `plain` is then needed for as long an APDU as `out`. */
typedef struct mw_cosem_notice {
    uint32_t id;
    bool confirmed;
    mw_slice time, body;
    mw_cosem_keys *keys; /* NULL: plain */
    const mw_cosem_title *title;
    uint32_t counter; /* fresh and durable */
    mw_span plain;
} mw_cosem_notice;

MW_NODISCARD mw_status mw_cosem_notice_encode(const mw_cosem_notice *n, mw_span out,
                                              size_t *out_size);
/* The confirmation that a peer sends for a decoded data-notification. */
MW_NODISCARD mw_status mw_cosem_notice_confirm(const mw_cosem_apdu *notification, mw_span out,
                                               size_t *out_size);
/* event-notification-request of one attribute with its value (class, name, member, data); time: 12
 * bytes or none. Never confirmed. */
MW_NODISCARD mw_status mw_cosem_event_encode(const mw_cosem_item *what, mw_slice time, mw_span out,
                                             size_t *out_size);

#endif
