/* SPDX-License-Identifier: Apache-2.0
 *
 * DLMS/COSEM bytes as annotated text, for people who look at a line: HDLC frames with or without
 * their flags' company, wrapper, LLC and bare APDUs, taken for what they look like.
 *
 *   HDLC UI server 1/16 -> client 103, 164 bytes, final, more segments follow
 *   data-notification
 *     long-invoke-id 0x000026eb
 *     date-time 2023-04-01 21:32:35 UTC+02:00 summer
 *     structure of 16
 *       octet-string 0-0:96.1.0*255 device identity
 *
 * Damaged bytes are no failure: the text says what is wrong and where, as far as it goes.
 */
#ifndef MW_PROTOCOLS_COSEM_EXPLAIN_H
#define MW_PROTOCOLS_COSEM_EXPLAIN_H

#include "protocols/cosem/data.h"
#include "protocols/cosem/security.h"

#define MW_COSEM_EXPLAIN_APDU_MAX 8192

/* Where segments and blocks are put together and cipher text is opened. */
typedef struct mw_cosem_explain_memory {
    uint8_t segments[MW_COSEM_EXPLAIN_APDU_MAX];
    uint8_t blocks[MW_COSEM_EXPLAIN_APDU_MAX];
    uint8_t plain[MW_COSEM_EXPLAIN_APDU_MAX];
} mw_cosem_explain_memory;

typedef struct mw_cosem_explain_options {
    mw_cosem_explain_memory *memory; /* NULL: nothing is put together or opened */
    mw_cosem_keys *keys;             /* NULL: cipher text stays closed */
    const mw_cosem_title *title;     /* the sender's, where the bytes do not tell it; or NULL */
    bool unverified;                 /* open without an authentication key; the text says so */
    unsigned quirks;                 /* of data.h */
} mw_cosem_explain_options;

/* Writes the text, always ended by a NUL (room for it is part of out; out.n >= 1 asserted).
 * MW_SPACE when it does not fit: then it is cut, and ends with "(text cut)" if that had room. */
MW_NODISCARD mw_status mw_cosem_explain(mw_slice bytes, const mw_cosem_explain_options *options,
                                        mw_span out);

/* One line in words for the object of an OBIS code, "" when nothing is known of it. out takes up to
 * MW_COSEM_NAME_MAX bytes with the NUL. */
#define MW_COSEM_NAME_MAX 80
void mw_cosem_object_name(mw_obis o, char out[MW_COSEM_NAME_MAX]);

#endif
