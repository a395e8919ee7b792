/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory store: saved filters, notes, who hears whom, what households hand in and ask for.
 */
#include <stdio.h>
#include <string.h>

#include "platform/store/memory_internal.h"

/* --- filters and notes ------------------------------------------------------------------------- */

static int filter_order(const void *pa, const void *pb) {
    const mw_mem_filter *a = pa, *b = pb;
    int c = MW_MEM_CMP(a->tenant, b->tenant);
    if (c == 0)
        c = strcmp(a->user, b->user);
    return c != 0 ? c : strcmp(a->row.name, b->row.name);
}

static mw_status filter_put(mw_store *s, int64_t tenant, const char *user, const mw_store_filter *f,
                            int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_filter own = {.tenant = tenant, .row = *f};
    int64_t others = 0, last = 0, same = 0;
    if (!m->in_transaction)
        return MW_STATE;
    (void)snprintf(own.user, sizeof own.user, "%s", user);
    MW_MEM_EACH(mw_mem_filter, o, m->now.saved) {
        bool of_user = o->tenant == tenant && strcmp(o->user, user) == 0;
        last = o->row.id > last ? o->row.id : last;
        others += of_user && strcmp(o->row.name, f->name) != 0;
        if (of_user && strcmp(o->row.name, f->name) == 0)
            same = o->row.id;
    }
    if (others >= MW_STORE_FILTERS_MAX)
        return MW_LIMIT;
    own.row.id = same != 0 ? same : last + 1;
    MW_TRY(mw_mem_put(m, &m->now.saved, &own, filter_order));
    *out_id = own.row.id;
    return MW_OK;
}

static mw_status filter_delete(mw_store *s, int64_t tenant, const char *user, int64_t id) {
    mw_mem *m = mw_mem_of(s);
    size_t before = m->now.saved.n;
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_DROP(mw_mem_filter, f, m->now.saved,
                f->tenant == tenant && strcmp(f->user, user) == 0 && f->row.id == id);
    return m->now.saved.n < before ? MW_OK : MW_NOT_FOUND;
}

static mw_status filters(mw_store *s, int64_t tenant, const char *user, mw_store_on_filter each,
                         void *ctx) {
    MW_MEM_EACH(mw_mem_filter, f, mw_mem_of(s)->now.saved)
    if (f->tenant == tenant && strcmp(f->user, user) == 0)
        MW_TRY(each(ctx, &f->row));
    return MW_OK;
}

static mw_status note_add(mw_store *s, int64_t tenant, int64_t device, const mw_store_note *n,
                          int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_note own = {.tenant = tenant, .device = device, .row = *n};
    own.row.id = (int64_t)m->now.noted.n + 1;
    MW_TRY(mw_mem_add(m, &m->now.noted, &own));
    *out_id = own.row.id;
    return MW_OK;
}

static mw_status notes(mw_store *s, int64_t tenant, int64_t device, int64_t before, uint32_t limit,
                       mw_store_on_note each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_mem_note, n, mw_mem_of(s)->now.noted)
    if (n->tenant == tenant && n->device == device && (before == 0 || n->row.id < before) &&
        limit > 0) {
        limit--;
        MW_TRY(each(ctx, &n->row));
    }
    return MW_OK;
}

/* --- who hears whom ---------------------------------------------------------------------------- */

static mw_status heard_put(mw_store *s, const mw_store_reception *r) {
    mw_mem *m = mw_mem_of(s);
    const mw_store_envelope *e = mw_mem_journal(m, r->journal);
    if (!m->in_transaction)
        return MW_STATE;
    if (e == NULL)
        return MW_OK;
    mw_mem_heard own = {.tenant = r->tenant,
                        .sender = e->sender,
                        .row = {.device = r->device,
                                .last = r->received,
                                .level_cdbm = r->level_cdbm,
                                .snr_cdb = r->snr_cdb}};
    MW_MEM_EACH(mw_mem_heard, h, m->now.hears)
    if (h->tenant == r->tenant && h->sender == e->sender && h->row.device == r->device) {
        if (r->received.us > h->row.last.us)
            *h = own;
        return MW_OK;
    }
    return mw_mem_add(m, &m->now.hears, &own);
}

