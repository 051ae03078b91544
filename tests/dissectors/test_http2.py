"""HTTP/2 in clear text to exchanges; the other party is the h2 library."""

from __future__ import annotations

import gzip
import random
from collections.abc import Sequence
from pathlib import Path

import h2.connection
import hpack
import pytest
from hyperframe.frame import ContinuationFrame, DataFrame, HeadersFrame, PushPromiseFrame, RstStreamFrame
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer import analyze
from analyzer.dissectors import http2
from analyzer.dissectors.http2_frames import MOST_WAITING, PREFACE, FrameReader, are_frames
from analyzer.dissectors.http2_headers import NOT_KNOWN, HeaderDecoder
from analyzer.flows import kernel
from analyzer.flows.reassembly import Gap, Segment
from tests import builders
from tests.dissectors.talks import CLIENT, SERVER, Http2Talk, body_of, heard, lost, messages, pieces, read
from tests.examples import examples


@pytest.fixture
def talk() -> Http2Talk:
    return Http2Talk().begin()


def test_each_stream_gives_a_request_with_its_response(talk: Http2Talk) -> None:
    talk.ask(1, "/one").ask(3, "/three", b"body of three", ("content-type", "text/plain"))
    talk.answer(3, b"answer three").answer(1, b"answer one")
    three, one = read(pieces(talk.sent))
    assert one.request is not None
    assert one.response is not None
    assert (one.request.method, one.request.target, one.request.authority) == ("GET", "/one", "example.com")
    assert (one.response.status, body_of(one.response).content) == (200, b"answer one")
    assert three.request is not None
    assert three.request.values("content-type") == ["text/plain"]
    assert body_of(three.request).content == b"body of three"
    assert (one.request.stream, three.request.stream) == (1, 3)


def test_a_message_names_the_frames_that_carried_it(talk: Http2Talk) -> None:
    talk.ask(1, "/", b"x" * 25_000)
    found = pieces(talk.sent)
    (request,) = messages(read(found))
    carriers = [piece for direction, piece in found if direction == CLIENT and piece.frame in request.frames]
    assert sum(piece.data.count(b"x") for piece in carriers) == 25_000
    assert request.start == len(found[0][1].data) + sum(
        len(p.data) for d, p in found[1:] if d == CLIENT and p.frame < request.frames[0]
    )


def test_each_byte_of_a_body_stands_in_the_frame_that_is_named(tmp_path: Path) -> None:
    talk = Http2Talk().begin().ask(1, "/", b"".join(b"%05d" % number for number in range(2000)))
    sent = [(side == CLIENT, data) for side, data in talk.sent]
    path, frames = tmp_path / "h2.pcap", builders.conversation(*sent)
    path.write_bytes(builders.pcap(frames))
    message = next(m for m in analyze(path).messages if m.role == "request")
    stream = b"".join(data for side, data in talk.sent if side == CLIENT)
    for number in (0, 700, 1999):
        at = stream.index(b"%05d" % number)
        (frame,) = message.frames_of(at, at + 1)
        assert b"%05d" % number in frames[frame - 1]


def test_padding_is_no_part_of_a_body(talk: Http2Talk) -> None:
    talk.ask(1, "/", b"seven", pad_length=200)
    (request,) = messages(read(pieces(talk.sent)))
    assert body_of(request).content == b"seven"
    assert body_of(request).length == 5


def test_trailers_stand_behind_the_headers(talk: Http2Talk) -> None:
    talk.ask(1, "/").answer(1, b"text", trailers=[("grpc-status", "0")])
    response = messages(read(pieces(talk.sent)))[1]
    assert response.headers[-1] == ("grpc-status", "0")


def test_a_content_coding_is_undone(talk: Http2Talk) -> None:
    talk.ask(1, "/").answer(1, gzip.compress(b"readable"), ("content-encoding", "gzip"))
    body = body_of(messages(read(pieces(talk.sent)))[1])
    assert (body.content, body.codings) == (b"readable", ("gzip",))


