/* SPDX-License-Identifier: Apache-2.0
 *
 * A door for protocols that are not HTTP: listens on TCP, with TLS when a certificate is given, and
 * hands the plain bytes of each connection to its owner, who answers with bytes or ends it.
 *
 * Limits: connections in all and of one address, bytes that wait for a client that does not read
 * (the connection is closed), time without a byte.
 */
#ifndef MW_RUNTIME_TCP_DOOR_H
#define MW_RUNTIME_TCP_DOOR_H

#include "runtime/buffer.h"
#include "runtime/loop.h"

typedef struct mw_tcp_door mw_tcp_door;

typedef struct mw_tcp_door_options {
    /* "127.0.0.1:4059", "[::1]:0". Other addresses than loopback need TLS unless `plain_allowed`:
     * what passes is then protected by the protocol itself. */
    const char *listen;
    const char *tls_cert, *tls_key, *client_ca; /* PEM files; NULL or "": none */
    bool plain_allowed;
    uint32_t connections_max; /* 0: 256 */
    uint32_t per_ip_max;      /* 0: 64 */
    mw_dur idle;              /* 0: 60 s */
    size_t state_bytes;       /* of the owner, per connection, zeroed */
    void *context;
    /* Bytes of a connection; what is put into `out` (64 KiB at most) is sent. Anything but MW_OK
     * ends the connection after that. `open` and `closed` may be NULL. */
    void (*open)(void *context, void *state);
    mw_status (*bytes)(void *context, void *state, mw_slice bytes, mw_buffer *out);
    void (*closed)(void *context, void *state);
} mw_tcp_door_options;

/* MW_SYNTAX, MW_FORBIDDEN, MW_IO, MW_NOMEM with a reason in `error`. */
MW_NODISCARD mw_status mw_tcp_door_open(mw_loop *loop, const mw_tcp_door_options *options,
                                        mw_tcp_door **out_door, char error[160]);
uint16_t mw_tcp_door_port(const mw_tcp_door *d);
/* Ends every connection. The memory goes when the loop has closed the handles: run it once more
 * before mw_loop_free (which does so itself). NULL is fine. */
void mw_tcp_door_close(mw_tcp_door *d);

#endif
