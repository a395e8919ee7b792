/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/apdu.h"

#include "base/assert.h"

static const mw_cosem_apdu_info infos[MW_COSEM_APDU_KINDS] = {
#define X(name, tag, type, fields, text) {tag, type, fields, text},
    MW_COSEM_APDU_LIST(X)
#undef X
};

const mw_cosem_apdu_info *mw_cosem_apdu_info_of(mw_cosem_apdu_kind kind) {
    mw_assert((unsigned)kind < MW_COSEM_APDU_KINDS);
    return &infos[kind];
}

const char *mw_cosem_result_text(uint8_t result) {
    switch (result) {
    case 0:
        return "success";
    case 1:
        return "hardware-fault";
    case 2:
        return "temporary-failure";
    case 3:
        return "read-write-denied";
    case 4:
        return "object-undefined";
    case 9:
        return "object-class-inconsistent";
    case 11:
        return "object-unavailable";
    case 12:
        return "type-unmatched";
    case 13:
        return "scope-of-access-violated";
    case 14:
        return "data-block-unavailable";
    case 15:
        return "long-get-or-action-aborted";
    case 16:
        return "no-long-get-or-action-in-progress";
    case 17:
        return "long-set-or-action-aborted";
    case 18:
        return "no-long-set-or-action-in-progress";
    case 19:
        return "data-block-number-invalid";
    case 250:
        return "other-reason";
    default:
        return "unknown-result";
    }
}

/* The fields of one item of a list. */
static const char *item_fields(char list) {
    switch (list) {
    case 'l':
        return "D";
    case 'm':
        return "d";
    case 'v':
        return "V";
    case 'g':
        return "R";
    case 's':
        return "r";
    default:
        mw_assert(list == 'a');
        return "rA";
    }
}

/* ---- reading ---- */

/* One value; a view of its bytes. */
static mw_slice read_value(mw_reader *r, unsigned quirks) {
    size_t n = 0;
    if (r->status != MW_OK)
        return (mw_slice){0};
    mw_slice rest = mw_slice_sub(r->in, r->at, mw_reader_left(r));
    mw_status s = mw_cosem_data_check(rest, quirks, &n);
    if (s != MW_OK)
        mw_reader_fail(r, s);
    return mw_read_bytes(r, n);
}

static uint8_t read_choice(mw_reader *r, uint8_t most) {
    uint8_t v = mw_read_u8(r);
    if (v > most)
        mw_reader_fail(r, MW_SYNTAX);
    return v;
}

static mw_slice read_octets(mw_reader *r) {
    return mw_read_bytes(r, mw_cosem_read_length(r));
}

static void read_member(mw_reader *r, mw_cosem_item *i) {
    i->class_id = mw_read_u16be(r);
    mw_slice name = mw_read_bytes(r, MW_OBIS_BYTES);
    if (r->status == MW_OK)
        mw_bytes_copy(i->name.b, name.p, MW_OBIS_BYTES);
    i->member = (int8_t)mw_read_u8(r);
}

/* Data, or a result in its place. */
static void read_data_or_result(mw_reader *r, unsigned quirks, bool raw, mw_cosem_item *i) {
    if (read_choice(r, 1) == 0) {
        i->has_data = true;
        i->data = raw ? read_octets(r) : read_value(r, quirks);
    } else {
        i->has_result = true;
        i->result = mw_read_u8(r);
    }
}

static void read_return(mw_reader *r, unsigned quirks, mw_cosem_item *i) {
    if (read_choice(r, 1) == 0)
        return;
    if (read_choice(r, 1) == 0) {
        i->has_data = true;
        i->data = read_value(r, quirks);
    } else {
        i->has_returned = true;
        i->returned = mw_read_u8(r);
    }
}

static void read_item_field(mw_reader *r, unsigned quirks, char field, mw_cosem_item *i) {
    switch (field) {
    case 'D':
        read_member(r, i);
        i->selective = read_choice(r, 1) == 1;
        if (i->selective) {
            i->selector = mw_read_u8(r);
            i->selection = read_value(r, 0);
        }
        break;
    case 'd':
        read_member(r, i);
        break;
    case 'P':
        i->has_data = read_choice(r, 1) == 1;
        if (i->has_data)
            i->data = read_value(r, quirks);
        break;
    case 'V':
        i->has_data = true;
        i->data = read_value(r, quirks);
        break;
    case 'R':
        read_data_or_result(r, quirks, false, i);
        break;
    case 'C':
        read_data_or_result(r, quirks, true, i);
        break;
    case 'r':
        i->has_result = true;
        i->result = mw_read_u8(r);
        break;
    case 'A':
        read_return(r, quirks, i);
        break;
    default:
        mw_assert(field == 'O');
        i->has_data = true;
        i->data = read_octets(r);
        break;
    }
}

