/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/boards/qemu/shell.h"

#include "meters/kit/legal.h"
#include "meters/kit/production.h"

#ifndef MW_SHELL_LINE
#define MW_SHELL_LINE MW_PRODUCTION_LINE
#endif

static mw_meter meter;
static mw_meter_outputs outputs;
static mw_mono clock_now; /* the board's tick counter */
static const mw_shell_device *device;

/* ---- the host's line ---- */

static const char *word_after(const char *at, const char *word) {
    while (*word != 0)
        if (*at++ != *word++)
            return NULL;
    return at;
}

static int64_t number_take(const char **at) {
    int64_t value = 0;
    bool negative = false;
    while (**at == ' ')
        (*at)++;
    if (**at == '-') {
        negative = true;
        (*at)++;
    }
    for (; **at >= '0' && **at <= '9'; (*at)++)
        value = value * 10 + (**at - '0');
    return negative ? -value : value;
}

static void ok_print(void) {
    mw_machine_text("ok");
    mw_machine_int(clock_now.ns);
    mw_machine_int(mw_meter_counts(&meter, 0));
    mw_machine_int(mw_meter_counts(&meter, 1));
    mw_machine_text("\n");
}

static void status_print(mw_status s) {
    if (s == MW_OK) {
        ok_print();
        return;
    }
    mw_machine_text("error ");
    mw_machine_text(mw_status_name(s));
    mw_machine_text("\n");
}

static void frame_print(const mw_meter_transmission *tx) {
    mw_machine_text("tx");
    mw_machine_int(tx->counter);
    mw_machine_int(tx->rate);
    mw_machine_int(tx->copies);
    mw_machine_hex((mw_slice){tx->payload, tx->payload_bytes});
    mw_machine_text("\n");
}

/* ---- the meter ---- */

static void step(mw_mono now, const mw_meter_inputs *in) {
    mw_status s = mw_meter_step(&meter, now, in, &outputs);
    clock_now = now;
    if (s != MW_OK)
        status_print(s);
    if (outputs.transmit)
        frame_print(&outputs.tx);
}

void mw_shell_step(mw_mono now, mw_meter_inputs *in) {
    static const mw_meter_inputs nothing;
    static uint32_t tamper, faults;
    while (outputs.next_wake.ns < now.ns) {
        mw_meter_inputs held = nothing;
        held.tamper = tamper;
        held.faults = faults;
        step(outputs.next_wake, &held);
    }
    bool came = in->counts[0] != 0 || in->counts[1] != 0 || in->tamper != tamper ||
                in->faults != faults || in->battery_mv != 0;
    if (!came && outputs.next_wake.ns > now.ns) {
        clock_now = now;
        return;
    }
    step(now, in);
    tamper = in->tamper;
    faults = in->faults;
    in->counts[0] = in->counts[1] = 0;
    in->battery_mv = 0;
}

/* A meter that left production takes what is locked in its flash; else what the host wrote. */
static mw_status provision_take(mw_qemu_provision *p, mw_meter_provision *out) {
    static mw_flash flash;
    mw_production production;
    flash = mw_machine_flash();
    MW_TRY(mw_production_mount(&production, &flash, device->model));
    if (production.locked) {
        size_t n;
        MW_TRY(mw_production_provision(&production, out));
        MW_TRY(mw_production_calibration(&production, MW_SPAN_OF(p->calibration), &n));
        p->calibration_bytes = (uint32_t)n;
        return MW_OK;
    }
    *out = (mw_meter_provision){.address = p->address, .key_epoch = p->key_epoch};
    mw_bytes_copy(out->device_id, p->device_id, sizeof out->device_id);
    mw_bytes_copy(out->master_key, p->master_key, sizeof out->master_key);
    return mw_unb_plan_find("demo", &out->plan);
}

/* What is no order of the shell may be one of the production port. The switch under the seal is
 * the host's word. */
