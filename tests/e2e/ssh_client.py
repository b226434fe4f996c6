"""OpenSSH's client with a key of its own, and git and git-lfs that use it and nothing else."""

import subprocess
from urllib.parse import urlsplit

from gitclient import DELIM, FLUSH, Git, pkt
from wire import sha256, web_of


class Ssh:
    """A person's key, and git that uses it and nothing else."""

    def __init__(self, folder, server, kind="ed25519", *options):
        folder.mkdir(parents=True)
        self.folder, self.server = folder, server
        self.key = folder / "id"
        subprocess.run(["ssh-keygen", "-q", "-t", kind, *options, "-N", "", "-C", f"{folder.name}@laptop",
                        "-f", self.key], check=True)
        address = urlsplit(server["url"])
        self.user, self.host, self.port = address.username, address.hostname, address.port
        known = folder / "known_hosts"
        known.write_text("".join(f"[{self.host}]:{self.port} {key['publicKey']}\n" for key in server["hostKeys"]))
        self.options = ["-F", "/dev/null", "-i", str(self.key), "-o", "IdentitiesOnly=yes",
                        "-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes",
                        "-o", "BatchMode=yes", "-o", "ConnectTimeout=20"]
        self.git = Git(folder / "home")
        self.env = {"GIT_SSH_COMMAND": " ".join(["ssh", *self.options])}

    @property
    def public(self):
        return (self.folder / "id.pub").read_text()

    def url(self, name, kind="model"):
        return self.server["url"] + web_of(name, kind).lstrip("/")

    def command(self, *words, options=()):
        return ["ssh", *options, *self.options, "-p", str(self.port), f"{self.user}@{self.host}", *words]

    def run(self, *words, stdin=b""):
        return subprocess.run(self.command(*words), input=stdin, capture_output=True, timeout=60)

    def start(self, *words):
        return subprocess.Popen(self.command(*words), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def __call__(self, *arguments, **more):
        return self.git(*arguments, **{**self.env, **more})


def workers_of(pid):
    """The processes that serve SSH for the hub with this number."""
    out = subprocess.run(["ps", "--ppid", str(pid), "-o", "pid=,args="], capture_output=True, text=True).stdout
    return [int(line.split()[0]) for line in out.splitlines() if "ssh-worker" in line]


class Transfer:
    """git-lfs-transfer by hand, for what git-lfs never says."""

    def __init__(self, ssh, repo, operation):
        self.process = ssh.start(f"git-lfs-transfer '{repo}.git' {operation}")
        self.hello = self.read()

    def send(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def read(self):
        """@return the packets of one answer, without its flush."""
        out = []
        while True:
            head = self.process.stdout.read(4)
            assert len(head) == 4, (out[:3], self.process.stderr.read())
            if head == FLUSH:
                return out
            out.append("delim" if head == DELIM else self.process.stdout.read(int(head, 16) - 4))

    def ask(self, command, *arguments, lines=None, data=None):
        """@return (status, arguments, lines behind the delimiter)"""
        message = [pkt(line + "\n") for line in (command, *arguments)]
        if lines is not None:
            message += [DELIM, *(pkt(line + "\n") for line in lines)]
        if data is not None:
            message += [DELIM, *(pkt(data[at:at + 32768]) for at in range(0, len(data), 32768))]
        self.send(b"".join([*message, FLUSH]))
        return self.answer()

    def answer(self):
        status, *rest = self.read()
        at = rest.index("delim") if "delim" in rest else len(rest)
        text = [line.decode().rstrip("\n") for line in rest[:at]]
        return int(status.split()[1]), text, rest[at + 1:]

    def batch(self, *contents):
        """@return oid -> action of these contents."""
        status, _, lines = self.ask("batch", "transfer=ssh", "hash-algo=sha256", "refname=refs/heads/main",
                                    lines=[f"{sha256(c)} {len(c)}" for c in contents])
        assert status == 200, lines
        words = [line.decode().split() for line in lines]
        assert [(oid, int(size)) for oid, size, _ in words] == [(sha256(c), len(c)) for c in contents]
        return {oid: action for oid, _, action in words}

    def about(self, command, content, **more):
        """One of the commands about one object."""
        return self.ask(f"{command} {sha256(content)}", f"size={len(content)}", **more)

    def end(self):
        self.process.stdin.close()
        self.process.wait(60)
        return self.process.returncode, self.process.stderr.read().decode()
