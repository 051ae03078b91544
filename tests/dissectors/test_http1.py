"""One direction of a connection to HTTP/1 messages."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.dissectors.http1 import MOST_HEAD, MOST_HEADERS, MOST_PEEK, HttpReader, start_line
from analyzer.flows.reassembly import Gap, Segment
from tests.dissectors.http import (
    Read,
    Sent,
    as_read,
    chunked,
    read,
    read_whole,
    requests,
    responses,
    segments,
)
from tests.examples import examples

many = settings(max_examples=examples(200), deadline=None, derandomize=True)
cuts = st.lists(st.integers(0, 2000), max_size=30)


def bodies_of(data: bytes, method: str | None = None) -> list[bytes]:
    """The bodies of all messages."""
    return [message.body.body()[0].content for message in read_whole(data, method)]


# ── valid messages ──────────────────────────────────────────────────────────


def by_h11(data: bytes, role: type, answers: list[Sent]) -> list[tuple[object, list[tuple[str, str]], bytes]]:
    """(target or status, headers, body) of each message, by h11."""
    connection, found = h11.Connection(role), []
    connection.receive_data(data)
    for sent in answers:
        if role is h11.CLIENT:
            connection.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
            connection.send(h11.EndOfMessage())
        body, start = b"", None
        while not isinstance(event := connection.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                body += bytes(event.data)
            else:
                start = event
        assert start is not None
        what = start.target.decode() if isinstance(start, h11.Request) else start.status_code
        fields = [(name.decode(), value.decode()) for name, value in start.headers]
        found.append((what, fields, body))
        if role is h11.SERVER:
            connection.send(h11.Response(status_code=204, headers=[]))
            connection.send(h11.EndOfMessage())
        assert sent.body == body
        connection.start_next_cycle()
    return found


@many
@given(st.lists(requests(), min_size=1, max_size=4), cuts)
def test_pipelined_requests_are_read_as_h11_reads_them(sent: list[Sent], at: list[int]) -> None:
    data = b"".join(message.data for message in sent)
    found = [as_read(message) for message in read(segments(data, at))]
    assert [(m.method, m.target, m.headers, m.body) for m in found] == [
        (s.method, s.target, s.headers, s.body) for s in sent
    ]
    assert all(message.complete for message in found)
    theirs = by_h11(data, h11.SERVER, sent)
    assert [(m.target, [(n.lower(), v) for n, v in m.headers], m.body) for m in found] == theirs


@many
@given(st.lists(responses(), min_size=1, max_size=4), cuts)
def test_responses_are_read_as_h11_reads_them(sent: list[Sent], at: list[int]) -> None:
    data = b"".join(message.data for message in sent)
    found = [as_read(message) for message in read(segments(data, at))]
    assert [(m.status, m.headers, m.body) for m in found] == [(s.status, s.headers, s.body) for s in sent]
    theirs = by_h11(data, h11.CLIENT, sent)
    assert [(m.status, [(n.lower(), v) for n, v in m.headers], m.body) for m in found] == theirs


@many
@given(st.lists(requests() | responses(), min_size=1, max_size=4), cuts)
def test_messages_cover_the_stream_without_overlap_or_hole(sent: list[Sent], at: list[int]) -> None:
    data, place = b"".join(message.data for message in sent), 0
    for message, one in zip(read(segments(data, at)), sent, strict=True):
        assert (message.start, message.end) == (place, place + len(one.data))
        place = message.end


ODDITIES = {
    "line feeds alone": b"POST /x HTTP/1.1\nHost: a\nContent-Length: 3\n\nabcGET /y HTTP/1.1\n\n",
    "folded headers": b"GET / HTTP/1.1\r\nA: one\r\n\ttwo\r\n  three\r\nB: x\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nnonsense\r\nB: x\r\n\r\n",
    "blank lines between": b"\r\n\r\nGET / HTTP/1.1\r\n\r\n\r\n\nGET /2 HTTP/1.1\r\n\r\n",
    "conflicting lengths": b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\n"
    b"abcGET /2 HTTP/1.1\r\n\r\n",
    "two framings": b"POST / HTTP/1.1\r\nContent-Length: 99\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"3\r\nabc\r\n0\r\n\r\n",
    "a length that is none": b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\nGET /2 HTTP/1.1\r\n\r\n",
    "until the end": b"HTTP/1.0 200 OK\r\n\r\nall of this\r\nHTTP/1.1 200 OK\r\n\r\n",
    "trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2 ;x=y\r\nab\r\n0\r\nDigest: z\r\n\r\nHTTP/1.1 204\r\n\r\n",
    "chunks without blank lines": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nab\n0\n\n",
    "broken chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\nzz\r\nmore",
    "a length and a longer one": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\n"
    b"abcdeHTTP/1.1 204\r\n\r\n",
    "a length with something beside it": b"HTTP/1.1 200 OK\r\nContent-Length: 3 x\r\n\r\n"
    b"abcHTTP/1.1 204\r\n\r\n",
    "chunked by its label only": b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"XYZ=12HTTP/1.1 204\r\n\r\n",
    "chunked by its label only, to the end": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nXYZ=12",
    "chunked in a way of its own": b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\x0bxchunked\r\n\r\n"
    b"2\r\nab\r\n0\r\n\r\n",
    "chunk sizes with something behind": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'2x\r\nab\r\n\n000000000000000000001;q="r"\r\nc\r\n0\r\n\r\nHTTP/1.1 204\r\n\r\n',
    "a name folded away from its colon": b"HTTP/1.1 200 OK\r\nTransfer-Encoding\r\n \r\n :\r\n chunked"
    b"\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    "lines that end in carriage returns": b"HTTP/1.1 200 ok\rA: b\rContent-Length: 2\r\n\nok",
    "a body where none is allowed": b"HTTP/1.1 304 Not\r\nContent-Length: 5\r\n\r\nabcdeHTTP/1.1 204\r\n\r\n",
    "no body where none is allowed": b"HTTP/1.1 304 Not\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204\r\n\r\n",
    "a continuation with a body": b"HTTP/1.1 100 ok\r\nContent-Length: 4\r\n\r\nbodyHTTP/1.1 204\r\n\r\n",
    "junk before the start line": b" \0\t\r\rHTTP/1.1 204 x\r\n\r\n \r\n\tGET / HTTP/1.1\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "ranges": b"HTTP/1.1 206 P\r\nContent-Type: multipart/byteranges; boundary=x\r\n"
    b"Content-Length: 22\r\n\r\n--x\r\n\r\nab\r\n--x\r\n\r\ncd--HTTP/1.1 204\r\n\r\n",
    "a continuation": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "an upgrade": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\x81\x05hello",
    "an absolute target": b"GET http://example.com/ HTTP/1.1\r\n\r\n",
    "an empty target": b"GET  HTTP/1.1\r\n\r\n",
    "blanks around the target": b"GET \t /a b\t HTTP/1.1 \r\n\r\n",
    "lower case": b"get /x HTTP/1.1\r\n\r\n",
    "garbage, then a request": b"\x00\x01\x02\x03",
    "cut in the head": b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Le",
    "cut in the body": b"POST /x HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc",
    "cut in a chunk": b"POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nabc",
    "cut in the start line": b"GET /x HT",
}


@pytest.mark.parametrize("data", ODDITIES.values(), ids=ODDITIES.keys())
def test_any_segmentation_gives_what_one_segment_gives(data: bytes) -> None:
    whole = [as_read(message) for message in read_whole(data)]
    bytewise = [as_read(message) for message in read(segments(data, range(len(data))))]
    assert bytewise == whole
    for cut in range(1, len(data)):
        assert [as_read(message) for message in read(segments(data, [cut]))] == whole, cut


def only(data: bytes, method: str | None = None) -> Read:
    """The one message of these bytes."""
    (message,) = read_whole(data, method)
    return as_read(message)


def test_line_feeds_alone_end_lines() -> None:
    found = [as_read(m) for m in read_whole(ODDITIES["line feeds alone"])]
    assert [(m.method, m.target, m.body) for m in found] == [("POST", "/x", b"abc"), ("GET", "/y", b"")]


def test_folded_headers_are_joined() -> None:
    message = only(ODDITIES["folded headers"])
    assert message.headers == (("A", "one two three"), ("B", "x"))
    assert message.oddities == ("headers are folded over several lines",)


def test_a_header_without_a_colon_is_left_out_and_said() -> None:
    message = only(ODDITIES["a header without a colon"])
    assert (message.headers, message.oddities) == ((("B", "x"),), ("a header line has no colon",))


def test_of_conflicting_lengths_the_first_holds_and_it_is_said() -> None:
    first, second = (as_read(m) for m in read_whole(ODDITIES["conflicting lengths"]))
    assert (first.body, second.target) == (b"abc", "/2")
    assert first.oddities == ("conflicting Content-Length values are given",)


def targets_and_bodies(data: bytes) -> list[tuple[str | None, bytes]]:
    return [(m.target, m.body.body()[0].content) for m in read_whole(data)]


@pytest.mark.parametrize("length", ["5", "005", "+5", "5, 5", "0" * 20 + "5", " 5\t ", "0x5"])
def test_a_length_is_read_however_it_is_written(length: str) -> None:
    data = f"POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\nhelloGET /2 HTTP/1.1\r\n\r\n".encode()
    assert targets_and_bodies(data) == [("/", b"hello"), ("/2", b"")]


def test_the_longer_of_two_lengths_counts_where_no_message_follows_the_shorter() -> None:
    data = b"POST / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n[1,2]GET /2 HTTP/1.1\r\n\r\n"
    assert targets_and_bodies(data) == [("/", b"[1,2]"), ("/2", b"")]


@pytest.mark.parametrize("cut", [1, 7, 16, 22, 40])
def test_a_request_line_without_a_version_counts_where_headers_follow(cut: int) -> None:
    data = b"GET /a?b=c\r\nHost: x.example\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"
    assert [(m.method, m.target) for m in read(segments(data, [cut]))] == [("GET", "/a?b=c"), ("GET", "/2")]


def test_a_line_alone_is_a_request_of_http_0_9_at_the_end() -> None:
    (message,) = read(segments(b"GET /a?b=c\r\n"))
    assert (message.version, message.target, message.headers) == ("0.9", "/a?b=c", [])
    assert read(segments(b"GET /a\r\nand then some words\r\n")) == []


def test_lines_may_end_in_carriage_returns_alone() -> None:
    data = b"POST /a HTTP/1.1\rHost: x.example\rContent-Length: 3\r\rabcGET /2 HTTP/1.1\r\n\r\n"
    first, second = read(segments(data, [5, 30]))
    assert (first.target, first.values("host"), first.body.body()[0].content) == ("/a", ["x.example"], b"abc")
    assert second.target == "/2"


@pytest.mark.parametrize(
    "before",
    [
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1024 80\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\4\0\0P",
        bytes(range(256)) * 20,
        b"hello\n" * 50,
    ],
)
@pytest.mark.parametrize("size", [1400, 100_000])
def test_a_request_behind_other_bytes_is_read_and_these_are_passed_over(before: bytes, size: int) -> None:
    data = before + b"GET /a HTTP/1.1\r\nHost: x.example\r\n\r\n"
    passed: list[Segment] = []
    found = read(segments(data, range(0, len(data), size)), reader=HttpReader(pass_over=passed.append))
    assert [m.target for m in found] == ["/a"]
    assert before.endswith(b"".join(segment.data for segment in passed))


def test_a_body_that_waits_for_leave_and_is_not_sent_ends_with_the_next_request() -> None:
    first = b"POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 90\r\n\r\n"
    found = read(segments(first + b"GET /2 HTTP/1.1\r\nHost: x\r\n\r\n", [len(first)]))
    assert [m.target for m in found] == ["/a", "/2"]


def test_headers_beyond_the_limits_are_passed_over() -> None:
    passed: list[Segment] = []
    many = b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 1200 + b"Last: one\r\n\r\n"
    long = b"POST / HTTP/1.1\r\nA: " + b"a" * (MOST_HEAD + 9) + b"\r\nContent-Length: 3\r\n\r\nabc"
    found = read(
        segments(many + long, range(0, len(many + long), 1400)), reader=HttpReader(pass_over=passed.append)
    )
    assert [m.body.body()[0].content for m in found] == [b"", b"abc"]
    assert b"Last: one" in b"".join(segment.data for segment in passed)


def test_chunks_win_over_a_length_and_it_is_said() -> None:
    message = only(ODDITIES["two framings"])
    assert message.body == b"abc"
    assert message.oddities == ("both Transfer-Encoding and Content-Length are given",)


@pytest.mark.parametrize("length", ["many", "-1", "1e3", "٣", "9" * 40, ""])
def test_a_length_that_is_no_number_means_no_body_of_a_request(length: str) -> None:
    data = f"POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\nGET /2 HTTP/1.1\r\n\r\n".encode()
    assert [m.target for m in read_whole(data)] == ["/", "/2"]


def test_a_response_without_a_length_reaches_to_the_end() -> None:
    message = only(ODDITIES["until the end"])
    assert message.body == b"all of this\r\nHTTP/1.1 200 OK\r\n\r\n"
    assert message.complete


def test_of_conflicting_lengths_the_one_holds_behind_which_a_message_begins() -> None:
    first, second = read_whole(ODDITIES["a length and a longer one"])
    assert (as_read(first).body, second.status) == (b"abcde", 204)
    assert first.readings == [
        "Content-Length is given as 3 and as 5; read as 5, since no message begins behind 3 bytes"
    ]
    shorter, _ = read_whole(ODDITIES["conflicting lengths"])
    assert shorter.readings[-1] == (
        "Content-Length is given as 3 and as 5; read as 3, behind which the next message begins"
    )


def test_a_length_with_something_beside_it_is_read_by_its_number() -> None:
    first, second = read_whole(ODDITIES["a length with something beside it"])
    assert (as_read(first).body, second.status) == (b"abc", 204)
    assert first.oddities == ["Content-Length is not a number"]


def test_a_body_that_is_chunked_by_its_label_only_is_read_by_its_length() -> None:
    first, second = read_whole(ODDITIES["chunked by its label only"])
    assert (as_read(first).body, second.status) == (b"XYZ=12", 204)
    assert "a body is labelled chunked and is not" in first.oddities
    assert only(ODDITIES["chunked by its label only, to the end"]).body == b"XYZ=12"


@pytest.mark.parametrize(
    "name", ["chunked in a way of its own", "a name folded away from its colon"], ids=["label", "folded"]
)
def test_a_strange_label_is_believed_where_chunks_follow(name: str) -> None:
    message = only(ODDITIES[name])
    assert (message.body, message.complete) == (b"ab", True)
    assert message.oddities


def test_chunk_sizes_with_something_around_them_are_read_and_said() -> None:
    first, second = (as_read(m) for m in read_whole(ODDITIES["chunk sizes with something behind"]))
    assert (first.body, first.complete, second.status) == (b"abc", True, 204)
    assert len(first.oddities) == 2


def test_lines_that_end_in_carriage_returns_are_told_apart() -> None:
    message = only(ODDITIES["lines that end in carriage returns"])
    assert message.headers == (("A", "b"), ("Content-Length", "2"))
    assert message.body == b"ok"


def test_a_body_where_the_standard_allows_none_is_read_if_its_bytes_are_there() -> None:
    first, second = (as_read(m) for m in read_whole(ODDITIES["a body where none is allowed"]))
    assert (first.body, second.status) == (b"abcde", 204)
    assert first.oddities == ("a response has a body where the standard allows none",)
    first, second = (as_read(m) for m in read_whole(ODDITIES["no body where none is allowed"]))
    assert (first.body, first.complete, first.oddities, second.status) == (b"", True, (), 204)


def test_blanks_and_zeros_before_a_start_line_mean_nothing() -> None:
    first, second = (as_read(m) for m in read_whole(ODDITIES["junk before the start line"]))
    assert (first.status, second.method) == (204, "GET")


def test_two_different_hosts_are_said_and_so_is_a_missing_one() -> None:
    assert only(ODDITIES["two hosts"]).oddities == ("two different Host headers are given",)
    (bare,) = read_whole(b"GET / HTTP/1.1\r\n\r\n")
    assert bare.readings == ["no Host header is given, which HTTP/1.1 requires"]
    (old,) = read_whole(b"GET / HTTP/1.0\r\n\r\n")
    assert old.readings == []


def test_parts_of_several_ranges_are_one_body() -> None:
    first, second = (as_read(m) for m in read_whole(ODDITIES["ranges"]))
    assert (len(first.body), second.status) == (22, 204)


def test_request_lines_inside_a_body_are_no_requests() -> None:
    body = b"GET /inner HTTP/1.1\r\nHost: x\r\n\r\n" * 5
    data = b"POST /outer HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    for cuts in ((), range(0, len(data), 36), range(len(data))):
        assert [m.target for m in read(segments(data, cuts))] == ["/outer"]


def test_a_transfer_coding_is_undone_before_the_content_codings() -> None:
    packed = gzip.compress(gzip.compress(b"inner text"))
    (message,) = read_whole(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\nContent-Encoding: gzip\r\n\r\n"
        + chunked(packed, [9])
    )
    body, notes = message.body.body()
    assert (body.content, body.codings, notes) == (b"inner text", ("gzip", "gzip"), [])
    assert body.sha256 == hashlib.sha256(packed).hexdigest()


def test_trailers_become_headers() -> None:
    first, second = (as_read(m) for m in read_whole(ODDITIES["trailers"]))
    assert (first.body, first.headers[-1], second.status) == (b"ab", ("Digest", "z"), 204)


def test_chunk_framing_that_breaks_off_is_said() -> None:
    message = only(ODDITIES["broken chunks"])
    assert (message.body, message.complete) == (b"abzz\r\nmore", False)
    assert message.missing == ("the chunked framing breaks off; what follows is kept as it was sent",)


def test_a_continuation_is_informational_and_the_answer_follows() -> None:
    first, second = read_whole(ODDITIES["a continuation"])
    assert (first.status, first.informational) == (100, True)
    assert (second.status, second.informational, second.body.body()[0].content) == (200, False, b"ok")


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304), ("POST", 204), ("CONNECT", 200)]
)
def test_a_response_that_has_no_body_ends_with_its_head(method: str, status: int) -> None:
    next_one = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
    data = f"HTTP/1.1 {status} X\r\nContent-Length: 50\r\n\r\n".encode() + next_one
    reader = HttpReader(lambda _: method)
    found = read(segments(data), reader=reader)
    assert found[0].body.body()[0].length == 0
    assert reader.opaque == (method == "CONNECT")


def test_a_connect_that_is_refused_has_a_body() -> None:
    assert bodies_of(b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", "CONNECT") == [b"no"]


def test_switching_protocols_ends_the_reading() -> None:
    reader = HttpReader()
    (message,) = read(segments(ODDITIES["an upgrade"]), reader=reader)
    assert (message.status, reader.opaque) == (101, True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"GET / HTTP/1.1\r", ("1.1", "GET", "/", None, None)),
        (b"GET \t /a b\t HTTP/1.0 \t", ("1.0", "GET", "/a b", None, None)),
        (b"GET  HTTP/1.1", ("1.1", "GET", "", None, None)),
        (b"M-SEARCH * HTTP/1.1", ("1.1", "M-SEARCH", "*", None, None)),
        (b"HTTP/1.1 200 OK", ("1.1", None, None, 200, "OK")),
        (b"HTTP/1.0 404", ("1.0", None, None, 404, "")),
        (b"HTTP/1.1  200 \t Very  good ", ("1.1", None, None, 200, "Very  good")),
        (b"GET HTTP/1.1", None), (b"G / HTTP/1.1", None), (b"GET /", None), (b"GET / HTTP/2.0", None),
        (b"GET / HTTP/1.1x", None), (b"GET /\rx HTTP/1.1", None), (b"HTTP/1.1 OK", None),
        (b"HTTP/1.1200 OK", None), (b"HTTP/2 200 OK", None), (b"", None),
        (b"GET\x0b/\x0cHTTP/1.1", ("1.1", "GET", "/", None, None)),
        (b"G@T / HTTP/1.1", None), (b" GET / HTTP/1.1", None), (b"ETA unknown_HTTP", None),
        (b"see the page HTTP/1", None), (b"GET a b HTTP/1.", None), (b"ICY", None), (b"ICY cold", None),
        (b"http/1.1 200 ok", ("1.1", None, None, 200, "ok")),
    ],
)  # fmt: skip
def test_start_lines_are_told_from_all_else(line: bytes, expected: tuple[object, ...] | None) -> None:
    found = start_line(line)
    assert (found and tuple(found[:5])) == expected
    assert found is None or not found.is_odd


@pytest.mark.parametrize("version", ["HTTP/1.0.8", "HTTP/1", "HTTP/1.", "http/1.0", "Http/1.0  "])
def test_versions_that_no_standard_has_are_read_behind_a_path(version: str) -> None:
    for target in ("/a?b=c", "http://x.example/a", "*"):
        found = start_line(f"GET {target} {version}".encode())
        assert found is not None
        assert (found.version, found.target, found.is_odd) == ("1.0", target, True)


def test_an_answer_of_shoutcast_is_a_status_line() -> None:
    (message,) = read_whole(b"ICY 200 OK\r\nicy-name: a\r\n\r\nmusic")
    assert (message.status, message.values("icy-name")) == (200, ["a"])
    assert message.body.body()[0].content == b"music"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"HTTP/1.1 2000 OK", (200, "OK")), (b"HTTP/1.1 20x ok", (20, "ok")),
        (b"HTTP/1.1 2\x0000 ok", (2, "ok")),
        (b"HTTP/1.1 200OK", (200, "")), (b"HTTP/1.1 200 ok\rContent-type: text/plain", (200, "ok")),
        (b"GET /x HTTP/1.1\rHost: a", (None, None)),
    ],
)  # fmt: skip
def test_start_lines_that_the_standard_forbids_are_read_and_said(
    line: bytes, expected: tuple[int | None, str | None]
) -> None:
    found = start_line(line)
    assert found is not None
    assert (found.status, found.reason, found.is_odd) == (*expected, True)


# ── losses ──────────────────────────────────────────────────────────────────

POST = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"


def with_gap(data: bytes, start: int, length: int) -> list[Segment | Gap]:
    """The bytes with a stretch of them never captured."""
    pieces: list[Segment | Gap] = [Segment(0, data[:start], 1, 0)] if start else []
    pieces.append(Gap(start, length))
    rest = data[start + length :]
    return [*pieces, Segment(start + length, rest, 2, 0)] if rest else pieces


def test_a_gap_in_a_sized_body_is_counted_and_the_next_message_is_read() -> None:
    data = POST + b"0123456789" + b"GET /2 HTTP/1.1\r\n\r\n"
    first, second = (as_read(m) for m in read(with_gap(data, len(POST) + 3, 4)))
    assert (first.body, first.complete) == (b"012789", False)
    assert first.missing == ("4 of 10 bytes of the body were not captured",)
    assert (second.target, second.complete) == ("/2", True)


@pytest.mark.parametrize("tail", [0, 1, 10])
def test_a_gap_that_reaches_the_end_of_the_body_finishes_it(tail: int) -> None:
    data = POST + b"0123456789"
    pieces = with_gap(data + b"G" * tail, len(POST) + 3, 7)
    assert len(read(pieces[:2], close=False)) == 1


def test_a_gap_beyond_the_body_cuts_it_and_reading_goes_on_at_the_next_start_line() -> None:
    data = POST + b"0123456789" + b"GET /lost HTTP/1.1\r\n\r\n" + b"GET /seen HTTP/1.1\r\n\r\n"
    first, second = (as_read(m) for m in read(with_gap(data, len(POST) + 3, 29)))
    assert (first.body, first.complete) == (b"012", False)
    assert second.target == "/seen"


def test_a_gap_in_the_head_keeps_the_headers_before_it() -> None:
    message = as_read(read(with_gap(POST + b"0123456789", 30, 8))[0])
    assert (message.method, message.complete) == ("POST", False)
    assert message.headers[0] == ("Host", "a")
    assert message.missing == ("the headers are cut by a gap of 8 bytes",)


def test_a_gap_in_chunks_cuts_the_body() -> None:
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"abcdefgh" * 4, [8])
    message = as_read(read(with_gap(data, 60, 5))[0])
    assert (message.body, message.complete) == (b"abcdefgh", False)


def test_a_gap_inside_a_chunk_leaves_the_other_chunks_readable() -> None:
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"abcdefgh" * 4, [8])
    start = data.index(b"\r\n8\r\n", 60) + 7
    message = as_read(read(with_gap(data, start, 5))[0])
    assert (message.body, message.complete) == (b"abcdefgh" + b"abcdefgh" + b"abh" + b"abcdefgh", False)
    assert message.missing == ("5 of 32 bytes of the body were not captured",)


def test_a_gap_in_a_body_that_reaches_to_the_end_is_counted() -> None:
    data = b"HTTP/1.0 200 OK\r\n\r\n" + b"0123456789"
    message = as_read(read(with_gap(data, 21, 5))[0])
    assert (message.body, message.complete) == (b"01789", False)
    assert message.missing == ("5 of 10 bytes of the body were not captured",)


def test_a_connection_that_began_before_the_capture_is_read_from_its_next_message_on() -> None:
    pieces = [Segment(0, b"the end of some body", 1, 0), Segment(20, b"GET /2 HTTP/1.1\r\n\r\n", 2, 0)]
    reader = HttpReader()
    assert [m.target for m in read(pieces, reader=reader)] == ["/2"]
    assert reader.skipped == 20


@many
@given(st.lists(requests() | responses(), min_size=1, max_size=3), st.data())
def test_a_gap_anywhere_invents_nothing(sent: list[Sent], data: st.DataObject) -> None:
    raw = b"".join(message.data for message in sent)
    start = data.draw(st.integers(0, len(raw) - 1))
    length = data.draw(st.integers(1, len(raw) - start))
    for message in read(with_gap(raw, start, length)):
        body = message.body.body()[0].content
        assert len(body) <= len(raw) - length
        if message.complete:
            assert message.end <= start or message.start >= start + length
            # A start line that the gap cut may still look like one.
            assert any(one.data.endswith(raw[message.start : message.end]) for one in sent)


# ── evidence ────────────────────────────────────────────────────────────────


def test_a_message_names_the_frames_that_carried_it() -> None:
    data = POST + b"0123456789" + b"GET /2 HTTP/1.1\r\n\r\n"
    end = len(POST) + 10
    first, second = read(segments(data, [10, len(POST), end - 2, end + 5]))
    assert first.frames == [1, 2, 3, 4]
    assert second.frames == [4, 5]
    assert (first.time_ns, first.end_ns) == (0, 3000)
    assert (second.time_ns, second.end_ns) == (3000, 4000)


@many
@given(st.lists(requests() | responses(), min_size=1, max_size=4), cuts)
def test_each_byte_of_a_message_maps_to_the_frame_that_carried_it(sent: list[Sent], at: list[int]) -> None:
    data = b"".join(message.data for message in sent)
    pieces = segments(data, at)
    carried = {p.offset + k: p.frame for p in pieces for k in range(len(p.data))}
    for message in read(pieces):
        ends = [offset for offset, _ in message.spans[1:]] + [message.end]
        mapped = {k: f for (a, f), b in zip(message.spans, ends, strict=True) for k in range(a, b)}
        assert mapped == {k: carried[k] for k in range(message.start, message.end)}
        assert message.frames == list(dict.fromkeys(f for _, f in message.spans))


def test_the_body_is_hashed_as_it_was_sent() -> None:
    (message,) = read_whole(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"abcdef", [2])
    )
    body, _ = message.body.body()
    assert (body.length, body.sha256) == (6, hashlib.sha256(b"abcdef").hexdigest())


# ── hostile ─────────────────────────────────────────────────────────────────


@settings(max_examples=examples(400), deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(
            [b"GET ", b"/ ", b"HTTP/1.1", b"\r\n", b"\n", b"\r", b"Content-Length: 3",
             b"Transfer-Encoding: chunked",
             b"5", b"0", b"abc", b" ", b"\t", b":", b"\x00", b"\xff", b"HTTP/1.1 200 OK", b"ffffffffffffffff"]
        ),
        max_size=25,
    ),
    st.integers(1, 9),
)  # fmt: skip
def test_any_bytes_are_survived_in_any_segmentation(parts: list[bytes], step: int) -> None:
    data = b"".join(parts)
    for message in read(segments(data, range(0, len(data), step))):
        assert 0 <= message.start <= message.end <= len(data)
        assert message.frames


def test_a_head_without_end_is_given_up_at_a_limit() -> None:
    data = b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * (MOST_HEAD // 6 + 10)
    (message,) = read(segments(data, range(0, len(data), 1400)))
    assert not message.complete
    assert any("longer than" in oddity for oddity in message.oddities)


def test_a_start_line_without_end_is_no_message() -> None:
    data = b"GET /" + b"a" * (MOST_HEAD + 5000)
    assert read(segments(data, range(0, len(data), 1400))) == []


def test_headers_are_kept_up_to_a_limit_and_it_is_said() -> None:
    data = b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * (MOST_HEADERS + 500) + b"\r\n"
    message = only(data)
    assert len(message.headers) <= MOST_HEADERS + 1
    assert message.oddities == (f"only the first {MOST_HEADERS} headers were kept",)


class Counting(bytearray):
    """A buffer that counts the bytes that a search goes through."""

    looked = 0

    def find(self, *arguments: object) -> int:  # type: ignore[override]
        start = arguments[1] if len(arguments) > 1 else 0
        end = arguments[2] if len(arguments) > 2 else len(self)
        assert isinstance(start, int)
        assert isinstance(end, int)
        Counting.looked += max(end - start, 0)
        return super().find(*arguments)  # type: ignore[arg-type]


ENDLESS: dict[str, Callable[[int], bytes]] = {
    "a start line": lambda n: b"GET /" + b"a" * n,
    "a start line of blanks": lambda n: b"GET " + b" " * n,
    "a status line of blanks": lambda n: b"HTTP/1.1 200" + b" " * n,
    "a trailer": lambda n: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: " + b"a" * n,
}


@pytest.mark.parametrize("make", ENDLESS.values(), ids=ENDLESS.keys())
def test_an_endless_line_fed_byte_by_byte_is_searched_once(make: Callable[[int], bytes]) -> None:
    data, reader = make(8000), HttpReader()
    reader._buffer, Counting.looked = Counting(), 0
    read(segments(data, range(len(data))), reader=reader, close=False)
    assert Counting.looked < 20 * len(data)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 304 Not\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 9\r\n\r\n",
    ],
)
@pytest.mark.parametrize("endless", [b"\r\n", b"GET /aaa"])
def test_what_may_begin_a_message_is_waited_for_up_to_a_limit(head: bytes, endless: bytes) -> None:
    data, reader = head + endless * (MOST_PEEK // len(endless) + 5000), HttpReader()
    found = read(segments(data, range(len(data))), reader=reader, close=False)
    assert len(found) + (reader.message is not None) >= 1
    assert len(reader._buffer) <= 2 * MOST_PEEK or b"\n" not in endless


def test_a_line_of_blanks_is_refused_at_once() -> None:
    # A pattern that backtracks over blanks would take years for this.
    assert start_line(b"GET " + b" " * 200_000) is None
    assert start_line(b"HTTP/1.1 " + b" " * 200_000 + b"OK\r\r") is None
    assert read_whole(b"GET" + b" \t" * 100_000 + b"\r\n\r\n") == []
