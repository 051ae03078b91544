"""A catalogue of tamperings, and random ones: with the original given, each fails and is named.

Whoever tampers makes all that repeats the changed thing anew: manifest, README, remarks, comments, sums.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analyzer.bundle.manifest import canonical
from analyzer.report import json as reports
from tests.builders import conversation, pcap
from tests.bundle import forging
from tests.bundle.making import ANSWER, IMEI, bundle, capture, post

FLOW = "captures/flow-0001.pcapng"
SERVER = "202.96.192.7"  # located in CN, so that places and packets to a region are claimed


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of three sends of a sender that no dossier names."""
    folder = tmp_path_factory.mktemp("tampering")
    body = post(json.dumps({"imei": IMEI}).encode()).replace(b"www.example.com", b"reg.example.cn")
    sends = [
        packet
        for at in range(3)
        for packet in conversation((True, body), (False, ANSWER), ports=(40000 + at, 80), server=SERVER)
    ]
    (folder / "phone.pcap").write_bytes(pcap(sends))
    return bundle(folder, folder / "phone.pcap")


@pytest.fixture(scope="module")
def redacted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("redacted")
    return bundle(folder, capture(folder, "gzip"), "--redact", "--redact-key", folder / "key")


def sentences(root: Path, original: Path, key: Path | None = None) -> str:
    outcome = forging.checked(root, original, key=key.read_bytes() if key else None)
    assert not outcome.is_built_again
    return "\n".join(outcome.wrong)


def with_value(document: Any, path: str, value: Any) -> Any:
    """A document with another value at a path such as `devices.0.packets`."""
    changed = json.loads(json.dumps(document))
    *steps, last = path.split(".")
    inner = changed
    for step in steps:
        inner = inner[int(step) if isinstance(inner, list) else step.replace("/", ".")]
    if isinstance(inner, list):
        inner[int(last)] = value
    else:
        inner[last.replace("/", ".")] = value
    return changed


def write_value(root: Path, path: str, value: Any) -> None:
    """Change one value of the report, and make anew all that repeats it."""
    document = json.loads((root / "report.json").read_text())
    report = reports.read(json.dumps(with_value(document, path, value)))
    assert report != forging.report_of(root), path
    forging.write_report(root, report)


# ── the report ──────────────────────────────────────────────────────────────

