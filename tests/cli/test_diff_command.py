"""`phonehome diff`: two saved reports in, the comparison out, and one sentence where that can't be."""

from __future__ import annotations

import json as standard
from pathlib import Path

import pytest

from analyzer.report import json
from tests.cli.conftest import Run
from tests.compare.reports import CONTROL, PHONE, answered, between_two_sends, unanswered


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Saved reports of the answered and the unanswered hour."""
    paths = tmp_path / "a.json", tmp_path / "b.json"
    for path, report in zip(paths, (answered(), unanswered()), strict=True):
        path.write_text(json.write(report))
    return paths


def test_the_comparison_is_printed_at_80_columns_and_the_exit_code_is_0(
    run: Run, pair: tuple[Path, Path]
) -> None:
    done = run("diff", *pair)
    text = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert text.index("THE ANSWER") < text.index("ACTIVATION PINGS") < text.index("CANNOT SHOW")
    assert max(map(len, text.splitlines())) <= 80


def test_json_to_stdout_is_the_json_alone(run: Run, pair: tuple[Path, Path]) -> None:
    document = standard.loads(run("diff", *pair, "--json", "-").stdout)
    assert (document["schema"], document["a"]["device"]) == ("phonehome-diff/1", PHONE)


def test_json_to_a_file_comes_with_the_comparison(run: Run, pair: tuple[Path, Path], tmp_path: Path) -> None:
    done = run("diff", *pair, "--json", "diff.json")
    assert b"THE ANSWER" in done.stdout
    assert standard.loads((tmp_path / "diff.json").read_text())["senders"]


def test_the_inputs_are_never_written_over(run: Run, pair: tuple[Path, Path]) -> None:
    for path in pair:
        before = path.read_bytes()
        done = run("diff", *pair, "--json", path)
        assert (done.returncode, path.read_bytes()) == (2, before)
        assert b"is not written over" in done.stderr


def test_one_of_both_may_come_from_standard_input(run: Run, pair: tuple[Path, Path]) -> None:
    piped = run("diff", "-", pair[1], input=pair[0].read_bytes())
    assert piped.stdout == run("diff", *pair).stdout
    both = run("diff", "-", "-", input=b"")
    assert (both.returncode, both.stderr.count(b"\n")) == (2, 1)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b'{"schema":"phonehome-report/9"}',
        b'{"schema":"phonehome-diff/1"}',
        b'{"schema":"\\u001b[2J"}',
        b"[1]",
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_what_is_no_saved_report_is_one_sentence_and_exit_code_2(
    run: Run, pair: tuple[Path, Path], tmp_path: Path, content: bytes, place: int
) -> None:
    (tmp_path / "odd.json").write_bytes(content)
    files = list(map(str, pair))
    files[place] = "odd.json"
    done = run("diff", *files, "--json", "out.json")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"phonehome: odd.json: ")
    assert done.stderr.count(b"\n") == 1
    assert b"\x1b" not in done.stderr
    assert not (tmp_path / "out.json").exists()


def test_a_choice_that_is_not_clear_is_one_sentence_with_the_devices(run: Run, tmp_path: Path) -> None:
    (tmp_path / "quiet.json").write_text(json.write(between_two_sends()))
    done = run("diff", "quiet.json", "quiet.json")
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
    assert PHONE.encode() in done.stderr
    assert CONTROL.encode() in done.stderr
    assert b"--device-a" in done.stderr
    named = run("diff", "quiet.json", "quiet.json", "--device-a", PHONE, "--device-b", "all")
    assert named.returncode == 0


def test_a_device_is_named_by_its_true_address_where_the_comparison_is_redacted(
    run: Run, pair: tuple[Path, Path]
) -> None:
    done = run("diff", *pair, "--redact", "--device-a", PHONE, "--device-b", CONTROL)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"not seen in B" in done.stdout
    assert PHONE.encode() not in done.stdout
    assert CONTROL.encode() not in done.stdout


def test_redacted_the_question_which_device_shows_no_address_and_takes_a_number(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "quiet.json").write_text(json.write(between_two_sends()))
    asked = run("diff", "quiet.json", "quiet.json", "--redact")
    unknown = run("diff", "quiet.json", "quiet.json", "--redact", "--device-a", "9")
    for done in (asked, unknown):
        assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
        assert PHONE.encode() not in done.stderr
        assert CONTROL.encode() not in done.stderr
        assert b"1 (00:00:5e:" in done.stderr
    named = run("diff", "quiet.json", "quiet.json", "--redact", "--device-a", "1", "--device-b", "2")
    assert (named.returncode, named.stderr) == (0, b"")
    assert b"as asked for" in named.stdout


def test_redacted_both_sides_share_pseudonyms_and_show_no_identifier(
    run: Run, pair: tuple[Path, Path]
) -> None:
    done = run("diff", *pair, "--redact", "-v", "--json", "diff.json")
    text = done.stdout.decode()
    assert "7 are the same in A and B" in " ".join(text.split())
    values = {
        finding.value for finding in answered().findings if finding.kind in ("imei", "imsi", "iccid", "mac")
    }
    written = text + (pair[0].parent / "diff.json").read_text()
    assert len(values) == 5
    assert not any(value in written for value in values)


@pytest.mark.parametrize(
    ("options", "system", "heading"),
    [
        ((), "nb_NO.UTF-8", b"SVARET"),
        (("--lang", "no"), "C", b"SVARET"),
        (("--lang", "en"), "nb_NO.UTF-8", b"THE ANSWER"),
        ((), "C", b"THE ANSWER"),
    ],
)
def test_the_command_takes_the_language_asked_for_else_the_systems(
    run: Run,
    pair: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    system: str,
    heading: bytes,
) -> None:
    monkeypatch.setenv("LC_ALL", system)
    done = run("diff", *pair, *options)
    assert (done.returncode, heading in done.stdout) == (0, True)