def test_a_header_block_goes_on_in_continuations() -> None:
    block = hpack.Encoder().encode([(":method", "GET"), (":path", "/long"), ("x-long", "abc" * 500)])
    frames = [HeadersFrame(1, block[:7], flags=["END_STREAM"])]
    frames += [ContinuationFrame(1, block[7:100]), ContinuationFrame(1, block[100:], flags=["END_HEADERS"])]
    sent = PREFACE + b"".join(frame.serialize() for frame in frames)
    (request,) = messages(read(pieces([(CLIENT, sent)])))
    assert request.values("x-long") == ["abc" * 500]


def test_a_priority_in_the_headers_is_skipped() -> None:
    flags = ["PRIORITY", "PADDED", "END_HEADERS", "END_STREAM"]
    block = hpack.Encoder().encode([(":method", "GET"), (":path", "/p")])
    frame = HeadersFrame(1, block, flags=flags, depends_on=0, stream_weight=15, pad_length=9)
    (request,) = messages(read(pieces([(CLIENT, PREFACE + frame.serialize())])))
    assert request.target == "/p"


def test_a_reset_stream_says_who_gave_it_up(talk: Http2Talk) -> None:
    talk.client.send_headers(
        1, [(":method", "POST"), (":path", "/"), (":scheme", "http"), (":authority", "a")]
    )
    talk.client.send_data(1, b"half")
    talk.client.reset_stream(1, 8)
    (request,) = messages(read(pieces(talk.pass_on().sent)))
    assert request.missing == ["the client gave up the stream (CANCEL)"]
    assert not request.complete
    assert body_of(request).content == b"half"


def test_what_a_server_pushes_was_not_asked_for(talk: Http2Talk) -> None:
    talk.ask(1, "/page")
    fields = [(":method", "GET"), (":path", "/style.css"), (":scheme", "http"), (":authority", "example.com")]
    talk.server.push_stream(1, 2, fields)
    talk.pass_on().answer(1, b"page").answer(2, b"style")
    found = read(pieces(talk.sent))
    assert [exchange.request and exchange.request.target for exchange in found] == ["/page", None]
    pushed = found[1].response
    assert pushed is not None
    assert pushed.missing == ["not asked for: the server pushed it as GET /style.css of example.com"]


def test_an_upgraded_request_is_answered_on_stream_one() -> None:
    client = h2.connection.H2Connection()
    settings_header = client.initiate_upgrade_connection()
    assert settings_header is not None
    server = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    server.initiate_upgrade_connection(settings_header)
    server.send_headers(1, [(":status", "200")])
    server.send_data(1, b"upgraded", end_stream=True)
    ask = b"GET /up HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    ask += b"HTTP2-Settings: " + settings_header + b"\r\n\r\n"
    switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    sent = [(CLIENT, ask), (CLIENT, client.data_to_send()), (SERVER, switch + server.data_to_send())]
    (answered,) = read(pieces(sent))
    assert [response.status for response in answered.interim] == [101]
    assert answered.request is not None
    assert answered.response is not None
    assert (answered.request.target, answered.request.version) == ("/up", "1.1")
    assert body_of(answered.response).content == b"upgraded"


def test_a_refused_upgrade_stays_http_1() -> None:
    ask = b"GET /%d HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    sent = [(CLIENT, ask % 1 + ask % 2 + ask % 3), (SERVER, ok * 3)]
    found = read(pieces(sent))
    assert [e.request and e.request.target for e in found] == ["/1", "/2", "/3"]
    assert all(e.response is not None and e.response.status == 200 for e in found)


# ── any segmentation, any loss ──────────────────────────────────────────────