# Path in the report ("/" for a dot within a key), another value, what the sentence has to name.
REPORT: Sequence[tuple[str, Any, str]] = (
    ("scope.regions", ["RU"], "in_scope"),
    ("captures.0.file.size", 2623, "captures[0].file.size"),
    ("captures.0.frames", 31, "frames"),
    ("captures.0.format", "pcapng", "captures[0].format"),
    ("captures.0.event.start", "2020-02-20T16:01:00.000000000Z", "captures[0].event.start"),
    ("captures.0.complete", False, "captures[0].complete"),
    ("captures.0.snapped", 4, "captures[0].snapped"),
    ("captures.0.comment", "recorded by the police", "captures[0].comment"),
    ("devices.0.packets", 31, "devices[0].packets"),
    ("devices.0.vendor", "HMD Global", "devices[0].vendor"),
    ("devices.0.clues.0.suggests", "a Nokia phone", "devices[0].clues[0].suggests"),
    ("destinations.0.destination.packets", 13, "destinations[0].destination.packets"),
    ("destinations.0.destination.ip", "202.96.192.8", "destinations[0].destination.ip"),
    ("destinations.0.destination.geo.verdict", "agree RU", "destinations[0].destination.geo.verdict"),
    ("destinations.0.destination.geo.opinions.0.code", "RU", "geo.opinions[0].code"),
    ("destinations.0.destination.geo.opinions.0.source", "MI5", "geo.opinions[0].source"),
    ("destinations.0.destination.geo.opinions.0.date", "2025-01", "geo.opinions[0].date"),
    ("flows.columns.source/bytes.0", 9, "source.bytes"),
    ("flows.columns.ended.1", "unanswered", "ended"),
    ("flows.columns.event/start.0", "2020-02-20T16:01:00.000000000Z", ""),
    ("region_packets.columns.frame.3", 8, "region_packets.columns.frame[3]"),
    ("region_packets.columns.claim.0", "located RU", "region_packets.columns.claim[0]"),
    ("messages.0.http.request.method", "PUT", "says method"),
    ("messages.0.evidence.frames", [5], "in frame 5"),
    ("findings.0.value", "356938035643817", "imei 356938035643817"),
    ("findings.0.raw", "356938035643817", "says raw"),
    ("findings.0.confidence", "low", "says confidence"),
    ("findings.0.reasons.1", "the ministry confirmed it", "says reasons"),
    ("findings.0.time", "2019-02-20T16:01:01.003000000Z", "says time_ns"),
    ("findings.0.evidence.path.1", "xml", "says path"),
    ("pings.0.status", "accepted", "says status"),
    ("pings.0.title", "Spyware", "says title"),
    ("pings.0.url.domain", "telemetry.example.cn", "says host"),
    ("pings.0.device", "192.0.2.99", "says device"),
    ("pings.0.destination.ip", "202.96.192.8", ""),
    ("geo_note", "All databases agree.", "geo_note"),
    ("blind_spots", [], "blind_spots"),
    ("vantage.0.value", "on the phone itself", "vantage[0].value"),
    ("identifiers.0.times", 4, "identifiers"),
    ("rhythms.0.sends", 4, "rhythms[0].sends"),
    ("rhythms.0.median_ns", 1, "rhythms[0].median_ns"),
    ("associations.0.statement", "The phone calls home whenever it wakes.", "associations[0].statement"),
    ("coverage.0.bytes", 1, "coverage[0].bytes"),
    ("coverage.0.state", "encrypted", "coverage[0].state"),
    ("problems", [{"code": "damaged", "what": "The capture is damaged."}], "problems"),
    ("geo_sources.0.attribution", "by the author", "geo_sources[0].attribution"),
)  # fmt: skip


@pytest.mark.parametrize(("path", "value", "named"), REPORT, ids=[path for path, _, _ in REPORT])
def test_a_changed_value_of_the_report_is_named(
    copy: Path, original: Path, path: str, value: Any, named: str
) -> None:
    write_value(copy, path, value)
    said = sentences(copy, original)
    assert "report.json" in said or "manifest.json" in said
    assert named in said


def test_a_database_that_is_not_here_is_said_and_the_bundle_is_not_built_again(
    copy: Path, original: Path
) -> None:
    write_value(copy, "geo_sources.0.sha256", "0" * 64)
    outcome = forging.checked(copy, original)
    assert not outcome.is_built_again
    assert any("0" * 64 in sentence and "is not here" in sentence for sentence in outcome.unverified)


# ── manifest, README, tables ────────────────────────────────────────────────

MANIFEST: Sequence[tuple[str, Any, str]] = (
    ("command", "phonehome evidence", "README.txt"),
    ("environment.python", "CPython 2.7.18", "README.txt"),
    ("environment.code", "0" * 64, "README.txt"),
    ("environment.libraries.dpkt", "1.0", "README.txt"),
    ("again.1", "phonehome scan CAPTURE-1 --region RU", "says of again"),
    ("databases.0.sha256", "0" * 64, "says of databases"),
    ("files.0.findings.0.value", "356938035643817", "manifest.json: says of captures/flow-0001.pcapng"),
    ("files.0.flow", 7, "manifest.json: says of captures/flow-0001.pcapng"),
    ("captures.0.sha256", "0" * 64, "says of captures"),
    ("redacted", True, "says of redacted"),
    ("left_out", 12, "says of left_out"),
)


@pytest.mark.parametrize(("path", "value", "named"), MANIFEST, ids=[path for path, _, _ in MANIFEST])
def test_a_changed_value_of_the_manifest_is_named(
    copy: Path, original: Path, path: str, value: Any, named: str
) -> None:
    document = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_bytes(canonical(with_value(document, path, value)))
    forging.resealed(copy)
    assert named in sentences(copy, original)


