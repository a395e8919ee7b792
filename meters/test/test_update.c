/* SPDX-License-Identifier: Apache-2.0
 *
 * Firmware update on the host board: gaps, forgeries, roll-back, and a power cut at every flash
 * operation of the whole way.
 */
#include "meters/boards/host.h"
#include "meters/test/maker.h"

static mw_host_flash nor;
static mw_flash flash;
static mw_update u;
static mw_update_config config;

static void fresh(void) {
    config = maker_config();
    MW_CHECK_OK(mw_host_flash_init(&nor, 4096, MAKER_SECTORS));
    flash = mw_host_flash_interface(&nor);
    MW_CHECK_OK(mw_update_mount(&u, &flash, &config, 5));
}

static mw_status block(unsigned n) {
    uint8_t data[MW_UPDATE_BLOCK];
    maker_block(n, data);
    return mw_update_block(&u, 1, (uint16_t)n, MW_SLICE_OF(data));
}

/* Sends what is missing until nothing is, a third of it lost each time. */
static mw_status send_all(mw_prng *g) {
    mw_update_gaps gaps;
    for (unsigned turn = 0; turn < 60; turn++) {
        MW_TRY(mw_update_missing(&u, 1, &gaps));
        if (gaps.missing == 0)
            return MW_OK;
        for (unsigned i = gaps.first; i < gaps.blocks; i++) {
            bool told = i - gaps.first < 8 * sizeof gaps.map;
            bool wanted = !told || (gaps.map[(i - gaps.first) / 8] >> (i - gaps.first) % 8 & 1);
            if (!wanted || mw_prng_below(g, 3) == 0)
                continue;
            mw_status s = block(i);
            if (s != MW_OK && s != MW_DUPLICATE && s != MW_AGAIN)
                return s;
        }
    }
    return MW_LIMIT;
}

static uint8_t reboot(void) {
    uint8_t slot;
    MW_CHECK_OK(mw_update_mount(&u, &flash, &config, 5));
    MW_CHECK_OK(mw_update_boot(&u, &slot));
    return slot;
}

MW_TEST(an_image_with_gaps_is_taken_tried_and_confirmed) {
    mw_prng g = mw_prng_of_seed(1);
    fresh();
    maker_make("water-r160", 6, 1);
    MW_CHECK_OK(mw_update_begin(&u, 1, MAKER_IMAGE));
    MW_CHECK_STATUS(mw_update_activate(&u, 1, 0), MW_AGAIN);
    MW_CHECK_OK(send_all(&g));
    MW_CHECK_STATUS(block(3), MW_DUPLICATE);
    MW_CHECK_OK(mw_update_activate(&u, 1, 1000));
    MW_CHECK(!mw_update_due(&u, mw_utc_of_s(999)));
    MW_CHECK(mw_update_due(&u, mw_utc_of_s(1000)));
    MW_CHECK_EQ(reboot(), 1);
    MW_CHECK_EQ(u.state, MW_UPDATE_TRIAL);
    MW_CHECK_STATUS(mw_update_begin(&u, 2, MAKER_IMAGE), MW_STATE);
    MW_CHECK_OK(mw_update_confirm(&u));
    for (unsigned i = 0; i < 2 * MW_UPDATE_TRIES; i++)
        MW_CHECK_EQ(reboot(), 1);
    MW_CHECK_EQ(u.least_counter, 6);
    mw_host_flash_fini(&nor);
}

MW_TEST(without_confirmation_the_old_image_runs_again) {
    mw_prng g = mw_prng_of_seed(2);
    fresh();
    maker_make("water-r160", 6, 1);
    MW_CHECK_OK(mw_update_begin(&u, 1, MAKER_IMAGE));
    MW_CHECK_OK(send_all(&g));
    MW_CHECK_OK(mw_update_activate(&u, 1, 0));
    for (unsigned i = 0; i < MW_UPDATE_TRIES; i++)
        MW_CHECK_EQ(reboot(), 1);
    MW_CHECK_EQ(reboot(), 0);
    MW_CHECK_EQ(u.state, MW_UPDATE_FAILED);
    MW_CHECK_EQ(reboot(), 0);
    MW_CHECK_EQ(u.least_counter, 5);
    mw_host_flash_fini(&nor);
}

