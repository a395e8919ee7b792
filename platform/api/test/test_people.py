# SPDX-License-Identifier: Apache-2.0
"""People: users and roles, tokens, second factors, invitations, shared homes, readings by hand, and
the command line about them, through a real process on a loopback port.

Usage: test_people.py MW_PLATFORM SEAL OPENAPI
"""
import base64
import hashlib
import hmac
import json
import os
import re
import sqlite3
import struct
import subprocess
import sys
import time
import unittest
import zlib

from api_world import ANNAS, BRUNOS, DAYS, UTC, Client, Town, channel, device, wait_for
from datetime import datetime, timedelta

PROGRAM, SEAL, DOCUMENT = sys.argv[1:4]

world = None


def setUpModule():
    global world
    world = Town(PROGRAM, SEAL)


def tearDownModule():
    world.end()


def totp(secret, at=None):
    """RFC 6238 with a secret in base32, by hand."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    counter = struct.pack(">Q", int(time.time() if at is None else at) // 30)
    mac = hmac.new(key, counter, hashlib.sha1).digest()
    at = mac[19] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"


def picture(*extra):
    """A PNG of one pixel with further chunks."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) +
            b"".join(chunk(k, d) for k, d in extra) +
            chunk(b"IDAT", zlib.compress(b"\0\x80")) + chunk(b"IEND", b""))


class Users(unittest.TestCase):
    def test_invitation_is_good_once(self):
        boss = world.person("boss")
        made = boss.post("/v1/users", {"login": "nina", "name": "Nina", "role": "operator"})
        self.assertEqual(made.status, 201)
        user, code = made.json()["user"], made.json()["code"]
        self.assertFalse(user["has_password"])
        self.assertEqual(Client(world).sign_in("nina", "").status, 401)
        self.assertEqual(Client(world).sign_in("nina", "anything at all").status, 401)
        look = Client(world).post("/v1/invitations/look", {"code": code})
        self.assertEqual((look.json()["kind"], look.json()["login"]), ("password", "nina"))
        answer = {"code": code, "password": "short"}
        self.assertEqual(Client(world).post("/v1/invitations/accept", answer).status, 400)
        answer["password"] = "long enough for anybody"
        self.assertEqual(Client(world).post("/v1/invitations/accept", answer).status, 204)
        self.assertEqual(Client(world).post("/v1/invitations/accept", answer).status, 404)
        self.assertEqual(Client(world).sign_in("nina", answer["password"]).status, 200)
        with open(os.path.join(world.folder, "test.db"), "rb") as f:
            self.assertNotIn(code.encode(), f.read())

    def test_role_changes_end_sessions(self):
        boss = world.person("boss")
        who = world.invite("otto", "operator")
        self.assertEqual(who.get("/v1/stations").status, 200)
        user = next(u for u in boss.get("/v1/users?search=otto").json()["items"])
        changed = {"name": "Otto", "role": "auditor"}
        self.assertEqual(boss.put("/v1/users/" + user["id"], changed).status, 200)
        self.assertEqual(who.get("/v1/stations").status, 401)
        changed["disabled"] = True
        self.assertEqual(boss.put("/v1/users/" + user["id"], changed).json()["user"]["disabled"], True)
        self.assertEqual(Client(world).sign_in("otto", world.passwords["otto"]).status, 401)
        for wrong in ({"role": "root"}, {"area": "nowhere"}, {"customer": "cu-1"},
                      {"time_zone": "Mars"}, {"more": 1}):
            r = boss.put("/v1/users/" + user["id"], {"name": "Otto", "role": "auditor"} | wrong)
            self.assertEqual(r.status, 400, wrong)

    def test_the_last_administrator_stays(self):
        boss = world.person("boss")
        me = boss.get("/v1/users?search=boss").json()["items"][0]
        for change in ({"role": "operator"}, {"role": "administrator", "disabled": True}):
            r = boss.put("/v1/users/" + me["id"], {"name": "Boss"} | change)
            self.assertEqual((r.status, r.code), (409, "LAST_ADMINISTRATOR"))

    def test_paging_and_other_tenants(self):
        boss = world.person("boss")
        logins, after = [], ""
        while True:
            page = boss.get("/v1/users?limit=2" + after).json()
            logins += [u["login"] for u in page["items"]]
            if page["next"] is None:
                break
            after = "&after=" + page["next"]
        self.assertEqual(logins, sorted(set(logins)))
        self.assertIn("anna", logins)
        self.assertNotIn("foreign", logins)
        self.assertEqual(boss.get("/v1/tenants").json()["items"][0]["name"], "demo")
        world.account("chief", "--role", "administrator", "--tenant", "other")
        world.passwords["chief"] = world.command("account", "password", "chief").stdout.split()[-1]
        self.assertEqual(world.person("chief").get("/v1/tenants").status, 403)
        self.assertEqual(world.person("chief").get("/v1/users?search=anna").json()["items"], [])

    def test_tenants(self):
        made = world.person("boss").post("/v1/tenants", {"name": "third", "login": "third-boss"})
        self.assertEqual(made.status, 201)
        code = made.json()["code"]
        password = "a password of the third"
        self.assertEqual(Client(world).post("/v1/invitations/accept",
                                            {"code": code, "password": password}).status, 204)
        c = Client(world)
        self.assertEqual(c.sign_in("third-boss", password).status, 200)
        self.assertEqual(c.get("/v1/meters").json()["total"], 0)
        again = world.person("boss").post("/v1/tenants", {"name": "third", "login": "x"})
        self.assertEqual(again.status, 409)


