#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that what the documents name exists: repository paths in backticks, targets of links, and
programs under build/ (from Meson's own list, so nothing has to be built). Also that decisions have
numbers of their own and stand in their index, and that the map in ARCHITECTURE.md has every folder.

usage: check_documents.py BUILD_FOLDER"""
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
QUOTED = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)")
PATH = re.compile(r"[\w.+-]+(/[\w.+-]*)+")
BUILT = re.compile(r"\bbuild/([\w./-]*\w)")


def tracked():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split("\n")
    return {name for name in listed if name and (ROOT / name).is_file()}


def with_folders(files):
    """The files and all the folders above them."""
    return files | {str(parent) for name in files for parent in pathlib.PurePath(name).parents}


def built(build):
    targets = json.loads((build / "meson-info/intro-targets.json").read_text())
    return with_folders({os.path.relpath(name, build) for target in targets for name in target["filename"]})


def quoted_paths(line, top):
    """Words in backticks that begin with a folder of the repository."""
    for quote in QUOTED.findall(line):
        for word in quote.split():
            word = word.removeprefix("./").rstrip(".,;:/")
            if PATH.fullmatch(word) and word.split("/")[0] in top:
                yield word


def check_line(name, line, top, known, stems, programs):
    for path in quoted_paths(line, top):
        if path not in known and path not in stems:
            yield f"no {path}"
    for target in LINK.findall(line):
        if not re.match(r"https?:|mailto:", target):
            path = os.path.normpath(os.path.join(os.path.dirname(name), target))
            if path not in known:
                yield f"link to no file: {target}"
    for path in BUILT.findall(line):
        if path not in programs:
            yield f"nothing builds build/{path}"


def check_documents(files, programs):
    known = with_folders(files)
    top = {path.split("/")[0] for path in known}
    stems = {os.path.splitext(path)[0] for path in files}  # `platform/vee` names a pair of .c and .h too
    for name in sorted(files):
        # A notice names files of the project it thanks.
        if not name.endswith(".md") or name.endswith("NOTICE.md"):
            continue
        for number, line in enumerate((ROOT / name).read_text().split("\n"), 1):
            for problem in check_line(name, line, top, known, stems, programs):
                yield f"{name}:{number}: {problem}"


def check_decisions(files):
    seen = {}
    index = (ROOT / "docs/adr/README.md").read_text()
    for name in sorted(files):
        decision = re.match(r"docs/adr/(\d{4})-", name)
        if decision:
            other = seen.setdefault(decision[1], name)
            if other != name:
                yield f"{name}: has the number of {other}"
            if f"({os.path.basename(name)})" not in index:
                yield f"docs/adr/README.md: lacks {name}"


def check_map(files):
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rows = " ".join(line.split("|")[1] for line in text.split("\n") if line.startswith("| `"))
    for folder in sorted({name.split("/")[0] for name in files if "/" in name and name[0] != "."}):
        if f"{folder}/" not in rows:
            yield f"ARCHITECTURE.md: the map lacks {folder}/"


def main():
    files = tracked()
    problems = [*check_documents(files, built(pathlib.Path(sys.argv[1]).resolve())),
                *check_decisions(files), *check_map(files)]
    for problem in problems:
        print(problem)
    print(f"{sum(name.endswith('.md') for name in files)} documents looked at, {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
