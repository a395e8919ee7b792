/* SPDX-License-Identifier: Apache-2.0
 *
 * What a station looks at before it says that it works: at each start, and by `mw-station
 * self-test`.
 *
 *   disk          a file is written, synced, read and removed beside the spool; free space
 *   clock         a date that can be; synchronised, says the kernel
 *   receiver      a synthetic frame 3 dB above the noise goes through the real receiver
 *   token         the token file
 *   certificates  client certificate, its key and the authorities: readable, fitting, not near
 * expiry platform      reachable; by the command only, the daemon's routes find out for themselves
 */
#ifndef MW_STATION_SELFTEST_H
#define MW_STATION_SELFTEST_H

#include "runtime/json_writer.h"
#include "station/config.h"

#define MW_SELFTEST_MAX      8
#define MW_SELFTEST_NEAR     30 /* days before expiry when a certificate is warned of */
#define MW_SELFTEST_FREE_MIN (INT64_C(16) << 20)

typedef enum mw_selftest_result {
    MW_SELFTEST_OK,
    MW_SELFTEST_WARN,
    MW_SELFTEST_FAIL
} mw_selftest_result;

typedef struct mw_selftest_check {
    const char *name;
    mw_selftest_result result;
    char detail[160];
} mw_selftest_check;

typedef struct mw_selftest {
    mw_selftest_check checks[MW_SELFTEST_MAX];
    size_t n;
} mw_selftest;

/* town: the clock is a simulated one, which is not looked at. */
void mw_selftest_run(mw_selftest *t, const mw_station_config *config, bool town);
mw_selftest_result mw_selftest_worst(const mw_selftest *t);
const char *mw_selftest_word(mw_selftest_result r);
/* "checks":[{"name","result","detail"}...] as a member of an open object. */
void mw_selftest_json(const mw_selftest *t, mw_json *j);
/* `mw-station self-test`: prints all, the platform too. Exit status 0, 1 on a failure. */
int mw_selftest_main(const mw_station_config *config);
/* Clock as the kernel sees it, cheap: MW_SELFTEST_WARN when not synchronised, MW_SELFTEST_FAIL for
 * a date that cannot be. */
mw_selftest_result mw_selftest_clock(mw_utc now);

#endif
