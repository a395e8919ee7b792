/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/pushing.h"

#include "runtime/log.h"

mw_status mw_platform_open_pushes(const mw_platform_config *c, mw_loop *loop, mw_store *store,
                                  mw_registry *registry, mw_metrics *metrics,
                                  void (*on_stored)(void *), void *context,
                                  mw_push_door **out_door) {
    char error[160] = "";
    *out_door = NULL;
    if (c->push_listen[0] == 0)
        return MW_OK;
    mw_push_door_options o = {.loop = loop,
                              .store = store,
                              .registry = registry,
                              .metrics = metrics,
                              .tenant = c->push_tenant[0] != 0 ? c->push_tenant : c->tenant,
                              .listen = c->push_listen,
                              .tls_cert = c->push_cert,
                              .tls_key = c->push_key,
                              .client_ca = c->push_client_ca,
                              .connections_max = (uint32_t)c->push_connections,
                              .on_stored = on_stored,
                              .context = context};
    mw_status s = mw_push_door_open(&o, out_door, error);
    if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "cannot take pushes", MW_S("why", error));
    else
        mw_log(MW_LOG_INFO, "taking pushes", MW_I("port", mw_push_door_port(*out_door)));
    return s;
}
