"""Labels of reviewers: kept in a file that people edit, joined to what is found in every later run."""

from __future__ import annotations

import csv
import hashlib
from datetime import date
from pathlib import Path

import pytest

from analyzer.corpus.reviewed_labels import LabelIndex, ReviewLabel, hidden, read_labels, text_of
from tests.builders import http_response
from tests.cli.conftest import Run, run
from tests.corpus.captures import POST, capture
from tests.pipeline.captures import CHINA, web

__all__ = ["run"]

IMEI, MAC = "490154203237518", "00:00:5e:00:53:a7"
HEAD = "kind,value,label,by,when,note\n"


@pytest.fixture(scope="module")
def captured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one capture, and its results beside it."""
    pytest.importorskip("duckdb")
    from analyzer.cli import main

    top = tmp_path_factory.mktemp("labels")
    (top / "captures").mkdir()
    (top / "captures" / "one.pcap").write_bytes(capture(web(CHINA, POST, http_response(200, b"ok"))))
    assert main(["scan", str(top / "captures"), "-q", "--jobs", "1", "--results", str(top / "kept")]) == 0
    return top


def said(output: bytes) -> str:
    return " ".join(output.decode().split())


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_labels_that_are_set_are_listed_and_replaced(run: Run, tmp_path: Path) -> None:
    done = run("labels", "l.csv", "--confirmed", f"imei={IMEI}", "--by", "A. N.", "--note", "on the box")
    assert done.returncode == 0, done.stderr
    done = run("labels", "l.csv", "--false-alarm", "IMEI=49-015420-323751-8", "--by", "B.")
    assert f"replaced: confirmed imei {IMEI} A. N., 20" in said(done.stdout)
    assert "on the box" in said(done.stdout)
    (label,) = read_labels(tmp_path / "l.csv")
    assert (label.label, label.by) == ("false alarm", "B.")
    assert "1 label" in said(run("labels", "l.csv").stdout)


def test_summary_shows_labels_beside_what_they_are_of(captured: Path, run: Run, tmp_path: Path) -> None:
    digest = hashlib.sha256((captured / "captures" / "one.pcap").read_bytes()).hexdigest()
    (tmp_path / "l.csv").write_text(
        f"{HEAD}imei,{IMEI},Confirmed,A.,2026-01-02,it is mine\n"
        f"mac,{MAC.upper()},false alarm,A.,2026-01-02,\n"
        f"host,A.example,confirmed,B.,2026-01-03,\ncapture,{digest},confirmed,B.,2026-01-03,\n"
        "imsi,242010123456789,confirmed,B.,2026-01-03,\n"
    )
    done = run("summary", captured / "kept", "--labels", "l.csv", "--csv", "out")
    assert done.returncode == 0, done.stderr
    assert "5 labels of reviewers, 4 of them for something that is listed here" in said(done.stdout)
    found = {row["kind"]: row["label"] for row in rows(tmp_path / "out" / "identifiers.csv")}
    assert (found["imei"], found["mac"]) == ("confirmed", "false alarm")
    assert [row["label"] for row in rows(tmp_path / "out" / "destinations.csv")] == ["confirmed"]
    assert [row["label"] for row in rows(tmp_path / "out" / "captures.csv")] == ["confirmed"]
    assert {row["label"] for row in rows(tmp_path / "out" / "phones.csv")} == {""}
    listed = {row["kind"]: row for row in rows(tmp_path / "out" / "labels.csv")}
    assert [(kind, row["listed"]) for kind, row in listed.items()] == [
        ("imei", "1"), ("mac", "1"), ("host", "1"), ("capture", "1"), ("imsi", "0"),
    ]  # fmt: skip
    assert (listed["imei"]["by"], listed["imei"]["when"], listed["imei"]["note"]) == (
        "A.",
        "2026-01-02",
        "it is mine",
    )
    new = run("summary", captured / "kept", "--new", "--labels", "l.csv", "--csv", "out2")
    assert new.returncode == 0, new.stderr
    assert [row["label"] for row in rows(tmp_path / "out2" / "hosts.csv")] == ["confirmed"]


def test_a_keyed_hash_is_told_with_its_key_only(captured: Path, run: Run, tmp_path: Path) -> None:
    more = ("--by", "A.", "--redact-key", "key")
    assert run("labels", "l.csv", "--confirmed", f"imei={IMEI}", "--by", "A.").returncode == 0
    assert "replaced: confirmed imei" in said(
        run("labels", "l.csv", "--false-alarm", f"imei={IMEI}", *more).stdout
    )
    assert IMEI not in (tmp_path / "l.csv").read_text()
    without = run("summary", captured / "kept", "--labels", "l.csv")
    assert "1 label has a keyed hash in place of a value" in said(without.stdout)
    assert "1 label of reviewers, 0 for something" in said(without.stdout)
    done = run("summary", captured / "kept", "--labels", "l.csv", "--redact-key", "key", "--csv", "out")
    found = {row["kind"]: row["label"] for row in rows(tmp_path / "out" / "identifiers.csv")}
    assert (found["imei"], found["mac"]) == ("false alarm", "")
    assert "1 label of reviewers, 1 for something" in said(done.stdout)


def test_of_a_value_and_its_keyed_hash_the_later_label_counts() -> None:
    key = bytes(range(32))
    older = ReviewLabel("imei", IMEI, "confirmed", "A.", date(2026, 1, 2))
    newer = ReviewLabel("imei", hidden(key, "imei", IMEI), "false alarm", "B.", date(2026, 1, 3))
    for order in ([older, newer], [newer, older]):
        assert LabelIndex(order, key).of("imei", IMEI) == newer
        assert LabelIndex(order).of("imei", IMEI) == older
        assert (LabelIndex(order).unopened, LabelIndex(order, key).unopened) == (1, 0)
    assert LabelIndex([newer], bytes(32)).of("imei", IMEI) is None


def test_redaction_keeps_labels_and_leaves_out_values_and_notes(
    captured: Path, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "l.csv").write_text(f"{HEAD}imei,{IMEI},confirmed,A.,2026-01-02,beside {MAC}\n")
    done = run(
        "summary", captured / "kept", "--labels", "l.csv", "--redact", "--csv", "out", "--html", "p.html"
    )
    assert done.returncode == 0, done.stderr
    written = [
        done.stdout,
        *(path.read_bytes() for path in (*(tmp_path / "out").iterdir(), tmp_path / "p.html")),
    ]
    assert len(written) > 5
    for value in (IMEI, MAC):
        assert not any(value.encode() in each for each in written)
    found = {row["kind"]: row["label"] for row in rows(tmp_path / "out" / "identifiers.csv")}
    assert found["imei"] == "confirmed"


def test_a_file_of_labels_comes_back_as_it_was_written(tmp_path: Path) -> None:
    values = ["+4740000000", "=x", "'=x", "'quoted'", "a,b", 'say "no"', "two\nlines", "-"]
    labels = [ReviewLabel("model", value, "confirmed", "=A", date(2026, 1, 2), "@note") for value in values]
    (tmp_path / "l.csv").write_bytes(text_of(labels))
    assert read_labels(tmp_path / "l.csv") == labels
    with (tmp_path / "l.csv").open(encoding="utf-8", newline="") as file:
        assert not any(cell.startswith(("=", "+", "-", "@")) for row in csv.reader(file) for cell in row)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: the headings have to be kind,value,label,by,when,note"),
        ("kind,value,label\nx,y,z\n", "line 1: the headings have to be"),
        (f"{HEAD}imei,1,confirmed,A.,2026-01-02\n", "line 2: has 5 cells, the heading has 6"),
        (f"{HEAD}imei,1,confirmd,A.,2026-01-02,\n", "line 2: 'confirmd' is not a label; .*mean confirmed"),
        (f"{HEAD}imei,1,confirmed,,2026-01-02,\n", "line 2: by is empty"),
        (f"{HEAD}imei,1,confirmed,A.,2.1.2026,\n", "line 2: '2.1.2026' is not a day"),
        (f"{HEAD}imei,1,confirmed,A.,2026-01-02,\n\nimei,1,confirmed,B.,2026-01-02,\n", "line 4: .* line 2"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_such_table_is_refused_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text(text)
    with pytest.raises(ValueError, match=rf"l\.csv, {says}"):
        read_labels(tmp_path / "l.csv")


def test_what_can_not_be_done_is_one_sentence_and_changes_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("x\n")
    for words, says in (
        (["l.csv", "--confirmed", "imei=1"], b"--by NAME is missing"),
        (["l.csv", "--confirmed", "imei", "--by", "A."], b"is not KIND=VALUE"),
        (["l.csv", "--confirmed", "imei=1", "--false-alarm", "imei=1", "--by", "A."], b"is labelled twice"),
        (["bad.csv", "--confirmed", "imei=1", "--by", "A."], b"line 1: the headings"),
        (["none.csv"], b"can't be read"),
        (["-"], b"a file of their own"),
    ):
        done = run("labels", *words)
        assert (done.returncode, done.stdout) == (2, b"")
        assert says in done.stderr
        assert b"Traceback" not in done.stderr
    assert (tmp_path / "bad.csv").read_text() == "x\n"
    assert not (tmp_path / "l.csv").exists()
