# SPDX-License-Identifier: Apache-2.0
"""The scripts of deploy/postgresql: a primary with TLS, a role with little rights, a synchronous
standby; the primary is killed, the standby takes over, and what was acknowledged is there.

Usage: test_deploy.py MW_PLATFORM
"""
import glob
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

PLATFORM = os.path.abspath(sys.argv[1])
DEPLOY = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../deploy/postgresql"))
BINS = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Servers:
    def __init__(self, root):
        self.root, self.running = root, {}
        # A database server refuses to run as root.
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self.user:
            os.chown(root, self.user.pw_uid, self.user.pw_gid)
        shutil.copytree(DEPLOY, f"{root}/deploy")
        os.chmod(root, 0o755)

    def run(self, *words, port, **more):
        env = dict(os.environ, SOCKET_DIR=self.root, PGHOST=self.root, PGPORT=str(port),
                   LOCAL_AUTH="trust", PGOPTIONS="-c client_min_messages=warning")
        as_user = dict(user=self.user.pw_uid, group=self.user.pw_gid, extra_groups=[]) \
            if self.user else {}
        return subprocess.run(words, env=env, cwd=self.root, check=True, text=True,
                              stdout=subprocess.PIPE, timeout=120, **as_user, **more).stdout

    def start(self, name, port):
        """Until it answers."""
        as_user = dict(user=self.user.pw_uid, group=self.user.pw_gid, extra_groups=[]) \
            if self.user else {}
        log = open(f"{self.root}/{name}.log", "ab")
        self.running[name] = subprocess.Popen(
            [f"{BINS[-1]}/postgres", "-D", f"{self.root}/{name}", "-p", str(port),
             "-c", "listen_addresses=127.0.0.1", "-c", "shared_buffers=32MB"], stdout=log,
            stderr=log, cwd=self.root, **as_user)
        for _ in range(300):
            if subprocess.run(["pg_isready", "-q", "-h", self.root, "-p", str(port)]).returncode == 0:
                return
            time.sleep(0.1)
        raise AssertionError(open(f"{self.root}/{name}.log").read())

    def stop(self):
        for process in self.running.values():
            if process.poll() is None:
                process.kill()
                process.wait()


def main():
    if not BINS or int(BINS[-1].split("/")[4]) < 15:
        print("no PostgreSQL 15 or newer is installed here (package postgresql)", file=sys.stderr)
        return 77
    root = tempfile.mkdtemp(prefix="mw-deploy-")
    servers = Servers(root)
    try:
        check(servers, root)
    finally:
        servers.stop()
        shutil.rmtree(root)
    return 0


def check(servers, root):
    first, second = free_port(), free_port()
    servers.run(f"{root}/deploy/create-cluster", f"{root}/one", "localhost", port=first)
    servers.start("one", first)
    for _ in range(2):  # the second time changes nothing
        servers.run(f"{root}/deploy/create-database", f"{root}/secret", port=first)
    rights = servers.run("psql", "-XAtd", "meterworks", "-c",
                         "SELECT rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR"
                         " has_schema_privilege('meterworks', 'public', 'CREATE') FROM pg_roles"
                         " WHERE rolname = 'meterworks'", port=first).strip()
    assert rights == "f", rights
    servers.run(f"{root}/deploy/create-standby", f"{root}/two", f"host={root} port={first}",
                "standby1", port=second)
    servers.start("two", second)
    servers.run(f"{root}/deploy/create-standby", "--synchronous", "standby1", port=first)
    for _ in range(100):
        state = servers.run("psql", "-XAtd", "postgres", "-c",
                            "SELECT sync_state FROM pg_stat_replication", port=first).strip()
        if state == "quorum":
            break
        time.sleep(0.1)
    assert state == "quorum", state

    # The platform goes over the network: TLS, the certificate checked, the password in a file. Both
    # servers are named; it works on the one that takes writes.
    settings = [f"store.url=postgresql://meterworks@localhost:{first},localhost:{second}/meterworks"
                f"?sslmode=verify-full&sslrootcert={root}/one/server.crt",
                f"store.password_file={root}/secret", f"store.path={root}/p.db",
                f"registry.key_file={root}/p.key"]

    def platform(*words):
        return subprocess.run([PLATFORM, *settings, *words], capture_output=True, text=True,
                              timeout=60)
    for n in range(5):
        made = platform("account", "create", f"user{n}", "--role", "operator")
        assert made.returncode == 0, made.stderr
    servers.running["one"].kill()
    servers.running["one"].wait()
    servers.run(f"{BINS[-1]}/pg_ctl", "promote", "-s", "-w", "-D", f"{root}/two", port=second)
    again = platform("account", "create", "user5", "--role", "operator")
    assert again.returncode != 0 or again.stdout, again
    if again.returncode != 0:  # it waits for a standby of its own until told otherwise
        raise AssertionError(again.stderr)
    kept = servers.run("psql", "-XAtd", "meterworks", "-c", "SELECT count(*) FROM meterworks.users",
                       port=second).strip()
    assert kept == "6", kept
    backups(servers, root, platform, settings, second)
    backups_by_itself(root, platform, settings)
    with open(f"{root}/secret") as f:
        secret = f.read().strip()
    for name in ("one.log", "two.log"):
        assert secret not in open(f"{root}/{name}").read()
    print("acknowledged before the kill: 5, found on the standby: 5; TLS; one schema of its own")


