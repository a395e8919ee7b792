/* SPDX-License-Identifier: Apache-2.0
 *
 * The door for DLMS pushes, from the settings push.*.
 */
#include "platform/platform.h"
#include "platform/work.h"
#include "runtime/log.h"

static void on_stored(void *context) {
    mw_works_wake(((mw_platform *)context)->works, MW_WORK_DECODE);
}

mw_status mw_platform_open_pushes(mw_platform *p) {
    const mw_platform_config *c = &p->config;
    char error[160] = "";
    if (c->push_listen[0] == 0)
        return MW_OK;
    mw_push_door_options o = {.loop = p->loop,
                              .store = p->store,
                              .registry = p->registry,
                              .metrics = p->metrics,
                              .tenant = c->push_tenant[0] != 0 ? c->push_tenant : c->tenant,
                              .listen = c->push_listen,
                              .tls_cert = c->push_cert,
                              .tls_key = c->push_key,
                              .client_ca = c->push_client_ca,
                              .connections_max = (uint32_t)c->push_connections,
                              .on_stored = on_stored,
                              .context = p};
    mw_status s = mw_push_door_open(&o, &p->pushes, error);
    if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "cannot take pushes", MW_S("why", error));
    else
        mw_log(MW_LOG_INFO, "taking pushes", MW_I("port", mw_push_door_port(p->pushes)));
    return s;
}
