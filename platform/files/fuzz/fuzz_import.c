/* SPDX-License-Identifier: Apache-2.0
 *
 * A mapping and a file, both hostile: the mapping ends at the first NUL, the file follows.
 */
#include "base/assert.h"
#include "platform/files/import.h"

static mw_status resolve(void *ctx, const char *serial, uint8_t channel, mw_import_channel *out,
                         char out_why[160]) {
    (void)ctx, (void)serial, (void)out_why;
    *out = (mw_import_channel){channel + 1, MW_UNIT_WH, 0};
    return channel < 4 ? MW_OK : MW_NOT_FOUND;
}

static mw_status meter(void *ctx, mw_slice json, bool dry, char out_why[160]) {
    (void)ctx, (void)dry, (void)out_why;
    mw_assert(json.n > 0 && json.n <= MW_IMPORT_METER_MAX);
    return MW_OK;
}

static mw_status interval(void *ctx, int64_t channel, mw_utc start, uint32_t seconds,
                          int64_t value) {
    (void)ctx, (void)start, (void)seconds, (void)value;
    mw_assert(channel > 0);
    return MW_OK;
}

static mw_status reading(void *ctx, int64_t channel, mw_utc at, int64_t value) {
    return interval(ctx, channel, at, 1, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
    static const mw_import_target target = {NULL, resolve, meter, interval, reading};
    static mw_zones *zones;
    static mw_import_report report;
    if (zones == NULL)
        mw_assert(mw_zones_open(NULL, &zones) == MW_OK);
    size_t split = 0;
    while (split < n && data[split] != 0)
        split++;
    static mw_mapping mapping;
    mw_json_error error;
    if (mw_mapping_decode((mw_slice){data, split}, &mapping, &error) != MW_OK) {
        mw_assert(error.text[0] != 0);
        return 0;
    }
    mw_slice file = split < n ? (mw_slice){data + split + 1, n - split - 1} : (mw_slice){0};
    mw_status s = mw_import_run(&mapping, file, zones, &target, false, &report);
    mw_assert(s == MW_OK || report.problem_count > 0 || s == MW_NOMEM);
    return 0;
}
