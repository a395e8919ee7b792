/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/validation/channels.h"

#include <stdlib.h>
#include <string.h>

#include "platform/validation/correct.h"

typedef struct book_entry {
    int64_t tenant;
    uint8_t class;
    uint32_t number;
    mw_utc from, until; /* when it holds */
    mw_vee_book book;
} book_entry;

struct mw_channels {
    mw_store *store;
    mw_zones *zones;
    mw_channel_entry *slot; /* open addressing, never deleted from */
    size_t slots, n;
    book_entry book[MW_BOOKS_MAX];
    size_t books;
    uint32_t made; /* books since the start: their numbers */
    mw_vee_dated dated[MW_BOOK_ROWS_MAX];
};

mw_status mw_channels_new(mw_store *store, mw_zones *zones, mw_channels **out) {
    mw_channels *t = calloc(1, sizeof *t);
    if (t == NULL)
        return MW_NOMEM;
    t->store = store;
    t->zones = zones;
    *out = t;
    return MW_OK;
}

void mw_channels_free(mw_channels *t) {
    if (t == NULL)
        return;
    free(t->slot);
    free(t);
}

size_t mw_channels_slots(const mw_channels *t) {
    return t->slots;
}

mw_channel_entry *mw_channels_slot(mw_channels *t, size_t i) {
    return t->slot[i].c.channel != 0 ? &t->slot[i] : NULL;
}

static size_t place_of(const mw_channel_entry *slot, size_t slots, int64_t channel) {
    uint64_t h = (uint64_t)channel * UINT64_C(0x9e3779b97f4a7c15);
    size_t i = (size_t)(h >> 20) & (slots - 1);
    while (slot[i].c.channel != 0 && slot[i].c.channel != channel)
        i = (i + 1) & (slots - 1);
    return i;
}

static mw_status table_grow(mw_channels *t) {
    size_t slots = t->slots == 0 ? 1024 : t->slots * 2;
    mw_channel_entry *slot = calloc(slots, sizeof *slot);
    if (slot == NULL)
        return MW_NOMEM;
    for (size_t i = 0; i < t->slots; i++)
        if (t->slot[i].c.channel != 0)
            slot[place_of(slot, slots, t->slot[i].c.channel)] = t->slot[i];
    free(t->slot);
    t->slot = slot;
    t->slots = slots;
    return MW_OK;
}

static mw_status entry_of(mw_channels *t, int64_t tenant, int64_t channel, mw_channel_entry **out) {
    mw_channel_entry *e = t->slots == 0 ? NULL : &t->slot[place_of(t->slot, t->slots, channel)];
    if (e == NULL || e->c.channel == 0) {
        if (t->n * 4 >= t->slots * 3)
            MW_TRY(table_grow(t));
        e = &t->slot[place_of(t->slot, t->slots, channel)];
        *e = (mw_channel_entry){.c = {.tenant = tenant, .channel = channel},
                                .valued_to = MW_UTC_NONE,
                                .open_until = MW_UTC_NONE,
                                .closed_until = MW_UTC_NONE,
                                .check_at = MW_UTC_NONE,
                                .alive_at = MW_UTC_NONE};
        t->n++;
    }
    *out = e;
    return MW_OK;
}

/* --- loading --------------------------------------------------------------------------------- */

typedef struct page {
    mw_channels *t;
    int64_t last;
    uint32_t n;
} page;

static mw_status newest_take(void *ctx, const mw_store_channel_newest *row) {
    page *p = ctx;
    mw_channel_entry *e = NULL;
    p->last = row->channel;
    p->n++;
    MW_TRY(entry_of(p->t, row->tenant, row->channel, &e));
    e->c.device = row->device;
    if (!mw_utc_is_none(row->newest) &&
        (mw_utc_is_none(e->valued_to) || row->newest.us > e->valued_to.us))
        e->valued_to = row->newest;
    return MW_OK;
}

mw_status mw_channels_load(mw_channels *t) {
    page p = {.t = t, .n = 1};
    while (p.n > 0) {
        p.n = 0;
        MW_TRY(mw_store_channels_newest(t->store, p.last, MW_STORE_PAGE_MAX, newest_take, &p));
    }
    return MW_OK;
}

/* --- what is fixed --------------------------------------------------------------------------- */

