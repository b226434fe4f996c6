"""Pull requests: opened by a commit, or as a draft; pushed to, merged, refused."""

import pytest
from conftest import ADA, ADA_READ, BOB, CAROL
from git_work import Work
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import BadRequestError, HfHubHTTPError
from wire import Wire, add, api_of, assert_error, delete, large, sha256

pytestmark = pytest.mark.both_engines


def status_of(api, repo, number):
    return api.get_discussion_details(repo, number).status


def test_a_reader_opens_one_with_a_commit(api, bob_api, ada, repo):
    ada.commit(repo, add("a.txt", b"one")).ok()
    before = ada.info(repo)["sha"]
    made = bob_api.upload_file(path_or_fileobj=b"two", path_in_repo="b.txt", repo_id=repo,
                               commit_message="Add b", commit_description="Because.",
                               create_pr=True)
    assert made.pr_num == 1 and made.pr_revision == "refs/pr/1"
    assert made.pr_url == f"{api.endpoint}/{repo}/discussions/1"
    # Nothing moved but the new ref.
    assert ada.info(repo)["sha"] == before
    assert ada.paths(repo) == [".gitattributes", "a.txt"]
    assert ada.paths(repo, rev="refs%2Fpr%2F1") == [".gitattributes", "a.txt", "b.txt"]
    refs = ada.get(f"{api_of(repo)}/refs?include_prs=1").ok().json["pullRequests"]
    assert refs == [{"name": "1", "ref": "refs/pr/1", "targetCommit": made.oid}]

    pr = api.get_discussion_details(repo, 1)
    assert (pr.title, pr.author, pr.status) == ("Add b", "bob", "open")
    assert pr.is_pull_request and pr.target_branch == "refs/heads/main"
    assert pr.conflicting_files is False and pr.merge_commit_oid is None
    comment, commit = pr.events
    assert comment.type == "comment" and comment.content == "Because."
    assert (commit.type, commit.summary, commit.oid) == ("commit", "Add b", made.oid)


def test_its_author_and_writers_push_to_it_and_nobody_else(api, bob_api, hub, ada, repo):
    bob_api.upload_file(path_or_fileobj=b"1", path_in_repo="b.txt", repo_id=repo, create_pr=True)
    bob_api.upload_file(path_or_fileobj=b"2", path_in_repo="b.txt", repo_id=repo,
                        revision="refs/pr/1")
    api.upload_file(path_or_fileobj=b"3", path_in_repo="c.txt", repo_id=repo, revision="refs/pr/1")
    assert ada.get(f"/{repo}/raw/refs%2Fpr%2F1/b.txt").text == "2"
    assert [e.type for e in api.get_discussion_details(repo, 1).events].count("commit") == 3
    stranger = Wire(hub.url, CAROL)
    assert_error(stranger.commit(repo, add("d"), rev="refs%2Fpr%2F1"), 403, "Forbidden")
    assert_error(Wire(hub.url).commit(repo, add("d"), rev="refs%2Fpr%2F1"), 401)
    assert_error(Wire(hub.url, ADA_READ).commit(repo, add("d"), rev="refs%2Fpr%2F1"), 403)
    assert_error(ada.commit(repo, add("d"), rev="refs%2Fpr%2F2"), 404, "RevisionNotFound")


def test_git_pushes_to_it_as_the_api_does(hub, api, bob_api, ada, repo, tmp_path):
    bob_api.upload_file(path_or_fileobj=b"1", path_in_repo="b.txt", repo_id=repo, create_pr=True)
    work = Work.clone(hub, repo, tmp_path / "bob", BOB)
    work.run("fetch", "-q", "origin", "refs/pr/1")
    work.run("checkout", "-q", "FETCH_HEAD")
    work.commit({"b.txt": "2"}, "Second")
    last = work.commit({"c.txt": "3"}, "Third")
    work.push("origin", "HEAD:refs/pr/1")
    assert ada.get(f"/{repo}/raw/refs%2Fpr%2F1/b.txt").text == "2"
    commits = [e for e in api.get_discussion_details(repo, 1).events if e.type == "commit"]
    assert [c.summary for c in commits][1:] == ["Second", "Third"] and commits[-1].oid == last
    # It is the pull request that is theirs to push to, nothing else.
    for target, words in (("refs/heads/main", "right to write"), ("refs/heads/new", "right to write"),
                          ("refs/tags/v1", "right to write"), ("refs/pr/2", "no such pull request")):
        refused = work.push("origin", f"HEAD:{target}", check=False)
        assert refused.code == 1 and words in refused.err, (target, refused)
    refused = work.push("origin", ":refs/pr/1", check=False)
    assert refused.code == 1 and "closed on the hub" in refused.err
    assert ada.info(repo)["sha"] != last

    writer = Work.clone(hub, repo, tmp_path / "ada")
    writer.run("fetch", "-q", "origin", "refs/pr/1")
    writer.run("checkout", "-q", "FETCH_HEAD")
    writer.commit({"d.txt": "4"}, "From a writer")
    writer.push("origin", "HEAD:refs/pr/1")
    stranger = Work.clone(hub, repo, tmp_path / "carol", CAROL)
    stranger.commit({"e.txt": "5"}, "From a stranger")
    assert "403" in stranger.push("origin", "HEAD:refs/pr/1", check=False).err
    # One of their own opens nothing of another's.
    Wire(hub.url, CAROL).commit(repo, add("e.txt"), rev="main?create_pr=1").ok()
    refused = stranger.push("origin", "HEAD:refs/pr/1", "--force", check=False)
    assert refused.code == 1 and "right to write" in refused.err, refused
    bob_api.change_discussion_status(repo, 1, "closed")
    work.run("fetch", "-q", "origin", "refs/pr/1")
    work.run("checkout", "-q", "FETCH_HEAD")
    work.commit({"f.txt": "6"}, "Too late")
    assert "403" in work.push("origin", "HEAD:refs/pr/1", check=False).err
    refused = writer.push("origin", "HEAD~1:refs/pr/1", "--force", check=False)
    assert refused.code == 1 and "takes no commits" in refused.err, refused