class Areas(unittest.TestCase):
    def test_lists_and_stream_hold_only_the_area(self):
        north = world.limited()
        self.assertEqual([m["id"] for m in north.get("/v1/meters").json()["items"]], [ANNAS])
        self.assertEqual(north.get("/v1/meters").json()["total"], 1)
        self.assertEqual(north.get("/v1/meters?sort=last_seen").json()["total"], 1)
        self.assertEqual(north.get("/v1/overview").json()["meters"]["total"], 1)
        self.assertEqual(north.get("/v1/meters/" + ANNAS).status, 200)
        self.assertEqual(north.get("/v1/meters/" + BRUNOS).status, 404)
        self.assertEqual(north.get("/v1/imports").code, "AREA")
        whole = world.invite("whole", "operator", area="region")
        self.assertEqual(whole.get("/v1/meters").json()["total"], 3)

    def channel_of(self, meter):
        with sqlite3.connect(os.path.join(world.folder, "test.db"), timeout=20) as db:
            return db.execute("SELECT channel FROM channels JOIN devices USING(device) WHERE"
                              " identity = ? AND number = 0", (int(meter[:16], 16),)).fetchone()[0]

    def alarm(self, number, rule, channel, station=""):
        world.sql("INSERT INTO alarms(id, tenant, rule, subject, version, channel, device, station,"
                  " severity, state, value, threshold, members, root, count, opened_at, last_at,"
                  " closed_by, assignee, acknowledged_by, inputs, latest)"
                  " VALUES(?, 1, ?, ?, 1, ?, 0, ?, 2, 1, 1, 1, 0, 0, 1, 1, 1, '', '', '', '', '')",
                  number, rule, f"made/{number}", channel, station)

    def finding(self, number, channel):
        world.sql("INSERT INTO exceptions(id, tenant, channel, rule, severity, from_us, to_us,"
                  " input_0, input_1, input_2, threshold, found_at, closed_by, text)"
                  " VALUES(?, 1, ?, 3, 2, 1774569600000000, 1774573200000000, 0, 0, 0, 0, 1, '', '')",
                  number, channel)

    def test_alarms_findings_and_commands_of_the_area(self):
        """Work on the own area's, none of another's; a station's alarm is seen and not touched."""
        north, ops = world.limited(), world.person("ops")
        annas, brunos = self.channel_of(ANNAS), self.channel_of(BRUNOS)
        self.alarm(900001, "leak", annas)
        self.alarm(900002, "leak", brunos)
        self.alarm(900003, "station", 0, "st-1")
        self.finding(800001, annas)
        self.finding(800002, brunos)
        made = range(900001, 900004)
        listed = [a["id"] for a in north.get("/v1/alarms?limit=200").json()["items"]]
        self.assertEqual([n for n in made if n in listed], [900001, 900003])
        self.assertEqual([north.get(f"/v1/alarms/{n}").status for n in made], [200, 404, 200])
        self.assertEqual(north.get("/v1/alarms/900002/members").status, 404)
        act = {"action": "acknowledge", "text": "seen"}
        self.assertEqual([north.post("/v1/alarms/actions", act | {"alarms": [n]}).status
                          for n in made], [200, 404, 403])
        # None of several when one is not theirs.
        self.assertEqual(north.post("/v1/alarms/actions", {
            "action": "note", "text": "x", "alarms": [900001, 900002]}).status, 404)
        counted = {who: sum(c["alarms"] for c in who.get("/v1/alarms/summary").json()["items"]
                            if c["rule"] == "leak") for who in (north, ops)}
        self.assertEqual(counted[ops] - counted[north], 1)
        found = [f["id"] for f in north.get("/v1/vee/exceptions?limit=200").json()["items"]]
        self.assertIn(800001, found)
        self.assertNotIn(800002, found)
        self.assertEqual(north.get("/v1/vee/exceptions/800001").status, 200)
        self.assertEqual(north.get("/v1/vee/exceptions/800002").status, 404)
        self.assertEqual(north.post("/v1/vee/exceptions/800002/accept", {"reason": "x"}).status, 404)
        for path in ("/v1/vee/summary", "/v1/vee/corrections", "/v1/vee/rules", "/v1/collection",
                     "/v1/alarm-rules", "/v1/commands"):
            self.assertEqual(north.get(path).status, 200, path)
        asked = [ops.post(f"/v1/meters/{m}/commands/ping", {}).json()["id"] for m in (ANNAS, BRUNOS)]
        listed = [c["id"] for c in north.get("/v1/commands").json()["items"]]
        self.assertIn(asked[0], listed)
        self.assertNotIn(asked[1], listed)
        self.assertEqual([north.delete(f"/v1/commands/{c}").status for c in asked], [200, 404])
        ops.delete(f"/v1/commands/{asked[1]}")

    def test_collection_of_an_area(self):
        """Its rates are those of its meters, and what lacks is what lacks there."""
        north, ops = world.limited(), world.person("ops")
        south = world.invite("south", "operator", area="south")
        rate = lambda who: who.get("/v1/collection").json()
        wait_for(lambda: any(m["meters"] == 5 for m in rate(ops)["marks"]), 30)
        whole, parts = rate(ops), (rate(north), rate(south))
        for part, meters, missing in zip(parts, (1, 2), ((), (BRUNOS, BRUNOS[:-1] + "1"))):
            self.assertEqual([m["meters"] for m in part["marks"]], [meters] * len(whole["marks"]))
            self.assertTrue(all(sum(m["causes"].values()) == m["missing"] for m in part["marks"]))
            self.assertEqual(part["missing"], [m for m in whole["missing"] if m["meter"] in missing])
        now = [w["marks"][-1]["collected"] for w in (whole, *parts)]
        self.assertEqual(now[0], now[1] + now[2])

    def test_a_page_of_others_rows_leads_on(self):
        """Rows of other areas make no page end early: what is asked for is found behind them."""
        north = world.limited()
        annas, brunos = self.channel_of(ANNAS), self.channel_of(BRUNOS)
        world.sql("DELETE FROM exceptions WHERE id > 810000")
        for n in range(40):
            world.sql("INSERT INTO exceptions(id, tenant, channel, rule, severity, from_us, to_us,"
                      " input_0, input_1, input_2, threshold, found_at, closed_by, text)"
                      " VALUES(?, 1, ?, 4, 2, ?, ?, 0, 0, 0, 0, 1, '', '')", 810001 + n,
                      annas if n == 0 else brunos, 1774569600000000 + n * 3600000000,
                      1774573200000000 + n * 3600000000)
        page = north.get("/v1/vee/exceptions?limit=1").json()
        self.assertEqual([f["id"] for f in page["items"]], [810001])