mw_status mw_window_channel_read(mw_store *store, mw_zones *zones, int64_t tenant, int64_t channel,
                                 mw_window_channel *out) {
    mw_store_meter m;
    mw_vee_medium medium = MW_VEE_ELECTRICITY;
    MW_TRY(mw_store_meter_of_channel(store, tenant, channel, &m));
    mw_window_channel c = {.tenant = tenant,
                           .channel = channel,
                           .device = m.device.device,
                           .digits =
                               m.channel.register_digits == 0 ? 18 : m.channel.register_digits,
                           .medium = MW_VEE_MEDIA,
                           .scale = m.channel.scale,
                           .unit = m.channel.unit,
                           .grid_s = m.channel.grid_seconds,
                           .grid_offset_s = m.channel.grid_offset_s,
                           .installed = MW_UTC_NONE};
    c.digits = c.digits > 18 ? 18 : c.digits;
    mw_bytes_copy(c.obis, m.channel.obis, sizeof c.obis);
    if (mw_vee_medium_of(m.channel.medium, &medium) == MW_OK)
        c.medium = (uint8_t)medium;
    if (m.installation.channel != 0) {
        c.installed = m.installation.from;
        c.has_initial = m.installation.has_initial_value;
        c.initial = m.installation.initial_value;
    }
    if (m.usage_point.time_zone[0] != 0 && zones != NULL) {
        mw_status s = mw_zones_get(zones, m.usage_point.time_zone, &c.zone);
        if (s == MW_NOMEM || s == MW_IO)
            return s;
        if (s != MW_OK)
            c.zone = NULL; /* a zone that the system does not have: days of UTC */
    }
    MW_TRY(mw_store_vee_class_get(store, tenant, channel, &c.class));
    c.class = c.class < MW_VEE_CLASSES ? c.class : (uint8_t)MW_VEE_RESIDENTIAL;
    *out = c;
    return MW_OK;
}

static mw_status end_of_open(void *ctx, const mw_store_exception *row) {
    mw_utc *end = ctx;
    *end = mw_utc_is_none(*end) || row->to.us > end->us ? row->to : *end;
    return MW_OK;
}

/* --- the device ------------------------------------------------------------------------------ */

static mw_status around_take(void *ctx, const mw_store_channel_newest *row) {
    mw_channel_entry *e = ctx;
    if (row->channel != e->c.channel)
        e->around |= MW_AROUND_SIBLINGS;
    return MW_OK;
}

typedef struct configuration {
    mw_utc now;
    mw_store_device_config row;
    bool known, differs;
} configuration;

static mw_status config_take(void *ctx, const mw_store_device_config *row) {
    configuration *c = ctx;
    c->row = *row; /* ascending: the newest stays */
    c->known = true;
    return MW_OK;
}

/* The recorded text has words "key=value"; of those the meter told itself each must agree. */
static mw_status told_take(void *ctx, const mw_store_told *row) {
    configuration *c = ctx;
    for (const char *at = c->row.text; *at != 0;) {
        char *end = NULL;
        long long key = strtoll(at, &end, 10);
        if (end != at && *end == '=' && key == row->key && row->received.us >= c->row.from.us)
            c->differs = c->differs || strtoll(end + 1, NULL, 10) != row->value;
        at += strcspn(at, " \n");
        at += strspn(at, " \n");
    }
    return MW_OK;
}

/* What the meter itself said lately: its clock, its sensor, its configuration. */
static mw_status device_read(mw_channels *t, mw_channel_entry *e) {
    mw_store_device_state state;
    configuration c = {.known = false};
    e->around = 0;
    e->fatal = e->identity_differs = false;
    e->clock_offset_ms = 0;
    MW_TRY(mw_store_channels_of_device(t->store, e->c.tenant, e->c.device, around_take, e));
    if ((e->around & MW_AROUND_SIBLINGS) != 0 && e->c.obis[0] == 1 && e->c.obis[2] == 1)
        e->around |= MW_AROUND_ELECTRIC;
    mw_status s = mw_store_device_state_get(t->store, e->c.tenant, e->c.device, &state);
    if (s == MW_OK) {
        int64_t offset = state.has_clock_offset ? state.clock_offset_ms : 0;
        offset = offset > INT32_MAX ? INT32_MAX : offset < -INT32_MAX ? -INT32_MAX : offset;
        e->clock_offset_ms = (int32_t)offset;
        e->fatal = (state.status & (MW_STORE_STATUS_SENSOR | MW_STORE_STATUS_SENSOR << 16)) != 0;
    } else if (s != MW_NOT_FOUND) {
        return s;
    }
    MW_TRY(mw_store_device_configs(t->store, e->c.tenant, e->c.device, config_take, &c));
    if (c.known)
        MW_TRY(mw_store_told_list(t->store, e->c.tenant, e->c.device, told_take, &c));
    e->identity_differs = c.differs;
    return MW_OK;
}

