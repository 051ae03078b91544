"""A saved document is read within bounds; what is large has to be written an entry a line."""

from __future__ import annotations

import json
from io import BytesIO

import pytest

from analyzer.report import document_size
from analyzer.report.document_size import bounded


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_size, "FREE", 2000)
    monkeypatch.setattr(document_size, "CHECKED", 100)
    monkeypatch.setattr(document_size, "LONGEST_LINE", 5000)


def written(lines: int, entry: str = '{"frames":[1],"name":"x"}') -> bytes:
    entries = ",\n".join([entry] * lines)
    return f'{{\n"schema": "phonehome-report/1",\n"findings": [\n{entries}\n]\n}}\n'.encode()


@pytest.mark.parametrize("lines", [1, 60, 500])
def test_what_is_written_an_entry_a_line_is_read_whole(lines: int) -> None:
    assert bounded(BytesIO(written(lines))) == written(lines)


def test_a_small_document_may_have_any_form() -> None:
    data = json.dumps({"schema": "phonehome-report/1"}, indent=4).encode()
    assert bounded(BytesIO(data)) == data


class Endless(BytesIO):
    """Zeros without an end."""

    given = 0

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert size > 0
        self.given += size
        return bytes(size)

    def readline(self, size: int | None = -1) -> bytes:
        return self.read(size)


@pytest.mark.parametrize(
    "data",
    [
        b'{"x":"' + b"a" * 3000 + b'"}',
        written(2, '{"name":"' + "a" * 6000 + '"}'),
        b"[" + b"{}," * 500 + b"{}]",
        b"[" * 1500,
        written(400, "[" * 200 + "]" * 200),
    ],
    ids=["one long line", "a line too long", "empty objects", "deep", "deep lines"],
)
def test_what_no_report_can_be_is_one_sentence(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a saved report"):
        bounded(BytesIO(data))


def test_a_file_without_an_end_is_left_early() -> None:
    file = Endless()
    with pytest.raises(ValueError, match="not a saved report"):
        bounded(file)
    assert file.given <= 3000


def test_brackets_in_a_text_are_text() -> None:
    data = written(60, '{"body":"' + "[{" * 60 + '"}')
    assert bounded(BytesIO(data)) == data
