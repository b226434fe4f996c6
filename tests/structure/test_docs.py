"""Lists that are kept by hand, held against the tree."""

import importlib.machinery
import importlib.util
import re
import subprocess
import sys

import pytest
from tree import ROOT, modules, tracked_files

# Every first path segment of a page, present or planned: no owner may be called so.
PAGE_SEGMENTS = """
admin api blog buckets collections compute datasets docs endpoints enterprise explore health jobs
join kernels learn login logout metrics models new notifications oauth organizations papers pricing
raw search settings setup spaces static support tasks team trending uploads users xet
""".split()


@pytest.mark.parametrize("module", modules())
def test_module_has_a_readme_of_one_page(module):
    readme = ROOT / "src" / module / "README.md"
    assert readme.is_file(), f"src/{module}/README.md is missing: purpose, what belongs, what not"
    assert len(readme.read_text().splitlines()) <= 100, f"src/{module}/README.md: one page"


def test_architecture_lists_the_modules_of_the_tree():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    listed = re.findall(r"^\| `((?:base|app|pages|platform/\w+|hub/\w+|api/\w+))` \|", text, re.M)
    assert sorted(listed) == modules(), "the module table of ARCHITECTURE.md differs from src/"


def test_documents_link_to_files_that_exist():
    broken = []
    for path in tracked_files():
        if not path.endswith(".md"):
            continue
        folder = (ROOT / path).parent
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", (ROOT / path).read_text()):
            if not re.match(r"[a-z]+:", target) and not (folder / target).exists():
                broken.append(f"{path}: {target}")
    assert not broken, "links to nothing: " + ", ".join(broken)


def test_architecture_names_files_that_exist():
    text = (ROOT / "ARCHITECTURE.md").read_text()
    paths = re.findall(r"`((?:src|docs|tests|scripts|cmake|deploy|bench)/[\w./*-]+)`", text)
    missing = [p for p in paths if not list(ROOT.glob(p.rstrip("/")))]
    assert not missing, f"ARCHITECTURE.md names what does not exist: {missing}"


def reserved_names():
    text = (ROOT / "src/base/names.cpp").read_text()
    block = re.search(r"reserved\[\]\s*=\s*\{(.*?)\};", text, re.S)
    return set(re.findall(r'"([^"]+)"', block[1]))


def test_every_page_segment_is_a_reserved_name():
    assert not set(PAGE_SEGMENTS) - reserved_names()


def test_first_segments_of_routes_are_reserved_names():
    """Of the routes whose pattern begins with a literal; a helper that makes patterns has its own."""
    missing = {}
    for path in tracked_files():
        if not re.match(r"src/(api|pages|app)/.*\.(h|cpp)$", path) or path.endswith("_test.cpp"):
            continue
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1):
            match = re.search(r'pattern = "/([\w.-]+)', line)
            if match and match[1] not in reserved_names():
                missing.setdefault(match[1], f"{path}:{number}")
    assert not missing, f"an owner could have the name of a route: {missing}"


def test_error_words_are_documented():
    """The word of an error is API. docs/errors.md lists each; a script writes the list."""
    loader = importlib.machinery.SourceFileLoader("list_errors", str(ROOT / "scripts/list-errors"))
    spec = importlib.util.spec_from_loader("list_errors", loader)
    script = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    loader.exec_module(script)
    documented = set(re.findall(r"^\| `([A-Z]\w+)` \|", (ROOT / "docs/errors.md").read_text(), re.M))
    assert documented == set(script.words()), "run scripts/list-errors"


def test_nothing_is_left_open_in_the_code():
    """What is left open stands in docs/plan.md."""
    pattern = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    found = [
        f"{path}:{number}"
        for path in tracked_files()
        if path.startswith(("src/", "scripts/", "cmake/")) and path.endswith((".h", ".cpp", ".sh", ".cmake"))
        for number, line in enumerate((ROOT / path).read_text().splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, f"move to docs/plan.md: {found}"


def test_packages_are_explained():
    names = re.findall(r"^[a-z0-9][\w.+-]*$", (ROOT / "packages.txt").read_text(), re.M)
    text = (ROOT / "docs/dependencies.md").read_text()
    missing = [name for name in names if f"`{name}`" not in text]
    assert not missing, f"docs/dependencies.md does not say what these are for: {missing}"


def test_every_setting_is_documented():
    """The list in app/config.cpp: text("data", …), number(…), one_of(…) and {"trusted_proxies", …}."""
    source = ROOT / "src/app/config.cpp"
    if not source.is_file():
        pytest.skip("the program has no settings yet")
    block = re.search(r"known\(\) \{(.*?)\n\}", source.read_text(), re.S)[1]
    keys = re.findall(r'(?:text|number|one_of)\(\s*"(\w+)"|^ {6}\{"(\w+)",', block, re.M)
    names = {"CAIRN_" + (a or b).upper() for a, b in keys}
    documented = set(re.findall(r"`(CAIRN_\w+)`", (ROOT / "docs/operate.md").read_text()))
    assert names, "no settings found: the shape of config.cpp changed"
    assert not names - documented, f"docs/operate.md lacks {sorted(names - documented)}"


def test_every_rule_of_the_hub_is_documented():
    """The list in hub/settings/values.cpp: {"registration", "closed", "Who may create an account", …}."""
    source = (ROOT / "src/hub/settings/values.cpp").read_text()
    keys = set(re.findall(r'^ {6}\{"(\w+)",', source, re.M))
    assert len(keys) > 10, "no settings found: the shape of values.cpp changed"
    documented = set(re.findall(r"`(\w+)`", (ROOT / "docs/operate.md").read_text()))
    assert not keys - documented, f"docs/operate.md lacks {sorted(keys - documented)}"
def test_no_file_holds_the_marks_of_a_conflict():
    found = subprocess.run(["git", "grep", "-nE", "^(<<<<<<<|>>>>>>>) ", "--", ":!tests/structure"],
                           cwd=ROOT, capture_output=True, text=True).stdout
    assert not found, found
