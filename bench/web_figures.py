#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How the pages feel on a platform that holds a large fleet, through the real processes and Chromium.

  bench/web_figures.py [METERS [FOLDER]]     default 100000; the first run with a FOLDER fills it

Prints: web.first_paint_ms (cold cache, the page behind the log-in, the slower of console and
account), web.year_of_quarters_draw_ms (35,040 values on the pages' own chart), api.p95_ms_100k_meters
(every question that the console asked while all its pages were opened, asked again and again),
api.live_event_lag_ms (an uplink's durable answer until the browser has its event), and
web.scroll_p95_ms (a frame while the list of all meters is scrolled from end to end).
Needs web/dist (tools/build) and Chromium.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from datetime import timedelta

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "platform/api/test"))
sys.path.insert(0, str(ROOT / "bench"))
from api_world import World  # noqa: E402
from fleet_memory import LAST, build_store  # noqa: E402

LIVE = 20  # uplinks whose events are awaited


def uplinks(world, meters):
    """Sealed reports of the day after, each a body of its own."""
    out = []
    for n in range(1, LIVE + 1):
        end = LAST + timedelta(days=2)
        device = 1 + (n * 37) % meters
        values = [20 + (h * 7 + device) % 11 - 5 for h in range(24)]
        payload = world.frame(device, 0, 0, end, 1000 + 3 * 480, values, 61)
        item = world.item(payload, end + timedelta(minutes=5))
        out.append({"sender": "st-1", "epoch": "00000000000000a1", "items": [item]})
    return out


def main():
    meters = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    build = ROOT / "build"
    with tempfile.TemporaryDirectory(prefix="mw-web-figures-") as work:
        kept = sys.argv[2] if len(sys.argv) > 2 else os.path.join(work, "kept")
        if not os.path.exists(os.path.join(kept, "test.db")):
            os.makedirs(kept, exist_ok=True)
            build_store(build, kept, meters)
        folder = os.path.join(work, "run")
        os.makedirs(folder)
        for name in ("test.db", "master.key"):
            shutil.copy(os.path.join(kept, name), folder)
        world = World(str(build / "platform/mw-platform"), str(build / "platform/mw-seal"), folder)
        with open(world.config) as f:
            text = f.read().replace("cache = 2MiB", "cache = 64MiB")
        text = text.replace(f"root = {world.web}", f"root = {ROOT / 'web/dist'}")
        with open(world.config, "w") as f:
            f.write(text)
        people = {"administrator": ("boss", world.account("boss", "--role", "administrator")),
                  "operator": ("ops", world.account("ops", "--role", "operator")),
                  "consumer": ("home", world.account("home", "--role", "consumer", "--customer",
                                                     "cu-1"))}
        token = os.path.join(folder, "token")
        world.command("station", "add", "st-1", "--token-file", token)
        world.set_clock(LAST + timedelta(days=2, hours=1))
        plan = os.path.join(folder, "plan.json")
        with open(token) as f:
            key = f.read().strip()
        with open(plan, "w") as f:
            json.dump({"people": people, "token": key, "uplinks": uplinks(world, meters)}, f)
        world.start("fold.every=1s", "validation.watch_every=2s")
        try:
            done = subprocess.run(["node", str(ROOT / "bench/web_figures.mjs"),
                                   f"http://127.0.0.1:{world.port}", plan, str(meters)])
        finally:
            world.kill()
        return done.returncode


if __name__ == "__main__":
    sys.exit(main())
