/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/chunk.h"

#include "base/bits.h"
#include "platform/store/entropy.h"

enum {
    CHUNK_VERSION_1 = 1, /* quality of 16 bits; otherwise the same */
    CHUNK_VERSION = 2,
    CHUNK_PACKED_1800 = 3,
    CHUNK_PACKED_900 = 4,
    PACK_VALUES_LEAST = 40, /* fewer do not repay the work */
    CODING_ONE = 0,
    CODING_VARINT = 1,
    CODING_SIGNED = 2,
    CODING_PACKED = 3,
    HEAD_CODING = 3,
    HEAD_QUALITY = 1 << 2,
    HEAD_START = 1 << 3,
    HEAD_SECONDS = 1 << 4,
    HEAD_ORIGIN = 1 << 5,
    HEAD_KNOWN = 0x3f,
    HEAD_ENTROPY = 1 << 6,
    ENTROPY_WHOLE = 1 << 0, /* the rest of the day */
    ENTROPY_LAST = 1 << 1,  /* to the end of the record */
};

/* Seconds and journal numbers up to here: as seconds it still fits microseconds. */
#define CHUNK_ORIGIN_MAX (INT64_C(1) << 43)

/* What a segment inherits from the one before it. */
typedef struct chunk_context {
    int64_t end_s; /* seconds into the day */
    uint32_t seconds;
    int64_t received_s;
    int64_t journal;
    unsigned version;
    bool last; /* writing: nothing comes behind the segment */
} chunk_context;

static chunk_context chunk_context_of_day(int64_t day, unsigned version) {
    uint32_t seconds = version == CHUNK_PACKED_1800  ? 1800
                       : version == CHUNK_PACKED_900 ? 900
                                                     : 3600;
    return (chunk_context){
        .seconds = seconds, .received_s = (day + 1) * MW_DAY_S, .version = version};
}

static size_t varint_size(uint64_t v) {
    size_t n = 1;
    for (; v >= 128; v >>= 7)
        n++;
    return n;
}

static uint64_t zigzag(int64_t v) {
    return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

static unsigned bit_width(uint64_t v) {
    unsigned n = 0;
    for (; v != 0; v >>= 1)
        n++;
    return n;
}

/* What the codings of a run would cost. */
typedef struct chunk_plan {
    unsigned coding;
    unsigned width;
    int64_t minimum;
    size_t size;
} chunk_plan;

static chunk_plan chunk_plan_of(const mw_store_interval *rows, size_t n) {
    int64_t min = rows[0].value, max = rows[0].value;
    size_t plain = 0, folded = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t v = rows[i].value;
        min = v < min ? v : min;
        max = v > max ? v : max;
        plain += varint_size((uint64_t)v);
        folded += varint_size(zigzag(v));
    }
    chunk_plan p = {.minimum = min, .width = bit_width((uint64_t)max - (uint64_t)min)};
    if (min == max) {
        p.coding = CODING_ONE;
        p.size = 1;
        return p;
    }
    size_t packed = 1 + varint_size(zigzag(min)) + (n * p.width + 7) / 8;
    p.coding = min >= 0 ? CODING_VARINT : CODING_SIGNED;
    p.size = min >= 0 ? plain : folded;
    if (packed < p.size) {
        p.coding = CODING_PACKED;
        p.size = packed;
    }
    return p;
}

static void chunk_values_write(mw_writer *w, const chunk_plan *p, const mw_store_interval *rows,
                               size_t n) {
    switch (p->coding) {
    case CODING_ONE:
        mw_write_varint_signed(w, p->minimum);
        return;
    case CODING_VARINT:
        for (size_t i = 0; i < n; i++)
            mw_write_varint(w, (uint64_t)rows[i].value);
        return;
    case CODING_SIGNED:
        for (size_t i = 0; i < n; i++)
            mw_write_varint_signed(w, rows[i].value);
        return;
    default:
        break;
    }
    mw_write_u8(w, (uint8_t)p->width);
    mw_write_varint_signed(w, p->minimum);
    uint8_t packed[MW_CHUNK_VALUES_MAX * 8];
    mw_bit_writer bits = mw_bit_writer_of(MW_SPAN_OF(packed));
    for (size_t i = 0; i < n; i++)
        mw_write_bits(&bits, (uint64_t)rows[i].value - (uint64_t)p->minimum, p->width);
    mw_write_bytes(w, mw_bit_writer_done(&bits));
}