/* a is behind b in the order of devices and names of senders. */
static bool heard_behind(const mw_store_heard_row *a, const mw_store_heard_row *b) {
    return a->device != b->device ? a->device > b->device : strcmp(a->sender, b->sender) > 0;
}

static mw_status heard(mw_store *s, int64_t tenant, int64_t device, mw_utc since,
                       mw_store_on_heard each, void *ctx) {
    mw_mem *m = mw_mem_of(s);
    mw_store_heard_row last = {.device = INT64_MIN};
    for (;;) {
        mw_store_heard_row next = {.device = INT64_MAX};
        MW_MEM_EACH(mw_mem_heard, h, m->now.hears) {
            const mw_mem_sender *sender = mw_mem_sender_find(m, h->sender);
            mw_store_heard_row row = h->row;
            if (sender == NULL || h->tenant != tenant || h->row.last.us < since.us ||
                (device != 0 && h->row.device != device))
                continue;
            memcpy(row.sender, sender->row.id, sizeof row.sender);
            if (heard_behind(&row, &last) && heard_behind(&next, &row))
                next = row;
        }
        if (next.device == INT64_MAX)
            return MW_OK;
        last = next;
        MW_TRY(each(ctx, &next));
    }
}

/* --- readings of customers --------------------------------------------------------------------- */

static mw_mem_handed *handed_find(mw_mem *m, int64_t tenant, int64_t id) {
    MW_MEM_EACH(mw_mem_handed, h, m->now.handed)
    if (h->row.tenant == tenant && h->row.id == id)
        return h;
    return NULL;
}

static mw_status handed_add(mw_store *s, const mw_store_handed *h, mw_slice photo,
                            int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_handed own = {.row = *h};
    if (!m->in_transaction)
        return MW_STATE;
    if (photo.n > MW_STORE_PHOTO_MAX)
        return MW_RANGE;
    own.row.id = (int64_t)m->now.handed.n + 1;
    own.row.state = MW_HANDED_WAITING;
    own.row.decided = MW_UTC_NONE;
    own.row.decided_by[0] = own.row.reason[0] = 0;
    own.row.photo_size = (int64_t)photo.n;
    own.photo = (mw_slice){mw_mem_keep(m, photo.p, photo.n), photo.n};
    MW_TRY(mw_mem_add(m, &m->now.handed, &own));
    *out_id = own.row.id;
    return MW_OK;
}

static mw_status handed_get(mw_store *s, int64_t tenant, int64_t id, mw_store_handed *out_handed) {
    const mw_mem_handed *h = handed_find(mw_mem_of(s), tenant, id);
    if (h == NULL)
        return MW_NOT_FOUND;
    *out_handed = h->row;
    return MW_OK;
}

static mw_status handed_list(mw_store *s, int64_t tenant, int64_t channel, int state,
                             int64_t before, uint32_t limit, mw_store_on_handed each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH_BACK(mw_mem_handed, h, mw_mem_of(s)->now.handed)
    if (h->row.tenant == tenant && (channel == 0 || h->row.channel == channel) &&
        (state < 0 || (int)h->row.state == state) && (before == 0 || h->row.id < before) &&
        limit > 0) {
        limit--;
        MW_TRY(each(ctx, &h->row));
    }
    return MW_OK;
}

static mw_status handed_photo(mw_store *s, int64_t tenant, int64_t id, mw_span room,
                              size_t *out_n) {
    const mw_mem_handed *h = handed_find(mw_mem_of(s), tenant, id);
    if (h == NULL || h->photo.n == 0)
        return MW_NOT_FOUND;
    MW_TRY(mw_span_copy(room, h->photo));
    *out_n = h->photo.n;
    return MW_OK;
}

