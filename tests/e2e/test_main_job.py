"""The main job, as a newcomer does it: log in, create, upload, list, download, branch, tag, delete,
and everything is still there after kill -9."""

import hashlib
import random

import pytest
from conftest import ADA, ADA_READ, BOB
from huggingface_hub import HfApi, get_token
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

pytestmark = pytest.mark.both_engines

CARD = "---\nlicense: mit\nlanguage: [en, no]\ntags: [tour]\n---\n# A first model\n"
# Above the size from which clients ask for LFS, and above one part of any buffer.
LARGE_BYTES = 24 * 1024 * 1024


@pytest.fixture(scope="module")
def folder_to_upload(tmp_path_factory):
    folder = tmp_path_factory.mktemp("upload")
    seeded = random.Random(1)
    (folder / "README.md").write_text(CARD)
    (folder / "config.json").write_text('{"model_type": "tour"}\n')
    (folder / "data" / "deep").mkdir(parents=True)
    (folder / "data" / "deep" / "héllo wörld.txt").write_text("Unicode ✓\n")
    (folder / "data" / "empty.txt").write_bytes(b"")
    (folder / "model.safetensors").write_bytes(seeded.randbytes(LARGE_BYTES))
    (folder / "data" / "small.bin").write_bytes(seeded.randbytes(1000))
    return folder


