# SPDX-License-Identifier: Apache-2.0
"""What the API says about meters, through a real process fed with real sealed frames.

Usage: test_data.py MW_PLATFORM SEAL OPENAPI
"""
import csv
import io
import json
import re
import socket
import sys
import time
import unittest
import zipfile
from datetime import datetime, timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

from api_world import ANNAS, UTC, Events, Town, rfc, value_at, wait_for

PROGRAM, SEAL = sys.argv[1:3]

world = None


def setUpModule():
    global world
    world = Town(PROGRAM, SEAL)


def tearDownModule():
    world.end()


def quote(text):
    return "".join(f"%{b:02x}" for b in text.encode())


class Meters(unittest.TestCase):
    def test_paging(self):
        ops = world.person("ops")
        for sort in ("serial", "last_seen"):
            seen, after = [], None
            while True:
                page = ops.get(f"/v1/meters?sort={sort}&limit=2" +
                               (f"&after={quote(after)}" if after else "")).json()
                seen += [m["id"] for m in page["items"]]
                self.assertEqual(page["total"], 5)
                after = page["next"]
                if after is None:
                    break
                self.assertEqual(len(page["items"]), 2)
            self.assertEqual(len(seen), 5)
            self.assertEqual(len(set(seen)), 5)
        found = ops.get("/v1/meters?search=000003").json()["items"]
        self.assertEqual([m["serial"] for m in found], ["MW-T-000003"])

    def test_detail(self):
        m = world.person("ops").get("/v1/meters/" + ANNAS).json()
        self.assertEqual(m["customer"], {"id": "cu-1", "name": "Name of cu-1"})
        self.assertEqual(m["unit"], "L")
        self.assertEqual(m["last_reading"]["at"], "2026-03-31T00:00:00Z")
        value = m["last_reading"]["value"]
        self.assertEqual(value, m["registers"][0]["value"])
        self.assertEqual(m["last_reading"]["text"], f"{value // 1000}.{value % 1000:03d}")
        self.assertEqual(m["last_reading"]["unit"], "m³")
        self.assertEqual(m["level_cdbm"], -12345)
        self.assertEqual(m["stats"]["stations"], ["st-1"])
        self.assertGreaterEqual(m["stats"]["frames"], 9)

    def test_histories(self):
        ops = world.person("ops")
        for name, key in (("readings", "t_meter"), ("receptions", "received_at")):
            seen, after = [], None
            while True:
                page = ops.get(f"/v1/meters/{ANNAS}/{name}?limit=4" +
                               (f"&after={after}" if after else "")).json()
                seen += [x[key] for x in page["items"]]
                after = page["next"]
                if after is None:
                    break
            self.assertEqual(len(seen), len(set(seen)), name)
            self.assertGreaterEqual(len(seen), 9, name)
        r = ops.get(f"/v1/meters/{ANNAS}/receptions").json()["items"][0]
        self.assertEqual((r["station"], r["level_cdbm"], r["rate"], r["duplicate"], r["bytes"]),
                         ("st-1", -12345, "R1", False, 61))
        self.assertEqual(ops.get(f"/v1/meters/{ANNAS}/events").json()["next"], None)

    def points(self, meter, query):
        r = world.person("ops").get(f"/v1/meters/{meter}/consumption?{query}")
        self.assertEqual(r.status, 200, r.body)
        return r.json()

    def local_day(self, device, zone, date):
        """What the day's sum must be, from the definition of the values."""
        z = ZoneInfo(zone)
        start = datetime(*date, tzinfo=z)
        end = datetime(*date, tzinfo=z) + timedelta(days=1)
        at, stop, total, hours = start.astimezone(UTC), end.astimezone(UTC), 0, 0
        while at < stop:
            total += value_at(device, at)
            hours += 1
            at += timedelta(hours=1)
        return total, hours

    def test_days_of_23_24_and_25_hours(self):
        for device, zone, date, hours in [(1, "Europe/Rome", (2026, 3, 29), 23),
                                          (1, "Europe/Rome", (2026, 3, 28), 24),
                                          (1, "Europe/Rome", (2025, 10, 26), 25),
                                          (3, "Asia/Kolkata", (2026, 3, 28), 24),
                                          (4, "Australia/Adelaide", (2025, 10, 5), 23)]:
            with self.subTest(zone=zone, date=date):
                day = "%04d-%02d-%02d" % date
                after = (datetime(*date) + timedelta(days=1)).strftime("%Y-%m-%d")
                total, n = self.local_day(device, zone, date)
                self.assertEqual(n, hours)
                meter = f"{device:016x}-0"
                c = self.points(meter, f"step=day&from={day}&to={after}")
                self.assertEqual(c["time_zone"], zone)
                self.assertEqual([(p["value"], p["expected"], p["received"]) for p in c["points"]],
                                 [(total, hours, hours)])
                self.assertTrue(c["complete"])
                h = self.points(meter, f"step=hour&from={day}&to={after}")
                self.assertEqual(len(h["points"]), hours)
                self.assertEqual(sum(p["value"] for p in h["points"]), total)
                self.assertEqual(h["total"], total)
                for p in h["points"]:
                    at = datetime.fromisoformat(p["start"].replace("Z", "+00:00"))
                    self.assertEqual(p["value"], value_at(device, at))

    def test_as_of_and_layers(self):
        ops = world.person("ops")
        now = self.points(ANNAS, "step=day&from=2026-03-28&to=2026-03-29")
        self.assertEqual((now["layer"], now["as_of"]), ("final", None))
        self.assertGreater(now["total"], 0)
        for layer in ("raw", "validated", "final"):
            same = self.points(ANNAS, f"step=day&from=2026-03-28&to=2026-03-29&layer={layer}")
            self.assertEqual(same["total"], now["total"])
        before = self.points(ANNAS, "step=day&from=2026-03-28&to=2026-03-29"
                                    "&as_of=2001-01-01T00:00:00Z")
        self.assertEqual((before["points"][0]["value"], before["complete"]), (None, False))
        for bad in ("layer=best", "as_of=yesterday"):
            r = ops.get(f"/v1/meters/{ANNAS}/consumption?step=day&from=2026-03-28&to=2026-03-29&{bad}")
            self.assertEqual(r.status, 400, bad)
        page = ops.get(f"/v1/meters/{ANNAS}/revisions").json()
        self.assertEqual(page["next"], None)
        self.assertEqual(ops.get(f"/v1/meters/{ANNAS}/revisions?layer=x").status, 400)

    def test_operations_on_meters(self):
        ops, at = world.person("ops"), "2026-06-01T10:25:00Z"
        mine = f"/v1/meters/{ANNAS}"
        point = ops.get(mine).json()["usage_point"]["id"]
        self.assertEqual(ops.call("POST", mine + "/removal", {"at": at}, csrf=False).status, 403)
        self.assertEqual(world.person("anna").call("POST", mine + "/removal", {"at": at}).status, 403)
        self.assertEqual(ops.call("POST", mine + "/removal", {"at": "soon"}).status, 400)
        self.assertEqual(ops.call("POST", mine + "/removal", {}).status, 400)
        self.assertEqual(ops.call("POST", mine + "/exchange",
                                  {"new_meter": "00000000000000ff-0", "at": at}).status, 404)
        self.assertEqual(ops.call("POST", mine + "/installation",
                                  {"usage_point": point, "at": at}).status, 409)
        self.assertEqual(ops.call("POST", mine + "/factor", {"kind": "ct", "from": at, "num": 0,
                                                             "den": 1}).status, 400)
        before = self.points(ANNAS, "step=day&from=2026-03-28&to=2026-03-29")["total"]
        r = ops.call("POST", mine + "/factor", {"kind": "ct", "from": "2020-01-01T00:00:00Z",
                                                "num": 3, "den": 1})
        self.assertEqual(r.status, 204, r.body)
        self.assertEqual(self.points(ANNAS, "step=day&from=2026-03-28&to=2026-03-29")["total"],
                         3 * before)
        obis = ops.get(mine).json()["obis"]
        r = ops.get(f"/v1/usage-points/{point}/consumption?obis={obis}&step=day"
                    "&from=2026-03-28&to=2026-03-29")
        self.assertEqual(r.status, 200, r.body)
        self.assertIn(r.json()["total"], (0, 3 * before)) # by when it was installed
        self.assertEqual(ops.get("/v1/usage-points/none/consumption?obis=8-0:1.0.0&step=day"
                                 "&from=2026-03-28&to=2026-03-29").status, 404)
        r = ops.call("POST", mine + "/factor", {"kind": "ct", "from": "2020-01-01T00:00:00Z",
                                                "num": 1, "den": 1})
        self.assertEqual(r.status, 204)
        self.assertEqual(self.points(ANNAS, "step=day&from=2026-03-28&to=2026-03-29")["total"], before)

    def test_conservation_beside_the_running_platform(self):
        for _ in range(100):
            out = world.command("conservation", ok=False).stdout
            if "not settled yet: 0 changes" in out:
                break
            time.sleep(0.2)
        self.assertIn("violations: 0", out)
        self.assertIn("not settled yet: 0 changes", out)
        covered = re.search(r"covered: (\d+) channels .* (\d+) spans, (\d+) final intervals", out)
        self.assertGreater(int(covered[1]), 2)
        self.assertGreater(int(covered[2]), 5)
        self.assertGreater(int(covered[3]), 100)

    def test_missing_is_told(self):
        c = self.points(ANNAS, "step=day&from=2026-01-01&to=2026-01-03")
        self.assertEqual([(p["value"], p["received"]) for p in c["points"]], [(None, 0)] * 2)
        self.assertFalse(c["complete"])
        self.assertEqual(c["total"], 0)

    def test_previous(self):
        c = self.points(ANNAS, "step=day&from=2026-03-30&to=2026-03-31&compare=previous")
        day = self.points(ANNAS, "step=day&from=2026-03-29&to=2026-03-30")
        self.assertEqual(c["previous"]["points"], day["points"])
        self.assertEqual(c["previous"]["total"], day["total"])


