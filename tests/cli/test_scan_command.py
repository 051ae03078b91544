"""`phonehome scan`: a capture in, the report out, and a plain sentence where that can't be."""

from __future__ import annotations

import json as standard
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.report import json
from tests.cli.conftest import CAPTURE, ROOT, Run

HEADER = 24  # bytes of a pcap file header


def test_the_report_comes_and_the_exit_code_is_0(run: Run) -> None:
    done = run("scan", CAPTURE)
    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert text.index("THE ANSWER") < text.index("IDENTIFIERS THAT LEFT") < text.index("BLIND SPOTS")
    assert text.count("RECONSTRUCTION") == 2
    assert "zzhc.vnet.cn" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_saved_report_renders_to_the_very_same_bytes(run: Run) -> None:
    printed = run("scan", CAPTURE, "-v", "--json", "saved.json")
    assert run("report", "saved.json", "-v").stdout == printed.stdout


def test_json_on_stdout_is_the_document_alone(run: Run) -> None:
    done = run("scan", CAPTURE, "--json", "-")
    report = json.read(done.stdout.decode())
    assert len(report.pings) > 1
    assert report.reconstruction
    assert standard.loads(done.stdout)["schema"] == "phonehome-report/1"


def test_packets_sent_to_the_region_are_as_many_in_the_ledger_as_in_the_list(run: Run) -> None:
    report = json.read(run("scan", CAPTURE, "--json", "-").stdout.decode())
    sent = sum(row.packets_up for row in report.destinations if row.scope_claims)
    assert len(report.region_packets) == sent > 0


def test_standard_input_gives_the_same_findings_as_the_file(run: Run) -> None:
    piped = json.read(run("scan", "-", "--json", "-", input=CAPTURE.read_bytes()).stdout.decode())
    filed = json.read(run("scan", CAPTURE, "--json", "-").stdout.decode())
    assert (piped.pings, piped.findings, piped.destinations) == (
        filed.pings,
        filed.findings,
        filed.destinations,
    )


def test_known_identifiers_are_matched_and_never_kept(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("# my phone\nimei=490154203237518\n")
    for given in ("imei=490154203237518", "mine.txt"):
        report = json.read(run("scan", CAPTURE, "--known", given, "--json", "-").stdout.decode())
        assert [(kind.kind, kind.seen) for kind in report.known] == [("imei", True)]
        assert any(finding.known for finding in report.findings)


def test_the_scope_is_what_was_asked_for(run: Run) -> None:
    text = run("scan", CAPTURE, "--region", "hk,CN", "--section", "regions").stdout.decode()
    assert text.index("HK located there") < text.index("CN located there")


@pytest.mark.parametrize("content", [b"", b"hello, this is text\n", b"\xd4\xc3\xb2\xa1", b"\x00" * 100])
def test_what_is_no_capture_is_one_sentence_and_exit_code_2(run: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "odd.pcap").write_bytes(content)
    done = run("scan", "odd.pcap", "--json", "out.json")
    assert done.returncode == 2
    assert done.stderr.startswith(b"phonehome: odd.pcap: ")
    assert done.stderr.count(b"\n") == 1
    assert done.stdout == b""
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("path", [".", "missing.pcap"])
def test_a_directory_and_a_missing_file_are_one_sentence(run: Run, path: str) -> None:
    done = run("scan", path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(f"phonehome: {path}: ".encode())
    assert done.stderr.count(b"\n") == 1


def test_no_capture_at_all_is_one_sentence(run: Run) -> None:
    done = run("scan")
    assert (done.returncode, done.stderr) == (
        2,
        b"phonehome: scan needs a capture: a file, or - for standard input\n",
    )


def test_one_unreadable_capture_of_several_costs_only_itself(run: Run, tmp_path: Path) -> None:
    (tmp_path / "odd.pcap").write_bytes(b"text")
    done = run("scan", "odd.pcap", CAPTURE)
    assert done.returncode == 2
    assert done.stderr.startswith(b"phonehome: odd.pcap: ")
    assert done.stderr.count(b"\n") == 1
    assert b"zzhc.vnet.cn" in done.stdout
    assert b"odd.pcap: " in done.stdout.split(b"PROBLEMS MET")[1]


def test_a_damaged_capture_is_reported_up_to_the_damage_with_exit_code_3(run: Run, tmp_path: Path) -> None:
    whole = CAPTURE.read_bytes()
    (tmp_path / "cut.pcap").write_bytes(whole[: len(whole) // 2 + 5])
    done = run("scan", "cut.pcap")
    assert (done.returncode, done.stderr) == (3, b"")
    assert b"no: the capture is damaged" in done.stdout
    assert b"PROBLEMS MET" in done.stdout


def test_an_empty_but_whole_capture_is_no_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "silent.pcap").write_bytes(CAPTURE.read_bytes()[:HEADER])
    done = run("scan", "silent.pcap")
    assert done.returncode == 0
    assert b"Nothing in this capture was searched" in done.stdout


def test_an_unwritable_json_path_ends_the_run_before_the_scan(run: Run) -> None:
    done = run("scan", "-", "--json", "missing/out.json", stdin=None, timeout=20)
    assert done.returncode == 2
    assert (
        done.stderr == b"phonehome: --json missing/out.json: can't be written (No such file or directory)\n"
    )


def test_a_capture_is_never_written_over(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.pcap").write_bytes(CAPTURE.read_bytes())
    done = run("scan", "a.pcap", "--json", "./a.pcap")
    assert done.returncode == 2
    assert b"is an input and is not written over" in done.stderr
    assert (tmp_path / "a.pcap").read_bytes() == CAPTURE.read_bytes()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("imei=12345", "--known: "),
        ("shoe=45", "--known: "),
        ("nothing.txt", "--known: nothing.txt can't be read (No such file or directory)"),
    ],
)
def test_an_unusable_known_identifier_is_one_sentence(run: Run, given: str, said: str) -> None:
    done = run("scan", CAPTURE, "--known", given)
    assert done.returncode == 2
    assert done.stderr.startswith(f"phonehome: {said}".encode())
    assert done.stderr.count(b"\n") == 1
    assert b"12345" not in done.stderr


def test_a_hostile_file_name_is_harmless(run: Run, tmp_path: Path) -> None:
    name = "a\x1b[2J\u202e.pcap"
    (tmp_path / name).write_bytes(CAPTURE.read_bytes())
    shown = run("scan", name).stdout.decode()
    missing = run("scan", "b" + name).stderr.decode()
    assert r"a\x1b[2J\u202e.pcap" in shown
    assert r"ba\x1b[2J\u202e.pcap" in missing
    assert (shown + missing).replace("\n", "").isprintable()


def test_an_interrupt_ends_without_a_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "analyzer", "scan", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"},
    ) as process:
        assert process.stderr is not None
        while b"analyzer.pipeline" not in process.stderr.readline():  # it is at work once this is imported
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == 130
    assert b"phonehome: interrupted" in rest
    assert b"Traceback" not in rest


@pytest.mark.parametrize(("option", "shows"), [([], True), (["-q"], False)])
def test_progress_is_shown_on_a_terminal_unless_quiet(option: list[str], shows: bool) -> None:
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "analyzer", "scan", *option, str(CAPTURE)],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        cwd=ROOT,
        check=True,
    )
    os.close(theirs)
    os.set_blocking(ours, False)
    try:
        seen = os.read(ours, 65_536)
    except OSError:  # nothing was written before the other end closed
        seen = b""
    os.close(ours)
    assert (b"nokia7plus-reconstruction.pcap: " in seen) == shows
