"""Random sequences of commits through the API and by git, force-pushes, branches, tags, squashes and
renames: every clone, and the API, show what a model in memory says."""

import copy
import os
import random

import pytest
from conftest import ADA
from git_work import Work
from wire import add, api_of, delete

DEEP = bool(os.environ.get("CAIRN_TEST_DEEP"))
STEPS = 400 if DEEP else 60
PATHS = ["a", "b.txt", "dir/a", "dir/deep/c", "ümlaut/ß.txt", "with space/x y"]


class Model:
    """Per branch the states of its files, oldest first, one per commit. Tags name one state."""

    def __init__(self, first):
        self.branches = {"main": [first]}
        self.tags = {}

    def changed(self, branch, changes, back=0):
        """Appends a commit, `back` commits before the tip: a force-push where that is not 0."""
        past = self.branches[branch][:len(self.branches[branch]) - back]
        after = dict(past[-1])
        for path, content in changes.items():
            if content is None:
                after.pop(path, None)
            else:
                after[path] = content
        self.branches[branch] = [*past, after]


class Player:
    """Does one thing after another to the hub and to the model."""

    def __init__(self, hub, ada, name, work, seeded):
        self.hub, self.ada, self.name, self.work, self.seeded = hub, ada, name, work, seeded
        attributes = ada.get(f"/{name}/raw/main/.gitattributes").ok().body
        self.model = Model({".gitattributes": attributes})
        self.count = 0

    def step(self):
        self.count += 1
        plays = [self.commit_by_api, self.commit_by_api, self.push, self.push, self.force_push,
                 self.branch, self.drop_branch, self.tag_by_api, self.tag_by_git, self.drop_tag,
                 self.squash, self.rename]
        play = self.seeded.choice(plays)
        play()
        return play.__name__

    def some_branch(self):
        return self.seeded.choice(sorted(self.model.branches))

    def changes(self, branch, back=0):
        """A file written anew, and sometimes another one deleted."""
        there = self.model.branches[branch][-1 - back]
        out = {self.seeded.choice(PATHS): f"{self.count} {self.seeded.random()}\n".encode()}
        gone = self.seeded.choice(PATHS)
        if gone in there and gone not in out and self.seeded.random() < 0.4:
            out[gone] = None
        return out

    def commit_by_api(self):
        branch = self.some_branch()
        changes = self.changes(branch)
        lines = [delete(p) if c is None else add(p, c) for p, c in changes.items()]
        self.ada.commit(self.name, *lines, rev=branch, summary=f"step {self.count}").ok()
        self.model.changed(branch, changes)

    def push(self, back=0):
        branch = self.some_branch()
        back = min(back, len(self.model.branches[branch]) - 1)
        changes = self.changes(branch, back)
        self.work("fetch", "-q", "origin")
        self.work("checkout", "-q", "-f", "-B", "here", f"refs/remotes/origin/{branch}~{back}")
        for path, content in changes.items():
            if content is None:
                self.work("rm", "-q", "--", path)
            else:
                self.work.write(path, content)
        self.work("add", "-A")
        self.work("commit", "-q", "-m", f"step {self.count}")
        force = ["--force"] if back else []
        self.work("push", "-q", *force, "origin", f"HEAD:refs/heads/{branch}")
        self.model.changed(branch, changes, back)

    def force_push(self):
        self.push(back=self.seeded.randrange(1, 4))

    def branch(self):
        start, name = self.some_branch(), f"branch-{self.count}"
        self.ada.post(f"{api_of(self.name)}/branch/{name}", {"startingPoint": start}).ok()
        self.model.branches[name] = copy.copy(self.model.branches[start])

    def drop_branch(self):
        others = sorted(set(self.model.branches) - {"main"})
        if not others:
            return self.branch()
        name = self.seeded.choice(others)
        if self.seeded.random() < 0.5:
            self.work("push", "-q", "origin", "--delete", f"refs/heads/{name}")
        else:
            self.ada("DELETE", f"{api_of(self.name)}/branch/{name}").ok()
        del self.model.branches[name]

    def tag_by_api(self):
        branch, name = self.some_branch(), f"tag-{self.count}"
        self.ada.post(f"{api_of(self.name)}/tag/{branch}", {"tag": name, "message": "said"}).ok()
        self.model.tags[name] = self.model.branches[branch][-1]

    def tag_by_git(self):
        branch, name = self.some_branch(), f"tag-{self.count}"
        self.work("fetch", "-q", "origin")
        self.work("tag", "-a", "-m", "said", name, f"refs/remotes/origin/{branch}")
        self.work("push", "-q", "origin", f"refs/tags/{name}")
        self.model.tags[name] = self.model.branches[branch][-1]

    def drop_tag(self):
        if not self.model.tags:
            return self.tag_by_git()
        name = self.seeded.choice(sorted(self.model.tags))
        self.work("push", "-q", "origin", "--delete", f"refs/tags/{name}")
        del self.model.tags[name]

    def squash(self):
        branch = self.some_branch()
        self.ada.post(f"{api_of(self.name)}/super-squash/{branch}", {}).ok()
        self.model.branches[branch] = [self.model.branches[branch][-1]]

    def rename(self):
        """The working folder goes on with the old address: git follows to the new one."""
        to = f"{self.name.rpartition('-')[0]}-{self.count}"
        self.ada.post("/api/repos/move", {"fromRepo": self.name, "toRepo": to, "type": "model"}).ok()
        self.name = to


def files_of(bare, ref):
    out = {}
    for line in bare("-c", "core.quotePath=false", "ls-tree", "-r", ref).splitlines():
        meta, path = line.split("\t", 1)
        out[path] = bare.run("cat-file", "blob", meta.split()[2]).out.encode()
    return out


def check(player, folder):
    model = player.model
    bare = Work.clone(player.hub, player.name, folder, ADA, "--mirror")
    bare("fsck", "--strict", "--full")
    refs = dict(reversed(line.split(" ")) for line in bare(
        "for-each-ref", "--format=%(objectname) %(refname)").splitlines())
    wanted = {f"refs/heads/{b}" for b in model.branches} | {f"refs/tags/{t}" for t in model.tags}
    assert {r for r in refs if r.startswith(("refs/heads/", "refs/tags/"))} == wanted
    for branch, states in model.branches.items():
        ref = f"refs/heads/{branch}"
        assert int(bare("rev-list", "--count", "--first-parent", ref)) == len(states), branch
        assert files_of(bare, ref) == states[-1], branch
        assert set(player.ada.paths(player.name, rev=branch)) == with_folders(states[-1]), branch
    for tag, state in model.tags.items():
        assert files_of(bare, f"refs/tags/{tag}") == state, tag


def with_folders(files):
    out = set(files)
    for path in files:
        parts = path.split("/")
        out |= {"/".join(parts[:i]) for i in range(1, len(parts))}
    return out


@pytest.mark.both_engines
@pytest.mark.parametrize("seed", range(3 if DEEP else 1))
def test_every_clone_is_what_the_model_says(hub, ada, repo_id, tmp_path, seed):
    seeded = random.Random(seed)
    name = f"{repo_id}-0"
    ada.create(name)
    work = Work.clone(hub, name, tmp_path / "work")
    player = Player(hub, ada, name, work, seeded)
    played = []
    for step in range(STEPS):
        played.append(player.step())
        if step % 12 == 11:
            try:
                check(player, tmp_path / f"clone-{step}")
            except AssertionError as problem:
                raise AssertionError(f"seed {seed}, after {', '.join(played)}") from problem
    assert {"push", "commit_by_api", "force_push", "squash", "rename"} <= set(played)
