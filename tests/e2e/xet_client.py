"""The published Python client with Xet, in a process and a home of its own.

hf_xet reads its settings once per process, so who needs others needs a process.
"""

import json
import os
import subprocess
import sys
import textwrap

PRELUDE = """
import json, os, sys
from huggingface_hub import CommitOperationAdd, HfApi, hf_hub_download, snapshot_download
from huggingface_hub.utils._runtime import is_xet_available
assert is_xet_available(), "hf_xet is missing or turned off"
api = HfApi(endpoint=os.environ["HF_ENDPOINT"], token=os.environ.get("TEST_TOKEN") or False)
given = json.loads(sys.stdin.read())
def tell(value): print("\\n=> " + json.dumps(value))
"""


class XetClient:
    def __init__(self, url, token, home, **env):
        self.env = {
            **os.environ, "HF_ENDPOINT": url, "HF_HOME": str(home), "TEST_TOKEN": token or "",
            "HF_XET_CACHE": str(home / "xet"), **env,
        }
        self.env.pop("HF_HUB_DISABLE_XET", None)

    def run(self, code, check=True, timeout=300, **given):
        """Runs `code` with `api` and `given`. @return what it told, last."""
        done = subprocess.run(
            [sys.executable, "-c", PRELUDE + textwrap.dedent(code)], env=self.env,
            input=json.dumps(given), capture_output=True, text=True, timeout=timeout)
        if not check:
            return done
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
        told = [line for line in done.stdout.splitlines() if line.startswith("=> ")]
        return json.loads(told[-1][3:]) if told else None

    def upload(self, repo, files, kind="model", **more):
        """@param files  path in the repository -> local path. One commit. @return its id."""
        return self.run("""
            tell(api.create_commit(given["repo"], repo_type=given["kind"], commit_message="Upload",
                operations=[CommitOperationAdd(p, f) for p, f in given["files"].items()],
                **given["more"]).oid)
            """, repo=repo, kind=kind, files={p: str(f) for p, f in files.items()}, more=more)

    def download(self, repo, paths, folder, kind="model", revision=None):
        """@return where each path lies now."""
        return self.run("""
            tell([hf_hub_download(given["repo"], p, repo_type=given["kind"], local_dir=given["folder"],
                                  revision=given["revision"], endpoint=api.endpoint, token=api.token)
                  for p in given["paths"]])
            """, repo=repo, kind=kind, paths=paths, folder=str(folder), revision=revision)
