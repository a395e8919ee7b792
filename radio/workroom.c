/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/workroom.h"

#include <stdlib.h>

mw_status mw_workroom_new(double rate, mw_workroom **out_room) {
    mw_workroom *w = calloc(1, sizeof *w);
    if (w == NULL)
        return MW_NOMEM;
    w->rate = rate;
    mw_status s = mw_detect_desk_new(&w->desk);
    if (s != MW_OK) {
        free(w);
        return s;
    }
    *out_room = w;
    return MW_OK;
}

void mw_workroom_free(mw_workroom *w) {
    if (w == NULL)
        return;
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++) {
        mw_cancel_free(w->cancel[i]);
        if (w->tools[i] != NULL)
            mw_candidate_tools_fini(w->tools[i]);
        free(w->tools[i]);
    }
    mw_detect_desk_free(w->desk);
    free(w);
}

mw_status mw_workroom_tools(mw_workroom *w, mw_unb_rate rate, mw_candidate_tools **out_tools) {
    if (w->tools[rate] == NULL) {
        mw_candidate_tools *t = calloc(1, sizeof *t);
        if (t == NULL)
            return MW_NOMEM;
        mw_status s = mw_candidate_tools_init(t, w->rate, mw_unb_rate_bd(rate), MW_WORKROOM_DRIFT);
        if (s != MW_OK) {
            mw_candidate_tools_fini(t);
            free(t);
            return s;
        }
        w->tools[rate] = t;
    }
    *out_tools = w->tools[rate];
    return MW_OK;
}

mw_status mw_workroom_cancel(mw_workroom *w, mw_unb_rate rate, mw_cancel **out_cancel) {
    mw_candidate_tools *tools;
    MW_TRY(mw_workroom_tools(w, rate, &tools));
    if (w->cancel[rate] == NULL)
        MW_TRY(mw_cancel_new(&tools->extract, &w->cancel[rate]));
    *out_cancel = w->cancel[rate];
    return MW_OK;
}

size_t mw_workroom_memory(const mw_workroom *w) {
    size_t bytes = sizeof *w + mw_detect_desk_memory(w->desk);
    for (unsigned i = 0; i < MW_UNB_RATE_COUNT; i++) {
        if (w->tools[i] != NULL)
            bytes += sizeof *w->tools[i] + w->tools[i]->extract.memory + mw_polar_list_memory();
        if (w->cancel[i] != NULL)
            bytes += mw_cancel_memory(w->cancel[i]);
    }
    return bytes;
}