static void production_obey(const char *line) {
    const char *at = word_after(line, "service ");
    mw_flash flash = mw_machine_flash();
    mw_production production;
    char answer[MW_PRODUCTION_LINE + 2];
    mw_status s = mw_production_mount(&production, &flash, device->model);
    if (s != MW_OK) {
        status_print(s);
        return;
    }
    production.legal_checksum = mw_machine_legal_checksum();
    size_t n = mw_production_port(&production, at != NULL ? at : line, at != NULL, answer);
    answer[n] = '\n';
    answer[n + 1] = 0;
    mw_machine_text(answer);
}

static void legal_print(void) {
    uint32_t sum = mw_machine_legal_checksum();
    const uint8_t bytes[4] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8),
                              (uint8_t)sum};
    mw_machine_text("legal");
    mw_machine_int(MW_LEGAL_VERSION);
    mw_machine_hex(MW_SLICE_OF(bytes));
    mw_machine_text("\n");
}

static mw_status boot(const char *at) {
    mw_qemu_shared *shared = mw_machine_shared;
    mw_qemu_provision *p = &shared->provision;
    mw_meter_provision provision;
    if (shared->magic != MW_QEMU_MAGIC || shared->layout != sizeof *shared)
        return MW_UNSUPPORTED;
    MW_TRY(provision_take(p, &provision));
    if (p->calibration_bytes != device->calibration_bytes)
        return MW_UNSUPPORTED;
    mw_board board = {.flash = mw_machine_flash(),
                      .seed = mw_machine_ticks(),
                      .legal_checksum = mw_machine_legal_checksum()};
    board.cause = (mw_reset_cause)number_take(&at);
    board.ticks_kept = number_take(&at) != 0;
    clock_now = (mw_mono){number_take(&at)};
    MW_TRY(mw_meter_boot(&meter, device->model, &provision, &board, clock_now));
    outputs.next_wake = clock_now;
    return device->begin(clock_now);
}

static void idle(const char *at) {
    int64_t seconds = number_take(&at), every = number_take(&at);
    mw_mono end = {clock_now.ns + seconds * MW_NS_PER_S};
    if (every < 1)
        every = 1;
    while (clock_now.ns < end.ns) {
        mw_meter_inputs in = {0};
        mw_shell_step((mw_mono){clock_now.ns + every * MW_NS_PER_S}, &in);
    }
}

static void cost(const char *at) {
    int64_t n = number_take(&at);
    uint64_t ticks = 0;
    mw_meter_inputs in = {0};
    for (int64_t i = 0; i < n; i++) {
        uint32_t before = mw_machine_ticks();
        device->measure(mw_machine_shared->samples, clock_now, &in);
        ticks += (mw_machine_ticks() - before) & 0xFFFFFF;
    }
    mw_machine_text("cost");
    mw_machine_int((int64_t)ticks);
    mw_machine_int(n);
    mw_machine_text("\n");
}

static void obey(const char *line) {
    const char *at;
    if ((at = word_after(line, "boot")) != NULL) {
        status_print(boot(at));
    } else if ((at = word_after(line, "set")) != NULL) {
        status_print(mw_meter_clock_set(&meter, clock_now, (mw_utc){number_take(&at)}));
        outputs.next_wake = clock_now;
    } else if (word_after(line, "run") != NULL) {
        device->run(&mw_machine_shared->wave, mw_machine_shared->samples);
        ok_print();
    } else if ((at = word_after(line, "idle")) != NULL) {
        idle(at);
        ok_print();
    } else if ((at = word_after(line, "cost")) != NULL) {
        cost(at);
    } else if (word_after(line, "stack") != NULL) {
        mw_machine_text("stack");
        mw_machine_int(mw_machine_stack_used());
        mw_machine_text("\n");
    } else if (word_after(line, "legal") != NULL) {
        legal_print();
    } else {
        production_obey(line);
    }
}

_Noreturn void mw_shell(const mw_shell_device *of) {
    char line[MW_SHELL_LINE];
    device = of;
    mw_machine_init();
    mw_machine_text("ready ");
    mw_machine_text(device->name);
    mw_machine_text("\n");
    for (;;) {
        mw_machine_line(line, sizeof line);
        obey(line);
    }
}
