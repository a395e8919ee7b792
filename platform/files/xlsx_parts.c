/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/files/xlsx_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#define CHUNK 65536

const char *mw_xlsx_attribute(const char **attributes, const char *name) {
    for (; attributes[0] != NULL; attributes += 2)
        if (mw_xlsx_is(attributes[0], name))
            return attributes[1];
    return NULL;
}

bool mw_xlsx_is(const char *element, const char *name) {
    const char *colon = strrchr(element, ':');
    return strcmp(colon != NULL ? colon + 1 : element, name) == 0;
}

/* ---- expat's callbacks ---- */

static void halt(mw_xlsx_walker *w) {
    if (w->status != MW_OK)
        XML_StopParser(w->parser, XML_FALSE);
}

static void on_begin(void *ctx, const char *element, const char **attributes) {
    mw_xlsx_walker *w = ctx;
    if (w->status == MW_OK)
        w->begin(w, element, attributes);
    halt(w);
}

static void on_end(void *ctx, const char *element) {
    mw_xlsx_walker *w = ctx;
    if (w->status == MW_OK && w->end != NULL)
        w->end(w, element);
    halt(w);
}

static void on_text(void *ctx, const char *text, int n) {
    mw_xlsx_walker *w = ctx;
    if (w->status == MW_OK && w->text != NULL)
        w->text(w, (mw_slice){(const uint8_t *)text, (size_t)n});
    halt(w);
}

static void on_doctype(void *ctx, const char *name, const char *system, const char *public_id,
                       int internal) {
    (void)name, (void)system, (void)public_id, (void)internal;
    mw_xlsx_walker *w = ctx;
    w->status = MW_SYNTAX;
    halt(w);
}

static mw_status feed(mw_xlsx_walker *w, zip_file_t *part, const char *path) {
    mw_table_error *error = w->book->error;
    char chunk[CHUNK];
    uint64_t unpacked = 0;
    for (;;) {
        zip_int64_t n = zip_fread(part, chunk, sizeof chunk);
        if (n < 0) {
            mw_table_fail(error, 0, "the part %.60s is damaged", path);
            return MW_SYNTAX;
        }
        unpacked += (uint64_t)n;
        if (unpacked > MW_TABLE_PART_MAX) {
            mw_table_fail(error, 0, "the part %.60s is larger than %d MiB", path,
                          MW_TABLE_PART_MAX >> 20);
            return MW_LIMIT;
        }
        if (XML_Parse(w->parser, chunk, (int)n, n == 0) == XML_STATUS_OK) {
            if (n == 0)
                return MW_OK;
            continue;
        }
        if (w->status == MW_OK)
            w->status = MW_SYNTAX;
        if (error->text[0] == 0)
            mw_table_fail(error, 0, "the part %.60s is not well-formed", path);
        return w->status;
    }
}

mw_status mw_xlsx_walk(mw_xlsx_book *book, const char *path, mw_xlsx_walker *w) {
    w->book = book;
    w->status = MW_OK;
    zip_file_t *part = zip_fopen(book->archive, path, 0);
    if (part == NULL) {
        bool locked = zip_error_code_zip(zip_get_error(book->archive)) == ZIP_ER_NOPASSWD;
        return locked ? MW_UNSUPPORTED : MW_NOT_FOUND;
    }
    w->parser = XML_ParserCreate("UTF-8");
    if (w->parser == NULL) {
        zip_fclose(part);
        return MW_NOMEM;
    }
    XML_SetUserData(w->parser, w);
    XML_SetElementHandler(w->parser, on_begin, on_end);
    XML_SetCharacterDataHandler(w->parser, on_text);
    XML_SetStartDoctypeDeclHandler(w->parser, on_doctype);
    mw_status s = feed(w, part, path);
    XML_ParserFree(w->parser);
    zip_fclose(part);
    return s;
}

/* ---- the list of sheets ---- */

static bool copy_text(char *out, size_t size, const char *text) {
    return text != NULL && (size_t)snprintf(out, size, "%s", text) < size;
}