def readme_line(root: Path) -> None:
    path = root / "README.txt"
    path.write_text(path.read_text().replace("byte for byte", "nearly"))


def table_cell(root: Path) -> None:
    path = root / "frames.csv"
    path.write_text(path.read_text().replace("handshake", "handshakes", 1))


def reason(root: Path) -> None:
    """Another reason for a packet in its comment, the map and the table."""
    rows = forging.rows_of(root)
    rows[0]["why"] = ["TCP handshake (SYN of the client) of the ministry"]
    own = [row for row in rows if row["file"] == FLOW]
    forging.write_capture(root / FLOW, forging.report_of(root), forging.packets_of(root, FLOW), own)
    forging.write_rows(root, rows)


def of_rows(change: Callable[[list[Any], forging.Rows], None]) -> Callable[[Path], None]:
    """Change packets and rows of the first capture together."""

    def tamper(root: Path) -> None:
        found, rows = forging.packets_of(root, FLOW), forging.rows_of(root)
        own = [row for row in rows if row["file"] == FLOW]
        change(found, own)
        forging.write_packets(root, FLOW, found, own)

    return tamper


def without_packet(found: list[Any], rows: forging.Rows) -> None:
    """An acknowledgment on which no claim rests is left out."""
    del found[-1], rows[-1]


def later(found: list[Any], _: forging.Rows) -> None:
    found[2] = replace(found[2], time_ns=found[2].time_ns + 1000)


def other_window(found: list[Any], _: forging.Rows) -> None:
    data = bytearray(found[0].data)
    data[48] ^= 1
    found[0] = replace(found[0], data=bytes(data))


def other_wire(found: list[Any], _: forging.Rows) -> None:
    found[1] = replace(found[1], wire=found[1].wire + 9)


def other_frame(_: list[Any], rows: forging.Rows) -> None:
    rows[-1]["original_frame"] += 1


def further_capture(root: Path) -> None:
    shutil.copy(root / FLOW, root / "captures" / "flow-0004.pcapng")


def no_table(root: Path) -> None:
    (root / "frames.csv").unlink()


def upper_case(root: Path) -> None:
    shutil.copy(root / "README.txt", root / "readme.TXT")


OTHERS: Sequence[tuple[Callable[[Path], None], str]] = (
    (readme_line, "README.txt"),
    (table_cell, "frames.csv"),
    (reason, FLOW),
    (of_rows(without_packet), FLOW),
    (of_rows(later), "another time"),
    (of_rows(other_window), "is not the packet"),
    (of_rows(other_wire), "is not the packet"),
    (of_rows(other_frame), "differs from the same packet"),
    (further_capture, "captures/flow-0004.pcapng"),
    (no_table, "frames.csv: is not in the bundle"),
    (upper_case, "upper and lower case"),
)


@pytest.mark.parametrize(("tamper", "named"), OTHERS)
def test_a_changed_file_is_named(
    copy: Path, original: Path, tamper: Callable[[Path], None], named: str
) -> None:
    tamper(copy)
    forging.resealed(copy)
    assert named in sentences(copy, original)


def test_a_file_that_is_listed_twice_is_named(copy: Path, original: Path) -> None:
    path = copy / "SHA256SUMS"
    first = path.read_text().splitlines(keepends=True)[0]
    path.write_text(first + path.read_text())
    assert "SHA256SUMS" in sentences(copy, original)


# ── a redacted bundle ───────────────────────────────────────────────────────

OF_REDACTED: Sequence[tuple[str, Any, str]] = (
    ("devices.0.packets", 99, "devices[0].packets"),
    ("destinations.0.destination.packets", 99, "destinations[0].destination.packets"),
    ("findings.0.reasons.0", "the ministry confirmed it", "findings[0].reasons[0]"),
    ("findings.0.confidence", "medium", "findings[0].confidence"),
    ("redaction.withheld", 7, "redaction.withheld"),
    ("redaction.how.0", "Nothing was changed.", "redaction.how[0]"),
    ("coverage.0.bytes", 1, "coverage[0].bytes"),
    ("messages.0.http.request.body.complete", False, ".complete"),
)


