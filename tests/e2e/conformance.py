"""What each public method of the newest published client does against this hub.

`CALLS` has one entry per method: a function that uses it and asserts what it gives. The outcome of
the call decides what docs/conformance.md says; `LATER` and `ELSEWHERE` say why for those that do not
work. test_conformance.py runs all of it and holds the document against it.
"""

from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationCopy

COLUMNS = "| method | state | |\n|---|---|---|\n"

# Methods that ask a fixed host of the public hub, or a service that is no part of a hub's API: what
# they do does not depend on this hub.
ELSEWHERE = {
    **dict.fromkeys(
        "list_inference_endpoints create_inference_endpoint create_inference_endpoint_from_catalog "
        "list_inference_catalog get_inference_endpoint update_inference_endpoint "
        "delete_inference_endpoint pause_inference_endpoint resume_inference_endpoint "
        "scale_to_zero_inference_endpoint list_inference_endpoints_hardware".split(),
        "asks the fixed host of Inference Endpoints"),
    "list_dataset_parquet_files": "asks the fixed host of the public dataset viewer",
}

# Where a method that does not work yet belongs (docs/plan.md).
LATER = {
    **dict.fromkeys(
        "add_space_secret delete_space_secret get_space_secrets add_space_variable "
        "delete_space_variable get_space_variables wait_for_space list_spaces_hardware "
        "get_zero_gpu_quota request_space_hardware set_space_sleep_time pause_space restart_space "
        "enable_space_dev_mode disable_space_dev_mode fetch_space_logs set_space_volumes "
        "delete_space_volumes list_space_templates".split(), "with compute: spaces run nowhere yet"),
    **dict.fromkeys(
        "run_job run_uv_job fetch_job_logs fetch_job_metrics list_jobs list_jobs_hardware inspect_job "
        "wait_for_job cancel_job update_job_labels rerun_job update_job_expose create_scheduled_job "
        "create_scheduled_uv_job list_scheduled_jobs inspect_scheduled_job delete_scheduled_job "
        "suspend_scheduled_job resume_scheduled_job trigger_scheduled_job "
        "update_scheduled_job_labels update_scheduled_job_schedule sync_job_volume".split(),
        "with compute: jobs"),
    **dict.fromkeys(
        "create_bucket bucket_info list_buckets delete_bucket move_bucket update_bucket_settings "
        "list_bucket_tree get_bucket_paths_info batch_bucket_files get_bucket_file_metadata "
        "download_bucket_files sync_bucket".split(), "with buckets"),
    **dict.fromkeys(
        "list_collections get_collection create_collection update_collection_metadata "
        "delete_collection update_collection_resource_group add_collection_item "
        "update_collection_item delete_collection_item".split(), "with community: collections"),
    **dict.fromkeys(
        "list_webhooks create_webhook get_webhook update_webhook delete_webhook enable_webhook "
        "disable_webhook".split(), "with community: webhooks"),
    **dict.fromkeys("list_papers paper_info read_paper list_daily_papers".split(),
                    "with community: papers"),
    "upload_attachment": "with community: attachments of discussions",
    "search_spaces": "with search by meaning",
    "get_dataset_leaderboard": "with evaluation results",
    "get_sharded_safetensors_metadata": "with weights: headers read by the hub",
}


def whoami(w):
    me = w.api.whoami()
    assert me["name"] == "ada" and me["type"] == "user"
    assert {o["name"] for o in me["orgs"]} == {"crew", "vault"}
    assert me["auth"]["accessToken"]["role"] == "write"


def infos(kind):
    def call(w):
        name = w.repo(kind)
        info = getattr(w.api, f"{kind}_info")(name)
        assert info.id == name and info.sha
        assert {s.rfilename for s in info.siblings} >= {".gitattributes", "a.txt", "dir/b.txt"}
    return call


def kernel_info(w):
    name = w.repo("kernel")
    assert w.api.kernel_info(name).id == name


def lists(kind):
    def call(w):
        name = w.repo(kind)
        found = getattr(w.api, f"list_{kind}s")(search=name.split("/")[1], author="ada")
        assert name in [one.id for one in found]
    return call


