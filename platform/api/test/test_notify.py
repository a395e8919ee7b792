# SPDX-License-Identifier: Apache-2.0
"""Messages about alarms as their receivers get them: a little mail server and a little web server in this process.

Usage: test_notify.py MW_PLATFORM SEAL OPENAPI
"""
import email
import email.header
import json
import pathlib
import sys
import unittest
from datetime import datetime

from api_world import UTC, Town, wait_for
from sinks import Hook, Mail, hook_server, mail_server, signature

PROGRAM, SEAL = sys.argv[1:3]
world = None


def messages(language):
    with open(pathlib.Path(__file__).parents[3] / f"web/src/messages/{language}/alarms.json", encoding="utf-8") as f:
        return json.load(f)


def setUpModule():
    global world
    world = Town(PROGRAM, SEAL)
    world.hook = hook_server()
    world.mail = mail_server()
    world.restart("notify.allowed_hosts=127.0.0.1", f"notify.smtp_url=smtp://127.0.0.1:{world.mail}",
                  "notify.retry=1s", "notify.public_url=https://meters.example")


def tearDownModule():
    world.end()


class Notify(unittest.TestCase):
    def setUp(self):
        self.ops = world.person("ops")

    def write(self, name, **more):
        body = {"kind": "webhook", "name": name, "target": f"http://127.0.0.1:{world.hook}/in"} | more
        return self.ops.call("PUT", "/v1/recipients/" + name, body)

    def deliveries(self, state=""):
        return self.ops.get("/v1/deliveries?limit=200&state=" + state).json()["items"]

    def test_a_what_is_refused(self):
        for more in ({"target": "http://10.0.0.1/"}, {"target": "https://u:p@example.org/"}, {"target": "gopher://x/"},
                     {"kind": "pigeon"}, {"kind": "email", "target": "a@b"}, {"time_zone": "Moon/Sea"}, {"language": "tlh"},
                     {"quiet_from": 1440}, {"severity": "terrible"}, {"more": 1}):
            with self.subTest(**more):
                self.assertEqual(self.write("bad", **more).status, 400)
        self.assertEqual(self.ops.call("PUT", "/v1/recipients/Bad%20Id", {}).status, 400)
        self.assertEqual(self.ops.call("DELETE", "/v1/recipients/nobody").status, 404)
        self.assertEqual(self.ops.call("POST", "/v1/recipients/nobody/test", {}).status, 404)
        # An address inside passes by its form, and is refused when the connection would be made.
        self.assertEqual(self.write("inside", target="https://localhost/").status, 200)
        self.ops.call("POST", "/v1/recipients/inside/test", {})
        wait_for(lambda: any("public internet" in (d["error"] or "") for d in self.deliveries()))
        self.assertEqual(self.ops.call("DELETE", "/v1/recipients/inside").status, 200)
        wait_for(lambda: any(d["state"] == "dropped" for d in self.deliveries()))

    def test_b_webhooks_are_signed_and_tried_again(self):
        self.assertEqual(self.write("hook").status, 200)
        secret = self.ops.call("POST", "/v1/recipients/hook/secret", {}).json()["secret"]
        self.assertNotIn(secret, self.ops.get("/v1/recipients").body.decode())
        Hook.fail = 2
        self.assertEqual(self.ops.call("POST", "/v1/recipients/hook/test", {}).status, 200)
        wait_for(lambda: any(d["recipient"] == "hook" and d["state"] == "sent" for d in self.deliveries()))
        self.assertEqual(len(Hook.got), 3)
        for headers, body in Hook.got:
            self.assertEqual(headers["Meterworks-Signature"], signature(secret, headers, body))
        self.assertTrue(json.loads(Hook.got[-1][1])["test"])
        done = [d for d in self.deliveries("sent") if d["recipient"] == "hook"][0]
        self.assertEqual(done["attempts"], 3)
        self.assertEqual(self.ops.call("POST", f"/v1/deliveries/{done['id']}/resend", {}).status, 400)

    def test_c_an_alarm_reaches_both(self):
        self.assertEqual(self.write("mail", kind="email", target="ops@example.org", severity="info").status, 200)
        self.assertEqual(self.write("post", kind="email", target="bg@example.org", severity="info", language="bg",
                                    time_zone="Europe/Sofia").status, 200)
        Hook.got.clear()
        first = world.item("00" * 61, datetime(2026, 3, 29, tzinfo=UTC))
        for item in (first, dict(first, payload="11" * 61)):
            world.send(world.token, [item])
        letter = lambda to: [m for m in Mail.got if f"To: <{to}@example.org>\r\n" in m and "/#/alarms/" in m]
        wait_for(lambda: letter("ops") and letter("bg"))
        mail = letter("ops")[0]
        self.assertIn("Subject: Meterworks: Major: Forged or repeated frames\r\n", mail)
        # In the language of who gets it, by the clock there.
        bulgarian = email.message_from_string(letter("bg")[0])
        self.assertEqual(str(email.header.make_header(email.header.decode_header(bulgarian["Subject"]))),
                         "Meterworks: Голяма: " + messages("bg")["rule.security"])
        self.assertIn("(Europe/Sofia)", letter("bg")[0])
        self.assertTrue(all(len(line) <= 78 for line in letter("bg")[0].split("\r\n\r\n")[0].split("\r\n")))
        self.assertIn("https://meters.example/#/alarms/", mail)
        wait_for(lambda: Hook.got)
        told = json.loads(Hook.got[-1][1])["alarms"][0]
        self.assertEqual((told["rule"], told["severity"], told["what"]), ("security", "major", "opened"))
        history = [h["what"] for h in self.ops.get(f"/v1/alarms/{told['alarm']}").json()["history"]]
        self.assertIn("told", history)
        self.assertEqual(world.person("foreign").get("/v1/deliveries").json()["items"], [])
        self.assertEqual(world.person("foreign").get("/v1/recipients").json()["items"], [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
