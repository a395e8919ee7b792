/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is limited to an area sees its meters and what concerns them, and nothing of the others.
 * Lists narrow by a roster, a picture of the area's channels of this moment; what is looked at or
 * changed by itself is asked of the store.
 */
#ifndef MW_PLATFORM_API_AREA_H
#define MW_PLATFORM_API_AREA_H

#include "platform/api/internal.h"

/* Rows that a list looks at for one page: further ones are the next page's. */
#define MW_API_SCANNED_MAX 2000

typedef struct mw_api_roster {
    bool limited; /* false: every channel is in it */
    int64_t *channel;
    size_t n;
} mw_api_roster;

/* MW_NOMEM, or what the store says. End it with mw_api_roster_free. */
MW_NODISCARD mw_status mw_api_roster_make(mw_api_call *call, mw_api_roster *out_roster);
void mw_api_roster_free(mw_api_roster *r);
bool mw_api_roster_has(const mw_api_roster *r, int64_t channel);

/* Whether the user's area holds the channel, or the device by any of its channels; true without a
 * limit. What the store cannot tell is not there. */
bool mw_api_channel_in_area(const mw_api_call *call, int64_t channel);
bool mw_api_device_in_area(const mw_api_call *call, int64_t device);
/* Refuses with 403 what concerns more than the user's area; true without a limit. */
bool mw_api_beyond_area_check(mw_api_call *call);

#endif
