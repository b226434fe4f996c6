"""Discussions as the published client uses them."""

import pytest
from conftest import ADA, ADA_READ, CAROL
from huggingface_hub import HfApi
from huggingface_hub.errors import BadRequestError, HfHubHTTPError
from wire import PUBLIC_ID, TIME, Wire, add, api_of, assert_error

pytestmark = pytest.mark.both_engines


def test_opening_and_reading_one(bob_api, anonymous_api, repo):
    made = bob_api.create_discussion(repo, title="  A question ", description="How?\n\nReally.")
    assert (made.num, made.title, made.author, made.status) == (1, "A question", "bob", "open")
    assert not made.is_pull_request and made.target_branch is None
    read = anonymous_api.get_discussion_details(repo, 1)
    [comment] = read.events
    assert comment.content == "How?\n\nReally." and not comment.edited and not comment.hidden
    assert read.url == f"{anonymous_api.endpoint}/{repo}/discussions/1"
    assert read.created_at.tzinfo


def test_talking(api, bob_api, repo):
    bob_api.create_discussion(repo, title="A question")
    comment = api.comment_discussion(repo, 1, "An answer")
    assert comment.author == "ada" and PUBLIC_ID.fullmatch(comment.id)
    edited = api.edit_discussion_comment(repo, 1, comment.id, "A better answer")
    assert edited.edited and edited.content == "A better answer"
    assert edited.number_of_edits == 1 and edited.last_edited_by == "ada"
    [before] = edited.edit_history
    assert before["raw"] == "An answer"
    renamed = bob_api.rename_discussion(repo, 1, "The question")
    assert (renamed.old_title, renamed.new_title) == ("A question", "The question")
    closed = bob_api.change_discussion_status(repo, 1, "closed", comment="Solved")
    assert closed.new_status == "closed"
    assert api.change_discussion_status(repo, 1, "open").new_status == "open"
    types = [e.type for e in api.get_discussion_details(repo, 1).events]
    assert types == ["comment", "comment", "title-change", "comment", "status-change",
                     "status-change"]


def test_a_hidden_comment_is_gone_for_good(api, bob_api, ada, repo):
    bob_api.create_discussion(repo, title="A question")
    comment = bob_api.comment_discussion(repo, 1, "SECRET ONE")
    bob_api.edit_discussion_comment(repo, 1, comment.id, "SECRET TWO")
    hidden = api.hide_discussion_comment(repo, 1, comment.id)
    assert hidden.hidden and hidden.content == ""
    text = ada.get(f"{api_of(repo)}/discussions/1").ok().text
    assert "SECRET" not in text and '"hiddenBy":"ada"' in text
    with pytest.raises(HfHubHTTPError):
        bob_api.edit_discussion_comment(repo, 1, comment.id, "back")


def test_who_may_what(hub, api, bob_api, repo):
    bob_api.create_discussion(repo, title="A question")
    mine = bob_api.comment_discussion(repo, 1, "mine")
    carol, a = Wire(hub.url, CAROL), f"{api_of(repo)}/discussions/1"
    for method, target, body in [
        ("POST", f"{a}/title", {"title": "Other"}), ("POST", f"{a}/status", {"status": "closed"}),
        ("POST", f"{a}/comment/{mine.id}/edit", {"content": "x"}),
        ("POST", f"{a}/comment/{mine.id}/hide", {}), ("POST", f"{a}/pin", {"pinned": True}),
        ("DELETE", a, None), ("DELETE", f"{a}/ref", None),
    ]:
        assert_error(carol(method, target, json_body=body), 403, "Forbidden")
        assert_error(Wire(hub.url)(method, target, json_body=body), 401)
        assert_error(Wire(hub.url, ADA_READ)(method, target, json_body=body), 403)
    # The author of a comment edits it, the owner of the repository does not.
    with pytest.raises(HfHubHTTPError, match="403"):
        api.edit_discussion_comment(repo, 1, mine.id, "x")
    carol.post(f"{a}/comment", {"comment": "me too"}).ok()
    assert_error(Wire(hub.url).post(f"{a}/comment", {"comment": "x"}), 401)
    assert_error(Wire(hub.url, ADA_READ).post(f"{a}/comment", {"comment": "x"}), 403)
    assert_error(Wire(hub.url).post(f"{api_of(repo)}/discussions",
                                     {"title": "abc", "description": "d"}), 401)


def test_lists_filter_and_page(api, bob_api, ada, repo):
    for i in range(60):
        ada.post(f"{api_of(repo)}/discussions",
                 {"title": f"Talk {i}", "description": "d", "pullRequest": False}).ok()
    bob_api.create_discussion(repo, title="About Weights")
    Wire(ada.url, bob_api.token).commit(repo, add("x"), rev="main?create_pr=1").ok()
    api.change_discussion_status(repo, 61, "closed")
    every = list(api.get_repo_discussions(repo))
    assert [d.num for d in every] == list(range(62, 0, -1))
    assert [d.num for d in api.get_repo_discussions(repo, author="bob")] == [62, 61]
    assert [d.num for d in api.get_repo_discussions(repo, discussion_status="closed")] == [61]
    assert [d.num for d in api.get_repo_discussions(repo, discussion_type="pull_request")] == [62]
    assert len(list(api.get_repo_discussions(repo, discussion_type="discussion",
                                             discussion_status="open"))) == 60
    assert list(api.get_repo_discussions(repo, author="nobody-here")) == []
    page = ada.get(f"{api_of(repo)}/discussions?p=1").ok().json
    assert (page["start"], page["count"], len(page["discussions"])) == (50, 62, 12)
    assert page["numClosedDiscussions"] == 1
    found = ada.get(f"{api_of(repo)}/discussions?search=weiGHts").ok().json
    assert [d["num"] for d in found["discussions"]] == [61]
    assert ada.get(f"{api_of(repo)}/discussions?search=%25").ok().json["count"] == 0
    one = page["discussions"][0]
    assert one["repo"] == {"name": repo, "type": "model"} and TIME.fullmatch(one["createdAt"])
    assert one["author"]["name"] == "ada" and one["author"]["avatarUrl"].startswith("http")


