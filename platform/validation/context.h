/* SPDX-License-Identifier: Apache-2.0
 *
 * What is around a channel: the other channels of its device (V17, V18), what the meter says of its
 * clock and configuration (V01, V02), and where else its values can be drawn from: check meters,
 * balances of nodes, operational systems, temperatures, profiles of classes (E1, E2, E3, E6, E7).
 *
 * A sibling's hole counts only a day after: reports of one device come apart. What is held to be
 * missing therefore depends on values, not on when a report was looked at.
 */
#ifndef MW_PLATFORM_VALIDATION_CONTEXT_H
#define MW_PLATFORM_VALIDATION_CONTEXT_H

#include "platform/validation/channels.h"
#include "platform/vee/estimate.h"

enum {
    MW_CONTEXT_FLOWS_MAX = 16, /* into and out of a node, each */
    MW_CONTEXT_PATIENCE_S = 86400,
    MW_CONTEXT_SIBLING_DAYS = 31, /* a sibling that reported nothing so long is gone, not missing */
};

typedef struct mw_context_flow {
    int64_t *value;
    uint32_t *flags;
    uint32_t *covered; /* seconds, while reading */
} mw_context_flow;

typedef struct mw_context {
    uint32_t room; /* cells of every array */
    mw_context_flow sibling[MW_VEE_SIBLINGS_MAX];
    mw_context_flow around[2 + 2 * MW_CONTEXT_FLOWS_MAX]; /* check, inferred, ins, outs */
    int64_t *reactive;
    mw_vee_phases *phases;
    /* Out: only what was found is set; arrays as long as the window. */
    mw_vee_series series; /* clock, identity, siblings, reactive, phases */
    mw_vee_source source; /* flows and profile */
    mw_vee_flow in[MW_CONTEXT_FLOWS_MAX], out[MW_CONTEXT_FLOWS_MAX];
    mw_vee_profile profile;
    int64_t weight[3][1440];
    mw_store_profile found; /* the profile as it is stored, while it is looked for */
    bool has_profile;
} mw_context;

/* Zeroed is ready. */
void mw_context_fini(mw_context *x);
/* What rules look at. known_to: how far the channel's own values reach. */
MW_NODISCARD mw_status mw_context_rules(mw_context *x, mw_store *store, const mw_channel_entry *e,
                                        const mw_window *w, mw_utc known_to);
/* What estimators draw on; sets the temperatures of the window's days. After mw_window_days. */
MW_NODISCARD mw_status mw_context_sources(mw_context *x, mw_store *store,
                                          const mw_window_channel *c, mw_window *w);
/* Whether a sibling that should have values has none in [from, to) of the window. */
bool mw_context_sibling_missing(const mw_context *x, const mw_window *w, uint32_t from,
                                uint32_t to);
/* A month of the class's profile in the channel's unit, its weights taken as Wh or L of an average
 * customer; -1 = no profile. `first` and `end` are local days. */
MW_NODISCARD mw_status mw_context_month(mw_store *store, const mw_window_channel *c, mw_utc at,
                                        int64_t first, int64_t end, int64_t *out_use);

#endif
