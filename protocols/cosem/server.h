/* SPDX-License-Identifier: Apache-2.0
 *
 * A COSEM server: associations and the services GET, SET and ACTION over a const table of objects
 * (IEC 62056-5-3 clauses 6 and 9, IEC 62056-6-2). Pure: an APDU in, an APDU out. No heap; what a
 * client needs between two APDUs is its mw_cosem_association.
 *
 *     link (HDLC or wrapper) -> client's SAP, APDU -> mw_cosem_server_take -> APDU -> link
 *
 * Several clients are associated at once, also over one socket. A new AARQ on an open association
 * ends the old one. A response longer than the client takes goes in blocks; the object's function
 * runs again for each block and writes into a moving window (encode.h), so no response is ever held
 * whole.
 *
 * Where general block transfer is agreed on, long answers go that way: out of gather's memory where
 * they fit it (sealed first, then cut, as the standard has it), else made anew block by block, or,
 * when they are sealed, in the service's own blocks. Lost blocks are sent again from the first that
 * is missing.
 */
#ifndef MW_PROTOCOLS_COSEM_SERVER_H
#define MW_PROTOCOLS_COSEM_SERVER_H

#include "protocols/cosem/acse.h"
#include "protocols/cosem/apdu.h"
#include "protocols/cosem/blocks.h"
#include "protocols/cosem/security.h"

/* Data-access-result (IEC 62056-5-3 clause 9.5); the action results agree as far as they go. */
enum {
    MW_COSEM_DONE = 0,
    MW_COSEM_HARDWARE_FAULT = 1,
    MW_COSEM_TEMPORARY_FAILURE = 2,
    MW_COSEM_DENIED = 3,
    MW_COSEM_UNDEFINED = 4,
    MW_COSEM_CLASS_INCONSISTENT = 9,
    MW_COSEM_UNAVAILABLE = 11,
    MW_COSEM_TYPE_UNMATCHED = 12,
    MW_COSEM_SCOPE_VIOLATED = 13,
    MW_COSEM_BLOCK_UNAVAILABLE = 14,
    MW_COSEM_LONG_ABORTED = 15,
    MW_COSEM_NO_LONG_GET = 16,
    MW_COSEM_LONG_SET_ABORTED = 17,
    MW_COSEM_NO_LONG_SET = 18,
    MW_COSEM_BLOCK_NUMBER_INVALID = 19,
    MW_COSEM_OTHER_REASON = 250,
};

/* Kinds of clients that rights are given to: public, reader, configurator. */
#define MW_COSEM_ROLES 3

typedef struct mw_cosem_object mw_cosem_object;

/* What the objects of a class do; NULL: not at all. Attribute 1, the logical name, is the server's.
 * Each returns a data-access-result and writes nothing unless it is MW_COSEM_DONE. */
typedef struct mw_cosem_functions {
    /* Writes one value, the same one again for each block of a transfer. */
    uint8_t (*get)(void *device, const mw_cosem_object *o, const mw_cosem_item *what,
                   mw_cosem_out *out);
    uint8_t (*set)(void *device, const mw_cosem_object *o, const mw_cosem_item *what);
    /* May write the method's return value. */
    uint8_t (*act)(void *device, const mw_cosem_object *o, const mw_cosem_item *what,
                   mw_cosem_out *out);
} mw_cosem_functions;

/* Bit n for attribute or method n. */
typedef struct mw_cosem_rights {
    uint32_t get, set, act;
} mw_cosem_rights;

struct mw_cosem_object {
    uint16_t class_id;
    uint8_t version;
    uint8_t attributes, methods; /* 1 .. n */
    mw_obis name;
    uint16_t item;    /* which of its kind, for the functions */
    uint32_t selects; /* bit n: attribute n takes selective access */
    const mw_cosem_functions *functions;
    const mw_cosem_rights *rights; /* MW_COSEM_ROLES of them */
};

/* A client that may associate. */
typedef struct mw_cosem_client {
    uint8_t sap; /* 16 public, 32 reader, 48 configurator */
    uint8_t role;
    uint8_t mechanism; /* MW_COSEM_MECHANISM_NONE, LOW, HIGH_GMAC or one of device->provers */
    bool ciphered;     /* the context is with ciphering */
    uint8_t required;  /* bits of SC that each APDU must have */
    uint32_t conformance;
} mw_cosem_client;

typedef enum mw_cosem_happening {
    MW_COSEM_ASSOCIATED,
    MW_COSEM_RELEASED,
    MW_COSEM_WRONG_PASSWORD, /* or wrong proof */
    MW_COSEM_WRONG_KEY,      /* an APDU did not open */
    MW_COSEM_OLD_COUNTER,
} mw_cosem_happening;