class Tokens(unittest.TestCase):
    def ask(self, token, method, path, body=None):
        return Client(world).call(method, path, body, {"Authorization": "Bearer " + token})

    def test_scopes_and_revocation(self):
        reads, writes = world.token_of("ops", "read"), world.token_of("ops", "write")
        self.assertEqual(self.ask(reads, "GET", "/v1/meters").status, 200)
        r = self.ask(reads, "POST", f"/v1/meters/{BRUNOS}/commands/ping", {})
        self.assertEqual((r.status, r.code), (403, "TOKEN"))
        r = self.ask(writes, "POST", f"/v1/meters/{BRUNOS}/commands/ping", {})
        self.assertEqual(r.status, 201)
        world.person("ops").delete(f"/v1/commands/{r.json()['id']}")
        mine = world.person("ops").get("/v1/tokens").json()["items"]
        self.assertTrue(all("token" not in t for t in mine))
        self.assertIsNotNone(mine[0]["last_used"])
        self.assertEqual(world.person("anna").delete(f"/v1/tokens/{mine[0]['id']}").status, 404)
        self.assertEqual(world.person("boss").delete(f"/v1/tokens/{mine[0]['id']}").status, 204)
        self.assertEqual(self.ask(writes, "GET", "/v1/meters").status, 401)
        with sqlite3.connect(os.path.join(world.folder, "test.db")) as db:
            self.assertEqual(db.execute("SELECT count(*) FROM api_tokens WHERE hash = ?",
                                        (reads.encode(),)).fetchone()[0], 0)
        world.sql("UPDATE api_tokens SET expires = 1 WHERE revoked IS NULL")
        self.assertEqual(self.ask(reads, "GET", "/v1/meters").status, 401)
        for bad in ({"days": 0}, {"days": 4000}, {"scope": "all"}, {"name": ""}):
            body = {"name": "x", "scope": "read", "days": 1} | bad
            self.assertEqual(world.person("ops").post("/v1/tokens", body).status, 400, bad)

    def test_a_token_does_no_more_than_its_owner(self):
        token = world.token_of("anna", "write")
        self.assertEqual([m["id"] for m in self.ask(token, "GET", "/v1/meters").json()["items"]],
                         [ANNAS])
        self.assertEqual(self.ask(token, "GET", "/v1/stations").status, 403)


