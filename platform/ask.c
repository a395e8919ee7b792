/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/ask.h"

#include <inttypes.h>
#include <stdio.h>

#include "protocols/smp/commands.h"
#include "protocols/smp/smp.h"

enum { PRIORITY = 5, HOUR_S = 3600 };

static mw_status archive_of(const mw_store_meter *m, const mw_window_channel *c, mw_utc from,
                            mw_utc to, mw_smp_command *out_smp) {
    uint8_t grid = (uint8_t)(m->channel.grid_offset_s / 900 % 4);
    uint32_t first = 0, end = 0;
    if (m->channel.grid_seconds != HOUR_S)
        return MW_RANGE;
    from = mw_window_floor(c, from);
    to = mw_window_floor(c, to);
    MW_TRY(mw_smp_hour_of_utc(from, grid, &first));
    MW_TRY(mw_smp_hour_of_utc(to, grid, &end));
    if (end <= first)
        return MW_RANGE;
    if (end - first > MW_SMP_ARCHIVE_HOURS)
        first = end - MW_SMP_ARCHIVE_HOURS;
    mw_smp_read_hours h = {
        .channel = m->channel.number, .end_hour = end, .hours = (uint16_t)(end - first)};
    out_smp->code = (uint8_t)(h.hours <= MW_SMP_HOURS_MAX ? MW_SMP_COMMAND_READ_DAY
                                                          : MW_SMP_COMMAND_READ_ARCHIVE);
    return mw_smp_read_hours_put(&h, out_smp);
}

mw_status mw_platform_ask(mw_commands *commands, mw_store *store, mw_vigil_ask what,
                          const mw_window_channel *c, mw_utc from, mw_utc to, mw_utc now) {
    mw_store_meter m;
    mw_smp_command smp = {.code = MW_SMP_COMMAND_PING};
    mw_store_command made;
    bool existing = false;
    char args[160] = "{}", key[80], a[MW_UTC_TEXT_MAX], b[MW_UTC_TEXT_MAX];
    MW_TRY(mw_store_meter_of_channel(store, c->tenant, c->channel, &m));
    if (what == MW_ASK_ARCHIVE) {
        MW_TRY(archive_of(&m, c, from, to, &smp));
        mw_utc_format(from, a);
        mw_utc_format(to, b);
        (void)snprintf(args, sizeof args, "{\"from\":\"%s\",\"to\":\"%s\"}", a, b);
    }
    (void)snprintf(key, sizeof key, "validation/%d/%" PRId64 "/%" PRId64 "/%" PRId64, (int)what,
                   c->channel, mw_utc_floor_s(from) / HOUR_S, mw_utc_floor_s(to) / HOUR_S);
    mw_command_order order = {.tenant = c->tenant,
                              .device = m.device,
                              .kind = what == MW_ASK_PING ? "ping" : "read-archive",
                              .args = args,
                              .code = smp.code,
                              .size = smp.size,
                              .priority = PRIORITY,
                              .actor = "validation",
                              .key = key};
    mw_bytes_copy(order.data, smp.data, smp.size);
    return mw_commands_create(commands, &order, now, &made, &existing);
}
