"""Damaged, hostile or senseless input: one clear sentence, or a Problem in the report; never a traceback."""

from __future__ import annotations

import gzip
import lzma
import os
import re
import resource
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analyzer.model import Message, Report
from analyzer.report import json as saved
from tests import builders, program

ROOT = Path(__file__).parents[2]
DONE, UNUSABLE, DAMAGED = 0, 2, 3
ESCAPE = "\x1b"
NOBODY = 65534
GIGABYTE = 1 << 30

GOOD = builders.pcap(
    builders.conversation((True, builders.http_request()), (False, builders.http_response()))
)
HEADER, RECORD = 24, 16


@dataclass(frozen=True)
class Ran:
    """How the command ended, what it said, and the report it wrote."""

    code: int
    out: str
    err: str
    written: Report | None

    @property
    def report(self) -> Report:
        """The report that must have been written."""
        assert self.written is not None, self.err
        return self.written

    @property
    def problems(self) -> dict[str, str]:
        """Code → sentence of each Problem in the report."""
        return {problem.code: problem.what for problem in self.report.problems}

    @property
    def requests(self) -> list[Message]:
        """The requests of the report."""
        return [message for message in self.report.messages if message.role == "request"]


def phonehome(capture: Path | str, report: Path, **options: Any) -> Ran:
    """Run the real command on a capture, within 2 GB of address space beyond what Python maps."""
    words = ["scan", str(capture), "--json", str(report)]
    if options:
        command = [sys.executable, "-m", "analyzer", *words]
        options.setdefault("stdin", subprocess.DEVNULL)
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, **options)
    else:
        ran = program.call(words, cwd=ROOT, env=os.environ)
    written = saved.read(report.read_text()) if report.exists() else None
    return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode(), written)


@pytest.fixture
def scan(tmp_path: Path) -> Any:
    """Write bytes to a file and run the command on it."""

    def of(data: bytes, name: str = "capture.pcap", **options: Any) -> Ran:
        path = tmp_path / name
        path.write_bytes(data)
        return phonehome(path, tmp_path / "report.json", **options)

    return of


def assert_refused(ran: Ran, *words: str) -> None:
    """Exit code 2, one line on standard error that holds these words, nothing on standard output."""
    lines = ran.err.splitlines()
    assert ran.code == UNUSABLE, ran.err
    assert len(lines) == 1, ran.err
    assert "Traceback" not in ran.err
    assert all(word in lines[0] for word in words), lines[0]
    assert ran.out == ""
    assert ran.written is None


def assert_quiet(ran: Ran) -> None:
    """No traceback and no more than one line on standard error."""
    assert "Traceback" not in ran.err
    assert len(ran.err.splitlines()) <= 1, ran.err


# ── not a capture ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.pcap", b""),
        ("letter.pcap", b"Dear editor,\n\nhere is the capture you asked for.\n"),
        ("short-header.pcap", GOOD[:17]),
        ("one-byte.pcap", b"\xd4"),
        ("zeros.pcap", bytes(4096)),
        ("short-section.pcapng", bytes.fromhex("0a0d0d0a1c0000004d3c2b1a")),
        ("picture.pcap", b"\x89PNG\r\n\x1a\n" + bytes(100)),
        ("empty.pcap.gz", gzip.compress(b"")),
        ("letter.pcap.xz", lzma.compress(b"Dear editor")),
        ("short-modified.pcap", struct.pack("<IHHiI", 0xA1B2CD34, 2, 4, 0, 0)),
        ("short.snoop", b"snoop\0\0\0\0\0\0\2"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_capture_is_refused_in_one_sentence(scan: Any, name: str, data: bytes) -> None:
    assert_refused(scan(data, name), name)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert_refused(phonehome(tmp_path / "absent.pcap", tmp_path / "report.json"), "absent.pcap")


def test_a_directory_without_a_capture_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    assert_refused(phonehome(folder, tmp_path / "report.json"), "folder")


@pytest.mark.skipif(os.name != "posix", reason="file permissions as on Unix")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.pcap"
    path.write_bytes(GOOD)
    path.chmod(0)
    if os.geteuid() == 0:
        assert_refused(_as_nobody(path), "secret.pcap")
    else:
        assert_refused(phonehome(path, tmp_path / "report.json"), "secret.pcap")


def _as_nobody(path: Path) -> Ran:
    """Root may read everything, so become nobody once a scan has imported everything needed."""
    for parent in [path.parent, *path.parents[1:]]:
        if parent.stat().st_uid == os.geteuid() and str(parent).startswith("/tmp/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    code = (
        "import contextlib, os, sys; from analyzer import cli\n"
        "with contextlib.redirect_stdout(open(os.devnull, 'w')): cli.main(['scan', sys.argv[2]])\n"
        f"os.setgid({NOBODY}); os.setuid({NOBODY}); sys.exit(cli.main(['scan', sys.argv[1]]))"
    )
    readable = path.with_name("readable.pcap")
    readable.write_bytes(GOOD)
    command = [sys.executable, "-c", code, path, readable]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120)
    return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode(), None)


