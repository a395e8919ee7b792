/* SPDX-License-Identifier: Apache-2.0
 *
 * The channels as validation knows them: what is fixed of each, how far its values reach, and
 * whether anything is open. One table in memory; everything in it can be read again from the store.
 */
#ifndef MW_PLATFORM_VALIDATION_CHANNELS_H
#define MW_PLATFORM_VALIDATION_CHANNELS_H

#include "platform/validation/screen.h"
#include "platform/vee/outage.h"

enum { MW_CHANNEL_STATIONS = 4, MW_BOOKS_MAX = 256, MW_BOOK_ROWS_MAX = 4096 };

/* What has to be looked at besides the channel's own values. */
enum {
    MW_AROUND_SIBLINGS = 1 << 0, /* its device has other channels */
    MW_AROUND_ELECTRIC = 1 << 1, /* and some of them tell reactive energy or phases */
};

typedef struct mw_channel_entry {
    mw_window_channel c; /* c.channel 0 = empty; the rest valid when known */
    bool known;
    bool watched;          /* not in order: has a row in the store */
    bool fatal;            /* the meter says that it is broken */
    bool identity_differs; /* what it tells of its configuration is not what is recorded */
    uint8_t around;
    int32_t clock_offset_ms; /* clamped */
    uint32_t book;           /* number of the book that the screen was made from, 0 = none */
    uint16_t station[MW_CHANNEL_STATIONS]; /* who heard it lately, newest first; 0 = none */
    mw_screen screen;
    mw_utc valued_to;    /* end of its newest value, MW_UTC_NONE = none */
    mw_utc open_until;   /* end of the last span with an open finding, or MW_UTC_NONE */
    mw_utc closed_until; /* end of its last closed span, MW_UTC_NONE = none */
    mw_utc check_at;     /* the watch looks at it again then */
    mw_utc alive_at;     /* newest hearing */
} mw_channel_entry;

typedef struct mw_channels mw_channels;

/* store and zones are borrowed. */
MW_NODISCARD mw_status mw_channels_new(mw_store *store, mw_zones *zones, mw_channels **out);
void mw_channels_free(mw_channels *t);
/* Every channel of the store with how far it is known. Also finds new ones when called again. */
MW_NODISCARD mw_status mw_channels_load(mw_channels *t);
/* The entry, with what is fixed of it read when it was not known. MW_NOT_FOUND. Pointers stay valid
 * until the next call that may add an entry. */
MW_NODISCARD mw_status mw_channels_get(mw_channels *t, int64_t tenant, int64_t channel,
                                       mw_channel_entry **out);
/* Drops what was read of master data and settings: they may have changed. */
void mw_channels_forget(mw_channels *t);
/* The same of one channel. */
void mw_channels_forget_one(mw_channels *t, int64_t channel);
/* The book that held for a channel at a moment, and e->screen made from it; the pointer is valid
 * until the next call. */
MW_NODISCARD mw_status mw_channels_book(mw_channels *t, mw_channel_entry *e, mw_utc at,
                                        const mw_vee_book **out);
/* All settings of a tenant as dated rows, for the dry run and the API. MW_LIMIT. */
MW_NODISCARD mw_status mw_book_rows_read(mw_store *store, int64_t tenant,
                                         mw_vee_dated rows[MW_BOOK_ROWS_MAX], size_t *out_n);
/* What is fixed of a channel, without the table. */
MW_NODISCARD mw_status mw_window_channel_read(mw_store *store, mw_zones *zones, int64_t tenant,
                                              int64_t channel, mw_window_channel *out);

/* Slot i of mw_channels_slots; NULL when it is empty. */
size_t mw_channels_slots(const mw_channels *t);
mw_channel_entry *mw_channels_slot(mw_channels *t, size_t i);

#endif