def test_merging_brings_its_changes_to_the_branch(api, bob_api, ada, repo):
    ada.commit(repo, add("a.txt", b"one"), add("dir/gone.txt", b"x")).ok()
    bob_api.create_commit(
        repo, [CommitOperationAdd("README.md", b"---\nlicense: mit\n---\n# Hi\n"),
               CommitOperationAdd("dir/new/deep.txt", b"deep"),
               CommitOperationDelete("dir/gone.txt")],
        commit_message="Better files", create_pr=True)
    # The branch goes on meanwhile: another file, so nothing stands in the way.
    ada.commit(repo, add("later.txt", b"l")).ok()
    api.merge_pull_request(repo, 1, comment="Thanks")
    assert ada.paths(repo) == [".gitattributes", "README.md", "a.txt", "dir", "dir/new",
                               "dir/new/deep.txt", "later.txt"]
    info = ada.info(repo)
    assert info["cardData"] == {"license": "mit"} and "license:mit" in info["tags"]
    pr = api.get_discussion_details(repo, 1)
    assert pr.status == "merged" and pr.merge_commit_oid == info["sha"]
    assert [e.type for e in pr.events] == ["comment", "commit", "comment", "status-change"]
    head = ada.get(f"{api_of(repo)}/commits/main?limit=1").json[0]
    assert head["title"] == "Better files (#1)"
    assert "Co-authored-by: bob" in head["message"]
    # Merged stays merged.
    with pytest.raises(HfHubHTTPError):
        api.merge_pull_request(repo, 1)
    with pytest.raises(HfHubHTTPError):
        api.change_discussion_status(repo, 1, "open")
    assert_error(ada.commit(repo, add("x"), rev="refs%2Fpr%2F1"), 403, "PullRequestClosed")


def test_a_file_that_both_changed_is_a_conflict(api, bob_api, ada, repo):
    ada.commit(repo, add("a.txt", b"one"), add("same.txt", b"1")).ok()
    bob_api.create_commit(repo, [CommitOperationAdd("a.txt", b"two"),
                                 CommitOperationAdd("same.txt", b"2")],
                          commit_message="Change", create_pr=True)
    # The same change on both sides is none.
    ada.commit(repo, add("a.txt", b"three"), add("same.txt", b"2")).ok()
    assert api.get_discussion_details(repo, 1).conflicting_files == ["a.txt"]
    assert_error(ada.post(f"{api_of(repo)}/discussions/1/merge", None), 409, "MergeConflict", "a.txt")
    # The author resolves it by taking the branch's version.
    bob_api.upload_file(path_or_fileobj=b"three", path_in_repo="a.txt", repo_id=repo,
                        revision="refs/pr/1")
    assert api.get_discussion_details(repo, 1).conflicting_files is False
    api.merge_pull_request(repo, 1)
    assert ada.get(f"/{repo}/raw/main/a.txt").text == "three"


