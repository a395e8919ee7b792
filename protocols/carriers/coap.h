/* SPDX-License-Identifier: Apache-2.0
 *
 * CoAP (RFC 7252) as far as a report over NB-IoT needs it: a confirmable POST of one SMP frame to
 * MW_COAP_PATH, in blocks (RFC 7959, Block1) where a long datagram would not come through, and the
 * answer. Pure: no socket and no clock; times come and go as milliseconds.
 *
 *   meter                                         platform
 *     CON POST /smp, token, octets      ->
 *                                       <-        ACK 2.04, a downlink frame if one waits
 *
 * The token is the last four bytes of the frame: the tag of its seal, which nobody can foresee who
 * does not see the datagram. The message number is 16 times the frame's counter plus the block's,
 * so a repeat is bit-identical and never mistaken for another message. What is sealed needs no
 * DTLS; a module may put it around.
 */
#ifndef MW_PROTOCOLS_CARRIERS_COAP_H
#define MW_PROTOCOLS_CARRIERS_COAP_H

#include "base/bytes.h"

#define MW_COAP_PORT        5683
#define MW_COAP_PATH        "smp"
#define MW_COAP_OCTETS      42 /* Content-Format application/octet-stream */
#define MW_COAP_TOKEN       4
#define MW_COAP_TOKEN_MAX   8
#define MW_COAP_BODY_MAX    255
#define MW_COAP_BLOCKS      16 /* of one body */
#define MW_COAP_PAYLOAD_MAX 255
/* Header, token, path, format, block and the marker. */
#define MW_COAP_OVERHEAD 20

/* RFC 7252 section 4.8. */
#define MW_COAP_ACK_TIMEOUT_MS 2000
#define MW_COAP_RETRANSMIT     4

typedef enum mw_coap_type { MW_COAP_CON, MW_COAP_NON, MW_COAP_ACK, MW_COAP_RST } mw_coap_type;

#define MW_COAP_CODE(class_, detail) ((uint8_t)((class_) << 5 | (detail)))
#define MW_COAP_EMPTY                0
#define MW_COAP_POST                 MW_COAP_CODE(0, 2)
#define MW_COAP_CHANGED              MW_COAP_CODE(2, 4)
#define MW_COAP_CONTINUE             MW_COAP_CODE(2, 31)
#define MW_COAP_BAD_REQUEST          MW_COAP_CODE(4, 0)
#define MW_COAP_BAD_OPTION           MW_COAP_CODE(4, 2)
#define MW_COAP_NOT_FOUND            MW_COAP_CODE(4, 4)
#define MW_COAP_NOT_ALLOWED          MW_COAP_CODE(4, 5)
#define MW_COAP_INCOMPLETE           MW_COAP_CODE(4, 8)
#define MW_COAP_TOO_LARGE            MW_COAP_CODE(4, 13)

/* A Block1 option. */
typedef struct mw_coap_block {
    bool present, more;
    uint32_t number; /* 20 bits */
    uint8_t szx;     /* size 2^(szx + 4), 0..6 */
} mw_coap_block;

typedef struct mw_coap_message {
    mw_coap_type type;
    uint8_t code;
    uint16_t id;
    mw_slice token; /* 0..8 bytes */
    bool path_is_ours;
    bool any_path;
    bool any_format;
    uint16_t format;
    mw_coap_block block1;
    uint8_t refused; /* a critical option that this code does not know was there: not 0 */
    mw_slice payload;
} mw_coap_message;

/* Views into `in`. MW_SHORT, MW_UNSUPPORTED for another version, MW_SYNTAX for what RFC 7252 calls
 * a message format error. */
MW_NODISCARD mw_status mw_coap_decode(mw_slice in, mw_coap_message *out_message);
/* Writes what stands in the fields; any_path writes MW_COAP_PATH. MW_RANGE, MW_SPACE. */
MW_NODISCARD mw_status mw_coap_encode(const mw_coap_message *m, mw_span out, size_t *out_size);

/* Datagram `block` of a frame's POST; szx 6 sends frames of up to 1024 bytes whole. MW_RANGE for a
 * block beyond the last, a body that is too long or a frame of less than a token. */
MW_NODISCARD mw_status mw_coap_post(mw_slice frame, uint32_t counter, uint8_t szx, unsigned block,
                                    mw_span out, size_t *out_size);
unsigned mw_coap_blocks(size_t frame_bytes, uint8_t szx);

/* ---- the meter's side: one exchange ---- */

typedef struct mw_coap_exchange {
    mw_slice frame; /* the caller's, until done */
    uint32_t counter;
    uint8_t szx;
    uint8_t block, tries;
    bool answer_waits; /* an empty ACK came: the answer follows by itself */
    bool done;
    uint32_t wait_ms; /* for an answer to the last datagram */
} mw_coap_exchange;

/* `spread` is any random number: the first wait is 2..3 s by it. */
MW_NODISCARD mw_status mw_coap_begin(mw_coap_exchange *x, mw_slice frame, uint32_t counter,
                                     uint8_t szx, uint32_t spread);
/* The datagram to send now; wait x->wait_ms for what comes back. MW_SPACE. */
MW_NODISCARD mw_status mw_coap_send(mw_coap_exchange *x, mw_span out, size_t *out_size);
/* Nothing came: MW_OK, send again. MW_TIMEOUT: given up. */
MW_NODISCARD mw_status mw_coap_waited(mw_coap_exchange *x);
/* A datagram came. MW_OK: the frame is delivered, out_payload is what came with the answer, and
 * *out_ack_bytes bytes of out_ack are to be sent back (0 or 4). MW_AGAIN: go on sending (next block)
 * or waiting (x->answer_waits). MW_NOT_FOUND: not of this exchange. MW_FORBIDDEN: refused by the
 * other side. Errors of mw_coap_decode. */
MW_NODISCARD mw_status mw_coap_answer(mw_coap_exchange *x, mw_slice datagram, uint8_t out_ack[4],
                                      size_t *out_ack_bytes, mw_slice *out_payload);

/* ---- the platform's side: one sender (an address of IP and port) ---- */

typedef struct mw_coap_inbox {
    bool any;
    uint16_t last_id; /* of the newest message taken, with the answer it got */
    uint8_t last_code;
    uint8_t token[MW_COAP_TOKEN_MAX], token_n;
    uint16_t have; /* bytes of the body so far */
    uint8_t body[MW_COAP_BODY_MAX];
} mw_coap_inbox;

/* Takes a datagram and writes the answer to send. MW_OK: a frame is complete in out_frame (a view
 * into the inbox, until the next call), and `reply` (a downlink frame, or empty) went into the
 * answer. MW_AGAIN: another block is to come. MW_DUPLICATE: seen before, the answer is the same.
 * MW_NOT_FOUND, MW_FORBIDDEN, MW_UNSUPPORTED, MW_RANGE: refused with the answer that says so.
 * MW_SHORT, MW_SYNTAX: no CoAP; *out_answer_bytes is 0. MW_SPACE. */
MW_NODISCARD mw_status mw_coap_take(mw_coap_inbox *box, mw_slice datagram, mw_slice reply,
                                    mw_span answer, size_t *out_answer_bytes, mw_slice *out_frame);

#endif
