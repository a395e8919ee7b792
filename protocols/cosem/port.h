/* SPDX-License-Identifier: Apache-2.0
 *
 * A meter's port: bytes of a line in, bytes of the answer out. Three kinds over one mw_cosem_server:
 *
 *   mw_cosem_line    a UART: HDLC, opened by IEC 62056-21 mode E or at once
 *   mw_cosem_socket  a TCP connection: the wrapper
 *   mw_cosem_datagrams  a UDP port: the wrapper, one APDU a datagram
 *
 * Each port has a server of its own, that is, associations of its own: who comes over one port does
 * not ride on an association opened over another.
 */
#ifndef MW_PROTOCOLS_COSEM_PORT_H
#define MW_PROTOCOLS_COSEM_PORT_H

#include "protocols/cosem/server.h"
#include "protocols/cosem/wrapper.h"
#include "protocols/hdlc/deframer.h"
#include "protocols/hdlc/server.h"

#define MW_COSEM_LINE_OPENING_MAX 40

typedef struct mw_cosem_line_config {
    mw_hdlc_server_config hdlc;
    /* Mode E: what the meter says of itself, such as "/MWX5\\2MW-E1-D"; the character of the speed
     * it offers ('5' = 9600). NULL: no mode E. */
    const char *identity; /* without CR LF; its fifth character is replaced by `speed` */
    char speed;
    const char *device_address; /* answered in mode E besides an empty one */
} mw_cosem_line_config;

typedef struct mw_cosem_line {
    const mw_cosem_line_config *config;
    mw_cosem_server *server;
    mw_hdlc_deframer deframer;
    mw_hdlc_server hdlc;
    mw_span answers; /* one for each link */
    size_t answer_bytes;
    uint8_t opening[MW_COSEM_LINE_OPENING_MAX]; /* mode E: the line being received */
    uint8_t opening_n;
    bool identified; /* our identity went out, the acknowledgement is awaited */
    uint8_t reply[MW_COSEM_LINE_OPENING_MAX + 2];
    uint8_t reply_n;
    char switch_to; /* the board is to change to this speed, 8N1, when the reply is out; 0 no */
} mw_cosem_line;

/* Memory of a line with `links` clients at once: links[links]; requests and answers: links times
 * the longest APDU and 3; frames: MW_HDLC_FRAME_MAX. */
typedef struct mw_cosem_line_memory {
    mw_hdlc_server_link *links;
    size_t link_count;
    mw_span requests, answers, frames;
} mw_cosem_line_memory;

void mw_cosem_line_init(mw_cosem_line *l, const mw_cosem_line_config *config,
                        mw_cosem_server *server, const mw_cosem_line_memory *memory);
/* Bytes from the line; answers wait in mw_cosem_line_next. */
void mw_cosem_line_take(mw_cosem_line *l, mw_slice bytes, mw_mono now);
/* The next bytes to send. MW_NOT_FOUND: none. MW_SPACE: out should take MW_HDLC_FRAME_MAX. */
MW_NODISCARD mw_status mw_cosem_line_next(mw_cosem_line *l, mw_span out, size_t *out_size);
/* Nothing came for the inter-octet time; links that are silent too long go down. */
void mw_cosem_line_silence(mw_cosem_line *l, mw_mono now);

typedef struct mw_cosem_socket {
    mw_cosem_server *server;
    mw_cosem_stream stream;
    uint16_t logical;  /* the device's wPort */
    uint16_t answered; /* wPort whose answer may go on in general blocks; 0: none */
} mw_cosem_socket;

/* memory: the longest APDU taken and 8 bytes. */
void mw_cosem_socket_init(mw_cosem_socket *s, mw_cosem_server *server, mw_span memory);
/* As mw_cosem_stream_push. */
size_t mw_cosem_socket_take(mw_cosem_socket *s, mw_slice bytes);
/* Serves the next request. *out_size is 0 when it has no answer. MW_AGAIN: needs more bytes.
 * Anything else: the connection has to be closed. */
MW_NODISCARD mw_status mw_cosem_socket_next(mw_cosem_socket *s, mw_span out, size_t *out_size);

#define MW_COSEM_DATAGRAM_CLIENTS 8

/* Any number of peers share the port. An association belongs to the peer that opened it: nobody else
 * rides on it. A request that is certainly a repeat (sealed, or a SET or ACTION within ten seconds,
 * byte for byte the last one of its peer) is answered again from memory and not executed again. */
typedef struct mw_cosem_datagrams {
    mw_cosem_server *server;
    uint16_t logical;
    uint64_t owner[MW_COSEM_DATAGRAM_CLIENTS]; /* of each client's association */
    mw_span request, answer;                   /* the last ones that may be repeated */
    size_t request_n, answer_n;
    uint64_t peer;
    mw_mono at;
    uint16_t answered; /* as in mw_cosem_socket */
} mw_cosem_datagrams;

/* memory: twice the longest datagram whose repeat is noticed; may be empty. The server has at most
 * MW_COSEM_DATAGRAM_CLIENTS clients (asserted). */
void mw_cosem_datagrams_init(mw_cosem_datagrams *d, mw_cosem_server *server, mw_span memory);
/* Serves one datagram of `peer`, a number that stands for its address and port. *out_size 0: it has
 * no answer (also when it is none of the wrapper's). MW_SPACE. */
MW_NODISCARD mw_status mw_cosem_datagrams_take(mw_cosem_datagrams *d, uint64_t peer,
                                               mw_slice datagram, mw_mono now, mw_span out,
                                               size_t *out_size);
/* Further datagrams to the same peer. MW_NOT_FOUND: none. */
MW_NODISCARD mw_status mw_cosem_datagrams_more(mw_cosem_datagrams *d, mw_span out,
                                               size_t *out_size);

#endif