static mw_status handed_decide(mw_store *s, const mw_store_handed *row) {
    mw_mem *m = mw_mem_of(s);
    mw_mem_handed *h = handed_find(m, row->tenant, row->id);
    if (!m->in_transaction)
        return MW_STATE;
    if (h == NULL || h->row.state != MW_HANDED_WAITING)
        return MW_CONFLICT;
    h->row.state = row->state;
    h->row.decided = row->decided;
    memcpy(h->row.decided_by, row->decided_by, sizeof h->row.decided_by);
    memcpy(h->row.reason, row->reason, sizeof h->row.reason);
    return MW_OK;
}

static mw_status handed_count(mw_store *s, int64_t tenant, const char *who, mw_utc since,
                              int64_t *out_n) {
    *out_n = 0;
    MW_MEM_EACH(mw_mem_handed, h, mw_mem_of(s)->now.handed)
    *out_n += h->row.tenant == tenant && strcmp(h->row.who, who) == 0 && h->row.sent.us >= since.us;
    return MW_OK;
}

/* --- absence ----------------------------------------------------------------------------------- */

static mw_status watch_add(mw_store *s, const mw_store_watch *w, int64_t *out_id) {
    mw_mem *m = mw_mem_of(s);
    mw_store_watch own = *w;
    own.id = (int64_t)m->now.absences.n + 1;
    own.told = own.flow_at = own.ended = MW_UTC_NONE;
    own.flow = 0;
    MW_TRY(mw_mem_add(m, &m->now.absences, &own));
    *out_id = own.id;
    return MW_OK;
}

static mw_status watches(mw_store *s, int64_t tenant, int64_t channel, const char *who,
                         mw_store_on_watch each, void *ctx) {
    unsigned n = 0;
    MW_MEM_EACH_BACK(mw_store_watch, w, mw_mem_of(s)->now.absences)
    if (w->tenant == tenant && w->channel == channel && strcmp(w->who, who) == 0 && n++ < 50)
        MW_TRY(each(ctx, w));
    return MW_OK;
}

static mw_status watches_due(mw_store *s, mw_utc now, int64_t after, uint32_t limit,
                             mw_store_on_watch each, void *ctx) {
    if (!mw_mem_limit_ok(limit))
        return MW_RANGE;
    MW_MEM_EACH(mw_store_watch, w, mw_mem_of(s)->now.absences)
    if (mw_utc_is_none(w->ended) && w->from.us <= now.us && w->id > after && limit > 0) {
        limit--;
        MW_TRY(each(ctx, w));
    }
    return MW_OK;
}

static mw_status watch_tell(mw_store *s, int64_t tenant, int64_t id, mw_utc told, mw_utc flow_at,
                            int64_t flow) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_store_watch, w, m->now.absences)
    if (w->tenant == tenant && w->id == id && mw_utc_is_none(w->told)) {
        w->told = told;
        w->flow_at = flow_at;
        w->flow = flow;
    }
    return MW_OK;
}

static mw_status watch_end(mw_store *s, int64_t tenant, int64_t id, const char *who, mw_utc at) {
    mw_mem *m = mw_mem_of(s);
    if (!m->in_transaction)
        return MW_STATE;
    MW_MEM_EACH(mw_store_watch, w, m->now.absences)
    if (w->tenant == tenant && w->id == id && mw_utc_is_none(w->ended) &&
        (who == NULL || strcmp(w->who, who) == 0)) {
        w->ended = at;
        return MW_OK;
    }
    return MW_NOT_FOUND;
}

void mw_mem_console_ops(mw_store_ops *ops) {
    ops->filter_put = filter_put;
    ops->filter_delete = filter_delete;
    ops->filters = filters;
    ops->note_add = note_add;
    ops->notes = notes;
    ops->heard_put = heard_put;
    ops->heard = heard;
    ops->handed_add = handed_add;
    ops->handed_get = handed_get;
    ops->handed_list = handed_list;
    ops->handed_photo = handed_photo;
    ops->handed_decide = handed_decide;
    ops->handed_count = handed_count;
    ops->watch_add = watch_add;
    ops->watches = watches;
    ops->watches_due = watches_due;
    ops->watch_tell = watch_tell;
    ops->watch_end = watch_end;
}