def backups(servers, root, platform, settings, port):
    """A backup of the one engine is put back into either."""
    with open(f"{root}/none.jsonl", "w"):
        pass
    made = platform("import", f"{root}/none.jsonl")  # makes the master key
    assert made.returncode == 0, made.stderr
    made = platform("backup", f"{root}/backup")
    assert made.returncode == 0, made.stderr
    assert "no damage" in platform("verify-backup", f"{root}/backup").stdout
    full = platform("restore", f"{root}/backup")
    assert full.returncode == 1 and "data in the database already" in full.stderr, full
    servers.run("psql", "-qXd", "meterworks", "-c",
                "CREATE SCHEMA restored AUTHORIZATION meterworks", port=port)
    there = [w + "&options=-csearch_path%3Drestored" if w.startswith("store.url=") else w
             for w in settings] + [f"store.path={root}/restored.db"]
    file = [w for w in settings if not w.startswith("store.url=")] + [f"store.path={root}/file.db"]
    for where in (there, file):
        put = subprocess.run([PLATFORM, *where, "restore", f"{root}/backup", "--epoch", "9"],
                             capture_output=True, text=True, timeout=60)
        assert put.returncode == 0 and "sender epoch: 9" in put.stdout, put
        os.unlink(glob.glob(f"{root}/*epoch*")[0])
    users = servers.run("psql", "-XAtd", "meterworks", "-c", "SELECT count(*) FROM restored.users",
                        port=port).strip()
    assert users == "6", users
    with sqlite3.connect(f"{root}/file.db") as c:
        assert c.execute("SELECT count(*) FROM users").fetchone()[0] == 6


def backups_by_itself(root, platform, settings):
    """A running platform makes backups of PostgreSQL into its folder, and lets go of old ones."""
    def there():
        return [n for n in glob.glob(f"{root}/own/*") if not n.endswith(".partial")]

    def wait(good):
        for _ in range(300):
            if good(there()) or running.poll() is not None:
                break
            time.sleep(0.1)
        return there()

    running = subprocess.Popen([PLATFORM, *settings, f"http.listen=127.0.0.1:{free_port()}",
                                f"backup.folder={root}/own", "backup.every=1h", "backup.keep=1"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        first = wait(lambda names: len(names) == 1)
        if len(first) == 1:  # as if it had been made years ago
            old = first[0].replace(time.strftime("%Y", time.gmtime()), "2001", 1)
            os.rename(first[0], old)
            second = wait(lambda names: len(names) == 1 and names[0] != old)
    finally:
        running.terminate()
        told = running.communicate(timeout=30)[1]
    assert len(first) == 1 and len(second) == 1 and second[0] != old, (there(), told)
    assert running.returncode == 0, told
    assert "no damage" in platform("verify-backup", second[0]).stdout


sys.exit(main())
