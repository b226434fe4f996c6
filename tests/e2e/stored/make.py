"""Makes a stored hub for test_stored.py: run it when a migration is added, before the migration.

tests/.venv/bin/python tests/e2e/stored/make.py NAME    writes tests/e2e/stored/NAME.tar.xz
"""

import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from cairn import Cairn  # noqa: E402
from wire import Wire, add, large  # noqa: E402

ADA, BOB = "hf_" + "e" * 34, "hf_" + "f" * 34  # Of this stored hub alone.
WEIGHTS = b"weights" * 1000


def fill(hub):
    hub.apply({
        "users": [{"name": "ada", "fullname": "Ada", "tokens": [{"name": "t", "value": ADA, "role": "write"}]},
                  {"name": "bob", "tokens": [{"name": "t", "value": BOB, "role": "read"}]}],
        "orgs": [{"name": "crew", "fullname": "Crew", "members": {"ada": "admin", "bob": "read"}}],
        "aliases": [{"type": "model", "from": "bert", "to": "ada/bert"}],
    })
    ada = Wire(hub.url, ADA)
    ada.create("ada/bert")
    card = b"---\nlicense: mit\ntags:\n- old\n---\n# Old\n"
    ada.commit("ada/bert", add("README.md", card), add("dir/\u00fc.txt", "gr\u00fc\u00dfe".encode()),
               large("w.bin", ada.upload_large("ada/bert", WEIGHTS))).ok()
    for i in range(25):  # Enough for packs to have been merged.
        ada.commit("ada/bert", add("n.txt", b"%d" % i)).ok()
    ada.post("/api/models/ada/bert/branch/dev", {}).ok()
    ada.post("/api/models/ada/bert/tag/main", {"tag": "v1", "message": "first"}).ok()
    ada.create("crew/secret", kind="dataset", private=True)
    ada.create("ada/old-name")
    ada.post("/api/repos/move", {"fromRepo": "ada/old-name", "toRepo": "ada/new-name", "type": "model"}).ok()


def main():
    with tempfile.TemporaryDirectory() as folder:
        hub = Cairn(Path(folder) / "data").start()
        try:
            fill(hub)
            hub.stop()
        finally:
            hub.end()
        left_out = ("admin.sock", "admin.key", "lock", "first-run.txt", "cache")
        with tarfile.open(HERE / f"{sys.argv[1]}.tar.xz", "w:xz") as out:
            out.add(hub.data, "data", filter=lambda f: None if f.name.split("/")[-1] in left_out else f)


if __name__ == "__main__":
    main()
