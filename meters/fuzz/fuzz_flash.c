/* SPDX-License-Identifier: Apache-2.0
 *
 * A meter must start and work on whatever its flash holds: raw bytes anywhere, and records whose
 * checksum is right but whose content no meter wrote (another firmware, a bug of ours).
 *
 *   input: u8 mode, u8 flags, then u16 place and a chunk of 64 bytes, over and over
 */
#include <stdlib.h>

#include "meters/boards/host.h"
#include "meters/kit/meter.h"
#include "meters/pulse/pulse.h"
#include "meters/water/water.h"

#define SECTOR_BYTES 512
#define SECTORS      1200
#define CHUNK        64

static bool boot(mw_meter *m, mw_host_flash *nor, const mw_meter_provision *p, uint8_t flags) {
    mw_board board = {.flash = mw_host_flash_interface(nor),
                      .seed = flags,
                      .cause = (mw_reset_cause)(flags >> 2 & 3),
                      .ticks_kept = (flags & 1) != 0};
    return mw_meter_boot(m, (flags & 2) != 0 ? &mw_water_r160 : &mw_pulse_2, p, &board,
                         (mw_mono){(int64_t)(flags >> 4) * 3600 * MW_NS_PER_S}) == MW_OK;
}

/* Puts the chunks of the input into flash: raw, or as records of one of the meter's logs. */
static void litter(mw_meter *m, mw_host_flash *nor, bool raw, mw_reader *r) {
    mw_flash flash = mw_host_flash_interface(nor);
    mw_ringlog *logs[] = {&m->config_log,    &m->clock.log,
                          &m->registers.log, &m->archive.hourly,
                          &m->archive.daily, &m->events.log[0],
                          &m->events.log[1], &m->events.log[2],
                          &m->telemetry.log, &m->telemetry.counter.log,
                          &m->downlink.log,  &m->downlink.state};
    while (mw_reader_left(r) >= CHUNK + 2) {
        uint16_t place = mw_read_u16le(r);
        mw_slice chunk = mw_read_bytes(r, CHUNK);
        uint32_t at = (uint32_t)place * 8 % (SECTOR_BYTES * SECTORS - CHUNK);
        mw_ringlog *log = logs[place % (sizeof logs / sizeof logs[0])];
        mw_slice payload = mw_slice_sub(chunk, 0, log->payload_bytes);
        mw_status s =
            raw ? flash.program(flash.context, at, chunk) : mw_ringlog_append(log, &flash, payload);
        if (s != MW_OK)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    mw_reader r = mw_reader_of((mw_slice){data, size});
    uint8_t mode = mw_read_u8(&r), flags = mw_read_u8(&r);
    mw_meter_provision p = {.device_id = {1}, .address = 5, .master_key = {6}};
    mw_host_flash nor;
    mw_meter m;
    if (mw_unb_plan_find("demo", &p.plan) != MW_OK ||
        mw_host_flash_init(&nor, SECTOR_BYTES, SECTORS) != MW_OK)
        abort();
    if (!boot(&m, &nor, &p, 0))
        abort();
    litter(&m, &nor, (mode & 1) != 0, &r);
    if (!boot(&m, &nor, &p, flags))
        abort(); /* no content of the flash may keep a meter from starting */
    mw_meter_outputs out = {.next_wake = m.boundary};
    mw_meter_inputs in = {.counts = {7, 3}};
    for (unsigned i = 0; i < 60; i++) {
        mw_mono now = out.next_wake;
        if (mw_meter_step(&m, now, &in, &out) == MW_IO || out.next_wake.ns <= now.ns)
            abort();
    }
    mw_host_flash_fini(&nor);
    return 0;
}
