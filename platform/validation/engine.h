/* SPDX-License-Identifier: Apache-2.0
 *
 * Validation as the platform runs it: the pipeline behind folding and the watch over all meters,
 * step by step, each step bounded. Also what people do: verdicts, edits, settings, closings.
 */
#ifndef MW_PLATFORM_VALIDATION_ENGINE_H
#define MW_PLATFORM_VALIDATION_ENGINE_H

#include "platform/validation/correct.h"
#include "platform/validation/pipeline.h"
#include "platform/validation/watch.h"

enum {
    MW_ENGINE_NOTICES_MAX = 256,
    MW_ENGINE_ASKS_MAX = 256
}; /* told after one step; more are alarms all the same */

typedef struct mw_engine mw_engine;

typedef struct mw_engine_options {
    mw_store *store;
    mw_zones *zones;
    mw_vigil_hooks hooks; /* told and asked after the commit that gave the reason, outside of it */
    uint32_t changes;     /* of a step, 1..MW_PIPELINE_CHANGES_MAX */
    uint32_t looks;       /* meters of a step of the watch */
} mw_engine_options;

typedef struct mw_engine_step {
    mw_pipeline_turn pipeline;
    mw_vigil_turn watch;
    bool more; /* another step has something to do at once */
} mw_engine_step;

/* The options' store and zones are borrowed. */
MW_NODISCARD mw_status mw_engine_open(const mw_engine_options *o, mw_engine **out_engine);
void mw_engine_close(mw_engine *e);
/* What one turn takes from now on, as in the options: at least 1 each. */
void mw_engine_limit(mw_engine *e, uint32_t changes, uint32_t looks);
/* What arrived is validated; with `watch` also a part of the round over all meters. */
MW_NODISCARD mw_status mw_engine_run(mw_engine *e, mw_utc now, bool watch,
                                     mw_engine_step *out_step);

/* What the watch knows of stations and hearings (watch.h). */
MW_NODISCARD mw_status mw_engine_stations(const mw_engine *e, mw_vigil_on_station each, void *ctx);
void mw_engine_hearing(mw_engine *e, int64_t device, mw_utc *out_last, bool *out_failed);

/* --- people ---------------------------------------------------------------------------------- */

typedef struct mw_engine_person {
    int64_t tenant;
    const char *login; /* who */
    const char *text;  /* why, not empty */
    mw_utc now;
} mw_engine_person;

/* Judges the values of a finding or span and everything that hangs on it. Closes the finding
 * (exception 0 = none). MW_NOT_FOUND, MW_RANGE: an empty span or no reason given. */
MW_NODISCARD mw_status mw_engine_verdict(mw_engine *e, const mw_engine_person *who, int64_t channel,
                                         mw_utc from, mw_utc to, mw_store_verdict_kind kind,
                                         int64_t exception);
/* Sets the final value of each interval of a span: n values on the meter's grid from `from`.
 * MW_RANGE: n is not 1..1440 or the span leaves its UTC day. */
MW_NODISCARD mw_status mw_engine_edit(mw_engine *e, const mw_engine_person *who, int64_t channel,
                                      mw_utc from, const int64_t *value, size_t n,
                                      int64_t exception);
/* Gives the edited span back to what was measured and estimated. */
MW_NODISCARD mw_status mw_engine_unedit(mw_engine *e, const mw_engine_person *who, int64_t channel,
                                        mw_utc from, mw_utc to);
/* One setting from a moment on. MW_NOT_FOUND: no such key; MW_RANGE: its limits, or the book would
 * contradict itself on some day. */
MW_NODISCARD mw_status mw_engine_setting(mw_engine *e, const mw_engine_person *who,
                                         const mw_vee_dated *setting);
/* The class of a channel: which thresholds, prices and profile hold for it from now on. */
MW_NODISCARD mw_status mw_engine_class(mw_engine *e, const mw_engine_person *who, int64_t channel,
                                       mw_vee_class class);
/* Adds or drops another source of a channel's values. MW_NOT_FOUND: no such channel, or nothing to
 * drop; MW_RANGE. */
MW_NODISCARD mw_status mw_engine_source(mw_engine *e, const mw_engine_person *who,
                                        const mw_store_source *source, bool drop);
/* What a device is configured to, as recorded: words "key=value". Where the meter tells another
 * value of a recorded key, V02 finds it. */
MW_NODISCARD mw_status mw_engine_config(mw_engine *e, const mw_engine_person *who, int64_t channel,
                                        const mw_store_device_config *config);
/* The profile of a class from a moment on. */
MW_NODISCARD mw_status mw_engine_profile(mw_engine *e, const mw_engine_person *who,
                                         const mw_store_profile *profile);
/* Closes [from, to) of one channel for billing. */
MW_NODISCARD mw_status mw_engine_closing(mw_engine *e, const mw_engine_person *who, int64_t channel,
                                         mw_utc from, mw_utc to, mw_closing *out_closing);

#endif
