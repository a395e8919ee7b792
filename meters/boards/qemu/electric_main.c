/* SPDX-License-Identifier: Apache-2.0
 *
 * The image of the single-phase electricity meter: a steady load at its terminals, a reader at its
 * UART (HDLC). In its first life it measures two days at once, second by second, so that there is a
 * profile to read; a later life goes on with what the flash holds. Then it lives in real time.
 *
 * Its flash is the waveform's part of the shared memory: it needs more than the battery meters.
 */
#include "base/assert.h"
#include "meters/boards/qemu/machine.h"
#include "meters/electricity/meter.h"
#include "protocols/cosem/port.h"

enum {
    LINKS = 1,
    FIRST_LIFE_S = 2 * 86400,
    TICKS_PER_S = 25000000,
    POWER_MW = 1500000,
    SECTOR = 4096,
    LIVED = 0x4C495645, /* noted behind the flash */
};
#define BORN_S INT64_C(1795305600) /* 2026-11-22T00:00:00Z */

static mw_electric_meter meter;
static mw_electric_provision provision;
static mw_cosem_server server;
static mw_cosem_association associations[3];
static uint8_t plain[MW_ELECTRIC_METER_PDU + 64], gather[3 * MW_ELECTRIC_METER_PDU];
static mw_cosem_line line;
static mw_hdlc_server_link links[LINKS];
static uint8_t requests[LINKS * (MW_ELECTRIC_METER_PDU + 3)];
static uint8_t answers[LINKS * (MW_ELECTRIC_METER_PDU + 3)];
static uint8_t frames[MW_HDLC_FRAME_MAX], out[MW_HDLC_FRAME_MAX];
static mw_mono now;

/* ---- flash ---- */

static uint8_t *cell(uint32_t at) {
    mw_assert(at <= MW_ELECTRIC_METER_SECTORS * SECTOR);
    return mw_machine_shared->samples + at;
}

static mw_status flash_read(void *context, uint32_t at, mw_span to) {
    (void)context;
    mw_bytes_copy(to.p, cell(at), to.n);
    return MW_OK;
}

static mw_status flash_program(void *context, uint32_t at, mw_slice in) {
    volatile uint8_t *to = cell(at);
    (void)context;
    for (size_t i = 0; i < in.n; i++)
        to[i] &= in.p[i];
    return MW_OK;
}

static mw_status flash_erase(void *context, uint32_t sector) {
    volatile uint32_t *to = (volatile uint32_t *)(void *)cell(sector * SECTOR);
    (void)context;
    for (uint32_t i = 0; i < SECTOR / 4; i++)
        to[i] = UINT32_MAX;
    return MW_OK;
}

/* ---- life ---- */

static void second(void) {
    mw_electric_quantities q = {.elements = 1,
                                .parts = MW_ELECTRIC_PARTS_PER_S,
                                .frequency_mhz = 50000,
                                .sequence = MW_ELECTRIC_SEQUENCE_NONE,
                                .valid = true};
    mw_electric_element *e = &q.e[0];
    e->u_uv = 230000000;
    e->p_uw = mw_electric_meter_supply_on(&meter) ? POWER_MW * INT64_C(1000) : 0;
    e->s_uva = e->p_uw;
    e->i_ua = e->s_uva / 230;
    e->has_angle = true;
    q.neutral_ua = e->i_ua;
    now.ns += MW_NS_PER_S;
    mw_electric_meter_window(&meter, &q, now);
    mw_electric_meter_step(&meter, now);
}

static void key_fill(mw_key *key, uint8_t first) {
    for (unsigned i = 0; i < sizeof key->b; i++)
        key->b[i] = (uint8_t)(first + i);
}

static void begin(void) {
    volatile uint32_t *lived =
        (volatile uint32_t *)(void *)cell(MW_ELECTRIC_METER_SECTORS * SECTOR);
    bool first = *lived != LIVED;
    mw_flash flash = {.sector_bytes = SECTOR,
                      .sector_count = MW_ELECTRIC_METER_SECTORS,
                      .read = flash_read,
                      .program = flash_program,
                      .erase = flash_erase};
    for (uint32_t i = 0; first && i < MW_ELECTRIC_METER_SECTORS; i++)
        (void)flash_erase(NULL, i);
    provision = (mw_electric_provision){.serial = 42,
                                        .made = "2026-11-23",
                                        .reader_password = "12345678",
                                        .configurator_password = "0123456789abcdef",
                                        .ct_ratio = 1,
                                        .vt_ratio = 1,
                                        .sealed = true,
                                        .gcm = &mw_gcm_own};
    key_fill(&provision.encryption, 0x00);
    key_fill(&provision.authentication, 0xD0);
    key_fill(&provision.wrapping, 0xF0);
    now.ns = first ? MW_NS_PER_S : (FIRST_LIFE_S + 1) * MW_NS_PER_S;
    mw_board board = {.flash = flash,
                      .seed = 1,
                      .ticks_kept = !first,
                      .legal_checksum = mw_machine_legal_checksum()};
    mw_status s =
        mw_electric_meter_boot(&meter, &mw_electric_single_phase, &provision, &board, now);
    mw_assert(s == MW_OK);
    if (!first)
        return;
    s = mw_electric_meter_clock_set(&meter, mw_utc_of_s(BORN_S), now);
    mw_assert(s == MW_OK);
    for (uint32_t i = 0; i < FIRST_LIFE_S; i++)
        second();
    s = mw_electric_meter_power_fails(&meter, now); /* the state that a kill falls back to */
    mw_assert(s == MW_OK);
    *lived = LIVED;
}

/* ---- the line ---- */

static void send_all(void) {
    size_t n = 0;
    while (mw_cosem_line_next(&line, MW_SPAN_OF(out), &n) == MW_OK)
        for (size_t i = 0; i < n; i++)
            mw_machine_put(out[i]);
}

static _Noreturn void serve(void) {
    uint32_t before = mw_machine_ticks(), left = 0;
    mw_electric_meter_port(&meter, MW_ELECTRIC_PORT_OPTICAL);
    for (;;) {
        uint8_t byte;
        while (mw_machine_get(&byte)) {
            mw_cosem_line_take(&line, (mw_slice){&byte, 1}, now);
            send_all();
        }
        uint32_t ticks = mw_machine_ticks();
        left += (ticks - before) & 0xFFFFFF;
        before = ticks;
        if (left >= TICKS_PER_S) {
            left -= TICKS_PER_S;
            second();
            mw_cosem_line_silence(&line, now);
        }
    }
}

int main(void) {
    static const uint16_t logical[] = {1};
    static const mw_cosem_line_config config = {
        .hdlc = {.params = {128, 128, 1, 1},
                 .physical = 16,
                 .logical = logical,
                 .logical_count = 1,
                 .inactivity = {INT64_C(120) * MW_NS_PER_S}}};
    mw_machine_init();
    begin();
    mw_cosem_server_init(&server, &meter.device, associations, MW_SPAN_OF(plain),
                         MW_SPAN_OF(gather));
    mw_cosem_line_init(&line, &config, &server,
                       &(mw_cosem_line_memory){links, LINKS, MW_SPAN_OF(requests),
                                               MW_SPAN_OF(answers), MW_SPAN_OF(frames)});
    serve();
}
