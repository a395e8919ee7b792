/* SPDX-License-Identifier: Apache-2.0
 *
 * OBIS codes, the six value groups A to F that name a COSEM object (IEC 62056-6-1), and their text.
 */
#ifndef MW_PROTOCOLS_COSEM_OBIS_H
#define MW_PROTOCOLS_COSEM_OBIS_H

#include "base/bytes.h"

#define MW_OBIS_BYTES 6
/* "255-255:255.255.255*255" and a terminating NUL. */
#define MW_OBIS_TEXT_MAX 24

typedef struct mw_obis {
    uint8_t b[MW_OBIS_BYTES];
} mw_obis;

#define MW_OBIS(a, b, c, d, e, f) ((mw_obis){{(a), (b), (c), (d), (e), (f)}})

bool mw_obis_equal(mw_obis x, mw_obis y);
/* MW_RANGE unless bytes holds exactly six. */
MW_NODISCARD mw_status mw_obis_of_bytes(mw_slice bytes, mw_obis *out_obis);
/* "1-0:1.8.0*255". */
void mw_obis_format(mw_obis o, char out[MW_OBIS_TEXT_MAX]);
/* Reads "1-0:1.8.0*255", "1-0:1.8.0" (F is 255) and "1.0.1.8.0.255". MW_SYNTAX, MW_RANGE for a
 * group above 255. */
MW_NODISCARD mw_status mw_obis_parse(mw_slice text, mw_obis *out_obis);

#endif