class SecondFactor(unittest.TestCase):
    def test_whole_life(self):
        login = "tina"
        c = world.invite(login, "operator")
        password = world.passwords[login]
        self.assertEqual(c.post("/v1/session/second-factor", {"password": "wrong one"}).status, 403)
        begun = c.post("/v1/session/second-factor", {"password": password})
        self.assertEqual(begun.status, 200, begun.body)
        secret, rows = begun.json()["secret"], begun.json()["qr"]
        self.assertTrue(all(len(r) == len(rows) for r in rows) and len(rows) >= 25)
        self.assertTrue(rows[0].startswith("1111111"))
        self.assertIn("secret=" + secret, begun.json()["address"])
        # Not on before a code shows that the app has it.
        self.assertEqual(Client(world).sign_in(login, password).status, 200)
        self.assertEqual(c.post("/v1/session/second-factor/confirmation",
                                {"code": "000000"}).status, 403)
        code = totp(secret)
        codes = c.post("/v1/session/second-factor/confirmation", {"code": code})
        self.assertEqual(codes.status, 200, codes.body)
        codes = codes.json()["recovery_codes"]
        self.assertEqual(len(set(codes)), 10)
        asked = Client(world).sign_in(login, password)
        self.assertEqual((asked.status, asked.code), (401, "SECOND_FACTOR"))
        self.assertEqual(Client(world).sign_in(login, "wrong one", totp(secret)).code,
                         "UNAUTHENTICATED")
        self.assertEqual(Client(world).sign_in(login, password, code).code, "WRONG_CODE",
                         "a used step is refused")
        following = totp(secret, time.time() + 30)
        self.assertEqual(Client(world).sign_in(login, password, following).status, 200)
        self.assertEqual(Client(world).sign_in(login, password, following).code, "WRONG_CODE")
        self.assertEqual(Client(world).sign_in(login, password, codes[3]).status, 200)
        self.assertEqual(Client(world).sign_in(login, password, codes[3]).code, "WRONG_CODE")
        self.assertEqual(c.get("/v1/session/second-factor").json()["recovery_codes_left"], 9)
        with open(os.path.join(world.folder, "test.db"), "rb") as f:
            data = f.read()
        key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        self.assertFalse(key in data or codes[0].encode() in data or secret.encode() in data)
        answers = [Client(world).sign_in(login, password, "123456").status for _ in range(6)]
        self.assertEqual(answers[-1], 429, "codes cannot be tried out")
        me = world.person("boss").get("/v1/users?search=tina").json()["items"][0]
        self.assertTrue(me["second_factor"])
        self.assertEqual(world.person("boss").delete(
            f"/v1/users/{me['id']}/second-factor").status, 204)
        self.assertFalse(c.get("/v1/session/second-factor").json()["enabled"])

    def test_password_change_ends_sessions(self):
        c = world.invite("paul", "operator")
        other = Client(world)
        other.sign_in("paul", world.passwords["paul"])
        items = c.get("/v1/sessions").json()["items"]
        self.assertEqual(sum(s["current"] for s in items), 1)
        gone = next(s for s in items if not s["current"])
        self.assertEqual(world.person("anna").delete("/v1/sessions/" + gone["id"]).status, 404)
        self.assertEqual(c.delete("/v1/sessions/" + gone["id"]).status, 204)
        self.assertEqual(other.get("/v1/session").status, 401)
        body = {"password": "not it at all", "new_password": "another long one"}
        self.assertEqual(c.post("/v1/session/password", body).code, "WRONG_PASSWORD")
        body["password"] = world.passwords["paul"]
        self.assertEqual(c.post("/v1/session/password", body).status, 204)
        self.assertEqual(c.get("/v1/session").status, 401)
        self.assertEqual(Client(world).sign_in("paul", "another long one").status, 200)


