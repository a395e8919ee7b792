/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/commands/sender.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/prng.h"
#include "runtime/file.h"

static const char meta_name[] = "downlink.sender";
static const char magic[] = "MWSE1";

enum { TEXT_MAX = 128, PATH_MAX_BYTES = 4096 };

/* What the file and the database each hold. */
typedef struct book {
    uint64_t instance; /* random, born with the file: tells copies of the database apart */
    uint32_t epoch;
    uint64_t reservations;
} book;

/* Counters under one key that are reserved and not used. */
typedef struct stock {
    int64_t tenant; /* 0 = empty */
    int64_t subject;
    uint32_t key_epoch;
    uint32_t next, end; /* running parts */
} stock;

struct mw_sender {
    mw_store *store;
    char path[PATH_MAX_BYTES];
    bool ready;
    book now;
    stock stock[MW_SENDER_CACHE];
};

mw_status mw_sender_new(mw_store *store, const char *path, mw_sender **out_sender) {
    if (strlen(path) >= PATH_MAX_BYTES)
        return MW_RANGE;
    if (sodium_init() < 0)
        return MW_IO;
    mw_sender *s = calloc(1, sizeof *s);
    if (s == NULL)
        return MW_NOMEM;
    s->store = store;
    snprintf(s->path, sizeof s->path, "%s", path);
    *out_sender = s;
    return MW_OK;
}

void mw_sender_free(mw_sender *s) {
    free(s);
}

/* ---- the two books ---- */

static void book_format(const book *b, char out[TEXT_MAX]) {
    snprintf(out, TEXT_MAX, "%s %016" PRIx64 " %" PRIu32 " %" PRIu64 "\n", magic, b->instance,
             b->epoch, b->reservations);
}

static mw_status book_parse(const char *text, book *out) {
    char word[8];
    book b;
    int end = 0;
    if (sscanf(text, "%7s %16" SCNx64 " %" SCNu32 " %" SCNu64 "\n%n", word, &b.instance, &b.epoch,
               &b.reservations, &end) != 4 ||
        end == 0 || text[end] != 0 || strcmp(word, magic) != 0 || b.epoch > MW_SENDER_EPOCH_MAX)
        return MW_CORRUPT;
    *out = b;
    return MW_OK;
}

static mw_status file_read(const mw_sender *s, book *out) {
    mw_buffer file;
    mw_buffer_init(&file, TEXT_MAX);
    mw_status status = mw_file_read(s->path, &file);
    if (status == MW_OK) {
        char text[TEXT_MAX + 1] = "";
        mw_slice view = mw_buffer_view(&file);
        mw_bytes_copy(text, view.p, view.n);
        status = strlen(text) == view.n ? book_parse(text, out) : MW_CORRUPT;
    } else if (status == MW_SPACE) {
        status = MW_CORRUPT;
    }
    mw_buffer_fini(&file);
    return status;
}

static mw_status file_write(const mw_sender *s, const book *b) {
    char text[TEXT_MAX];
    book_format(b, text);
    return mw_file_replace(s->path, mw_slice_of_str(text), 0600);
}

static mw_status database_read(const mw_sender *s, book *out) {
    char text[TEXT_MAX];
    MW_TRY(mw_store_meta_get(s->store, meta_name, (mw_span){(uint8_t *)text, sizeof text}));
    return book_parse(text, out);
}

/* Inside a transaction. */
static mw_status database_put(const mw_sender *s, const book *b) {
    char text[TEXT_MAX];
    book_format(b, text);
    return mw_store_meta_put(s->store, meta_name, text);
}

static mw_status undo(mw_store *store, mw_status why) {
    mw_status undone = mw_store_rollback(store);
    return undone == MW_OK ? why : undone;
}

static mw_status database_write(const mw_sender *s, const book *b) {
    MW_TRY(mw_store_begin(s->store));
    mw_status status = database_put(s, b);
    return status == MW_OK ? mw_store_commit(s->store) : undo(s->store, status);
}

/* ---- which epoch holds ---- */

/* The file first: a database that is lost between the two is older than the file. */
static mw_status adopt(mw_sender *s, const book *b) {
    if (b->epoch > MW_SENDER_EPOCH_MAX)
        return MW_LIMIT;
    MW_TRY(file_write(s, b));
    MW_TRY(database_write(s, b));
    s->now = *b;
    memset(s->stock, 0, sizeof s->stock);
    s->ready = true;
    return MW_OK;
}

