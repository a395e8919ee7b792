# SPDX-License-Identifier: Apache-2.0
"""What the operators' pages stand on: facets, saved filters, notes, areas, opened frames, coverage
what stations tell of themselves, and settings, through a real process fed with real sealed frames.

Usage: test_console.py MW_PLATFORM SEAL OPENAPI
"""
import csv
import io
import os
import re
import sqlite3
import sys
import unittest

from api_world import ANNAS, Town

PROGRAM, SEAL = sys.argv[1:3]

world = None


def setUpModule():
    global world
    world = Town(PROGRAM, SEAL)


def tearDownModule():
    world.end()


def counts(facets, name):
    return {x["value"]: x["count"] for x in facets["facets"].get(name, [])}


class Fleet(unittest.TestCase):
    def test_each_count_is_what_the_list_gives(self):
        ops = world.person("ops")
        all_of = ops.get("/v1/meters/facets").json()
        self.assertEqual(all_of["total"], 5)
        seen = 0
        for facet, values in all_of["facets"].items():
            for v in values:
                page = ops.get(f"/v1/meters?{facet}={v['value']}").json()
                self.assertEqual(page["total"], v["count"], (facet, v))
                self.assertEqual(len(page["items"]), v["count"])
                seen += 1
        self.assertGreater(seen, 8)
        self.assertEqual(counts(all_of, "medium"), {m: len([1 for x in ops.get(
            "/v1/meters").json()["items"] if x["medium"] == m]) for m in counts(all_of, "medium")})

    def test_conditions_hold_together(self):
        ops = world.person("ops")
        f = ops.get("/v1/meters/facets?medium=electricity").json()
        everything = ops.get("/v1/meters").json()["items"]
        electric = [m for m in everything if m["medium"] == "electricity"]
        self.assertEqual(f["total"], len(electric))
        # Its own condition does not narrow a facet, the others do.
        self.assertEqual(sum(counts(f, "medium").values()), 5)
        self.assertEqual(sum(counts(f, "model").values()), len(electric))
        none = ops.get("/v1/meters/facets?model=no-such-model").json()
        self.assertEqual((none["total"], counts(none, "medium")), (0, {}))

    def test_pages_of_a_narrowed_list(self):
        ops = world.person("ops")
        for sort in ("serial", "last_seen"):
            whole = [m["id"] for m in ops.get(f"/v1/meters?station=st-1&sort={sort}").json()["items"]]
            walked, after = [], ""
            while after is not None:
                page = ops.get(f"/v1/meters?station=st-1&sort={sort}&limit=1{after and '&after=' + after}").json()
                walked += [m["id"] for m in page["items"]]
                after = page["next"]
            self.assertEqual(walked, whole)
        whole = [m["id"] for m in ops.get("/v1/meters").json()["items"]]
        at = ops.get("/v1/meters?skip=2&limit=2").json()
        self.assertEqual(([m["id"] for m in at["items"]], at["total"]), (whole[2:4], 5))
        # A list that is scrolled asks behind the nearest row that it knows, and leaves out what lies between.
        first = ops.get("/v1/meters?skip=0&limit=1").json()["next"]
        far = ops.get(f"/v1/meters?after={first}&skip=2&limit=1").json()
        self.assertEqual([m["id"] for m in far["items"]], whole[3:4])
        self.assertEqual(ops.get("/v1/meters?station=st-1&after=nonsense").status, 400)

    def test_search_in_any_part_and_case(self):
        ops = world.person("ops")
        for text, n in (("mw-t-000003", 1), ("VIA", 5), ("name of CU-1", 1), ("nothing like it", 0)):
            text = text.replace(" ", "%20")
            got = ops.get(f"/v1/meters?search={text}").json()
            self.assertGreaterEqual(got["total"], 1 if n else 0, text)
            self.assertEqual(got["total"] == 0, n == 0, text)

    def test_list_as_file(self):
        r = world.person("ops").get("/v1/export/meters.csv?station=st-1")
        rows = list(csv.DictReader(io.StringIO(r.body.decode())))
        total = world.person("ops").get("/v1/meters?station=st-1").json()["total"]
        self.assertEqual(len(rows), total)
        self.assertEqual({x["stations"] for x in rows}, {"st-1"})

    def test_a_consumer_is_not_told(self):
        anna = world.person("anna")
        for path in ("/v1/meters/facets", "/v1/export/meters.csv", "/v1/coverage", "/v1/filters",
                     f"/v1/meters/{ANNAS}/notes", f"/v1/meters/{ANNAS}/frames/1",
                     f"/v1/meters/{ANNAS}/heard", "/v1/areas"):
            self.assertEqual(anna.get(path).status, 403, path)
        # Narrowing by what belongs to operators does not open anything.
        self.assertEqual(anna.get("/v1/meters?station=st-1").json()["total"],
                         anna.get("/v1/meters").json()["total"])

    def test_another_tenant_has_another_fleet(self):
        other = world.person("foreign").get("/v1/meters/facets").json()
        mine = world.person("ops").get("/v1/meters/facets").json()
        self.assertNotEqual(other["total"], mine["total"])


