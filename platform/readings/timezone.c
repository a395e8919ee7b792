/* SPDX-License-Identifier: Apache-2.0
 *
 * RFC 8536. A zone is a list of transitions, each with the offset that begins there, plus a rule
 * for ever after. Day arithmetic looks only at the transitions near the day.
 */
#include "platform/readings/timezone.h"

#include <stdlib.h>
#include <string.h>

#include "platform/readings/timezone_rule.h"

enum { DAY_S = 86400 };

struct mw_zone {
    size_t n;               /* transitions */
    int64_t *at_s;          /* ascending */
    int32_t *offset_s;      /* from at_s[i] on */
    int32_t first_offset_s; /* before the first transition */
    bool has_rule;          /* after the last transition; else the last offset stays */
    mw_zone_rule rule;
};

typedef struct tzif_header {
    uint8_t version;
    uint32_t isut, isstd, leap, times, types, chars;
} tzif_header;

static tzif_header header_read(mw_reader *r) {
    tzif_header h = {0};
    mw_slice magic = mw_read_bytes(r, 4);
    if (r->status == MW_OK && memcmp(magic.p, "TZif", 4) != 0)
        mw_reader_fail(r, MW_SYNTAX);
    h.version = mw_read_u8(r);
    (void)mw_read_bytes(r, 15);
    h.isut = mw_read_u32be(r);
    h.isstd = mw_read_u32be(r);
    h.leap = mw_read_u32be(r);
    h.times = mw_read_u32be(r);
    h.types = mw_read_u32be(r);
    h.chars = mw_read_u32be(r);
    if (r->status != MW_OK)
        return h;
    if (h.times > MW_ZONE_TRANSITIONS_MAX || h.types > MW_ZONE_TYPES_MAX || h.leap > 1000 ||
        h.chars > 1000 || h.isut > MW_ZONE_TYPES_MAX || h.isstd > MW_ZONE_TYPES_MAX)
        mw_reader_fail(r, MW_LIMIT);
    if (h.types == 0)
        mw_reader_fail(r, MW_RANGE);
    return h;
}

/* Bytes of a data block whose times have width bytes. */
static size_t block_size(const tzif_header *h, size_t width) {
    return h->times * width + h->times + h->types * 6 + h->chars + h->leap * (width + 4) +
           h->isstd + h->isut;
}

static void transitions_read(mw_reader *r, const tzif_header *h, mw_zone *z) {
    const int64_t limit = INT64_C(1) << 60; /* sums with offsets stay inside 64 bits */
    for (uint32_t i = 0; i < h->times; i++) {
        z->at_s[i] = (int64_t)mw_read_u64be(r);
        if (z->at_s[i] < -limit || z->at_s[i] > limit || (i > 0 && z->at_s[i] <= z->at_s[i - 1]))
            mw_reader_fail(r, MW_RANGE);
    }
    mw_slice index = mw_read_bytes(r, h->times);
    int32_t utoff[MW_ZONE_TYPES_MAX] = {0};
    for (uint32_t i = 0; i < h->types; i++) {
        utoff[i] = (int32_t)mw_read_u32be(r);
        (void)mw_read_u16be(r); /* whether it is summer time, and its name */
        /* RFC 8536 section 3.2: more than -25 and less than 26 hours. */
        if (utoff[i] <= -25 * 3600 || utoff[i] >= 26 * 3600)
            mw_reader_fail(r, MW_RANGE);
    }
    (void)mw_read_bytes(r, block_size(h, 8) - h->times * 9 - h->types * 6);
    for (uint32_t i = 0; r->status == MW_OK && i < h->times; i++) {
        if (index.p[i] >= h->types) {
            mw_reader_fail(r, MW_RANGE);
            return;
        }
        z->offset_s[i] = utoff[index.p[i]];
    }
    /* Before the first transition type 0 holds (section 3.2), as also libc has it. */
    z->first_offset_s = utoff[0];
}