static uint64_t larger(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

static mw_status raise_above(mw_sender *s, const book *file, const book *database) {
    uint32_t highest = (uint32_t)larger(file->epoch, database->epoch);
    book b = {.instance = file->instance,
              .epoch = highest + 1,
              .reservations = larger(file->reservations, database->reservations)};
    return adopt(s, &b);
}

static mw_status prepare(mw_sender *s) {
    book file = {0}, database = {0};
    mw_status f = file_read(s, &file), d = database_read(s, &database);
    if (f != MW_OK && f != MW_NOT_FOUND)
        return f;
    if (d != MW_OK && d != MW_NOT_FOUND)
        return d;
    if (f == MW_NOT_FOUND && d == MW_OK)
        return MW_STATE; /* nobody knows which counters were used */
    if (f == MW_NOT_FOUND) {
        book b = {0};
        randombytes_buf(&b.instance, sizeof b.instance);
        return adopt(s, &b);
    }
    bool same = d == MW_OK && file.instance == database.instance && file.epoch == database.epoch;
    if (!same || file.reservations > database.reservations)
        return raise_above(s, &file, &database);
    /* Equal, or a reservation was not used because the file did not learn of it any more. */
    s->now = database;
    s->ready = true;
    return MW_OK;
}

/* ---- counters ---- */

static mw_status reserve_in(mw_sender *s, const book *next, stock *want) {
    mw_store_counter c = {
        .tenant = want->tenant, .subject = want->subject, .key_epoch = want->key_epoch};
    mw_status status = mw_store_counter_get(s->store, c.tenant, c.subject, c.key_epoch, &c);
    if (status != MW_OK && status != MW_NOT_FOUND)
        return status;
    if (c.sender_epoch != s->now.epoch) {
        c.sender_epoch = s->now.epoch;
        c.reserved = 0;
    }
    if (c.reserved > MW_SENDER_RUNNING - MW_SENDER_STEP)
        return MW_LIMIT;
    want->next = c.reserved;
    c.reserved += MW_SENDER_STEP;
    want->end = c.reserved;
    MW_TRY(mw_store_counter_put(s->store, &c));
    return database_put(s, next);
}

static mw_status reserve(mw_sender *s, stock *want) {
    book next = s->now;
    next.reservations++;
    MW_TRY(mw_store_begin(s->store));
    mw_status status = reserve_in(s, &next, want);
    if (status != MW_OK)
        return undo(s->store, status);
    MW_TRY(mw_store_commit(s->store));
    s->now = next; /* also when the file fails: the database knows of it */
    return file_write(s, &next);
}

mw_status mw_sender_take(mw_sender *s, int64_t tenant, int64_t subject, uint32_t key_epoch,
                         uint32_t *out_counter) {
    if (!s->ready)
        MW_TRY(prepare(s));
    uint64_t hash =
        mw_mix64((uint64_t)subject ^ (uint64_t)tenant << 40 ^ (uint64_t)key_epoch << 52);
    stock *at = &s->stock[hash % MW_SENDER_CACHE];
    bool mine = at->tenant == tenant && at->subject == subject && at->key_epoch == key_epoch;
    if (!mine || at->next == at->end) {
        stock want = {.tenant = tenant, .subject = subject, .key_epoch = key_epoch};
        at->tenant = 0; /* what it held is skipped */
        mw_status status = reserve(s, &want);
        if (status == MW_LIMIT) { /* the running part is used up: all keys go on in a new epoch */
            MW_TRY(raise_above(s, &s->now, &s->now));
            status = reserve(s, &want);
        }
        MW_TRY(status);
        *at = want;
    }
    *out_counter = mw_sender_counter(s->now.epoch, at->next++);
    return MW_OK;
}

/* ---- for operators ---- */

mw_status mw_sender_look(mw_sender *s, mw_sender_report *out_report) {
    book file = {0}, database = {0};
    mw_status f = file_read(s, &file), d = database_read(s, &database);
    if (f != MW_OK && f != MW_NOT_FOUND)
        return f;
    if (d != MW_OK && d != MW_NOT_FOUND)
        return d;
    *out_report =
        (mw_sender_report){.file = f == MW_OK,
                           .database = d == MW_OK,
                           .file_epoch = file.epoch,
                           .database_epoch = database.epoch,
                           .file_reservations = file.reservations,
                           .database_reservations = database.reservations,
                           .same = f == MW_OK && d == MW_OK && file.instance == database.instance};
    return MW_OK;
}

mw_status mw_sender_raise(mw_sender *s, uint32_t to, uint32_t *out_epoch) {
    book file = {0}, database = {0};
    mw_status f = file_read(s, &file), d = database_read(s, &database);
    /* A file that is not ours any more is replaced: that is what an operator asks for. */
    if (f != MW_OK && f != MW_NOT_FOUND && f != MW_CORRUPT)
        return f;
    if (d != MW_OK && d != MW_NOT_FOUND)
        return d;
    uint32_t highest = (uint32_t)larger(f == MW_OK ? file.epoch : 0, database.epoch);
    if (to != 0 && to <= highest)
        return MW_RANGE;
    book b = {.epoch = to != 0 ? to : highest + 1,
              .reservations = larger(f == MW_OK ? file.reservations : 0, database.reservations)};
    if (f == MW_OK)
        b.instance = file.instance;
    else
        randombytes_buf(&b.instance, sizeof b.instance);
    MW_TRY(adopt(s, &b));
    *out_epoch = b.epoch;
    return MW_OK;
}
