"""What the calls of conformance.py work on."""

import itertools
import json
import os
import struct
from pathlib import Path

from huggingface_hub import CommitOperationAdd
from wire import Wire


def safetensors(**tensors):
    """A file of float32 zeros."""
    header, at = {}, 0
    for name, count in tensors.items():
        header[name] = {"dtype": "F32", "shape": [count], "data_offsets": [at, at + 4 * count]}
        at += 4 * count
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"\0" * at


class World:
    """What the calls work on: ada's client, bob's, and a new repository for whoever needs one."""

    def __init__(self, api, bob, folder):
        self.api, self.bob, self.folder = api, bob, Path(folder)
        self._numbers = itertools.count()
        self._worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")

    def name(self):
        return f"ada/conformance-{self._worker}-{next(self._numbers)}"

    def repo(self, kind="model", *, text=True, gated=False, **more):
        name = self.name()
        if kind == "space":
            more["space_sdk"] = "static"
        self.api.create_repo(name, repo_type=kind, **more)
        if text:
            self.api.create_commit(name, [CommitOperationAdd("a.txt", b"one"),
                                          CommitOperationAdd("dir/b.txt", b"two")],
                                   repo_type=kind, commit_message="Files")
        if gated:
            self.api.update_repo_settings(name, gated="manual")
        return name

    def with_card(self, kind, front):
        name = self.repo(kind, text=False)
        self.api.upload_file(path_or_fileobj=f"---\n{front}\n---\n".encode(), path_in_repo="README.md",
                             repo_id=name, repo_type=kind)
        return name

    def weights(self):
        name = self.repo(text=False)
        self.api.upload_file(path_or_fileobj=safetensors(a=3, b=4), path_in_repo="model.safetensors",
                             repo_id=name)
        return name

    def talk(self, **more):
        name = self.repo()
        made = self.bob.create_discussion(name, title="Talk", description="first", **more)
        return name, made.num

    def files(self, *names):
        folder = self.folder / f"files-{next(self._numbers)}"
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
        return folder

    def asked(self, state=None):
        """A gated repository that bob has asked for."""
        name = self.repo(gated=True)
        Wire(self.api.endpoint, self.bob.token).post(f"/{name}/ask-access", {})
        if state == "accepted":
            self.api.accept_access_request(name, "bob")
        if state == "rejected":
            self.api.reject_access_request(name, "bob", rejection_reason=None)
        return name

    def paths(self, name, **more):
        return set(self.api.list_repo_files(name, **more)) - {".gitattributes"}