class Homes(unittest.TestCase):
    def test_a_guest_sees_from_the_day_on(self):
        anna = world.person("anna")
        self.assertEqual(world.person("bruno").post("/v1/access/up-1/invitations",
                                                    {"name": "x"}).status, 404)
        made = anna.post("/v1/access/up-1/invitations",
                         {"name": "Tenant", "from": "2026-03-28T23:00:00Z",
                          "to": "2026-06-01T00:00:00Z"})
        self.assertEqual(made.status, 201, made.body)
        code = made.json()["code"]
        look = Client(world).post("/v1/invitations/look", {"code": code}).json()
        self.assertEqual((look["kind"], look["address"]), ("access", "Via Roma 1, flat 2"))
        answer = {"code": code, "password": "the guest's own", "login": "guest", "name": "Gustav"}
        self.assertEqual(Client(world).post("/v1/invitations/accept",
                                            answer | {"login": "anna"}).status, 409)
        self.assertEqual(Client(world).post("/v1/invitations/accept", answer).status, 204)
        guest = Client(world)
        guest.sign_in("guest", "the guest's own")
        page = guest.get("/v1/meters").json()
        self.assertEqual([(m["id"], m["shared_since"]) for m in page["items"]],
                         [(ANNAS, "2026-03-28T23:00:00Z")])
        self.assertEqual(page["total"], 1)
        m = "/v1/meters/" + ANNAS
        days = guest.get(m + "/consumption?step=day&from=2026-03-20&to=2026-03-31&compare=previous")
        self.assertEqual(days.json()["from"], "2026-03-29")
        self.assertNotIn("previous", days.json())
        before = guest.get(m + "/consumption?step=day&from=2026-03-01&to=2026-03-20")
        self.assertEqual((before.status, before.code), (403, "BEFORE_ACCESS"))
        self.assertNotIn(b"2026-03-28T00", guest.get(m + "/export.csv?" + DAYS).body)
        readings = guest.get(m + "/readings").json()["items"]
        self.assertTrue(readings and all(r["t_meter"] >= "2026-03-28T23" for r in readings))
        for closed in ("/revisions", "/handed-readings", "/absences", "/peers?from=2026-03-01"
                       "&to=2026-03-30", "/green-button.xml?from=2026-03-01&to=2026-03-30"):
            self.assertEqual(guest.get(m + closed).status, 404, closed)
        self.assertEqual(guest.get("/v1/meters/" + BRUNOS).status, 404)
        homes = anna.get("/v1/access").json()["homes"]
        grant = homes[0]["guests"][0]
        self.assertEqual((grant["name"], homes[0]["invitations"]), ("Tenant", []))
        self.assertEqual(guest.delete(f"/v1/access/up-1/{grant['id']}").status, 404)
        self.assertEqual(anna.delete(f"/v1/access/up-1/{grant['id']}").status, 204)
        self.assertEqual(guest.get(m).status, 404)
        self.assertEqual(guest.get("/v1/meters").json()["items"], [])

    def test_invitation_taken_back_and_access_over(self):
        anna, bruno = world.person("anna"), world.person("bruno")
        made = anna.post("/v1/access/up-1/invitations", {"name": "Bruno"}).json()
        self.assertEqual(anna.delete(f"/v1/access/up-1/{made['id']}?waiting=true").status, 204)
        self.assertEqual(bruno.post("/v1/access", {"code": made["code"]}).status, 404)
        made = anna.post("/v1/access/up-1/invitations",
                         {"name": "Bruno", "to": "2026-04-02T00:00:00Z"}).json()
        self.assertEqual(bruno.post("/v1/access", {"code": made["code"]}).status, 204)
        self.assertEqual(bruno.get("/v1/meters/" + ANNAS).status, 200)
        self.assertEqual(bruno.get("/v1/meters").json()["total"], 3)
        world.sql("UPDATE access_grants SET from_us = 0, to_us = 1")
        self.assertEqual(bruno.get("/v1/meters/" + ANNAS).status, 404)

    def test_readings_by_hand(self):
        anna, ops = world.person("anna"), world.person("ops")
        m = "/v1/meters/" + ANNAS
        photo = picture((b"tEXt", b"Where\0 at home"), (b"eXIf", b"secret place"))
        for wrong in (b"", b"GIF89a", photo[:-5], b"\xff\xd8\xff\xe0", photo.replace(b"IHDR", b"IHDX")):
            body = {"value": 5, "photo": base64.b64encode(wrong).decode()}
            self.assertEqual(anna.post(m + "/handed-readings", body).status, 400, wrong[:8])
        for wrong in ({"value": -1}, {"value": 1.5}, {}, {"value": 1, "at": "2027-01-01T00:00:00Z"},
                      {"value": 1, "at": "2025-01-01T00:00:00Z"}, {"value": 1, "photo": "%%%"}):
            self.assertEqual(anna.post(m + "/handed-readings", wrong).status, 400, wrong)
        body = {"value": 123456, "at": "2026-03-31T10:00:00Z", "note": "display was dark",
                "photo": base64.b64encode(photo + b"hidden behind").decode()}
        made = anna.post(m + "/handed-readings", body)
        self.assertEqual((made.status, made.json()["state"]), (201, "waiting"), made.body)
        one = f"{m}/handed-readings/{made.json()['id']}"
        kept = ops.get(one + "/photo")
        self.assertEqual((kept.headers["Content-Type"], kept.body), ("image/png", picture()))
        self.assertEqual(world.person("bruno").get(one + "/photo").status, 404)
        row = ops.get("/v1/handed-readings?state=waiting").json()["items"][0]
        self.assertEqual((row["by"], row["note"], row["photo"]), ("anna", "display was dark", True))
        self.assertEqual(world.person("fitter").post(one + "/acceptance", {}).status, 403)
        self.assertEqual(ops.post(one + "/rejection", {}).status, 400)
        self.assertEqual(ops.post(one + "/acceptance", {"reason": "photo agrees"}).status, 204)
        self.assertEqual(ops.post(one + "/rejection", {"reason": "no"}).status, 409)
        wait_for(lambda: any(r["value"] == 123456 and "customer" in r["quality"]
                             for r in ops.get(m + "/readings").json()["items"]))
        self.assertEqual(anna.get(m + "/handed-readings").json()["items"][0]["state"], "accepted")
        answers = [anna.post(m + "/handed-readings", {"value": 200000 + i}).status for i in range(6)]
        self.assertEqual(answers[-1], 429)

    def test_watch_while_away(self):
        anna = world.person("anna")
        a = f"/v1/meters/{ANNAS}/absences"
        for wrong in ({}, {"from": "2026-03-31T00:00:00Z", "to": "2026-03-30T00:00:00Z"},
                      {"from": "2020-03-31T00:00:00Z", "to": "2020-04-30T00:00:00Z"},
                      {"from": "2026-03-31T00:00:00Z", "to": "2028-04-30T00:00:00Z"}):
            self.assertEqual(anna.post(a, wrong).status, 400, wrong)
        made = anna.post(a, {"from": "2026-03-30T00:00:00Z", "to": "2026-04-05T00:00:00Z"})
        quiet = anna.post(a, {"from": "2026-03-30T00:00:00Z", "to": "2026-04-05T00:00:00Z",
                              "tolerance": 1000})
        self.assertEqual((made.status, quiet.status), (201, 201))
        wait_for(lambda: any(x["told"] for x in anna.get(a).json()["items"]), 25)
        rows = {x["id"]: x for x in anna.get(a).json()["items"]}
        self.assertGreater(rows[made.json()["id"]]["flow"], 0)
        self.assertIsNone(rows[quiet.json()["id"]]["told"])
        # It is an alarm too, for the utility and for who lives there.
        for who, path in ((world.person("ops"), "/v1/alarms?rule=away"), (anna, f"/v1/meters/{ANNAS}/alarms")):
            wait_for(lambda: any(x["rule"] == "away" for x in who.get(path).json()["items"]))
        self.assertEqual(world.person("bruno").get(a).status, 404)
        self.assertEqual(anna.delete(f"{a}/{made.json()['id']}").status, 204)
        self.assertEqual(anna.delete(f"{a}/{made.json()['id']}").status, 404)

    def test_homes_like_this_one(self):
        """Nothing is told of a small group, whatever is asked."""
        p = world.person("anna").get(f"/v1/meters/{ANNAS}/peers?from=2026-03-27&to=2026-03-31").json()
        self.assertIn(p["unavailable"], ("too_few", "own_incomplete"))
        self.assertIsNone(p["homes"])