@pytest.mark.parametrize("body", [
    {"title": "ab", "description": "d"}, {"title": "x" * 201, "description": "d"},
    {"title": "a title", "description": "x" * 65537}, {"title": "a title", "description": " "},
    {"title": "two\nlines", "description": "d"}, {"description": "d"}, {"title": 7},
])
def test_what_is_no_discussion(ada, repo, body):
    assert_error(ada.post(f"{api_of(repo)}/discussions", body), (400, 422))
    assert ada.get(f"{api_of(repo)}/discussions").json["count"] == 0


def test_titles_are_counted_in_characters(api, repo):
    title = "ä" * 200
    assert api.create_discussion(repo, title=title).title == title
    with pytest.raises(BadRequestError):
        api.create_discussion(repo, title=title + "ä")


def test_what_is_not_there(ada, repo):
    a = f"{api_of(repo)}/discussions"
    for number in ("1", "0", "-1", "x", "99999999999999999999"):
        assert_error(ada.get(f"{a}/{number}"), 404, "DiscussionNotFound")
    ada.post(a, {"title": "abc", "description": "d"}).ok()
    assert_error(ada.post(f"{a}/1/comment/{'0' * 24}/edit", {"content": "x"}), 404,
                 "CommentNotFound")
    assert_error(ada.post(f"{a}/1/comment/nonsense/hide", {}), 400)
    assert_error(ada.post(f"{a}/1/status", {"status": "merged"}), 400, "InvalidDiscussion")
    assert_error(ada.post(f"{a}/1/merge", None), 400, "InvalidDiscussion")
    for query in ("p=x", "p=-1", "type=report", "status=draft"):
        assert_error(ada.get(f"{a}?{query}"), 400, "InvalidQuery")


def test_a_comment_of_another_discussion_is_not_found(api, ada, repo):
    api.create_discussion(repo, title="First")
    api.create_discussion(repo, title="Second")
    comment = api.comment_discussion(repo, 1, "in the first")
    assert_error(ada.post(f"{api_of(repo)}/discussions/2/comment/{comment.id}/edit",
                          {"content": "x"}), 404, "CommentNotFound")


def test_disabled_ones_are_read_but_not_written(ada, bob, repo):
    bob.post(f"{api_of(repo)}/discussions", {"title": "abc", "description": "d"}).ok()
    ada("PUT", f"{api_of(repo)}/settings", json_body={"discussionsDisabled": True}).ok()
    assert bob.get(f"{api_of(repo)}/discussions").ok().json["count"] == 1
    assert_error(bob.post(f"{api_of(repo)}/discussions", {"title": "abc", "description": "d"}), 403,
                 "DiscussionsDisabled")
    assert_error(bob.post(f"{api_of(repo)}/discussions/1/comment", {"comment": "x"}), 403,
                 "DiscussionsDisabled")
    ada.post(f"{api_of(repo)}/discussions/1/comment", {"comment": "x"}).ok()


def test_they_move_with_the_repository(api, ada, repo):
    api.create_discussion(repo, title="Talk")
    moved = repo + "-moved"
    api.move_repo(repo, moved)
    assert ada.get(f"{api_of(moved)}/discussions/1").ok().json["title"] == "Talk"
    redirect = ada.get(f"{api_of(repo)}/discussions/1")
    assert redirect.status == 307 and redirect["Location"] == f"{api_of(moved)}/discussions/1"


def test_every_kind_has_them(hub, ada, repo_id):
    for kind in ("dataset", "space", "kernel"):
        ada.create(repo_id, kind=kind)
        ada.post(f"{api_of(repo_id, kind)}/discussions", {"title": "abc", "description": "d"}).ok()
        found = ada.get(f"{api_of(repo_id, kind)}/discussions/1").ok().json
        assert found["repo"] == {"name": repo_id, "type": kind}
    dataset = HfApi(endpoint=hub.url, token=ADA).get_discussion_details(
        repo_id, 1, repo_type="dataset")
    assert dataset.repo_type == "dataset"


def test_deleted_authors_are_left_out_not_null(own_hub):
    ada = Wire(own_hub.url, ADA)
    ada.create("ada/m")
    Wire(own_hub.url, CAROL).post(f"{api_of('ada/m')}/discussions",
                                  {"title": "abc", "description": "d"}).ok()
    own_hub.run("admin", "user", "delete", "carol", "--yes")
    found = ada.get(f"{api_of('ada/m')}/discussions/1").ok().json
    assert "author" not in found and "author" not in found["events"][0]
    api = HfApi(endpoint=own_hub.url, token=ADA)
    assert api.get_discussion_details("ada/m", 1).author == "deleted"
    assert [d.author for d in api.get_repo_discussions("ada/m")] == ["deleted"]
