"""What is inside a message is found, however it is wrapped, and its path tells how to repeat the steps."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from analyzer.codecs.name_pairs import NO_ROLES, roles_of
from analyzer.inspection.decode import DecodeLimits, decode, fields_of
from analyzer.model import Field
from tests.codecs.messages import request

DOCUMENT = {"IMEI1": "490154203237518", "MODEL": "Example-1", "REGDATE": "2019-02-20 16:01:00"}
JSON = json.dumps(DOCUMENT).encode()


def values(fields: list[Field]) -> dict[str, str | bytes]:
    return {field.name: field.value for field in fields}


def only(body: bytes, name: str) -> Field:
    return next(field for field in fields_of(request(body)) if field.name == name)


WRAPPINGS: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "plain": (JSON, ("body", "json")),
    "byte order mark": (b"\xef\xbb\xbf" + JSON, ("body", "json")),
    "UTF-16": (JSON.decode().encode("utf-16"), ("body", "json")),
    "base64": (base64.b64encode(JSON), ("body", "base64", "json")),
    "base64 wrapped at 76": (base64.encodebytes(JSON), ("body", "base64", "json")),
    "base64 wrapped with CR LF": (
        base64.encodebytes(JSON).replace(b"\n", b"\r\n"),
        ("body", "base64", "json"),
    ),
    "base64 without padding": (base64.b64encode(JSON).rstrip(b"="), ("body", "base64", "json")),
    "base64 of JSON and NUL": (base64.b64encode(JSON + b"\0"), ("body", "base64", "json")),
    "base64 and NUL": (base64.b64encode(JSON) + b"\0", ("body", "base64", "json")),
    "base64 for URLs": (base64.urlsafe_b64encode(JSON + b" " * 3), ("body", "base64", "json")),
    "base64 twice": (base64.b64encode(base64.b64encode(JSON)), ("body", "base64", "base64", "json")),
    "gzip": (gzip.compress(JSON), ("body", "gzip", "json")),
    "zlib": (zlib.compress(JSON), ("body", "zlib", "json")),
    "base64 of gzip": (base64.b64encode(gzip.compress(JSON)), ("body", "base64", "gzip", "json")),
    "form": (urlencode({"data": JSON, "v": "1"}).encode(), ("body", "form", "data", "json")),
    "form with one pair": (
        b"data=" + quote(base64.b64encode(JSON)).encode(),
        ("body", "form", "data", "base64", "json"),
    ),
    "form of base64 of gzip": (
        urlencode({"v": "1", "data_list": base64.b64encode(gzip.compress(JSON))}).encode(),
        ("body", "form", "data_list", "base64", "gzip", "json"),
    ),
    "percent twice": (b"d=" + quote(quote(JSON)).encode(), ("body", "form", "d", "percent", "json")),
    "JSON in a JSON string": (json.dumps({"a": JSON.decode()}).encode(), ("body", "json", "a", "json")),
    "JSON in a list": (json.dumps([[DOCUMENT]]).encode(), ("body", "json", "[0]", "[0]")),
}


@pytest.mark.parametrize(("body", "path"), WRAPPINGS.values(), ids=WRAPPINGS)
def test_a_document_is_read_through_each_wrapping(body: bytes, path: tuple[str, ...]) -> None:
    found = [field for field in fields_of(request(body)) if field.name in DOCUMENT]
    assert values(found) == DOCUMENT
    assert {field.evidence.path for field in found} == {(*path, name) for name in DOCUMENT}
    assert found[0].beside == frozenset(DOCUMENT) - {found[0].name}
    assert found[0].evidence.frames == (7,)


def test_a_plus_of_base64_that_a_form_turned_into_a_space_is_read_as_a_plus() -> None:
    document = b'{"key":"\xc3\xbb\xc3\xaf\xc2\xbe>>>???"}'
    text = base64.b64encode(document)
    assert b"+" in text
    assert only(b"data=" + text + b"&v=1", "key").value == "ûï¾>>>???"


@pytest.mark.parametrize(
    "word",
    [
        "applicationjsonutf8",
        "490154203237518",
        "d41d8cd98f00b204e9800998ecf8427e",
        "keep-alive",
        "AKIAIOSFODNN7EXAMPLE",
        "1551234567890",
        "/static/js/main/chunk/vendors",
        "com_example_application_name",
    ],
)
def test_words_that_only_look_like_base64_stay_as_they_are(word: str) -> None:
    found = fields_of(request(b"a=" + word.encode() + b"&b=2"))
    assert values(found)["a"] == word


@given(st.binary(min_size=8, max_size=200))
def test_base64_of_random_bytes_is_not_called_text(data: bytes) -> None:
    text = base64.b64encode(data).decode()
    for field in fields_of(request(text.encode())):
        # Lines, since a few random bytes may be a line break between letters.
        lines = field.value.split() if isinstance(field.value, str) else ["\0"]
        readable = all(line.isprintable() for line in lines)
        assert (
            field.value == text or readable or "gzip" in field.evidence.path or "zlib" in field.evidence.path
        )


def test_target_headers_and_cookies_become_fields() -> None:
    headers = [
        ("Host", "x.example"),
        ("Cookie", 'a=1; imei="490154203237518"; flag'),
        ("X-Id", "%7B%22k%22%3A%22v%22%7D"),
    ]
    found = {
        f.evidence.path: f.value for f in fields_of(request(b"", "/p%20q/r?a=1&b=%E4%B8%AD+x&a=2&c", headers))
    }
    assert found[("target", "path")] == "/p q/r"
    assert found[("target", "query", "b")] == "中 x"
    assert found[("target", "query", "c")] == ""
    assert found[("header", "Cookie", "imei")] == "490154203237518"
    assert found[("header", "X-Id", "percent", "json", "k")] == "v"
    assert found[("header", "Host")] == "x.example"


def test_the_query_of_a_url_in_a_header_is_read() -> None:
    headers = [("Referer", "http://ads.example/show?imei=490154203237518&x=1")]
    found = {f.evidence.path: f.value for f in fields_of(request(b"", "/", headers))}
    assert found[("header", "Referer", "url", "query", "imei")] == "490154203237518"


def test_an_absolute_target_gives_path_and_query_without_the_host() -> None:
    found = values(fields_of(request(b"", "http://h.example:8080/a/b?q=1#f")))
    assert (found["path"], found["q"]) == ("/a/b", "1")


def test_both_of_two_equal_keys_are_kept() -> None:
    assert [f.value for f in fields_of(request(b"a=1&a=2&b=3")) if f.name == "a"] == ["1", "2"]
    assert [f.value for f in fields_of(request(b'{"a":1,"a":"2"}')) if f.name == "a"] == ["1", "2"]


def test_numbers_stay_as_they_were_written() -> None:
    huge = "9" * 6000
    found = values(fields_of(request(f'{{"big":{huge},"f":1.50,"e":1E5,"t":true,"n":null}}'.encode())))
    assert found == {"big": huge, "f": "1.50", "e": "1E5", "t": "true", "n": "null"}


def test_the_charset_of_the_content_type_is_respected() -> None:
    kind = [("Content-Type", "text/plain; charset=GBK")]
    assert values(fields_of(request("中国电信".encode("gbk"), headers=kind)))["body"] == "中国电信"


@pytest.mark.parametrize("charset", ["idna", "no-such-charset", "base64", "x\0y", "undefined"])
def test_a_senseless_charset_is_read_as_utf_8(charset: str) -> None:
    kind = [("Content-Type", f"text/plain; charset={charset}")]
    assert values(fields_of(request("å".encode(), headers=kind)))["body"] == "å"


def test_bytes_that_are_no_text_stay_bytes() -> None:
    assert values(fields_of(request(b"\x89PNG\r\n\xff\x00")))["body"] == b"\x89PNG\r\n\xff\x00"


@pytest.mark.parametrize("wrap", [bytes, base64.b64encode], ids=["plain", "base64"])
def test_a_cut_document_gives_the_members_that_are_whole(wrap: Callable[[bytes], bytes]) -> None:
    cut = wrap(JSON)[:-12]
    found = {f.name: f for f in fields_of(request(cut)) if f.name in DOCUMENT}
    assert found["IMEI1"].value == DOCUMENT["IMEI1"]
    assert found["IMEI1"].evidence.path[-2:] == ("json (incomplete)", "IMEI1")
    assert "REGDATE" not in found  # its value is cut, so it is not shown as if it were whole
    assert "REGDATE" in found["IMEI1"].beside


def test_a_cut_gzip_gives_what_comes_before_the_cut() -> None:
    lines = b"".join(b'{"n":%d}\n' % i for i in range(2000))
    found = fields_of(request(gzip.compress(lines)[:-200]))
    numbers = [field.value for field in found]
    assert numbers[:3] == ["0", "1", "2"]
    assert 100 < len(numbers) < 2000


def test_two_gzip_members_are_read_as_one() -> None:
    found = values(fields_of(request(gzip.compress(b'{"a":"1",') + gzip.compress(b'"b":"2"}'))))
    assert found == {"a": "1", "b": "2"}


def test_lone_surrogates_become_text_that_can_be_printed() -> None:
    found = values(fields_of(request(b'{"a":"\\ud800x","b":"\\ud83d\\ude00"}')))
    assert found == {"a": "\ufffdx", "b": "😀"}
    assert all(str(value).encode() for value in found.values())


def problem_codes(body: bytes, limits: DecodeLimits | None = None) -> set[str]:
    return {problem.code for problem in decode(request(body), limits).problems}


def test_a_decompression_bomb_is_cut_and_said() -> None:
    bomb = gzip.compress(b"x," * 20_000_000)
    fields, problems, _ = decode(request(bomb))
    assert sum(len(field.value) for field in fields) <= DecodeLimits().size
    assert [
        (problem.code, problem.frame)
        for problem in problems
        if "ratio" in problem.code or "bytes" in problem.code
    ]


def test_the_ratio_of_expansion_is_bounded() -> None:
    body = gzip.compress(b"ab, " * 250_000)
    fields, problems, _ = decode(request(body), DecodeLimits(ratio=10))
    assert len(fields[0].value) == len(body) * 10
    assert {problem.code for problem in problems} == {"decode-ratio"}


def test_deep_encoding_is_left_at_the_limit_and_said() -> None:
    body = JSON
    for _ in range(12):
        body = base64.b64encode(body)
    fields, problems, _ = decode(request(body))
    assert {problem.code for problem in problems} == {"decode-depth"}
    assert fields[0].evidence.path == ("body", *["base64"] * DecodeLimits().depth)


@pytest.mark.parametrize("depth", [100, 900, 100_000])
def test_deep_nesting_is_cut_and_said(depth: int) -> None:
    body = b'{"a":' * depth + b"1" + b"}" * depth
    assert "decode-nesting" in problem_codes(body)


def test_too_many_fields_are_cut_and_said() -> None:
    body = json.dumps(list(range(10_000))).encode()
    fields, problems, _ = decode(request(body))
    assert (
        sum(1 for field in fields if not field.evidence.path[-1].startswith("window"))
        <= DecodeLimits().fields
    )
    assert {problem.code for problem in problems} == {"decode-fields"}


@pytest.mark.parametrize(
    "body",
    [
        json.dumps([{"n": i, "imei": f"{i:015}"} for i in range(4_000)]).encode(),
        "&".join(f"k{i}={i:015}" for i in range(8_000)).encode(),
        b"".join(b"k%d: %015d\n" % (i, i) for i in range(8_000)),
        b'{"a":' * 80 + b'"000000000003999"' + b"}" * 80,
    ],
    ids=["JSON", "form", "lines", "nesting"],
)
def test_what_is_beyond_a_limit_is_still_searched(body: bytes) -> None:
    fields, problems, _ = decode(request(body))
    assert any("000000000003999" in str(field.value) for field in fields)
    assert problems
    assert len(fields) <= DecodeLimits().fields + DecodeLimits().windows


def test_an_ordinary_message_meets_no_limit() -> None:
    assert problem_codes(JSON) == set()


HOSTILE = {
    "escaped quotes": b'{"a":"' + b'\\"' * 200_000,
    "open strings": b'{"' + b'a":"' * 100_000,
    "backslashes": b'{"a' + b"\\" * 300_001,
    "spaces in base64": b"A" * 20 + b" " * 300_000 + b"!",
    "ampersands": b"a=b" + b"&" * 300_000 + b"=",
    "spaces in a form": b"a=b&c=" + b" " * 300_000 + b"&=",
    "percent signs": b"a=" + b"%" * 300_000 + b"&b=%41",
    "brackets": b"[" * 300_000,
    "NULs": b"\0" * 300_000,
    "padding": b"A" * 20 + b"=" * 300_000,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_left_without_harm(body: bytes) -> None:
    # Work that grew with the square of the length would not end here in any patience.
    assert fields_of(request(body))


@given(st.binary(max_size=300), st.text(max_size=100), st.text(max_size=60))
def test_nothing_raises(body: bytes, target: str, header: str) -> None:
    found = fields_of(request(body, target, [("Cookie", header), ("Content-Type", header), ("x", header)]))
    assert all(field.evidence.path and field.message == 1 for field in found)


@given(st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=20), min_size=1, max_size=8))
def test_what_the_standard_library_writes_as_json_is_read_again(document: dict[str, str]) -> None:
    assume(roles_of(tuple(document)) is NO_ROLES)  # where one member names another, paths say so
    names = [
        f.evidence.path[2]
        for f in fields_of(request(json.dumps(document).encode()))
        if len(f.evidence.path) > 2
    ]
    assert set(names) == set(document)
