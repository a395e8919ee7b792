/* SPDX-License-Identifier: Apache-2.0
 *
 * The lines of exports of a whole tenant, read through a store handle of its own. Runs in a worker
 * thread and knows nothing of HTTP.
 */
#ifndef MW_PLATFORM_API_BULK_ROWS_H
#define MW_PLATFORM_API_BULK_ROWS_H

#include "platform/store/store.h"

struct mw_bulk_80020; /* bulk_exchange.h */

typedef struct mw_bulk_query {
    int64_t tenant;
    mw_utc from;                /* inclusive */
    mw_utc to;                  /* exclusive */
    char area[MW_STORE_ID_MAX]; /* only what lies in it now; "" = everything */
    /* for the formats of other systems */
    mw_utc made_at;
    const char *zone_dir;
    const struct mw_bulk_80020 *x80020;
} mw_bulk_query;

/* Whether a meter lies in the query's area. */
MW_NODISCARD mw_status mw_bulk_holds(mw_store *store, const mw_bulk_query *query,
                                     const mw_store_meter *m, bool *out_holds);

/* Takes one line, CRLF included. Another status than MW_OK ends the export and is returned. */
typedef mw_status mw_bulk_sink(void *ctx, mw_slice line);

/* device_id,channel,start_utc,seconds,value,quality,received_at by UTC day, channel and time.
 * Memory: 32 bytes for each channel. MW_NOMEM, and what the store says. */
MW_NODISCARD mw_status mw_bulk_intervals(mw_store *store, const mw_bulk_query *query,
                                         mw_bulk_sink *sink, void *ctx);
/* device_id,channel,at_utc,value of the channels' main registers, by channel and arrival. */
MW_NODISCARD mw_status mw_bulk_registers(mw_store *store, const mw_bulk_query *query,
                                         mw_bulk_sink *sink, void *ctx);

#endif