class Proxies(unittest.TestCase):
    def test_forwarded_addresses_only_from_trusted_proxies(self):
        def address(value):
            c = Client(world)
            c.sign_in("carla", world.passwords["carla"], headers={"X-Forwarded-For": value})
            rows = c.get("/v1/sessions").json()["items"]
            return next(s["address"] for s in rows if s["current"])
        self.assertEqual(address("203.0.113.9"), "127.0.0.1")
        world.people.clear()
        world.restart("http.trusted_proxies=127.0.0.1, 10.0.0.2")
        self.assertEqual(address("203.0.113.9"), "203.0.113.9")
        self.assertEqual(address("198.51.100.7, 203.0.113.9, 10.0.0.2"), "203.0.113.9")
        self.assertEqual(address("not an address"), "127.0.0.1")
        self.assertEqual(address("203.0.113.9, x"), "127.0.0.1")


class Audit(unittest.TestCase):
    def test_zz_changes_are_found_out(self):
        world.person("boss").put("/v1/settings/peers.minimum", {"value": 10})
        self.assertTrue(world.person("eye").get("/v1/audit/check").json()["whole"])
        said = world.command("audit", "verify").stdout
        self.assertIn("demo: whole", said)
        head = said.split("head ")[1][:64]
        world.command("audit", "verify", "--tenant", "demo", "--head", head)
        r = world.command("audit", "verify", "--tenant", "demo", "--head", "0" * 64, ok=False)
        self.assertEqual(r.returncode, 3)
        with sqlite3.connect(os.path.join(world.folder, "test.db")) as db:
            number, actor = db.execute("SELECT id, actor FROM audit WHERE tenant = 1"
                                       " ORDER BY id LIMIT 1 OFFSET 5").fetchone()
        world.sql("UPDATE audit SET actor = ? WHERE id = ?", actor + "x", number)
        r = world.command("audit", "verify", ok=False)
        self.assertEqual(r.returncode, 3)
        self.assertIn(f"entry {number} does not fit", r.stdout)
        self.assertEqual(world.person("eye").get("/v1/audit/check").json()["bad_entry"], number)
        world.sql("UPDATE audit SET actor = ? WHERE id = ?", actor, number)
        self.assertEqual(world.command("audit", "verify").returncode, 0)
        actions = {a["action"] for a in world.person("eye").get("/v1/audit?limit=200").json()["items"]}
        self.assertIn("setting.put", actions)