@pytest.mark.parametrize(("path", "value", "named"), OF_REDACTED, ids=[path for path, _, _ in OF_REDACTED])
def test_a_changed_value_of_a_redacted_report_is_named(
    redacted: Path, tmp_path: Path, path: str, value: Any, named: str
) -> None:
    copy = Path(shutil.copytree(redacted, tmp_path / "copy"))
    write_value(copy, path, value)
    assert named in sentences(copy, redacted.parent / "phone.pcap", redacted.parent / "key")


def test_a_byte_of_a_redacted_packet_is_named(redacted: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(redacted, tmp_path / "copy"))
    found = forging.packets_of(copy, FLOW)
    at = next(number for number, packet in enumerate(found) if len(packet.data) > 300)
    data = bytearray(found[at].data)
    data[-1] ^= 1
    found[at] = replace(found[at], data=bytes(data))
    forging.write_packets(copy, FLOW, found, forging.rows_of(copy))
    assert FLOW in sentences(copy, redacted.parent / "phone.pcap", redacted.parent / "key")


# ── at random ───────────────────────────────────────────────────────────────


def random_leaf(root: Path, chance: random.Random) -> None:
    path = root / chance.choice(("report.json", "report.json", "manifest.json", "frames.json"))
    document = json.loads(path.read_text())
    leaf = chance.choice(list(forging.leaves(document)))
    inner = document
    for step in leaf[:-1]:
        inner = inner[step]
    old = inner[leaf[-1]]
    inner[leaf[-1]] = "x" if old is None or isinstance(old, list | dict) else forging.other(old)
    path.write_bytes(_written(path.name, document))


def _written(name: str, document: Any) -> bytes:
    """A document as phonehome writes it, where it can still be read."""
    if name == "manifest.json":
        return canonical(document)
    if name == "frames.json":
        return forging.frames_json(document)
    try:
        return reports.write(reports.read(json.dumps(document))).encode()
    except ValueError:
        return json.dumps(document).encode()


def random_byte(root: Path, chance: random.Random) -> None:
    path = root / chance.choice(("README.txt", "frames.csv"))
    data = bytearray(path.read_bytes())
    at = chance.randrange(len(data))
    data[at] = (data[at] + 1) % 128
    path.write_bytes(data)


def random_time(root: Path, chance: random.Random) -> None:
    name = f"captures/{chance.choice(sorted(path.name for path in (root / 'captures').iterdir()))}"
    found = forging.packets_of(root, name)
    at = chance.randrange(len(found))
    found[at] = replace(found[at], time_ns=found[at].time_ns + chance.choice((-1, 1)))
    rows = [row for row in forging.rows_of(root) if row["file"] == name]
    forging.write_packets(root, name, found, rows)


def random_file(root: Path, chance: random.Random) -> None:
    name = chance.choice(("note.txt", "captures/flow-0099.pcapng", "frames.csv", "README.txt"))
    if (root / name).exists():
        (root / name).unlink()
    else:
        (root / name).write_bytes(b"x")


CHANGES = (random_leaf, random_leaf, random_leaf, random_byte, random_time, random_file)


@pytest.mark.parametrize("is_redacted", [False, True])
def test_no_random_change_passes(made: Path, redacted: Path, tmp_path: Path, is_redacted: bool) -> None:
    """Forty changes each; a change that leaves all bytes as they are is no change."""
    root = redacted if is_redacted else made
    key = (root.parent / "key").read_bytes() if is_redacted else None
    passed = []
    for seed in range(40):
        copy = Path(shutil.copytree(root, tmp_path / str(seed)))
        change = CHANGES[seed % len(CHANGES)]
        change(copy, random.Random(seed))
        forging.sealed(copy)
        is_changed = (copy / "SHA256SUMS").read_bytes() != (root / "SHA256SUMS").read_bytes()
        if is_changed and not forging.checked(copy, root.parent / "phone.pcap", key=key).wrong:
            passed.append((seed, change.__name__))
        shutil.rmtree(copy)
    assert passed == []
