"""Row a: a large file, through access checks and the object store, against nginx's sendfile."""

import shutil

from hub import write_random_file
from load import download
from measure import GIB, Measure, cpu_seconds, median

SIZE = 2 * GIB
ROUNDS = 3


def large_file(bench):
    source = write_random_file(bench.folder / "large.bin", SIZE)
    with bench.hub() as hub, bench.nginx() as nginx:
        repo = hub.create_repo("large")
        hub.add_large_file(repo, "model.safetensors", source)
        # A copy by bytes, so that both serve a file of their own from the page cache.
        shutil.copyfile(source, nginx.www / "model.safetensors")
        source.unlink()
        sides = {"cairn": (hub, f"/{repo}/resolve/main/model.safetensors"),
                 "nginx": (nginx, "/model.safetensors")}
        for server, path in sides.values():
            download(server.port, path, 1)
        measures = []
        for streams in (1, 8):
            measures += _measure(sides, streams)
    return measures, []


def _measure(sides, streams):
    rates, cpu = {name: [] for name in sides}, {name: [] for name in sides}
    for _ in range(ROUNDS):
        for name, (server, path) in sides.items():
            before = cpu_seconds(server.pid)
            count, seconds = download(server.port, path, streams)
            assert count == SIZE * streams
            rates[name].append(count / seconds / GIB)
            cpu[name].append((cpu_seconds(server.pid) - before) / (count / GIB))
    what = f"2 GiB, {streams} stream{'s' * (streams > 1)}"
    return [
        Measure(what, median(rates["cairn"]), "GiB/s", "nginx", median(rates["nginx"]), goal=0.95,
                spread=rates["cairn"]),
        Measure(f"{what}: the server's CPU", median(cpu["cairn"]), "s/GiB", "nginx",
                median(cpu["nginx"])),
    ]
