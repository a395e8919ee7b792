/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/kit/sealed.h"

#include "meters/kit/legal.h"
#include "protocols/smp/objects.h"

/* Records that stay free when a change is accepted: its end, and what a boot may find. */
#define KEPT_FREE 4

static mw_status note(mw_seal *s, const mw_sealed_at *at, mw_audit_record r) {
    if (mw_smp_seconds_of_utc(at->utc, &r.time_s) != MW_OK)
        r.time_s = 0;
    return mw_audit_append(&s->audit, at->flash, &r);
}

static mw_status value_note(mw_seal *s, const mw_sealed_at *at, mw_audit_kind kind,
                            const mw_sealed_value *v, int64_t before) {
    return note(s, at,
                (mw_audit_record){.kind = (uint8_t)kind,
                                  .index = v->index,
                                  .key = v->key,
                                  .before = before,
                                  .after = v->value});
}

typedef struct recorded {
    bool sealed, in_service;
    bool known[MW_SEALED_MAX];
    int64_t value[MW_SEALED_MAX];
} recorded;

static void record_take(recorded *k, mw_seal *s, const mw_sealed_row *row,
                        const mw_audit_record *r) {
    switch (r->kind) {
    case MW_AUDIT_SEALED:
        k->sealed = true;
        break;
    case MW_AUDIT_BEGUN:
        k->in_service = true;
        break;
    case MW_AUDIT_ENDED:
        k->in_service = false;
        break;
    case MW_AUDIT_SOFTWARE:
        s->software_told = (uint32_t)r->after;
        break;
    case MW_AUDIT_VALUE:
    case MW_AUDIT_CHANGED:
    case MW_AUDIT_FOUND:
        for (unsigned i = 0; i < row->n; i++)
            if (row->of[i].index == r->index && row->of[i].key == r->key) {
                k->known[i] = true;
                k->value[i] = r->after;
            }
        break;
    default:
        break;
    }
}

/* A full record stops nothing but changes. */
static mw_status unless_full(mw_status s) {
    return s == MW_SPACE ? MW_OK : s;
}

static mw_status software_note(mw_seal *s, const mw_sealed_at *at) {
    if (s->software == 0 || s->software == s->software_told)
        return MW_OK;
    MW_TRY(unless_full(note(s, at,
                            (mw_audit_record){.kind = MW_AUDIT_SOFTWARE,
                                              .key = MW_LEGAL_VERSION,
                                              .before = s->software_told,
                                              .after = s->software})));
    s->software_told = s->software;
    return MW_OK;
}

/* Each step only adds what is not there yet, so that a cut between two is made good. The seal comes
 * first: from then on no parameter moves unseen. */
static mw_status settle(mw_seal *s, const mw_sealed_at *at, const mw_sealed_row *row,
                        const recorded *k) {
    if (!k->sealed)
        MW_TRY(unless_full(note(s, at, (mw_audit_record){.kind = MW_AUDIT_SEALED})));
    for (unsigned i = 0; i < row->n; i++) {
        if (k->known[i] && k->value[i] == row->of[i].value)
            continue;
        mw_audit_kind kind = k->known[i] ? MW_AUDIT_FOUND : MW_AUDIT_VALUE;
        MW_TRY(unless_full(value_note(s, at, kind, &row->of[i], k->value[i])));
    }
    if (k->in_service)
        MW_TRY(unless_full(note(s, at, (mw_audit_record){.kind = MW_AUDIT_ENDED, .after = 1})));
    return software_note(s, at);
}

mw_status mw_sealed_mount(mw_seal *s, const mw_sealed_at *at, uint32_t first_sector,
                          uint32_t sectors, bool sealed, uint32_t software,
                          const mw_sealed_row *in_force) {
    *s = (mw_seal){.software = software};
    MW_TRY(mw_audit_mount(&s->audit, at->flash, first_sector, sectors));
    recorded k = {0};
    mw_audit_record r;
    uint32_t slot = 0, number;
    mw_status read;
    while ((read = mw_audit_next(&s->audit, at->flash, &slot, &r, &number)) == MW_OK)
        record_take(&k, s, in_force, &r);
    if (read != MW_NOT_FOUND)
        return read;
    if (!sealed && !k.sealed && !s->audit.damaged)
        return MW_OK;
    s->state = MW_SEAL_SEALED;
    return settle(s, at, in_force, &k);
}

mw_status mw_sealed_service_begin(mw_seal *s, const mw_sealed_at *at) {
    mw_sealed_step(s, at);
    if (s->state != MW_SEAL_SEALED)
        return MW_STATE;
    if (mw_audit_left(&s->audit) < KEPT_FREE)
        return MW_SPACE;
    MW_TRY(note(s, at, (mw_audit_record){.kind = MW_AUDIT_BEGUN, .after = MW_SEAL_SERVICE_S}));
    s->state = MW_SEAL_SERVICE;
    s->until = (mw_mono){at->now.ns + MW_SEAL_SERVICE_S * MW_NS_PER_S};
    return MW_OK;
}

static mw_status service_end(mw_seal *s, const mw_sealed_at *at, int64_t why) {
    s->state = MW_SEAL_SEALED;
    return note(s, at, (mw_audit_record){.kind = MW_AUDIT_ENDED, .after = why});
}

mw_status mw_sealed_service_end(mw_seal *s, const mw_sealed_at *at) {
    mw_sealed_step(s, at);
    return s->state == MW_SEAL_SERVICE ? service_end(s, at, 0) : MW_STATE;
}

void mw_sealed_step(mw_seal *s, const mw_sealed_at *at) {
    if (s->state == MW_SEAL_SERVICE && at->now.ns >= s->until.ns)
        (void)!service_end(s, at, 1);
}

mw_status mw_sealed_change(mw_seal *s, const mw_sealed_at *at, const mw_sealed_row *in_force,
                           const mw_sealed_row *next) {
    mw_sealed_step(s, at);
    uint32_t changes = 0;
    for (unsigned i = 0; i < next->n; i++)
        changes += in_force->of[i].value != next->of[i].value;
    if (changes == 0 || s->state == MW_SEAL_OPEN)
        return MW_OK;
    if (s->state != MW_SEAL_SERVICE)
        return MW_FORBIDDEN;
    if (mw_audit_left(&s->audit) < changes + KEPT_FREE)
        return MW_SPACE;
    for (unsigned i = 0; i < next->n; i++)
        if (in_force->of[i].value != next->of[i].value)
            MW_TRY(value_note(s, at, MW_AUDIT_CHANGED, &next->of[i], in_force->of[i].value));
    return MW_OK;
}
