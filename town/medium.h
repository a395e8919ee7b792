/* SPDX-License-Identifier: Apache-2.0
 *
 * The way down: what the station really transmitted, as samples, through the path loss to each
 * meter that listens, with the noise of its receiver and the error of its crystal, into its receive
 * window (radio/window.h).
 *
 * What was received is also written to a journal in the town's folder before the meter gets it: a
 * town that is started again replays itself from its seed, and takes what came down from there.
 */
#ifndef MW_TOWN_MEDIUM_H
#define MW_TOWN_MEDIUM_H

#include "radio/window.h"
#include "town/air.h"
#include "town/virtual_meter.h"

#define MW_TOWN_MEDIUM_BURSTS_MAX 256u
#define MW_TOWN_MEDIUM_BYTES_MAX  (128u << 20)

typedef struct mw_town_medium_config {
    uint64_t seed;
    mw_utc start; /* sample 0 of the station's receiver and transmitter */
    double
        full_scale_dbm; /* radiated power of samples of full scale; the station is told the same */
    double noise_figure_db; /* of a meter's receiver */
    uint32_t lost_permille; /* bursts in a thousand that fade out on their way to one meter */
    const char *journal;    /* path; NULL: none */
} mw_town_medium_config;

/* A frame that a meter received. */
typedef struct mw_town_heard {
    mw_utc start; /* true time of its first symbol */
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
    size_t payload_bytes;
    double es_n0_db;
} mw_town_heard;

typedef enum mw_town_hearing {
    MW_TOWN_NOTHING, /* the window has passed */
    MW_TOWN_LATER,   /* a burst is under way: ask again at *out_later */
    MW_TOWN_FRAME,
} mw_town_hearing;

typedef struct mw_town_medium mw_town_medium;

/* Loads the journal. MW_NOMEM, MW_IO, MW_CORRUPT. The air is borrowed for its levels. */
MW_NODISCARD mw_status mw_town_medium_open(const mw_town_medium_config *config,
                                           const mw_town_air *air, mw_town_medium **out_medium);
void mw_town_medium_close(mw_town_medium *m);
/* A block that the station sent; what cannot be held is dropped and counted. */
void mw_town_medium_take(mw_town_medium *m, const mw_samples_block *block);
/* What one meter hears in the window that ended at `now` - MW_TOWN_AIR_LOOKAHEAD or before. */
MW_NODISCARD mw_status mw_town_medium_hear(mw_town_medium *m, const mw_town_meter *meter,
                                           mw_utc now, mw_town_hearing *out_hearing,
                                           mw_town_heard *out_heard, mw_utc *out_later);
/* What the journal says about this window; false when it names none. */
bool mw_town_medium_recall(const mw_town_medium *m, const mw_town_meter *meter,
                           mw_town_heard *out_heard);
/* Writes it down, synced, before the meter gets it. */
MW_NODISCARD mw_status mw_town_medium_note(mw_town_medium *m, const mw_town_meter *meter,
                                           const mw_town_heard *heard);
/* What the station began to send since the town started, and what of it could not be held. */
uint64_t mw_town_medium_bursts(const mw_town_medium *m);
uint64_t mw_town_medium_dropped(const mw_town_medium *m);

#endif
