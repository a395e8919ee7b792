/* SPDX-License-Identifier: Apache-2.0
 *
 * The platform's clock is set forward and back by hours, again and again, under everything that asks it for
 * the time: folding, validation, the watch, settling, retention, backup. In the end every value that was
 * reported is the one of a life whose clock ran true, and all adds up to the registers; how an estimate is
 * spread over its hours may differ, because what it is learned from depends on when it is asked for.
 */
#include "base/prng.h"
#include "tests/kills/life.h"

static life l;
static life_shared shared;
static life_rows whole, stepped;

static mw_utc off_by(int64_t day, int64_t hours) {
    return world_hour(day * 24 + hours);
}

static void a_life(uint64_t seed, life_rows *out) {
    mw_prng g = mw_prng_of_stream(seed, 3);
    char folder[40], line[120];
    (void)snprintf(folder, sizeof folder, "clocks-%d", (int)getpid());
    (void)snprintf(line, sizeof line, "rm -rf %s && mkdir %s", folder, folder);
    MW_CHECK_EQ(system(line), 0);
    life_new(&l, folder);
    world_start(&l.w);
    for (int64_t d = 0; d < LIFE_DAYS; d++) {
        for (unsigned i = 0; seed > 0 && i < 3; i++) {
            mw_utc wrong = off_by(d, (int64_t)mw_prng_below(&g, 31) - 15);
            life_step(&l, wrong);
            life_prune(&l, wrong);
            if (d % 6 == 5 && i == 1)
                MW_CHECK_OK(life_backup(&l, wrong));
        }
        life_step(&l, off_by(d, 0));
        life_prune(&l, off_by(d, 0));
        if (life_reports(d))
            life_report(&l, d);
    }
    life_step(&l, off_by(LIFE_DAYS, 1));
    life_prune(&l, off_by(LIFE_DAYS, 1));
    life_end(&l, out);
    if (getenv("MW_CLOCKS_TELL") != NULL) {
        int64_t truth = 0, sum = 0, suspense = 0;
        for (int64_t h = 0; h < LIFE_DAYS * 24; h++)
            truth += l.w.truth[h];
        for (size_t i = 0; i < out->n; i++)
            sum += out->row[i].value;
        MW_CHECK_OK(mw_store_suspense_sum(l.w.store, l.w.tenant, l.w.channel, &suspense));
        print_message("truth %lld, final %lld, suspense %lld\n", (long long)truth, (long long)sum,
                      (long long)suspense);
    }
    (void)life_backups_good(&l);
    world_stop(&l.w);
    mw_zones_close(l.w.zones);
    (void)snprintf(line, sizeof line, "rm -rf %s", folder);
    MW_CHECK_EQ(system(line), 0);
}

MW_TEST(a_clock_that_is_set_about_changes_no_value) {
    l.shared = &shared;
    a_life(0, &whole);
    for (uint64_t seed = 1; seed <= 2; seed++) {
        a_life(seed, &stepped);
        MW_CHECK_EQ(stepped.n, whole.n);
        unsigned reported = 0;
        int64_t difference = 0;
        for (size_t i = 0; i < whole.n; i++) {
            const life_row *a = &whole.row[i], *b = &stepped.row[i];
            MW_CHECK(a->start == b->start && a->seconds == b->seconds);
            difference += a->value - b->value;
            if (getenv("MW_CLOCKS_TELL") != NULL && a->value != b->value)
                print_message("%zu: %u s, %lld %x, %lld %x\n", i, a->seconds, (long long)a->value,
                              a->quality, (long long)b->value, b->quality);
            if (((a->quality | b->quality) & MW_QUALITY_ESTIMATED) != 0)
                continue;
            MW_CHECK(a->value == b->value && a->quality == b->quality);
            reported++;
        }
        print_message("%u reported values of %zu rows\n", reported, whole.n);
        MW_CHECK(reported > 400);
        MW_CHECK_EQ(difference, 0);
    }
}

int main(int argc, char **argv) {
    (void)argc;
    life_in_memory(argv[0]);
    const struct CMUnitTest tests[] = {MW_CASE(a_clock_that_is_set_about_changes_no_value)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
