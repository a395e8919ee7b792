/* SPDX-License-Identifier: Apache-2.0
 *
 * Production: what is written, the lock, erasing, and power cuts in all of them.
 */
#include "meters/kit/legal.h"
#include "meters/kit/production.h"
#include "meters/test/rig.h"

typedef struct line {
    mw_host_flash nor;
    mw_flash flash;
    mw_production p;
} line;

static void line_open(line *l) {
    MW_CHECK_OK(mw_host_flash_init(&l->nor, 4096, MW_METER_FLASH_SECTORS));
    l->flash = mw_host_flash_interface(&l->nor);
    MW_CHECK_OK(mw_production_mount(&l->p, &l->flash, &mw_water_r160));
}

static void remount(line *l) {
    MW_CHECK_OK(mw_production_mount(&l->p, &l->flash, &mw_water_r160));
}

static const char *say(line *l, const char *text, bool service) {
    static char answer[MW_PRODUCTION_LINE + 1];
    answer[mw_production_port(&l->p, text, service, answer)] = 0;
    return answer;
}
#define CHECK_SAYS(l, text, answer) MW_CHECK(strcmp(say(l, text, false), answer) == 0)

#define KEY_HEX                     "000102030405060708090a0b0c0d0e0f"

static const char *const items[] = {
    "put serial 0 4d572d572d303030303031",
    "put device 0 0102030405060708",
    "put address 0 00100000",
    ("put key 0 " KEY_HEX),
    "put epoch 0 01000000",
    "put plan 0 64656d6f",
    "put calibration 0 a1a2a3a4",
    "put calibration 1 b1b2",
};
enum { ITEMS = sizeof items / sizeof items[0] };

/* As the tool does it. MW_OK, or what stopped it. */
static bool produce(line *l) {
    for (unsigned i = 0; i < ITEMS; i++)
        if (strcmp(say(l, items[i], false), "ok") != 0)
            return false;
    char lock[MW_PRODUCTION_LINE + 8];
    const char *code = say(l, "check", false);
    if (strncmp(code, "ok ", 3) != 0)
        return false;
    snprintf(lock, sizeof lock, "lock %s", code + 3);
    return strcmp(say(l, lock, false), "ok") == 0;
}

MW_TEST(a_blank_meter_is_written_locked_and_boots_with_it) {
    line l;
    line_open(&l);
    char legal[40];
    (void)snprintf(legal, sizeof legal, " %d 00000000 open -", MW_LEGAL_VERSION);
    MW_CHECK(strstr(say(&l, "identify", false), legal) != NULL);
    mw_meter_provision v;
    MW_CHECK_EQ(mw_production_provision(&l.p, &v), MW_STATE);
    MW_CHECK(produce(&l));
    remount(&l);
    MW_CHECK(strstr(say(&l, "identify", false), " locked MW-W-000001") != NULL);
    MW_CHECK_OK(mw_production_provision(&l.p, &v));
    MW_CHECK(v.sealed && !v.config_known);
    MW_CHECK_EQ(v.address, 0x1000);
    MW_CHECK_EQ(v.key_epoch, 1);
    MW_CHECK(v.master_key[15] == 15 && v.device_id[7] == 8);
    uint8_t calibration[512];
    size_t n;
    MW_CHECK_OK(mw_production_calibration(&l.p, MW_SPAN_OF(calibration), &n));
    MW_CHECK(n == 6 && calibration[3] == 0xA4 && calibration[5] == 0xB2);

    mw_meter m;
    mw_board board = {.flash = l.flash};
    MW_CHECK_OK(mw_meter_boot(&m, &mw_water_r160, &v, &board, (mw_mono){0}));
    MW_CHECK_EQ(m.seal.state, MW_SEAL_SEALED);
    remount(&l);
    MW_CHECK(l.p.locked); /* the meter's logs do not touch it */
    mw_host_flash_fini(&l.nor);
}

MW_TEST(a_locked_meter_takes_nothing_more) {
    line l;
    line_open(&l);
    MW_CHECK(produce(&l));
    for (unsigned i = 0; i < ITEMS; i++)
        CHECK_SAYS(&l, items[i], "error FORBIDDEN");
    CHECK_SAYS(&l, "lock 00000000", "error FORBIDDEN");
    CHECK_SAYS(&l, "erase", "error FORBIDDEN");
    remount(&l);
    CHECK_SAYS(&l, "put address 0 01000000", "error FORBIDDEN");
    /* With the seal broken: all is gone. */
    mw_meter_provision v;
    MW_CHECK(strcmp(say(&l, "erase", true), "ok") == 0);
    MW_CHECK_EQ(mw_production_provision(&l.p, &v), MW_STATE);
    for (uint32_t at = 0; at < MW_METER_FLASH_SECTORS * 4096u; at += 4096) {
        uint8_t b[4096];
        MW_CHECK_OK(l.flash.read(l.flash.context, at, MW_SPAN_OF(b)));
        for (unsigned i = 0; i < sizeof b; i++)
            MW_CHECK(b[i] == 0xFF);
    }
    MW_CHECK(produce(&l));
    mw_host_flash_fini(&l.nor);
}

