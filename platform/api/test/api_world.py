# SPDX-License-Identifier: Apache-2.0
"""A running platform for tests: two tenants, a few meters, real sealed frames, HTTP by hand."""
import atexit
import http.client
import json
import os
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import time
from datetime import datetime, timedelta, timezone

MASTER = "000102030405060708090a0b0c0d0e0f"
EPOCH = "00000000000000a1"
UTC = timezone.utc


def rfc(t):
    return t.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def value_at(device, hour):
    """The value of the hour that starts at `hour`: any fixed function, so that sums can be checked."""
    n = int(hour.timestamp()) // 1800
    return (n * 7 + device * 13 + n // 5) % 40


def channel(number, medium, up, zone, customer, address="Via Roma 1, flat 2"):
    electric = medium == "electricity"
    return {
        "number": number,
        "medium": medium,
        "obis": "1-0:1.8.0*255" if electric else "8-0:1.0.0*255",
        "unit": "Wh" if electric else "L",
        "scale": 0,
        "register_digits": 9,
        "label": "Flat" if electric else "=Cold water",
        "usage_point": {
            "id": up,
            "address": address,
            "time_zone": zone,
            "customer": {"id": customer, "name": "Name of " + customer, "login": customer},
        },
    }


def device(n, tenant, channels):
    return {
        "tenant": tenant,
        "device_id": f"{n:016x}",
        "serial": f"MW-T-{n:06d}",
        "model": "water-r160" if len(channels) == 1 else "pulse-2",
        "network_address": 4096 + n,
        "master_key": MASTER,
        "channels": channels,
    }


POPULATION = [
    device(1, "demo", [channel(0, "water", "up-1", "Europe/Rome", "cu-1")]),
    device(2, "demo", [channel(0, "electricity", "up-2", "Europe/Rome", "cu-2"),
                       channel(1, "water", "up-2w", "Europe/Rome", "cu-2")]),
    device(3, "demo", [channel(0, "water", "up-3", "Asia/Kolkata", "cu-3")]),
    device(4, "demo", [channel(0, "water", "up-4", "Australia/Adelaide", "cu-3", "Rundle Street 7")]),
    device(5, "other", [channel(0, "water", "up-1", "Europe/Rome", "cu-1")]),
]

# A tariff schedule as the API has it: the vector of docs/spec/smp.md.
SCHEDULE = {
    "name": "WINTER27",
    "clock": {"offset_minutes": 60, "summer_minutes": 60,
              "summer_begins": {"month": 3, "week": 5, "weekday": 7, "utc_hour": 1},
              "summer_ends": {"month": 10, "week": 5, "weekday": 7, "utc_hour": 1}},
    "programs": [[{"from": "00:00", "tariff": 1}, {"from": "07:00", "tariff": 2},
                  {"from": "22:00", "tariff": 1}], [{"from": "00:00", "tariff": 1}]],
    "seasons": [{"from": "01-01", "week": [0, 0, 0, 0, 0, 1, 1]}],
    "special_days": [{"date": "01-01", "program": 1}, {"date": "12-25", "program": 1},
                     {"date": "2027-03-29", "program": 1}]}


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json()["error"]["code"]


class Client:
    """One person's browser: a cookie and a CSRF token."""
    patience = 20  # seconds

    def __init__(self, world):
        self.world, self.cookie, self.csrf, self.login = world, None, None, None

    def call(self, method, path, body=None, headers=None, csrf=True):
        h = dict(headers or {})
        if self.cookie:
            h["Cookie"] = self.cookie
        if csrf and self.csrf and method != "GET":
            h["X-CSRF-Token"] = self.csrf
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            h.setdefault("Content-Type", "application/json")
        c = http.client.HTTPConnection("127.0.0.1", self.world.port, timeout=self.patience)
        c.request(method, path, body=body, headers=h)
        r = c.getresponse()
        reply = Reply(r.status, r.headers, r.read())
        c.close()
        return reply

    def put(self, path, body):
        return self.call("PUT", path, body)

    def post(self, path, body):
        return self.call("POST", path, body)

    def delete(self, path):
        return self.call("DELETE", path)

    def get(self, path, **headers):
        return self.call("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def sign_in(self, login, password, code=None, headers=None):
        body = {"login": login, "password": password} | ({"code": code} if code else {})
        r = self.call("POST", "/v1/session", body, headers)
        if r.status == 200:
            self.cookie = r.headers["Set-Cookie"].split(";")[0]
            self.csrf = r.json()["csrf"]
            self.login = login
        return r


class Events:
    """A stream of server-sent events."""

    def __init__(self, client, last_id=None):
        self.sock = socket.create_connection(("127.0.0.1", client.world.port), timeout=20)
        lines = ["GET /v1/stream HTTP/1.1", "Host: localhost", "Accept: text/event-stream"]
        if client.cookie:
            lines.append("Cookie: " + client.cookie)
        if last_id is not None:
            lines.append(f"Last-Event-ID: {last_id}")
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.buffer = b""
        self.ended = False

    def body(self):
        """What came behind the head, without the frames of the chunked coding."""
        out, rest = b"", self.buffer.partition(b"\r\n\r\n")[2]
        while b"\r\n" in rest:
            size, _, rest = rest.partition(b"\r\n")
            if int(size, 16) == 0:
                self.ended = True
                break
            out, rest = out + rest[:int(size, 16)], rest[int(size, 16) + 2:]
        return out.decode(errors="replace")

    def text(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.ended:
            self.sock.settimeout(max(0.05, end - time.monotonic()))
            try:
                piece = self.sock.recv(65536)
            except (TimeoutError, socket.timeout):
                break
            self.ended = piece == b""
            self.buffer += piece
            self.body()
        return self.buffer.decode(errors="replace")

    def wait(self, predicate, seconds=8):
        """Events so far, as soon as one satisfies the predicate (or the time is over)."""
        end = time.monotonic() + seconds
        while True:
            found = self.events()
            if any(predicate(e) for e in found) or time.monotonic() > end or self.ended:
                return found
            self.text(0.2)

    def events(self):
        out = []
        event = {}
        for line in self.body().split("\n"):
            if line == "":
                if "data" in event:
                    out.append(event)
                event = {}
            elif ": " in line and line.split(": ")[0] in ("id", "event", "data"):
                key, text = line.split(": ", 1)
                event[key] = text
        return out

    def close(self):
        self.sock.close()


def store_url():
    """On PostgreSQL when a test was started so: in a schema of its own."""
    server = os.environ.get("MW_TEST_POSTGRES")
    if server is None:
        return ""
    schema = f"world{os.getpid()}"
    subprocess.run(["psql", "-qX", "-c", f"CREATE SCHEMA {schema}", server], check=True)
    return f"url = {server}&options=-csearch_path%3D{schema}\n"


class World:
    def __init__(self, program, seal, folder):
        self.program, self.seal_tool, self.folder = program, seal, folder
        self.counters = {}
        self.seq = 0
        self.process = None
        self.port = None
        self.key_epoch = 0
        self.web = os.path.join(folder, "web")
        os.makedirs(self.web)
        with open(os.path.join(self.web, "index.html"), "w") as f:
            f.write("<!doctype html><title>t</title>")
        with open(os.path.join(self.web, "app.js"), "w") as f:
            f.write("export {};\n")
        with open(os.path.join(folder, "secret.txt"), "w") as f:
            f.write("not for the web")
        self.config = os.path.join(folder, "platform.ini")
        with open(self.config, "w") as f:
            f.write(f"clock = town:{folder}/clock\n"
                    f"[store]\npath = {folder}/test.db\ncache = 2MiB\n{store_url()}"
                    f"[registry]\nkey_file = {folder}/master.key\n"
                    "[http]\nlisten = 127.0.0.1:0\n"
                    f"[web]\nroot = {self.web}\n"
                    "[password]\npasses = 1\nmemory = 8KiB\n"
                    "[stream]\noverview_every = 500ms\n")
        self.now = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
        self.set_clock(self.now)

    def set_clock(self, t):
        us = int(t.timestamp() * 1_000_000)
        data = b"MWCK" + struct.pack("<IqI", 1, us, 60000) + bytes(44)
        path = os.path.join(self.folder, "clock")
        # In place: the platform has the file mapped, and a moment without its bytes would kill it.
        with open(path, "r+b" if os.path.exists(path) else "wb") as f:
            f.write(data)

    def command(self, *words, ok=True):
        r = subprocess.run([self.program, "--config", self.config, *words], capture_output=True,
                           text=True, timeout=60)
        if ok and r.returncode != 0:
            raise AssertionError(f"{words}: {r.returncode} {r.stdout} {r.stderr}")
        return r

    def account(self, login, *words):
        return self.command("account", "create", login, *words).stdout.strip().split(": ")[1]

    def start(self, *overrides):
        self.log = open(os.path.join(self.folder, "log.txt"), "ab")
        begun = time.monotonic()
        self.process = subprocess.Popen([self.program, "--config", self.config, *overrides],
                                        stderr=subprocess.PIPE)
        os.set_blocking(self.process.stderr.fileno(), True)
        for line in self.process.stderr:
            self.log.write(line)
            if b"msg=serving" in line:
                self.port = int(line.split(b"url=")[1].split()[0].strip(b'"').rsplit(b":", 1)[1])
                break
        else:
            raise AssertionError("the platform did not start")
        self.start_seconds = time.monotonic() - begun
        # What it says later must not fill the pipe.
        self.drain = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=self.log)

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(timeout=20)
        self.process.stderr.close()
        self.drain.wait(timeout=20)
        self.log.close()
        self.process = None
        return code

    def frame(self, n, ch, grid, end, register, values, size=29, more=()):
        self.counters[n] = self.counters.get(n, 0) + 1
        r = subprocess.run([self.seal_tool, MASTER, f"{n:016x}", str(4096 + n),
                            str(self.key_epoch), str(self.counters[n]), str(ch), str(grid),
                            rfc(end), str(register), str(size), ",".join(map(str, values)), *more],
                           capture_output=True, text=True, timeout=20)
        if r.returncode != 0:
            raise AssertionError(r.stderr)
        return r.stdout.strip()

    def item(self, payload, received, size="L"):
        self.seq += 1
        return {"seq": self.seq, "kind": "unb", "received_at": rfc(received),
                "frequency_mhz": 868100123456, "level_cdbm": -12345, "snr_cdb": 850, "rate": "R1",
                "size": size, "payload": payload}

    def day(self, n, ch, end, grid=0, registers=None, more=()):
        """One day's report; remembers the register in `registers`."""
        hours = [end - timedelta(hours=24 - i) for i in range(24)]
        values = [value_at(n + ch, h) for h in hours]
        registers[(n, ch)] = registers.get((n, ch), 1000) + sum(values)
        return self.item(self.frame(n, ch, grid, end, registers[(n, ch)], values, 61, more),
                         end + timedelta(minutes=5))

    def send(self, token, items, sender="st-1"):
        c = Client(self)
        return c.call("POST", "/v1/uplinks", {"sender": sender, "epoch": EPOCH, "items": items},
                      {"Authorization": "Bearer " + token})


ANNAS, BRUNOS = "0000000000000001-0", "0000000000000002-0"
OTHERS = "0000000000000005-0"
DAYS = "step=day&from=2026-03-28&to=2026-03-30"


class Town(World):
    """The world with everything in it that the tests ask for."""

    def __init__(self, program, seal):
        self.kept = tempfile.TemporaryDirectory(prefix="mw-api-")
        super().__init__(program, seal, self.kept.name)
        self.passwords, self.registers, self.people = {}, {}, {}
        atexit.register(self.kill)  # also when a test script dies half-way
        self.populate()
        self.start()
        self.feed()

    def populate(self):
        population = os.path.join(self.folder, "population.jsonl")
        with open(population, "w") as f:
            f.writelines(json.dumps(d) + "\n" for d in POPULATION)
        for _ in range(2):  # the second time changes nothing
            r = self.command("import", population, "--at", "2025-01-01T00:00:00Z")
            assert "5 devices" in r.stdout, r.stdout
        self.passwords["ops"] = self.account("ops", "--role", "operator")
        for login, role in (("boss", "administrator"), ("fitter", "engineer"), ("eye", "auditor")):
            self.passwords[login] = self.account(login, "--role", role)
        for login, customer in (("anna", "cu-1"), ("bruno", "cu-2"), ("carla", "cu-3")):
            self.passwords[login] = self.account(login, "--role", "consumer", "--customer",
                                                 customer)
        self.passwords["foreign"] = self.account("foreign", "--role", "operator", "--tenant",
                                                 "other")
        path = os.path.join(self.folder, "token")
        self.command("station", "add", "st-1", "--token-file", path)
        assert os.stat(path).st_mode & 0o777 == 0o600
        with open(path) as f:
            self.token = f.read().strip()

    def feed(self):
        items = []
        for n, ch, grid, first, days in [(1, 0, 0, datetime(2025, 10, 25), 4),
                                         (1, 0, 0, datetime(2026, 3, 27), 5),
                                         (2, 0, 0, datetime(2026, 3, 27), 4),
                                         (2, 1, 0, datetime(2026, 3, 27), 4),
                                         (3, 0, 2, datetime(2026, 3, 27, 18, 30), 3),
                                         (4, 0, 2, datetime(2025, 10, 3, 14, 30), 4)]:
            for d in range(days):
                end = first.replace(tzinfo=UTC) + timedelta(days=d)
                items.append(self.day(n, ch, end, grid, self.registers))
        r = self.send(self.token, items)
        assert r.status == 200, (r.status, r.body)
        assert all(x["status"] == "stored" for x in r.json()["results"]), r.body
        last = "/v1/meters/0000000000000004-0/readings"
        wait_for(lambda: len(self.person("ops").get(last).json()["items"]) >= 4)

    def person(self, login):
        if login not in self.people:
            c = Client(self)
            r = c.sign_in(login, self.passwords[login])
            assert r.status == 200, (login, r.status, r.body)
            self.people[login] = c
        return self.people[login]

    def sql(self, text, *values):
        """Straight into the database, for what only files and registers of a utility bring."""
        with sqlite3.connect(os.path.join(self.folder, "test.db"), timeout=20) as db:
            db.execute(text, values)

    def areas(self):
        """Two areas below one; Anna's usage point hangs in the first, Bruno's in the second."""
        if getattr(self, "has_areas", False):
            return
        self.has_areas = True
        for area in ("region", "north", "south"):
            self.sql("INSERT INTO areas(tenant, id, kind, name) VALUES(1, ?, 'region', ?)", area,
                     area.title())
        for kind, member, area in ((1, "north", "region"), (1, "south", "region"),
                                   (3, "up-1", "north"), (3, "up-2", "south"),
                                   (3, "up-2w", "south")):
            self.sql("INSERT INTO memberships(tenant, kind, member, area, area_kind, from_us)"
                     " VALUES(1, ?, ?, ?, 'region', 0)", kind, member, area)

    def invite(self, login, role, **more):
        """A new user with a password of the own choice."""
        made = self.person("boss").post("/v1/users", {"login": login, "name": login.title(),
                                                      "role": role} | more)
        assert made.status == 201, made.body
        self.passwords[login] = "a password of " + login
        taken = Client(self).post("/v1/invitations/accept",
                                  {"code": made.json()["code"], "password": self.passwords[login]})
        assert taken.status == 204, taken.body
        return self.person(login)

    def limited(self):
        """An operator of the area north."""
        self.areas()
        return self.people.get("north") or self.invite("north", "operator", area="north")

    def token_of(self, login, scope):
        r = self.person(login).post("/v1/tokens", {"name": "t", "scope": scope, "days": 30})
        assert r.status == 201, r.body
        return r.json()["token"]

    def restart(self, *overrides):
        code = self.stop()
        assert code == 0, code
        self.start(*overrides)

    def end(self):
        code = self.stop()
        self.kept.cleanup()
        assert code == 0, code


def wait_for(check, seconds=15):
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)
