/* SPDX-License-Identifier: Apache-2.0
 *
 * From reset to main on a Cortex-M: memory, the FPU where there is one, a painted stack.
 */
#include <stdint.h>

#include "meters/boards/qemu/machine.h"

extern uint32_t _sidata, _sdata, _edata, _sbss, _ebss, _estack, _stack_floor;

int main(void);

#define STACK_PAINT UINT32_C(0xA5A5A5A5)

static uint32_t *stack_pointer(void) {
    uint32_t *sp;
    __asm volatile("mov %0, sp" : "=r"(sp));
    return sp;
}

_Noreturn void mw_machine_reset(void);
_Noreturn void mw_machine_reset(void) {
    for (uint32_t *from = &_sidata, *to = &_sdata; to < &_edata;)
        *to++ = *from++;
    for (uint32_t *to = &_sbss; to < &_ebss;)
        *to++ = 0;
    for (uint32_t *at = &_stack_floor; at < stack_pointer() - 16; at++)
        *at = STACK_PAINT;
#if defined(__ARM_FP)
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20; /* CPACR: full access to the FPU */
    __asm volatile("dsb\n isb" ::: "memory");
#endif
    (void)main();
    for (;;)
        __asm volatile("wfi");
}

uint32_t mw_machine_stack_used(void) {
    const uint32_t *at = &_stack_floor;
    while (at < &_estack && *at == STACK_PAINT)
        at++;
    return (uint32_t)((const uint8_t *)&_estack - (const uint8_t *)at);
}

_Noreturn void mw_machine_fault(void);
_Noreturn void mw_machine_fault(void) {
    mw_machine_text("fault\n");
    for (;;)
        __asm volatile("wfi");
}

/* The sixteen vectors of the core; interrupts are not used. */
typedef struct vectors {
    const uint32_t *stack;
    void (*handler[15])(void);
} vectors;

__attribute__((section(".isr_vector"), used)) static const vectors table = {
    &_estack,
    {mw_machine_reset, mw_machine_fault, mw_machine_fault, mw_machine_fault, mw_machine_fault,
     mw_machine_fault}};
