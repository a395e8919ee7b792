# SPDX-License-Identifier: Apache-2.0
"""Compares what the platform holds with what really flowed.

The town's book of truth (truth.csv, frames.csv) says what each register showed at the end of each
hour and which frames carried which hours. A value that arrived must equal the truth; an hour may be
missing only as often as the loss of frames on the air explains, and nothing may be there twice."""
import collections
import csv
import dataclasses
import math
import pathlib
from datetime import datetime, timezone


DAY_S = 86400


def parse_utc(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc).timestamp())


def format_utc(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclasses.dataclass
class Frame:
    device: str
    counter: int
    lost: bool
    hours: list  # (channel, end of hour) of every value it carries
    registers: list  # (channel, end of the last hour)


class Truth:
    """The town's book: registers and values by (device, channel) and end of hour, and the frames."""

    def __init__(self, folder, until=None):
        folder = pathlib.Path(folder)
        self.register, self.value = {}, {}
        with open(folder / "truth.csv", newline="") as f:
            for row in csv.DictReader(f):
                key = (row["device_id"], int(row["channel"]), parse_utc(row["hour_end"]))
                self.register[key] = int(row["register"])
                self.value[key] = int(row["value"])
        self.frames = []
        with open(folder / "frames.csv", newline="") as f:
            for row in csv.DictReader(f):
                if until is None or parse_utc(row["sent_at"]) < until:
                    self.frames.append(self.parse_frame(row))
        # Reports over TCP: those that the platform confirmed, so each must be there.
        self.pushes = []
        if (folder / "pushes.csv").exists():
            with open(folder / "pushes.csv", newline="") as f:
                self.pushes = [self.parse_frame(row | {"lost": "0"}) for row in csv.DictReader(f)]

    def days_around(self):
        """Dates [first, last) that hold every hour of the book in any time zone."""
        hours = [at for _, _, at in self.value]
        return (format_utc(min(hours) - 2 * DAY_S)[:10], format_utc(max(hours) + 2 * DAY_S)[:10])

    @staticmethod
    def parse_frame(row):
        hours, registers = [], []
        for item in (row["objects"] or "").split():
            channel, count, end = item.split(":", 2)
            last = parse_utc(end)
            registers.append((int(channel), last))
            hours += [(int(channel), last - 3600 * i) for i in range(int(count))]
        return Frame(row["device_id"], int(row["counter"]), row["lost"] == "1", hours, registers)


# The air of the town loses every ninth frame or so; a comparison with fewer losses shows little.
LOSS_LEAST = 0.08


@dataclasses.dataclass
class Report:
    frames_sent: int = 0
    frames_faded: int = 0
    frames_collided: int = 0
    frames_received: int = 0
    duplicates: int = 0
    intervals_compared: int = 0
    registers_compared: int = 0
    days_compared: int = 0
    days_estimated: int = 0
    meters_heard: int = 0
    expected: int = 0
    bound: float = 0.0
    unfaded_missing: int = 0
    withheld: int = 0
    registers_missing: int = 0
    registers_bound: float = 0.0
    pushes: int = 0
    pushed_values: int = 0
    pushed_missing: int = 0
    doubled: int = 0
    wrong: list = dataclasses.field(default_factory=list)
    missing: list = dataclasses.field(default_factory=list)

    @property
    def loss(self):
        return 1 - self.frames_received / self.frames_sent if self.frames_sent else 0.0

    def problems(self):
        found = []
        if not self.intervals_compared or not self.registers_compared:
            found.append("nothing arrived to compare")
        if self.wrong:
            found.append(f"{len(self.wrong)} values differ from the truth")
        if len(self.missing) > self.bound:
            found.append(f"{len(self.missing)} hourly values are missing, more than the bound of "
                         f"{self.bound:.0f} that the loss of frames implies")
        if self.withheld:
            found.append(f"{self.withheld} hourly values are missing although a frame that carried "
                         "them arrived")
        if self.registers_missing > self.registers_bound:
            found.append(f"{self.registers_missing} register readings are missing, more than the "
                         f"bound of {self.registers_bound:.0f} that the loss of frames implies")
        if self.pushed_missing:
            found.append(f"{self.pushed_missing} values are missing of reports that were confirmed")
        if self.doubled:
            found.append(f"{self.doubled} values are there more often than they were sent")
        if self.frames_sent and self.loss < LOSS_LEAST:
            found.append(f"only {100 * self.loss:.1f} % of the frames were lost: the air was too kind "
                         "for this to prove anything")
        if self.frames_received > self.frames_sent:
            found.append("more frames were received than sent")
        if self.frames_collided > 0.05 * self.frames_sent:
            found.append("the station lost more frames than faded out and collided")
        return found

    def lines(self):
        yield f"frames sent          {self.frames_sent}"
        yield f"frames received      {self.frames_received}"
        yield f"frames lost          {self.frames_sent - self.frames_received} ({100 * self.loss:.1f} %)"
        yield (f"pushes confirmed     {self.pushes} ({self.pushed_values} values, "
               f"{self.pushed_missing} missing)")
        yield f"duplicates dropped   {self.duplicates}"
        yield f"meter channels heard {self.meters_heard}"
        yield f"registers compared   {self.registers_compared}"
        yield f"hours compared       {self.intervals_compared}"
        yield (f"days compared        {self.days_compared} (of what the pages show, "
               f"{self.days_estimated} with estimates)")
        yield f"values wrong         {len(self.wrong)}"
        yield f"values doubled       {self.doubled}"
        yield (f"registers missing    {self.registers_missing} "
               f"(the loss of frames explains up to {self.registers_bound:.0f})")
        yield (f"hours missing        {len(self.missing)} of {self.expected} "
               f"(the loss of frames explains up to {self.bound:.0f})")
        yield (f"... sent unfaded     {self.unfaded_missing} (in {self.frames_collided} frames that "
               f"collided or met a transmitting station; {self.withheld} in frames that arrived)")


def compare_days(truth, intervals, report, reported, shown):
    """Days of what the meters reported and of what the pages show: each maps (device, channel) to
    points (start, end, value, received, estimated). A reported day must be the sum of what flowed in
    the hours that arrived, and say how many arrived; a shown one is the same unless it says that it
    holds estimates, and those only add."""
    arrived = {(device, channel, start + seconds) for device, channel, start, seconds, _ in intervals}
    for (device, channel), points in reported.items():
        pages = {point[0]: point for point in shown.get((device, channel), [])}
        for start, end, value, received, estimated in points:
            hours = [(device, channel, at) for at in range(start + 3600, end + 1, 3600)
                     if (device, channel, at) in arrived]
            flowed = sum(truth.value.get(h, 0) for h in hours)
            report.days_compared += 1
            if estimated or received != len(hours) or (value or 0) != flowed:
                report.wrong.append(("day", device, channel, end, value, flowed))
            page = pages.get(start)
            if page is not None and page[4]:
                report.days_estimated += 1
                if received == len(hours) == (end - start) // 3600 or page[2] < flowed:
                    report.wrong.append(("day with estimates", device, channel, end, page[2], flowed))
            elif page != (start, end, value, received, False):
                report.wrong.append(("day as shown", device, channel, end, page and page[2], flowed))


def missing_bound(carriers, loss):
    """Most hours that may be missing when each frame is lost with probability `loss`: mean plus five
    standard deviations. Hours that stood in the same frames are lost together."""
    groups = {}
    for frames in carriers.values():
        groups[frozenset(frames)] = groups.get(frozenset(frames), 0) + 1
    mean = sum(n * loss ** len(g) for g, n in groups.items())
    variance = sum(n * n * loss ** len(g) * (1 - loss ** len(g)) for g, n in groups.items())
    return mean + 5 * math.sqrt(variance)


def compare(truth, intervals, registers, frames_received, duplicates):
    """intervals: (device, channel, start, seconds, value); registers: (device, channel, at, value)."""
    report = Report(frames_sent=len(truth.frames), frames_received=frames_received,
                    frames_faded=sum(f.lost for f in truth.frames), duplicates=duplicates)
    present = set()
    for device, channel, start, seconds, value in intervals:
        key = (device, channel, start + seconds)
        report.intervals_compared += 1
        if key in present:
            report.wrong.append(("hour stored twice", *key, value, truth.value.get(key)))
        present.add(key)
        if seconds != 3600 or truth.value.get(key) != value:
            report.wrong.append(("hour", *key, value, truth.value.get(key)))
    report.doubled = report.intervals_compared - len(present)
    heard, readings = set(), collections.Counter()
    for device, channel, at, value in registers:
        key = (device, channel, at)
        report.registers_compared += 1
        readings[key] += 1
        heard.add((device, channel))
        if truth.register.get(key) != value:
            report.wrong.append(("register", *key, value, truth.register.get(key)))
    report.meters_heard = len(heard)

    carriers, of_register = {}, {}
    for number, frame in enumerate(truth.frames):
        for channel, end in frame.hours:
            carriers.setdefault((frame.device, channel, end), []).append(number)
        for channel, end in frame.registers:
            of_register.setdefault((frame.device, channel, end), []).append(number)
    pushed = collections.Counter()
    pushed_hours, report.pushes = set(), len(truth.pushes)
    for push in truth.pushes:
        pushed_hours |= {(push.device, *hour) for hour in push.hours}
        pushed.update((push.device, *reg) for reg in push.registers)
    report.pushed_values = len(pushed_hours) + len(pushed)
    report.pushed_missing = len(pushed_hours - present) + sum(key not in readings for key in pushed)
    report.expected = len(carriers)
    # A value that no frame carried was made up, even if it happens to be right.
    report.wrong += [("hour that nobody sent", *key, truth.value.get(key), None)
                     for key in sorted(present - set(carriers) - pushed_hours)]
    report.missing = sorted(key for key in carriers if key not in present)
    report.bound = missing_bound(carriers, max(report.loss, 0.0))
    # The book knows which frames faded. Of the others some collide, or meet the station while it
    # transmits and hears nothing. Which arrived is told by the register that each carries (answers
    # carry none): by one that stood in no other frame, when it is to be sure.
    report.unfaded_missing = sum(any(not truth.frames[n].lost for n in numbers)
                                 for key, numbers in carriers.items() if key not in present)
    report.frames_collided = sum(
        not frame.lost and bool(frame.registers)
        and not any((frame.device, *r) in readings for r in frame.registers)
        for frame in truth.frames)
    surely = {number for key, numbers in of_register.items() if key in readings and len(numbers) == 1
              and key not in pushed for number in numbers}
    report.withheld = sum(not surely.isdisjoint(carriers[key]) for key in report.missing)
    report.registers_missing = sum(key not in readings for key in of_register)
    report.registers_bound = missing_bound(of_register, max(report.loss, 0.0))
    report.doubled += sum(max(0, n - len(of_register.get(key, ())) - pushed[key]) for key, n in readings.items())
    return report