def list_repo_tree(w):
    entries = {e.path: e for e in w.api.list_repo_tree(w.repo(), recursive=True, expand=True)}
    assert set(entries) == {".gitattributes", "a.txt", "dir", "dir/b.txt"}
    assert entries["a.txt"].size == 3 and entries["a.txt"].last_commit.title == "Files"


def verify_repo_checksums(w):
    name = w.repo()
    folder = w.folder / name.replace("/", "-")
    w.api.snapshot_download(name, local_dir=folder)
    assert not w.api.verify_repo_checksums(name, local_dir=folder).mismatches


def create_commit(w):
    name = w.repo()
    w.api.create_commit(name, [CommitOperationCopy("a.txt", "copy.txt")], commit_message="Copy")
    assert w.paths(name) == {"a.txt", "dir/b.txt", "copy.txt"}


def preupload_lfs_files(w):
    name = w.repo()
    addition = CommitOperationAdd("w.bin", b"\0" * 5000)
    w.api.preupload_lfs_files(name, [addition])
    w.api.create_commit(name, [addition], commit_message="Large")
    assert "w.bin" in w.paths(name)


def upload_folder(w):
    name = w.repo(text=False)
    w.api.upload_folder(folder_path=w.files("x", "y/z"), repo_id=name)
    assert w.paths(name) == {"x", "y/z"}


def model_tags(w):
    w.with_card("model", "pipeline_tag: text-classification")
    assert "text-classification" in {tag["id"] for tag in w.api.get_model_tags()["pipeline_tag"]}


def dataset_tags(w):
    w.with_card("dataset", "task_categories: [translation]")
    assert "task_categories:translation" in {tag["id"] for tag in w.api.get_dataset_tags()["task_categories"]}


def after(name, change, expected):
    def call(w):
        repo = w.repo()
        change(w, repo)
        assert w.paths(repo) == expected, w.paths(repo)
    call.__name__ = name
    return call


def snapshot_download(w):
    folder = Path(w.api.snapshot_download(w.repo(), cache_dir=w.folder / "cache"))
    assert (folder / "dir/b.txt").read_text() == "two"


def hf_hub_download(w):
    path = w.api.hf_hub_download(w.repo(), "a.txt", cache_dir=w.folder / "cache")
    assert Path(path).read_text() == "one"


def refs(method, delete):
    def call(w):
        name = w.repo()
        kind = "branch" if "branch" in method else "tag"
        getattr(w.api, f"create_{kind}")(name, **{kind: "x"})
        found = getattr(w.api.list_repo_refs(name), "branches" if kind == "branch" else "tags")
        assert "x" in [ref.name for ref in found]
        if delete:
            getattr(w.api, f"delete_{kind}")(name, **{kind: "x"})
            found = getattr(w.api.list_repo_refs(name), "branches" if kind == "branch" else "tags")
            assert "x" not in [ref.name for ref in found]
    return call


def create_pull_request(w):
    name = w.repo()
    made = w.bob.create_pull_request(name, title="Mine")
    assert made.status == "draft" and made.is_pull_request


def merge_pull_request(w):
    name = w.repo()
    w.bob.upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=name, create_pr=True)
    w.api.merge_pull_request(name, 1)
    assert "x" in w.paths(name)


def get_discussion_details(w):
    name, number = w.talk()
    assert w.api.get_discussion_details(name, number).events[0].content == "first"


def get_repo_discussions(w):
    name, number = w.talk()
    assert [d.num for d in w.api.get_repo_discussions(name)] == [number]


def comments(change):
    def call(w):
        name, number = w.talk()
        change(w, name, number)
    return call


def edit_discussion_comment(w):
    name, number = w.talk()
    comment = w.bob.comment_discussion(name, number, "one")
    assert w.bob.edit_discussion_comment(name, number, comment.id, "two").content == "two"


def hide_discussion_comment(w):
    name, number = w.talk()
    comment = w.bob.comment_discussion(name, number, "one")
    assert w.api.hide_discussion_comment(name, number, comment.id).hidden


def requests(state):
    def call(w):
        name = w.asked(state)
        listed = getattr(w.api, f"list_{state or 'pending'}_access_requests")(name)
        assert [r.username for r in listed] == ["bob"]
    return call


