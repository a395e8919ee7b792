#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what the architecture promises of every source file: the layer rule of layers.txt, at most
600 lines a file, an SPDX line, and that what a meter carries neither allocates nor does I/O."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINES_MAX = 600
CODE = {".c", ".h", ".ts", ".svelte", ".py", ".mjs", ".sh"}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
SYSTEM_INCLUDE = re.compile(r"^\s*#\s*include\s+<([^>]+)>", re.M)
FREESTANDING_HEADERS = {"stdint.h", "stddef.h", "stdbool.h", "stdalign.h", "limits.h", "string.h"}
FREESTANDING = {"base", "crypto", "protocols", "meters"}
# The hosts' halves of freestanding modules, by name: everything else must build for a meter.
HOST_ONLY = re.compile(r"(_host|/openssl)\.[ch]$|/boards/host")
TEST_FOLDERS = {"test", "fuzz", "bench"}


def layers():
    direct = {}
    for line in (ROOT / "tests/structure/layers.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            folder, uses = line.split(":")
            direct[folder] = uses.split()
    def closure(folder):
        seen = {folder}
        for other in direct[folder]:
            seen |= closure(other)
        return seen
    return {folder: closure(folder) for folder in direct}


def tracked():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split("\n")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def is_code(path):
    """Sources by their ending, and commands without one by their first line."""
    if path.suffix in CODE:
        return True
    with open(path, "rb") as f:
        return path.suffix == "" and f.read(2) == b"#!"


def check_file(path, allowed):
    name = str(path.relative_to(ROOT))
    folder = name.split("/")[0]
    text = path.read_text(errors="replace")
    if text.count("\n") > LINES_MAX:
        yield f"{name}: {text.count(chr(10))} lines, more than {LINES_MAX}"
    if "SPDX-License-Identifier: Apache-2.0" not in text[:400]:
        yield f"{name}: no SPDX line"
    if path.suffix not in (".c", ".h") or folder not in allowed:
        return
    in_test = bool(TEST_FOLDERS & set(name.split("/")))
    if "<sqlite3.h>" in text and not name.startswith("platform/store/") and not in_test:
        yield f"{name}: SQL stays inside platform/store/"
    for include in INCLUDE.findall(text):
        other = include.split("/")[0]
        if in_test and (other == "tests" or "/" not in include):
            continue
        if other not in allowed[folder]:
            yield f"{name}: {folder}/ may not use {other}/ ({include})"
    if folder in FREESTANDING and not in_test and not HOST_ONLY.search(name):
        for header in SYSTEM_INCLUDE.findall(text):
            if header not in FREESTANDING_HEADERS:
                yield f"{name}: <{header}> does not exist on a meter"


def main():
    allowed = layers()
    problems = []
    files = [p for p in tracked() if is_code(p)]
    for path in files:
        problems += check_file(path, allowed)
    for problem in problems:
        print(problem)
    print(f"{len(files)} files looked at, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
