/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "platform/api/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_slice in = {data, size};
    int64_t day = 0;
    uint64_t identity = 0;
    uint8_t number = 0;
    static uint8_t out[4096];
    if (mw_api_parse_date(in, &day) == MW_OK && (day < 0 || day > 84738))
        abort(); /* outside 1970..2200 */
    if (mw_api_parse_meter(in, &identity, &number) == MW_OK) {
        mw_store_meter m = {.device = {.identity = identity}, .channel = {.number = number}};
        char text[MW_API_METER_ID_MAX];
        mw_api_meter_id(&m, text);
        if (!mw_slice_equal(mw_slice_of_str(text), in))
            abort(); /* two spellings of one channel */
    }
    /* A cell never starts a formula and keeps its quotes in pairs. */
    mw_writer w = mw_writer_of(MW_SPAN_OF(out));
    mw_csv_text(&w, in, 1000);
    if (w.status != MW_OK)
        abort();
    size_t quotes = 0;
    for (size_t i = 0; i < w.at; i++)
        quotes += out[i] == '"';
    if (quotes % 2 != 0)
        abort();
    if (w.at > 0 && (out[0] == '=' || out[0] == '+' || out[0] == '-' || out[0] == '@'))
        abort();
    return 0;
}
