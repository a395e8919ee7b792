/* SPDX-License-Identifier: Apache-2.0
 *
 * New firmware over the air: commands and blocks as frames, many of them lost, up to the trial boot
 * and its confirmation by the next frame.
 */
#include "meters/test/line.h"
#include "meters/test/maker.h"
#include "protocols/smp/firmware.h"

static mw_host_flash slots;
static mw_update update;
static mw_prng g;
static uint16_t next_id;

static void mount(void) {
    mw_flash flash = mw_host_flash_interface(&slots);
    mw_update_config config = maker_config();
    MW_CHECK_OK(mw_update_mount(&update, &flash, &config, 5));
}

static line *fresh(void) {
    static line l;
    g = mw_prng_of_seed(9);
    next_id = 100;
    MW_CHECK_OK(mw_host_flash_init(&slots, 4096, MAKER_SECTORS));
    mount();
    line_init(&l, &mw_pulse_2);
    l.r->update = &update;
    rig_boot(l.r, MW_RESET_ORDERLY, true);
    run_s(&l, 60);
    return &l;
}

static void finish(line *l) {
    rig_free(l->r);
    mw_host_flash_fini(&slots);
}

static const mw_smp_receipt *answered(line *l, mw_smp_command *c) {
    c->id = next_id++;
    c->expires_s = UINT32_MAX - 1;
    MW_CHECK_OK(order(l, c));
    run_s(l, 30);
    MW_CHECK_EQ(newest(l)->id, c->id);
    return newest(l);
}

static uint8_t begin(line *l, uint32_t bytes) {
    mw_smp_firmware_begin a = {.session = 1, .bytes = bytes};
    mw_smp_command c = {0};
    mw_smp_firmware_begin_put(&a, &c);
    return answered(l, &c)->result;
}

static mw_smp_firmware_gaps gaps_of(line *l) {
    mw_smp_command c = {0};
    mw_smp_firmware_gaps gaps;
    mw_smp_firmware_status_put(1, &c);
    const mw_smp_receipt *r = answered(l, &c);
    MW_CHECK_EQ(r->result, MW_SMP_RESULT_DONE);
    MW_CHECK_OK(mw_smp_firmware_gaps_of((mw_slice){r->data, r->size}, &gaps));
    return gaps;
}

static uint8_t activate(line *l, uint32_t at_s) {
    mw_smp_firmware_activate a = {.session = 1, .at_s = at_s};
    mw_smp_command c = {0};
    mw_smp_firmware_activate_put(&a, &c);
    return answered(l, &c)->result;
}

/* One frame with a block; every third is lost. */
static void send_block(line *l, unsigned n) {
    uint8_t memory[64];
    mw_smp_firmware_block b = {.session = 1, .block = (uint16_t)n};
    mw_writer w = mw_writer_of(MW_SPAN_OF(memory));
    maker_block(n, b.data);
    mw_smp_firmware_block_put(&w, &b);
    MW_CHECK_OK(w.status);
    MW_CHECK(w.at <= mw_smp_frame_room(61, MW_SMP_DOWN, true));
    if (mw_prng_below(&g, 3) != 0)
        MW_CHECK_OK(send(l, mw_writer_done(&w)));
    run_s(l, 2);
}

static void send_all(line *l) {
    for (unsigned n = 0; n < MAKER_BLOCKS; n++)
        send_block(l, n);
    mw_smp_firmware_gaps gaps = gaps_of(l);
    MW_CHECK(gaps.missing > 5);
    while (gaps.missing > 0) {
        for (unsigned i = 0; i < 32; i++)
            if ((gaps.map >> i & 1) != 0)
                send_block(l, gaps.first + i);
        gaps = gaps_of(l);
    }
}