# ── damaged captures ────────────────────────────────────────────────────────


def test_the_undamaged_capture_is_read_without_a_problem(scan: Any) -> None:
    ran = scan(GOOD)
    assert (ran.code, ran.err, ran.problems) == (DONE, "", {})
    assert [request.method for request in ran.requests] == ["GET"]


@pytest.mark.parametrize(
    "missing", [1, 40, 60], ids=["one byte", "within the packet", "within the record header"]
)
def test_a_cut_last_record_is_a_problem_and_the_rest_is_read(scan: Any, missing: int) -> None:
    ran = scan(GOOD[:-missing])
    assert_quiet(ran)
    assert ran.code == DAMAGED
    assert not ran.report.captures[0].complete
    assert any("cut" in code or "record" in code for code in ran.problems)
    assert [request.method for request in ran.requests] == ["GET"]


def test_a_record_that_claims_four_gigabytes_is_a_problem_and_not_an_allocation(scan: Any) -> None:
    first = len(builders.pcap([builders.conversation()[0]]))
    claim = struct.pack("<IIII", 1_550_678_470, 0, 0xFFFFFFF0, 0xFFFFFFF0)
    ran = scan(GOOD[:first] + claim + GOOD[first:], preexec_fn=_little_memory)
    assert_quiet(ran)
    assert ran.code == DAMAGED
    assert ran.problems
    assert not ran.report.captures[0].complete


def _little_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (3 * GIGABYTE, 3 * GIGABYTE))


@pytest.mark.parametrize("tail", [8, 100], ids=["the checksum", "the data"])
def test_a_cut_gzip_is_a_problem_and_what_was_there_is_read(scan: Any, tail: int) -> None:
    noise = builders.udp(os.urandom(1200), ports=(5000, 443))
    frames = builders.conversation((True, builders.http_request()), (False, builders.http_response()))
    whole = gzip.compress(
        builders.pcap([*frames, *[noise] * 3, builders.udp(os.urandom(1200), ports=(5000, 443))])
    )
    ran = scan(whole[:-tail], "cut.pcap.gz")
    assert_quiet(ran)
    assert ran.code == DAMAGED
    assert ran.problems
    assert [request.method for request in ran.requests] == ["GET"]


def test_random_bytes_after_a_good_start_are_survived(scan: Any) -> None:
    ran = scan(GOOD + bytes(range(256)) * 40)
    assert_quiet(ran)
    assert ran.code == DAMAGED
    assert ran.problems


# ── hostile contents ────────────────────────────────────────────────────────


