"""Captures made to attack: nothing is executed, no limit is crossed, and what is left out is said."""

from __future__ import annotations

import gzip
import json
import os
import re
import resource
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from analyzer import analyze
from analyzer.cli.documents import DOCUMENTS
from analyzer.report.json import read
from tests import program
from tests.hostile import captures

ROOT = Path(__file__).parents[2]
MEMORY = 3 << 30  # address space of a scan of anything here
SECONDS = 120
# How much is thrown at it; PHONEHOME_HOSTILE=10 throws ten times as much.
TIMES = int(os.environ.get("PHONEHOME_HOSTILE", "1"))
# C0 and C1 controls beside the newline, and what turns text around or hides in it.
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def phonehome(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """Run the program with bounds on its memory and processor time."""
    limits = {resource.RLIMIT_AS: MEMORY, resource.RLIMIT_CPU: SECONDS}
    return program.call(arguments, cwd=cwd, env={**os.environ, "COLUMNS": "100"}, limits=limits)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[bytes]]:
    """The folder in which the attacking capture was scanned into every document there is."""
    folder = tmp_path_factory.mktemp("attacks")
    (folder / "attacks.pcapng").write_bytes(captures.attacks())
    options: list[str] = ["--bodies", "bodies", "-v"]
    for document in installed():
        options += [document.option, f"out.{document.name}"]
    done = phonehome("scan", "attacks.pcapng", *options, cwd=folder)
    assert done.returncode in (0, 3), done.stderr.decode()
    return folder, done


@cache
def installed() -> list[Any]:
    """The documents whose packages are there."""
    from importlib import import_module

    found = []
    for document in DOCUMENTS:
        try:
            import_module(document.module)
        except ModuleNotFoundError:
            continue
        found.append(document)
    return found


def test_every_text_was_met(scanned: tuple[Path, Any]) -> None:
    report = read((scanned[0] / "out.json").read_text())
    assert len(report.messages) >= 6 * len(captures.TEXTS)
    assert any(captures.HTML in value for message in report.messages for _, value in message.headers)
    assert sum(ping.host == "zzhc.vnet.cn" for ping in report.pings) == len(captures.TEXTS)


def test_nothing_reaches_the_terminal_unescaped(scanned: tuple[Path, Any]) -> None:
    done = scanned[1]
    for printed in (done.stdout, done.stderr):
        assert UNSAFE.findall(printed.decode()) == []
    assert b"\\x1b" in done.stdout


def test_the_json_is_ascii_and_valid(scanned: tuple[Path, Any]) -> None:
    text = (scanned[0] / "out.json").read_bytes()
    assert text.isascii()
    assert UNSAFE.findall(text.decode()) == []
    json.loads(text)


def test_bodies_and_documents_stay_in_their_folder(scanned: tuple[Path, Any]) -> None:
    folder = scanned[0]
    written = {path.relative_to(folder).parts[0] for path in folder.rglob("*")}
    assert written == {"attacks.pcapng", "bodies", *(f"out.{document.name}" for document in installed())}
    for path in (folder / "bodies").rglob("*"):
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,200}", path.name), path.name
    for table in (folder / "bodies").glob("*.csv"):
        cells = [cell for line in table.read_text().splitlines() for cell in line.split(",")]
        assert not [cell for cell in cells if cell.strip('"')[:1] in ("=", "+", "@", "\t")]


def test_no_table_holds_a_formula(scanned: tuple[Path, Any]) -> None:
    """Whatever documents there are, a cell of a CSV that begins like a formula is one (OWASP)."""
    import csv
    import io
    import zipfile

    for document in installed():
        written = scanned[0] / f"out.{document.name}"
        files = [path for path in written.rglob("*") if path.is_file()] if written.is_dir() else [written]
        texts = [path.read_bytes().decode("utf-8", "replace") for path in files if "csv" in f"{path}"]
        if not written.is_dir() and zipfile.is_zipfile(written):
            with zipfile.ZipFile(written) as archive:
                assert not [n for n in archive.namelist() if n.startswith("/") or ".." in n]
                texts = [archive.read(n).decode() for n in archive.namelist() if n.endswith(".csv")]
        for text in texts:
            cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
            bad = [cell for cell in cells if cell[:1] in "=+@\t\r" and cell[:1]]
            assert not [cell for cell in bad if not re.fullmatch(r"[+-]?\d+(\.\d+)?", cell)]


def test_the_page_of_the_report_runs_and_fetches_nothing_of_it(
    scanned: tuple[Path, Any], browser: Any
) -> None:
    path = scanned[0] / "out.html"
    if not path.exists():
        pytest.skip("there is no HTML report yet")
    page, asked, dialogs = browser.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri())
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.attacked === undefined")
    assert dialogs == []
    assert [url for url in asked if url != path.as_uri() and not url.startswith("data:")] == []
    text = page.content()
    assert "1337" not in page.inner_text("body") or "7*191" in text  # templates in it were not filled in
    assert page.locator("a[href^='javascript:' i]").count() == 0
    page.close()


