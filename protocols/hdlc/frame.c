/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/hdlc/frame.h"

#include "base/crc.h"

static const uint8_t controls[MW_HDLC_KIND_COUNT] = {
#define X(name, control, text) control,
    MW_HDLC_KIND_LIST(X)
#undef X
};

const char *mw_hdlc_kind_text(mw_hdlc_kind k) {
    static const char *const texts[MW_HDLC_KIND_COUNT] = {
#define X(name, control, text) text,
        MW_HDLC_KIND_LIST(X)
#undef X
    };
    return (unsigned)k < MW_HDLC_KIND_COUNT ? texts[k] : texts[MW_HDLC_UNKNOWN];
}

static bool all_station(uint16_t part, uint8_t bytes) {
    return part == (bytes == 4 ? 0x3FFF : MW_HDLC_BROADCAST);
}

bool mw_hdlc_address_is_broadcast(const mw_hdlc_address *a) {
    return all_station(a->upper, a->bytes) || (a->bytes > 1 && all_station(a->lower, a->bytes));
}

bool mw_hdlc_address_equal(const mw_hdlc_address *a, const mw_hdlc_address *b) {
    return a->upper == b->upper && a->lower == b->lower && a->bytes == b->bytes;
}

/* ---- address ---- */

static bool address_is_valid(const mw_hdlc_address *a) {
    unsigned limit = a->bytes == 4 ? 0x3FFF : 0x7F;
    return (a->bytes == 1 || a->bytes == 2 || a->bytes == 4) && a->upper <= limit &&
           a->lower <= limit && (a->bytes != 1 || a->lower == 0);
}

static void write_address(mw_writer *w, const mw_hdlc_address *a) {
    if (a->bytes == 1) {
        mw_write_u8(w, (uint8_t)(a->upper << 1 | 1));
    } else if (a->bytes == 2) {
        mw_write_u8(w, (uint8_t)(a->upper << 1));
        mw_write_u8(w, (uint8_t)(a->lower << 1 | 1));
    } else {
        mw_write_u8(w, (uint8_t)(a->upper >> 7 << 1));
        mw_write_u8(w, (uint8_t)(a->upper << 1));
        mw_write_u8(w, (uint8_t)(a->lower >> 7 << 1));
        mw_write_u8(w, (uint8_t)(a->lower << 1 | 1));
    }
}

static mw_hdlc_address read_address(mw_reader *r) {
    uint16_t part[4] = {0};
    uint8_t n = 0;
    for (bool last = false; !last && n < 4;) {
        uint8_t b = mw_read_u8(r);
        last = (b & 1) != 0;
        part[n++] = b >> 1;
        if (!last && n == 4)
            mw_reader_fail(r, MW_SYNTAX);
        if (r->status != MW_OK)
            return (mw_hdlc_address){0};
    }
    if (n == 3)
        mw_reader_fail(r, MW_SYNTAX);
    if (n < 4)
        return (mw_hdlc_address){.upper = part[0], .lower = part[1], .bytes = n};
    return (mw_hdlc_address){.upper = (uint16_t)(part[0] << 7 | part[1]),
                             .lower = (uint16_t)(part[2] << 7 | part[3]),
                             .bytes = n};
}

/* ---- control field ---- */

static uint8_t control_of(const mw_hdlc_frame *f) {
    unsigned c = controls[f->kind];
    if (f->kind == MW_HDLC_I)
        c |= (unsigned)f->send_seq << 1;
    if (f->kind == MW_HDLC_I || f->kind == MW_HDLC_RR || f->kind == MW_HDLC_RNR)
        c |= (unsigned)f->receive_seq << 5;
    return (uint8_t)(c | (f->poll_final ? 0x10 : 0));
}

static void read_control(mw_hdlc_frame *f, uint8_t c) {
    f->control = c;
    f->poll_final = (c & 0x10) != 0;
    f->kind = MW_HDLC_UNKNOWN;
    if ((c & 1) == 0) {
        f->kind = MW_HDLC_I;
        f->send_seq = c >> 1 & 7;
        f->receive_seq = c >> 5;
    } else if ((c & 3) == 1) {
        if ((c & 0x0F) == controls[MW_HDLC_RR])
            f->kind = MW_HDLC_RR;
        else if ((c & 0x0F) == controls[MW_HDLC_RNR])
            f->kind = MW_HDLC_RNR;
        f->receive_seq = c >> 5;
    } else {
        for (mw_hdlc_kind k = MW_HDLC_SNRM; k <= MW_HDLC_UI; k++)
            if ((c & 0xEF) == controls[k])
                f->kind = k;
    }
}

