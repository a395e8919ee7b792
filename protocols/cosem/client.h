/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader's side of COSEM: opens an association, reads, writes and executes. No heap, no I/O: a
 * function of the caller carries one APDU to the meter and its answer back, over whatever link.
 *
 *   mw_cosem_session_init(&s, &config)
 *   mw_cosem_session_open(&s)        s.fault tells why not, in words by mw_cosem_fault_text
 *   mw_cosem_session_get(&s, &what, out, &n)   blocks are put together, seals opened
 *   mw_cosem_session_close(&s)
 *
 * Values borrow from the caller's memory. One exchange at a time.
 */
#ifndef MW_PROTOCOLS_COSEM_CLIENT_H
#define MW_PROTOCOLS_COSEM_CLIENT_H

#include "protocols/cosem/acse.h"
#include "protocols/cosem/apdu.h"
#include "protocols/cosem/security.h"

/* What went wrong, told apart so that somebody in a cellar knows what to change.
 * X(name, what happened and what to do) */
#define MW_COSEM_FAULT_LIST(X)                                                                     \
    X(NONE, "no fault")                                                                            \
    X(NO_CARRIER, "no carrier: not a byte came back. Check the cable or probe, A and B of the "    \
                  "line, the meter's supply, speed and address; over TCP, host and port")          \
    X(ECHO, "echo: only our own bytes came back. The line is looped or the probe reflects, and "   \
            "the meter is silent: check that the probe sits right and the address")                \
    X(BAD_CRC,                                                                                     \
      "bad CRC: bytes came, but no good frame. Speed or parity are wrong, or the line is "         \
      "noisy")                                                                                     \
    X(WRONG_ADDRESS, "wrong address: somebody is on the line, but not at this address. Scan for "  \
                     "the physical address and its length")                                        \
    X(WRONG_SAP, "wrong SAP: the meter is there and does not know this client. Try another "       \
                 "client: 16 public, 32 reader, 48 configurator, 1 management")                    \
    X(WRONG_METHOD, "wrong method: the meter wants another authentication or context for this "    \
                    "client")                                                                      \
    X(WRONG_PASSWORD, "wrong password: the meter refused it. After some attempts it may lock the " \
                      "client out for a while")                                                    \
    X(WRONG_KEY, "wrong key: a seal did not open. Check encryption key, authentication key and "   \
                 "system title")                                                                   \
    X(COUNTER, "counter out of step: the meter has seen a greater invocation counter. Continue "   \
               "above the one it names")                                                           \
    X(REFUSED, "refused: the meter answered with an error")                                        \
    X(PROTOCOL, "protocol: the answer makes no sense")                                             \
    X(CLOSED, "closed: the connection was closed by the other side")

typedef enum mw_cosem_fault {
#define X(name, text) MW_COSEM_FAULT_##name,
    MW_COSEM_FAULT_LIST(X)
#undef X
        MW_COSEM_FAULTS
} mw_cosem_fault;

const char *mw_cosem_fault_text(mw_cosem_fault f);

typedef struct mw_cosem_session_config {
    uint8_t mechanism;             /* MW_COSEM_MECHANISM_NONE, LOW, HIGH_GMAC or that of `prover` */
    const mw_cosem_prover *prover; /* high security besides GMAC, else NULL */
    uint8_t sap;                   /* given to the prover */
    bool ciphered;                 /* context with ciphering: every APDU is sealed */
    bool general;                  /* seal as general-glo, which names the sender */
    mw_slice password;             /* LOW */
    mw_cosem_title title;
    mw_cosem_keys *keys;  /* NULL without ciphering and GMAC */
    uint32_t conformance; /* 0: all that this client can */
    uint16_t max_pdu;     /* 0: as much as `answer` takes */
    unsigned quirks;      /* of data.h */
    void *context;
    /* Carries an APDU and brings the answer. On failure *out_fault says why; MW_TIMEOUT,
     * MW_CLOSED or another status. */
    mw_status (*exchange)(void *context, mw_slice apdu, mw_span out, size_t *out_size,
                          mw_cosem_fault *out_fault);
    /* The next APDU without a request: for windows of general blocks. MW_TIMEOUT: none came. NULL: the
     * link cannot, windows are of one block. */
    mw_status (*receive)(void *context, mw_span out, size_t *out_size, mw_cosem_fault *out_fault);
    uint8_t window; /* general blocks in a row that are asked for; 0: as 1 */
    /* The next invocation counter, durable before it returns. */
    mw_status (*next_counter)(void *context, uint32_t *out_counter);
    void (*random)(void *context, mw_span out);
    /* Memory: a request, the same sealed (+ MW_COSEM_CIPHER_OVERHEAD), an answer. */
    mw_span request, sealed, answer;
    /* The longest APDU that comes in general blocks, at least 128; empty: not offered to the meter. */
    mw_span gathered;
} mw_cosem_session_config;

typedef struct mw_cosem_session {
    mw_cosem_session_config c;
    bool open;
    mw_cosem_title meter; /* its system title, once told */
    bool has_meter;
    uint32_t conformance; /* agreed */
    uint16_t meter_pdu;   /* that the meter takes */
    uint8_t invoke;
    uint32_t meter_counter; /* newest seen from the meter, in this session */
    /* Of the last failure. */
    mw_cosem_fault fault;
    uint8_t result;     /* data-access-result or action-result, also when it is no fault */
    uint8_t diagnostic; /* of a refused association */
    uint32_t awaited;   /* fault COUNTER: the counter the meter awaits, 0 when it does not tell */
    uint32_t exchanges;
    uint32_t lost; /* general blocks that had to be asked for again */
} mw_cosem_session;

void mw_cosem_session_init(mw_cosem_session *s, const mw_cosem_session_config *config);
/* MW_OK or a failure with s->fault. */
MW_NODISCARD mw_status mw_cosem_session_open(mw_cosem_session *s);
/* Reads one attribute into `out`. MW_NOT_FOUND: the meter answered with s->result. MW_SPACE. */
MW_NODISCARD mw_status mw_cosem_session_get(mw_cosem_session *s, const mw_cosem_item *what,
                                            mw_span out, size_t *out_size);
/* Reads several at once (GET with list); each item's data or result is written into it. Data lie
 * in `out`. As many as fit the meter's PDU. */
MW_NODISCARD mw_status mw_cosem_session_get_list(mw_cosem_session *s, mw_cosem_item *items,
                                                 size_t count, mw_span out);
/* what->data is the value; goes in blocks when it is long. */
MW_NODISCARD mw_status mw_cosem_session_set(mw_cosem_session *s, const mw_cosem_item *what);
/* What the method returns, if anything, is in out. */
MW_NODISCARD mw_status mw_cosem_session_act(mw_cosem_session *s, const mw_cosem_item *what,
                                            mw_span out, size_t *out_size);
/* Releases the association; the meter need not answer. */
void mw_cosem_session_close(mw_cosem_session *s);

/* Selective access to a profile: rows of a time range (all columns), or entries from..to, 1 the
 * oldest, 0 the last. Returns the bytes in `room`. */
mw_slice mw_cosem_select_range(mw_span room, const uint8_t from[12], const uint8_t to[12]);
mw_slice mw_cosem_select_entries(mw_span room, uint32_t from, uint32_t to);

#endif