class Retention(unittest.TestCase):
    def test_retention_and_holds(self):
        boss = world.person("boss")
        ask = lambda path, body: boss.call("POST", path, body)
        before = len(boss.get("/v1/holds").json()["items"])
        self.assertEqual(ask("/v1/retention", {"tier": "raw", "days": 29, "reason": "x"}).status, 400)
        self.assertEqual(ask("/v1/retention", {"tier": "daily", "days": 900, "reason": "x"}).status,
                         400)
        self.assertEqual(ask("/v1/retention", {"tier": "raw", "days": 36500, "reason": "law"}).status,
                         204)
        tiers = boss.get("/v1/retention?intervals=400").json()["tiers"]
        self.assertEqual([t["days"] for t in tiers], [36500, 0, 0])
        self.assertEqual(tiers[1]["would_go"]["days"], 400)
        self.assertEqual(boss.get("/v1/retention?raw=x").status, 400)
        span = {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "why": "court"}
        for kind, subject, status in (("meter", ANNAS, 201), ("tenant", "", 201),
                                      ("meter", "0000000000000000-0", 400), ("tenant", "x", 400),
                                      ("usage_point", "nowhere", 400), ("person", "x", 400)):
            r = ask("/v1/holds", {"kind": kind, "subject": subject} | span)
            self.assertEqual(r.status, status, (kind, subject, r.body))
        held = boss.get("/v1/holds").json()["items"]
        self.assertEqual(len(held), before + 2)
        self.assertEqual((held[1]["kind"], held[1]["subject"]), ("meter", ANNAS))
        self.assertEqual((held[1]["who"], held[1]["why"], held[1]["released_at"]),
                         ("boss", "court", None))
        release = f"/v1/holds/{held[1]['id']}/release"
        self.assertEqual(ask(release, {"reason": "over"}).status, 204)
        self.assertEqual(ask(release, {"reason": "over"}).status, 409)
        self.assertEqual(ask("/v1/holds/999/release", {"reason": "x"}).status, 404)
        self.assertEqual(boss.get("/v1/holds").json()["items"][1]["released_by"], "boss")


