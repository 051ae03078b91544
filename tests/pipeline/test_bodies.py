"""`--bodies DIR`: what was sent stands in files under names that no capture chose, with an index."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import re
from pathlib import Path

import pytest

from analyzer import analyze
from analyzer.cli import main
from analyzer.cli.body_files import BodyFiles, ending_of
from analyzer.identifiers.owner_values import KnownValues
from analyzer.session import extraction
from tests.builders import conversation, http_request, http_response, pcap

NAME = re.compile(r"\d{6,}-[0-9a-f]{12}\.(txt|json|png|jpg|gif|bin)")
BODIES = (
    b'{"imei":"490154203237518"}',
    b"<script>alert(1)</script>",
    b"\x89PNG\r\n\x1a\n" + bytes(20),
    bytes(range(256)),
)
HOSTILE = '=cmd|"/c calc"!A1.example\\..\\..'


def capture(tmp_path: Path, *bodies: bytes, target: str = "/../../etc/passwd", host: str = HOSTILE) -> Path:
    """A connection that posts these bodies, each answered with itself, gzipped."""
    messages = []
    for body in bodies:
        messages.append((True, http_request("POST", target, host, body, Content_Type="text/html; name=../x")))
        messages.append((False, http_response(200, gzip.compress(body), Content_Encoding="gzip")))
    path = tmp_path / "c.pcap"
    path.write_bytes(pcap(conversation(*messages)))
    return path


def written(directory: Path) -> list[dict[str, object]]:
    """The index."""
    rows: list[dict[str, object]] = json.loads((directory / "index.json").read_text())
    return rows


def test_every_body_is_a_file_with_the_hash_that_the_index_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bodies"
    assert main(["scan", str(capture(tmp_path, *BODIES)), "-q", "--bodies", str(out)]) == 0
    capsys.readouterr()
    rows = written(out)
    assert [row["role"] for row in rows] == ["request", "response"] * len(BODIES)
    for row, body in zip(rows, [body for body in BODIES for _ in range(2)], strict=True):
        content = (out / str(row["file"])).read_bytes()
        assert content == body
        assert row["sha256"] == hashlib.sha256(content).hexdigest()
    assert [row["sha256_sent"] for row in rows][::2] == [hashlib.sha256(body).hexdigest() for body in BODIES]
    assert {row["file"] for row in rows} | {"index.csv", "index.json"} == set(os.listdir(out))


def test_no_name_comes_from_the_capture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "bodies"
    main(["scan", str(capture(tmp_path, *BODIES)), "-q", "--bodies", str(out)])
    capsys.readouterr()
    names = [name for name in os.listdir(out) if not name.startswith("index.")]
    assert len(names) == 2 * len(BODIES)
    assert all(NAME.fullmatch(name) for name in names)
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} == {tmp_path, out}


@pytest.mark.parametrize("formula", ["=1+1", "\t@SUM(1)", "+1"])
def test_the_csv_holds_no_formula_and_no_control_character(
    formula: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bodies"
    main(["scan", str(capture(tmp_path, b"x=1", target=f"{formula}\x1b[31m")), "-q", "--bodies", str(out)])
    capsys.readouterr()
    text = (out / "index.csv").read_text("utf-8")
    cells = [cell for row in csv.reader(text.splitlines()) for cell in row]
    assert [cell for cell in cells if cell.startswith("'") and cell.endswith("\\x1b[31m")]
    assert not [cell for cell in cells if cell.lstrip()[:1] in ("=", "+", "-", "@")]
    assert "\x1b" not in text


def test_a_folder_that_holds_something_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bodies"
    out.mkdir()
    (out / "mine").write_text("keep")
    assert main(["scan", str(capture(tmp_path, b"x=1")), "-q", "--bodies", str(out)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert os.listdir(out) == ["mine"]


def test_a_link_in_place_of_a_file_is_not_followed(tmp_path: Path) -> None:
    report = analyze(str(capture(tmp_path, b"x=1")))
    files, outside = BodyFiles(tmp_path / "bodies"), tmp_path / "outside"
    (tmp_path / "bodies" / "index.csv").symlink_to(outside)
    with pytest.raises(FileExistsError):
        files.write(report)
    assert not outside.exists()


def test_what_is_too_much_for_the_report_is_written_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "CONTENT_BUDGET", 3000)
    bodies = [hashlib.shake_128(bytes([n])).hexdigest(3000).encode() for n in range(4)]
    files = BodyFiles(tmp_path / "bodies")
    report = analyze(str(capture(tmp_path, *bodies)), put_aside=files.put_aside)
    trimmed = [m for m in report.messages if len(m.body.content) == extraction.BEGINNING]
    assert trimmed
    assert all(m.body.left_out for m in trimmed)
    files.write(report)
    contents = [(tmp_path / "bodies" / str(row["file"])).read_bytes() for row in written(tmp_path / "bodies")]
    assert contents == [body for body in bodies for _ in range(2)]
    assert not [name for name in os.listdir(tmp_path / "bodies") if name.startswith(".")]


def test_the_owners_identifiers_are_masked_in_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "CONTENT_BUDGET", 0)
    body = b"x" * 5000 + b"&imei=490154203237518"
    files = BodyFiles(tmp_path / "bodies")
    path = capture(tmp_path, body, host="a.example")
    files.write(
        analyze(str(path), known=KnownValues.parse("imei=490154203237518"), put_aside=files.put_aside)
    )
    rows = written(tmp_path / "bodies")
    assert len(rows) == 2
    for row in rows:
        content = (tmp_path / "bodies" / str(row["file"])).read_bytes()
        assert b"490154203237518" not in content
    assert "490154203237518" not in (tmp_path / "bodies" / "index.json").read_text()


@pytest.mark.parametrize(
    ("content", "charset", "ending"),
    [
        (b' {"a":1}', "utf-8", "json"), (b"a=1", "utf-8", "txt"), (b"<html>", "utf-8", "txt"),
        (b"\xff\xd8\xff\xe0", None, "jpg"), (b"GIF89a;", None, "gif"),
        (b"MZ\x90\0", None, "bin"), (b"", None, "bin"),
    ],
)  # fmt: skip
def test_an_ending_is_told_by_the_bytes(content: bytes, charset: str | None, ending: str) -> None:
    assert ending_of(content, charset) == ending