static void workbook_begin(mw_xlsx_walker *w, const char *element, const char **attributes) {
    mw_xlsx_book *book = w->book;
    if (mw_xlsx_is(element, "workbookPr")) {
        const char *date = mw_xlsx_attribute(attributes, "date1904");
        book->from_1904 = date != NULL && (strcmp(date, "1") == 0 || strcmp(date, "true") == 0);
    }
    if (!mw_xlsx_is(element, "sheet"))
        return;
    if (book->sheets == MW_TABLE_SHEETS_MAX) {
        w->status = MW_LIMIT;
        mw_table_fail(book->error, 0, "more than %d sheets", MW_TABLE_SHEETS_MAX);
        return;
    }
    mw_xlsx_sheet *s = &book->sheet[book->sheets++];
    *s = (mw_xlsx_sheet){0};
    /* "r:id" and "sheetId" both end in id; only the first has that local name. */
    if (!copy_text(s->name, sizeof s->name, mw_xlsx_attribute(attributes, "name")) ||
        !copy_text(s->relation, sizeof s->relation, mw_xlsx_attribute(attributes, "id")))
        w->status = MW_SYNTAX;
}

static void relations_begin(mw_xlsx_walker *w, const char *element, const char **attributes) {
    const char *id = mw_xlsx_attribute(attributes, "Id");
    const char *target = mw_xlsx_attribute(attributes, "Target");
    if (!mw_xlsx_is(element, "Relationship") || id == NULL || target == NULL)
        return;
    const char *folder = target[0] == '/' ? "" : "xl/";
    for (size_t i = 0; i < w->book->sheets; i++) {
        mw_xlsx_sheet *s = &w->book->sheet[i];
        if (strcmp(s->relation, id) == 0 &&
            (size_t)snprintf(s->path, sizeof s->path, "%s%s", folder,
                             target + (target[0] == '/')) >= sizeof s->path)
            s->path[0] = 0;
    }
}

static mw_status not_a_workbook(mw_table_error *error, mw_status s) {
    if (error->text[0] == 0)
        mw_table_fail(error, 0, "this is not an XLSX workbook");
    return s == MW_NOT_FOUND ? MW_SYNTAX : s;
}

mw_status mw_xlsx_open(mw_slice file, mw_xlsx_book *book, mw_table_error *error) {
    *error = (mw_table_error){0};
    *book = (mw_xlsx_book){.error = error};
    static const uint8_t compound[] = {0xd0, 0xcf, 0x11, 0xe0};
    if (file.n >= 4 && mw_slice_equal(mw_slice_sub(file, 0, 4), MW_SLICE_OF(compound))) {
        mw_table_fail(error, 0,
                      "an old .xls or password-protected workbook; save it as .xlsx "
                      "without a password");
        return MW_UNSUPPORTED;
    }
    zip_error_t why;
    zip_source_t *source = zip_source_buffer_create(file.p, file.n, 0, &why);
    if (source == NULL)
        return MW_NOMEM;
    book->archive = zip_open_from_source(source, ZIP_RDONLY, &why);
    if (book->archive == NULL) {
        zip_source_free(source);
        mw_table_fail(error, 0, "the ZIP archive is damaged");
        return MW_SYNTAX;
    }
    mw_buffer_init(&book->strings, MW_TABLE_PART_MAX / 4);
    mw_xlsx_walker sheets = {.begin = workbook_begin};
    mw_status s = mw_xlsx_walk(book, "xl/workbook.xml", &sheets);
    mw_xlsx_walker relations = {.begin = relations_begin};
    if (s == MW_OK)
        s = mw_xlsx_walk(book, "xl/_rels/workbook.xml.rels", &relations);
    if (s == MW_OK && book->sheets == 0)
        s = MW_SYNTAX;
    if (s == MW_OK)
        return MW_OK;
    mw_xlsx_close(book);
    return not_a_workbook(error, s);
}

void mw_xlsx_close(mw_xlsx_book *book) {
    if (book->archive != NULL)
        zip_discard(book->archive);
    book->archive = NULL;
    mw_buffer_fini(&book->strings);
    free(book->string_ends);
    book->string_ends = NULL;
}

/* ---- styles: which cells show a date ---- */

typedef struct styles {
    mw_xlsx_walker w;
    bool in_cell_styles;
    size_t formats;
    struct {
        unsigned long id;
        bool date;
    } format[MW_XLSX_FORMATS_MAX];
} styles;

/* A format shows a date when it has y, m, d, h or s outside quotes, escapes and brackets
 * (ECMA-376 part 1, 18.8.31); an elapsed time "[h]" counts as one too. */
static bool is_date_format(const char *code) {
    for (const char *c = code; *c != 0; c++) {
        if (*c == '"') {
            c = strchr(c + 1, '"');
            if (c == NULL)
                return false;
        } else if (*c == '\\' || *c == '_' || *c == '*') {
            if (*++c == 0)
                return false;
        } else if (*c == '[' && strchr("hmsHMS", c[1]) == NULL) {
            c = strchr(c, ']');
            if (c == NULL)
                return false;
        } else if (strchr("ymdhsYMDHS", *c) != NULL) {
            return true;
        }
    }
    return false;
}