def test_a_gzip_bomb_in_a_body_is_unpacked_only_up_to_a_limit(scan: Any) -> None:
    bomb = gzip.compress(bytes(GIGABYTE // 2), 9)  # half a gigabyte in half a megabyte
    request = builders.http_request("POST", "/upload", body=bomb, Content_Encoding="gzip")
    ran = scan(builders.pcap(builders.conversation((True, request))), preexec_fn=_little_memory)
    assert_quiet(ran)
    assert ran.code in (DONE, DAMAGED)
    body = ran.requests[0].body
    assert body.length == len(bomb)
    assert len(body.content) < GIGABYTE // 8
    assert any("limit" in code or "body" in code for code in ran.problems), ran.problems


def test_terminal_escapes_in_a_host_header_never_reach_the_terminal(scan: Any) -> None:
    hostile = f"evil{ESCAPE}]0;owned\x07{ESCAPE}[2J\x9b31m.example"
    ran = scan(builders.pcap(builders.conversation((True, builders.http_request(host=hostile)))))
    assert_quiet(ran)
    assert ran.code in (DONE, DAMAGED)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", ran.out + ran.err)
    host = ran.requests[0].header("Host")
    assert host is not None
    assert ESCAPE in host  # the evidence itself is kept


def test_terminal_escapes_in_a_file_name_never_reach_the_terminal(scan: Any) -> None:
    ran = scan(b"no capture", f"{ESCAPE}[31mred.pcap")
    assert ran.code == UNUSABLE
    assert ESCAPE not in ran.err + ran.out
    assert "Traceback" not in ran.err


def test_an_endless_request_line_is_survived(scan: Any) -> None:
    line = b"GET /" + b"a" * 300_000
    ran = scan(builders.pcap(builders.conversation((True, line))))
    assert_quiet(ran)
    assert ran.code in (DONE, DAMAGED)


def test_deeply_nested_json_is_survived(scan: Any) -> None:
    body = b"[" * 50_000 + b"]" * 50_000
    request = builders.http_request("POST", "/", body=body, Content_Type="application/json")
    ran = scan(builders.pcap(builders.conversation((True, request))))
    assert_quiet(ran)
    assert ran.code in (DONE, DAMAGED)


# ── not a regular file ──────────────────────────────────────────────────────


def test_standard_input_is_read_as_a_file_is(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcap"
    path.write_bytes(GOOD)
    with path.open("rb") as file:
        ran = phonehome("-", tmp_path / "report.json", stdin=file)
    assert (ran.code, ran.err) == (DONE, "")
    assert ran.report.captures[0].frames == len(builders_frames())


def test_a_pipe_is_read_as_a_file_is(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "analyzer", "scan", "-", "--json", str(tmp_path / "report.json")]
    ran = subprocess.run(command, cwd=ROOT, input=GOOD, capture_output=True, timeout=120)
    assert (ran.returncode, ran.stderr) == (DONE, b"")


def test_an_empty_pipe_is_refused_in_one_sentence(tmp_path: Path) -> None:
    assert_refused(phonehome("-", tmp_path / "report.json"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_read_as_a_file_is(tmp_path: Path) -> None:
    fifo = tmp_path / "live.pcap"
    os.mkfifo(fifo)
    writer = threading.Thread(target=lambda: fifo.write_bytes(GOOD), daemon=True)
    writer.start()
    ran = phonehome(fifo, tmp_path / "report.json")
    writer.join(timeout=10)
    assert (ran.code, ran.err) == (DONE, "")
    assert ran.report.captures[0].frames == len(builders_frames())


def test_a_device_that_is_no_file_is_refused_or_read_to_its_end(tmp_path: Path) -> None:
    if not Path("/dev/null").exists():
        pytest.skip("no /dev/null here")
    assert_refused(phonehome("/dev/null", tmp_path / "report.json"))


def builders_frames() -> list[bytes]:
    """The frames of the undamaged capture."""
    return builders.conversation((True, builders.http_request()), (False, builders.http_response()))


def test_a_good_capture_beside_a_bad_one_is_still_reported(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.pcap", tmp_path / "bad.pcap"
    good.write_bytes(GOOD)
    bad.write_bytes(b"")
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "analyzer", "scan", good, bad, "--json", report]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, text=True)
    assert ran.returncode == UNUSABLE
    assert len(ran.stderr.splitlines()) == 1
    assert "bad.pcap" in ran.stderr
    written = saved.read(report.read_text())
    assert [capture.frames for capture in written.captures] == [len(builders_frames()), 0]
    assert any("bad.pcap" in problem.what for problem in written.problems)
