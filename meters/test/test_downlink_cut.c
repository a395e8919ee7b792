/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands to a meter whose power fails at any byte: each is done, none twice or half, and a
 * receipt that left holds for good.
 */
#include <stdio.h>

#include "base/prng.h"
#include "meters/test/line.h"

/* The orders of one life, each made of its id. */
static mw_smp_command order_of(uint16_t id) {
    static const mw_smp_command_code codes[] = {MW_SMP_COMMAND_RELAY, MW_SMP_COMMAND_SET_CONFIG,
                                                MW_SMP_COMMAND_PING,  MW_SMP_COMMAND_KEY_EPOCH,
                                                MW_SMP_COMMAND_RELAY, MW_SMP_COMMAND_SET_CONFIG};
    mw_smp_command c = command((uint16_t)(id + 1), codes[id]);
    mw_smp_config set = {1, {{MW_SMP_KEY_BURST, 1000 + id}}};
    if (c.code == MW_SMP_COMMAND_RELAY)
        mw_smp_relay_put(id == 0, &c);
    if (c.code == MW_SMP_COMMAND_SET_CONFIG)
        MW_CHECK_OK(mw_smp_set_config_put(&set, &c));
    return c;
}

static void key_order(const line *l, mw_smp_command *c) {
    mw_key master;
    mw_device_id dev;
    mw_smp_key_epoch a = {.epoch_low = 2};
    memcpy(master.b, l->r->provision.master_key, 16);
    memcpy(dev.b, l->r->provision.device_id, 8);
    MW_CHECK_OK(mw_smp_key_epoch_prove(&mw_crypto_own, &master, &dev, 2, a.proof));
    mw_smp_key_epoch_put(&a, c);
}

/* What a receipt promises must hold from then on. */
static void promise_check(const line *l, uint16_t id) {
    const mw_meter *m = &l->r->meter;
    if (id == 0)
        MW_CHECK(m->downlink.relay_known && m->downlink.relay_closed);
    if (id == 4)
        MW_CHECK(m->downlink.relay_known && !m->downlink.relay_closed);
    if (id == 1 || id == 5)
        MW_CHECK_EQ(m->config.burst, 1000 + id);
    if (id == 3)
        MW_CHECK_EQ(m->key_epoch, 2);
}

/* A platform that sends each order until it has its receipt, to a meter whose power fails. Returns
 * false when the cut lay beyond all of it. */
static bool life(uint64_t cut, uint64_t seed) {
    line l = {.r = rig_new(model_with_relay()), .epoch = 1};
    rig *r = l.r;
    mw_prng g = mw_prng_of_stream(seed, cut);
    bool hit = false;
    rig_start(r, RIG_START);
    run_s(&l, 600);
    mw_host_flash_cut_after(&r->nor, cut, seed);
    for (uint16_t id = 0; id < 6; id++) {
        mw_smp_command c = order_of(id);
        bool done = false;
        for (unsigned attempt = 0; !done; attempt++) {
            MW_CHECK(attempt < 8);
            if (c.code == MW_SMP_COMMAND_KEY_EPOCH)
                key_order(&l, &c);
            mw_status s = order(&l, &c);
            MW_CHECK(s == MW_OK || r->nor.dead);
            unsigned before = l.receipts;
            run_s(&l, 20);
            if (r->nor.dead) {
                hit = true;
                mw_host_flash_power_on(&r->nor);
                if (mw_prng_below(&g, 2) == 0) { /* and once more, while it recovers */
                    mw_host_flash_cut_after(&r->nor, mw_prng_below(&g, 300), mw_prng_u64(&g));
                    mw_board board = {.flash = mw_host_flash_interface(&r->nor),
                                      .cause = MW_RESET_BROWN_OUT,
                                      .ticks_kept = true};
                    (void)!mw_meter_boot(&r->meter, r->model, &r->provision, &board, r->now);
                    mw_host_flash_power_on(&r->nor);
                }
                rig_boot(r, MW_RESET_BROWN_OUT, true);
                run_s(&l, 20);
            }
            for (unsigned i = before; i < l.receipts; i++)
                if (l.receipt[i % 64].id == c.id) {
                    MW_CHECK_EQ(l.receipt[i % 64].result, MW_SMP_RESULT_DONE);
                    done = true;
                }
        }
        promise_check(&l, id);
    }
    mw_host_flash_power_on(&r->nor); /* a cut that was never reached */
    rig_boot(r, MW_RESET_BROWN_OUT, true);
    promise_check(&l, 3);
    promise_check(&l, 4);
    promise_check(&l, 5);
    rig_free(r);
    return hit;
}

/* Under a sanitizer every eighth byte has to do. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CUT_STEP 8
#endif
#endif
#ifndef CUT_STEP
#define CUT_STEP 1
#endif

MW_TEST(commands_survive_a_cut_after_every_byte) {
    unsigned cuts = 0;
    for (uint64_t cut = 0;; cut += CUT_STEP) {
        if (!life(cut, cut * 7919 + 1))
            break;
        cuts++;
    }
    MW_CHECK(cuts > 1000 / CUT_STEP);
    printf("downlink: %u cut points while six commands were done; each was done, none half\n",
           cuts);
}

MW_TEST_MAIN(MW_CASE(commands_survive_a_cut_after_every_byte))
