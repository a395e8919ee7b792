/* SPDX-License-Identifier: Apache-2.0
 *
 * Anything may come down to a meter: bytes of a stranger, and frames under the right key whose
 * objects say whatever the input says, with restarts between. It must go on, and its counters of
 * frames must rise.
 *
 *   input: u8 kind, u8 jump, u8 length, bytes; over and over
 */
#include <stdlib.h>

#include "meters/boards/host.h"
#include "meters/kit/meter.h"
#include "meters/pulse/pulse.h"
#include "protocols/smp/smp.h"

#define SECTOR_BYTES 512
#define SECTORS      1200

typedef struct target {
    mw_host_flash nor;
    mw_meter meter;
    mw_meter_provision provision;
    mw_mono now;
    mw_meter_outputs out;
    mw_crypto_ctx down, group;
    uint32_t counter;
    uint32_t sent;
    bool any;
} target;

static void boot(target *t) {
    mw_board board = {.flash = mw_host_flash_interface(&t->nor),
                      .seed = t->counter,
                      .cause = MW_RESET_SOFTWARE,
                      .ticks_kept = true};
    if (mw_meter_boot(&t->meter, &mw_pulse_2, &t->provision, &board, t->now) != MW_OK)
        abort();
    t->out.next_wake = (mw_mono){t->now.ns + 1};
}

static void step(target *t) {
    mw_meter_inputs in = {.counts = {1, 0}};
    mw_mono now = t->out.next_wake;
    if (mw_meter_step(&t->meter, now, &in, &t->out) == MW_IO || t->out.next_wake.ns <= now.ns)
        abort();
    t->now = now;
    if (!t->out.transmit)
        return;
    if (t->any && t->out.tx.counter <= t->sent)
        abort();
    t->any = true;
    t->sent = t->out.tx.counter;
}

static void sealed(target *t, bool group, bool large, mw_slice objects) {
    mw_smp_frame_info info = {.direction = MW_SMP_DOWN,
                              .address = group ? t->provision.group : t->provision.address,
                              .epoch = group ? t->provision.group_epoch : t->meter.key_epoch,
                              .counter = ++t->counter,
                              .full = true};
    uint8_t frame[MW_UNB_PAYLOAD_MAX];
    size_t size = large ? MW_UNB_PAYLOAD_L : MW_UNB_PAYLOAD_M, n;
    objects.n = objects.n < mw_smp_frame_room(size, MW_SMP_DOWN, true)
                    ? objects.n
                    : mw_smp_frame_room(size, MW_SMP_DOWN, true);
    mw_mono burst = {t->now.ns - 2000000000};
    if (mw_smp_frame_seal(group ? &t->group : &t->down, &info, objects, size, MW_SPAN_OF(frame),
                          &n) == MW_OK)
        (void)!mw_meter_downlink(&t->meter, t->now, burst, (mw_slice){frame, n});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static target t;
    mw_key master = {{6}}, down, group = {{9}};
    mw_device_id id = {{1}};
    t = (target){.provision = {.device_id = {1},
                               .address = 5,
                               .master_key = {6},
                               .group = MW_SMP_GROUP_ALL,
                               .group_key = {9}},
                 .now = {3600 * MW_NS_PER_S}};
    if (mw_unb_plan_find("demo", &t.provision.plan) != MW_OK ||
        mw_host_flash_init(&t.nor, SECTOR_BYTES, SECTORS) != MW_OK ||
        mw_key_derive_device(&mw_crypto_own, &master, &id, 0, MW_KEY_DOWN, &down) != MW_OK ||
        mw_crypto_init(&t.down, &mw_crypto_own, &down) != MW_OK ||
        mw_crypto_init(&t.group, &mw_crypto_own, &group) != MW_OK)
        abort();
    boot(&t);
    mw_reader r = mw_reader_of((mw_slice){data, size});
    for (unsigned i = 0; i < 24 && mw_reader_left(&r) >= 3; i++) {
        uint8_t kind = mw_read_u8(&r), jump = mw_read_u8(&r);
        size_t n = mw_read_u8(&r);
        n = n < mw_reader_left(&r) ? n : mw_reader_left(&r);
        mw_slice bytes = mw_read_bytes(&r, n);
        if ((kind & 3) == 0)
            (void)!mw_meter_downlink(&t.meter, t.now, t.now, bytes);
        else
            sealed(&t, (kind & 3) == 1, (kind & 4) != 0, bytes);
        for (unsigned k = 0; k < jump % 8u; k++)
            step(&t);
        if (t.out.restart || (kind & 0x80) != 0)
            boot(&t);
    }
    mw_host_flash_fini(&t.nor);
    return 0;
}
