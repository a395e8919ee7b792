# SPDX-License-Identifier: Apache-2.0
"""The settings table in the operators' manual is what the program prints."""
import pathlib
import subprocess
import sys

program, manual = sys.argv[1:]
table = subprocess.run([program, "--manual"], check=True, capture_output=True, text=True).stdout.strip()
if table not in pathlib.Path(manual).read_text():
    sys.exit(f"{manual} does not hold the table that `{program} --manual` prints")
for option in ("--help", "--sample-config", "--version"):
    subprocess.run([program, option], check=True, stdout=subprocess.DEVNULL)
