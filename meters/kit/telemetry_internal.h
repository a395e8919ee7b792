/* SPDX-License-Identifier: Apache-2.0
 *
 * Between telemetry.c, which sends reports, and answers.c, which sends what downlinks asked for.
 */
#ifndef MW_METERS_KIT_TELEMETRY_INTERNAL_H
#define MW_METERS_KIT_TELEMETRY_INTERNAL_H

#include "meters/kit/meter.h"
#include "protocols/smp/smp.h"

/* Objects of the longest frame of any carrier. */
#define MW_DRAFT_MAX MW_CARRIER_FRAME_MAX

/* A frame about to be sent. */
typedef struct mw_draft {
    uint8_t objects[MW_DRAFT_MAX];
    size_t n; /* bytes of objects */
} mw_draft;

/* What the ledger granted. */
typedef struct mw_grant {
    unsigned band;
    uint8_t copies;
    uint32_t airtime_ms; /* of all copies */
    mw_mono end;         /* of the last copy */
} mw_grant;

/* ---- sending.c ---- */

/* Bytes for objects in the largest frame that carrier and rate allow. */
size_t mw_telemetry_room(const mw_meter *m);
/* Bytes for objects in the frame that n bytes of them take. */
size_t mw_telemetry_spare(const mw_meter *m, size_t n);
/* Seals a draft and fills the transmission. On MW_OK the frame is as good as sent; book it with
 * mw_telemetry_log. MW_DUTY: not now, telemetry.radio_free says when. */
MW_NODISCARD mw_status mw_telemetry_send(mw_meter *m, const mw_draft *d, mw_mono now,
                                         mw_meter_outputs *out, mw_grant *out_grant);

/* ---- telemetry.c ---- */

/* Undoes what the last put wrote when it did not fit. */
bool mw_telemetry_keep(mw_writer *w, size_t before, size_t room);
/* Drafts the newest hours before `end` that fit a frame, at most `hours`; *out_hours says how many.
 * `fill`: older hours ride along where a short report leaves room. False: nothing fits. */
bool mw_telemetry_part(const mw_meter *m, const mw_archive_window *w, unsigned index, uint32_t end,
                       unsigned hours, bool fill, mw_draft *d, unsigned *out_hours);
mw_smp_health mw_telemetry_health(const mw_meter *m, mw_mono now);
MW_NODISCARD mw_status mw_telemetry_log(mw_meter *m, const mw_meter_outputs *out,
                                        const mw_grant *g);

#endif
