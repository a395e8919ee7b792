/* SPDX-License-Identifier: Apache-2.0
 *
 * The metadata of a SigMF recording (SigMF 1.x, core namespace): NAME.sigmf-meta, JSON, beside
 * NAME.sigmf-data with the samples.
 *
 * Read: core:datatype (cf32_le, ci16_le, ci8, cu8), core:sample_rate, core:num_channels (1), and of
 * the captures core:sample_start, core:frequency and core:datetime. All else, annotations and other
 * namespaces among it, is let pass.
 */
#ifndef MW_STATION_SIGMF_H
#define MW_STATION_SIGMF_H

#include "radio/recording.h"

#define MW_SIGMF_META_MAX (4u * 1024 * 1024)

/* MW_SYNTAX, MW_NOT_FOUND (a member that must be there), MW_UNSUPPORTED (datatype, channels,
 * several files), MW_RANGE, MW_LIMIT; why (200 bytes) in words. */
MW_NODISCARD mw_status mw_sigmf_decode(mw_slice meta, mw_recording *out_recording, char why[200]);
/* Both paths of a recording from either of them, or from the name without an ending. MW_SYNTAX when
 * the path is too long. */
#define MW_SIGMF_PATH_MAX 4096
MW_NODISCARD mw_status mw_sigmf_paths(const char *path, char out_meta[MW_SIGMF_PATH_MAX],
                                      char out_data[MW_SIGMF_PATH_MAX]);

#endif
