"""Evidence bundles: what tshark sees in them, what a scan finds again, what breaks when a byte changes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.bundle.making import CAPTURES, OWN, SECRETS, bundle, call, capture
from tests.bundle.nesting import layers
from tests.cli.conftest import CAPTURE

TSHARK, OPENSSL = shutil.which("tshark"), shutil.which("openssl")
CHECKS = [
    part for name in ("tcp", "ip", "udp") for part in ("-o", f"{name}.check_checksum:TRUE")
] + ["-o", "tcp.analyze_sequence_numbers:TRUE"]  # fmt: skip
SUMS = ("tcp.checksum.status", "ip.checksum.status", "udp.checksum.status")
BAD_SUM = {"0", "Bad"}  # some versions print the number, some may print its name
# Of the captures made here, in which nothing is lost or repeated.
DISORDER = (
    "tcp.analysis.lost_segment",
    "tcp.analysis.ack_lost_segment",
    "tcp.analysis.retransmission",
    "tcp.analysis.out_of_order",
)
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="tshark is not installed")
UNANSWERED = CAPTURE.with_name("nokia7plus-reconstruction-unanswered.pcap")
NAMES = ["reconstruction", "unanswered", *CAPTURES]


def seen(path: Path, *options: str) -> list[str]:
    """What tshark prints of a capture."""
    command = [TSHARK or "", "-r", str(path), *CHECKS, *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def named(folder: Path, name: str) -> Path:
    files = {"reconstruction": CAPTURE, "unanswered": UNANSWERED}
    return files[name] if name in files else capture(folder, name)


@pytest.mark.sampled(6)
@pytest.mark.parametrize("redact", [False, True], ids=["plain", "redacted"])
@pytest.mark.parametrize("name", NAMES)
def test_a_bundle_holds_and_opens_in_tshark(
    tmp_path: Path, name: str, redact: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    path = named(tmp_path, name)
    key = tmp_path / "key"
    made = bundle(tmp_path, path, *(("--redact", "--redact-key", key) if redact else ()))
    keyed = ("--redact-key", key) if redact else ()
    assert call("verify", made, "--capture", path, *keyed) == 0, capsys.readouterr().out
    said = capsys.readouterr().out
    assert "are found again" in said
    if TSHARK is None:
        pytest.skip("the rest needs tshark")
    never = ("_ws.malformed", *(DISORDER if name in CAPTURES else ()))
    names = ("frame.comment", *SUMS, *never)
    columns = [word for field in names for word in ("-e", field)]
    for each in [*made.glob("captures/*"), tmp_path / "all.pcapng"]:
        frames = [line.split("\t") for line in seen(each, "-T", "fields", *columns)]
        assert frames
        assert all(len(frame) == len(names) and "[frame " in frame[0] for frame in frames)
        sums = [value for frame in frames for cell in frame[1:4] for value in cell.split(",") if value]
        assert sums
        assert not BAD_SUM & set(sums)
        assert not any(any(frame[4:]) for frame in frames)


@needs_tshark
def test_frames_are_those_of_the_original(tmp_path: Path) -> None:
    made = bundle(tmp_path, CAPTURE)
    rows = json.loads((made / "frames.json").read_text())
    fields = ("-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "ip.id", "-e", "tcp.seq_raw")
    original = seen(CAPTURE, *fields)
    for name in {row["file"] for row in rows}:
        here = [row for row in rows if row["file"] == name]
        assert seen(made / name, *fields) == [original[row["original_frame"] - 1] for row in here]


@needs_tshark
def test_a_flow_is_whole_and_what_names_its_ends_is_there(tmp_path: Path) -> None:
    made = bundle(tmp_path, CAPTURE)
    columns = seen(
        made / "captures" / "flow-0001.pcapng", "-T", "fields", "-e", "_ws.col.Protocol", "-e", "tcp.flags"
    )
    protocols = [line.split("\t")[0] for line in columns]
    assert protocols.count("DNS") == 2
    assert "DHCP" in protocols
    assert any(line.endswith("0x0002") for line in columns)  # SYN
    assert any(line.endswith("0x0011") for line in columns)  # FIN, ACK


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", CAPTURES)
def test_nothing_of_a_redacted_bundle_holds_an_original(tmp_path: Path, name: str) -> None:
    made = bundle(tmp_path, capture(tmp_path, name), "--redact")
    files = [path for path in (*made.rglob("*"), tmp_path / "all.pcapng") if path.is_file()]
    bodies = [*_bodies(made), *(path.read_bytes() for path in files)]
    for data in bodies:
        for layer in layers(data, 6):
            assert not [secret for secret in (*SECRETS, OWN) if secret.encode() in layer]
            assert bytes.fromhex("001b44113ab7") not in layer
            assert bytes.fromhex("00005e0053a7") not in layer


def _bodies(made: Path) -> list[bytes]:
    """What tshark reassembles of the HTTP bodies."""
    if TSHARK is None:
        return []
    fields = ("-T", "fields", "-e", "http.file_data", "-o", "http.decompress_body:TRUE")
    lines = [line for path in made.glob("captures/*") for line in seen(path, *fields)]
    return [
        bytes.fromhex(line.replace(":", ""))
        for line in lines
        if line and set(line) <= set("0123456789abcdef:")
    ]


@needs_tshark
def test_a_redacted_body_of_another_length_is_read_whole_by_tshark(tmp_path: Path) -> None:
    made = bundle(tmp_path, capture(tmp_path, "gzip"), "--redact")
    lines = seen(
        made / "captures" / "flow-0001.pcapng",
        "-Y",
        "http.request",
        "-T",
        "fields",
        "-e",
        "json.value.string",
    )
    assert any("59.9" in line and "59.913868" not in line for line in lines), lines


@pytest.mark.parametrize("packed", ["gz", "zst"])
def test_a_compressed_original_is_read_and_compared(tmp_path: Path, packed: str) -> None:
    path = capture(tmp_path, "gzip", packed)
    assert call("verify", bundle(tmp_path, path), "--capture", path) == 0


def test_another_capture_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = capture(tmp_path, "a query alone")
    call("scan", path, "-q", "--json", tmp_path / "report.json")
    path.write_bytes(path.read_bytes() + bytes(16))
    for options in ((), ("--capture", path)):
        assert call("evidence", tmp_path / "report.json", "-o", tmp_path / "b", *options) == 2
        assert "SHA-256" in capsys.readouterr().err
    assert not (tmp_path / "b").exists()


def test_a_capture_that_moved_is_told_by_its_hash(tmp_path: Path) -> None:
    path = capture(tmp_path, "a query alone")
    call("scan", path, "-q", "--json", tmp_path / "report.json")
    moved = path.rename(tmp_path / "elsewhere")
    assert call("evidence", tmp_path / "report.json", "-o", tmp_path / "b", "--capture", moved) == 0


def test_nothing_is_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = capture(tmp_path, "a query alone")
    made = bundle(tmp_path, path)
    assert call("evidence", tmp_path / "report.json", "-o", made) == 2
    assert "not an empty folder" in capsys.readouterr().err
    assert call("evidence", tmp_path / "report.json", "-w", path) == 2
    assert "not written over" in capsys.readouterr().err


def test_a_redacted_report_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call("scan", CAPTURE, "-q", "--redact", "--json", tmp_path / "r.json")
    assert call("evidence", tmp_path / "r.json", "-o", tmp_path / "b") == 2
    assert "is redacted" in capsys.readouterr().err


def test_a_report_without_findings_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.builders import pcap

    path = tmp_path / "quiet.pcap"
    path.write_bytes(pcap([*CAPTURES["a query alone"][:3]]))
    call("scan", path, "-q", "--json", tmp_path / "r.json")
    assert call("evidence", tmp_path / "r.json", "-o", tmp_path / "b") == 2
    assert "nothing to show" in capsys.readouterr().err


@pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")
def test_openssl_reads_the_time_stamp_request(tmp_path: Path) -> None:
    made = bundle(tmp_path, capture(tmp_path, "a query alone"))
    query = [OPENSSL or "", "ts", "-query", "-in", str(made / "SHA256SUMS.tsq"), "-text"]
    text = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    digest = [OPENSSL or "", "dgst", "-sha512", "-r", str(made / "SHA256SUMS")]
    wanted = subprocess.run(digest, capture_output=True, text=True, check=True).stdout.split()[0]
    printed = "".join(line[11:60] for line in text.splitlines() if line.startswith("    0"))
    assert "".join(char for char in printed if char in "0123456789abcdef") == wanted
    assert "Certificate required: yes" in text


def test_sha256sum_agrees(tmp_path: Path) -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("sha256sum is not installed")
    made = bundle(tmp_path, capture(tmp_path, "a query alone"))
    subprocess.run(["sha256sum", "-c", "--quiet", "--strict", "SHA256SUMS"], cwd=made, check=True)


def test_a_log_in_is_withheld_from_redacted_packets(tmp_path: Path) -> None:
    from tests.builders import conversation, pcap

    talk = [
        (False, b"220 ready\r\n"),
        (True, b"USER kari\r\n"),
        (False, b"331 go on\r\n"),
        (True, b"PASS sommer2019\r\n"),
        (False, b"230 logged in\r\n"),
    ]
    path = tmp_path / "ftp.pcap"
    path.write_bytes(pcap(conversation(*talk, ports=(40000, 21))))
    made = bundle(tmp_path, path, "--redact", "--redact-key", tmp_path / "key")
    packets = (made / "captures" / "flow-0001.pcapng").read_bytes()
    assert b"sommer2019" not in packets
    assert b"kari" not in packets
    assert call("verify", made, "--capture", path, "--redact-key", tmp_path / "key") == 0


def test_evidence_in_decrypted_frames_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = capture(tmp_path, "a query alone")
    call("scan", path, "-q", "--json", tmp_path / "report.json")
    document = json.loads((tmp_path / "report.json").read_text())
    client = {
        "station": "00:1b:44:11:3a:b7",
        "bssid": "00:1b:44:99:3a:b7",
        "ssid": "x",
        "handshake": "complete",
    }
    document["wifi"] = [{**client, "decrypted": 3, "protected": 0}]
    (tmp_path / "report.json").write_text(json.dumps(document))
    assert call("evidence", tmp_path / "report.json", "-o", tmp_path / "b") == 2
    assert "airdecap-ng" in capsys.readouterr().err
    assert not (tmp_path / "b").exists()
