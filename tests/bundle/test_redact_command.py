"""The options --redact, --redact-key and --show-identifiers, as a user gives them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.cli import documents
from analyzer.report import json
from tests.bundle.searching import contents, leaks
from tests.cli.conftest import CAPTURE, Run, run

__all__ = ["run"]
ORIGINALS = (
    "490154203237518", "89470012345678901236", "242011234567890", "004400120000011", "A00000DEADBEEF",
    "00:00:5e:00:53:a7", "Nokia-7-plus",
)  # fmt: skip
# What a document that has no place for identifiers holds of them.
SHOWN: dict[str, set[str]] = {"--zeek": set(), "--kit": set()}


def test_redact_holds_for_terminal_json_and_bodies(run: Run, tmp_path: Path) -> None:
    done = run("scan", CAPTURE, "--redact", "-v", "--json", "r.json", "--bodies", "bodies")
    assert done.returncode == 0, done.stderr
    written = [done.stdout, *contents(tmp_path)]
    assert len(written) > 8
    assert b"REDACTED" in done.stdout
    assert leaks(written, ORIGINALS) == set()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report that shows identifiers."""
    path = tmp_path_factory.mktemp("saved") / "open.json"
    path.write_text(json.write(analyze(str(CAPTURE))))
    return path


@pytest.mark.sampled(4)
@pytest.mark.parametrize("document", documents.DOCUMENTS, ids=lambda document: document.name)
def test_no_document_shows_an_identifier_in_any_encoding_where_it_is_redacted(
    run: Run, tmp_path: Path, saved: Path, document: documents.Document
) -> None:
    done = run("report", saved, "--redact", document.option, "hidden", "-q")
    if b"is not installed" in done.stderr:
        pytest.skip(f"{document.option}: a package is not installed")
    assert (done.returncode, done.stderr) == (0, b"")
    assert leaks([done.stdout, *contents(tmp_path / "hidden")], ORIGINALS) == set()
    # The search finds what is there: the same document with identifiers holds them, encoded too.
    assert run("report", saved, "--show-identifiers", document.option, "open").returncode == 0
    found = leaks(contents(tmp_path / "open"), ORIGINALS)
    assert {name.split(" ")[0] for name in found} >= SHOWN.get(document.option, set(ORIGINALS[:3]))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("document", documents.DOCUMENTS, ids=lambda document: document.name)
def test_no_redacted_document_prints_a_hash_of_anything_but_what_was_sent(
    run: Run, tmp_path: Path, saved: Path, document: documents.Document
) -> None:
    done = run("report", saved, "--redact", "-v", document.option, "hidden")
    if b"is not installed" in done.stderr:
        pytest.skip(f"{document.option}: a package is not installed")
    report = json.read(saved.read_text())
    bodies = {m.body.sha256 for m in report.messages} | {m.body.content_sha256 for m in report.messages}
    sources = {
        digest for source in report.geo_sources for digest in re.findall("[0-9a-f]{64}", source.sha256)
    }
    pieces = [done.stdout, *contents(tmp_path / "hidden")]
    if document.option == "--json":  # the one that names what it is of
        pieces = [re.sub(rb'"replaced_sha256":"[0-9a-f]{64}"', b"", each) for each in pieces]
    pieces = [re.sub(rb'"commitments":\[[^]]*\]', b"", each) for each in pieces]
    found = {digest.decode() for each in pieces for digest in re.findall(rb"\b[0-9a-f]{64}\b", each)}
    commitments = set(re.findall(r"commitment\W+([0-9a-f]{64})", done.stdout.decode()))
    if document.option == "--html":
        page = (tmp_path / "hidden").read_text()
        commitments |= set(re.findall(r"commitment</dt><dd[^>]*>(?:<code>)?([0-9a-f]{64})", page))
    assert found - commitments <= bodies | sources