@pytest.mark.parametrize("theirs, ours, conflict", [
    (add("x/y"), add("x"), ["x/y"]),          # A file where a folder is to be.
    (add("x"), add("x/y"), ["x"]),            # And the other way round.
    (delete("base.txt"), add("base.txt", b"new"), ["base.txt"]),
    (add("base.txt", b"new"), delete("base.txt"), ["base.txt"]),
    (delete("base.txt"), delete("base.txt"), False),
    (add("only.txt"), add("other.txt"), False),
    (add("both.txt", b"1"), add("both.txt", b"2"), ["both.txt"]),
    (add("both.txt", b"1"), add("both.txt", b"1"), False),
])
def test_conflicts_are_found_file_by_file(api, hub, ada, repo, theirs, ours, conflict):
    ada.commit(repo, add("base.txt", b"base")).ok()
    Wire(hub.url, BOB).commit(repo, theirs, rev="main?create_pr=1").ok()
    ada.commit(repo, ours).ok()
    assert api.get_discussion_details(repo, 1).conflicting_files == conflict
    merged = ada.post(f"{api_of(repo)}/discussions/1/merge", None)
    assert merged.status == (409 if conflict else 200), repr(merged)
    assert status_of(api, repo, 1) == ("open" if conflict else "merged")


def test_large_files_come_with_it(api, bob, bob_api, ada, repo):
    content = b"\0large" * 1000
    uploaded = bob.upload_large(repo, content)
    made = bob.commit(repo, large("w.bin", uploaded), rev="main?create_pr=1").ok().json
    assert made["pullRequestUrl"].endswith(f"/{repo}/discussions/1")
    api.merge_pull_request(repo, 1)
    found = ada.get(f"/{repo}/resolve/main/w.bin").ok()
    assert sha256(found.body) == sha256(content)
    [entry] = [e for e in ada.get(f"{api_of(repo)}/tree/main").json if e["path"] == "w.bin"]
    assert entry["lfs"]["oid"] == sha256(content)


def test_upload_folder_as_a_pull_request(api, bob_api, ada, repo, tmp_path):
    for i in range(30):
        (tmp_path / f"f{i}.txt").write_text(str(i))
    bob_api.upload_folder(folder_path=tmp_path, repo_id=repo, create_pr=True,
                          commit_message="A folder")
    number = next(iter(api.get_repo_discussions(repo))).num
    assert len(ada.paths(repo, rev=f"refs%2Fpr%2F{number}")) == 31
    if status_of(api, repo, number) == "draft":
        bob_api.change_discussion_status(repo, number, "open")
    api.merge_pull_request(repo, number)
    assert len(ada.paths(repo)) == 31


def test_a_draft_has_its_ref_at_once(api, bob_api, ada, repo):
    head = ada.info(repo)["sha"]
    pr = bob_api.create_pull_request(repo, title="My idea", description="Soon.")
    assert pr.status == "draft" and pr.num == 1
    assert ada.get(f"{api_of(repo)}/revision/refs%2Fpr%2F1").ok().json["sha"] == head
    with pytest.raises(HfHubHTTPError, match="draft"):
        api.merge_pull_request(repo, 1)
    bob_api.upload_file(path_or_fileobj=b"1", path_in_repo="x", repo_id=repo, revision="refs/pr/1")
    bob_api.change_discussion_status(repo, 1, "open", comment="Ready")
    api.merge_pull_request(repo, 1)
    assert "x" in ada.paths(repo)


def test_one_without_changes_merges_into_what_is_there(api, ada, repo):
    head = ada.info(repo)["sha"]
    api.create_pull_request(repo, title="Nothing")
    api.change_discussion_status(repo, 1, "open")
    api.merge_pull_request(repo, 1)
    assert ada.info(repo)["sha"] == head
    assert api.get_discussion_details(repo, 1).merge_commit_oid == head


def test_who_may_and_on_what(hub, ada, bob, repo):
    private = repo + "-private"
    ada.create(private, private=True)
    assert_error(bob.commit(private, add("x"), rev="main?create_pr=1"), 404, "RepoNotFound")
    assert_error(Wire(hub.url).commit(repo, add("x"), rev="main?create_pr=1"), 401)
    assert_error(Wire(hub.url, ADA_READ).commit(repo, add("x"), rev="main?create_pr=1"), 403)
    for revision in ("nowhere", ada.info(repo)["sha"], "refs%2Fpr%2F1"):
        assert_error(bob.commit(repo, add("x"), rev=f"{revision}?create_pr=1"), 404,
                     "RevisionNotFound")
    assert_error(bob.post(f"{api_of(repo)}/discussions/1/merge", None), 403)
    bob.commit(repo, add("x"), rev="main?create_pr=1").ok()
    assert_error(bob.post(f"{api_of(repo)}/discussions/1/merge", None), 403, "Forbidden")
    ada("PUT", f"{api_of(repo)}/settings", json_body={"discussionsDisabled": True}).ok()
    assert_error(bob.commit(repo, add("y"), rev="main?create_pr=1"), 403, "DiscussionsDisabled")
    ada.commit(repo, add("y"), rev="main?create_pr=1").ok()