/* ---- whole frames ---- */

/* The CRC goes out low byte first. */
static void write_crc(mw_writer *w, size_t from) {
    if (w->status == MW_OK)
        mw_write_u16le(w, mw_crc16_x25((mw_slice){w->out.p + from, w->at - from}));
}

mw_status mw_hdlc_frame_encode(const mw_hdlc_frame *f, mw_span out, size_t *out_size) {
    if (!address_is_valid(&f->destination) || !address_is_valid(&f->source) ||
        (unsigned)f->kind >= MW_HDLC_UNKNOWN || f->send_seq > 7 || f->receive_seq > 7)
        return MW_RANGE;
    size_t head = 2u + f->destination.bytes + f->source.bytes + 1u;
    size_t length = head + (f->information.n != 0 ? 2 + f->information.n : 0) + 2;
    if (length > MW_HDLC_LENGTH_MAX)
        return MW_RANGE;
    mw_writer w = mw_writer_of(out);
    mw_write_u8(&w, MW_HDLC_FLAG);
    mw_write_u16be(&w, (uint16_t)(0xA000u | (f->segmented ? 0x0800u : 0u) | length));
    write_address(&w, &f->destination);
    write_address(&w, &f->source);
    mw_write_u8(&w, control_of(f));
    if (f->information.n != 0) {
        write_crc(&w, 1);
        mw_write_bytes(&w, f->information);
    }
    write_crc(&w, 1);
    mw_write_u8(&w, MW_HDLC_FLAG);
    if (w.status != MW_OK)
        return w.status;
    *out_size = w.at;
    return MW_OK;
}

static bool crc_is_good(mw_slice bytes, size_t n) {
    unsigned given = (unsigned)bytes.p[n] | (unsigned)bytes.p[n + 1] << 8;
    return mw_crc16_x25(mw_slice_sub(bytes, 0, n)) == given;
}

/* Format to control; *out_length is the value of the length field. */
static void read_header(mw_reader *r, mw_hdlc_frame *f, size_t *out_length) {
    uint16_t format = mw_read_u16be(r);
    if (r->status == MW_OK && (format & 0xF000) != 0xA000)
        mw_reader_fail(r, MW_SYNTAX);
    f->segmented = (format & 0x0800) != 0;
    *out_length = format & 0x07FF;
    f->destination = read_address(r);
    f->source = read_address(r);
    read_control(f, mw_read_u8(r));
}

mw_status mw_hdlc_frame_decode(mw_slice bytes, mw_hdlc_frame *out_frame) {
    mw_reader r = mw_reader_of(bytes);
    mw_hdlc_frame f = {0};
    size_t length;
    read_header(&r, &f, &length);
    if (r.status != MW_OK)
        return r.status;
    if (length > bytes.n)
        return MW_SHORT;
    size_t left = bytes.n - r.at;
    /* With information there are at least HCS, one byte and FCS; 3 and 4 bytes fit neither form. */
    if (length < bytes.n || (left != 2 && left < 5))
        return left < 2 ? MW_SHORT : MW_SYNTAX;
    if (left != 2 && !crc_is_good(bytes, r.at))
        return MW_CHECKSUM;
    if (!crc_is_good(bytes, bytes.n - 2))
        return MW_CHECKSUM;
    if (left != 2)
        f.information = mw_slice_sub(bytes, r.at + 2, left - 4);
    *out_frame = f;
    return MW_OK;
}

mw_status mw_hdlc_header_check(mw_slice bytes, size_t *out_length) {
    mw_reader r = mw_reader_of(bytes);
    mw_hdlc_frame f = {0};
    size_t length;
    *out_length = 0;
    if (bytes.n >= 1 && (bytes.p[0] & 0xF0) != 0xA0)
        return MW_SYNTAX;
    if (bytes.n < 2)
        return MW_AGAIN;
    read_header(&r, &f, &length);
    if (length < MW_HDLC_LENGTH_MIN)
        return MW_SYNTAX;
    *out_length = length;
    if (r.status == MW_SHORT)
        return MW_AGAIN;
    if (r.status != MW_OK)
        return r.status;
    if (length < r.at + 2 || length == r.at + 3 || length == r.at + 4)
        return MW_SYNTAX;
    if (length == r.at + 2)
        return MW_OK;
    if (bytes.n < r.at + 2)
        return MW_AGAIN;
    return crc_is_good(bytes, r.at) ? MW_OK : MW_CHECKSUM;
}
