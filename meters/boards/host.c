/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/boards/host.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/crc.h"

/* Stream of save and load: magic, geometry, then for each touched sector its number, erase count
 * and bytes, an end mark and the CRC-32 of all before. Little-endian. */
#define SAVE_MAGIC UINT32_C(0x31464E4D)
#define SAVE_END   UINT32_MAX

mw_status mw_host_flash_init(mw_host_flash *f, uint32_t sector_bytes, uint32_t sector_count) {
    mw_assert(sector_bytes > 0 && sector_count > 0);
    mw_host_flash n = {.sector_bytes = sector_bytes,
                       .sector_count = sector_count,
                       .cut_in = UINT64_MAX,
                       .noise = mw_prng_of_seed(0)};
    n.sector = calloc(sector_count, sizeof *n.sector);
    n.erased = calloc(sector_count, sizeof *n.erased);
    if (n.sector == NULL || n.erased == NULL) {
        free(n.sector);
        free(n.erased);
        return MW_NOMEM;
    }
    *f = n;
    return MW_OK;
}

static void sector_drop(mw_host_flash *f, uint32_t sector) {
    if (f->sector[sector] == NULL)
        return;
    free(f->sector[sector]);
    f->sector[sector] = NULL;
    f->stats.sectors_held--;
}

static mw_status sector_hold(mw_host_flash *f, uint32_t sector) {
    if (f->sector[sector] != NULL)
        return MW_OK;
    uint8_t *p = malloc(f->sector_bytes);
    if (p == NULL)
        return MW_NOMEM;
    memset(p, 0xFF, f->sector_bytes);
    f->sector[sector] = p;
    f->stats.sectors_held++;
    return MW_OK;
}

void mw_host_flash_fini(mw_host_flash *f) {
    for (uint32_t i = 0; i < f->sector_count; i++)
        sector_drop(f, i);
    free(f->sector);
    free(f->erased);
    *f = (mw_host_flash){0};
}

mw_status mw_host_flash_copy(mw_host_flash *to, const mw_host_flash *from) {
    mw_assert(to->sector_bytes == from->sector_bytes && to->sector_count == from->sector_count);
    for (uint32_t i = 0; i < from->sector_count; i++) {
        if (from->sector[i] == NULL) {
            sector_drop(to, i);
            continue;
        }
        MW_TRY(sector_hold(to, i));
        memcpy(to->sector[i], from->sector[i], from->sector_bytes);
    }
    memcpy(to->erased, from->erased, from->sector_count * sizeof *from->erased);
    mw_host_flash n = *from;
    n.sector = to->sector;
    n.erased = to->erased;
    n.stats.sectors_held = to->stats.sectors_held;
    *to = n;
    return MW_OK;
}

static mw_status flash_read(void *context, uint32_t at, mw_span out) {
    mw_host_flash *f = context;
    mw_assert(at <= f->sector_bytes * f->sector_count &&
              out.n <= f->sector_bytes * f->sector_count - at);
    if (f->dead)
        return MW_IO;
    f->stats.reads++;
    f->stats.bytes_read += out.n;
    while (out.n > 0) {
        uint32_t sector = at / f->sector_bytes, offset = at % f->sector_bytes;
        size_t n = f->sector_bytes - offset < out.n ? f->sector_bytes - offset : out.n;
        if (f->sector[sector] == NULL)
            memset(out.p, 0xFF, n);
        else
            memcpy(out.p, f->sector[sector] + offset, n);
        out.p += n;
        out.n -= n;
        at += (uint32_t)n;
    }
    return MW_OK;
}

/* True while power lasts for one more step. */
static bool step(mw_host_flash *f) {
    if (f->cut_in == UINT64_MAX)
        return true;
    if (f->cut_in > 0) {
        f->cut_in--;
        return true;
    }
    f->dead = true;
    return false;
}

static mw_status flash_program(void *context, uint32_t at, mw_slice in) {
    mw_host_flash *f = context;
    mw_assert(at <= f->sector_bytes * f->sector_count &&
              in.n <= f->sector_bytes * f->sector_count - at);
    if (f->dead)
        return MW_IO;
    f->stats.programs++;
    for (size_t i = 0; i < in.n; i++, at++) {
        uint32_t sector = at / f->sector_bytes;
        if (sector_hold(f, sector) != MW_OK)
            return MW_IO;
        uint8_t *cell = &f->sector[sector][at % f->sector_bytes];
        if (!step(f)) {
            f->cut_sector = sector;
            *cell = (uint8_t)(*cell & (in.p[i] | (uint8_t)mw_prng_u64(&f->noise)));
            return MW_IO;
        }
        *cell &= in.p[i];
        f->stats.bytes_programmed++;
    }
    return MW_OK;
}

/* What an interrupted erase may leave; three kinds in turn of the noise. */
static void sector_tear(mw_host_flash *f, uint32_t sector) {
    uint8_t *p = f->sector[sector];
    size_t from = (size_t)mw_prng_below(&f->noise, f->sector_bytes);
    switch (mw_prng_below(&f->noise, 3)) {
    case 0: /* anything at all */
        for (size_t i = 0; i < f->sector_bytes; i++)
            p[i] = (uint8_t)mw_prng_u64(&f->noise);
        break;
    case 1: /* erased up to some cell */
        memset(p, 0xFF, from);
        break;
    default: /* some bits are up already */
        for (size_t i = 0; i < f->sector_bytes; i++)
            p[i] = (uint8_t)(p[i] | mw_prng_u64(&f->noise));
        break;
    }
}