def test_gated_files_take_no_pull_request_from_strangers(ada, bob, repo):
    ada("PUT", f"{api_of(repo)}/settings", json_body={"gated": "manual"}).ok()
    assert_error(bob.commit(repo, add("x"), rev="main?create_pr=1"), 403, "GatedRepo")


def test_the_parent_is_the_base_and_need_not_be_the_head(ada, bob, api, repo):
    old = ada.info(repo)["sha"]
    ada.commit(repo, add("new.txt")).ok()
    bob.commit(repo, add("b.txt"), rev="main?create_pr=1", parentCommit=old).ok()
    assert ada.paths(repo, rev="refs%2Fpr%2F1") == [".gitattributes", "b.txt"]
    assert_error(bob.commit(repo, add("b.txt"), rev="main?create_pr=1", parentCommit="f" * 40),
                 404, "RevisionNotFound")
    api.merge_pull_request(repo, 1)
    assert ada.paths(repo) == [".gitattributes", "b.txt", "new.txt"]


def test_a_refused_one_leaves_nothing(ada, bob, repo):
    assert_error(bob.commit(repo, delete("missing"), rev="main?create_pr=1"), 404, "EntryNotFound")
    assert_error(bob.commit(repo, large("w", {"algo": "sha256", "oid": "a" * 64, "size": 1}),
                            rev="main?create_pr=1"), 422, "LfsObjectNotFound")
    found = ada.get(f"{api_of(repo)}/discussions").ok().json
    assert found["count"] == 0
    assert ada.get(f"{api_of(repo)}/refs?include_prs=1").json["pullRequests"] == []


def test_numbers_are_shared_and_never_given_twice(api, ada, bob, repo):
    assert api.create_discussion(repo, title="First").num == 1
    bob.commit(repo, add("x"), rev="main?create_pr=1").ok()
    ada("DELETE", f"{api_of(repo)}/discussions/2").ok()
    assert ada.get(f"{api_of(repo)}/refs?include_prs=1").json["pullRequests"] == []
    assert api.create_discussion(repo, title="Third").num == 3


def test_many_at_once_get_a_number_each(hub, ada, repo):
    from concurrent.futures import ThreadPoolExecutor

    def open_one(i):
        return Wire(hub.url, BOB).commit(repo, add(f"f{i}"), rev="main?create_pr=1").ok().json

    with ThreadPoolExecutor(8) as pool:
        urls = [made["pullRequestUrl"] for made in pool.map(open_one, range(16))]
    assert sorted(int(url.split("/")[-1]) for url in urls) == list(range(1, 17))
    for n in range(1, 17):
        assert len(ada.paths(repo, rev=f"refs%2Fpr%2F{n}")) == 2


def test_a_closed_ones_ref_can_be_dropped(ada, bob, repo):
    bob.commit(repo, add("x"), rev="main?create_pr=1").ok()
    assert_error(ada("DELETE", f"{api_of(repo)}/discussions/1/ref"), 409, "PullRequestOpen")
    bob.post(f"{api_of(repo)}/discussions/1/status", {"status": "closed"}).ok()
    ada("DELETE", f"{api_of(repo)}/discussions/1/ref").ok()
    assert_error(ada.get(f"{api_of(repo)}/revision/refs%2Fpr%2F1"), 404, "RevisionNotFound")
    assert ada.get(f"{api_of(repo)}/discussions/1").ok().json["status"] == "closed"


def test_it_survives_a_crash(own_hub):
    ada = Wire(own_hub.url, ADA)
    ada.create("ada/m")
    Wire(own_hub.url, BOB).commit("ada/m", add("x"), rev="main?create_pr=1").ok()
    own_hub.kill()
    own_hub.start()
    assert ada.paths("ada/m", rev="refs%2Fpr%2F1") == [".gitattributes", "x"]
    ada.post(f"{api_of('ada/m')}/discussions/1/merge", None).ok()
    own_hub.stop()
    own_hub.fsck()
    own_hub.start()
    assert "x" in ada.paths("ada/m")


def test_another_repository_of_the_same_name_has_none_of_them(own_hub):
    ada = Wire(own_hub.url, ADA)
    ada.create("ada/m")
    api = HfApi(endpoint=own_hub.url, token=ADA)
    api.create_discussion("ada/m", title="Talk")
    ada.commit("ada/m", add("x"), rev="main?create_pr=1").ok()
    ada.post(f"{api_of('ada/m')}/like", {}).ok()
    ada("DELETE", "/api/repos/delete", json_body={"name": "m", "organization": "ada"}).ok()
    ada.create("ada/m")
    assert ada.get(f"{api_of('ada/m')}/discussions").ok().json["count"] == 0
    assert ada.info("ada/m")["likes"] == 0
    with pytest.raises(BadRequestError):
        api.create_discussion("ada/m", title="x")
