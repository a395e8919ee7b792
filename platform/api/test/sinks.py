# SPDX-License-Identifier: Apache-2.0
"""Where messages about alarms arrive in tests: a little web server and a little mail server in this process."""
import hashlib
import hmac
import http.server
import socketserver
import threading


class Hook(http.server.BaseHTTPRequestHandler):
    got, fail = [], 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Hook.got.append((dict(self.headers), body))
        status = 200
        if Hook.fail > 0:
            Hook.fail -= 1
            status = 500
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Mail(socketserver.StreamRequestHandler):
    got = []

    def handle(self):
        self.wfile.write(b"220 sink\r\n")
        text, data = [], False
        for line in self.rfile:
            if data:
                if line == b".\r\n":
                    Mail.got.append(b"".join(text).decode())
                    text, data = [], False
                    self.wfile.write(b"250 kept\r\n")
                else:
                    text.append(line)
                continue
            word = line.split()[0].upper() if line.split() else b""
            if word == b"DATA":
                data = True
                self.wfile.write(b"354 go on\r\n")
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 fine\r\n")


def serve(kind, handler):
    server = kind(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def hook_server():
    return serve(http.server.ThreadingHTTPServer, Hook)


def mail_server():
    return serve(socketserver.ThreadingTCPServer, Mail)


def signature(secret, headers, body):
    """What a webhook's receiver computes itself and compares."""
    signed = f"{headers['Meterworks-Id']}.{headers['Meterworks-Timestamp']}.".encode() + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
