#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A platform that asks stations for certificates: the right one, none, another station's, another
authority's; and a real station that delivers over TLS with its own. Certificates are made on the
fly by openssl."""
import http.client
import json
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time

from certificates import Certificates

platform_program, station_program = sys.argv[1:3]
root = pathlib.Path(tempfile.mkdtemp(prefix="mw-tls-"))


certificates = Certificates(root)
authority, certificate = certificates.authority, certificates.certificate


def started(log, word, process):
    for _ in range(200):
        found = re.search(word, log.read_text() if log.exists() else "")
        if found:
            return found
        if process.poll() is not None:
            break
        time.sleep(0.05)
    sys.exit(f"it did not start:\n{log.read_text()}")


def post(port, token, cert=None):
    """The status of an empty batch, or the word TLS when the handshake fails."""
    context = ssl.create_default_context(cafile=root / "server-ca.pem")
    if cert:
        context.load_cert_chain(root / f"{cert}.pem", root / f"{cert}.key")
    c = http.client.HTTPSConnection("localhost", port, context=context, timeout=10)
    body = json.dumps({"sender": "st-1", "epoch": "00" * 8, "items": []})
    try:
        c.request("POST", "/v1/uplinks", body,
                  {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
        return c.getresponse().status
    except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected):
        return "TLS"
    finally:
        c.close()


def platform(require):
    log = root / f"platform-{require}.log"
    process = subprocess.Popen(
        [platform_program, f"store.path={root}/p.db", f"registry.key_file={root}/p.key",
         "http.listen=127.0.0.1:0", f"http.tls_cert={root}/server.pem",
         f"http.tls_key={root}/server.key", f"http.client_ca={root}/station-ca.pem",
         f"stations.require_certificate={require}"], stderr=log.open("w"))
    port = int(started(log, r"https://127\.0\.0\.1:(\d+)", process).group(1))
    return process, port


def stop(process):
    process.terminate()
    assert process.wait(20) == 0


def expect(what, got, wanted):
    print(f"{what}: {got}")
    if got != wanted:
        sys.exit(f"{what}: {got} instead of {wanted}")


def told(port, password):
    """What the station told of itself, as an operator is shown it; {} before its first word."""
    context = ssl.create_default_context(cafile=root / "server-ca.pem")
    c = http.client.HTTPSConnection("localhost", port, context=context, timeout=10)
    c.request("POST", "/v1/session", json.dumps({"login": "ops", "password": password}),
              {"Content-Type": "application/json"})
    answer = c.getresponse()
    answer.read()
    cookie = (answer.headers["Set-Cookie"] or "").split(";")[0]
    c.request("GET", "/v1/stations", headers={"Cookie": cookie})
    answer = c.getresponse()
    body = json.loads(answer.read())
    c.close()
    if answer.status != 200:
        sys.exit(f"the stations are not shown: {answer.status} {body}")
    return body["items"][0].get("status") or {}


def deliver(port, password):
    """A station tells of its start and of itself; the platform shows both."""
    (root / "samples").write_bytes(b"")
    log = root / "station.log"
    process = subprocess.Popen(
        [station_program, "station.id=st-1", f"samples.source=file:{root}/samples",
         "samples.format=cs16", f"spool.folder={root}/spool", f"platform.url=https://localhost:{port}",
         f"platform.token_file={root}/st-1.token", f"platform.ca_file={root}/server-ca.pem",
         f"platform.client_cert={root}/st-1.pem", f"platform.client_key={root}/st-1.key",
         "http.listen=127.0.0.1:0"], stderr=log.open("w"))
    web = int(started(log, r"http=http://127\.0\.0\.1:(\d+)", process).group(1))
    delivered = 0
    for _ in range(200):
        c = http.client.HTTPConnection("127.0.0.1", web, timeout=5)
        c.request("GET", "/metrics")
        text = c.getresponse().read().decode()
        found = re.search(r"^mw_station_delivered_total (\d+)", text, re.M)
        delivered = int(found.group(1))
        reached = re.search(r'^mw_station_route_up\{route="default"\} 1', text, re.M)
        if delivered > 0:
            break
        time.sleep(0.05)
    status = {}
    for _ in range(40):
        status = told(port, password)
        if status:
            break
        time.sleep(0.25)
    stop(process)
    wanted = {"load_permille", "spool_items", "spool_bytes", "spool_bytes_max", "time_source",
              "time_uncertainty_us", "last_delivery_s", "modes", "version"}
    if not wanted <= set(status):
        sys.exit(f"the station told {sorted(status)} of itself, without {wanted - set(status)}")
    print(f"over the same way it told of itself: {json.dumps(status)}")
    if delivered == 0 or not reached:
        sys.exit(f"nothing was delivered:\n{log.read_text()}")
    print(f"a station delivered {delivered} record(s) with its certificate")


def main():
    for name in ("server-ca", "station-ca", "other-ca"):
        authority(name)
    certificate("server", "server-ca", "localhost", "DNS:localhost,IP:127.0.0.1")
    certificate("st-1", "station-ca", "st-1")
    certificate("alt", "station-ca", "whatever", "DNS:st-1")
    certificate("st-2", "station-ca", "st-2")
    certificate("forged", "other-ca", "st-1")
    subprocess.run([platform_program, f"store.path={root}/p.db", f"registry.key_file={root}/p.key",
                    "station", "add", "st-1", "--token-file", f"{root}/st-1.token"], check=True,
                   stdout=subprocess.DEVNULL)
    made = subprocess.run([platform_program, f"store.path={root}/p.db", f"registry.key_file={root}/p.key",
                           "account", "create", "ops", "--role", "operator"], check=True,
                          capture_output=True, text=True)
    password = made.stdout.strip().split(": ")[1]
    token = (root / "st-1.token").read_text().strip()
    process, port = platform("yes")
    expect("its own certificate", post(port, token, "st-1"), 200)
    expect("named by a DNS name", post(port, token, "alt"), 200)
    expect("no certificate", post(port, token), 403)
    expect("another station's", post(port, token, "st-2"), 403)
    expect("another authority's", post(port, token, "forged"), "TLS")
    expect("a wrong token", post(port, "wrong", "st-1"), 401)
    deliver(port, password)
    stop(process)
    process, port = platform("no")
    expect("no certificate where none is needed", post(port, token), 200)
    expect("another station's there", post(port, token, "st-2"), 403)
    stop(process)


try:
    main()
finally:
    shutil.rmtree(root)
