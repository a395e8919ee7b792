/* SPDX-License-Identifier: Apache-2.0
 *
 * Test tool: what a meter would send. Prints the sealed frame of one day object in hexadecimal.
 *
 *   seal MASTER DEVICE ADDRESS EPOCH COUNTER CHANNEL GRID END REGISTER SIZE VALUES [MORE...]
 *
 * MORE: status=NUMBER of the day object; clock=RFC3339, a health object with the meter's clock;
 * config=KEY=VALUE, a configuration object.
 *
 * MASTER and DEVICE in hexadecimal, GRID in quarters of an hour, END an RFC 3339 time on the grid,
 * VALUES separated by commas (the last one ends at END).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/keys.h"
#include "protocols/smp/day.h"
#include "protocols/smp/frame.h"
#include "protocols/smp/objects.h"

static mw_status read_key(const char *master, const char *device, uint32_t epoch, mw_key *out) {
    mw_key key;
    mw_device_id id;
    if (strlen(master) != 32 || strlen(device) != 16)
        return MW_SYNTAX;
    MW_TRY(mw_hex_decode(mw_slice_of_str(master), MW_SPAN_OF(key.b)));
    MW_TRY(mw_hex_decode(mw_slice_of_str(device), MW_SPAN_OF(id.b)));
    return mw_key_derive_device(&mw_crypto_own, &key, &id, epoch, MW_KEY_UP, out);
}

static mw_status read_day(char **argv, mw_smp_day *day) {
    mw_utc end;
    *day = (mw_smp_day){.channel = (uint8_t)atoi(argv[6]), .grid = (uint8_t)atoi(argv[7])};
    MW_TRY(mw_utc_parse(mw_slice_of_str(argv[8]), &end));
    MW_TRY(mw_smp_hour_of_utc(end, day->grid, &day->end_hour));
    day->reg = strtoll(argv[9], NULL, 10);
    char *rest = NULL;
    for (char *v = strtok_r(argv[11], ",", &rest); v != NULL; v = strtok_r(NULL, ",", &rest)) {
        if (day->hours == MW_SMP_HOURS_MAX)
            return MW_RANGE;
        day->value[day->hours++] = strtoll(v, NULL, 10);
    }
    return MW_OK;
}

/* Objects that stand before the day. */
static mw_status more_put(char **more, mw_writer *w, mw_smp_day *day) {
    for (; *more != NULL; more++) {
        if (strncmp(*more, "status=", 7) == 0) {
            day->status = (uint16_t)atoi(*more + 7);
        } else if (strncmp(*more, "clock=", 6) == 0) {
            mw_smp_health h = {
                .battery_mv = 3600, .temperature_dc = INT16_MIN, .drift_dppm = INT16_MIN};
            mw_utc t;
            MW_TRY(mw_utc_parse(mw_slice_of_str(*more + 6), &t));
            MW_TRY(mw_smp_seconds_of_utc(t, &h.time_s));
            mw_smp_health_put(w, &h);
        } else if (strncmp(*more, "config=", 7) == 0) {
            char *value = NULL;
            mw_smp_config c = {.count = 1};
            c.item[0].key = (uint16_t)strtoul(*more + 7, &value, 10);
            c.item[0].value = strtoll(value + 1, NULL, 10);
            mw_smp_config_put(w, &c);
        } else {
            return MW_SYNTAX;
        }
    }
    return w->status;
}

static mw_status seal(char **argv, mw_span out, size_t *out_n) {
    mw_key key;
    mw_crypto_ctx ctx;
    mw_smp_day day;
    uint8_t body[MW_SMP_DAY_MAX];
    uint8_t objects[MW_SMP_FRAME_MAX];
    size_t body_n = 0;
    mw_smp_frame_info info = {.direction = MW_SMP_UP,
                              .address = (uint32_t)strtoul(argv[3], NULL, 10),
                              .epoch = (uint32_t)strtoul(argv[4], NULL, 10),
                              .counter = (uint32_t)strtoul(argv[5], NULL, 10),
                              .full = true};
    size_t size = (size_t)strtoul(argv[10], NULL, 10);
    MW_TRY(read_key(argv[1], argv[2], info.epoch, &key));
    MW_TRY(read_day(argv, &day));
    size_t room = mw_smp_frame_room(size, MW_SMP_UP, info.full);
    mw_writer w = mw_writer_of(MW_SPAN_OF(objects));
    MW_TRY(more_put(argv + 12, &w, &day));
    MW_TRY(mw_smp_day_encode(&day, room - 1 - w.at, MW_SPAN_OF(body), &body_n));
    mw_smp_object_put_last(&w, MW_SMP_DAY, (mw_slice){body, body_n});
    MW_TRY(w.status);
    MW_TRY(mw_crypto_init(&ctx, &mw_crypto_own, &key));
    mw_status s = mw_smp_frame_seal(&ctx, &info, mw_writer_done(&w), size, out, out_n);
    mw_crypto_fini(&ctx);
    return s;
}

int main(int argc, char **argv) {
    uint8_t frame[MW_SMP_FRAME_MAX];
    size_t n = 0;
    if (argc < 12) {
        fprintf(stderr, "usage: seal MASTER DEVICE ADDRESS EPOCH COUNTER CHANNEL GRID END REGISTER "
                        "SIZE VALUES [MORE...]\n");
        return 2;
    }
    mw_status s = seal(argv, MW_SPAN_OF(frame), &n);
    if (s != MW_OK) {
        fprintf(stderr, "seal: %s\n", mw_status_text(s));
        return 1;
    }
    for (size_t i = 0; i < n; i++)
        printf("%02x", frame[i]);
    printf("\n");
    return 0;
}
