/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/api/photo.h"

#include <string.h>

static uint32_t be(const uint8_t *p, unsigned n) {
    uint32_t v = 0;
    for (unsigned i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

static mw_status side_ok(uint32_t width, uint32_t height) {
    bool ok = width > 0 && height > 0 && width <= MW_PHOTO_SIDE_MAX && height <= MW_PHOTO_SIDE_MAX;
    return ok ? MW_OK : MW_RANGE;
}

/* Frame headers SOF0..SOF15 without DHT (C4), JPG (C8) and DAC (CC). */
static bool is_frame(uint8_t marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

/* Entropy-coded data runs to the next marker that is neither stuffing (00) nor a restart. */
static size_t scan_end(mw_slice in, size_t at) {
    while (at + 1 < in.n && !(in.p[at] == 0xff && in.p[at + 1] != 0 && in.p[at + 1] != 0xff &&
                              (in.p[at + 1] < 0xd0 || in.p[at + 1] > 0xd7)))
        at++;
    return at;
}

/* One segment with a length, from its FF on: kept or left out. */
static mw_status segment(mw_slice in, size_t *at, uint8_t marker, mw_writer *w, bool *framed) {
    if (in.n - *at < 4)
        return MW_SYNTAX;
    uint32_t n = be(in.p + *at + 2, 2);
    if (n < 2 || in.n - *at - 2 < n)
        return MW_SYNTAX;
    bool luggage = (marker >= 0xe1 && marker <= 0xef) || marker == 0xfe;
    if (is_frame(marker)) {
        if (n < 8)
            return MW_SYNTAX;
        MW_TRY(side_ok(be(in.p + *at + 7, 2), be(in.p + *at + 5, 2)));
        *framed = true;
    }
    if (!luggage)
        mw_write_bytes(w, (mw_slice){in.p + *at, n + 2});
    *at += n + 2;
    if (marker == 0xda) { /* start of scan: its data follow */
        size_t end = scan_end(in, *at);
        if (!*framed)
            return MW_SYNTAX;
        mw_write_bytes(w, (mw_slice){in.p + *at, end - *at});
        *at = end;
    }
    return w->status;
}

static mw_status jpeg(mw_slice in, mw_writer *w) {
    size_t at = 2;
    bool framed = false;
    mw_write_bytes(w, (mw_slice){in.p, 2});
    while (in.n - at >= 2) {
        uint8_t marker = in.p[at + 1];
        if (in.p[at] != 0xff)
            return MW_SYNTAX;
        if (marker == 0xff) { /* fill byte */
            at++;
            continue;
        }
        if (marker == 0xd9) { /* end of image */
            mw_write_bytes(w, (mw_slice){in.p + at, 2});
            return framed ? w->status : MW_SYNTAX;
        }
        if (marker < 0xc0 || (marker >= 0xd0 && marker <= 0xd8))
            return MW_SYNTAX;
        MW_TRY(segment(in, &at, marker, w, &framed));
    }
    return MW_SYNTAX; /* cut off */
}

static bool is_drawn(const uint8_t *type) {
    static const char kept[][5] = {"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "sRGB", "cHRM"};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (memcmp(type, kept[i], 4) == 0)
            return true;
    return false;
}

static mw_status png(mw_slice in, mw_writer *w) {
    size_t at = 8;
    bool first = true;
    mw_write_bytes(w, (mw_slice){in.p, 8});
    while (in.n - at >= 12) {
        const uint8_t *p = in.p + at;
        uint32_t n = be(p, 4);
        if (n > in.n - at - 12)
            return MW_SYNTAX;
        bool header = memcmp(p + 4, "IHDR", 4) == 0;
        if (header != first || (header && n != 13))
            return MW_SYNTAX;
        if (header)
            MW_TRY(side_ok(be(p + 8, 4), be(p + 12, 4)));
        first = false;
        if (is_drawn(p + 4))
            mw_write_bytes(w, (mw_slice){p, (size_t)n + 12});
        at += (size_t)n + 12;
        if (memcmp(p + 4, "IEND", 4) == 0)
            return w->status;
    }
    return MW_SYNTAX;
}

mw_status mw_photo_clean(mw_slice in, mw_span room, size_t *out_n, const char **out_type) {
    static const uint8_t png_magic[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    static const uint8_t jpeg_magic[] = {0xff, 0xd8, 0xff};
    mw_writer w = mw_writer_of(room);
    bool is_png = in.n >= sizeof png_magic && memcmp(in.p, png_magic, sizeof png_magic) == 0;
    bool is_jpeg = in.n >= sizeof jpeg_magic && memcmp(in.p, jpeg_magic, sizeof jpeg_magic) == 0;
    if (!is_png && !is_jpeg)
        return MW_SYNTAX;
    MW_TRY(is_png ? png(in, &w) : jpeg(in, &w));
    *out_n = w.at;
    *out_type = is_png ? "image/png" : "image/jpeg";
    return MW_OK;
}
