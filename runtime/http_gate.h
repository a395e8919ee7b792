/* SPDX-License-Identifier: Apache-2.0
 *
 * The strict doorkeeper before libmicrohttpd: bytes in, checked bytes out, no socket, no clock.
 *
 * It follows a subset of RFC 9112 in which two parsers cannot disagree about where a request ends:
 *   400  control bytes or NUL in target or field, bare LF or CR, folded lines, space before a
 * colon, a target that is not in origin form, none or several Host (HTTP/1.1), several
 *        Content-Length, Content-Length that is not only digits, Content-Length together with
 *        Transfer-Encoding, a coding other than exactly "chunked", Transfer-Encoding in HTTP/1.0,
 *        malformed chunk sizes or ends, repeated Authorization, Cookie, Content-Type, X-CSRF-Token
 *   413  a body beyond the limit, told from Content-Length before it is sent, or while it comes
 *   417  an expectation other than 100-continue
 *   431  a head beyond head_max or with more than MW_HTTP_GATE_FIELDS_MAX fields
 *   505  another version than HTTP/1.0 and HTTP/1.1
 * A head is passed on only when it is whole and good. Chunk extensions and trailers are checked and
 * dropped: what is passed on has none.
 */
#ifndef MW_RUNTIME_HTTP_GATE_H
#define MW_RUNTIME_HTTP_GATE_H

#include "runtime/buffer.h"

#define MW_HTTP_GATE_FIELDS_MAX    100
#define MW_HTTP_GATE_METHOD_MAX    16
#define MW_HTTP_GATE_EXTENSION_MAX 256  /* bytes of one chunk line */
#define MW_HTTP_GATE_TRAILER_MAX   4096 /* bytes of all trailer lines */

typedef enum mw_http_gate_verdict {
    MW_HTTP_GATE_MORE,   /* all input used, the request goes on */
    MW_HTTP_GATE_DONE,   /* the request ended; what follows belongs to the next one */
    MW_HTTP_GATE_REFUSE, /* answer gate->http_status and close */
} mw_http_gate_verdict;

typedef enum mw_http_gate_state {
    MW_HTTP_GATE_IDLE, /* before the first byte of a request */
    MW_HTTP_GATE_HEAD,
    MW_HTTP_GATE_BODY,
    MW_HTTP_GATE_CHUNK_SIZE,
    MW_HTTP_GATE_CHUNK_DATA,
    MW_HTTP_GATE_CHUNK_END,
    MW_HTTP_GATE_TRAILER,
    MW_HTTP_GATE_REFUSED,
} mw_http_gate_state;

/* The largest body that a request with this head may have. */
typedef size_t mw_http_gate_body_max(void *context, mw_slice method, mw_slice target);

typedef struct mw_http_gate {
    mw_http_gate_state state;
    int http_status; /* of a refusal */
    mw_http_gate_body_max *body_max;
    void *context;
    mw_buffer head; /* the head, then each chunk line or trailer, as they come in */
    size_t head_max;
    size_t scanned;     /* bytes of the head already searched for its end */
    uint64_t body_left; /* of Content-Length or of the present chunk */
    uint64_t body_room; /* what the limit leaves */
    size_t trailer_n;
} mw_http_gate;

void mw_http_gate_init(mw_http_gate *g, size_t head_max, mw_http_gate_body_max *body_max,
                       void *context);
void mw_http_gate_fini(mw_http_gate *g);
/* Looks at the next bytes; *out_used of them were consumed and the good ones appended to `out`.
 * After DONE the gate is ready for the next request; after REFUSE it stays refusing. A buffer that
 * is full counts as a refusal with 500. */
mw_http_gate_verdict mw_http_gate_push(mw_http_gate *g, mw_slice in, mw_buffer *out,
                                       size_t *out_used);
/* Whether the head of the present request has been passed on. */
bool mw_http_gate_in_body(const mw_http_gate *g);

#endif
