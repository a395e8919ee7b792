/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/explain_priv.h"

void mw_cosem_add(mw_cosem_text *t, const char *words) {
    mw_write_str(&t->w, words);
}

void mw_cosem_say(mw_cosem_text *t, const char *words) {
    for (unsigned i = 0; i < t->indent; i++)
        mw_write_str(&t->w, "  ");
    mw_write_str(&t->w, words);
}

void mw_cosem_end(mw_cosem_text *t) {
    mw_write_u8(&t->w, '\n');
}

void mw_cosem_add_u64(mw_cosem_text *t, uint64_t v) {
    uint8_t digits[20];
    size_t n = sizeof digits;
    do
        digits[--n] = (uint8_t)('0' + v % 10);
    while ((v /= 10) != 0);
    mw_write_bytes(&t->w, (mw_slice){digits + n, sizeof digits - n});
}

void mw_cosem_add_i64(mw_cosem_text *t, int64_t v) {
    if (v < 0)
        mw_write_u8(&t->w, '-');
    mw_cosem_add_u64(t, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static void add_digits(mw_cosem_text *t, uint32_t v, unsigned digits) {
    for (unsigned i = digits; i-- > 0;)
        mw_write_u8(&t->w, (uint8_t) "0123456789abcdef"[v >> (4 * i) & 0xF]);
}

void mw_cosem_add_hex(mw_cosem_text *t, uint32_t v, unsigned digits) {
    mw_cosem_add(t, "0x");
    add_digits(t, v, digits);
}

void mw_cosem_add_bytes(mw_cosem_text *t, mw_slice s) {
    enum { SHOWN = 64 };
    if (s.n == 0)
        mw_cosem_add(t, "none");
    for (size_t i = 0; i < s.n && i < SHOWN; i++)
        add_digits(t, s.p[i], 2);
    if (s.n > SHOWN)
        mw_cosem_add(t, "...");
}

void mw_cosem_add_obis(mw_cosem_text *t, mw_obis o) {
    char code[MW_OBIS_TEXT_MAX], words[MW_COSEM_NAME_MAX];
    mw_obis_format(o, code);
    mw_cosem_object_name(o, words);
    mw_cosem_add(t, code);
    if (words[0] != 0) {
        mw_cosem_add(t, " ");
        mw_cosem_add(t, words);
    }
}

void mw_cosem_add_time(mw_cosem_text *t, mw_slice twelve) {
    mw_cosem_datetime d;
    char text[MW_COSEM_DATETIME_TEXT_MAX];
    if (mw_cosem_datetime_decode(twelve, &d) != MW_OK) {
        mw_cosem_add_bytes(t, twelve);
        return;
    }
    mw_cosem_datetime_format(&d, text);
    mw_cosem_add(t, text);
}

void mw_cosem_complain(mw_cosem_text *t, const char *what, mw_status why) {
    mw_cosem_say(t, "! ");
    mw_cosem_add(t, what);
    mw_cosem_add(t, ": ");
    mw_cosem_add(t, mw_status_text(why));
    mw_cosem_end(t);
}

/* ---- names of objects ---- */

typedef struct named {
    uint8_t c, d; /* 255 = any */
    const char *text;
} named;

/* Value group A = 0. */
static const named abstract[] = {
    {1, 0, "clock"},
    {2, 255, "modem or broadband setup"},
    {10, 0, "script table"},
    {11, 0, "special days"},
    {13, 0, "activity calendar"},
    {15, 0, "single action schedule"},
    {16, 255, "register monitor"},
    {17, 0, "limiter"},
    {20, 0, "optical port setup"},
    {22, 0, "HDLC setup"},
    {24, 255, "M-Bus"},
    {25, 9, "push setup"},
    {25, 255, "network setup"},
    {29, 255, "PLC setup"},
    {40, 0, "association"},
    {41, 0, "access points"},
    {42, 0, "logical device name"},
    {43, 0, "security setup"},
    {43, 1, "invocation counter"},
    {44, 0, "image transfer"},
    {94, 255, "country specific"},
    {96, 1, "device identity"},
    {96, 2, "programming and tamper times"},
    {96, 3, "disconnect control or I/O status"},
    {96, 5, "operating status"},
    {96, 8, "operating time"},
    {96, 9, "ambient temperature"},
    {96, 11, "event code"},
    {96, 13, "consumer message"},
    {96, 14, "current tariff"},
    {96, 15, "counter"},
    {97, 97, "error register"},
    {97, 98, "alarm register"},
    {98, 1, "billing profile"},
    {99, 98, "event log"},
};

/* Value group A = 1: quantity C. Phases L1, L2, L3 stand 20 further each. */
static const named electric[] = {
    {1, 255, "active import (A+)"},
    {2, 255, "active export (A-)"},
    {3, 255, "reactive import (R+)"},
    {4, 255, "reactive export (R-)"},
    {5, 255, "reactive QI"},
    {6, 255, "reactive QII"},
    {7, 255, "reactive QIII"},
    {8, 255, "reactive QIV"},
    {9, 255, "apparent import"},
    {10, 255, "apparent export"},
    {11, 255, "current"},
    {12, 255, "voltage"},
    {13, 255, "power factor"},
    {14, 255, "frequency"},
};

static const named kinds[] = {
    {0, 4, ", average demand"}, {0, 5, ", last average demand"},
    {0, 6, ", maximum demand"}, {0, 7, ", instantaneous"},
    {0, 8, ", energy"},         {0, 29, ", in the interval"},
};

static void name_tariff(mw_writer *w, uint8_t e) {
    if (e == 0) {
        mw_write_str(w, ", total");
    } else if (e <= 63) {
        mw_write_str(w, ", tariff ");
        if (e >= 10)
            mw_write_u8(w, (uint8_t)('0' + e / 10));
        mw_write_u8(w, (uint8_t)('0' + e % 10));
    }
}

static void name_electric(mw_writer *w, mw_obis o) {
    static const char *const phases[] = {"", " L1", " L2", " L3"};
    uint8_t c = o.b[2], d = o.b[3];
    if (c == 91 || c == 99 || c == 98) {
        mw_write_str(w, c == 91 ? "neutral current" : c == 99 ? "load profile" : "billing profile");
        return;
    }
    unsigned phase = c >= 21 && c <= 80 ? (c - 1u) / 20u : 0;
    uint8_t quantity = (uint8_t)(c - 20 * phase);
    for (size_t i = 0; i < sizeof electric / sizeof electric[0]; i++) {
        if (electric[i].c != quantity)
            continue;
        mw_write_str(w, electric[i].text);
        mw_write_str(w, phases[phase]);
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
            if (kinds[k].d == d)
                mw_write_str(w, kinds[k].text);
        if (d == 8)
            name_tariff(w, o.b[4]);
        return;
    }
}

void mw_cosem_object_name(mw_obis o, char out[MW_COSEM_NAME_MAX]) {
    mw_writer w = mw_writer_of((mw_span){(uint8_t *)out, MW_COSEM_NAME_MAX - 1});
    if (o.b[0] == 1)
        name_electric(&w, o);
    for (size_t i = 0; o.b[0] == 0 && w.at == 0 && i < sizeof abstract / sizeof abstract[0]; i++)
        if (abstract[i].c == o.b[2] && (abstract[i].d == 255 || abstract[i].d == o.b[3]))
            mw_write_str(&w, abstract[i].text);
    out[w.at] = 0;
}
