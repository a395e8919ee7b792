/* SPDX-License-Identifier: Apache-2.0
 *
 * xDLMS APDUs with logical names (IEC 62056-5-3 clause 9.5): GET, SET and ACTION in their normal,
 * list and block forms, notifications, exception response, general block transfer. One table gives
 * the fields of each form; decoder, encoder and the annotated text all read it.
 *
 * A decoded APDU borrows from the bytes. All of it is checked when it is decoded, also the values
 * and lists inside, so that walking them later cannot fail.
 */
#ifndef MW_PROTOCOLS_COSEM_APDU_H
#define MW_PROTOCOLS_COSEM_APDU_H

#include "protocols/cosem/encode.h"

/* Fields, one letter each, in the order of the bytes:
 *   I invoke-id-and-priority     L long-invoke-id            N block number      B last block
 *   D attribute with selection   d member without selection  P optional data
 *   V data                       R data or result            r result            A optional return
 *   O raw block                  C raw block or result
 *   l list of D   m list of d   v list of V   g list of R   s list of r   a list of r A
 *   T optional time   t date-time   E exception   G general block
 *
 * X(name, tag, type or 0 when the tag has no forms, fields, text) */
#define MW_COSEM_APDU_LIST(X)                                                                      \
    X(GET_REQUEST, 0xC0, 1, "ID", "get-request-normal")                                            \
    X(GET_REQUEST_NEXT, 0xC0, 2, "IN", "get-request-next")                                         \
    X(GET_REQUEST_LIST, 0xC0, 3, "Il", "get-request-with-list")                                    \
    X(SET_REQUEST, 0xC1, 1, "IDV", "set-request-normal")                                           \
    X(SET_REQUEST_FIRST, 0xC1, 2, "IDBNO", "set-request-with-first-datablock")                     \
    X(SET_REQUEST_BLOCK, 0xC1, 3, "IBNO", "set-request-with-datablock")                            \
    X(SET_REQUEST_LIST, 0xC1, 4, "Ilv", "set-request-with-list")                                   \
    X(SET_REQUEST_LIST_FIRST, 0xC1, 5, "IlBNO", "set-request-with-list-and-first-datablock")       \
    X(EVENT_NOTIFICATION, 0xC2, 0, "TdV", "event-notification-request")                            \
    X(ACTION_REQUEST, 0xC3, 1, "IdP", "action-request-normal")                                     \
    X(ACTION_REQUEST_NEXT, 0xC3, 2, "IN", "action-request-next-pblock")                            \
    X(ACTION_REQUEST_LIST, 0xC3, 3, "Imv", "action-request-with-list")                             \
    X(ACTION_REQUEST_FIRST, 0xC3, 4, "IdBNO", "action-request-with-first-pblock")                  \
    X(ACTION_REQUEST_LIST_FIRST, 0xC3, 5, "ImBNO", "action-request-with-list-and-first-pblock")    \
    X(ACTION_REQUEST_BLOCK, 0xC3, 6, "IBNO", "action-request-with-pblock")                         \
    X(GET_RESPONSE, 0xC4, 1, "IR", "get-response-normal")                                          \
    X(GET_RESPONSE_BLOCK, 0xC4, 2, "IBNC", "get-response-with-datablock")                          \
    X(GET_RESPONSE_LIST, 0xC4, 3, "Ig", "get-response-with-list")                                  \
    X(SET_RESPONSE, 0xC5, 1, "Ir", "set-response-normal")                                          \
    X(SET_RESPONSE_BLOCK, 0xC5, 2, "IN", "set-response-datablock")                                 \
    X(SET_RESPONSE_LAST, 0xC5, 3, "IrN", "set-response-last-datablock")                            \
    X(SET_RESPONSE_LIST_LAST, 0xC5, 4, "IsN", "set-response-last-datablock-with-list")             \
    X(SET_RESPONSE_LIST, 0xC5, 5, "Is", "set-response-with-list")                                  \
    X(ACTION_RESPONSE, 0xC7, 1, "IrA", "action-response-normal")                                   \
    X(ACTION_RESPONSE_BLOCK, 0xC7, 2, "IBNO", "action-response-with-pblock")                       \
    X(ACTION_RESPONSE_LIST, 0xC7, 3, "Ia", "action-response-with-list")                            \
    X(ACTION_RESPONSE_NEXT, 0xC7, 4, "IN", "action-response-next-pblock")                          \
    X(DATA_NOTIFICATION, 0x0F, 0, "LtV", "data-notification")                                      \
    X(DATA_NOTIFICATION_CONFIRM, 0x10, 0, "Lt", "data-notification-confirm")                       \
    X(EXCEPTION_RESPONSE, 0xD8, 0, "E", "exception-response")                                      \
    X(GENERAL_BLOCK, 0xE0, 0, "G", "general-block-transfer")

