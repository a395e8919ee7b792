#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Memory of the platform's process with a fleet of meters: a store is built by importing them and
filling two days of values; then the process takes sealed uplinks, validates them, and answers what
the console asks. Prints the most it held resident.

  bench/fleet_memory.py METERS [BUILD] [FOLDER]    100000: about 1 minute, 1000000: about 8

FOLDER keeps the store: the next run with it starts at once. Also prints the longest turn of the loop
while all this went on, which is what an uplink waits for at most.
"""
import atexit
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "platform/api/test"))
from api_world import UTC, Client, World, channel, device, wait_for  # noqa: E402

LAST = datetime(2026, 3, 30, tzinfo=UTC)
PART = 20000  # lines of one import
SETTLE_S = 60  # what the platform gets to work off what the fill left
TALKING = 300  # meters that send on the day after
PAGES = ["/v1/overview", "/v1/meters?limit=200", "/v1/meters?sort=last_seen&limit=200",
         "/v1/meters?search=MW-T-0004", "/v1/meters?medium=water&limit=200", "/v1/vee/summary",
         "/v1/vee/exceptions", "/v1/vee/rules", "/v1/stations", "/v1/alarms"]


def populate(world, meters):
    file = os.path.join(world.folder, "part.jsonl")
    for first in range(1, meters + 1, PART):
        with open(file, "w") as f:
            for n in range(first, min(first + PART, meters + 1)):
                d = device(n, "demo", [channel(0, "water", f"up-{n}", "Europe/Rome", f"cu-{n}",
                                               f"Via Roma {n}, flat 2")])
                d["channels"][0]["usage_point"]["customer"].pop("login")
                f.write(json.dumps(d) + "\n")
        r = subprocess.run([world.program, "--config", world.config, "import", file, "--at",
                            "2025-01-01T00:00:00Z"], capture_output=True, text=True)
        if r.returncode != 0:
            raise SystemExit(r.stderr)
    os.unlink(file)


def resident_mib(world):
    with open(f"/proc/{world.process.pid}/status") as f:
        row = {k: v for k, _, v in (line.partition(":") for line in f)}
    return [int(row[k].split()[0]) / 1024 for k in ("VmRSS", "VmHWM")]


def uplinks(world, token, meters):
    items = []
    for n in range(1, meters + 1, max(1, meters // TALKING)):
        end = LAST + timedelta(days=2)
        values = [20 + (h * 7 + n) % 11 - 5 for h in range(24)]
        items.append(world.item(world.frame(n, 0, 0, end, 1000 + 3 * 480, values, 61),
                                end + timedelta(minutes=5)))
    for first in range(0, len(items), 100):
        r = world.send(token, items[first:first + 100])
        if r.status != 200 or any(x["status"] != "stored" for x in r.json()["results"]):
            raise SystemExit(f"uplinks: {r.status} {r.body[:300]}")
    return len(items)


def build_store(build, folder, meters):
    """The platform with so many meters and two days of each, in a folder that is empty yet."""
    world = World(str(build / "platform/mw-platform"), str(build / "platform/mw-seal"), folder)
    with open(world.config) as f:
        text = f.read().replace("cache = 2MiB", "cache = 64MiB")
    with open(world.config, "w") as f:
        f.write(text)
    populate(world, meters)
    subprocess.run([str(build / "bench/bench_fleet_fill"), os.path.join(folder, "test.db"),
                    str(int(LAST.timestamp()) // 86400), "2"], check=True,
                   stdout=subprocess.DEVNULL)


class Turns(threading.Thread):
    """Asks for the longest turn of the loop as long as the platform runs."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.most, self.worked, self.long, self.over = world, 0, 0, 0, False

    def look(self):
        try:
            text = Client(self.world).get("/metrics").body.decode()
        except OSError:
            return
        numbers = dict(re.findall(r"^(mw_loop_turn\w+) (\d+)$", text, re.M))
        self.most = max(self.most, int(numbers["mw_loop_turn_max_ms"]))
        self.worked = max(self.worked, int(numbers["mw_loop_turn_cpu_max_ms"]))
        self.long = int(numbers["mw_loop_turns_long"])

    def run(self):
        while not self.over:
            self.look()
            time.sleep(3)


def main():
    meters = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    build = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "build")
    with tempfile.TemporaryDirectory(prefix="mw-fleet-") as folder:
        kept = sys.argv[3] if len(sys.argv) > 3 else os.path.join(folder, "kept")
        if not os.path.exists(kept):
            os.makedirs(kept)
            build_store(build, kept, meters)
        folder = os.path.join(folder, "run")
        os.makedirs(folder)
        for name in ("test.db", "master.key"):
            shutil.copy(os.path.join(kept, name), folder)
        world = World(str(build / "platform/mw-platform"), str(build / "platform/mw-seal"), folder)
        with open(world.config) as f:
            text = f.read().replace("cache = 2MiB", "cache = 64MiB")
        with open(world.config, "w") as f:
            f.write(text)
        password = world.account("ops", "--role", "operator")
        path = os.path.join(folder, "token")
        world.command("station", "add", "st-1", "--token-file", path)
        with open(path) as f:
            token = f.read().strip()
        begun = time.monotonic()
        world.set_clock(LAST + timedelta(days=2, hours=1))
        atexit.register(world.kill)  # also when a question is not answered
        world.start("fold.every=1s", "validation.watch_every=2s")
        print(f"# {meters} meters; started in {time.monotonic() - begun:.1f} s, resident "
              f"{resident_mib(world)[0]:.0f} MiB", flush=True)
        Client.patience = 120
        turns = Turns(world)
        turns.start()
        client = Client(world)
        client.sign_in("ops", password)
        sent = uplinks(world, token, meters)
        slowest, page_of = 0, ""
        for _ in range(3):
            for page in PAGES:
                t = time.monotonic()
                r = client.get(page)
                if time.monotonic() - t > slowest:
                    slowest, page_of = time.monotonic() - t, page
                if r.status != 200:
                    raise SystemExit(f"{page}: {r.status} {r.body[:200]}")
        wait_for(lambda: client.get("/v1/overview").json()["uplinks"]["received"] >= sent, 60)
        time.sleep(SETTLE_S)  # a round of the watch over all meters, validation, settling
        turns.look()
        turns.over = True
        now, most = resident_mib(world)
        print(f"# {sent} uplinks taken, {3 * len(PAGES)} pages answered, the slowest ({page_of}) in "
              f"{slowest * 1000:.0f} ms; {turns.long} turns over 100 ms; resident {now:.0f} MiB at the end")
        key, target = ("store.resident_1000000_mib", 1024) if meters > 100000 else \
            ("store.resident_100000_mib", 256)
        print(f"store.turn_max_{meters}_ms {turns.most} ms <=100 "
              f"{'ok' if turns.most <= 100 else 'short'}")
        print(f"store.turn_cpu_max_{meters}_ms {turns.worked} ms <=100 "
              f"{'ok' if turns.worked <= 100 else 'short'}")
        print(f"{key} {most:.0f} MiB <={target} {'ok' if most <= target else 'short'}")
        world.stop()
    return 0 if most <= target else 1


if __name__ == "__main__":
    sys.exit(main())
