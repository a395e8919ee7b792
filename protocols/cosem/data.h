/* SPDX-License-Identifier: Apache-2.0
 *
 * COSEM data in A-XDR (IEC 62056-5-3 clause 9.5, IEC 61334-6): a cursor that walks nested values in
 * place, without a tree and without a heap.
 *
 *   mw_cosem_cursor c = mw_cosem_cursor_of(bytes, 0);
 *   while ((s = mw_cosem_cursor_next(&c, &v)) == MW_OK) ...   v.depth tells the nesting
 *   s == MW_NOT_FOUND: the value is complete, c.reader.at bytes long
 *
 * Values come in the order of the bytes: a structure of 2 at depth 0 is followed by two values at
 * depth 1. Elements of a compact array come as if each bore its tag.
 */
#ifndef MW_PROTOCOLS_COSEM_DATA_H
#define MW_PROTOCOLS_COSEM_DATA_H

#include "protocols/cosem/obis.h"

/* Containers inside containers; the deepest value known in the field is at depth 5. */
#define MW_COSEM_DEPTH_MAX 10
/* Values one cursor yields: a compact array of nulls could name billions in ten bytes. Of a
 * compact array's, 16 to each byte walked and 64 besides, far above what any row of nulls needs. */
#define MW_COSEM_VALUES_MAX      65536
#define MW_COSEM_VALUES_FREE     64
#define MW_COSEM_VALUES_PER_BYTE 16

/* X(name, tag, text, bytes of a fixed-size value or 0) */
#define MW_COSEM_TAG_LIST(X)                                                                       \
    X(NULL, 0, "null", 0)                                                                          \
    X(ARRAY, 1, "array", 0)                                                                        \
    X(STRUCTURE, 2, "structure", 0)                                                                \
    X(BOOLEAN, 3, "boolean", 1)                                                                    \
    X(BIT_STRING, 4, "bit-string", 0)                                                              \
    X(INT32, 5, "double-long", 4)                                                                  \
    X(UINT32, 6, "double-long-unsigned", 4)                                                        \
    X(OCTET_STRING, 9, "octet-string", 0)                                                          \
    X(VISIBLE_STRING, 10, "visible-string", 0)                                                     \
    X(UTF8_STRING, 12, "utf8-string", 0)                                                           \
    X(BCD, 13, "bcd", 1)                                                                           \
    X(INT8, 15, "integer", 1)                                                                      \
    X(INT16, 16, "long", 2)                                                                        \
    X(UINT8, 17, "unsigned", 1)                                                                    \
    X(UINT16, 18, "long-unsigned", 2)                                                              \
    X(COMPACT_ARRAY, 19, "compact-array", 0)                                                       \
    X(INT64, 20, "long64", 8)                                                                      \
    X(UINT64, 21, "long64-unsigned", 8)                                                            \
    X(ENUM, 22, "enum", 1)                                                                         \
    X(FLOAT32, 23, "float32", 4)                                                                   \
    X(FLOAT64, 24, "float64", 8)                                                                   \
    X(DATE_TIME, 25, "date-time", 12)                                                              \
    X(DATE, 26, "date", 5)                                                                         \
    X(TIME, 27, "time", 4)                                                                         \
    X(DELTA_INT8, 28, "delta-integer", 1)                                                          \
    X(DELTA_INT16, 29, "delta-long", 2)                                                            \
    X(DELTA_INT32, 30, "delta-double-long", 4)                                                     \
    X(DELTA_UINT8, 31, "delta-unsigned", 1)                                                        \
    X(DELTA_UINT16, 32, "delta-long-unsigned", 2)                                                  \
    X(DELTA_UINT32, 33, "delta-double-long-unsigned", 4)                                           \
    X(DONT_CARE, 255, "dont-care", 0)

typedef enum mw_cosem_tag {
#define X(name, tag, text, bytes) MW_COSEM_##name = tag,
    MW_COSEM_TAG_LIST(X)
#undef X
    /* Not on the wire: 9 bytes of class, OBIS code and attribute without tags, see the quirk. */
    MW_COSEM_ATTRIBUTE = 0x100,
} mw_cosem_tag;

const char *mw_cosem_tag_text(mw_cosem_tag tag);

/* How wide a cursor opens its eyes for what real meters do against the standard. */
enum {
    /* The first element of a structure may be a cosem-attribute-descriptor without A-XDR tags
     * (Sagemcom XT211, EG.D push lists). */
    MW_COSEM_QUIRK_BARE_ATTRIBUTE = 1,
};

typedef struct mw_cosem_value {
    mw_cosem_tag tag;
    uint8_t depth;  /* 0 = outermost */
    uint32_t count; /* array, structure: elements; bit-string: bits; compact-array: 0, not known */
    int64_t number; /* integers, boolean, enum, bcd; a UINT64 above INT64_MAX gives INT64_MAX */
    uint64_t natural; /* UINT64: the whole value */
    mw_slice bytes;   /* strings; the raw value of all others that have one */
} mw_cosem_value;

/* True when `number` means something. */
bool mw_cosem_value_is_number(const mw_cosem_value *v);
/* MW_UNSUPPORTED when it is no number, MW_RANGE above INT64_MAX. */
MW_NODISCARD mw_status mw_cosem_value_int64(const mw_cosem_value *v, int64_t *out_number);

/* A container whose elements are being read. */
typedef struct mw_cosem_level {
    uint32_t left;  /* elements to come; unused at the top of a compact array */
    uint16_t shape; /* compact array: where the description of the next element begins */
    uint8_t kind;   /* of the container, private */
    bool first;     /* no element was read yet */
} mw_cosem_level;

typedef struct mw_cosem_cursor {
    mw_reader reader; /* its status becomes the cursor's */
    unsigned quirks;
    uint8_t depth; /* containers open */
    bool started;
    uint32_t budget; /* values that may still come */
    mw_slice shape;  /* type description of the compact array being read */
    size_t packed_end;
    mw_cosem_level level[MW_COSEM_DEPTH_MAX];
} mw_cosem_cursor;

/* Walks the one value that begins at `bytes`; what follows it is left alone. */
mw_cosem_cursor mw_cosem_cursor_of(mw_slice bytes, unsigned quirks);
/* The next value. MW_NOT_FOUND when the outermost value is complete. MW_SHORT when the bytes end
 * inside it (also when a container claims more elements than there are bytes), MW_SYNTAX for an
 * unknown tag or a malformed length, MW_LIMIT beyond depth or number of values. Errors stick. */
MW_NODISCARD mw_status mw_cosem_cursor_next(mw_cosem_cursor *c, mw_cosem_value *out_value);
/* Skips what is left of the value given last (for a container: its elements). As above. */
MW_NODISCARD mw_status mw_cosem_cursor_skip(mw_cosem_cursor *c, const mw_cosem_value *last);
/* Walks to the end: MW_OK when the value is well formed; *out_size is its length. */
MW_NODISCARD mw_status mw_cosem_data_check(mw_slice bytes, unsigned quirks, size_t *out_size);

/* An A-XDR length: one byte below 128, else 0x81..0x84 and as many bytes. Longer forms than
 * necessary are accepted, meters send them. Fails the reader: MW_SHORT, MW_SYNTAX. */
size_t mw_cosem_read_length(mw_reader *r);

#endif