typedef enum mw_cosem_apdu_kind {
#define X(name, tag, type, fields, text) MW_COSEM_##name,
    MW_COSEM_APDU_LIST(X)
#undef X
        MW_COSEM_APDU_KINDS
} mw_cosem_apdu_kind;

typedef struct mw_cosem_apdu_info {
    uint8_t tag, type;
    const char *fields;
    const char *text;
} mw_cosem_apdu_info;

const mw_cosem_apdu_info *mw_cosem_apdu_info_of(mw_cosem_apdu_kind kind);

/* Invoke-id-and-priority: bits 3..0 identity, 0x40 confirmed, 0x80 high priority. */
#define MW_COSEM_INVOKE_CONFIRMED 0x40u
#define MW_COSEM_INVOKE_HIGH      0x80u

/* Data-access-result and action-result (both 0 = success), as far as they agree. */
const char *mw_cosem_result_text(uint8_t result);

/* What D, d, P, V, R, r, A, O and C carry: one item, alone or of a list. */
typedef struct mw_cosem_item {
    uint16_t class_id;
    mw_obis name;
    int8_t member;      /* attribute or method */
    bool selective;     /* selector and selection are there */
    uint8_t selector;   /* 1 range, 2 entry for profiles */
    mw_slice selection; /* one value */
    bool has_data;
    mw_slice data; /* one value (V R P A), or the bytes of a block (O C) */
    bool has_result;
    uint8_t result;
    bool has_returned; /* A: the method's return is not data but this result */
    uint8_t returned;
} mw_cosem_item;

typedef struct mw_cosem_apdu {
    mw_cosem_apdu_kind kind;
    uint32_t invoke; /* I: one byte; L: 32 bits, 24 of identity */
    mw_cosem_item item;
    uint32_t block;
    bool last;
    size_t count; /* items of a list; their bytes are in `list` */
    mw_slice list;
    size_t value_count; /* v: values of a list */
    mw_slice values;
    mw_slice time; /* T, t: 12 bytes or none */
    /* E */
    uint8_t state_error, service_error;
    uint32_t counter; /* service error 6: the invocation counter awaited */
    /* G; `last` and `block` are used too, item.data holds the block */
    bool streaming;
    uint8_t window; /* 0..63 */
    uint32_t acknowledged;
} mw_cosem_apdu;

/* Quirk: a data-notification's date-time may bear an octet-string tag (Kaifa); always accepted, it
 * cannot be anything else. quirks: those of data.h. MW_NOT_FOUND for a tag or form that is none of
 * the list's, MW_SHORT, MW_SYNTAX (also for trailing bytes), MW_LIMIT. */
MW_NODISCARD mw_status mw_cosem_apdu_decode(mw_slice bytes, unsigned quirks,
                                            mw_cosem_apdu *out_apdu);
/* Puts all of it; a list is its bytes, as put by mw_cosem_item_put. To stream a value, leave
 * item.data empty with has_data set and put it afterwards: V, R, P and A values are last. */
void mw_cosem_apdu_put(mw_cosem_out *o, const mw_cosem_apdu *a);
/* MW_RANGE when a field does not fit, MW_SPACE. */
MW_NODISCARD mw_status mw_cosem_apdu_encode(const mw_cosem_apdu *a, mw_span out, size_t *out_size);

/* Items of a list in turn. */
typedef struct mw_cosem_items {
    mw_reader reader;
    size_t left;
    unsigned quirks;
    const char *fields; /* of one item */
} mw_cosem_items;

/* The list l, m, g, s or a of an APDU; without one, nothing. */
mw_cosem_items mw_cosem_items_of(const mw_cosem_apdu *a, unsigned quirks);
/* The list v. */
mw_cosem_items mw_cosem_values_of(const mw_cosem_apdu *a, unsigned quirks);
/* MW_NOT_FOUND at the end. */
MW_NODISCARD mw_status mw_cosem_items_next(mw_cosem_items *i, mw_cosem_item *out_item);
/* Puts one item of the list of this kind (fields "D", "d", "V", "R", "r" or "rA"). */
void mw_cosem_item_put(mw_cosem_out *o, const char *fields, const mw_cosem_item *item);

#endif
