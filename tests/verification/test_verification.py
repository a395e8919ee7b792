#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The comparison with the truth must notice every way of being wrong."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))
from demo_kit.verification import Frame, compare, compare_days  # noqa: E402

DAYS, METERS, HOUR = 20, 20, 3600


class Truth:
    """Meters that use one unit an hour and report each day with the day before again."""

    def __init__(self):
        self.register, self.value, self.frames, self.pushes = {}, {}, [], []
        for m in range(METERS):
            device = f"{m:016x}"
            for h in range(DAYS * 24 + 1):
                self.register[device, 0, h * HOUR], self.value[device, 0, h * HOUR] = h, 1
            for day in range(1, DAYS + 1):
                ends = [h * HOUR for h in range(max(1, 24 * (day - 2) + 1), 24 * day + 1)]
                self.frames.append(Frame(device, day, False, [(0, e) for e in ends],
                                         [(0, 24 * day * HOUR)]))


def held(truth, lost):
    """What a platform holds that heard all frames but those in `lost`."""
    intervals, registers = {}, []
    for number, frame in enumerate(truth.frames):
        if number in lost:
            continue
        for channel, end in frame.hours:
            intervals[frame.device, channel, end] = 1
        registers += [(frame.device, c, e, truth.register[frame.device, c, e])
                      for c, e in frame.registers]
    return [(d, c, e - HOUR, HOUR, v) for (d, c, e), v in intervals.items()], registers


class Comparison(unittest.TestCase):
    def setUp(self):
        self.truth = Truth()
        self.lost = set(range(0, len(self.truth.frames), 9))
        for number in self.lost:
            self.truth.frames[number].lost = True
        self.intervals, self.registers = held(self.truth, self.lost)
        self.received = len(self.truth.frames) - len(self.lost)
        self.day_error = 0

    def problems(self, received=None):
        report = compare(self.truth, self.intervals, self.registers,
                         self.received if received is None else received, 0)
        days = self.days()
        compare_days(self.truth, self.intervals, report, days, days)
        return report.problems()

    def test_confirmed_reports_are_there_whole(self):
        device, ends = "e" * 16, [h * HOUR for h in range(1, 7)]
        for end in ends:
            self.truth.register[device, 0, end], self.truth.value[device, 0, end] = 5 * end // HOUR, 5
        self.truth.pushes = [Frame(device, 0, False, [(0, e) for e in ends], [(0, ends[-1])])]
        self.assertIn("7 values are missing", " ".join(self.problems()))
        self.intervals += [(device, 0, e - HOUR, HOUR, 5) for e in ends]
        self.registers.append((device, 0, ends[-1], 30))
        self.assertEqual(self.problems(), [])
        self.registers.append((device, 0, ends[-1], 30))
        self.assertIn("more often", " ".join(self.problems()))

    def days(self):
        """What a page of the first meter shows, told from what arrived."""
        device, points = f"{0:016x}", []
        for day in range(1, DAYS):
            got = sum(d == device and 24 * day * HOUR <= s < 24 * (day + 1) * HOUR
                      for d, _, s, _, _ in self.intervals)
            points.append((24 * day * HOUR, 24 * (day + 1) * HOUR, got + self.day_error, got, False))
        return {(device, 0): points}

    def finds(self, text, received=None):
        problems = self.problems(received)
        self.assertTrue(any(text in p for p in problems), problems)

    def test_what_is_right_passes(self):
        self.assertEqual(self.problems(), [])

    def wrong_days(self, page):
        """What is wrong when the first meter's day 5 never arrived and the pages show `page`."""
        device, day = f"{0:016x}", 5 * 24 * HOUR
        self.intervals = [i for i in self.intervals
                          if i[0] != device or not day <= i[2] < day + 24 * HOUR]
        report = compare(self.truth, self.intervals, self.registers, self.received, 0)
        report.wrong = []
        days = self.days()
        compare_days(self.truth, self.intervals, report, days,
                     {key: [page(*p) for p in points] for key, points in days.items()})
        return report.wrong

    def test_estimates_only_fill_what_is_missing(self):
        self.assertEqual(self.wrong_days(lambda a, b, v, n, e: (a, b, v if n == 24 else 24, n, n < 24)), [])
        self.assertEqual(self.wrong_days(lambda *point: point), [])
        # a day that arrived whole holds no estimate; one that holds some says so
        self.assertTrue(self.wrong_days(lambda a, b, v, n, e: (a, b, v, n, True)))
        self.assertTrue(self.wrong_days(lambda a, b, v, n, e: (a, b, max(v, 24), n, False)))
        self.assertTrue(self.wrong_days(lambda a, b, v, n, e: (a, b, v - 1, n, n < 24)))

    def test_a_wrong_hour(self):
        device, channel, start, seconds, value = self.intervals[7]
        self.intervals[7] = (device, channel, start, seconds, value + 1)
        self.finds("differ")

    def test_an_hour_of_another_length(self):
        device, channel, start, _, value = self.intervals[7]
        self.intervals[7] = (device, channel, start, 1800, value)
        self.finds("differ")

    def test_a_wrong_day(self):
        self.day_error = 1
        self.finds("differ")

    def test_a_wrong_register(self):
        device, channel, at, value = self.registers[3]
        self.registers[3] = (device, channel, at, value - 1)
        self.finds("differ")

    def test_a_value_of_nobody(self):
        self.registers.append(("f" * 16, 0, 24 * HOUR, 1))
        self.finds("differ")

    def test_a_doubled_hour(self):
        self.intervals.append(self.intervals[0])
        self.finds("more often")

    def test_a_made_up_hour(self):
        for frame in self.truth.frames[:3]:
            frame.hours = frame.hours[1:]
        self.finds("differ")

    def test_a_doubled_register(self):
        self.registers.append(self.registers[0])
        self.finds("more often")

    def test_hours_that_were_heard_and_forgotten(self):
        del self.intervals[::6]
        self.finds("hourly values are missing")

    def test_a_few_hours_that_were_heard_and_forgotten(self):
        del self.intervals[::100]
        self.finds("a frame that carried them arrived")

    def test_frames_that_collided_all_at_once(self):
        """The last frames of twelve meters, whose hours nothing repeats: rare, and no fault."""
        last = range(DAYS - 1, len(self.truth.frames), DAYS)
        gone = set(last[:12]) - self.lost
        self.intervals, self.registers = held(self.truth, self.lost | gone)
        self.received -= len(gone)
        self.assertEqual(self.problems(), [])

    def test_registers_that_were_heard_and_forgotten(self):
        del self.registers[::2]
        self.finds("register readings are missing")

    def test_a_deaf_station(self):
        self.intervals, self.registers = held(self.truth, self.lost | set(range(0, 400, 4)))
        self.finds("the station lost more", self.received - 89)

    def test_nothing_at_all(self):
        self.intervals, self.registers = [], []
        self.finds("nothing arrived", 0)

    def test_an_air_without_losses(self):
        self.intervals, self.registers = held(self.truth, set())
        for frame in self.truth.frames:
            frame.lost = False
        self.finds("too kind", len(self.truth.frames))

    def test_more_frames_than_were_sent(self):
        self.finds("more frames", len(self.truth.frames) + 1)


if __name__ == "__main__":
    unittest.main()
