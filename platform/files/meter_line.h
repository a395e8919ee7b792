/* SPDX-License-Identifier: Apache-2.0
 *
 * A row of a table of meters as the JSON object that platform/registry imports. Inside
 * platform/files.
 */
#ifndef MW_PLATFORM_FILES_METER_LINE_H
#define MW_PLATFORM_FILES_METER_LINE_H

#include "platform/files/mapping.h"
#include "runtime/buffer.h"

/* The text of a field in this row, prefix included (made in room); empty when it has none. */
mw_slice mw_import_text(const mw_mapping *m, mw_mapping_field f, const size_t *columns,
                        const mw_slice *cells, size_t n, mw_span room);

/* Appends the object to out. MW_SYNTAX or MW_RANGE with out_why, MW_SPACE, MW_NOMEM. */
MW_NODISCARD mw_status mw_meter_line(const mw_mapping *m, const size_t *columns,
                                     const mw_slice *cells, size_t n, mw_buffer *out,
                                     char out_why[160]);

#endif
