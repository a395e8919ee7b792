/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/data.h"

enum level_kind { PLAIN_ARRAY, PLAIN_STRUCTURE, PACKED_TOP, PACKED_ARRAY, PACKED_STRUCTURE };

const char *mw_cosem_tag_text(mw_cosem_tag tag) {
    switch (tag) {
#define X(name, number, text, bytes)                                                               \
    case MW_COSEM_##name:                                                                          \
        return text;
        MW_COSEM_TAG_LIST(X)
#undef X
    case MW_COSEM_ATTRIBUTE:
        return "attribute-descriptor";
    }
    return "unknown";
}

/* What a tag says of its value: bytes of a fixed-size one, and these. */
enum { BYTES = 0x0F, SIGNED = 0x10, NUMBER = 0x20, KNOWN = 0x40, TAGS = 34 };

static uint8_t traits_of(unsigned tag) {
    static const uint8_t traits[TAGS] = {
        [MW_COSEM_NULL] = KNOWN,
        [MW_COSEM_ARRAY] = KNOWN,
        [MW_COSEM_STRUCTURE] = KNOWN,
        [MW_COSEM_BOOLEAN] = KNOWN | NUMBER | 1,
        [MW_COSEM_BIT_STRING] = KNOWN,
        [MW_COSEM_INT32] = KNOWN | NUMBER | SIGNED | 4,
        [MW_COSEM_UINT32] = KNOWN | NUMBER | 4,
        [MW_COSEM_OCTET_STRING] = KNOWN,
        [MW_COSEM_VISIBLE_STRING] = KNOWN,
        [MW_COSEM_UTF8_STRING] = KNOWN,
        [MW_COSEM_BCD] = KNOWN | NUMBER | 1,
        [MW_COSEM_INT8] = KNOWN | NUMBER | SIGNED | 1,
        [MW_COSEM_INT16] = KNOWN | NUMBER | SIGNED | 2,
        [MW_COSEM_UINT8] = KNOWN | NUMBER | 1,
        [MW_COSEM_UINT16] = KNOWN | NUMBER | 2,
        [MW_COSEM_COMPACT_ARRAY] = KNOWN,
        [MW_COSEM_INT64] = KNOWN | NUMBER | SIGNED | 8,
        [MW_COSEM_UINT64] = KNOWN | NUMBER | 8,
        [MW_COSEM_ENUM] = KNOWN | NUMBER | 1,
        [MW_COSEM_FLOAT32] = KNOWN | 4,
        [MW_COSEM_FLOAT64] = KNOWN | 8,
        [MW_COSEM_DATE_TIME] = KNOWN | 12,
        [MW_COSEM_DATE] = KNOWN | 5,
        [MW_COSEM_TIME] = KNOWN | 4,
        [MW_COSEM_DELTA_INT8] = KNOWN | NUMBER | SIGNED | 1,
        [MW_COSEM_DELTA_INT16] = KNOWN | NUMBER | SIGNED | 2,
        [MW_COSEM_DELTA_INT32] = KNOWN | NUMBER | SIGNED | 4,
        [MW_COSEM_DELTA_UINT8] = KNOWN | NUMBER | 1,
        [MW_COSEM_DELTA_UINT16] = KNOWN | NUMBER | 2,
        [MW_COSEM_DELTA_UINT32] = KNOWN | NUMBER | 4,
    };
    if (tag < TAGS)
        return traits[tag];
    return tag == MW_COSEM_DONT_CARE ? KNOWN : 0;
}

bool mw_cosem_value_is_number(const mw_cosem_value *v) {
    return (traits_of(v->tag) & NUMBER) != 0;
}

mw_status mw_cosem_value_int64(const mw_cosem_value *v, int64_t *out_number) {
    if (!mw_cosem_value_is_number(v))
        return MW_UNSUPPORTED;
    if (v->tag == MW_COSEM_UINT64 && v->natural > INT64_MAX)
        return MW_RANGE;
    *out_number = v->number;
    return MW_OK;
}

/* mw_read_u8 without a call: three of four steps of a walk are this one. */
static inline uint8_t next_u8(mw_reader *r) {
    if (r->status == MW_OK && r->at < r->in.n)
        return r->in.p[r->at++];
    return mw_read_u8(r);
}

