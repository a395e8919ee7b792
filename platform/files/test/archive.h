/* SPDX-License-Identifier: Apache-2.0
 *
 * A workbook made of given parts, for tests and fuzzing of the reader.
 */
#ifndef MW_PLATFORM_FILES_TEST_ARCHIVE_H
#define MW_PLATFORM_FILES_TEST_ARCHIVE_H

#include <stdlib.h>
#include <zip.h>

#include "base/assert.h"
#include "base/bytes.h"

typedef struct archive_part {
    const char *name;
    mw_slice content;
} archive_part;

#define ARCHIVE_BOOK                                                                               \
    "<workbook xmlns:r=\"x\"><sheets><sheet name=\"Readings\" sheetId=\"1\" r:id=\"rId1\"/>"       \
    "</sheets></workbook>"
#define ARCHIVE_RELATIONS                                                                          \
    "<Relationships><Relationship Id=\"rId1\" Target=\"worksheets/sheet1.xml\"/></Relationships>"

/* Writes the archive into a new block; free it. */
static inline mw_slice archive_make(const archive_part *parts, size_t n) {
    zip_error_t why;
    zip_source_t *file = zip_source_buffer_create(NULL, 0, 0, &why);
    mw_assert(file != NULL);
    zip_source_keep(file);
    zip_t *zip = zip_open_from_source(file, ZIP_TRUNCATE, &why);
    mw_assert(zip != NULL);
    for (size_t i = 0; i < n; i++) {
        zip_source_t *part = zip_source_buffer(zip, parts[i].content.p, parts[i].content.n, 0);
        zip_int64_t at = zip_file_add(zip, parts[i].name, part, 0);
        mw_assert(at >= 0);
        mw_assert(zip_set_file_compression(zip, (zip_uint64_t)at, ZIP_CM_STORE, 0) == 0);
    }
    mw_assert(zip_close(zip) == 0);
    mw_assert(zip_source_open(file) == 0);
    zip_stat_t size;
    mw_assert(zip_source_stat(file, &size) == 0);
    uint8_t *block = malloc(size.size);
    mw_assert(block != NULL);
    mw_assert(zip_source_read(file, block, size.size) == (zip_int64_t)size.size);
    zip_source_close(file);
    zip_source_free(file);
    return (mw_slice){block, size.size};
}

#endif
