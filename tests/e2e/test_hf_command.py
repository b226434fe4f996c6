"""The `hf` command, as people type it."""

import json

import pytest
from wire import add, api_of


def test_a_repository_s_life_by_command(hf, ada, repo_id, tmp_path):
    hf("repos", "create", repo_id, "--private")
    assert ada.info(repo_id)["private"] is True
    assert hf("repos", "create", repo_id, check=False).returncode != 0
    hf("repos", "create", repo_id, "--exist-ok")
    (tmp_path / "a.txt").write_text("a")
    hf("upload", repo_id, "a.txt", "dir/a.txt", "--commit-message", "By command")
    assert ada.get(f"{api_of(repo_id)}/commits/main").ok().json[0]["title"] == "By command"
    hf("repos", "tag", "create", repo_id, "v1", "-m", "Notes")
    assert "v1" in hf("repos", "tag", "list", repo_id).stdout
    hf("repos", "branch", "create", repo_id, "dev/x", "--revision", "v1")
    hf("upload", repo_id, "a.txt", "b.txt", "--revision", "dev/x")
    hf("repos", "delete-files", repo_id, "dir/*")
    assert "dir/a.txt" not in ada.paths(repo_id) and "dir/a.txt" in ada.paths(repo_id, "dev%2Fx")
    hf("repos", "branch", "delete", repo_id, "dev/x")
    hf("repos", "tag", "delete", repo_id, "v1", "--yes")
    hf("repos", "settings", repo_id, "--public")
    assert ada.info(repo_id)["private"] is False
    hf("repos", "move", repo_id, repo_id + "-new")
    assert repo_id + "-new" in hf("repos", "ls", "--limit", "0", "--json").stdout
    hf("repos", "delete", repo_id + "-new", "--yes")
    assert hf("repos", "delete", repo_id + "-new", "--yes", check=False).returncode != 0


def test_listing_and_information_by_command(hf, ada, repo):
    ada.commit(repo, add("README.md", b"---\ntags: [by-command]\n---\n# Card\n"), add("x.txt")).ok()
    listed = hf("models", "ls", "--author", "ada", "--filter", "by-command", "--json").stdout
    assert repo in [item["id"] for item in json.loads(listed)]
    assert json.loads(hf("models", "info", repo, "--json").stdout)["id"] == repo
    assert "x.txt" in hf("models", "ls", repo).stdout
    assert "# Card" in hf("models", "card", repo).stdout


def test_download_by_command_to_cache_and_folder(hf, ada, repo, tmp_path):
    ada.commit(repo, add("a/b.txt", b"b"), add("c.json", b"{}")).ok()
    hf("download", repo, "a/b.txt", "--local-dir", tmp_path / "one")
    assert (tmp_path / "one/a/b.txt").read_bytes() == b"b"
    hf("download", repo, "--include", "*.json", "--local-dir", tmp_path / "some")
    assert (tmp_path / "some/c.json").exists() and not (tmp_path / "some/a").exists()
    hf("download", repo, "--cache-dir", tmp_path / "cache")


@pytest.mark.parametrize("wrong, word", [
    (("download", "ada/no-such-repository"), "(?i)not found|404"),
    (("models", "info", "ada/no-such-repository"), "(?i)not found|404"),
])
def test_mistakes_are_told_as_such(hf, wrong, word):
    import re

    done = hf(*wrong, check=False)
    assert done.returncode != 0 and re.search(word, done.stdout + done.stderr)


def test_a_wrong_token_is_told_as_such(hf):
    done = hf("auth", "whoami", token="hf_" + "w" * 34, check=False)
    assert done.returncode != 0 and "nvalid" in done.stdout + done.stderr
