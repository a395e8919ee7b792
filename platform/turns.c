/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/turns.h"

#include <stdlib.h>

#include "runtime/log.h"

enum { LOOK_MS = 10000, TELL_MS = 1000 };

struct mw_turns {
    mw_loop *loop;
    mw_timer *timer;
    mw_metric *longest, *worked, *count;
};

static void look(void *context) {
    mw_turns *t = context;
    mw_loop_longest l = mw_loop_longest_take(t->loop);
    int64_t ms = l.took.ns / (MW_NS_PER_S / 1000);
    mw_metric_set(t->longest, ms);
    mw_metric_set(t->worked, l.worked.ns / (MW_NS_PER_S / 1000));
    mw_metric_set(t->count, l.long_so_far);
    if (ms >= TELL_MS)
        mw_log(MW_LOG_WARN, "a turn took long", MW_S("step", l.name), MW_I("ms", ms));
}

mw_status mw_turns_new(mw_loop *loop, mw_metrics *metrics, mw_turns **out_turns) {
    mw_turns *t = calloc(1, sizeof *t);
    if (t == NULL)
        return MW_NOMEM;
    t->loop = loop;
    t->longest = mw_metrics_gauge(metrics, "mw_loop_turn_max_ms", NULL,
                                  "Longest turn of the loop of the last ten seconds");
    t->worked = mw_metrics_gauge(metrics, "mw_loop_turn_cpu_max_ms", NULL,
                                 "Most processor time of a turn of the last ten seconds");
    t->count = mw_metrics_gauge(metrics, "mw_loop_turns_long", NULL,
                                "Turns of the loop of over 100 ms since the start");
    mw_status s = mw_timer_new(loop, look, t, &t->timer);
    if (s != MW_OK) {
        free(t);
        return s;
    }
    mw_timer_start(t->timer, mw_dur_ms(LOOK_MS), mw_dur_ms(LOOK_MS));
    *out_turns = t;
    return MW_OK;
}

void mw_turns_free(mw_turns *t) {
    if (t == NULL)
        return;
    mw_timer_free(t->timer);
    free(t);
}