/* The values by their probabilities, when that is shorter. */
static mw_slice chunk_entropy_try(const chunk_context *c, const chunk_plan *p,
                                  const mw_store_interval *rows, size_t n, mw_span room) {
    int64_t value[MW_CHUNK_VALUES_MAX];
    size_t size = 0;
    if (c->version < CHUNK_PACKED_1800 || n < PACK_VALUES_LEAST || p->minimum < 0)
        return (mw_slice){0};
    for (size_t i = 0; i < n; i++)
        value[i] = rows[i].value;
    if (room.n > p->size)
        room.n = p->size;
    return mw_entropy_encode(value, n, room, &size) == MW_OK ? (mw_slice){room.p, size}
                                                             : (mw_slice){0};
}

static void chunk_segment_write(mw_writer *w, chunk_context *c, int64_t day,
                                const mw_store_interval *rows, size_t n) {
    uint8_t room[MW_CHUNK_VALUES_MAX * 8];
    chunk_plan plan = chunk_plan_of(rows, n);
    mw_slice coded = chunk_entropy_try(c, &plan, rows, n, MW_SPAN_OF(room));
    int64_t start_s = mw_utc_floor_s(rows[0].start) - day * MW_DAY_S;
    int64_t received_s = mw_utc_floor_s(rows[0].received);
    bool whole = coded.n > 0 && start_s + (int64_t)n * rows[0].seconds == MW_DAY_S;
    unsigned head = plan.coding;
    if (coded.n > 0)
        head = HEAD_ENTROPY | (whole ? ENTROPY_WHOLE : 0u) | (c->last ? ENTROPY_LAST : 0u);
    head |= rows[0].quality != 0 ? HEAD_QUALITY : 0;
    head |= start_s != c->end_s ? HEAD_START : 0;
    head |= rows[0].seconds != c->seconds ? HEAD_SECONDS : 0;
    head |= received_s != c->received_s || rows[0].journal != c->journal ? HEAD_ORIGIN : 0;
    mw_write_u8(w, (uint8_t)head);
    if (!whole)
        mw_write_varint(w, n);
    if (head & HEAD_START)
        mw_write_varint(w, (uint64_t)start_s);
    if (head & HEAD_SECONDS)
        mw_write_varint(w, rows[0].seconds);
    if (head & HEAD_QUALITY)
        mw_write_varint(w, rows[0].quality);
    if (head & HEAD_ORIGIN) {
        mw_write_varint_signed(w, received_s - c->received_s);
        mw_write_varint_signed(w, rows[0].journal - c->journal);
    }
    if (coded.n > 0) {
        if (!c->last)
            mw_write_varint(w, coded.n);
        mw_write_bytes(w, coded);
    } else {
        chunk_values_write(w, &plan, rows, n);
    }
    c->end_s = start_s + (int64_t)n * rows[0].seconds;
    c->seconds = rows[0].seconds;
    c->received_s = received_s;
    c->journal = rows[0].journal;
}

static bool rows_valid(int64_t day, const mw_store_interval *rows, size_t n) {
    int64_t free_from = day * MW_DAY_S * MW_US_PER_S;
    int64_t day_end = (day + 1) * MW_DAY_S * MW_US_PER_S;
    for (size_t i = 0; i < n; i++) {
        const mw_store_interval *r = &rows[i];
        if (r->start.us < free_from || r->start.us >= day_end || r->start.us % MW_US_PER_S != 0 ||
            r->seconds == 0 || r->seconds > MW_DAY_S || r->journal < 0 ||
            mw_utc_is_none(r->received))
            return false;
        free_from = r->start.us + (int64_t)r->seconds * MW_US_PER_S;
    }
    return true;
}

static bool rows_continue(const mw_store_interval *a, const mw_store_interval *b) {
    return b->start.us == a->start.us + (int64_t)a->seconds * MW_US_PER_S &&
           b->seconds == a->seconds && b->quality == a->quality && b->journal == a->journal &&
           mw_utc_floor_s(b->received) == mw_utc_floor_s(a->received);
}

static mw_status chunk_write(int64_t day, const mw_store_interval *rows, size_t n, unsigned version,
                             mw_span out, size_t *out_n) {
    if (n > MW_CHUNK_VALUES_MAX)
        return MW_LIMIT;
    if (n == 0 || day < -1000000 || day > 10000000 || !rows_valid(day, rows, n))
        return MW_RANGE;
    mw_writer w = mw_writer_of(out);
    chunk_context c = chunk_context_of_day(day, version);
    mw_write_u8(&w, (uint8_t)version);
    for (size_t at = 0; at < n;) {
        size_t run = 1;
        while (at + run < n && rows_continue(&rows[at + run - 1], &rows[at + run]))
            run++;
        c.last = at + run == n;
        chunk_segment_write(&w, &c, day, rows + at, run);
        at += run;
    }
    MW_TRY(w.status);
    *out_n = w.at;
    return MW_OK;
}

