"""The real program, started on a temporary folder and a free port."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Under sanitizers memory and time are not what they are for people (./test e2e-asan).
SANITIZED = "asan" in os.environ.get("CAIRN_PROGRAM", "")
PROGRAM = Path(os.environ.get("CAIRN_PROGRAM", ROOT / "build/release/cairn"))

# Longer than any start on a busy machine; a start that hangs fails with the server's log.
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 30


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cairn:
    """One node. `data` outlives it: a second start on the same folder continues the same hub."""

    def __init__(self, data, port=None, database=None, env=None):
        self.data = Path(data)
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = self.data.parent / (self.data.name + ".log")
        self.process = None
        self.env = {
            "PATH": os.environ["PATH"],
            "CAIRN_ADMIN": "keeper",
            "CAIRN_PUBLIC_URL": self.url,
            "CAIRN_SSH_LISTEN": "off",
            **({"CAIRN_DATABASE": database} if database else {}),
            **(env or {}),
        }

    # The server

    def start(self):
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}"],
                env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS_MAX
        while not self.answers("/healthz"):
            ended = self.process.poll()
            if ended is not None or time.monotonic() > deadline:
                state = f"ended with {ended}" if ended is not None else "does not answer"
                raise AssertionError(f"cairn serve {state}:\n{self.log_tail()}")
            time.sleep(0.02)
        return self

    def answers(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self):
        """SIGTERM: drains and ends with 0."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_SECONDS_MAX)
        self.process = None
        assert code == 0, f"cairn serve ended with {code} after SIGTERM:\n{self.log_tail()}"

    def kill(self):
        """SIGKILL: what a crash leaves."""
        self.process.kill()
        self.process.wait(STOP_SECONDS_MAX)
        self.process = None

    def end(self):
        """For the end of a test, whatever happened before."""
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def log_tail(self, lines=40):
        text = self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    # Its other commands

    def run(self, *arguments, stdin="", check=True):
        done = subprocess.run(
            [PROGRAM, *arguments, "--data", self.data],
            env=self.env, input=stdin, capture_output=True, text=True, timeout=120,
        )
        if check:
            assert done.returncode == 0, (
                f"cairn {' '.join(map(str, arguments))} ended with {done.returncode}:\n"
                f"{done.stdout}{done.stderr}"
            )
        return done

    def apply(self, world):
        return self.run("admin", "apply", "-", stdin=json.dumps(world))

    def fsck(self):
        """@raise AssertionError unless all promises hold for what is stored."""
        return self.run("fsck")