static mw_status flash_erase(void *context, uint32_t sector) {
    mw_host_flash *f = context;
    mw_assert(sector < f->sector_count);
    if (f->dead)
        return MW_IO;
    f->stats.erases++;
    if (!step(f)) {
        f->cut_sector = sector;
        if (sector_hold(f, sector) == MW_OK)
            sector_tear(f, sector);
        return MW_IO;
    }
    sector_drop(f, sector);
    f->erased[sector]++;
    return MW_OK;
}

mw_flash mw_host_flash_interface(mw_host_flash *f) {
    return (mw_flash){.context = f,
                      .sector_bytes = f->sector_bytes,
                      .sector_count = f->sector_count,
                      .read = flash_read,
                      .program = flash_program,
                      .erase = flash_erase};
}

void mw_host_flash_cut_after(mw_host_flash *f, uint64_t steps, uint64_t seed) {
    f->cut_in = steps;
    f->noise = mw_prng_of_seed(seed);
}

void mw_host_flash_power_on(mw_host_flash *f) {
    f->dead = false;
    f->cut_in = UINT64_MAX;
}

/* ---- save and load ---- */

typedef struct stream {
    FILE *file;
    uint32_t crc;
    mw_status status;
} stream;

static void put(stream *s, const void *p, size_t n) {
    s->crc = mw_crc32_update(s->crc, (mw_slice){p, n});
    if (s->status == MW_OK && fwrite(p, 1, n, s->file) != n)
        s->status = MW_IO;
}

static void put_u32(stream *s, uint32_t v) {
    uint8_t b[4];
    mw_writer w = mw_writer_of(MW_SPAN_OF(b));
    mw_write_u32le(&w, v);
    put(s, b, sizeof b);
}

static void take(stream *s, void *p, size_t n) {
    if (s->status != MW_OK || fread(p, 1, n, s->file) != n) {
        if (s->status == MW_OK)
            s->status = ferror(s->file) ? MW_IO : MW_SHORT;
        memset(p, 0, n);
    }
    s->crc = mw_crc32_update(s->crc, (mw_slice){p, n});
}

static uint32_t take_u32(stream *s) {
    uint8_t b[4];
    take(s, b, sizeof b);
    mw_reader r = mw_reader_of(MW_SLICE_OF(b));
    return mw_read_u32le(&r);
}

mw_status mw_host_flash_save(const mw_host_flash *f, FILE *out) {
    stream s = {.file = out};
    put_u32(&s, SAVE_MAGIC);
    put_u32(&s, f->sector_bytes);
    put_u32(&s, f->sector_count);
    for (uint32_t i = 0; i < f->sector_count; i++) {
        if (f->sector[i] == NULL)
            continue;
        put_u32(&s, i);
        put_u32(&s, f->erased[i]);
        put(&s, f->sector[i], f->sector_bytes);
    }
    put_u32(&s, SAVE_END);
    put_u32(&s, s.crc);
    return s.status;
}

/* Reads sectors into a blank flash of the same geometry. */
static mw_status load_into(mw_host_flash *n, stream *s) {
    if (take_u32(s) != SAVE_MAGIC || take_u32(s) != n->sector_bytes ||
        take_u32(s) != n->sector_count)
        return s->status == MW_OK ? MW_SYNTAX : s->status;
    for (;;) {
        uint32_t i = take_u32(s);
        MW_TRY(s->status);
        if (i == SAVE_END)
            break;
        if (i >= n->sector_count || n->sector[i] != NULL)
            return MW_SYNTAX;
        n->erased[i] = take_u32(s);
        MW_TRY(sector_hold(n, i));
        take(s, n->sector[i], n->sector_bytes);
    }
    uint32_t expected = s->crc;
    uint32_t crc = take_u32(s);
    MW_TRY(s->status);
    return crc == expected ? MW_OK : MW_CHECKSUM;
}

mw_status mw_host_flash_load(mw_host_flash *f, FILE *in) {
    mw_host_flash n;
    MW_TRY(mw_host_flash_init(&n, f->sector_bytes, f->sector_count));
    stream s = {.file = in};
    mw_status status = load_into(&n, &s);
    if (status != MW_OK) {
        mw_host_flash_fini(&n);
        return status;
    }
    n.noise = f->noise;
    mw_host_flash_fini(f);
    *f = n;
    return MW_OK;
}

/* ---- crystal ---- */

mw_mono mw_host_crystal_ticks(const mw_host_crystal *x, mw_utc t) {
    int64_t ns = (t.us - x->origin.us) * 1000;
    int64_t s = ns / MW_NS_PER_S, rest = ns % MW_NS_PER_S;
    return (mw_mono){ns + s * x->ppb + rest * x->ppb / MW_NS_PER_S};
}

mw_utc mw_host_crystal_utc(const mw_host_crystal *x, mw_mono ticks) {
    /* First without the error, then approach: each round leaves a thousandth of what was missing.
     */
    mw_utc t = {x->origin.us + ticks.ns / 1000};
    for (;;) {
        int64_t missing = (ticks.ns - mw_host_crystal_ticks(x, t).ns) / 1000;
        if (missing == 0)
            break;
        t.us += missing;
    }
    while (mw_host_crystal_ticks(x, t).ns >= ticks.ns)
        t.us--;
    while (mw_host_crystal_ticks(x, t).ns < ticks.ns)
        t.us++;
    return t;
}
