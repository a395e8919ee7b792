/* SPDX-License-Identifier: Apache-2.0
 *
 * What the parts of the translator share: a text writer with indentation.
 */
#ifndef MW_PROTOCOLS_COSEM_EXPLAIN_PRIV_H
#define MW_PROTOCOLS_COSEM_EXPLAIN_PRIV_H

#include "protocols/cosem/apdu.h"
#include "protocols/cosem/explain.h"
#include "protocols/cosem/values.h"

typedef struct mw_cosem_text {
    mw_writer w;
    unsigned indent;
    const mw_cosem_explain_options *options;
} mw_cosem_text;

/* Begins a line (indented) and writes its first words. */
void mw_cosem_say(mw_cosem_text *t, const char *words);
/* Goes on in the line. */
void mw_cosem_add(mw_cosem_text *t, const char *words);
void mw_cosem_add_u64(mw_cosem_text *t, uint64_t v);
void mw_cosem_add_i64(mw_cosem_text *t, int64_t v);
/* 0x and `digits` hexadecimal digits. */
void mw_cosem_add_hex(mw_cosem_text *t, uint32_t v, unsigned digits);
/* Bytes in hexadecimal, at most 64 and then an ellipsis; "none" for no bytes. */
void mw_cosem_add_bytes(mw_cosem_text *t, mw_slice s);
/* The code and, where known, the object's name. */
void mw_cosem_add_obis(mw_cosem_text *t, mw_obis o);
void mw_cosem_add_time(mw_cosem_text *t, mw_slice twelve);
void mw_cosem_end(mw_cosem_text *t);
/* A whole line about what is wrong. */
void mw_cosem_complain(mw_cosem_text *t, const char *what, mw_status why);

/* One COSEM value. */
void mw_cosem_explain_data(mw_cosem_text *t, mw_slice data);
/* AARQ, AARE, RLRQ, RLRE; initiate and service error. MW_NOT_FOUND: none of them. */
MW_NODISCARD mw_status mw_cosem_explain_acse(mw_cosem_text *t, mw_slice apdu, unsigned depth);
/* Any APDU. depth counts APDUs inside APDUs. */
void mw_cosem_explain_apdu(mw_cosem_text *t, mw_slice apdu, unsigned depth);

#endif
