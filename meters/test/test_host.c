/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulated flash behaves as the real thing, and a meter continues from its saved flash.
 */
#include <stdio.h>

#include "meters/test/rig.h"

MW_TEST(program_only_clears_and_erase_only_sets) {
    mw_host_flash nor;
    MW_CHECK_OK(mw_host_flash_init(&nor, 256, 8));
    mw_flash f = mw_host_flash_interface(&nor);
    uint8_t in[4] = {0xF0, 0x0F, 0xAA, 0x00}, out[6];
    MW_CHECK_OK(f.program(f.context, 254, MW_SLICE_OF(in)));
    MW_CHECK_EQ(nor.stats.sectors_held, 2);
    MW_CHECK_OK(f.program(f.context, 254, (mw_slice){(const uint8_t[]){0x3C, 0xFF}, 2}));
    MW_CHECK_OK(f.read(f.context, 253, MW_SPAN_OF(out)));
    MW_CHECK_BYTES(MW_SLICE_OF(out), ((const uint8_t[]){0xFF, 0x30, 0x0F, 0xAA, 0x00, 0xFF}), 6);
    MW_CHECK_OK(f.erase(f.context, 0));
    MW_CHECK_EQ(nor.stats.sectors_held, 1);
    MW_CHECK_OK(f.read(f.context, 253, MW_SPAN_OF(out)));
    MW_CHECK_BYTES(MW_SLICE_OF(out), ((const uint8_t[]){0xFF, 0xFF, 0xFF, 0xAA, 0x00, 0xFF}), 6);
    mw_host_flash_fini(&nor);
}

MW_TEST(a_cut_tears_one_byte_and_stops_the_part) {
    for (uint64_t seed = 0; seed < 200; seed++) {
        mw_host_flash nor;
        MW_CHECK_OK(mw_host_flash_init(&nor, 256, 2));
        mw_flash f = mw_host_flash_interface(&nor);
        const uint8_t in[8] = {0};
        uint8_t out[8];
        mw_host_flash_cut_after(&nor, 3, seed);
        MW_CHECK_STATUS(f.program(f.context, 0, MW_SLICE_OF(in)), MW_IO);
        MW_CHECK_STATUS(f.read(f.context, 0, MW_SPAN_OF(out)), MW_IO);
        MW_CHECK_STATUS(f.erase(f.context, 1), MW_IO);
        mw_host_flash_power_on(&nor);
        MW_CHECK_OK(f.read(f.context, 0, MW_SPAN_OF(out)));
        MW_CHECK(out[0] == 0 && out[1] == 0 && out[2] == 0 && out[4] == 0xFF && out[7] == 0xFF);
        mw_host_flash_fini(&nor);
    }
}

MW_TEST(a_saved_flash_continues) {
    rig *r = rig_new(&mw_pulse_2);
    rig_start(r, RIG_START);
    for (int h = 0; h < 100; h++)
        rig_count(r, rig_tick(h * 3600 + 1800), 0, (uint32_t)(100 + h));
    MW_CHECK_OK(mw_meter_last_gasp(&r->meter));
    FILE *file = tmpfile();
    MW_CHECK(file != NULL);
    MW_CHECK_OK(mw_host_flash_save(&r->nor, file));
    long size = ftell(file);
    MW_CHECK(size > 0 && size < 40 * 4096);

    mw_host_flash other;
    MW_CHECK_OK(mw_host_flash_init(&other, 4096, MW_METER_FLASH_SECTORS));
    rewind(file);
    MW_CHECK_OK(mw_host_flash_load(&other, file));
    MW_CHECK_EQ(other.stats.sectors_held, r->nor.stats.sectors_held);
    mw_meter meter;
    mw_board board = {.flash = mw_host_flash_interface(&other),
                      .seed = 1,
                      .cause = MW_RESET_ORDERLY,
                      .ticks_kept = true};
    MW_CHECK_OK(mw_meter_boot(&meter, &mw_pulse_2, &r->provision, &board, r->now));
    MW_CHECK_EQ(mw_meter_counts(&meter, 0), mw_meter_counts(&r->meter, 0));
    MW_CHECK_EQ(mw_meter_clock(&meter, r->now).us, mw_meter_clock(&r->meter, r->now).us);
    MW_CHECK_EQ(mw_meter_hour(&meter), mw_meter_hour(&r->meter));

    /* Damage is refused and leaves the flash as it was. */
    MW_CHECK(fseek(file, size / 2, SEEK_SET) == 0);
    int c = fgetc(file);
    MW_CHECK(fseek(file, size / 2, SEEK_SET) == 0 && fputc(c ^ 1, file) != EOF);
    rewind(file);
    MW_CHECK_STATUS(mw_host_flash_load(&other, file), MW_CHECKSUM);
    MW_CHECK_EQ(other.stats.sectors_held, r->nor.stats.sectors_held);
    mw_host_flash small;
    MW_CHECK_OK(mw_host_flash_init(&small, 4096, 16));
    rewind(file);
    MW_CHECK_STATUS(mw_host_flash_load(&small, file), MW_SYNTAX);
    fclose(file);
    file = tmpfile();
    MW_CHECK(file != NULL);
    MW_CHECK_STATUS(mw_host_flash_load(&small, file), MW_SHORT);
    fclose(file);
    mw_host_flash_fini(&small);
    mw_host_flash_fini(&other);
    rig_free(r);
}

MW_TEST(a_flash_too_small_is_refused) {
    rig *r = rig_new(&mw_pulse_2);
    mw_host_flash small;
    MW_CHECK_OK(mw_host_flash_init(&small, 4096, 100));
    mw_board board = {.flash = mw_host_flash_interface(&small)};
    MW_CHECK_STATUS(mw_meter_boot(&r->meter, r->model, &r->provision, &board, r->now), MW_SPACE);
    mw_host_flash_fini(&small);
    rig_free(r);
}

/* Flash that stops answering: the meter goes on counting and takes up storage when it returns. */
MW_TEST(a_dead_flash_does_not_stop_the_register) {
    rig *r = rig_new(&mw_pulse_2);
    rig_start(r, RIG_START);
    rig_count(r, rig_tick(100), 0, 500);
    r->nor.dead = true;
    mw_meter_inputs in = {.counts = {200, 0}};
    r->now = rig_tick(200);
    MW_CHECK_STATUS(mw_meter_step(&r->meter, r->now, &in, &r->out), MW_IO);
    MW_CHECK_EQ(mw_meter_counts(&r->meter, 0), 700);
    mw_host_flash_power_on(&r->nor);
    rig_idle(r, rig_tick(30 * 3600));
    MW_CHECK_EQ(r->hours[0][0].value, 700);
    rig_free(r);
}

MW_TEST_MAIN(MW_CASE(program_only_clears_and_erase_only_sets),
             MW_CASE(a_cut_tears_one_byte_and_stops_the_part), MW_CASE(a_saved_flash_continues),
             MW_CASE(a_flash_too_small_is_refused),
             MW_CASE(a_dead_flash_does_not_stop_the_register))
