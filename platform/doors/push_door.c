/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/doors/push_door.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocols/cosem/wrapper.h"
#include "runtime/log.h"

struct mw_push_door {
    mw_pushes pushes;
    mw_push_door_options options;
    mw_tcp_door *tcp;
    mw_metric *fates[MW_PUSH_FATES];
};

/* What is kept of a connection. */
typedef struct client {
    mw_cosem_stream stream;
    uint8_t memory[MW_PUSHES_APDU_MAX + MW_COSEM_WRAPPER_BYTES];
} client;

static void client_open(void *context, void *state) {
    client *c = state;
    (void)context;
    mw_cosem_stream_init(&c->stream, MW_SPAN_OF(c->memory));
}

static mw_status answer(const mw_cosem_wrapper *w, const mw_push_taken *taken, mw_buffer *out) {
    uint8_t bytes[MW_COSEM_WRAPPER_BYTES + MW_PUSHES_CONFIRM_MAX];
    size_t n = 0;
    mw_cosem_wrapper a = mw_cosem_wrapper_answer(w, (mw_slice){taken->confirm, taken->confirm_n});
    MW_TRY(mw_cosem_wrapper_encode(&a, MW_SPAN_OF(bytes), &n));
    mw_buffer_append(out, (mw_slice){bytes, n});
    return MW_OK;
}

static mw_status push_take(mw_push_door *d, const mw_cosem_wrapper *w, mw_buffer *out) {
    mw_push_taken taken = {.fate = MW_PUSH_MALFORMED};
    MW_TRY(mw_pushes_take(&d->pushes, w->apdu, mw_loop_utc(d->options.loop), &taken));
    if (d->options.metrics != NULL)
        mw_metric_add(d->fates[taken.fate], 1);
    if (taken.fate == MW_PUSH_STORED && d->options.on_stored != NULL)
        d->options.on_stored(d->options.context);
    if (taken.confirm_n > 0)
        return answer(w, &taken, out);
    mw_log(MW_LOG_DEBUG, "push refused", MW_S("fate", mw_push_fate_text(taken.fate)));
    /* Who is refused is not told why, and has to connect again. */
    return MW_FORBIDDEN;
}

static mw_status client_bytes(void *context, void *state, mw_slice bytes, mw_buffer *out) {
    client *c = state;
    while (bytes.n > 0) {
        size_t n = mw_cosem_stream_push(&c->stream, bytes);
        bytes = mw_slice_sub(bytes, n, bytes.n - n);
        mw_cosem_wrapper w;
        mw_status s;
        while ((s = mw_cosem_stream_pull(&c->stream, &w)) == MW_OK)
            MW_TRY(push_take(context, &w, out));
        if (s != MW_AGAIN)
            return s;
    }
    return MW_OK;
}

static void metrics_open(mw_push_door *d) {
    for (unsigned f = 0; d->options.metrics != NULL && f < MW_PUSH_FATES; f++) {
        char labels[48];
        snprintf(labels, sizeof labels, "fate=\"%s\"", mw_push_fate_text((mw_push_fate)f));
        d->fates[f] = mw_metrics_counter(d->options.metrics, "mw_platform_pushes_total", labels,
                                         "Pushes of DLMS meters, by what became of them");
    }
}

mw_status mw_push_door_open(const mw_push_door_options *options, mw_push_door **out_door,
                            char error[160]) {
    mw_push_door *d = calloc(1, sizeof *d);
    if (d == NULL)
        return MW_NOMEM;
    d->options = *options;
    d->pushes = mw_pushes_of(options->store, options->registry, options->tenant);
    metrics_open(d);
    mw_tcp_door_options o = {.listen = options->listen,
                             .tls_cert = options->tls_cert,
                             .tls_key = options->tls_key,
                             .client_ca = options->client_ca,
                             .plain_allowed = true,
                             .connections_max = options->connections_max,
                             .per_ip_max = options->connections_max,
                             .state_bytes = sizeof(client),
                             .context = d,
                             .open = client_open,
                             .bytes = client_bytes};
    mw_status s = mw_tcp_door_open(options->loop, &o, &d->tcp, error);
    if (s != MW_OK) {
        free(d);
        return s;
    }
    *out_door = d;
    return MW_OK;
}

uint16_t mw_push_door_port(const mw_push_door *d) {
    return mw_tcp_door_port(d->tcp);
}

void mw_push_door_close(mw_push_door *d) {
    if (d == NULL)
        return;
    mw_tcp_door_close(d->tcp);
    free(d);
}