size_t mw_cosem_read_length(mw_reader *r) {
    uint8_t first = next_u8(r);
    if (first < 0x80)
        return first;
    unsigned bytes = first & 0x7F;
    uint32_t v = 0;
    if (bytes == 0 || bytes > 4)
        mw_reader_fail(r, MW_SYNTAX);
    for (unsigned i = 0; i < bytes && r->status == MW_OK; i++)
        v = v << 8 | mw_read_u8(r);
    return r->status == MW_OK ? v : 0;
}

/* ---- single values ---- */

static void read_fixed(mw_reader *r, mw_cosem_value *v, uint8_t traits) {
    size_t n = traits & BYTES;
    v->bytes = mw_read_bytes(r, n);
    if ((traits & NUMBER) == 0 || v->bytes.n != n)
        return;
    uint64_t u = (traits & SIGNED) != 0 && (v->bytes.p[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < n; i++)
        u = u << 8 | v->bytes.p[i];
    v->natural = u;
    v->number = v->tag == MW_COSEM_UINT64 && u > INT64_MAX ? INT64_MAX : (int64_t)u;
}

/* The contents of a value that is no container. */
static void read_simple(mw_reader *r, mw_cosem_value *v) {
    uint8_t traits = traits_of(v->tag);
    if ((traits & BYTES) != 0) {
        read_fixed(r, v, traits);
        return;
    }
    switch (v->tag) {
    case MW_COSEM_NULL:
    case MW_COSEM_DONT_CARE:
        break;
    case MW_COSEM_BIT_STRING: {
        size_t bits = mw_cosem_read_length(r);
        v->bytes = mw_read_bytes(r, bits / 8 + (bits % 8 != 0));
        v->count = (uint32_t)bits;
        break;
    }
    case MW_COSEM_OCTET_STRING:
    case MW_COSEM_VISIBLE_STRING:
    case MW_COSEM_UTF8_STRING:
        v->bytes = mw_read_bytes(r, mw_cosem_read_length(r));
        break;
    default:
        mw_reader_fail(r, MW_SYNTAX);
        break;
    }
}

/* ---- type descriptions of compact arrays ---- */

/* The end of the description that begins at `at`, or 0 when it is malformed. Array: 01, elements
 * in two bytes, description of one. Structure: 02, length, description of each. */
static size_t shape_end(mw_slice shape, size_t at) {
    for (uint32_t pending = 1; pending != 0;) {
        mw_reader r = mw_reader_of(mw_slice_sub(shape, at, shape.n - at));
        unsigned tag = mw_read_u8(&r);
        pending--;
        if (tag == MW_COSEM_ARRAY) {
            mw_read_u16be(&r);
            pending++;
        } else if (tag == MW_COSEM_STRUCTURE) {
            size_t n = mw_cosem_read_length(&r);
            if (n == 0 || n > shape.n) /* nothing to describe, or more than there can be */
                return 0;
            pending += (uint32_t)n;
        } else if (traits_of(tag) == 0 || tag == MW_COSEM_COMPACT_ARRAY) {
            return 0;
        }
        if (r.status != MW_OK || pending > shape.n)
            return 0;
        at += r.at;
    }
    return at;
}

/* ---- the walk ---- */

mw_cosem_cursor mw_cosem_cursor_of(mw_slice bytes, unsigned quirks) {
    return (mw_cosem_cursor){
        .reader = mw_reader_of(bytes), .quirks = quirks, .budget = MW_COSEM_VALUES_MAX};
}

static mw_cosem_level *open_level(mw_cosem_cursor *c, enum level_kind kind, uint32_t count) {
    if (c->depth == MW_COSEM_DEPTH_MAX) {
        mw_reader_fail(&c->reader, MW_LIMIT);
        return &c->level[0];
    }
    mw_cosem_level *l = &c->level[c->depth++];
    *l = (mw_cosem_level){.left = count, .kind = (uint8_t)kind, .first = true};
    return l;
}

static void open_packed(mw_cosem_cursor *c) {
    mw_reader *r = &c->reader;
    c->shape = mw_slice_sub(r->in, r->at, mw_reader_left(r));
    size_t end = shape_end(c->shape, 0);
    if (end == 0 || end > UINT16_MAX) {
        mw_reader_fail(r, end == 0 ? MW_SYNTAX : MW_LIMIT);
        return;
    }
    c->shape.n = end;
    mw_read_bytes(r, end);
    size_t n = mw_cosem_read_length(r);
    if (n > mw_reader_left(r))
        mw_reader_fail(r, MW_SHORT);
    c->packed_end = r->at + n;
    open_level(c, PACKED_TOP, 0);
}

static void read_tagged(mw_cosem_cursor *c, mw_cosem_value *v) {
    mw_reader *r = &c->reader;
    v->tag = (mw_cosem_tag)next_u8(r);
    if (r->status != MW_OK)
        return;
    if (v->tag == MW_COSEM_ARRAY || v->tag == MW_COSEM_STRUCTURE) {
        size_t n = mw_cosem_read_length(r);
        if (n > mw_reader_left(r)) /* an element has at least its tag */
            mw_reader_fail(r, MW_SHORT);
        v->count = (uint32_t)n;
        open_level(c, v->tag == MW_COSEM_ARRAY ? PLAIN_ARRAY : PLAIN_STRUCTURE, v->count);
    } else if (v->tag == MW_COSEM_COMPACT_ARRAY) {
        open_packed(c);
    } else {
        read_simple(r, v);
    }
}

/* The element described at `at`; tells where the description of the next one begins. */
static size_t read_packed(mw_cosem_cursor *c, size_t at, mw_cosem_value *v) {
    mw_reader s = mw_reader_of(mw_slice_sub(c->shape, at, c->shape.n - at));
    v->tag = (mw_cosem_tag)mw_read_u8(&s);
    if (v->tag == MW_COSEM_ARRAY || v->tag == MW_COSEM_STRUCTURE) {
        bool array = v->tag == MW_COSEM_ARRAY;
        v->count = array ? mw_read_u16be(&s) : (uint32_t)mw_cosem_read_length(&s);
        mw_cosem_level *l = open_level(c, array ? PACKED_ARRAY : PACKED_STRUCTURE, v->count);
        l->shape = (uint16_t)(at + s.at);
    } else {
        read_simple(&c->reader, v);
    }
    return shape_end(c->shape, at);
}

static bool bare_attribute_here(const mw_cosem_cursor *c, const mw_cosem_level *l) {
    if ((c->quirks & MW_COSEM_QUIRK_BARE_ATTRIBUTE) == 0 || l->kind != PLAIN_STRUCTURE ||
        !l->first || l->left != 2 || mw_reader_left(&c->reader) < 10)
        return false;
    /* class 0..255, value group F 255, a small attribute number */
    const uint8_t *p = c->reader.in.p + c->reader.at;
    return p[0] == 0 && p[7] == 0xFF && p[8] >= 1 && p[8] < 0x80;
}

/* Closes containers without further elements; the innermost that has one, or NULL at the end. */
static mw_cosem_level *level_with_more(mw_cosem_cursor *c) {
    while (c->depth != 0) {
        mw_cosem_level *l = &c->level[c->depth - 1];
        if (l->kind == PACKED_TOP && c->reader.at > c->packed_end)
            mw_reader_fail(&c->reader, MW_SYNTAX); /* the last element reaches beyond the array */
        if (l->kind == PACKED_TOP ? c->reader.at < c->packed_end : l->left != 0)
            return l;
        c->depth--;
    }
    return NULL;
}

/* Elements of a compact array may take no bytes at all; the work has to stay in proportion to the
 * bytes, and to those of this value only, so that every walk over it ends alike. */
static bool too_many_packed(const mw_cosem_cursor *c) {
    return MW_COSEM_VALUES_MAX - c->budget >
           MW_COSEM_VALUES_FREE + MW_COSEM_VALUES_PER_BYTE * c->reader.at;
}

mw_status mw_cosem_cursor_next(mw_cosem_cursor *c, mw_cosem_value *out_value) {
    if (c->reader.status != MW_OK)
        return c->reader.status;
    mw_cosem_level *l = c->started ? level_with_more(c) : NULL;
    if (c->reader.status != MW_OK)
        return c->reader.status;
    if (c->started && l == NULL)
        return MW_NOT_FOUND;
    if (c->budget == 0) {
        mw_reader_fail(&c->reader, MW_LIMIT);
        return MW_LIMIT;
    }
    c->budget--;
    c->started = true;
    mw_cosem_value v = {.depth = c->depth};
    if (l == NULL) {
        read_tagged(c, &v);
    } else if (bare_attribute_here(c, l)) {
        l->left--;
        l->first = false;
        v.tag = MW_COSEM_ATTRIBUTE;
        v.bytes = mw_read_bytes(&c->reader, 9);
    } else if (l->kind == PLAIN_ARRAY || l->kind == PLAIN_STRUCTURE) {
        l->left--;
        l->first = false;
        read_tagged(c, &v);
    } else if (too_many_packed(c)) {
        mw_reader_fail(&c->reader, MW_LIMIT);
    } else {
        size_t after = read_packed(c, l->shape, &v);
        l->left--;
        if (l->kind == PACKED_STRUCTURE)
            l->shape = (uint16_t)after;
    }
    if (c->reader.status != MW_OK)
        return c->reader.status;
    *out_value = v;
    return MW_OK;
}

mw_status mw_cosem_cursor_skip(mw_cosem_cursor *c, const mw_cosem_value *last) {
    mw_cosem_value v;
    while (c->reader.status == MW_OK && level_with_more(c) != NULL && c->depth > last->depth)
        MW_TRY(mw_cosem_cursor_next(c, &v));
    return c->reader.status;
}

/* Bytes that follow the tag of a string, or elements of a container. */
static mw_status skim_length(mw_slice b, size_t *at, size_t *out_length) {
    mw_reader r = {.in = b, .at = *at};
    *out_length = mw_cosem_read_length(&r);
    *at = r.at;
    return r.status;
}

/* The cursor's walk without its values, for plain data: three times as fast, and an APDU is checked
 * before anybody reads it. MW_UNSUPPORTED: there is a compact array, the cursor has to look. */
static mw_status skim(mw_slice b, size_t *out_size) {
    size_t left[MW_COSEM_DEPTH_MAX], at = 0;
    unsigned depth = 0;
    for (uint32_t budget = MW_COSEM_VALUES_MAX; budget != 0; budget--) {
        if (at == b.n)
            return MW_SHORT;
        unsigned tag = b.p[at++];
        uint8_t traits = traits_of(tag);
        size_t n = traits & BYTES;
        if (traits == 0)
            return MW_SYNTAX;
        if (tag == MW_COSEM_COMPACT_ARRAY)
            return MW_UNSUPPORTED;
        if (n == 0 && tag != MW_COSEM_NULL && tag != MW_COSEM_DONT_CARE) {
            MW_TRY(skim_length(b, &at, &n));
            if (tag == MW_COSEM_BIT_STRING)
                n = n / 8 + (n % 8 != 0);
        }
        if (n > b.n - at)
            return MW_SHORT;
        if (tag == MW_COSEM_ARRAY || tag == MW_COSEM_STRUCTURE) {
            if (depth == MW_COSEM_DEPTH_MAX)
                return MW_LIMIT;
            left[depth++] = n;
        } else {
            at += n;
        }
        while (depth != 0 && left[depth - 1] == 0)
            depth--;
        if (depth == 0) {
            *out_size = at;
            return MW_OK;
        }
        left[depth - 1]--;
    }
    return MW_LIMIT;
}

mw_status mw_cosem_data_check(mw_slice bytes, unsigned quirks, size_t *out_size) {
    mw_status s = quirks == 0 ? skim(bytes, out_size) : MW_UNSUPPORTED;
    if (s != MW_UNSUPPORTED)
        return s;
    mw_cosem_cursor c = mw_cosem_cursor_of(bytes, quirks);
    mw_cosem_value v;
    do
        s = mw_cosem_cursor_next(&c, &v);
    while (s == MW_OK);
    if (s != MW_NOT_FOUND)
        return s;
    *out_size = c.reader.at;
    return MW_OK;
}
