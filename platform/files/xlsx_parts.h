/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of a workbook, unpacked one at a time, and its XML walked with expat. Inside
 * platform/files.
 */
#ifndef MW_PLATFORM_FILES_XLSX_PARTS_H
#define MW_PLATFORM_FILES_XLSX_PARTS_H

#include <expat.h>

#include "platform/files/row.h"
#include "runtime/buffer.h"

enum {
    MW_XLSX_FORMATS_MAX = 4096, /* number formats and cell styles of a workbook */
    MW_XLSX_NAME_MAX = 128,     /* bytes of a sheet's name: 31 characters are allowed */
    MW_XLSX_PATH_MAX = 256,
};

typedef struct mw_xlsx_sheet {
    char name[MW_XLSX_NAME_MAX];
    char relation[32];
    char path[MW_XLSX_PATH_MAX]; /* of the part, "" = not found yet */
} mw_xlsx_sheet;

/* What the small parts of a workbook say. */
typedef struct mw_xlsx_book {
    void *archive; /* zip_t */
    mw_table_error *error;
    size_t sheets;
    mw_xlsx_sheet sheet[MW_TABLE_SHEETS_MAX];
    bool from_1904;                       /* dates count from 1904-01-01 */
    bool date_style[MW_XLSX_FORMATS_MAX]; /* cell style -> shows a date */
    size_t styles;
    mw_buffer strings;     /* shared strings, one after the other */
    uint32_t *string_ends; /* where each of them ends */
    size_t string_count;
} mw_xlsx_book;

/* Opens the archive and reads the list of sheets. The book is 40 kB: keep it on the heap. */
MW_NODISCARD mw_status mw_xlsx_open(mw_slice file, mw_xlsx_book *book, mw_table_error *error);
/* Styles and shared strings, needed to read cells. */
MW_NODISCARD mw_status mw_xlsx_load(mw_xlsx_book *book);
void mw_xlsx_close(mw_xlsx_book *book);

typedef struct mw_xlsx_walker mw_xlsx_walker;
struct mw_xlsx_walker {
    void (*begin)(mw_xlsx_walker *w, const char *element, const char **attributes);
    void (*end)(mw_xlsx_walker *w, const char *element);
    void (*text)(mw_xlsx_walker *w, mw_slice text);
    mw_status status; /* set by a handler to stop */
    mw_xlsx_book *book;
    XML_Parser parser;
};

/* Unpacks and walks one part. MW_NOT_FOUND, MW_SYNTAX, MW_LIMIT, MW_NOMEM, the walker's status.
 * Elements come without their namespace prefix. A document type is refused. */
MW_NODISCARD mw_status mw_xlsx_walk(mw_xlsx_book *book, const char *path, mw_xlsx_walker *w);
/* An attribute by its local name, NULL when absent. */
const char *mw_xlsx_attribute(const char **attributes, const char *name);
bool mw_xlsx_is(const char *element, const char *name);

#endif
