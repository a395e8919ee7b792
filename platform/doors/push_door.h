/* SPDX-License-Identifier: Apache-2.0
 *
 * The listener of the DLMS push door: TCP, the COSEM wrapper (IEC 62056-47), with TLS when
 * configured. A connection may bring any number of pushes; what is not the wrapper ends it.
 */
#ifndef MW_PLATFORM_DOORS_PUSH_DOOR_H
#define MW_PLATFORM_DOORS_PUSH_DOOR_H

#include "platform/doors/pushes.h"
#include "runtime/metrics.h"
#include "runtime/tcp_door.h"

typedef struct mw_push_door mw_push_door;

typedef struct mw_push_door_options {
    mw_loop *loop;
    mw_store *store;
    mw_registry *registry;
    mw_metrics *metrics; /* NULL: none */
    const char *tenant;
    const char *listen, *tls_cert, *tls_key, *client_ca; /* as of mw_tcp_door_options */
    uint32_t connections_max;
    void (*on_stored)(void *context); /* something waits for decoding; NULL: nobody asks */
    void *context;
} mw_push_door_options;

/* MW_SYNTAX, MW_IO, MW_NOMEM with a reason. Plain TCP is allowed on any address: pushes are
 * sealed. */
MW_NODISCARD mw_status mw_push_door_open(const mw_push_door_options *options,
                                         mw_push_door **out_door, char error[160]);
uint16_t mw_push_door_port(const mw_push_door *d);
/* Before the store is closed. NULL is fine. */
void mw_push_door_close(mw_push_door *d);

#endif