def decided(method, state, before=None):
    def call(w):
        name = w.asked(before)
        more = {"rejection_reason": "Because"} if method.startswith("reject") else {}
        getattr(w.api, method)(name, "bob", **more)
        assert [r.username for r in getattr(w.api, f"list_{state}_access_requests")(name)] == ["bob"]
    return call


def grant_access(w):
    name = w.repo(gated=True)
    w.api.grant_access(name, "bob")
    w.bob.auth_check(name)


def list_liked_repos(w):
    from wire import Wire, api_of

    name = w.repo()
    Wire(w.api.endpoint, w.api.token).post(f"{api_of(name)}/like", {}).ok()
    assert name in w.api.list_liked_repos("ada").models
    return name


def list_repo_likers(w):
    assert [u.username for u in w.api.list_repo_likers(list_liked_repos(w))] == ["ada"]


def unlike(w):
    name = list_liked_repos(w)
    w.api.unlike(name)
    assert list(w.api.list_repo_likers(name)) == []


def super_squash_history(w):
    name = w.repo()
    w.api.super_squash_history(name)
    assert len(w.api.list_repo_commits(name)) == 1


def lfs_repo(w):
    name = w.repo()
    w.api.upload_file(path_or_fileobj=b"\0" * 9000, path_in_repo="w.bin", repo_id=name)
    return name


def list_lfs_files(w):
    [file] = w.api.list_lfs_files(lfs_repo(w))
    assert file.filename == "w.bin" and file.size == 9000


def permanently_delete_lfs_files(w):
    name = lfs_repo(w)
    w.api.permanently_delete_lfs_files(name, w.api.list_lfs_files(name))
    assert list(w.api.list_lfs_files(name)) == []


def duplicate_repo(w):
    name, target = w.repo(), w.name()
    w.api.duplicate_repo(name, target)
    assert w.paths(target) == {"a.txt", "dir/b.txt"}


def move_repo(w):
    name, target = w.repo(), w.name()
    w.api.move_repo(name, target)
    assert w.api.model_info(name).id == target


def delete_repo(w):
    name = w.repo()
    w.api.delete_repo(name)
    assert not w.api.repo_exists(name)


def update_repo_settings(w):
    name = w.repo()
    w.api.update_repo_settings(name, visibility="private")
    assert w.api.model_info(name).private


def run_as_future(w):
    assert w.api.run_as_future(w.api.whoami).result()["name"] == "ada"


def copy_files(w):
    source, target = w.repo(), w.repo(text=False)
    w.api.copy_files(f"hf://{source}/a.txt", f"hf://{target}/b.txt")
    assert w.paths(target) == {"b.txt"}


def resolve_revision(w):
    name = w.repo()
    sha = w.api.model_info(name).sha
    assert sha in repr(w.api.resolve_revision(name, revision="main"))


def true(value):
    assert value, value


def asserts(check):
    """For one line: a call whose value is true."""
    return lambda w: true(check(w))


