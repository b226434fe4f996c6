"""Pictures of other hosts that cards show: asked for by the hub, where its setting says so."""

import base64
import html
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from browser import setting
from conftest import running
from documents import data_of, make, open_page
from wire import Wire


@pytest.fixture(scope="module")
def hub(folder, new_database):
    # The other host of this test lies on this machine; the addresses of others stay refused.
    with running(folder / "pictures", database=new_database(), CAIRN_OUTBOUND_ALLOWED="127.0.0.1") as server:
        yield server


@pytest.fixture
def other_host():
    """A host of pictures; `asked` has the paths that it was asked for."""
    png = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
    answers = {"/x.png": (200, png), "/moved.png": (302, "/x.png"), "/inside.png": (302, "http://10.255.255.1/x.png"),
               "/page.png": (200, b"<!doctype html><script>alert(1)</script>"), "/long.png": (200, png + bytes(6 << 20))}
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, dict(self.headers)))
            status, body = answers.get(self.path, (404, b""))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", body)
                body = b""
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}", asked=asked, png=png)
    server.shutdown()


def test_the_hub_shows_pictures_of_other_hosts_and_tells_them_nothing(hub, ada, other_host):
    stranger = Wire(hub.url)
    names = ["x", "moved", "inside", "page", "long"]
    make(ada, "ada/page-far", files={"README.md": "\n".join(f"![{n}]({other_host.url}/{n}.png)" for n in names)})
    setting(hub, "external_images", "proxy")
    try:
        page = open_page(stranger, "/ada/page-far")
        assert "https:" not in page["Content-Security-Policy"]
        card = data_of(stranger, "/ada/page-far")["html"]["card"]
        found = re.findall(r'<img src="(/-/pictures/[^"]+)" alt="(\w+)"', card)
        assert [name for _, name in found] == names
        addresses = {name: html.unescape(address) for address, name in found}
        for name in ("x", "moved"):
            for _ in range(2):
                picture = stranger.get(addresses[name]).ok()
                assert picture.body == other_host.png and picture["Content-Type"] == "image/png"
                assert picture["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        paths = [path for path, _ in other_host.asked]
        assert paths.count("/moved.png") == 1, "what was seen once is kept"
        sent = {name.lower() for _, headers in other_host.asked for name in headers}
        assert sent <= {"host", "accept", "user-agent"}, "nothing of the reader goes there"
        # Private addresses, whoever names them; what is no picture; what is too long.
        for name in ("inside", "page", "long"):
            refused = stranger.get(addresses[name])
            assert (refused.status, refused["X-Error-Code"]) == (503, "PictureUnavailable"), name
        # No open proxy: only what the hub wrote itself.
        changed = addresses["x"].replace("x.png", "y.png")
        assert stranger.get(changed)["X-Error-Code"] == "InvalidPicture"
        assert "/y.png" not in [path for path, _ in other_host.asked]
    finally:
        setting(hub, "external_images", "")
    assert stranger.get(addresses["x"]).status == 404
