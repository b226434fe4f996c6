"""A PostgreSQL 15 of the tests' own, from Debian's package, on a free port and a temporary folder."""

import itertools
import os
import shutil
import subprocess
from pathlib import Path

from cairn import free_port

BIN = Path("/usr/lib/postgresql/15/bin")


class Postgres:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.port = free_port()
        self.names = (f"cairn_{n}" for n in itertools.count())

    def start(self):
        self.folder.mkdir()
        if os.geteuid() == 0:
            # initdb refuses root; Debian's package makes this user. It must reach the folder too.
            shutil.chown(self.folder, "postgres", "postgres")
            for parent in self.folder.parents[:-2]:
                parent.chmod(parent.stat().st_mode | 0o011)
        data = self.folder / "data"
        self._as_user(
            "initdb", "--pgdata", data, "--username", "cairn", "--auth", "trust",
            "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
        )
        self.resume()
        return self

    def resume(self):
        """Starts the server, also after `stop`; the databases are as they were."""
        # What is on disk after a power cut is not what these tests are about.
        options = (
            f"-c port={self.port} -c listen_addresses=127.0.0.1 -c fsync=off "
            f"-c unix_socket_directories={self.folder} -c max_connections=100"
        )
        self._as_user(
            "pg_ctl", "start", "--wait", "--pgdata", self.folder / "data",
            "--log", self.folder / "log", "--options", options,
        )

    def new_database(self):
        """@return the URL of an empty database."""
        name = next(self.names)
        self._as_user("createdb", "--host", "127.0.0.1", "--port", str(self.port),
                      "--username", "cairn", name)
        return f"postgres://cairn@127.0.0.1:{self.port}/{name}"

    def stop(self):
        self._as_user("pg_ctl", "stop", "--wait", "--mode", "fast", "--pgdata", self.folder / "data")

    def _as_user(self, program, *arguments):
        command = [BIN / program, *arguments]
        if os.geteuid() == 0:
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *command]
        # A file, not a pipe: the server inherits it and would keep a pipe open.
        output = self.folder / "commands.log"
        with output.open("ab") as log:
            done = subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        assert done.returncode == 0, f"{program} failed:\n{output.read_text()}"
