# SPDX-License-Identifier: Apache-2.0
"""A small client of the platform's HTTP API, on the standard library alone."""
import csv
import http.cookiejar
import io
import json
import urllib.error
import urllib.parse
import urllib.request

from .verification import parse_utc


class Client:
    def __init__(self, base):
        self.base = base.rstrip("/")
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

        self.csrf = None

    def request(self, path, body=None, timeout=60):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data)
        if data is not None and self.csrf is not None:
            request.add_header("X-CSRF-Token", self.csrf)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        with self.opener.open(request, timeout=timeout) as answer:
            return answer.read()

    def get(self, path, **query):
        query = "?" + urllib.parse.urlencode(query) if query else ""
        return json.loads(self.request(path + query))

    def sign_in(self, login, password):
        answer = json.loads(self.request("/v1/session", {"login": login, "password": password}))
        self.csrf = answer["csrf"]
        return answer

    def post(self, path, body):
        return json.loads(self.request(path, body))

    def alive(self):
        try:
            self.request("/healthz", timeout=2)
            return True
        except (OSError, urllib.error.URLError):
            return False

    def rows(self, path):
        text = self.request(path, timeout=300).decode("utf-8-sig")
        return csv.DictReader(io.StringIO(text))

    def intervals(self):
        for r in self.rows("/v1/export/intervals.csv"):
            yield (r["device_id"], int(r["channel"]), parse_utc(r["start_utc"]), int(r["seconds"]),
                   int(r["value"]))

    def registers(self):
        for r in self.rows("/v1/export/registers.csv"):
            yield r["device_id"], int(r["channel"]), parse_utc(r["at_utc"]), int(r["value"])

    def days(self, meters, first, last, layer):
        """Daily consumption of the first so many meters: "final" is what the pages show, "raw" what
        the meters reported. Dates as texts."""
        found = {}
        for meter in self.get("/v1/meters", limit=meters)["items"]:
            answer = self.get(f"/v1/meters/{meter['id']}/consumption", step="day", layer=layer,
                              **{"from": first, "to": last})
            found[meter["device_id"], meter["channel"]] = [
                (parse_utc(p["start"]), parse_utc(p["end"]), p["value"], p["received"],
                 "estimated" in p["quality"]) for p in answer["points"]]
        return found
