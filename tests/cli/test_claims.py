"""No command writes over an input, a key or another output, by whatever name it reaches them."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from analyzer.cli import main
from analyzer.cli.file_roles import KEPT_FOLDERS, SHEETS
from analyzer.cli.parser import parser
from tests import builders
from tests.conftest import ROOT

CAPTURE = builders.pcap(
    builders.conversation((True, builders.http_request()), (False, builders.http_response()))
)


@pytest.fixture(scope="module")
def saved_text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A saved report, made once."""
    folder = tmp_path_factory.mktemp("saved")
    (folder / "in.pcap").write_bytes(CAPTURE)
    assert main(["scan", "-q", str(folder / "in.pcap"), "--json", str(folder / "s.json")]) == 0
    return (folder / "s.json").read_text()


@pytest.fixture
def place(tmp_path: Path, saved_text: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a capture, further names for it, a saved report, a key and a log of events."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.pcap").write_bytes(CAPTURE)
    os.link("in.pcap", "hard.pcap")
    os.symlink("in.pcap", "soft.pcap")
    (tmp_path / "many").mkdir()
    (tmp_path / "many" / "1.pcap").write_bytes(CAPTURE)
    (tmp_path / "s.json").write_text(saved_text)
    (tmp_path / "key").write_bytes(b"k" * 32)
    (tmp_path / "ev").write_text("time,event\n2019-02-20T16:01:00Z,on\n")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.toml").write_text("")
    (tmp_path / "r" / "reports").mkdir(parents=True)
    os.symlink("nowhere.json", "dangling")
    return tmp_path


def held(folder: Path) -> dict[str, bytes]:
    """Every file below a folder and what is in it."""
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


REFUSED = [
    "scan in.pcap --json in.pcap", "scan in.pcap --json ./many/../in.pcap", "scan in.pcap --html hard.pcap",
    "scan in.pcap --har soft.pcap", "scan hard.pcap --json soft.pcap", "scan -r in.pcap --json in.pcap",
    "scan many --json many/1.pcap", "scan many/*.pcap --html many/1.pcap",
    "scan in.pcap --events ev --json ev", "scan in.pcap --json dangling --html nowhere.json",
    "scan in.pcap --json j --html j", "scan in.pcap --json j --html ./j",
    "scan in.pcap --csv d --zeek d", "scan in.pcap --csv d --json d/x",
    "scan in.pcap --bodies d --csv d/below",
    "scan in.pcap --csv d/below --zeek d", "scan in.pcap --bodies d --json d/x",
    "scan in.pcap --redact --redact-key key --json key", "scan in.pcap --redact --redact-key new --json new",
    "scan in.pcap --redact --redact-key new --csv new", "scan in.pcap --redact --redact-key d/new --csv d",
    "scan in.pcap --results r --json r/reports/x.json", "scan in.pcap --results r --csv r",
    "scan in.pcap --results r --json r/flows/x", "scan in.pcap --results d/r --csv d",
    "scan in.pcap --dossiers own --json own/mine.toml", "scan in.pcap --geo ev --json ev",
    "scan in.pcap --known ev --json ev", "scan in.pcap --tac ev --json ev",
    "watch in.pcap --ndjson in.pcap", "watch in.pcap --json hard.pcap", "watch in.pcap --ndjson j --json j",
    "watch in.pcap -w in.pcap", "watch in.pcap -w k.pcapng --json k.pcapng",
    "watch in.pcap -w k.pcapng --json k_00001_undated.pcapng", "watch --ndjson in.pcap -- cat in.pcap",
    "watch --json in.pcap -- sh -c 'cat in.pcap'", "watch in.pcap --ndjson ev --on-ping 'sh ev'",
    "report s.json --json s.json", "report s.json --html s.json", "report s.json --eve e --har e",
    "report s.json --redact --redact-key key --html key",
    "evidence s.json -w s.json", "evidence s.json -w in.pcap --capture in.pcap",
    "evidence s.json -o d -w d/x",
    "evidence s.json -w key --redact --redact-key key", "evidence s.json -o d --redact --redact-key d/k",
    "diff s.json s.json --json s.json", "diff s.json s.json --redact --redact-key k --json k",
    "summary r --html r/reports/x.html", "summary r --csv c --html c/phones.csv",
]  # fmt: skip