MW_TEST(what_the_maker_did_not_make_is_refused) {
    static const struct {
        const char *model;
        uint32_t counter;
        size_t damage; /* this byte of the image; 0: none */
        mw_status why;
    } cases[] = {
        {"water-r160", 4, 0, MW_FORBIDDEN}, /* older than what runs */
        {"gas-g4", 6, 0, MW_FORBIDDEN},     {"water-r160", 6, 8, MW_AUTH}, /* counter forged */
        {"water-r160", 6, 150, MW_AUTH},    {"water-r160", 6, MAKER_IMAGE - 1, MW_AUTH},
        {"water-r160", 6, 1, MW_SYNTAX}};
    mw_prng g = mw_prng_of_seed(3);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fresh();
        maker_make(cases[i].model, cases[i].counter, 9);
        if (cases[i].damage != 0)
            maker_image[cases[i].damage] ^= 0x10;
        MW_CHECK_OK(mw_update_begin(&u, 1, MAKER_IMAGE));
        MW_CHECK_OK(send_all(&g));
        MW_CHECK_STATUS(mw_update_activate(&u, 1, 0), cases[i].why);
        MW_CHECK_EQ(reboot(), 0);
        mw_host_flash_fini(&nor);
    }
    fresh();
    MW_CHECK_STATUS(mw_update_begin(&u, 1, MW_UPDATE_HEAD), MW_RANGE);
    MW_CHECK_STATUS(mw_update_begin(&u, 1, MAKER_SLOT_SECTORS * 4096 + 1), MW_RANGE);
    MW_CHECK_STATUS(block(0), MW_NOT_FOUND);
    mw_host_flash_fini(&nor);
}

/* The image is damaged in flash after it was accepted: it does not run. */
MW_TEST(damage_in_flash_is_seen_at_boot) {
    mw_prng g = mw_prng_of_seed(4);
    fresh();
    maker_make("water-r160", 6, 1);
    MW_CHECK_OK(mw_update_begin(&u, 1, MAKER_IMAGE));
    MW_CHECK_OK(send_all(&g));
    MW_CHECK_OK(mw_update_activate(&u, 1, 0));
    uint32_t at = (MW_UPDATE_LOG_SECTORS + MW_UPDATE_MAP_SECTORS + MAKER_SLOT_SECTORS) * 4096 + 500;
    static const uint8_t zero[4] = {0};
    MW_CHECK_OK(flash.program(flash.context, at, MW_SLICE_OF(zero)));
    MW_CHECK_EQ(reboot(), 0);
    MW_CHECK_EQ(u.state, MW_UPDATE_FAILED);
    mw_host_flash_fini(&nor);
}

/* ---- Cuts ---- */

/* The whole way: taken, activated, tried, confirmed; begun again where a cut stopped it. */
static mw_status whole_way(mw_prng *g) {
    uint8_t slot;
    MW_TRY(mw_update_begin(&u, 1, MAKER_IMAGE));
    MW_TRY(send_all(g));
    MW_TRY(mw_update_activate(&u, 1, 0));
    MW_TRY(mw_update_boot(&u, &slot));
    return mw_update_confirm(&u);
}

static bool cut_twice(uint64_t step) {
    mw_prng g = mw_prng_of_seed(step + 11);
    fresh();
    maker_make("water-r160", 6, 1);
    mw_host_flash_cut_after(&nor, step, step);
    bool cut = whole_way(&g) != MW_OK;
    for (unsigned again = 0; again < 2; again++) {
        mw_host_flash_power_on(&nor);
        uint8_t slot = reboot();
        /* Whatever runs is whole: the old image, or the new one. */
        mw_update_head head;
        if (slot == 1)
            MW_CHECK_OK(mw_update_verify(&u, 1, &head));
        MW_CHECK(u.least_counter == 5 || u.active == 1);
        if (again == 0 && u.state != MW_UPDATE_TRIAL && u.active == 0) {
            mw_host_flash_cut_after(&nor, mw_prng_below(&g, 3000), step);
            if (whole_way(&g) == MW_OK)
                break;
        }
    }
    mw_host_flash_power_on(&nor);
    if (reboot() == 0) { /* nothing is in the way of a third try */
        MW_CHECK_OK(whole_way(&g));
        MW_CHECK_EQ(reboot(), 1);
    } else {
        MW_CHECK_OK(mw_update_confirm(&u));
    }
    MW_CHECK_EQ(u.active, 1);
    mw_host_flash_fini(&nor);
    return cut;
}

MW_TEST(power_may_go_at_any_flash_operation) {
    uint64_t step = 0;
    unsigned cuts = 0;
    for (; cut_twice(step); step += 5)
        cuts++;
    printf("%u cuts, each followed by another\n", cuts);
    MW_CHECK(cuts > 500);
}

MW_TEST_MAIN(MW_CASE(an_image_with_gaps_is_taken_tried_and_confirmed),
             MW_CASE(without_confirmation_the_old_image_runs_again),
             MW_CASE(what_the_maker_did_not_make_is_refused),
             MW_CASE(damage_in_flash_is_seen_at_boot), MW_CASE(power_may_go_at_any_flash_operation))
