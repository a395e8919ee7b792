# SPDX-License-Identifier: Apache-2.0
"""One Meterworks in one folder: town, station and platform with their settings, keys, accounts and
data. A second start finds everything and continues."""
import os
import pathlib
import socket
import subprocess

from .client import Client
from .processes import Process, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
CUSTOMERS = ("anna", "boris", "clara")  # homes 0, 1, 2 of the town: water and electricity each
# The samples of each frequency plan, and what the station takes and gives there.
PLANS = {"demo": {"rate": "250kHz", "centre": "868.1MHz", "full_scale": "-50dBm"},
         "eu434": {"rate": "1MHz", "centre": "433.545MHz", "full_scale": "-50dBm"}}
STATION = {"demo": {}, "eu434": {"radio.half_width": "495kHz", "transmit.erp": "10dBm"}}


class Trouble(Exception):
    """Something a person can act on; its text says what."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def port_is_free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False


def run_command(*argv):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True)
    if done.returncode != 0:
        raise Trouble(f"{' '.join(map(str, argv))}\nfailed: {done.stderr.strip()}")
    return done.stdout


class System:
    def __init__(self, folder, port, town=None, environment=None, plan="demo", platform=None):
        """town: settings of mw-town beside the standard ones, such as {"town.run_for": "2d"}.
        environment: extra environment by program name. plan: a frequency plan, one of PLANS.
        platform: settings of mw-platform beside the standard ones."""
        self.folder = pathlib.Path(folder).resolve()
        self.port, self.station_port, self.push_port = port, free_port(), free_port()
        self.town_settings = town or {}
        self.platform_settings = platform or {}
        self.plan = plan
        environment = environment or {}
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("town", "station", "platform", "logs"):
            (self.folder / name).mkdir(exist_ok=True, mode=0o700)
        self.clock = self.folder / "town/clock"
        self.samples = self.folder / "town/samples.sock"
        if len(str(self.samples)) > 100:
            raise Trouble(f"the path {self.samples} is too long for a socket; choose a shorter --data")
        self.write_settings()
        def process(name):
            return Process(name, [self.program(name), "--config", self.settings(name)],
                           self.folder / f"logs/{name}.log",
                           {**os.environ, **environment.get(name, {})})
        self.platform, self.station, self.town = map(process, ("platform", "station", "town"))
        self.client = Client(f"http://127.0.0.1:{port}")

    @staticmethod
    def program(name):
        path = BUILD / name / f"mw-{name}"
        if not path.exists():
            raise Trouble(f"{path} is missing; run tools/build")
        return path

    def settings(self, name):
        return self.folder / f"{name}.ini"

    def write_settings(self):
        f = self.folder
        common = {"clock": f"town:{self.clock}"}
        self.write("platform", common | {
            "store.path": f / "platform/meterworks.db",
            "registry.key_file": f / "platform/master.key",
            "http.listen": f"127.0.0.1:{self.port}",
            "web.root": ROOT / "web/dist",
            "commands.plan": self.plan,
            "commands.copies": 1,
            "push.listen": f"127.0.0.1:{self.push_port}",
        } | self.platform_settings)
        self.write("station", common | {
            "station.id": "st-1",
            "samples.source": f"unix:{self.samples}",
            "spool.folder": f / "station/spool",
            "platform.url": f"http://127.0.0.1:{self.port}",
            "platform.token_file": f / "station/token",
            "platform.retry_max": "2s",
            "http.listen": f"127.0.0.1:{self.station_port}",
            "radio.centre": PLANS[self.plan]["centre"],
            "radio.full_scale": PLANS[self.plan]["full_scale"],
            "transmit.enabled": "yes",
            "transmit.plan": self.plan,
        } | STATION[self.plan])
        self.write("town", {
            "state.folder": f / "town",
            "data.folder": ROOT / "tests/data/consumption",
            "clock.path": self.clock,
            "samples.path": self.samples,
            "town.push": f"127.0.0.1:{self.push_port}",
            "radio.plan": self.plan,
        } | {f"radio.{key}": value for key, value in PLANS[self.plan].items()} | self.town_settings)

    def write(self, name, settings):
        sections = {}
        for key, value in settings.items():
            section, _, short = key.rpartition(".")
            sections.setdefault(section, []).append(f"{short} = {value}\n")
        text = "".join(sections.pop("", []))
        text += "".join(f"\n[{s}]\n" + "".join(lines) for s, lines in sections.items())
        self.settings(name).write_text(text)

    # ---- once ----

    def provision(self):
        """Devices, keys, accounts and the station's token: done once, then found again."""
        done = self.folder / "provisioned"
        if done.exists():
            return
        devices = self.folder / "town/devices.jsonl"
        run_command(self.program("town"), "--config", self.settings("town"), "population", devices)
        platform = (self.program("platform"), "--config", self.settings("platform"))
        # Installed when the town begins, not when this command runs.
        start = (self.folder / "town/start").read_text().strip()
        run_command(*platform, "import", devices, "--at", start)
        token = self.folder / "station/token"
        token.unlink(missing_ok=True)
        run_command(*platform, "station", "add", "st-1", "--token-file", token)
        accounts = []
        staff = [("operator", ["--role", "operator", "--name", "Operator"]),
                 ("admin", ["--role", "administrator", "--name", "Administrator"])]
        for login, options in staff + [
                (login, ["--role", "consumer", "--customer", f"cu-{home:04d}"])
                for home, login in enumerate(CUSTOMERS)]:
            secret = self.folder / "platform/new-password"
            secret.unlink(missing_ok=True)
            run_command(*platform, "account", "create", login, *options, "--password-file", secret)
            accounts.append(f"{login} {secret.read_text().strip()}\n")
            secret.unlink()
        accounts_file = self.folder / "accounts"
        accounts_file.touch(mode=0o600)
        accounts_file.write_text("".join(accounts))
        done.touch()

    def accounts(self):
        return dict(line.split() for line in (self.folder / "accounts").read_text().splitlines())

    # ---- running ----

    def start(self):
        self.town.start()
        if not wait_until(self.clock.exists, 20):
            raise Trouble("the town did not start:\n" + self.town.last_words())
        self.provision()
        self.platform.start()
        self.wait_for_platform()
        self.station.start()

    def wait_for_platform(self):
        ready = wait_until(lambda: self.client.alive() or not self.platform.running(), 30)
        if not ready or not self.platform.running():
            raise Trouble("the platform did not start:\n" + self.platform.last_words())

    def stop(self):
        """In the order of the flow, so that what is under way arrives."""
        for process in (self.town, self.station, self.platform):
            process.stop()

    def sign_in(self):
        self.client.sign_in("operator", self.accounts()["operator"])

    def settled(self):
        """Whether everything that the station spooled has been delivered, decoded and validated."""
        station = metrics(Client(f"http://127.0.0.1:{self.station_port}"))
        platform = metrics(self.client)
        return (station.get("mw_station_spool_items") == 0 and
                all(platform.get(f"mw_platform_{what}") == 0
                    for what in ("journal_waiting", "hot_rows", "changes_waiting")))


def metrics(client):
    """Unlabelled Prometheus samples by name."""
    found = {}
    for line in client.request("/metrics").decode().splitlines():
        words = line.split()
        if len(words) == 2 and not line.startswith("#") and "{" not in words[0]:
            found[words[0]] = float(words[1])
    return found
