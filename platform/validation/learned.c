/* SPDX-License-Identifier: Apache-2.0
 *
 *   u8 version (1), u8 lengths of gaps that were learned
 *   for each length of gap: varint gaps cut out
 *   entries up to the end, of what was tried:
 *     u8 method, u8 length * 2 + mode, varint trials, varint intervals, varint absolute,
 *     varint actual, zig-zag low, zig-zag high, zig-zag total low, zig-zag total high
 */
#include "platform/validation/learned.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { VERSION = 1 };

mw_status mw_learned_encode(const mw_vee_score *score, unsigned classes, mw_span out,
                            size_t *out_n) {
    mw_writer w = mw_writer_of(out);
    mw_write_u8(&w, VERSION);
    mw_write_u8(&w, (uint8_t)classes);
    for (unsigned g = 0; g < MW_VEE_GAP_CLASSES; g++)
        mw_write_varint(&w, score->gaps[g]);
    for (unsigned m = 0; m < MW_VEE_METHODS; m++) {
        for (unsigned k = 0; k < MW_VEE_GAP_CLASSES * MW_VEE_MODES; k++) {
            const mw_vee_error *e = &score->e[m][k / MW_VEE_MODES][k % MW_VEE_MODES];
            if (e->trials == 0)
                continue;
            mw_write_u8(&w, (uint8_t)m);
            mw_write_u8(&w, (uint8_t)k);
            mw_write_varint(&w, e->trials);
            mw_write_varint(&w, (uint64_t)e->intervals);
            mw_write_varint(&w, (uint64_t)e->absolute);
            mw_write_varint(&w, (uint64_t)e->actual);
            mw_write_varint_signed(&w, e->low);
            mw_write_varint_signed(&w, e->high);
            mw_write_varint_signed(&w, e->total_low);
            mw_write_varint_signed(&w, e->total_high);
        }
    }
    MW_TRY(w.status);
    *out_n = w.at;
    return MW_OK;
}

mw_status mw_learned_decode(mw_slice in, mw_vee_score *out_score, unsigned *out_classes) {
    mw_reader r = mw_reader_of(in);
    memset(out_score, 0, sizeof *out_score);
    if (mw_read_u8(&r) != VERSION)
        return r.status != MW_OK ? r.status : MW_UNSUPPORTED;
    *out_classes = mw_read_u8(&r);
    for (unsigned g = 0; g < MW_VEE_GAP_CLASSES; g++)
        out_score->gaps[g] = (uint32_t)mw_read_varint(&r);
    while (r.status == MW_OK && mw_reader_left(&r) > 0) {
        unsigned m = mw_read_u8(&r), k = mw_read_u8(&r);
        if (m >= MW_VEE_METHODS || k >= MW_VEE_GAP_CLASSES * MW_VEE_MODES)
            return MW_SYNTAX;
        mw_vee_error *e = &out_score->e[m][k / MW_VEE_MODES][k % MW_VEE_MODES];
        e->trials = (uint32_t)mw_read_varint(&r);
        e->intervals = (int64_t)mw_read_varint(&r);
        e->absolute = (int64_t)mw_read_varint(&r);
        e->actual = (int64_t)mw_read_varint(&r);
        e->low = mw_read_varint_signed(&r);
        e->high = mw_read_varint_signed(&r);
        e->total_low = mw_read_varint_signed(&r);
        e->total_high = mw_read_varint_signed(&r);
    }
    return r.status;
}

void mw_learner_fini(mw_learner *l) {
    mw_window_fini(&l->window);
    free(l->scratch);
    l->scratch = NULL;
    l->scratch_n = 0;
}

/* Epochs of a book's length, counted from 1970. */
static int64_t epoch_of(const mw_vee_book *book, mw_utc at) {
    int64_t day = mw_utc_floor_s(at) / 86400;
    return day - day % book->choose_days;
}

