/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening and closing an association: ACSE APDUs AARQ, AARE, RLRQ, RLRE in BER (IEC 62056-5-3
 * clause 9.4, ITU-T X.227) and the xDLMS initiate APDUs they carry in A-XDR (clause 9.5).
 *
 * Decoded values borrow from the bytes. Unknown optional fields of the context class are skipped.
 */
#ifndef MW_PROTOCOLS_COSEM_ACSE_H
#define MW_PROTOCOLS_COSEM_ACSE_H

#include "protocols/cosem/encode.h"

enum {
    MW_COSEM_AARQ_TAG = 0x60,
    MW_COSEM_AARE_TAG = 0x61,
    MW_COSEM_RLRQ_TAG = 0x62,
    MW_COSEM_RLRE_TAG = 0x63,
};

typedef enum mw_cosem_context {
    MW_COSEM_CONTEXT_NONE = 0,
    MW_COSEM_CONTEXT_LN = 1,
    MW_COSEM_CONTEXT_SN = 2,
    MW_COSEM_CONTEXT_LN_CIPHERED = 3,
    MW_COSEM_CONTEXT_SN_CIPHERED = 4,
} mw_cosem_context;

/* Authentication mechanisms; others exist (GOST profiles use 8 to 10) and are passed on. */
enum {
    MW_COSEM_MECHANISM_NONE = 0,
    MW_COSEM_MECHANISM_LOW = 1,
    MW_COSEM_MECHANISM_HIGH = 2,
    MW_COSEM_MECHANISM_HIGH_GMAC = 5,
};

enum {
    MW_COSEM_ACCEPTED = 0,
    MW_COSEM_REJECTED = 1, /* permanent */
    MW_COSEM_REJECTED_TRANSIENT = 2,
};

/* Source-diagnostic of the service user (A2 1.. of the AARE). */
enum {
    MW_COSEM_DIAGNOSTIC_NONE = 0,
    MW_COSEM_DIAGNOSTIC_NO_REASON = 1,
    MW_COSEM_DIAGNOSTIC_CONTEXT = 2,
    MW_COSEM_DIAGNOSTIC_MECHANISM_UNKNOWN = 11,
    MW_COSEM_DIAGNOSTIC_MECHANISM_REQUIRED = 12,
    MW_COSEM_DIAGNOSTIC_AUTHENTICATION_FAILED = 13,
    MW_COSEM_DIAGNOSTIC_AUTHENTICATION_REQUIRED = 14,
};

const char *mw_cosem_context_text(uint8_t context);
const char *mw_cosem_mechanism_text(uint8_t mechanism);
const char *mw_cosem_diagnostic_text(uint8_t diagnostic, bool provider);

/* AARQ and AARE: fields that the other one has stay zero. */
typedef struct mw_cosem_associate {
    bool response; /* AARE */
    uint8_t context;
    mw_slice title;          /* system title of the sender, or none */
    bool has_authentication; /* the requirements field asks for authentication */
    bool has_mechanism;
    uint8_t mechanism;
    bool has_value;
    mw_slice value;     /* password or challenge */
    mw_slice user;      /* the initiate APDU, plain or ciphered, or none */
    uint8_t result;     /* AARE */
    bool provider;      /* AARE: the diagnostic is that of the ACSE provider */
    uint8_t diagnostic; /* AARE */
} mw_cosem_associate;

/* MW_NOT_FOUND when it is neither AARQ nor AARE; MW_UNSUPPORTED for a protocol version without bit
 * 0 or names outside the DLMS UA's tree (2.16.756.5.8); MW_SHORT, MW_SYNTAX (also for an AARQ
 * without context, an AARE without context, result and diagnostic, trailing bytes). */
MW_NODISCARD mw_status mw_cosem_associate_decode(mw_slice apdu, mw_cosem_associate *out_a);
/* MW_SPACE; MW_RANGE for fields above 127 bytes of title or value or 1024 of user. */
MW_NODISCARD mw_status mw_cosem_associate_encode(const mw_cosem_associate *a, mw_span out,
                                                 size_t *out_size);

