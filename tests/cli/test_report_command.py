"""`phonehome report`: a saved report is printed again without its capture."""

from __future__ import annotations

import json as standard
import os
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.core.kernels import is_compiled
from analyzer.report import json
from analyzer.report.language import language
from analyzer.report.terminal import render
from tests.cli.conftest import ROOT, Run
from tests.report.builders import sample_report


def test_the_report_is_printed_at_80_columns_without_colour_into_a_pipe(run: Run, saved: Path) -> None:
    done = run("report", saved)
    assert done.stdout.decode() == render(sample_report())
    assert (done.returncode, done.stderr) == (0, b"")


def test_columns_sets_the_width(run: Run, saved: Path) -> None:
    done = run("report", saved, env={**os.environ, "COLUMNS": "120", "PYTHONPATH": str(ROOT)})
    assert done.stdout.decode() == render(sample_report(), width=120)


def test_json_to_stdout_is_the_json_alone(run: Run, saved: Path) -> None:
    done = run("report", saved, "--json", "-")
    assert done.stdout == saved.read_bytes()


def test_json_to_a_file_comes_with_the_report(run: Run, saved: Path, tmp_path: Path) -> None:
    done = run("report", saved, "--json", "again.json")
    assert (tmp_path / "again.json").read_bytes() == saved.read_bytes()
    assert b"THE ANSWER" in done.stdout


def test_a_longer_file_that_stood_there_is_replaced_whole(run: Run, saved: Path, tmp_path: Path) -> None:
    (tmp_path / "again.json").write_text("x" * 1_000_000)
    run("report", saved, "--json", "again.json")
    assert (tmp_path / "again.json").read_bytes() == saved.read_bytes()


def test_stdin_is_a_saved_report_too(run: Run, saved: Path) -> None:
    assert run("report", "-", input=saved.read_bytes()).stdout == run("report", saved).stdout


def test_the_input_is_never_written_over(run: Run, saved: Path) -> None:
    before = saved.read_bytes()
    done = run("report", saved, "--json", saved)
    assert done.returncode == 2
    assert b"is not written over" in done.stderr
    assert saved.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a saved report"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b'{"schema":"phonehome-report/9"}', "this version reads phonehome-report/1"),
        (standard.dumps({"schema": "\x1b[2J"}).encode(), "of schema"),
        (b'{"schema":1' + b"0" * 400 + b"}", "a number of 401 digits is too large"),
        (b'{"schema":-1' + b"0" * 5_000 + b"}", "a number of 5002 digits is too large"),
        (b'{"schema":1208925819614629174706176}', "a number of 25 digits is too large"),
        (b'{"schema":1e999}', "a number is too large"),
    ],
)
def test_what_is_no_saved_report_is_one_sentence_and_exit_code_2(
    run: Run, tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "odd.json").write_bytes(content)
    done = run("report", "odd.json")
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert done.stderr.startswith(b"phonehome: odd.json: ")
    assert done.stderr.count(b"\n") == 1
    assert b"\x1b" not in done.stderr
    assert done.stdout == b""


def test_a_missing_file_is_one_sentence(run: Run) -> None:
    done = run("report", "nothing.json")
    assert (done.returncode, done.stderr) == (
        2,
        b"phonehome: nothing.json: can't be read (No such file or directory)\n",
    )


@pytest.mark.parametrize("target", ["missing/dir.json", "."])
def test_a_json_path_that_cannot_be_written_is_one_sentence(run: Run, saved: Path, target: str) -> None:
    done = run("report", saved, "--json", target)
    assert done.returncode == 2
    assert done.stderr.startswith(f"phonehome: --json {target}: can't be written (".encode())
    assert done.stderr.count(b"\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_one_sentence(run: Run, saved: Path) -> None:
    done = run("report", saved, "--json", "/dev/full")
    assert (done.returncode, done.stderr) == (
        2,
        b"phonehome: --json /dev/full: can't be written (No space left on device)\n",
    )


def test_a_terminal_that_knows_no_unicode_gets_escapes_not_a_traceback(run: Run, saved: Path) -> None:
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    done = run("report", saved, env=env)
    assert done.returncode == 0
    assert done.stdout.isascii()


def test_a_reader_that_leaves_early_gets_no_traceback(tmp_path: Path) -> None:
    from dataclasses import replace

    long = replace(sample_report(), blind_spots=("out of sight",) * 20_000)
    (tmp_path / "long.json").write_text(json.write(long))
    with subprocess.Popen(
        [sys.executable, "-m", "analyzer", "report", str(tmp_path / "long.json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_help_needs_none_of_the_heavy_libraries() -> None:
    code = (
        "import sys\nfrom analyzer.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'rich', 'dpkt', 'phonenumbers', 'stdnum', 'scapy'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=True)
    assert done.stderr == b"[]\n"
    assert b"phonehome" in done.stdout


def test_version_is_that_of_the_installed_package(run: Run) -> None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        expected = version("phonehome")
    except PackageNotFoundError:
        pytest.skip("phonehome is not installed here")
    assert run("--version").stdout.decode().splitlines()[0] == f"phonehome {expected}"


@pytest.mark.parametrize(("setting", "said"), [("1", "not compiled"), ("", "compiled")])
def test_version_says_whether_the_kernels_are_compiled(run: Run, setting: str, said: str) -> None:
    if not setting and not is_compiled():
        pytest.skip("the kernels of this copy are not compiled")
    done = run("--version", env={**os.environ, "PYTHONPATH": str(ROOT), "PHONEHOME_UNCOMPILED": setting})
    line = done.stdout.decode().splitlines()[1]
    assert line.split(": ")[1].split(";")[0] == said


@pytest.mark.parametrize(
    "asked", [{"LC_ALL": "nb_NO.UTF-8"}, {"LC_ALL": "", "LANG": "no_NO"}, ["--lang", "no"]]
)
def test_the_language_is_the_one_asked_for_or_that_of_the_system(
    run: Run, saved: Path, asked: dict[str, str] | list[str]
) -> None:
    env = asked if isinstance(asked, dict) else {}
    words = asked if isinstance(asked, list) else []
    done = run("report", saved, *words, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **env})
    with language("nb"):
        assert done.stdout.decode() == render(sample_report())


def test_a_section_is_printed_alone_and_a_zone_beside_utc(run: Run, saved: Path) -> None:
    done = run("report", saved, "--section", "identifiers,blind", "--zone", "Europe/Oslo")
    text = done.stdout.decode()
    assert [line for line in text.splitlines() if line and line == line.upper() and line[0].isalpha()] == [
        "IDENTIFIERS THAT LEFT READABLE",
        "BLIND SPOTS: WHAT THIS CAPTURE CANNOT SHOW",
    ]
    assert "2019-02-14 06:01:00 UTC (07:01:00 CET)" in " ".join(text.split())
