"""A bundle in which anything changed fails, and the sentence names the file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.bundle.manifest import frames_json
from tests.bundle import forging
from tests.bundle.making import bundle, call, capture

Told = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verify")
    return bundle(folder, capture(folder, "plain JSON in many segments"))


FILES = (
    "SHA256SUMS", "SHA256SUMS.tsq", "report.json", "manifest.json", "frames.json", "frames.csv",
    "README.txt", "captures/flow-0001.pcapng",
)  # fmt: skip


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("at", [0.0, 0.37, 0.999])
def test_an_byte_changed_anywhere_fails_and_names_the_file(
    copy: Path, name: str, at: float, capsys: Told
) -> None:
    path = copy / name
    data = bytearray(path.read_bytes())
    data[int(at * len(data))] ^= 1
    path.write_bytes(data)
    assert call("verify", copy) == 1
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("WRONG")]
    assert any(name in line for line in told), told


def test_a_file_more_or_less_fails(copy: Path, capsys: Told) -> None:
    (copy / "captures" / "extra.pcapng").write_bytes(b"x")
    (copy / "frames.csv").unlink()
    assert call("verify", copy) == 1
    out = capsys.readouterr().out
    assert "captures/extra.pcapng: does not belong" in out
    assert "frames.csv: is missing" in out


def test_a_finding_that_the_packets_do_not_hold_is_named(copy: Path, capsys: Told) -> None:
    for name in ("report.json", "manifest.json"):
        text = (copy / name).read_text()
        (copy / name).write_text(text.replace("356938035643809", "356938035643817"))
    forging.sealed(copy)
    assert call("verify", copy) == 1
    assert "imei 356938035643817" in capsys.readouterr().out


def test_a_manifest_that_says_something_else_than_the_report_is_named(copy: Path, capsys: Told) -> None:
    document = json.loads((copy / "manifest.json").read_text())
    document["files"][0]["findings"].pop()
    (copy / "manifest.json").write_text(json.dumps(document))
    forging.sealed(copy)
    assert call("verify", copy) == 1
    assert "something else than report.json" in capsys.readouterr().out


def test_a_changed_packet_is_found_by_its_original(made: Path, copy: Path, capsys: Told) -> None:
    rows = json.loads((copy / "frames.json").read_text())
    capture_file = copy / "captures" / "flow-0001.pcapng"
    data = capture_file.read_bytes().replace(b"www.example.com", b"www.example.org")
    capture_file.write_bytes(data)
    forging.sealed(copy)
    assert call("verify", copy) == 1
    assert "captures/flow-0001.pcapng: its packets are not those of frames.json" in capsys.readouterr().out
    rows[4]["sha256"] = "0" * 64
    (copy / "frames.json").write_bytes(frames_json(rows))
    forging.sealed(copy)
    assert call("verify", copy, "--capture", made.parent / "phone.pcap") == 1
    assert "captures/flow-0001.pcapng: its packets are not those of frames.json" in capsys.readouterr().out


@pytest.mark.parametrize("line", ["../../etc/passwd", "/etc/passwd", "captures/../../x"])
def test_sums_that_lead_outside_are_not_followed(copy: Path, line: str, capsys: Told) -> None:
    with open(copy / "SHA256SUMS", "a") as file:
        file.write(f"{'0' * 64}  {line}\n")
    assert call("verify", copy) == 1
    assert "none of its own" in capsys.readouterr().out


def test_a_link_in_place_of_a_file_is_not_followed(copy: Path, capsys: Told) -> None:
    target = copy.parent / "elsewhere"
    (copy / "README.txt").rename(target)
    (copy / "README.txt").symlink_to(target)
    assert call("verify", copy) == 1
    assert "README.txt" in capsys.readouterr().out


def test_what_is_no_bundle_is_refused_in_one_sentence(tmp_path: Path, capsys: Told) -> None:
    assert call("verify", tmp_path) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"files": 3},
        {"files": [{"file": "../../secret.pcap", "pings": [], "findings": [], "capture": 0, "flow": 0}]},
        {"captures": None},
    ],
)
def test_a_manifest_made_by_somebody_else_is_one_sentence(
    copy: Path, change: dict[str, object], capsys: Told
) -> None:
    document = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(document | change))
    forging.sealed(copy)
    assert call("verify", copy, "--capture", copy / "manifest.json") == 1
    told = capsys.readouterr()
    assert "manifest.json" in told.out
    assert "Traceback" not in told.err
