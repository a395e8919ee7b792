# SPDX-License-Identifier: Apache-2.0
"""What happens while a system runs: progress, the first reading, random kills, and the comparison at
the end."""
import random
import re
import sys
import time

from . import verification
from .processes import wait_until
from .system import Trouble

STALL_S = 120
DAYS_OF_METERS = 50  # meters whose pages are compared day by day

class Progress:
    """Follows the town's log and shows its last word on one line."""

    pattern = re.compile(r"msg=(\w+) town=(\S+) hours=(\d+) frames=(\d+) lost=(\d+)")

    def __init__(self, system):
        self.path, self.at = system.town.log_path, 0
        self.last, self.live = None, False

    def poll(self):
        with open(self.path, "rb") as log:
            log.seek(self.at)
            text = log.read()
        end = text.rfind(b"\n") + 1
        self.at += end
        for match in self.pattern.finditer(text[:end].decode(errors="replace")):
            self.last = match.groups()
            self.live = self.live or match.group(1) == "live"
        return self.last

    def show(self, what):
        if self.poll() is None:
            return
        _, town, hours, frames, lost = self.last
        line = f"{what}: town time {town[:16].replace('T', ' ')}, {int(hours) / 24:.1f} days, " \
               f"{frames} frames sent, {lost} faded out"
        end = "\r" if sys.stdout.isatty() else "\n"
        print(f"{line:<100}", end=end, flush=True)


def check_alive(system, allowed_to_end=()):
    for process in (system.town, system.station, system.platform):
        if not process.running() and process not in allowed_to_end:
            raise Trouble(f"the {process.name} ended by itself (code {process.exit_code()}); the end "
                          f"of {process.log_path}:\n{process.last_words()}")


def first_reading(system, started):
    """Seconds from `started` until a page would show a reading; None when none came."""
    def there():
        return any(m["last_reading"] for m in system.client.get("/v1/meters", limit=200)["items"])
    return time.monotonic() - started if wait_until(there, 120, 0.5) else None


def kill_at_random(system, kills, dice):
    """One random kill -9 and restart; returns how many are left."""
    victim = dice.choice((system.station, system.platform))
    victim.kill()
    time.sleep(dice.uniform(0, 0.5))
    victim.start()
    return kills - 1


def run_town(system, kills, seed):
    """Until the town has said everything that it has to say."""
    progress, dice, shown = Progress(system), random.Random(seed), 0.0
    last, moved = None, time.monotonic()
    next_kill = time.monotonic() + dice.uniform(0.2, 1.0)
    while system.town.running() or kills > 0:
        if kills > 0 and time.monotonic() > next_kill:
            kills = kill_at_random(system, kills, dice)
            next_kill = time.monotonic() + dice.uniform(0.1, 2.0)
        check_alive(system, (system.town,))
        if time.monotonic() > shown + 5:
            shown = time.monotonic()
            progress.show("Running")
            if progress.last != last:
                last, moved = progress.last, time.monotonic()
            elif time.monotonic() > moved + STALL_S:
                raise Trouble(f"nothing has moved for {STALL_S} s; the station's last words:\n"
                              + system.station.last_words())
        for process in (system.town, system.station, system.platform):
            process.note_memory()
        time.sleep(0.05)
    if system.town.exit_code() != 0:
        raise Trouble("the town failed:\n" + system.town.last_words())


def collect(system):
    system.wait_for_platform()
    def settled():
        try:
            return system.settled()
        except OSError:
            return False
    if not wait_until(settled, 180, 0.5):
        raise Trouble("the station did not deliver everything within three minutes:\n"
                      + system.station.last_words())
    system.sign_in()
    uplinks = system.client.get("/v1/overview")["uplinks"]
    truth = verification.Truth(system.folder / "town")
    intervals = list(system.client.intervals())
    report = verification.compare(truth, intervals, system.client.registers(),
                                  uplinks["received"] - uplinks["duplicates"],
                                  uplinks["duplicates"])
    first, last = truth.days_around()
    reported = system.client.days(DAYS_OF_METERS, first, last, "raw")
    shown = system.client.days(DAYS_OF_METERS, first, last, "final")
    verification.compare_days(truth, intervals, report, reported, shown)
    return report
