"""docs/conformance.md says what each public method of the newest published client does here. It is
written from what the calls do, so a method that begins to work, or stops, makes it stale:

    CAIRN_WRITE_DOCS=1 ./test e2e -k conformance
"""

import inspect
import os
import socket

import huggingface_hub
import pytest
from cairn import ROOT
from conformance import CALLS, COLUMNS, ELSEWHERE, LATER
from conformance_world import World
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError

DOCUMENT = ROOT / "docs/conformance.md"
METHODS = sorted(name for name, value in inspect.getmembers(HfApi, callable)
                 if not name.startswith("_"))
HEAD = """# Conformance

What each public method of `huggingface_hub.HfApi` ({version}) does against this hub. Written by
`tests/e2e/test_conformance.py`, which calls every method that asks the hub, and fails when this page
says something else: `CAIRN_WRITE_DOCS=1 ./test e2e -k conformance` writes it anew.

{works} of {all} methods work; {later} come later, with what the last column names; {elsewhere} ask other
hosts than the hub.

"""


def test_every_method_of_the_client_is_called():
    missing = set(METHODS) - set(CALLS) - set(ELSEWHERE)
    assert not missing, f"new methods of the client: add them to conformance.py: {sorted(missing)}"
    gone = (set(CALLS) | set(ELSEWHERE) | set(LATER)) - set(METHODS)
    assert not gone, f"the client has no such methods any more: {sorted(gone)}"


def outcome(method, world):
    """@return "" when it works, else why not."""
    try:
        CALLS[method](world)
    except HfHubHTTPError as error:
        assert error.response.status_code < 500 or error.response.status_code == 501, (
            f"{method}: the hub fails instead of refusing: {error}")
        return str(error)
    except (TypeError, NameError):
        raise  # The call itself is wrong.
    except Exception as error:  # What the client makes of a 404, and asserts of the call itself.
        return repr(error)
    return ""


def render(states):
    rows = ""
    for method in METHODS:
        state, note = states[method]
        rows += f"| `{method}` | {state} | {note} |\n"
    count = [state for state, _ in states.values()].count
    head = HEAD.format(version=huggingface_hub.__version__, works=count("works"), all=len(METHODS),
                       later=count("comes later"), elsewhere=count("elsewhere"))
    return head + COLUMNS + rows


@pytest.mark.xdist_group("conformance")
def test_the_document_says_what_the_calls_do(hub, api, bob_api, tmp_path, monkeypatch):
    # The client waits between tries of what is not there; nothing here gets better by waiting.
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    # Methods that ask other hosts are not called; should one all the same, it finds nobody.
    look_up = socket.getaddrinfo
    monkeypatch.setattr("socket.getaddrinfo", lambda host, *more, **named: look_up(
        host if host in ("127.0.0.1", "localhost", None) else "host.invalid", *more, **named))
    world = World(api, bob_api, tmp_path)
    states, broken = {}, []
    for method in METHODS:
        if method in ELSEWHERE:
            states[method] = ("elsewhere", ELSEWHERE[method])
            continue
        why = outcome(method, world)
        if not why:
            states[method] = ("works", "")
        elif method in LATER:
            states[method] = ("comes later", LATER[method])
        else:
            broken.append(f"{method}: {why[:500]}")
    assert not broken, "stopped working:\n" + "\n".join(broken)
    text = render(states)
    if os.environ.get("CAIRN_WRITE_DOCS"):
        DOCUMENT.write_text(text)
    there = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    differs = [line for line in text.splitlines() if line not in there.splitlines()]
    assert text == there, "docs/conformance.md is stale; write it anew:\n" + "\n".join(differs)