static mw_slice read_list(mw_reader *r, unsigned quirks, char list, size_t *out_count) {
    size_t count = mw_cosem_read_length(r), from = r->at;
    if (count > mw_reader_left(r))
        mw_reader_fail(r, MW_SHORT); /* an item has at least a byte */
    for (size_t k = 0; k < count && r->status == MW_OK; k++) {
        mw_cosem_item item = {0};
        for (const char *f = item_fields(list); *f != 0; f++)
            read_item_field(r, quirks, *f, &item);
    }
    *out_count = count;
    return r->status == MW_OK ? mw_slice_sub(r->in, from, r->at - from) : (mw_slice){0};
}

static mw_slice read_time(mw_reader *r, bool optional) {
    if (optional && read_choice(r, 1) == 0)
        return (mw_slice){0};
    size_t n = mw_cosem_read_length(r);
    if (!optional && n == MW_COSEM_OCTET_STRING) /* a tag where none should be */
        n = mw_cosem_read_length(r);
    if (n != 0 && n != 12)
        mw_reader_fail(r, MW_SYNTAX);
    return mw_read_bytes(r, n);
}

static void read_exception(mw_reader *r, mw_cosem_apdu *a) {
    a->state_error = mw_read_u8(r);
    a->service_error = mw_read_u8(r);
    if (a->service_error == 6)
        a->counter = mw_read_u32be(r);
}

static void read_general_block(mw_reader *r, mw_cosem_apdu *a) {
    uint8_t control = mw_read_u8(r);
    a->last = (control & 0x80) != 0;
    a->streaming = (control & 0x40) != 0;
    a->window = control & 0x3F;
    a->block = mw_read_u16be(r);
    a->acknowledged = mw_read_u16be(r);
    a->item.has_data = true;
    a->item.data = read_octets(r);
}

static void read_field(mw_reader *r, unsigned quirks, char field, mw_cosem_apdu *a) {
    switch (field) {
    case 'I':
        a->invoke = mw_read_u8(r);
        break;
    case 'L':
        a->invoke = mw_read_u32be(r);
        break;
    case 'N':
        a->block = mw_read_u32be(r);
        break;
    case 'B':
        a->last = mw_read_u8(r) != 0;
        break;
    case 'T':
    case 't':
        a->time = read_time(r, field == 'T');
        break;
    case 'E':
        read_exception(r, a);
        break;
    case 'G':
        read_general_block(r, a);
        break;
    case 'v':
        a->values = read_list(r, quirks, field, &a->value_count);
        break;
    case 'l':
    case 'm':
    case 'g':
    case 's':
    case 'a':
        a->list = read_list(r, quirks, field, &a->count);
        break;
    default:
        read_item_field(r, quirks, field, &a->item);
        break;
    }
}

