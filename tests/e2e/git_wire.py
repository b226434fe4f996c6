"""Git's wire, spoken by hand: packets, packs and objects made byte by byte."""

import hashlib
import struct
import zlib

ZERO = "0" * 40
TYPES = {"commit": 1, "tree": 2, "blob": 3, "tag": 4}
RECEIVE = "application/x-git-receive-pack-request"


def pkt(text):
    data = text if isinstance(text, bytes) else text.encode()
    return b"%04x" % (len(data) + 4) + data


def commands(*lines, capabilities="report-status side-band-64k object-format=sha1"):
    """@param lines  (old, new, ref)"""
    out = []
    for n, (old, new, ref) in enumerate(lines):
        end = f"\0 {capabilities}" if n == 0 else ""
        out.append(pkt(f"{old} {new} {ref}{end}"))
    return b"".join(out) + b"0000"


def name_of(kind, content):
    return hashlib.sha1(f"{kind} {len(content)}\0".encode() + content).hexdigest()


def entry(kind, content):
    """An object as it lies in a pack."""
    return entry_head(TYPES[kind], len(content)) + zlib.compress(content)


def entry_head(type_number, size):
    first = (type_number << 4) | (size & 15)
    size >>= 4
    out = bytearray()
    while size:
        out.append(first | 128)
        first = size & 127
        size >>= 7
    out.append(first)
    return bytes(out)


def pack_of(entries, count=None):
    data = b"PACK" + struct.pack(">II", 2, len(entries) if count is None else count)
    data += b"".join(entries)
    return data + hashlib.sha1(data).digest()


def tree_of(*items):
    """@param items  (mode, name, oid)"""
    return b"".join(
        f"{mode} ".encode() + name.encode() + b"\0" + bytes.fromhex(oid)
        for mode, name, oid in items)


def commit_of(tree, *parents, message="pushed\n"):
    lines = [f"tree {tree}", *(f"parent {p}" for p in parents),
             "author Ada <ada@hub.example> 1767322800 +0000",
             "committer Ada <ada@hub.example> 1767322800 +0000", "", message]
    return "\n".join(lines).encode()


class Report:
    """An answer of git-receive-pack, unpacked."""

    def __init__(self, answer):
        assert answer.status == 200, answer
        assert answer["Content-Type"] == "application/x-git-receive-pack-result"
        self.words, inner, self.fatal = "", b"", ""
        for packet in packets(answer.body):
            if packet[:1] == b"\1":
                inner += packet[1:]
            elif packet[:1] == b"\2":
                self.words += packet[1:].decode()
            else:
                assert packet[:1] == b"\3", packet
                self.fatal += packet[1:].decode()
        lines = [p.decode().rstrip("\n") for p in packets(inner)]
        self.unpack = lines[0].removeprefix("unpack ") if lines else None
        self.refs = {line.split(" ", 2)[1]: line for line in lines[1:]}

    def __repr__(self):
        return f"<unpack {self.unpack} {self.refs} fatal {self.fatal!r} words {self.words!r}>"


def packets(data):
    while data:
        length = int(data[:4], 16)
        if length < 4:
            data = data[4:]
            continue
        yield data[4:length]
        data = data[length:]


def send(who, repo, body, **headers):
    return who("POST", f"/{repo}.git/git-receive-pack", body,
               headers={"Content-Type": RECEIVE, **headers})


def push_objects(ada, repo, *objects, tip, ref="refs/heads/x", old=ZERO):
    pack = pack_of([entry(kind, content) for kind, content in objects])
    return Report(send(ada, repo, commands((old, tip, ref)) + pack))


def simple(name="file", content=b"text", mode="100644", message="pushed\n"):
    """@return the objects of a commit with one file, and its id."""
    blob = name_of("blob", content)
    tree = tree_of((mode, name, blob))
    commit = commit_of(name_of("tree", tree), message=message)
    return [("commit", commit), ("tree", tree), ("blob", content)], name_of("commit", commit)