class Commands(unittest.TestCase):
    def test_wrong_use(self):
        for words in (["fly"], ["account"], ["account", "create", "x"], ["station", "add"],
                      ["account", "create", "x", "--role", "root"],
                      ["account", "create", "x", "--role", "consumer"],
                      ["account", "create", "ops", "--role", "operator"],
                      ["account", "create", "y", "--role", "consumer", "--customer", "nobody"],
                      ["import", "/nonexistent"], ["redecode"]):
            with self.subTest(words=words):
                r = world.command(*words, ok=False)
                self.assertNotEqual(r.returncode, 0)
                self.assertIn("mw-platform:", r.stderr)

    def test_import_beside_the_running_platform(self):
        path = os.path.join(world.folder, "more.jsonl")
        end = datetime(2026, 3, 29, tzinfo=UTC)
        for n in (6, 7):
            with open(path, "w") as f:
                f.write(json.dumps(device(n, "demo", [channel(0, "water", f"up-{n}", "UTC",
                                                              f"cu-{n}")])) + "\n")
            # Heard before anybody knows it: kept in the journal, and no harm done.
            early = world.item(world.frame(n, 0, 0, end, 100, [1] * 24, 61), end)
            self.assertEqual(world.send(world.token, [early]).status, 200)
            time.sleep(0.3)
            world.command("import", path)
            item = world.day(n, 0, end + timedelta(days=1), 0, world.registers)
            self.assertEqual(world.send(world.token, [item]).status, 200)
            wait_for(lambda m=f"{n:016x}-0": world.person("ops").get("/v1/meters/" + m).json()
                     ["last_reading"] is not None, 3)

    def test_manual_names_each_setting(self):
        folder = os.path.dirname(os.path.abspath(DOCUMENT))
        with open(os.path.join(folder, "..", "..", "docs", "operators.md")) as f:
            manual = f.read()
        table = subprocess.run([PROGRAM, "--manual"], capture_output=True, text=True).stdout
        self.assertIn(table.strip(), manual, "docs/operators.md: take the table of --manual")

    def test_disable(self):
        world.account("dora", "--role", "operator")
        world.passwords["dora"] = world.command("account", "password", "dora").stdout.split(": ")[1].strip()
        self.assertEqual(world.person("dora").get("/v1/session").status, 200)
        world.command("account", "disable", "dora")
        self.assertEqual(world.person("dora").get("/v1/session").status, 401)
        self.assertEqual(Client(world).sign_in("dora", world.passwords["dora"]).status, 401)

    def test_redecode_gives_the_same(self):
        digests, files = [], []
        for _ in range(2):
            self.assertEqual(world.stop(), 0)
            digests.append(world.command("redecode").stdout)
            self.assertIn("usable", world.command("check").stdout)
            world.start()
            files.append(world.person("ops").get("/v1/export/intervals.csv").body)
        self.assertEqual(digests[0], digests[1])
        self.assertEqual(files[0], files[1])
        self.assertGreater(len(files[0]), 30000)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
