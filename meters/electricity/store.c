/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/store.h"

#define VERSION 1

static void put(mw_writer *w, const mw_electric_count *c, unsigned n) {
    for (unsigned i = 0; i < n; i++) {
        mw_write_u64le(w, (uint64_t)c[i].milli);
        mw_write_u64le(w, (uint64_t)c[i].rest);
    }
}

static bool get(mw_reader *r, mw_electric_count *c, unsigned n) {
    bool good = true;
    for (unsigned i = 0; i < n; i++) {
        c[i].milli = (int64_t)mw_read_u64le(r);
        c[i].rest = (int64_t)mw_read_u64le(r);
        good = good && c[i].milli >= 0 && c[i].milli <= INT64_MAX / 16 && c[i].rest >= 0 &&
               c[i].rest < MW_ELECTRIC_QUANTA_PER_MILLI;
    }
    return good;
}

typedef struct counts {
    mw_electric_count energy[MW_ELECTRIC_ELEMENTS + 1][MW_ELECTRIC_REGISTERS];
    mw_electric_count tariff[MW_TARIFFS][MW_ELECTRIC_TARIFF_REGISTERS];
    mw_electric_count total[MW_ELECTRIC_TARIFF_REGISTERS];
    mw_electric_count seen[MW_ELECTRIC_REGISTERS];
} counts;

static bool sums_agree(const counts *c) {
    for (unsigned k = 0; k < MW_ELECTRIC_TARIFF_REGISTERS; k++) {
        int64_t milli = 0, rest = 0;
        for (unsigned t = 0; t < MW_TARIFFS; t++) {
            milli += c->tariff[t][k].milli;
            rest += c->tariff[t][k].rest;
        }
        milli += rest / MW_ELECTRIC_QUANTA_PER_MILLI;
        rest %= MW_ELECTRIC_QUANTA_PER_MILLI;
        if (milli != c->total[k].milli || rest != c->total[k].rest)
            return false;
    }
    return true;
}

static bool decode(mw_slice in, counts *out) {
    mw_reader r = mw_reader_of(in);
    if (mw_read_u8(&r) != VERSION)
        return false;
    bool good = true;
    for (unsigned e = 0; e <= MW_ELECTRIC_ELEMENTS; e++)
        good = get(&r, out->energy[e], MW_ELECTRIC_REGISTERS) && good;
    for (unsigned t = 0; t < MW_TARIFFS; t++)
        good = get(&r, out->tariff[t], MW_ELECTRIC_TARIFF_REGISTERS) && good;
    good = get(&r, out->total, MW_ELECTRIC_TARIFF_REGISTERS) && good;
    good = get(&r, out->seen, MW_ELECTRIC_REGISTERS) && good;
    return good && sums_agree(out);
}

mw_status mw_electric_store_mount(mw_electric_store *s, const mw_flash *flash,
                                  uint32_t first_sector, uint32_t sectors, uint8_t kind) {
    return mw_electric_blob_mount(&s->blob, flash, first_sector, sectors, MW_ELECTRIC_STORE_BYTES,
                                  kind);
}

mw_status mw_electric_store_save(mw_electric_store *s, const mw_flash *flash,
                                 const mw_electric_energy *energy,
                                 const mw_electric_tariffs *tariffs) {
    uint8_t bytes[MW_ELECTRIC_STORE_BYTES];
    mw_writer w = mw_writer_of(MW_SPAN_OF(bytes));
    mw_write_u8(&w, VERSION);
    for (unsigned e = 0; e <= MW_ELECTRIC_ELEMENTS; e++)
        put(&w, energy->count[e], MW_ELECTRIC_REGISTERS);
    for (unsigned t = 0; t < MW_TARIFFS; t++)
        put(&w, tariffs->count[t], MW_ELECTRIC_TARIFF_REGISTERS);
    put(&w, tariffs->total, MW_ELECTRIC_TARIFF_REGISTERS);
    put(&w, tariffs->seen, MW_ELECTRIC_REGISTERS);
    return mw_electric_blob_write(&s->blob, flash, MW_SLICE_OF(bytes));
}

mw_status mw_electric_store_load(const mw_electric_store *s, const mw_flash *flash,
                                 mw_electric_energy *energy, mw_electric_tariffs *tariffs) {
    uint8_t bytes[MW_ELECTRIC_STORE_BYTES];
    mw_ringlog_cursor at = mw_ringlog_from_newest(&s->blob.log);
    counts c;
    do
        MW_TRY(mw_electric_blob_older(&s->blob, flash, &at, MW_SPAN_OF(bytes)));
    while (!decode(MW_SLICE_OF(bytes), &c));
    mw_bytes_copy(energy->count, c.energy, sizeof c.energy);
    mw_bytes_copy(tariffs->count, c.tariff, sizeof c.tariff);
    mw_bytes_copy(tariffs->total, c.total, sizeof c.total);
    mw_bytes_copy(tariffs->seen, c.seen, sizeof c.seen);
    return MW_OK;
}
