"""Runs a command beside a PostgreSQL of its own, whose URL is in CAIRN_TEST_POSTGRES: unit tests that
know both engines then run on both. The command's exit code is this one's."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parent / "e2e"))
from postgres import Postgres  # noqa: E402

with tempfile.TemporaryDirectory(prefix="cairn-postgres-") as folder:
    server = Postgres(Path(folder) / "server").start()
    try:
        env = {**os.environ, "CAIRN_TEST_POSTGRES": server.new_database()}
        code = subprocess.run(sys.argv[1:], env=env, check=False).returncode
    finally:
        server.stop()
sys.exit(code)
