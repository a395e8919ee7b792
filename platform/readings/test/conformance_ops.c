/* SPDX-License-Identifier: Apache-2.0
 *
 * Which operations the suite has asked of the model: a table of operations laid over the model's own,
 * which notes each call that the suite makes (not those that the model makes of itself).
 */
#include <string.h>

#include "platform/readings/test/conformance.h"
#include "platform/readings/test/conformance_rows.h"

enum {
#define X(name, parameters, arguments) OP_##name,
    MW_STORE_OPS(X)
#undef X
        OPS,
};

static const char *const names[OPS] = {
#define X(name, parameters, arguments) #name,
    MW_STORE_OPS(X)
#undef X
};

static const mw_store_ops *under; /* the model's own; the suite has one model at a time */
static bool asked[OPS], lacking[OPS];
static unsigned depth;

#define X(name, parameters, arguments)                                                             \
    static mw_status noted_##name parameters {                                                     \
        asked[OP_##name] = asked[OP_##name] || depth == 0;                                         \
        depth++;                                                                                   \
        mw_status status = under->name arguments;                                                  \
        depth--;                                                                                   \
        lacking[OP_##name] = lacking[OP_##name] || status == MW_UNSUPPORTED;                       \
        return status;                                                                             \
    }
MW_STORE_OPS(X)
#undef X

static void noted_close(mw_store *s) {
    s->ops = under;
    under->close(s);
}

void mw_conformance_note(mw_store *model) {
    static const mw_store_ops noted = {
#define X(name, parameters, arguments) .name = noted_##name,
        MW_STORE_OPS(X)
#undef X
            .close = noted_close};
    under = model->ops;
    model->ops = &noted;
}

void mw_conformance_all_asked(const char *const *except, size_t n) {
    bool all = true;
    for (size_t i = 0; i < OPS; i++) {
        bool excused = false;
        for (size_t k = 0; k < n; k++)
            excused = excused || strcmp(names[i], except[k]) == 0;
        if (excused != (!asked[i] || lacking[i])) {
            print_error("%s: %s\n", names[i],
                        excused      ? "held to the model after all"
                        : lacking[i] ? "not kept by the model"
                                     : "never asked");
            all = false;
        }
    }
    MW_CHECK(all);
}
