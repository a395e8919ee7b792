# SPDX-License-Identifier: Apache-2.0
"""Asking for commands, and the stream by which stations get them, through a real process.

Usage: test_commands.py MW_PLATFORM SEAL OPENAPI
"""
import socket
import sys
import unittest

from api_world import BRUNOS, OTHERS, SCHEDULE, Town

PROGRAM, SEAL = sys.argv[1:3]

world = None


def setUpModule():
    global world
    world = Town(PROGRAM, SEAL)


def tearDownModule():
    world.end()


class CommandRequests(unittest.TestCase):
    def ask(self, kind, body, key=None, client=None, csrf=True):
        headers = {} if key is None else {"Idempotency-Key": key}
        return (client or world.person("ops")).call(
            "POST", f"/v1/meters/{BRUNOS}/commands/{kind}", body, headers, csrf)

    def test_bad_bodies(self):
        day = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z"}
        for kind, body in [("ping", {"more": 1}), ("ping", []), ("ping", {"priority": 8}),
                           ("ping", {"ttl_seconds": 59}), ("ping", {"ttl_seconds": 7776001}),
                           ("ping", {"priority": "1"}), ("read-archive", {}),
                           ("read-archive", day | {"to": day["from"]}),
                           ("read-archive", day | {"to": "2027-03-02T00:00:00Z"}),
                           ("read-archive", day | {"from": "yesterday"}),
                           ("read-configuration", {}), ("read-configuration", {"key": "x"}),
                           ("set-configuration", {"values": {}}),
                           ("set-configuration", {"values": {"x": 1}}),
                           ("set-configuration", {"values": {"copies": 4}}),
                           ("set-configuration", {"values": {"copies": "1"}}),
                           ("set-configuration", {"values": []}),
                           ("relay", {}), ("relay", {"closed": 1}), ("set-time", {"step": 1})]:
            with self.subTest(kind=kind, body=body):
                r = self.ask(kind, body)
                self.assertEqual((r.status, r.code), (400, "INVALID"), r.body)
        self.assertIn(self.ask("fly", {}).status, (404, 405))

    def test_tariff_schedule(self):
        """The schedule of docs/spec/smp.md; then only what changes; what is impossible is refused."""
        ops = world.person("ops")
        asked = SCHEDULE | {"activate_at": "2026-12-31T23:00:00Z"}
        made = self.ask("tariff-schedule", asked)
        self.assertEqual(made.status, 201, made.body)
        command = made.json()
        self.assertEqual(command["arguments"],
                         {"activate_at": "2026-12-31T23:00:00Z", "changes_only": False,
                          "checksum": "920f92bb", "name": "WINTER27", "parts": 2})
        family = [c for c in ops.get(f"/v1/meters/{BRUNOS}/commands?limit=200").json()["items"]
                  if command["id"] in (c["id"], c["parent"])]
        self.assertEqual(len(family), 2)
        self.assertEqual(self.ask("tariff-schedule", asked).status, 409)
        self.assertEqual(ops.call("DELETE", f"/v1/commands/{command['id']}").status, 200)
        self.assertTrue(all(ops.get(f"/v1/commands/{c['id']}").json()["over"] for c in family))
        less = SCHEDULE | {"special_days": [], "holds": SCHEDULE}
        made = self.ask("tariff-schedule", less).json()
        self.assertEqual((made["arguments"]["parts"], made["arguments"]["changes_only"]), (1, True))
        ops.call("DELETE", f"/v1/commands/{made['id']}")
        for change in ({"name": "TOO LONG 9"}, {"name": 7}, {"name": "a\"b"}, {"programs": []},
                       {"programs": [[{"from": "00:30", "tariff": 1}]]},
                       {"programs": [[{"from": "00:00", "tariff": 9}]]},
                       {"programs": [[{"from": "00:00", "tariff": 1}, {"from": "07:10", "tariff": 2}]]},
                       {"programs": [[{"from": "00:00", "tariff": 1}, {"from": "00:00", "tariff": 2}]]},
                       {"programs": [{}]}, {"seasons": []},
                       {"seasons": [{"from": "01-01", "week": [0] * 6}]},
                       {"seasons": [{"from": "01-01", "week": [0] * 6 + [2]}]},
                       {"seasons": [{"from": "2026-01-01", "week": [0] * 7}]},
                       {"seasons": [{"from": "02-30", "week": [0] * 7}]},
                       {"special_days": [{"date": "1999-01-01", "program": 0}]},
                       {"special_days": [{"date": "01-01", "program": 5}]},
                       {"special_days": [{"date": "1-1", "program": 0}]},
                       {"clock": {"offset_minutes": 7}}, {"clock": {}},
                       {"clock": {"offset_minutes": 60, "summer_minutes": 60}},
                       {"activate_at": "soon"}, {"holds": {"name": "x"}}, {"holds": []},
                       {"more": 1}):
            with self.subTest(change=change):
                r = self.ask("tariff-schedule", SCHEDULE | change)
                self.assertEqual((r.status, r.code), (400, "INVALID"), r.body)

    def test_csrf(self):
        self.assertEqual(self.ask("restart", {}, csrf=False).status, 403)

    def test_the_same_key_asks_once(self):
        first = self.ask("relay", {"closed": False}, "key-1")
        again = self.ask("relay", {"closed": False}, "key-1")
        other = self.ask("relay", {"closed": True}, "key-1")
        self.assertEqual((first.status, again.status, other.status), (201, 200, 409))
        self.assertEqual(first.json()["id"], again.json()["id"])
        for bad in ("", "a b", "x" * 64, "x/y"):
            self.assertEqual(self.ask("ping", {}, bad).status, 400, bad)
        # Keys belong to the tenant.
        r = world.person("foreign").call("POST", f"/v1/meters/{OTHERS}/commands/ping", {},
                                         {"Idempotency-Key": "key-1"})
        self.assertEqual(r.status, 201)

    def test_detail_list_and_cancel(self):
        ops = world.person("ops")
        self.ask("ping", {})
        made = self.ask("set-configuration", {"values": {"burst_per_hour": 300}, "priority": 1})
        c = ops.get(f"/v1/commands/{made.json()['id']}").json()
        self.assertEqual(c["arguments"]["values"], {"burst_per_hour": 300})
        self.assertEqual((c["state"], c["over"], c["priority"], c["asked_by"]),
                         ("queued", False, 1, "ops"))
        self.assertIn("asked by ops", c["history"][0]["reason"])
        page = ops.get("/v1/meters/" + BRUNOS + "/commands?limit=1").json()
        self.assertEqual(len(page["items"]), 1)
        following = ops.get("/v1/commands?limit=200&after=" + page["next"]).json()
        self.assertTrue(all(x["id"] < int(page["next"]) for x in following["items"]))
        r = ops.call("DELETE", f"/v1/commands/{c['id']}")
        self.assertEqual((r.status, r.json()["state"], r.json()["over"]), (200, "cancelled", True))
        self.assertEqual(ops.call("DELETE", f"/v1/commands/{c['id']}").status, 409)
        for bad in ("0", "x", "9" * 19, "99999999", "-1", "1e3"):
            self.assertEqual(ops.get("/v1/commands/" + bad).status, 404, bad)

    def test_zz_too_many(self):
        answers = [self.ask("ping", {}).status for _ in range(40)]
        self.assertEqual(answers[-1], 429)
        for c in world.person("ops").get("/v1/commands?limit=200").json()["items"]:
            if not c["over"]:
                world.person("ops").call("DELETE", f"/v1/commands/{c['id']}")

    def test_downlink_stream(self):
        """A station is told hello and synced; a second stream ends the first; no token, no stream."""
        def connect(token):
            s = socket.create_connection(("127.0.0.1", world.port), timeout=10)
            s.sendall(f"GET /v1/downlinks HTTP/1.1\r\nHost: x\r\n"
                      f"Authorization: Bearer {token}\r\n\r\n".encode())
            return s

        def until(s, text):
            out = b""
            while text not in out.decode(errors="replace"):
                piece = s.recv(65536)
                if not piece:
                    break
                out += piece
            return out.decode()

        first = connect(world.token)
        told = until(first, "event: synced")
        self.assertIn('event: hello\ndata: {"station":"st-1"', told)
        self.assertIn("text/event-stream", told)
        second = connect(world.token)
        self.assertIn("event: synced", until(second, "event: synced"))
        until(first, "0\r\n\r\n")  # ends
        first.close()
        second.close()
        self.assertIn(" 401 ", until(connect("x"), "error"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
