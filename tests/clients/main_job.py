"""What people do every day, for every release of the Python client from 0.20 on: run by that release's
own Python, with HF_ENDPOINT, HF_TOKEN and HF_HOME set. Prints the release when all of it holds.

    python main_job.py ada/name
"""

import random
import sys
import tempfile
from pathlib import Path

import huggingface_hub
from huggingface_hub import (CommitOperationAdd, CommitOperationDelete, HfApi, HfFileSystem,
                             hf_hub_download, snapshot_download)
from huggingface_hub.utils import (EntryNotFoundError, RepositoryNotFoundError,
                                   RevisionNotFoundError)

repo = sys.argv[1]
api = HfApi()
folder = Path(tempfile.mkdtemp())
large = random.Random(7).randbytes(3_000_000)  # Some tens of chunks


def refused(error, call):
    try:
        call()
    except error:
        return
    raise AssertionError(f"expected {error.__name__}")


# Who, and a repository
me = api.whoami()
assert me["name"] == "ada" and me["auth"]["accessToken"]["role"] == "write"
url = api.create_repo(repo)
assert url.repo_id == repo
assert api.create_repo(repo, exist_ok=True).repo_id == repo
assert api.repo_exists(repo) and not api.repo_exists(repo + "-missing")

# Files, small and large, in every way
api.upload_file(path_or_fileobj=b"# Card\n", path_in_repo="README.md", repo_id=repo)
(folder / "dir").mkdir()
(folder / "dir/a.txt").write_text("a")
(folder / "w.bin").write_bytes(large)
api.upload_folder(folder_path=folder, repo_id=repo, commit_message="A folder")
api.create_commit(repo, [CommitOperationAdd("new.txt", b"new"), CommitOperationDelete("README.md")],
                  commit_message="Both")
files = {".gitattributes", "dir/a.txt", "new.txt", "w.bin"}
assert set(api.list_repo_files(repo)) == files
info = api.model_info(repo, files_metadata=True)
assert {s.rfilename for s in info.siblings} == files
[w] = [s for s in info.siblings if s.rfilename == "w.bin"]
assert w.size == len(large) and w.lfs
titles = [commit.title for commit in api.list_repo_commits(repo)]
assert titles[:2] == ["Both", "A folder"], titles

# Back again
path = hf_hub_download(repo, "w.bin")
assert Path(path).read_bytes() == large
again = snapshot_download(repo, allow_patterns=["*.txt"], cache_dir=folder / "cache")
assert (Path(again) / "dir/a.txt").read_text() == "a" and not (Path(again) / "w.bin").exists()
assert hf_hub_download(repo, "w.bin") == path  # From the cache, asked anew.
assert HfFileSystem().read_text(f"{repo}/dir/a.txt") == "a"
assert sorted(HfFileSystem().glob(f"{repo}/**/*.txt")) == [f"{repo}/dir/a.txt", f"{repo}/new.txt"]

# Branches, tags, revisions
api.create_branch(repo, branch="feature/x")
api.create_tag(repo, tag="v1", tag_message="One")
refs = api.list_repo_refs(repo)
assert {b.name for b in refs.branches} == {"main", "feature/x"} and refs.tags[0].name == "v1"
api.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=repo, revision="feature/x")
assert Path(hf_hub_download(repo, "x", revision="feature/x")).read_bytes() == b"x"
api.delete_branch(repo, branch="feature/x")
assert api.model_info(repo, revision="v1").sha == info.sha

# Pull requests
made = api.upload_file(path_or_fileobj=b"pr", path_in_repo="pr.txt", repo_id=repo, create_pr=True)
number = next(iter(api.get_repo_discussions(repo))).num
assert api.get_discussion_details(repo, number).status == "open"
api.comment_discussion(repo, number, "Fine")
api.merge_pull_request(repo, number)
assert "pr.txt" in api.list_repo_files(repo)

# What is missing is told apart
refused(RepositoryNotFoundError, lambda: api.model_info(repo + "-missing"))
refused(RevisionNotFoundError, lambda: api.model_info(repo, revision="nowhere"))
refused(EntryNotFoundError, lambda: hf_hub_download(repo, "missing.txt"))
refused(RevisionNotFoundError, lambda: hf_hub_download(repo, "x", revision="nowhere"))

# Lists, settings, the end
assert repo in [m.id for m in api.list_models(search=repo.split("/")[1])]
if hasattr(api, "update_repo_settings"):
    api.update_repo_settings(repo, private=True)
else:
    api.update_repo_visibility(repo, private=True)
assert api.model_info(repo).private
api.move_repo(from_id=repo, to_id=repo + "-moved")
assert api.model_info(repo).id == repo + "-moved"
api.delete_repo(repo + "-moved")
assert not api.repo_exists(repo + "-moved")
print("works with", huggingface_hub.__version__)