def test_a_name_of_a_file_attacks_nobody(tmp_path: Path) -> None:
    name = "a\x1b[2J\n<script>=1+1\u202e.pcapng"
    (tmp_path / name).write_bytes(captures.attacks())
    done = phonehome("scan", name, "--json", "out.json", cwd=tmp_path)
    assert done.returncode in (0, 3)
    assert UNSAFE.findall(done.stdout.decode()) == []


def test_a_json_bomb_is_left_and_said(tmp_path: Path) -> None:
    (tmp_path / "bomb.pcap").write_bytes(captures.json_bomb())
    done = phonehome("scan", "bomb.pcap", "--json", "out.json", cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr.decode()[-500:]
    report = read((tmp_path / "out.json").read_text())
    assert len(report.messages) == 2
    assert "nest" in " ".join(problem.what for problem in report.problems)


def test_decompression_bombs_are_left_and_said(tmp_path: Path) -> None:
    (tmp_path / "bombs.pcap").write_bytes(captures.decompression_bombs())
    done = phonehome("scan", "bombs.pcap", "--json", "out.json", cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr.decode()[-500:]
    report = read((tmp_path / "out.json").read_text())
    requests = [message for message in report.messages if message.role == "request"]
    assert len(requests) == 4
    assert max(len(message.body.content) for message in requests) < 70 << 20
    assert [message.body.left_out or message.body.missing for message in requests[:3]].count(None) == 0


def test_an_archive_bomb_is_bounded(tmp_path: Path) -> None:
    """A small archive of very many empty records: all of them are counted, in little memory."""
    data, size = captures.one(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), (16 << 20) * TIMES
    (tmp_path / "bomb.pcap.gz").write_bytes(gzip.compress(data) + captures.zeros(size, 31))
    assert (tmp_path / "bomb.pcap.gz").stat().st_size < size // 500
    done = phonehome("scan", "bomb.pcap.gz", "--json", "out.json", "-q", cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr.decode()[-500:]
    report = read((tmp_path / "out.json").read_text())
    assert report.captures[0].frames >= size // 16


def test_flows_without_end_are_counted_in_bounded_memory(tmp_path: Path) -> None:
    count = 150_000 * TIMES
    captures.flows(tmp_path / "flows.pcap", count)
    done = phonehome("scan", "flows.pcap", "--json", "out.json", "-q", cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()[-500:]
    report = read((tmp_path / "out.json").read_text())
    assert sum(row.flows for row in report.destinations) == count
    assert sum(row.packets_up for row in report.destinations) == count
    assert "flows-together" in {problem.code for problem in report.problems}


def test_identifiers_without_end_are_bounded_and_the_rest_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With less room than there is, so that few exchanges do; PHONEHOME_HOSTILE fills the true one."""
    count = 1500 if TIMES == 1 else 25_000 * TIMES
    if TIMES == 1:
        monkeypatch.setattr("analyzer.session.exchange_budget.MOST_EVIDENT", 1 << 20)
        monkeypatch.setattr("analyzer.session.exchange_budget.MOST_NEW", 1 << 20)
    (tmp_path / "many.pcap").write_bytes(captures.identifiers(count))
    report = analyze(tmp_path / "many.pcap")
    left_out = sum(problem.count for problem in report.problems if problem.code == "evidence-unlisted")
    listed = sum(message.role == "request" for message in report.messages)
    assert listed + left_out == count
    assert left_out > 0


def test_names_without_end_are_bounded_and_the_rest_is_said(tmp_path: Path) -> None:
    (tmp_path / "names.pcap").write_bytes(captures.names(60_000 * TIMES))
    done = phonehome("scan", "names.pcap", "--json", "out.json", "-q", cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr.decode()[-500:]
    report = read((tmp_path / "out.json").read_text())
    assert any("name" in problem.code for problem in report.problems), report.problems


def test_a_watch_of_it_tells_nothing_unescaped(tmp_path: Path) -> None:
    (tmp_path / "attacks.pcapng").write_bytes(captures.attacks())
    with (tmp_path / "attacks.pcapng").open("rb") as file:
        done = subprocess.run(
            ["sh", "-c", f"cat | {sys.executable} -m analyzer watch - --ndjson events -w kept.pcapng"],
            stdin=file, cwd=tmp_path, capture_output=True, check=False, timeout=SECONDS,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        )  # fmt: skip
    assert done.returncode in (0, 3)
    assert b"PING" in done.stdout
    assert UNSAFE.findall(done.stdout.decode()) == []
    events = (tmp_path / "events").read_bytes()
    assert events.isascii()
    assert UNSAFE.findall(events.decode()) == []
    assert len(list(tmp_path.glob("kept_*"))) == 1