static mw_status kind_of(uint8_t tag, uint8_t type, mw_cosem_apdu_kind *out_kind) {
    for (unsigned k = 0; k < MW_COSEM_APDU_KINDS; k++) {
        if (infos[k].tag == tag && (infos[k].type == 0 || infos[k].type == type)) {
            *out_kind = (mw_cosem_apdu_kind)k;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

mw_status mw_cosem_apdu_decode(mw_slice bytes, unsigned quirks, mw_cosem_apdu *out_apdu) {
    if (bytes.n < 2)
        return MW_SHORT;
    mw_cosem_apdu a = {0};
    MW_TRY(kind_of(bytes.p[0], bytes.p[1], &a.kind));
    mw_reader r = mw_reader_of(bytes);
    mw_read_bytes(&r, infos[a.kind].type != 0 ? 2 : 1);
    for (const char *f = infos[a.kind].fields; *f != 0; f++)
        read_field(&r, quirks, *f, &a);
    MW_TRY(mw_reader_end(&r));
    if (a.values.n != 0 && a.value_count != a.count)
        return MW_SYNTAX;
    *out_apdu = a;
    return MW_OK;
}

/* ---- lists ---- */

mw_cosem_items mw_cosem_items_of(const mw_cosem_apdu *a, unsigned quirks) {
    mw_cosem_items i = {.reader = mw_reader_of(a->list), .quirks = quirks, .fields = ""};
    for (const char *f = infos[a->kind].fields; *f != 0; f++) {
        if (*f == 'l' || *f == 'm' || *f == 'g' || *f == 's' || *f == 'a') {
            i.left = a->count;
            i.fields = item_fields(*f);
        }
    }
    return i;
}

mw_cosem_items mw_cosem_values_of(const mw_cosem_apdu *a, unsigned quirks) {
    return (mw_cosem_items){.reader = mw_reader_of(a->values),
                            .quirks = quirks,
                            .left = a->value_count,
                            .fields = item_fields('v')};
}

mw_status mw_cosem_items_next(mw_cosem_items *i, mw_cosem_item *out_item) {
    if (i->left == 0)
        return MW_NOT_FOUND;
    mw_cosem_item item = {0};
    for (const char *f = i->fields; *f != 0; f++)
        read_item_field(&i->reader, i->quirks, *f, &item);
    if (i->reader.status != MW_OK)
        return i->reader.status;
    i->left--;
    *out_item = item;
    return MW_OK;
}

/* ---- writing ---- */

static void put_be(mw_cosem_out *o, uint64_t v, unsigned bytes) {
    if (bytes < 8 && v >> (8 * bytes) != 0 && o->status == MW_OK)
        o->status = MW_RANGE;
    for (unsigned i = bytes; i-- > 0;)
        mw_cosem_put_u8(o, (uint8_t)(v >> (8 * i)));
}

static void put_octets(mw_cosem_out *o, mw_slice s) {
    mw_cosem_put_length(o, s.n);
    mw_cosem_put_bytes(o, s);
}

static void put_data_or_result(mw_cosem_out *o, const mw_cosem_item *i, bool raw) {
    mw_cosem_put_u8(o, i->has_data ? 0 : 1);
    if (!i->has_data)
        mw_cosem_put_u8(o, i->result);
    else if (raw)
        put_octets(o, i->data);
    else
        mw_cosem_put_bytes(o, i->data);
}

static void put_return(mw_cosem_out *o, const mw_cosem_item *i) {
    mw_cosem_put_u8(o, i->has_data || i->has_returned ? 1 : 0);
    if (i->has_data) {
        mw_cosem_put_u8(o, 0);
        mw_cosem_put_bytes(o, i->data);
    } else if (i->has_returned) {
        mw_cosem_put_u8(o, 1);
        mw_cosem_put_u8(o, i->returned);
    }
}

static void put_item_field(mw_cosem_out *o, char field, const mw_cosem_item *i) {
    switch (field) {
    case 'D':
    case 'd':
        put_be(o, i->class_id, 2);
        mw_cosem_put_bytes(o, MW_SLICE_OF(i->name.b));
        mw_cosem_put_u8(o, (uint8_t)i->member);
        if (field == 'd')
            break;
        mw_cosem_put_u8(o, i->selective ? 1 : 0);
        if (i->selective) {
            mw_cosem_put_u8(o, i->selector);
            mw_cosem_put_bytes(o, i->selection);
        }
        break;
    case 'P':
        mw_cosem_put_u8(o, i->has_data ? 1 : 0);
        if (i->has_data)
            mw_cosem_put_bytes(o, i->data);
        break;
    case 'V':
        mw_cosem_put_bytes(o, i->data);
        break;
    case 'R':
    case 'C':
        put_data_or_result(o, i, field == 'C');
        break;
    case 'r':
        mw_cosem_put_u8(o, i->result);
        break;
    case 'A':
        put_return(o, i);
        break;
    default:
        mw_assert(field == 'O');
        put_octets(o, i->data);
        break;
    }
}

void mw_cosem_item_put(mw_cosem_out *o, const char *fields, const mw_cosem_item *item) {
    for (const char *f = fields; *f != 0; f++)
        put_item_field(o, *f, item);
}

static void put_general_block(mw_cosem_out *o, const mw_cosem_apdu *a) {
    if (a->window > 63 && o->status == MW_OK)
        o->status = MW_RANGE;
    mw_cosem_put_u8(
        o, (uint8_t)((a->last ? 0x80 : 0) | (a->streaming ? 0x40 : 0) | (a->window & 0x3F)));
    put_be(o, a->block, 2);
    put_be(o, a->acknowledged, 2);
    put_octets(o, a->item.data);
}

static void put_field(mw_cosem_out *o, char field, const mw_cosem_apdu *a) {
    switch (field) {
    case 'I':
        put_be(o, a->invoke, 1);
        break;
    case 'L':
        put_be(o, a->invoke, 4);
        break;
    case 'N':
        put_be(o, a->block, 4);
        break;
    case 'B':
        mw_cosem_put_u8(o, a->last ? 1 : 0);
        break;
    case 'T':
        mw_cosem_put_u8(o, a->time.n != 0 ? 1 : 0);
        if (a->time.n != 0)
            put_octets(o, a->time);
        break;
    case 't':
        put_octets(o, a->time);
        break;
    case 'E':
        mw_cosem_put_u8(o, a->state_error);
        mw_cosem_put_u8(o, a->service_error);
        if (a->service_error == 6)
            put_be(o, a->counter, 4);
        break;
    case 'G':
        put_general_block(o, a);
        break;
    case 'v':
        mw_cosem_put_length(o, a->value_count);
        mw_cosem_put_bytes(o, a->values);
        break;
    case 'l':
    case 'm':
    case 'g':
    case 's':
    case 'a':
        mw_cosem_put_length(o, a->count);
        mw_cosem_put_bytes(o, a->list);
        break;
    default:
        put_item_field(o, field, &a->item);
        break;
    }
}

void mw_cosem_apdu_put(mw_cosem_out *o, const mw_cosem_apdu *a) {
    const mw_cosem_apdu_info *info = mw_cosem_apdu_info_of(a->kind);
    mw_cosem_put_u8(o, info->tag);
    if (info->type != 0)
        mw_cosem_put_u8(o, info->type);
    for (const char *f = info->fields; *f != 0; f++)
        put_field(o, *f, a);
}

mw_status mw_cosem_apdu_encode(const mw_cosem_apdu *a, mw_span out, size_t *out_size) {
    mw_cosem_out o = mw_cosem_out_of(out, 0);
    mw_cosem_apdu_put(&o, a);
    MW_TRY(mw_cosem_out_end(&o));
    *out_size = o.at;
    return MW_OK;
}