MW_TEST(what_is_wrong_is_refused) {
    static const struct {
        const char *line, *answer;
    } cases[] = {
        {"", "error UNSUPPORTED"},
        {"read key", "error UNSUPPORTED"},
        {"get key 0", "error UNSUPPORTED"},
        {"put key 0 00", "error RANGE"},
        {"put key 1 " KEY_HEX, "error RANGE"},
        {"put key 0 ffffffffffffffffffffffffffffffff", "error RANGE"},
        {"put device 0 01", "error RANGE"},
        {"put device 0 0x", "error SYNTAX"},
        {"put device", "error SYNTAX"},
        {"put device 0 0102030405060708 9", "error SYNTAX"},
        {"put wings 0 00", "error NOT_FOUND"},
        {"put address 0 00000000", "error RANGE"},
        {"put address 0 000000ff", "error RANGE"},
        {"put serial 0 2241", "error RANGE"},
        {"put serial 0", "error RANGE"},
        {"put calibration 9 00", "ok"},
        {"put config 0 00", "error RANGE"},
        {"check", "error STATE"},
        {"lock 00000000", "error STATE"},
        {"lock", "error SYNTAX"},
    };
    line l;
    line_open(&l);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *answer = say(&l, cases[i].line, false);
        if (strcmp(answer, cases[i].answer) != 0)
            printf("%s: %s\n", cases[i].line, answer);
        MW_CHECK(strcmp(answer, cases[i].answer) == 0);
    }
    for (unsigned i = 0; i < ITEMS; i++)
        CHECK_SAYS(&l, items[i], "ok");
    CHECK_SAYS(&l, "lock 00000000", "error AUTH");
    CHECK_SAYS(&l, "put plan 0 6e6f6e65", "ok");
    CHECK_SAYS(&l, "lock 00000000", "error RANGE"); /* no such plan */
    /* A configuration that the model cannot follow. */
    uint8_t payload[MW_METER_CONFIG_PAYLOAD];
    mw_meter_config c = mw_water_r160.defaults;
    c.report_period_h = 7;
    mw_meter_config_encode(&c, payload);
    CHECK_SAYS(&l, "put plan 0 64656d6f", "ok");
    MW_CHECK_OK(mw_production_put(&l.p, MW_PRODUCTION_CONFIG, 0, MW_SLICE_OF(payload)));
    CHECK_SAYS(&l, "lock 00000000", "error RANGE");
    mw_host_flash_fini(&l.nor);
}

MW_TEST(the_region_fills_and_says_so) {
    line l;
    line_open(&l);
    unsigned n = 0;
    mw_status s = MW_OK;
    while (s == MW_OK) {
        uint8_t address[4] = {(uint8_t)(++n), 1};
        s = mw_production_put(&l.p, MW_PRODUCTION_ADDRESS, 0, MW_SLICE_OF(address));
    }
    MW_CHECK_EQ(s, MW_SPACE);
    MW_CHECK_EQ(n, 127); /* 126 fit; room for the lock and the mark stays */
    MW_CHECK_OK(mw_production_erase(&l.p));
    MW_CHECK(produce(&l));
    mw_host_flash_fini(&l.nor);
}

/* Writing and locking is cut after `steps` flash operations; then it is done again. */
static bool cut_writing(uint64_t steps) {
    line l;
    line_open(&l);
    mw_host_flash_cut_after(&l.nor, steps, steps + 3);
    bool cut = !produce(&l);
    mw_host_flash_power_on(&l.nor);
    remount(&l);
    mw_meter_provision v;
    mw_status s = mw_production_provision(&l.p, &v);
    if (l.p.locked)
        MW_CHECK_OK(s); /* whole, or open */
    else
        MW_CHECK(s == MW_STATE && produce(&l));
    MW_CHECK_OK(mw_production_provision(&l.p, &v));
    mw_host_flash_fini(&l.nor);
    return cut;
}

MW_TEST(a_cut_leaves_a_meter_open_or_whole) {
    uint64_t steps = 0;
    while (cut_writing(steps))
        steps++;
    MW_CHECK(steps > 500);
    printf("production: %u cut points\n", (unsigned)steps);
}

static bool cut_erasing(uint64_t steps, uint64_t second) {
    line l;
    line_open(&l);
    MW_CHECK(produce(&l));
    uint8_t old[16] = "old registers";
    MW_CHECK_OK(l.flash.program(l.flash.context, 4096 * 9, MW_SLICE_OF(old)));
    mw_host_flash_cut_after(&l.nor, steps, steps + 9);
    bool cut = mw_production_erase(&l.p) != MW_OK;
    mw_host_flash_power_on(&l.nor);
    mw_host_flash_cut_after(&l.nor, second, steps);
    (void)!mw_production_mount(&l.p, &l.flash, &mw_water_r160);
    mw_host_flash_power_on(&l.nor);
    remount(&l);
    mw_meter_provision v;
    mw_status s = mw_production_provision(&l.p, &v);
    if (s == MW_OK) { /* the mark was not written: nothing is erased */
        MW_CHECK(steps < MW_PRODUCTION_SLOT);
        uint8_t b[16];
        MW_CHECK_OK(l.flash.read(l.flash.context, 4096 * 9, MW_SPAN_OF(b)));
        MW_CHECK(memcmp(b, old, sizeof b) == 0);
    } else {
        /* Never a meter that runs with half of its past: open, or refused until erased again. */
        MW_CHECK(s == MW_STATE || s == MW_CORRUPT);
        MW_CHECK_OK(mw_production_erase(&l.p));
        MW_CHECK(produce(&l));
    }
    mw_host_flash_fini(&l.nor);
    return cut;
}

MW_TEST(a_cut_erasure_goes_on) {
    uint64_t steps = 0;
    while (cut_erasing(steps, steps * 13 % 160))
        steps++;
    MW_CHECK(steps > 150);
    printf("erasing: %u cut points, each with a second cut\n", (unsigned)steps);
}

MW_TEST_MAIN(MW_CASE(a_blank_meter_is_written_locked_and_boots_with_it),
             MW_CASE(a_locked_meter_takes_nothing_more), MW_CASE(what_is_wrong_is_refused),
             MW_CASE(the_region_fills_and_says_so), MW_CASE(a_cut_leaves_a_meter_open_or_whole),
             MW_CASE(a_cut_erasure_goes_on))
