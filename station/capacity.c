/* SPDX-License-Identifier: Apache-2.0 */
#include "station/capacity.h"

#include <stdlib.h>

#include "protocols/smp/frame.h"
#include "station/schedule.h"

#define HOUR_US (INT64_C(3600) * MW_US_PER_S)
/* Sensitivity of a meter's receiver: Es/N0 at 10 % packet error and its noise figure. */
#define METER_ES_N0_DB (-1.0)
#define METER_NF_DB    7.0
#define METERS_DEFAULT 300000u

uint32_t mw_capacity_frames_per_hour(const mw_unb_plan *plan, unsigned band, mw_unb_rate rate,
                                     mw_unb_size size) {
    if (!mw_unb_allowed(rate, size) || (plan->band[band].rates >> rate & 1) == 0)
        return 0;
    int64_t length = (mw_unb_airtime(rate, size).ns + 999) / 1000;
    int64_t by_duty = mw_airtime_budget_us(plan, band) / length;
    int64_t by_air = HOUR_US / (length + MW_SCHEDULE_GUARD_US);
    return (uint32_t)(by_duty < by_air ? by_duty : by_air);
}

uint32_t mw_capacity_frames_of(mw_unb_size size, uint32_t n, uint32_t header) {
    uint32_t room =
        (uint32_t)mw_smp_frame_room(mw_unb_layout_of(size)->payload_bytes, MW_SMP_DOWN, false);
    return room <= header ? 0 : (n + room - header - 1) / (room - header);
}

double mw_capacity_hours(uint64_t frames, uint32_t frames_per_hour) {
    return frames_per_hour == 0 ? 0 : (double)frames / frames_per_hour;
}

static void print_hours(FILE *out, uint64_t frames, uint32_t per_hour) {
    double h = mw_capacity_hours(frames, per_hour);
    if (frames == 0 || per_hour == 0)
        fprintf(out, " %12s", "-");
    else if (h < 1.0 / 60)
        fprintf(out, " %10.1f s", h * 3600);
    else if (h < 1)
        fprintf(out, " %8.1f min", h * 60);
    else if (h < 1000)
        fprintf(out, " %10.1f h", h);
    else
        fprintf(out, " %10.1f d", h / 24);
}

typedef struct job {
    const char *what;
    uint32_t bytes, header, copies;
    bool each; /* to every meter for itself */
    uint32_t repair_pct;
} job;

static void print_job(const mw_unb_plan *plan, unsigned band, const job *j, uint64_t meters,
                      FILE *out) {
    fprintf(out, "%-46s", j->what);
    for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++) {
        for (unsigned size = MW_UNB_M; size <= MW_UNB_L; size++) {
            uint64_t frames = mw_capacity_frames_of((mw_unb_size)size, j->bytes, j->header);
            frames = frames * j->copies * (100 + j->repair_pct) / 100 * (j->each ? meters : 1);
            if (!mw_unb_allowed((mw_unb_rate)rate, (mw_unb_size)size))
                continue;
            print_hours(
                out, frames,
                mw_capacity_frames_per_hour(plan, band, (mw_unb_rate)rate, (mw_unb_size)size));
        }
    }
    fputc('\n', out);
}

