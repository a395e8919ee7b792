# SPDX-License-Identifier: Apache-2.0
"""Validation at the platform's edge: sealed frames in, findings, estimates and money out.

Usage: test_vee.py MW_PLATFORM SEAL OPENAPI
"""
import json
import os
import sys
import unittest
from datetime import datetime, timedelta

from api_world import ANNAS, UTC, Town, channel, device, rfc, value_at, wait_for

PROGRAM, SEAL = sys.argv[1:3]
FIRST = datetime(2026, 3, 10, tzinfo=UTC)

world = None


class Fleet(Town):
    """Water of Anna with a day missing, a flat with electricity and water."""

    def start(self, *overrides):
        super().start("fold.every=1s", "validation.watch_every=1s", *overrides)

    def feed(self):
        items = []
        for d in range(21):
            for n, ch in ((1, 0), (2, 0), (2, 1)):
                item = self.day(n, ch, FIRST + timedelta(days=d + 1), 0, self.registers)
                if not self.lost(n, ch, d):
                    items.append(item)
        r = self.send(self.token, items)
        assert r.status == 200, (r.status, r.body)
        assert all(x["status"] == "stored" for x in r.json()["results"]), r.body
        wait_for(lambda: self.findings(rule="V03"))

    @staticmethod
    def lost(n, ch, day):
        return (n == 1 and day == 15) or (n == 2 and ch == 1 and day == 9)

    def populate(self):
        super().populate()
        self.until(21)

    def until(self, day):
        """The town's clock goes on with the days that were reported."""
        t = FIRST + timedelta(days=day, hours=1)
        if t > self.now or day == 21:
            self.now = t
            self.set_clock(t)

    def findings(self, **query):
        text = "&".join(f"{k}={v}" for k, v in {"open": "false", "limit": "200", **query}.items())
        return self.person("ops").get("/v1/vee/exceptions?" + text).json()["items"]


def setUpModule():
    global world
    world = Fleet(PROGRAM, SEAL)


def tearDownModule():
    world.end()


BRUNOS_POWER, BRUNOS_WATER = "0000000000000002-0", "0000000000000002-1"
CARLAS, CHECK = "0000000000000004-0", "0000000000000003-0"


