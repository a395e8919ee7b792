/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "protocols/cosem/values.h"
#include "tools/dlms_commands.h"

static void octets(mw_slice b) {
    mw_cosem_datetime dt;
    bool text = b.n != 0;
    if (b.n == MW_COSEM_DATETIME_BYTES && mw_cosem_datetime_decode(b, &dt) == MW_OK) {
        char out[MW_COSEM_DATETIME_TEXT_MAX];
        mw_cosem_datetime_format(&dt, out);
        fputs(out, stdout);
        return;
    }
    for (size_t i = 0; i < b.n; i++)
        text &= isprint(b.p[i]) != 0;
    if (text) {
        printf("\"%.*s\"", (int)b.n, (const char *)b.p);
        return;
    }
    if (b.n == MW_OBIS_BYTES && b.p[5] == 255) {
        char out[MW_OBIS_TEXT_MAX];
        mw_obis_format(MW_OBIS(b.p[0], b.p[1], b.p[2], b.p[3], b.p[4], b.p[5]), out);
        fputs(out, stdout);
        return;
    }
    for (size_t i = 0; i < b.n; i++)
        printf("%02x", b.p[i]);
    if (b.n == 0)
        fputs("\"\"", stdout);
}

static void one(const mw_cosem_value *v) {
    if (v->tag == MW_COSEM_UINT64)
        printf("%" PRIu64, v->natural);
    else if (v->tag == MW_COSEM_BOOLEAN)
        fputs(v->number ? "true" : "false", stdout);
    else if (mw_cosem_value_is_number(v))
        printf("%" PRId64, v->number);
    else if (v->tag == MW_COSEM_NULL)
        fputs("null", stdout);
    else if (v->tag == MW_COSEM_BIT_STRING)
        for (uint32_t i = 0; i < v->count; i++)
            putchar(v->bytes.p[i / 8] >> (7 - i % 8) & 1 ? '1' : '0');
    else
        octets(v->bytes);
}

/* Brackets follow from the depth of what comes next. */
static void show(mw_slice data, unsigned from) {
    mw_cosem_cursor c = mw_cosem_cursor_of(data, 0);
    mw_cosem_value v;
    unsigned open = from;
    bool first = true;
    while (mw_cosem_cursor_next(&c, &v) == MW_OK) {
        bool container = v.tag == MW_COSEM_ARRAY || v.tag == MW_COSEM_STRUCTURE;
        for (; open > v.depth && open > from; open--)
            fputs("}", stdout);
        if (v.depth < from)
            continue;
        if (!first)
            fputs(from == 1 && v.depth == 1 ? "," : ", ", stdout);
        first = container;
        if (container && v.count == 0) {
            fputs("{}", stdout);
            first = false;
        } else if (container) {
            fputs("{", stdout);
            open = v.depth + 1u;
        } else {
            one(&v);
        }
    }
    for (; open > from; open--)
        fputs("}", stdout);
}

void dlms_show(mw_slice data) {
    show(data, 0);
}

void dlms_show_row(mw_slice row) {
    show(row, 1);
}
