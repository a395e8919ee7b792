/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/electricity/supply.h"

enum { A = 1, B = 2, C = 4, D = 8, E = 16, F = 32, G = 64, H = 128 };

static const uint8_t ALLOWED[7] = {
    0,
    B | C | D | E | F | G,
    A | B | C | E | F | G,
    B | C | D | E | G,
    A | B | C | E | G,
    B | C | D | E | F | G | H,
    B | C | D | E | G | H,
};

static bool allows(const mw_electric_supply *r, uint8_t transition) {
    return (ALLOWED[r->mode] & transition) != 0;
}

mw_status mw_electric_supply_init(mw_electric_supply *r, uint8_t mode) {
    if (mode >= sizeof ALLOWED)
        return MW_RANGE;
    *r = (mw_electric_supply){.mode = mode, .state = MW_ELECTRIC_SUPPLY_ON};
    return MW_OK;
}

/* Reasons that hold keep an order from far or a press of the button from switching on. */
static bool blocked(const mw_electric_supply *r) {
    return (r->reasons & (uint8_t)~MW_ELECTRIC_SUPPLY_TRIABLE) != 0;
}

static void local_step(mw_electric_supply *r) {
    if (r->reasons != 0 && r->state == MW_ELECTRIC_SUPPLY_ON && allows(r, G)) {
        r->state = MW_ELECTRIC_SUPPLY_READY;
        r->local = true;
    } else if (r->reasons == 0 && r->state == MW_ELECTRIC_SUPPLY_READY && r->local &&
               allows(r, H)) {
        r->state = MW_ELECTRIC_SUPPLY_ON;
        r->local = false;
    }
}

mw_status mw_electric_supply_remote(mw_electric_supply *r, bool on) {
    if (!on) {
        if (r->mode == 0)
            return MW_FORBIDDEN;
        r->state = MW_ELECTRIC_SUPPLY_OFF;
        r->local = false;
        return MW_OK;
    }
    if (r->state != MW_ELECTRIC_SUPPLY_OFF)
        return r->state == MW_ELECTRIC_SUPPLY_ON || allows(r, D) ? MW_OK : MW_FORBIDDEN;
    if (allows(r, D)) {
        r->state = MW_ELECTRIC_SUPPLY_READY;
        return MW_OK;
    }
    if (blocked(r))
        return MW_FORBIDDEN;
    r->state = MW_ELECTRIC_SUPPLY_ON;
    r->reasons = 0;
    return MW_OK;
}

mw_status mw_electric_supply_manual(mw_electric_supply *r, bool on) {
    if (!on) {
        if (r->state != MW_ELECTRIC_SUPPLY_ON)
            return MW_OK;
        if (!allows(r, F))
            return MW_FORBIDDEN;
        r->state = MW_ELECTRIC_SUPPLY_READY;
        r->local = false;
        return MW_OK;
    }
    if (r->state == MW_ELECTRIC_SUPPLY_ON)
        return MW_OK;
    if (r->state != MW_ELECTRIC_SUPPLY_READY || !allows(r, E) || blocked(r))
        return MW_FORBIDDEN;
    r->state = MW_ELECTRIC_SUPPLY_ON;
    r->local = false;
    r->reasons = 0;
    return MW_OK;
}

bool mw_electric_supply_reason(mw_electric_supply *r, uint8_t reason, bool holds) {
    r->reasons = (uint8_t)(holds ? r->reasons | reason : r->reasons & ~reason);
    local_step(r);
    return r->state == MW_ELECTRIC_SUPPLY_ON;
}

void mw_electric_guard_init(mw_electric_guard *l, const mw_electric_guard_config *config) {
    *l = (mw_electric_guard){.config = *config};
}

int64_t mw_electric_guard_threshold(const mw_electric_guard *l) {
    return l->emergency ? l->config.emergency : l->config.normal;
}

static bool emergency_now(const mw_electric_guard_config *c, mw_utc utc) {
    bool member = false;
    for (unsigned i = 0; i < c->group_n && i < MW_ELECTRIC_GUARD_GROUPS; i++)
        member = member || c->groups[i] == c->emergency_id;
    return member && utc.us >= c->emergency_from.us &&
           utc.us - c->emergency_from.us < (int64_t)c->emergency_s * 1000000;
}

bool mw_electric_guard_step(mw_electric_guard *l, int64_t value, mw_mono now, mw_utc utc) {
    bool emergency = emergency_now(&l->config, utc);
    if (emergency != l->emergency) {
        l->emergency = emergency;
        l->timing = false; /* another threshold, another wait */
    }
    bool above = value > mw_electric_guard_threshold(l);
    if (above == l->over) {
        l->timing = false;
        return l->over;
    }
    if (!l->timing) {
        l->timing = true;
        l->since = now;
    }
    int64_t wait = above ? l->config.over_s : l->config.under_s;
    if (now.ns - l->since.ns >= wait * 1000000000) {
        l->over = above;
        l->timing = false;
    }
    return l->over;
}
