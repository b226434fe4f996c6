"""A clone that the real git works in, as a person on a terminal would."""

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from conftest import ADA


def git_env(home, **more):
    """Nothing of the machine's own configuration, no prompts, names that are not the tests' user."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@hub.example",
        "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@hub.example",
        "LC_ALL": "C.UTF-8",
        "NO_PROXY": "127.0.0.1,localhost",
        **more,
    }


def git_url(hub, repo, token=ADA, user="ada"):
    parts = urlsplit(hub.url)
    credentials = f"{user}:{token}@" if token else ""
    return f"{parts.scheme}://{credentials}{parts.netloc}/{repo}"


class Done:
    def __init__(self, process):
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def __repr__(self):
        return f"<exit {self.code}\n{self.out}\n{self.err}>"


class Work:
    """A working folder. Each call is one `git` command; failures fail the test unless asked for."""

    def __init__(self, folder, home):
        self.folder, self.home = Path(folder), Path(home)

    @classmethod
    def clone(cls, hub, repo, folder, token=ADA, *arguments):
        folder = Path(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = cls(folder, folder.parent)
        work.run("clone", "-q", *arguments, git_url(hub, repo, token), str(folder),
                 cwd=folder.parent)
        return work

    def run(self, *arguments, check=True, cwd=None, stdin=None, env=None):
        done = Done(subprocess.run(
            ["git", *map(str, arguments)], cwd=cwd or self.folder,
            env=git_env(self.home, **(env or {})), input=stdin, capture_output=True, text=True,
            timeout=300))
        if check:
            assert done.code == 0, f"git {' '.join(map(str, arguments))}: {done}"
        return done

    def __call__(self, *arguments):
        """@return what git printed, without the end of its last line."""
        return self.run(*arguments).out.rstrip("\n")

    def write(self, path, content):
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            target.write_bytes(content)
        else:
            target.write_text(content)
        return target

    def commit(self, files, message="change"):
        """Writes files, commits all. @return the commit's id."""
        for path, content in files.items():
            self.write(path, content)
        self.run("add", "-A")
        self.run("commit", "-q", "-m", message)
        return self("rev-parse", "HEAD")

    def push(self, *arguments, check=True):
        return self.run("push", *arguments, check=check)
