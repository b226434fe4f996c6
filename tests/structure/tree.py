"""The source tree as the tests in this folder see it: modules, includes, CMake's arrows."""

import re
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"

# Lower layers first. A file may include its own layer and those before it; see `forbidden_layer`.
LAYERS = ["base", "platform", "hub", "api", "pages", "app"]


@cache
def tracked_files():
    """What git knows or would add: not the build folder, not scratch files that are ignored."""
    out = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, check=True, capture_output=True,
    ).stdout.decode()
    return sorted(path for path in set(out.split("\0")) if path and (ROOT / path).is_file())


@cache
def sources():
    return [p for p in tracked_files() if p.startswith("src/") and p.endswith((".h", ".cpp"))]


def module_of(path):
    """"hub/repo" of "src/hub/repo/tree.cpp", "base" of "src/base/log.h" (also without "src/")."""
    parts = path.removeprefix("src/").split("/")
    return parts[0] if parts[0] in ("base", "app", "pages") else "/".join(parts[:2])


@cache
def modules():
    return sorted({module_of(p) for p in sources()})


@cache
def includes():
    """(file, line number, included file, module) of every #include of a file of ours."""
    found = []
    for path in sources():
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if match and (SRC / match[1]).is_file():
                found.append((path, number, match[1], module_of(match[1])))
    return found


@cache
def system_includes():
    """(file, line number, header) of every #include <header>."""
    found = []
    for path in sources():
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            match = re.match(r"\s*#\s*include\s*<([^>]+)>", line)
            if match:
                found.append((path, number, match[1]))
    return found


@cache
def cmake_arrows():
    """Module -> modules its cairn_module() line names in DEPS."""
    text = re.sub(r"#.*", "", (ROOT / "CMakeLists.txt").read_text())
    by_target, deps = {}, {}
    for folder, rest in re.findall(r"cairn_module\(\s*(\S+)([^)]*)\)", text):
        by_target["cairn_" + folder.replace("/", "_")] = folder
        deps[folder] = re.findall(r"\bcairn_\w+", rest)
    return {folder: {by_target[t] for t in targets} for folder, targets in deps.items()}


def reachable(arrows, start):
    seen, todo = set(), [start]
    while todo:
        for after in arrows.get(todo.pop(), ()):
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return seen