MW_TEST(an_image_comes_through_gaps_and_stays_once_it_is_heard) {
    line *l = fresh();
    maker_make("water-r160", 6, 1);
    MW_CHECK_EQ(begin(l, MAKER_IMAGE), MW_SMP_RESULT_DONE);
    MW_CHECK_EQ(activate(l, 0), MW_SMP_RESULT_BUSY);
    send_all(l);
    uint32_t now_s;
    MW_CHECK_OK(mw_smp_seconds_of_utc(mw_meter_clock(&l->r->meter, l->r->now), &now_s));
    MW_CHECK_EQ(activate(l, now_s + 7200), MW_SMP_RESULT_DONE);
    run_s(l, 3600);
    MW_CHECK(!l->restart);
    run_s(l, 2 * 3600);
    MW_CHECK(l->restart);
    /* The boot stage, then the new firmware. */
    uint8_t slot;
    mount();
    MW_CHECK_OK(mw_update_boot(&update, &slot));
    MW_CHECK_EQ(slot, 1);
    l->restart = false;
    rig_boot(l->r, MW_RESET_ORDERLY, true);
    run_s(l, 60);
    MW_CHECK_EQ(update.state, MW_UPDATE_TRIAL);
    mw_smp_command ping = command(7, MW_SMP_COMMAND_PING);
    MW_CHECK_OK(order(l, &ping));
    MW_CHECK_EQ(update.state, MW_UPDATE_IDLE);
    MW_CHECK_EQ(update.active, 1);
    MW_CHECK_EQ(update.least_counter, 6);
    finish(l);
}

MW_TEST(a_forged_block_spoils_the_image_and_nothing_else) {
    line *l = fresh();
    maker_make("water-r160", 6, 1);
    MW_CHECK_EQ(begin(l, MAKER_IMAGE), MW_SMP_RESULT_DONE);
    maker_image[700] ^= 1;
    send_all(l);
    MW_CHECK_EQ(activate(l, 0), MW_SMP_RESULT_REFUSED);
    run_s(l, 3600);
    MW_CHECK(!l->restart);
    maker_image[700] ^= 1; /* begun again, with another size it would be another image */
    MW_CHECK_EQ(begin(l, MAKER_IMAGE + 1), MW_SMP_RESULT_DONE);
    MW_CHECK_EQ(begin(l, MAKER_IMAGE), MW_SMP_RESULT_DONE);
    send_all(l);
    MW_CHECK_EQ(activate(l, 0), MW_SMP_RESULT_DONE);
    run_s(l, 3600);
    MW_CHECK(l->restart);
    finish(l);
}

MW_TEST(trial_without_a_word_ends_well_after_a_day) {
    line *l = fresh();
    maker_make("water-r160", 6, 1);
    MW_CHECK_EQ(begin(l, MAKER_IMAGE), MW_SMP_RESULT_DONE);
    send_all(l);
    MW_CHECK_EQ(activate(l, 0), MW_SMP_RESULT_DONE);
    run_s(l, 3600);
    uint8_t slot;
    mount();
    MW_CHECK_OK(mw_update_boot(&update, &slot));
    l->restart = false;
    rig_boot(l->r, MW_RESET_ORDERLY, true);
    run_s(l, 23 * 3600);
    MW_CHECK_EQ(update.state, MW_UPDATE_TRIAL);
    run_s(l, 3 * 3600);
    MW_CHECK_EQ(update.state, MW_UPDATE_IDLE);
    finish(l);
}

MW_TEST(a_board_that_cannot_says_so) {
    line *l = fresh();
    l->r->update = NULL;
    rig_boot(l->r, MW_RESET_ORDERLY, true);
    run_s(l, 60);
    MW_CHECK_EQ(begin(l, MAKER_IMAGE), MW_SMP_RESULT_UNKNOWN);
    finish(l);
}

MW_TEST_MAIN(MW_CASE(an_image_comes_through_gaps_and_stays_once_it_is_heard),
             MW_CASE(a_forged_block_spoils_the_image_and_nothing_else),
             MW_CASE(trial_without_a_word_ends_well_after_a_day),
             MW_CASE(a_board_that_cannot_says_so))
