# SPDX-License-Identifier: Apache-2.0
"""Who may do what, and what malformed requests get, through a real process on a loopback port.

Usage: test_access.py MW_PLATFORM SEAL OPENAPI
"""
import json
import socket
import subprocess
import sys
import time
import unittest
from datetime import datetime, timedelta

from api_world import (ANNAS, BRUNOS, DAYS, OTHERS, SCHEDULE, UTC, Client, Events, Town, wait_for)

PROGRAM, SEAL, DOCUMENT = sys.argv[1:4]

world = None


def setUpModule():
    global world
    world = Town(PROGRAM, SEAL)


def tearDownModule():
    world.end()


def raw(text):
    """Sends bytes as they are and returns all that comes back."""
    s = socket.create_connection(("127.0.0.1", world.port), timeout=10)
    s.sendall(text if isinstance(text, bytes) else text.encode())
    s.shutdown(socket.SHUT_WR)
    out = b""
    while piece := s.recv(65536):
        out += piece
    s.close()
    return out.decode(errors="replace")


def operations():
    with open(DOCUMENT) as f:
        document = json.load(f)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


# What commands need to be asked with.
BODIES = {"commandReadArchive": {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"},
          "commandReadConfiguration": {"key": "burst_per_hour"},
          "commandSetConfiguration": {"values": {"burst_per_hour": 700}},
          "commandRelay": {"closed": True},
          "commandTariffSchedule": SCHEDULE,
          "meterThresholdPut": {"rule": "leak", "name": "floor", "value": 10, "reason": "usual"}}


def command_address(path, meter=BRUNOS):
    """A command of the demo tenant, made for this; fresh for each use."""
    if "{command}" in path:
        made = world.person("ops").call("POST", f"/v1/meters/{meter}/commands/ping", {})
        path = path.replace("{command}", str(made.json()["id"]))
    return path


def address(path, meter):
    path = command_address(path.replace("{id}", meter), meter)
    if path.endswith("/consumption") or "/export.csv" in path or "/export.xlsx" in path:
        path += "?" + DAYS
    if "/access/" in path:
        path = path.replace("{point}", "nowhere")
    if "{point}" in path:
        path = path.replace("{point}", "nowhere") + "&obis=8-0:1.0.0"
    if path.endswith("/green-button.xml") or path.endswith("/determinants"):
        path += "?from=2026-03-28&to=2026-03-31"
    if path.endswith("/peers"):
        path += "?from=2026-03-01&to=2026-03-30"
    for name, value in (("{user}", "nobody"), ("{token}", "999999"), ("{session}", "0" * 24),
                        ("{reading}", "999999"), ("{absence}", "999999"), ("{grant}", "999999"),
                        ("{setting}", "nothing")):
        path = path.replace(name, value)
    if path.endswith("/80020.xml"):
        path += ("?day=2026-03-28&sender_name=A&sender_inn=5257072937&area_name=B"
                 "&area_inn=1328903069")
    return path


class Permissions(unittest.TestCase):
    """Every operation of the document, by everybody."""

    def ask(self, client, method, path, operation):
        if operation["operationId"] == "streamRead":
            e = Events(client)
            status = int(e.text(0.5).split(" ")[1])
            e.close()
            return status
        body = BODIES.get(operation["operationId"], {}) if method in ("POST", "PUT") else None
        r = client.call(method, path, body)
        if r.status == 201 and operation["operationId"].startswith("command"):
            world.person("ops").delete(f"/v1/commands/{r.json()['id']}")  # a meter takes so many
        return r.status

    # Who is let through to look at what is asked, by the role that the document names.
    READS = {"user": "boss ops fitter eye anna", "operator": "boss ops fitter eye",
             "field": "boss ops fitter eye", "auditor": "boss eye", "administrator": "boss",
             "host": "boss"}
    WRITES = {"user": "boss ops fitter eye anna", "operator": "boss ops", "field": "boss ops fitter",
              "administrator": "boss", "host": "boss"}

    def test_each_operation(self):
        """Every operation, by nobody and by every role; the others are refused by the gate."""
        for method, path, op in operations():
            role, scope, name = op["x-role"], op["x-scope"], op["operationId"]
            if name in ("sessionDelete", "userSessionsEnd"):
                continue  # have tests of their own; they would end the sessions used here
            with self.subTest(method=method, path=path):
                anonymous = self.ask(Client(world), method, address(path, ANNAS), op)
                if role == "public":
                    self.assertEqual(anonymous, 400 if method == "POST" else 200)
                    continue
                self.assertEqual(anonymous, 401)
                allowed = {"station": ""}.get(role) or (
                    self.READS if method == "GET" else self.WRITES).get(role, "")
                for login in ("boss", "ops", "fitter", "eye", "anna"):
                    status = self.ask(world.person(login), method, address(path, BRUNOS), op)
                    expected = login in allowed.split()
                    if role == "user" and login == "eye" and method != "GET" and "{id}" in path:
                        expected = False  # an auditor changes nothing of others
                    if role == "station":
                        self.assertEqual(status, 401, login)
                    elif role == "user" and login == "anna" and "{id}" in path:
                        self.assertEqual(status, 404, login)
                    elif expected:
                        self.assertNotIn(status, (401, 403), login)
                        if method == "GET" and "{" not in path.replace("{id}", ""):
                            self.assertEqual(status, 200, login)
                    else:
                        self.assertEqual(status, 403, login)
                if name.startswith("command") and method == "POST":
                    self.assertEqual(self.ask(world.person("ops"), method, address(path, BRUNOS),
                                              op), 201)

    def test_tokens_and_areas(self):
        """What refuses tokens refuses them; who is limited to an area gets nothing of another."""
        limited, token = world.limited(), world.token_of("boss", "write")
        bearer = {"Authorization": "Bearer " + token}
        for method, path, op in operations():
            role, scope, name = op["x-role"], op["x-scope"], op["operationId"]
            if role in ("public", "station") or name in ("sessionDelete", "streamRead"):
                continue
            body = BODIES.get(name, {}) if method in ("POST", "PUT") else None
            with self.subTest(method=method, path=path):
                if op.get("x-session-only"):
                    r = Client(world).call(method, address(path, BRUNOS), body, bearer)
                    self.assertEqual((r.status, r.code), (403, "TOKEN"))
                # The area is Anna's; Bruno's meter lies in another.
                status = limited.call(method, address(path, BRUNOS), body).status
                for c in world.person("ops").get("/v1/commands?limit=5").json()["items"]:
                    if not c["over"]:
                        world.person("ops").delete(f"/v1/commands/{c['id']}")
                if "{id}" in path:
                    self.assertEqual(status, 403 if role in ("auditor", "administrator", "host")
                                     else 404)
                elif role in ("auditor", "administrator", "host") or scope == "all":
                    self.assertEqual(status, 403)
                else:
                    self.assertNotEqual(status, 403)

    def test_own_area(self):
        """Who is limited to an area gets of it what the others get, and only that."""
        limited, ops = world.limited(), world.person("ops")
        for method, path, op in operations():
            if method != "GET" or op["operationId"] == "streamRead":
                continue
            with self.subTest(path=path):
                whole = ops.call(method, address(path, ANNAS)).status
                if op["x-scope"] != "all" or "{id}" in path:
                    self.assertEqual(limited.call(method, address(path, ANNAS)).status, whole)
        note = limited.post(f"/v1/meters/{ANNAS}/notes", {"text": "Mine."})
        self.assertEqual(note.status, 201, note.body)
        lines = limited.get("/v1/export/intervals.csv").body.decode().splitlines()[1:]
        self.assertEqual({line.split(",")[0] for line in lines}, {ANNAS[:16]})
        lines = limited.get("/v1/export/registers.csv").body.decode().splitlines()[1:]
        self.assertEqual({line.split(",")[0] for line in lines}, {ANNAS[:16]})
        cim = limited.get("/v1/export/meter-readings.xml").body
        self.assertIn(b"MW-T-000001", cim)
        self.assertNotIn(b"MW-T-000002", cim)
        self.assertIn(b"MW-T-000002", ops.get("/v1/export/meter-readings.xml").body)
        for point, status in (("up-1", 200), ("up-2w", 404)):
            r = limited.get(f"/v1/usage-points/{point}/consumption?obis=8-0:1.0.0&{DAYS}")
            self.assertEqual(r.status, status, r.body)

    def test_own_meter(self):
        for method, path, op in operations():
            if "{id}" not in path or op["x-role"] != "user":
                continue
            body = {} if method == "POST" else None
            with self.subTest(path=path):
                body = BODIES.get(op["operationId"], body)
                status = world.person("anna").call(method, address(path, ANNAS), body).status
                if method == "GET" and "{" not in path.replace("{id}", ""):
                    self.assertEqual(status, 200)
                else:
                    self.assertIn(status, (200, 400, 404))

    def test_other_tenant(self):
        foreign = world.person("foreign")
        for method, path, op in operations():
            body = BODIES.get(op["operationId"], {}) if method in ("POST", "PUT") else None
            if "{id}" in path:
                with self.subTest(path=path):
                    self.assertEqual(foreign.call(method, address(path, ANNAS), body).status, 404)
                    self.assertEqual(world.person("ops").call(method, address(path, OTHERS),
                                                              body).status, 404)
            if "{command}" in path:
                with self.subTest(path=path):
                    self.assertEqual(foreign.call(method, address(path, ANNAS)).status, 404)
        self.assertTrue(all(c["device_id"] == OTHERS[:16]
                            for c in foreign.get("/v1/commands").json()["items"]))
        self.assertEqual([m["id"] for m in foreign.get("/v1/meters").json()["items"]], [OTHERS])
        self.assertEqual(foreign.get("/v1/stations").json()["items"], [])
        self.assertEqual(foreign.get("/v1/export/intervals.csv").body.count(b"\n"), 1)

    def test_lists_hold_only_the_own(self):
        page = world.person("anna").get("/v1/meters").json()
        self.assertEqual([m["id"] for m in page["items"]], [ANNAS])
        self.assertEqual(page["total"], 1)
        self.assertIsNone(page["items"][0]["customer"])
        for search in ("MW-T-000002", "cu-2", "electricity", "%", "_"):
            found = world.person("anna").get("/v1/meters?search=" + search.replace("%", "%25")).json()
            self.assertTrue(all(m["id"] == ANNAS for m in found["items"]), search)
        self.assertEqual(world.person("anna").get("/v1/meters?medium=electricity").json()["items"], [])
        own = world.person("anna").get("/v1/overview").json()
        self.assertEqual(own["meters"], {"total": 1, "heard_24h": 0 if own["meters"]["heard_24h"]
                                         == 0 else 1, "by_medium": {"water": 1}})
        self.assertNotIn("stations", own)
        self.assertEqual(world.person("anna").get("/v1/meters/" + ANNAS).json()["stats"]["stations"], [])

    def test_station_token(self):
        for bad in ("", "x", world.token[:-1], world.token + "x"):
            self.assertEqual(world.send(bad, []).status, 401)
        self.assertEqual(world.send(world.token, [], sender="st-2").status, 403)
        c = Client(world)
        bearer = {"Authorization": "Bearer " + world.token}
        r = c.call("GET", "/v1/meters", headers=bearer)
        self.assertEqual(r.status, 401)
        # A station carries commands; it gives none and reads none.
        for method, path, op in operations():
            if "ommand" in op["operationId"]:
                with self.subTest(path=path):
                    body = BODIES.get(op["operationId"], {}) if method == "POST" else None
                    r = c.call(method, address(path, BRUNOS), body, bearer)
                    self.assertEqual(r.status, 401)


class Requests(unittest.TestCase):
    def test_bad_parameters(self):
        ops = world.person("ops")
        m = "/v1/meters/" + ANNAS
        for path in ["/v1/meters?limit=0", "/v1/meters?limit=201", "/v1/meters?limit=-1",
                     "/v1/meters?limit=1e1", "/v1/meters?limit=", "/v1/meters?sort=name",
                     "/v1/meters?medium=beer", "/v1/meters?after=", "/v1/meters?after=garbage",
                     "/v1/meters?search=" + "x" * 101,
                     m + "/consumption", m + "/consumption?step=week&from=2026-01-01&to=2026-01-02",
                     m + "/consumption?step=day&from=2026-02-30&to=2026-03-02",
                     m + "/consumption?step=day&from=2026-03-02&to=2026-03-02",
                     m + "/consumption?step=day&from=2026-03-03&to=2026-03-02",
                     m + "/consumption?step=hour&from=1970-01-01&to=2200-01-01",
                     m + "/consumption?" + DAYS + "&compare=next",
                     m + "/readings?limit=x", m + "/readings?after=-1", m + "/events?after=x",
                     m + "/receptions?limit=999", m + "/export.csv?step=day",
                     m + "/export.xlsx?step=day&from=x&to=y",
                     "/v1/foreign-messages?network=lora", "/v1/foreign-messages?after=x",
                     "/v1/export/registers.csv?from=yesterday",
                     "/v1/export/intervals.csv?to=2026-01-01"]:
            with self.subTest(path=path):
                r = ops.get(path)
                self.assertEqual(r.status, 400, r.body)
                self.assertEqual(r.code, "INVALID")

    def test_conflict_and_damage_are_told(self):
        first = world.item("00" * 61, datetime(2026, 3, 29, tzinfo=UTC))
        other = dict(first, payload="11" * 61)
        damaged = dict(world.item("zz", datetime(2026, 3, 29, tzinfo=UTC)), seq=999999)
        said = [[x["status"] for x in world.send(world.token, [i]).json()["results"]]
                for i in (first, first, other, damaged)]
        self.assertEqual(said, [["stored"], ["duplicate"], ["conflict"], ["quarantined"]])
        signs = world.person("ops").get("/v1/signs").json()["items"]
        self.assertTrue(any(a["count"] >= 1 and a["text"] for a in signs), signs)
        self.assertEqual(world.person("foreign").get("/v1/signs").json()["items"], [])
        wait_for(lambda: any(a["rule"] == "security" for a in
                             world.person("ops").get("/v1/alarms").json()["items"]))
        self.assertEqual(world.person("foreign").get("/v1/alarms").json()["items"], [])

    def test_messages_of_other_networks(self):
        item = {"seq": 777001, "kind": "sigfox", "received_at": "2026-03-29T00:00:00Z",
                "frequency_mhz": 868130000000, "level_cdbm": -13000, "snr_cdb": 900, "rate": "100",
                "identity": "004d33db", "counter": 416, "copies": 3,
                "payload": "01a0db334d00abad1deadc32758a"}
        said = world.send(world.token, [item, dict(item, seq=777002, payload="00" * 14)]).json()
        self.assertEqual([x["status"] for x in said["results"]], ["stored", "quarantined"])
        ops = world.person("ops")
        for _ in range(100):
            page = ops.get("/v1/foreign-messages?network=sigfox").json()
            if page["items"]:
                break
            time.sleep(0.1)
        self.assertEqual(len(page["items"]), 1)
        row = page["items"][0]
        self.assertEqual((row["identity"], row["registered"], row["authenticity"], row["copies"]),
                         ("004d33db", False, "unverified", 3))
        self.assertEqual(ops.get("/v1/foreign-messages?network=nbfi").json()["items"], [])
        self.assertEqual(world.person("foreign").get("/v1/foreign-messages").json()["items"], [])
        self.assertEqual(world.person("anna").get("/v1/foreign-messages").status, 403)

    def test_bad_ids(self):
        for bad in ["0", ANNAS[:-2], ANNAS + "0", ANNAS.replace("-0", "-00"), "x" * 18,
                    ANNAS.replace("-0", "-1"), "ffffffffffffffff-0", "%00", "..", "..%2f..",
                    ANNAS + "%20", "'%20or%201=1--"]:
            with self.subTest(bad=bad):
                self.assertIn(world.person("ops").get("/v1/meters/" + bad).status, (400, 404))

    def test_bad_bodies(self):
        c = Client(world)
        for body in ["", "{", "[]", "null", "1", '{"login":"ops"}', '{"login":1,"password":"x"}',
                     '{"login":"a","password":"b","more":1}', '{"login":"a","login":"b",'
                     '"password":"x"}', '{"login":"","password":"x"}' * 2,
                     '{"login":"' + "x" * 65 + '","password":"y"}',
                     '{"login":"x","password":"' + "y" * 129 + '"}',
                     '{"login":["x"],"password":"y"}', '{"login":"\\u0000","password":"y"}',
                     "[" * 2000]:
            with self.subTest(body=body[:40]):
                r = c.call("POST", "/v1/session", body, {"Content-Type": "application/json"})
                self.assertEqual(r.status, 400, r.body)
        r = c.call("POST", "/v1/session", "x" * 5000, {"Content-Type": "application/json"})
        self.assertEqual(r.status, 413)
        bearer = {"Authorization": "Bearer " + world.token, "Content-Type": "application/json"}
        for body in ["", "{", "[]", '{"sender":"st-1"}', '{"sender":"st-1","epoch":"x","items":[]}']:
            with self.subTest(uplink=body):
                self.assertEqual(c.call("POST", "/v1/uplinks", body, bearer).status, 400)
        many = {"sender": "st-1", "epoch": "00000000000000a1", "items": [{"seq": 1}] * 1001}
        self.assertEqual(c.call("POST", "/v1/uplinks", many, bearer).status, 413)

    def test_mutations_take_json_only(self):
        """A form on a strange page can send text/plain or a form, never application/json."""
        bodies = {"/v1/session": ({}, '{"login":"ops","password":"' + world.passwords["ops"] + '"}'),
                  "/v1/uplinks": ({"Authorization": "Bearer " + world.token}, json.dumps(
                      {"sender": "st-1", "epoch": "00000000000000a2", "items": []}))}
        posts = [path for method, path, op in operations()
                 if method == "POST" and not op.get("x-csrf")
                 and not path.startswith("/v1/invitations")]
        self.assertEqual(sorted(posts), sorted(bodies))
        for method, path, op in operations():
            if method in ("POST", "PUT") and path not in bodies and op["x-role"] != "station":
                with self.subTest(path=path):
                    r = world.person("boss").call(method, address(path, ANNAS), b"{}",
                                                 {"Content-Type": "text/plain"})
                    self.assertEqual(r.status, 415)
        for path, (headers, body) in bodies.items():
            for kind in (None, "", "text/plain", "application/x-www-form-urlencoded",
                         "multipart/form-data; boundary=x", "application/jsonp",
                         "application/json+x", "text/plain; application/json",
                         "application/json, text/plain"):
                with self.subTest(path=path, kind=kind):
                    given = headers if kind is None else headers | {"Content-Type": kind}
                    r = Client(world).call("POST", path, body.encode(), given)
                    self.assertEqual(r.status, 415)
                    self.assertEqual(r.json()["error"]["code"], "WRONG_TYPE")
                    self.assertNotIn("Set-Cookie", r.headers)
            for kind in ("application/json", "Application/JSON", "application/json;charset=utf-8",
                         "application/json ; charset=utf-8"):
                with self.subTest(path=path, kind=kind):
                    r = Client(world).call("POST", path, body, headers | {"Content-Type": kind})
                    self.assertEqual(r.status, 200)
        for method, path, op in operations():
            if "requestBody" in op:
                self.assertIn("415", op["responses"], path)

    def test_paths_and_methods(self):
        ops = world.person("ops")
        for path in ["/v1/nothing", "/v1/", "/v1/meters/x/y/z", "/v1/session/x"]:
            r = ops.get(path)
            self.assertEqual((path, r.status), (path, 404))
            self.assertEqual(r.code, "NOT_FOUND")
        self.assertEqual(ops.call("PUT", "/v1/session", {}).status, 405)
        self.assertEqual(ops.call("POST", "/v1/meters", {}).status, 405)
        for path in ["/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt",
                     "/%2e%2e%2fsecret.txt", "/x/..%2f..%2fsecret.txt", "/..\\secret.txt",
                     "/%c0%ae%c0%ae/secret.txt", "/app.js%00.html", "//secret.txt",
                     "/v1/../secret.txt"]:
            out = raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            with self.subTest(path=path):
                self.assertNotIn("not for the web", out)

    def test_security_headers(self):
        for path in ["/", "/app.js", "/v1/session", "/v1/openapi.json", "/v1/nothing"]:
            with self.subTest(path=path):
                h = Client(world).get(path).headers
                csp = h["Content-Security-Policy"]
                self.assertIn("frame-ancestors 'none'", csp)
                self.assertNotIn("unsafe", csp)
                self.assertEqual(h["X-Content-Type-Options"], "nosniff")
                self.assertIn("Referrer-Policy", h)
        first = Client(world).get("/app.js")
        self.assertIn("javascript", first.headers["Content-Type"])
        self.assertEqual(Client(world).get("/app.js", If_None_Match=first.headers["ETag"]).status,
                         304)
        self.assertEqual(world.person("ops").get("/v1/meters").headers["Cache-Control"], "no-store")

    def test_service(self):
        c = Client(world)
        self.assertEqual(c.get("/healthz").json(), {"status": "ok"})
        with open(DOCUMENT) as f:
            self.assertEqual(c.get("/v1/openapi.json").json(), json.load(f))
        metrics = c.get("/metrics").body.decode()
        self.assertRegex(metrics, r"mw_platform_journal_decoded_total \d+\n")
        self.assertNotIn("Name of", metrics)


class Sessions(unittest.TestCase):
    def test_cookie_csrf_and_sign_out(self):
        c = Client(world)
        r = c.sign_in("anna", world.passwords["anna"])
        cookie = r.headers["Set-Cookie"]
        for part in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(part, cookie)
        self.assertEqual(r.json()["user"]["role"], "consumer")
        self.assertNotIn("password", r.body.decode())
        self.assertEqual(c.get("/v1/session").json()["csrf"], c.csrf)
        for wrong in (None, "", c.csrf[:-1], world.person("ops").csrf):
            headers = {} if wrong is None else {"X-CSRF-Token": wrong}
            r = c.call("DELETE", "/v1/session", headers=headers, csrf=False)
            self.assertEqual((r.status, r.code), (403, "CSRF"))
        e = Events(c)
        e.wait(lambda x: x["event"] == "overview")
        self.assertEqual(c.call("DELETE", "/v1/session").status, 204)
        self.assertEqual(c.get("/v1/session").status, 401)
        e.text(3)
        self.assertTrue(e.ended, "the stream of a signed-out session goes on")
        for cookie in ("mw_session=", "mw_session=x", "mw_session=" + "a" * 43,
                       "mw_session=" + "a" * 5000, "mw_session=%00"):
            c.cookie = cookie
            self.assertEqual(c.get("/v1/session").status, 401, cookie[:20])

    def test_sessions_survive_restart_and_end_by_machine_time(self):
        carla = world.person("carla")
        self.assertEqual(world.stop(), 0)
        world.start("session.idle=1s", "session.longest=3s")
        self.assertLess(world.start_seconds, 1.0)
        self.assertEqual(carla.get("/v1/session").status, 200)
        # The town's clock leaps by a year: nobody is signed out by that.
        world.set_clock(world.now + timedelta(days=365))
        self.assertEqual(carla.get("/v1/session").status, 200)
        world.set_clock(world.now)
        short = Client(world)
        short.sign_in("carla", world.passwords["carla"])
        self.assertEqual(short.get("/v1/session").status, 200)
        time.sleep(1.3)
        self.assertEqual(short.get("/v1/session").status, 401)
        busy = Client(world)
        busy.sign_in("carla", world.passwords["carla"])
        end = time.monotonic() + 2.5
        while time.monotonic() < end:
            self.assertEqual(busy.get("/v1/session").status, 200)
            time.sleep(0.3)
        time.sleep(0.8)
        self.assertEqual(busy.get("/v1/session").status, 401)
        self.assertEqual(world.stop(), 0)
        world.start()
        world.people.clear()

    def test_zz_lock_out(self):
        """Last of all: it locks this address out."""
        self.assertEqual(world.stop(), 0)
        world.start()
        world.people.clear()
        answers = {}
        for login in ("bruno", "nobody"):
            c = Client(world)
            seen = []
            for _ in range(7):
                r = c.sign_in(login, "wrong password")
                seen.append((r.status, r.code, r.json()["error"]["message"]))
                if r.status == 429:
                    self.assertGreater(int(r.headers["Retry-After"]), 0)
            answers[login] = seen
        self.assertEqual(answers["bruno"], answers["nobody"])
        self.assertEqual([s for s, _, _ in answers["bruno"]], [401] * 5 + [429] * 2)
        self.assertEqual(Client(world).sign_in("bruno", world.passwords["bruno"]).status, 429)
        self.assertEqual(Client(world).sign_in("anna", world.passwords["anna"]).status, 200)
        statuses = [Client(world).sign_in(f"guess{i}", "wrong password").status for i in range(20)]
        self.assertEqual(statuses[-1], 429)
        self.assertEqual(Client(world).sign_in("anna", world.passwords["anna"]).status, 429)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
