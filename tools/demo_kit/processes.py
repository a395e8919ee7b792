# SPDX-License-Identifier: Apache-2.0
"""Child processes with a log file each: start, watch, kill, restart, stop."""
import os
import pathlib
import re
import signal
import subprocess
import time


class Process:
    def __init__(self, name, argv, log_path, environment=None):
        self.name, self.argv = name, [str(a) for a in argv]
        self.log_path = pathlib.Path(log_path)
        self.environment = environment
        self.child = None
        self.starts = 0
        self.rss_peak_kb = 0

    def start(self):
        # A process group of its own: Ctrl-C reaches only the supervisor, which stops in order.
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env=self.environment, start_new_session=True)
        self.starts += 1

    def running(self):
        return self.child is not None and self.child.poll() is None

    def exit_code(self):
        return None if self.child is None else self.child.poll()

    def kill(self):
        if self.running():
            self.note_memory()
            self.child.kill()
            self.child.wait()

    def stop(self, patience=15):
        if not self.running():
            return
        self.note_memory()
        self.child.send_signal(signal.SIGTERM)
        try:
            self.child.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()

    def note_memory(self):
        """Keeps the highest resident size seen, in kB."""
        try:
            with open(f"/proc/{self.child.pid}/status") as status:
                peak = int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))
            self.rss_peak_kb = max(self.rss_peak_kb, peak)
        except (OSError, AttributeError):
            pass

    def last_words(self, lines=12):
        try:
            with open(self.log_path, "rb") as log:
                log.seek(max(0, os.fstat(log.fileno()).st_size - 16384))
                return b"\n".join(log.read().splitlines()[-lines:]).decode(errors="replace")
        except OSError:
            return ""


def wait_until(condition, seconds, step=0.1):
    """Whether the condition came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True
