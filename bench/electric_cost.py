#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the measuring part of the electricity meters costs: instructions per sample, half cycle and
window on a Cortex-M0+ and a Cortex-M4 as QEMU counts them, its code and its memory.

  bench/electric_cost.py

Builds the image `metering` (meters/boards/qemu/metering_main.c) for both cores and runs it; that of
the M0+ runs on the machine with an M3, which knows all its instructions. Ends with 77 where the
cross compiler or the emulator is not installed."""
import pathlib
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
RATE = 4000
# Core, machine, and what it may cost: instructions for each sample with one and three elements.
# A third of a core at 48 MHz (M0+) and 80 MHz (M4) and 1.4 cycles an instruction, 4000 times a second.
CORES = [("m0", "cortex-m0plus", "mps2-an385", 48e6), ("m4", "cortex-m4", "mps2-an386", 80e6)]
CYCLES_PER_INSTRUCTION = 1.4


def figure(key, value, unit, most):
    print(f"electricity.{key} {value:.0f} {unit} <={most:.0f} {'ok' if value <= most else 'short'}")
    return value <= most


def image(core):
    folder = ROOT / f"build-cross-{core}"
    if not (folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", folder, ROOT, "--cross-file", ROOT / f"cross/{core}.ini"],
                       check=True, stdout=subprocess.DEVNULL)
    target = "meters/boards/qemu/metering.elf"
    subprocess.run(["ninja", "-C", folder, target], check=True, stdout=subprocess.DEVNULL)
    return folder / target


def lines_of(machine, elf):
    command = ["qemu-system-arm", "-M", machine, "-nographic", "-monitor", "none", "-serial", "stdio",
               "-icount", "shift=0,sleep=off", "-kernel", elf]
    board = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    lines, until = [], time.monotonic() + 60
    try:
        for line in board.stdout:
            if line.strip() == "done" or time.monotonic() > until:
                break
            lines.append(line.split())
    finally:
        board.kill()
        board.wait()
    return lines


def main():
    for tool in ("arm-none-eabi-gcc", "qemu-system-arm", "meson"):
        if shutil.which(tool) is None:
            print(f"# electric_cost: {tool} is not installed")
            return 77
    good = True
    for name, core, machine, hertz in CORES:
        elf = image(core)
        size = subprocess.run(["arm-none-eabi-size", elf], check=True, capture_output=True, text=True)
        text, data, bss = (int(n) for n in size.stdout.splitlines()[1].split()[:3])
        most = hertz / 3 / RATE / CYCLES_PER_INSTRUCTION
        costs = [line for line in lines_of(machine, elf) if line[0] == "cost"]
        if len(costs) != 2:
            print(f"electric_cost: {machine} said {costs}", file=sys.stderr)
            return 1
        for line in costs:
            elements, sample, dearest, half, window = (int(n) for n in line[1:])
            kind = "one_phase" if elements == 1 else "three_phase"
            good = figure(f"{kind}_insn_per_sample_{name}", sample, "insn", most) and good
            good = figure(f"{kind}_insn_per_half_{name}", half, "insn", most * 40) and good
            good = figure(f"{kind}_insn_per_window_{name}", window, "insn", most * 800) and good
            busy = 100 * CYCLES_PER_INSTRUCTION / hertz * (sample * RATE + half * 100 + window * 5)
            good = figure(f"{kind}_core_pct_{name}", busy, "%", 40) and good
            print(f"# {kind} on {core}: the dearest sample takes {dearest} instructions")
        good = figure(f"metering_flash_bytes_{name}", text + data, "B", 65536) and good
        good = figure(f"metering_ram_bytes_{name}", data + bss, "B", 16384) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
