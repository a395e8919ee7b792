#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A pulse modem on an emulated board leaves production: written by mw-provision over its serial line,
# locked, killed, started with what it holds; the checksum of its legally relevant part is that of
# the image. Arguments: folder of the images, QEMU's machine, mw-provision, tools/legal-part.
set -euo pipefail
images=$1 machine=$2 tool=$3 legal=$4
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -9 $pid 2>/dev/null; rm -rf "$work"' EXIT
say() { echo "production: $*" >&2; exit 1; }
power_on() {
  rm -f "$work/port"
  qemu-system-arm -M "$machine,memory-backend=nv" -nographic -monitor none -kernel "$images/pulse.elf" \
    -object "memory-backend-file,id=nv,size=16M,mem-path=$work/nv,share=on" \
    -serial "unix:$work/port,server=on,wait=off" </dev/null >/dev/null 2>&1 & pid=$!
  for _ in $(seq 100); do [ -S "$work/port" ] && break; sleep 0.1; done
}
power_off() { kill -9 $pid; wait $pid 2>/dev/null || true; pid=; }
ask() { python3 - "$work/port" "$@" <<'P'
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(20)
f = s.makefile("rw", newline="\n")
for line in sys.argv[2:]:
    f.write(line + "\n"); f.flush(); print(f.readline().strip())
P
}
# Blank flash, and the mark of the shared memory behind it (meters/boards/qemu/shared.h).
python3 - "$work/nv" <<'P'
import struct, sys
flash, total = 128 * 4096, 128 * 4096 + 8 + 552 + 24 + (14 << 20)
with open(sys.argv[1], "wb") as f:
    f.write(b"\xff" * flash + struct.pack("<II", 0x4551574D, total))
    f.truncate(16 << 20)
P
echo '[{"number":0,"medium":"gas","obis":"7-0:3.0.0*255","unit":"L","scale":0,"register_digits":8,"label":"Gas"}]' >"$work/channels"
power_on
"$tool" --port "unix:$work/port" --model pulse-2 --serial MW-Q-000001 --device 1122334455667788 --address 99 \
  --tenant demo --output "$work/lines" --channels "$work/channels" --pulse 0:10/1+77 --period 12 >"$work/out" ||
  say "not made"
grep -q '"serial":"MW-Q-000001"' "$work/lines" || say "no line for the platform"
power_off
power_on
sum=$("$legal" "$(cd "$images/../../.." && pwd)" | sed -n 's/^pulse: .* checksum //p')
answer=$(ask identify legal "put address 0 01000000" erase "boot 0 0 1000000000")
version=$(sed -n 's/^#define MW_LEGAL_VERSION //p' "$(dirname "$legal")/../meters/kit/legal.h")
expected="ok pulse-2 * $version $sum locked MW-Q-000001
legal $version $sum
error FORBIDDEN
error FORBIDDEN
ok 1000000000 0 0"
# shellcheck disable=SC2053 — a pattern on purpose
[[ $answer == $expected ]] || say "answered: $answer"
power_off
power_on
[ "$(ask "service erase" identify | tail -1 | grep -c ' open -$')" = 1 ] || say "not erased with the seal broken"
power_off
echo "production on $machine: written, locked, kept through a kill; legally relevant part $sum"