def files_of(folder):
    """Relative name -> SHA-256, without what the client keeps beside a download."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".cache" not in path.parts
    }


def download(api, repo_id, target, revision=None):
    api.snapshot_download(repo_id, revision=revision, local_dir=target, cache_dir=target / ".cache")
    found = files_of(target)
    found.pop(".gitattributes", None)
    return found


def test_whoami_names_the_holder_of_the_token(api):
    me = api.whoami()
    assert me["name"] == "ada" and me["type"] == "user"
    assert me["auth"]["accessToken"]["role"] == "write"
    assert "crew" in [org["name"] for org in me["orgs"]]


def test_a_wrong_token_is_refused(hub):
    with pytest.raises(HfHubHTTPError) as refused:
        HfApi(endpoint=hub.url, token="hf_" + "x" * 34).whoami()
    assert refused.value.response.status_code == 401


def test_login_and_logout_by_command(hf):
    hf("auth", "login", "--token", ADA, token=None)
    assert "ada" in hf("auth", "whoami", token=None).stdout
    hf("auth", "logout", token=None)


def test_the_whole_journey(own_hub, transfer, folder_to_upload, tmp_path):
    api = HfApi(endpoint=own_hub.url, token=ADA)
    repo = api.create_repo("ada/first-model").repo_id
    assert repo == "ada/first-model"

    commit = api.upload_folder(repo_id=repo, folder_path=folder_to_upload, commit_message="First")
    wanted = files_of(folder_to_upload)
    assert set(api.list_repo_files(repo)) == {".gitattributes", *wanted}
    assert download(api, repo, tmp_path / "first") == wanted

    info = api.model_info(repo)
    assert info.sha == commit.oid
    assert info.card_data["license"] == "mit" and info.card_data["language"] == ["en", "no"]
    assert {"license:mit", "tour", "no"} <= set(info.tags)
    assert repo in [model.id for model in api.list_models(author="ada")]

    api.create_tag(repo, tag="v1")
    api.create_branch(repo, branch="dev", revision="v1")
    api.upload_file(repo_id=repo, path_or_fileobj=b"on dev", path_in_repo="dev.txt", revision="dev")
    api.delete_file("config.json", repo, commit_message="Remove the configuration")
    without = {name: digest for name, digest in wanted.items() if name != "config.json"}
    assert api.file_exists(repo, "config.json", revision="v1")
    assert not api.file_exists(repo, "config.json")

    refs = api.list_repo_refs(repo)
    assert {"main", "dev"} == {branch.name for branch in refs.branches}
    assert ["v1"] == [tag.name for tag in refs.tags]
    history = [entry.title for entry in api.list_repo_commits(repo)]
    assert history[:2] == ["Remove the configuration", "First"]

    own_hub.kill()
    own_hub.start()

    assert download(api, repo, tmp_path / "after") == without
    assert download(api, repo, tmp_path / "tagged", revision="v1") == wanted
    assert set(api.list_repo_files(repo, revision="dev")) == {".gitattributes", "dev.txt", *wanted}
    assert [entry.title for entry in api.list_repo_commits(repo)] == history
    own_hub.fsck()

    own_hub.stop()
    own_hub.fsck()  # and by the command alone, while no server runs
    own_hub.start()


def test_upload_and_download_by_command(hf, transfer, repo_id, folder_to_upload, tmp_path):
    hf("upload", repo_id, folder_to_upload, ".")
    hf("download", repo_id, "--local-dir", tmp_path / "copy")
    found = files_of(tmp_path / "copy")
    found.pop(".gitattributes", None)
    assert found == files_of(folder_to_upload)


def test_the_same_upload_again_makes_no_commit(api, transfer, repo_id, folder_to_upload):
    api.create_repo(repo_id)
    first = api.upload_folder(repo_id=repo_id, folder_path=folder_to_upload)
    again = api.upload_folder(repo_id=repo_id, folder_path=folder_to_upload)
    assert again.oid == first.oid


@pytest.mark.parametrize("repo_type", ["model", "dataset", "space"])
def test_each_kind_of_repository_is_created_and_deleted(api, repo_id, repo_type):
    sdk = {"space_sdk": "static"} if repo_type == "space" else {}
    api.create_repo(repo_id, repo_type=repo_type, **sdk)
    assert api.repo_exists(repo_id, repo_type=repo_type)
    api.delete_repo(repo_id, repo_type=repo_type)
    assert not api.repo_exists(repo_id, repo_type=repo_type)


def test_a_private_repository_does_not_exist_for_others(api, bob_api, anonymous_api, repo_id):
    api.create_repo(repo_id, private=True)
    api.upload_file(repo_id=repo_id, path_or_fileobj=b"secret", path_in_repo="a.txt")
    for stranger in (bob_api, anonymous_api):
        with pytest.raises(RepositoryNotFoundError):
            stranger.model_info(repo_id)
        with pytest.raises(RepositoryNotFoundError):
            stranger.hf_hub_download(repo_id, "a.txt")
        assert repo_id not in [model.id for model in stranger.list_models(author="ada")]


def test_a_read_token_and_another_user_may_not_write(hub, api, repo_id):
    api.create_repo(repo_id)
    for wrong in (ADA_READ, BOB, False):
        with pytest.raises(HfHubHTTPError) as refused:
            HfApi(endpoint=hub.url, token=wrong).upload_file(
                repo_id=repo_id, path_or_fileobj=b"x", path_in_repo="x.txt"
            )
        assert refused.value.response.status_code in (401, 403)
    assert "x.txt" not in api.list_repo_files(repo_id)


def test_a_missing_revision_is_named(api, repo_id):
    api.create_repo(repo_id)
    with pytest.raises(RevisionNotFoundError):
        api.model_info(repo_id, revision="nowhere")


def test_a_stale_parent_commit_is_refused(api, repo_id):
    api.create_repo(repo_id)
    old = api.model_info(repo_id).sha
    api.upload_file(repo_id=repo_id, path_or_fileobj=b"1", path_in_repo="a", parent_commit=old)
    with pytest.raises(HfHubHTTPError) as refused:
        api.upload_file(repo_id=repo_id, path_or_fileobj=b"2", path_in_repo="a", parent_commit=old)
    assert refused.value.response.status_code == 412


def test_a_broken_card_is_refused_before_anything_is_uploaded(api, repo_id):
    api.create_repo(repo_id)
    with pytest.raises(ValueError, match="(?i)yaml|metadata"):
        api.upload_file(
            repo_id=repo_id, path_or_fileobj=b"---\nlicense: [mit\n---\n", path_in_repo="README.md"
        )
    assert "README.md" not in api.list_repo_files(repo_id)


def test_no_token_of_this_machine_is_used():
    assert get_token() is None