static mw_status entry_read(mw_channels *t, mw_channel_entry *e) {
    mw_window_channel c;
    MW_TRY(mw_window_channel_read(t->store, t->zones, e->c.tenant, e->c.channel, &c));
    e->c = c;
    e->open_until = MW_UTC_NONE;
    mw_store_exception_query q = {
        .tenant = c.tenant, .channel = c.channel, .open_only = true, .limit = MW_STORE_PAGE_MAX};
    MW_TRY(mw_store_exceptions(t->store, &q, end_of_open, &e->open_until));
    MW_TRY(mw_closed_until(t->store, c.tenant, c.channel, &e->closed_until));
    MW_TRY(device_read(t, e));
    e->book = 0;
    e->known = true;
    return MW_OK;
}

mw_status mw_channels_get(mw_channels *t, int64_t tenant, int64_t channel, mw_channel_entry **out) {
    mw_channel_entry *e = NULL;
    MW_TRY(entry_of(t, tenant, channel, &e));
    if (e->c.tenant != tenant) /* a channel has one tenant; to others it does not exist */
        return MW_NOT_FOUND;
    if (!e->known)
        MW_TRY(entry_read(t, e));
    *out = e;
    return MW_OK;
}

void mw_channels_forget(mw_channels *t) {
    t->books = 0;
    for (size_t i = 0; i < t->slots; i++)
        t->slot[i].known = false;
}

void mw_channels_forget_one(mw_channels *t, int64_t channel) {
    if (t->slots == 0)
        return;
    mw_channel_entry *e = &t->slot[place_of(t->slot, t->slots, channel)];
    if (e->c.channel == channel)
        e->known = false;
}

/* --- books ----------------------------------------------------------------------------------- */

typedef struct settings_page {
    mw_vee_dated *row;
    size_t n;
} settings_page;

static mw_status setting_take(void *ctx, const mw_store_vee_setting *row) {
    settings_page *p = ctx;
    if (p->n == MW_BOOK_ROWS_MAX)
        return MW_LIMIT;
    mw_vee_dated *d = &p->row[p->n++];
    *d = (mw_vee_dated){.class = row->class == MW_STORE_ALL_CLASSES ? (uint8_t)MW_VEE_ALL_CLASSES
                                                                    : row->class,
                        .from = row->from,
                        .value = row->value};
    memcpy(d->name, row->name, sizeof d->name);
    return MW_OK;
}

mw_status mw_book_rows_read(mw_store *store, int64_t tenant, mw_vee_dated rows[MW_BOOK_ROWS_MAX],
                            size_t *out_n) {
    settings_page p = {.row = rows};
    MW_TRY(mw_store_vee_settings(store, tenant, setting_take, &p));
    *out_n = p.n;
    return MW_OK;
}

/* Between two dates on which some setting begins to hold nothing changes. */
static void span_of(const mw_vee_dated *row, size_t n, mw_utc at, mw_utc *out_from,
                    mw_utc *out_until) {
    *out_from = (mw_utc){INT64_MIN + 1};
    *out_until = (mw_utc){INT64_MAX};
    for (size_t i = 0; i < n; i++) {
        if (row[i].from.us <= at.us && row[i].from.us > out_from->us)
            *out_from = row[i].from;
        if (row[i].from.us > at.us && row[i].from.us < out_until->us)
            *out_until = row[i].from;
    }
}

static mw_status book_make(mw_channels *t, const mw_channel_entry *e, mw_utc at, book_entry *b) {
    size_t n = 0, unknown = 0;
    MW_TRY(mw_book_rows_read(t->store, e->c.tenant, t->dated, &n));
    MW_TRY(mw_vee_book_at(t->dated, n, (mw_vee_class)e->c.class, at, &b->book, &unknown));
    span_of(t->dated, n, at, &b->from, &b->until);
    b->tenant = e->c.tenant;
    b->class = e->c.class;
    b->number = ++t->made;
    return MW_OK;
}

mw_status mw_channels_book(mw_channels *t, mw_channel_entry *e, mw_utc at,
                           const mw_vee_book **out) {
    book_entry *b = NULL;
    for (size_t i = 0; i < t->books && b == NULL; i++) {
        book_entry *known = &t->book[i];
        if (known->tenant == e->c.tenant && known->class == e->c.class && known->from.us <= at.us &&
            at.us < known->until.us)
            b = known;
    }
    if (b == NULL) {
        b = &t->book[t->books == MW_BOOKS_MAX ? MW_BOOKS_MAX - 1 : t->books];
        MW_TRY(book_make(t, e, at, b));
        t->books += t->books < MW_BOOKS_MAX;
    }
    if (e->book != b->number) {
        e->screen = mw_screen_of(&b->book, &e->c);
        e->book = b->number;
    }
    *out = &b->book;
    return MW_OK;
}