@pytest.mark.parametrize("line", REFUSED)
def test_what_would_be_lost_is_refused_and_nothing_is_touched(
    line: str, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import shlex

    before = held(place)
    assert (
        main([*shlex.split(line), "-q"] if not line.startswith(("diff", "summary")) else shlex.split(line))
        == 2
    )
    said = capfd.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert held(place) == before


def test_what_a_report_was_made_of_is_no_place_for_another(place: Path) -> None:
    assert main(["scan", "in.pcap", "-q", "--json", "own.json"]) == 0
    assert main(["report", "own.json", "--json", "in.pcap"]) == 2
    assert main(["evidence", "own.json", "-w", "hard.pcap"]) == 2
    assert (place / "in.pcap").read_bytes() == CAPTURE


SHELL = [
    ("scan - -q --json F <F", "--json F: that is an input"),
    ("scan - -q --json G <F", "--json G: that is an input"),
    ("scan F >>F", "standard output goes to F"),
    ("scan F -q 2>>F", ""),
    ("scan - >>F <F", "standard output goes to the file of standard input"),
    ("scan F -q --json j >j", "are the same file"),
    ("scan F -q --csv d >>F", "standard output goes to F"),
    ("scan F -q --json /dev/stdout >>F", "standard output goes to F"),
    ("watch - --ndjson F <F", "--ndjson F: that is an input"),
]


def test_redirections_of_the_shell_are_seen(tmp_path: Path) -> None:
    capture = tmp_path / "F"
    capture.write_bytes(CAPTURE)
    os.link(capture, tmp_path / "G")
    run = f"{sys.executable} -m analyzer"
    script = "\n".join(f"{run} {words}; echo $? >&3" for words, _ in SHELL)
    done = subprocess.run(
        ["sh", "-c", f"exec 3>codes; {script}"], cwd=tmp_path, capture_output=True, check=False, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL, timeout=120,
    )  # fmt: skip
    assert (tmp_path / "codes").read_text().split() == ["2"] * len(SHELL)
    assert capture.read_bytes() == CAPTURE
    said = done.stderr.splitlines()
    assert len(said) == len([words for _, words in SHELL if words])
    assert all(words in line for words, line in zip([w for _, w in SHELL if w], said, strict=True))


@pytest.mark.usefixtures("place")
def test_pipes_and_devices_stay_of_use(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["scan", "in.pcap", "-q", "--json", "/dev/null", "--html", "/dev/null"]) == 0
    capfdbinary.readouterr()
    assert main(["scan", "in.pcap", "-q", "--json", "/dev/stdout"]) == 0
    assert capfdbinary.readouterr().out.startswith(b'{"schema"'[:1])
    os.mkfifo("fifo")
    reader = subprocess.Popen(["cat", "fifo"], stdout=subprocess.PIPE)
    assert main(["scan", "in.pcap", "-q", "--json", "fifo"]) == 0
    assert reader.communicate(timeout=60)[0].endswith(b"}\n")
    read, write = os.pipe()
    with os.fdopen(read, "rb") as end:
        assert main(["report", "s.json", "-q", "--sarif", f"/dev/fd/{write}"]) == 0
        os.close(write)
        assert end.read(1) == b"{"


@pytest.mark.usefixtures("place")
def test_outputs_that_do_not_meet_are_written() -> None:
    words = "--json d.json --csv d --zeek d2/z --redact-key new --redact --bodies b"
    assert main(["scan", "in.pcap", "-q", *words.split()]) == 0
    made = [Path(name) for name in ("d.json", "new", "d/flows.csv", "b/index.csv")]
    assert {path.stat().st_mode & 0o777 for path in made} == {0o600}
    assert {Path(name).stat().st_mode & 0o777 for name in ("d", "d2", "d2/z", "b")} == {0o700}


# ── the list is complete ────────────────────────────────────────────────────

# What such options take that is neither read nor written as a file by us. In the folder of `--folder` of
# `dossiers` a file is made, and none is replaced.
NO_FILE = {
    ("serve", "host"), ("geo", "words"), ("dossiers", "ids"), ("dossiers", "folder"), ("verify", "directory"),
    ("watch", "syslog"), ("watch", "webhook"), ("watch", "mqtt"), ("watch", "interface"),
}  # fmt: skip


def test_every_option_that_names_a_file_has_a_role() -> None:
    top: Any = parser()
    commands: dict[str, argparse.ArgumentParser] = top.commands.choices
    for name, command in commands.items():
        roles = {named.attribute for named in command.get_default("files") or ()}
        for action in command._actions:
            words = f"{action.metavar or ''}"
            names_file = any(
                w in words for w in ("FILE", "DIR", "json", "CAPTURE", "CMD", "SOURCE", "RESULTS", ".csv")
            )
            if names_file and (name, action.dest) not in NO_FILE:
                assert action.dest in roles, (name, action.dest)


def test_the_names_that_are_listed_twice_are_the_same() -> None:
    pytest.importorskip("duckdb")
    from analyzer.corpus.corpus_tables import TABLES
    from analyzer.corpus.results_folder import REPORTS
    from analyzer.corpus.summary_questions import OF_METADATA, OF_NEWS, QUESTIONS

    assert {*TABLES, REPORTS} == set(KEPT_FOLDERS)
    assert [name for name, *_ in (*OF_NEWS, OF_METADATA, *QUESTIONS)] + ["labels"] == list(SHEETS)