class Desk(unittest.TestCase):
    def test_filters_are_a_users_own(self):
        ops, foreign = world.person("ops"), world.person("foreign")
        first = ops.call("POST", "/v1/filters", {"name": "Silent", "query": "state=silent"})
        self.assertEqual(first.status, 201)
        again = ops.call("POST", "/v1/filters", {"name": "Silent", "query": "state=never"})
        self.assertEqual(again.json()["id"], first.json()["id"])
        got = ops.get("/v1/filters").json()["items"]
        self.assertEqual([(f["name"], f["query"]) for f in got], [("Silent", "state=never")])
        path = f"/v1/filters/{got[0]['id']}"
        self.assertEqual(foreign.call("DELETE", path).status, 404)
        self.assertEqual(ops.call("DELETE", path).status, 204)
        self.assertEqual(ops.get("/v1/filters").json()["items"], [])
        self.assertEqual(ops.call("POST", "/v1/filters", {"name": "", "query": ""}).status, 400)

    def test_notes(self):
        ops = world.person("ops")
        path = f"/v1/meters/{ANNAS}/notes"
        for text in ("Key is with the caretaker.", "Cellar, left of the door."):
            self.assertEqual(ops.call("POST", path, {"text": text}).status, 201)
        got = ops.get(path).json()["items"]
        self.assertEqual([n["text"] for n in got][:2],
                         ["Cellar, left of the door.", "Key is with the caretaker."])
        self.assertEqual(got[0]["who"], ops.get("/v1/session").json()["user"]["name"] or "ops")
        self.assertEqual(ops.call("POST", path, {"text": "x" * 2001}).status, 400)
        self.assertEqual(world.person("foreign").call("POST", path, {"text": "x"}).status, 404)

    def test_many_at_once(self):
        ops = world.person("ops")
        ids = [m["id"] for m in ops.get("/v1/meters").json()["items"]]
        r = ops.call("POST", "/v1/meters/bulk", {"meters": ids[:3] + ["00000000000000ff-0"],
                                                 "area": "north", "area_name": "North side"})
        self.assertEqual((r.status, r.json()), (200, {"done": 3, "left_out": 1}))
        f = ops.get("/v1/meters/facets").json()["facets"]["area"]
        self.assertEqual(f[0]["value"], "north")
        self.assertEqual(f[0]["label"], "North side")
        # A pulse modem's two channels may lie at one usage point.
        self.assertEqual(ops.get("/v1/meters?area=north").json()["total"], f[0]["count"])
        self.assertGreaterEqual(f[0]["count"], 3)
        r = ops.call("POST", "/v1/meters/bulk", {"meters": ids, "note": "Visited."})
        self.assertEqual(r.json()["done"], len(ids))
        for bad in ({"meters": ids}, {"meters": ids, "note": "a", "area": "b"},
                    {"meters": [7], "note": "a"}, {"meters": ids, "note": ""}):
            self.assertEqual(ops.call("POST", "/v1/meters/bulk", bad).status, 400, bad)
        self.assertEqual(ops.call("POST", "/v1/meters/bulk",
                                  {"meters": ids, "area": "nowhere"}).status, 404)

    def test_where_it_hung(self):
        got = world.person("ops").get(f"/v1/meters/{ANNAS}/installations").json()["items"]
        self.assertEqual(len(got), 1)
        self.assertEqual((got[0]["from"][:10], got[0]["to"]), ("2025-01-01", None))


