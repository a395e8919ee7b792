/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/boards/emulator.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

mw_status emulator_open(emulator *e, const char *elf, const char *machine, const char *memory) {
    memset(e, 0, sizeof *e);
    snprintf(e->elf, sizeof e->elf, "%s", elf);
    snprintf(e->machine, sizeof e->machine, "%s", machine);
    snprintf(e->memory, sizeof e->memory, "%s", memory);
    int fd = open(memory, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return MW_IO;
    if (ftruncate(fd, MW_QEMU_SHARED_BYTES) != 0) {
        close(fd);
        return MW_IO;
    }
    e->shared = mmap(NULL, MW_QEMU_SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (e->shared == MAP_FAILED)
        return MW_IO;
    memset(e->shared->flash, 0xFF, sizeof e->shared->flash);
    e->shared->magic = MW_QEMU_MAGIC;
    e->shared->layout = sizeof *e->shared;
    return MW_OK;
}

void emulator_close(emulator *e) {
    emulator_off(e);
    munmap(e->shared, MW_QEMU_SHARED_BYTES);
    unlink(e->memory);
}

static void child(emulator *e, int in, int out) {
    char machine[64], object[400], serial[] = "chardev:line";
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* never outlives the test */
    dup2(in, 0);
    dup2(out, 1);
    int none = open("/dev/null", O_WRONLY);
    if (none >= 0)
        dup2(none, 2);
    snprintf(machine, sizeof machine, "%s,memory-backend=nv", e->machine);
    snprintf(object, sizeof object, "memory-backend-file,id=nv,size=16M,mem-path=%s,share=on",
             e->memory);
    const char *argv[] = {"qemu-system-arm",
                          "-M",
                          machine,
                          "-object",
                          object,
                          "-nodefaults",
                          "-display",
                          "none",
                          "-monitor",
                          "none",
                          "-chardev",
                          "stdio,id=line,signal=off",
                          "-serial",
                          serial,
                          "-kernel",
                          e->elf,
                          e->counting ? "-icount" : NULL,
                          "shift=0",
                          NULL};
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

mw_status emulator_on(emulator *e) {
    int down[2], up[2];
    char line[EMULATOR_LINE];
    if (pipe2(down, O_CLOEXEC) != 0 || pipe2(up, O_CLOEXEC) != 0)
        return MW_IO;
    e->n = 0;
    e->pid = fork();
    if (e->pid == 0)
        child(e, down[0], up[1]);
    close(down[0]);
    close(up[1]);
    e->to = down[1];
    e->from = up[0];
    if (e->pid < 0)
        return MW_IO;
    MW_TRY(emulator_hear(e, 20000, line));
    return strncmp(line, "ready ", 6) == 0 ? MW_OK : MW_IO;
}

void emulator_off(emulator *e) {
    if (e->pid <= 0)
        return;
    kill(e->pid, SIGKILL);
    while (waitpid(e->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    close(e->to);
    close(e->from);
    e->pid = 0;
}

mw_status emulator_say(emulator *e, const char *format, ...) {
    char line[128];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(line, sizeof line - 1, format, arguments);
    va_end(arguments);
    if (n < 0 || (size_t)n >= sizeof line - 1)
        return MW_RANGE;
    line[n++] = '\n';
    return write(e->to, line, (size_t)n) == n ? MW_OK : MW_IO;
}

mw_status emulator_hear(emulator *e, int timeout_ms, char out_line[EMULATOR_LINE]) {
    for (;;) {
        char *end = memchr(e->buffer, '\n', e->n);
        if (end != NULL) {
            size_t n = (size_t)(end - e->buffer);
            size_t kept = n < EMULATOR_LINE - 1 ? n : EMULATOR_LINE - 1;
            memcpy(out_line, e->buffer, kept);
            out_line[kept] = 0;
            e->n -= n + 1;
            memmove(e->buffer, end + 1, e->n);
            return MW_OK;
        }
        if (e->n == sizeof e->buffer)
            return MW_LIMIT;
        struct pollfd p = {.fd = e->from, .events = POLLIN};
        int ready = poll(&p, 1, timeout_ms);
        if (ready == 0)
            return MW_AGAIN;
        ssize_t got = ready < 0 ? -1 : read(e->from, e->buffer + e->n, sizeof e->buffer - e->n);
        if (got <= 0)
            return MW_IO;
        e->n += (size_t)got;
    }
}
