/* SPDX-License-Identifier: Apache-2.0
 *
 * Sends what the spool holds to the platform's uplink door, oldest first, one batch at a time, and
 * frees only what the platform says it holds.
 *
 * Failures: connection, 5xx, 429 and answers that make no sense are tried again after a pause that
 * doubles up to a limit, or after what Retry-After says. 401 and 403 as well: the token file is
 * read anew for each try. 400 and 413 halve the batch; a single frame that is still refused is put
 * aside in a spool of its own, so that it cannot stall the others and is not lost either.
 */
#ifndef MW_STATION_SENDER_H
#define MW_STATION_SENDER_H

#include "runtime/http_client.h"
#include "station/config.h"
#include "station/routes.h"
#include "station/store.h"

typedef struct mw_station_sender mw_station_sender;

/* idle: called when everything in the spool has been delivered; may be NULL. */
MW_NODISCARD mw_status mw_station_sender_new(const mw_station_config *config, mw_loop *loop,
                                             mw_station_store *store, mw_routes *routes,
                                             mw_metrics *metrics, void (*idle)(void *context),
                                             void *context, mw_station_sender **out_sender,
                                             char error[160]);
/* There may be something to send. */
void mw_station_sender_kick(mw_station_sender *s);
/* Another route is used from now on: try at once. */
void mw_station_sender_rerouted(mw_station_sender *s);
/* When the platform last took a batch; a reading of 0 means never. */
mw_mono mw_station_sender_last_success(const mw_station_sender *s);
/* Whether a request is under way. */
bool mw_station_sender_busy(const mw_station_sender *s);
/* Why the last request failed; MW_OK after a success. */
mw_status mw_station_sender_trouble(const mw_station_sender *s);
void mw_station_sender_free(mw_station_sender *s);

#endif