class Validation(unittest.TestCase):
    def test_zz_decisions(self):
        """A setting, an edit and a closing, by an operator with a reason; each once."""
        ops = world.person("ops")
        page = ops.get("/v1/vee/settings").json()
        self.assertIn("V07.share", [k["name"] for k in page["keys"]])
        setting = {"name": "V07.share", "class": "commercial", "from": "2026-01-01T00:00:00Z",
                   "value": 1200000, "reason": "as agreed"}
        self.assertEqual(ops.call("POST", "/v1/vee/settings", setting).status, 200)
        self.assertEqual(ops.call("POST", "/v1/vee/settings", setting | {"value": 0}).status, 400)
        self.assertEqual(ops.call("POST", "/v1/vee/settings", setting | {"name": "V77.x"}).status,
                         404)
        self.assertEqual(ops.call("POST", "/v1/vee/settings", setting | {"class": "x"}).status, 400)
        items = ops.get("/v1/vee/settings").json()["items"]
        self.assertEqual([(i["name"], i["class"], i["value"], i["set_by"]) for i in items],
                         [("V07.share", "commercial", 1200000, "ops")])
        span = {"from": "2026-01-10T00:00:00Z", "to": "2026-01-12T00:00:00Z", "reason": "bill"}
        closed = ops.call("POST", f"/v1/meters/{ANNAS}/closings", span)
        self.assertEqual(closed.status, 200)
        self.assertEqual(closed.json()["expected"], 48)
        self.assertEqual(ops.call("POST", f"/v1/meters/{ANNAS}/closings", span).status, 409)
        edit = {"from": "2026-01-20T05:00:00Z", "values": [5, 6], "reason": "read by hand"}
        self.assertEqual(ops.call("POST", f"/v1/meters/{ANNAS}/values", edit).status, 200)
        self.assertEqual(ops.call("POST", f"/v1/meters/{ANNAS}/values",
                                  edit | {"from": "2026-01-20T05:00:01Z"}).status, 400)
        self.assertEqual(ops.call("POST", "/v1/vee/exceptions/999999/accept",
                                  {"reason": "x"}).status, 404)
        for path in ("/v1/vee/exceptions", "/v1/vee/exceptions?open=false", "/v1/vee/corrections"):
            self.assertIn("items", ops.get(path).json())
        self.assertEqual(ops.get("/v1/vee/exceptions?rule=V21").status, 400)
        self.assertEqual(ops.get("/v1/vee/exceptions?severity=mild").status, 400)
        self.assertEqual(ops.get(f"/v1/vee/exceptions?meter={'0' * 16}-0").status, 404)
        self.assertEqual(ops.get("/v1/vee/exceptions/999999").status, 404)
        s = ops.get("/v1/vee/summary").json()
        self.assertEqual(set(s["doubts"]), {"findings", "more", "money"})
        self.assertEqual(set(s["total"]), {"risk_per_day", "estimated_money", "uncertain_money"})
        self.assertEqual(sum(s["meters"].values()), len(s["items"]))


