"""Bundles that somebody forged, with documents that agree and sums that are right: each fails."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analyzer.model import Report
from analyzer.report import json as reports
from tests.builders import conversation, pcap
from tests.bundle import forging
from tests.bundle.making import ANSWER, IMEI, bundle, call, capture, post
from tests.cli.conftest import CAPTURE

FLOW = "captures/flow-0001.pcapng"
OTHER_IMEI = "356938035643817"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forgeries")
    return bundle(folder, capture(folder, "plain JSON in many segments"))


@pytest.fixture(scope="module")
def reconstruction(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reconstruction")
    return bundle(folder, CAPTURE)


def test_an_honest_bundle_is_right(made: Path, original: Path) -> None:
    outcome = forging.checked(made, original)
    assert (outcome.wrong, outcome.unverified) == ([], [])
    assert outcome.compared
    assert any("built again from the original" in sentence for sentence in outcome.checked)


# ── the map of frames ───────────────────────────────────────────────────────

Rows = forging.Rows
MAPS: dict[str, Callable[[Rows], Rows]] = {
    "no row": lambda rows: rows[:0],
    "the last row is missing": lambda rows: rows[:-1],
    "a row in the middle is missing": lambda rows: rows[:3] + rows[4:],
    "a row twice": lambda rows: [*rows[:4], rows[3], *rows[4:]],
    "a row more": lambda rows: [*rows, {**rows[-1], "frame": len(rows) + 1}],
    "two rows in another order": lambda rows: [rows[1], rows[0], *rows[2:]],
    "a frame that the capture does not hold": lambda rows: [
        *rows[:-1],
        {**rows[-1], "original_frame": 10**6},
    ],
    "frame 0": lambda rows: [{**rows[0], "original_frame": 0}, *rows[1:]],
    "another capture": lambda rows: [{**rows[0], "capture": 1}, *rows[1:]],
    "no capture": lambda rows: [{**rows[0], "capture": -1}, *rows[1:]],
    "a place twice": lambda rows: [{**rows[0], "original_frame": rows[1]["original_frame"]}, *rows[1:]],
    "another time": lambda rows: [{**rows[0], "time_ns": rows[0]["time_ns"] + 1}, *rows[1:]],
    "another reason": lambda rows: [{**rows[0], "why": ["carried imei of the minister"]}, *rows[1:]],
    "a path": lambda rows: [{**rows[0], "file": "../../secret.pcapng"}, *rows[1:]],
    "a key more": lambda rows: [{**rows[0], "note": "x"}, *rows[1:]],
    "a number as a text": lambda rows: [{**rows[0], "original_frame": "1"}, *rows[1:]],
    "a truth value as a number": lambda rows: [{**rows[0], "original_frame": True}, *rows[1:]],
}


@pytest.mark.parametrize("name", MAPS)
def test_a_map_that_is_not_of_the_packets_fails(copy: Path, original: Path, name: str) -> None:
    forging.write_rows(copy, MAPS[name](forging.rows_of(copy)))
    forging.sealed(copy)
    outcome = forging.checked(copy, original)
    assert outcome.wrong
    assert not outcome.compared


@pytest.mark.parametrize("text", ["", "[]\n", "[\n]\n", "{}\n", "null\n", "[" * 100_000])
def test_a_map_that_is_none_fails(copy: Path, original: Path, text: str) -> None:
    (copy / "frames.json").write_text(text)
    forging.sealed(copy)
    assert forging.checked(copy, original).wrong


def test_a_table_that_says_something_else_than_the_map_fails(copy: Path) -> None:
    text = (copy / "frames.csv").read_text()
    (copy / "frames.csv").write_text(text.replace("handshake", "handshakes", 1))
    forging.sealed(copy)
    assert "frames.csv" in forging.checked(copy).wrong[0]


# ── packets ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("at", [0, 2, -1])
def test_a_packet_with_another_time_is_found_by_its_original(copy: Path, original: Path, at: int) -> None:
    found = forging.packets_of(copy, FLOW)
    found[at] = replace(found[at], time_ns=found[at].time_ns + 1)
    forging.write_packets(copy, FLOW, found, forging.rows_of(copy))
    assert any("another time" in sentence for sentence in forging.checked(copy, original).wrong)


def test_a_packet_with_another_byte_is_found_by_its_original(copy: Path, original: Path) -> None:
    found = forging.packets_of(copy, FLOW)
    data = bytearray(found[1].data)
    data[22] ^= 1  # time to live: no claim rests on it
    found[1] = replace(found[1], data=bytes(data))
    forging.write_packets(copy, FLOW, found, forging.rows_of(copy))
    assert any("is not the packet" in sentence for sentence in forging.checked(copy, original).wrong)


def test_a_packet_with_another_length_on_the_wire_is_found_by_its_original(
    copy: Path, original: Path
) -> None:
    found = forging.packets_of(copy, FLOW)
    found[0] = replace(found[0], wire=found[0].wire + 1)
    forging.write_packets(copy, FLOW, found, forging.rows_of(copy))
    assert forging.checked(copy, original).wrong


def test_packets_in_another_order_fail(copy: Path, original: Path) -> None:
    found, rows = forging.packets_of(copy, FLOW), forging.rows_of(copy)
    found[4:6], rows[4:6] = found[5:3:-1], rows[5:3:-1]
    forging.write_packets(copy, FLOW, found, rows)
    assert any("out of order" in sentence for sentence in forging.checked(copy, original).wrong)


def test_a_value_changed_in_packets_and_report_is_found_by_the_original(copy: Path, original: Path) -> None:
    found = forging.packets_of(copy, FLOW)
    found = [replace(p, data=p.data.replace(IMEI.encode(), OTHER_IMEI.encode())) for p in found]
    forging.write_packets(copy, FLOW, found, forging.rows_of(copy))
    report = forging.report_of(copy)
    text = reports.write(report).replace(IMEI, OTHER_IMEI)
    forging.write_report(copy, reports.read(text))
    assert any("is not the packet" in sentence for sentence in forging.checked(copy, original).wrong)


ENDS: dict[str, Callable[[bytes], bytes]] = {
    "bytes behind the last packet": lambda data: data + bytes(16),
    "one byte": lambda data: data + b"x",
    "a second section": lambda data: data + data,
    "compressed": lambda data: gzip.compress(data, mtime=0),
    "cut": lambda data: data[:-7],
    "nothing": lambda data: data[:0],
    "padding that is not zero": lambda data: (
        data.replace(b"\0\0\0\0\x01\0", b"\1\0\0\0\x01\0", 1)[:-1] + b"\1"
    ),
    "a block that is no packet": lambda data: data + bytes.fromhex("050000000c0000000c000000"),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_capture_that_holds_more_than_its_packets_fails(copy: Path, original: Path, name: str) -> None:
    path = copy / FLOW
    path.write_bytes(ENDS[name](path.read_bytes()))
    forging.sealed(copy)
    wrong = forging.checked(copy, original).wrong
    assert wrong
    assert wrong[0].startswith(FLOW)


# ── files ───────────────────────────────────────────────────────────────────


def _extra(root: Path) -> None:
    (root / "captures" / "flow-0002.pcapng").write_bytes((root / FLOW).read_bytes())


def _upper_case(root: Path) -> None:
    (root / "captures" / "FLOW-0001.pcapng").write_bytes((root / FLOW).read_bytes())


def _without_table(root: Path) -> None:
    (root / "frames.csv").unlink()


def _symbolic_link(root: Path) -> None:
    (root / "README.txt").rename(root.parent / "elsewhere")
    (root / "README.txt").symlink_to(root.parent / "elsewhere")


def _linked_folder(root: Path) -> None:
    (root / "captures").rename(root.parent / "away")
    (root / "captures").symlink_to(root.parent / "away")


def _hard_link(root: Path) -> None:
    os.link(root / FLOW, root.parent / "other-name")


def _pipe(root: Path) -> None:
    os.mkfifo(root / "pipe")


def _folder(root: Path) -> None:
    (root / "more").mkdir()


FILES = (_extra, _upper_case, _without_table, _symbolic_link, _linked_folder, _hard_link, _folder) + (
    (_pipe,) if hasattr(os, "mkfifo") else ()
)


@pytest.mark.parametrize("change", FILES)
def test_a_file_more_or_less_or_elsewhere_fails(
    copy: Path, original: Path, change: Callable[[Path], None]
) -> None:
    change(copy)
    forging.sealed(copy)
    assert forging.checked(copy, original).wrong


def test_a_file_of_many_bytes_is_not_read(copy: Path) -> None:
    with (copy / "SHA256SUMS").open("ab") as file:
        file.truncate(1 << 31)
    assert "SHA256SUMS: has 2,147,483,648 bytes" in forging.checked(copy).wrong[0]


# ── documents ───────────────────────────────────────────────────────────────

MANIFESTS: dict[str, dict[str, Any]] = {
    "a key more": {"note": "examined by an expert"},
    "left out": {"left_out": 3},
    "not redacted": {"redacted": True},
    "captures": {"captures": []},
    "scope": {"scope": {"regions": ["RU"], "device": None}},
    "databases": {"databases": []},
    "files": {"files": []},
    "reconstruction": {"reconstruction": "none"},
    "tool": {"tool": {"name": "other", "version": "9"}},
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_contradicts_the_report_fails(copy: Path, name: str) -> None:
    document = json.loads((copy / "manifest.json").read_text()) | MANIFESTS[name]
    (copy / "manifest.json").write_text(json.dumps(document))
    forging.sealed(copy)
    assert "manifest.json" in forging.checked(copy).wrong[0]


@pytest.mark.parametrize("name", ["../../x", "captures/../x", "CAPTURES/FLOW-0001.PCAPNG", "/etc/hostname"])
def test_a_manifest_that_names_other_files_fails(copy: Path, name: str) -> None:
    document = json.loads((copy / "manifest.json").read_text())
    for files in ([{**document["files"][0], "file": name}], [*document["files"], document["files"][0]]):
        (copy / "manifest.json").write_text(json.dumps({**document, "files": files}))
        forging.sealed(copy)
        assert "manifest.json" in forging.checked(copy).wrong[0]


def test_another_text_in_the_readme_fails(copy: Path) -> None:
    (copy / "README.txt").write_bytes((copy / "README.txt").read_bytes() + b"Certified by the police.\n")
    forging.sealed(copy)
    assert "README.txt" in forging.checked(copy).wrong[0]


def test_a_key_that_no_report_has_fails(copy: Path) -> None:
    text = (copy / "report.json").read_text()
    (copy / "report.json").write_text(text.replace('"scope": {', '"scope": {"verdict":"guilty",', 1))
    forging.sealed(copy)
    assert "report.json" in forging.checked(copy).wrong[0]


CLAIMED = ("messages", "findings", "pings", "identifiers")


def _changed(document: Any, path: tuple[Any, ...]) -> Any:
    made = json.loads(json.dumps(document))
    inner = made
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = forging.other(inner[path[-1]])
    return made


def _forged(root: Path) -> Iterator[tuple[tuple[Any, ...], Report]]:
    """Each report that differs in one value of its claims and can be read."""
    document = json.loads((root / "report.json").read_text())
    old = forging.report_of(root)
    for path in (path for name in CLAIMED for path in forging.leaves(document[name], (name,))):
        try:
            report = reports.read(json.dumps(_changed(document, path)))
        except ValueError:
            continue
        if report != old:
            yield path, report


def test_any_value_of_the_claims_that_is_changed_fails_without_the_original(
    made: Path, tmp_path: Path
) -> None:
    passed = []
    for at, (path, report) in enumerate(_forged(made)):
        copy = Path(shutil.copytree(made, tmp_path / str(at)))
        try:
            forging.write_report(copy, report)
        except (KeyError, StopIteration, ValueError):
            continue
        if not forging.checked(copy).wrong:
            passed.append(path)
        shutil.rmtree(copy)
    assert passed == []


def test_a_finding_that_is_left_out_fails(copy: Path) -> None:
    report = forging.report_of(copy)
    forging.write_report(copy, replace(report, findings=report.findings[1:]))
    assert any("leaves out" in sentence for sentence in forging.checked(copy).wrong)


def test_what_is_not_in_the_bundle_is_compared_with_the_original(copy: Path, original: Path) -> None:
    report = forging.report_of(copy)
    devices = tuple(replace(device, packets=device.packets + 1) for device in report.devices)
    forging.write_report(copy, replace(report, devices=devices))
    without = forging.checked(copy)
    assert without.wrong == []
    assert any("devices" in sentence for sentence in without.unverified)
    assert any("devices" in sentence for sentence in forging.checked(copy, original).wrong)


# ── reconstructions ─────────────────────────────────────────────────────────


def test_a_notice_that_is_removed_fails(reconstruction: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(reconstruction, tmp_path / "copy"))
    forging.write_report(copy, replace(forging.report_of(copy), reconstruction=None))
    assert any("reconstruction" in sentence for sentence in forging.checked(copy).wrong)


def test_a_notice_that_is_removed_from_the_packets_too_is_found_by_the_original(
    reconstruction: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(reconstruction, tmp_path / "copy"))
    captures = tuple(replace(info, path="phone.pcap") for info in forging.report_of(copy).captures)
    forging.write_report(copy, replace(forging.report_of(copy), reconstruction=None, captures=captures))
    for path in sorted((copy / "captures").iterdir()):
        name = f"captures/{path.name}"
        rows = [row for row in forging.rows_of(copy) if row["file"] == name]
        pairs = zip(forging.packets_of(copy, name), rows, strict=True)
        kept = [(each, row) for each, row in pairs if "reconstruction" not in str(row["why"])]
        forging.write_packets(copy, name, [each for each, _ in kept], [row for _, row in kept])
    assert any("says that it is a reconstruction" in each for each in forging.checked(copy, CAPTURE).wrong)


# ── what was not verified ───────────────────────────────────────────────────


def test_without_the_original_the_bundle_is_not_said_to_hold(
    made: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("verify", made) == 0
    said = capsys.readouterr().out
    assert "NOT VERIFIED: nothing was compared with capture 1" in said
    assert "holds" not in said.splitlines()[-1]
    assert call("verify", made, "--capture", made.parent / "phone.pcap") == 0
    assert "The bundle holds: its packets are those of the original." in capsys.readouterr().out


def test_a_sender_without_a_dossier_is_found_again(tmp_path: Path) -> None:
    """What makes it a ping is that it repeats itself, in connections of which each has its own capture."""
    body = json.dumps({"imei": IMEI}).encode()
    packets = [
        each
        for at in range(3)
        for each in conversation(
            (True, post(body).replace(b"www.example.com", b"reg.example.cn")),
            (False, ANSWER),
            ports=(40000 + at, 80),
        )
    ]
    path = tmp_path / "phone.pcap"
    path.write_bytes(pcap(packets))
    root = bundle(tmp_path, path)
    assert len(list((root / "captures").iterdir())) == 3
    assert {ping.dossier for ping in forging.report_of(root).pings} == {"undocumented"}
    outcome = forging.checked(root, path)
    assert (outcome.wrong, outcome.unverified) == ([], [])


def test_a_redacted_bundle_says_what_was_not_compared(tmp_path: Path) -> None:
    path = capture(tmp_path, "gzip")
    root = bundle(tmp_path, path, "--redact", "--redact-key", tmp_path / "key")
    key = (tmp_path / "key").read_bytes()
    outcome = forging.checked(root, path, key=key)
    assert (outcome.wrong, outcome.unverified) == ([], [])
    assert outcome.is_built_again
    alone = forging.checked(root)
    assert alone.wrong == []
    assert any("reasons and bodies were not" in sentence for sentence in alone.unverified)
    assert forging.checked(root, path, key=bytes(32)).wrong
    found = forging.packets_of(root, FLOW)
    found[0] = replace(found[0], time_ns=found[0].time_ns + 1)
    forging.write_packets(root, FLOW, found, forging.rows_of(root))
    assert any("another time" in sentence for sentence in forging.checked(root, path, key=key).wrong)