static void print_band(const mw_unb_plan *plan, unsigned band, uint64_t meters, FILE *out) {
    static const job jobs[] = {
        {"a command to every meter", 15, 0, 1, true, 0},
        {"time to every meter, each its own answer", 9, 0, 1, true, 0},
        {"time to all, a beacon", 9, 0, 1, false, 0},
        {"tariff schedule, 180 bytes, each its own", MW_CAPACITY_TARIFF_BYTES, 2, 1, true, 0},
        {"tariff schedule, changes only, each its own", MW_CAPACITY_DELTA_BYTES, 2, 1, true, 0},
        {"tariff schedule to a group", MW_CAPACITY_TARIFF_BYTES, 2, MW_CAPACITY_GROUP_COPIES, false,
         0},
        {"tariff schedule, changes only, to a group", MW_CAPACITY_DELTA_BYTES, 2,
         MW_CAPACITY_GROUP_COPIES, false, 0},
        {"64 kB of firmware to a group", MW_CAPACITY_FIRMWARE_BYTES, MW_CAPACITY_BLOCK_HEADER, 1,
         false, MW_CAPACITY_REPAIR_PCT},
    };
    const mw_unb_band *b = &plan->band[band];
    fprintf(out, "Sub-band %s, %.3f to %.3f MHz, %.2f %% of each hour, at most %.2f dBm ERP\n\n",
            b->name, (double)b->low.mhz / 1e9, (double)b->high.mhz / 1e9, b->duty_ppm / 1e4,
            b->erp.cdbm / 100.0);
    fprintf(out, "%-46s", "rate, size");
    for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++)
        for (unsigned size = MW_UNB_M; size <= MW_UNB_L; size++)
            if (mw_unb_allowed((mw_unb_rate)rate, (mw_unb_size)size))
                fprintf(out, " %9s %s", mw_unb_rate_name((mw_unb_rate)rate),
                        size == MW_UNB_M ? "M " : "L ");
    fprintf(out, "\n%-46s", "frames an hour");
    for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++)
        for (unsigned size = MW_UNB_M; size <= MW_UNB_L; size++)
            if (mw_unb_allowed((mw_unb_rate)rate, (mw_unb_size)size))
                fprintf(out, " %12u",
                        (unsigned)mw_capacity_frames_per_hour(plan, band, (mw_unb_rate)rate,
                                                              (mw_unb_size)size));
    fputc('\n', out);
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++)
        print_job(plan, band, &jobs[i], meters, out);
    static const double powers_cdbm[] = {1398, 2000, 2699};
    for (unsigned p = 0; p < 3; p++) {
        if (powers_cdbm[p] > b->erp.cdbm)
            continue;
        fprintf(out, "path loss that %5.2f dBm ERP bridges, dB %*s", powers_cdbm[p] / 100, 5, "");
        for (unsigned rate = 0; rate < MW_UNB_RATE_COUNT; rate++) {
            double floor_dbm = -174 + METER_NF_DB + METER_ES_N0_DB;
            for (unsigned bd = mw_unb_rate_bd((mw_unb_rate)rate); bd > 50; bd /= 8)
                floor_dbm += 9.03;
            fprintf(out, rate == 0 ? " %12.1f" : " %12.1f             ",
                    powers_cdbm[p] / 100 - (floor_dbm + 16.99));
        }
        fputc('\n', out);
    }
    fputc('\n', out);
}

void mw_capacity_print(const mw_unb_plan *plan, uint64_t meters, FILE *out) {
    fprintf(
        out,
        "What the downlink of plan %s carries, %llu meters. Times are what the duty needs with one "
        "transmitter;\na power changes the reach and not the number of frames. A meter's receiver "
        "is taken with a noise figure of %.0f dB.\n\n",
        plan->name, (unsigned long long)meters, METER_NF_DB);
    for (unsigned i = 0; i < plan->bands; i++)
        if (plan->band[i].direction == MW_UNB_DOWN)
            print_band(plan, i, meters, out);
}

int mw_capacity_main(int argc, char **argv) {
    const mw_unb_plan *plan = NULL;
    char *end = NULL;
    const char *name = argc > 1 ? argv[1] : "eu868";
    unsigned long long meters = argc > 2 ? strtoull(argv[2], &end, 10) : METERS_DEFAULT;
    if (argc > 3 || (end != NULL && *end != 0) || meters == 0 || meters > 100000000 ||
        mw_unb_plan_find(name, &plan) != MW_OK) {
        (void)fprintf(stderr,
                      "usage: mw-station capacity [PLAN [METERS]]   PLAN: eu868, eu434, demo\n");
        return 2;
    }
    mw_capacity_print(plan, meters, stdout);
    return 0;
}
