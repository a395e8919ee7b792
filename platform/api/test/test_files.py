# SPDX-License-Identifier: Apache-2.0
"""Files of other programs in and out, through a real process: mappings, imports, their undoing,
Green Button, CIM, 80020, billing determinants and their snapshots.

Usage: test_files.py MW_PLATFORM SEAL OPENAPI
"""
import json
import re
import sys
import unittest
from datetime import datetime, timedelta
from xml.etree import ElementTree

from api_world import ANNAS, BRUNOS, UTC, Town

PROGRAM, SEAL = sys.argv[1:3]
CSV = {"Content-Type": "text/csv"}
ESPI = "{http://naesb.org/espi}"
CIM = "{http://iec.ch/TC57/2011/MeterReadings#}"

METERS = {"rows": "meters", "columns": {
    "device_id": {"column": "id"}, "serial": {"column": "serial"}, "model": {"constant": "legacy"},
    "network_address": {"column": "address"}, "master_key": {"constant": "00" * 16},
    "medium": {"constant": "electricity"}, "obis": {"constant": "1-0:1.8.0*255"},
    "unit": {"constant": "W.h"}, "usage_point": {"column": "point"},
    "time_zone": {"constant": "Europe/Moscow"}}}
QUARTERS = {"rows": "intervals", "columns": {
    "serial": {"column": "serial"}, "time": {"column": "at"},
    "value": {"column": "kwh", "unit": "W.h", "scale": 3}}, "interval": {"seconds": 900}}
TWO_RATES = {"name": "two rates", "tariffs": 2, "zones": [
    {"tariff": 1}, {"tariff": 2, "from": "23:00", "to": "07:00"}]}

world = None


def setUpModule():
    global world
    world = Town(PROGRAM, SEAL)


def tearDownModule():
    world.end()


def put(path, body):
    return world.person("ops").call("PUT", path, body)


def post_file(path, body, kind=CSV):
    return world.person("ops").call("POST", path, body, kind)


