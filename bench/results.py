"""Results as people and programs read them: bench/results/<date>-<machine>.md and .json.

A row measured again on the same day and machine replaces its older figures; each row carries its
own time, program and disk, because a comparison holds only within one row's run.
"""

import json
import re

from measure import ROOT, today

FOLDER = ROOT / "bench/results"


def without_paths(text):
    """Messages may quote folders of this machine; results name none."""
    return re.sub(r"(?<![\w:/])/(?:[\w.+-]+/)*[\w.+-]+", "…", text)[:1500]


def _name(machine):
    cpu = re.sub(r"[^a-z0-9]+", "-", machine["cpu"].lower()).strip("-")[:40]
    return f"{today():%Y-%m-%d}-{machine['cores']}-cores-{cpu}"


def save(about, row, found):
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{_name(about['machine'])}.json"
    whole = json.loads(path.read_text()) if path.exists() else {"rows": {}}
    whole["machine"] = about["machine"]
    whole["rows"][row] = {**found, "versions": about["versions"]}
    whole["rows"] = dict(sorted(whole["rows"].items()))
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")
    path.with_suffix(".md").write_text(_document(whole))


def text(row, found):
    """One row for the terminal."""
    lines = [f"{row}  {found['title']}   (fsync p50 {found['fsync_p50_ms']} ms, other load "
             f"{_load(found)})"]
    if "failed" in found:
        lines.append(f"   failed: {found['failed']}")
    for m in found.get("measures", []):
        lines.append("   " + "  ".join([
            f"{m['measure']:<42}", f"{_with_unit(m['value'], m['unit']):>18}",
            f"{_peer(m):<34}", f"{m.get('goal', ''):<9}", _verdict(m)]).rstrip())
    return "\n".join(lines + [f"   {note}" for note in found.get("notes", [])]) + "\n"


def _document(whole):
    machine = whole["machine"]
    out = [
        f"# {machine['cores']} cores of {machine['cpu']}", "",
        f"{'A virtual machine: ' if machine['virtual'] else ''}{machine['memory_gib']} GiB of memory; "
        f"{machine['file_system']}, fsync p50 {machine['fsync_p50_ms']} ms; SHA-256 "
        f"{machine['sha256_gib_per_s']} GiB/s per core; {machine['system']}, Linux "
        f"{machine['kernel']}.", "",
        "Peers ran on the same machine in the same run, in turn with the program; client and server "
        "share the cores. What the rows are: [bench/README.md](../README.md).", "",
        "| | measure | Cairn | peer | ratio | to reach | |",
        "|---|---|---|---|---|---|---|",
    ]
    for row, found in whole["rows"].items():
        for m in found.get("measures", []):
            peer = f"{m['peer']} {_with_unit(m['peer_value'], '')}" if "peer" in m else ""
            ratio = f"{m['ratio']:.2f}×" if "ratio" in m else ""
            out.append(f"| {row} | {m['measure']} | {_with_unit(m['value'], m['unit'])} | {peer} | "
                       f"{ratio} | {m.get('goal', '')} | {_verdict(m)} |")
        if "failed" in found:
            out.append(f"| {row} | {found['title']} | | | | | could not be measured |")
    for row, found in whole["rows"].items():
        out += ["", f"**{row}** {found['title']}. Measured {found['at']}, program "
                f"{found['versions']['commit']}, nginx {found['versions']['nginx']}; fsync p50 "
                f"{found['fsync_p50_ms']} ms, other load on the machine before it "
                f"{_load(found)}. " + " ".join(found.get("notes", []))]
        out[-1] = out[-1].rstrip()
        if "failed" in found:
            out += ["", "```", found["failed"], "```"]
    return "\n".join(out) + "\n"


def _load(found):
    """A run with priority on a busy machine is not one on a quiet machine: both are said."""
    nice = found.get("nice", 0)
    return f"{found['other_load_before']:.0%}" + (f", run at nice {nice}" if nice else "")


def _with_unit(value, unit):
    return f"{value:,.0f} {unit}".rstrip().replace(",", " ") if value >= 1000 else (
        f"{value:.4g} {unit}".rstrip())


def _peer(m):
    return f"{m['peer']} {_with_unit(m['peer_value'], '')}: {m['ratio']:.2f}×" if "peer" in m else ""


def _verdict(m):
    return "" if "reached" not in m else ("reached" if m["reached"] else "**short**")