/* The device behind the server. */
typedef struct mw_cosem_device {
    void *device; /* given to all functions */
    const mw_cosem_object *objects;
    size_t object_count;
    const mw_cosem_client *clients;
    size_t client_count;
    uint16_t max_pdu; /* that the server takes, >= 128 */
    mw_cosem_title title;
    mw_cosem_keys *keys; /* NULL: no ciphering */
    /* High security besides GMAC. */
    const mw_cosem_prover *provers;
    size_t prover_count;
    /* Whether this is the client's password; to be compared in constant time, and false while it
     * is locked out. */
    bool (*password)(void *device, const mw_cosem_client *client, mw_slice given);
    void (*random)(void *device, mw_span out);
    /* The counter of the next sealed APDU; durable before it returns. */
    mw_status (*next_counter)(void *device, uint32_t *out_counter);
    /* The least counter accepted from a client; seen: makes counter + 1 the least, durably. */
    uint32_t (*least_counter)(void *device, const mw_cosem_client *client);
    mw_status (*counter_seen)(void *device, const mw_cosem_client *client, uint32_t counter);
    /* For logs and lock-out; may be NULL. */
    void (*happened)(void *device, const mw_cosem_client *client, mw_cosem_happening what);
} mw_cosem_device;

#define MW_COSEM_CHALLENGE_BYTES 32  /* at most; of GMAC 16 */
#define MW_COSEM_REQUEST_MAX     256 /* of a GET whose response goes in blocks */

typedef enum mw_cosem_association_state {
    MW_COSEM_CLOSED,
    MW_COSEM_HALF_OPEN, /* HLS: the client's proof is awaited */
    MW_COSEM_OPEN,
} mw_cosem_association_state;

/* One client's association. */
typedef struct mw_cosem_association {
    mw_cosem_association_state state;
    const mw_cosem_client *client;
    uint32_t conformance;
    uint16_t max_pdu; /* that the client takes */
    mw_cosem_title title;
    uint8_t ours[MW_COSEM_CHALLENGE_BYTES]; /* challenges of HLS */
    uint8_t theirs[64];
    uint8_t theirs_n, ours_n;
    mw_cosem_cipher_form form; /* of the last request: the answer has the same */
    /* A GET under way in blocks. */
    uint8_t request[MW_COSEM_REQUEST_MAX];
    uint16_t request_n; /* 0: none */
    uint32_t block;
    size_t offset;
    /* A SET or ACTION that comes in blocks. */
    uint8_t gathering; /* mw_cosem_apdu_kind of its first APDU, 0: none */
    mw_cosem_item target;
    mw_cosem_gather gather;
    /* General block transfer. */
    bool receiving;  /* a request is being gathered */
    bool sending;    /* a response is under way */
    bool rerun;      /* it is not in memory: made anew from `request` for each block */
    size_t whole_n;  /* a response longer than the PDU, in gather's memory from whole_at on */
    size_t whole_at; /* set by a service, taken by who began it */
    uint32_t taken;  /* general blocks of this request so far, the newest number */
    mw_cosem_general_sender sender;
} mw_cosem_association;

typedef struct mw_cosem_server {
    const mw_cosem_device *device;
    mw_cosem_association *associations; /* one for each client of the device */
    mw_span plain; /* a request opened or a response before it is sealed: max_pdu bytes or more */
    /* The link takes several APDUs in a row (a socket does, a poll of an HDLC link does not): general
     * blocks then go in windows, see mw_cosem_server_more. */
    bool streaming;
} mw_cosem_server;

/* `gather` is divided among the associations: longest value that comes in blocks. `plain` needs
 * device->max_pdu bytes. */
void mw_cosem_server_init(mw_cosem_server *s, const mw_cosem_device *device,
                          mw_cosem_association *associations, mw_span plain, mw_span gather);
/* Takes an APDU of the client with this SAP and writes the answer; *out_size 0: none is due.
 * MW_NOT_FOUND: there is no such client. MW_SPACE: out has fewer than 128 bytes. */
MW_NODISCARD mw_status mw_cosem_server_take(mw_cosem_server *s, uint8_t sap, mw_slice apdu,
                                            mw_span out, size_t *out_size);
/* What follows the answer just given without being asked for: the next general block of its window.
 * MW_NOT_FOUND: nothing. */
MW_NODISCARD mw_status mw_cosem_server_more(mw_cosem_server *s, uint8_t sap, mw_span out,
                                            size_t *out_size);
/* The link of this client went down. */
void mw_cosem_server_close(mw_cosem_server *s, uint8_t sap);

#endif