def conversation(turn: random.Random, requests: int = 4) -> Http2Talk:
    """Requests and responses of random sizes, answered in a random order."""
    talk = Http2Talk().begin()
    streams = [1 + 2 * number for number in range(requests)]
    for stream in streams:
        talk.ask(stream, f"/{stream}", turn.randbytes(turn.choice([0, 3, 15_000])), ("x-turn", f"{stream}"))
    for stream in turn.sample(streams, len(streams)):
        talk.answer(stream, turn.randbytes(turn.choice([0, 5, 12_000])), ("x-turn", f"{stream}"))
    return talk


@settings(max_examples=examples(25), deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_any_segmentation_gives_the_same_messages(seed: int) -> None:
    turn = random.Random(seed)
    sent = conversation(turn).sent
    whole = sorted(map(heard, messages(read(pieces(sent)))))
    cut = pieces(sent, lambda data: [turn.randrange(len(data) + 1) for _ in range(turn.choice([1, 9, 40]))])
    assert sorted(map(heard, messages(read(cut)))) == whole


@settings(max_examples=examples(10), deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_byte_by_byte_gives_the_same_messages(seed: int) -> None:
    talk = Http2Talk().begin().ask(1, "/", random.Random(seed).randbytes(50)).answer(1, b"answer")
    whole = sorted(map(heard, messages(read(pieces(talk.sent)))))
    assert sorted(map(heard, messages(read(pieces(talk.sent, lambda data: range(len(data))))))) == whole


def test_one_direction_after_the_other_gives_the_same_messages(talk: Http2Talk) -> None:
    talk.ask(1, "/1", b"up").answer(1, b"one").ask(3, "/3").answer(3, b"three")
    apart = sorted(pieces(talk.sent), key=lambda placed: placed[0])
    assert sorted(map(heard, messages(read(apart)))) == sorted(map(heard, messages(read(pieces(talk.sent)))))


def test_a_segment_lost_inside_a_body_costs_its_bytes_alone(talk: Http2Talk) -> None:
    talk.ask(1, "/", b"A" * 9_000).answer(1, b"ok").ask(3, "/next").answer(3, b"ok")
    found = pieces(talk.sent, lambda data: range(0, len(data), 1000))
    middle = next(p.frame for d, p in found if d == CLIENT and p.data == b"A" * 1000)
    first, second = (e.request for e in read(lost(found, middle)))
    assert first is not None
    assert body_of(first).length == 8_000
    assert first.missing == ["1,000 of 9,000 bytes of the body were not captured"]
    assert second is not None
    assert (second.target, second.complete, second.missing) == ("/next", True, [])


def test_reading_goes_on_behind_lost_headers(talk: Http2Talk) -> None:
    talk.ask(1, "/lost", b"", ("x-known", "before"))
    at = len(talk.sent)
    talk.ask(3, "/found", b"some bytes", ("x-known", "before"), ("x-new", "1"))
    talk.ask(5, "/found", b"", ("x-new", "1"))
    found = pieces(talk.sent)
    gone = [p.frame for d, p in found if d == CLIENT and 1 < p.frame <= at]
    requests = [m for m in messages(read(lost(found, *gone))) if m.role == "request"]
    assert [m.stream for m in requests] == [3, 5]
    # /found and x-new were sent behind the loss, so stream 5 may refer to them.
    assert requests[1].target == "/found"
    assert requests[1].values("x-new") == ["1"]
    # x-known stood in the lost block.
    assert (NOT_KNOWN, NOT_KNOWN) in requests[0].headers
    assert not requests[0].complete


def test_a_connection_that_began_before_the_capture_is_read(talk: Http2Talk) -> None:
    talk.ask(1, "/before", b"", ("x-token", "abc")).answer(1, b"x")
    begun = len(talk.sent)
    talk.ask(3, "/before", b"body", ("x-token", "abc")).answer(3, b"answer three")
    talk.ask(5, "/after", b"body").answer(5, b"answer five")
    three, five = read(pieces(talk.sent[begun:]))
    assert three.request is not None
    assert three.request.target is None  # its path was sent before
    assert any("refer to what was sent before" in text for text in three.request.missing)
    assert body_of(three.request).content == b"body"
    assert three.response is not None
    assert body_of(three.response).content == b"answer three"
    assert five.request is not None
    assert (five.request.method, five.request.target) == ("POST", "/after")


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_nothing_that_is_read_behind_a_loss_is_wrong(seed: int) -> None:
    turn = random.Random(seed)
    talk = conversation(turn, 6)
    found = pieces(talk.sent, lambda data: range(0, len(data), 1400))
    right = {(m.role, m.stream): m for m in messages(read(found))}
    gone = turn.sample([piece.frame for _, piece in found], turn.choice([1, 2, 5]))
    for message in messages(read(lost(found, *gone))):
        whole = right[message.role, message.stream]
        known = [field for field in message.headers if NOT_KNOWN not in field]
        assert set(known) <= set(whole.headers)
        for name in ("method", "target", "status"):
            assert getattr(message, name) in (None, getattr(whole, name))
        assert is_subsequence(body_of(message).content, body_of(whole).content)
        if message.complete and not message.missing:
            assert body_of(message).content == body_of(whole).content


def is_subsequence(part: bytes, whole: bytes) -> bool:
    """Whether a part is the whole with stretches left out; they are taken as long as they come."""
    at = 0
    while part:
        size = next((n for n in (1400, 256, 16, 1) if whole.find(part[:n], at) >= 0), 0)
        if not size:
            return False
        at = whole.find(part[:size], at) + min(size, len(part))
        part = part[size:]
    return True


# ── what is bounded, what is damaged ────────────────────────────────────────


def test_open_streams_give_way_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http2, "MOST_STREAMS", 10)
    talk = Http2Talk().begin()
    for number in range(30):
        talk.ask(1 + 2 * number, f"/{number}")
    found = [m.target for m in messages(read(pieces(talk.sent)))]
    assert found == [f"/{number}" for number in range(30)]


def test_bodies_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http2, "MOST_WAITING", 50_000)
    talk = Http2Talk().begin().ask(1, "/a", b"a" * 30_000).ask(3, "/b", b"b" * 30_000).ask(5, "/c")
    assert [len(body_of(m).content) for m in messages(read(pieces(talk.sent)))] == [30_000, 30_000, 0]


