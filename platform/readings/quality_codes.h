/* SPDX-License-Identifier: Apache-2.0
 *
 * Quality flags outwards: one ESPI QualityOfReading (NAESB REQ.21) for a value, and the list of
 * IEC 61968-9 reading quality codes "system.category.index" that a CIM message carries. The flags
 * are MW_VEE_* of platform/vee/series.h, whose low 16 bits are the store's MW_QUALITY_*.
 *
 * docs/vee.md has both tables with their sources. Where the index within a category is not known
 * from a published source the general index 0 of that category is used.
 */
#ifndef MW_PLATFORM_READINGS_QUALITY_CODES_H
#define MW_PLATFORM_READINGS_QUALITY_CODES_H

#include "platform/vee/estimate.h"

typedef enum mw_espi_quality {
    MW_ESPI_VALID = 0,
    MW_ESPI_EDITED = 7,
    MW_ESPI_REFERENCE_DAY = 8,
    MW_ESPI_INTERPOLATED = 9,
    MW_ESPI_QUESTIONABLE = 10,
    MW_ESPI_DERIVED = 11,
    MW_ESPI_PROJECTED = 12,
    MW_ESPI_MIXED = 13,
    MW_ESPI_RAW = 14,
    MW_ESPI_NORMALISED = 15,
    MW_ESPI_OTHER = 16,
    MW_ESPI_VALIDATED = 17,
    MW_ESPI_VERIFIED = 18, /* failed a check and was judged valid */
    MW_ESPI_REVENUE = 19,
} mw_espi_quality;

/* How far a value has come. */
typedef enum mw_quality_stage {
    MW_STAGE_RAW,
    MW_STAGE_VALIDATED,
    MW_STAGE_FINAL,
    MW_STAGES
} mw_quality_stage;

/* method: what made the value when it is estimated, else MW_VEE_NO_METHOD. Missing intervals have
 * no quality; they give QUESTIONABLE. */
mw_espi_quality mw_quality_espi(uint32_t flags, mw_vee_method method, mw_quality_stage stage);
/* Of a value made from others: theirs when all agree, else MIXED. n = 0 gives QUESTIONABLE. */
mw_espi_quality mw_quality_espi_of_many(const mw_espi_quality *q, size_t n);
/* "revenue-quality" and so on; "unknown" for numbers the standard does not have. */
const char *mw_quality_espi_name(mw_espi_quality q);

/* One IEC 61968-9 code. */
typedef struct mw_cim_quality {
    uint8_t system; /* 1 the end device, 3 the meter data management system */
    uint8_t category;
    uint16_t index;
} mw_cim_quality;

#define MW_CIM_QUALITIES_MAX 16
#define MW_CIM_QUALITY_TEXT  16

/* All codes that apply, worst first; at least one. */
size_t mw_quality_cim(uint32_t flags, mw_vee_method method, mw_quality_stage stage,
                      mw_cim_quality out[MW_CIM_QUALITIES_MAX]);
/* "3.8.0" */
void mw_quality_cim_text(mw_cim_quality q, char out[MW_CIM_QUALITY_TEXT]);
/* The flags that a code from outside means; 0 for valid data. MW_UNSUPPORTED: a category this
 * table does not have; the caller keeps the value and marks it suspect. MW_SYNTAX: not a code. */
MW_NODISCARD mw_status mw_quality_of_cim(mw_slice text, uint32_t *out_flags);
/* The same for an ESPI number. */
MW_NODISCARD mw_status mw_quality_of_espi(int64_t number, uint32_t *out_flags);

#endif