class Exports(unittest.TestCase):
    def test_csv(self):
        path = f"/v1/meters/{ANNAS}/export.csv?step=hour&from=2026-03-29&to=2026-03-30"
        r = world.person("anna").get(path)
        self.assertIn("text/csv", r.headers["Content-Type"])
        self.assertIn('filename="MW-T-000001', r.headers["Content-Disposition"])
        text = r.body.decode()
        self.assertEqual(text.count("\n"), text.count("\r\n"))
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual(len(rows), 23)
        for row in rows:
            at = datetime.fromisoformat(row["start_utc"].replace("Z", "+00:00"))
            local = datetime.fromisoformat(row["start_local"])
            self.assertEqual(local, at)
            self.assertEqual(local.utcoffset(), at.astimezone(ZoneInfo("Europe/Rome")).utcoffset())
            self.assertEqual(row["consumption"], f"0.{value_at(1, at):03d}")
            self.assertEqual((row["unit"], row["time_zone"]), ("m³", "Europe/Rome"))
            self.assertEqual(row["label"], "'=Cold water")
        self.assertEqual(rows[1]["start_local"], "2026-03-29T01:00:00+01:00")
        self.assertEqual(rows[2]["start_local"], "2026-03-29T03:00:00+02:00")

    def test_xlsx(self):
        path = f"/v1/meters/{ANNAS}/export.xlsx?step=hour&from=2026-03-29&to=2026-03-30"
        r = world.person("anna").get(path)
        self.assertEqual(r.status, 200)
        z = zipfile.ZipFile(io.BytesIO(r.body))
        ns = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
        sheet = ElementTree.fromstring(z.read("xl/worksheets/sheet1.xml"))
        strings = ["".join(t.itertext()) for t in
                   ElementTree.fromstring(z.read("xl/sharedStrings.xml")).findall("m:si", ns)]
        self.assertIn("Europe/Rome", strings)
        self.assertIn("=Cold water", strings)
        self.assertEqual(sheet.findall(".//m:f", ns), [])
        self.assertIn('formatCode="0.000"', z.read("xl/styles.xml").decode())
        rows = sheet.findall(".//m:row", ns)[6:]
        self.assertEqual(len(rows), 23)
        for i, row in enumerate(rows):
            cells = {re.sub(r"\d", "", c.get("r")): c for c in row.findall("m:c", ns)}
            at = datetime(2026, 3, 28, 23, tzinfo=UTC) + timedelta(hours=i)
            self.assertIsNone(cells["E"].get("t"))  # a number, not a text
            self.assertEqual(round(float(cells["E"].find("m:v", ns).text) * 1000),
                             value_at(1, at))
            days = float(cells["C"].find("m:v", ns).text)
            self.assertAlmostEqual(days, (at - datetime(1899, 12, 30, tzinfo=UTC)) /
                                   timedelta(days=1), places=6)

    def test_bulk_intervals(self):
        r = world.person("ops").get("/v1/export/intervals.csv")
        rows = list(csv.DictReader(io.StringIO(r.body.decode())))
        self.assertEqual(len(rows), (4 + 5 + 4 + 4 + 3 + 4) * 24)
        seen = set()
        for row in rows:
            n, ch = int(row["device_id"], 16), int(row["channel"])
            at = datetime.fromisoformat(row["start_utc"].replace("Z", "+00:00"))
            self.assertEqual(int(row["value"]), value_at(n + ch, at))
            self.assertEqual(row["seconds"], "3600")
            seen.add((n, ch, at))
        self.assertEqual(len(seen), len(rows))
        part = world.person("ops").get("/v1/export/intervals.csv?from=2026-03-28T00:00:00Z"
                                 "&to=2026-03-28T02:00:00Z")
        starts = {row["start_utc"] for row in csv.DictReader(io.StringIO(part.body.decode()))}
        self.assertEqual(starts, {f"2026-03-28T{t}:00Z" for t in
                                  ("00:00", "00:30", "01:00", "01:30")})

    def test_bulk_given_up(self):
        """Clients that leave do not use up the places for exports."""
        ops = world.person("ops")
        for _ in range(12):
            s = socket.create_connection(("127.0.0.1", world.port), timeout=10)
            s.sendall(("GET /v1/export/intervals.csv HTTP/1.1\r\nHost: x\r\nCookie: " +
                       ops.cookie + "\r\n\r\n").encode())
            s.close()
        wait_for(lambda: ops.get("/v1/export/registers.csv").status == 200)

    def test_bulk_registers(self):
        r = world.person("ops").get("/v1/export/registers.csv")
        rows = list(csv.DictReader(io.StringIO(r.body.decode())))
        newest = {}
        for row in rows:
            key = (int(row["device_id"], 16), int(row["channel"]))
            newest[key] = max(newest.get(key, ("", 0)), (row["at_utc"], int(row["value"])))
        for key, value in world.registers.items():
            self.assertEqual(newest[key][1], value, key)