def test_a_damaged_header_block_is_said() -> None:
    frame = HeadersFrame(1, b"\x82\x84\xff\xff\xff\xff\xff\xff\xff", flags=["END_HEADERS", "END_STREAM"])
    (request,) = messages(read(pieces([(CLIENT, PREFACE + frame.serialize())])))
    assert (request.method, request.target) == ("GET", "/")
    assert request.oddities == ["its header block is damaged"]


def test_a_block_that_opens_more_than_it_takes_is_cut_short() -> None:
    encoder = hpack.Encoder()
    first = encoder.encode([(":method", "GET"), ("x-bomb", "y" * 3000)])
    block = first + b"\xbe" * 5000  # 5,000 times the newest field of the table
    frame = HeadersFrame(1, block, flags=["END_HEADERS", "END_STREAM"])
    (request,) = messages(read(pieces([(CLIENT, PREFACE + frame.serialize())])))
    assert sum(len(value) for _, value in request.headers) < 1 << 19
    assert "only the first" in request.oddities[0]


@pytest.mark.parametrize(
    "data", [b"\0" * 5000, b"\0\0\x09", b"\0\x20\0\1\4\0\0\0\1" + b"a" * 99, bytes(range(256)) * 9]
)
def test_what_is_no_http_2_is_not_taken_for_it(data: bytes) -> None:
    assert read(pieces([(CLIENT, data), (SERVER, data)])) == []


