/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/files/xml.h"

/* Takes one character off the text; 0xfffd for what is not UTF-8. */
static uint32_t character(mw_slice *s) {
    uint8_t c = s->p[0];
    size_t n = c < 0x80                ? 1
               : c >= 0xc2 && c < 0xe0 ? 2
               : c >= 0xe0 && c < 0xf0 ? 3
               : c >= 0xf0 && c < 0xf5 ? 4
                                       : 0;
    uint32_t v = n == 1 ? c : n > 0 ? c & (0x7fu >> n) : 0xfffd;
    bool ok = n > 0 && n <= s->n;
    for (size_t i = 1; ok && i < n; i++) {
        ok = (s->p[i] & 0xc0) == 0x80;
        v = v << 6 | (s->p[i] & 0x3fu);
    }
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    ok = ok && v >= least[n] && v <= 0x10ffff && !(v >= 0xd800 && v <= 0xdfff);
    size_t used = ok ? n : 1;
    *s = mw_slice_sub(*s, used, s->n - used);
    return ok ? v : 0xfffd;
}

static const char *escape(uint32_t c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* XML 1.0, production 2; line ends and tabs stay. */
static bool forbidden(uint32_t c) {
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xfffd || c == 0xfffe ||
           c == 0xffff;
}

void mw_xml_text(mw_buffer *out, const char *text) {
    mw_slice s = mw_slice_of_str(text);
    while (s.n > 0) {
        mw_slice from = s;
        uint32_t c = character(&s);
        if (forbidden(c))
            mw_buffer_append_byte(out, '?');
        else if (escape(c) != NULL)
            mw_buffer_append_str(out, escape(c));
        else
            mw_buffer_append(out, mw_slice_sub(from, 0, from.n - s.n));
    }
}

/* The Cyrillic of windows-1251 and the punctuation that names use; 0 = it has none. */
static uint8_t byte_1251(uint32_t c) {
    static const struct {
        uint16_t code;
        uint8_t byte;
    } others[] = {{0x0401, 0xa8}, {0x0451, 0xb8}, {0x2116, 0xb9}, {0x00ab, 0xab}, {0x00bb, 0xbb},
                  {0x2013, 0x96}, {0x2014, 0x97}, {0x00a0, 0xa0}, {0x00b0, 0xb0}, {0x0406, 0xb2},
                  {0x0456, 0xb3}, {0x0404, 0xaa}, {0x0454, 0xba}, {0x0407, 0xaf}, {0x0457, 0xbf},
                  {0x040e, 0xa1}, {0x045e, 0xa2}, {0x201c, 0x93}, {0x201d, 0x94}, {0x2026, 0x85}};
    if (c < 0x80)
        return (uint8_t)c;
    if (c >= 0x0410 && c <= 0x044f)
        return (uint8_t)(c - 0x0410 + 0xc0);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (others[i].code == c)
            return others[i].byte;
    return 0;
}

void mw_xml_text_1251(mw_buffer *out, const char *text) {
    mw_slice s = mw_slice_of_str(text);
    while (s.n > 0) {
        uint32_t c = character(&s);
        uint8_t byte = forbidden(c) ? 0 : byte_1251(c);
        if (escape(c) != NULL)
            mw_buffer_append_str(out, escape(c));
        else
            mw_buffer_append_byte(out, byte != 0 ? byte : '?');
    }
}

void mw_xml_element(mw_buffer *out, const char *name, const char *text) {
    mw_buffer_printf(out, "<%s>", name);
    mw_xml_text(out, text);
    mw_buffer_printf(out, "</%s>", name);
}

void mw_xml_element_int(mw_buffer *out, const char *name, int64_t value) {
    mw_buffer_printf(out, "<%s>%lld</%s>", name, (long long)value, name);
}