static bool is_date_id(const styles *t, unsigned long id) {
    for (size_t i = 0; i < t->formats; i++)
        if (t->format[i].id == id)
            return t->format[i].date;
    return (id >= 14 && id <= 22) || (id >= 45 && id <= 47);
}

static void styles_begin(mw_xlsx_walker *w, const char *element, const char **attributes) {
    styles *t = (styles *)w;
    if (mw_xlsx_is(element, "cellXfs"))
        t->in_cell_styles = true;
    const char *id = mw_xlsx_attribute(attributes, "numFmtId");
    if (mw_xlsx_is(element, "numFmt")) {
        const char *code = mw_xlsx_attribute(attributes, "formatCode");
        if (id == NULL || code == NULL)
            return;
        if (t->formats == MW_XLSX_FORMATS_MAX) {
            w->status = MW_LIMIT;
            return;
        }
        t->format[t->formats].id = strtoul(id, NULL, 10);
        t->format[t->formats++].date = is_date_format(code);
    }
    if (mw_xlsx_is(element, "xf") && t->in_cell_styles) {
        if (w->book->styles == MW_XLSX_FORMATS_MAX) {
            w->status = MW_LIMIT;
            return;
        }
        w->book->date_style[w->book->styles++] = id != NULL && is_date_id(t, strtoul(id, NULL, 10));
    }
}

static void styles_end(mw_xlsx_walker *w, const char *element) {
    if (mw_xlsx_is(element, "cellXfs"))
        ((styles *)w)->in_cell_styles = false;
}

static mw_status styles_load(mw_xlsx_book *book) {
    styles *t = calloc(1, sizeof *t);
    if (t == NULL)
        return MW_NOMEM;
    t->w = (mw_xlsx_walker){.begin = styles_begin, .end = styles_end};
    mw_status s = mw_xlsx_walk(book, "xl/styles.xml", &t->w);
    free(t);
    return s == MW_NOT_FOUND ? MW_OK : s;
}

/* ---- shared strings ---- */

typedef struct strings {
    mw_xlsx_walker w;
    bool in_text;
    bool in_phonetic; /* how to pronounce it: not a part of the text */
    size_t room;
} strings;

static void strings_begin(mw_xlsx_walker *w, const char *element, const char **attributes) {
    (void)attributes;
    strings *t = (strings *)w;
    t->in_phonetic |= mw_xlsx_is(element, "rPh");
    t->in_text = mw_xlsx_is(element, "t") && !t->in_phonetic;
}

static void string_done(strings *t) {
    mw_xlsx_book *book = t->w.book;
    if (book->string_count == MW_TABLE_STRINGS_MAX) {
        t->w.status = MW_LIMIT;
        mw_table_fail(book->error, 0, "more than %d different texts", MW_TABLE_STRINGS_MAX);
        return;
    }
    if (book->string_count == t->room) {
        size_t room = t->room == 0 ? 1024 : t->room * 2;
        uint32_t *more = realloc(book->string_ends, room * sizeof *more);
        if (more == NULL) {
            t->w.status = MW_NOMEM;
            return;
        }
        book->string_ends = more;
        t->room = room;
    }
    book->string_ends[book->string_count++] = (uint32_t)book->strings.n;
}

static void strings_end(mw_xlsx_walker *w, const char *element) {
    strings *t = (strings *)w;
    t->in_text = false;
    if (mw_xlsx_is(element, "rPh"))
        t->in_phonetic = false;
    else if (mw_xlsx_is(element, "si"))
        string_done(t);
}

static void strings_text(mw_xlsx_walker *w, mw_slice text) {
    strings *t = (strings *)w;
    if (!t->in_text)
        return;
    mw_buffer_append(&w->book->strings, text);
    if (w->book->strings.status == MW_SPACE)
        mw_table_fail(w->book->error, 0, "the texts need more than %d MiB",
                      MW_TABLE_PART_MAX >> 22);
    if (w->book->strings.status != MW_OK)
        w->status = w->book->strings.status == MW_SPACE ? MW_LIMIT : w->book->strings.status;
}

static mw_status strings_load(mw_xlsx_book *book) {
    strings t = {.w = {.begin = strings_begin, .end = strings_end, .text = strings_text}};
    mw_status s = mw_xlsx_walk(book, "xl/sharedStrings.xml", &t.w);
    return s == MW_NOT_FOUND ? MW_OK : s;
}

mw_status mw_xlsx_load(mw_xlsx_book *book) {
    MW_TRY(styles_load(book));
    return strings_load(book);
}
