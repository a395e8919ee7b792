/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the images of the meters in QEMU: they measure a waveform, store to flash that outlives
 * them, and send frames that the real receiver hears and the platform's key opens. They are killed
 * at random and started again: registers and counters never go back, no nonce comes twice.
 *
 *   harness FOLDER MACHINE [--long]
 *
 * FOLDER holds water.elf, pulse.elf and gas.elf; MACHINE is mps2-an385 or mps2-an386. Prints one
 * line for each thing shown, and figures; exit status 0 when all held.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/prng.h"
#include "tests/boards/air.h"
#include "tests/boards/emulator.h"
#include "tests/boards/waves.h"

#define NS_OF(s) ((int64_t)(s)*MW_NS_PER_S)
#define START_US INT64_C(1772323200000000) /* 2026-03-01T00:00:00Z */

typedef struct bench {
    const wave_kind *kind;
    emulator board;
    air air;
    wave wave;
    int64_t now_ns, counts[2]; /* as the board last said */
    const char *failed;
} bench;

static const char *folder, *machine;

/* ---- one board ---- */

static mw_status hex_take(const char *text, uint8_t out[64], size_t *out_n) {
    size_t n = strlen(text) / 2;
    if (n > 64 || strlen(text) % 2 != 0)
        return MW_SYNTAX;
    for (size_t i = 0; i < n; i++) {
        unsigned byte;
        if (sscanf(text + 2 * i, "%2x", &byte) != 1)
            return MW_SYNTAX;
        out[i] = (uint8_t)byte;
    }
    *out_n = n;
    return MW_OK;
}

static mw_status frame_take(bench *b, const char *line) {
    uint32_t counter;
    unsigned rate, copies;
    char hex[160];
    uint8_t payload[64];
    size_t n;
    if (sscanf(line, "tx %" SCNu32 " %u %u %159s", &counter, &rate, &copies, hex) != 4)
        return MW_SYNTAX;
    MW_TRY(hex_take(hex, payload, &n));
    return air_send(&b->air, counter, rate, (mw_slice){payload, n});
}

/* Until the board has done what it was told; frames go through the air meanwhile. MW_AGAIN: not
 * within `ms`. */
static mw_status await_ok(bench *b, int ms) {
    char line[EMULATOR_LINE];
    for (;;) {
        MW_TRY(emulator_hear(&b->board, ms, line));
        if (strncmp(line, "tx ", 3) == 0) {
            MW_TRY(frame_take(b, line));
            continue;
        }
        if (sscanf(line, "ok %" SCNd64 " %" SCNd64 " %" SCNd64, &b->now_ns, &b->counts[0],
                   &b->counts[1]) == 3)
            return MW_OK;
        fprintf(stderr, "%s: %s\n", b->kind->image, line);
        return MW_STATE;
    }
}

static mw_status power_on(bench *b, int cause) {
    MW_TRY(emulator_on(&b->board));
    MW_TRY(emulator_say(&b->board, "boot %d %d %" PRId64, cause, cause != 0, b->now_ns));
    MW_TRY(await_ok(b, 20000));
    return MW_OK;
}

static mw_status bench_open(bench *b, const wave_kind *kind, bool counting) {
    char elf[256], memory[64];
    memset(b, 0, sizeof *b);
    b->kind = kind;
    snprintf(elf, sizeof elf, "%s/%s.elf", folder, kind->image);
    snprintf(memory, sizeof memory, "boards-%d-%s.bin", (int)getpid(), kind->image);
    MW_TRY(emulator_open(&b->board, elf, machine, memory));
    b->board.counting = counting;
    wave_begin(&b->wave, kind, b->board.shared);
    const mw_qemu_provision *p = &b->board.shared->provision;
    MW_TRY(air_open(&b->air, p->device_id, p->master_key));
    (void)wave_fill(&b->wave, b->board.shared, 0, 1); /* what the sensors see when it starts */
    b->now_ns = NS_OF(1);
    MW_TRY(power_on(b, 0));
    MW_TRY(emulator_say(&b->board, "set %" PRId64, START_US));
    return await_ok(b, 20000);
}

static void bench_close(bench *b) {
    emulator_close(&b->board);
    air_close(&b->air);
}

/* ---- what is shown ---- */

static bool near(const bench *b) {
    for (unsigned i = 0; i < 2; i++)
        if (fabs((double)b->counts[i] - b->wave.counts[i]) >
            2 + b->kind->tolerance * b->wave.counts[i])
            return false;
    return true;
}

/* Lives through so many seconds at the full sampling rate. */
static mw_status live(bench *b, double seconds) {
    while (seconds > 0.01) {
        double lived = wave_fill(&b->wave, b->board.shared, b->now_ns, seconds);
        MW_TRY(emulator_say(&b->board, "run"));
        MW_TRY(await_ok(b, 600000));
        seconds -= lived;
    }
    return MW_OK;
}