mw_status mw_chunk_encode(int64_t day, const mw_store_interval *rows, size_t n, mw_span out,
                          size_t *out_n) {
    return chunk_write(day, rows, n, CHUNK_VERSION, out, out_n);
}

static unsigned packed_version(const mw_store_interval *rows, size_t n) {
    return n < PACK_VALUES_LEAST     ? CHUNK_VERSION
           : rows[0].seconds == 900  ? CHUNK_PACKED_900
           : rows[0].seconds == 1800 ? CHUNK_PACKED_1800
                                     : CHUNK_VERSION;
}

bool mw_chunk_packs(const mw_store_interval *rows, size_t n) {
    return packed_version(rows, n) != CHUNK_VERSION;
}

mw_status mw_chunk_pack(int64_t day, const mw_store_interval *rows, size_t n, mw_span out,
                        size_t *out_n) {
    return chunk_write(day, rows, n, packed_version(rows, n), out, out_n);
}

static void chunk_entropy_read(mw_reader *r, unsigned head, mw_store_interval *rows, size_t n) {
    int64_t value[MW_CHUNK_VALUES_MAX];
    uint64_t size = (head & ENTROPY_LAST) != 0 ? mw_reader_left(r) : mw_read_varint(r);
    mw_slice bytes = mw_read_bytes(r, (size_t)size);
    if (r->status != MW_OK)
        return;
    mw_status s = mw_entropy_decode(bytes, value, n);
    if (s != MW_OK) {
        mw_reader_fail(r, s);
        return;
    }
    for (size_t i = 0; i < n; i++)
        rows[i].value = value[i];
}

static void chunk_values_read(mw_reader *r, unsigned coding, mw_store_interval *rows, size_t n) {
    if (coding == CODING_ONE) {
        int64_t v = mw_read_varint_signed(r);
        for (size_t i = 0; i < n; i++)
            rows[i].value = v;
        return;
    }
    if (coding != CODING_PACKED) {
        for (size_t i = 0; i < n && r->status == MW_OK; i++)
            rows[i].value =
                coding == CODING_VARINT ? (int64_t)mw_read_varint(r) : mw_read_varint_signed(r);
        return;
    }
    unsigned width = mw_read_u8(r);
    uint64_t minimum = (uint64_t)mw_read_varint_signed(r);
    if (width == 0 || width > 64) {
        mw_reader_fail(r, MW_RANGE);
        return;
    }
    mw_bit_reader bits = mw_bit_reader_of(mw_read_bytes(r, (n * width + 7) / 8));
    for (size_t i = 0; i < n && r->status == MW_OK; i++)
        rows[i].value = (int64_t)(minimum + mw_read_bits(&bits, width));
}

/* Sums of hostile values must not overflow: a difference beyond any real time is refused. */
static int64_t plausible_sum(mw_reader *r, int64_t a, int64_t b) {
    const int64_t limit = CHUNK_ORIGIN_MAX;
    if (b > 2 * limit || b < -2 * limit || a + b > limit || a + b < -limit) {
        mw_reader_fail(r, MW_RANGE);
        return 0;
    }
    return a + b;
}

