/* SPDX-License-Identifier: Apache-2.0
 *
 * How the revisions of one layer and one UTC day become what the layer shows. Pure; for the stores.
 *
 *   mw_layer_start(&l);  mw_layer_revise(&l, r) for each revision, oldest first;
 *   mw_layer_put(under, &l, reports_first)  lays the result over the layer below
 */
#ifndef MW_PLATFORM_STORE_LAYERS_H
#define MW_PLATFORM_STORE_LAYERS_H

#include "platform/store/records_values.h"

enum { MW_LAYER_COVERS_MAX = 2 * MW_STORE_REVISION_ROWS_MAX };

typedef struct mw_layer_day {
    mw_store_value rows[MW_STORE_REVISION_ROWS_MAX]; /* ascending, not overlapping */
    size_t n;
    struct {
        mw_utc from, to;
    } cover[MW_LAYER_COVERS_MAX]; /* what the layer decides; ascending, not overlapping */
    size_t covers;
} mw_layer_day;

/* What every store checks of a revision before it takes it: MW_RANGE. */
MW_NODISCARD mw_status mw_revision_check(const mw_store_revision *r);

void mw_layer_start(mw_layer_day *l);
/* MW_LIMIT: more rows or covers than fit. */
MW_NODISCARD mw_status mw_layer_revise(mw_layer_day *l, const mw_store_revision *r);
/* under = what is seen from above. reports_first: rows of `under` hide those of `over` (raw layer);
 * else the covers of `over` hide rows of `under`. MW_LIMIT. */
MW_NODISCARD mw_status mw_layer_put(mw_layer_day *under, const mw_layer_day *over,
                                    bool reports_first);
/* Days since 1970 of a moment. */
static inline int64_t mw_layer_day_of(mw_utc t) {
    int64_t s = mw_utc_floor_s(t);
    return s / 86400 - (s % 86400 < 0);
}

#endif