/* RLRQ and RLRE. */
typedef struct mw_cosem_release {
    bool response;
    bool has_reason;
    uint8_t reason; /* 0 normal, 1 urgent or not finished, 30 user defined */
    mw_slice user;  /* initiate APDU of a ciphered association, or none */
} mw_cosem_release;

MW_NODISCARD mw_status mw_cosem_release_decode(mw_slice apdu, mw_cosem_release *out_r);
MW_NODISCARD mw_status mw_cosem_release_encode(const mw_cosem_release *r, mw_span out,
                                               size_t *out_size);

/* Conformance bits (24, bit 0 is the most significant). */
#define MW_COSEM_CONFORMANCE(bit) (0x800000u >> (bit))
enum {
    MW_COSEM_CAN_GENERAL_PROTECTION = 1,
    MW_COSEM_CAN_GENERAL_BLOCK = 2,
    MW_COSEM_CAN_ATTRIBUTE_0_SET = 8,
    MW_COSEM_CAN_PRIORITY = 9,
    MW_COSEM_CAN_ATTRIBUTE_0_GET = 10,
    MW_COSEM_CAN_GET_BLOCK = 11,
    MW_COSEM_CAN_SET_BLOCK = 12,
    MW_COSEM_CAN_ACTION_BLOCK = 13,
    MW_COSEM_CAN_LIST = 14,
    MW_COSEM_CAN_NOTIFY = 16,
    MW_COSEM_CAN_ACCESS = 17,
    MW_COSEM_CAN_GET = 19,
    MW_COSEM_CAN_SET = 20,
    MW_COSEM_CAN_SELECT = 21,
    MW_COSEM_CAN_EVENT = 22,
    MW_COSEM_CAN_ACTION = 23,
};
/* Name of a conformance bit 0..23, NULL when the bit has none. */
const char *mw_cosem_conformance_text(unsigned bit);

typedef struct mw_cosem_initiate {
    bool response;
    mw_slice dedicated_key;    /* request */
    bool response_not_allowed; /* request */
    bool has_quality;
    uint8_t quality;
    uint8_t version;      /* 6 */
    uint32_t conformance; /* 24 bits */
    uint16_t max_pdu;     /* 0 = no limit, else >= 12 */
    uint16_t vaa_name;    /* response: 7 for LN */
} mw_cosem_initiate;

/* Initiate.request (01) and Initiate.response (08). MW_NOT_FOUND, MW_SHORT, MW_SYNTAX. */
MW_NODISCARD mw_status mw_cosem_initiate_decode(mw_slice apdu, mw_cosem_initiate *out_i);
MW_NODISCARD mw_status mw_cosem_initiate_encode(const mw_cosem_initiate *i, mw_span out,
                                                size_t *out_size);

/* Confirmed-service-error (0E), which refuses an initiate among others. */
#define MW_COSEM_SERVICE_INITIATE       1
#define MW_COSEM_ERROR_CLASS_INITIATE   6
#define MW_COSEM_INITIATE_VERSION_LOW   1
#define MW_COSEM_INITIATE_INCOMPATIBLE  2 /* no service in common */
#define MW_COSEM_INITIATE_PDU_TOO_SHORT 3

typedef struct mw_cosem_service_error {
    uint8_t service;     /* 1 initiate, 5 read, 6 write ... */
    uint8_t error_class; /* 0 application-reference .. 6 initiate .. */
    uint8_t error;
} mw_cosem_service_error;

MW_NODISCARD mw_status mw_cosem_service_error_decode(mw_slice apdu, mw_cosem_service_error *out_e);
MW_NODISCARD mw_status mw_cosem_service_error_encode(const mw_cosem_service_error *e, mw_span out,
                                                     size_t *out_size);

#endif