static void chunk_segment_read(mw_reader *r, chunk_context *c, int64_t day, mw_store_interval *rows,
                               size_t room, size_t *out_n) {
    unsigned head = mw_read_u8(r);
    bool entropy = c->version >= CHUNK_PACKED_1800 && (head & HEAD_ENTROPY) != 0;
    bool whole = entropy && (head & ENTROPY_WHOLE) != 0;
    uint64_t n = whole ? 0 : mw_read_varint(r);
    uint64_t start = head & HEAD_START ? mw_read_varint(r) : (uint64_t)c->end_s;
    uint64_t seconds = head & HEAD_SECONDS ? mw_read_varint(r) : c->seconds;
    uint64_t quality = head & HEAD_QUALITY ? mw_read_varint(r) : 0;
    if (head & HEAD_ORIGIN) {
        c->received_s = plausible_sum(r, c->received_s, mw_read_varint_signed(r));
        c->journal = plausible_sum(r, c->journal, mw_read_varint_signed(r));
    }
    if ((head & ~(unsigned)(HEAD_KNOWN | (entropy ? HEAD_ENTROPY : 0))) != 0)
        mw_reader_fail(r, MW_UNSUPPORTED);
    if (whole && seconds > 0 && start < MW_DAY_S && (MW_DAY_S - start) % seconds == 0)
        n = (MW_DAY_S - start) / seconds;
    if (n == 0 || seconds == 0 || seconds > MW_DAY_S || quality > UINT32_MAX || c->journal < 0)
        mw_reader_fail(r, MW_RANGE);
    if (n > room)
        mw_reader_fail(r, MW_LIMIT);
    if (r->status != MW_OK)
        return;
    if (start < (uint64_t)c->end_s || start >= MW_DAY_S || start + (n - 1) * seconds >= MW_DAY_S) {
        mw_reader_fail(r, MW_RANGE);
        return;
    }
    for (size_t i = 0; i < n; i++)
        rows[i] = (mw_store_interval){
            .start = mw_utc_of_s(day * MW_DAY_S + (int64_t)(start + i * seconds)),
            .seconds = (uint32_t)seconds,
            .quality = (uint32_t)quality,
            .received = mw_utc_of_s(c->received_s),
            .journal = c->journal};
    if (entropy)
        chunk_entropy_read(r, head, rows, (size_t)n);
    else
        chunk_values_read(r, head & HEAD_CODING, rows, (size_t)n);
    c->end_s = (int64_t)(start + n * seconds);
    c->seconds = (uint32_t)seconds;
    *out_n = (size_t)n;
}

mw_status mw_chunk_decode(int64_t day, mw_slice chunk, mw_store_interval rows[MW_CHUNK_VALUES_MAX],
                          size_t *out_n) {
    if (day < -1000000 || day > 10000000)
        return MW_RANGE;
    mw_reader r = mw_reader_of(chunk);
    unsigned version = mw_read_u8(&r);
    chunk_context c = chunk_context_of_day(day, version);
    if (version < CHUNK_VERSION_1 || version > CHUNK_PACKED_900)
        mw_reader_fail(&r, MW_UNSUPPORTED);
    size_t n = 0;
    while (r.status == MW_OK && mw_reader_left(&r) > 0) {
        size_t more = 0;
        chunk_segment_read(&r, &c, day, rows + n, MW_CHUNK_VALUES_MAX - n, &more);
        n += more;
    }
    MW_TRY(mw_reader_end(&r));
    *out_n = n;
    return MW_OK;
}

/* Known doubts against a value; a conflict mark is not one, it stays on whichever value wins. */
static int doubts(uint32_t quality) {
    return __builtin_popcount(quality & (uint32_t)MW_QUALITY_DOUBTS);
}

static int64_t interval_end_us(const mw_store_interval *r) {
    return r->start.us + (int64_t)r->seconds * MW_US_PER_S;
}

mw_chunk_merge_result mw_chunk_merge(mw_store_interval rows[MW_CHUNK_VALUES_MAX], size_t *n,
                                     const mw_store_interval *row, mw_store_interval *out_loser) {
    size_t at = *n;
    while (at > 0 && rows[at - 1].start.us >= row->start.us)
        at--;
    if (at < *n && rows[at].start.us == row->start.us && rows[at].seconds == row->seconds) {
        mw_store_interval *old = &rows[at];
        bool better = doubts(row->quality) < doubts(old->quality);
        if (old->value == row->value) {
            if (better)
                old->quality = row->quality | (old->quality & MW_QUALITY_CONFLICT);
            return MW_MERGE_SAME;
        }
        *out_loser = better ? *old : *row;
        if (better) {
            *old = *row;
            old->received = mw_utc_of_s(mw_utc_floor_s(row->received));
        }
        old->quality |= MW_QUALITY_CONFLICT;
        return better ? MW_MERGE_REPLACED : MW_MERGE_KEPT;
    }
    /* An interval of another grid that overlaps what is there would count consumption twice. */
    if ((at > 0 && interval_end_us(&rows[at - 1]) > row->start.us) ||
        (at < *n && interval_end_us(row) > rows[at].start.us)) {
        *out_loser = *row;
        return MW_MERGE_KEPT;
    }
    if (*n == MW_CHUNK_VALUES_MAX)
        return MW_MERGE_FULL;
    for (size_t i = *n; i > at; i--)
        rows[i] = rows[i - 1];
    rows[at] = *row;
    rows[at].received = mw_utc_of_s(mw_utc_floor_s(row->received));
    (*n)++;
    return MW_MERGE_NEW;
}