static mw_status scratch_make(mw_learner *l, const mw_vee_book *book, uint32_t seconds) {
    size_t longest = mw_vee_gap_seconds[MW_VEE_GAP_CLASSES - 1] / seconds + 1;
    size_t need = ((size_t)book->choose_trials + 4) * longest * sizeof(int64_t) + 4096;
    if (need <= l->scratch_n)
        return MW_OK;
    uint8_t *more = realloc(l->scratch, need);
    if (more == NULL)
        return MW_NOMEM;
    l->scratch = more;
    l->scratch_n = need;
    return MW_OK;
}

/* Tries all methods on the values before the epoch, as the validated layer shows them. */
static mw_status learn(mw_learner *l, mw_store *store, const mw_window_channel *c,
                       const mw_vee_book *book, int64_t epoch, unsigned classes, bool *out_enough) {
    mw_window *w = &l->window;
    uint32_t usable = 0, day = 86400 / c->grid_s;
    *out_enough = false;
    MW_TRY(mw_window_read(w, store, c, mw_utc_of_s((epoch - MW_LEARNED_DAYS) * 86400),
                          mw_utc_of_s(epoch * 86400)));
    for (uint32_t i = 0; i < w->n; i++)
        usable += (w->now_flags[i] & MW_VEE_UNUSABLE) == 0;
    if (usable < MW_LEARNED_LEAST * day)
        return MW_OK;
    MW_TRY(mw_window_days(w, c));
    MW_TRY(scratch_make(l, book, w->seconds));
    mw_vee_series s = mw_assess_series(w, c, book, w->now, w->now_flags);
    mw_vee_source q = {.s = &s, .options = book->estimate};
    mw_vee_back_test o = mw_vee_back_test_preset;
    mw_arena scratch;
    uint32_t past = book->estimate.lookback_days * day;
    s.first = past < w->n / 2 ? past : w->n / 2;
    o.trials = (uint32_t)book->choose_trials;
    o.classes = classes;
    mw_arena_init(&scratch, (mw_span){l->scratch, l->scratch_n});
    MW_TRY(mw_vee_back_test_run(&q, &o, &scratch, &l->score));
    l->learned++;
    *out_enough = true;
    return MW_OK;
}

mw_status mw_learner_score(mw_learner *l, mw_store *store, const mw_window_channel *c,
                           const mw_vee_book *book, mw_utc at, uint64_t gap_s,
                           const mw_vee_score **out_score) {
    uint8_t bytes[MW_STORE_VEE_CHOICE_MAX];
    size_t n = 0;
    unsigned known = 0, classes = mw_vee_gap_class(gap_s) + 1;
    int64_t epoch = epoch_of(book, at);
    *out_score = NULL;
    if (book->choose == 0 || c->grid_s > 3600)
        return MW_OK;
    mw_status s =
        mw_store_vee_choice_get(store, c->tenant, c->channel, epoch, MW_SPAN_OF(bytes), &n);
    if (s == MW_OK && n == 0)
        return MW_OK; /* too little was there */
    if (s == MW_OK && mw_learned_decode((mw_slice){bytes, n}, &l->score, &known) == MW_OK &&
        known >= classes) {
        *out_score = &l->score;
        return MW_OK;
    }
    if (s != MW_OK && s != MW_NOT_FOUND)
        return s;
    bool enough = false;
    MW_TRY(learn(l, store, c, book, epoch, classes, &enough));
    n = 0;
    if (enough)
        MW_TRY(mw_learned_encode(&l->score, classes, MW_SPAN_OF(bytes), &n));
    MW_TRY(mw_store_vee_choice_put(store, c->tenant, c->channel, epoch, (mw_slice){bytes, n}));
    *out_score = enough ? &l->score : NULL;
    return MW_OK;
}

mw_status mw_learner_forget(mw_store *store, const mw_window_channel *c, mw_utc from) {
    return mw_store_vee_choice_forget(store, c->tenant, c->channel,
                                      mw_utc_floor_s(from) / 86400 + 1);
}