def test_redacted_text_is_not_said_to_be_as_it_crossed_the_air(run: Run, tmp_path: Path, saved: Path) -> None:
    assert run("report", saved, "--html", "page.html", "-q").returncode == 0
    page = (tmp_path / "page.html").read_text()
    assert "What was sent, as it crossed the air" not in page
    assert "Value as sent" not in page
    assert (
        page.count("Pseudonyms stand in: the body") == page.count("What was sent, with pseudonyms") // 2 > 0
    )
    assert run("report", saved, "--html", "open.html", "--show-identifiers", "-q").returncode == 0
    assert "What was sent, as it crossed the air" in (tmp_path / "open.html").read_text()
    redacted = run("report", saved, "--redact", "-v").stdout.decode()
    assert "keys and values as sent" not in redacted
    assert "in the body, not as sent" in redacted


def test_every_redacted_document_says_which_parts_were_replaced(
    run: Run, tmp_path: Path, saved: Path
) -> None:
    for option in ("--json", "--ndjson", "--eve", "--har"):
        assert run("report", saved, "--redact", option, "made", "-q").returncode == 0
        assert b"replaced" in (tmp_path / "made").read_bytes(), option
    assert run("report", saved, "--redact", "--zeek", "zeek", "--csv", "csv", "-q").returncode == 0
    assert "pseudonyms" in (tmp_path / "zeek" / "README.txt").read_text()
    assert "replaced" in (tmp_path / "csv" / "messages.csv").read_text().splitlines()[0]


def test_no_file_of_a_redacted_bundle_shows_an_identifier_in_any_encoding(
    run: Run, tmp_path: Path, saved: Path
) -> None:
    made = run("evidence", saved, "-o", "hidden", "-w", "hidden.pcapng", "--redact")
    assert made.returncode == 0, made.stderr
    written = [*contents(tmp_path / "hidden"), *contents(tmp_path / "hidden.pcapng")]
    assert leaks(written, ORIGINALS) == set()
    assert run("evidence", saved, "-o", "open").returncode == 0
    packets = leaks(contents(tmp_path / "open" / "captures"), ORIGINALS)
    assert {name.split(" ")[0] for name in packets} >= set(ORIGINALS)
    assert "00:00:5e:00:53:a7 bytes" in packets


def test_a_saved_report_is_redacted_with_the_same_key_as_the_scan(run: Run, tmp_path: Path) -> None:
    run("scan", CAPTURE, "--redact", "--redact-key", "key", "--json", "first.json")
    run("scan", CAPTURE, "--json", "open.json")
    done = run("report", "open.json", "--redact", "--redact-key", "key", "--json", "-")
    keep = [line for line in done.stdout.splitlines() if not line.startswith(b'"created"')]
    first = [
        line
        for line in (tmp_path / "first.json").read_bytes().splitlines()
        if not line.startswith(b'"created"')
    ]
    assert keep == first
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0


def test_html_shows_identifiers_only_where_they_are_asked_for(run: Run) -> None:
    run("scan", CAPTURE, "--json", "open.json")
    shown = run("report", "open.json", "--html", "-", "--show-identifiers").stdout
    assert ORIGINALS[0].encode() in shown
    assert leaks([run("report", "open.json", "--html", "-").stdout], ORIGINALS) == set()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--redact", "--show-identifiers"), b"contradict"),
        (("--redact", "--redact-key", "short"), b"32 or more"),
        (("--redact", "--redact-key", "no/such/folder/key"), b"can't be used"),
    ],
)
def test_options_that_can_not_be_followed_are_refused(
    run: Run, tmp_path: Path, options: tuple[str, ...], says: bytes
) -> None:
    (tmp_path / "short").write_bytes(b"secret")
    done = run("scan", CAPTURE, *options)
    assert (done.returncode, done.stdout) == (2, b"")
    assert says in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_watch_refuses_what_it_can_not_hold(run: Run) -> None:
    done = run("watch", CAPTURE, "--redact")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"phonehome report FILE --redact" in done.stderr
