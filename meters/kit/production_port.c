/* SPDX-License-Identifier: Apache-2.0
 *
 * The production port: lines in, lines out (production.h).
 */
#include "meters/kit/legal.h"
#include "meters/kit/production.h"

static const struct {
    const char *name;
    mw_production_tag tag;
} names[] = {
    {"serial", MW_PRODUCTION_SERIAL},   {"device", MW_PRODUCTION_DEVICE},
    {"address", MW_PRODUCTION_ADDRESS}, {"key", MW_PRODUCTION_KEY},
    {"epoch", MW_PRODUCTION_EPOCH},     {"plan", MW_PRODUCTION_PLAN},
    {"config", MW_PRODUCTION_CONFIG},   {"calibration", MW_PRODUCTION_CALIBRATION},
};

/* The next word of the line; empty at its end. */
static mw_slice word_take(const char **at) {
    while (**at == ' ')
        (*at)++;
    const char *from = *at;
    while (**at != 0 && **at != ' ')
        (*at)++;
    return (mw_slice){(const uint8_t *)from, (size_t)(*at - from)};
}

static bool is(mw_slice word, const char *text) {
    return mw_slice_equal(word, mw_slice_of_str(text));
}

static mw_status put(mw_production *p, const char *at) {
    mw_slice name = word_take(&at), index = word_take(&at), hex = word_take(&at);
    uint8_t data[MW_PRODUCTION_DATA];
    if (index.n != 1 || index.p[0] < '0' || index.p[0] > '9' || word_take(&at).n != 0)
        return MW_SYNTAX;
    if (hex.n > 2 * sizeof data)
        return MW_RANGE;
    MW_TRY(mw_hex_decode(hex, (mw_span){data, hex.n / 2}));
    mw_status s = MW_NOT_FOUND;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (is(name, names[i].name))
            s = mw_production_put(p, names[i].tag, (uint8_t)(index.p[0] - '0'),
                                  (mw_slice){data, hex.n / 2});
    mw_bytes_wipe(data, sizeof data);
    return s;
}

static mw_status lock(mw_production *p, const char *at) {
    uint8_t code[MW_PRODUCTION_CODE];
    mw_slice hex = word_take(&at);
    if (hex.n != 2 * sizeof code)
        return MW_SYNTAX;
    MW_TRY(mw_hex_decode(hex, MW_SPAN_OF(code)));
    return mw_production_lock(p, code);
}

static void decimal_write(mw_writer *w, unsigned value) {
    if (value >= 10)
        decimal_write(w, value / 10);
    mw_write_u8(w, (uint8_t)('0' + value % 10));
}

static void hex_write(mw_writer *w, mw_slice bytes) {
    uint8_t digits[2 * 4];
    if (bytes.n <= 4 && mw_hex_encode(bytes, MW_SPAN_OF(digits)) == MW_OK)
        mw_write_bytes(w, (mw_slice){digits, 2 * bytes.n});
}

static mw_status identify(const mw_production *p, mw_writer *w) {
    mw_write_str(w, " ");
    mw_write_str(w, p->model->name);
    for (unsigned i = 0; i < 3; i++) {
        mw_write_str(w, i == 0 ? " " : ".");
        decimal_write(w, p->model->firmware[i]);
    }
    mw_write_str(w, " ");
    decimal_write(w, MW_LEGAL_VERSION);
    mw_write_str(w, " ");
    uint32_t c = p->legal_checksum;
    const uint8_t sum[4] = {(uint8_t)(c >> 24), (uint8_t)(c >> 16), (uint8_t)(c >> 8), (uint8_t)c};
    hex_write(w, MW_SLICE_OF(sum));
    mw_write_str(w, p->locked ? " locked " : " open ");
    uint8_t serial[MW_PRODUCTION_SERIAL_MAX];
    size_t n;
    mw_status s = mw_production_get(p, MW_PRODUCTION_SERIAL, 0, MW_SPAN_OF(serial), &n);
    if (s == MW_NOT_FOUND) {
        mw_write_str(w, "-");
        return MW_OK;
    }
    MW_TRY(s);
    mw_write_bytes(w, (mw_slice){serial, n});
    return MW_OK;
}

static mw_status code_tell(const mw_production *p, mw_writer *w) {
    uint8_t code[MW_PRODUCTION_CODE];
    MW_TRY(mw_production_code(p, code));
    mw_write_str(w, " ");
    hex_write(w, MW_SLICE_OF(code));
    return MW_OK;
}

size_t mw_production_port(mw_production *p, const char *line, bool service,
                          char out_answer[MW_PRODUCTION_LINE]) {
    mw_span out = {(uint8_t *)out_answer, MW_PRODUCTION_LINE};
    mw_writer w = mw_writer_of(out);
    mw_write_str(&w, "ok");
    mw_slice order = word_take(&line);
    mw_status s = MW_UNSUPPORTED;
    if (is(order, "identify"))
        s = identify(p, &w);
    else if (is(order, "put"))
        s = put(p, line);
    else if (is(order, "check"))
        s = code_tell(p, &w);
    else if (is(order, "lock"))
        s = lock(p, line);
    else if (is(order, "erase"))
        s = p->locked && !service ? MW_FORBIDDEN : mw_production_erase(p);
    if (s == MW_OK && w.status == MW_OK)
        return w.at;
    w = mw_writer_of(out);
    mw_write_str(&w, "error ");
    mw_write_str(&w, mw_status_name(s));
    return w.at;
}
