# SPDX-License-Identifier: Apache-2.0
"""A journey whose browser says what shall happen to the platform: on a line "DO word more ..." of its
output the word is obeyed, and what it gave goes back on a line of JSON."""
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def drive(script, environment, words):
    """script: in tests/browser; words: {word: what obeys it}. The exit code of the journey."""
    environment = os.environ | environment
    if len(sys.argv) > 1:
        environment["MW_SCREENSHOTS"] = str(pathlib.Path(sys.argv[1]).resolve())
    with subprocess.Popen(["node", ROOT / "tests/browser" / script], env=environment, text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as node:
        for line in node.stdout:
            if line.startswith("DO "):
                word, *more = line.split()[1:]
                print(json.dumps(words[word](*more)), file=node.stdin, flush=True)
            else:
                print(line, end="", flush=True)
        return node.wait(timeout=60)
