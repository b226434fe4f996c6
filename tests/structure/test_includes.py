"""Arrows point down: app -> api, pages -> hub -> platform -> base. Each failure names the line."""

import re

import pytest
from tree import LAYERS, cmake_arrows, includes, modules, reachable, sources, system_includes
from tree import module_of as module


def layer(module):
    return module.split("/")[0]


def forbidden_layer(source, target):
    if {layer(source), layer(target)} == {"api", "pages"}:
        return True
    return LAYERS.index(layer(target)) > LAYERS.index(layer(source))


def test_every_folder_under_src_is_in_a_known_layer():
    unknown = [m for m in modules() if layer(m) not in LAYERS]
    assert not unknown, f"folders that ARCHITECTURE.md does not know: {unknown}"


def test_includes_point_down():
    wrong = [
        f'{path}:{line}: #include "{header}" points up from {module(path)} to {target}'
        for path, line, header, target in includes()
        if forbidden_layer(module(path), target)
    ]
    assert not wrong, "\n".join(wrong)


def test_modules_form_no_ring():
    arrows = {}
    where = {}
    for path, line, header, target in includes():
        if module(path) != target:
            arrows.setdefault(module(path), set()).add(target)
            where.setdefault((module(path), target), f'{path}:{line}: #include "{header}"')
    for start in arrows:
        ring = [m for m in arrows[start] if start in reachable(arrows, m)]
        assert not ring, f"{start} and {ring[0]} include each other: {where[start, ring[0]]}"


def test_includes_follow_the_arrows_of_cmake():
    arrows = cmake_arrows()
    wrong = [
        f'{path}:{line}: #include "{header}", but CMakeLists.txt has no arrow {module(path)} -> {target}'
        for path, line, header, target in includes()
        if module(path) != target and target not in reachable(arrows, module(path))
    ]
    assert not wrong, "\n".join(wrong)


def test_every_module_is_built():
    missing = [m for m in modules() if m not in cmake_arrows()]
    assert not missing, f"no cairn_module() line in CMakeLists.txt: {missing}"


# Libraries that one module hides from all others: regular expression of the header -> module.
HIDDEN = [
    (r"boost/beast", "platform/http"),
    (r"boost/asio/ssl", "platform/http"),
    (r"sqlite3\.h|libpq-fe\.h|postgresql/", "platform/db"),
    (r"git2(\.h|/)", "platform/git"),
    (r"curl/", "platform/http|platform/smtp"),
    (r"yaml\.h", "hub/card"),
    (r"md4c|gumbo", "hub/render"),
    (r"blake3\.h|lz4|xxhash", "platform/xet"),
    (r"spawn\.h|sys/wait\.h", "platform/process"),
]


@pytest.mark.parametrize("pattern,owner", HIDDEN, ids=[owner + " hides " + p for p, owner in HIDDEN])
def test_a_library_stays_in_its_module(pattern, owner):
    wrong = [
        f"{path}:{line}: #include <{header}> belongs in {owner}"
        for path, line, header in system_includes()
        if re.match(pattern, header) and module(path) not in owner.split("|") and not path.endswith("_test.cpp")
    ]
    assert not wrong, "\n".join(wrong)


def test_a_facade_does_not_show_beast():
    """What hub/ and api/ include of platform/http must not bring Beast along."""
    graph = {}
    for path, _, header, _ in includes():
        graph.setdefault(path, set()).add("src/" + header)
    beast = {path for path, _, header in system_includes() if header.startswith("boost/beast")}
    wrong = []
    for path in sources():
        if module(path).split("/")[0] not in ("hub", "api", "pages"):
            continue
        wrong += [f"{path} sees Beast through {via}" for via in reachable(graph, path) & beast]
    assert not wrong, "\n".join(wrong)
