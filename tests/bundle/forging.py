"""Bundles changed as a forger would: the documents agree with each other, and all sums are made anew."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from analyzer.bundle.bundle import about, comment_of, printed, readme
from analyzer.bundle.flow_groups import groups
from analyzer.bundle.manifest import Making, canonical, frames_csv, frames_json, manifest, sha256, sums
from analyzer.bundle.pcapng_reader import BundledPacket, packets
from analyzer.bundle.pcapng_writer import interface, packet, section
from analyzer.bundle.timestamp import request_for
from analyzer.bundle.verify import Tools, VerifyOutcome, verify
from analyzer.conclusions.identifiers import identifiers
from analyzer.model import Report, Scope
from analyzer.pipeline import analyze
from analyzer.report import json as reports
from analyzer.version import VERSION

Rows = list[dict[str, Any]]


def digests(root: Path) -> dict[str, str]:
    """The SHA-256 that a manifest states: of all files but itself and the sums."""
    paths = sorted(path for path in root.rglob("*") if path.is_file() and not path.is_symlink())
    found = {path.relative_to(root).as_posix(): path for path in paths}
    return {
        name: sha256(path.read_bytes())
        for name, path in found.items()
        if name != "manifest.json" and not name.startswith("SHA256SUMS")
    }


def making_of(root: Path) -> Making:
    document = json.loads((root / "manifest.json").read_text())
    return Making(document["command"], document["environment"])


def resealed(root: Path) -> None:
    """Write the sums of the manifest anew, then those of all files."""
    path = root / "manifest.json"
    document = json.loads(path.read_text())
    path.write_bytes(canonical(document | {"sha256": digests(root)}))
    sealed(root)


def sealed(root: Path) -> None:
    """Write sums and the request anew."""
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    listed = [name for name in names if not name.startswith("SHA256SUMS")]
    made = sums((name, (root / name).read_bytes()) for name in listed)
    (root / "SHA256SUMS").write_bytes(made)
    (root / "SHA256SUMS.tsq").write_bytes(request_for(made))


def report_of(root: Path) -> Report:
    return reports.read((root / "report.json").read_text())


def rows_of(root: Path) -> Rows:
    rows: Rows = json.loads((root / "frames.json").read_text())
    return rows


def write_rows(root: Path, rows: Rows) -> None:
    (root / "frames.json").write_bytes(frames_json(rows))
    (root / "frames.csv").write_bytes(frames_csv(rows))


def write_report(root: Path, report: Report) -> None:
    """Write a report, and all that repeats what it says: manifest, README, remarks, comments."""
    old = report_of(root)
    for path in sorted((root / "captures").iterdir()):
        with path.open("rb") as file:
            found = list(packets(file, about(old), VERSION))
        rows = [row for row in rows_of(root) if row["file"] == f"captures/{path.name}"]
        write_capture(path, report, found, rows)
    shown = {f"captures/flow-{at:04}.pcapng": group for at, group in enumerate(groups(report), start=1)}
    making = making_of(root)
    (root / "report.json").write_text(reports.write(report))
    (root / "README.txt").write_bytes(readme(report, making))
    for name, data in printed(report, shown).items():
        (root / name).write_bytes(data)
    (root / "manifest.json").write_bytes(manifest(report, shown, 0, making, digests(root)))
    sealed(root)


def packets_of(root: Path, name: str) -> list[BundledPacket]:
    with (root / name).open("rb") as file:
        return list(packets(file, about(report_of(root)), VERSION))


def write_capture(path: Path, report: Report, found: Sequence[BundledPacket], rows: Rows) -> None:
    """Write the packets of a capture with the comments that their rows give them."""
    links = list(dict.fromkeys(each.link for each in found))
    made = [section(about(report), VERSION), *map(interface, links)]
    for each, row in zip(found, rows, strict=True):
        comment = comment_of(report, (row["capture"], row["original_frame"]), row["why"])
        made.append(packet(links.index(each.link), each.time_ns, each.wire, each.data, comment))
    path.write_bytes(b"".join(made))


def write_packets(root: Path, name: str, found: Sequence[BundledPacket], rows: Rows) -> None:
    """Write the packets of one capture, and rows that say just what they are."""
    own = [
        {
            **row,
            "frame": at,
            "time_ns": each.time_ns,
            "octets": len(each.data),
            "sha256": sha256(each.data),
        }
        for at, (row, each) in enumerate(zip(rows, found, strict=True), start=1)
    ]
    write_capture(root / name, report_of(root), found, own)
    every = [row for row in rows_of(root) if row["file"] != name]
    write_rows(root, sorted([*every, *own], key=lambda row: (row["file"], row["frame"])))
    resealed(root)


def checked(root: Path, *captures: Path, key: bytes | None = None) -> VerifyOutcome:
    """Verify a bundle; scans of the same packets are made once."""

    def scan(paths: Sequence[str], scope: Scope) -> Report:
        return _scanned(tuple(Path(path).read_bytes() for path in paths), tuple(paths), scope)

    return verify(str(root), Tools(scan, identifiers), [str(path) for path in captures], key)


def _analyzed(paths: tuple[str, ...], scope: Scope) -> Report:
    day = date.fromisoformat(scope.geo_date) if scope.geo_date else None
    return analyze(*paths, regions=scope.regions, device=scope.device, origin=scope.origin, geo_date=day)


def _by_contents() -> Callable[..., Report]:
    made: dict[tuple[Any, ...], tuple[tuple[str, ...], Report]] = {}

    def scanned(contents: tuple[bytes, ...], paths: tuple[str, ...], scope: Scope) -> Report:
        names = tuple(Path(path).name for path in paths)
        key = (contents, names, scope)
        if key not in made:
            made[key] = paths, _analyzed(paths, scope)
        first, report = made[key]
        text = reports.write(report)
        for old, new in zip(first, paths, strict=True):
            text = text.replace(json.dumps(old)[1:-1], json.dumps(new)[1:-1])
        return reports.read(text)

    return scanned


_scanned = _by_contents()


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each value in a document that is no list or object with contents."""
    if isinstance(value, dict):
        for key in value:
            yield from leaves(value[key], (*path, key))
    elif isinstance(value, list) and value:
        for at in range(len(value)):
            yield from leaves(value[at], (*path, at))
    else:
        yield path


def other(value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        letter = value[-1:]
        return value[:-1] + ("1" if letter == "0" else "0" if letter.isdigit() else "Q" if letter else "x")
    return value
