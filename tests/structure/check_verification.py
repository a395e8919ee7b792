#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The verification itself under test: it must find what is wrong, doubled, made up or missing."""
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
from demo_kit.verification import Truth, compare, parse_utc  # noqa: E402

START = parse_utc("2026-11-20T00:00:00Z")
HOURS = 24
DEVICES = [f"{n:016x}" for n in range(20)]


def utc(hour):
    return f"2026-11-20T{hour:02}:00:00Z" if hour < 24 else "2026-11-21T00:00:00Z"


def write_book(folder):
    """20 meters, a litre more each hour; each day is sent in two frames, every tenth frame fades."""
    with open(folder / "truth.csv", "w") as f:
        f.write("device_id,channel,hour_end,register,value\n")
        for d in DEVICES:
            for h in range(1, HOURS + 1):
                f.write(f"{d},0,{utc(h)},{100 + h * (h + 1) // 2},{h}\n")
    with open(folder / "frames.csv", "w") as f:
        f.write("device_id,counter,sent_at,size,rate,lost,objects\n")
        for i, d in enumerate(DEVICES):
            for copy in range(2):
                lost = int((2 * i + copy) % 10 == 0)
                f.write(f"{d},{copy},2026-11-21T00:0{copy}:00Z,M,R1,{lost},0:24:{utc(24)}\n")


class Verification(unittest.TestCase):
    def setUp(self):
        with tempfile.TemporaryDirectory() as name:
            write_book(pathlib.Path(name))
            self.truth = Truth(name)
        self.intervals = [(d, 0, START + 3600 * (h - 1), 3600, h) for d in DEVICES
                          for h in range(1, HOURS + 1)]
        self.registers = [(d, 0, START + 3600 * HOURS, 400) for d in DEVICES]
        self.received = sum(not f.lost for f in self.truth.frames)

    def problems(self, duplicates=0):
        return compare(self.truth, self.intervals, self.registers, self.received,
                       duplicates).problems()

    def test_what_is_right_passes(self):
        self.assertEqual(self.problems(), [])

    def test_a_wrong_value_is_found(self):
        d, c, start, seconds, value = self.intervals[5]
        self.intervals[5] = (d, c, start, seconds, value + 1)
        self.assertIn("1 values differ", self.problems()[0])

    def test_a_wrong_register_is_found(self):
        self.registers[3] = (DEVICES[3], 0, START + 3600 * HOURS, 401)
        self.assertIn("1 values differ", self.problems()[0])

    def test_an_hour_stored_twice_is_found(self):
        self.intervals.append(self.intervals[0])
        self.assertIn("1 values differ", self.problems()[0])

    def test_a_made_up_hour_is_found(self):
        for frame in self.truth.frames[:2]:
            frame.hours = frame.hours[1:]
        self.assertIn("1 values differ", self.problems()[0])

    def test_too_many_missing_hours_are_found(self):
        self.intervals = self.intervals[:len(self.intervals) // 2]
        self.assertIn("missing", self.problems()[0])

    def test_frames_that_the_station_lost_are_found(self):
        self.received -= 10
        self.assertTrue(any("station lost" in p for p in self.problems()))

    def test_nothing_at_all_is_a_problem(self):
        self.intervals, self.registers = [], []
        self.assertIn("nothing arrived to compare", self.problems())


if __name__ == "__main__":
    unittest.main()