class Around(unittest.TestCase):
    """What is around a meter: siblings, other sources, its clock, configuration and sensor."""

    def days(self, n, ch, first, count, lost=(), more=(), values=None):
        items = []
        for d in range(first, first + count):
            item = world.day(n, ch, FIRST + timedelta(days=d + 1), 0, world.registers, more)
            if d not in lost:
                items.append(item)
        world.until(first + count)
        r = world.send(world.token, items)
        self.assertTrue(all(x["status"] == "stored" for x in r.json()["results"]), r.body)

    def filled(self, meter, day):
        """The values of a lost day once they are estimated."""
        start = (FIRST + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")

        def look():
            found = [x for x in world.findings(rule="V03", meter=meter) if x["from"] == start]
            return found and found[0]["final"]["estimated"] == 24 and found[0]
        wait_for(look)
        whole = world.person("ops").get(f"/v1/vee/exceptions/{look()['id']}").json()
        return [v for v in whole["values"] if v["found"]]

    def test_sibling(self):
        """V17: the flat's water was silent for a day on which its electricity reported."""
        wait_for(lambda: world.findings(rule="V17", meter=BRUNOS_POWER))
        x = world.findings(rule="V17", meter=BRUNOS_POWER)[0]
        self.assertEqual((x["from"], x["to"]), ("2026-03-19T00:00:00Z", "2026-03-20T00:00:00Z"))
        self.assertNotIn(x["from"],
                         [y["from"] for y in world.findings(rule="V17", meter=BRUNOS_WATER)])

    def test_b_sources(self):
        """E1, then E2: what the tenant told about a meter decides where a gap is drawn from."""
        ops, path = world.person("ops"), f"/v1/meters/{CARLAS}"
        self.days(4, 0, 0, 15, lost={9})
        self.days(3, 0, 0, 24)
        self.filled(CARLAS, 9)
        check = {"kind": "check", "meter": CHECK, "reason": "hangs in series"}
        self.assertEqual(ops.call("POST", path + "/sources", check).status, 200)
        self.days(4, 0, 15, 3, lost={16})
        got = self.filled(CARLAS, 16)
        self.assertEqual({v["method"] for v in got}, {"E1"})
        truth = sum(value_at(4, FIRST + timedelta(days=16, hours=h)) for h in range(24))
        self.assertEqual(sum(v["final"] for v in got), truth)  # scaled to the register
        self.assertEqual(ops.call("DELETE", path + "/sources", check).status, 200)
        node = {"kind": "node_in", "meter": CHECK, "reason": "feeds it"}
        self.assertEqual(ops.call("POST", path + "/sources", node).status, 200)
        self.days(4, 0, 18, 3, lost={19})
        got = self.filled(CARLAS, 19)
        self.assertEqual({v["method"] for v in got}, {"E2"})
        self.assertEqual(ops.call("DELETE", path + "/sources", node).status, 200)

    def test_configuration(self):
        """V02: the meter tells another value than is recorded; its hours may not be billed."""
        ops, path = world.person("ops"), "/v1/meters/0000000000000003-0"
        body = {"from": "2026-03-01T00:00:00Z", "version": "7", "values": "18=2900 17=2",
                "reason": "as delivered"}
        self.assertEqual(ops.call("POST", path + "/configuration", body).status, 200)
        self.days(3, 0, 24, 1, more=("config=18=2900",))
        self.days(3, 0, 25, 2)
        wait_for(lambda: ops.get(path + "/configuration").json()["told"])
        self.assertEqual(world.findings(rule="V02"), [])
        self.days(3, 0, 27, 1, more=("config=18=2500",))
        self.days(3, 0, 28, 1)
        wait_for(lambda: world.findings(rule="V02", meter=CHECK))
        x = world.findings(rule="V02", meter=CHECK)[0]
        self.assertEqual((x["severity"], x["name"]), ("fail", "identity"))

    def test_clock(self):
        """V01: the meter's clock is off by more than the tolerance; kept, though only a flag."""
        first = FIRST + timedelta(days=22)
        self.days(2, 0, 21, 1, more=(f"clock={rfc(first + timedelta(minutes=15))}",))
        self.days(2, 0, 22, 2)
        self.days(2, 1, 21, 3)
        wait_for(lambda: world.findings(rule="V01", meter=BRUNOS_POWER))
        x = world.findings(rule="V01", meter=BRUNOS_POWER)[0]
        self.assertEqual(x["severity"], "flag")
        offset, threshold = x["inputs"]
        self.assertEqual((offset["name"], offset["unit"]), ("offset", "ms"))
        self.assertEqual(threshold["name"], "threshold")
        self.assertGreater(offset["value"], 60000)

    def test_a_broken(self):
        """A broken sensor: out of order at once, its hours estimated, restored when it recovers."""
        ops = world.person("ops")

        def state():
            rows = ops.get("/v1/vee/summary").json()["items"]
            return next((r for r in rows if r["meter"] == ANNAS), None)
        world.until(23)
        wait_for(lambda: state() is not None)  # late before it tells why
        self.days(1, 0, 21, 2, more=("status=128",))
        wait_for(lambda: state() is not None and state()["state"] == "out of order")
        self.assertEqual(state()["cause"], "fatal")
        wait_for(lambda: "out_of_order" in
                 [a["rule"] for a in ops.get("/v1/alarms").json()["items"]])
        day = "step=day&from=2026-04-01&to=2026-04-02"
        quality = ops.get(f"/v1/meters/{ANNAS}/consumption?{day}").json()["points"][0]["quality"]
        self.assertIn("estimated", quality)
        self.days(1, 0, 23, 2)
        wait_for(lambda: state() is None)

    def test_profile(self):
        """E7 can be measured and drawn on when the class has a profile."""
        ops = world.person("ops")
        profile = {"medium": "electricity", "class": "commercial", "from": "2026-01-01T00:00:00Z",
                   "workday": [9] * 24, "saturday": [5] * 12 + [20] * 12, "sunday": [9] * 24,
                   "reason": "survey"}
        self.assertEqual(ops.call("POST", "/v1/vee/profiles", profile).status, 200)
        path = f"/v1/meters/{BRUNOS_POWER}/class"
        self.assertEqual(ops.call("POST", path, {"class": "commercial", "reason": "a bar"}).status,
                         200)
        for name, value in [("estimate.choose", 0)] + [(f"plan.{k}", 0)
                                                     for k in range(2, 10)] + [("plan.1", 7)]:
            r = ops.call("POST", "/v1/vee/settings", {
                "name": name, "class": "commercial", "value": value,
                "from": "2026-01-01T00:00:00Z", "reason": "test"})
            self.assertEqual(r.status, 200, r.body)
        self.days(2, 0, 24, 4, lost={25})
        self.days(2, 1, 24, 4)
        got = self.filled(BRUNOS_POWER, 25)
        self.assertEqual({v["method"] for v in got}, {"E7"})
        self.assertLess(got[3]["final"] * 2, got[20]["final"])  # of a Saturday's profile


class Workbench(unittest.TestCase):
    def test_workbench(self):
        """A finding with its values side by side, judged by a person, and the rule's statistics."""
        ops = world.person("ops")
        items = ops.get(f"/v1/vee/exceptions?meter={ANNAS}&open=false&limit=200").json()["items"]
        self.assertTrue(items)
        for x in items:
            self.assertEqual((x["meter"], x["class"], x["unit"]), (ANNAS, "residential", "L"))
            self.assertEqual(x["raw"]["present"] + (x["final"]["present"] - x["raw"]["present"]),
                             x["final"]["present"])
        gap = next(x for x in items if x["rule"] == "V03")
        whole = ops.get(f"/v1/vee/exceptions/{gap['id']}").json()
        inside = [v for v in whole["values"] if v["found"]]
        self.assertEqual(len(inside), gap["expected"])
        self.assertEqual([v["raw"] for v in inside], [None] * len(inside))
        self.assertEqual(sum(v["final"] or 0 for v in inside), gap["final"]["sum"])
        self.assertEqual(whole["seconds"], 3600)
        self.assertTrue(any(not v["found"] and v["raw"] is not None for v in whole["values"]))
        before = {r["rule"]: r for r in ops.get("/v1/vee/rules").json()["items"]}
        self.assertEqual(len(before), 20)
        self.assertEqual(ops.call("POST", f"/v1/vee/exceptions/{gap['id']}/accept",
                                  {"reason": "the tap was shut"}).status, 200)
        judged = ops.get(f"/v1/vee/exceptions/{gap['id']}").json()
        self.assertEqual((judged["judged"], judged["closed_by"], judged["reason"]),
                         ("accepted", "ops", "the tap was shut"))
        self.assertEqual(ops.call("POST", f"/v1/vee/exceptions/{gap['id']}/reject",
                                  {"reason": "x"}).status, 404)
        after = {r["rule"]: r for r in ops.get("/v1/vee/rules").json()["items"]}["V03"]
        self.assertEqual(after["accepted"], before["V03"]["accepted"] + 1)
        self.assertIsNotNone(after["accepted_share_ppm"])
        for r in before.values():
            self.assertEqual(r["found"], r["open"] + r["accepted"] + r["rejected"] + r["edited"] +
                             r["gone"])
        self.assertEqual(ops.get("/v1/vee/rules?from=2100-01-01T00:00:00Z").json()["items"][2]
                         ["found"], 0)

    def test_master(self):
        """Class, sources and profiles: read, set with a reason, refused when they make no sense."""
        ops, path = world.person("ops"), f"/v1/meters/{ANNAS}"
        self.assertEqual(ops.get(path + "/class").json(), {"class": "residential"})
        body = {"class": "commercial", "reason": "a bakery"}
        self.assertEqual(ops.call("POST", path + "/class", body | {"class": "rich"}).status, 400)
        self.assertEqual(ops.call("POST", path + "/class", {"class": "commercial"}).status, 400)
        self.assertEqual(ops.call("POST", path + "/class", body).status, 200)
        self.assertEqual(ops.get(path + "/class").json(), {"class": "commercial"})
        self.assertEqual(ops.call("POST", path + "/class", body | {"class": "residential"}).status,
                         200)
        shop = device(6, "demo", [channel(0, "water", "up-6", "Europe/Rome", "cu-3") |
                                  {"class": "commercial"}])
        file = os.path.join(world.folder, "shop.jsonl")
        for given, code in (("rich", 1), ("commercial", 0)):
            shop["channels"][0]["class"] = given
            with open(file, "w") as f:
                f.write(json.dumps(shop) + "\n")
            self.assertEqual(world.command("import", file, ok=False).returncode, code)
        self.assertEqual(ops.get("/v1/meters/0000000000000006-0/class").json(),
                         {"class": "commercial"})
        other = ops.get("/v1/meters?search=000003").json()["items"][0]["id"]
        source = {"kind": "check", "meter": other, "reason": "hangs in series"}
        self.assertEqual(ops.call("POST", path + "/sources", source | {"kind": "x"}).status, 400)
        self.assertEqual(ops.call("POST", path + "/sources", source | {"meter": ANNAS}).status, 400)
        self.assertEqual(ops.call("POST", path + "/sources", source | {"meter": "0" * 15 + "5-0"})
                         .status, 404)
        self.assertEqual(ops.call("POST", path + "/sources", source).status, 200)
        self.assertEqual(ops.get(path + "/sources").json()["items"],
                         [{"kind": "check", "meter": other, "serial": "MW-T-000003"}])
        self.assertEqual(ops.call("DELETE", path + "/sources", source).status, 200)
        self.assertEqual(ops.call("DELETE", path + "/sources", source).status, 404)
        profile = {"medium": "water", "class": "residential", "from": "2026-01-01T00:00:00Z",
                   "workday": [1] * 24, "saturday": [2] * 24, "sunday": [3] * 24, "reason": "survey"}
        self.assertEqual(ops.call("POST", "/v1/vee/profiles", profile | {"sunday": [1]}).status, 400)
        self.assertEqual(ops.call("POST", "/v1/vee/profiles", profile).status, 200)
        got = ops.get("/v1/vee/profiles").json()["items"]
        self.assertIn(("water", "residential", [3] * 24, "ops"),
                      [(p["medium"], p["class"], p["sunday"], p["set_by"]) for p in got])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