class Streams(unittest.TestCase):
    def test_reading_arrives_and_resumes(self):
        own, foreign = Events(world.person("carla")), Events(world.person("anna"))
        own.wait(lambda e: e["event"] == "overview")
        foreign.wait(lambda e: e["event"] == "overview")
        end = datetime(2026, 4, 1, 18, 30, tzinfo=UTC) - timedelta(days=1)
        values = [1] * 24
        world.registers[(3, 0)] += 24
        item = world.item(world.frame(3, 0, 2, end, world.registers[(3, 0)], values, 61),
                          end + timedelta(minutes=1))
        self.assertEqual(world.send(world.token, [item]).json()["results"][0]["status"], "stored")
        got = [e for e in own.wait(lambda e: e["event"] == "reading") if e["event"] == "reading"]
        self.assertEqual(len(got), 1)
        data = json.loads(got[0]["data"])
        self.assertEqual((data["meter"], data["value"], data["at"], data["level_cdbm"]),
                         ("0000000000000003-0", world.registers[(3, 0)], rfc(end), -12345))
        foreign.text(1)
        self.assertEqual([e for e in foreign.events() if e["event"] == "reading"], [])
        own.close()
        foreign.close()
        metrics = world.person("ops").get("/metrics").body.decode()
        self.assertRegex(metrics, r'mw_platform_uplinks_total\{status="stored"\} [1-9]')
        last = int(got[0]["id"])
        again = Events(world.person("carla"), last - 1)
        replayed = [e["id"] for e in again.wait(lambda e: e.get("id") == str(last))
                    if e["event"] == "reading"]
        self.assertEqual(replayed, [str(last)])
        again.close()
        for bad in (str(last + 1000), "garbage"):
            lost = Events(world.person("carla"), bad)
            kinds = [e["event"] for e in lost.wait(lambda e: e["event"] == "reset")]
            self.assertIn("reset", kinds)
            lost.close()
        nothing = Events(world.person("carla"), last)
        nothing.text(1)
        self.assertNotIn("reset", [e["event"] for e in nothing.events()])
        nothing.close()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
