/* SPDX-License-Identifier: Apache-2.0
 *
 * Exports of a whole tenant in the formats of other systems (platform/files/exchange.h), produced
 * like those of bulk_rows.h: in a worker thread, through a store handle of its own.
 */
#ifndef MW_PLATFORM_API_BULK_EXCHANGE_H
#define MW_PLATFORM_API_BULK_EXCHANGE_H

#include "platform/api/bulk_rows.h"
#include "platform/files/exchange.h"

/* What an 80020 message says about itself; texts in UTF-8. */
typedef struct mw_bulk_80020 {
    char sender_name[MW_STORE_NAME_MAX];
    char sender_inn[13];
    char area_name[MW_STORE_NAME_MAX];
    char area_inn[13];
    uint32_t number;
    char zone[MW_ZONE_NAME_MAX];
    int64_t day; /* local, days since 1970-01-01 */
} mw_bulk_80020;

/* Final values and register readings of [from, to) as a CIM message. Channels whose unit or
 * interval has no code are left out; a comment at the end of the document counts them. */
MW_NODISCARD mw_status mw_bulk_cim(mw_store *store, const mw_bulk_query *query, mw_bulk_sink *sink,
                                   void *ctx);
/* The half-hours of a day of every electricity channel. MW_SYNTAX and MW_RANGE as mw_80020_begin
 * says, MW_NOT_FOUND for the zone. */
MW_NODISCARD mw_status mw_bulk_80020_day(mw_store *store, const mw_bulk_query *query,
                                         mw_bulk_sink *sink, void *ctx);

/* A channel as the formats describe one; the texts live in m. */
mw_exchange_series mw_exchange_series_of(const mw_store_meter *m, const mw_zone *zone,
                                         const char *zone_name, uint32_t interval_s);
/* A value of the final layer as the formats take one. "Revenue quality" is only said of what is
 * locked, which the flags tell. */
mw_exchange_value mw_exchange_value_of(const mw_store_value *v);

#endif
