"""Bare documents over TCP and UDP: read where they are unmistakable, silence everywhere else."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.dissectors.bare_documents import PlainStream, documents_in
from analyzer.flows.reassembly import Gap, Segment
from tests import builders
from tests.dissectors.clear import read, read_frames
from tests.dissectors.relays import Said
from tests.pipeline.captures import report_of

IMEI = "490154203237518"
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(st.text(max_size=6), values, min_size=1, max_size=4)

DOCUMENTS = {
    "json": b'{"imei": "490154203237518", "t": [1, 2]}',
    "json in lines": b'{"a": 1}\n{"b": 2}\n',
    "xml": b'<?xml version="1.0"?>\n<a><b c="1">x</b></a>\n',
    "xml twice": b"<?xml version='1.0'?><a/>\r\n<?xml version='1.0'?><b>c</b>",
    "xml without a declaration": b"<policy-file-request/>\0",
    "form": b"imei=490154203237518&mac=02%3A00&a=",
    "base64": base64.encodebytes(json.dumps({"IMEI1": IMEI, "MACID": "02:00:00:00:00:01"}).encode()),
}
NONE = {
    "a number": b"12345678",
    "an empty object": b"{}",
    "a list of numbers": b"[1, 2, 3]",
    "a brace": b"{",
    "binary behind JSON": b'{"a": 1}\x00\x01\x02\xff',
    "words": b"hello there, this is text",
    "one pair": b"key=value",
    "an assignment": b"a = b & c = d",
    "base64 of something else": base64.b64encode(b"e" * 40),
    "a tag and more": b"<a/>\0\1\2 something",
    "a tag that never ends": b"<a>" + b"x" * 100,
    "entities": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "a bencoded query": b"d1:ad2:id20:aaaaaaaaaaaaaaaaaaaae1:q4:ping1:t2:aa1:y1:qe",
}  # fmt: skip


@pytest.mark.parametrize("data", DOCUMENTS.values(), ids=DOCUMENTS)
def test_documents_are_known_by_parsing_whole(data: bytes) -> None:
    found = documents_in(data)
    assert found
    assert all(document.whole for document in found)


@pytest.mark.parametrize("data", NONE.values(), ids=NONE)
def test_what_only_resembles_a_document_is_none(data: bytes) -> None:
    assert documents_in(data) == []


@given(
    st.lists(objects, min_size=1, max_size=4), st.sampled_from([b"", b"\n", b"\r\n", b" \0"]), st.booleans()
)
def test_json_documents_are_told_apart_as_the_json_module_wrote_them(
    written: list[Any], between: bytes, escaped: bool
) -> None:
    texts = [json.dumps(value, ensure_ascii=escaped).encode("utf-8", "replace") for value in written]
    data = between.join(texts)
    found = documents_in(data)
    assert [data[d.start : d.end] for d in found] == texts


def test_what_follows_a_declared_xml_document_is_no_part_of_it() -> None:
    data = b"<?xml version='1.0'?><a b='>'/>" + bytes(range(200))
    assert [data[d.start : d.end] for d in documents_in(data)] == [data[:31]]


@given(st.binary(max_size=200))
def test_random_bytes_hold_no_document(data: bytes) -> None:
    for document in documents_in(data):
        assert data[document.start : document.start + 1] in (b"{", b"[", b"<")


def datagram(data: bytes) -> list[bytes]:
    return [builders.udp(data, ports=(40000, 9876))]


@pytest.mark.parametrize("name", ["json", "xml", "form", "base64"])
def test_a_datagram_that_is_a_document_is_a_message(name: str, tmp_path: Path) -> None:
    (seen,) = read_frames(datagram(DOCUMENTS[name]), tmp_path / "a.pcap").exchanges
    assert seen.request is not None
    assert (seen.request.protocol, seen.request.one_way) == (f"{name} over udp", True)
    assert seen.request.body.body()[0].content == DOCUMENTS[name]


@pytest.mark.parametrize("name", ["json", "form", "base64"])
def test_an_imei_in_a_bare_document_is_found(name: str, tmp_path: Path) -> None:
    frames = builders.conversation((True, DOCUMENTS[name]), (False, b'{"ok": 1}'), ports=(40000, 9876))
    for number, capture in enumerate((datagram(DOCUMENTS[name]), frames)):
        report = report_of(capture, tmp_path / f"{number}.pcap")
        assert ("imei", IMEI) in {(f.kind, f.value) for f in report.findings}
        assert {kind for row in report.destinations for kind in row.kinds} == {name}


def test_requests_and_answers_are_paired_in_their_order(tmp_path: Path) -> None:
    said = [
        (True, b'{"n": 1}\n{"n": 2}\n'),
        (False, b'{"a": 1}\n'),
        (False, b'{"a": 2}\n'),
        (True, b'{"n": 3}'),
    ]
    found = read_frames(builders.conversation(*said, ports=(40000, 9876)), tmp_path / "a.pcap").exchanges
    pairs = [
        (s.request and s.request.body.body()[0].content, s.response and s.response.body.body()[0].content)
        for s in found
    ]
    assert pairs == [(b'{"n": 1}', b'{"a": 1}'), (b'{"n": 2}', b'{"a": 2}'), (b'{"n": 3}', None)]
    assert all(seen.delivered for seen in found)


def test_a_stream_larger_than_the_undecided_limit_is_read_whole(tmp_path: Path) -> None:
    documents = [json.dumps({"n": n, "text": "x" * 900}).encode() + b"\n" for n in range(300)]
    said: list[Said] = [(True, document) for document in documents]
    found = read_frames(builders.conversation(*said, ports=(40000, 9876)), tmp_path / "a.pcap").exchanges
    assert [s.request.body.body()[0].content + b"\n" for s in found if s.request] == documents


def test_a_document_in_many_segments_is_one_with_all_its_frames() -> None:
    data = json.dumps({"a": "}" * 5000}).encode()
    stream = PlainStream(0)
    for at in range(0, len(data), 100):
        assert list(
            stream.feed(0, Segment(at, data[at : at + 100], at // 100 + 1, 0))
        ) == [] or at + 100 >= len(data)
    (exchange,) = stream.close()
    assert exchange.request is not None
    assert exchange.request.frames == list(range(1, len(data) // 100 + 2))


def test_the_end_that_was_not_captured_is_said() -> None:
    stream = PlainStream(0)
    list(stream.feed(0, Segment(0, b'{"imei": "490154', 1, 0)))
    list(stream.feed(0, Gap(16, 100)))
    (exchange,) = stream.close()
    assert exchange.request is not None
    assert exchange.request.missing == ["its end was not captured"]


def test_a_datagram_cut_by_the_snapshot_length_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(
        builders.pcap(datagram(b'{"imei": "490154203237518", "more": "' + b"x" * 300), snaplen=90)
    )

    (seen,) = read(path).exchanges
    assert seen.request is not None
    assert seen.request.missing == ["the end of the datagram was not captured"]


def test_the_middle_of_an_http_body_is_no_document(tmp_path: Path) -> None:
    body = b"a=1&b=2&imei=490154203237518"
    segments = [
        builders.tcp(body, flags=24, seq=5000, ack=1),
        builders.tcp(b"", seq=1, ack=5000 + len(body), up=False),
    ]
    assert read_frames(segments, tmp_path / "a.pcap").exchanges == []


def test_a_document_in_http_is_http(tmp_path: Path) -> None:
    said = [
        (True, builders.http_request(method="POST", body=b'{"a": 1}')),
        (False, builders.http_response(200, b"{}")),
    ]
    (seen,) = read_frames(builders.conversation(*said), tmp_path / "a.pcap").exchanges
    assert seen.request is not None
    assert seen.request.protocol == ""