CALLS = {
    "whoami": whoami,
    "run_as_future": run_as_future,
    "get_full_repo_name": asserts(lambda w: w.api.get_full_repo_name("x") == "ada/x"),
    "auth_check": lambda w: w.api.auth_check(w.repo(), write=True),
    # Repositories
    "create_repo": asserts(lambda w: w.api.create_repo(w.name()).repo_id.startswith("ada/")),
    "delete_repo": delete_repo,
    "move_repo": move_repo,
    "update_repo_settings": update_repo_settings,
    "duplicate_repo": duplicate_repo,
    "model_info": infos("model"), "dataset_info": infos("dataset"), "space_info": infos("space"),
    "kernel_info": kernel_info,
    "repo_info": asserts(lambda w: w.api.repo_info(w.repo("dataset"), repo_type="dataset").sha),
    "repo_exists": asserts(lambda w: w.api.repo_exists(w.repo()) and not w.api.repo_exists(w.name())),
    "revision_exists": asserts(lambda w: not w.api.revision_exists(w.repo(), "nowhere")),
    "resolve_revision": resolve_revision,
    "list_models": lists("model"), "list_datasets": lists("dataset"), "list_spaces": lists("space"),
    "list_user_repos": asserts(lambda w: w.repo() in [r.id for r in w.api.list_user_repos()]),
    # Files
    "file_exists": asserts(lambda w: w.api.file_exists(w.repo(), "a.txt")),
    "get_hf_file_metadata": asserts(lambda w: w.api.get_hf_file_metadata(
        url=f"{w.api.endpoint}/{w.repo()}/resolve/main/a.txt").size == 3),
    "list_repo_tree": list_repo_tree,
    "list_repo_files": asserts(lambda w: "dir/b.txt" in w.api.list_repo_files(w.repo())),
    "verify_repo_checksums": verify_repo_checksums,
    "get_paths_info": asserts(lambda w: [p.path for p in w.api.get_paths_info(
        w.repo(), ["a.txt", "missing"])] == ["a.txt"]),
    "list_repo_refs": asserts(lambda w: w.api.list_repo_refs(w.repo()).branches[0].name == "main"),
    "list_repo_commits": asserts(lambda w: [c.title for c in w.api.list_repo_commits(w.repo())] == [
        "Files", "initial commit"]),
    "create_commit": create_commit,
    "preupload_lfs_files": preupload_lfs_files,
    "upload_file": after("upload_file", lambda w, r: w.api.upload_file(
        path_or_fileobj=b"x", path_in_repo="x", repo_id=r), {"a.txt", "dir/b.txt", "x"}),
    "upload_folder": upload_folder,
    "delete_file": after("delete_file", lambda w, r: w.api.delete_file("a.txt", r), {"dir/b.txt"}),
    "delete_files": after("delete_files", lambda w, r: w.api.delete_files(r, ["dir/*"]), {"a.txt"}),
    "delete_folder": after("delete_folder", lambda w, r: w.api.delete_folder("dir", r), {"a.txt"}),
    "copy_files": copy_files,
    "hf_hub_download": hf_hub_download,
    "snapshot_download": snapshot_download,
    "get_safetensors_metadata": asserts(
        lambda w: w.api.get_safetensors_metadata(w.weights()).parameter_count == {"F32": 7}),
    "parse_safetensors_file_metadata": asserts(lambda w: w.api.parse_safetensors_file_metadata(
        w.weights(), "model.safetensors").parameter_count == {"F32": 7}),
    "get_sharded_safetensors_metadata": lambda w: w.api.get_sharded_safetensors_metadata(w.weights()),
    "create_branch": refs("branch", False), "delete_branch": refs("branch", True),
    "create_tag": refs("tag", False), "delete_tag": refs("tag", True),
    "super_squash_history": super_squash_history,
    "list_lfs_files": list_lfs_files,
    "permanently_delete_lfs_files": permanently_delete_lfs_files,
    # Community
    "get_repo_discussions": get_repo_discussions,
    "get_discussion_details": get_discussion_details,
    "create_discussion": asserts(lambda w: w.talk()[1] == 1),
    "create_pull_request": create_pull_request,
    "comment_discussion": comments(
        lambda w, r, n: true(w.api.comment_discussion(r, n, "hello").content == "hello")),
    "rename_discussion": comments(
        lambda w, r, n: true(w.api.rename_discussion(r, n, "New title").new_title == "New title")),
    "change_discussion_status": comments(
        lambda w, r, n: true(w.api.change_discussion_status(r, n, "closed").new_status == "closed")),
    "edit_discussion_comment": edit_discussion_comment,
    "hide_discussion_comment": hide_discussion_comment,
    "merge_pull_request": merge_pull_request,
    "upload_attachment": lambda w: w.api.upload_attachment(w.files("a.png") / "a.png"),
    "list_liked_repos": list_liked_repos, "list_repo_likers": list_repo_likers, "unlike": unlike,
    "list_pending_access_requests": requests(None),
    "list_accepted_access_requests": requests("accepted"),
    "list_rejected_access_requests": requests("rejected"),
    "accept_access_request": decided("accept_access_request", "accepted"),
    "reject_access_request": decided("reject_access_request", "rejected"),
    "cancel_access_request": decided("cancel_access_request", "pending", before="accepted"),
    "grant_access": grant_access,
    "get_user_overview": asserts(lambda w: w.api.get_user_overview("ada").fullname == "Ada"),
    "get_organization_overview": asserts(
        lambda w: w.api.get_organization_overview("crew").num_users == 4),
    "list_organization_members": asserts(
        lambda w: len(list(w.api.list_organization_members("crew"))) == 4),
    "list_organization_followers": lambda w: list(w.api.list_organization_followers("crew")),
    "list_user_followers": lambda w: list(w.api.list_user_followers("ada")),
    "list_user_following": lambda w: list(w.api.list_user_following("ada")),
    "get_model_tags": model_tags,
    "get_dataset_tags": dataset_tags,
    "get_dataset_leaderboard": lambda w: w.api.get_dataset_leaderboard(w.repo("dataset")),
    "search_spaces": lambda w: list(w.api.search_spaces("a")),
    "list_collections": lambda w: list(w.api.list_collections(owner="ada")),
    "get_collection": lambda w: w.api.get_collection("ada/x-" + "0" * 24),
    "create_collection": lambda w: w.api.create_collection("x"),
    "update_collection_metadata": lambda w: w.api.update_collection_metadata("ada/x-" + "0" * 24, title="y"),
    "delete_collection": lambda w: w.api.delete_collection("ada/x-" + "0" * 24),
    "update_collection_resource_group": lambda w: w.api.update_collection_resource_group(
        "ada/x-" + "0" * 24, resource_group_id=None),
    "add_collection_item": lambda w: w.api.add_collection_item("ada/x-" + "0" * 24, "ada/m", "model"),
    "update_collection_item": lambda w: w.api.update_collection_item("ada/x-" + "0" * 24, "0" * 24, note="n"),
    "delete_collection_item": lambda w: w.api.delete_collection_item("ada/x-" + "0" * 24, "0" * 24),
    "list_webhooks": lambda w: w.api.list_webhooks(),
    "create_webhook": lambda w: w.api.create_webhook(url="http://127.0.0.1:9/x", watched=[
        {"type": "user", "name": "ada"}]),
    "get_webhook": lambda w: w.api.get_webhook("0" * 24),
    "update_webhook": lambda w: w.api.update_webhook("0" * 24, url="http://127.0.0.1:9/x"),
    "delete_webhook": lambda w: w.api.delete_webhook("0" * 24),
    "enable_webhook": lambda w: w.api.enable_webhook("0" * 24),
    "disable_webhook": lambda w: w.api.disable_webhook("0" * 24),
    "list_papers": lambda w: list(w.api.list_papers(query="x")),
    "paper_info": lambda w: w.api.paper_info("2401.00001"),
    "read_paper": lambda w: w.api.read_paper("2401.00001"),
    "list_daily_papers": lambda w: list(w.api.list_daily_papers()),
    # Spaces
    "get_space_runtime": asserts(lambda w: w.api.get_space_runtime(w.repo("space")).stage == "STOPPED"),
    "wait_for_space": lambda w: w.api.wait_for_space(w.repo("space"), timeout=1),
    "list_space_templates": lambda w: w.api.list_space_templates(),
    "add_space_secret": lambda w: w.api.add_space_secret(w.repo("space"), "K", "v"),
    "delete_space_secret": lambda w: w.api.delete_space_secret(w.repo("space"), "K"),
    "get_space_secrets": lambda w: w.api.get_space_secrets(w.repo("space")),
    "add_space_variable": lambda w: w.api.add_space_variable(w.repo("space"), "K", "v"),
    "delete_space_variable": lambda w: w.api.delete_space_variable(w.repo("space"), "K"),
    "get_space_variables": lambda w: w.api.get_space_variables(w.repo("space")),
    "list_spaces_hardware": lambda w: w.api.list_spaces_hardware(),
    "get_zero_gpu_quota": lambda w: w.api.get_zero_gpu_quota(),
    "request_space_hardware": lambda w: w.api.request_space_hardware(w.repo("space"), "cpu-basic"),
    "set_space_sleep_time": lambda w: w.api.set_space_sleep_time(w.repo("space"), 60),
    "pause_space": lambda w: w.api.pause_space(w.repo("space")),
    "restart_space": lambda w: w.api.restart_space(w.repo("space")),
    "enable_space_dev_mode": lambda w: w.api.enable_space_dev_mode(w.repo("space")),
    "disable_space_dev_mode": lambda w: w.api.disable_space_dev_mode(w.repo("space")),
    "fetch_space_logs": lambda w: list(w.api.fetch_space_logs(w.repo("space"))),
    "set_space_volumes": lambda w: w.api.set_space_volumes(w.repo("space"), []),
    "delete_space_volumes": lambda w: w.api.delete_space_volumes(w.repo("space")),
    # Jobs
    "run_job": lambda w: w.api.run_job(image="python:3.12", command=["true"]),
    "run_uv_job": lambda w: w.api.run_uv_job("print(1)"),
    "fetch_job_logs": lambda w: list(w.api.fetch_job_logs(job_id="0" * 24)),
    "fetch_job_metrics": lambda w: list(w.api.fetch_job_metrics(job_id="0" * 24)),
    "list_jobs": lambda w: list(w.api.list_jobs()),
    "list_jobs_hardware": lambda w: w.api.list_jobs_hardware(),
    "inspect_job": lambda w: w.api.inspect_job(job_id="0" * 24),
    "wait_for_job": lambda w: w.api.wait_for_job(job_id="0" * 24, timeout=1),
    "cancel_job": lambda w: w.api.cancel_job(job_id="0" * 24),
    "update_job_labels": lambda w: w.api.update_job_labels(job_id="0" * 24, labels={}),
    "rerun_job": lambda w: w.api.rerun_job(job_id="0" * 24),
    "update_job_expose": lambda w: w.api.update_job_expose(job_id="0" * 24, expose=[80]),
    "create_scheduled_job": lambda w: w.api.create_scheduled_job(
        image="python:3.12", command=["true"], schedule="@daily"),
    "create_scheduled_uv_job": lambda w: w.api.create_scheduled_uv_job("print(1)", schedule="@daily"),
    "list_scheduled_jobs": lambda w: list(w.api.list_scheduled_jobs()),
    "inspect_scheduled_job": lambda w: w.api.inspect_scheduled_job(scheduled_job_id="0" * 24),
    "delete_scheduled_job": lambda w: w.api.delete_scheduled_job(scheduled_job_id="0" * 24),
    "suspend_scheduled_job": lambda w: w.api.suspend_scheduled_job(scheduled_job_id="0" * 24),
    "resume_scheduled_job": lambda w: w.api.resume_scheduled_job(scheduled_job_id="0" * 24),
    "trigger_scheduled_job": lambda w: w.api.trigger_scheduled_job(scheduled_job_id="0" * 24),
    "update_scheduled_job_labels": lambda w: w.api.update_scheduled_job_labels(
        scheduled_job_id="0" * 24, labels={}),
    "update_scheduled_job_schedule": lambda w: w.api.update_scheduled_job_schedule(
        scheduled_job_id="0" * 24, schedule="@daily"),
    "sync_job_volume": lambda w: w.api.sync_job_volume(w.files("x"), "/data"),
    # Buckets
    "create_bucket": lambda w: w.api.create_bucket("ada/b"),
    "bucket_info": lambda w: w.api.bucket_info("ada/b"),
    "list_buckets": lambda w: list(w.api.list_buckets()),
    "delete_bucket": lambda w: w.api.delete_bucket("ada/b"),
    "move_bucket": lambda w: w.api.move_bucket("ada/b", "ada/c"),
    "update_bucket_settings": lambda w: w.api.update_bucket_settings("ada/b", private=True),
    "list_bucket_tree": lambda w: list(w.api.list_bucket_tree("ada/b")),
    "get_bucket_paths_info": lambda w: list(w.api.get_bucket_paths_info("ada/b", ["x"])),
    "batch_bucket_files": lambda w: w.api.batch_bucket_files("ada/b", delete=["x"]),
    "get_bucket_file_metadata": lambda w: w.api.get_bucket_file_metadata("ada/b", "x"),
    "download_bucket_files": lambda w: w.api.download_bucket_files("ada/b", [("x", w.folder / "x")]),
    "sync_bucket": lambda w: w.api.sync_bucket(str(w.files("x")), "hf://buckets/ada/b"),
}