class Settings(unittest.TestCase):
    def test_passwords_cost_what_is_documented(self):
        says = world.command("--help").stdout
        defaults = ["=".join(re.search(rf"({name}).*?default (\S+)", says, re.S).groups())
                    for name in ("password.passes", "password.memory")]
        world.command(*defaults, "account", "create", "costly", "--role", "auditor")
        with sqlite3.connect(os.path.join(world.folder, "test.db"), timeout=20) as db:
            kept = db.execute("SELECT password_hash FROM users WHERE login = 'costly'").fetchone()[0]
        self.assertTrue(kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$"), kept)

    def test_settings(self):
        boss = world.person("boss")
        self.assertEqual(boss.put("/v1/settings/peers.minimum", {"value": 4}).status, 400)
        self.assertEqual(boss.put("/v1/settings/peers.minimum", {"value": 12}).status, 204)
        row = next(x for x in world.person("eye").get("/v1/settings").json()["items"]
                   if x["name"] == "peers.minimum")
        self.assertEqual((row["value"], row["changed_by"]), (12, "boss"))
        self.assertEqual(boss.put("/v1/settings/x", {"value": 4}).status, 404)

    def test_currency_of_the_prices(self):
        boss, ops = world.person("boss"), world.person("ops")
        self.assertEqual(ops.get("/v1/session").json()["currency"], {"code": "EUR", "exponent": 2})
        for wrong in ("eur", "EURO", "DEM", "", 978, None):
            self.assertEqual(boss.put("/v1/settings/currency", {"value": wrong}).status, 400, wrong)
        self.assertEqual(boss.put("/v1/settings/peers.minimum", {"value": "12"}).status, 400)
        self.assertEqual(ops.put("/v1/settings/currency", {"value": "TND"}).status, 403)
        self.assertEqual(boss.put("/v1/settings/currency", {"value": "TND"}).status, 204)
        row = next(x for x in world.person("eye").get("/v1/settings").json()["items"]
                   if x["name"] == "currency")
        self.assertEqual((row["value"], row["default"], row["changed_by"]), ("TND", "EUR", "boss"))
        for where in ("/v1/session", "/v1/vee/summary", "/v1/vee/settings"):
            self.assertEqual(ops.get(where).json()["currency"], {"code": "TND", "exponent": 3})
        self.assertEqual(world.person("foreign").get("/v1/session").json()["currency"]["code"], "EUR")
        self.assertEqual(boss.put("/v1/settings/currency", {"value": "EUR"}).status, 204)


class Radio(unittest.TestCase):
    def test_a_frame_is_explained_and_that_is_recorded(self):
        ops = world.person("ops")
        r = ops.get(f"/v1/meters/{ANNAS}/receptions?limit=2").json()["items"]
        frame = ops.get(f"/v1/meters/{ANNAS}/frames/{r[0]['frame']}").json()
        self.assertTrue(frame["opened"])
        payload = bytes.fromhex(frame["payload"])
        # The parts cover every byte of the frame once, in order.
        at = 0
        for part in frame["parts"]:
            self.assertEqual(part["at"], at, part)
            self.assertEqual(len(part["hex"]), 2 * part["bytes"])
            at += part["bytes"]
        self.assertEqual(at, len(payload))
        self.assertEqual([p["name"] for p in frame["parts"]][:2], ["address", "control"])
        day = next(p for p in frame["parts"] if p["name"] == "day")
        fields = {f["name"]: f["value"] for f in day["fields"]}
        newest = ops.get(f"/v1/meters/{ANNAS}/readings?limit=1").json()["items"][0]
        self.assertEqual(int(fields["register"]), newest["value"])
        self.assertEqual(len(fields["values"].split()), int(fields["hours"]))
        # A frame of another meter is not this meter's.
        other = ops.get("/v1/meters/0000000000000004-0/receptions?limit=1").json()["items"][0]
        self.assertEqual(ops.get(f"/v1/meters/{ANNAS}/frames/{other['frame']}").status, 404)
        for bad in ("0", "-1", "x", "999999999"):
            self.assertEqual(ops.get(f"/v1/meters/{ANNAS}/frames/{bad}").status, 404)
        self.assertEqual(world.person("foreign").get(
            f"/v1/meters/{ANNAS}/frames/{r[0]['frame']}").status, 404)

    def test_who_hears_whom(self):
        ops = world.person("ops")
        heard = ops.get(f"/v1/meters/{ANNAS}/heard").json()["items"]
        self.assertEqual([h["station"] for h in heard], ["st-1"])
        c = ops.get("/v1/coverage").json()
        self.assertEqual(c["meters"], c["several"] + c["single"] + c["none"])
        if c["stations"]:
            self.assertEqual(c["stations"][0]["alone"], c["single"])

    def test_a_station_tells_of_itself(self):
        ops = world.person("ops")
        bearer = {"Authorization": f"Bearer {world.token}"}
        anybody = world.person("anna")

        def put(path, body, kind="application/json", **headers):
            return anybody.call("PUT", path, body, {"Content-Type": kind, **bearer, **headers})

        r = put("/v1/station/status", {"spool_items": 3, "clock": {"source": "gps"}})
        self.assertEqual((r.status, r.json()), (200, {"picture_wanted": False}))
        st = ops.get("/v1/stations").json()["items"][0]
        self.assertEqual(st["status"], {"spool_items": 3, "clock": {"source": "gps"}})
        self.assertIsNone(st["picture_at"])
        # Looking makes the station send pictures.
        self.assertEqual(ops.get("/v1/stations/st-1/picture.png").status, 404)
        self.assertTrue(put("/v1/station/status", {}).json()["picture_wanted"])
        png = b"\x89PNG\r\n\x1a\n" + bytes(100)
        self.assertEqual(put("/v1/station/picture", png, "image/png").status, 204)
        got = ops.get("/v1/stations/st-1/picture.png")
        self.assertEqual((got.status, got.body), (200, png))
        self.assertEqual(put("/v1/station/picture", b"GIF89a", "image/png").status, 400)
        self.assertEqual(put("/v1/station/picture", png, "text/html").status, 415)
        self.assertEqual(put("/v1/station/picture", png + bytes(600000), "image/png").status, 413)
        self.assertEqual(put("/v1/station/status", "[1]").status, 400)
        self.assertEqual(put("/v1/station/status", {}, Authorization="Bearer no").status, 401)
        self.assertEqual(world.person("foreign").get("/v1/stations/st-1/picture.png").status, 404)
        self.assertEqual(world.person("anna").get("/v1/stations/st-1/picture.png").status, 403)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])
