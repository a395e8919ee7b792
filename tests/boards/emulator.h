/* SPDX-License-Identifier: Apache-2.0
 *
 * An image of a meter in QEMU, seen from the host: its shared memory, and its serial line as lines.
 */
#ifndef MW_TESTS_BOARDS_EMULATOR_H
#define MW_TESTS_BOARDS_EMULATOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "meters/boards/qemu/shared.h"

#define EMULATOR_LINE 512

typedef struct emulator {
    char elf[256], memory[256], machine[32];
    mw_qemu_shared *shared;
    bool counting; /* instructions: slower, and the system timer tells them */
    pid_t pid;     /* 0: not running */
    int to, from;
    char buffer[4096];
    size_t n;
} emulator;

/* A new board: blank flash. `memory` is the file to be made. MW_IO. */
MW_NODISCARD mw_status emulator_open(emulator *e, const char *elf, const char *machine,
                                     const char *memory);
void emulator_close(emulator *e);
/* Power on: QEMU starts and says that it is ready. MW_IO, MW_AGAIN. */
MW_NODISCARD mw_status emulator_on(emulator *e);
/* Power off, at any moment: SIGKILL. The memory stays. */
void emulator_off(emulator *e);
MW_NODISCARD mw_status emulator_say(emulator *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The next line without its end. MW_AGAIN after so many milliseconds, MW_IO when it is gone. */
MW_NODISCARD mw_status emulator_hear(emulator *e, int timeout_ms, char out_line[EMULATOR_LINE]);

#endif
