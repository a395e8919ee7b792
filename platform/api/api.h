/* SPDX-License-Identifier: Apache-2.0
 *
 * The REST API of the platform (platform/api/openapi.json is its contract) on top of an open store
 * and HTTP server. Everything runs in the loop's thread, except the hashing of passwords.
 */
#ifndef MW_PLATFORM_API_API_H
#define MW_PLATFORM_API_API_H

#include "platform/accounts/secret.h"
#include "platform/alarms/alarms.h"
#include "platform/alarms/collection.h"
#include "platform/commands/queue.h"
#include "platform/notify/notify.h"
#include "platform/readings/timezone.h"
#include "platform/registry/registry.h"
#include "platform/store/store.h"
#include "platform/validation/engine.h"
#include "runtime/http_server.h"

typedef struct mw_api mw_api;

/* Everything is borrowed and must outlive the API. */
typedef struct mw_api_options {
    mw_loop *loop;
    mw_http_server *server;
    mw_store *store;       /* the writing handle of this process */
    mw_registry *registry; /* on the same store */
    mw_zones *zones;
    mw_engine *validation;           /* NULL: decisions about values are refused */
    mw_alarms *alarms;               /* NULL: nothing can be done about alarms */
    mw_notify *notify;               /* NULL: nobody is told */
    const mw_collection *collection; /* NULL: nothing is known of it */
    mw_metrics *metrics;
    mw_password_params password;
    mw_dur session_idle;         /* machine time */
    mw_dur session_longest;      /* machine time */
    mw_dur overview_every;       /* how often a stream tells the overview, machine time */
    const char *host_tenant;     /* its administrators see and make tenants; NULL = nobody does */
    const char *trusted_proxies; /* addresses, by spaces or commas, whose X-Forwarded-For counts */
    const char *store_path;      /* for the health page: size and free space; NULL = not a file */
    bool station_certificate;    /* stations need a certificate that names them */
    mw_commands *commands;
    void (*on_uplinks)(void *context);  /* something new stands in the journal */
    void (*on_commands)(void *context); /* a command was queued or cancelled */
    /* A further, read-only handle of the same store, for exports in threads of their own. */
    mw_status (*open_reader)(void *context, mw_store **out_store);
    void *context;
} mw_api_options;

#define MW_API_CSP                                                                                 \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "              \
    "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; "                  \
    "form-action 'none'; frame-ancestors 'none'"

/* Registers all routes. MW_NOMEM, MW_IO (no random numbers), or what the server says. */
MW_NODISCARD mw_status mw_api_open(const mw_api_options *options, mw_api **out_api);
/* Waits for passwords that are being hashed. Close the server first: it lets go of all requests and
 * streams. */
void mw_api_close(mw_api *api);

/* Tells streams what is new in the store: call it after decoding. */
void mw_api_publish(mw_api *api);
/* Tells the streams of those who may see it what happened to an alarm. */
void mw_api_tell_alarm(mw_api *api, const mw_alarm_notice *n);
/* Tells the stream of a station about a new or withdrawn downlink; without one, nothing. */
void mw_api_downlink_told(mw_api *api, const mw_store_downlink *entry, bool cancel);
/* Whether the station listens for downlinks. */
bool mw_api_downlink_connected(const mw_api *api, int64_t sender);
/* What /healthz says besides its own look at the store. */
void mw_api_set_failing(mw_api *api, bool failing);

#endif
