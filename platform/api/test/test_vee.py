# SPDX-License-Identifier: Apache-2.0
"""Validation at the platform's edge: sealed frames in, findings, estimates and money out.

Usage: test_vee.py MW_PLATFORM SEAL OPENAPI
"""
import sys
import unittest
from datetime import datetime, timedelta

from api_world import ANNAS, UTC, Town, wait_for

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

    def findings(self, **query):
        text = "&".join(f"{k}={v}" for k, v in {"open": "false", "limit": "200", **query}.items())
        return self.person("ops").get("/v1/vee/exceptions?" + text).json()["items"]


def setUpModule():
    global world
    world = Fleet(PROGRAM, SEAL)


def tearDownModule():
    world.end()


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
        self.assertEqual([(p["medium"], p["class"], p["sunday"], p["set_by"]) for p in got],
                         [("water", "residential", [3] * 24, "ops")])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