static double wall(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool told(const bench *b, const char *what, mw_status s, bool good, double started) {
    good = good && s == MW_OK;
    printf("%s %-6s %-34s %s: %u frames, %u days, registers %" PRId64 " %" PRId64
           ", truth %.1f %.1f, %.1f s\n",
           machine, b->kind->image, what, good ? "ok" : "FAILED", b->air.frames, b->air.days,
           b->counts[0], b->counts[1], b->wave.counts[0], b->wave.counts[1], wall() - started);
    if (s != MW_OK)
        printf("  %s\n", mw_status_name(s));
    return good;
}

static bool full_rate(const wave_kind *kind, double seconds) {
    bench b;
    char what[48];
    double started = wall();
    mw_status s = bench_open(&b, kind, false);
    if (s == MW_OK)
        s = live(&b, seconds);
    /* The first frame goes within minutes of the start, the report of the first day by its 28th hour. */
    bool good = near(&b) && b.air.frames > 0 && (seconds < 100000 || b.air.frames > 1);
    snprintf(what, sizeof what, "%.1f h at the full rate", seconds / 3600);
    good = told(&b, what, s, good, started);
    bench_close(&b);
    return good;
}

static bool idle_days(const wave_kind *kind, unsigned days) {
    bench b;
    char what[48];
    double started = wall();
    mw_status s = bench_open(&b, kind, false);
    for (unsigned day = 0; s == MW_OK && day < days; day++) {
        s = emulator_say(&b.board, "idle 86400 60");
        if (s == MW_OK)
            s = await_ok(&b, 600000);
    }
    snprintf(what, sizeof what, "%u days, a tick a minute", days);
    bool good = told(&b, what, s, b.air.days + 2 >= days && b.air.frames >= days - 1, started);
    bench_close(&b);
    return good;
}

/* Killed in the middle of measuring, again and again. What it had stored it still has: registers are
 * at most a snapshot behind what it last said, and never behind what it sent. */
static bool kills(const wave_kind *kind, unsigned times) {
    bench b;
    double started = wall();
    mw_prng random = mw_prng_of_seed(times);
    mw_status s = bench_open(&b, kind, false);
    bool good = true;
    unsigned died = 0;
    for (unsigned n = 0; s == MW_OK && good && n < times; n++) {
        int64_t before[2] = {b.counts[0], b.counts[1]};
        double lived = wave_fill(&b.wave, b.board.shared, b.now_ns, 40000);
        int64_t end = b.now_ns + (int64_t)(lived * 1e9);
        s = emulator_say(&b.board, "run");
        mw_status ended = s == MW_OK ? await_ok(&b, (int)mw_prng_below(&random, 300)) : s;
        if (ended != MW_OK && ended != MW_AGAIN)
            s = ended;
        died += ended == MW_AGAIN;
        emulator_off(&b.board);
        b.now_ns = end; /* power was away until here */
        if (s == MW_OK)
            s = power_on(&b, 0);
        for (unsigned i = 0; i < 2; i++)
            good = good && b.counts[i] + (int64_t)kind->model->snapshot_counts >= before[i];
        if (s == MW_OK)
            s = emulator_say(&b.board, "set %" PRId64, START_US + b.now_ns / 1000);
        if (s == MW_OK)
            s = await_ok(&b, 20000);
        if (s == MW_OK) /* the frame after the boot: its counter is above all before */
            s = emulator_say(&b.board, "idle 900 60");
        if (s == MW_OK)
            s = await_ok(&b, 60000);
        b.wave.counts[0] = (double)b.counts[0];
        b.wave.counts[1] = (double)b.counts[1];
    }
    char what[48];
    snprintf(what, sizeof what, "%u kills, %u while measuring", times, died);
    good = told(&b, what, s, good && b.air.frames >= times, started);
    bench_close(&b);
    return good;
}

/* Instructions of one measurement, and the deepest stack of an hour's life. */
static bool figures(const wave_kind *kind) {
    bench b;
    char line[EMULATOR_LINE];
    int64_t ticks = 0, n = 0, stack = 0;
    mw_status s = bench_open(&b, kind, true);
    (void)wave_fill(&b.wave, b.board.shared, b.now_ns, 60);
    if (s == MW_OK)
        s = emulator_say(&b.board, "cost 200");
    if (s == MW_OK)
        s = emulator_hear(&b.board, 60000, line);
    if (s == MW_OK && sscanf(line, "cost %" SCNd64 " %" SCNd64, &ticks, &n) != 2)
        s = MW_SYNTAX;
    if (s == MW_OK)
        s = emulator_say(&b.board, "idle 7200 60");
    if (s == MW_OK)
        s = await_ok(&b, 120000);
    if (s == MW_OK)
        s = emulator_say(&b.board, "stack");
    if (s == MW_OK)
        s = emulator_hear(&b.board, 60000, line);
    if (s == MW_OK && sscanf(line, "stack %" SCNd64, &stack) != 1)
        s = MW_SYNTAX;
    const char *isa = strcmp(machine, "mps2-an386") == 0 ? "m4" : "m0";
    if (s == MW_OK) {
        double cost = (double)ticks * 40 / (double)n;
        printf("meters.%s_insn_per_measurement_%s %.0f instructions <=%u %s\n", kind->image, isa,
               cost, kind->instructions_max, cost <= kind->instructions_max ? "ok" : "short");
        printf("meters.%s_stack_bytes_%s %" PRId64 " B <=8192 %s\n", kind->image, isa, stack,
               stack <= 8192 ? "ok" : "short");
    } else {
        printf("%s: %s\n", kind->image, mw_status_name(s));
    }
    bench_close(&b);
    return s == MW_OK;
}

int main(int argc, char **argv) {
    bool more = argc == 4 && strcmp(argv[3], "--long") == 0;
    if (argc < 3 || argc > 4 || (argc == 4 && !more)) {
        fprintf(stderr, "usage: harness FOLDER MACHINE [--long]\n");
        return 2;
    }
    folder = argv[1];
    machine = argv[2];
    setvbuf(stdout, NULL, _IOLBF, 0);
    static const wave_kind *const kinds[] = {&wave_water, &wave_pulse, &wave_gas};
    bool good = true;
    for (unsigned i = 0; i < 3; i++) {
        good = full_rate(kinds[i], more ? 104400 : 1800) && good;
        good = idle_days(kinds[i], more ? 30 : 2) && good;
        good = kills(kinds[i], more ? 60 : 4) && good;
        good = figures(kinds[i]) && good;
    }
    return good ? 0 : 1;
}
