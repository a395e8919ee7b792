/* SPDX-License-Identifier: Apache-2.0
 *
 * The same frames in any order, any number of times, through two stations, under a clock that steps:
 * what is stored in the end is the same, each value once.
 */
#include "platform/doors/test/batches.h"

enum { FRAMES = 40, CASES = 12 };

/* Rows of every channel, in the order of channel and time. */
typedef struct everything {
    struct {
        int64_t channel, start, value;
    } row[FRAMES * 24];
    size_t n;
} everything;

static mw_status take(void *ctx, int64_t channel, const mw_store_interval *r) {
    everything *e = ctx;
    MW_CHECK(e->n < sizeof e->row / sizeof e->row[0]);
    e->row[e->n].channel = channel;
    e->row[e->n].start = r->start.us;
    e->row[e->n++].value = r->value;
    return MW_OK;
}

static int by_place(const void *pa, const void *pb) {
    const int64_t *a = pa, *b = pb;
    if (a[0] != b[0])
        return a[0] < b[0] ? -1 : 1;
    return (a[1] > b[1]) - (a[1] < b[1]);
}

static world_frame frame_of(unsigned i) {
    unsigned device = i % WORLD_DEVICES;
    uint32_t counter = i / WORLD_DEVICES + 1;
    mw_smp_day day = world_day_of(HOUR0 + counter * 24, (int64_t)i * 100, 0);
    return world_day(device, 0, counter, true, &day);
}

/* How far the platform's clock is off while a frame comes: mostly right, then back an hour, forward
 * a year, back a year. */
static int64_t step_of(mw_prng *g) {
    static const int64_t steps[] = {0, 0, 0, -3600, 365 * 86400, -365 * 86400};
    return steps[mw_prng_below(g, 6)];
}

static void deliver(world *w, mw_prng *g, unsigned i) {
    world_frame f = frame_of(i);
    /* Stations hear within seconds of each other; one spools and brings it any time later. */
    int64_t heard = (int64_t)(i / WORLD_DEVICES + 1) * 86400 + i;
    unsigned station = (unsigned)mw_prng_below(g, 2);
    world_hear_at(w, station, &f, mw_utc_of_s(INT64_C(1795132800) + heard),
                  mw_utc_of_s(INT64_C(1795132800) + heard + step_of(g)));
}

static void mix(uint64_t seed, everything *out) {
    unsigned order[FRAMES];
    world w;
    char name[32];
    (void)snprintf(name, sizeof name, "mix-%u", (unsigned)seed);
    world_init(&w, name);
    mw_prng g = mw_prng_of_stream(seed, 12);
    for (unsigned i = 0; i < FRAMES; i++)
        order[i] = i;
    /* Each meter's frames may pass each other by up to three places, those of others freely. */
    for (unsigned i = 0; seed != 0 && i + 1 < FRAMES; i++) {
        unsigned k = i + (unsigned)mw_prng_below(&g, FRAMES - i < 24 ? FRAMES - i : 24);
        unsigned t = order[i];
        order[i] = order[k];
        order[k] = t;
    }
    for (unsigned i = 0; i < FRAMES; i++) {
        for (uint64_t again = seed == 0 ? 0 : mw_prng_below(&g, 3);; again--) {
            deliver(&w, &g, order[i]);
            if (again == 0)
                break;
        }
        if (mw_prng_below(&g, 4) == 0)
            world_decode(&w);
        if (mw_prng_below(&g, 6) == 0)
            world_fold(&w, 7);
    }
    world_decode(&w);
    world_fold(&w, 100);
    memset(out, 0, sizeof *out);
    MW_CHECK_OK(mw_store_intervals_all(w.store, w.tenant, mw_utc_of_s(0),
                                       mw_utc_of_s(INT64_C(1) << 32), take, out));
    qsort(out->row, out->n, sizeof out->row[0], by_place);
    world_fini(&w);
}

MW_TEST(any_mix_gives_the_same_values_once) {
    static everything plain, mixed;
    /* Nothing here is about the disk. */
    if (access("/dev/shm", W_OK) == 0)
        MW_CHECK_EQ(chdir("/dev/shm"), 0);
    mix(0, &plain);
    MW_CHECK_EQ(plain.n, FRAMES * 24);
    for (size_t i = 1; i < plain.n; i++)
        MW_CHECK(by_place(&plain.row[i - 1], &plain.row[i]) < 0);
    for (uint64_t seed = 1; seed <= CASES; seed++) {
        mix(seed, &mixed);
        MW_CHECK_EQ(mixed.n, plain.n);
        MW_CHECK(memcmp(&mixed, &plain, sizeof plain) == 0);
    }
}

MW_TEST_MAIN(MW_CASE(any_mix_gives_the_same_values_once))
