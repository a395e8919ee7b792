/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/open_plan.h"

#include <string.h>

#include "runtime/file.h"
#include "runtime/log.h"

static mw_status file_read(const char *path, mw_unb_plan *out_plan) {
    mw_buffer text;
    mw_unb_plan_fault fault = {.text = "the file cannot be read"};
    mw_buffer_init(&text, MW_UNB_PLAN_TEXT_MAX);
    mw_status s = mw_file_read(path, &text);
    if (s == MW_OK)
        s = mw_unb_plan_parse(mw_buffer_view(&text), &fault, out_plan);
    mw_buffer_fini(&text);
    if (s != MW_OK)
        mw_log(MW_LOG_ERROR, "no usable frequency plan", MW_S("commands.plan", path),
               MW_I("line", fault.line), MW_S("why", fault.text));
    return s;
}

mw_status mw_platform_open_plan(const char *words, mw_unb_plan *out_plan) {
    const mw_unb_plan *built_in;
    if (strncmp(words, "file:", 5) == 0)
        return file_read(words + 5, out_plan);
    mw_status s = mw_unb_plan_find(words, &built_in);
    if (s == MW_OK)
        *out_plan = *built_in;
    else
        mw_log(MW_LOG_ERROR, "no such frequency plan", MW_S("commands.plan", words));
    return s;
}
