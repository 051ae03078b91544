"""The steps shown are those that the bytes themselves give; identifiers are marked where they stand."""

from __future__ import annotations

import base64
import gzip
import json
import subprocess
import zlib
from urllib.parse import quote as percent

import pytest

from analyzer.report.ladder import MOST_BYTES, ladder, quoted
from analyzer.report.quote import quote, spans_of
from tests.report.builders import IMEI

VALUES = ((IMEI, "IMEI"),)
DOCUMENT = json.dumps(
    {"device": {"IMEI1": IMEI}, "list": [{"payload": base64.b64encode(IMEI.encode()).decode()}]}
)


def marked(pieces: object) -> list[str]:
    return [piece.text for piece in pieces if piece.kind]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("steps", "content"),
    [
        (("json",), DOCUMENT.encode()),
        (("base64", "json"), base64.b64encode(DOCUMENT.encode())),
        (("base64", "json"), base64.urlsafe_b64encode(DOCUMENT.encode()).rstrip(b"=")),
        (("hexadecimal", "json"), DOCUMENT.encode().hex().encode()),
        (("percent", "json"), percent(DOCUMENT).encode()),
        (("gzip", "json"), gzip.compress(DOCUMENT.encode())),
        (("zlib", "base64", "json"), zlib.compress(base64.encodebytes(DOCUMENT.encode()))),
    ],
)
def test_each_step_is_redone_and_the_last_shows_the_identifier(
    steps: tuple[str, ...], content: bytes
) -> None:
    rungs = ladder(content, ("body", *steps, "IMEI1"), VALUES)
    assert [rung.name for rung in rungs] == [*steps, "IMEI1"]
    assert all(rung.done for rung in rungs)
    assert IMEI in marked(rungs[-2].gives.pieces)


def test_the_command_beside_a_step_does_what_the_page_says() -> None:
    data = base64.b64encode(DOCUMENT.encode())
    for rung in ladder(data, ("body", "base64", "json", "IMEI1"), VALUES)[:2]:
        done = subprocess.run(["sh", "-c", rung.command], input=data, capture_output=True, check=True)
        data = done.stdout
        assert json.loads(data) == json.loads(DOCUMENT)
        assert json.loads("".join(piece.text for piece in rung.gives.pieces)) == json.loads(DOCUMENT)


def test_the_way_into_a_member_of_a_document_or_of_a_form_is_followed() -> None:
    path = ("body", "json", "list", "[0]", "payload", "base64", "IMEI1")
    assert marked(ladder(DOCUMENT.encode(), path, VALUES)[1].gives.pieces) == [IMEI]
    form = b"a=1&data=" + percent(base64.b64encode(DOCUMENT.encode())).encode()
    rungs = ladder(form, ("body", "form", "data", "base64", "json", "IMEI1"), VALUES)
    assert [rung.name for rung in rungs] == ["form", "base64", "json", "IMEI1"]
    assert IMEI in marked(rungs[1].gives.pieces)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (("body", "base64", "json", "x"), b"not base64!"),
        (("body", "json", "x"), b"[" * 100_000),
        (("body", "json", "a", "b", "base64", "x"), b'{"a": 1}'),
        (("body", "protobuf", "1", "x"), b"\x08\x01"),
        (("body", "form", "missing", "gzip", "x"), b"a=1"),
        (("body", "json", "[9999999999999999999999]", "base64", "x"), b"[1]"),
        (("body", "json", f"[{'9' * 5_000}]", "base64", "x"), b"[1]"),
    ],
)
def test_a_step_that_cannot_be_redone_is_named_and_nothing_is_claimed(
    path: tuple[str, ...], content: bytes
) -> None:
    rungs = ladder(content, path, VALUES)
    assert not rungs[-1].done
    assert rungs[-1].gives.pieces == ()


def test_a_bomb_gives_no_more_than_the_bound() -> None:
    rungs = ladder(gzip.compress(bytes(50_000_000)), ("body", "gzip", "json", "x"), ())
    assert rungs[0].size == MOST_BYTES


def test_what_stands_elsewhere_than_in_a_body_has_no_ladder() -> None:
    assert ladder(b"", ("target", "query", "imei"), VALUES) == []


def test_identifiers_are_marked_through_base64_with_line_breaks() -> None:
    content = base64.encodebytes(DOCUMENT.encode() * 2)
    found = quoted(content, VALUES, 4096)
    at, carried = 0, []
    for piece in found.pieces:
        start, at = at, at + len("".join(piece.text.split()))
        if piece.kind:
            carried.append((DOCUMENT * 2)[start * 6 // 8 : -(-at * 6 // 8)])
    assert len(carried) == 2
    assert all(IMEI in text and len(text) <= len(IMEI) + 4 for text in carried)
    assert "".join(piece.text for piece in found.pieces) == content.decode()


def test_spans_that_overlap_or_reach_beyond_the_quotation_break_nothing() -> None:
    said = quote("0123456789", [(2, 5, "a"), (4, 7, "b"), (8, 99, "c")], limit=9)
    assert [(p.text, p.kind) for p in said.pieces] == [
        ("01", ""),
        ("234", "a"),
        ("56", "b"),
        ("7", ""),
        ("8", "c"),
    ]
    assert said.left_out == 1
    assert spans_of("aXaaX", [("a", "short"), ("aa", "long")]) == [(0, 1, "short"), (2, 4, "long")]
    assert spans_of("text", [("", "empty")]) == []


def test_a_body_of_megabytes_with_thousands_of_values_is_quoted_in_bounds() -> None:
    values = [(f"{i:015d}", "IMEI") for i in range(5_000)]
    body = b"x" * 3_000_000 + IMEI.encode()
    said = quoted(body, values, 100)
    assert sum(len(piece.text) for piece in said.pieces) == 100
    assert said.left_out == len(body) - 100
