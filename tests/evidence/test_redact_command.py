"""The options --redact, --redact-key and --show-identifiers, as a user gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.cli import documents
from tests.cli.conftest import CAPTURE, Run, run

__all__ = ["run"]
ORIGINALS = (b"490154203237518", b"89470012345678901236", b"242011234567890", b"00:53:a7", b"Nokia-7-plus")


def test_redact_holds_for_terminal_json_and_bodies(run: Run, tmp_path: Path) -> None:
    done = run("scan", CAPTURE, "--redact", "-v", "--json", "r.json", "--bodies", "bodies")
    assert done.returncode == 0, done.stderr
    written = [done.stdout, *(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())]
    assert len(written) > 8
    assert b"REDACTED" in done.stdout
    for octets in written:
        assert not any(original in octets for original in ORIGINALS)


def test_redact_holds_for_every_document(run: Run, tmp_path: Path) -> None:
    run("scan", CAPTURE, "--json", "open.json")
    for number, document in enumerate(documents.DOCUMENTS):
        place = tmp_path / str(number)
        done = run("report", "open.json", "--redact", document.option, place)
        if b"is not installed" in done.stderr:
            continue
        assert done.returncode == 0, (document.option, done.stderr)
        files = [path for path in (place, *place.rglob("*")) if path.is_file()]
        made = b"".join(path.read_bytes() for path in files)
        assert made
        assert not any(original in made for original in ORIGINALS), document.option


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
    assert ORIGINALS[0] in shown
    assert not any(original in run("report", "open.json", "--html", "-").stdout for original in ORIGINALS)


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
