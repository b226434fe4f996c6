"""What earlier programs stored still opens, whole and readable."""

import tarfile
from pathlib import Path

import pytest
from cairn import Cairn
from stored.make import ADA, BOB, WEIGHTS
from wire import Wire, add

STORED = sorted((Path(__file__).parent / "stored").glob("*.tar.xz"))


def test_there_is_a_stored_hub():
    assert STORED


@pytest.mark.parametrize("stored", STORED, ids=lambda path: path.name)
def test_a_hub_of_an_earlier_program_opens_and_goes_on(folder, stored):
    place = folder / stored.name
    place.mkdir()
    with tarfile.open(stored) as archive:
        archive.extractall(place)  # Ours, from this repository.
    hub = Cairn(place / "data").start()
    try:
        ada, bob, nobody = (Wire(hub.url, token) for token in (ADA, BOB, None))
        info = ada.info("ada/bert")
        assert "license:mit" in info["tags"] and "old" in info["tags"]
        assert nobody.get("/ada/bert/resolve/v1/w.bin").ok().body == WEIGHTS
        assert nobody.get("/ada/bert/resolve/dev/dir/%C3%BC.txt").ok().text == "gr\u00fc\u00dfe"
        assert nobody.get("/ada/bert/resolve/main/n.txt").ok().text == "24"
        assert nobody.get("/api/models/bert").status == 307
        assert nobody.get("/api/models/ada/old-name").status == 307
        assert bob.get("/api/datasets/crew/secret").ok().json["private"] is True
        assert nobody.get("/api/datasets/crew/secret").status == 401
        ada.commit("ada/bert", add("n.txt", b"later")).ok()
        assert nobody.get("/ada/bert/resolve/main/n.txt").ok().text == "later"
        assert int(ada.get("/api/models/ada/bert/commits/main?limit=1").ok()["X-Total-Count"]) == 28
        hub.fsck()
        hub.stop()
    finally:
        hub.end()
