/* SPDX-License-Identifier: Apache-2.0
 *
 * Fields of a stored envelope: one flat JSON object as the door writes it, keys sorted, no white
 * space. Only what a list of receptions shows is taken out; decoding has its own reader.
 */
#ifndef MW_PLATFORM_STORE_CONTENT_H
#define MW_PLATFORM_STORE_CONTENT_H

#include "base/bytes.h"

/* The integer of a field of the outermost object; 0 when there is none. */
int64_t mw_content_number(mw_slice content, const char *name);
/* The text of a field as written, escapes and all; empty when there is none. */
mw_slice mw_content_text(mw_slice content, const char *name);

#endif
