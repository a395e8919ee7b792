/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/boards/qemu/machine.h"

#include "base/assert.h"
#include "base/crc.h"

/* CMSDK UART 0 and the core's system timer. */
#define UART_DATA  (*(volatile uint32_t *)0x40004000)
#define UART_STATE (*(volatile uint32_t *)0x40004004)
#define UART_CTRL  (*(volatile uint32_t *)0x40004008)
#define UART_BAUD  (*(volatile uint32_t *)0x40004010)
#define TICK_CTRL  (*(volatile uint32_t *)0xE000E010)
#define TICK_LOAD  (*(volatile uint32_t *)0xE000E014)
#define TICK_VALUE (*(volatile uint32_t *)0xE000E018)

void mw_machine_init(void) {
    UART_BAUD = 16;
    UART_CTRL = 3; /* send and receive, no interrupts */
    TICK_LOAD = 0xFFFFFF;
    TICK_VALUE = 0;
    TICK_CTRL = 5; /* the core's clock */
}

uint32_t mw_machine_ticks(void) {
    return 0xFFFFFF - TICK_VALUE;
}

/* ---- the serial line ---- */

static void put(char c) {
    while ((UART_STATE & 1) != 0) {
    }
    UART_DATA = (uint32_t)(uint8_t)c;
}

void mw_machine_put(uint8_t byte) {
    put((char)byte);
}

bool mw_machine_get(uint8_t *out_byte) {
    if ((UART_STATE & 2) == 0)
        return false;
    *out_byte = (uint8_t)UART_DATA;
    return true;
}

void mw_machine_text(const char *text) {
    while (*text != 0)
        put(*text++);
}

void mw_machine_int(int64_t value) {
    char digits[20];
    unsigned n = 0;
    uint64_t left = value < 0 ? ~(uint64_t)value + 1 : (uint64_t)value;
    put(' ');
    if (value < 0)
        put('-');
    do {
        digits[n++] = (char)('0' + left % 10);
        left /= 10;
    } while (left != 0);
    while (n > 0)
        put(digits[--n]);
}

void mw_machine_hex(mw_slice bytes) {
    static const char digit[] = "0123456789abcdef";
    put(' ');
    for (size_t i = 0; i < bytes.n; i++) {
        put(digit[bytes.p[i] >> 4]);
        put(digit[bytes.p[i] & 15]);
    }
}

void mw_machine_line(char *out, unsigned size) {
    unsigned n = 0;
    for (;;) {
        while ((UART_STATE & 2) == 0) {
        }
        char c = (char)UART_DATA;
        if (c == '\n')
            break;
        if (n + 1 < size)
            out[n++] = c;
    }
    out[n] = 0;
}

/* ---- NOR flash in the shared memory ---- */

static uint8_t *at_address(uint32_t at) {
    mw_assert(at < MW_QEMU_FLASH_COUNT * MW_QEMU_FLASH_SECTOR);
    return &mw_machine_shared->flash[0][0] + at;
}

static mw_status flash_read(void *context, uint32_t at, mw_span out) {
    (void)context;
    mw_bytes_copy(out.p, at_address(at), out.n);
    return MW_OK;
}

/* Byte by byte, so that a killed emulator leaves a prefix, as a cut does. */
static mw_status flash_program(void *context, uint32_t at, mw_slice in) {
    volatile uint8_t *cell = at_address(at);
    (void)context;
    for (size_t i = 0; i < in.n; i++)
        cell[i] &= in.p[i];
    return MW_OK;
}

static mw_status flash_erase(void *context, uint32_t sector) {
    volatile uint8_t *cell = at_address(sector * MW_QEMU_FLASH_SECTOR);
    (void)context;
    for (uint32_t i = 0; i < MW_QEMU_FLASH_SECTOR; i++)
        cell[i] = 0xFF;
    return MW_OK;
}

mw_flash mw_machine_flash(void) {
    return (mw_flash){.sector_bytes = MW_QEMU_FLASH_SECTOR,
                      .sector_count = MW_QEMU_FLASH_COUNT,
                      .read = flash_read,
                      .program = flash_program,
                      .erase = flash_erase};
}

uint32_t mw_machine_legal_checksum(void) {
    extern const uint8_t _legal_start[], _legal_end[];
    return mw_crc32((mw_slice){_legal_start, (size_t)(_legal_end - _legal_start)});
}

_Noreturn void mw_assert_failed(const char *file, int line, const char *condition) {
    mw_machine_text("assert ");
    mw_machine_text(file);
    mw_machine_int(line);
    mw_machine_text(" ");
    mw_machine_text(condition);
    mw_machine_text("\n");
    for (;;)
        __asm volatile("wfi");
}