static void footer_read(mw_reader *r, mw_zone *z) {
    if (mw_read_u8(r) != '\n')
        mw_reader_fail(r, MW_SYNTAX);
    char text[128];
    size_t n = 0;
    while (r->status == MW_OK) {
        uint8_t c = mw_read_u8(r);
        if (r->status != MW_OK || c == '\n')
            break;
        if (n + 1 == sizeof text) {
            mw_reader_fail(r, MW_LIMIT);
            return;
        }
        text[n++] = (char)c;
    }
    text[n] = 0;
    if (r->status != MW_OK || n == 0)
        return;
    mw_status s = mw_zone_rule_parse(text, &z->rule);
    if (s != MW_OK)
        mw_reader_fail(r, s);
    z->has_rule = s == MW_OK;
}

mw_status mw_zone_decode(mw_slice file, mw_zone **out_zone) {
    if (file.n > MW_ZONE_FILE_MAX)
        return MW_LIMIT;
    mw_reader r = mw_reader_of(file);
    tzif_header h = header_read(&r);
    MW_TRY(r.status);
    if (h.version < '2')
        return MW_UNSUPPORTED;
    (void)mw_read_bytes(&r, block_size(&h, 4));
    h = header_read(&r);
    MW_TRY(r.status);
    mw_zone *z = calloc(1, sizeof *z);
    if (z == NULL)
        return MW_NOMEM;
    z->n = h.times;
    z->at_s = calloc(h.times + 1, sizeof z->at_s[0]);
    z->offset_s = calloc(h.times + 1, sizeof z->offset_s[0]);
    if (z->at_s == NULL || z->offset_s == NULL)
        mw_reader_fail(&r, MW_NOMEM);
    else
        transitions_read(&r, &h, z);
    if (r.status == MW_OK)
        footer_read(&r, z);
    if (r.status != MW_OK) {
        mw_zone_free(z);
        return r.status;
    }
    *out_zone = z;
    return MW_OK;
}

void mw_zone_free(mw_zone *z) {
    if (z == NULL)
        return;
    free(z->at_s);
    free(z->offset_s);
    free(z);
}

/* The offset at a second and the half-open range around it in which it holds. */
static int32_t segment_at(const mw_zone *z, int64_t s, int64_t *out_from, int64_t *out_to) {
    size_t low = 0, high = z->n; /* how many transitions are at or before s */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (z->at_s[mid] <= s)
            low = mid + 1;
        else
            high = mid;
    }
    *out_from = low == 0 ? INT64_MIN : z->at_s[low - 1];
    *out_to = low == z->n ? INT64_MAX : z->at_s[low];
    if (low < z->n || !z->has_rule)
        return low == 0 ? z->first_offset_s : z->offset_s[low - 1];
    int64_t from, to;
    int32_t offset = mw_zone_rule_at(&z->rule, s, &from, &to);
    *out_from = from > *out_from ? from : *out_from;
    *out_to = to;
    return offset;
}

int32_t mw_zone_offset_s(const mw_zone *z, mw_utc at) {
    int64_t from, to;
    return segment_at(z, mw_utc_floor_s(at), &from, &to);
}

int64_t mw_zone_local_day(const mw_zone *z, mw_utc at, int32_t *out_second) {
    int64_t local = mw_utc_floor_s(at) + mw_zone_offset_s(z, at);
    int64_t day = local / DAY_S - (local % DAY_S < 0);
    *out_second = (int32_t)(local - day * DAY_S);
    return day;
}

mw_utc mw_zone_day_start(const mw_zone *z, int64_t day) {
    int64_t midnight = day * DAY_S; /* as local seconds */
    /* Backwards from well after the day began: the first stretch that begins before local midnight
     * holds the answer, or its end does when midnight was skipped by a jump. */
    int64_t at = midnight + 2 * DAY_S;
    for (;;) {
        int64_t from, to;
        int32_t offset = segment_at(z, at, &from, &to);
        if (from == INT64_MIN || from + offset < midnight) {
            int64_t start = midnight - offset;
            return mw_utc_of_s(start < to ? start : to);
        }
        at = from - 1;
    }
}