class Files(unittest.TestCase):
    def test_1_mappings(self):
        ops = world.person("ops")
        self.assertEqual(put("/v1/mappings/new-meters", METERS).status, 204)
        self.assertEqual(put("/v1/mappings/quarters", QUARTERS).status, 204)
        names = [m["name"] for m in ops.get("/v1/mappings").json()["items"]]
        self.assertEqual(names, ["new-meters", "quarters"])
        self.assertEqual(ops.get("/v1/mappings/quarters").json(), QUARTERS)
        bad = put("/v1/mappings/quarters", dict(QUARTERS, rows="bills"))
        self.assertEqual((bad.status, bad.code), (400, "INVALID"))
        self.assertIn("rows", bad.json()["error"]["message"])
        self.assertEqual(put("/v1/mappings/no%20blanks", QUARTERS).status, 400)
        self.assertEqual(world.person("foreign").get("/v1/mappings").json()["items"], [])

    def test_2_preview(self):
        r = post_file("/v1/imports/preview", "a;b\n1,5;x\n" + "2;y\n" * 30)
        self.assertEqual(r.status, 200, r.body)
        self.assertEqual(r.json()["kind"], "csv")
        self.assertEqual(len(r.json()["rows"]), 20)
        self.assertEqual(r.json()["rows"][1], {"row": 2, "cells": ["1,5", "x"]})
        r = post_file("/v1/imports/preview", b"\xff\xfea\x00")
        self.assertIn("UTF-16", r.json()["error"]["message"])

    def test_3_meters_come_and_go(self):
        ops = world.person("ops")
        table = ("id,serial,address,point\n4d57000000000901,L-1,2305,up-l1\n"
                 "4d57000000000902,L-2,2306,up-l2\n")
        dry = post_file("/v1/imports?mapping=new-meters&file=l.csv&dry=true", table)
        self.assertEqual((dry.status, dry.json()["meters"], dry.json()["import"]), (200, 2, None))
        self.assertEqual(ops.get("/v1/meters?search=L-1").json()["items"], [])
        done = post_file("/v1/imports?mapping=new-meters&file=l.csv", table)
        self.assertEqual(done.status, 200, done.body)
        self.assertEqual(len(ops.get("/v1/meters?search=L-1").json()["items"]), 1)
        bad = post_file("/v1/imports?mapping=new-meters",
                        table.replace("L-2", "L-9") + "zz,L-3,1,\n")
        self.assertEqual((bad.status, bad.json()["problems"]), (422, 2))
        self.assertEqual([p["row"] for p in bad.json()["problem_rows"]], [3, 4])
        page = ops.get("/v1/imports").json()["items"]
        self.assertEqual((page[0]["file"], page[0]["by"], page[0]["meters"]), ("l.csv", "ops", 2))
        self.assertEqual(post_file("/v1/imports?mapping=nothing", table).status, 404)
        self.assertEqual(world.person("foreign").call(
            "DELETE", f"/v1/imports/{done.json()['import']}").status, 404)

    def test_4_values_exports_and_bills(self):
        ops = world.person("ops")
        start = datetime(2026, 3, 9, 21, tzinfo=UTC)  # 2026-03-10 in Moscow
        rows = [f"L-1,{start + timedelta(minutes=15 * i):%Y-%m-%dT%H:%M:%SZ},0.{100 + i}"
                for i in range(96)]
        total = sum(100 + i for i in range(96))
        r = post_file("/v1/imports?mapping=quarters&file=q.csv", "serial,at,kwh\n" +
                      "\n".join(rows))
        self.assertEqual((r.status, r.json()["values"]), (200, 96), r.body)
        meter = "4d57000000000901-0"
        days = "from=2026-03-10&to=2026-03-11"

        gb = ops.get(f"/v1/meters/{meter}/green-button.xml?{days}")
        feed = ElementTree.fromstring(gb.body)
        values = [int(v.text) for v in feed.iter(ESPI + "value")]
        self.assertEqual((len(values), sum(values)), (96, total))
        self.assertEqual(feed.find(f".//{ESPI}intervalLength").text, "900")

        cim = ops.get("/v1/export/meter-readings.xml?from=2026-03-09T21:00:00Z"
                      "&to=2026-03-10T21:00:00Z")
        message = ElementTree.fromstring(cim.body)
        found = {}
        for reading in message.iter(CIM + "MeterReading"):
            name = reading.find(f"{CIM}Meter/{CIM}Names/{CIM}name").text
            found[name] = [int(v.find(CIM + "value").text)
                           for v in reading.iter(CIM + "IntervalReadings")]
        self.assertEqual(sum(found["L-1/0"]), total)

        message = ops.get("/v1/export/80020.xml?day=2026-03-10&sender_name=%D0%90%D0%9E&"
                          "sender_inn=5257072937&area_name=B&area_inn=1328903069&number=7")
        text = message.body.decode("windows-1251")
        self.assertIn("<name>АО</name>", text)
        points = re.findall(r'<measuringpoint code="([^"]+)"', text)
        self.assertEqual(points, ["up-l1"])
        halves = [int(v) for v in re.findall(r"<value[^>]*>(\d+)</value>", text)]
        self.assertEqual((len(halves), sum(halves)), (48, total // 1000))

        self.assertEqual(put("/v1/tariff-maps/two", TWO_RATES).status, 204)
        r = ops.get(f"/v1/meters/{meter}/determinants?{days}&tariffs=two&demand=1800")
        d = r.json()
        night = sum(100 + i for i in range(96) if i < 28 or i >= 92)
        self.assertEqual(d["total"], total)
        self.assertEqual([t["amount"] for t in d["tariffs"]], [total - night, night])
        self.assertEqual(d["demand"]["energy"], 100 + 94 + 100 + 95)
        self.assertEqual(d["quality"]["received_intervals"], 96)

        body = {"from": "2026-03-10", "to": "2026-03-11", "tariffs": "two"}
        first = ops.call("POST", f"/v1/meters/{meter}/snapshots", body)
        self.assertEqual(first.status, 201, first.body)
        self.assertEqual(first.json()["determinants"]["total"], total)
        second = ops.call("POST", f"/v1/meters/{meter}/snapshots", body)
        self.assertEqual(second.json()["corrects"], first.json()["id"])
        listed = ops.get(f"/v1/meters/{meter}/snapshots").json()["items"]
        self.assertEqual([s["id"] for s in listed], [second.json()["id"], first.json()["id"]])
        overlap = dict(body, to="2026-03-12")
        self.assertEqual(ops.call("POST", f"/v1/meters/{meter}/snapshots", overlap).status, 409)

        undone = ops.call("DELETE", f"/v1/imports/{r_id(ops)}")
        self.assertEqual(undone.status, 200, undone.body)
        self.assertEqual(ops.call("DELETE", f"/v1/imports/{r_id(ops)}").status, 409)
        # what the bill was made from is still shown; what is known now is another matter
        third = ops.call("POST", f"/v1/meters/{meter}/snapshots", body).json()
        self.assertEqual(third["determinants"]["total"], 0)
        self.assertEqual(ops.get(f"/v1/meters/{meter}/determinants?{days}").json()["total"], total)

    def test_5_bad_requests(self):
        ops = world.person("ops")
        m = "/v1/meters/" + ANNAS
        for path in [m + "/green-button.xml", m + "/green-button.xml?from=2020-01-01&to=2026-01-01",
                     m + "/determinants?from=2026-03-02&to=2026-03-01",
                     m + "/determinants?from=2026-03-01&to=2026-03-02&demand=1000",
                     m + "/determinants?from=2026-03-01&to=2026-03-02&tariffs=none",
                     "/v1/export/80020.xml?day=2026-03-01",
                     "/v1/export/80020.xml?day=2026-03-01&sender_name=a&sender_inn=1&area_name=b"
                     "&area_inn=1328903069",
                     "/v1/export/80020.xml?day=2026-03-29&sender_name=a&sender_inn=5257072937"
                     "&area_name=b&area_inn=1328903069&time_zone=Europe/Rome"]:
            with self.subTest(path=path):
                self.assertEqual(ops.get(path).status, 400)
        self.assertEqual(put("/v1/tariff-maps/x", {"name": "x"}).status, 400)
        self.assertEqual(post_file("/v1/imports?mapping=quarters", "x" * (8 * 1024 * 1024 + 1))
                         .status, 413)
        self.assertEqual(post_file("/v1/imports?mapping=quarters", b"PK\x03\x04junk",
                                   {"Content-Type": "application/octet-stream"}).status, 422)


def r_id(ops):
    """The newest import of intervals."""
    return next(i["id"] for i in ops.get("/v1/imports").json()["items"] if i["rows"] == "intervals")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