@settings(max_examples=examples(300), deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_the_kernel_takes_for_frames_what_the_reader_does(seed: int) -> None:
    turn = random.Random(seed)
    data = b""
    for _ in range(turn.randrange(4)):
        kind, length = turn.randrange(12), turn.choice([0, 4, 5, 6, 8, 40])
        stream = turn.choice([0, 0, 1, 77, 1 << 20])
        header = length.to_bytes(3, "big") + bytes([kind, turn.choice([0, 1, 4, 8, 0x20])])
        data += header + stream.to_bytes(4, "big") + turn.randbytes(length)
    data = data[: len(data) - turn.choice([0, 0, 0, 1, 7])]
    assert kernel.starts_http2(memoryview(data), 0, len(data)) == are_frames(data)


def test_what_waits_for_a_beginning_is_bounded() -> None:
    reader = FrameReader(synced=False)
    for number in range(200):
        list(reader.feed(Segment(number * 1000, b"\xff" * 1000, number, number)))
    assert len(reader._buffer) <= MOST_WAITING + 1000


def events(data: Sequence[Segment | Gap]) -> list[object]:
    reader = FrameReader(synced=True)
    return [event for piece in data for event in reader.feed(piece)]


def test_a_gap_within_padding_costs_nothing() -> None:
    frame = DataFrame(1, b"content", pad_length=100, flags=["PADDED", "END_STREAM"]).serialize()
    after = RstStreamFrame(3, error_code=8).serialize()
    found = events([Segment(0, frame[:50], 1, 1), Gap(50, len(frame) - 50), Segment(len(frame), after, 3, 3)])
    assert [type(event).__name__ for event in found] == ["DataPiece", "Http2Frame"]


def test_a_long_connection_that_began_before_the_capture_is_read_on(tmp_path: Path) -> None:
    talk = Http2Talk().begin()
    begun = len(talk.sent)
    for number in range(20):
        talk.ask(1 + 2 * number, f"/{number}", bytes([number]) * 10_000).answer(1 + 2 * number, b"ok")
    path = tmp_path / "late.pcap"
    frames = builders.conversation(*((side == CLIENT, data) for side, data in talk.sent[begun:]))
    path.write_bytes(builders.pcap(frames[3:]))  # without the handshake
    asked = [m for m in analyze(path).messages if m.role == "request"]
    assert [m.body.content for m in asked] == [bytes([number]) * 10_000 for number in range(20)]


# ── header tables ───────────────────────────────────────────────────────────


@settings(max_examples=examples(50), deadline=None)
@given(
    blocks=st.lists(
        st.lists(st.tuples(st.sampled_from(["a", "b", "cookie"]), st.text("xyz", max_size=40)), max_size=6),
        min_size=1, max_size=12,
    ),
    late=st.integers(0, 11),
    size=st.sampled_from([None, 64, 200, 4096]),
)  # fmt: skip
def test_a_late_observer_knows_what_was_sent_since(
    blocks: list[list[tuple[str, str]]], late: int, size: int | None
) -> None:
    encoder = hpack.Encoder()
    if size is not None:
        encoder.header_table_size = size
    coded = [encoder.encode(block) for block in blocks]
    early, behind = HeaderDecoder(True), HeaderDecoder(late == 0)
    for number, (block, data) in enumerate(zip(blocks, coded, strict=True)):
        assert early.decode(data).fields == block
        if number >= late:
            found = behind.decode(data)
            pairs = list(zip(found.fields, block, strict=True))
            assert all(mine in (his, (NOT_KNOWN, his[1]), (NOT_KNOWN, NOT_KNOWN)) for mine, his in pairs)
            assert found.unknown == sum(mine[0] == NOT_KNOWN for mine, _ in pairs)


def test_a_promise_of_a_server_is_no_request() -> None:
    block = hpack.Encoder().encode([(":method", "GET"), (":path", "/x")])
    frame = PushPromiseFrame(1, promised_stream_id=2, data=block, flags=["END_HEADERS"])
    assert read(pieces([(CLIENT, PREFACE), (SERVER, frame.serialize())])) == []
