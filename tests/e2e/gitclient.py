"""The real git as a person at a terminal has it: a home of its own, no prompts, no configuration."""

import os
import subprocess
import time

# Everything a test does is the same however the client speaks.
PROTOCOLS = ["0", "1", "2"]


class Git:
    def __init__(self, home):
        self.home = home
        home.mkdir(parents=True, exist_ok=True)

    def env(self, **more):
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        return {
            **inherited, "HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true", "LC_ALL": "C",
            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@hub.example",
            "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@hub.example",
            **more,
        }

    def __call__(self, *arguments, cwd=None, check=True, stdin="", protocol=None, **env):
        """@return the finished process; stdout and stderr as text."""
        options = ["-c", f"protocol.version={protocol}"] if protocol else []
        done = subprocess.run(
            ["git", *options, *map(str, arguments)], cwd=cwd or self.home, env=self.env(**env),
            input=stdin, capture_output=True, text=True, timeout=300)
        if check:
            assert done.returncode == 0, f"git {arguments}:\n{done.stdout}{done.stderr}"
        return done

    def out(self, *arguments, **more):
        return self(*arguments, **more).stdout.strip()

    def clone(self, url, folder, *options, **more):
        """@return the folder, whose objects the real git found sound."""
        self("clone", "--quiet", *options, url, folder, **more)
        self.fsck(folder)
        return folder

    def fsck(self, folder):
        done = self("fsck", "--strict", "--full", cwd=folder)
        # A partial clone's missing objects are promised, and no finding.
        assert "error" not in done.stderr and "missing" not in done.stdout, done.stdout + done.stderr

    def files(self, folder, rev="HEAD"):
        """@return path -> blob id of every file at a revision."""
        listing = self.out("ls-tree", "-r", "--full-tree", rev, cwd=folder)
        entries = (line.split(None, 3) for line in listing.splitlines())
        return {entry[3]: entry[2] for entry in entries}


def with_login(url, token, name="someone"):
    """The URL of a repository with credentials in it, as scripts have it."""
    return url.replace("http://", f"http://{name}:{token}@", 1)


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.01)


# ---- The protocol by hand, for what real clients never send ----

def pkt(line):
    data = line.encode() if isinstance(line, str) else line
    return b"%04x" % (len(data) + 4) + data


FLUSH, DELIM = b"0000", b"0001"


def packets(data):
    """@return the packets of an answer: bytes, or "flush", "delim", "end"."""
    out, at = [], 0
    while at < len(data):
        length = int(data[at:at + 4], 16)
        if length < 4:
            out.append(["flush", "delim", "end"][length])
            at += 4
        else:
            out.append(data[at + 4:at + length])
            at += length
    return out


def fetch_request(wants, protocol, haves=(), options=()):
    """The body of one request of git-upload-pack that is done negotiating."""
    if protocol == "2":
        return b"".join([pkt("command=fetch"), pkt("object-format=sha1"), DELIM,
                         *(pkt(o + "\n") for o in ("ofs-delta", *options)),
                         *(pkt(f"want {w}\n") for w in wants), *(pkt(f"have {h}\n") for h in haves),
                         pkt("done\n"), FLUSH])
    capabilities = " side-band-64k ofs-delta filter"
    return b"".join([*(pkt(f"want {w}{'' if i else capabilities}\n") for i, w in enumerate(wants)),
                     *(pkt(o + "\n") for o in options), FLUSH,
                     *(pkt(f"have {h}\n") for h in haves), pkt("done\n")])


def ask(wire, path, wants, protocol, **more):
    """@return the answer to a fetch by hand."""
    headers = {"Content-Type": "application/x-git-upload-pack-request"}
    if protocol != "0":
        headers["Git-Protocol"] = f"version={protocol}"
    return wire("POST", f"{path}/git-upload-pack", fetch_request(wants, protocol, **more),
                headers=headers)


def pack_of(answer):
    """@return the pack in an answer, however it was cut into packets."""
    return b"".join(p[1:] for p in packets(answer.body) if isinstance(p, bytes) and p[:1] == b"\1")


def refusal(answer):
    """@return git's words when it refuses within the protocol, None when it serves."""
    assert answer.status == 200, answer
    first = packets(answer.body)[0]
    return first[4:].decode().strip() if first[:4] == b"ERR " else None
